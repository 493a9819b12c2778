//! Partition trees: pg_partition_tree, pg_partition_ancestors, pg_partition_root.
use super::catalog;
use catalog::{Catalog, CatalogRead};
use error::PgResult;
use fmgr::{CallContext, Registry, RowSource, VecRowSource};
use types::{Datum, Oid};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.set("pg_partition_tree", tree);
    r.set("pg_partition_ancestors", |cx, a| {
        let (catalog, oid) = (catalog(cx)?, a[0].as_oid());
        if !in_a_tree(catalog, oid)? {
            return Ok(VecRowSource::boxed(Vec::new()));
        }
        let mut chain = vec![oid];
        chain.extend(ancestors(catalog, oid)?);
        Ok(VecRowSource::scalars(chain.into_iter().map(Datum::Oid).collect()))
    });
    r.scalar("pg_partition_root", |cx, a| {
        let (catalog, oid) = (catalog(cx)?, a[0].as_oid());
        if !in_a_tree(catalog, oid)? {
            return Ok(Datum::Null);
        }
        Ok(Datum::Oid(ancestors(catalog, oid)?.last().copied().unwrap_or(oid)))
    });
}

/// Whether the relation has partitions or is one.
fn in_a_tree(catalog: &Catalog, oid: Oid) -> PgResult<bool> {
    Ok(catalog.relation(oid)?.is_some_and(|r| r.is_partition || is_parent(r.relkind)))
}

fn is_parent(relkind: char) -> bool {
    matches!(relkind, 'p' | 'I')
}

/// Whose partition it is, and so on up to the root.
fn ancestors(catalog: &Catalog, oid: Oid) -> PgResult<Vec<Oid>> {
    let (mut chain, mut at) = (Vec::new(), oid);
    while catalog.relation(at)?.is_some_and(|r| r.is_partition) {
        match catalog.inheritance_parents(at)?.first() {
            Some(parent) => at = *parent,
            None => break,
        }
        chain.push(at);
    }
    Ok(chain)
}

fn tree(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Box<dyn RowSource>> {
    let (catalog, root) = (catalog(cx)?, a[0].as_oid());
    if !in_a_tree(catalog, root)? {
        return Ok(VecRowSource::boxed(Vec::new()));
    }
    // Level by level, children in OID order.
    let mut found = vec![(root, ancestors(catalog, root)?.first().copied(), 0)];
    let mut rows = Vec::new();
    let mut next = 0;
    while let Some((oid, parent, level)) = found.get(next).copied() {
        next += 1;
        let relkind = catalog.get_relation(oid)?.relkind;
        rows.push(vec![
            Datum::Oid(oid),
            parent.map_or(Datum::Null, Datum::Oid),
            Datum::Bool(!is_parent(relkind)),
            Datum::Int4(level),
        ]);
        for child in catalog.inheritance_children(oid)?.iter() {
            found.push((*child, Some(oid), level + 1));
        }
    }
    Ok(VecRowSource::boxed(rows))
}
