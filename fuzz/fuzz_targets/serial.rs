#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nm_macros::fuzz::run("serial", bytes));
