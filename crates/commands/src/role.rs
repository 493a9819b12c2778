//! CREATE, ALTER and DROP ROLE.
use crate::{UtilityContext, relation_name};
use catalog::{
    Catalog, CatalogRead, MembershipKind, ObjectAddress, PgAuthid, RowBuilder,
    schema::{index, pg_auth_members, pg_authid, pg_shdepend},
};
use error::{PgError, PgResult, SqlState, bail, err, not_supported};
use parser::ast::{
    AlterRoleStmt, CreateRoleStmt, DefArg, DefElem, DropRoleStmt, RoleSpec, RoleSpecType,
    RoleStmtType,
};
use types::{Datum, Oid};

/// What the options of a statement say; `None`: nothing.
#[derive(Default)]
struct Attributes {
    superuser: Option<bool>,
    inherit: Option<bool>,
    createrole: Option<bool>,
    createdb: Option<bool>,
    canlogin: Option<bool>,
    replication: Option<bool>,
    bypassrls: Option<bool>,
    connlimit: Option<i32>,
    /// `Some(None)`: PASSWORD NULL.
    password: Option<Option<String>>,
    validuntil: Option<String>,
    /// Roles that become members of the new one.
    members: Vec<RoleSpec>,
    admins: Vec<RoleSpec>,
    /// Roles that the new one becomes a member of.
    member_of: Vec<RoleSpec>,
}

fn conflicting(option: &DefElem) -> PgError {
    err!(SYNTAX_ERROR, "conflicting or redundant options").at(option.location)
}

fn boolean(option: &DefElem, slot: &mut Option<bool>) -> PgResult<()> {
    let value = match &option.arg {
        Some(DefArg::Boolean(value)) => *value,
        Some(DefArg::Integer(value)) => *value != 0,
        _ => true,
    };
    if slot.replace(value).is_some() {
        return Err(conflicting(option));
    }
    Ok(())
}

fn role_list(option: &DefElem, list: &mut Vec<RoleSpec>) -> PgResult<()> {
    if !list.is_empty() {
        return Err(conflicting(option));
    }
    match &option.arg {
        Some(DefArg::Roles(roles)) => list.extend(roles.iter().cloned()),
        _ => return Err(PgError::internal("role option without roles")),
    }
    Ok(())
}

fn attributes(options: &[DefElem]) -> PgResult<Attributes> {
    let mut a = Attributes::default();
    for option in options {
        match option.defname.as_str() {
            "superuser" => boolean(option, &mut a.superuser)?,
            "inherit" => boolean(option, &mut a.inherit)?,
            "createrole" => boolean(option, &mut a.createrole)?,
            "createdb" => boolean(option, &mut a.createdb)?,
            "canlogin" => boolean(option, &mut a.canlogin)?,
            "isreplication" => boolean(option, &mut a.replication)?,
            "bypassrls" => boolean(option, &mut a.bypassrls)?,
            "connectionlimit" => {
                let Some(DefArg::Integer(limit)) = option.arg else {
                    return Err(PgError::internal("connection limit is an integer"));
                };
                if limit < -1 {
                    bail!(INVALID_PARAMETER_VALUE, "invalid connection limit: {limit}");
                }
                if a.connlimit.replace(limit).is_some() {
                    return Err(conflicting(option));
                }
            }
            "password" => {
                let password = match &option.arg {
                    Some(DefArg::String(text)) => Some(text.clone()),
                    _ => None,
                };
                if a.password.replace(password).is_some() {
                    return Err(conflicting(option));
                }
            }
            "validUntil" => {
                let Some(DefArg::String(text)) = &option.arg else {
                    return Err(PgError::internal("VALID UNTIL takes a string"));
                };
                if a.validuntil.replace(text.clone()).is_some() {
                    return Err(conflicting(option));
                }
            }
            "rolemembers" => role_list(option, &mut a.members)?,
            "adminmembers" => role_list(option, &mut a.admins)?,
            "addroleto" => role_list(option, &mut a.member_of)?,
            "sysid" => return Err(not_supported!("SYSID of a role")),
            other => return Err(PgError::internal(format!("option \"{other}\" not recognized"))),
        }
    }
    Ok(a)
}

