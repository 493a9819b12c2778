//! Items of FROM.
use super::{
    Alias, ColumnDef, Expr, JsonTable, ParseLoc, RangeVar, SelectStmt, TypeName, kind, node,
};

node! {
    /// Anything in a FROM list.
    pub enum TableRef {
        RangeVar(Box<RangeVar>),
        RangeSubselect(Box<RangeSubselect>),
        RangeFunction(Box<RangeFunction>),
        RangeTableSample(Box<RangeTableSample>),
        RangeTableFunc(Box<RangeTableFunc>),
        JsonTable(Box<JsonTable>),
        JoinExpr(Box<JoinExpr>),
    }

    pub struct RangeSubselect {
        pub lateral: bool,
        pub subquery: Box<SelectStmt>,
        pub alias: Option<Alias>,
    }

    /// One function of ROWS FROM with its column definitions.
    pub struct RangeFunctionItem {
        pub func: Expr,
        pub coldeflist: Vec<ColumnDef>,
    }

    pub struct RangeFunction {
        pub lateral: bool,
        pub ordinality: bool,
        pub is_rowsfrom: bool,
        pub functions: Vec<RangeFunctionItem>,
        pub alias: Option<Alias>,
        pub coldeflist: Vec<ColumnDef>,
    }

    pub struct RangeTableSample {
        pub relation: RangeVar,
        pub method: Vec<String>,
        pub args: Vec<Expr>,
        pub repeatable: Option<Expr>,
        /// Method name's location.
        pub location: ParseLoc,
    }

    /// XMLTABLE.
    pub struct RangeTableFunc {
        pub lateral: bool,
        pub docexpr: Expr,
        pub rowexpr: Expr,
        pub namespaces: Vec<XmlNamespace>,
        pub columns: Vec<RangeTableFuncCol>,
        pub alias: Option<Alias>,
        pub location: ParseLoc,
    }

    pub struct XmlNamespace {
        /// None for DEFAULT.
        pub name: Option<String>,
        pub val: Expr,
        pub location: ParseLoc,
    }

    pub struct RangeTableFuncCol {
        pub colname: String,
        pub type_name: Option<TypeName>,
        pub for_ordinality: bool,
        pub is_not_null: bool,
        pub colexpr: Option<Expr>,
        pub coldefexpr: Option<Expr>,
        pub location: ParseLoc,
    }
}

kind! {
    pub enum JoinType { Inner, Left, Full, Right }
}

node! {
    pub struct JoinExpr {
        pub jointype: JoinType,
        pub is_natural: bool,
        pub larg: TableRef,
        pub rarg: TableRef,
        pub using_clause: Vec<String>,
        pub join_using_alias: Option<Alias>,
        pub quals: Option<Expr>,
        pub alias: Option<Alias>,
    }
}

impl TableRef {
    /// The item's place in the text where it has one.
    pub fn location(&self) -> ParseLoc {
        match self {
            TableRef::RangeVar(r) => r.location,
            TableRef::RangeSubselect(_) => -1,
            TableRef::RangeFunction(f) => f.functions.first().map_or(-1, |i| i.func.location()),
            TableRef::RangeTableSample(s) => s.relation.location,
            TableRef::RangeTableFunc(f) => f.location,
            TableRef::JsonTable(t) => t.location,
            TableRef::JoinExpr(j) => j.larg.location(),
        }
    }
}
