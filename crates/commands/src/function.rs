//! CREATE FUNCTION and PROCEDURE.
use crate::{UtilityContext, base_type, creation, expression, function_body};
use catalog::{
    CatalogRead, PgProc, RowBuilder, acl,
    acl::ObjectKind,
    csv,
    depend::{DependencyKind, ObjectAddress},
    schema::{pg_language, pg_proc},
};
use error::{PgError, PgResult, bail, err, not_supported};
use parser::ast::{
    CreateFunctionStmt, DefArg, DefElem, FunctionParameter, FunctionParameterMode, VariableSetKind,
    VariableSetStmt,
};
use types::{Datum, Oid, type_oid as t};

/// INTERNAL and C languages.
pub(crate) const INTERNAL: Oid = Oid(12);
const C: Oid = Oid(13);
const SQL: Oid = Oid(14);

/// What the parameter list says.
#[derive(Default)]
pub(crate) struct Parameters {
    pub(crate) input: Vec<Oid>,
    pub(crate) all: Vec<Oid>,
    pub(crate) modes: Vec<char>,
    pub(crate) names: Vec<String>,
    defaults: Vec<nodes::Expr>,
    pub(crate) variadic: Oid,
    /// Types of output parameters.
    output: Vec<Oid>,
}

/// What the options say.
struct Options {
    language: Option<String>,
    source: Option<Vec<String>>,
    volatile: char,
    strict: bool,
    security: bool,
    leakproof: bool,
    window: bool,
    cost: Option<f32>,
    rows: Option<f32>,
    parallel: char,
    settings: Vec<VariableSetStmt>,
}

/// Changes a function's list of `name=value` as a SET or RESET clause says.
pub(crate) fn change_config(
    cx: &UtilityContext<'_>,
    items: &mut Vec<String>,
    stmt: &VariableSetStmt,
) -> PgResult<()> {
    let name = stmt.name.clone().unwrap_or_default();
    let unknown = || err!(UNDEFINED_OBJECT, "unrecognized configuration parameter \"{name}\"");
    let new = match stmt.kind {
        VariableSetKind::Value => Some(cx.services.setting_text(&name, &stmt.args)?),
        VariableSetKind::Current => Some(cx.session.get_setting(&name).ok_or_else(unknown)?),
        VariableSetKind::Default | VariableSetKind::Reset => None,
        VariableSetKind::ResetAll => {
            items.clear();
            None
        }
        VariableSetKind::Multi => return Err(not_supported!("SET TRANSACTION of a function")),
    };
    if stmt.kind != VariableSetKind::ResetAll
        && cx.session.get_setting(&name).is_none()
        && !name.contains('.')
    {
        return Err(unknown());
    }
    items.retain(|item| item.split_once('=').is_none_or(|(n, _)| !n.eq_ignore_ascii_case(&name)));
    items.extend(new.map(|value| format!("{name}={value}")));
    Ok(())
}