fn has_createrole(cx: &UtilityContext<'_>) -> PgResult<bool> {
    Ok(current(cx)?.is_some_and(|role| role.superuser || role.createrole))
}

fn current(cx: &UtilityContext<'_>) -> PgResult<Option<std::sync::Arc<PgAuthid>>> {
    cx.catalog.lookup_role(cx.user())
}

fn is_superuser(cx: &UtilityContext<'_>) -> PgResult<bool> {
    Ok(current(cx)?.is_some_and(|role| role.superuser))
}

/// 42501 unless the current role may SET ROLE to `role`.
pub(crate) fn check_can_set_role(cx: &UtilityContext<'_>, role: Oid) -> PgResult<()> {
    if role == cx.user()
        || is_superuser(cx)?
        || cx.catalog.is_member_of(cx.user(), role, MembershipKind::Set)?
    {
        return Ok(());
    }
    let name = cx.catalog.lookup_role(role)?.map_or_else(String::new, |r| r.name.clone());
    Err(err!(INSUFFICIENT_PRIVILEGE, "must be able to SET ROLE \"{name}\""))
}

#[cold]
fn denied(action: &str, detail: String) -> PgError {
    err!(INSUFFICIENT_PRIVILEGE, "permission denied to {action} role").detail(detail)
}

/// Attributes only those who have them may give.
fn check_may_give(cx: &UtilityContext<'_>, a: &Attributes, action: &str) -> PgResult<()> {
    let Some(role) = current(cx)? else { return Ok(()) };
    if role.superuser {
        return Ok(());
    }
    let wanted = [
        (a.superuser, false, "SUPERUSER"),
        (a.createdb, role.createdb, "CREATEDB"),
        (a.replication, role.replication, "REPLICATION"),
        (a.bypassrls, role.bypassrls, "BYPASSRLS"),
    ];
    for (given, have, name) in wanted {
        if given == Some(true) && !have {
            let verb = if action == "create" { "create roles with" } else { "change" };
            let noun = "attribute";
            return Err(denied(
                action,
                format!("Only roles with the {name} attribute may {verb} the {name} {noun}."),
            ));
        }
    }
    Ok(())
}

/// CREATE ROLE, USER, GROUP.
pub(crate) fn execute_create(cx: &UtilityContext<'_>, stmt: &CreateRoleStmt) -> PgResult<()> {
    let a = attributes(&stmt.options)?;
    if !has_createrole(cx)? {
        let detail = "Only roles with the CREATEROLE attribute may create roles.";
        return Err(denied("create", detail.to_string()));
    }
    check_may_give(cx, &a, "create")?;
    let name = &stmt.role;
    if name.starts_with("pg_") {
        return Err(err!(RESERVED_NAME, "role name \"{name}\" is reserved")
            .detail("Role names starting with \"pg_\" are reserved."));
    }
    if cx.catalog.lookup_role_by_name(name)?.is_some() {
        bail!(DUPLICATE_OBJECT, "role \"{name}\" already exists");
    }
    let oid = cx.catalog.alloc_oid(pg_authid::RELID)?;
    let login = a.canlogin.unwrap_or(stmt.stmt_type == RoleStmtType::User);
    RowBuilder::new(pg_authid::RELID)
        .set(pg_authid::OID, oid)
        .set(pg_authid::ROLNAME, name.as_str())
        .set(pg_authid::ROLSUPER, a.superuser.unwrap_or(false))
        .set(pg_authid::ROLINHERIT, a.inherit.unwrap_or(true))
        .set(pg_authid::ROLCREATEROLE, a.createrole.unwrap_or(false))
        .set(pg_authid::ROLCREATEDB, a.createdb.unwrap_or(false))
        .set(pg_authid::ROLCANLOGIN, login)
        .set(pg_authid::ROLREPLICATION, a.replication.unwrap_or(false))
        .set(pg_authid::ROLBYPASSRLS, a.bypassrls.unwrap_or(false))
        .set(pg_authid::ROLCONNLIMIT, Datum::Int4(a.connlimit.unwrap_or(-1)))
        .set(pg_authid::ROLPASSWORD, password(&a)?)
        .set(pg_authid::ROLVALIDUNTIL, valid_until(cx, &a)?.unwrap_or(Datum::Null))
        .insert(cx.catalog)?;
    cx.services.command_counter_increment()?;
    let grantor = cx.user();
    for spec in &a.member_of {
        let role = relation_name::role(cx, spec)?;
        add_membership(cx, role, oid, grantor, MembershipOptions::default())?;
    }
    for (specs, admin) in [(&a.members, false), (&a.admins, true)] {
        for spec in specs {
            let member = relation_name::role(cx, spec)?;
            let options = MembershipOptions { admin: admin.then_some(true), ..Default::default() };
            add_membership(cx, oid, member, grantor, options)?;
        }
    }
    // A creator who is no superuser gets to administer the role.
    if !is_superuser(cx)? {
        let options =
            MembershipOptions { admin: Some(true), inherit: Some(false), set: Some(false) };
        add_membership(cx, oid, cx.user(), catalog::image::BOOTSTRAP_SUPERUSER, options)?;
    }
    Ok(())
}

