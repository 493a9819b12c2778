//! Physical descriptions for `table`: row layouts, and how the columns of an index are ordered.
use crate::read::CatalogRead;
use crate::rows::{Attribute, IndexDesc};
use crate::session::Catalog;
use codec::{KeyKind, KeyOrder, RowLayout};
use error::{PgResult, not_supported};
use std::sync::Arc;
use table::{KeyColumn, StorageId, TableDesc};
use types::{Oid, PhysType, type_oid as t};

/// The description of a heap.
pub fn table_desc(_relid: Oid, storage_id: u32, attrs: &[Attribute]) -> TableDesc {
    let phys: Vec<PhysType> = attrs.iter().map(|a| a.phys).collect();
    let n_missing = attrs.iter().rposition(|a| a.missing.is_some()).map_or(0, |last| last + 1);
    let missing = attrs[..n_missing].iter().map(|a| a.missing.clone().unwrap_or_default());
    TableDesc {
        sid: StorageId(storage_id),
        layout: RowLayout::new(&phys),
        missing: missing.collect(),
    }
}

/// Access methods whose entries are keys in order: btree, and hash, of which only equality is asked.
const KEYED: [Oid; 2] = [Oid(403), Oid(405)];

/// text_pattern_ops and bpchar_pattern_ops.
const PATTERN_FAMILIES: [Oid; 2] = [Oid(2095), Oid(2097)];
const C_COLLATION: Oid = Oid(950);

/// The description of an index.
pub fn index_desc(catalog: &Catalog, index: &IndexDesc) -> PgResult<table::IndexDesc> {
    if !KEYED.contains(&index.am) {
        let name = catalog.access_method_name(index.am)?;
        return Err(not_supported!("access method \"{name}\""));
    }
    let (keys, included) = index.columns.split_at(index.n_key.min(index.columns.len()));
    let mut columns = Vec::with_capacity(keys.len());
    for column in keys {
        let phys = catalog.get_type(column.typ)?.phys;
        // The pattern operator classes compare bytes whatever the collation is.
        let collation = match PATTERN_FAMILIES.contains(&column.opfamily) {
            true => C_COLLATION,
            false => column.collation,
        };
        let kind = key_kind(catalog, column.opcintype, column.typ, collation)?;
        let order = KeyOrder { desc: column.desc, nulls_first: column.nulls_first };
        columns.push(KeyColumn { kind, order, phys });
    }
    let mut include = Vec::with_capacity(included.len());
    for column in included {
        include.push(catalog.get_type(column.typ)?.phys);
    }
    let desc = table::IndexDesc::new(StorageId(index.storage_id), columns, &include);
    Ok(match index.unique {
        true => desc.unique(index.nulls_not_distinct, !index.immediate),
        false => desc,
    })
}

/// Whether a collation orders text by its bytes.
pub fn is_byte_order(catalog: &dyn CatalogRead, collation: Oid) -> PgResult<bool> {
    match collation {
        // Databases are created with the C locale, which is what "default" stands for.
        Oid(0) | Oid(100) | Oid(950) | Oid(951) => return Ok(true),
        _ => {}
    }
    let Some(row) = catalog.lookup_collation(collation)? else { return Ok(false) };
    Ok(match row.provider {
        // The builtin provider orders by code point, which is the order of UTF-8 bytes.
        'b' => true,
        'c' => matches!(row.collate.as_deref(), Some("C" | "POSIX")),
        _ => false,
    })
}

