//! From an object as named in a statement to its address in the catalogs.
use crate::{UtilityContext, relation_name};
use catalog::{
    CatalogRead, ObjectAddress, RelationDesc,
    schema::{
        pg_am, pg_authid, pg_cast, pg_collation, pg_constraint, pg_conversion, pg_database,
        pg_language, pg_namespace, pg_opclass, pg_operator, pg_opfamily, pg_proc, pg_rewrite,
        pg_statistic_ext, pg_trigger, pg_ts_config, pg_ts_dict, pg_ts_parser, pg_ts_template,
    },
};
use error::{PgError, PgResult, bail, err, not_supported};
use parser::ast::{ObjectRef, ObjectType, ObjectWithArgs, TypeName};
use std::sync::Arc;
use types::{Datum, Oid};

/// An address, and the relation it is or belongs to (locked).
pub(crate) struct Found {
    pub(crate) address: ObjectAddress,
    pub(crate) relation: Option<Arc<RelationDesc>>,
}

impl Found {
    fn plain(class: Oid, object: Oid) -> Found {
        Found { address: ObjectAddress::new(class, object), relation: None }
    }
}

/// The object; its error if it does not exist.
pub(crate) fn resolve(
    cx: &UtilityContext<'_>,
    kind: ObjectType,
    object: &ObjectRef,
    lock_mode: i32,
) -> PgResult<Found> {
    match (kind, object) {
        (
            ObjectType::Table
            | ObjectType::View
            | ObjectType::MatView
            | ObjectType::Index
            | ObjectType::Sequence
            | ObjectType::ForeignTable,
            ObjectRef::AnyName(parts),
        ) => relation(cx, kind, parts, lock_mode),
        (ObjectType::Column, ObjectRef::AnyName(parts)) => column(cx, parts, lock_mode),
        (ObjectType::Schema, ObjectRef::Name(name)) => {
            Ok(Found::plain(pg_namespace::RELID, relation_name::namespace(cx.catalog, name)?))
        }
        (ObjectType::Role, ObjectRef::Name(name)) => {
            Ok(Found::plain(pg_authid::RELID, relation_name::role_by_name(cx.catalog, name)?))
        }
        (ObjectType::Database, ObjectRef::Name(name)) => {
            let database = cx.catalog.lookup_database_by_name(name)?;
            let database = database
                .ok_or_else(|| err!(UNDEFINED_DATABASE, "database \"{name}\" does not exist"))?;
            Ok(Found::plain(pg_database::RELID, database.oid))
        }
        (ObjectType::Language, ObjectRef::Name(name)) => {
            let language = cx.catalog.lookup_language(name)?;
            let language = language
                .ok_or_else(|| err!(UNDEFINED_OBJECT, "language \"{name}\" does not exist"))?;
            Ok(Found::plain(pg_language::RELID, language))
        }
        (ObjectType::AccessMethod, ObjectRef::Name(name)) => {
            let am = cx.catalog.lookup_am(name)?;
            let (am, _) = am
                .ok_or_else(|| err!(UNDEFINED_OBJECT, "access method \"{name}\" does not exist"))?;
            Ok(Found::plain(pg_am::RELID, am))
        }
        (ObjectType::Type | ObjectType::Domain, ObjectRef::TypeName(name)) => type_(cx, kind, name),
        (
            ObjectType::Function
            | ObjectType::Procedure
            | ObjectType::Routine
            | ObjectType::Aggregate,
            ObjectRef::WithArgs(function),
        ) => Ok(Found::plain(pg_proc::RELID, function_oid(cx, kind, function)?)),
        (ObjectType::Operator, ObjectRef::WithArgs(operator)) => {
            Ok(Found::plain(pg_operator::RELID, operator_oid(cx, operator)?))
        }
        (ObjectType::Cast, ObjectRef::Cast(source, target)) => cast(cx, source, target),
        (_, ObjectRef::OnRelation { name, relation }) => {
            on_relation(cx, kind, name, relation, lock_mode)
        }
        (ObjectType::DomConstraint, ObjectRef::DomConstraint { type_name, name }) => {
            let (typ, _) = resolve_type(cx, type_name)?;
            let constraint = cx.catalog.constraint_exists(Oid::INVALID, typ, name)?;
            let constraint = match constraint {
                Some(constraint) => constraint,
                None => bail!(
                    UNDEFINED_OBJECT,
                    "constraint \"{name}\" for domain {} does not exist",
                    cx.catalog.format_type(typ, None)?
                ),
            };
            Ok(Found::plain(pg_constraint::RELID, constraint))
        }
        (ObjectType::OpClass | ObjectType::OpFamily, ObjectRef::UsingMethod { name, amname }) => {
            opclass(cx, kind, name, amname)
        }
        (_, ObjectRef::AnyName(parts)) => named(cx, kind, parts),
        _ => Err(not_supported!("naming an object of kind {kind:?}")),
    }
}