/// Passwords are kept as they will be checked; checking them comes with authentication.
fn password(a: &Attributes) -> PgResult<Datum> {
    match &a.password {
        None | Some(None) => Ok(Datum::Null),
        Some(Some(_)) => Err(not_supported!("PASSWORD of a role")),
    }
}

fn valid_until(cx: &UtilityContext<'_>, a: &Attributes) -> PgResult<Option<Datum>> {
    let Some(text) = &a.validuntil else { return Ok(None) };
    cx.session.type_input(types::type_oid::TIMESTAMPTZ, -1, text).map(Some)
}

/// ALTER ROLE … options, ALTER GROUP … ADD/DROP USER.
pub(crate) fn execute_alter(cx: &UtilityContext<'_>, stmt: &AlterRoleStmt) -> PgResult<()> {
    let a = attributes(&stmt.options)?;
    let oid = relation_name::role(cx, &stmt.role)?;
    let Some(role) = cx.catalog.lookup_role(oid)? else {
        return Err(PgError::internal(format!("cache lookup failed for role {oid}")));
    };
    check_may_alter(cx, &role, &a)?;
    if !a.members.is_empty() {
        for spec in &a.members {
            let member = relation_name::role(cx, spec)?;
            match stmt.add {
                true => add_membership(cx, oid, member, cx.user(), MembershipOptions::default())?,
                false => remove_membership(cx, oid, member)?,
            }
        }
        return Ok(());
    }
    let mut columns: Vec<(usize, Datum)> = Vec::new();
    for (column, value) in [
        (pg_authid::ROLSUPER, a.superuser),
        (pg_authid::ROLINHERIT, a.inherit),
        (pg_authid::ROLCREATEROLE, a.createrole),
        (pg_authid::ROLCREATEDB, a.createdb),
        (pg_authid::ROLCANLOGIN, a.canlogin),
        (pg_authid::ROLREPLICATION, a.replication),
        (pg_authid::ROLBYPASSRLS, a.bypassrls),
    ] {
        columns.extend(value.map(|v| (column, Datum::Bool(v))));
    }
    columns.extend(a.connlimit.map(|v| (pg_authid::ROLCONNLIMIT, Datum::Int4(v))));
    if a.password.is_some() {
        columns.push((pg_authid::ROLPASSWORD, password(&a)?));
    }
    columns.extend(valid_until(cx, &a)?.map(|v| (pg_authid::ROLVALIDUNTIL, v)));
    cx.catalog.set_by_oid(pg_authid::RELID, oid, &columns)
}

