//! What a running function may ask of its session; implemented by `engine`.
use crate::FnInfo;
use error::{PgError, PgResult};
use std::{any::Any, sync::Arc};
use types::{Datum, IoOptions, Oid};

/// The session as functions see it.
pub trait FnContext: Send + Sync {
    /// Formats and time zone for input and output.
    fn io_options(&self) -> &IoOptions;
    /// The session's catalog handle (`catalog::Catalog`), for code in crates that know that type.
    fn catalog_any(&self) -> &(dyn Any + Send + Sync);
    /// Session services of crates above this one, by type (transaction, storage, statistics).
    fn service_any(&self, type_name: &'static str) -> Option<&(dyn Any + Send + Sync)>;
    /// Resolves a function once; a row without a body resolves and raises 0A000 when called.
    fn resolve_function(&self, funcid: Oid) -> PgResult<Arc<FnInfo>>;
    /// `input_function(text)` of a type; errors are the type's own.
    fn type_input(&self, typ: Oid, typmod: i32, text: &str) -> PgResult<Datum>;
    /// Appends the text form of a non-NULL value.
    fn type_output(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()>;
    /// `receive_function(bytes)` of a type.
    fn type_receive(&self, typ: Oid, typmod: i32, bytes: &[u8]) -> PgResult<Datum>;
    /// Appends the binary form of a non-NULL value (without length word).
    fn type_send(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()>;
    /// Compares by the type's default btree operator class; 42883 if it has none.
    fn type_compare(
        &self,
        typ: Oid,
        collation: Oid,
        a: &Datum,
        b: &Datum,
    ) -> PgResult<std::cmp::Ordering>;
    /// Equality by the type's default equality operator.
    fn type_equal(&self, typ: Oid, collation: Oid, a: &Datum, b: &Datum) -> PgResult<bool>;
    /// Hash by the type's default hash operator class (the 32-bit function).
    fn type_hash(&self, typ: Oid, collation: Oid, value: &Datum) -> PgResult<u32>;
    /// Start of the transaction, µs since 2000-01-01 (`now()`).
    fn transaction_timestamp(&self) -> i64;
    /// Arrival of the statement (`statement_timestamp()`).
    fn statement_timestamp(&self) -> i64;
    /// Wall clock (`clock_timestamp()`).
    fn clock_timestamp(&self) -> i64;
    /// A setting's text as SHOW prints it; `None` if there is no such setting.
    fn get_setting(&self, name: &str) -> Option<String>;
    /// `set_config`.
    fn set_setting(&self, name: &str, value: &str, is_local: bool) -> PgResult<String>;
    /// Effective role.
    fn current_user(&self) -> Oid;
    /// Role that logged in or SET SESSION AUTHORIZATION.
    fn session_user(&self) -> Oid;
    /// Connected database.
    fn database(&self) -> Oid;
    /// Its name.
    fn database_name(&self) -> String;
    /// pg_backend_pid().
    fn backend_pid(&self) -> i32;
    /// Sends a NOTICE, WARNING, INFO…
    fn notice(&self, notice: PgError);
    /// Raises 57014 and the like if the statement has been cancelled.
    fn check_interrupts(&self) -> PgResult<()>;
    /// Waits without blocking other sessions; wakes early with an error on cancel.
    fn sleep(&self, duration: std::time::Duration) -> PgResult<()>;
    /// A uniform double in [0, 1) and raw bits from the session's generator (random(), setseed()).
    fn random_u64(&self) -> u64;
    /// Seeds the session's generator; `seed` is in -1..=1.
    fn random_seed(&self, seed: f64);
    /// nextval / setval / currval / lastval by relation OID.
    fn sequence_nextval(&self, seq: Oid) -> PgResult<i64>;
    /// Sets a sequence.
    fn sequence_setval(&self, seq: Oid, value: i64, is_called: bool) -> PgResult<()>;
    /// Last value handed to this session.
    fn sequence_currval(&self, seq: Oid) -> PgResult<i64>;
    /// Last value handed to this session by any sequence.
    fn sequence_lastval(&self) -> PgResult<i64>;
    /// Queries inside functions.
    fn spi(&self) -> &dyn Spi;
    /// The SQL/JSON machinery.
    fn sql_json(&self) -> PgResult<&'static dyn crate::SqlJson> {
        Err(PgError::internal("no SQL/JSON machinery in this session"))
    }
}

/// Rows of an inner query.
#[derive(Clone, Debug, Default)]
pub struct SpiResult {
    /// Column names and types.
    pub columns: Vec<(String, Oid)>,
    /// Rows.
    pub rows: Vec<Vec<Datum>>,
    /// Rows processed, as in the command tag.
    pub processed: u64,
}

/// Running SQL from inside a function.
pub trait Spi {
    /// Runs one or more statements with parameters; returns the last one's rows.
    fn execute(
        &self,
        sql: &str,
        params: &[(Oid, Datum)],
        read_only: bool,
        max_rows: u64,
    ) -> PgResult<SpiResult>;
}