/// Makes or replaces a function.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &CreateFunctionStmt) -> PgResult<()> {
    let (namespace, name) = creation::qualified_place(cx, &stmt.funcname)?;
    let o = options(stmt)?;
    let language = match &o.language {
        Some(name) => name.to_ascii_lowercase(),
        None if stmt.sql_body.is_some() => "sql".to_owned(),
        None => bail!(INVALID_FUNCTION_DEFINITION, "no language specified"),
    };
    let Some(lang) = cx.catalog.lookup_language(&language)? else {
        return Err(err!(UNDEFINED_OBJECT, "language \"{language}\" does not exist"));
    };
    check_language(cx, lang, &language)?;
    let noun = if stmt.is_procedure { "procedure" } else { "function" };
    let p = parameters(cx, &stmt.parameters, noun, &language)?;
    let (rettype, retset) = return_type(cx, stmt, &p, &language)?;
    if o.rows.is_some() && !retset {
        bail!(
            INVALID_PARAMETER_VALUE,
            "ROWS is not applicable when function does not return a set"
        );
    }
    let empty = vec![String::new()];
    let (source, body) = match (&o.source, &stmt.sql_body) {
        (Some(_), Some(_)) => {
            bail!(INVALID_FUNCTION_DEFINITION, "duplicate function body specified")
        }
        (Some(source), None) => (source, None),
        (None, Some(_)) if lang != SQL => bail!(
            INVALID_FUNCTION_DEFINITION,
            "inline SQL function body only valid for language SQL"
        ),
        (None, Some(body)) => (&empty, Some(function_body::analyze(cx, &name, &p, body)?)),
        (None, None) => bail!(INVALID_FUNCTION_DEFINITION, "no function body specified"),
    };
    let mut config = Vec::new();
    for set in &o.settings {
        change_config(cx, &mut config, set)?;
    }
    let (src, bin) = match (lang, source.as_slice()) {
        (C, [library, symbol @ ..]) if symbol.len() < 2 => {
            let symbol = symbol.first().unwrap_or(&name);
            cx.services.check_c_function(library, symbol)?;
            (symbol.clone(), Some(library.clone()))
        }
        (_, [one]) if lang == INTERNAL => {
            let symbol = if one.is_empty() { &name } else { one };
            cx.services.check_internal_function(symbol)?;
            (symbol.clone(), None)
        }
        (_, [one]) => (one.clone(), None),
        _ => bail!(
            INVALID_FUNCTION_DEFINITION,
            "only one AS item needed for language \"{language}\""
        ),
    };
    let kind = match (stmt.is_procedure, o.window) {
        (true, _) => 'p',
        (_, true) => 'w',
        _ => 'f',
    };
    check_results(cx, rettype, &p)?;
    let existing = find_existing(cx, namespace, &name, &p.input)?;
    if let Some(old) = &existing {
        check_replace(cx, stmt.replace, old, kind, rettype, retset)?;
    }
    let default_cost = if lang == INTERNAL { 1.0 } else { 100.0 };
    let row = Row {
        name: &name,
        namespace,
        lang,
        kind,
        rettype,
        retset,
        src: &src,
        bin: bin.as_deref(),
        cost: o.cost.unwrap_or(default_cost),
        rows: o.rows.unwrap_or(if retset { 1000.0 } else { 0.0 }),
        body: body.as_ref(),
        config: &config,
    };
    store(cx, existing.as_deref(), &row, &o, &p)
}

/// Results of polymorphic types must follow from arguments, and `internal` only from `internal`.
fn check_results(cx: &UtilityContext<'_>, rettype: Oid, p: &Parameters) -> PgResult<()> {
    let mut acx = cx.analyze_context();
    let analyzer = analyzer::Analyzer::new(&mut acx);
    let out = p.all.iter().zip(&p.modes).filter(|(_, mode)| !matches!(mode, 'i' | 'v'));
    for typ in std::iter::once(rettype).chain(out.map(|(typ, _)| *typ)) {
        if let Some(why) = analyzer.check_valid_polymorphic_signature(typ, &p.input)? {
            return Err(
                err!(INVALID_FUNCTION_DEFINITION, "cannot determine result data type").detail(why)
            );
        }
        let internal = types::type_oid::INTERNAL;
        if typ == internal && !p.input.contains(&internal) {
            return Err(err!(
                INVALID_FUNCTION_DEFINITION,
                "unsafe use of pseudo-type \"internal\""
            )
            .detail(
                "A function returning \"internal\" must have at least one \"internal\" argument.",
            ));
        }
    }
    Ok(())
}

fn check_language(cx: &UtilityContext<'_>, lang: Oid, name: &str) -> PgResult<()> {
    let Some(row) = cx.catalog.row_by_oid(pg_language::RELID, lang)? else { return Ok(()) };
    let trusted = row.values[pg_language::LANPLTRUSTED].as_bool();
    if !trusted && !acl::is_superuser(cx.catalog, cx.user())? {
        return Err(acl::permission_denied(ObjectKind::Language, name));
    }
    Ok(())
}