fn check_may_alter(cx: &UtilityContext<'_>, role: &PgAuthid, a: &Attributes) -> PgResult<()> {
    if is_superuser(cx)? {
        return Ok(());
    }
    if role.superuser || a.superuser.is_some() {
        return Err(denied(
            "alter",
            "Only roles with the SUPERUSER attribute may alter roles with the SUPERUSER attribute."
                .to_string(),
        ));
    }
    check_may_give(cx, a, "alter")?;
    let admin = cx.catalog.is_member_of(cx.user(), role.oid, MembershipKind::Admin)?;
    if !(has_createrole(cx)? && admin) {
        return Err(denied(
            "alter",
            format!(
                "Only roles with the CREATEROLE attribute and the ADMIN option on role \"{}\" may alter this role.",
                role.name
            ),
        ));
    }
    Ok(())
}

/// DROP ROLE: the role must own nothing and be named in no ACL.
pub(crate) fn execute_drop(cx: &UtilityContext<'_>, stmt: &DropRoleStmt) -> PgResult<()> {
    if !has_createrole(cx)? {
        return Err(denied(
            "drop",
            "Only roles with the CREATEROLE attribute and the ADMIN option on the target roles may drop roles.".to_string(),
        ));
    }
    for spec in &stmt.roles {
        if spec.roletype != RoleSpecType::CString {
            bail!(INVALID_PARAMETER_VALUE, "cannot use special role specifier in DROP ROLE");
        }
        let name = spec.rolename.as_deref().unwrap_or_default();
        let Some(role) = cx.catalog.lookup_role_by_name(name)? else {
            if !stmt.missing_ok {
                bail!(UNDEFINED_OBJECT, "role \"{name}\" does not exist");
            }
            cx.notice(PgError::notice(format!("role \"{name}\" does not exist, skipping")));
            continue;
        };
        drop_one(cx, &role)?;
    }
    Ok(())
}

fn drop_one(cx: &UtilityContext<'_>, role: &PgAuthid) -> PgResult<()> {
    if role.oid == cx.user() {
        bail!(OBJECT_IN_USE, "current user cannot be dropped");
    }
    if role.oid == cx.session.session_user() {
        bail!(OBJECT_IN_USE, "session user cannot be dropped");
    }
    if role.superuser && !is_superuser(cx)? {
        return Err(denied(
            "drop",
            "Only roles with the SUPERUSER attribute may drop roles with the SUPERUSER attribute."
                .to_string(),
        ));
    }
    if role.oid < Oid::FIRST_NORMAL {
        return Err(err!(
            DEPENDENT_OBJECTS_STILL_EXIST,
            "cannot drop role {} because it is required by the database system",
            role.name
        ));
    }
    check_no_dependents(cx.catalog, role)?;
    let key = [Datum::Oid(role.oid)];
    cx.catalog.delete_by_key(index::PG_AUTH_MEMBERS_ROLE_MEMBER_INDEX, &key)?;
    cx.catalog.delete_by_key(index::PG_AUTH_MEMBERS_MEMBER_ROLE_INDEX, &key)?;
    cx.catalog.set_comment(ObjectAddress::new(pg_authid::RELID, role.oid), None)?;
    cx.catalog.delete_by_key(index::PG_AUTHID_OID_INDEX, &key)?;
    Ok(())
}

/// 2BP01 with a line for each object that still needs the role.
fn check_no_dependents(catalog: &Catalog, role: &PgAuthid) -> PgResult<()> {
    let key = [Datum::Oid(pg_authid::RELID), Datum::Oid(role.oid)];
    let rows = catalog.rows_by_index(index::PG_SHDEPEND_REFERENCE_INDEX, &key)?;
    let mut lines = Vec::new();
    for row in &rows {
        let object = ObjectAddress {
            class: row.oid(pg_shdepend::CLASSID),
            object: row.oid(pg_shdepend::OBJID),
            sub: row.values[pg_shdepend::OBJSUBID].as_i32(),
        };
        let database = row.oid(pg_shdepend::DBID);
        if database.is_valid() && database != catalog.database() {
            continue;
        }
        let description = catalog.describe_object(object)?;
        lines.push(match row.values[pg_shdepend::DEPTYPE].as_char() {
            b'o' => format!("owner of {description}"),
            b'a' => format!("privileges for {description}"),
            b'i' => format!("initial privileges for {description}"),
            b'r' => format!("target of {description}"),
            _ => description,
        });
    }
    if rows.is_empty() {
        return Ok(());
    }
    lines.sort();
    Err(err!(
        DEPENDENT_OBJECTS_STILL_EXIST,
        "role \"{}\" cannot be dropped because some objects depend on it",
        role.name
    )
    .detail(lines.join("\n")))
}

