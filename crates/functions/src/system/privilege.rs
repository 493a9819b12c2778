//! has_*_privilege and pg_has_role: every combination of names and OIDs goes through one body a kind
//! of object, which looks at the form of its arguments.
use super::name;
use catalog::{
    AclItem, Catalog, CatalogRead, MembershipKind, RelationDesc, acl, acl::ObjectKind, schema,
};
use error::{PgResult, err};
use fmgr::{CallContext, Registry};
use types::{Datum, Oid, type_oid};

/// An object found: its owner and ACL.
struct Target {
    owner: Oid,
    acl: Option<Vec<AclItem>>,
}

type Find = fn(&CallContext<'_>, &Datum) -> PgResult<Option<Target>>;

/// One privilege to look for, and whether with grant option.
type Wanted = (u64, bool);

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    register_objects(r);
    register_columns(r);
    for name in ["pg_has_role_name_name", "pg_has_role_name_id", "pg_has_role_id_name"] {
        r.scalar(name, has_role);
    }
    for name in ["pg_has_role_id_id", "pg_has_role_name", "pg_has_role_id"] {
        r.scalar(name, has_role);
    }
}

/// The six forms of a function: user by name, by OID or not given; object by name or OID.
macro_rules! six_forms {
    ($r:ident, $($prefix:literal: $body:expr;)*) => { $(
        $r.scalar(concat!($prefix, "_name_name"), $body);
        $r.scalar(concat!($prefix, "_name_id"), $body);
        $r.scalar(concat!($prefix, "_id_name"), $body);
        $r.scalar(concat!($prefix, "_id_id"), $body);
        $r.scalar(concat!($prefix, "_name"), $body);
        $r.scalar(concat!($prefix, "_id"), $body);
    )* };
}

fn register_objects(r: &mut Registry) {
    six_forms! { r,
        "has_table_privilege": |cx, a| has_relation(cx, a, ObjectKind::Table);
        "has_sequence_privilege": |cx, a| has_relation(cx, a, ObjectKind::Sequence);
        "has_schema_privilege": |cx, a| has(cx, a, ObjectKind::Schema, schema_);
        "has_database_privilege": |cx, a| has(cx, a, ObjectKind::Database, database);
        "has_function_privilege": |cx, a| has(cx, a, ObjectKind::Function, function);
        "has_type_privilege": |cx, a| has(cx, a, ObjectKind::Type, type_);
        "has_language_privilege": |cx, a| has(cx, a, ObjectKind::Language, language);
        "has_tablespace_privilege": |cx, a| has(cx, a, ObjectKind::Tablespace, tablespace);
        "has_server_privilege": |cx, a| has(cx, a, ObjectKind::ForeignServer, server);
        "has_foreign_data_wrapper_privilege": |cx, a| has(cx, a, ObjectKind::ForeignDataWrapper, wrapper);
        "has_any_column_privilege": has_any_column;
    }
    for name in ["has_parameter_privilege_name_name", "has_parameter_privilege_id_name"] {
        r.scalar(name, |cx, a| has(cx, a, ObjectKind::Parameter, parameter));
    }
    r.scalar("has_parameter_privilege_name", |cx, a| has(cx, a, ObjectKind::Parameter, parameter));
    for name in ["has_largeobject_privilege_name_id", "has_largeobject_privilege_id_id"] {
        r.scalar(name, |cx, a| has(cx, a, ObjectKind::LargeObject, large_object));
    }
    r.scalar("has_largeobject_privilege_id", |cx, a| {
        has(cx, a, ObjectKind::LargeObject, large_object)
    });
}

fn register_columns(r: &mut Registry) {
    for name in [
        "has_column_privilege_name_name_name",
        "has_column_privilege_name_name_attnum",
        "has_column_privilege_name_id_name",
        "has_column_privilege_name_id_attnum",
        "has_column_privilege_id_name_name",
        "has_column_privilege_id_name_attnum",
        "has_column_privilege_id_id_name",
        "has_column_privilege_id_id_attnum",
        "has_column_privilege_name_name",
        "has_column_privilege_name_attnum",
        "has_column_privilege_id_name",
        "has_column_privilege_id_attnum",
    ] {
        r.scalar(name, has_column);
    }
}

/// The role asked about and the other arguments; `n` is how many those are.
fn asked_role<'d>(
    cx: &CallContext<'_>,
    args: &'d [Datum],
    n: usize,
) -> PgResult<(Oid, &'d [Datum])> {
    match args {
        [user, rest @ ..] if rest.len() == n => Ok((role(super::catalog(cx)?, user)?, rest)),
        rest => Ok((cx.session.current_user(), rest)),
    }
}

