//! CREATE, ALTER and DROP DATABASE; settings of databases and roles.
use crate::{UtilityContext, relation_name};
use catalog::{
    CatalogRead, NewDatabase, PgDatabase, RowBuilder, acl,
    acl::ObjectKind,
    schema::{index, pg_database, pg_db_role_setting},
};
use error::{PgError, PgResult, bail, err, not_supported};
use parser::ast::{
    AlterDatabaseSetStmt, AlterDatabaseStmt, AlterRoleSetStmt, CreatedbStmt, DefArg, DefElem,
    DropdbStmt, VariableSetKind, VariableSetStmt,
};
use std::sync::Arc;
use types::{ArrayValue, Datum, Oid, type_oid};

/// UTF8.
const ENCODING: i32 = 6;
/// pg_default.
const DEFAULT_TABLESPACE: Oid = Oid(1663);

/// An option's word or string.
fn word(option: &DefElem) -> PgResult<String> {
    match &option.arg {
        Some(DefArg::String(text)) => Ok(text.clone()),
        Some(DefArg::TypeName(name)) => Ok(name.names.last().cloned().unwrap_or_default()),
        Some(DefArg::Names(names)) => Ok(names.join(".")),
        Some(DefArg::Integer(value)) => Ok(value.to_string()),
        Some(DefArg::Boolean(value)) => Ok(value.to_string()),
        _ => Err(err!(SYNTAX_ERROR, "{} requires a parameter", option.defname).at(option.location)),
    }
}

fn integer(option: &DefElem) -> PgResult<i32> {
    match &option.arg {
        Some(DefArg::Integer(value)) => Ok(*value),
        _ => {
            Err(err!(SYNTAX_ERROR, "{} requires an integer value", option.defname)
                .at(option.location))
        }
    }
}

fn boolean(option: &DefElem) -> PgResult<bool> {
    let text = match &option.arg {
        None => return Ok(true),
        Some(_) => word(option)?,
    };
    types::boolean::parse(&text).ok_or_else(|| {
        err!(SYNTAX_ERROR, "{} requires a Boolean value", option.defname).at(option.location)
    })
}

fn is_default(option: &DefElem) -> bool {
    option.arg.is_none()
}

/// CREATE DATABASE.
pub(crate) fn execute_create(cx: &UtilityContext<'_>, stmt: &CreatedbStmt) -> PgResult<()> {
    cx.services.prevent_in_transaction_block("CREATE DATABASE")?;
    let role = cx.catalog.lookup_role(cx.user())?;
    let may = role.as_ref().is_some_and(|r| r.superuser || r.createdb);
    if !may {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to create database");
    }
    let mut template = "template1".to_string();
    let mut new = NewDatabase {
        oid: Oid::INVALID,
        name: stmt.dbname.clone(),
        owner: cx.user(),
        template: Oid::INVALID,
        encoding: ENCODING,
        istemplate: false,
        allowconn: true,
        connlimit: -1,
        tablespace: DEFAULT_TABLESPACE,
        locprovider: 'c',
        collate: "C".to_string(),
        ctype: "C".to_string(),
        locale: None,
    };
    for option in stmt.options.iter().filter(|o| !is_default(o)) {
        create_option(cx, option, &mut new, &mut template)?;
    }
    let source = cx.catalog.lookup_database_by_name(&template)?.ok_or_else(|| {
        err!(UNDEFINED_DATABASE, "template database \"{template}\" does not exist")
    })?;
    let owns = cx.catalog.has_role_privileges(cx.user(), source.owner)?;
    if !source.istemplate && !owns {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to copy database \"{template}\"");
    }
    check_unused(cx, &source, "source")?;
    new.template = source.oid;
    cx.catalog.create_database(&new).map(|_| ())
}

