//! CREATE AGGREGATE: its functions looked up and checked against its state and arguments.
use crate::{UtilityContext, attribute, creation, expression, function, object_address};
use analyzer::Analyzer;
use catalog::{CatalogRead, PgAggregate, PgProc, acl, acl::ObjectKind};
use error::{PgResult, bail, err};
use parser::ast::{self, AConst, ConstValue, DefElem, DefineStmt, TypeName};
use std::sync::Arc;
use types::{Oid, type_oid as t};

/// Most arguments of an aggregate.
const ARGS_MAX: usize = 99;

/// One of the two implementations: the plain one, and the one for moving windows.
#[derive(Default)]
struct Implementation {
    transfn: Option<Vec<String>>,
    minvtransfn: Option<Vec<String>>,
    finalfn: Option<Vec<String>>,
    finalextra: bool,
    finalmodify: Option<char>,
    stype: Option<TypeName>,
    space: i32,
    initval: Option<String>,
}

/// What the attributes say.
#[derive(Default)]
struct Attributes {
    plain: Implementation,
    moving: Implementation,
    combinefn: Option<Vec<String>>,
    serialfn: Option<Vec<String>>,
    deserialfn: Option<Vec<String>>,
    sortop: Option<Vec<String>>,
    basetype: Option<TypeName>,
    hypothetical: bool,
    parallel: Option<String>,
}

/// An aggregate's arguments.
struct Arguments {
    kind: char,
    direct: usize,
    parameters: function::Parameters,
}

/// Functions found for an implementation.
struct Found {
    stype: Oid,
    transfn: Arc<PgProc>,
    inverse: Oid,
    finalfn: Oid,
    result: Oid,
}

/// Makes or replaces an aggregate.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &DefineStmt) -> PgResult<()> {
    let (namespace, name) = creation::qualified_place(cx, &stmt.defnames)?;
    let a = attributes(cx, stmt)?;
    check_complete(&a)?;
    let args = arguments(cx, stmt, &a)?;
    let stype = state_type(cx, a.plain.stype.as_ref())?;
    match (&a.serialfn, &a.deserialfn) {
        (Some(_), Some(_)) if stype != t::INTERNAL => bail!(
            INVALID_FUNCTION_DEFINITION,
            "serialization functions may be specified only when the aggregate transition data \
             type is internal"
        ),
        (Some(_), None) | (None, Some(_)) => bail!(
            INVALID_FUNCTION_DEFINITION,
            "must specify both or neither of serialization and deserialization functions"
        ),
        _ => {}
    }
    let moving_type = match &a.moving.stype {
        Some(_) => Some(state_type(cx, a.moving.stype.as_ref())?),
        None => None,
    };
    check_initial(cx, stype, a.plain.initval.as_deref())?;
    if let Some(typ) = moving_type {
        check_initial(cx, typ, a.moving.initval.as_deref())?;
    }
    let parallel = match a.parallel.as_deref() {
        None | Some("unsafe") => 'u',
        Some("safe") => 's',
        Some("restricted") => 'r',
        Some(_) => {
            bail!(SYNTAX_ERROR, "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE")
        }
    };
    let aggregate = Aggregate { cx, a: &a, args: &args };
    let row = aggregate.check(stype, moving_type)?;
    aggregate.store(namespace, &name, stmt.replace, parallel, row)
}

fn attributes(cx: &UtilityContext<'_>, stmt: &DefineStmt) -> PgResult<Attributes> {
    let mut a = Attributes::default();
    for item in &stmt.definition {
        let name = || attribute::qualified_name(item).map(Some);
        match item.defname.as_str() {
            "sfunc" | "sfunc1" => a.plain.transfn = name()?,
            "finalfunc" => a.plain.finalfn = name()?,
            "combinefunc" => a.combinefn = name()?,
            "serialfunc" => a.serialfn = name()?,
            "deserialfunc" => a.deserialfn = name()?,
            "msfunc" => a.moving.transfn = name()?,
            "minvfunc" => a.moving.minvtransfn = name()?,
            "mfinalfunc" => a.moving.finalfn = name()?,
            "finalfunc_extra" => a.plain.finalextra = attribute::boolean(item)?,
            "mfinalfunc_extra" => a.moving.finalextra = attribute::boolean(item)?,
            "finalfunc_modify" => a.plain.finalmodify = Some(modify(item)?),
            "mfinalfunc_modify" => a.moving.finalmodify = Some(modify(item)?),
            "sortop" => a.sortop = name()?,
            "basetype" => a.basetype = Some(attribute::type_name(item)?),
            "hypothetical" => a.hypothetical |= attribute::boolean(item)?,
            "stype" | "stype1" => a.plain.stype = Some(attribute::type_name(item)?),
            "sspace" => a.plain.space = attribute::integer(item)?,
            "mstype" => a.moving.stype = Some(attribute::type_name(item)?),
            "msspace" => a.moving.space = attribute::integer(item)?,
            "initcond" | "initcond1" => a.plain.initval = Some(attribute::text(item)?),
            "minitcond" => a.moving.initval = Some(attribute::text(item)?),
            "parallel" => a.parallel = Some(attribute::text(item)?),
            _ => attribute::unrecognized(cx, "aggregate", item),
        }
    }
    let ordered = !stmt.oldstyle && stmt.args.as_ref().is_some_and(|args| args.num_direct >= 0);
    if a.hypothetical && !ordered {
        bail!(INVALID_FUNCTION_DEFINITION, "only ordered-set aggregates can be hypothetical");
    }
    Ok(a)
}