/// `[user,] object, privileges`.
fn has(
    cx: &mut CallContext<'_>,
    args: &mut [Datum],
    kind: ObjectKind,
    find: Find,
) -> PgResult<Datum> {
    let (role, rest) = asked_role(cx, args, 2)?;
    let target = find(cx, &rest[0])?;
    // What is asked is read even if there is no such object.
    let wanted = privileges(rest[1].as_str(), kind)?;
    let Some(target) = target else { return Ok(Datum::Null) };
    let catalog = super::catalog(cx)?;
    let items = target.acl.unwrap_or_else(|| acl::default_acl(kind, target.owner));
    for (bit, with_option) in wanted {
        let held = match with_option {
            false => acl::privileges_of(catalog, &items, role, target.owner, bit)?,
            true => acl::grant_options_of(catalog, &items, role, target.owner, bit)?,
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
fn privileges(text: &str, kind: ObjectKind) -> PgResult<Vec<Wanted>> {
    let allowed = acl::all_privileges(kind);
    let mut wanted = Vec::new();
    for part in text.split(',') {
        let part = part.trim();
        let name = part.to_ascii_uppercase();
        let (name, with_option) = match name.strip_suffix(" WITH GRANT OPTION") {
            Some(name) => (name.to_string(), true),
            None => (name, false),
        };
        // What tables had before rules belonged to their owners: known, and held by nobody.
        if name == "RULE" && kind == ObjectKind::Table {
            continue;
        }
        match acl::privilege_bit(&name).filter(|bit| bit & allowed != 0) {
            Some(bit) => wanted.push((bit, with_option)),
            None => {
                return Err(err!(
                    INVALID_PARAMETER_VALUE,
                    "unrecognized privilege type: \"{part}\""
                ));
            }
        }
    }
    Ok(wanted)
}

fn relation_of(catalog: &Catalog, object: &Datum) -> PgResult<Oid> {
    match object {
        Datum::Oid(oid) => Ok(*oid),
        text => name::relation(catalog, text.as_str()),
    }
}

fn holds_on_relation(
    catalog: &Catalog,
    relation: &RelationDesc,
    role: Oid,
    (bit, with_option): Wanted,
) -> PgResult<bool> {
    if !with_option {
        return Ok(catalog.relation_privileges(relation, role, bit)? != 0);
    }
    let kind = if relation.relkind == 'S' { ObjectKind::Sequence } else { ObjectKind::Table };
    let items = relation.acl.clone().unwrap_or_else(|| acl::default_acl(kind, relation.owner));
    Ok(acl::grant_options_of(catalog, &items, role, relation.owner, bit)? != 0)
}

/// Tables and sequences: catalogs and the predefined roles have rules of their own.
fn has_relation(cx: &mut CallContext<'_>, args: &mut [Datum], kind: ObjectKind) -> PgResult<Datum> {
    let catalog = super::catalog(cx)?;
    let (role, rest) = asked_role(cx, args, 2)?;
    let oid = relation_of(catalog, &rest[0])?;
    let wanted = privileges(rest[1].as_str(), kind)?;
    let Some(relation) = catalog.relation(oid)? else { return Ok(Datum::Null) };
    if kind == ObjectKind::Sequence && relation.relkind != 'S' {
        let shown = match &rest[0] {
            Datum::Oid(_) => relation.name.as_str(),
            name => name.as_str(),
        };
        return Err(err!(WRONG_OBJECT_TYPE, "\"{shown}\" is not a sequence"));
    }
    for one in wanted {
        if holds_on_relation(catalog, &relation, role, one)? {
            return Ok(Datum::Bool(true));
        }
    }
    Ok(Datum::Bool(false))
}

fn holds_on_column(
    catalog: &Catalog,
    relation: &RelationDesc,
    attnum: i16,
    role: Oid,
    (bit, with_option): Wanted,
) -> PgResult<bool> {
    if !with_option {
        return Ok(catalog.column_privileges(relation, attnum, role, bit)? != 0);
    }
    match relation.attr(attnum).and_then(|a| a.acl.as_ref()) {
        Some(items) => Ok(acl::grant_options_of(catalog, items, role, relation.owner, bit)? != 0),
        None => Ok(false),
    }
}

/// `[user,] table, privileges`: on the table or any of its columns.
fn has_any_column(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    let catalog = super::catalog(cx)?;
    let (role, rest) = asked_role(cx, args, 2)?;
    let oid = relation_of(catalog, &rest[0])?;
    let wanted = privileges(rest[1].as_str(), ObjectKind::Column)?;
    let Some(relation) = catalog.relation(oid)? else { return Ok(Datum::Null) };
    for one in wanted {
        if holds_on_relation(catalog, &relation, role, one)? {
            return Ok(Datum::Bool(true));
        }
        for attr in relation.attrs.iter().filter(|a| !a.dropped) {
            if holds_on_column(catalog, &relation, attr.num, role, one)? {
                return Ok(Datum::Bool(true));
            }
        }
    }
    Ok(Datum::Bool(false))
}

/// `[user,] table, column, privileges`.
fn has_column(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    let catalog = super::catalog(cx)?;
    let (role, rest) = asked_role(cx, args, 3)?;
    let oid = relation_of(catalog, &rest[0])?;
    let wanted = privileges(rest[2].as_str(), ObjectKind::Column)?;
    let Some(relation) = catalog.relation(oid)? else { return Ok(Datum::Null) };
    let attnum = match &rest[1] {
        Datum::Int2(number) => Some(*number).filter(|n| {
            name::system_column_name(*n).is_some() || relation.attr(*n).is_some_and(|a| !a.dropped)
        }),
        text => {
            let column = text.as_str();
            let found = relation.attr_by_name(column).map(|a| a.num);
            let found = found.or_else(|| name::system_column_number(column));
            Some(found.ok_or_else(|| {
                err!(
                    UNDEFINED_COLUMN,
                    "column \"{column}\" of relation \"{}\" does not exist",
                    relation.name
                )
            })?)
        }
    };
    let Some(attnum) = attnum else { return Ok(Datum::Null) };
    for one in wanted {
        if holds_on_relation(catalog, &relation, role, one)?
            || holds_on_column(catalog, &relation, attnum, role, one)?
        {
            return Ok(Datum::Bool(true));
        }
    }
    Ok(Datum::Bool(false))
}

fn database(cx: &CallContext<'_>, object: &Datum) -> PgResult<Option<Target>> {
    let catalog = super::catalog(cx)?;
    let database = match object {
        Datum::Oid(oid) => catalog.lookup_database(*oid)?,
        name => Some(catalog.lookup_database_by_name(name.as_str())?.ok_or_else(|| {
            err!(UNDEFINED_DATABASE, "database \"{}\" does not exist", name.as_str())
        })?),
    };
    Ok(database.map(|d| Target { owner: d.owner, acl: d.acl.clone() }))
}

fn schema_(cx: &CallContext<'_>, object: &Datum) -> PgResult<Option<Target>> {
    let catalog = super::catalog(cx)?;
    let oid = match object {
        Datum::Oid(oid) => *oid,
        name => catalog
            .lookup_namespace(name.as_str())?
            .ok_or_else(|| err!(UNDEFINED_SCHEMA, "schema \"{}\" does not exist", name.as_str()))?,
    };
    Ok(catalog.lookup_namespace_row(oid)?.map(|n| Target { owner: n.owner, acl: n.acl.clone() }))
}

/// An OID, or a name read by the input function of an OID alias type.
fn by_alias(cx: &CallContext<'_>, object: &Datum, alias: Oid) -> PgResult<Oid> {
    match object {
        Datum::Oid(oid) => Ok(*oid),
        name => Ok(cx.session.type_input(alias, -1, name.as_str())?.as_oid()),
    }
}

fn function(cx: &CallContext<'_>, object: &Datum) -> PgResult<Option<Target>> {
    let oid = by_alias(cx, object, type_oid::REGPROCEDURE)?;
    Ok(super::catalog(cx)?.lookup_proc(oid)?.map(|p| Target { owner: p.owner, acl: p.acl.clone() }))
}

fn type_(cx: &CallContext<'_>, object: &Datum) -> PgResult<Option<Target>> {
    let mut oid = by_alias(cx, object, type_oid::REGTYPE)?;
    let catalog = super::catalog(cx)?;
    // An array's privileges are those of its elements.
    if let Some(typ) = catalog.lookup_type(oid)?.filter(|t| t.is_array()) {
        oid = typ.elem;
    }
    row_target(catalog, schema::pg_type::RELID, oid)
}

/// Owner and ACL from the row of a catalog that has such columns.
fn row_target(catalog: &Catalog, class: Oid, oid: Oid) -> PgResult<Option<Target>> {
    let Some(row) = catalog.row_by_oid(class, oid)? else { return Ok(None) };
    let (owner, acl) = super::acl::owner_and_acl(class, &row);
    Ok(Some(Target { owner, acl }))
}

/// The object of that name in a catalog whose names are unique.
fn by_unique_name(
    catalog: &Catalog,
    class: Oid,
    column: usize,
    noun: &str,
    object: &Datum,
) -> PgResult<Oid> {
    let name = match object {
        Datum::Oid(oid) => return Ok(*oid),
        name => name.as_str(),
    };
    let rows = catalog.all_rows(class)?;
    let row = rows.iter().find(|row| row.values[column].as_bytes() == name.as_bytes());
    row.map(|row| row.oid(0))
        .ok_or_else(|| err!(UNDEFINED_OBJECT, "{noun} \"{name}\" does not exist"))
}

fn language(cx: &CallContext<'_>, object: &Datum) -> PgResult<Option<Target>> {
    use schema::pg_language::{LANNAME, RELID};
    let catalog = super::catalog(cx)?;
    let oid = by_unique_name(catalog, RELID, LANNAME, "language", object)?;
    row_target(catalog, RELID, oid)
}

fn tablespace(cx: &CallContext<'_>, object: &Datum) -> PgResult<Option<Target>> {
    use schema::pg_tablespace::{RELID, SPCNAME};
    let catalog = super::catalog(cx)?;
    let oid = by_unique_name(catalog, RELID, SPCNAME, "tablespace", object)?;
    row_target(catalog, RELID, oid)
}

fn server(cx: &CallContext<'_>, object: &Datum) -> PgResult<Option<Target>> {
    use schema::pg_foreign_server::{RELID, SRVNAME};
    let catalog = super::catalog(cx)?;
    let oid = by_unique_name(catalog, RELID, SRVNAME, "server", object)?;
    row_target(catalog, RELID, oid)
}

fn wrapper(cx: &CallContext<'_>, object: &Datum) -> PgResult<Option<Target>> {
    use schema::pg_foreign_data_wrapper::{FDWNAME, RELID};
    let catalog = super::catalog(cx)?;
    let oid = by_unique_name(catalog, RELID, FDWNAME, "foreign-data wrapper", object)?;
    row_target(catalog, RELID, oid)
}

fn large_object(cx: &CallContext<'_>, object: &Datum) -> PgResult<Option<Target>> {
    let class = schema::pg_largeobject_metadata::RELID;
    row_target(super::catalog(cx)?, class, object.as_oid())
}

/// A setting without an ACL row is the bootstrap superuser's.
fn parameter(cx: &CallContext<'_>, object: &Datum) -> PgResult<Option<Target>> {
    use schema::pg_parameter_acl::{PARACL, PARNAME, RELID};
    let name = object.as_str().to_ascii_lowercase();
    let rows = super::catalog(cx)?.all_rows(RELID)?;
    let row = rows.iter().find(|row| row.values[PARNAME].as_bytes() == name.as_bytes());
    let acl = row.and_then(|row| acl::from_datum(&row.values[PARACL]));
    Ok(Some(Target { owner: catalog::image::BOOTSTRAP_SUPERUSER, acl }))
}

/// `[user,] role, privilege`: MEMBER, USAGE and SET, each also WITH ADMIN (or GRANT) OPTION.
fn has_role(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    let catalog = super::catalog(cx)?;
    let (member, rest) = asked_role(cx, args, 2)?;
    let of = role(catalog, &rest[0])?;
    let superuser = acl::is_superuser(catalog, member)?;
    let mut wanted = Vec::new();
    for part in rest[1].as_str().split(',') {
        let part = part.trim();
        let name = part.to_ascii_uppercase();
        let plain =
            name.strip_suffix(" WITH ADMIN OPTION").or(name.strip_suffix(" WITH GRANT OPTION"));
        let kind = match plain.unwrap_or(&name) {
            "MEMBER" => MembershipKind::Member,
            "USAGE" => MembershipKind::Inherit,
            "SET" => MembershipKind::Set,
            _ => {
                return Err(err!(
                    INVALID_PARAMETER_VALUE,
                    "unrecognized privilege type: \"{part}\""
                ));
            }
        };
        wanted.push(if plain.is_some() { MembershipKind::Admin } else { kind });
    }
    for kind in wanted {
        if superuser || catalog.is_member_of(member, of, kind)? {
            return Ok(Datum::Bool(true));
        }
    }
    Ok(Datum::Bool(false))
}
