//! Casts: whether one exists, and the expression that performs it.
use crate::base_types::{category, is_polymorphic};
use crate::parse_state::Analyzer;
use error::{PgError, PgResult, err};
use nodes::{
    ArrayCoerceExpr, CaseTestExpr, CoerceToDomain, CoerceViaIO, CoercionContext, CoercionForm,
    CollateExpr, Const, ConvertRowtypeExpr, Expr, FuncExpr, ParamKind, RelabelType, RowExpr,
};
use types::{Datum, Oid, type_oid as t};

/// How one type becomes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoercionPath {
    None,
    Func(Oid),
    Relabel,
    Array,
    ViaIo,
}

fn cast_context(c: char) -> CoercionContext {
    match c {
        'i' => CoercionContext::Implicit,
        'a' => CoercionContext::Assignment,
        _ => CoercionContext::Explicit,
    }
}

/// Marks a cast as not to be printed.
fn hide_coercion(expr: &mut Expr) {
    match expr {
        Expr::FuncExpr(x) => x.funcformat = CoercionForm::ImplicitCast,
        Expr::RelabelType(x) => x.relabelformat = CoercionForm::ImplicitCast,
        Expr::CoerceViaIO(x) => x.coerceformat = CoercionForm::ImplicitCast,
        Expr::ArrayCoerceExpr(x) => x.coerceformat = CoercionForm::ImplicitCast,
        Expr::ConvertRowtypeExpr(x) => x.convertformat = CoercionForm::ImplicitCast,
        Expr::RowExpr(x) => x.row_format = CoercionForm::ImplicitCast,
        Expr::CoerceToDomain(x) => x.coercionformat = CoercionForm::ImplicitCast,
        _ => {}
    }
}

/// Relabels without stacking: constants change in place, an inner relabeling is replaced.
pub(crate) fn apply_relabel_type(
    mut arg: Expr,
    typ: Oid,
    typmod: i32,
    collation: Oid,
    form: CoercionForm,
    location: i32,
) -> Expr {
    while let Expr::RelabelType(inner) = arg {
        arg = inner.arg;
    }
    if let Expr::Const(c) = &mut arg {
        c.consttype = typ;
        c.consttypmod = typmod;
        c.constcollid = collation;
        return arg;
    }
    if arg.typ() == typ && arg.typmod() == typmod && arg.collation() == collation {
        return arg;
    }
    Expr::RelabelType(Box::new(RelabelType {
        arg,
        resulttype: typ,
        resulttypmod: typmod,
        resultcollid: collation,
        relabelformat: form,
        location,
    }))
}

