//! GRANT and REVOKE: privileges on objects, and memberships in roles.
use crate::{
    UtilityContext,
    object_address::{self, function_oid},
    relation_name,
    role::{MembershipOptions, add_membership, remove_membership},
};
use catalog::{
    AclItem, CatalogRead, MembershipKind, ObjectAddress, acl,
    acl::ObjectKind,
    schema::{pg_class, pg_proc},
};
use error::{PgError, PgResult, SqlState, bail, err, not_supported};
use parser::ast::{
    AccessPriv, DefArg, DropBehavior, GrantObject, GrantRoleStmt, GrantStmt, GrantTargetType,
    ObjectRef, ObjectType, RoleSpec, RoleSpecType,
};
use types::Oid;

/// PostgreSQL's AccessShareLock.
const ACCESS_SHARE: i32 = 1;

/// An object whose ACL changes.
struct Target {
    address: ObjectAddress,
    kind: ObjectKind,
    name: String,
    owner: Oid,
    acl: Option<Vec<AclItem>>,
}

/// GRANT and REVOKE on objects.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &GrantStmt) -> PgResult<()> {
    if stmt.targtype == GrantTargetType::Defaults {
        return Err(not_supported!("ALTER DEFAULT PRIVILEGES"));
    }
    if let Some(grantor) = &stmt.grantor
        && relation_name::role(cx, grantor)? != cx.user()
    {
        bail!(FEATURE_NOT_SUPPORTED, "grantor must be current user");
    }
    let grantees = stmt.grantees.iter().map(|g| grantee(cx, g)).collect::<PgResult<Vec<_>>>()?;
    if stmt.grant_option && stmt.is_grant && grantees.contains(&Oid::INVALID) {
        bail!(INVALID_GRANT_OPERATION, "grant options can only be granted to roles");
    }
    for target in targets(cx, stmt)? {
        apply(cx, stmt, &grantees, target)?;
        cx.services.command_counter_increment()?;
    }
    Ok(())
}

fn grantee(cx: &UtilityContext<'_>, spec: &RoleSpec) -> PgResult<Oid> {
    match spec.roletype {
        RoleSpecType::Public => Ok(Oid::INVALID),
        _ => relation_name::role(cx, spec),
    }
}

fn targets(cx: &UtilityContext<'_>, stmt: &GrantStmt) -> PgResult<Vec<Target>> {
    if stmt.targtype == GrantTargetType::AllInSchema {
        return all_in_schema(cx, stmt);
    }
    stmt.objects.iter().map(|object| target(cx, stmt.objtype, object)).collect()
}

fn relation_target(cx: &UtilityContext<'_>, relid: Oid, wanted: ObjectType) -> PgResult<Target> {
    let relation = cx.catalog.get_relation(relid)?;
    match (wanted, relation.relkind) {
        (_, 'i' | 'I') => bail!(WRONG_OBJECT_TYPE, "\"{}\" is an index", relation.name),
        (_, 'c') => bail!(WRONG_OBJECT_TYPE, "\"{}\" is a composite type", relation.name),
        (ObjectType::Sequence, kind) if kind != 'S' => {
            bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a sequence", relation.name)
        }
        _ => {}
    }
    let kind = match relation.relkind {
        'S' => ObjectKind::Sequence,
        _ => ObjectKind::Table,
    };
    Ok(Target {
        address: ObjectAddress::relation(relid),
        kind,
        name: relation.name.clone(),
        owner: relation.owner,
        acl: relation.acl.clone(),
    })
}

