//! Questions about catalogs that have no SQL function, and functions over rows and names.
use catalog::Catalog;
use error::{PgError, PgResult};
use fmgr::{CallContext, Registry};
use types::{Datum, Oid};

/// Indexes on text columns that are unique, of catalogs: where names may be long.
const TEXT_UNIQUE_INDEXES: [Oid; 4] = [
    Oid(6246), // pg_parameter_acl_parname_index
    Oid(6002), // pg_replication_origin_roname_index
    Oid(3597), // pg_seclabel_object_index
    Oid(3593), // pg_shseclabel_object_index
];

pub(crate) fn register(r: &mut Registry) {
    r.scalar("binary_coercible", |cx, a| {
        let coercible = catalog(cx)?.binary_coercible(a[0].as_oid(), a[1].as_oid())?;
        Ok(Datum::Bool(coercible))
    });
    r.scalar("is_catalog_text_unique_index_oid", |_cx, a| {
        Ok(Datum::Bool(TEXT_UNIQUE_INDEXES.contains(&a[0].as_oid())))
    });
    r.scalar("overpaid", overpaid);
    r.scalar("reverse_name", |_cx, a| {
        let reversed: Vec<u8> = a[0].as_bytes().iter().rev().copied().collect();
        match std::str::from_utf8(&reversed) {
            Ok(name) => Ok(Datum::text(name)),
            Err(_) => Err(error::not_supported!("text that is not valid in the database encoding")),
        }
    });
}

fn catalog<'a>(cx: &CallContext<'a>) -> PgResult<&'a Catalog> {
    let catalog = cx.session.catalog_any().downcast_ref::<Catalog>();
    catalog.ok_or_else(|| PgError::internal("the session has no catalog"))
}

/// Whether an employee's salary is above 699.
fn overpaid(_cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    let Datum::Record(row) = &a[0] else { return Err(PgError::internal("not a row")) };
    let column = row.desc.fields.iter().position(|f| f.name == "salary");
    let Some(column) = column else {
        return Err(PgError::internal("attribute \"salary\" does not exist"));
    };
    Ok(match row.fields.get(column) {
        Some(Datum::Int4(salary)) => Datum::Bool(*salary > 699),
        _ => Datum::Null,
    })
}