fn options(stmt: &CreateFunctionStmt) -> PgResult<Options> {
    let mut o = Options {
        language: None,
        source: None,
        volatile: 'v',
        strict: false,
        security: false,
        leakproof: false,
        window: false,
        cost: None,
        rows: None,
        parallel: 'u',
        settings: Vec::new(),
    };
    let mut seen: Vec<&str> = Vec::new();
    for option in &stmt.options {
        let name = option.defname.as_str();
        if seen.contains(&name) && name != "set" {
            return Err(err!(SYNTAX_ERROR, "conflicting or redundant options").at(option.location));
        }
        seen.push(name);
        let procedure_fault = || {
            Err(err!(INVALID_FUNCTION_DEFINITION, "invalid attribute in procedure definition")
                .at(option.location))
        };
        let boolean = option.arg == Some(DefArg::Boolean(true));
        match (name, &option.arg) {
            ("as", Some(DefArg::Strings(parts))) => o.source = Some(parts.clone()),
            ("language", Some(DefArg::String(word))) => o.language = Some(word.clone()),
            ("security", _) => o.security = boolean,
            ("set", Some(DefArg::VariableSet(set))) => o.settings.push((**set).clone()),
            ("transform", _) => return Err(not_supported!("TRANSFORM of a function")),
            ("support", _) => return Err(not_supported!("SUPPORT of a function")),
            _ if stmt.is_procedure => return procedure_fault(),
            ("volatility", Some(DefArg::String(word))) => {
                o.volatile = word.chars().next().unwrap_or('v');
            }
            ("strict", _) => o.strict = boolean,
            ("leakproof", _) => o.leakproof = boolean,
            ("window", _) => o.window = boolean,
            ("cost", _) => {
                let cost = number(option)?;
                if cost <= 0.0 {
                    bail!(INVALID_PARAMETER_VALUE, "COST must be positive");
                }
                o.cost = Some(cost);
            }
            ("rows", _) => {
                let rows = number(option)?;
                if rows <= 0.0 {
                    bail!(INVALID_PARAMETER_VALUE, "ROWS must be positive");
                }
                o.rows = Some(rows);
            }
            ("parallel", Some(DefArg::String(word))) => {
                o.parallel = match word.as_str() {
                    "safe" => 's',
                    "restricted" => 'r',
                    "unsafe" => 'u',
                    _ => bail!(
                        SYNTAX_ERROR,
                        "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE"
                    ),
                };
            }
            _ => return Err(PgError::internal(format!("option \"{name}\" not recognized"))),
        }
    }
    Ok(o)
}

pub(crate) fn number(option: &DefElem) -> PgResult<f32> {
    match &option.arg {
        Some(DefArg::Integer(i)) => Ok(*i as f32),
        Some(DefArg::Float(f)) => {
            f.parse().map_err(|_| err!(SYNTAX_ERROR, "{} requires a numeric value", option.defname))
        }
        _ => Err(err!(SYNTAX_ERROR, "{} requires a numeric value", option.defname)),
    }
}

/// Reads a parameter list; `noun` is what it belongs to.
pub(crate) fn parameters(
    cx: &UtilityContext<'_>,
    list: &[FunctionParameter],
    noun: &str,
    language: &str,
) -> PgResult<Parameters> {
    use FunctionParameterMode as Mode;
    let mut p = Parameters::default();
    let (mut have_default, mut any_mode) = (false, false);
    for parameter in list {
        let typ = base_type::argument_type(cx, &parameter.arg_type, language)?;
        if parameter.arg_type.setof {
            return Err(err!(INVALID_FUNCTION_DEFINITION, "{noun}s cannot accept set arguments")
                .at(parameter.location));
        }
        let (mode, input, output) = match parameter.mode {
            Mode::Default | Mode::In => ('i', true, false),
            Mode::Out => ('o', false, true),
            Mode::InOut => ('b', true, true),
            Mode::Variadic => ('v', true, false),
            Mode::Table => ('t', false, true),
        };
        if input {
            if p.variadic.is_valid() {
                return Err(err!(
                    INVALID_FUNCTION_DEFINITION,
                    "VARIADIC parameter must be the last input parameter"
                )
                .at(parameter.location));
            }
            p.input.push(typ);
        }
        if output {
            p.output.push(typ);
        }
        if mode == 'v' {
            p.variadic = variadic_element(cx, typ)?;
        }
        any_mode |= mode != 'i';
        check_name(&p, parameter, mode)?;
        p.names.push(parameter.name.clone().unwrap_or_default());
        p.all.push(typ);
        p.modes.push(mode);
        match &parameter.defexpr {
            Some(_) if !input => {
                return Err(err!(
                    INVALID_FUNCTION_DEFINITION,
                    "only input parameters can have default values"
                )
                .at(parameter.location));
            }
            Some(raw) => {
                p.defaults.push(expression::parameter_default(cx, raw, typ)?);
                have_default = true;
            }
            None if input && have_default => {
                return Err(err!(
                    INVALID_FUNCTION_DEFINITION,
                    "input parameters after one with a default value must also have defaults"
                )
                .at(parameter.location));
            }
            None => {}
        }
    }
    if !any_mode {
        p.all.clear();
        p.modes.clear();
    }
    if p.names.iter().all(String::is_empty) {
        p.names.clear();
    }
    Ok(p)
}

