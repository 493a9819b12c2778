//! What the interpreter asks of the session that runs it.
use analyzer::{ColumnRefHooks, EphemeralRelation};
use catalog::Catalog;
use error::{PgError, PgResult};
use parking_lot::Mutex;
use parser::{ParserOptions, RawParseMode, ast::FetchDirection};
use std::{any::Any, fmt, sync::Arc};
use types::{Datum, Oid, RecordDesc};

/// In the options of [`Host::open_cursor`]: the rows are the function's, there is no cursor to the user.
pub const RETURN_QUERY: i32 = 1 << 30;

/// What kind of statement a plan is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// SELECT and what else only reads.
    Select,
    /// SELECT INTO, CREATE TABLE AS.
    SelectInto,
    /// INSERT, UPDATE, DELETE, MERGE.
    Modify,
    /// CALL.
    Call,
    /// COPY from or to the client.
    CopyClient,
    /// BEGIN and its like.
    Transaction,
    /// Any other.
    Utility,
}

/// A statement ready to run.
#[derive(Clone)]
pub struct Plan {
    /// The session's own form of it.
    pub handle: Arc<dyn Any + Send + Sync>,
    /// Its columns, if it returns rows.
    pub columns: Option<Arc<RecordDesc>>,
    /// An expression without any table access: [`Host::evaluate`] does.
    pub simple: bool,
    /// What it does.
    pub command: Command,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("simple", &self.simple).finish_non_exhaustive()
    }
}

/// What a statement did.
pub struct Executed {
    /// Its rows, as far as they were asked for.
    pub rows: Vec<Vec<Datum>>,
    /// Their columns; none if it returns no rows.
    pub columns: Option<Arc<RecordDesc>>,
    /// Rows processed.
    pub processed: u64,
}

/// Where a running function is, for contexts.
#[derive(Debug)]
pub struct Frame {
    pub(crate) signature: Arc<str>,
    pub(crate) place: Mutex<(u32, Place)>,
}

