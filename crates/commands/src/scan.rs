//! Passes over a table's rows that definitions need: filling an index, checking a new constraint.
use crate::UtilityContext;
use catalog::{CatalogRead, IndexDesc, RelationDesc};
use error::{PgError, PgResult, err};
use std::sync::Arc;
use table::{Heap, IndexBuilder, Rowid};
use types::{Datum, Oid};

/// Rows of a table in the order of its heap, with their ids.
pub(crate) fn for_each_row(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    row: &mut dyn FnMut(Rowid, &[Datum]) -> PgResult<()>,
) -> PgResult<()> {
    let Some(physical) = &table.physical else { return Ok(()) };
    let tx = cx.txn()?;
    let snapshot = tx.latest_snapshot();
    let mut scan = Heap::new(physical.clone()).scan(&tx, &snapshot)?;
    let mut values = Vec::new();
    while scan.advance()? {
        cx.session.check_interrupts()?;
        scan.decode_all(&mut values)?;
        row(scan.rowid(), &values)?;
    }
    Ok(())
}

/// Fills an index that has just been made.
pub(crate) fn build_index(cx: &UtilityContext<'_>, table: Oid, index: Oid) -> PgResult<()> {
    let table = cx.catalog.get_relation(table)?;
    let Some(desc) = table.indexes.iter().find(|i| i.oid == index).cloned() else {
        return Err(PgError::internal(format!("index {index} is not among its table's")));
    };
    let tx = cx.txn()?;
    let memory = cx.services.exec_settings().work_mem;
    let mut builder = IndexBuilder::new(desc.physical.clone(), &tx, memory);
    let mut count: u64 = 0;
    if desc.exprs.is_empty() && desc.predicate.is_empty() {
        let mut entry = Vec::with_capacity(desc.columns.len());
        for_each_row(cx, &table, &mut |rowid, values| {
            entry.clear();
            for column in &desc.columns {
                entry.push(values[column.attnum as usize - 1].clone());
            }
            count += 1;
            builder.add(&entry, rowid)
        })?;
    } else {
        let query = entry_query(&table, &desc);
        cx.services.run_query(&query, &mut |mut values| {
            let rowid = match values.pop() {
                Some(Datum::Int8(tid)) => Rowid::from_tid(tid),
                _ => None,
            };
            let rowid = rowid.ok_or_else(|| PgError::internal("row without an id"))?;
            count += 1;
            builder.add(&values, rowid)
        })?;
    }
    if let Some((first, _)) = builder.finish()? {
        return Err(not_unique(cx, &table, &desc, first)?);
    }
    cx.catalog.set_relation_stats(index, 1, count as f32, 0)?;
    Ok(())
}

#[cold]
fn not_unique(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    index: &IndexDesc,
    rowid: Rowid,
) -> PgResult<PgError> {
    let mut e = err!(UNIQUE_VIOLATION, "could not create unique index \"{}\"", index.name);
    let mut row = Vec::new();
    if let Some(physical) = &table.physical {
        let tx = cx.txn()?;
        Heap::new(physical.clone()).fetch(&tx, &tx.latest_snapshot(), rowid, &mut row)?;
    }
    let keys = &index.columns[..index.n_key];
    if !row.is_empty() && keys.iter().all(|c| c.attnum > 0) {
        let names: Vec<&str> = keys.iter().map(|c| c.name.as_str()).collect();
        let mut values = Vec::new();
        for column in keys {
            let mut text = Vec::new();
            match &row[column.attnum as usize - 1] {
                Datum::Null => text.extend_from_slice(b"null"),
                value => cx.session.type_output(column.typ, value, &mut text)?,
            }
            values.push(String::from_utf8_lossy(&text).into_owned());
        }
        e = e.detail(format!("Key ({})=({}) is duplicated.", names.join(", "), values.join(", ")));
    }
    let schema = cx.catalog.namespace_name(table.namespace)?.unwrap_or_default();
    Ok(e.table(schema, table.name.clone()).constraint(index.name.clone()))
}

/// `SELECT columns and expressions of the index, ctid FROM ONLY table WHERE predicate`, analysed.
fn entry_query(table: &RelationDesc, index: &IndexDesc) -> nodes::Query {
    let mut exprs = index.exprs.iter();
    let mut targets: Vec<nodes::Expr> = Vec::with_capacity(index.columns.len() + 1);
    for column in &index.columns {
        let var = match table.attr(column.attnum) {
            Some(a) => Some(query::var(a.num, a.typ, a.typmod, a.collation)),
            None => exprs.next().cloned(),
        };
        targets.extend(var);
    }
    targets.push(query::var(-1, types::type_oid::TID, -1, Oid::INVALID));
    query::select_from(table, targets, index.predicate.to_vec())
}