/// How the keys of a column are ordered, from the input type of its operator class (or the column's own
/// type where that is polymorphic).
pub fn key_kind(
    catalog: &dyn CatalogRead,
    opcintype: Oid,
    typ: Oid,
    collation: Oid,
) -> PgResult<KeyKind> {
    Ok(match opcintype {
        t::BOOL => KeyKind::Bool,
        t::CHAR => KeyKind::Char,
        t::INT2 => KeyKind::Int2,
        t::INT4 | t::DATE => KeyKind::Int4,
        t::INT8
        | t::MONEY
        | t::TIME
        | t::TIMESTAMP
        | t::TIMESTAMPTZ
        | t::PG_LSN
        | t::XID8
        | t::TID => KeyKind::Int8,
        t::OID | t::ANYENUM | t::XID | t::CID => KeyKind::Oid,
        t::FLOAT4 => KeyKind::Float4,
        t::FLOAT8 => KeyKind::Float8,
        t::TEXT | t::VARCHAR | t::BPCHAR if !is_byte_order(catalog, collation)? => {
            let name = catalog.lookup_collation(collation)?.map(|c| c.name.clone());
            let name = name.unwrap_or_else(|| collation.to_string());
            return Err(not_supported!("an index with collation \"{name}\""));
        }
        t::TEXT
        | t::VARCHAR
        | t::NAME
        | t::BYTEA
        | t::UUID
        | t::MACADDR
        | t::MACADDR8
        | t::CSTRING => KeyKind::Bytes,
        t::BPCHAR => KeyKind::Bpchar,
        t::NUMERIC => KeyKind::Numeric,
        t::INTERVAL => KeyKind::Interval,
        t::TIMETZ => KeyKind::TimeTz,
        t::BIT | t::VARBIT => KeyKind::Bit,
        t::INET | t::CIDR => KeyKind::Inet,
        t::JSONB => KeyKind::Jsonb,
        t::OIDVECTOR => KeyKind::Array(Arc::new(KeyKind::Oid)),
        t::INT2VECTOR => KeyKind::Array(Arc::new(KeyKind::Int2)),
        t::ANYARRAY => {
            let elem = catalog.get_type(base_type(catalog, typ)?)?.elem;
            KeyKind::Array(Arc::new(type_key_kind(catalog, elem, collation)?))
        }
        t::ANYRANGE => {
            let typ = base_type(catalog, typ)?;
            let subtype = catalog.lookup_range(typ)?;
            let subtype = subtype.map_or(Oid::INVALID, |r| r.subtype);
            KeyKind::Range(Arc::new(type_key_kind(catalog, subtype, collation)?))
        }
        t::ANYMULTIRANGE => {
            let typ = base_type(catalog, typ)?;
            let subtype = catalog.lookup_range_by_multirange(typ)?;
            let subtype = subtype.map_or(Oid::INVALID, |r| r.subtype);
            KeyKind::Multirange(Arc::new(type_key_kind(catalog, subtype, collation)?))
        }
        t::RECORD => {
            let row = catalog.get_type(base_type(catalog, typ)?)?;
            let Some(relation) = catalog.relation(row.relid)? else {
                return Err(not_supported!("an index on values of type record"));
            };
            let mut kinds = Vec::new();
            for attr in relation.attrs.iter().filter(|a| !a.dropped) {
                kinds.push(type_key_kind(catalog, attr.typ, attr.collation)?);
            }
            KeyKind::Record(kinds.into())
        }
        other => {
            let name = catalog.format_type(other, None)?;
            return Err(not_supported!("an index on values of type {name}"));
        }
    })
}

/// [`key_kind`] by a type's default btree operator class.
pub fn type_key_kind(catalog: &dyn CatalogRead, typ: Oid, collation: Oid) -> PgResult<KeyKind> {
    const BTREE: Oid = Oid(403);
    match catalog.default_opclass(typ, BTREE)? {
        Some(opclass) => key_kind(catalog, opclass.intype, typ, collation),
        None => {
            let name = catalog.format_type(typ, None)?;
            Err(not_supported!("an index on values of type {name}"))
        }
    }
}

fn base_type(catalog: &dyn CatalogRead, mut typ: Oid) -> PgResult<Oid> {
    loop {
        let row = catalog.get_type(typ)?;
        if row.typtype != 'd' {
            return Ok(typ);
        }
        typ = row.basetype;
    }
}