impl Analyzer<'_> {
    /// Converts `expr` to a type and typmod; `None` if there is no such cast in this context.
    pub fn coerce_to_target_type(
        &mut self,
        expr: Expr,
        expr_type: Oid,
        target: Oid,
        typmod: i32,
        ccontext: CoercionContext,
        cformat: CoercionForm,
        location: i32,
    ) -> PgResult<Option<Expr>> {
        if !self.can_coerce(expr_type, target, ccontext)? {
            return Ok(None);
        }
        // The cast goes below a COLLATE, which is put back on top.
        let mut collate = None;
        let mut inner = expr;
        while let Expr::CollateExpr(c) = inner {
            let c = *c;
            collate.get_or_insert((c.coll_oid, c.location));
            inner = c.arg;
        }
        let (result, changed) = self
            .coerce_type_tracking(inner, expr_type, target, typmod, ccontext, cformat, location)?;
        let hide_input = changed && !matches!(result, Expr::Const(_));
        let result = self
            .coerce_type_typmod(result, target, typmod, ccontext, cformat, location, hide_input)?;
        Ok(Some(match collate {
            Some((coll_oid, location)) if self.type_is_collatable(target)? => {
                Expr::CollateExpr(Box::new(CollateExpr { arg: result, coll_oid, location }))
            }
            _ => result,
        }))
    }

    /// Converts `expr` to a type; the cast must be known to exist. Typmods are not applied.
    pub fn coerce_type(
        &mut self,
        expr: Expr,
        input: Oid,
        target: Oid,
        typmod: i32,
        ccontext: CoercionContext,
        cformat: CoercionForm,
        location: i32,
    ) -> PgResult<Expr> {
        Ok(self.coerce_type_tracking(expr, input, target, typmod, ccontext, cformat, location)?.0)
    }

    /// [`Analyzer::coerce_type`], saying also whether anything was done.
    fn coerce_type_tracking(
        &mut self,
        expr: Expr,
        input: Oid,
        target: Oid,
        typmod: i32,
        ccontext: CoercionContext,
        cformat: CoercionForm,
        location: i32,
    ) -> PgResult<(Expr, bool)> {
        match target {
            _ if target == input => return Ok((expr, false)),
            t::ANY
            | t::ANYELEMENT
            | t::ANYNONARRAY
            | t::ANYCOMPATIBLE
            | t::ANYCOMPATIBLENONARRAY => return Ok((expr, false)),
            t::ANYARRAY
            | t::ANYENUM
            | t::ANYRANGE
            | t::ANYMULTIRANGE
            | t::ANYCOMPATIBLEARRAY
            | t::ANYCOMPATIBLERANGE
            | t::ANYCOMPATIBLEMULTIRANGE
                if input != t::UNKNOWN =>
            {
                // A domain over the right kind of type is seen as its base type.
                let base = self.base_type(input)?;
                if base == input {
                    return Ok((expr, false));
                }
                return Ok((relabel(expr, base, cformat, location), true));
            }
            _ => {}
        }
        if input == t::UNKNOWN {
            match expr {
                Expr::Const(c) => {
                    let typed =
                        self.coerce_unknown_const(c, target, typmod, ccontext, cformat, location)?;
                    return Ok((typed, true));
                }
                Expr::Param(p) if p.kind == ParamKind::Extern => {
                    if let Some(typed) = self.coerce_param(&p, target, location)? {
                        return Ok((typed, true));
                    }
                    return self.coerce_by_path(
                        Expr::Param(p),
                        input,
                        target,
                        typmod,
                        ccontext,
                        cformat,
                        location,
                    );
                }
                _ => {}
            }
        }
        if let Expr::CollateExpr(c) = expr {
            let c = *c;
            let arg =
                self.coerce_type(c.arg, input, target, typmod, ccontext, cformat, location)?;
            if !self.type_is_collatable(target)? {
                return Ok((arg, true));
            }
            let (coll_oid, location) = (c.coll_oid, c.location);
            let collated = CollateExpr { arg, coll_oid, location };
            return Ok((Expr::CollateExpr(Box::new(collated)), true));
        }
        self.coerce_by_path(expr, input, target, typmod, ccontext, cformat, location)
    }

    /// Reads an untyped literal as a value of the target type.
    fn coerce_unknown_const(
        &mut self,
        con: Const,
        target: Oid,
        typmod: i32,
        ccontext: CoercionContext,
        cformat: CoercionForm,
        location: i32,
    ) -> PgResult<Expr> {
        let (base, base_typmod) = self.base_type_and_typmod(target, typmod)?;
        // Interval's input function needs its typmod; other types get theirs by a length coercion,
        // which tells explicit from implicit casts.
        let input_typmod = if base == t::INTERVAL { base_typmod } else { -1 };
        let row = self.catalog.get_type(base)?;
        let value = match &con.value {
            Datum::Null => Datum::Null,
            text => self
                .session
                .type_input(base, input_typmod, &String::from_utf8_lossy(text.as_bytes()))
                .map_err(|e| e.at_if_unset(con.location))?,
        };
        let typed = Expr::Const(Const {
            consttype: base,
            consttypmod: input_typmod,
            constcollid: row.collation,
            value,
            phys: row.phys,
            location: con.location,
        });
        if base == target {
            return Ok(typed);
        }
        self.coerce_to_domain(typed, base, base_typmod, target, ccontext, cformat, location, false)
    }

    fn coerce_by_path(
        &mut self,
        expr: Expr,
        input: Oid,
        target: Oid,
        typmod: i32,
        ccontext: CoercionContext,
        cformat: CoercionForm,
        location: i32,
    ) -> PgResult<(Expr, bool)> {
        match self.find_coercion_pathway(target, input, ccontext)? {
            CoercionPath::None => {}
            CoercionPath::Relabel => {
                let (base, base_typmod) = self.base_type_and_typmod(target, -1)?;
                if base != target {
                    let domain = self.coerce_to_domain(
                        expr,
                        base,
                        base_typmod,
                        target,
                        ccontext,
                        cformat,
                        location,
                        false,
                    )?;
                    return Ok((domain, true));
                }
                return Ok((relabel(expr, target, cformat, location), true));
            }
            path => {
                let (base, base_typmod) = self.base_type_and_typmod(target, typmod)?;
                let result = self.build_coercion_expression(
                    expr,
                    path,
                    base,
                    base_typmod,
                    ccontext,
                    cformat,
                    location,
                )?;
                if base == target {
                    return Ok((result, true));
                }
                let domain = self.coerce_to_domain(
                    result,
                    base,
                    base_typmod,
                    target,
                    ccontext,
                    cformat,
                    location,
                    true,
                )?;
                return Ok((domain, true));
            }
        }
        if input == t::RECORD && self.is_complex(target)? {
            let row = self.coerce_record_to_complex(expr, target, ccontext, cformat, location)?;
            return Ok((row, true));
        }
        if target == t::RECORD && self.is_complex(input)? {
            return Ok((expr, false));
        }
        if target == t::RECORD_ARRAY && self.is_complex_array(input)? {
            return Ok((expr, false));
        }
        if self.type_inherits_from(input, target)? || self.type_is_of_typed_table(input, target)? {
            let base = self.base_type(input)?;
            let mut arg = expr;
            if base != input {
                arg = relabel(arg, base, CoercionForm::ImplicitCast, location);
            }
            let convert =
                ConvertRowtypeExpr { arg, resulttype: target, convertformat: cformat, location };
            return Ok((Expr::ConvertRowtypeExpr(Box::new(convert)), true));
        }
        Err(PgError::internal(format!(
            "failed to find conversion function from {} to {}",
            self.format_type(input)?,
            self.format_type(target)?
        )))
    }

    fn is_complex_array(&self, typ: Oid) -> PgResult<bool> {
        let elem = self.element_type(typ)?;
        Ok(elem.is_valid() && self.is_complex(elem)?)
    }

    /// Whether a single type converts to another in this context.
    pub fn can_coerce(&self, input: Oid, target: Oid, ccontext: CoercionContext) -> PgResult<bool> {
        self.can_coerce_types(&[input], &[target], ccontext)
    }

    /// Whether all of a call's arguments convert to the declared types.
    pub(crate) fn can_coerce_types(
        &self,
        inputs: &[Oid],
        targets: &[Oid],
        ccontext: CoercionContext,
    ) -> PgResult<bool> {
        let mut have_generics = false;
        for (&input, &target) in inputs.iter().zip(targets) {
            if input == target || target == t::ANY {
                continue;
            }
            if is_polymorphic(target) {
                have_generics = true;
                continue;
            }
            if input == t::UNKNOWN
                || self.find_coercion_pathway(target, input, ccontext)? != CoercionPath::None
                || input == t::RECORD && self.is_complex(target)?
                || target == t::RECORD && self.is_complex(input)?
                || target == t::RECORD_ARRAY && self.is_complex_array(input)?
                || self.type_inherits_from(input, target)?
                || self.type_is_of_typed_table(input, target)?
            {
                continue;
            }
            return Ok(false);
        }
        if have_generics {
            return self.check_generic_type_consistency(inputs, targets);
        }
        Ok(true)
    }

    /// The cheapest way from `source` to `target` that the context allows.
    pub fn find_coercion_pathway(
        &self,
        target: Oid,
        source: Oid,
        ccontext: CoercionContext,
    ) -> PgResult<CoercionPath> {
        let source = self.base_type(source)?;
        let target = self.base_type(target)?;
        if source == target {
            return Ok(CoercionPath::Relabel);
        }
        if let Some(cast) = self.catalog.lookup_cast(source, target)? {
            if ccontext < cast_context(cast.context) {
                return Ok(match ccontext {
                    CoercionContext::Plpgsql => CoercionPath::ViaIo,
                    _ => CoercionPath::None,
                });
            }
            return Ok(match cast.method {
                'f' => CoercionPath::Func(cast.func),
                'i' => CoercionPath::ViaIo,
                _ => CoercionPath::Relabel,
            });
        }
        if target != t::OIDVECTOR && target != t::INT2VECTOR {
            let target_elem = self.element_type(target)?;
            if target_elem.is_valid() {
                let source_elem = self.element_type(source)?;
                if source_elem.is_valid()
                    && self.find_coercion_pathway(target_elem, source_elem, ccontext)?
                        != CoercionPath::None
                {
                    return Ok(CoercionPath::Array);
                }
            }
        }
        // Every type converts from and to strings through its text form.
        if ccontext >= CoercionContext::Assignment
            && self.type_category(target)?.0 == category::STRING
            || ccontext >= CoercionContext::Explicit
                && self.type_category(source)?.0 == category::STRING
            || ccontext == CoercionContext::Plpgsql
        {
            return Ok(CoercionPath::ViaIo);
        }
        Ok(CoercionPath::None)
    }

    /// The length-coercion function of a type, if it has one.
    pub(crate) fn find_typmod_coercion(&self, typ: Oid) -> PgResult<CoercionPath> {
        let row = self.catalog.get_type(typ)?;
        let (elem, is_array) = if row.is_array() { (row.elem, true) } else { (typ, false) };
        match self.catalog.lookup_cast(elem, elem)?.and_then(|c| c.func.valid()) {
            Some(_) if is_array => Ok(CoercionPath::Array),
            Some(func) => Ok(CoercionPath::Func(func)),
            None => Ok(CoercionPath::None),
        }
    }

    fn build_coercion_expression(
        &mut self,
        expr: Expr,
        path: CoercionPath,
        target: Oid,
        typmod: i32,
        ccontext: CoercionContext,
        cformat: CoercionForm,
        location: i32,
    ) -> PgResult<Expr> {
        match path {
            CoercionPath::Func(funcid) => {
                let function = self.catalog.get_proc(funcid)?;
                let (nargs, rettype) = (function.argtypes.len(), function.rettype);
                let mut args = vec![expr];
                if nargs >= 2 {
                    args.push(Self::int4_const(typmod));
                }
                if nargs == 3 {
                    args.push(Self::bool_const(ccontext == CoercionContext::Explicit));
                }
                // int2 becomes an OID by way of int4, whose values look different here.
                let by_way_of = (rettype == t::INT4 && target != t::INT4).then_some(rettype);
                let call = Expr::FuncExpr(Box::new(FuncExpr {
                    funcid,
                    funcresulttype: by_way_of.unwrap_or(target),
                    funcretset: false,
                    funcvariadic: false,
                    funcformat: if by_way_of.is_some() {
                        CoercionForm::ImplicitCast
                    } else {
                        cformat
                    },
                    funccollid: Oid::INVALID,
                    inputcollid: Oid::INVALID,
                    args,
                    location,
                }));
                match by_way_of {
                    Some(_) => Ok(relabel(call, target, cformat, location)),
                    None => Ok(call),
                }
            }
            CoercionPath::Array => {
                let (source, source_typmod) =
                    self.base_type_and_typmod(expr.typ(), expr.typmod())?;
                let source_elem = self.element_type(source)?;
                let test = Expr::CaseTestExpr(CaseTestExpr {
                    type_id: source_elem,
                    type_mod: source_typmod,
                    collation: Oid::INVALID,
                    location: -1,
                });
                let target_elem = self.element_type(target)?;
                let elemexpr = self
                    .coerce_to_target_type(
                        test,
                        source_elem,
                        target_elem,
                        typmod,
                        ccontext,
                        cformat,
                        location,
                    )?
                    .ok_or_else(|| {
                        PgError::internal("failed to coerce array element type as expected")
                    })?;
                Ok(Expr::ArrayCoerceExpr(Box::new(ArrayCoerceExpr {
                    arg: expr,
                    resulttype: target,
                    resulttypmod: elemexpr.typmod(),
                    resultcollid: Oid::INVALID,
                    elemexpr,
                    coerceformat: cformat,
                    location,
                })))
            }
            _ => Ok(Expr::CoerceViaIO(Box::new(CoerceViaIO {
                arg: expr,
                resulttype: target,
                resultcollid: Oid::INVALID,
                coerceformat: cformat,
                location,
            }))),
        }
    }

    /// Applies a typmod to an expression that has the right type already.
    pub(crate) fn coerce_type_typmod(
        &mut self,
        mut expr: Expr,
        target: Oid,
        typmod: i32,
        ccontext: CoercionContext,
        cformat: CoercionForm,
        location: i32,
        hide_input: bool,
    ) -> PgResult<Expr> {
        if typmod == expr.typmod() {
            return Ok(expr);
        }
        if hide_input {
            hide_coercion(&mut expr);
        }
        let path = if typmod < 0 { CoercionPath::None } else { self.find_typmod_coercion(target)? };
        if path == CoercionPath::None {
            let collation = expr.collation();
            return Ok(apply_relabel_type(expr, target, typmod, collation, cformat, location));
        }
        self.build_coercion_expression(expr, path, target, typmod, ccontext, cformat, location)
    }

    /// Wraps a value of a domain's base type in the domain's checks.
    pub fn coerce_to_domain(
        &mut self,
        mut arg: Expr,
        base: Oid,
        base_typmod: i32,
        domain: Oid,
        ccontext: CoercionContext,
        cformat: CoercionForm,
        location: i32,
        hide_input: bool,
    ) -> PgResult<Expr> {
        if base == domain {
            return Ok(arg);
        }
        if hide_input {
            hide_coercion(&mut arg);
        }
        let arg = self.coerce_type_typmod(
            arg,
            base,
            base_typmod,
            ccontext,
            CoercionForm::ImplicitCast,
            location,
            false,
        )?;
        Ok(Expr::CoerceToDomain(Box::new(CoerceToDomain {
            arg,
            resulttype: domain,
            resulttypmod: -1,
            resultcollid: Oid::INVALID,
            coercionformat: cformat,
            location,
        })))
    }

    fn coerce_record_to_complex(
        &mut self,
        expr: Expr,
        target: Oid,
        ccontext: CoercionContext,
        cformat: CoercionForm,
        location: i32,
    ) -> PgResult<Expr> {
        let cannot_cast = |this: &Self, detail: Option<String>, at: i32| -> PgResult<PgError> {
            let e = err!(
                CANNOT_COERCE,
                "cannot cast type {} to {}",
                this.format_type(t::RECORD)?,
                this.format_type(target)?
            );
            Ok(match detail {
                Some(detail) => e.detail(detail).at(at),
                None => e.at(at),
            })
        };
        let own_location = expr.location();
        let args = match expr {
            Expr::RowExpr(row) => row.args,
            Expr::Var(ref v) if v.varattno == nodes::WHOLE_ROW_ATTNO => {
                self.expand_rte_vars(v.varno, v.varlevelsup, v.location)?
            }
            _ => return Err(cannot_cast(self, None, pick(location, own_location))?),
        };
        let (base, base_typmod) = self.base_type_and_typmod(target, -1)?;
        let attrs = self
            .composite_attrs(base)?
            .ok_or_else(|| PgError::internal("composite type without columns"))?;
        let mut newargs = Vec::with_capacity(attrs.len());
        let mut args = args.into_iter();
        let mut ucolno = 1;
        for attr in attrs.iter() {
            if attr.dropped {
                newargs.push(self.null_const(t::INT4, -1, Oid::INVALID)?);
                continue;
            }
            let Some(arg) = args.next() else {
                let detail = "Input has too few columns.".to_owned();
                return Err(cannot_cast(self, Some(detail), pick(location, own_location))?);
            };
            let (arg_type, arg_location) = (arg.typ(), arg.location());
            let coerced = self.coerce_to_target_type(
                arg,
                arg_type,
                attr.typ,
                attr.typmod,
                ccontext,
                CoercionForm::ImplicitCast,
                -1,
            )?;
            let Some(coerced) = coerced else {
                let detail = format!(
                    "Cannot cast type {} to {} in column {ucolno}.",
                    self.format_type(arg_type)?,
                    self.format_type(attr.typ)?
                );
                return Err(cannot_cast(self, Some(detail), pick(location, arg_location))?);
            };
            newargs.push(coerced);
            ucolno += 1;
        }
        if args.next().is_some() {
            let detail = "Input has too many columns.".to_owned();
            return Err(cannot_cast(self, Some(detail), pick(location, own_location))?);
        }
        let is_domain = base != target;
        let row = Expr::RowExpr(Box::new(RowExpr {
            args: newargs,
            row_typeid: base,
            row_format: if is_domain { CoercionForm::ImplicitCast } else { cformat },
            colnames: Vec::new(),
            location,
        }));
        if !is_domain {
            return Ok(row);
        }
        self.coerce_to_domain(row, base, base_typmod, target, ccontext, cformat, location, false)
    }

    /// Makes a condition of an expression.
    pub fn coerce_to_boolean(&mut self, expr: Expr, construct: &str) -> PgResult<Expr> {
        self.coerce_to_specific_type(expr, t::BOOL, construct)
    }

    /// Converts to a type that the construct demands.
    pub fn coerce_to_specific_type(
        &mut self,
        expr: Expr,
        target: Oid,
        construct: &str,
    ) -> PgResult<Expr> {
        self.coerce_to_specific_type_typmod(expr, target, -1, construct)
    }

    /// Converts to a type and typmod that the construct demands.
    pub fn coerce_to_specific_type_typmod(
        &mut self,
        expr: Expr,
        target: Oid,
        typmod: i32,
        construct: &str,
    ) -> PgResult<Expr> {
        let input = expr.typ();
        let mut result = expr;
        if input != target {
            let location = result.location();
            result = self
                .coerce_to_target_type(
                    result,
                    input,
                    target,
                    typmod,
                    CoercionContext::Assignment,
                    CoercionForm::ImplicitCast,
                    -1,
                )?
                .map_or_else(
                    || {
                        Err(err!(
                            DATATYPE_MISMATCH,
                            "argument of {construct} must be type {}, not type {}",
                            self.format_type(target)?,
                            self.format_type(input)?
                        )
                        .at(location))
                    },
                    Ok,
                )?;
        }
        if result.contains_set() {
            return Err(err!(DATATYPE_MISMATCH, "argument of {construct} must not return a set")
                .at(result.location()));
        }
        Ok(result)
    }
}

fn pick(first: i32, second: i32) -> i32 {
    if first >= 0 { first } else { second }
}

fn relabel(arg: Expr, typ: Oid, form: CoercionForm, location: i32) -> Expr {
    Expr::RelabelType(Box::new(RelabelType {
        arg,
        resulttype: typ,
        resulttypmod: -1,
        resultcollid: Oid::INVALID,
        relabelformat: form,
        location,
    }))
}

/// Whether an expression yields a set anywhere (PostgreSQL's expression_returns_set).
pub(crate) trait ContainsSet {
    fn contains_set(&self) -> bool;
}

impl ContainsSet for Expr {
    fn contains_set(&self) -> bool {
        match self {
            Expr::FuncExpr(f) if f.funcretset => true,
            Expr::OpExpr(o) if o.opretset => true,
            // These never return sets themselves and cannot contain set-returning arguments.
            Expr::Aggref(_) | Expr::GroupingFunc(_) | Expr::WindowFunc(_) => false,
            _ => {
                let mut found = false;
                self.for_each_child(&mut |child| found = found || child.contains_set());
                found
            }
        }
    }
}
