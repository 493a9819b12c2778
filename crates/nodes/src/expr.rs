//! Typed expressions (PostgreSQL's primnodes).
use crate::json::*;
use crate::query::Query;
use serde::{Deserialize, Serialize};
use types::{Datum, Oid, PhysType};

/// Range table index of the outer (left) input in a plan's expressions.
pub const OUTER_VAR: i32 = -1;
/// Range table index of the inner (right) input in a plan's expressions.
pub const INNER_VAR: i32 = -2;
/// Range table index of an index's own columns in an index-only scan.
pub const INDEX_VAR: i32 = -3;

/// `attno` of the whole row.
pub const WHOLE_ROW_ATTNO: i16 = 0;
/// System column numbers.
pub mod sysattr {
    /// ctid
    pub const CTID: i16 = -1;
    /// xmin
    pub const XMIN: i16 = -2;
    /// cmin
    pub const CMIN: i16 = -3;
    /// xmax
    pub const XMAX: i16 = -4;
    /// cmax
    pub const CMAX: i16 = -5;
    /// tableoid
    pub const TABLEOID: i16 = -6;
}

/// A typed expression.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Expr {
    Var(Var),
    Const(Const),
    Param(Param),
    Aggref(Box<Aggref>),
    GroupingFunc(Box<GroupingFunc>),
    WindowFunc(Box<WindowFunc>),
    SubscriptingRef(Box<SubscriptingRef>),
    FuncExpr(Box<FuncExpr>),
    NamedArgExpr(Box<NamedArgExpr>),
    OpExpr(Box<OpExpr>),
    /// IS DISTINCT FROM, over the `=` operator.
    DistinctExpr(Box<OpExpr>),
    /// NULLIF, over the `=` operator.
    NullIfExpr(Box<OpExpr>),
    ScalarArrayOpExpr(Box<ScalarArrayOpExpr>),
    BoolExpr(Box<BoolExpr>),
    SubLink(Box<SubLink>),
    /// After planning: reference to `PlannedStmt.subplans`.
    SubPlan(Box<SubPlan>),
    AlternativeSubPlan(Vec<SubPlan>),
    FieldSelect(Box<FieldSelect>),
    FieldStore(Box<FieldStore>),
    RelabelType(Box<RelabelType>),
    CoerceViaIO(Box<CoerceViaIO>),
    ArrayCoerceExpr(Box<ArrayCoerceExpr>),
    ConvertRowtypeExpr(Box<ConvertRowtypeExpr>),
    CollateExpr(Box<CollateExpr>),
    CaseExpr(Box<CaseExpr>),
    /// Placeholder for the CASE test value within its WHEN clauses.
    CaseTestExpr(CaseTestExpr),
    ArrayExpr(Box<ArrayExpr>),
    RowExpr(Box<RowExpr>),
    RowCompareExpr(Box<RowCompareExpr>),
    CoalesceExpr(Box<CoalesceExpr>),
    MinMaxExpr(Box<MinMaxExpr>),
    SQLValueFunction(SQLValueFunction),
    XmlExpr(Box<XmlExpr>),
    JsonValueExpr(Box<JsonValueExpr>),
    JsonExpr(Box<JsonExpr>),
    JsonConstructorExpr(Box<JsonConstructorExpr>),
    JsonIsPredicate(Box<JsonIsPredicate>),
    NullTest(Box<NullTest>),
    BooleanTest(Box<BooleanTest>),
    CoerceToDomain(Box<CoerceToDomain>),
    /// VALUE in a domain's CHECK.
    CoerceToDomainValue(CaseTestExpr),
    /// DEFAULT in VALUES or SET, replaced by the rewriter.
    SetToDefault(CaseTestExpr),
    CurrentOfExpr(CurrentOfExpr),
    NextValueExpr(NextValueExpr),
    /// PG18 RETURNING OLD./NEW. wrapper.
    ReturningExpr(Box<ReturningExpr>),
    /// Planner-made: value computed below an outer join that must go NULL above it.
    PlaceHolderVar(Box<PlaceHolderVar>),
}

