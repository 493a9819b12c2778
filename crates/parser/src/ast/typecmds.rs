//! Types and domains.
use super::{
    CollateClause, ColumnDef, Constraint, DefElem, DropBehavior, Expr, RangeVar, TypeName, kind,
    node,
};

node! {
    /// CREATE TYPE AS (…).
    pub struct CompositeTypeStmt {
        pub typevar: RangeVar,
        pub coldeflist: Vec<ColumnDef>,
    }

    pub struct CreateEnumStmt {
        pub type_name: Vec<String>,
        pub vals: Vec<String>,
    }

    pub struct CreateRangeStmt {
        pub type_name: Vec<String>,
        pub params: Vec<DefElem>,
    }

    /// ALTER TYPE … ADD VALUE and RENAME VALUE (then `old_val` is set).
    pub struct AlterEnumStmt {
        pub type_name: Vec<String>,
        pub old_val: Option<String>,
        pub new_val: String,
        pub new_val_neighbor: Option<String>,
        pub new_val_is_after: bool,
        pub skip_if_new_val_exists: bool,
    }

    /// ALTER TYPE … SET (…).
    pub struct AlterTypeStmt {
        pub type_name: Vec<String>,
        pub options: Vec<DefElem>,
    }

    pub struct CreateDomainStmt {
        pub domainname: Vec<String>,
        pub type_name: TypeName,
        pub coll_clause: Option<CollateClause>,
        pub constraints: Vec<Constraint>,
    }
}

kind! {
    pub enum AlterDomainKind {
        /// SET DEFAULT (`def` set) or DROP DEFAULT.
        Default,
        DropNotNull,
        SetNotNull,
        AddConstraint,
        DropConstraint,
        ValidateConstraint,
    }
}

node! {
    pub struct AlterDomainStmt {
        pub subtype: AlterDomainKind,
        pub type_name: Vec<String>,
        pub name: Option<String>,
        pub default: Option<Expr>,
        pub constraint: Option<Box<Constraint>>,
        pub behavior: DropBehavior,
        pub missing_ok: bool,
    }

    pub struct AlterCollationStmt {
        pub collname: Vec<String>,
    }
}