fn target(cx: &UtilityContext<'_>, kind: ObjectType, object: &GrantObject) -> PgResult<Target> {
    let (address, object_kind, name) = match (kind, object) {
        (_, GrantObject::RangeVar(name)) => {
            let relation = relation_name::open_range_var(cx, name, ACCESS_SHARE)?;
            return relation_target(cx, relation.oid, kind);
        }
        (ObjectType::Schema, GrantObject::Name(name)) => {
            let oid = relation_name::namespace(cx.catalog, name)?;
            (ObjectAddress::namespace(oid), ObjectKind::Schema, name.clone())
        }
        (ObjectType::Database, GrantObject::Name(name)) => {
            let found =
                object_address::resolve(cx, kind, &ObjectRef::Name(name.clone()), ACCESS_SHARE)?;
            (found.address, ObjectKind::Database, name.clone())
        }
        (ObjectType::Language, GrantObject::Name(name)) => {
            let found =
                object_address::resolve(cx, kind, &ObjectRef::Name(name.clone()), ACCESS_SHARE)?;
            (found.address, ObjectKind::Language, name.clone())
        }
        (ObjectType::Type | ObjectType::Domain, GrantObject::AnyName(parts)) => {
            let typ = type_by_name(cx, parts)?;
            if cx.catalog.get_type(typ)?.typtype == 'm' {
                return Err(err!(
                    INVALID_GRANT_OPERATION,
                    "cannot set privileges of multirange types"
                )
                .hint("Set the privileges of the range type instead."));
            }
            (ObjectAddress::typ(typ), ObjectKind::Type, relation_name::dotted(parts))
        }
        (
            ObjectType::Function | ObjectType::Procedure | ObjectType::Routine,
            GrantObject::WithArgs(function),
        ) => {
            let oid = function_oid(cx, kind, function)?;
            let name = cx.catalog.get_proc(oid)?.name.clone();
            (ObjectAddress::proc_(oid), ObjectKind::Function, name)
        }
        (kind, _) => return Err(not_supported!("GRANT on objects of kind {kind:?}")),
    };
    let (owner, acl) = match cx.catalog.owner_and_acl(address.class, address.object)? {
        Some(found) => found,
        None => return Err(PgError::internal("object without owner in GRANT")),
    };
    Ok(Target { address, kind: object_kind, name, owner, acl })
}

fn type_by_name(cx: &UtilityContext<'_>, parts: &[String]) -> PgResult<Oid> {
    let found = match parts {
        [name] => cx.catalog.type_in_path(name)?,
        [schema, name] => {
            let namespace = relation_name::namespace(cx.catalog, schema)?;
            cx.catalog.lookup_type_by_name(namespace, name)?
        }
        _ => None,
    };
    match found {
        Some(typ) if typ.is_array() => {
            Err(err!(INVALID_GRANT_OPERATION, "cannot set privileges of array types")
                .hint("Set the privileges of the element type instead."))
        }
        Some(typ) => Ok(typ.oid),
        None => {
            Err(err!(UNDEFINED_OBJECT, "type \"{}\" does not exist", relation_name::dotted(parts)))
        }
    }
}

/// ON ALL TABLES / SEQUENCES / FUNCTIONS IN SCHEMA.
fn all_in_schema(cx: &UtilityContext<'_>, stmt: &GrantStmt) -> PgResult<Vec<Target>> {
    let mut targets = Vec::new();
    for object in &stmt.objects {
        let GrantObject::Name(schema) = object else {
            return Err(PgError::internal("schema expected in GRANT"));
        };
        let namespace = relation_name::namespace(cx.catalog, schema)?;
        match stmt.objtype {
            ObjectType::Table | ObjectType::Sequence => {
                let rows = cx.catalog.all_rows(pg_class::RELID)?;
                let here = rows.iter().filter(|r| r.oid(pg_class::RELNAMESPACE) == namespace);
                for row in here {
                    let relkind = row.values[pg_class::RELKIND].as_char();
                    let fits = match stmt.objtype {
                        ObjectType::Table => b"rvmfp".contains(&relkind),
                        _ => relkind == b'S',
                    };
                    if fits {
                        targets.push(relation_target(cx, row.oid(pg_class::OID), stmt.objtype)?);
                    }
                }
            }
            _ => {
                let rows = cx.catalog.all_rows(pg_proc::RELID)?;
                let here = rows.iter().filter(|r| r.oid(pg_proc::PRONAMESPACE) == namespace);
                for row in here {
                    let kind = row.values[pg_proc::PROKIND].as_char();
                    let fits = match stmt.objtype {
                        ObjectType::Function => kind != b'p',
                        ObjectType::Procedure => kind == b'p',
                        _ => true,
                    };
                    if fits {
                        let oid = row.oid(pg_proc::OID);
                        let proc_ = cx.catalog.get_proc(oid)?;
                        targets.push(Target {
                            address: ObjectAddress::proc_(oid),
                            kind: ObjectKind::Function,
                            name: proc_.name.clone(),
                            owner: proc_.owner,
                            acl: proc_.acl.clone(),
                        });
                    }
                }
            }
        }
    }
    Ok(targets)
}

