//! aclitem and the functions over ACLs.
use super::catalog;
use catalog::{
    AclItem, CatalogRow,
    acl::{self, ObjectKind},
    schema::{CatalogSchema, pg_attribute, pg_class, pg_largeobject, pg_largeobject_metadata},
};
use error::{PgResult, err, not_supported};
use fmgr::{CallContext, Registry, RowSource, VecRowSource};
use types::{Datum, Oid, hash, type_oid};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("aclitemin", |cx, a| {
        let (item, warning) = acl::item_input(catalog(cx)?, a[0].as_str())?;
        if let Some(warning) = warning {
            cx.session.notice(warning);
        }
        Ok(acl::item_to_datum(&item))
    });
    r.scalar("aclitemout", |cx, a| {
        let text = acl::item_output(catalog(cx)?, &acl::item_from_datum(&a[0]))?;
        Ok(Datum::text(&text))
    });
    r.scalar("aclitem_eq", |_cx, a| Ok(Datum::Bool(a[0].as_bytes() == a[1].as_bytes())));
    r.scalar("hash_aclitem", |_cx, a| Ok(Datum::Int4(sum(&a[0]) as u32 as i32)));
    r.scalar("hash_aclitem_extended", |_cx, a| {
        let (sum, seed) = (sum(&a[0]) as u32, a[1].as_i64() as u64);
        Ok(Datum::Int8(match seed {
            0 => i64::from(sum),
            seed => hash::uint32_extended(sum, seed) as i64,
        }))
    });
    r.scalar("aclinsert", |_cx, _a| {
        Err(err!(FEATURE_NOT_SUPPORTED, "aclinsert is no longer supported"))
    });
    r.scalar("aclremove", |_cx, _a| {
        Err(err!(FEATURE_NOT_SUPPORTED, "aclremove is no longer supported"))
    });
    r.scalar("aclcontains", |_cx, a| {
        let wanted = acl::item_from_datum(&a[1]);
        let within = |item: &AclItem| {
            item.grantee == wanted.grantee
                && item.grantor == wanted.grantor
                && item.privs & wanted.privs == wanted.privs
                && item.grant_options & wanted.grant_options == wanted.grant_options
        };
        check_array(&a[0])?;
        Ok(Datum::Bool(acl::from_datum(&a[0]).unwrap_or_default().iter().any(within)))
    });
    r.scalar("acldefault_sql", |_cx, a| {
        let kind = kind_of_letter(a[0].as_char())?;
        Ok(acl::to_datum(&acl::default_acl(kind, a[1].as_oid())))
    });
    r.scalar("makeaclitem", make_item);
    r.set("aclexplode", explode);
    r.scalar("pg_get_acl", get_acl);
}

/// What PostgreSQL adds up to hash an item: privileges with grant options above them, and both roles.
fn sum(item: &Datum) -> u64 {
    let item = acl::item_from_datum(item);
    (item.privs | item.grant_options << 32)
        .wrapping_add(u64::from(item.grantee.0))
        .wrapping_add(u64::from(item.grantor.0))
}

/// An ACL is a list without NULLs; the empty one has a dimension too.
fn check_array(acl: &Datum) -> PgResult<()> {
    if let Datum::Array(array) = acl {
        if array.dims.len() != 1 {
            return Err(err!(INVALID_PARAMETER_VALUE, "ACL arrays must be one-dimensional"));
        }
        if array.elems.iter().any(Datum::is_null) {
            return Err(err!(NULL_VALUE_NOT_ALLOWED, "ACL arrays must not contain null values"));
        }
    }
    Ok(())
}

/// The kind of object that a letter of pg_default_acl and acldefault means.
fn kind_of_letter(letter: u8) -> PgResult<ObjectKind> {
    Ok(match letter {
        b'c' => ObjectKind::Column,
        b'r' => ObjectKind::Table,
        b's' => ObjectKind::Sequence,
        b'd' => ObjectKind::Database,
        b'f' => ObjectKind::Function,
        b'l' => ObjectKind::Language,
        b'L' => ObjectKind::LargeObject,
        b'n' => ObjectKind::Schema,
        b'p' => ObjectKind::Parameter,
        b't' => ObjectKind::Tablespace,
        b'F' => ObjectKind::ForeignDataWrapper,
        b'S' => ObjectKind::ForeignServer,
        b'T' => ObjectKind::Type,
        other => {
            return Err(error::PgError::internal(format!(
                "unrecognized object type abbreviation: {}",
                char::from(other)
            )));
        }
    })
}

fn make_item(_cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    let mut privs = 0;
    for part in a[2].as_str().split(',') {
        let part = part.trim();
        privs |= acl::privilege_bit(part).ok_or_else(|| {
            err!(INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"{part}\"")
        })?;
    }
    let grant_options = if a[3].as_bool() { privs } else { 0 };
    let item = AclItem { grantee: a[0].as_oid(), grantor: a[1].as_oid(), privs, grant_options };
    Ok(acl::item_to_datum(&item))
}

fn explode(_cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Box<dyn RowSource>> {
    check_array(&a[0])?;
    let mut rows = Vec::new();
    for item in acl::from_datum(&a[0]).unwrap_or_default() {
        for bit in (0..u64::BITS).map(|n| 1u64 << n).filter(|bit| item.privs & bit != 0) {
            rows.push(vec![
                Datum::Oid(item.grantor),
                Datum::Oid(item.grantee),
                Datum::text(acl::privilege_name(bit)),
                Datum::Bool(item.grant_options & bit != 0),
            ]);
        }
    }
    Ok(VecRowSource::boxed(rows))
}

/// The columns of owner and ACL of a catalog's row; INVALID and `None` where it has no such column.
pub(super) fn owner_and_acl(class: Oid, row: &CatalogRow) -> (Oid, Option<Vec<AclItem>>) {
    let Some(schema) = CatalogSchema::get(class) else { return (Oid::INVALID, None) };
    let owner = schema.columns.iter().position(|c| c.name.ends_with("owner"));
    (
        owner.map_or(Oid::INVALID, |at| row.oid(at)),
        acl_column(class).and_then(|at| acl::from_datum(&row.values[at])),
    )
}

fn acl_column(class: Oid) -> Option<usize> {
    CatalogSchema::get(class)?
        .columns
        .iter()
        .position(|c| c.typ == type_oid::ACLITEM_ARRAY && c.name.ends_with("acl"))
}

/// `pg_get_acl(classid, objid, objsubid)`.
fn get_acl(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    let (mut class, object, sub) = (a[0].as_oid(), a[1].as_oid(), a[2].as_i32());
    if !class.is_valid() || !object.is_valid() {
        return Ok(Datum::Null);
    }
    if class == pg_largeobject::RELID {
        class = pg_largeobject_metadata::RELID;
    }
    if CatalogSchema::get(class).is_none() {
        return Err(not_supported!("objects of class {class}"));
    }
    let catalog = catalog(cx)?;
    if class == pg_class::RELID && sub != 0 {
        let key = [Datum::Oid(object), Datum::Int2(sub as i16)];
        let index = catalog::schema::index::PG_ATTRIBUTE_RELID_ATTNUM_INDEX;
        let row = catalog.row_by_index(index, &key)?;
        return Ok(row.map_or(Datum::Null, |row| row.values[pg_attribute::ATTACL].clone()));
    }
    let Some(column) = acl_column(class) else { return Ok(Datum::Null) };
    Ok(catalog.row_by_oid(class, object)?.map_or(Datum::Null, |row| row.values[column].clone()))
}
