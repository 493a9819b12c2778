//! pg_table_is_visible and its kin: is the object what its bare name means on the search path?
use catalog::{Catalog, CatalogRead};
use error::PgResult;
use fmgr::Registry;
use types::{Datum, Oid};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("pg_table_is_visible", |cx, a| {
        let (catalog, oid) = (super::catalog(cx)?, a[0].as_oid());
        let Some(rel) = catalog.relation(oid)? else { return Ok(Datum::Null) };
        Ok(Datum::Bool(catalog.relation_in_path(&rel.name)? == Some(oid)))
    });
    r.scalar("pg_type_is_visible", |cx, a| {
        let (catalog, oid) = (super::catalog(cx)?, a[0].as_oid());
        let Some(typ) = catalog.lookup_type(oid)? else { return Ok(Datum::Null) };
        Ok(Datum::Bool(catalog.type_in_path(&typ.name)?.is_some_and(|t| t.oid == oid)))
    });
    r.scalar("pg_function_is_visible", |cx, a| {
        let (catalog, oid) = (super::catalog(cx)?, a[0].as_oid());
        let Some(proc_) = catalog.lookup_proc(oid)? else { return Ok(Datum::Null) };
        let others = catalog.procs_by_name(&proc_.name)?;
        let same = others.iter().filter(|p| p.argtypes == proc_.argtypes);
        let same = same.map(|p| (p.namespace, p.oid)).collect::<Vec<_>>();
        first_in_path(catalog, &same, oid)
    });
    r.scalar("pg_operator_is_visible", |cx, a| {
        let (catalog, oid) = (super::catalog(cx)?, a[0].as_oid());
        let Some(op) = catalog.lookup_operator(oid)? else { return Ok(Datum::Null) };
        let others = catalog.operators_by_name(&op.name)?;
        let same = others.iter().filter(|o| o.left == op.left && o.right == op.right);
        let same = same.map(|o| (o.namespace, o.oid)).collect::<Vec<_>>();
        first_in_path(catalog, &same, oid)
    });
    r.scalar("pg_collation_is_visible", |cx, a| {
        let (catalog, oid) = (super::catalog(cx)?, a[0].as_oid());
        let Some(collation) = catalog.lookup_collation(oid)? else { return Ok(Datum::Null) };
        for namespace in catalog.search_path().iter() {
            if let Some(found) = catalog.lookup_collation_by_name(*namespace, &collation.name)? {
                return Ok(Datum::Bool(found.oid == oid));
            }
        }
        Ok(Datum::Bool(false))
    });
    r.scalar("pg_opclass_is_visible", |cx, a| {
        let (catalog, oid) = (super::catalog(cx)?, a[0].as_oid());
        let Some(opclass) = catalog.lookup_opclass(oid)? else { return Ok(Datum::Null) };
        let others = catalog.opclasses_of_am(opclass.method)?;
        let same = others.iter().filter(|o| o.name == opclass.name);
        let same = same.map(|o| (o.namespace, o.oid)).collect::<Vec<_>>();
        first_in_path(catalog, &same, oid)
    });
    // Objects of these kinds are few: a scan of the catalog tells which schemas have the name.
    r.scalar("pg_conversion_is_visible", |cx, a| named_row(super::catalog(cx)?, 2607, 1, 2, &a[0]));
    r.scalar("pg_opfamily_is_visible", |cx, a| named_row(super::catalog(cx)?, 2753, 2, 3, &a[0]));
    r.scalar("pg_ts_parser_is_visible", |cx, a| named_row(super::catalog(cx)?, 3601, 1, 2, &a[0]));
    r.scalar("pg_ts_dict_is_visible", |cx, a| named_row(super::catalog(cx)?, 3600, 1, 2, &a[0]));
    r.scalar("pg_ts_template_is_visible", |cx, a| {
        named_row(super::catalog(cx)?, 3764, 1, 2, &a[0])
    });
    r.scalar("pg_ts_config_is_visible", |cx, a| named_row(super::catalog(cx)?, 3602, 1, 2, &a[0]));
    r.scalar("pg_statistics_obj_is_visible", |cx, a| {
        named_row(super::catalog(cx)?, 3381, 2, 3, &a[0])
    });
}

/// Whether `oid` is the candidate whose schema comes first on the path.
fn first_in_path(catalog: &Catalog, candidates: &[(Oid, Oid)], oid: Oid) -> PgResult<Datum> {
    for namespace in catalog.search_path().iter() {
        if let Some((_, found)) = candidates.iter().find(|(ns, _)| ns == namespace) {
            return Ok(Datum::Bool(*found == oid));
        }
    }
    Ok(Datum::Bool(false))
}

/// Visibility of the row with this OID in a catalog whose name and namespace columns (0-based) are
/// given; the OID is column 0.
fn named_row(
    catalog: &Catalog,
    relid: u32,
    name: usize,
    namespace: usize,
    oid: &Datum,
) -> PgResult<Datum> {
    let oid = oid.as_oid();
    let rows = catalog.all_rows(Oid(relid))?;
    let Some(row) = rows.iter().find(|row| row.values[0].as_oid() == oid) else {
        return Ok(Datum::Null);
    };
    let wanted = row.values[name].as_bytes();
    let same: Vec<(Oid, Oid)> = rows
        .iter()
        .filter(|row| row.values[name].as_bytes() == wanted)
        .map(|row| (row.values[namespace].as_oid(), row.values[0].as_oid()))
        .collect();
    first_in_path(catalog, &same, oid)
}
