//! Any order: does its arithmetic hold, or is the error clear?
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use weir_fuzz::{canonical, mutate};

fuzz_target!(|data: &[u8]| canonical::check(data));

fuzz_mutator!(|data: &mut [u8], size: usize, longest: usize, seed: u32| {
    let json = mutate::in_place(data, size, 0, longest, seed);
    json.unwrap_or_else(|| fuzzer_mutate(data, size, longest))
});
