//! OWNER TO and SET SCHEMA.
use crate::{UtilityContext, creation, object_address, relation_name, role, sequence};
use catalog::{
    CatalogRead, RelationDesc, acl,
    acl::ObjectKind,
    depend::{DependencyKind, ObjectAddress},
    schema::{pg_class, pg_constraint, pg_namespace, pg_proc, pg_type},
};
use error::{PgError, PgResult, bail, err, not_supported};
use parser::ast::{AlterObjectSchemaStmt, AlterOwnerStmt, ObjectRef, ObjectType, TypeName};
use types::{Datum, Oid};

/// ALTER … OWNER TO of anything but relations.
pub(crate) fn execute_owner(cx: &UtilityContext<'_>, stmt: &AlterOwnerStmt) -> PgResult<()> {
    let Some(object) = &stmt.object else { return Ok(()) };
    let new_owner = relation_name::role(cx, &stmt.newowner)?;
    let supported = matches!(
        stmt.object_type,
        ObjectType::Type
            | ObjectType::Domain
            | ObjectType::Function
            | ObjectType::Procedure
            | ObjectType::Routine
            | ObjectType::Aggregate
            | ObjectType::Operator
            | ObjectType::Schema
            | ObjectType::Collation
    );
    if !supported {
        return Err(not_supported!("OWNER TO of this kind of object"));
    }
    let object = match stmt.object_type {
        ObjectType::Type | ObjectType::Domain => typed(object),
        _ => object.clone(),
    };
    let found = object_address::resolve(cx, stmt.object_type, &object, 8)?;
    change_owner(cx, found.address, new_owner)
}

/// A bare name as a type's name, where types are meant.
fn typed(object: &ObjectRef) -> ObjectRef {
    match object {
        ObjectRef::AnyName(names) => {
            ObjectRef::TypeName(Box::new(TypeName::from_names(names.clone(), -1)))
        }
        other => other.clone(),
    }
}

/// Sets the owner of an object that is no relation, if the role may.
fn change_owner(cx: &UtilityContext<'_>, object: ObjectAddress, new_owner: Oid) -> PgResult<()> {
    let Some((owner, _)) = cx.catalog.owner_and_acl(object.class, object.object)? else {
        return Ok(());
    };
    if object.class == pg_type::RELID && cx.catalog.get_type(object.object)?.typtype == 'm' {
        return Err(cannot_alter_multirange(cx, object.object)?);
    }
    if owner == new_owner {
        return Ok(());
    }
    if !cx.catalog.has_role_privileges(cx.user(), owner)? {
        bail!(INSUFFICIENT_PRIVILEGE, "must be owner of {}", cx.catalog.describe_object(object)?);
    }
    role::check_can_set_role(cx, new_owner)?;
    if object.class == pg_type::RELID {
        set_type_owner(cx, object.object, new_owner)?;
    } else {
        cx.catalog.set_owner(object.class, object.object, new_owner)?;
    }
    cx.services.command_counter_increment()
}

/// 42809 for a multirange type, which changes with its range type only.
fn cannot_alter_multirange(cx: &UtilityContext<'_>, oid: Oid) -> PgResult<PgError> {
    let name = cx.catalog.format_type(oid, None)?;
    let range = match cx.catalog.lookup_range_by_multirange(oid)? {
        Some(range) => cx.catalog.format_type(range.rngtypid, None)?,
        None => String::new(),
    };
    Ok(err!(WRONG_OBJECT_TYPE, "cannot alter multirange type {name}")
        .hint(format!("You can alter type {range}, which will alter the multirange type as well.")))
}

/// New owner of a type, of its array type and of its multirange type.
fn set_type_owner(cx: &UtilityContext<'_>, oid: Oid, new_owner: Oid) -> PgResult<()> {
    let typ = cx.catalog.get_type(oid)?;
    let array = (pg_type::TYPOWNER, Datum::Oid(new_owner));
    cx.catalog.set_owner(pg_type::RELID, oid, new_owner)?;
    if typ.array.is_valid() {
        cx.catalog.set_by_oid(pg_type::RELID, typ.array, &[array])?;
    }
    if typ.typtype == 'r'
        && let Some(range) = cx.catalog.lookup_range(oid)?
    {
        set_type_owner(cx, range.multitypid, new_owner)?;
    }
    Ok(())
}

/// OWNER TO of a relation, with its indexes, sequences and row type.
pub(crate) fn relation(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    new_owner: Oid,
) -> PgResult<()> {
    if relation.owner == new_owner {
        return Ok(());
    }
    let kind = ObjectKind::of_relkind(relation.relkind);
    acl::check_owner(cx.catalog, kind, &relation.name, relation.owner, cx.user())?;
    role::check_can_set_role(cx, new_owner)?;
    cx.catalog.set_owner(pg_class::RELID, relation.oid, new_owner)?;
    if relation.reltype.is_valid() {
        cx.catalog.set_owner(pg_type::RELID, relation.reltype, new_owner)?;
    }
    for index in relation.indexes.iter() {
        let owner = [(pg_class::RELOWNER, Datum::Oid(new_owner))];
        cx.catalog.set_by_oid(pg_class::RELID, index.oid, &owner)?;
    }
    for seq in owned_sequences(cx, relation)? {
        cx.catalog.set_owner(pg_class::RELID, seq, new_owner)?;
    }
    cx.catalog.invalidate_relation(relation.oid)?;
    cx.services.command_counter_increment()
}

