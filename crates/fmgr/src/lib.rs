//! Function manager: how a built-in is registered and called.
//!
//! # What
//! A built-in is a Rust function registered under its `pg_proc.prosrc` name ([`Registry`]). The
//! executor resolves a function OID once, when it compiles an expression, into an [`FnInfo`], and
//! calls it through [`FnInfo::call`] with a [`CallContext`].
//!
//! # Data
//! ```text
//! pg_proc row ──(prosrc)──▶ FnBody { Scalar | Set | Window | Language }
//! CallContext = session (&dyn FnContext) + call site (collation, argument types, result type, cache)
//! ```
//!
//! # Invariants
//! A strict function is never called with a NULL argument (the caller returns NULL instead; a strict
//! set-returning one returns no rows). Bodies get arguments of exactly the declared types.
//!
//! # Not here
//! The bodies: `functions`. What a session provides: implemented in `engine`.
//!
//! # PostgreSQL
//! `src/backend/utils/fmgr/`

mod context;
mod info;
mod module;
mod registry;
mod sql_json;
mod trigger;
mod window;

pub use context::{FnContext, Spi, SpiResult};
pub use info::{
    CallContext, CallSite, FnBody, FnInfo, LanguageFunction, PgFunction, PgSetFunction, RowSource,
    SortedKey, VecRowSource, Volatility,
};
pub use module::Module;
pub use registry::{Registry, RegistryEntry};
pub use sql_json::{ConstructorOptions, PathCall, PathResult, PathVariable, SqlJson};
pub use trigger::{
    PgTriggerFunction, TransitionRows, TriggerData, TriggerEvent, TriggerResult, TriggerTiming,
};
pub use window::{PgWindowFunction, SeekOrigin, WindowContext};