/// Reference to a column of a range table entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Var {
    /// 1-based range table index, or OUTER_VAR / INNER_VAR / INDEX_VAR.
    pub varno: i32,
    /// Attribute number (0 whole row, negative system column).
    pub varattno: i16,
    pub vartype: Oid,
    pub vartypmod: i32,
    pub varcollid: Oid,
    /// Outer joins (RT indexes) that may have nulled it, ascending.
    pub varnullingrels: Vec<i32>,
    /// Query levels up.
    pub varlevelsup: u32,
    /// Which row in RETURNING.
    pub varreturningtype: VarReturningType,
    /// varno before the planner changed it, for EXPLAIN (0: same).
    pub varnosyn: i32,
    /// varattno before the planner changed it.
    pub varattnosyn: i16,
    pub location: i32,
}

/// Which version of the row a RETURNING Var reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum VarReturningType {
    #[default]
    Default,
    Old,
    New,
}

/// A constant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Const {
    pub consttype: Oid,
    pub consttypmod: i32,
    pub constcollid: Oid,
    /// The value; NULL included.
    pub value: Datum,
    /// How the value is held.
    pub phys: PhysType,
    pub location: i32,
}

/// Where a Param's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ParamKind {
    /// Given by the client: `$n`, n = paramid.
    Extern,
    /// Executor-internal slot, set by a subplan, nest loop or init plan.
    Exec,
    /// Output column of a sublink's subquery (before planning).
    Sublink,
    /// Output column of a multi-assignment UPDATE sublink.
    MultiExpr,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Param {
    pub kind: ParamKind,
    pub paramid: i32,
    pub paramtype: Oid,
    pub paramtypmod: i32,
    pub paramcollid: Oid,
    pub location: i32,
}

/// An aggregate call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Aggref {
    pub aggfnoid: Oid,
    pub aggtype: Oid,
    pub aggcollid: Oid,
    pub inputcollid: Oid,
    /// Resolved transition type (set by the planner; INVALID before).
    pub aggtranstype: Oid,
    /// Types of the direct and aggregated arguments, as declared after polymorphic resolution.
    pub aggargtypes: Vec<Oid>,
    /// Direct arguments of an ordered-set aggregate.
    pub aggdirectargs: Vec<Expr>,
    /// Aggregated arguments and sort expressions.
    pub args: Vec<TargetEntry>,
    pub aggorder: Vec<SortGroupClause>,
    pub aggdistinct: Vec<SortGroupClause>,
    pub aggfilter: Option<Expr>,
    /// `agg(*)`.
    pub aggstar: bool,
    pub aggvariadic: bool,
    /// 'n' normal, 'o' ordered-set, 'h' hypothetical-set.
    pub aggkind: char,
    /// Input is already sorted as aggorder/aggdistinct asks.
    pub aggpresorted: bool,
    pub agglevelsup: u32,
    /// Partial/final split for parallel or eager aggregation.
    pub aggsplit: AggSplit,
    /// Index in the Agg node's list of distinct aggregates, -1 before planning.
    pub aggno: i32,
    pub aggtransno: i32,
    pub location: i32,
}

/// Which part of an aggregate a node computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum AggSplit {
    #[default]
    Simple,
    InitialSerial,
    FinalDeserial,
}

/// GROUPING(...).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupingFunc {
    pub args: Vec<Expr>,
    /// tleSortGroupRefs of the arguments.
    pub refs: Vec<u32>,
    /// Positions of the grouping columns, set by the planner.
    pub cols: Vec<i32>,
    pub agglevelsup: u32,
    pub location: i32,
}

