//! The settings (GUCs) of PostgreSQL 18: definitions, values, SET and SHOW.
