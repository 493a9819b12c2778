//! SQL/JSON expressions.
use crate::parse_state::Analyzer;
use error::{PgResult, not_supported};
use nodes::Expr;
use parser::ast;

macro_rules! not_yet {
    ($($name:ident($t:ident) $what:literal),* $(,)?) => {
        impl Analyzer<'_> { $(
            pub(crate) fn $name(&mut self, _x: &ast::$t) -> PgResult<Expr> {
                Err(not_supported!($what))
            }
        )* }
    };
}

not_yet! {
    transform_json_is_predicate(JsonIsPredicate) "IS JSON",
    transform_json_func_expr(JsonFuncExpr) "SQL/JSON query functions",
    transform_json_parse_expr(JsonParseExpr) "JSON()",
    transform_json_scalar_expr(JsonScalarExpr) "JSON_SCALAR()",
    transform_json_serialize_expr(JsonSerializeExpr) "JSON_SERIALIZE()",
    transform_json_object_constructor(JsonObjectConstructor) "JSON_OBJECT()",
    transform_json_array_constructor(JsonArrayConstructor) "JSON_ARRAY()",
    transform_json_array_query(JsonArrayQueryConstructor) "JSON_ARRAY(query)",
    transform_json_object_agg(JsonObjectAgg) "JSON_OBJECTAGG()",
    transform_json_array_agg(JsonArrayAgg) "JSON_ARRAYAGG()",
}
