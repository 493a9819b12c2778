//! Raw parse trees to typed Query trees.
