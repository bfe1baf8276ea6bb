//! HTTP: WooCommerce says something changed.

fn main() {}