/// A window function call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WindowFunc {
    pub winfnoid: Oid,
    pub wintype: Oid,
    pub wincollid: Oid,
    pub inputcollid: Oid,
    pub args: Vec<Expr>,
    pub aggfilter: Option<Expr>,
    /// Index (winref) of the WindowClause.
    pub winref: u32,
    pub winstar: bool,
    /// A plain aggregate used as window function.
    pub winagg: bool,
    pub location: i32,
}

/// Array (or jsonb) subscripting: fetch, or assignment if `refassgnexpr` is set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubscriptingRef {
    pub refcontainertype: Oid,
    pub refelemtype: Oid,
    pub refrestype: Oid,
    pub reftypmod: i32,
    pub refcollid: Oid,
    pub refupperindexpr: Vec<Option<Expr>>,
    /// Non-empty for a slice.
    pub reflowerindexpr: Vec<Option<Expr>>,
    pub refexpr: Expr,
    pub refassgnexpr: Option<Expr>,
}

/// How a function or row expression was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum CoercionForm {
    ExplicitCall,
    ExplicitCast,
    ImplicitCast,
    /// Special SQL syntax, such as EXTRACT(… FROM …).
    SqlSyntax,
}

/// Contexts in which a cast may be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum CoercionContext {
    Implicit,
    Assignment,
    Plpgsql,
    Explicit,
}

/// A function call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FuncExpr {
    pub funcid: Oid,
    pub funcresulttype: Oid,
    pub funcretset: bool,
    pub funcvariadic: bool,
    pub funcformat: CoercionForm,
    pub funccollid: Oid,
    pub inputcollid: Oid,
    pub args: Vec<Expr>,
    pub location: i32,
}

/// `name => value` in a call before planning.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NamedArgExpr {
    pub arg: Expr,
    pub name: String,
    pub argnumber: i32,
    pub location: i32,
}

/// An operator call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpExpr {
    pub opno: Oid,
    /// pg_operator.oprcode.
    pub opfuncid: Oid,
    pub opresulttype: Oid,
    pub opretset: bool,
    pub opcollid: Oid,
    pub inputcollid: Oid,
    /// One (prefix) or two.
    pub args: Vec<Expr>,
    pub location: i32,
}

/// `scalar op ANY/ALL (array)`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScalarArrayOpExpr {
    pub opno: Oid,
    pub opfuncid: Oid,
    /// true for ANY, false for ALL.
    pub use_or: bool,
    pub inputcollid: Oid,
    pub args: [Expr; 2],
    pub location: i32,
}

/// AND, OR, NOT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum BoolExprType {
    And,
    Or,
    Not,
}

/// A boolean connective; NOT has one argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BoolExpr {
    pub boolop: BoolExprType,
    pub args: Vec<Expr>,
    pub location: i32,
}

/// Kinds of sublinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum SubLinkType {
    Exists,
    All,
    Any,
    RowCompare,
    Expr,
    MultiExpr,
    Array,
    /// Planner-made, for WITH.
    Cte,
}

/// A subselect in an expression.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubLink {
    pub sub_link_type: SubLinkType,
    /// For MultiExpr: which of the UPDATE's.
    pub sub_link_id: i32,
    /// For ANY/ALL/RowCompare: comparison with `Param{Sublink}` for the subquery's columns.
    pub testexpr: Option<Expr>,
    /// Name of the operator as written (for printing); empty for IN.
    pub oper_name: Vec<String>,
    pub subselect: Box<Query>,
    /// For kind Array: the array type of the subquery's column (the column's own type if that is an
    /// array already); INVALID otherwise.
    pub array_type: Oid,
    pub location: i32,
}

