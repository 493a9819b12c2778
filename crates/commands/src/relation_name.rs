//! Names of relations, schemas and roles in statements.
use crate::UtilityContext;
use catalog::{Catalog, CatalogRead, RelationDesc};
use error::{PgError, PgResult, bail, err};
use parser::ast::{RangeVar, RoleSpec, RoleSpecType};
use std::sync::Arc;
use types::Oid;

/// `s.t` as messages show it.
pub(crate) fn dotted(parts: &[String]) -> String {
    parts.join(".")
}

#[cold]
fn missing_relation(parts: &[String]) -> PgError {
    err!(UNDEFINED_TABLE, "relation \"{}\" does not exist", dotted(parts))
}

/// The parts of a RangeVar's name.
pub(crate) fn parts_of(name: &RangeVar) -> Vec<String> {
    let parts = [&name.catalogname, &name.schemaname];
    parts.into_iter().flatten().cloned().chain([name.relname.clone()]).collect()
}

/// The relation a dotted name means now, `None` if there is none. A schema that does not exist counts
/// as a relation that does not exist.
pub(crate) fn lookup_relation(catalog: &Catalog, parts: &[String]) -> PgResult<Option<Oid>> {
    match parts {
        [name] => catalog.relation_in_path(name),
        [schema, name] => match catalog.lookup_namespace(schema)? {
            Some(namespace) => catalog.lookup_relation(namespace, name),
            None => Ok(None),
        },
        [database, schema, name] => {
            let current = catalog.lookup_database(catalog.database())?;
            if current.is_none_or(|d| d.name != *database) {
                bail!(
                    FEATURE_NOT_SUPPORTED,
                    "cross-database references are not implemented: \"{}\"",
                    dotted(parts)
                );
            }
            lookup_relation(catalog, &[schema.clone(), name.clone()])
        }
        _ => {
            bail!(SYNTAX_ERROR, "improper relation name (too many dotted names): {}", dotted(parts))
        }
    }
}

/// Locks a relation by name: looks again after the lock, since the name may mean something else then.
pub(crate) fn open_relation(
    cx: &UtilityContext<'_>,
    parts: &[String],
    lock_mode: i32,
    missing_ok: bool,
) -> PgResult<Option<Arc<RelationDesc>>> {
    loop {
        let Some(oid) = lookup_relation(cx.catalog, parts)? else {
            return if missing_ok { Ok(None) } else { Err(missing_relation(parts)) };
        };
        cx.lock(oid, lock_mode)?;
        if lookup_relation(cx.catalog, parts)? == Some(oid)
            && let Some(relation) = cx.catalog.relation(oid)?
        {
            return Ok(Some(relation));
        }
    }
}

/// As [`open_relation`] for a RangeVar that must exist.
pub(crate) fn open_range_var(
    cx: &UtilityContext<'_>,
    name: &RangeVar,
    lock_mode: i32,
) -> PgResult<Arc<RelationDesc>> {
    let parts = parts_of(name);
    open_relation(cx, &parts, lock_mode, false)?.ok_or_else(|| missing_relation(&parts))
}

/// A schema by name; 3F000 if there is none.
pub(crate) fn namespace(catalog: &Catalog, name: &str) -> PgResult<Oid> {
    catalog
        .lookup_namespace(name)?
        .ok_or_else(|| err!(UNDEFINED_SCHEMA, "schema \"{name}\" does not exist"))
}

/// The role a RoleSpec names; PUBLIC is no role here.
pub(crate) fn role(cx: &UtilityContext<'_>, spec: &RoleSpec) -> PgResult<Oid> {
    match spec.roletype {
        RoleSpecType::CString => {
            let name = spec.rolename.as_deref().unwrap_or_default();
            role_by_name(cx.catalog, name)
        }
        RoleSpecType::CurrentRole | RoleSpecType::CurrentUser => Ok(cx.user()),
        RoleSpecType::SessionUser => Ok(cx.session.session_user()),
        RoleSpecType::Public => Err(err!(UNDEFINED_OBJECT, "role \"public\" does not exist")),
    }
}

/// A role by name; 42704 if there is none.
pub(crate) fn role_by_name(catalog: &Catalog, name: &str) -> PgResult<Oid> {
    catalog
        .lookup_role_by_name(name)?
        .map(|role| role.oid)
        .ok_or_else(|| err!(UNDEFINED_OBJECT, "role \"{name}\" does not exist"))
}

/// What a kind of relation is called in messages.
pub(crate) fn kind_noun(relkind: char) -> &'static str {
    match relkind {
        'i' | 'I' => "index",
        'S' => "sequence",
        'v' => "view",
        'm' => "materialized view",
        'f' => "foreign table",
        'c' => "type",
        _ => "table",
    }
}
