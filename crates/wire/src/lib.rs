//! PostgreSQL frontend/backend protocol: framing and messages.
