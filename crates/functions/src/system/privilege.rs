//! has_*_privilege and pg_has_role: every combination of names and OIDs goes through one body a kind
//! of object, which looks at the form of its arguments.
use catalog::{AclItem, Catalog, CatalogRead, acl, acl::ObjectKind};
use error::{PgResult, err};
use fmgr::{CallContext, Registry};
use types::{Datum, Oid};

/// An object found: its owner and ACL, or `None` if there is no such OID.
struct Target {
    kind: ObjectKind,
    owner: Oid,
    acl: Option<Vec<AclItem>>,
}

type Find = fn(&Catalog, &Datum) -> PgResult<Option<Target>>;

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! forms {
        ($find:expr, $($name:literal)*) => { $( r.scalar($name, |cx, a| has(cx, a, $find)); )* };
    }
    forms!(table, "has_table_privilege_name_name" "has_table_privilege_name_id" "has_table_privilege_id_name"
        "has_table_privilege_id_id" "has_table_privilege_name" "has_table_privilege_id");
    forms!(sequence, "has_sequence_privilege_name_name" "has_sequence_privilege_name_id"
        "has_sequence_privilege_id_name" "has_sequence_privilege_id_id" "has_sequence_privilege_name"
        "has_sequence_privilege_id");
    forms!(schema, "has_schema_privilege_name_name" "has_schema_privilege_name_id" "has_schema_privilege_id_name"
        "has_schema_privilege_id_id" "has_schema_privilege_name" "has_schema_privilege_id");
    forms!(database, "has_database_privilege_name_name" "has_database_privilege_name_id"
        "has_database_privilege_id_name" "has_database_privilege_id_id" "has_database_privilege_name"
        "has_database_privilege_id");
    forms!(function, "has_function_privilege_name_id" "has_function_privilege_id_id" "has_function_privilege_id");
    forms!(type_, "has_type_privilege_name_id" "has_type_privilege_id_id" "has_type_privilege_id");
    for name in ["pg_has_role_name_name", "pg_has_role_name_id", "pg_has_role_id_name"] {
        r.scalar(name, has_role);
    }
    for name in ["pg_has_role_id_id", "pg_has_role_name", "pg_has_role_id"] {
        r.scalar(name, has_role);
    }
}

/// `[user,] object, privileges`.
fn has(cx: &mut CallContext<'_>, args: &mut [Datum], find: Find) -> PgResult<Datum> {
    let catalog = super::catalog(cx)?;
    let (role, rest) = match args {
        [user, rest @ ..] if rest.len() == 2 => (role(catalog, user)?, rest),
        rest => (cx.session.current_user(), rest),
    };
    let Some(target) = find(catalog, &rest[0])? else { return Ok(Datum::Null) };
    let wanted = privileges(rest[1].as_str(), target.kind)?;
    let default;
    let items = match &target.acl {
        Some(items) => items,
        None => {
            default = acl::default_acl(target.kind, target.owner);
            &default
        }
    };
    for (bit, with_option) in wanted {
        let held = match with_option {
            false => acl::privileges_of(catalog, items, role, target.owner, bit)?,
            true => acl::grant_options_of(catalog, items, role, target.owner, bit)?,
        };
        if held != 0 {
            return Ok(Datum::Bool(true));
        }
    }
    Ok(Datum::Bool(false))
}

/// A role given by OID or name; `public` is the role every user has.
fn role(catalog: &Catalog, user: &Datum) -> PgResult<Oid> {
    match user {
        Datum::Oid(oid) => Ok(*oid),
        name if name.as_str() == "public" => Ok(Oid::INVALID),
        name => catalog
            .lookup_role_by_name(name.as_str())?
            .map(|r| r.oid)
            .ok_or_else(|| err!(UNDEFINED_OBJECT, "role \"{}\" does not exist", name.as_str())),
    }
}

/// Comma-separated privilege names, each with or without `WITH GRANT OPTION`.
fn privileges(text: &str, kind: ObjectKind) -> PgResult<Vec<(u64, bool)>> {
    let allowed = acl::all_privileges(kind);
    text.split(',')
        .map(|part| {
            let name = part.trim().to_ascii_uppercase();
            let (name, with_option) = match name.strip_suffix(" WITH GRANT OPTION") {
                Some(name) => (name.trim().to_string(), true),
                None => (name, false),
            };
            let name = if name == "TEMP" { "TEMPORARY".to_string() } else { name };
            acl::privilege_bit(&name)
                .filter(|bit| bit & allowed != 0)
                .map(|bit| (bit, with_option))
                .ok_or_else(|| {
                    err!(
                        INVALID_PARAMETER_VALUE,
                        "unrecognized privilege type: \"{}\"",
                        part.trim()
                    )
                })
        })
        .collect()
}

