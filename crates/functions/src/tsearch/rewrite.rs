//! ts_rewrite: parts of a query replaced by others.
use super::query_tree::QueryNode;
use super::{query, query_datum};
use error::{PgResult, bail};
use fmgr::Registry;
use types::{tsearch::TsQuery, type_oid as t};

fn rewrite(
    tree: QueryNode,
    target: &TsQuery,
    substitute: Option<&TsQuery>,
) -> PgResult<Option<QueryNode>> {
    let substitute = substitute.map(QueryNode::new);
    tree.replace(&QueryNode::normalized(target), substitute.as_ref())
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("tsquery_rewrite", |_cx, a| {
        let (Some(q), Some(target)) = (query(&a[0]), query(&a[1])) else {
            return Ok(a[0].take());
        };
        let tree = rewrite(QueryNode::normalized(&q), &target, query(&a[2]).as_ref())?;
        Ok(query_datum(tree.and_then(|t| t.to_query()).as_ref()))
    });
    r.scalar("tsquery_rewrite_query", |cx, a| {
        let Some(q) = query(&a[0]) else { return Ok(a[0].take()) };
        let result = cx.session.spi().execute(a[1].as_str(), &[], true, 0)?;
        let columns: Vec<_> = result.columns.iter().map(|c| c.1).collect();
        if columns != [t::TSQUERY, t::TSQUERY] {
            bail!(INVALID_PARAMETER_VALUE, "ts_rewrite query must return two tsquery columns");
        }
        let mut tree = Some(QueryNode::normalized(&q));
        for row in &result.rows {
            let Some(node) = tree.take() else { break };
            if row.iter().any(types::Datum::is_null) {
                tree = Some(node);
                continue;
            }
            tree = match query(&row[0]) {
                Some(target) => rewrite(node, &target, query(&row[1]).as_ref())?,
                None => Some(node),
            };
            if let Some(node) = &mut tree {
                node.settle();
            }
        }
        Ok(query_datum(tree.and_then(|t| t.to_query()).as_ref()))
    });
}
