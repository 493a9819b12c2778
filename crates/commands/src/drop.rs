//! DROP of everything that is named like a relation, a type, a function or a schema.
use crate::{
    UtilityContext,
    object_address::{self, Found, noun, wrong_kind},
    relation_name,
};
use catalog::{
    CatalogRead, ObjectAddress, acl,
    acl::ObjectKind,
    schema::{pg_class, pg_proc},
};
use error::{PgError, PgResult, SqlState, bail, err, not_supported};
use parser::ast::{DropBehavior, DropStmt, ObjectRef, ObjectType};
use types::Oid;

/// PostgreSQL's AccessExclusiveLock.
const ACCESS_EXCLUSIVE: i32 = 8;

/// Drops the objects, all in one step so that they may depend on each other.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &DropStmt) -> PgResult<()> {
    if stmt.concurrent {
        return Err(not_supported!("DROP INDEX CONCURRENTLY"));
    }
    let mut objects = Vec::new();
    for object in &stmt.objects {
        let Some(found) = find(cx, stmt, object)? else { continue };
        check_owner(cx, stmt.remove_type, &found)?;
        if let Some(relation) = &found.relation {
            cx.services.check_relation_not_in_use(relation.oid, drop_name(stmt.remove_type))?;
        }
        objects.push(found.address);
    }
    if objects.is_empty() {
        return Ok(());
    }
    let behavior = match stmt.behavior {
        DropBehavior::Restrict => catalog::DropBehavior::Restrict,
        DropBehavior::Cascade => catalog::DropBehavior::Cascade,
    };
    cx.catalog.perform_deletion(&objects, behavior, false, &|notice| cx.notice(notice))?;
    cx.services.command_counter_increment()
}

fn drop_name(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::View => "DROP VIEW",
        ObjectType::MatView => "DROP MATERIALIZED VIEW",
        ObjectType::Index => "DROP INDEX",
        ObjectType::Sequence => "DROP SEQUENCE",
        _ => "DROP TABLE",
    }
}

