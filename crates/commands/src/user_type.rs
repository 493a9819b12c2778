//! CREATE TYPE: enums, composite types, shells; ALTER TYPE … ADD VALUE.
use crate::{UtilityContext, column, creation};
use catalog::{
    CatalogRead, NewColumn, NewRelation, NewType, PgType, acl,
    acl::ObjectKind,
    schema::{index, pg_enum},
};
use error::{PgError, PgResult, SqlState, bail, err, not_supported};
use parser::ast::{
    AlterEnumStmt, CompositeTypeStmt, CreateEnumStmt, DefineStmt, ObjectType, TypeName,
};
use std::sync::Arc;
use types::{Datum, Oid};

const ENUM_IN: Oid = Oid(3506);
const ENUM_OUT: Oid = Oid(3507);
const ENUM_RECV: Oid = Oid(3532);
const ENUM_SEND: Oid = Oid(3533);
/// Bytes of an enum label.
const LABEL_MAX: usize = 63;

/// 42710 if a type of that name is there (array types that were made along with others move away).
pub(crate) fn check_free(cx: &UtilityContext<'_>, namespace: Oid, name: &str) -> PgResult<()> {
    cx.catalog.make_room_for_type(namespace, name)?;
    match cx.catalog.lookup_type_by_name(namespace, name)? {
        Some(typ) if typ.defined => Err(err!(DUPLICATE_OBJECT, "type \"{name}\" already exists")),
        _ => Ok(()),
    }
}

fn check_label(label: &str) -> PgResult<()> {
    if label.len() > LABEL_MAX {
        return Err(err!(INVALID_NAME, "invalid enum label \"{label}\"")
            .detail(format!("Labels must be {LABEL_MAX} bytes or less.")));
    }
    Ok(())
}

/// CREATE TYPE AS ENUM.
pub(crate) fn create_enum(cx: &UtilityContext<'_>, stmt: &CreateEnumStmt) -> PgResult<()> {
    let (namespace, name) = creation::qualified_place(cx, &stmt.type_name)?;
    check_free(cx, namespace, &name)?;
    for (i, label) in stmt.vals.iter().enumerate() {
        check_label(label)?;
        if stmt.vals[..i].contains(label) {
            bail!(UNIQUE_VIOLATION, "enum label \"{label}\" used more than once");
        }
    }
    let new = NewType {
        len: 4,
        byval: true,
        typtype: 'e',
        category: 'E',
        defined: true,
        input: ENUM_IN,
        output: ENUM_OUT,
        receive: ENUM_RECV,
        send: ENUM_SEND,
        align: 'i',
        storage: 'p',
        ..NewType::new(&name, namespace, cx.user())
    };
    let (oid, _) = cx.catalog.create_type_with_array(&new)?;
    cx.catalog.add_enum_labels(oid, &stmt.vals)?;
    cx.services.command_counter_increment()
}

/// The type that a dotted name means, owned by the current role.
pub(crate) fn owned_type(cx: &UtilityContext<'_>, names: &[String]) -> PgResult<Arc<PgType>> {
    let name = TypeName::from_names(names.to_vec(), -1);
    let (oid, _) = crate::object_address::resolve_type(cx, &name)?;
    let typ = cx.catalog.get_type(oid)?;
    if !cx.catalog.has_role_privileges(cx.user(), typ.owner)? {
        return Err(acl::not_owner(ObjectKind::Type, &cx.catalog.format_type(oid, None)?));
    }
    Ok(typ)
}

