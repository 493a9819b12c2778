//! SQL/XML expressions.
use super::{Expr, ParseLoc, ResTarget, TypeName, kind, node};

kind! {
    pub enum XmlExprOp { Concat, Element, Forest, Parse, Pi, Root, Serialize, IsDocument }

    pub enum XmlOptionType { Document, Content }
}

node! {
    pub struct XmlExpr {
        pub op: XmlExprOp,
        pub name: Option<String>,
        pub named_args: Vec<ResTarget>,
        pub args: Vec<Expr>,
        pub xmloption: XmlOptionType,
        pub location: ParseLoc,
    }

    pub struct XmlSerialize {
        pub xmloption: XmlOptionType,
        pub expr: Expr,
        pub type_name: TypeName,
        pub indent: bool,
        pub location: ParseLoc,
    }
}
