//! Runs plan trees.