/// ALTER TYPE … ADD VALUE and RENAME VALUE.
pub(crate) fn alter_enum(cx: &UtilityContext<'_>, stmt: &AlterEnumStmt) -> PgResult<()> {
    let typ = owned_type(cx, &stmt.type_name)?;
    if typ.typtype != 'e' {
        bail!(WRONG_OBJECT_TYPE, "{} is not an enum", cx.catalog.format_type(typ.oid, None)?);
    }
    let labels = cx.catalog.enum_labels(typ.oid)?;
    check_label(&stmt.new_val)?;
    let missing =
        |label: &str| err!(INVALID_PARAMETER_VALUE, "\"{label}\" is not an existing enum label");
    let exists = labels.iter().any(|l| l.2 == stmt.new_val);
    if let Some(old) = &stmt.old_val {
        let Some(found) = labels.iter().find(|l| l.2 == *old) else { return Err(missing(old)) };
        if exists {
            bail!(DUPLICATE_OBJECT, "enum label \"{}\" already exists", stmt.new_val);
        }
        let key = [Datum::Oid(found.0)];
        let label = [(pg_enum::ENUMLABEL, Datum::text(&stmt.new_val))];
        cx.catalog.set_by_key(index::PG_ENUM_OID_INDEX, &key, &label)?;
        return cx.services.command_counter_increment();
    }
    if exists {
        if stmt.skip_if_new_val_exists {
            cx.notice(
                PgError::notice(format!(
                    "enum label \"{}\" already exists, skipping",
                    stmt.new_val
                ))
                .with_sqlstate(SqlState::DUPLICATE_OBJECT),
            );
            return Ok(());
        }
        bail!(DUPLICATE_OBJECT, "enum label \"{}\" already exists", stmt.new_val);
    }
    let order = match &stmt.new_val_neighbor {
        None => labels.last().map_or(1.0, |l| l.1 + 1.0),
        Some(neighbor) => {
            let at = labels.iter().position(|l| l.2 == *neighbor);
            let Some(at) = at else { return Err(missing(neighbor)) };
            let here = labels[at].1;
            let other = match stmt.new_val_is_after {
                true => labels.get(at + 1).map_or(here + 1.0, |l| (here + l.1) / 2.0),
                false if at == 0 => here - 1.0,
                false => (labels[at - 1].1 + here) / 2.0,
            };
            if labels.iter().any(|l| l.1 == other) {
                return Err(not_supported!("another label between these two"));
            }
            other
        }
    };
    let oid = cx.catalog.alloc_oid(pg_enum::RELID)?;
    cx.catalog.add_enum_label(oid, typ.oid, order, &stmt.new_val)?;
    cx.services.command_counter_increment()
}

/// CREATE TYPE AS ( … ).
pub(crate) fn create_composite(cx: &UtilityContext<'_>, stmt: &CompositeTypeStmt) -> PgResult<()> {
    let place = creation::place_of(cx, &stmt.typevar)?;
    let name = &stmt.typevar.relname;
    check_free(cx, place.namespace, name)?;
    let mut columns: Vec<NewColumn> = Vec::with_capacity(stmt.coldeflist.len());
    for def in &stmt.coldeflist {
        let Some(type_name) = &def.type_name else { continue };
        column::check_name(&def.colname)?;
        if columns.iter().any(|c| c.name == def.colname) {
            bail!(DUPLICATE_COLUMN, "column \"{}\" specified more than once", def.colname);
        }
        let (typ, typmod, collation) = column::column_type(cx, def, type_name)?;
        let mut new = NewColumn::new(&def.colname, typ, typmod, collation);
        new.ndims = type_name.array_bounds.len() as i16;
        columns.push(new);
    }
    let new = NewRelation::new(name, place.namespace, cx.user(), 'c', columns);
    cx.catalog.create_relation(&new)?;
    cx.services.command_counter_increment()
}

/// CREATE TYPE name: a shell; with options: a base type.
pub(crate) fn define(cx: &UtilityContext<'_>, stmt: &DefineStmt) -> PgResult<()> {
    let what = match stmt.kind {
        ObjectType::Type if stmt.definition.is_empty() => {
            let (namespace, name) = creation::qualified_place(cx, &stmt.defnames)?;
            cx.catalog.make_room_for_type(namespace, &name)?;
            if cx.catalog.lookup_type_by_name(namespace, &name)?.is_some() {
                bail!(DUPLICATE_OBJECT, "type \"{name}\" already exists");
            }
            cx.catalog.create_type(&NewType::new(&name, namespace, cx.user()))?;
            return cx.services.command_counter_increment();
        }
        ObjectType::Type => return crate::base_type::execute(cx, stmt),
        ObjectType::Collation => "CREATE COLLATION",
        _ => "CREATE TEXT SEARCH",
    };
    Err(not_supported!("{what}"))
}
