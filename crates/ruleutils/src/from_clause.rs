//! FROM: range table entries, joins and their aliases.
use crate::query::{BREAK, JOIN, QueryPrinter, subquery_text};
use catalog::{CatalogRead as _, quote_identifier};
use error::{PgError, PgResult, not_supported};
use nodes::{Expr, JoinExpr, JoinTreeNode, JoinType, Query, RangeTblEntry, RteKind};

const STD: i32 = 8;
const VAR: i32 = 4;

/// Appends the FROM clause, if there is anything in it.
pub(crate) fn print(q: &mut QueryPrinter<'_>, query: &Query) -> PgResult<()> {
    let mut first = true;
    for node in &query.jointree.fromlist {
        if let JoinTreeNode::RangeTblRef(rti) = node
            && !query.rte(*rti).in_from_cl
        {
            continue;
        }
        if first {
            q.keyword(" FROM ", -STD, STD, 2);
            first = false;
            item(q, query, node)?;
            continue;
        }
        q.out.push_str(", ");
        // The item is printed aside to see whether it fits.
        let before = q.out.len();
        item(q, query, node)?;
        let text = q.out.split_off(before);
        let options = q.p.options;
        if options.pretty_indent
            && options.wrap_column >= 0
            && !text.starts_with(BREAK)
            && q.too_wide(&text)
        {
            q.keyword("", -STD, STD, VAR);
        }
        q.out.push_str(&text);
    }
    Ok(())
}

fn item(q: &mut QueryPrinter<'_>, query: &Query, node: &JoinTreeNode) -> PgResult<()> {
    match node {
        JoinTreeNode::RangeTblRef(rti) => entry(q, query, *rti),
        JoinTreeNode::JoinExpr(join) => join_item(q, query, join),
        JoinTreeNode::FromExpr(_) => Err(PgError::internal("unexpected FromExpr in FROM")),
    }
}

fn entry(q: &mut QueryPrinter<'_>, query: &Query, rti: i32) -> PgResult<()> {
    let rte = query.rte(rti);
    if rte.lateral {
        q.out.push_str("LATERAL ");
    }
    let alias = q.names.aliases.get((rti - 1) as usize).cloned().unwrap_or_default();
    let text = match &rte.kind {
        RteKind::Relation { relid, .. } => {
            let relation = q.p.catalog.get_relation(*relid)?;
            let name = q.p.relation_name(relation.namespace, &relation.name, *relid)?;
            if rte.inh { name } else { format!("ONLY {name}") }
        }
        RteKind::Subquery { view: Some((relid, _)), .. } => {
            let relation = q.p.catalog.get_relation(*relid)?;
            q.p.relation_name(relation.namespace, &relation.name, *relid)?
        }
        RteKind::Subquery { subquery, .. } => {
            let options = crate::PrintOptions { indent: q.indent, ..q.p.options };
            let printer = crate::ExprPrinter {
                options,
                catalog: q.p.catalog,
                session: q.p.session,
                names: q.names,
            };
            format!("({})", subquery_text(&printer, subquery, Some(q.names))?)
        }
        RteKind::Function { functions, funcordinality } => {
            let mut texts = Vec::with_capacity(functions.len());
            for function in functions {
                texts.push(q.expr(&function.funcexpr, true)?);
            }
            let joined = match texts.as_slice() {
                [one] => one.clone(),
                all => format!("ROWS FROM({})", all.join(", ")),
            };
            if *funcordinality { format!("{joined} WITH ORDINALITY") } else { joined }
        }
        RteKind::Values { values_lists, .. } => format!("({})", q.values(values_lists)?),
        RteKind::Cte { ctename, .. } => quote_identifier(ctename),
        RteKind::TableFunc(_) => return Err(not_supported!("printing XMLTABLE and JSON_TABLE")),
        _ => return Err(PgError::internal("unrecognized range table entry in FROM")),
    };
    q.out.push_str(&text);
    let columns = q.names.columns.get((rti - 1) as usize).cloned().unwrap_or_default();
    let shows_alias = match &rte.kind {
        RteKind::Relation { relid, .. } => {
            rte.alias.is_some() || q.p.catalog.get_relation(*relid)?.name != alias
        }
        RteKind::Cte { ctename, .. } => rte.alias.is_some() || *ctename != alias,
        _ => true,
    };
    if shows_alias {
        q.out.push_str(&format!(" {}", quote_identifier(&alias)));
    }
    let text = column_aliases(q, rte, &columns)?;
    q.out.push_str(&text);
    Ok(())
}

