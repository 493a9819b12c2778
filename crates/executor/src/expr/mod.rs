//! Compiled expressions: a tree that is made once per plan and evaluated by row.
//!
//! Evaluation by row defines the meaning. What a call needs to remember between rows (compiled patterns,
//! parsed formats, CASE test values) lives in numbered slots of the `EState`, so a compiled tree is
//! immutable and shared by all executions of a plan.
mod array;
mod call;
mod coerce;
mod collation;
mod column;
mod compile;
mod composite;
mod domain;
mod eval;
mod fast;
mod fixed_array;
mod fold;
mod json;
mod kernel;
mod predicate;
mod saop;
mod standalone;
mod subplan;
mod value_function;

pub use compile::{ExprCompiler, SYSTEM_COLUMNS, ScanColumns, Scope, SlotCounts, VarSource};
pub use fast::{Fast1, Fast2};
pub use kernel::{CompareOp, Kernel};
pub(crate) use kernel::{bytes, number};
pub use standalone::StandaloneExprs;

pub(crate) use array::ArrayBuild;
pub(crate) use call::{CallNode, FnCall};
pub(crate) use collation::{is_c_collation, is_deterministic};
pub(crate) use column::{Col, Frame, Side};
pub(crate) use composite::{FieldStoreNode, RowBuild, RowConvert, WholeRow};
pub(crate) use domain::DomainNode;
pub(crate) use eval::{all_hold, none_false};
pub(crate) use fast::{cmp_f64, fast1, fast2};
pub use fold::evaluate_const;
pub(crate) use saop::SaopNode;
pub(crate) use subplan::{InitPlan, SubplanNode, run_init_plan, set_param};

use fmgr::FnInfo;
use std::sync::Arc;
use types::{Datum, Oid};

/// A compiled expression.
pub enum CExpr {
    /// A constant.
    Const(Datum),
    /// A column of the scan row.
    Scan(u16),
    /// A column of the outer input.
    Outer(u16),
    /// A column of the inner input.
    Inner(u16),
    /// A column of the OLD row.
    Old(u16),
    /// A column of the NEW row.
    New(u16),
    /// A result of the node's aggregates or window functions.
    Agg(u16),
    /// `$n` of the client, from 0.
    ExternParam(u16),
    /// An executor-internal parameter.
    ExecParam(u16),
    /// A strict one-argument function without context.
    Fast1(Fast1, Box<CExpr>),
    /// A strict two-argument function without context.
    Fast2(Fast2, Box<(CExpr, CExpr)>, Kernel),
    /// Any function.
    Call(Box<CallNode>),
    /// AND.
    And(Box<[CExpr]>),
    /// OR.
    Or(Box<[CExpr]>),
    /// NOT.
    Not(Box<CExpr>),
    /// IS NULL (true) or IS NOT NULL of a plain value.
    NullTest(Box<CExpr>, bool),
    /// IS NULL (true) or IS NOT NULL of a row.
    RowNullTest(Box<CExpr>, bool),
    /// IS TRUE and its kin.
    BoolTest(Box<CExpr>, nodes::BoolTestType),
    /// CASE.
    Case(Box<CaseNode>),
    /// The value a CASE, array cast or domain check is about.
    CaseValue(u32),
    /// COALESCE.
    Coalesce(Box<[CExpr]>),
    /// GREATEST and LEAST.
    MinMax(Box<MinMaxNode>),
    /// IS DISTINCT FROM.
    Distinct(Box<EqualNode>),
    /// NULLIF.
    NullIf(Box<EqualNode>),
    /// `op ANY/ALL (array)`.
    Saop(Box<SaopNode>),
    /// ARRAY[…].
    Array(Box<ArrayBuild>),
    /// Subscripting.
    Subscript(Box<array::SubscriptNode>),
    /// Array cast by element.
    ArrayCoerce(Box<array::ArrayCoerceNode>),
    /// ROW(…).
    Row(Box<RowBuild>),
    /// Comparison of rows.
    RowCompare(Box<predicate::RowCompareNode>),
    /// A field of a composite (position among its live columns).
    Field(Box<CExpr>, u16),
    /// Assignment to fields.
    FieldStore(Box<FieldStoreNode>),
    /// The whole row of a relation.
    WholeRow(Box<WholeRow>),
    /// Cast of a row type to another by column name.
    ConvertRow(Box<RowConvert>),
    /// Cast through text.
    ViaIo(Box<coerce::ViaIoNode>),
    /// Cast to a domain.
    Domain(Box<DomainNode>),
    /// CURRENT_DATE and its kin.
    ValueFunction(Box<value_function::ValueFunctionNode>),
    /// nextval() of an identity column.
    NextValue(Oid, Oid),
    /// A subquery.
    Subplan(Box<SubplanNode>),
    /// IS JSON and JSON constructors.
    Json(Box<json::JsonNode>),
    /// RETURNING OLD/NEW expression: NULL where the row does not exist.
    Returning(bool, Box<CExpr>),
    /// WHERE CURRENT OF where no TID scan took it up.
    CurrentOf,
}

/// CASE.
pub struct CaseNode {
    /// Where the test value is kept, with its expression.
    pub test: Option<(u32, CExpr)>,
    /// WHEN, THEN.
    pub whens: Box<[(CExpr, CExpr)]>,
    /// ELSE.
    pub default: Option<CExpr>,
}

/// GREATEST, LEAST.
pub struct MinMaxNode {
    pub(crate) args: Box<[CExpr]>,
    pub(crate) greatest: bool,
    pub(crate) typ: Oid,
    pub(crate) collation: Oid,
}

/// An equality operator and its two operands.
pub struct EqualNode {
    pub(crate) left: CExpr,
    pub(crate) right: CExpr,
    pub(crate) equal: FnCall,
}

/// A resolved function with the fact whether it may be called without context.
pub(crate) fn scalar_body(info: &FnInfo) -> Option<fmgr::PgFunction> {
    match info.body {
        fmgr::FnBody::Scalar(f) => Some(f),
        _ => None,
    }
}

/// A shared compiled expression list.
pub type Exprs = Arc<[CExpr]>;