/// What is said of a place beside its line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// At a statement.
    At(&'static str),
    /// "during …", "while …"
    During(&'static str),
    Nowhere,
}

impl Frame {
    /// Its line in a context.
    pub fn line(&self) -> String {
        let (line, place) = *self.place.lock();
        let sig = &self.signature;
        match place {
            Place::During(text) if line > 0 => {
                format!("PL/pgSQL function {sig} line {line} {text}")
            }
            Place::During(text) => format!("PL/pgSQL function {sig} {text}"),
            Place::At(what) if line > 0 => {
                format!("PL/pgSQL function {sig} line {line} at {what}")
            }
            _ => format!("PL/pgSQL function {sig}"),
        }
    }
}

/// One level of what is running.
#[derive(Clone, Debug)]
pub enum ContextEntry {
    /// A function.
    Frame(Arc<Frame>),
    /// A statement inside one.
    Query(Arc<str>, RawParseMode),
    /// Any other.
    Text(Arc<str>),
}

impl ContextEntry {
    /// Its line in a context.
    pub fn line(&self) -> String {
        match self {
            ContextEntry::Frame(frame) => frame.line(),
            ContextEntry::Query(text, mode) => query_context(text, *mode),
            ContextEntry::Text(text) => text.to_string(),
        }
    }
}

/// The context line of a query.
pub(crate) fn query_context(text: &str, mode: RawParseMode) -> String {
    match mode {
        RawParseMode::Default => format!("SQL statement \"{text}\""),
        RawParseMode::PlpgsqlExpr => format!("PL/pgSQL expression \"{text}\""),
        RawParseMode::PlpgsqlAssign(_) => format!("PL/pgSQL assignment \"{text}\""),
    }
}

/// A subtransaction that was begun.
pub type SubTransaction = usize;

/// Rows that a trigger's function may read by name.
#[derive(Clone)]
pub struct TransitionTable {
    /// Its name and the relation whose rows it has.
    pub relation: EphemeralRelation,
    /// The rows.
    pub rows: Arc<Vec<Vec<Datum>>>,
}

/// The session.
pub trait Host {
    /// Its catalog.
    fn catalog(&self) -> &Catalog;
    /// How SQL is read.
    fn parser_options(&self) -> ParserOptions;
    /// A setting's value.
    fn setting(&self, name: &str) -> Option<String>;
    /// The text form of a value.
    fn output(&self, typ: Oid, value: &Datum) -> PgResult<String>;
    /// A value converted as assignment does it; also checks a domain.
    fn cast(&self, value: Datum, from: Oid, to: Oid, typmod: i32) -> PgResult<Datum>;
    /// Sends a notice, with the contexts around it.
    fn notice(&self, notice: PgError);
    /// Raises a pending cancel.
    fn check_interrupts(&self) -> PgResult<()>;
    /// Analyses a statement.
    fn prepare(
        &self,
        text: &Arc<str>,
        mode: RawParseMode,
        hooks: &dyn ColumnRefHooks,
        types: &dyn Fn() -> Vec<Oid>,
    ) -> PgResult<Plan>;
    /// Analyses a text with parameters of given types; several statements are one after the other.
    fn prepare_text(&self, text: &Arc<str>, types: &[Oid]) -> PgResult<Vec<Plan>>;
    /// Whether a plan still says what a new one would.
    fn is_valid(&self, plan: &Plan) -> PgResult<bool>;
    /// The value of a simple expression; `params` is left for its next use.
    fn evaluate(&self, plan: &Plan, params: &mut Vec<Datum>) -> PgResult<Datum>;
    /// Runs a statement; 0 for `max_rows` means all.
    fn execute(
        &self,
        plan: &Plan,
        params: Vec<Datum>,
        max_rows: u64,
        read_only: bool,
    ) -> PgResult<Executed>;
    /// Runs CALL; transaction control is allowed inside if it is here.
    fn call(&self, plan: &Plan, params: Vec<Datum>) -> PgResult<Executed>;
    /// For each output argument of a CALL the parameter that stands in its place; raises if it is none.
    fn call_outputs(&self, plan: &Plan) -> PgResult<Vec<i32>>;
    /// Opens a cursor, with a name of its own if none is given; its name.
    fn open_cursor(
        &self,
        name: Option<&str>,
        plan: &Plan,
        params: Vec<Datum>,
        options: i32,
        read_only: bool,
    ) -> PgResult<String>;
    /// The columns of an open cursor; none if there is no such cursor.
    fn cursor_columns(&self, name: &str) -> Option<Arc<RecordDesc>>;
    /// Fetches from a cursor; rows passed over by a move are empty.
    fn fetch(
        &self,
        name: &str,
        direction: FetchDirection,
        count: i64,
        is_move: bool,
    ) -> PgResult<Vec<Vec<Datum>>>;
    /// Closes a cursor; nothing happens if there is none.
    fn close_cursor(&self, name: &str) -> PgResult<()>;
    /// Begins a subtransaction.
    fn begin_sub(&self) -> PgResult<SubTransaction>;
    /// Ends one, keeping what it did.
    fn release_sub(&self, sub: SubTransaction) -> PgResult<()>;
    /// Ends one, undoing what it did.
    fn rollback_sub(&self, sub: SubTransaction) -> PgResult<()>;
    /// COMMIT or ROLLBACK; raises if it cannot be done here.
    fn end_transaction(&self, commit: bool, chain: bool) -> PgResult<()>;
    /// Whether COMMIT and ROLLBACK are refused.
    fn is_atomic(&self) -> bool;
    /// Says what is running now.
    fn enter(&self, entry: ContextEntry);
    /// Ends that.
    fn leave(&self);
    /// What is running, innermost first.
    fn contexts(&self) -> Vec<String>;
}
