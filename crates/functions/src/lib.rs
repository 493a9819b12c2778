//! The bodies of the built-in functions, keyed by pg_proc.prosrc.