fn check_name(p: &Parameters, parameter: &FunctionParameter, mode: char) -> PgResult<()> {
    let Some(name) = parameter.name.as_deref().filter(|n| !n.is_empty()) else { return Ok(()) };
    for (i, earlier) in p.names.iter().enumerate() {
        // A table column and an input may share a name, as may nothing else of one side.
        let other = p.modes[i];
        let both = matches!((mode, other), ('i' | 'v', 'o' | 't') | ('o' | 't', 'i' | 'v'));
        if earlier == name && !both {
            return Err(err!(
                INVALID_FUNCTION_DEFINITION,
                "parameter name \"{name}\" used more than once"
            )
            .at(parameter.location));
        }
    }
    Ok(())
}

fn variadic_element(cx: &UtilityContext<'_>, typ: Oid) -> PgResult<Oid> {
    match typ {
        t::ANY => Ok(t::ANY),
        t::ANYARRAY => Ok(t::ANYELEMENT),
        t::ANYCOMPATIBLEARRAY => Ok(t::ANYCOMPATIBLE),
        _ => {
            let row = cx.catalog.get_type(typ)?;
            if !row.is_array() {
                bail!(INVALID_FUNCTION_DEFINITION, "VARIADIC parameter must be an array");
            }
            Ok(row.elem)
        }
    }
}

fn return_type(
    cx: &UtilityContext<'_>,
    stmt: &CreateFunctionStmt,
    p: &Parameters,
    language: &str,
) -> PgResult<(Oid, bool)> {
    let implied = match p.output.as_slice() {
        [] => None,
        [one] if !stmt.is_procedure => Some(*one),
        _ => Some(t::RECORD),
    };
    if stmt.is_procedure {
        return Ok((implied.unwrap_or(t::VOID), false));
    }
    match (&stmt.return_type, implied) {
        (Some(name), implied) => {
            let typ = base_type::result_type(cx, name, language)?;
            if let Some(implied) = implied.filter(|i| *i != typ) {
                bail!(
                    INVALID_FUNCTION_DEFINITION,
                    "function result type must be {} because of OUT parameters",
                    cx.catalog.format_type(implied, None)?
                );
            }
            Ok((typ, name.setof))
        }
        (None, Some(typ)) => Ok((typ, false)),
        (None, None) => {
            Err(err!(INVALID_FUNCTION_DEFINITION, "function result type must be specified"))
        }
    }
}

/// The routine of that name and these input arguments.
pub(crate) fn find_existing(
    cx: &UtilityContext<'_>,
    namespace: Oid,
    name: &str,
    input: &[Oid],
) -> PgResult<Option<std::sync::Arc<PgProc>>> {
    let all = cx.catalog.procs_by_name(name)?;
    Ok(all.iter().find(|p| p.namespace == namespace && p.argtypes == input).cloned())
}

/// Whether a routine may be put in place of another.
pub(crate) fn check_replace(
    cx: &UtilityContext<'_>,
    replace: bool,
    old: &PgProc,
    kind: char,
    rettype: Oid,
    retset: bool,
) -> PgResult<()> {
    if !replace {
        bail!(
            DUPLICATE_FUNCTION,
            "function \"{}\" already exists with same argument types",
            old.name
        );
    }
    let noun = ObjectKind::of_prokind(old.kind);
    acl::check_owner(cx.catalog, noun, &old.name, old.owner, cx.user())?;
    if old.kind != kind {
        let what = match old.kind {
            'a' => "an aggregate function",
            'f' => "a function",
            'p' => "a procedure",
            _ => "a window function",
        };
        return Err(err!(WRONG_OBJECT_TYPE, "cannot change routine kind")
            .detail(format!("\"{}\" is {what}.", old.name)));
    }
    if old.rettype != rettype || old.retset != retset {
        let signature = cx.catalog.format_procedure(old.oid)?.unwrap_or_default();
        let verb = match kind {
            'p' => "PROCEDURE",
            'a' => "AGGREGATE",
            _ => "FUNCTION",
        };
        let message = if kind == 'p' {
            "cannot change whether a procedure has output parameters"
        } else {
            "cannot change return type of existing function"
        };
        return Err(err!(INVALID_FUNCTION_DEFINITION, "{message}")
            .hint(format!("Use DROP {verb} {signature} first.")));
    }
    Ok(())
}

