//! EXPLAIN: the plan of a statement as text.
use crate::{
    context::StatementContext,
    portal::Portal,
    sink::{ColumnDesc, RowShape},
};
use error::{PgResult, not_supported};
use parser::ast::{DefArg, ExplainStmt};
use types::{Datum, Oid, type_oid};

/// The one column.
pub(crate) fn columns(_cx: &StatementContext<'_>, stmt: &ExplainStmt) -> PgResult<RowShape> {
    let format =
        stmt.options.iter().rev().find(|o| o.defname == "format").and_then(|o| match &o.arg {
            Some(DefArg::String(s)) => Some(s.to_ascii_lowercase()),
            Some(DefArg::Names(names)) => names.last().map(|n| n.to_ascii_lowercase()),
            Some(DefArg::TypeName(t)) => t.names.last().map(|n| n.to_ascii_lowercase()),
            _ => None,
        });
    let typ = match format.as_deref() {
        Some("json") => type_oid::JSON,
        Some("xml") => type_oid::XML,
        _ => type_oid::TEXT,
    };
    Ok(vec![ColumnDesc {
        name: "QUERY PLAN".to_owned(),
        typ,
        typmod: -1,
        base_type: typ,
        base_typmod: -1,
        type_len: -1,
        table: Oid::INVALID,
        column: 0,
    }]
    .into())
}

/// The rows.
pub(crate) fn run(
    _cx: &StatementContext<'_>,
    _portal: &Portal,
    _stmt: &ExplainStmt,
) -> PgResult<Vec<Vec<Datum>>> {
    Err(not_supported!("EXPLAIN"))
}