fn modify(item: &DefElem) -> PgResult<char> {
    match attribute::text(item)?.as_str() {
        "read_only" => Ok('r'),
        "shareable" => Ok('s'),
        "read_write" => Ok('w'),
        _ => bail!(
            SYNTAX_ERROR,
            "parameter \"{}\" must be READ_ONLY, SHAREABLE, or READ_WRITE",
            item.defname
        ),
    }
}

fn check_complete(a: &Attributes) -> PgResult<()> {
    let fault = |text: &str| Err(err!(INVALID_FUNCTION_DEFINITION, "aggregate {text}"));
    if a.plain.stype.is_none() {
        return fault("stype must be specified");
    }
    if a.plain.transfn.is_none() {
        return fault("sfunc must be specified");
    }
    let m = &a.moving;
    if m.stype.is_some() {
        if m.transfn.is_none() {
            return fault("msfunc must be specified when mstype is specified");
        }
        if m.minvtransfn.is_none() {
            return fault("minvfunc must be specified when mstype is specified");
        }
        return Ok(());
    }
    let given = [
        ("msfunc", m.transfn.is_some()),
        ("minvfunc", m.minvtransfn.is_some()),
        ("mfinalfunc", m.finalfn.is_some()),
        ("msspace", m.space != 0),
        ("minitcond", m.initval.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => fault(&format!("{name} must not be specified without mstype")),
        None => Ok(()),
    }
}

fn arguments(cx: &UtilityContext<'_>, stmt: &DefineStmt, a: &Attributes) -> PgResult<Arguments> {
    let fault = |text: &str| Err(err!(INVALID_FUNCTION_DEFINITION, "{text}"));
    let Some(args) = stmt.args.as_ref().filter(|_| !stmt.oldstyle) else {
        let Some(base) = &a.basetype else {
            return fault("aggregate input type must be specified");
        };
        let mut parameters = function::Parameters::default();
        if !base.names.join(".").eq_ignore_ascii_case("any") {
            parameters.input.push(object_address::resolve_type(cx, base)?.0);
        }
        return Ok(Arguments { kind: 'n', direct: 0, parameters });
    };
    if a.basetype.is_some() {
        return fault("basetype is redundant with aggregate input type specification");
    }
    let parameters = function::parameters(cx, &args.params, "aggregate", "")?;
    let kind = match (args.num_direct >= 0, a.hypothetical) {
        (false, _) => 'n',
        (true, false) => 'o',
        (true, true) => 'h',
    };
    Ok(Arguments { kind, direct: args.num_direct.max(0) as usize, parameters })
}

fn state_type(cx: &UtilityContext<'_>, name: Option<&TypeName>) -> PgResult<Oid> {
    let Some(name) = name else { return Ok(Oid::INVALID) };
    let (typ, _) = object_address::resolve_type(cx, name)?;
    if !attribute::is_storable(cx, typ)? {
        bail!(
            INVALID_FUNCTION_DEFINITION,
            "aggregate transition data type cannot be {}",
            cx.catalog.format_type(typ, None)?
        );
    }
    Ok(typ)
}

/// The initial value is kept as text and read when the aggregate runs: here only whether it can be.
fn check_initial(cx: &UtilityContext<'_>, typ: Oid, value: Option<&str>) -> PgResult<()> {
    let Some(value) = value else { return Ok(()) };
    if cx.catalog.get_type(typ)?.typtype == 'p' {
        return Ok(());
    }
    let val = ConstValue::String(value.to_owned());
    let raw = ast::Expr::AConst(AConst { val, location: -1 });
    expression::parameter_default(cx, &raw, typ).map(|_| ())
}

struct Aggregate<'a, 'b> {
    cx: &'a UtilityContext<'b>,
    a: &'a Attributes,
    args: &'a Arguments,
}

impl Aggregate<'_, '_> {
    /// Looks up all functions; the row but for its OID, and the result type.
    fn check(&self, stype: Oid, moving_type: Option<Oid>) -> PgResult<(PgAggregate, Oid)> {
        let (cx, a) = (self.cx, self.a);
        self.check_arguments()?;
        for typ in [Some(stype), moving_type].into_iter().flatten() {
            self.check_polymorphic(typ, "cannot determine transition data type", false)?;
        }
        let plain = self.implementation(&a.plain, stype)?;
        let combinefn = match &a.combinefn {
            Some(name) => {
                let (f, typ) = self.lookup(name, &[stype, stype], false)?;
                self.check_result(name, "combine", typ, stype)?;
                if stype == t::INTERNAL && f.strict {
                    bail!(
                        INVALID_FUNCTION_DEFINITION,
                        "combine function with transition type internal must not be declared STRICT"
                    );
                }
                f.oid
            }
            None => Oid::INVALID,
        };
        let serialfn =
            self.converter(a.serialfn.as_ref(), "serialization", &[t::INTERNAL], t::BYTEA)?;
        let deserial = [t::BYTEA, t::INTERNAL];
        let deserialfn =
            self.converter(a.deserialfn.as_ref(), "deserialization", &deserial, t::INTERNAL)?;
        self.check_polymorphic(plain.result, "cannot determine result data type", true)?;
        if plain.result == t::INTERNAL && !self.args.parameters.input.contains(&t::INTERNAL) {
            return Err(err!(
                INVALID_FUNCTION_DEFINITION,
                "unsafe use of pseudo-type \"internal\""
            )
            .detail(
                "A function returning \"internal\" must have at least one \"internal\" argument.",
            ));
        }
        let moving = match moving_type {
            Some(typ) => Some(self.implementation(&a.moving, typ)?),
            None => None,
        };
        if let Some(m) = moving.as_ref().filter(|m| m.result != plain.result) {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "moving-aggregate implementation returns type {}, but plain implementation \
                 returns type {}",
                cx.catalog.format_type(m.result, None)?,
                cx.catalog.format_type(plain.result, None)?
            );
        }
        let sortop = self.sort_operator()?;
        let used = [Some(stype), moving_type, Some(plain.result)];
        for typ in self.args.parameters.input.iter().copied().chain(used.into_iter().flatten()) {
            attribute::check_usage(cx, typ)?;
        }
        let default_modify = if self.args.kind == 'n' { 'r' } else { 'w' };
        let of_moving = |f: &dyn Fn(&Found) -> Oid| moving.as_ref().map_or(Oid::INVALID, f);
        let row = PgAggregate {
            fnoid: Oid::INVALID,
            kind: self.args.kind,
            numdirectargs: self.args.direct as i16,
            transfn: plain.transfn.oid,
            finalfn: plain.finalfn,
            combinefn,
            serialfn,
            deserialfn,
            mtransfn: of_moving(&|m| m.transfn.oid),
            minvtransfn: of_moving(&|m| m.inverse),
            mfinalfn: of_moving(&|m| m.finalfn),
            finalextra: a.plain.finalextra,
            mfinalextra: a.moving.finalextra,
            finalmodify: a.plain.finalmodify.unwrap_or(default_modify),
            mfinalmodify: a.moving.finalmodify.unwrap_or(default_modify),
            sortop,
            transtype: plain.stype,
            transspace: a.plain.space,
            mtranstype: of_moving(&|m| m.stype),
            mtransspace: a.moving.space,
            initval: a.plain.initval.clone(),
            minitval: a.moving.initval.clone(),
        };
        Ok((row, plain.result))
    }

    fn check_arguments(&self) -> PgResult<()> {
        let p = &self.args.parameters;
        if p.input.len() > ARGS_MAX {
            bail!(TOO_MANY_ARGUMENTS, "aggregates cannot have more than {ARGS_MAX} arguments");
        }
        if self.args.kind != 'n' && p.variadic.is_valid() && p.variadic != t::ANY {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "a variadic ordered-set aggregate must use VARIADIC type ANY"
            );
        }
        if self.args.kind == 'h' && self.args.direct < p.input.len() {
            let (direct, ordered) = p.input.split_at(self.args.direct);
            if p.variadic.is_valid() || !direct.ends_with(ordered) {
                bail!(
                    INVALID_FUNCTION_DEFINITION,
                    "a hypothetical-set aggregate must have direct arguments matching its \
                     aggregated arguments"
                );
            }
        }
        Ok(())
    }

    fn check_polymorphic(&self, typ: Oid, message: &str, result: bool) -> PgResult<()> {
        let mut acx = self.cx.analyze_context();
        let analyzer = Analyzer::new(&mut acx);
        match analyzer.check_valid_polymorphic_signature(typ, &self.args.parameters.input)? {
            None => Ok(()),
            Some(why) if result => Err(err!(DATATYPE_MISMATCH, "{message}").detail(why)),
            Some(why) => Err(err!(INVALID_FUNCTION_DEFINITION, "{message}").detail(why)),
        }
    }

    /// A function that arguments of these types would call, and what it then returns.
    fn lookup(
        &self,
        name: &[String],
        types: &[Oid],
        with_variadic: bool,
    ) -> PgResult<(Arc<PgProc>, Oid)> {
        let cx = self.cx;
        let signature = |types: &[Oid]| attribute::signature(cx, name, types);
        let mut acx = cx.analyze_context();
        let analyzer = Analyzer::new(&mut acx);
        let Some((f, mut declared)) = analyzer.function_for_types(name, types)? else {
            bail!(UNDEFINED_FUNCTION, "function {} does not exist", signature(types)?);
        };
        if f.retset {
            bail!(DATATYPE_MISMATCH, "function {} returns a set", signature(types)?);
        }
        if with_variadic && self.args.parameters.variadic == t::ANY && f.variadic != t::ANY {
            bail!(
                DATATYPE_MISMATCH,
                "function {} must accept VARIADIC ANY to be used in this aggregate",
                signature(types)?
            );
        }
        let result =
            analyzer.enforce_generic_type_consistency(types, &mut declared, f.rettype, true)?;
        for (given, declared_type) in types.iter().zip(&declared) {
            if !analyzer.is_binary_coercible(*given, *declared_type)? {
                bail!(
                    DATATYPE_MISMATCH,
                    "function {} requires run-time type coercion",
                    signature(&declared)?
                );
            }
        }
        attribute::check_execute(cx, &f)?;
        Ok((f, result))
    }

    fn check_result(&self, name: &[String], what: &str, typ: Oid, wanted: Oid) -> PgResult<()> {
        if typ != wanted {
            bail!(
                DATATYPE_MISMATCH,
                "return type of {what} function {} is not {}",
                name.join("."),
                self.cx.catalog.format_type(wanted, None)?
            );
        }
        Ok(())
    }

    fn converter(
        &self,
        name: Option<&Vec<String>>,
        what: &str,
        types: &[Oid],
        wanted: Oid,
    ) -> PgResult<Oid> {
        let Some(name) = name else { return Ok(Oid::INVALID) };
        let (f, typ) = self.lookup(name, types, false)?;
        self.check_result(name, what, typ, wanted)?;
        Ok(f.oid)
    }

    fn implementation(&self, i: &Implementation, stype: Oid) -> PgResult<Found> {
        let input = &self.args.parameters.input;
        let ordered = self.args.kind != 'n';
        // A variadic argument that stands for both direct and ordered ones is passed on itself.
        let skip = match ordered {
            true if self.args.direct < input.len() => self.args.direct,
            true => input.len().saturating_sub(1),
            false => 0,
        };
        let mut types = vec![stype];
        types.extend_from_slice(&input[skip..]);
        let name = i.transfn.as_deref().unwrap_or_default();
        let (transfn, typ) = self.lookup(name, &types, true)?;
        self.check_result(name, "transition", typ, stype)?;
        if transfn.strict && i.initval.is_none() {
            let fits = match input.first() {
                Some(first) => {
                    let mut acx = self.cx.analyze_context();
                    Analyzer::new(&mut acx).is_binary_coercible(*first, stype)?
                }
                None => false,
            };
            if !fits {
                bail!(
                    INVALID_FUNCTION_DEFINITION,
                    "must not omit initial value when transition function is strict and \
                     transition type is not compatible with input type"
                );
            }
        }
        let mut inverse = Oid::INVALID;
        if let Some(name) = &i.minvtransfn {
            let (f, typ) = self.lookup(name, &types, true)?;
            self.check_result(name, "inverse transition", typ, stype)?;
            if f.strict != transfn.strict {
                bail!(
                    INVALID_FUNCTION_DEFINITION,
                    "strictness of aggregate's forward and inverse transition functions must match"
                );
            }
            inverse = f.oid;
        }
        let (finalfn, result) = self.final_function(i, stype)?;
        Ok(Found { stype, transfn, inverse, finalfn, result })
    }

    fn final_function(&self, i: &Implementation, stype: Oid) -> PgResult<(Oid, Oid)> {
        let Some(name) = &i.finalfn else { return Ok((Oid::INVALID, stype)) };
        let input = &self.args.parameters.input;
        let passed = if i.finalextra { input.len() } else { self.args.direct };
        let mut types = vec![stype];
        types.extend_from_slice(&input[..passed.min(input.len())]);
        let with_variadic = i.finalextra || self.args.direct >= input.len();
        let (f, result) = self.lookup(name, &types, with_variadic)?;
        if i.finalextra && f.strict {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "final function with extra arguments must not be declared STRICT"
            );
        }
        Ok((f.oid, result))
    }

    fn sort_operator(&self) -> PgResult<Oid> {
        let Some(name) = &self.a.sortop else { return Ok(Oid::INVALID) };
        let [typ] = self.args.parameters.input[..] else {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "sort operator can only be specified for single-argument aggregates"
            );
        };
        let mut acx = self.cx.analyze_context();
        let oid = Analyzer::new(&mut acx).lookup_oper_name(name, typ, typ)?;
        if !oid.is_valid() {
            let shown = self.cx.catalog.format_type(typ, None)?;
            let name = name.join(".");
            bail!(UNDEFINED_FUNCTION, "operator does not exist: {shown} {name} {shown}");
        }
        Ok(oid)
    }

    fn store(
        &self,
        namespace: Oid,
        name: &str,
        replace: bool,
        parallel: char,
        (mut row, result): (PgAggregate, Oid),
    ) -> PgResult<()> {
        let cx = self.cx;
        let p = &self.args.parameters;
        let old = function::find_existing(cx, namespace, name, &p.input)?;
        if let Some(old) = &old {
            function::check_replace(cx, replace, old, 'a', result, false)?;
            self.check_same_kind(old)?;
        }
        let proc = PgProc {
            oid: old.as_ref().map_or(Oid::INVALID, |f| f.oid),
            name: name.to_owned(),
            namespace,
            owner: cx.user(),
            lang: function::INTERNAL,
            cost: 1.0,
            rows: 0.0,
            variadic: p.variadic,
            support: Oid::INVALID,
            kind: 'a',
            secdef: false,
            leakproof: false,
            strict: false,
            retset: false,
            volatile: 'i',
            parallel,
            nargdefaults: 0,
            rettype: result,
            argtypes: p.input.clone(),
            allargtypes: p.all.clone(),
            argmodes: p.modes.clone(),
            argnames: p.names.clone(),
            argdefaults: Arc::new(Vec::new()),
            src: "aggregate_dummy".to_owned(),
            bin: None,
            sqlbody: None,
            config: Vec::new(),
            acl: None,
        };
        row.fnoid = cx.catalog.store_proc(&proc, old.is_some(), &[])?;
        cx.catalog.store_aggregate(&row, old.is_some())?;
        cx.services.command_counter_increment()
    }

    fn check_same_kind(&self, old: &PgProc) -> PgResult<()> {
        let Some(aggregate) = self.cx.catalog.lookup_aggregate(old.oid)? else { return Ok(()) };
        if aggregate.kind != self.args.kind {
            let what = match aggregate.kind {
                'n' => "an ordinary aggregate function",
                'o' => "an ordered-set aggregate",
                _ => "a hypothetical-set aggregate",
            };
            return Err(err!(WRONG_OBJECT_TYPE, "cannot change routine kind")
                .detail(format!("\"{}\" is {what}.", old.name)));
        }
        if i32::from(aggregate.numdirectargs) != self.args.direct as i32 {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "cannot change number of direct arguments of an aggregate function"
            );
        }
        let kind = ObjectKind::of_prokind('a');
        acl::check_owner(self.cx.catalog, kind, &old.name, old.owner, self.cx.user())
    }
}
