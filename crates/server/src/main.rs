//! The `pglitedb` server binary.
fn main() {}
