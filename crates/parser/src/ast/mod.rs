//! PostgreSQL's raw parse tree: what the grammar produces before any name is looked up.
//!
//! Names follow PostgreSQL's node names (`A_Expr` is [`AExpr`]). Every node that PostgreSQL can
//! blame in an error carries `location`, a byte offset in the statement's source text, -1 when
//! unknown. Trees are plain data: they own their strings and refer to nothing outside.

mod constraint;
mod expr;
mod func;
mod json;
mod maintenance;
mod name;
mod object;
mod options;
mod query;
mod replication;
mod role;
mod session;
mod stmt;
mod table;
mod table_ref;
mod textsearch;
mod trigger;
mod type_name;
mod typecmds;
mod view;
mod xml;

pub use constraint::*;
pub use expr::*;
pub use func::*;
pub use json::*;
pub use maintenance::*;
pub use name::*;
pub use object::*;
pub use options::*;
pub use query::*;
pub use replication::*;
pub use role::*;
pub use session::*;
pub use stmt::*;
pub use table::*;
pub use table_ref::*;
pub use textsearch::*;
pub use trigger::*;
pub use type_name::*;
pub use typecmds::*;
pub use view::*;
pub use xml::*;

/// Byte offset in the source text, -1 when unknown.
pub type ParseLoc = i32;

/// Derives that every tree node has.
macro_rules! node {
    ($($item:item)*) => {
        $(
            #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
            $item
        )*
    };
}

/// Derives for plain enumerations.
macro_rules! kind {
    ($($item:item)*) => {
        $(
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
            $item
        )*
    };
}

pub(crate) use {kind, node};
