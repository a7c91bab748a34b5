#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nm_runtime::fuzz::run("journal_line", bytes));