/// Kinds that relkind letters stand for.
fn fits(kind: ObjectType, relkind: char) -> bool {
    match kind {
        ObjectType::Table => matches!(relkind, 'r' | 'p'),
        ObjectType::View => relkind == 'v',
        ObjectType::MatView => relkind == 'm',
        ObjectType::Index => matches!(relkind, 'i' | 'I'),
        ObjectType::Sequence => relkind == 'S',
        ObjectType::ForeignTable => relkind == 'f',
        _ => false,
    }
}

/// What a statement calls the kind of a relation.
pub(crate) fn noun(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::View => "view",
        ObjectType::MatView => "materialized view",
        ObjectType::Index => "index",
        ObjectType::Sequence => "sequence",
        ObjectType::ForeignTable => "foreign table",
        _ => "table",
    }
}

/// `"x" is not a view`, with the hint that DROP and ALTER give.
#[cold]
pub(crate) fn wrong_kind(kind: ObjectType, relation: &RelationDesc, verb: &str) -> PgError {
    let wanted = noun(kind);
    let article = if wanted.starts_with(['a', 'i']) { "an" } else { "a" };
    let error = err!(WRONG_OBJECT_TYPE, "\"{}\" is not {article} {wanted}", relation.name);
    let is = relation_name::kind_noun(relation.relkind);
    let article = if is.starts_with(['a', 'i']) { "an" } else { "a" };
    match verb {
        "DROP" => error.hint(format!("Use DROP {} to remove {article} {is}.", is.to_uppercase())),
        _ => error,
    }
}

fn relation(
    cx: &UtilityContext<'_>,
    kind: ObjectType,
    parts: &[String],
    lock_mode: i32,
) -> PgResult<Found> {
    let Some(relation) = relation_name::open_relation(cx, parts, lock_mode, true)? else {
        let name = relation_name::dotted(parts);
        bail!(UNDEFINED_TABLE, "relation \"{name}\" does not exist");
    };
    if !fits(kind, relation.relkind) {
        return Err(wrong_kind(kind, &relation, ""));
    }
    Ok(Found { address: ObjectAddress::relation(relation.oid), relation: Some(relation) })
}

fn column(cx: &UtilityContext<'_>, parts: &[String], lock_mode: i32) -> PgResult<Found> {
    let Some((column, table)) = parts.split_last().filter(|(_, table)| !table.is_empty()) else {
        bail!(SYNTAX_ERROR, "column name must be qualified");
    };
    let relation = relation_name::open_relation(cx, table, lock_mode, false)?;
    let relation = relation.ok_or_else(|| PgError::internal("relation was looked up"))?;
    let Some(attribute) = relation.attr_by_name(column) else {
        bail!(
            UNDEFINED_COLUMN,
            "column \"{column}\" of relation \"{}\" does not exist",
            relation.name
        );
    };
    let address = ObjectAddress::column(relation.oid, attribute.num);
    Ok(Found { address, relation: Some(relation) })
}