/// Queries over one table, built from analysed expressions.
pub(crate) mod query {
    use catalog::RelationDesc;
    use nodes::*;
    use types::Oid;

    /// A column of the table, as range table entry 1.
    pub(crate) fn var(attnum: i16, typ: Oid, typmod: i32, collation: Oid) -> Expr {
        Expr::Var(Var {
            varno: 1,
            varattno: attnum,
            vartype: typ,
            vartypmod: typmod,
            varcollid: collation,
            varnullingrels: Vec::new(),
            varlevelsup: 0,
            varreturningtype: VarReturningType::default(),
            varnosyn: 1,
            varattnosyn: attnum,
            location: -1,
        })
    }

    /// `SELECT targets FROM ONLY table WHERE all quals`.
    pub(crate) fn select_from(
        table: &RelationDesc,
        targets: Vec<Expr>,
        mut quals: Vec<Expr>,
    ) -> Query {
        let quals = match quals.len() {
            0 => None,
            1 => quals.pop(),
            _ => Some(Expr::BoolExpr(Box::new(BoolExpr {
                boolop: BoolExprType::And,
                args: quals,
                location: -1,
            }))),
        };
        let target_list = targets
            .into_iter()
            .enumerate()
            .map(|(i, expr)| TargetEntry {
                expr,
                resno: i as i16 + 1,
                resname: Some(format!("c{}", i + 1)),
                ressortgroupref: 0,
                resorigtbl: Oid::INVALID,
                resorigcol: 0,
                resjunk: false,
            })
            .collect();
        let name = |a: &catalog::Attribute| match a.dropped {
            true => String::new(),
            false => a.name.clone(),
        };
        let rte = RangeTblEntry {
            kind: RteKind::Relation {
                relid: table.oid,
                relkind: table.relkind,
                rellockmode: 1,
                perminfoindex: 0,
                tablesample: None,
            },
            alias: None,
            eref: Alias {
                aliasname: table.name.clone(),
                colnames: table.attrs.iter().map(name).collect(),
            },
            lateral: false,
            inh: false,
            in_from_cl: true,
            security_quals: Vec::new(),
        };
        Query {
            command_type: CmdType::Select,
            can_set_tag: true,
            rtable: vec![rte],
            jointree: FromExpr { fromlist: vec![JoinTreeNode::RangeTblRef(1)], quals },
            target_list,
            ..Query::default()
        }
    }
}

/// Runs a query made from text; it must come from this crate, with quoted names.
pub(crate) fn run_sql(
    cx: &UtilityContext<'_>,
    sql: &str,
    row: &mut dyn FnMut(Vec<Datum>) -> PgResult<()>,
) -> PgResult<u64> {
    let stmts = parser::parse(sql, &parser::ParserOptions::default())?;
    let Some(raw) = stmts.into_iter().next() else { return Ok(0) };
    let mut acx = analyzer::AnalyzeContext { source_text: sql, ..cx.analyze_context() };
    let query = analyzer::analyze(&mut acx, &raw)?;
    cx.services.run_query(&query, row)
}

/// A relation's name for [`run_sql`].
pub(crate) fn quoted_name(cx: &UtilityContext<'_>, relation: &RelationDesc) -> PgResult<String> {
    let schema = cx.catalog.namespace_name(relation.namespace)?.unwrap_or_default();
    Ok(format!(
        "{}.{}",
        catalog::quote_identifier(&schema),
        catalog::quote_identifier(&relation.name)
    ))
}

/// Fails when a row does not satisfy a condition (a NULL result does).
pub(crate) fn check_condition(
    cx: &UtilityContext<'_>,
    table: &Arc<RelationDesc>,
    condition: &nodes::Expr,
    violated: impl Fn() -> PgError,
) -> PgResult<()> {
    let not = nodes::Expr::BoolExpr(Box::new(nodes::BoolExpr {
        boolop: nodes::BoolExprType::Not,
        args: vec![condition.clone()],
        location: -1,
    }));
    let query = query::select_from(
        table,
        vec![query::var(-1, types::type_oid::TID, -1, Oid::INVALID)],
        vec![not],
    );
    cx.services.run_query(&query, &mut |_| Err(violated()))?;
    Ok(())
}
