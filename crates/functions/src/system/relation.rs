//! Facts about relations, sequences, encodings and options, from the catalog alone.
use super::{catalog, name, record};
use catalog::{Catalog, CatalogRead, RelationDesc, acl, schema};
use error::{PgResult, err};
use fmgr::{CallContext, Registry, VecRowSource};
use nodes::acl as bit;
use types::{Datum, Oid, type_oid};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("row_security_active", |cx, a| {
        let Some(relation) = catalog(cx)?.relation(a[0].as_oid())? else { return Ok(Datum::Null) };
        row_security_active(cx, &relation).map(Datum::Bool)
    });
    r.scalar("row_security_active_name", |cx, a| {
        let oid = name::relation(catalog(cx)?, a[0].as_str())?;
        row_security_active(cx, &*catalog(cx)?.get_relation(oid)?).map(Datum::Bool)
    });
    r.scalar("pg_is_other_temp_schema", |cx, a| {
        catalog(cx)?.is_other_temp_namespace(a[0].as_oid()).map(Datum::Bool)
    });
    r.scalar("pg_get_replica_identity_index", |cx, a| {
        let Some(relation) = catalog(cx)?.relation(a[0].as_oid())? else { return Ok(Datum::Null) };
        let index = match relation.replident {
            'd' => relation.indexes.iter().find(|i| i.primary),
            'i' => relation.indexes.iter().find(|i| i.replident),
            _ => None,
        };
        Ok(index.map_or(Datum::Null, |i| Datum::Oid(i.oid)))
    });
    r.scalar("pg_sequence_parameters", sequence_parameters);
    r.scalar("pg_encoding_max_length_sql", |_cx, a| {
        let length = usize::try_from(a[0].as_i32()).ok().and_then(|n| MAX_LENGTHS.get(n));
        Ok(length.map_or(Datum::Null, |n| Datum::Int4(*n)))
    });
    r.scalar("pg_tablespace_location", |cx, a| {
        let oid = a[0].as_oid();
        // The default tablespace of a database is written 0.
        let known = !oid.is_valid()
            || catalog(cx)?.row_by_oid(schema::pg_tablespace::RELID, oid)?.is_some();
        match known {
            // Everything lives in the data directory, which has no location of its own.
            true => Ok(Datum::text("")),
            false => Err(err!(UNDEFINED_OBJECT, "tablespace with OID {oid} does not exist")),
        }
    });
    r.set("pg_options_to_table", |_cx, a| {
        let mut rows = Vec::new();
        for option in a[0].as_array().elems.iter().filter(|e| !e.is_null()) {
            rows.push(match option.as_str().split_once('=') {
                Some((name, value)) => vec![Datum::text(name), Datum::text(value)],
                None => vec![option.clone(), Datum::Null],
            });
        }
        Ok(VecRowSource::boxed(rows))
    });
    // What can be created is what is built in.
    r.set("pg_available_extensions", |_cx, _a| {
        let rows = EXTENSIONS.iter();
        let row = |e: &Extension| [e.name, e.version, e.comment].map(Datum::text).to_vec();
        Ok(VecRowSource::boxed(rows.map(row).collect()))
    });
    r.set("pg_available_extension_versions", |_cx, _a| {
        let row = |e: &Extension| {
            vec![
                Datum::text(e.name),
                Datum::text(e.version),
                Datum::Bool(true),
                Datum::Bool(e.trusted),
                Datum::Bool(false),
                Datum::text(e.schema),
                Datum::Null,
                Datum::text(e.comment),
            ]
        };
        Ok(VecRowSource::boxed(EXTENSIONS.iter().map(row).collect()))
    });
    r.scalar("pg_jit_available", |_cx, _a| Ok(Datum::Bool(false)));
}

/// An extension that is part of the server.
struct Extension {
    name: &'static str,
    version: &'static str,
    schema: &'static str,
    trusted: bool,
    comment: &'static str,
}

const EXTENSIONS: [Extension; 1] = [Extension {
    name: "plpgsql",
    version: "1.0",
    schema: "pg_catalog",
    trusted: true,
    comment: "PL/pgSQL procedural language",
}];

/// Most bytes a character takes, by encoding number.
const MAX_LENGTHS: [i32; 42] = [
    1, 3, 2, 3, 4, 3, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 2, 2, 2, 2, 4, 3, 2,
];

/// Whether policies apply to what the current role does with the table.
fn row_security_active(cx: &CallContext<'_>, relation: &RelationDesc) -> PgResult<bool> {
    if relation.oid < Oid::FIRST_NORMAL || !relation.row_security {
        return Ok(false);
    }
    let catalog = catalog(cx)?;
    let user = cx.session.current_user();
    let role = catalog.lookup_role(user)?;
    if role.is_some_and(|r| r.bypassrls || r.superuser) {
        return Ok(false);
    }
    let owner = catalog.has_role_privileges(user, relation.owner)?;
    Ok(!owner || relation.force_row_security)
}

fn check_sequence(catalog: &Catalog, cx: &CallContext<'_>, oid: Oid) -> PgResult<()> {
    let relation = catalog.get_relation(oid)?;
    let any = bit::SELECT | bit::UPDATE | bit::USAGE;
    match catalog.relation_privileges(&relation, cx.session.current_user(), any)? {
        0 => Err(acl::permission_denied(acl::ObjectKind::Sequence, &relation.name)),
        _ => Ok(()),
    }
}

fn sequence_parameters(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    let (catalog, oid) = (catalog(cx)?, a[0].as_oid());
    let sequence = catalog.sequence(oid)?.ok_or_else(|| {
        error::PgError::internal(format!("cache lookup failed for sequence {oid}"))
    })?;
    check_sequence(catalog, cx, oid)?;
    let int8 = |v: i64| Datum::Int8(v);
    Ok(record(vec![
        ("start_value", type_oid::INT8, int8(sequence.start)),
        ("minimum_value", type_oid::INT8, int8(sequence.min)),
        ("maximum_value", type_oid::INT8, int8(sequence.max)),
        ("increment", type_oid::INT8, int8(sequence.increment)),
        ("cycle_option", type_oid::BOOL, Datum::Bool(sequence.cycle)),
        ("cache_size", type_oid::INT8, int8(sequence.cache)),
        ("data_type", type_oid::OID, Datum::Oid(sequence.typ)),
    ]))
}