fn create_option(
    cx: &UtilityContext<'_>,
    option: &DefElem,
    new: &mut NewDatabase,
    template: &mut String,
) -> PgResult<()> {
    match option.defname.as_str() {
        "owner" => {
            new.owner = relation_name::role_by_name(cx.catalog, &word(option)?)?;
            crate::role::check_can_set_role(cx, new.owner)?;
        }
        "template" => *template = word(option)?,
        "encoding" => {
            let name = word(option)?;
            let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            match plain.to_ascii_lowercase().as_str() {
                "utf8" | "unicode" | "6" => {}
                _ => return Err(not_supported!("database encoding {name}")),
            }
        }
        "locale" | "lc_collate" | "lc_ctype" => {
            let name = word(option)?;
            if !matches!(name.as_str(), "C" | "POSIX") {
                return Err(not_supported!("database locale \"{name}\""));
            }
            if option.defname != "lc_ctype" {
                new.collate.clone_from(&name);
            }
            if option.defname != "lc_collate" {
                new.ctype = name;
            }
        }
        "locale_provider" if word(option)? == "libc" => {}
        "strategy" => match word(option)?.as_str() {
            "wal_log" | "file_copy" => {}
            other => {
                return Err(err!(
                    INVALID_PARAMETER_VALUE,
                    "invalid create database strategy \"{other}\""
                )
                .hint("Valid strategies are \"wal_log\" and \"file_copy\"."));
            }
        },
        "tablespace" => {
            let name = word(option)?;
            if name != "pg_default" {
                return Err(not_supported!("tablespace \"{name}\" of a database"));
            }
        }
        "is_template" => new.istemplate = boolean(option)?,
        "allow_connections" => new.allowconn = boolean(option)?,
        "connection_limit" => new.connlimit = connection_limit(option)?,
        "oid" => return Err(not_supported!("CREATE DATABASE … OID")),
        other => {
            let known = [
                "locale_provider",
                "icu_locale",
                "icu_rules",
                "builtin_locale",
                "collation_version",
            ];
            return Err(match known.contains(&other) {
                true => not_supported!("option {other} of a database"),
                false => {
                    err!(SYNTAX_ERROR, "option \"{other}\" not recognized").at(option.location)
                }
            });
        }
    }
    Ok(())
}

fn connection_limit(option: &DefElem) -> PgResult<i32> {
    match integer(option)? {
        limit if limit < -1 => bail!(INVALID_PARAMETER_VALUE, "invalid connection limit: {limit}"),
        limit => Ok(limit),
    }
}

fn check_unused(cx: &UtilityContext<'_>, database: &PgDatabase, what: &str) -> PgResult<()> {
    let others = cx.services.sessions_in_database(database.oid);
    let own = usize::from(database.oid == cx.catalog.database());
    if others <= own && (own == 0 || what == "source") {
        return Ok(());
    }
    let noun = if what.is_empty() { String::new() } else { format!("{what} ") };
    let count = others - own;
    let detail = match count {
        1 => "There is 1 other session using the database.".to_string(),
        count => format!("There are {count} other sessions using the database."),
    };
    Err(err!(
        OBJECT_IN_USE,
        "{noun}database \"{}\" is being accessed by other users",
        database.name
    )
    .detail(detail))
}

fn find(cx: &UtilityContext<'_>, name: &str) -> PgResult<Arc<PgDatabase>> {
    cx.catalog
        .lookup_database_by_name(name)?
        .ok_or_else(|| err!(UNDEFINED_DATABASE, "database \"{name}\" does not exist"))
}

fn find_owned(cx: &UtilityContext<'_>, name: &str) -> PgResult<Arc<PgDatabase>> {
    let database = find(cx, name)?;
    acl::check_owner(cx.catalog, ObjectKind::Database, name, database.owner, cx.user())?;
    Ok(database)
}

/// DROP DATABASE.
pub(crate) fn execute_drop(cx: &UtilityContext<'_>, stmt: &DropdbStmt) -> PgResult<()> {
    cx.services.prevent_in_transaction_block("DROP DATABASE")?;
    if let Some(option) = stmt.options.first() {
        return Err(not_supported!("DROP DATABASE … WITH ({})", option.defname.to_uppercase()));
    }
    if cx.catalog.lookup_database_by_name(&stmt.dbname)?.is_none() && stmt.missing_ok {
        cx.notice(PgError::notice(format!(
            "database \"{}\" does not exist, skipping",
            stmt.dbname
        )));
        return Ok(());
    }
    let database = find_owned(cx, &stmt.dbname)?;
    if database.istemplate {
        bail!(WRONG_OBJECT_TYPE, "cannot drop a template database");
    }
    if database.oid == cx.catalog.database() {
        bail!(OBJECT_IN_USE, "cannot drop the currently open database");
    }
    check_unused(cx, &database, "")?;
    cx.catalog.drop_database(database.oid)
}

