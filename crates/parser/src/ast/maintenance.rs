//! COPY, EXPLAIN, VACUUM, LOCK, REINDEX, CLUSTER.
use super::{DefElem, Expr, RangeVar, Stmt, kind, node};

kind! {
    /// Table lock modes with PostgreSQL's numbers.
    pub enum LockMode {
        AccessShare = 1,
        RowShare = 2,
        RowExclusive = 3,
        ShareUpdateExclusive = 4,
        Share = 5,
        ShareRowExclusive = 6,
        Exclusive = 7,
        AccessExclusive = 8,
    }

    pub enum ReindexObjectType { Index, Table, Schema, System, Database }
}

node! {
    pub struct CopyStmt {
        pub relation: Option<RangeVar>,
        pub query: Option<Box<Stmt>>,
        pub attlist: Vec<String>,
        pub is_from: bool,
        pub is_program: bool,
        /// None for STDIN and STDOUT.
        pub filename: Option<String>,
        pub options: Vec<DefElem>,
        pub where_clause: Option<Expr>,
    }

    pub struct ExplainStmt {
        pub query: Box<Stmt>,
        pub options: Vec<DefElem>,
    }

    pub struct VacuumRelation {
        pub relation: RangeVar,
        pub va_cols: Vec<String>,
    }

    /// VACUUM or ANALYZE.
    pub struct VacuumStmt {
        pub options: Vec<DefElem>,
        pub rels: Vec<VacuumRelation>,
        pub is_vacuumcmd: bool,
    }

    pub struct LockStmt {
        pub relations: Vec<RangeVar>,
        pub mode: LockMode,
        pub nowait: bool,
    }

    pub struct ReindexStmt {
        pub kind: ReindexObjectType,
        pub relation: Option<RangeVar>,
        pub name: Option<String>,
        pub params: Vec<DefElem>,
    }

    pub struct ClusterStmt {
        pub relation: Option<RangeVar>,
        pub indexname: Option<String>,
        pub params: Vec<DefElem>,
    }
}
