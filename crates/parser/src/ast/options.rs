//! Generic options (`DefElem`) and their values.
use super::{Expr, ParseLoc, RoleSpec, TypeName, VariableSetStmt, kind, node};

kind! {
    #[derive(Default)]
    pub enum DefElemAction { #[default] Unspec, Set, Add, Drop }
}

node! {
    /// `name = value` in the many option lists; the name is lower case.
    pub struct DefElem {
        pub defnamespace: Option<String>,
        pub defname: String,
        pub arg: Option<DefArg>,
        pub defaction: DefElemAction,
        pub location: ParseLoc,
    }

    /// Value of an option.
    pub enum DefArg {
        Integer(i32),
        /// A number that is no i32, as written.
        Float(String),
        Boolean(bool),
        String(String),
        /// `*`
        Star,
        /// A type, or any bare word in `WITH (…)` style lists (PostgreSQL reads those as types).
        TypeName(Box<TypeName>),
        /// A qualified name or operator.
        Names(Vec<String>),
        /// A parenthesized list of words or strings (COPY), or a column list.
        Strings(Vec<String>),
        Roles(Vec<RoleSpec>),
        Types(Vec<TypeName>),
        Expr(Box<Expr>),
        /// SET clause of CREATE FUNCTION.
        VariableSet(Box<VariableSetStmt>),
        List(Vec<DefElem>),
    }
}

impl DefElem {
    /// An option without namespace or action.
    pub fn new(defname: impl Into<String>, arg: Option<DefArg>, location: ParseLoc) -> Self {
        DefElem {
            defnamespace: None,
            defname: defname.into(),
            arg,
            defaction: DefElemAction::Unspec,
            location,
        }
    }
}
