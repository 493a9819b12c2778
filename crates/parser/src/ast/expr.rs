//! Raw expressions.
use super::{
    JsonAggConstructor, JsonArrayAgg, JsonArrayConstructor, JsonArrayQueryConstructor,
    JsonFuncExpr, JsonIsPredicate, JsonObjectAgg, JsonObjectConstructor, JsonParseExpr,
    JsonScalarExpr, JsonSerializeExpr, ParseLoc, SelectStmt, TypeName, XmlExpr, XmlSerialize, kind,
    node,
};

node! {
    /// Any raw expression.
    pub enum Expr {
        ColumnRef(ColumnRef),
        ParamRef(ParamRef),
        AConst(AConst),
        AExpr(Box<AExpr>),
        BoolExpr(Box<BoolExpr>),
        TypeCast(Box<TypeCast>),
        CollateClause(Box<CollateClause>),
        FuncCall(Box<FuncCall>),
        AIndirection(Box<AIndirection>),
        AArrayExpr(Box<AArrayExpr>),
        RowExpr(Box<RowExpr>),
        CaseExpr(Box<CaseExpr>),
        CoalesceExpr(Box<CoalesceExpr>),
        MinMaxExpr(Box<MinMaxExpr>),
        NullTest(Box<NullTest>),
        BooleanTest(Box<BooleanTest>),
        SubLink(Box<SubLink>),
        GroupingFunc(Box<GroupingFunc>),
        /// Only as an element of GROUP BY.
        GroupingSet(Box<GroupingSet>),
        /// `name => value` as a function argument.
        NamedArgExpr(Box<NamedArgExpr>),
        SQLValueFunction(SQLValueFunction),
        MergeSupportFunc(MergeSupportFunc),
        /// DEFAULT in VALUES or SET.
        SetToDefault(SetToDefault),
        /// WHERE CURRENT OF.
        CurrentOfExpr(Box<CurrentOfExpr>),
        /// `(a, b) = source` in SET: one entry a column.
        MultiAssignRef(Box<MultiAssignRef>),
        XmlExpr(Box<XmlExpr>),
        XmlSerialize(Box<XmlSerialize>),
        JsonIsPredicate(Box<JsonIsPredicate>),
        JsonFuncExpr(Box<JsonFuncExpr>),
        JsonParseExpr(Box<JsonParseExpr>),
        JsonScalarExpr(Box<JsonScalarExpr>),
        JsonSerializeExpr(Box<JsonSerializeExpr>),
        JsonObjectConstructor(Box<JsonObjectConstructor>),
        JsonArrayConstructor(Box<JsonArrayConstructor>),
        JsonArrayQueryConstructor(Box<JsonArrayQueryConstructor>),
        JsonObjectAgg(Box<JsonObjectAgg>),
        JsonArrayAgg(Box<JsonArrayAgg>),
    }

    /// A possibly qualified name; `star` for a final `.*` or a lone `*`.
    pub struct ColumnRef {
        pub fields: Vec<String>,
        pub star: bool,
        pub location: ParseLoc,
    }

    /// `$n`
    pub struct ParamRef {
        pub number: i32,
        pub location: ParseLoc,
    }

    /// A literal's value.
    pub enum ConstValue {
        Null,
        Integer(i32),
        /// Digits as written, underscores and base prefix removed.
        Float(String),
        Boolean(bool),
        String(String),
        /// `b` or `x` and the digits.
        BitString(String),
    }

    /// A literal.
    pub struct AConst {
        pub val: ConstValue,
        pub location: ParseLoc,
    }
}

kind! {
    /// Kinds of [`AExpr`].
    pub enum AExprKind {
        /// Ordinary operator; `lexpr` is None for a prefix operator.
        Op,
        /// `scalar op ANY (array)`
        OpAny,
        /// `scalar op ALL (array)`
        OpAll,
        /// IS DISTINCT FROM; name is `=`.
        Distinct,
        /// IS NOT DISTINCT FROM; name is `=`.
        NotDistinct,
        /// NULLIF; name is `=`.
        NullIf,
        /// IN with a list; name is `=` or `<>`; `rexpr` is [`AExprArg::List`].
        In,
        /// LIKE; name is `~~` or `!~~`.
        Like,
        /// ILIKE; name is `~~*` or `!~~*`.
        ILike,
        /// SIMILAR TO; name is `~` or `!~`, `rexpr` a call of similar_to_escape.
        Similar,
        /// name is `BETWEEN`; `rexpr` is a list of two.
        Between,
        NotBetween,
        BetweenSym,
        NotBetweenSym,
    }
}

