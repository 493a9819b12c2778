//! Views, rules and defaults: queries over base tables only.