/// A type name's OID and modifier.
pub(crate) fn resolve_type(cx: &UtilityContext<'_>, name: &TypeName) -> PgResult<(Oid, i32)> {
    analyzer::resolve_type_name(&mut cx.analyze_context(), name)
}

fn type_(cx: &UtilityContext<'_>, kind: ObjectType, name: &TypeName) -> PgResult<Found> {
    let (oid, _) = resolve_type(cx, name)?;
    if kind == ObjectType::Domain && cx.catalog.get_type(oid)?.typtype != 'd' {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a domain", cx.catalog.format_type(oid, None)?);
    }
    Ok(Found { address: ObjectAddress::typ(oid), relation: None })
}

/// Schemas to search for a possibly qualified name.
pub(crate) fn search_in(cx: &UtilityContext<'_>, parts: &[String]) -> PgResult<(Vec<Oid>, String)> {
    match parts {
        [name] => Ok((cx.catalog.search_path().to_vec(), name.clone())),
        [schema, name] => Ok((vec![relation_name::namespace(cx.catalog, schema)?], name.clone())),
        _ => bail!(
            SYNTAX_ERROR,
            "improper qualified name (too many dotted names): {}",
            relation_name::dotted(parts)
        ),
    }
}

/// The function, procedure or aggregate with exactly these input arguments.
pub(crate) fn function_oid(
    cx: &UtilityContext<'_>,
    kind: ObjectType,
    function: &ObjectWithArgs,
) -> PgResult<Oid> {
    let (schemas, name) = search_in(cx, &function.objname)?;
    let mut argtypes = Vec::new();
    for arg in function.objargs.iter().flatten() {
        argtypes.push(resolve_type(cx, arg)?.0);
    }
    let wanted = |prokind: char| match kind {
        ObjectType::Function => prokind == 'f' || prokind == 'w',
        ObjectType::Procedure => prokind == 'p',
        ObjectType::Aggregate => prokind == 'a',
        _ => true,
    };
    let all = cx.catalog.procs_by_name(&name)?;
    let mut candidates = Vec::new();
    for schema in &schemas {
        let here = all.iter().filter(|p| p.namespace == *schema);
        candidates.extend(here.filter(|p| function.args_unspecified || p.argtypes == argtypes));
    }
    let noun = match kind {
        ObjectType::Procedure => "procedure",
        ObjectType::Aggregate => "aggregate",
        ObjectType::Routine => "routine",
        _ => "function",
    };
    let dotted = relation_name::dotted(&function.objname);
    if function.args_unspecified {
        candidates.retain(|p| wanted(p.kind));
        return match candidates.as_slice() {
            [one] => Ok(one.oid),
            [] => Err(err!(UNDEFINED_FUNCTION, "could not find a {noun} named \"{dotted}\"")),
            _ => Err(err!(AMBIGUOUS_FUNCTION, "{noun} name \"{dotted}\" is not unique")
                .hint(format!("Specify the argument list to select the {noun} unambiguously."))),
        };
    }
    let signature = signature(cx, &dotted, &argtypes)?;
    match candidates.first() {
        Some(found) if wanted(found.kind) => Ok(found.oid),
        Some(_) => {
            let article = if noun.starts_with('a') { "an" } else { "a" };
            Err(err!(WRONG_OBJECT_TYPE, "{signature} is not {article} {noun}"))
        }
        None => Err(err!(UNDEFINED_FUNCTION, "{noun} {signature} does not exist")),
    }
}

fn signature(cx: &UtilityContext<'_>, name: &str, argtypes: &[Oid]) -> PgResult<String> {
    let types: Vec<String> =
        argtypes.iter().map(|t| cx.catalog.format_type(*t, None)).collect::<PgResult<_>>()?;
    Ok(format!("{name}({})", types.join(", ")))
}

