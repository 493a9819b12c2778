//! Where a new relation goes: its schema, persistence and options.
use crate::UtilityContext;
use catalog::{CatalogRead, acl, acl::ObjectKind};
use error::{PgError, PgResult, SqlState, bail, err, not_supported};
use nodes::acl as bit;
use parser::ast::{DefArg, DefElem, RangeVar, RelPersistence};
use types::Oid;

/// The schema pg_catalog.
const PG_CATALOG: Oid = Oid(11);

/// Schema and persistence of a relation to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) namespace: Oid,
    /// 'p', 'u' or 't'.
    pub(crate) persistence: char,
}

/// The place that a name in CREATE means; the role must be allowed to create there.
pub(crate) fn place_of(cx: &UtilityContext<'_>, name: &RangeVar) -> PgResult<Place> {
    if let Some(database) = &name.catalogname
        && *database != cx.session.database_name()
    {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "cross-database references are not implemented: \"{}\"",
            name.display_name()
        );
    }
    let temp = name.relpersistence == RelPersistence::Temp;
    let namespace = match &name.schemaname {
        Some(schema) => schema_for_creation(cx, schema)?,
        None if temp => cx.catalog.ensure_temp_namespace(cx.services.session_slot())?,
        None => default_namespace(cx)?,
    };
    let in_temp = cx.catalog.temp_namespace() == Some(namespace);
    if temp && !in_temp {
        bail!(INVALID_TABLE_DEFINITION, "cannot create temporary relation in non-temporary schema");
    }
    if name.relpersistence == RelPersistence::Unlogged && in_temp {
        bail!(
            INVALID_TABLE_DEFINITION,
            "only temporary relations may be created in temporary schemas"
        );
    }
    if !in_temp {
        check_create(cx, namespace)?;
    }
    if namespace == PG_CATALOG {
        return Err(err!(
            INSUFFICIENT_PRIVILEGE,
            "permission denied to create \"pg_catalog.{}\"",
            name.relname
        )
        .detail("System catalog modifications are currently disallowed."));
    }
    let persistence = if in_temp { 't' } else { name.relpersistence.as_char() };
    Ok(Place { namespace, persistence })
}

/// A schema by name, for creating in it.
fn schema_for_creation(cx: &UtilityContext<'_>, schema: &str) -> PgResult<Oid> {
    if schema == "pg_temp" {
        return cx.catalog.ensure_temp_namespace(cx.services.session_slot());
    }
    cx.catalog
        .lookup_namespace(schema)?
        .ok_or_else(|| err!(INVALID_SCHEMA_NAME, "schema \"{schema}\" does not exist"))
}

/// First schema of the search path.
fn default_namespace(cx: &UtilityContext<'_>) -> PgResult<Oid> {
    let (namespace, is_temp) = cx.catalog.creation_target()?;
    if is_temp {
        return cx.catalog.ensure_temp_namespace(cx.services.session_slot());
    }
    if !namespace.is_valid() {
        bail!(INVALID_SCHEMA_NAME, "no schema has been selected to create in");
    }
    Ok(namespace)
}

/// CREATE on the schema.
pub(crate) fn check_create(cx: &UtilityContext<'_>, namespace: Oid) -> PgResult<()> {
    let Some(row) = cx.catalog.lookup_namespace_row(namespace)? else { return Ok(()) };
    let name = cx.catalog.namespace_name(namespace)?.unwrap_or_default();
    acl::check(
        cx.catalog,
        ObjectKind::Schema,
        &name,
        row.acl.as_deref(),
        row.owner,
        cx.user(),
        bit::CREATE,
    )
}

/// Schema and name of a new object that is no relation.
pub(crate) fn qualified_place(
    cx: &UtilityContext<'_>,
    names: &[String],
) -> PgResult<(Oid, String)> {
    let (namespace, name) = match names {
        [name] => (default_namespace(cx)?, name),
        [schema, name] => (schema_for_creation(cx, schema)?, name),
        [database, schema, name] if *database == cx.session.database_name() => {
            (schema_for_creation(cx, schema)?, name)
        }
        [_, _, _] => bail!(
            FEATURE_NOT_SUPPORTED,
            "cross-database references are not implemented: {}",
            names.join(".")
        ),
        _ => bail!(
            SYNTAX_ERROR,
            "improper qualified name (too many dotted names): {}",
            names.join(".")
        ),
    };
    if cx.catalog.temp_namespace() != Some(namespace) {
        check_create(cx, namespace)?;
    }
    Ok((namespace, name.clone()))
}

