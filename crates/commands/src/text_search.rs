//! CREATE and ALTER TEXT SEARCH PARSER, TEMPLATE, DICTIONARY and CONFIGURATION.
use crate::{UtilityContext, attribute, creation, object_address, relation_name};
use catalog::{
    CatalogRead, DependencyKind, ObjectAddress, RowBuilder, acl, quote_identifier,
    schema::{index, pg_ts_config, pg_ts_config_map, pg_ts_dict, pg_ts_parser, pg_ts_template},
};
use error::{PgError, PgResult, SqlState, bail, err, not_supported};
use fmgr::{CallContext, CallSite};
use parser::ast::{
    AlterTSConfigType, AlterTSConfigurationStmt, AlterTSDictionaryStmt, DefArg, DefElem,
    DefineStmt, ObjectRef, ObjectType,
};
use types::{
    Datum, Oid,
    tsearch::{DictionaryOption, TokenType, deserialize_options},
    type_oid as t,
};

/// CREATE TEXT SEARCH of any kind.
pub(crate) fn define(cx: &UtilityContext<'_>, stmt: &DefineStmt) -> PgResult<()> {
    match stmt.kind {
        ObjectType::TsParser => define_parser(cx, stmt),
        ObjectType::TsTemplate => define_template(cx, stmt),
        ObjectType::TsDictionary => define_dictionary(cx, stmt),
        ObjectType::TsConfiguration => define_configuration(cx, stmt),
        kind => Err(not_supported!("CREATE of an object of kind {kind:?}")),
    }?;
    cx.services.command_counter_increment()
}

/// OID of an object of a kind by its name.
fn find(cx: &UtilityContext<'_>, kind: ObjectType, name: &[String]) -> PgResult<Oid> {
    let name = ObjectRef::AnyName(name.to_vec());
    Ok(object_address::resolve(cx, kind, &name, 1)?.address.object)
}

/// 23505 as the catalog's unique index on name and schema would raise it.
fn check_free(
    cx: &UtilityContext<'_>,
    unique: (Oid, &str, &str),
    namespace: Oid,
    name: &str,
) -> PgResult<()> {
    let (index, index_name, prefix) = unique;
    let key = [Datum::text(name), Datum::Oid(namespace)];
    if cx.catalog.row_by_index(index, &key)?.is_some() {
        return Err(err!(
            UNIQUE_VIOLATION,
            "duplicate key value violates unique constraint \"{index_name}\""
        )
        .detail(format!(
            "Key ({prefix}name, {prefix}namespace)=({name}, {namespace}) already exists."
        )));
    }
    Ok(())
}

const UNIQUE_PARSER: (Oid, &str, &str) =
    (index::PG_TS_PARSER_PRSNAME_INDEX, "pg_ts_parser_prsname_index", "prs");
const UNIQUE_TEMPLATE: (Oid, &str, &str) =
    (index::PG_TS_TEMPLATE_TMPLNAME_INDEX, "pg_ts_template_tmplname_index", "tmpl");
const UNIQUE_DICTIONARY: (Oid, &str, &str) =
    (index::PG_TS_DICT_DICTNAME_INDEX, "pg_ts_dict_dictname_index", "dict");
const UNIQUE_CONFIGURATION: (Oid, &str, &str) =
    (index::PG_TS_CONFIG_CFGNAME_INDEX, "pg_ts_config_cfgname_index", "cfg");

/// A support function with these arguments and this result.
fn function(cx: &UtilityContext<'_>, item: &DefElem, args: &[Oid], result: Oid) -> PgResult<Oid> {
    let name = attribute::qualified_name(item)?;
    let found = attribute::exact_function(cx, &name, args)?;
    if found.rettype != result {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "function {} should return type {}",
            attribute::signature(cx, &name, args)?,
            cx.catalog.format_type(result, None)?
        );
    }
    Ok(found.oid)
}

fn record(cx: &UtilityContext<'_>, this: ObjectAddress, on: &[ObjectAddress]) -> PgResult<()> {
    for object in on {
        cx.catalog.record_dependency(this, *object, DependencyKind::Normal)?;
    }
    Ok(())
}