/// The operator with these operand types (`NONE` is INVALID).
pub(crate) fn operator_oid(cx: &UtilityContext<'_>, operator: &ObjectWithArgs) -> PgResult<Oid> {
    let (schemas, name) = search_in(cx, &operator.objname)?;
    let mut operands = Vec::new();
    for arg in &operator.objargs {
        operands.push(match arg {
            Some(arg) => resolve_type(cx, arg)?.0,
            None => Oid::INVALID,
        });
    }
    let [left, right] = operands[..] else {
        bail!(SYNTAX_ERROR, "missing argument");
    };
    let all = cx.catalog.operators_by_name(&name)?;
    for schema in &schemas {
        let here = all.iter().filter(|o| o.namespace == *schema);
        if let Some(found) = here.into_iter().find(|o| o.left == left && o.right == right) {
            return Ok(found.oid);
        }
    }
    let dotted = relation_name::dotted(&operator.objname);
    let shown = |t: Oid| match t.is_valid() {
        true => cx.catalog.format_type(t, None),
        false => Ok(String::new()),
    };
    let text = match left.is_valid() {
        true => format!("{} {dotted} {}", shown(left)?, shown(right)?),
        false => format!("{dotted} {}", shown(right)?),
    };
    Err(err!(UNDEFINED_FUNCTION, "operator does not exist: {text}"))
}

fn cast(cx: &UtilityContext<'_>, source: &TypeName, target: &TypeName) -> PgResult<Found> {
    let ((source, _), (target, _)) = (resolve_type(cx, source)?, resolve_type(cx, target)?);
    match cx.catalog.lookup_cast(source, target)? {
        Some(cast) => Ok(Found::plain(pg_cast::RELID, cast.oid)),
        None => Err(err!(
            UNDEFINED_OBJECT,
            "cast from type {} to type {} does not exist",
            cx.catalog.format_type(source, None)?,
            cx.catalog.format_type(target, None)?
        )),
    }
}

fn on_relation(
    cx: &UtilityContext<'_>,
    kind: ObjectType,
    name: &str,
    parts: &[String],
    lock_mode: i32,
) -> PgResult<Found> {
    let relation = relation_name::open_relation(cx, parts, lock_mode, false)?;
    let relation = relation.ok_or_else(|| PgError::internal("relation was looked up"))?;
    let (class, oid, noun) = match kind {
        ObjectType::TabConstraint => {
            let found = relation.constraints.iter().find(|c| c.name == name).map(|c| c.oid);
            (pg_constraint::RELID, found, "constraint")
        }
        ObjectType::Rule => {
            let found = relation.rules.iter().find(|r| r.name == name).map(|r| r.oid);
            (pg_rewrite::RELID, found, "rule")
        }
        ObjectType::Trigger => {
            let rows = cx.catalog.all_rows(pg_trigger::RELID)?;
            let found = rows.iter().find(|row| {
                row.oid(pg_trigger::TGRELID) == relation.oid
                    && row.values[pg_trigger::TGNAME].as_bytes() == name.as_bytes()
            });
            (pg_trigger::RELID, found.map(|row| row.oid(pg_trigger::OID)), "trigger")
        }
        kind => return Err(not_supported!("naming an object of kind {kind:?}")),
    };
    let Some(oid) = oid else {
        let what = if kind == ObjectType::Rule { "relation" } else { "table" };
        bail!(
            UNDEFINED_OBJECT,
            "{noun} \"{name}\" for {what} \"{}\" does not exist",
            relation.name
        );
    };
    Ok(Found { address: ObjectAddress::new(class, oid), relation: Some(relation) })
}