/// `None` if it does not exist and need not.
fn find(cx: &UtilityContext<'_>, stmt: &DropStmt, object: &ObjectRef) -> PgResult<Option<Found>> {
    let kind = stmt.remove_type;
    if let (true, ObjectRef::AnyName(parts)) = (is_relation(kind), object) {
        return find_relation(cx, stmt, parts);
    }
    match object_address::resolve(cx, kind, object, ACCESS_EXCLUSIVE) {
        Ok(found) => Ok(Some(found)),
        Err(error) if stmt.missing_ok && is_missing(error.sqlstate()) => {
            let message = missing_notice(cx, kind, object, &error)?;
            cx.notice(PgError::notice(message));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn is_relation(kind: ObjectType) -> bool {
    matches!(
        kind,
        ObjectType::Table
            | ObjectType::View
            | ObjectType::MatView
            | ObjectType::Index
            | ObjectType::Sequence
            | ObjectType::ForeignTable
    )
}

fn find_relation(
    cx: &UtilityContext<'_>,
    stmt: &DropStmt,
    parts: &[String],
) -> PgResult<Option<Found>> {
    let kind = stmt.remove_type;
    let wanted = noun(kind);
    let dotted = relation_name::dotted(parts);
    let Some(relation) = relation_name::open_relation(cx, parts, ACCESS_EXCLUSIVE, true)? else {
        if let [schema, _] = parts
            && cx.catalog.lookup_namespace(schema)?.is_none()
        {
            if !stmt.missing_ok {
                bail!(UNDEFINED_SCHEMA, "schema \"{schema}\" does not exist");
            }
            cx.notice(PgError::notice(format!("schema \"{schema}\" does not exist, skipping")));
            return Ok(None);
        }
        let name = parts.last().map_or("", String::as_str);
        if !stmt.missing_ok {
            let state = match kind {
                ObjectType::Index => SqlState::UNDEFINED_OBJECT,
                _ => SqlState::UNDEFINED_TABLE,
            };
            return Err(PgError::new(state, format!("{wanted} \"{name}\" does not exist")));
        }
        cx.notice(PgError::notice(format!("{wanted} \"{name}\" does not exist, skipping")));
        return Ok(None);
    };
    let fits = match kind {
        ObjectType::Table => matches!(relation.relkind, 'r' | 'p'),
        ObjectType::View => relation.relkind == 'v',
        ObjectType::MatView => relation.relkind == 'm',
        ObjectType::Index => matches!(relation.relkind, 'i' | 'I'),
        ObjectType::Sequence => relation.relkind == 'S',
        _ => relation.relkind == 'f',
    };
    if !fits {
        return Err(wrong_kind(kind, &relation, "DROP"));
    }
    if relation.oid < Oid::FIRST_NORMAL {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{dotted}\" is a system catalog");
    }
    let address = ObjectAddress::relation(relation.oid);
    Ok(Some(Found { address, relation: Some(relation) }))
}

fn is_missing(state: SqlState) -> bool {
    [
        SqlState::UNDEFINED_OBJECT,
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_SCHEMA,
        SqlState::UNDEFINED_FUNCTION,
        SqlState::UNDEFINED_COLUMN,
    ]
    .contains(&state)
}

/// The NOTICE of IF EXISTS: the error's text without what only it says.
fn missing_notice(
    cx: &UtilityContext<'_>,
    kind: ObjectType,
    object: &ObjectRef,
    error: &PgError,
) -> PgResult<String> {
    let message = match (kind, object) {
        (
            ObjectType::Function
            | ObjectType::Procedure
            | ObjectType::Aggregate
            | ObjectType::Routine,
            ObjectRef::WithArgs(f),
        ) if error.sqlstate() == SqlState::UNDEFINED_FUNCTION && !f.args_unspecified => {
            let noun = match kind {
                ObjectType::Procedure => "procedure",
                ObjectType::Aggregate => "aggregate",
                ObjectType::Routine => "routine",
                _ => "function",
            };
            let mut types = Vec::new();
            for arg in f.objargs.iter().flatten() {
                let (oid, typmod) = object_address::resolve_type(cx, arg)?;
                types.push(cx.catalog.format_type(oid, Some(typmod))?);
            }
            let name = relation_name::dotted(&f.objname);
            format!("{noun} {name}({}) does not exist", types.join(","))
        }
        (ObjectType::Collation, ObjectRef::AnyName(parts)) => {
            format!("collation \"{}\" does not exist", relation_name::dotted(parts))
        }
        _ => error.message().to_string(),
    };
    Ok(format!("{message}, skipping"))
}

fn check_owner(cx: &UtilityContext<'_>, kind: ObjectType, found: &Found) -> PgResult<()> {
    let object = found.address;
    if let Some(relation) = &found.relation {
        let kind = ObjectKind::of_relkind(relation.relkind);
        // The owner of the schema may drop what is in it.
        if owns_namespace(cx, relation.namespace)? {
            return Ok(());
        }
        return acl::check_owner(cx.catalog, kind, &relation.name, relation.owner, cx.user());
    }
    if object.class == pg_class::RELID {
        return Ok(());
    }
    if object.class == pg_proc::RELID {
        let function = cx.catalog.get_proc(object.object)?;
        if owns_namespace(cx, function.namespace)? {
            return Ok(());
        }
        let kind = ObjectKind::of_prokind(function.kind);
        return acl::check_owner(cx.catalog, kind, &function.name, function.owner, cx.user());
    }
    let Some((owner, _)) = cx.catalog.owner_and_acl(object.class, object.object)? else {
        return Ok(());
    };
    if cx.catalog.has_role_privileges(cx.user(), owner)? {
        return Ok(());
    }
    let _ = kind;
    Err(err!(INSUFFICIENT_PRIVILEGE, "must be owner of {}", cx.catalog.describe_object(object)?))
}

fn owns_namespace(cx: &UtilityContext<'_>, namespace: Oid) -> PgResult<bool> {
    match cx.catalog.lookup_namespace_row(namespace)? {
        Some(row) => cx.catalog.has_role_privileges(cx.user(), row.owner),
        None => Ok(false),
    }
}