/// Bits of the privileges named; all of the kind if none are.
fn privileges(stmt: &GrantStmt, kind: ObjectKind) -> PgResult<u64> {
    let all = acl::all_privileges(kind);
    if stmt.privileges.is_empty() {
        return Ok(all);
    }
    let mut bits = 0;
    for privilege in &stmt.privileges {
        if !privilege.cols.is_empty() {
            return Err(not_supported!("privileges on columns"));
        }
        let name = privilege.priv_name.as_deref().unwrap_or_default();
        let Some(one) = acl::privilege_bit(name) else {
            bail!(SYNTAX_ERROR, "unrecognized privilege type \"{name}\"");
        };
        // Sequences take the privileges of tables for old times' sake.
        let allowed = match (kind, stmt.objtype) {
            (ObjectKind::Sequence, ObjectType::Table) => {
                all | acl::all_privileges(ObjectKind::Table)
            }
            _ => all,
        };
        if one & allowed == 0 {
            let noun = match kind {
                ObjectKind::Table => "relation",
                kind => kind.noun(),
            };
            bail!(
                INVALID_GRANT_OPERATION,
                "invalid privilege type {} for {noun}",
                acl::privilege_name(one)
            );
        }
        bits |= one;
    }
    Ok(bits & all)
}

/// The role that grants: the owner for its members, or a role with grant options.
fn grantor(
    cx: &UtilityContext<'_>,
    target: &Target,
    items: &[AclItem],
    bits: u64,
) -> PgResult<(Oid, u64)> {
    let user = cx.user();
    if cx.catalog.has_role_privileges(user, target.owner)? {
        return Ok((target.owner, bits));
    }
    let held = acl::grant_options_of(cx.catalog, items, user, target.owner, bits)?;
    Ok((user, held))
}

fn apply(
    cx: &UtilityContext<'_>,
    stmt: &GrantStmt,
    grantees: &[Oid],
    target: Target,
) -> PgResult<()> {
    let bits = privileges(stmt, target.kind)?;
    let mut items =
        target.acl.clone().unwrap_or_else(|| acl::default_acl(target.kind, target.owner));
    let (grantor, may) = grantor(cx, &target, &items, bits)?;
    if may == 0 {
        let any = acl::privileges_of(cx.catalog, &items, cx.user(), target.owner, bits)?;
        if any == 0 {
            return Err(acl::permission_denied(target.kind, &target.name));
        }
        warn_partial(cx, stmt, &target, false);
        return Ok(());
    }
    if may != bits && !stmt.privileges.is_empty() {
        warn_partial(cx, stmt, &target, true);
    }
    for grantee in grantees {
        let item = AclItem {
            grantee: *grantee,
            grantor,
            privs: may,
            grant_options: if stmt.grant_option { may } else { 0 },
        };
        if stmt.is_grant {
            acl::grant(&mut items, &item);
        } else {
            let cascade = stmt.behavior == DropBehavior::Cascade;
            revoke(&mut items, &item, stmt.grant_option, cascade)?;
        }
    }
    let address = target.address;
    cx.catalog.set_acl(address.class, address.object, Some(&items))
}

/// Takes privileges (or only their grant options) away; what was granted onwards goes with CASCADE.
fn revoke(
    items: &mut Vec<AclItem>,
    item: &AclItem,
    only_option: bool,
    cascade: bool,
) -> PgResult<()> {
    let mut lost_options = 0;
    for held in items.iter_mut() {
        if held.grantee == item.grantee && held.grantor == item.grantor {
            lost_options |= held.grant_options & item.privs;
            held.grant_options &= !item.privs;
            if !only_option {
                held.privs &= !item.privs;
            }
        }
    }
    items.retain(|held| held.privs != 0 || held.grant_options != 0);
    if lost_options == 0 || !item.grantee.is_valid() {
        return Ok(());
    }
    let onwards: Vec<AclItem> = items
        .iter()
        .filter(|held| held.grantor == item.grantee && held.privs & lost_options != 0)
        .cloned()
        .collect();
    if !onwards.is_empty() && !cascade {
        return Err(err!(DEPENDENT_OBJECTS_STILL_EXIST, "dependent privileges exist")
            .hint("Use CASCADE to revoke them too."));
    }
    for held in onwards {
        let next = AclItem { privs: held.privs & lost_options, ..held };
        revoke(items, &next, false, true)?;
    }
    Ok(())
}

