//! SQL/JSON expressions and the row source of JSON_TABLE.
use crate::expr::{Const, Expr};
pub use parser::ast::{
    JsonBehaviorType, JsonEncoding, JsonExprOp, JsonFormat, JsonFormatType, JsonValueType,
    JsonWrapper,
};
use serde::{Deserialize, Serialize};
use types::Oid;

/// RETURNING.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JsonReturning {
    pub format: JsonFormat,
    /// INVALID until a default is chosen.
    pub typid: Oid,
    pub typmod: i32,
}

/// A value with its FORMAT: as written, and as the expression that computes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JsonValueExpr {
    pub raw_expr: Expr,
    pub formatted_expr: Expr,
    pub format: JsonFormat,
}

/// JSON_EXISTS / JSON_QUERY / JSON_VALUE, and the document of JSON_TABLE.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JsonExpr {
    pub op: JsonExprOp,
    /// The JSON_TABLE column this computes.
    pub column_name: Option<String>,
    pub formatted_expr: Expr,
    /// FORMAT of the document.
    pub format: JsonFormat,
    pub path_spec: Expr,
    pub passing_names: Vec<String>,
    pub passing_values: Vec<Expr>,
    pub returning: JsonReturning,
    pub on_empty: Option<JsonBehavior>,
    pub on_error: Option<JsonBehavior>,
    /// The result becomes the RETURNING type as jsonb_populate_record() makes values.
    pub use_json_coercion: bool,
    /// The result becomes the RETURNING type by its input function.
    pub use_io_coercion: bool,
    pub wrapper: JsonWrapper,
    pub omit_quotes: bool,
    pub collation: Oid,
    pub location: i32,
}

/// ON EMPTY / ON ERROR.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JsonBehavior {
    pub btype: JsonBehaviorType,
    pub expr: Option<Expr>,
    /// The value has to be coerced when it is used.
    pub coerce: bool,
    pub location: i32,
}

/// Which constructor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum JsonConstructorType {
    JsonObject,
    JsonArray,
    JsonObjectAgg,
    JsonArrayAgg,
    JsonParse,
    JsonScalar,
    JsonSerialize,
}

/// JSON(), JSON_OBJECT(), JSON_ARRAY() …: computed from `args`, or by `func` for aggregates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JsonConstructorExpr {
    pub ctor: JsonConstructorType,
    pub args: Vec<Expr>,
    pub func: Option<Expr>,
    /// Over a CaseTestExpr, the cast to the RETURNING type.
    pub coercion: Option<Expr>,
    pub returning: JsonReturning,
    pub absent_on_null: bool,
    pub unique: bool,
    pub location: i32,
}

impl JsonConstructorExpr {
    /// Whether jsonb is built rather than json.
    pub fn is_jsonb(&self) -> bool {
        self.returning.format.format_type == JsonFormatType::Jsonb
    }
}

/// IS JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JsonIsPredicate {
    pub expr: Expr,
    pub item_type: JsonValueType,
    pub unique_keys: bool,
    pub location: i32,
}

/// How the rows of JSON_TABLE come about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum JsonTablePlan {
    /// One row for each item that a path finds, with the rows of nested paths.
    PathScan(Box<JsonTablePathScan>),
    /// The rows of one nested path, then those of another.
    SiblingJoin(Box<JsonTablePlan>, Box<JsonTablePlan>),
}

/// A path of JSON_TABLE.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JsonTablePathScan {
    /// The jsonpath.
    pub path: Const,
    pub name: String,
    /// ERROR ON ERROR; significant at the top only.
    pub error_on_error: bool,
    pub child: Option<JsonTablePlan>,
    /// First and last of `TableFunc::colvalexprs` that this path computes; -1 for none.
    pub col_min: i32,
    pub col_max: i32,
}