/// A planned sublink.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubPlan {
    pub sub_link_type: SubLinkType,
    /// Comparison over `Param{Exec}` with ids `param_ids`.
    pub testexpr: Option<Expr>,
    /// Exec params that hold the subquery's columns for testexpr.
    pub param_ids: Vec<i32>,
    /// 1-based index in `PlannedStmt.subplans`.
    pub plan_id: i32,
    /// `SubPlan 1`, `InitPlan 1`, `CTE x`.
    pub plan_name: String,
    pub first_col_type: Oid,
    pub first_col_typmod: i32,
    pub first_col_collation: Oid,
    /// For kind Array: the result type.
    pub array_type: Oid,
    /// Use a hash table of the subquery's rows.
    pub use_hash_table: bool,
    /// NULL results may be taken as false.
    pub unknown_eq_false: bool,
    /// Exec params this plan sets (init plans, MultiExpr).
    pub set_param: Vec<i32>,
    /// Exec params passed in, with the expressions in `args`.
    pub par_param: Vec<i32>,
    pub args: Vec<Expr>,
    pub startup_cost: f64,
    pub per_call_cost: f64,
}

/// `(composite).field`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FieldSelect {
    pub arg: Expr,
    /// 1-based.
    pub fieldnum: i16,
    pub resulttype: Oid,
    pub resulttypmod: i32,
    pub resultcollid: Oid,
}

/// Assignment to fields of a composite.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FieldStore {
    pub arg: Expr,
    pub newvals: Vec<Expr>,
    pub fieldnums: Vec<i16>,
    pub resulttype: Oid,
}

/// Binary-compatible type change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RelabelType {
    pub arg: Expr,
    pub resulttype: Oid,
    pub resulttypmod: i32,
    pub resultcollid: Oid,
    pub relabelformat: CoercionForm,
    pub location: i32,
}

/// Cast through text output and input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CoerceViaIO {
    pub arg: Expr,
    pub resulttype: Oid,
    pub resultcollid: Oid,
    pub coerceformat: CoercionForm,
    pub location: i32,
}

/// Element-wise array cast; `elemexpr` works on a CaseTestExpr.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ArrayCoerceExpr {
    pub arg: Expr,
    pub elemexpr: Expr,
    pub resulttype: Oid,
    pub resulttypmod: i32,
    pub resultcollid: Oid,
    pub coerceformat: CoercionForm,
    pub location: i32,
}

/// Cast of a child's row type to its parent's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConvertRowtypeExpr {
    pub arg: Expr,
    pub resulttype: Oid,
    pub convertformat: CoercionForm,
    pub location: i32,
}

/// COLLATE; removed by the planner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CollateExpr {
    pub arg: Expr,
    pub coll_oid: Oid,
    pub location: i32,
}

/// CASE.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseExpr {
    pub casetype: Oid,
    pub casecollid: Oid,
    pub arg: Option<Expr>,
    pub args: Vec<CaseWhen>,
    pub defresult: Option<Expr>,
    pub location: i32,
}

/// One WHEN … THEN ….
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseWhen {
    pub expr: Expr,
    pub result: Expr,
    pub location: i32,
}

/// A typed placeholder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseTestExpr {
    pub type_id: Oid,
    pub type_mod: i32,
    pub collation: Oid,
    pub location: i32,
}

/// ARRAY[...].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ArrayExpr {
    pub array_typeid: Oid,
    pub array_collid: Oid,
    pub element_typeid: Oid,
    pub elements: Vec<Expr>,
    /// Elements are arrays themselves.
    pub multidims: bool,
    pub location: i32,
}

/// ROW(...).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RowExpr {
    pub args: Vec<Expr>,
    pub row_typeid: Oid,
    pub row_format: CoercionForm,
    pub colnames: Vec<String>,
    pub location: i32,
}

/// Comparison of two rows with <, <=, >=, > (= and <> become AND/OR).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum CompareType {
    Lt,
    Le,
    Eq,
    Ge,
    Gt,
    Ne,
}

/// Row-wise comparison.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RowCompareExpr {
    pub cmptype: CompareType,
    pub opnos: Vec<Oid>,
    pub opfamilies: Vec<Oid>,
    pub inputcollids: Vec<Oid>,
    pub largs: Vec<Expr>,
    pub rargs: Vec<Expr>,
}

