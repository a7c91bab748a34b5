#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nm_cli::fuzz::run("nextest_plan", bytes));
