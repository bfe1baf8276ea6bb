//! Any delivery: does it get the answer that it must get?
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use weir_fuzz::{mutate, webhook};

fuzz_target!(|data: &[u8]| webhook::check(data));

fuzz_mutator!(|data: &mut [u8], size: usize, longest: usize, seed: u32| {
    let json = mutate::in_place(data, size, webhook::body_start(&data[..size]), longest, seed);
    json.unwrap_or_else(|| fuzzer_mutate(data, size, longest))
});
