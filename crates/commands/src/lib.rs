//! Utility statements: DDL, COPY, SET and their like.
