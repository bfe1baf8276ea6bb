//! SQS: orders, payments and cancellations into the ERP.

fn main() {}
