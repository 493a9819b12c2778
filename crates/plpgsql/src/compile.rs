//! From a catalog row to a compiled function: parameters, the variables of triggers, the body.
use crate::{
    ast::{Block, DatumDef, Function, PlType, Resolve, Stmt, StmtKind, TriggerKind},
    namespace::{LabelKind, NsKind},
    parse::{CompileContext, Parser, declare_type},
};
use catalog::{CatalogRead, PgProc};
use error::{PgError, PgResult, bail, err};
use fmgr::FnContext;
use types::{Oid, type_oid as t};

/// What a function is compiled for.
pub struct Target<'a> {
    /// Its catalog row; a DO block has one made up.
    pub proc: &'a PgProc,
    /// Input types of the call, polymorphic ones resolved; as declared when the body is only checked.
    pub arg_types: &'a [Oid],
    /// Result type of the call.
    pub rettype: Oid,
    /// How it is called.
    pub trigger: TriggerKind,
    /// Collation of its arguments.
    pub collation: Oid,
    /// A DO block.
    pub inline: bool,
}

/// Whether plpgsql.extra_warnings and extra_errors ask for a check.
pub(crate) fn extra_checks(session: &dyn FnContext, check: &str) -> (bool, bool) {
    let asks = |name: &str| {
        session.get_setting(name).is_some_and(|list| {
            list.split(',').map(|w| w.trim().to_ascii_lowercase()).any(|w| w == check || w == "all")
        })
    };
    (asks("plpgsql.extra_warnings"), asks("plpgsql.extra_errors"))
}

/// A warning whose position is one of the body.
pub(crate) fn warn_in_body(cx: &CompileContext<'_>, e: PgError) {
    let state = e.sqlstate();
    let mut warning = PgError::warning(state, e.message().to_owned());
    warning.0.position = e.0.position;
    (cx.warn)(warning);
}

fn is_polymorphic(typ: Oid) -> bool {
    matches!(
        typ,
        t::ANYELEMENT
            | t::ANYARRAY
            | t::ANYNONARRAY
            | t::ANYENUM
            | t::ANYRANGE
            | t::ANYMULTIRANGE
            | t::ANYCOMPATIBLE
            | t::ANYCOMPATIBLEARRAY
            | t::ANYCOMPATIBLENONARRAY
            | t::ANYCOMPATIBLERANGE
            | t::ANYCOMPATIBLEMULTIRANGE
    )
}

/// What a polymorphic type stands for while a body is only checked.
fn assumed(typ: Oid) -> Oid {
    match typ {
        t::ANYARRAY | t::ANYCOMPATIBLEARRAY => Oid(1007),
        t::ANYRANGE | t::ANYCOMPATIBLERANGE => Oid(3904),
        t::ANYMULTIRANGE | t::ANYCOMPATIBLEMULTIRANGE => Oid(4451),
        other if is_polymorphic(other) => t::INT4,
        other => other,
    }
}

fn resolve_option(session: &dyn FnContext) -> Resolve {
    match session.get_setting("plpgsql.variable_conflict").as_deref() {
        Some("use_variable") => Resolve::Variable,
        Some("use_column") => Resolve::Column,
        _ => Resolve::Error,
    }
}

fn empty_function(cx: &CompileContext<'_>, target: &Target<'_>) -> PgResult<Function> {
    let signature = match target.inline {
        true => "inline_code_block".to_owned(),
        false => cx.catalog.format_procedure(target.proc.oid)?.unwrap_or_default(),
    };
    let on = |name: &str| cx.session.get_setting(name).is_some_and(|v| v == "on");
    Ok(Function {
        oid: target.proc.oid,
        signature,
        trigger: target.trigger,
        procedure: target.proc.kind == 'p',
        rettype: Parser::scalar_type(t::VOID, Oid::INVALID),
        returns_set: false,
        returns_tuple: false,
        args: Vec::new(),
        out: None,
        found: 0,
        trigger_vars: Default::default(),
        datums: Vec::new(),
        body: Block { label: None, vars: Vec::new(), body: Vec::new(), exceptions: None },
        body_line: 0,
        read_only: target.proc.volatile != 'v' && !target.inline,
        resolve: resolve_option(cx.session),
        print_strict_params: on("plpgsql.print_strict_params"),
        strict_multi_assignment: extra_checks(cx.session, "strict_multi_assignment"),
        too_many_rows: extra_checks(cx.session, "too_many_rows"),
        has_exceptions: false,
    })
}

