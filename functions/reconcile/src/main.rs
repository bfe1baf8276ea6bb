//! Schedule: wakes what is due and finds what hints lost.

fn main() {}
