//! Definitions as SQL of partition bounds, extended statistics and SQL-standard function bodies.
use super::catalog;
use catalog::{
    CatalogRead, PartitionBound, RangeBoundValue, RelationDesc, quote_identifier, quote_literal,
    quote_qualified, schema,
};
use error::PgResult;
use fmgr::{CallContext, Registry};
use nodes::{Expr, stored::from_stored};
use ruleutils::{DeparseContext, Pretty, deparse_expr};
use std::sync::Arc;
use types::{Datum, Oid, type_oid};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("pg_get_function_sqlbody", |cx, a| {
        let Some(proc_) = catalog(cx)?.lookup_proc(a[0].as_oid())? else { return Ok(Datum::Null) };
        let Some(body) = &proc_.sqlbody else { return Ok(Datum::Null) };
        ruleutils::sql_body(catalog(cx)?, cx.session, body).map(|t| Datum::text(&t))
    });
    r.scalar("pg_get_statisticsobjdef", |cx, a| statistics(cx, a[0].as_oid(), true));
    r.scalar("pg_get_statisticsobjdef_columns", |cx, a| statistics(cx, a[0].as_oid(), false));
    r.scalar("pg_get_statisticsobjdef_expressions", statistics_expressions);
}

fn print_expr(cx: &CallContext<'_>, expr: &Expr, relid: Oid, pretty: Pretty) -> PgResult<String> {
    let at = DeparseContext { relation: relid.valid(), pretty, ..DeparseContext::default() };
    deparse_expr(catalog(cx)?, cx.session, expr, &at)
}

/// `FOR VALUES …` of a partition.
pub(crate) fn partition_bound(
    cx: &CallContext<'_>,
    partition: &RelationDesc,
    bound: &PartitionBound,
) -> PgResult<String> {
    let catalog = catalog(cx)?;
    let parent = match catalog.inheritance_parents(partition.oid)?.first() {
        Some(parent) => catalog.relation(*parent)?,
        None => None,
    };
    let types = match parent.as_ref().and_then(|p| p.partition_key.as_ref()) {
        Some(key) => key_types(parent.as_ref(), key),
        None => Vec::new(),
    };
    let typ = |at: usize| types.get(at).copied().unwrap_or(type_oid::TEXT);
    let range = |values: &[RangeBoundValue]| -> PgResult<String> {
        let parts: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(at, value)| match value {
                RangeBoundValue::MinValue => Ok("MINVALUE".to_owned()),
                RangeBoundValue::MaxValue => Ok("MAXVALUE".to_owned()),
                RangeBoundValue::Value(value) => bound_value(cx, typ(at), value),
            })
            .collect::<PgResult<_>>()?;
        Ok(parts.join(", "))
    };
    Ok(match bound {
        PartitionBound::Default => "DEFAULT".to_owned(),
        PartitionBound::Hash { modulus, remainder } => {
            format!("FOR VALUES WITH (modulus {modulus}, remainder {remainder})")
        }
        PartitionBound::List(values) => {
            let parts: Vec<String> =
                values.iter().map(|v| bound_value(cx, typ(0), v)).collect::<PgResult<_>>()?;
            format!("FOR VALUES IN ({})", parts.join(", "))
        }
        PartitionBound::Range { from, to } => {
            format!("FOR VALUES FROM ({}) TO ({})", range(from)?, range(to)?)
        }
    })
}

fn key_types(parent: Option<&Arc<RelationDesc>>, key: &catalog::PartitionKey) -> Vec<Oid> {
    let mut exprs = key.exprs.iter();
    key.attrs
        .iter()
        .map(|num| match num {
            0 => exprs.next().map_or(Oid::INVALID, Expr::typ),
            num => parent.and_then(|p| p.attr(*num)).map_or(Oid::INVALID, |a| a.typ),
        })
        .collect()
}