/// ALTER DATABASE … WITH.
pub(crate) fn execute_alter(cx: &UtilityContext<'_>, stmt: &AlterDatabaseStmt) -> PgResult<()> {
    let database = find_owned(cx, &stmt.dbname)?;
    let mut columns = Vec::new();
    for option in &stmt.options {
        columns.push(match option.defname.as_str() {
            "is_template" => (pg_database::DATISTEMPLATE, Datum::Bool(boolean(option)?)),
            "allow_connections" => (pg_database::DATALLOWCONN, Datum::Bool(boolean(option)?)),
            "connection_limit" => {
                (pg_database::DATCONNLIMIT, Datum::Int4(connection_limit(option)?))
            }
            "tablespace" => return Err(not_supported!("ALTER DATABASE … SET TABLESPACE")),
            other => {
                return Err(
                    err!(SYNTAX_ERROR, "option \"{other}\" not recognized").at(option.location)
                );
            }
        });
    }
    cx.catalog.set_by_oid(pg_database::RELID, database.oid, &columns)
}

/// ALTER DATABASE … SET.
pub(crate) fn execute_set(cx: &UtilityContext<'_>, stmt: &AlterDatabaseSetStmt) -> PgResult<()> {
    let database = find_owned(cx, &stmt.dbname)?;
    change_setting(cx, database.oid, Oid::INVALID, &stmt.setstmt)
}

/// ALTER ROLE … [IN DATABASE …] SET.
pub(crate) fn execute_role_set(cx: &UtilityContext<'_>, stmt: &AlterRoleSetStmt) -> PgResult<()> {
    let role = match &stmt.role {
        Some(spec) => relation_name::role(cx, spec)?,
        None => Oid::INVALID,
    };
    let superuser = cx.catalog.lookup_role(cx.user())?.is_some_and(|r| r.superuser);
    if role != cx.user() && !superuser {
        let createrole = cx.catalog.lookup_role(cx.user())?.is_some_and(|r| r.createrole);
        let admin = role.is_valid()
            && cx.catalog.is_member_of(cx.user(), role, catalog::MembershipKind::Admin)?;
        if !(createrole && admin) {
            bail!(INSUFFICIENT_PRIVILEGE, "permission denied to alter role");
        }
    }
    let database = match &stmt.database {
        Some(name) => find(cx, name)?.oid,
        None => Oid::INVALID,
    };
    change_setting(cx, database, role, &stmt.setstmt)
}

/// Changes one `name=value` of the list kept for a database and role.
fn change_setting(
    cx: &UtilityContext<'_>,
    database: Oid,
    role: Oid,
    stmt: &VariableSetStmt,
) -> PgResult<()> {
    let key = [Datum::Oid(database), Datum::Oid(role)];
    let index = index::PG_DB_ROLE_SETTING_DATABASEID_ROL_INDEX;
    let old = cx.catalog.row_by_index(index, &key)?;
    let mut items: Vec<String> = match old
        .as_ref()
        .map(|r| &r.values[pg_db_role_setting::SETCONFIG])
    {
        Some(Datum::Array(array)) => array.elems.iter().map(|e| e.as_str().to_string()).collect(),
        _ => Vec::new(),
    };
    let name = stmt.name.clone().unwrap_or_default();
    let new = match stmt.kind {
        VariableSetKind::Value => Some(cx.services.setting_text(&name, &stmt.args)?),
        VariableSetKind::Current => Some(cx.session.get_setting(&name).ok_or_else(|| {
            err!(UNDEFINED_OBJECT, "unrecognized configuration parameter \"{name}\"")
        })?),
        VariableSetKind::Default | VariableSetKind::Reset => None,
        VariableSetKind::ResetAll => {
            items.clear();
            None
        }
        VariableSetKind::Multi => {
            return Err(not_supported!("SET TRANSACTION of a database or role"));
        }
    };
    items.retain(|item| item.split_once('=').is_none_or(|(n, _)| !n.eq_ignore_ascii_case(&name)));
    if let Some(value) = new {
        if cx.session.get_setting(&name).is_none() && !name.contains('.') {
            bail!(UNDEFINED_OBJECT, "unrecognized configuration parameter \"{name}\"");
        }
        items.push(format!("{name}={value}"));
    }
    if let Some(old) = &old {
        cx.catalog.delete_row(pg_db_role_setting::RELID, old)?;
    }
    if items.is_empty() {
        return Ok(());
    }
    let elems = items.iter().map(|item| Datum::text(item)).collect();
    let config = Datum::Array(Arc::new(ArrayValue::from_elems(type_oid::TEXT, elems)));
    RowBuilder::new(pg_db_role_setting::RELID)
        .set(pg_db_role_setting::SETDATABASE, database)
        .set(pg_db_role_setting::SETROLE, role)
        .set(pg_db_role_setting::SETCONFIG, config)
        .insert(cx.catalog)
}