/// Options of a membership; `None` leaves what is there, or takes the default.
#[derive(Clone, Copy, Default)]
pub(crate) struct MembershipOptions {
    pub(crate) admin: Option<bool>,
    pub(crate) inherit: Option<bool>,
    pub(crate) set: Option<bool>,
}

/// Makes `member` a member of `role`.
pub(crate) fn add_membership(
    cx: &UtilityContext<'_>,
    role: Oid,
    member: Oid,
    grantor: Oid,
    options: MembershipOptions,
) -> PgResult<()> {
    let name = |oid| -> PgResult<String> {
        Ok(cx.catalog.lookup_role(oid)?.map_or_else(String::new, |r| r.name.clone()))
    };
    if role == member || cx.catalog.is_member_of(role, member, MembershipKind::Member)? {
        bail!(
            INVALID_GRANT_OPERATION,
            "role \"{}\" is a member of role \"{}\"",
            name(role)?,
            name(member)?
        );
    }
    let key = [Datum::Oid(role), Datum::Oid(member)];
    let rows = cx.catalog.rows_by_index(index::PG_AUTH_MEMBERS_ROLE_MEMBER_INDEX, &key)?;
    let existing = rows.iter().find(|row| row.oid(pg_auth_members::GRANTOR) == grantor);
    let given = [
        (pg_auth_members::ADMIN_OPTION, options.admin),
        (pg_auth_members::INHERIT_OPTION, options.inherit),
        (pg_auth_members::SET_OPTION, options.set),
    ];
    if let Some(row) = existing {
        let mut new = row.values.clone();
        let mut changed = false;
        for (column, value) in given {
            if let Some(value) = value
                && new[column].as_bool() != value
            {
                new[column] = Datum::Bool(value);
                changed = true;
            }
        }
        if !changed {
            cx.notice(PgError::notice(format!(
                "role \"{}\" has already been granted membership in role \"{}\" by role \"{}\"",
                name(member)?,
                name(role)?,
                name(grantor)?
            )));
            return Ok(());
        }
        return cx.catalog.update_row(pg_auth_members::RELID, row, &new);
    }
    let inherits = cx.catalog.lookup_role(member)?.is_some_and(|r| r.inherit);
    RowBuilder::new(pg_auth_members::RELID)
        .set(pg_auth_members::OID, cx.catalog.alloc_oid(pg_auth_members::RELID)?)
        .set(pg_auth_members::ROLEID, role)
        .set(pg_auth_members::MEMBER, member)
        .set(pg_auth_members::GRANTOR, grantor)
        .set(pg_auth_members::ADMIN_OPTION, options.admin.unwrap_or(false))
        .set(pg_auth_members::INHERIT_OPTION, options.inherit.unwrap_or(inherits))
        .set(pg_auth_members::SET_OPTION, options.set.unwrap_or(true))
        .insert(cx.catalog)?;
    cx.services.command_counter_increment()
}

/// Ends a membership; a warning if there is none.
pub(crate) fn remove_membership(cx: &UtilityContext<'_>, role: Oid, member: Oid) -> PgResult<()> {
    let key = [Datum::Oid(role), Datum::Oid(member)];
    let removed = cx.catalog.delete_by_key(index::PG_AUTH_MEMBERS_ROLE_MEMBER_INDEX, &key)?;
    if removed.is_empty() {
        let name = |oid| -> PgResult<String> {
            Ok(cx.catalog.lookup_role(oid)?.map_or_else(String::new, |r| r.name.clone()))
        };
        cx.notice(PgError::warning(
            SqlState::WARNING,
            format!(
                "role \"{}\" has not been granted membership in role \"{}\" by role \"{}\"",
                name(member)?,
                name(role)?,
                name(cx.user())?
            ),
        ));
    }
    cx.services.command_counter_increment()
}