/// `schema.name` or `name`, identifiers folded as in SQL.
fn relation_oid(catalog: &Catalog, name: &str) -> PgResult<Oid> {
    let parts = super::info::split_identifiers(name)?;
    let found = match parts.as_slice() {
        [name] => catalog.relation_in_path(name)?,
        [schema, name] => match catalog.lookup_namespace(schema)? {
            Some(namespace) => catalog.lookup_relation(namespace, name)?,
            None => None,
        },
        _ => {
            return Err(err!(
                SYNTAX_ERROR,
                "improper relation name (too many dotted names): {name}"
            ));
        }
    };
    found.ok_or_else(|| err!(UNDEFINED_TABLE, "relation \"{name}\" does not exist"))
}

fn table(catalog: &Catalog, object: &Datum) -> PgResult<Option<Target>> {
    let oid = match object {
        Datum::Oid(oid) => *oid,
        name => relation_oid(catalog, name.as_str())?,
    };
    Ok(catalog.relation(oid)?.map(|rel| Target {
        kind: ObjectKind::Table,
        owner: rel.owner,
        acl: rel.acl.clone(),
    }))
}

fn sequence(catalog: &Catalog, object: &Datum) -> PgResult<Option<Target>> {
    let oid = match object {
        Datum::Oid(oid) => *oid,
        name => relation_oid(catalog, name.as_str())?,
    };
    let Some(rel) = catalog.relation(oid)? else { return Ok(None) };
    if rel.relkind != 'S' {
        return Err(err!(WRONG_OBJECT_TYPE, "\"{}\" is not a sequence", rel.name));
    }
    Ok(Some(Target { kind: ObjectKind::Sequence, owner: rel.owner, acl: rel.acl.clone() }))
}

fn database(catalog: &Catalog, object: &Datum) -> PgResult<Option<Target>> {
    let database = match object {
        Datum::Oid(oid) => catalog.lookup_database(*oid)?,
        name => Some(catalog.lookup_database_by_name(name.as_str())?.ok_or_else(|| {
            err!(UNDEFINED_DATABASE, "database \"{}\" does not exist", name.as_str())
        })?),
    };
    Ok(database.map(|d| Target { kind: ObjectKind::Database, owner: d.owner, acl: d.acl.clone() }))
}

fn schema(catalog: &Catalog, object: &Datum) -> PgResult<Option<Target>> {
    let oid = match object {
        Datum::Oid(oid) => *oid,
        name => catalog
            .lookup_namespace(name.as_str())?
            .ok_or_else(|| err!(UNDEFINED_SCHEMA, "schema \"{}\" does not exist", name.as_str()))?,
    };
    // pg_namespace: oid, nspname, nspowner, nspacl.
    let rows = catalog.all_rows(Oid(2615))?;
    Ok(rows.iter().find(|row| row.oid(0) == oid).map(|row| Target {
        kind: ObjectKind::Schema,
        owner: row.oid(2),
        acl: acl::from_datum(&row.values[3]),
    }))
}

fn function(catalog: &Catalog, object: &Datum) -> PgResult<Option<Target>> {
    Ok(catalog.lookup_proc(object.as_oid())?.map(|p| Target {
        kind: ObjectKind::Function,
        owner: p.owner,
        acl: p.acl.clone(),
    }))
}

fn type_(catalog: &Catalog, object: &Datum) -> PgResult<Option<Target>> {
    let Some(typ) = catalog.lookup_type(object.as_oid())? else { return Ok(None) };
    let rows = catalog.all_rows(Oid(1247))?;
    let acl =
        rows.iter().find(|row| row.oid(0) == typ.oid).and_then(|row| row.values.last().cloned());
    let acl = acl.as_ref().and_then(acl::from_datum);
    Ok(Some(Target { kind: ObjectKind::Type, owner: typ.owner, acl }))
}

/// `[user,] role, privilege`: MEMBER, USAGE and SET come down to membership.
fn has_role(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    let catalog = super::catalog(cx)?;
    let (member, rest) = match args {
        [user, rest @ ..] if rest.len() == 2 => (role(catalog, user)?, rest),
        rest => (cx.session.current_user(), rest),
    };
    let of = role(catalog, &rest[0])?;
    for part in rest[1].as_str().split(',') {
        let name = part.trim().to_ascii_uppercase();
        let plain =
            name.strip_suffix(" WITH ADMIN OPTION").or(name.strip_suffix(" WITH GRANT OPTION"));
        if !matches!(plain.unwrap_or(&name), "MEMBER" | "USAGE" | "SET") {
            return Err(err!(
                INVALID_PARAMETER_VALUE,
                "unrecognized privilege type: \"{}\"",
                part.trim()
            ));
        }
        if plain.is_some() {
            return Err(error::not_supported!("pg_has_role WITH ADMIN OPTION"));
        }
        if catalog.has_role_privileges(member, of)? {
            return Ok(Datum::Bool(true));
        }
    }
    Ok(Datum::Bool(false))
}
