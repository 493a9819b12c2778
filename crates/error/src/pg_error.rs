//! The error value and its builder methods.
use crate::SqlState;
use std::fmt;

/// Result with the project's error.
pub type PgResult<T> = Result<T, PgError>;

/// PostgreSQL's message severities that reach a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// DEBUG1 … DEBUG5 are sent as `DEBUG`.
    Debug,
    /// Server-side detail.
    Log,
    /// Requested by the user (VACUUM VERBOSE).
    Info,
    /// Worth a user's attention.
    Notice,
    /// Likely trouble.
    Warning,
    /// Aborts the statement and its transaction.
    Error,
    /// Ends the session.
    Fatal,
    /// Ends the server.
    Panic,
}

impl Severity {
    /// PostgreSQL's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Debug => "DEBUG",
            Severity::Log => "LOG",
            Severity::Info => "INFO",
            Severity::Notice => "NOTICE",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
            Severity::Fatal => "FATAL",
            Severity::Panic => "PANIC",
        }
    }
}

/// All fields of an error or notice; `None` fields are not sent.
#[derive(Clone, Debug)]
pub struct ErrorData {
    /// Severity; ERROR unless said otherwise.
    pub severity: Severity,
    /// SQLSTATE.
    pub sqlstate: SqlState,
    /// Primary message: lower-case start, no full stop.
    pub message: String,
    /// DETAIL line, a sentence.
    pub detail: Option<String>,
    /// HINT line, a sentence.
    pub hint: Option<String>,
    /// Byte offset in the statement's source text where the fault is.
    pub position: Option<u32>,
    /// Byte offset in `internal_query`.
    pub internal_position: Option<u32>,
    /// Text of an internally generated query (an SQL function's body).
    pub internal_query: Option<String>,
    /// CONTEXT lines, innermost first.
    pub context: Vec<String>,
    /// Schema of the object concerned.
    pub schema: Option<String>,
    /// Table concerned.
    pub table: Option<String>,
    /// Column concerned.
    pub column: Option<String>,
    /// Data type concerned.
    pub datatype: Option<String>,
    /// Constraint concerned.
    pub constraint: Option<String>,
    /// Said where the fault was found, if the SQLSTATE would mislead: see [`PgError::is_soft`].
    pub soft: Option<bool>,
}

/// An error or notice, one word wide.
#[derive(Clone)]
pub struct PgError(pub Box<ErrorData>);

impl PgError {
    /// An ERROR with the given SQLSTATE and message.
    #[cold]
    pub fn new(sqlstate: SqlState, message: impl Into<String>) -> Self {
        PgError(Box::new(ErrorData {
            severity: Severity::Error,
            sqlstate,
            message: message.into(),
            detail: None,
            hint: None,
            position: None,
            internal_position: None,
            internal_query: None,
            context: Vec::new(),
            schema: None,
            table: None,
            column: None,
            datatype: None,
            constraint: None,
            soft: None,
        }))
    }

    /// A bug of ours: XX000.
    #[cold]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(SqlState::INTERNAL_ERROR, message)
    }

    /// A NOTICE (SQLSTATE 00000).
    pub fn notice(message: impl Into<String>) -> Self {
        Self::new(SqlState::SUCCESSFUL_COMPLETION, message).with_severity(Severity::Notice)
    }

    /// A WARNING with the given SQLSTATE.
    pub fn warning(sqlstate: SqlState, message: impl Into<String>) -> Self {
        Self::new(sqlstate, message).with_severity(Severity::Warning)
    }

    /// The SQLSTATE.
    pub fn sqlstate(&self) -> SqlState {
        self.0.sqlstate
    }

    /// The primary message.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Marks an error that no reader of input may take for "this input is not valid": one raised by
    /// code that a type's input function runs, not by the function itself.
    pub fn hard(mut self) -> Self {
        self.0.soft = Some(false);
        self
    }

    /// Marks an error as one about the input, whatever its SQLSTATE.
    pub fn soft(mut self) -> Self {
        self.0.soft = Some(true);
        self
    }

    /// Whether an error of an input function is about its input, so that `pg_input_is_valid`,
    /// COPY's ON_ERROR and their like may go on without the value. Whatever says that the server
    /// could not do its work (resources, cancellation, bugs, what is not written yet) is not.
    pub fn is_soft(&self) -> bool {
        const SOFT_CLASSES: [&[u8]; 6] = [b"22", b"23", b"2B", b"3F", b"42", b"54"];
        let state = self.0.sqlstate;
        let by_state =
            || state != SqlState::STATEMENT_TOO_COMPLEX && SOFT_CLASSES.contains(&&state.0[..2]);
        self.0.soft.unwrap_or_else(by_state)
    }

    /// Parts what an input function says about its input from the errors that must go on.
    pub fn split_soft<T>(result: PgResult<T>) -> PgResult<Result<T, PgError>> {
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(e) if e.is_soft() => Ok(Err(e)),
            Err(e) => Err(e),
        }
    }

    /// Sets the severity.
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    /// Sets the SQLSTATE.
    pub fn with_sqlstate(mut self, sqlstate: SqlState) -> Self {
        self.0.sqlstate = sqlstate;
        self
    }

    /// Sets DETAIL.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Sets HINT.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Sets the source position (byte offset); a negative location (unknown) leaves it as it is.
    pub fn at(mut self, location: i32) -> Self {
        if let Ok(offset) = u32::try_from(location) {
            self.0.position = Some(offset);
        }
        self
    }

    /// Sets the source position only if none is set yet.
    pub fn at_if_unset(self, location: i32) -> Self {
        if self.0.position.is_none() { self.at(location) } else { self }
    }

    /// Adds a CONTEXT line outside those present.
    pub fn context(mut self, line: impl Into<String>) -> Self {
        self.0.context.push(line.into());
        self
    }

    /// Names the table concerned.
    pub fn table(mut self, schema: impl Into<String>, table: impl Into<String>) -> Self {
        self.0.schema = Some(schema.into());
        self.0.table = Some(table.into());
        self
    }

    /// Names the column concerned.
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.0.column = Some(column.into());
        self
    }

    /// Names the constraint concerned.
    pub fn constraint(mut self, constraint: impl Into<String>) -> Self {
        self.0.constraint = Some(constraint.into());
        self
    }

    /// Names the data type concerned.
    pub fn datatype(mut self, schema: impl Into<String>, datatype: impl Into<String>) -> Self {
        self.0.schema = Some(schema.into());
        self.0.datatype = Some(datatype.into());
        self
    }
}

impl fmt::Display for PgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.0.severity.as_str(), self.0.sqlstate, self.0.message)
    }
}

impl fmt::Debug for PgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for PgError {}
