//! SQL function bodies.