fn define_parser(cx: &UtilityContext<'_>, stmt: &DefineStmt) -> PgResult<()> {
    if !acl::is_superuser(cx.catalog, cx.user())? {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to create text search parsers");
    }
    let (namespace, name) = creation::qualified_place(cx, &stmt.defnames)?;
    let i = t::INTERNAL;
    let mut methods = [Oid::INVALID; 5];
    for item in &stmt.definition {
        let (slot, args, result): (usize, &[Oid], Oid) = match item.defname.as_str() {
            "start" => (0, &[i, t::INT4], i),
            "gettoken" => (1, &[i, i, i], i),
            "end" => (2, &[i], t::VOID),
            "headline" => (3, &[i, i, t::TSQUERY], i),
            "lextypes" => (4, &[i], i),
            other => bail!(SYNTAX_ERROR, "text search parser parameter \"{other}\" not recognized"),
        };
        methods[slot] = function(cx, item, args, result)?;
    }
    for (slot, method) in [(0, "start"), (1, "gettoken"), (2, "end"), (4, "lextypes")] {
        if !methods[slot].is_valid() {
            bail!(INVALID_OBJECT_DEFINITION, "text search parser {method} method is required");
        }
    }
    check_free(cx, UNIQUE_PARSER, namespace, &name)?;
    let oid = cx.catalog.alloc_oid(pg_ts_parser::RELID)?;
    RowBuilder::new(pg_ts_parser::RELID)
        .set(pg_ts_parser::OID, oid)
        .set(pg_ts_parser::PRSNAME, &name)
        .set(pg_ts_parser::PRSNAMESPACE, namespace)
        .set(pg_ts_parser::PRSSTART, methods[0])
        .set(pg_ts_parser::PRSTOKEN, methods[1])
        .set(pg_ts_parser::PRSEND, methods[2])
        .set(pg_ts_parser::PRSHEADLINE, methods[3])
        .set(pg_ts_parser::PRSLEXTYPE, methods[4])
        .insert(cx.catalog)?;
    let mut on = vec![ObjectAddress::namespace(namespace)];
    on.extend(methods.iter().filter(|m| m.is_valid()).map(|m| ObjectAddress::proc_(*m)));
    record(cx, ObjectAddress::new(pg_ts_parser::RELID, oid), &on)
}

fn define_template(cx: &UtilityContext<'_>, stmt: &DefineStmt) -> PgResult<()> {
    if !acl::is_superuser(cx.catalog, cx.user())? {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to create text search templates");
    }
    let (namespace, name) = creation::qualified_place(cx, &stmt.defnames)?;
    let i = t::INTERNAL;
    let (mut init, mut lexize) = (Oid::INVALID, Oid::INVALID);
    for item in &stmt.definition {
        match item.defname.as_str() {
            "init" => init = function(cx, item, &[i], i)?,
            "lexize" => lexize = function(cx, item, &[i, i, i, i], i)?,
            other => {
                bail!(SYNTAX_ERROR, "text search template parameter \"{other}\" not recognized")
            }
        }
    }
    if !lexize.is_valid() {
        bail!(INVALID_OBJECT_DEFINITION, "text search template lexize method is required");
    }
    check_free(cx, UNIQUE_TEMPLATE, namespace, &name)?;
    let oid = cx.catalog.alloc_oid(pg_ts_template::RELID)?;
    RowBuilder::new(pg_ts_template::RELID)
        .set(pg_ts_template::OID, oid)
        .set(pg_ts_template::TMPLNAME, &name)
        .set(pg_ts_template::TMPLNAMESPACE, namespace)
        .set(pg_ts_template::TMPLINIT, init)
        .set(pg_ts_template::TMPLLEXIZE, lexize)
        .insert(cx.catalog)?;
    let mut on = vec![ObjectAddress::namespace(namespace), ObjectAddress::proc_(lexize)];
    if init.is_valid() {
        on.push(ObjectAddress::proc_(init));
    }
    record(cx, ObjectAddress::new(pg_ts_template::RELID, oid), &on)
}

/// An option as it is stored; `None` takes it away.
fn option(item: &DefElem) -> Option<DictionaryOption> {
    let arg = item.arg.as_ref()?;
    Some(DictionaryOption {
        name: item.defname.clone(),
        value: creation::option_text(Some(arg)),
        is_number: matches!(arg, DefArg::Integer(_) | DefArg::Float(_)),
    })
}

