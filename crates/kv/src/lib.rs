//! An ordered byte store: the engine traits and the in-memory engine.
