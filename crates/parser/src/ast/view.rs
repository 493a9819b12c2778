//! CREATE VIEW, CREATE TABLE AS, SELECT INTO, materialized views, rules.
use super::{DefElem, Expr, ObjectType, ParseLoc, RangeVar, Stmt, kind, node};

kind! {
    #[derive(Default)]
    pub enum OnCommitAction { #[default] Noop, PreserveRows, DeleteRows, Drop }

    #[derive(Default)]
    pub enum ViewCheckOption { #[default] None, Local, Cascaded }

    /// Event of a rule.
    pub enum RuleEvent { Select, Update, Delete, Insert }
}

node! {
    /// Target of CREATE TABLE AS and SELECT INTO.
    pub struct IntoClause {
        pub rel: RangeVar,
        pub col_names: Vec<String>,
        pub access_method: Option<String>,
        pub options: Vec<DefElem>,
        pub on_commit: OnCommitAction,
        pub table_space_name: Option<String>,
        /// WITH NO DATA.
        pub skip_data: bool,
    }

    pub struct CreateTableAsStmt {
        /// A query, or EXECUTE.
        pub query: Box<Stmt>,
        pub into: IntoClause,
        /// Table or MatView.
        pub objtype: ObjectType,
        pub is_select_into: bool,
        pub if_not_exists: bool,
    }

    pub struct ViewStmt {
        pub view: RangeVar,
        pub aliases: Vec<String>,
        pub query: Box<Stmt>,
        pub replace: bool,
        pub options: Vec<DefElem>,
        pub with_check_option: ViewCheckOption,
    }

    pub struct RefreshMatViewStmt {
        pub concurrent: bool,
        pub skip_data: bool,
        pub relation: RangeVar,
    }

    pub struct RuleStmt {
        pub relation: RangeVar,
        pub rulename: String,
        pub where_clause: Option<Expr>,
        pub event: RuleEvent,
        pub instead: bool,
        /// Empty for NOTHING.
        pub actions: Vec<RawStmt>,
        pub replace: bool,
    }

    /// A statement with its place in the source text.
    pub struct RawStmt {
        pub stmt: Stmt,
        /// Start of the statement's text.
        pub stmt_location: ParseLoc,
        /// Length in bytes; 0 means up to the end of the text.
        pub stmt_len: i32,
    }
}

impl RawStmt {
    /// The statement's own text within the source it was parsed from.
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        let start = self.stmt_location.max(0) as usize;
        let end = if self.stmt_len == 0 { source.len() } else { start + self.stmt_len as usize };
        source.get(start..end).unwrap_or(source)
    }
}