/// Compiles a function.
pub fn compile(cx: &CompileContext<'_>, target: &Target<'_>) -> PgResult<Function> {
    let source = &target.proc.src;
    let mut p = Parser::new(cx, source, empty_function(cx, target)?)?;
    let name = if target.inline { "inline_code_block" } else { &target.proc.name };
    p.push_label(name, LabelKind::Block);
    match target.trigger {
        TriggerKind::None if target.inline => {}
        TriggerKind::None => parameters(&mut p, target)?,
        TriggerKind::Dml => trigger_variables(&mut p, target)?,
        TriggerKind::Event => event_variables(&mut p, target)?,
    }
    let found = Parser::scalar_type(t::BOOL, Oid::INVALID);
    p.f.found = p.add_variable("found", 0, found, true);
    let mut f = p.function()?;
    let falls_off = f.out.is_some()
        || f.returns_set
        || (f.rettype.oid == t::VOID && f.trigger == TriggerKind::None)
        || target.inline
        || f.trigger == TriggerKind::Event;
    if falls_off {
        add_return(&mut f);
    }
    Ok(f)
}

/// A RETURN at the end of a body that may end without one.
fn add_return(f: &mut Function) {
    let wrapped = f.body.exceptions.is_some() || f.body.label.is_some();
    if wrapped {
        let empty = Block { label: None, vars: Vec::new(), body: Vec::new(), exceptions: None };
        let inner = std::mem::replace(&mut f.body, empty);
        f.body.body.push(Stmt { lineno: f.body_line, kind: StmtKind::Block(inner) });
    }
    if !matches!(f.body.body.last(), Some(Stmt { kind: StmtKind::Return { .. }, .. })) {
        let kind = StmtKind::Return { expr: None, var: f.out };
        f.body.body.push(Stmt { lineno: 0, kind });
    }
}

fn parameters(p: &mut Parser<'_>, target: &Target<'_>) -> PgResult<()> {
    let cx = p.cx;
    let proc = target.proc;
    let all = if proc.allargtypes.is_empty() { &proc.argtypes } else { &proc.allargtypes };
    let mut outputs = Vec::new();
    let mut inputs = 0;
    let mut known: Vec<(Oid, Oid)> = Vec::new();
    for (n, declared) in all.iter().enumerate() {
        let mode = proc.argmodes.get(n).copied().unwrap_or('i');
        let is_input = matches!(mode, 'i' | 'b' | 'v');
        // A procedure's output arguments are among those of the call.
        let mut typ = *declared;
        if is_input || (proc.kind == 'p' && mode == 'o') {
            if let Some(actual) = target.arg_types.get(inputs) {
                if is_polymorphic(*declared) && actual.is_valid() {
                    typ = *actual;
                    known.push((*declared, *actual));
                }
            }
            inputs += 1;
        }
        if is_polymorphic(typ) {
            typ = match cx.check_syntax {
                true => assumed(typ),
                false => output_type(cx, *declared, &known, target)?,
            };
        }
        let mut pl = declare_type(cx.catalog, typ, -1)?;
        let row = cx.catalog.get_type(typ)?;
        if row.typtype == 'p' && typ != t::RECORD {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "PL/pgSQL functions cannot accept type {}",
                cx.catalog.format_type(typ, None)?
            );
        }
        if pl.collation.is_valid() && target.collation.is_valid() {
            pl.collation = target.collation;
        }
        let number = format!("${}", n + 1);
        let name = proc.argnames.get(n).filter(|n| !n.is_empty());
        let composite = pl.composite;
        let dno = p.add_variable(name.unwrap_or(&number), 0, pl, false);
        let kind = if composite { NsKind::Rec(dno) } else { NsKind::Var(dno) };
        add_parameter(p, kind, &number)?;
        if let Some(name) = name {
            add_parameter(p, kind, name)?;
        }
        if is_input {
            p.f.args.push(dno);
        }
        if matches!(mode, 'o' | 'b' | 't') {
            outputs.push((p.datum_name(dno), dno));
        }
    }
    let has_outputs = !outputs.is_empty();
    p.f.out = match outputs.len() {
        0 => None,
        1 if proc.kind != 'p' => Some(outputs[0].1),
        _ => Some(p.row("(unnamed row)", outputs)),
    };
    return_type(p, target, has_outputs)
}

fn output_type(
    cx: &CompileContext<'_>,
    declared: Oid,
    known: &[(Oid, Oid)],
    target: &Target<'_>,
) -> PgResult<Oid> {
    // The result type of a call with one output parameter is that parameter's.
    if target.proc.rettype == declared && target.rettype.is_valid() {
        return Ok(target.rettype);
    }
    // The two families of polymorphic types go separate ways.
    let found = known.iter().find(|k| is_compatible(k.0) == is_compatible(declared));
    let Some(&(from, actual)) = found else { return Ok(assumed(declared)) };
    let element = match from {
        t::ANYARRAY | t::ANYCOMPATIBLEARRAY => cx.catalog.get_type(actual)?.elem,
        t::ANYRANGE | t::ANYCOMPATIBLERANGE => {
            cx.catalog.lookup_range(actual)?.map_or(Oid::INVALID, |r| r.subtype)
        }
        _ => actual,
    };
    Ok(match declared {
        t::ANYARRAY | t::ANYCOMPATIBLEARRAY => cx.catalog.get_type(element)?.array,
        _ => element,
    })
}