/// 42P07 as a notice, when IF NOT EXISTS finds the relation.
pub(crate) fn exists_skipping(
    cx: &UtilityContext<'_>,
    namespace: Oid,
    name: &str,
) -> PgResult<bool> {
    if cx.catalog.lookup_relation(namespace, name)?.is_none() {
        return Ok(false);
    }
    cx.notice(
        PgError::notice(format!("relation \"{name}\" already exists, skipping"))
            .with_sqlstate(SqlState::DUPLICATE_TABLE),
    );
    Ok(true)
}

/// Kinds of relation that storage parameters are checked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OptionKind {
    Table,
    Index,
    View,
}

/// Value of an option as stored: the words as written.
pub(crate) fn option_text(arg: Option<&DefArg>) -> String {
    match arg {
        None => "true".to_owned(),
        Some(DefArg::Integer(i)) => i.to_string(),
        Some(DefArg::Float(f)) => f.clone(),
        Some(DefArg::Boolean(b)) => b.to_string(),
        Some(DefArg::String(s)) => s.clone(),
        Some(DefArg::TypeName(t)) => t.names.join("."),
        Some(DefArg::Names(names) | DefArg::Strings(names)) => names.join("."),
        Some(_) => String::new(),
    }
}

/// A Boolean as options spell it.
pub(crate) fn option_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" | "t" | "y" => Some(true),
        "false" | "off" | "no" | "0" | "f" | "n" => Some(false),
        _ => None,
    }
}

/// Storage parameters `name=value`, checked.
pub(crate) fn reloptions(kind: OptionKind, options: &[DefElem]) -> PgResult<Vec<String>> {
    let mut list: Vec<String> = Vec::new();
    for option in options {
        let name = &option.defname;
        if let Some(namespace) = &option.defnamespace {
            if namespace != "toast" || kind != OptionKind::Table {
                bail!(INVALID_PARAMETER_VALUE, "unrecognized parameter namespace \"{namespace}\"");
            }
            return Err(not_supported!("storage parameters of TOAST tables"));
        }
        let value = option_text(option.arg.as_ref());
        if kind == OptionKind::Table && name == "oids" {
            if option_bool(&value) != Some(false) {
                bail!(FEATURE_NOT_SUPPORTED, "tables declared WITH OIDS are not supported");
            }
            continue;
        }
        check_reloption(kind, name, &value)?;
        if list.iter().any(|o| o.split('=').next() == Some(name)) {
            bail!(INVALID_PARAMETER_VALUE, "parameter \"{name}\" specified more than once");
        }
        list.push(format!("{name}={value}"));
    }
    Ok(list)
}

/// What a storage parameter takes.
enum OptionType {
    Bool,
    Int(i64, i64),
    Real(f64, f64),
    Enum(&'static [&'static str]),
}