node! {
    /// Operator expressions and what the grammar treats like them.
    pub struct AExpr {
        pub kind: AExprKind,
        /// Possibly qualified operator name.
        pub name: Vec<String>,
        pub lexpr: Option<Expr>,
        pub rexpr: AExprArg,
        pub location: ParseLoc,
    }

    /// Right operand of an [`AExpr`].
    pub enum AExprArg {
        Expr(Expr),
        /// IN and BETWEEN.
        List(Vec<Expr>),
    }
}

kind! {
    /// AND, OR, NOT.
    pub enum BoolExprType { And, Or, Not }
}

node! {
    /// AND and OR chains are flat.
    pub struct BoolExpr {
        pub boolop: BoolExprType,
        pub args: Vec<Expr>,
        pub location: ParseLoc,
    }

    /// `CAST(x AS t)`, `x::t`, `type 'literal'`.
    pub struct TypeCast {
        pub arg: Expr,
        pub type_name: TypeName,
        pub location: ParseLoc,
    }

    /// `x COLLATE c`; `arg` is None in column definitions.
    pub struct CollateClause {
        pub arg: Option<Expr>,
        pub collname: Vec<String>,
        pub location: ParseLoc,
    }
}

kind! {
    /// How a function call was written.
    #[derive(Default)]
    pub enum CoercionForm {
        /// `f(x)`
        #[default]
        ExplicitCall,
        ExplicitCast,
        ImplicitCast,
        /// SQL's special syntax, `EXTRACT(x FROM y)`.
        SqlSyntax,
    }
}

node! {
    /// A call of a function, aggregate or window function.
    pub struct FuncCall {
        pub funcname: Vec<String>,
        pub args: Vec<Expr>,
        pub agg_order: Vec<SortBy>,
        pub agg_filter: Option<Expr>,
        pub over: Option<Box<WindowDef>>,
        pub agg_within_group: bool,
        pub agg_star: bool,
        pub agg_distinct: bool,
        /// The last argument was marked VARIADIC.
        pub func_variadic: bool,
        pub funcformat: CoercionForm,
        pub location: ParseLoc,
    }

    /// Field selections and subscripts applied to an expression.
    pub struct AIndirection {
        pub arg: Expr,
        pub indirection: Vec<Indirection>,
    }

    /// One step of indirection.
    pub enum Indirection {
        /// `.name`
        Field(String),
        /// `.*`
        Star,
        Indices(Box<AIndices>),
    }

    /// `[i]` or `[l:u]`.
    pub struct AIndices {
        pub is_slice: bool,
        pub lidx: Option<Expr>,
        pub uidx: Option<Expr>,
    }

    /// `ARRAY[…]`; nested brackets are nested nodes.
    pub struct AArrayExpr {
        pub elements: Vec<Expr>,
        pub location: ParseLoc,
    }

    /// `ROW(…)` (explicit call) or `(a, b)` (implicit cast form).
    pub struct RowExpr {
        pub args: Vec<Expr>,
        pub row_format: CoercionForm,
        pub location: ParseLoc,
    }

    pub struct CaseExpr {
        pub arg: Option<Expr>,
        pub args: Vec<CaseWhen>,
        pub defresult: Option<Expr>,
        pub location: ParseLoc,
    }

    pub struct CaseWhen {
        pub expr: Expr,
        pub result: Expr,
        pub location: ParseLoc,
    }

    pub struct CoalesceExpr {
        pub args: Vec<Expr>,
        pub location: ParseLoc,
    }
}

kind! {
    pub enum MinMaxOp { Greatest, Least }

    pub enum NullTestType { IsNull, IsNotNull }

    pub enum BoolTestType { IsTrue, IsNotTrue, IsFalse, IsNotFalse, IsUnknown, IsNotUnknown }

    /// Kinds of sub-select in an expression.
    pub enum SubLinkType {
        Exists,
        /// `x op ALL (SELECT …)`
        All,
        /// `x op ANY (SELECT …)`, `x IN (SELECT …)` (then `oper_name` is empty).
        Any,
        /// `(a, b) op (SELECT …)`: made by the analyzer.
        RowCompare,
        Expr,
        /// `(a, b) = (SELECT …)` in SET: made by the analyzer.
        MultiExpr,
        Array,
    }
}