/// Column aliases where they are not the columns' own names; column definitions of record functions.
fn column_aliases(
    q: &QueryPrinter<'_>,
    rte: &RangeTblEntry,
    columns: &[String],
) -> PgResult<String> {
    if let RteKind::Function { functions, .. } = &rte.kind
        && let [function] = functions.as_slice()
        && !function.funccolnames.is_empty()
    {
        let mut definitions = Vec::new();
        for (i, name) in columns.iter().enumerate().take(function.funccoltypes.len()) {
            let typ = q
                .p
                .catalog
                .format_type(function.funccoltypes[i], Some(function.funccoltypmods[i]))?;
            definitions.push(format!("{} {typ}", quote_identifier(name)));
        }
        return Ok(format!("({})", definitions.join(", ")));
    }
    let shows = match &rte.kind {
        RteKind::Relation { relid, .. } => {
            let relation = q.p.catalog.get_relation(*relid)?;
            relation.attrs.iter().zip(columns).any(|(a, c)| !a.dropped && a.name != *c)
        }
        RteKind::Values { .. } | RteKind::Function { .. } => true,
        RteKind::Subquery { view: None, .. } | RteKind::Cte { .. } => {
            rte.alias.as_ref().is_some_and(|a| !a.colnames.is_empty())
        }
        _ => false,
    };
    if !shows || columns.is_empty() {
        return Ok(String::new());
    }
    let names: Vec<String> =
        columns.iter().filter(|c| !c.is_empty()).map(|c| quote_identifier(c)).collect();
    Ok(format!("({})", names.join(", ")))
}

fn join_item(q: &mut QueryPrinter<'_>, query: &Query, join: &JoinExpr) -> PgResult<()> {
    let pretty = q.p.options.pretty_paren;
    let parens = !pretty || join.alias.is_some();
    if parens {
        q.out.push('(');
    }
    item(q, query, &join.larg)?;
    let keyword = match join.jointype {
        JoinType::Inner if join.quals.is_some() || !join.using_clause.is_empty() => " JOIN ",
        JoinType::Inner => " CROSS JOIN ",
        JoinType::Left => " LEFT JOIN ",
        JoinType::Full => " FULL JOIN ",
        JoinType::Right => " RIGHT JOIN ",
        _ => return Err(PgError::internal("unrecognized join type in a query")),
    };
    q.keyword(keyword, -STD, STD, JOIN);
    let right_parens = pretty
        && match &join.rarg {
            JoinTreeNode::RangeTblRef(_) => false,
            JoinTreeNode::JoinExpr(right) => right.alias.is_none(),
            JoinTreeNode::FromExpr(_) => true,
        };
    if right_parens {
        q.out.push('(');
    }
    item(q, query, &join.rarg)?;
    if right_parens {
        q.out.push(')');
    }
    if !join.using_clause.is_empty() {
        let names: Vec<String> = join.using_clause.iter().map(|n| quote_identifier(n)).collect();
        q.out.push_str(&format!(" USING ({})", names.join(", ")));
        if let Some(alias) = &join.join_using_alias {
            q.out.push_str(&format!(" AS {}", quote_identifier(&alias.aliasname)));
        }
    } else if let Some(quals) = &join.quals {
        let text = q.expr(quals, false)?;
        q.out.push_str(" ON ");
        q.out.push_str(&if pretty { text } else { wrap_once(text, quals) });
    } else if join.jointype != JoinType::Inner {
        q.out.push_str(" ON TRUE");
    }
    if parens {
        q.out.push(')');
    }
    if let Some(alias) = &join.alias {
        q.out.push_str(&format!(" {}", quote_identifier(&alias.aliasname)));
        if !alias.colnames.is_empty() {
            let names: Vec<String> = alias.colnames.iter().map(|n| quote_identifier(n)).collect();
            q.out.push_str(&format!("({})", names.join(", ")));
        }
    }
    Ok(())
}

/// The condition stands in parentheses of the clause's own, besides those of the expression.
fn wrap_once(text: String, _quals: &Expr) -> String {
    format!("({text})")
}