fn is_compatible(typ: Oid) -> bool {
    matches!(
        typ,
        t::ANYCOMPATIBLE
            | t::ANYCOMPATIBLEARRAY
            | t::ANYCOMPATIBLENONARRAY
            | t::ANYCOMPATIBLERANGE
            | t::ANYCOMPATIBLEMULTIRANGE
    )
}

fn add_parameter(p: &mut Parser<'_>, kind: NsKind, name: &str) -> PgResult<()> {
    if crate::namespace::lookup(&p.ns, true, &[name]).is_some() {
        bail!(INVALID_FUNCTION_DEFINITION, "parameter name \"{name}\" used more than once");
    }
    p.bind(kind, name);
    Ok(())
}

fn return_type(p: &mut Parser<'_>, target: &Target<'_>, has_outputs: bool) -> PgResult<()> {
    let cx = p.cx;
    let declared = target.proc.rettype;
    let rettype = match is_polymorphic(declared) {
        true if cx.check_syntax => assumed(declared),
        true if !target.rettype.is_valid() || is_polymorphic(target.rettype) => bail!(
            FEATURE_NOT_SUPPORTED,
            "could not determine actual return type for polymorphic function \"{}\"",
            target.proc.name
        ),
        true => target.rettype,
        false => declared,
    };
    let row = cx.catalog.get_type(rettype)?;
    if row.typtype == 'p' && !matches!(rettype, t::VOID | t::RECORD) {
        if matches!(rettype, t::TRIGGER | t::EVENT_TRIGGER) {
            bail!(FEATURE_NOT_SUPPORTED, "trigger functions can only be called as triggers");
        }
        bail!(
            FEATURE_NOT_SUPPORTED,
            "PL/pgSQL functions cannot return type {}",
            cx.catalog.format_type(rettype, None)?
        );
    }
    p.f.rettype = declare_type(cx.catalog, rettype, -1)?;
    p.f.returns_set = target.proc.retset;
    p.f.returns_tuple = p.f.rettype.composite;
    if is_polymorphic(declared) && !has_outputs {
        let typ = p.f.rettype.clone();
        p.add_variable("$0", 0, typ, true);
    }
    Ok(())
}

fn trigger_variables(p: &mut Parser<'_>, target: &Target<'_>) -> PgResult<()> {
    if !target.proc.argtypes.is_empty() {
        return Err(err!(
            INVALID_FUNCTION_DEFINITION,
            "trigger functions cannot have declared arguments"
        )
        .hint(
            "The arguments of the trigger can be accessed through TG_NARGS and TG_ARGV instead.",
        ));
    }
    p.f.returns_tuple = true;
    p.f.rettype = Parser::record_type();
    p.f.trigger_vars.new = p.add_variable("new", 0, Parser::record_type(), true);
    p.f.trigger_vars.old = p.add_variable("old", 0, Parser::record_type(), true);
    let names: [(&str, Oid, Oid); 10] = [
        ("tg_name", t::NAME, Oid(950)),
        ("tg_when", t::TEXT, Oid(100)),
        ("tg_level", t::TEXT, Oid(100)),
        ("tg_op", t::TEXT, Oid(100)),
        ("tg_relid", t::OID, Oid::INVALID),
        ("tg_relname", t::NAME, Oid(950)),
        ("tg_table_name", t::NAME, Oid(950)),
        ("tg_table_schema", t::NAME, Oid(950)),
        ("tg_nargs", t::INT4, Oid::INVALID),
        ("tg_argv", Oid(1009), Oid(100)),
    ];
    for (name, typ, collation) in names {
        let typ: PlType = Parser::scalar_type(typ, collation);
        let dno = p.add_variable(name, 0, typ, true);
        p.f.trigger_vars.names.push((name, dno));
    }
    Ok(())
}

fn event_variables(p: &mut Parser<'_>, target: &Target<'_>) -> PgResult<()> {
    if !target.proc.argtypes.is_empty() {
        return Err(err!(
            INVALID_FUNCTION_DEFINITION,
            "event trigger functions cannot have declared arguments"
        ));
    }
    for name in ["tg_event", "tg_tag"] {
        let dno = p.add_variable(name, 0, Parser::scalar_type(t::TEXT, Oid(100)), true);
        p.f.trigger_vars.names.push((name, dno));
    }
    Ok(())
}

impl Function {
    /// Its signature, for contexts.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Whether it may be run for a datum kind: used by tests.
    pub(crate) fn datum(&self, dno: usize) -> &DatumDef {
        &self.datums[dno]
    }
}

/// Line of a fault, for the context: that of its position, or of where the parser was.
pub fn near_line(source: &str, e: &PgError, reached: usize) -> u32 {
    let at = e.0.position.map_or(reached, |at| at as usize);
    crate::token::line_of(source, at)
}