fn opclass(
    cx: &UtilityContext<'_>,
    kind: ObjectType,
    parts: &[String],
    amname: &str,
) -> PgResult<Found> {
    let am = cx.catalog.lookup_am(amname)?;
    let (am, _) =
        am.ok_or_else(|| err!(UNDEFINED_OBJECT, "access method \"{amname}\" does not exist"))?;
    let (schemas, name) = search_in(cx, parts)?;
    let (class, oid_at, method_at, name_at, namespace_at, noun) = match kind {
        ObjectType::OpClass => (
            pg_opclass::RELID,
            pg_opclass::OID,
            pg_opclass::OPCMETHOD,
            pg_opclass::OPCNAME,
            pg_opclass::OPCNAMESPACE,
            "class",
        ),
        _ => (
            pg_opfamily::RELID,
            pg_opfamily::OID,
            pg_opfamily::OPFMETHOD,
            pg_opfamily::OPFNAME,
            pg_opfamily::OPFNAMESPACE,
            "family",
        ),
    };
    let rows = cx.catalog.all_rows(class)?;
    for schema in &schemas {
        let found = rows.iter().find(|row| {
            row.oid(method_at) == am
                && row.oid(namespace_at) == *schema
                && row.values[name_at].as_bytes() == name.as_bytes()
        });
        if let Some(row) = found {
            return Ok(Found::plain(class, row.oid(oid_at)));
        }
    }
    Err(err!(
        UNDEFINED_OBJECT,
        "operator {noun} \"{}\" does not exist for access method \"{amname}\"",
        relation_name::dotted(parts)
    ))
}

/// Kinds that have nothing but a schema and a name.
fn named(cx: &UtilityContext<'_>, kind: ObjectType, parts: &[String]) -> PgResult<Found> {
    let (class, name_at, namespace_at, noun) = match kind {
        ObjectType::Collation => {
            (pg_collation::RELID, pg_collation::COLLNAME, pg_collation::COLLNAMESPACE, "collation")
        }
        ObjectType::Conversion => (
            pg_conversion::RELID,
            pg_conversion::CONNAME,
            pg_conversion::CONNAMESPACE,
            "conversion",
        ),
        ObjectType::StatisticExt => (
            pg_statistic_ext::RELID,
            pg_statistic_ext::STXNAME,
            pg_statistic_ext::STXNAMESPACE,
            "statistics object",
        ),
        ObjectType::TsParser => (
            pg_ts_parser::RELID,
            pg_ts_parser::PRSNAME,
            pg_ts_parser::PRSNAMESPACE,
            "text search parser",
        ),
        ObjectType::TsDictionary => (
            pg_ts_dict::RELID,
            pg_ts_dict::DICTNAME,
            pg_ts_dict::DICTNAMESPACE,
            "text search dictionary",
        ),
        ObjectType::TsTemplate => (
            pg_ts_template::RELID,
            pg_ts_template::TMPLNAME,
            pg_ts_template::TMPLNAMESPACE,
            "text search template",
        ),
        ObjectType::TsConfiguration => (
            pg_ts_config::RELID,
            pg_ts_config::CFGNAME,
            pg_ts_config::CFGNAMESPACE,
            "text search configuration",
        ),
        kind => return Err(not_supported!("naming an object of kind {kind:?}")),
    };
    let (schemas, name) = search_in(cx, parts)?;
    let rows = cx.catalog.all_rows(class)?;
    for schema in &schemas {
        let found = rows.iter().find(|row| {
            row.oid(namespace_at) == *schema && row.values[name_at].as_bytes() == name.as_bytes()
        });
        // The OID is the first column of each of these catalogs.
        if let Some(Datum::Oid(oid)) = found.map(|row| &row.values[0]) {
            return Ok(Found::plain(class, *oid));
        }
    }
    let dotted = relation_name::dotted(parts);
    match kind {
        ObjectType::Collation => Err(err!(
            UNDEFINED_OBJECT,
            "collation \"{dotted}\" for encoding \"UTF8\" does not exist"
        )),
        _ => Err(err!(UNDEFINED_OBJECT, "{noun} \"{dotted}\" does not exist")),
    }
}
