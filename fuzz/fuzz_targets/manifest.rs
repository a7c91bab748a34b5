#![no_main]

#[path = "../outline.rs"]
mod outline;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    nm_runtime::fuzz::run("manifest", bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        let ours = nm_runtime::fuzz::outline(text, outline::is_date);
        assert_eq!(ours, outline::outline(text));
    }
});
