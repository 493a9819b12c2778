//! SQL/JSON expressions and JSON_TABLE.
use super::{Alias, Expr, ParseLoc, SelectStmt, SortBy, TypeName, WindowDef, kind, node};

kind! {
    #[derive(Default)]
    pub enum JsonEncoding { #[default] Default, Utf8, Utf16, Utf32 }

    #[derive(Default)]
    pub enum JsonFormatType { #[default] Default, Json, Jsonb }

    pub enum JsonValueType { Any, Object, Array, Scalar }

    pub enum JsonExprOp { Exists, Query, Value, Table }

    pub enum JsonBehaviorType {
        Null, Error, Empty, True, False, Unknown, EmptyArray, EmptyObject, Default,
    }

    #[derive(Default)]
    pub enum JsonWrapper { #[default] Unspec, None, Conditional, Unconditional }

    #[derive(Default)]
    pub enum JsonQuotes { #[default] Unspec, Keep, Omit }

    pub enum JsonTableColumnType { ForOrdinality, Regular, Exists, Formatted, Nested }
}

node! {
    pub struct JsonFormat {
        pub format_type: JsonFormatType,
        pub encoding: JsonEncoding,
        pub location: ParseLoc,
    }

    /// RETURNING type FORMAT …
    pub struct JsonOutput {
        pub type_name: TypeName,
        pub format: JsonFormat,
    }

    pub struct JsonValueExpr {
        pub raw_expr: Expr,
        pub format: JsonFormat,
    }

    pub struct JsonBehavior {
        pub btype: JsonBehaviorType,
        pub expr: Option<Expr>,
        pub location: ParseLoc,
    }

    /// PASSING value AS name
    pub struct JsonArgument {
        pub val: JsonValueExpr,
        pub name: String,
    }

    pub struct JsonKeyValue {
        pub key: Expr,
        pub value: JsonValueExpr,
    }

    pub struct JsonIsPredicate {
        pub expr: Expr,
        pub format: JsonFormat,
        pub item_type: JsonValueType,
        pub unique_keys: bool,
        pub location: ParseLoc,
    }

    /// JSON_EXISTS, JSON_QUERY, JSON_VALUE.
    pub struct JsonFuncExpr {
        pub op: JsonExprOp,
        pub column_name: Option<String>,
        pub context_item: JsonValueExpr,
        pub pathspec: Expr,
        pub passing: Vec<JsonArgument>,
        pub output: Option<JsonOutput>,
        pub on_empty: Option<JsonBehavior>,
        pub on_error: Option<JsonBehavior>,
        pub wrapper: JsonWrapper,
        pub quotes: JsonQuotes,
        pub location: ParseLoc,
    }

    pub struct JsonParseExpr {
        pub expr: JsonValueExpr,
        pub output: Option<JsonOutput>,
        pub unique_keys: bool,
        pub location: ParseLoc,
    }

    pub struct JsonScalarExpr {
        pub expr: Expr,
        pub output: Option<JsonOutput>,
        pub location: ParseLoc,
    }

    pub struct JsonSerializeExpr {
        pub expr: JsonValueExpr,
        pub output: Option<JsonOutput>,
        pub location: ParseLoc,
    }

    pub struct JsonObjectConstructor {
        pub exprs: Vec<JsonKeyValue>,
        pub output: Option<JsonOutput>,
        pub absent_on_null: bool,
        pub unique: bool,
        pub location: ParseLoc,
    }

    pub struct JsonArrayConstructor {
        pub exprs: Vec<JsonValueExpr>,
        pub output: Option<JsonOutput>,
        pub absent_on_null: bool,
        pub location: ParseLoc,
    }

    pub struct JsonArrayQueryConstructor {
        pub query: Box<SelectStmt>,
        pub output: Option<JsonOutput>,
        pub format: JsonFormat,
        pub absent_on_null: bool,
        pub location: ParseLoc,
    }

    pub struct JsonAggConstructor {
        pub output: Option<JsonOutput>,
        pub agg_filter: Option<Expr>,
        pub agg_order: Vec<SortBy>,
        pub over: Option<Box<WindowDef>>,
        pub location: ParseLoc,
    }

    pub struct JsonObjectAgg {
        pub constructor: JsonAggConstructor,
        pub arg: JsonKeyValue,
        pub absent_on_null: bool,
        pub unique: bool,
    }

    pub struct JsonArrayAgg {
        pub constructor: JsonAggConstructor,
        pub arg: JsonValueExpr,
        pub absent_on_null: bool,
    }

    pub struct JsonTablePathSpec {
        pub string: String,
        pub name: Option<String>,
        pub name_location: ParseLoc,
        pub location: ParseLoc,
    }

    pub struct JsonTableColumn {
        pub coltype: JsonTableColumnType,
        pub name: Option<String>,
        pub type_name: Option<TypeName>,
        pub pathspec: Option<JsonTablePathSpec>,
        pub format: JsonFormat,
        pub wrapper: JsonWrapper,
        pub quotes: JsonQuotes,
        /// Columns of NESTED.
        pub columns: Vec<JsonTableColumn>,
        pub on_empty: Option<JsonBehavior>,
        pub on_error: Option<JsonBehavior>,
        pub location: ParseLoc,
    }

    /// JSON_TABLE in FROM.
    pub struct JsonTable {
        pub context_item: JsonValueExpr,
        pub pathspec: JsonTablePathSpec,
        pub passing: Vec<JsonArgument>,
        pub columns: Vec<JsonTableColumn>,
        pub on_error: Option<JsonBehavior>,
        pub alias: Option<Alias>,
        pub lateral: bool,
        pub location: ParseLoc,
    }
}

impl JsonFormat {
    /// No FORMAT clause.
    pub fn unspecified() -> Self {
        JsonFormat {
            format_type: JsonFormatType::Default,
            encoding: JsonEncoding::Default,
            location: -1,
        }
    }
}
