//! CREATE SCHEMA.
use crate::{UtilityContext, relation_name};
use catalog::{CatalogRead, acl, acl::ObjectKind};
use error::{PgError, PgResult, SqlState, err};
use nodes::acl as bit;
use parser::ast::{CreateSchemaStmt, Stmt};

/// Makes a schema, then the objects listed in the statement, within it.
pub(crate) fn execute_create(cx: &UtilityContext<'_>, stmt: &CreateSchemaStmt) -> PgResult<()> {
    let owner = match &stmt.authrole {
        Some(spec) => relation_name::role(cx, spec)?,
        None => cx.user(),
    };
    let name = match &stmt.schemaname {
        Some(name) => name.clone(),
        None => match cx.catalog.lookup_role(owner)? {
            Some(role) => role.name.clone(),
            None => return Err(PgError::internal(format!("cache lookup failed for role {owner}"))),
        },
    };
    check_may_create(cx, owner)?;
    if name.starts_with("pg_") {
        return Err(err!(RESERVED_NAME, "unacceptable schema name \"{name}\"")
            .detail("The prefix \"pg_\" is reserved for system schemas."));
    }
    if stmt.if_not_exists && cx.catalog.lookup_namespace(&name)?.is_some() {
        cx.notice(
            PgError::notice(format!("schema \"{name}\" already exists, skipping"))
                .with_sqlstate(SqlState::DUPLICATE_SCHEMA),
        );
        return Ok(());
    }
    cx.catalog.create_namespace(&name, owner)?;
    cx.services.command_counter_increment()?;
    let saved = cx.catalog.search_path_names();
    let mut path = vec![name.clone()];
    path.extend(saved.iter().cloned());
    cx.catalog.set_search_path(path);
    let result = stmt.schema_elts.iter().try_for_each(|element| {
        check_element_schema(element, &name)?;
        cx.services.run_utility(element)
    });
    cx.catalog.set_search_path(saved);
    result
}

/// CREATE on the database, and membership in the owner.
fn check_may_create(cx: &UtilityContext<'_>, owner: types::Oid) -> PgResult<()> {
    let Some(database) = cx.catalog.lookup_database(cx.catalog.database())? else { return Ok(()) };
    acl::check(
        cx.catalog,
        ObjectKind::Database,
        &database.name,
        database.acl.as_deref(),
        database.owner,
        cx.user(),
        bit::CREATE,
    )?;
    crate::role::check_can_set_role(cx, owner)
}

/// An element may name the new schema, but no other.
fn check_element_schema(element: &Stmt, name: &str) -> PgResult<()> {
    let given = match element {
        Stmt::CreateStmt(s) => s.relation.schemaname.as_deref(),
        Stmt::ViewStmt(s) => s.view.schemaname.as_deref(),
        Stmt::CreateSeqStmt(s) => s.sequence.schemaname.as_deref(),
        Stmt::IndexStmt(s) => s.relation.schemaname.as_deref(),
        _ => None,
    };
    match given {
        Some(given) if given != name => Err(err!(
            INVALID_SCHEMA_DEFINITION,
            "CREATE specifies a schema ({given}) different from the one being created ({name})"
        )),
        _ => Ok(()),
    }
}
