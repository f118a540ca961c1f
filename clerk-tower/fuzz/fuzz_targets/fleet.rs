#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| clerk_tower_fuzz::fleet(data));
