#![no_main]

#[path = "../outline.rs"]
mod outline;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    nm_runtime::fuzz::run("manifest", bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        assert_eq!(nm_runtime::fuzz::outline(text), outline::outline(text));
    }
});