fn owned_sequences(cx: &UtilityContext<'_>, relation: &RelationDesc) -> PgResult<Vec<Oid>> {
    let mut found = Vec::new();
    for a in relation.attrs.iter().filter(|a| !a.dropped) {
        for kind in [DependencyKind::Auto, DependencyKind::Internal] {
            found.extend(sequence::of_column(cx.catalog, relation.oid, a.num, kind)?);
        }
    }
    Ok(found)
}

/// ALTER … SET SCHEMA.
pub(crate) fn execute_schema(
    cx: &UtilityContext<'_>,
    stmt: &AlterObjectSchemaStmt,
) -> PgResult<()> {
    let Some(name) = &stmt.relation else {
        return other_schema(cx, stmt);
    };
    let parts = relation_name::parts_of(name);
    let Some(relation) = relation_name::open_relation(cx, &parts, 8, stmt.missing_ok)? else {
        cx.notice(PgError::notice(format!(
            "relation \"{}\" does not exist, skipping",
            name.relname
        )));
        return Ok(());
    };
    let kind = ObjectKind::of_relkind(relation.relkind);
    acl::check_owner(cx.catalog, kind, &relation.name, relation.owner, cx.user())?;
    let target = relation_name::namespace(cx.catalog, &stmt.newschema)?;
    creation::check_create(cx, target)?;
    if target == relation.namespace {
        return Ok(());
    }
    if relation.persistence == 't' || cx.catalog.is_any_temp_namespace(target)? {
        bail!(FEATURE_NOT_SUPPORTED, "cannot move objects into or out of temporary schemas");
    }
    if cx.catalog.lookup_relation(target, &relation.name)?.is_some() {
        bail!(
            DUPLICATE_TABLE,
            "relation \"{}\" already exists in schema \"{}\"",
            relation.name,
            stmt.newschema
        );
    }
    move_relation(cx, &relation, target)?;
    for seq in owned_sequences(cx, &relation)? {
        let seq = cx.catalog.get_relation(seq)?;
        move_relation(cx, &seq, target)?;
    }
    cx.services.command_counter_increment()
}

fn move_relation(cx: &UtilityContext<'_>, relation: &RelationDesc, to: Oid) -> PgResult<()> {
    let namespace = [(pg_class::RELNAMESPACE, Datum::Oid(to))];
    cx.catalog.set_by_oid(pg_class::RELID, relation.oid, &namespace)?;
    let this = ObjectAddress::relation(relation.oid);
    cx.catalog.change_dependency(this, pg_namespace::RELID, relation.namespace, to)?;
    for index in relation.indexes.iter() {
        cx.catalog.set_by_oid(pg_class::RELID, index.oid, &namespace)?;
    }
    for c in relation.constraints.iter() {
        cx.catalog.set_constraint(c.oid, &[(pg_constraint::CONNAMESPACE, Datum::Oid(to))])?;
    }
    if relation.reltype.is_valid() {
        let row = cx.catalog.get_type(relation.reltype)?;
        let namespace = [(pg_type::TYPNAMESPACE, Datum::Oid(to))];
        for typ in [relation.reltype, row.array].into_iter().filter(|t| t.is_valid()) {
            cx.catalog.set_by_oid(pg_type::RELID, typ, &namespace)?;
        }
    }
    cx.catalog.invalidate_relation(relation.oid)
}

/// Types and functions.
fn other_schema(cx: &UtilityContext<'_>, stmt: &AlterObjectSchemaStmt) -> PgResult<()> {
    let Some(object) = &stmt.object else { return Ok(()) };
    let (class, column) = match stmt.object_type {
        ObjectType::Type | ObjectType::Domain => (pg_type::RELID, pg_type::TYPNAMESPACE),
        ObjectType::Function
        | ObjectType::Procedure
        | ObjectType::Routine
        | ObjectType::Aggregate => (pg_proc::RELID, pg_proc::PRONAMESPACE),
        _ => return Err(not_supported!("SET SCHEMA of this kind of object")),
    };
    let object = if class == pg_type::RELID { typed(object) } else { object.clone() };
    let found = object_address::resolve(cx, stmt.object_type, &object, 8)?;
    let target = relation_name::namespace(cx.catalog, &stmt.newschema)?;
    creation::check_create(cx, target)?;
    let oid = found.address.object;
    let Some(row) = cx.catalog.row_by_oid(class, oid)? else { return Ok(()) };
    let old = row.oid(column);
    let Some((owner, _)) = cx.catalog.owner_and_acl(class, oid)? else { return Ok(()) };
    if !cx.catalog.has_role_privileges(cx.user(), owner)? {
        bail!(
            INSUFFICIENT_PRIVILEGE,
            "must be owner of {}",
            cx.catalog.describe_object(found.address)?
        );
    }
    if class == pg_type::RELID {
        let typ = cx.catalog.get_type(oid)?;
        if cx.catalog.lookup_type_by_name(target, &typ.name)?.is_some() {
            return Err(err!(
                DUPLICATE_OBJECT,
                "type \"{}\" already exists in schema \"{}\"",
                typ.name,
                stmt.newschema
            ));
        }
        if typ.array.is_valid() {
            cx.catalog.set_by_oid(class, typ.array, &[(column, Datum::Oid(target))])?;
        }
        if typ.typtype == 'c' {
            let namespace = [(pg_class::RELNAMESPACE, Datum::Oid(target))];
            cx.catalog.set_by_oid(pg_class::RELID, typ.relid, &namespace)?;
        }
    }
    cx.catalog.set_by_oid(class, oid, &[(column, Datum::Oid(target))])?;
    cx.catalog.change_dependency(found.address, pg_namespace::RELID, old, target)?;
    cx.services.command_counter_increment()
}