/// A constant without its type: numbers that read back as they are stand bare.
fn bound_value(cx: &CallContext<'_>, typ: Oid, value: &Datum) -> PgResult<String> {
    if value.is_null() {
        return Ok("NULL".to_owned());
    }
    let mut out = Vec::new();
    cx.session.type_output(typ, value, &mut out)?;
    let text = String::from_utf8_lossy(&out).into_owned();
    let digit_first = text.starts_with(|c: char| c.is_ascii_digit());
    Ok(match typ {
        type_oid::INT4 if !text.starts_with('-') => text,
        type_oid::NUMERIC if digit_first && text.contains(['.', 'e', 'E']) => text,
        type_oid::BOOL if text == "t" => "true".to_owned(),
        type_oid::BOOL => "false".to_owned(),
        _ => quote_literal(&text),
    })
}

/// Columns and expressions of extended statistics.
fn statistics_keys(
    cx: &CallContext<'_>,
    row: &catalog::CatalogRow,
) -> PgResult<(Vec<String>, Vec<String>)> {
    use schema::pg_statistic_ext::{STXEXPRS, STXKEYS, STXRELID};
    let relation = catalog(cx)?.get_relation(row.oid(STXRELID))?;
    let mut columns = Vec::new();
    if let Datum::Array(keys) = &row.values[STXKEYS] {
        for key in &keys.elems {
            let attr = relation.attr(key.as_i16());
            columns.push(attr.map_or_else(String::new, |a| quote_identifier(&a.name)));
        }
    }
    let mut exprs = Vec::new();
    if let Datum::Bytes(tree) = &row.values[STXEXPRS] {
        let tree = String::from_utf8_lossy(tree.as_bytes()).into_owned();
        for expr in from_stored::<Vec<Expr>>(&tree)? {
            let pretty = Pretty { paren: true, ..Pretty::NONE };
            exprs.push((print_expr(cx, &expr, relation.oid, pretty)?, expr));
        }
    }
    let exprs = exprs
        .into_iter()
        .map(|(text, expr)| match &expr {
            Expr::FuncExpr(f) if f.funcformat == nodes::CoercionForm::ExplicitCall => text,
            _ => format!("({text})"),
        })
        .collect();
    Ok((columns, exprs))
}

/// CREATE STATISTICS, or only what follows ON.
fn statistics(cx: &CallContext<'_>, oid: Oid, whole: bool) -> PgResult<Datum> {
    use schema::pg_statistic_ext::*;
    let catalog = catalog(cx)?;
    let Some(row) = catalog.row_by_oid(RELID, oid)? else { return Ok(Datum::Null) };
    let (columns, exprs) = statistics_keys(cx, &row)?;
    let list = [columns.as_slice(), exprs.as_slice()].concat().join(", ");
    if !whole {
        return Ok(Datum::text(&list));
    }
    let schema = catalog.namespace_name(row.oid(STXNAMESPACE))?;
    let name = quote_qualified(schema.as_deref(), row.values[STXNAME].as_str());
    let kinds: Vec<u8> = match &row.values[STXKIND] {
        Datum::Array(kinds) => kinds.elems.iter().map(Datum::as_char).collect(),
        _ => Vec::new(),
    };
    let named: Vec<&str> = [(b'd', "ndistinct"), (b'f', "dependencies"), (b'm', "mcv")]
        .iter()
        .filter(|(letter, _)| kinds.contains(letter))
        .map(|(_, name)| *name)
        .collect();
    // All kinds are the default, and statistics of one expression have none.
    let kinds = match named.len() {
        3 => String::new(),
        _ if columns.len() + exprs.len() < 2 => String::new(),
        _ => format!(" ({})", named.join(", ")),
    };
    let relation = catalog.get_relation(row.oid(STXRELID))?;
    let table = catalog.qualified_name(schema::pg_class::RELID, relation.oid)?.unwrap_or_default();
    Ok(Datum::text(&format!("CREATE STATISTICS {name}{kinds} ON {list} FROM {table}")))
}

fn statistics_expressions(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    let class = schema::pg_statistic_ext::RELID;
    let Some(row) = catalog(cx)?.row_by_oid(class, a[0].as_oid())? else { return Ok(Datum::Null) };
    let (_, exprs) = statistics_keys(cx, &row)?;
    Ok(match exprs.is_empty() {
        true => Datum::Null,
        false => super::text_array(&exprs),
    })
}