/// COALESCE.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CoalesceExpr {
    pub coalescetype: Oid,
    pub coalescecollid: Oid,
    pub args: Vec<Expr>,
    pub location: i32,
}

/// GREATEST, LEAST.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MinMaxExpr {
    pub minmaxtype: Oid,
    pub minmaxcollid: Oid,
    pub inputcollid: Oid,
    pub greatest: bool,
    pub args: Vec<Expr>,
    pub location: i32,
}

/// CURRENT_DATE and the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum SQLValueFunctionOp {
    CurrentDate,
    CurrentTime,
    CurrentTimeN,
    CurrentTimestamp,
    CurrentTimestampN,
    Localtime,
    LocaltimeN,
    Localtimestamp,
    LocaltimestampN,
    CurrentRole,
    CurrentUser,
    User,
    SessionUser,
    CurrentCatalog,
    CurrentSchema,
}

/// A parameterless SQL-standard function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SQLValueFunction {
    pub op: SQLValueFunctionOp,
    pub typ: Oid,
    pub typmod: i32,
    pub location: i32,
}

/// XML expressions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct XmlExpr {
    pub op: parser::ast::XmlExprOp,
    pub name: Option<String>,
    pub named_args: Vec<Expr>,
    pub arg_names: Vec<String>,
    pub args: Vec<Expr>,
    /// true for DOCUMENT, false for CONTENT.
    pub document: bool,
    pub indent: bool,
    pub typ: Oid,
    pub typmod: i32,
    pub location: i32,
}

/// IS [NOT] NULL.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NullTest {
    pub arg: Expr,
    /// true for IS NULL.
    pub is_null: bool,
    /// Row semantics.
    pub argisrow: bool,
    pub location: i32,
}

/// IS TRUE and friends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum BoolTestType {
    IsTrue,
    IsNotTrue,
    IsFalse,
    IsNotFalse,
    IsUnknown,
    IsNotUnknown,
}

/// Boolean test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BooleanTest {
    pub arg: Expr,
    pub booltesttype: BoolTestType,
    pub location: i32,
}

/// Cast to a domain, checking its constraints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CoerceToDomain {
    pub arg: Expr,
    pub resulttype: Oid,
    pub resulttypmod: i32,
    pub resultcollid: Oid,
    pub coercionformat: CoercionForm,
    pub location: i32,
}

/// WHERE CURRENT OF.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CurrentOfExpr {
    pub cvarno: i32,
    pub cursor_name: Option<String>,
    pub cursor_param: i32,
}

/// nextval() of an identity column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NextValueExpr {
    pub seqid: Oid,
    pub type_id: Oid,
}

/// OLD/NEW expression in RETURNING that is NULL where that row does not exist.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturningExpr {
    pub retlevelsup: u32,
    pub retold: bool,
    pub retexpr: Expr,
}

/// See [`Expr::PlaceHolderVar`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlaceHolderVar {
    pub phexpr: Expr,
    pub phrels: Vec<i32>,
    pub phnullingrels: Vec<i32>,
    pub phid: u32,
    pub phlevelsup: u32,
}

/// One column of a target list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TargetEntry {
    pub expr: Expr,
    /// 1-based position; for UPDATE and INSERT the target column.
    pub resno: i16,
    pub resname: Option<String>,
    /// Nonzero if a sort or group clause refers to it.
    pub ressortgroupref: u32,
    /// Base column it comes from (RowDescription), or INVALID.
    pub resorigtbl: Oid,
    pub resorigcol: i16,
    /// Not part of the result.
    pub resjunk: bool,
}

/// A sort or grouping column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SortGroupClause {
    pub tle_sort_group_ref: u32,
    pub eqop: Oid,
    /// INVALID if only hashable.
    pub sortop: Oid,
    pub reverse_sort: bool,
    pub nulls_first: bool,
    pub hashable: bool,
}
