//! A compiled body: its variables and statements.
use crate::namespace::Namespace;
use error::SqlState;
use parking_lot::Mutex;
use parser::RawParseMode;
use std::sync::Arc;
use types::Oid;

/// A type as variables have it.
#[derive(Clone, Debug)]
pub(crate) struct PlType {
    pub(crate) oid: Oid,
    pub(crate) typmod: i32,
    pub(crate) collation: Oid,
    /// pg_type.typtype of the type, or of what a domain is over.
    pub(crate) composite: bool,
    pub(crate) domain: bool,
}

/// A variable.
#[derive(Debug)]
pub(crate) enum DatumDef {
    Var(VarDef),
    Rec(VarDef),
    /// Several targets as one.
    Row(RowDef),
    /// A field of a record variable.
    Field {
        rec: usize,
        name: String,
    },
}

#[derive(Debug)]
pub(crate) struct VarDef {
    pub(crate) name: String,
    pub(crate) lineno: u32,
    pub(crate) typ: PlType,
    pub(crate) constant: bool,
    pub(crate) not_null: bool,
    pub(crate) default: Option<Expr>,
    /// CURSOR FOR …
    pub(crate) cursor: Option<CursorDef>,
}

#[derive(Debug)]
pub(crate) struct CursorDef {
    pub(crate) query: Expr,
    /// The row of its arguments.
    pub(crate) args: Option<usize>,
    pub(crate) options: i32,
}

#[derive(Debug)]
pub(crate) struct RowDef {
    pub(crate) name: String,
    pub(crate) fields: Vec<(String, usize)>,
}

/// The prepared form of an expression, kept between calls.
pub(crate) type Slot = Mutex<Option<Arc<crate::hooks::Bound>>>;

/// An SQL expression or statement.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) query: Arc<str>,
    pub(crate) mode: RawParseMode,
    pub(crate) ns: Namespace,
    pub(crate) slot: Slot,
}

/// A statement and its line.
#[derive(Debug)]
pub(crate) struct Stmt {
    pub(crate) lineno: u32,
    pub(crate) kind: StmtKind,
}

#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) label: Option<String>,
    /// Variables to be initialized at its start.
    pub(crate) vars: Vec<usize>,
    pub(crate) body: Vec<Stmt>,
    pub(crate) exceptions: Option<Exceptions>,
}

#[derive(Debug)]
pub(crate) struct Exceptions {
    pub(crate) sqlstate_var: usize,
    pub(crate) sqlerrm_var: usize,
    pub(crate) handlers: Vec<Handler>,
}

#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) body: Vec<Stmt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Others,
    State(SqlState),
}

