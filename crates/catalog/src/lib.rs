//! pg_catalog: bootstrap, syscache, relcache, statistics.
//!
//! # What
//! The system catalogs are ordinary tables. This crate knows their shape, fills them at bootstrap, looks
//! rows up for everybody else, and writes them for DDL.
//!
//! # Data
//! ```text
//! facts (data/*.csv) ──▶ Image ──bootstrap──▶ rows in the key space           image.rs, bootstrap.rs
//! rows ──CatalogStorage──▶ decode ──▶ CacheSet (latest committed, shared)      cache.rs, lookup.rs
//!                                └──▶ the transaction's own entries            session.rs
//! commit ──attachments──▶ CatalogShared::apply removes what became stale       shared.rs, inval.rs
//! ```
//!
//! # Invariants
//! A shared cache entry is never older than the last commit that a new snapshot sees. A transaction reads
//! the keys it changed through its own writes. Locks on objects are the caller's.
//!
//! # Not here
//! Names in SQL and their errors: `analyzer`. Statements: `commands`. Bodies of functions: `functions`.
//!
//! # PostgreSQL
//! `src/backend/catalog/`, `src/backend/utils/cache/`

pub mod acl;
pub mod analyze;
mod bootstrap;
pub mod cache;
mod comment;
mod constraint;
pub mod csv;
mod database;
mod decode;
mod default_acl;
mod deletion;
pub mod depend;
mod description;
pub mod format_type;
pub mod image;
mod inval;
mod layout;
mod lookup;
mod namespace;
pub mod phys;
pub mod physical;
pub mod quote;
pub mod read;
mod relation;
mod relation_acl;
mod relcache;
pub mod relmap;
mod routine;
pub mod rows;
pub mod schema;
mod session;
mod settings_rule;
mod shared;
pub mod storage;
mod table_parts;
mod txn_storage;
mod typecmds;
pub mod views;
mod visibility;
mod write;

pub use bootstrap::{bootstrap, is_bootstrapped};
pub use constraint::{NewIndex, NewIndexColumn};
pub use database::NewDatabase;
pub use deletion::DropBehavior;
pub use depend::{DependencyKind, ObjectAddress, SharedDependencyKind};
pub use format_type::format_type;
pub use lookup::{Membership, MembershipKind, PgNamespace};
pub use quote::{quote_identifier, quote_literal, quote_qualified};
pub use read::CatalogRead;
pub use relation::{CreatedRelation, NewColumn, NewRelation, has_storage};
pub use relation_acl::is_system_relation;
pub use rows::*;
pub use session::Catalog;
pub use shared::{CatalogShared, Invalidation, TreeCompiler};
pub use storage::CatalogRow;
pub use table_parts::SequenceRow;
pub use typecmds::NewType;
pub use write::{RowBuilder, ToDatum};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_ddl;