fn warn_partial(cx: &UtilityContext<'_>, stmt: &GrantStmt, target: &Target, some: bool) {
    let (state, verb) = match stmt.is_grant {
        true => (SqlState::WARNING_PRIVILEGE_NOT_GRANTED, "granted"),
        false => (SqlState::WARNING_PRIVILEGE_NOT_REVOKED, "revoked"),
    };
    let text = match some {
        true => format!("not all privileges were {verb} for \"{}\"", target.name),
        false => {
            let verb = if stmt.is_grant { "granted" } else { "could be revoked" };
            format!("no privileges were {verb} for \"{}\"", target.name)
        }
    };
    cx.notice(PgError::warning(state, text));
}

/// GRANT role TO role.
pub(crate) fn execute_role(cx: &UtilityContext<'_>, stmt: &GrantRoleStmt) -> PgResult<()> {
    let options = membership_options(stmt)?;
    let grantor = match &stmt.grantor {
        Some(spec) => relation_name::role(cx, spec)?,
        None => cx.user(),
    };
    for granted in &stmt.granted_roles {
        let role = granted_role(cx, granted)?;
        check_may_grant(cx, role, stmt.is_grant)?;
        for spec in &stmt.grantee_roles {
            let member = relation_name::role(cx, spec)?;
            match stmt.is_grant {
                true => add_membership(cx, role, member, grantor, options)?,
                false if stmt.opt.is_empty() => remove_membership(cx, role, member)?,
                false => return Err(not_supported!("REVOKE … OPTION FOR of a role")),
            }
        }
    }
    Ok(())
}

fn membership_options(stmt: &GrantRoleStmt) -> PgResult<MembershipOptions> {
    let mut options = MembershipOptions::default();
    for option in &stmt.opt {
        let value = match &option.arg {
            Some(DefArg::Boolean(value)) => Some(*value),
            Some(DefArg::String(text)) => types::boolean::parse(text),
            _ => Some(true),
        };
        let slot = match option.defname.as_str() {
            "admin" => &mut options.admin,
            "inherit" => &mut options.inherit,
            "set" => &mut options.set,
            other => bail!(SYNTAX_ERROR, "unrecognized role option \"{other}\""),
        };
        *slot = match value {
            Some(value) => Some(value),
            None => {
                return Err(err!(
                    INVALID_PARAMETER_VALUE,
                    "unrecognized value for role option \"{}\"",
                    option.defname
                )
                .at(option.location));
            }
        };
    }
    Ok(options)
}

fn granted_role(cx: &UtilityContext<'_>, granted: &AccessPriv) -> PgResult<Oid> {
    let name = granted.priv_name.as_deref().unwrap_or_default();
    if !granted.cols.is_empty() {
        bail!(INVALID_GRANT_OPERATION, "column names cannot be included in GRANT/REVOKE ROLE");
    }
    relation_name::role_by_name(cx.catalog, name)
}

fn check_may_grant(cx: &UtilityContext<'_>, role: Oid, is_grant: bool) -> PgResult<()> {
    let current = cx.catalog.lookup_role(cx.user())?;
    if current.is_some_and(|r| r.superuser)
        || cx.catalog.is_member_of(cx.user(), role, MembershipKind::Admin)?
    {
        return Ok(());
    }
    let name = cx.catalog.lookup_role(role)?.map_or_else(String::new, |r| r.name.clone());
    let verb = if is_grant { "grant" } else { "revoke" };
    Err(err!(INSUFFICIENT_PRIVILEGE, "permission denied to {verb} role \"{name}\"").detail(
        format!("Only roles with the ADMIN option on role \"{name}\" may {verb} this role."),
    ))
}
