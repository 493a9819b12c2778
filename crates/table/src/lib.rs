//! Heaps, indexes and sequences over the transaction layer.