node! {
    pub struct MinMaxExpr {
        pub op: MinMaxOp,
        pub args: Vec<Expr>,
        pub location: ParseLoc,
    }

    pub struct NullTest {
        pub arg: Expr,
        pub nulltesttype: NullTestType,
        pub location: ParseLoc,
    }

    pub struct BooleanTest {
        pub arg: Expr,
        pub booltesttype: BoolTestType,
        pub location: ParseLoc,
    }

    pub struct SubLink {
        pub sub_link_type: SubLinkType,
        pub testexpr: Option<Expr>,
        /// Empty for IN.
        pub oper_name: Vec<String>,
        pub subselect: Box<SelectStmt>,
        pub location: ParseLoc,
    }

    /// `GROUPING(a, b)`
    pub struct GroupingFunc {
        pub args: Vec<Expr>,
        pub location: ParseLoc,
    }
}

kind! {
    pub enum GroupingSetKind { Empty, Simple, Rollup, Cube, Sets }
}

node! {
    /// `()`, ROLLUP, CUBE, GROUPING SETS.
    pub struct GroupingSet {
        pub kind: GroupingSetKind,
        pub content: Vec<Expr>,
        pub location: ParseLoc,
    }

    pub struct NamedArgExpr {
        pub arg: Expr,
        pub name: String,
        pub location: ParseLoc,
    }
}

kind! {
    /// Functions without parentheses.
    pub enum SQLValueFunctionOp {
        CurrentDate,
        CurrentTime,
        CurrentTimeN,
        CurrentTimestamp,
        CurrentTimestampN,
        LocalTime,
        LocalTimeN,
        LocalTimestamp,
        LocalTimestampN,
        CurrentRole,
        CurrentUser,
        User,
        SessionUser,
        CurrentCatalog,
        CurrentSchema,
    }
}

node! {
    pub struct SQLValueFunction {
        pub op: SQLValueFunctionOp,
        /// The written precision, -1 without one.
        pub typmod: i32,
        pub location: ParseLoc,
    }

    /// `MERGE_ACTION()`
    pub struct MergeSupportFunc {
        pub location: ParseLoc,
    }

    pub struct SetToDefault {
        pub location: ParseLoc,
    }

    pub struct CurrentOfExpr {
        pub cursor_name: String,
        pub location: ParseLoc,
    }

    /// One column of a multiple assignment; `source` is shared by value among its columns.
    pub struct MultiAssignRef {
        pub source: std::sync::Arc<Expr>,
        /// 1-based.
        pub colno: i32,
        pub ncolumns: i32,
    }
}

kind! {
    #[derive(Default)]
    pub enum SortByDir {
        #[default]
        Default,
        Asc,
        Desc,
        Using,
    }

    #[derive(Default)]
    pub enum SortByNulls {
        #[default]
        Default,
        First,
        Last,
    }
}

node! {
    pub struct SortBy {
        pub node: Expr,
        pub sortby_dir: SortByDir,
        pub sortby_nulls: SortByNulls,
        /// Operator of USING.
        pub use_op: Vec<String>,
        /// Operator's location, -1 without one.
        pub location: ParseLoc,
    }

    /// A window as written: `OVER w` has only `name`, `OVER (w …)` has `refname`.
    pub struct WindowDef {
        pub name: Option<String>,
        pub refname: Option<String>,
        pub partition_clause: Vec<Expr>,
        pub order_clause: Vec<SortBy>,
        /// Bits of [`frame_options`].
        pub frame_options: i32,
        pub start_offset: Option<Expr>,
        pub end_offset: Option<Expr>,
        pub location: ParseLoc,
    }
}

/// Bits of a window frame, with PostgreSQL's values.
pub mod frame_options {
    /// Any specified?
    pub const NONDEFAULT: i32 = 0x0_0001;
    pub const RANGE: i32 = 0x0_0002;
    pub const ROWS: i32 = 0x0_0004;
    pub const GROUPS: i32 = 0x0_0008;
    /// BETWEEN was given.
    pub const BETWEEN: i32 = 0x0_0010;
    pub const START_UNBOUNDED_PRECEDING: i32 = 0x0_0020;
    pub const END_UNBOUNDED_PRECEDING: i32 = 0x0_0040;
    pub const START_UNBOUNDED_FOLLOWING: i32 = 0x0_0080;
    pub const END_UNBOUNDED_FOLLOWING: i32 = 0x0_0100;
    pub const START_CURRENT_ROW: i32 = 0x0_0200;
    pub const END_CURRENT_ROW: i32 = 0x0_0400;
    pub const START_OFFSET_PRECEDING: i32 = 0x0_0800;
    pub const END_OFFSET_PRECEDING: i32 = 0x0_1000;
    pub const START_OFFSET_FOLLOWING: i32 = 0x0_2000;
    pub const END_OFFSET_FOLLOWING: i32 = 0x0_4000;
    pub const EXCLUDE_CURRENT_ROW: i32 = 0x0_8000;
    pub const EXCLUDE_GROUP: i32 = 0x1_0000;
    pub const EXCLUDE_TIES: i32 = 0x2_0000;
    pub const START_OFFSET: i32 = START_OFFSET_PRECEDING | START_OFFSET_FOLLOWING;
    pub const END_OFFSET: i32 = END_OFFSET_PRECEDING | END_OFFSET_FOLLOWING;
    pub const EXCLUSION: i32 = EXCLUDE_CURRENT_ROW | EXCLUDE_GROUP | EXCLUDE_TIES;
    pub const DEFAULTS: i32 = RANGE | START_UNBOUNDED_PRECEDING | END_CURRENT_ROW;
}

