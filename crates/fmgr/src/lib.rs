//! Function manager: how a built-in is registered and called.
