//! Transactions, settings, prepared statements, cursors, notifications.
use super::{ConstValue, DefElem, Expr, ParseLoc, RangeVar, Stmt, TypeName, kind, node};

kind! {
    pub enum TransactionStmtKind {
        Begin,
        /// START TRANSACTION.
        Start,
        Commit,
        Rollback,
        Savepoint,
        Release,
        RollbackTo,
        Prepare,
        CommitPrepared,
        RollbackPrepared,
    }

    pub enum VariableSetKind {
        Value,
        Default,
        Current,
        /// SET TRANSACTION and the like: `options` holds the modes.
        Multi,
        Reset,
        ResetAll,
    }

    pub enum FetchDirection { Forward, Backward, Absolute, Relative }

    pub enum DiscardMode { All, Plans, Sequences, Temp }
}

node! {
    pub struct TransactionStmt {
        pub kind: TransactionStmtKind,
        /// `transaction_isolation`, `transaction_read_only`, `transaction_deferrable`.
        pub options: Vec<DefElem>,
        pub savepoint_name: Option<String>,
        pub gid: Option<String>,
        pub chain: bool,
        pub location: ParseLoc,
    }

    /// One value of SET.
    pub enum SetArg {
        Const(ConstValue, ParseLoc),
        /// `INTERVAL '…' HOUR TO MINUTE` of SET TIME ZONE.
        Interval { value: String, type_name: TypeName },
    }

    pub struct VariableSetStmt {
        pub kind: VariableSetKind,
        /// Dotted name; `TRANSACTION`, `SESSION CHARACTERISTICS`, `TRANSACTION SNAPSHOT` for Multi.
        pub name: Option<String>,
        pub args: Vec<SetArg>,
        /// Modes of SET TRANSACTION.
        pub options: Vec<DefElem>,
        pub is_local: bool,
        pub location: ParseLoc,
    }

    pub struct VariableShowStmt {
        /// `all` for SHOW ALL.
        pub name: String,
    }

    /// ALTER SYSTEM.
    pub struct AlterSystemStmt {
        pub setstmt: VariableSetStmt,
    }

    pub struct PrepareStmt {
        pub name: String,
        pub argtypes: Vec<TypeName>,
        pub query: Box<Stmt>,
    }

    pub struct ExecuteStmt {
        pub name: String,
        pub params: Vec<Expr>,
    }

    pub struct DeallocateStmt {
        /// None for ALL.
        pub name: Option<String>,
        pub location: ParseLoc,
    }

    /// DECLARE CURSOR; `options` are bits of [`cursor_options`].
    pub struct DeclareCursorStmt {
        pub portalname: String,
        pub options: i32,
        pub query: Box<Stmt>,
    }

    pub struct ClosePortalStmt {
        /// None for ALL.
        pub portalname: Option<String>,
    }

    pub struct FetchStmt {
        pub direction: FetchDirection,
        /// [`FETCH_ALL`] for ALL.
        pub how_many: i64,
        pub portalname: String,
        pub ismove: bool,
    }

    pub struct NotifyStmt {
        pub conditionname: String,
        pub payload: Option<String>,
    }

    pub struct ListenStmt {
        pub conditionname: String,
    }

    pub struct UnlistenStmt {
        /// None for `*`.
        pub conditionname: Option<String>,
    }

    pub struct DiscardStmt {
        pub target: DiscardMode,
    }

    pub struct LoadStmt {
        pub filename: String,
    }

    /// SET CONSTRAINTS; no constraints means ALL.
    pub struct ConstraintsSetStmt {
        pub constraints: Vec<RangeVar>,
        pub deferred: bool,
    }

    pub struct CallStmt {
        /// Always a FuncCall.
        pub funccall: Expr,
    }

    pub struct DoStmt {
        /// `as` and `language`.
        pub args: Vec<DefElem>,
    }
}

/// `how_many` of FETCH ALL.
pub const FETCH_ALL: i64 = i64::MAX;

/// Bits of [`DeclareCursorStmt::options`], with PostgreSQL's values.
pub mod cursor_options {
    pub const BINARY: i32 = 0x0001;
    pub const SCROLL: i32 = 0x0002;
    pub const NO_SCROLL: i32 = 0x0004;
    pub const INSENSITIVE: i32 = 0x0008;
    pub const ASENSITIVE: i32 = 0x0010;
    pub const HOLD: i32 = 0x0020;
    pub const FAST_PLAN: i32 = 0x0100;
}