#[derive(Debug)]
pub(crate) struct When {
    pub(crate) expr: Expr,
    pub(crate) body: Vec<Stmt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RaiseLevel {
    Debug,
    Log,
    Info,
    Notice,
    Warning,
    Exception,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RaiseOption {
    Errcode,
    Message,
    Detail,
    Hint,
    Column,
    Constraint,
    Datatype,
    Table,
    Schema,
}

#[derive(Debug)]
pub(crate) struct Raise {
    pub(crate) level: RaiseLevel,
    pub(crate) condition: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) params: Vec<Expr>,
    pub(crate) options: Vec<(RaiseOption, Expr)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiagItem {
    RowCount,
    RoutineOid,
    Context,
    ErrorContext,
    ErrorDetail,
    ErrorHint,
    ReturnedSqlstate,
    ColumnName,
    ConstraintName,
    DatatypeName,
    MessageText,
    TableName,
    SchemaName,
}

/// A cursor's direction and how far.
#[derive(Debug)]
pub(crate) struct FetchSpec {
    pub(crate) direction: parser::ast::FetchDirection,
    pub(crate) how_many: i64,
    pub(crate) expr: Option<Expr>,
    pub(crate) many: bool,
}

/// The query of a loop or a RETURN QUERY.
#[derive(Debug)]
pub(crate) enum QuerySource {
    Static(Expr),
    Dynamic { query: Expr, params: Vec<Expr> },
}

#[derive(Debug)]
pub(crate) struct Loop {
    pub(crate) label: Option<String>,
    pub(crate) body: Vec<Stmt>,
}

#[derive(Debug)]
pub(crate) enum StmtKind {
    Block(Block),
    Assign {
        target: usize,
        expr: Expr,
    },
    If {
        whens: Vec<When>,
        otherwise: Vec<Stmt>,
    },
    Case {
        test: Option<(Expr, usize)>,
        whens: Vec<When>,
        otherwise: Option<Vec<Stmt>>,
    },
    Loop(Loop),
    While {
        cond: Expr,
        body: Loop,
    },
    ForInteger {
        var: usize,
        lower: Expr,
        upper: Expr,
        step: Option<Expr>,
        reverse: bool,
        body: Loop,
    },
    ForQuery {
        target: usize,
        query: QuerySource,
        body: Loop,
    },
    ForCursor {
        target: usize,
        cursor: usize,
        args: Option<Expr>,
        body: Loop,
    },
    Foreach {
        target: usize,
        slice: i32,
        expr: Expr,
        body: Loop,
    },
    Exit {
        is_exit: bool,
        label: Option<String>,
        cond: Option<Expr>,
    },
    Return {
        expr: Option<Expr>,
        var: Option<usize>,
    },
    ReturnNext {
        expr: Option<Expr>,
        var: Option<usize>,
    },
    ReturnQuery(QuerySource),
    Raise(Raise),
    Assert {
        cond: Expr,
        message: Option<Expr>,
    },
    Sql {
        expr: Expr,
        into: Option<usize>,
        strict: bool,
    },
    Execute {
        query: Expr,
        into: Option<usize>,
        strict: bool,
        params: Vec<Expr>,
    },
    Diagnostics {
        stacked: bool,
        items: Vec<(DiagItem, usize)>,
    },
    Open {
        cursor: usize,
        args: Option<Expr>,
        query: Option<QuerySource>,
        options: i32,
    },
    Fetch {
        cursor: usize,
        target: Option<usize>,
        spec: FetchSpec,
    },
    Close {
        cursor: usize,
    },
    Perform(Expr),
    Call {
        expr: Expr,
        is_call: bool,
    },
    Commit {
        chain: bool,
    },
    Rollback {
        chain: bool,
    },
    Null,
}

impl Stmt {
    /// What it is called in an error's context.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.kind {
            StmtKind::Block(_) => "statement block",
            StmtKind::Assign { .. } => "assignment",
            StmtKind::If { .. } => "IF",
            StmtKind::Case { .. } => "CASE",
            StmtKind::Loop(_) => "LOOP",
            StmtKind::While { .. } => "WHILE",
            StmtKind::ForInteger { .. } => "FOR with integer loop variable",
            StmtKind::ForQuery { query: QuerySource::Static(_), .. } => "FOR over SELECT rows",
            StmtKind::ForQuery { .. } => "FOR over EXECUTE statement",
            StmtKind::ForCursor { .. } => "FOR over cursor",
            StmtKind::Foreach { .. } => "FOREACH over array",
            StmtKind::Exit { is_exit: true, .. } => "EXIT",
            StmtKind::Exit { .. } => "CONTINUE",
            StmtKind::Return { .. } => "RETURN",
            StmtKind::ReturnNext { .. } => "RETURN NEXT",
            StmtKind::ReturnQuery(_) => "RETURN QUERY",
            StmtKind::Raise(_) => "RAISE",
            StmtKind::Assert { .. } => "ASSERT",
            StmtKind::Sql { .. } => "SQL statement",
            StmtKind::Execute { .. } => "EXECUTE",
            StmtKind::Diagnostics { stacked: true, .. } => "GET STACKED DIAGNOSTICS",
            StmtKind::Diagnostics { .. } => "GET DIAGNOSTICS",
            StmtKind::Open { .. } => "OPEN",
            StmtKind::Fetch { target: None, .. } => "MOVE",
            StmtKind::Fetch { .. } => "FETCH",
            StmtKind::Close { .. } => "CLOSE",
            StmtKind::Perform(_) => "PERFORM",
            StmtKind::Call { is_call: true, .. } => "CALL",
            StmtKind::Call { .. } => "DO",
            StmtKind::Commit { .. } => "COMMIT",
            StmtKind::Rollback { .. } => "ROLLBACK",
            StmtKind::Null => "NULL",
        }
    }
}

/// What a name means that is both a variable and a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolve {
    Error,
    Variable,
    Column,
}

/// What a function is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerKind {
    /// Queries.
    None,
    /// A trigger of a table.
    Dml,
    /// An event trigger.
    Event,
}

/// Variables that a trigger's call fills in.
#[derive(Debug, Default)]
pub(crate) struct TriggerVars {
    pub(crate) new: usize,
    pub(crate) old: usize,
    /// tg_name, tg_when, tg_level, tg_op, tg_relid, tg_relname, tg_table_name, tg_table_schema,
    /// tg_nargs, tg_argv; for an event trigger tg_event, tg_tag.
    pub(crate) names: Vec<(&'static str, usize)>,
}

/// A compiled function.
#[derive(Debug)]
pub struct Function {
    pub(crate) oid: Oid,
    /// `name(argument types)`, for contexts.
    pub(crate) signature: String,
    pub(crate) trigger: TriggerKind,
    pub(crate) procedure: bool,
    pub(crate) rettype: PlType,
    pub(crate) returns_set: bool,
    /// Returns a composite value.
    pub(crate) returns_tuple: bool,
    pub(crate) args: Vec<usize>,
    pub(crate) out: Option<usize>,
    pub(crate) found: usize,
    pub(crate) trigger_vars: TriggerVars,
    pub(crate) datums: Vec<DatumDef>,
    pub(crate) body: Block,
    pub(crate) body_line: u32,
    pub(crate) read_only: bool,
    pub(crate) resolve: Resolve,
    pub(crate) print_strict_params: bool,
    pub(crate) strict_multi_assignment: (bool, bool),
    pub(crate) too_many_rows: (bool, bool),
    /// Has a block with exception handlers.
    pub(crate) has_exceptions: bool,
}