/// Columns of pg_proc that are computed here.
struct Row<'a> {
    name: &'a str,
    namespace: Oid,
    lang: Oid,
    kind: char,
    rettype: Oid,
    retset: bool,
    src: &'a str,
    bin: Option<&'a str>,
    cost: f32,
    rows: f32,
    body: Option<&'a Vec<nodes::Query>>,
    config: &'a [String],
}

fn store(
    cx: &UtilityContext<'_>,
    old: Option<&PgProc>,
    row: &Row<'_>,
    o: &Options,
    p: &Parameters,
) -> PgResult<()> {
    use pg_proc::*;
    let oid = match old {
        Some(old) => old.oid,
        None => cx.catalog.alloc_oid(RELID)?,
    };
    let owner = old.map_or(cx.user(), |f| f.owner);
    let initial = match old {
        Some(old) => old.acl.clone(),
        None => cx.catalog.initial_acl(ObjectKind::Function, owner, row.namespace)?,
    };
    let defaults = match p.defaults.is_empty() {
        true => None,
        false => Some(nodes::stored::to_stored(&p.defaults)?),
    };
    let values = RowBuilder::new(RELID)
        .set(OID, oid)
        .set(PRONAME, row.name)
        .set(PRONAMESPACE, row.namespace)
        .set(PROOWNER, owner)
        .set(PROLANG, row.lang)
        .set(PROCOST, Datum::Float4(row.cost))
        .set(PROROWS, Datum::Float4(row.rows))
        .set(PROVARIADIC, p.variadic)
        .set(PROSUPPORT, Oid::INVALID)
        .set(PROKIND, row.kind)
        .set(PROSECDEF, o.security)
        .set(PROLEAKPROOF, o.leakproof)
        .set(PROISSTRICT, o.strict)
        .set(PRORETSET, row.retset)
        .set(PROVOLATILE, o.volatile)
        .set(PROPARALLEL, o.parallel)
        .set(PRONARGS, p.input.len() as i16)
        .set(PRONARGDEFAULTS, p.defaults.len() as i16)
        .set(PRORETTYPE, row.rettype)
        .set(PROARGTYPES, csv::oidvector(&p.input))
        .set(PROALLARGTYPES, (!p.all.is_empty()).then(|| csv::oid_array(&p.all)))
        .set(PROARGMODES, (!p.modes.is_empty()).then(|| csv::char_array(&p.modes)))
        .set(PROARGNAMES, (!p.names.is_empty()).then(|| csv::text_array(&p.names)))
        .set(PROARGDEFAULTS, defaults)
        .set(PROSRC, row.src)
        .set(PROBIN, row.bin)
        .set(PROSQLBODY, row.body.map(nodes::stored::to_stored).transpose()?)
        .set(PROCONFIG, (!row.config.is_empty()).then(|| csv::text_array(row.config)))
        .set(PROACL, initial.as_deref().map(acl::to_datum))
        .build();
    let this = ObjectAddress::proc_(oid);
    match old {
        Some(_) => {
            if let Some(found) = cx.catalog.row_by_oid(RELID, oid)? {
                cx.catalog.update_row(RELID, &found, &values)?;
            }
            cx.catalog.delete_dependencies_of(this, None)?;
        }
        None => {
            cx.catalog.insert_row(RELID, &values)?;
            cx.catalog.record_owner(this, owner)?;
            cx.catalog.record_acl(this, owner, initial.as_deref())?;
        }
    }
    let normal = DependencyKind::Normal;
    cx.catalog.record_dependency(this, ObjectAddress::namespace(row.namespace), normal)?;
    let language = ObjectAddress::new(pg_language::RELID, row.lang);
    cx.catalog.record_dependency(this, language, normal)?;
    let all = if p.all.is_empty() { &p.input } else { &p.all };
    for typ in all.iter().chain([&row.rettype]) {
        cx.catalog.record_dependency(this, ObjectAddress::typ(*typ), normal)?;
    }
    let exprs: Vec<&nodes::Expr> = p.defaults.iter().collect();
    cx.catalog.record_expr_dependencies(this, &exprs, Oid::INVALID, normal, normal)?;
    for query in row.body.into_iter().flatten() {
        cx.catalog.record_query_dependencies(this, query, normal)?;
    }
    cx.services.command_counter_increment()?;
    cx.services.validate_function(oid, cx.source_text)
}