impl Expr {
    /// Where the expression is blamed: an operator's position for operators, as in PostgreSQL.
    pub fn location(&self) -> ParseLoc {
        match self {
            Expr::ColumnRef(e) => e.location,
            Expr::ParamRef(e) => e.location,
            Expr::AConst(e) => e.location,
            Expr::AExpr(e) => e.location,
            Expr::BoolExpr(e) => e.location,
            Expr::TypeCast(e) => e.location,
            Expr::CollateClause(e) => e.location,
            Expr::FuncCall(e) => e.location,
            Expr::AIndirection(e) => e.arg.location(),
            Expr::AArrayExpr(e) => e.location,
            Expr::RowExpr(e) => e.location,
            Expr::CaseExpr(e) => e.location,
            Expr::CoalesceExpr(e) => e.location,
            Expr::MinMaxExpr(e) => e.location,
            Expr::NullTest(e) => e.location,
            Expr::BooleanTest(e) => e.location,
            Expr::SubLink(e) => e.location,
            Expr::GroupingFunc(e) => e.location,
            Expr::GroupingSet(e) => e.location,
            Expr::NamedArgExpr(e) => e.location,
            Expr::SQLValueFunction(e) => e.location,
            Expr::MergeSupportFunc(e) => e.location,
            Expr::SetToDefault(e) => e.location,
            Expr::CurrentOfExpr(e) => e.location,
            Expr::MultiAssignRef(e) => e.source.location(),
            Expr::XmlExpr(e) => e.location,
            Expr::XmlSerialize(e) => e.location,
            Expr::JsonIsPredicate(e) => e.location,
            Expr::JsonFuncExpr(e) => e.location,
            Expr::JsonParseExpr(e) => e.location,
            Expr::JsonScalarExpr(e) => e.location,
            Expr::JsonSerializeExpr(e) => e.location,
            Expr::JsonObjectConstructor(e) => e.location,
            Expr::JsonArrayConstructor(e) => e.location,
            Expr::JsonArrayQueryConstructor(e) => e.location,
            Expr::JsonObjectAgg(e) => e.constructor.location,
            Expr::JsonArrayAgg(e) => e.constructor.location,
        }
    }

    /// Leftmost location in the expression's text, as PostgreSQL's `exprLocation` on raw trees.
    pub fn leftmost_location(&self) -> ParseLoc {
        let min = |a: ParseLoc, b: ParseLoc| match (a, b) {
            (a, b) if a < 0 => b,
            (a, b) if b < 0 => a,
            (a, b) => a.min(b),
        };
        match self {
            Expr::AExpr(e) => match &e.lexpr {
                Some(l) => min(e.location, l.leftmost_location()),
                None => e.location,
            },
            Expr::BoolExpr(e) => match e.args.first() {
                Some(first) => min(e.location, first.leftmost_location()),
                None => e.location,
            },
            Expr::TypeCast(e) => {
                min(e.arg.leftmost_location(), min(e.type_name.location, e.location))
            }
            Expr::CollateClause(e) => match &e.arg {
                Some(arg) => arg.leftmost_location(),
                None => e.location,
            },
            Expr::AIndirection(e) => e.arg.leftmost_location(),
            Expr::FuncCall(e) => match e.args.first() {
                Some(first) => min(e.location, first.leftmost_location()),
                None => e.location,
            },
            Expr::NullTest(e) => min(e.location, e.arg.leftmost_location()),
            Expr::BooleanTest(e) => min(e.location, e.arg.leftmost_location()),
            Expr::SubLink(e) => match &e.testexpr {
                Some(test) => min(test.leftmost_location(), e.location),
                None => e.location,
            },
            other => other.location(),
        }
    }
}

impl JsonAggConstructor {
    /// Nothing but a place.
    pub fn at(location: ParseLoc) -> Self {
        JsonAggConstructor {
            output: None,
            agg_filter: None,
            agg_order: Vec::new(),
            over: None,
            location,
        }
    }
}
