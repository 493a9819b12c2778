//! Names of result columns that have no AS.
use parser::ast::{self, Indirection};

/// The name a result column gets without AS.
pub fn figure_colname(raw: &ast::Expr) -> String {
    figure_name(raw).map_or_else(|| "?column?".to_owned(), |(name, _)| name)
}

/// The name an expression suggests for an index column, if any.
pub fn figure_index_colname(raw: &ast::Expr) -> Option<String> {
    figure_name(raw).map(|(name, _)| name)
}

/// Name and whether it is a strong choice (a column or function rather than a cast's type).
fn figure_name(raw: &ast::Expr) -> Option<(String, bool)> {
    use ast::Expr as E;
    let strong = |name: &str| Some((name.to_owned(), true));
    match raw {
        E::ColumnRef(c) => c.fields.last().and_then(|name| strong(name)),
        E::AIndirection(ind) => {
            let field = ind.indirection.iter().rev().find_map(|i| match i {
                Indirection::Field(name) => Some(name),
                _ => None,
            });
            match field {
                Some(name) => strong(name),
                None => figure_name(&ind.arg),
            }
        }
        E::FuncCall(f) => f.funcname.last().and_then(|name| strong(name)),
        E::AExpr(e) if e.kind == ast::AExprKind::NullIf => strong("nullif"),
        E::TypeCast(c) => match figure_name(&c.arg) {
            Some((name, true)) => Some((name, true)),
            _ => c.type_name.names.last().map(|name| (name.clone(), false)),
        },
        E::CollateClause(c) => c.arg.as_ref().and_then(figure_name),
        E::GroupingFunc(_) => strong("grouping"),
        E::MergeSupportFunc(_) => strong("merge_action"),
        E::SubLink(s) => match s.sub_link_type {
            ast::SubLinkType::Exists => strong("exists"),
            ast::SubLinkType::Array => strong("array"),
            ast::SubLinkType::Expr => subselect_name(&s.subselect),
            _ => None,
        },
        E::CaseExpr(c) => match c.defresult.as_ref().and_then(figure_name) {
            Some((name, true)) => Some((name, true)),
            _ => Some(("case".to_owned(), false)),
        },
        E::AArrayExpr(_) => strong("array"),
        E::RowExpr(_) => strong("row"),
        E::CoalesceExpr(_) => strong("coalesce"),
        E::MinMaxExpr(m) => strong(match m.op {
            ast::MinMaxOp::Greatest => "greatest",
            ast::MinMaxOp::Least => "least",
        }),
        E::SQLValueFunction(f) => strong(sql_value_function_name(f.op)),
        E::XmlExpr(x) => match x.op {
            ast::XmlExprOp::Concat => strong("xmlconcat"),
            ast::XmlExprOp::Element => strong("xmlelement"),
            ast::XmlExprOp::Forest => strong("xmlforest"),
            ast::XmlExprOp::Parse => strong("xmlparse"),
            ast::XmlExprOp::Pi => strong("xmlpi"),
            ast::XmlExprOp::Root => strong("xmlroot"),
            _ => None,
        },
        E::XmlSerialize(_) => strong("xmlserialize"),
        E::JsonParseExpr(_) => strong("json"),
        E::JsonScalarExpr(_) => strong("json_scalar"),
        E::JsonSerializeExpr(_) => strong("json_serialize"),
        E::JsonObjectConstructor(_) => strong("json_object"),
        E::JsonArrayConstructor(_) | E::JsonArrayQueryConstructor(_) => strong("json_array"),
        E::JsonObjectAgg(_) => strong("json_objectagg"),
        E::JsonArrayAgg(_) => strong("json_arrayagg"),
        E::JsonFuncExpr(f) => match f.op {
            ast::JsonExprOp::Exists => strong("json_exists"),
            ast::JsonExprOp::Query => strong("json_query"),
            ast::JsonExprOp::Value => strong("json_value"),
            ast::JsonExprOp::Table => None,
        },
        _ => None,
    }
}

/// A scalar subselect takes its single column's name.
fn subselect_name(select: &ast::SelectStmt) -> Option<(String, bool)> {
    let mut leftmost = select;
    while let Some(left) = &leftmost.larg {
        leftmost = left;
    }
    if !leftmost.values_lists.is_empty() {
        return Some(("column1".to_owned(), true));
    }
    let target = leftmost.target_list.first()?;
    if let Some(name) = &target.name {
        return Some((name.clone(), true));
    }
    target.val.as_ref().and_then(figure_name)
}

fn sql_value_function_name(op: ast::SQLValueFunctionOp) -> &'static str {
    use ast::SQLValueFunctionOp as O;
    match op {
        O::CurrentDate => "current_date",
        O::CurrentTime | O::CurrentTimeN => "current_time",
        O::CurrentTimestamp | O::CurrentTimestampN => "current_timestamp",
        O::LocalTime | O::LocalTimeN => "localtime",
        O::LocalTimestamp | O::LocalTimestampN => "localtimestamp",
        O::CurrentRole => "current_role",
        O::CurrentUser => "current_user",
        O::User => "user",
        O::SessionUser => "session_user",
        O::CurrentCatalog => "current_catalog",
        O::CurrentSchema => "current_schema",
    }
}
