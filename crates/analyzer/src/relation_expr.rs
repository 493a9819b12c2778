//! Expressions that live in the catalog.