fn option_type(kind: OptionKind, name: &str) -> Option<OptionType> {
    use OptionType::*;
    const VACUUM_INT: OptionType = Int(0, i32::MAX as i64);
    Some(match (kind, name) {
        (OptionKind::Table | OptionKind::Index, "fillfactor") => Int(10, 100),
        (OptionKind::Index, "deduplicate_items" | "fastupdate" | "autosummarize") => Bool,
        (OptionKind::Index, "buffering") => Enum(&["on", "off", "auto"]),
        (OptionKind::Index, "gin_pending_list_limit") => Int(64, 2_147_483_647),
        (OptionKind::Index, "pages_per_range") => Int(1, 131_072),
        (OptionKind::View, "security_barrier" | "security_invoker") => Bool,
        (OptionKind::View, "check_option") => Enum(&["local", "cascaded"]),
        (OptionKind::Table, "autovacuum_enabled" | "user_catalog_table" | "vacuum_truncate") => {
            Bool
        }
        (OptionKind::Table, "parallel_workers") => Int(0, 1024),
        (OptionKind::Table, "toast_tuple_target") => Int(128, 8160),
        (OptionKind::Table, "vacuum_index_cleanup") => Enum(&["auto", "on", "off"]),
        (
            OptionKind::Table,
            "autovacuum_vacuum_scale_factor"
            | "autovacuum_analyze_scale_factor"
            | "autovacuum_vacuum_insert_scale_factor",
        ) => Real(0.0, 100.0),
        (OptionKind::Table, "autovacuum_vacuum_cost_delay") => Real(0.0, 100.0),
        (OptionKind::Table, "vacuum_max_eager_freeze_failure_rate") => Real(0.0, 1.0),
        (
            OptionKind::Table,
            "autovacuum_vacuum_threshold"
            | "autovacuum_vacuum_max_threshold"
            | "autovacuum_analyze_threshold"
            | "autovacuum_vacuum_insert_threshold"
            | "autovacuum_freeze_min_age"
            | "autovacuum_freeze_max_age"
            | "autovacuum_freeze_table_age"
            | "autovacuum_multixact_freeze_min_age"
            | "autovacuum_multixact_freeze_max_age"
            | "autovacuum_multixact_freeze_table_age"
            | "autovacuum_vacuum_cost_limit"
            | "log_autovacuum_min_duration",
        ) => VACUUM_INT,
        _ => return None,
    })
}

fn check_reloption(kind: OptionKind, name: &str, value: &str) -> PgResult<()> {
    let Some(wanted) = option_type(kind, name) else {
        bail!(INVALID_PARAMETER_VALUE, "unrecognized parameter \"{name}\"");
    };
    match wanted {
        OptionType::Bool if option_bool(value).is_none() => {
            bail!(INVALID_PARAMETER_VALUE, "invalid value for boolean option \"{name}\": {value}")
        }
        OptionType::Int(min, max) => {
            let Ok(number) = value.parse::<i64>() else {
                bail!(
                    INVALID_PARAMETER_VALUE,
                    "invalid value for integer option \"{name}\": {value}"
                );
            };
            if number < min || number > max {
                return Err(err!(
                    INVALID_PARAMETER_VALUE,
                    "value {value} out of bounds for option \"{name}\""
                )
                .detail(format!("Valid values are between \"{min}\" and \"{max}\".")));
            }
            Ok(())
        }
        OptionType::Real(min, max) => {
            let Ok(number) = value.parse::<f64>() else {
                bail!(
                    INVALID_PARAMETER_VALUE,
                    "invalid value for floating point option \"{name}\": {value}"
                );
            };
            if number < min || number > max {
                return Err(err!(
                    INVALID_PARAMETER_VALUE,
                    "value {value} out of bounds for option \"{name}\""
                )
                .detail(format!("Valid values are between \"{min:.6}\" and \"{max:.6}\".")));
            }
            Ok(())
        }
        OptionType::Enum(words) if !words.contains(&value) => {
            let list: Vec<String> = words.iter().map(|w| format!("\"{w}\"")).collect();
            Err(err!(INVALID_PARAMETER_VALUE, "invalid value for enum option \"{name}\": {value}")
                .detail(format!("Valid values are {}.", list.join(", "))))
        }
        _ => Ok(()),
    }
}

/// Only the default tablespace is there.
pub(crate) fn check_tablespace(name: Option<&str>) -> PgResult<()> {
    match name {
        None | Some("pg_default") => Ok(()),
        Some("pg_global") => Err(err!(
            INVALID_PARAMETER_VALUE,
            "only shared relations can be placed in pg_global tablespace"
        )),
        Some(other) => Err(err!(UNDEFINED_OBJECT, "tablespace \"{other}\" does not exist")),
    }
}

/// Tables have one access method.
pub(crate) fn check_table_access_method(
    cx: &UtilityContext<'_>,
    name: Option<&str>,
) -> PgResult<()> {
    let Some(name) = name.filter(|n| *n != "heap") else { return Ok(()) };
    match cx.catalog.lookup_am(name)? {
        None => Err(err!(UNDEFINED_OBJECT, "access method \"{name}\" does not exist")),
        Some((_, 't')) => Err(not_supported!("table access method \"{name}\"")),
        Some(_) => Err(err!(WRONG_OBJECT_TYPE, "access method \"{name}\" is not of type TABLE")),
    }
}
