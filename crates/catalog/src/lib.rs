//! pg_catalog: bootstrap, syscache, relcache, statistics.

pub mod read;
pub mod rows;

pub use read::CatalogRead;
pub use rows::*;
