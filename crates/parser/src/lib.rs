//! PostgreSQL SQL text to raw parse trees with source positions.

pub mod ast;