/// The stored text of options.
fn serialize(options: &[DictionaryOption]) -> Datum {
    if options.is_empty() {
        return Datum::Null;
    }
    let one = |option: &DictionaryOption| {
        let name = quote_identifier(&option.name);
        if option.is_number {
            return format!("{name} = {}", option.value);
        }
        let escape = if option.value.contains('\\') { "E" } else { "" };
        let value = option.value.replace('\\', "\\\\").replace('\'', "''");
        format!("{name} = {escape}'{value}'")
    };
    Datum::text(&options.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// Calls a support function on a value that only it understands.
fn call(cx: &UtilityContext<'_>, function: Oid, argument: Datum) -> PgResult<Datum> {
    let info = cx.session.resolve_function(function)?;
    let site =
        CallSite { arg_types: vec![t::INTERNAL], ret_type: t::INTERNAL, ..CallSite::default() };
    let mut cache = None;
    let mut call =
        CallContext { session: cx.session, site: &site, cache: &mut cache, in_aggregate: false };
    info.call(&mut call, &mut [argument])
}

/// Lets the template look at the options.
fn check_options(
    cx: &UtilityContext<'_>,
    template: Oid,
    options: &[DictionaryOption],
) -> PgResult<()> {
    let Some(row) = cx.catalog.row_by_oid(pg_ts_template::RELID, template)? else {
        return Err(PgError::internal(format!(
            "cache lookup failed for text search template {template}"
        )));
    };
    let init = row.oid(pg_ts_template::TMPLINIT);
    if init.is_valid() {
        call(cx, init, Datum::internal(options.to_vec()))?;
    } else if !options.is_empty() {
        let name = row.values[pg_ts_template::TMPLNAME].as_str();
        bail!(SYNTAX_ERROR, "text search template \"{name}\" does not accept options");
    }
    Ok(())
}

fn define_dictionary(cx: &UtilityContext<'_>, stmt: &DefineStmt) -> PgResult<()> {
    let (namespace, name) = creation::qualified_place(cx, &stmt.defnames)?;
    let mut template = None;
    let mut options = Vec::new();
    for item in &stmt.definition {
        if item.defname == "template" {
            let name = attribute::qualified_name(item)?;
            template = Some(find(cx, ObjectType::TsTemplate, &name)?);
        } else {
            let Some(option) = option(item) else {
                bail!(SYNTAX_ERROR, "{} requires a parameter", item.defname);
            };
            options.push(option);
        }
    }
    let Some(template) = template else {
        bail!(INVALID_OBJECT_DEFINITION, "text search template is required");
    };
    check_options(cx, template, &options)?;
    check_free(cx, UNIQUE_DICTIONARY, namespace, &name)?;
    let oid = cx.catalog.alloc_oid(pg_ts_dict::RELID)?;
    RowBuilder::new(pg_ts_dict::RELID)
        .set(pg_ts_dict::OID, oid)
        .set(pg_ts_dict::DICTNAME, &name)
        .set(pg_ts_dict::DICTNAMESPACE, namespace)
        .set(pg_ts_dict::DICTOWNER, cx.user())
        .set(pg_ts_dict::DICTTEMPLATE, template)
        .set(pg_ts_dict::DICTINITOPTION, serialize(&options))
        .insert(cx.catalog)?;
    let this = ObjectAddress::new(pg_ts_dict::RELID, oid);
    cx.catalog.record_owner(this, cx.user())?;
    let template = ObjectAddress::new(pg_ts_template::RELID, template);
    record(cx, this, &[ObjectAddress::namespace(namespace), template])
}

/// ALTER TEXT SEARCH DICTIONARY with options.
pub(crate) fn alter_dictionary(
    cx: &UtilityContext<'_>,
    stmt: &AlterTSDictionaryStmt,
) -> PgResult<()> {
    let oid = find(cx, ObjectType::TsDictionary, &stmt.dictname)?;
    let name = relation_name::dotted(&stmt.dictname);
    check_owner(cx, pg_ts_dict::RELID, oid, ("text search dictionary", &name))?;
    let Some(row) = cx.catalog.row_by_oid(pg_ts_dict::RELID, oid)? else { return Ok(()) };
    let mut options = match &row.values[pg_ts_dict::DICTINITOPTION] {
        Datum::Null => Vec::new(),
        stored => deserialize_options(stored.as_str())?,
    };
    for item in &stmt.options {
        options.retain(|o| o.name != item.defname);
        options.extend(option(item));
    }
    check_options(cx, row.oid(pg_ts_dict::DICTTEMPLATE), &options)?;
    let columns = [(pg_ts_dict::DICTINITOPTION, serialize(&options))];
    cx.catalog.set_by_oid(pg_ts_dict::RELID, oid, &columns)?;
    cx.services.command_counter_increment()
}

fn check_owner(
    cx: &UtilityContext<'_>,
    class: Oid,
    oid: Oid,
    (noun, name): (&str, &str),
) -> PgResult<()> {
    let owner = cx.catalog.owner_and_acl(class, oid)?.map(|found| found.0);
    match owner {
        Some(owner) if !cx.catalog.has_role_privileges(cx.user(), owner)? => {
            Err(err!(INSUFFICIENT_PRIVILEGE, "must be owner of {noun} {name}"))
        }
        _ => Ok(()),
    }
}

fn define_configuration(cx: &UtilityContext<'_>, stmt: &DefineStmt) -> PgResult<()> {
    let (namespace, name) = creation::qualified_place(cx, &stmt.defnames)?;
    let (mut source, mut parser) = (None, None);
    for item in &stmt.definition {
        let named = |kind| find(cx, kind, &attribute::qualified_name(item)?);
        match item.defname.as_str() {
            "parser" => parser = Some(named(ObjectType::TsParser)?),
            "copy" => source = Some(named(ObjectType::TsConfiguration)?),
            other => bail!(
                SYNTAX_ERROR,
                "text search configuration parameter \"{other}\" not recognized"
            ),
        }
    }
    if source.is_some() && parser.is_some() {
        bail!(SYNTAX_ERROR, "cannot specify both PARSER and COPY options");
    }
    if let Some(source) = source {
        let row = cx.catalog.row_by_oid(pg_ts_config::RELID, source)?;
        parser = row.map(|row| row.oid(pg_ts_config::CFGPARSER));
    }
    let Some(parser) = parser else {
        bail!(INVALID_OBJECT_DEFINITION, "text search parser is required");
    };
    check_free(cx, UNIQUE_CONFIGURATION, namespace, &name)?;
    let oid = cx.catalog.alloc_oid(pg_ts_config::RELID)?;
    RowBuilder::new(pg_ts_config::RELID)
        .set(pg_ts_config::OID, oid)
        .set(pg_ts_config::CFGNAME, &name)
        .set(pg_ts_config::CFGNAMESPACE, namespace)
        .set(pg_ts_config::CFGOWNER, cx.user())
        .set(pg_ts_config::CFGPARSER, parser)
        .insert(cx.catalog)?;
    if let Some(source) = source {
        let rows =
            cx.catalog.rows_by_index(index::PG_TS_CONFIG_MAP_INDEX, &[Datum::Oid(source)])?;
        for row in rows {
            let mut values = row.values.to_vec();
            values[pg_ts_config_map::MAPCFG] = Datum::Oid(oid);
            cx.catalog.insert_row(pg_ts_config_map::RELID, &values)?;
        }
    }
    cx.catalog.record_owner(ObjectAddress::new(pg_ts_config::RELID, oid), cx.user())?;
    record_configuration(cx, oid, namespace, parser)
}

/// What a configuration depends on, the dictionaries it maps to among them.
fn record_configuration(
    cx: &UtilityContext<'_>,
    oid: Oid,
    namespace: Oid,
    parser: Oid,
) -> PgResult<()> {
    let mut on =
        vec![ObjectAddress::namespace(namespace), ObjectAddress::new(pg_ts_parser::RELID, parser)];
    for row in cx.catalog.rows_by_index(index::PG_TS_CONFIG_MAP_INDEX, &[Datum::Oid(oid)])? {
        on.push(ObjectAddress::new(pg_ts_dict::RELID, row.oid(pg_ts_config_map::MAPDICT)));
    }
    on.sort_unstable();
    on.dedup();
    record(cx, ObjectAddress::new(pg_ts_config::RELID, oid), &on)
}

/// Numbers and names of token types.
fn token_types(
    cx: &UtilityContext<'_>,
    parser: Oid,
    names: &[String],
) -> PgResult<Vec<(i32, String)>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let Some(row) = cx.catalog.row_by_oid(pg_ts_parser::RELID, parser)? else {
        return Err(PgError::internal(format!(
            "cache lookup failed for text search parser {parser}"
        )));
    };
    let all = call(cx, row.oid(pg_ts_parser::PRSLEXTYPE), Datum::internal(()))?;
    let all = all.as_internal::<Vec<TokenType>>();
    let mut out: Vec<(i32, String)> = Vec::new();
    for name in names {
        if out.iter().any(|(_, seen)| seen == name) {
            continue;
        }
        match all.iter().find(|token| token.alias == *name) {
            Some(token) => out.push((token.id, name.clone())),
            None => bail!(INVALID_PARAMETER_VALUE, "token type \"{name}\" does not exist"),
        }
    }
    Ok(out)
}

/// ALTER TEXT SEARCH CONFIGURATION … MAPPING.
pub(crate) fn alter_configuration(
    cx: &UtilityContext<'_>,
    stmt: &AlterTSConfigurationStmt,
) -> PgResult<()> {
    let oid = find(cx, ObjectType::TsConfiguration, &stmt.cfgname)?;
    let name = relation_name::dotted(&stmt.cfgname);
    check_owner(cx, pg_ts_config::RELID, oid, ("text search configuration", &name))?;
    let Some(row) = cx.catalog.row_by_oid(pg_ts_config::RELID, oid)? else { return Ok(()) };
    let parser = row.oid(pg_ts_config::CFGPARSER);
    let tokens = token_types(cx, parser, &stmt.tokentype)?;
    match stmt.kind {
        AlterTSConfigType::DropMapping => drop_mapping(cx, stmt, oid, &tokens)?,
        _ => make_mapping(cx, stmt, oid, &tokens)?,
    }
    let this = ObjectAddress::new(pg_ts_config::RELID, oid);
    cx.catalog.delete_dependencies_of(this, None)?;
    record_configuration(cx, oid, row.oid(pg_ts_config::CFGNAMESPACE), parser)?;
    cx.services.command_counter_increment()
}

fn drop_mapping(
    cx: &UtilityContext<'_>,
    stmt: &AlterTSConfigurationStmt,
    oid: Oid,
    tokens: &[(i32, String)],
) -> PgResult<()> {
    for (token, name) in tokens {
        let key = [Datum::Oid(oid), Datum::Int4(*token)];
        if !cx.catalog.delete_by_key(index::PG_TS_CONFIG_MAP_INDEX, &key)?.is_empty() {
            continue;
        }
        if !stmt.missing_ok {
            bail!(UNDEFINED_OBJECT, "mapping for token type \"{name}\" does not exist");
        }
        cx.notice(PgError::notice(format!(
            "mapping for token type \"{name}\" does not exist, skipping"
        )));
    }
    Ok(())
}

fn make_mapping(
    cx: &UtilityContext<'_>,
    stmt: &AlterTSConfigurationStmt,
    oid: Oid,
    tokens: &[(i32, String)],
) -> PgResult<()> {
    if stmt.overriding {
        for (token, _) in tokens {
            let key = [Datum::Oid(oid), Datum::Int4(*token)];
            cx.catalog.delete_by_key(index::PG_TS_CONFIG_MAP_INDEX, &key)?;
        }
    }
    let dictionaries = stmt
        .dicts
        .iter()
        .map(|name| find(cx, ObjectType::TsDictionary, name))
        .collect::<PgResult<Vec<Oid>>>()?;
    if stmt.replace {
        let [old, new] = dictionaries[..] else { return Ok(()) };
        return replace(cx, oid, tokens, old, new);
    }
    for (token, _) in tokens {
        for (i, dictionary) in dictionaries.iter().enumerate() {
            let sequence = i as i32 + 1;
            let key = [Datum::Oid(oid), Datum::Int4(*token), Datum::Int4(sequence)];
            if cx.catalog.row_by_index(index::PG_TS_CONFIG_MAP_INDEX, &key)?.is_some() {
                return Err(PgError::new(
                    SqlState::UNIQUE_VIOLATION,
                    "duplicate key value violates unique constraint \"pg_ts_config_map_index\"",
                )
                .detail(format!(
                    "Key (mapcfg, maptokentype, mapseqno)=({oid}, {token}, {sequence}) already \
                     exists."
                )));
            }
            RowBuilder::new(pg_ts_config_map::RELID)
                .set(pg_ts_config_map::MAPCFG, oid)
                .set(pg_ts_config_map::MAPTOKENTYPE, *token)
                .set(pg_ts_config_map::MAPSEQNO, sequence)
                .set(pg_ts_config_map::MAPDICT, *dictionary)
                .insert(cx.catalog)?;
        }
    }
    Ok(())
}

fn replace(
    cx: &UtilityContext<'_>,
    oid: Oid,
    tokens: &[(i32, String)],
    old: Oid,
    new: Oid,
) -> PgResult<()> {
    for row in cx.catalog.rows_by_index(index::PG_TS_CONFIG_MAP_INDEX, &[Datum::Oid(oid)])? {
        let token = row.values[pg_ts_config_map::MAPTOKENTYPE].as_i32();
        let wanted = tokens.is_empty() || tokens.iter().any(|(t, _)| *t == token);
        if wanted && row.oid(pg_ts_config_map::MAPDICT) == old {
            let mut values = row.values.to_vec();
            values[pg_ts_config_map::MAPDICT] = Datum::Oid(new);
            cx.catalog.update_row(pg_ts_config_map::RELID, &row, &values)?;
        }
    }
    Ok(())
}
