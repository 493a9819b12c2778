//! Transactions over an ordered byte store: snapshots, overlay, locks, savepoints, commit.
