//! Simplification of expressions: constant folding, boolean algebra, CASE and COALESCE, NULL inputs of
//! strict functions (PostgreSQL's eval_const_expressions).
pub use super::negate::negate_clause;
use super::negate::simplify_boolean_equality;
use crate::{
    clauses::*,
    context::PlanContext,
    lsyscache::{bool_const, null_const},
    prep::{inline_function, range_support},
};
use error::PgResult;
use fmgr::{CallContext, CallSite};
use nodes::*;
use std::sync::Arc;
use types::{ArrayValue, Datum, Oid, RecordDesc, RecordField, RecordValue, type_oid};

/// What a simplification run knows.
pub struct Folder<'a, 'c> {
    pub cx: &'a PlanContext<'c>,
    /// For estimates: stable functions and parameter values count as known.
    pub estimate: bool,
    case_val: Option<Expr>,
    /// Functions being inlined, to stop recursion.
    pub active_fns: Vec<Oid>,
    /// Functions whose bodies went into the result.
    pub inlined: Vec<Oid>,
}

/// Simplifies an expression without changing its value.
pub fn eval_const_expressions(cx: &PlanContext<'_>, expr: Expr) -> PgResult<Expr> {
    Folder::new(cx, false).simplify(expr)
}

/// Simplifies with what is known now (parameter values, stable functions), for estimates only.
pub fn estimate_expression_value(cx: &PlanContext<'_>, expr: &Expr) -> Expr {
    if matches!(expr, Expr::Const(_) | Expr::Var(_)) {
        return expr.clone();
    }
    Folder::new(cx, true).simplify(expr.clone()).unwrap_or_else(|_| expr.clone())
}

fn const_value(expr: &Expr) -> Option<&Datum> {
    match expr {
        Expr::Const(c) => Some(&c.value),
        _ => None,
    }
}

fn is_null_const(expr: &Expr) -> bool {
    matches!(const_value(expr), Some(Datum::Null))
}

impl<'a, 'c> Folder<'a, 'c> {
    /// A run.
    pub fn new(cx: &'a PlanContext<'c>, estimate: bool) -> Self {
        Folder { cx, estimate, case_val: None, active_fns: Vec::new(), inlined: Vec::new() }
    }

    pub(super) fn make_const(&self, typ: Oid, typmod: i32, collation: Oid, value: Datum) -> Expr {
        let phys = self.cx.type_phys(typ);
        Expr::Const(Const {
            consttype: typ,
            consttypmod: typmod,
            constcollid: collation,
            value,
            phys,
            location: -1,
        })
    }

    fn children(&mut self, expr: &mut Expr) -> PgResult<()> {
        let mut result = Ok(());
        expr.for_each_child_mut(&mut |child| {
            if result.is_ok() {
                result = self.simplify_in_place(child);
            }
        });
        result
    }

    fn simplify_in_place(&mut self, expr: &mut Expr) -> PgResult<()> {
        if matches!(expr, Expr::Var(_) | Expr::Const(_)) {
            return Ok(());
        }
        let taken = std::mem::replace(expr, bool_const(None));
        *expr = self.simplify(taken)?;
        Ok(())
    }

    fn list(&mut self, list: &mut [Expr]) -> PgResult<()> {
        list.iter_mut().try_for_each(|e| self.simplify_in_place(e))
    }

    /// Simplifies one expression.
    pub fn simplify(&mut self, mut expr: Expr) -> PgResult<Expr> {
        error::check_stack_depth()?;
        match expr {
            Expr::Var(_) | Expr::Const(_) => Ok(expr),
            Expr::Param(p) => Ok(self.param(p)),
            Expr::FuncExpr(f) => self.func_expr(*f),
            Expr::OpExpr(o) => self.op_expr(*o),
            Expr::DistinctExpr(o) => self.distinct_expr(*o),
            Expr::NullIfExpr(o) => self.nullif_expr(*o),
            Expr::ScalarArrayOpExpr(s) => self.scalar_array_op(*s),
            Expr::BoolExpr(b) => self.bool_expr(*b),
            Expr::RelabelType(mut r) => {
                self.simplify_in_place(&mut r.arg)?;
                Ok(apply_relabel(r))
            }
            Expr::CollateExpr(mut c) => {
                self.simplify_in_place(&mut c.arg)?;
                let (typ, typmod) = (c.arg.typ(), c.arg.typmod());
                Ok(apply_relabel(Box::new(RelabelType {
                    resulttype: typ,
                    resulttypmod: typmod,
                    resultcollid: c.coll_oid,
                    relabelformat: CoercionForm::ExplicitCast,
                    location: c.location,
                    arg: c.arg,
                })))
            }
            Expr::CoerceViaIO(c) => self.coerce_via_io(*c),
            Expr::ArrayCoerceExpr(c) => self.array_coerce(*c),
            Expr::CaseExpr(c) => self.case_expr(*c),
            Expr::CaseTestExpr(_) => Ok(self.case_val.clone().unwrap_or(expr)),
            Expr::CoalesceExpr(c) => self.coalesce(*c),
            Expr::NullTest(n) => self.null_test(*n),
            Expr::BooleanTest(b) => self.boolean_test(*b),
            Expr::FieldSelect(f) => self.field_select(*f),
            Expr::ArrayExpr(_)
            | Expr::RowExpr(_)
            | Expr::MinMaxExpr(_)
            | Expr::SubscriptingRef(_) => {
                self.children(&mut expr)?;
                Ok(self.fold_constructor(&expr)?.unwrap_or(expr))
            }
            Expr::SQLValueFunction(_) => Ok(expr),
            Expr::CoerceToDomain(mut c) => {
                self.simplify_in_place(&mut c.arg)?;
                if self.estimate || self.domain_is_free(c.resulttype) {
                    return Ok(apply_relabel(Box::new(RelabelType {
                        resulttype: c.resulttype,
                        resulttypmod: c.resulttypmod,
                        resultcollid: c.resultcollid,
                        relabelformat: c.coercionformat,
                        location: c.location,
                        arg: c.arg,
                    })));
                }
                Ok(Expr::CoerceToDomain(c))
            }
            Expr::PlaceHolderVar(mut p) if self.estimate => {
                self.simplify_in_place(&mut p.phexpr)?;
                Ok(p.phexpr)
            }
            Expr::SubPlan(_) | Expr::AlternativeSubPlan(_) => Ok(expr),
            Expr::JsonValueExpr(mut v) => {
                self.simplify_in_place(&mut v.formatted_expr)?;
                if matches!(v.formatted_expr, Expr::Const(_)) {
                    return Ok(v.formatted_expr);
                }
                self.simplify_in_place(&mut v.raw_expr)?;
                Ok(Expr::JsonValueExpr(v))
            }
            _ => {
                self.children(&mut expr)?;
                Ok(expr)
            }
        }
    }

    fn domain_is_free(&self, typ: Oid) -> bool {
        let Ok(Some(t)) = self.cx.catalog.lookup_type(typ) else { return false };
        if t.typtype != 'd' {
            return true;
        }
        !t.not_null
            && self.cx.catalog.domain_constraints(typ).is_ok_and(|c| c.is_empty())
            && self.domain_is_free(t.basetype)
    }

    fn param(&mut self, p: Param) -> Expr {
        let bound = match (p.kind, self.cx.bound_params) {
            (ParamKind::Extern, Some(values)) => values.get(p.paramid as usize - 1),
            _ => None,
        };
        match bound {
            Some(b) if b.typ == p.paramtype => {
                self.make_const(p.paramtype, p.paramtypmod, p.paramcollid, b.value.clone())
            }
            _ => Expr::Param(p),
        }
    }

    fn func_expr(&mut self, mut f: FuncExpr) -> PgResult<Expr> {
        let proc = self.cx.catalog.get_proc(f.funcid)?;
        let named = f.args.iter().any(|a| matches!(a, Expr::NamedArgExpr(_)));
        if named || f.args.len() < proc.argtypes.len() {
            f.args = expand_arguments(f.args, &proc);
        }
        self.list(&mut f.args)?;
        if let Some(length) = redundant_length_coercion(&f) {
            return Ok(length);
        }
        if let Some(folded) = self.simplify_call(
            f.funcid,
            &f.args,
            f.funcresulttype,
            Expr::FuncExpr(Box::new(f.clone())).typmod(),
            f.funccollid,
            f.inputcollid,
            f.funcvariadic,
        )? {
            return Ok(folded);
        }
        if let Some(inlined) = inline_function::inline_scalar(self, &f, &proc)? {
            return Ok(inlined);
        }
        Ok(Expr::FuncExpr(Box::new(f)))
    }

    /// Evaluates a call whose inputs are constant, or finds it NULL for a NULL input.
    fn simplify_call(
        &mut self,
        func: Oid,
        args: &[Expr],
        typ: Oid,
        typmod: i32,
        collation: Oid,
        input_collation: Oid,
        variadic: bool,
    ) -> PgResult<Option<Expr>> {
        let mut constant = true;
        let mut has_null = false;
        for arg in args {
            match arg {
                Expr::Const(c) => has_null |= c.value.is_null(),
                _ => constant = false,
            }
        }
        if !constant && !has_null {
            return Ok(None);
        }
        let Some(proc) = self.cx.catalog.lookup_proc(func)? else { return Ok(None) };
        if proc.retset || proc.rettype == type_oid::RECORD || proc.kind != 'f' {
            return Ok(None);
        }
        if proc.strict && has_null {
            return Ok(Some(self.make_const(typ, typmod, collation, Datum::Null)));
        }
        if !constant {
            return Ok(None);
        }
        if !(proc.volatile == 'i' || self.estimate && proc.volatile == 's') {
            return Ok(None);
        }
        let info = match self.cx.session.resolve_function(func) {
            Ok(info) => info,
            Err(_) => return Ok(None),
        };
        // What isn't there yet fails when it runs, with the function's name.
        if matches!(info.body, fmgr::FnBody::Missing | fmgr::FnBody::Aggregate) {
            return Ok(None);
        }
        let site = CallSite {
            collation: input_collation,
            arg_types: args.iter().map(Expr::typ).collect(),
            ret_type: typ,
            ret_typmod: typmod,
            variadic,
            ..CallSite::default()
        };
        let mut values: Vec<Datum> =
            args.iter().map(|a| const_value(a).cloned().unwrap_or_default()).collect();
        let mut cache = None;
        let mut call = CallContext {
            session: self.cx.session,
            site: &site,
            cache: &mut cache,
            in_aggregate: false,
        };
        let value = info.call(&mut call, &mut values)?;
        if matches!(value, Datum::Internal(_)) {
            return Ok(None);
        }
        Ok(Some(self.make_const(typ, typmod, collation, value)))
    }

    fn op_expr(&mut self, mut o: OpExpr) -> PgResult<Expr> {
        self.list(&mut o.args)?;
        if !o.opfuncid.is_valid() {
            o.opfuncid = self.cx.opcode(o.opno);
        }
        if !o.opretset {
            if let Some(folded) = self.simplify_call(
                o.opfuncid,
                &o.args,
                o.opresulttype,
                -1,
                o.opcollid,
                o.inputcollid,
                false,
            )? {
                return Ok(folded);
            }
        }
        if let Some(simple) = range_support::simplified(self, &o)? {
            return Ok(simple);
        }
        // x = true, x <> false and the like over bool.
        if (o.opno == Oid(91) || o.opno == Oid(85)) && o.args.len() == 2 {
            if let Some(simple) = simplify_boolean_equality(self.cx, &o) {
                return Ok(simple);
            }
        }
        if let Ok(proc) = self.cx.catalog.get_proc(o.opfuncid) {
            let as_call = FuncExpr {
                funcid: o.opfuncid,
                funcresulttype: o.opresulttype,
                funcretset: o.opretset,
                funcvariadic: false,
                funcformat: CoercionForm::ExplicitCall,
                funccollid: o.opcollid,
                inputcollid: o.inputcollid,
                args: Vec::new(),
                location: -1,
            };
            if inline_function::may_inline(&proc) {
                let as_call = FuncExpr { args: o.args.clone(), ..as_call };
                if let Some(inlined) = inline_function::inline_scalar(self, &as_call, &proc)? {
                    return Ok(inlined);
                }
            }
        }
        Ok(Expr::OpExpr(Box::new(o)))
    }

    fn distinct_expr(&mut self, mut o: OpExpr) -> PgResult<Expr> {
        self.list(&mut o.args)?;
        if !o.opfuncid.is_valid() {
            o.opfuncid = self.cx.opcode(o.opno);
        }
        let nulls: Vec<Option<bool>> =
            o.args.iter().map(|a| const_value(a).map(Datum::is_null)).collect();
        match (nulls[0], nulls[1]) {
            (Some(true), Some(true)) => return Ok(bool_const(Some(false))),
            (Some(true), Some(false)) | (Some(false), Some(true)) => {
                return Ok(bool_const(Some(true)));
            }
            (Some(false), Some(false)) => {
                if let Some(Expr::Const(c)) = self.simplify_call(
                    o.opfuncid,
                    &o.args,
                    type_oid::BOOL,
                    -1,
                    o.opcollid,
                    o.inputcollid,
                    false,
                )? {
                    return Ok(match c.value {
                        Datum::Bool(b) => bool_const(Some(!b)),
                        _ => bool_const(None),
                    });
                }
            }
            _ => {}
        }
        Ok(Expr::DistinctExpr(Box::new(o)))
    }

    fn nullif_expr(&mut self, mut o: OpExpr) -> PgResult<Expr> {
        self.list(&mut o.args)?;
        if !o.opfuncid.is_valid() {
            o.opfuncid = self.cx.opcode(o.opno);
        }
        // Either NULL: the result is the first argument.
        if o.args.iter().any(is_null_const) {
            return Ok(o.args.swap_remove(0));
        }
        if let Some(Expr::Const(c)) = self.simplify_call(
            o.opfuncid,
            &o.args,
            type_oid::BOOL,
            -1,
            o.opcollid,
            o.inputcollid,
            false,
        )? {
            if let Datum::Bool(equal) = c.value {
                let first = o.args.swap_remove(0);
                return Ok(if equal {
                    self.make_const(first.typ(), first.typmod(), first.collation(), Datum::Null)
                } else {
                    first
                });
            }
        }
        Ok(Expr::NullIfExpr(Box::new(o)))
    }

    fn scalar_array_op(&mut self, mut s: ScalarArrayOpExpr) -> PgResult<Expr> {
        self.list(&mut s.args)?;
        if !s.opfuncid.is_valid() {
            s.opfuncid = self.cx.opcode(s.opno);
        }
        let array = match (&s.args[0], const_value(&s.args[1])) {
            (Expr::Const(_), Some(Datum::Array(a))) => a.clone(),
            (Expr::Const(_), Some(Datum::Null)) => return Ok(bool_const(None)),
            _ => return Ok(Expr::ScalarArrayOpExpr(Box::new(s))),
        };
        let mut unknown = false;
        for elem in &array.elems {
            let elem = self.make_const(array.elem_type, -1, s.inputcollid, elem.clone());
            let args = [s.args[0].clone(), elem];
            match self.simplify_call(
                s.opfuncid,
                &args,
                type_oid::BOOL,
                -1,
                Oid::INVALID,
                s.inputcollid,
                false,
            )? {
                Some(Expr::Const(Const { value: Datum::Bool(b), .. })) if b == s.use_or => {
                    return Ok(bool_const(Some(b)));
                }
                Some(Expr::Const(Const { value: Datum::Bool(_), .. })) => {}
                Some(Expr::Const(_)) => unknown = true,
                _ => return Ok(Expr::ScalarArrayOpExpr(Box::new(s))),
            }
        }
        Ok(bool_const((!unknown).then_some(!s.use_or)))
    }

    fn bool_expr(&mut self, mut b: BoolExpr) -> PgResult<Expr> {
        if b.boolop == BoolExprType::Not {
            self.list(&mut b.args)?;
            return Ok(negate_clause(self.cx, b.args.swap_remove(0)));
        }
        // AND drops TRUE and stops at FALSE; OR the other way round.
        let stop = b.boolop == BoolExprType::Or;
        let mut kept: Vec<Expr> = Vec::with_capacity(b.args.len());
        let mut force_null = false;
        let mut pending: Vec<Expr> = b.args;
        pending.reverse();
        while let Some(arg) = pending.pop() {
            let arg = match arg {
                Expr::BoolExpr(inner) if inner.boolop == b.boolop => {
                    pending.extend(inner.args.into_iter().rev());
                    continue;
                }
                other => self.simplify(other)?,
            };
            match arg {
                Expr::BoolExpr(inner) if inner.boolop == b.boolop => {
                    // Simplified already, but its arms may now be constants like ours.
                    for a in inner.args {
                        match const_value(&a) {
                            Some(Datum::Null) => force_null = true,
                            _ => kept.push(a),
                        }
                    }
                }
                Expr::Const(c) => match c.value {
                    Datum::Bool(v) if v == stop => return Ok(bool_const(Some(stop))),
                    Datum::Bool(_) => {}
                    _ => force_null = true,
                },
                other => kept.push(other),
            }
        }
        if kept.is_empty() {
            return Ok(bool_const((!force_null).then_some(!stop)));
        }
        if force_null {
            kept.push(bool_const(None));
        }
        if kept.len() == 1 {
            return Ok(kept.remove(0));
        }
        Ok(Expr::BoolExpr(Box::new(BoolExpr {
            boolop: b.boolop,
            args: kept,
            location: b.location,
        })))
    }

    fn coerce_via_io(&mut self, mut c: CoerceViaIO) -> PgResult<Expr> {
        self.simplify_in_place(&mut c.arg)?;
        if let Expr::Const(k) = &c.arg {
            let out = self.cx.catalog.lookup_type(k.consttype)?;
            let input = self.cx.catalog.lookup_type(c.resulttype)?;
            if let (Some(out), Some(input)) = (out, input) {
                let foldable = |func: Oid| {
                    let v = self.cx.func_volatile(func);
                    v == 'i' || self.estimate && v == 's'
                };
                let not_domain = input.typtype != 'd';
                if not_domain && foldable(out.output) && foldable(input.input) {
                    let value = match &k.value {
                        Datum::Null => Datum::Null,
                        v => {
                            let mut text = Vec::new();
                            self.cx.session.type_output(k.consttype, v, &mut text)?;
                            let text = String::from_utf8_lossy(&text).into_owned();
                            self.cx.session.type_input(c.resulttype, -1, &text)?
                        }
                    };
                    return Ok(self.make_const(c.resulttype, -1, c.resultcollid, value));
                }
            }
        }
        Ok(Expr::CoerceViaIO(Box::new(c)))
    }

    fn array_coerce(&mut self, mut c: ArrayCoerceExpr) -> PgResult<Expr> {
        self.simplify_in_place(&mut c.arg)?;
        let saved = self.case_val.take();
        let elem = self.simplify_in_place(&mut c.elemexpr);
        self.case_val = saved;
        elem?;
        // Nothing happens to the elements: only the array's type changes.
        if matches!(c.elemexpr, Expr::CaseTestExpr(_)) && !matches!(c.arg, Expr::Const(_)) {
            return Ok(Expr::ArrayCoerceExpr(Box::new(c)));
        }
        if matches!(&c.elemexpr, Expr::CoerceToDomain(_)) || self.cx.contain_mutable(&c.elemexpr) {
            return Ok(Expr::ArrayCoerceExpr(Box::new(c)));
        }
        let Expr::Const(k) = &c.arg else { return Ok(Expr::ArrayCoerceExpr(Box::new(c))) };
        let array = match &k.value {
            Datum::Null => {
                return Ok(self.make_const(
                    c.resulttype,
                    c.resulttypmod,
                    c.resultcollid,
                    Datum::Null,
                ));
            }
            Datum::Array(a) => a.clone(),
            _ => return Ok(Expr::ArrayCoerceExpr(Box::new(c))),
        };
        let mut elems = Vec::with_capacity(array.elems.len());
        for value in &array.elems {
            let saved = self.case_val.take();
            self.case_val =
                Some(self.make_const(array.elem_type, -1, k.constcollid, value.clone()));
            let folded = self.simplify(c.elemexpr.clone());
            self.case_val = saved;
            match folded? {
                Expr::Const(v) => elems.push(v.value),
                _ => return Ok(Expr::ArrayCoerceExpr(Box::new(c))),
            }
        }
        let elem_type = self.cx.element_type(c.resulttype);
        let value = ArrayValue { elem_type, dims: array.dims.clone(), elems };
        Ok(self.make_const(
            c.resulttype,
            c.resulttypmod,
            c.resultcollid,
            Datum::Array(Arc::new(value)),
        ))
    }

    fn case_expr(&mut self, mut c: CaseExpr) -> PgResult<Expr> {
        if let Some(arg) = c.arg.as_mut() {
            self.simplify_in_place(arg)?;
        }
        let saved = self.case_val.take();
        // A constant test value takes the placeholder's place, and the test goes away.
        if let Some(Expr::Const(_)) = &c.arg {
            self.case_val = c.arg.take();
        }
        let result = self.case_arms(&mut c);
        self.case_val = saved;
        match result? {
            Some(default) => Ok(default),
            None => Ok(Expr::CaseExpr(Box::new(c))),
        }
    }

    /// Simplifies the arms; `Some` if only a default remains.
    fn case_arms(&mut self, c: &mut CaseExpr) -> PgResult<Option<Expr>> {
        let mut kept = Vec::new();
        let mut default = None;
        for mut when in std::mem::take(&mut c.args) {
            self.simplify_in_place(&mut when.expr)?;
            match const_value(&when.expr) {
                Some(Datum::Bool(true)) => {
                    default = Some(self.simplify(when.result)?);
                    break;
                }
                Some(_) => continue,
                None => {
                    self.simplify_in_place(&mut when.result)?;
                    kept.push(when);
                }
            }
        }
        if default.is_none() {
            default = match c.defresult.take() {
                Some(d) => Some(self.simplify(d)?),
                None => None,
            };
        }
        if kept.is_empty() {
            let phys = self.cx.type_phys(c.casetype);
            return Ok(Some(
                default.unwrap_or_else(|| null_const(c.casetype, -1, c.casecollid, phys)),
            ));
        }
        c.args = kept;
        c.defresult = default;
        Ok(None)
    }

    fn coalesce(&mut self, mut c: CoalesceExpr) -> PgResult<Expr> {
        let mut kept = Vec::new();
        for arg in std::mem::take(&mut c.args) {
            let arg = self.simplify(arg)?;
            match const_value(&arg) {
                Some(Datum::Null) => continue,
                Some(_) => {
                    if kept.is_empty() {
                        return Ok(arg);
                    }
                    kept.push(arg);
                    break;
                }
                None => kept.push(arg),
            }
        }
        match kept.len() {
            0 => Ok(self.make_const(c.coalescetype, -1, c.coalescecollid, Datum::Null)),
            1 => Ok(kept.remove(0)),
            _ => {
                c.args = kept;
                Ok(Expr::CoalesceExpr(Box::new(c)))
            }
        }
    }

    fn null_test(&mut self, mut n: NullTest) -> PgResult<Expr> {
        self.simplify_in_place(&mut n.arg)?;
        if n.argisrow {
            if let Expr::RowExpr(row) = n.arg {
                let mut tests = Vec::new();
                for field in row.args {
                    if let Some(v) = const_value(&field) {
                        if v.is_null() != n.is_null {
                            return Ok(bool_const(Some(false)));
                        }
                        continue;
                    }
                    tests.push(Expr::NullTest(Box::new(NullTest {
                        arg: field,
                        is_null: n.is_null,
                        argisrow: false,
                        location: n.location,
                    })));
                }
                return Ok(make_ands_explicit(tests));
            }
            return Ok(Expr::NullTest(Box::new(n)));
        }
        if let Some(v) = const_value(&n.arg) {
            return Ok(bool_const(Some(v.is_null() == n.is_null)));
        }
        Ok(Expr::NullTest(Box::new(n)))
    }

    fn boolean_test(&mut self, mut b: BooleanTest) -> PgResult<Expr> {
        self.simplify_in_place(&mut b.arg)?;
        if let Some(v) = const_value(&b.arg) {
            let v = match v {
                Datum::Bool(v) => Some(*v),
                _ => None,
            };
            let result = match b.booltesttype {
                BoolTestType::IsTrue => v == Some(true),
                BoolTestType::IsNotTrue => v != Some(true),
                BoolTestType::IsFalse => v == Some(false),
                BoolTestType::IsNotFalse => v != Some(false),
                BoolTestType::IsUnknown => v.is_none(),
                BoolTestType::IsNotUnknown => v.is_some(),
            };
            return Ok(bool_const(Some(result)));
        }
        Ok(Expr::BooleanTest(Box::new(b)))
    }

    fn field_select(&mut self, mut f: FieldSelect) -> PgResult<Expr> {
        self.simplify_in_place(&mut f.arg)?;
        let row_matches = match &f.arg {
            Expr::Var(v) => self.row_field_matches(v.vartype, &f),
            _ => false,
        };
        match &mut f.arg {
            // A column of a whole row is that column.
            Expr::Var(v) if v.varattno == WHOLE_ROW_ATTNO && v.varlevelsup == 0 && row_matches => {
                let mut column = v.clone();
                column.varattno = f.fieldnum;
                column.vartype = f.resulttype;
                column.vartypmod = f.resulttypmod;
                column.varcollid = f.resultcollid;
                return Ok(Expr::Var(column));
            }
            Expr::RowExpr(row)
                if f.fieldnum > 0
                    && row.args.get(f.fieldnum as usize - 1).is_some_and(|e| {
                        e.typ() == f.resulttype
                            && e.typmod() == f.resulttypmod
                            && e.collation() == f.resultcollid
                    }) =>
            {
                return Ok(row.args.swap_remove(f.fieldnum as usize - 1));
            }
            Expr::Const(c) => match &c.value {
                Datum::Null => {
                    return Ok(self.make_const(
                        f.resulttype,
                        f.resulttypmod,
                        f.resultcollid,
                        Datum::Null,
                    ));
                }
                Datum::Record(r) => {
                    let at = f.fieldnum as usize - 1;
                    if r.desc.fields.get(at).is_some_and(|d| d.typ == f.resulttype) {
                        let value = r.fields[at].clone();
                        return Ok(self.make_const(
                            f.resulttype,
                            f.resulttypmod,
                            f.resultcollid,
                            value,
                        ));
                    }
                }
                _ => {}
            },
            _ => {}
        }
        Ok(Expr::FieldSelect(Box::new(f)))
    }

    fn row_field_matches(&self, rowtype: Oid, f: &FieldSelect) -> bool {
        let base = self.cx.base_type(rowtype);
        let Ok(Some(t)) = self.cx.catalog.lookup_type(base) else { return false };
        let Ok(Some(rel)) = self.cx.catalog.relation(t.relid) else { return false };
        rel.attr(f.fieldnum).is_some_and(|a| {
            !a.dropped
                && a.typ == f.resulttype
                && a.typmod == f.resulttypmod
                && a.collation == f.resultcollid
        })
    }

    fn fold_constructor(&mut self, expr: &Expr) -> PgResult<Option<Expr>> {
        let mut constant = true;
        expr.for_each_child(&mut |c| constant &= matches!(c, Expr::Const(_)));
        if !constant {
            return Ok(None);
        }
        let values = |list: &[Expr]| -> Vec<Datum> {
            list.iter().filter_map(|e| const_value(e).cloned()).collect()
        };
        Ok(match expr {
            Expr::ArrayExpr(a) if !a.multidims => {
                let value = ArrayValue::from_elems(a.element_typeid, values(&a.elements));
                Some(self.make_const(
                    a.array_typeid,
                    -1,
                    a.array_collid,
                    Datum::Array(Arc::new(value)),
                ))
            }
            Expr::ArrayExpr(a) => stack_arrays(a.element_typeid, &values(&a.elements)).map(|v| {
                self.make_const(a.array_typeid, -1, a.array_collid, Datum::Array(Arc::new(v)))
            }),
            Expr::RowExpr(r) if r.row_typeid == type_oid::RECORD => {
                let fields = r
                    .args
                    .iter()
                    .enumerate()
                    .map(|(i, e)| RecordField {
                        name: r.colnames.get(i).cloned().unwrap_or_else(|| format!("f{}", i + 1)),
                        typ: e.typ(),
                        typmod: e.typmod(),
                    })
                    .collect();
                let desc = Arc::new(RecordDesc { type_id: r.row_typeid, fields });
                let value = RecordValue { desc, fields: values(&r.args) };
                Some(self.make_const(
                    r.row_typeid,
                    -1,
                    Oid::INVALID,
                    Datum::Record(Arc::new(value)),
                ))
            }
            Expr::MinMaxExpr(m) => {
                let mut best: Option<Datum> = None;
                for v in values(&m.args).into_iter().filter(|v| !v.is_null()) {
                    best = match best {
                        None => Some(v),
                        Some(b) => {
                            let Ok(order) =
                                self.cx.session.type_compare(m.minmaxtype, m.inputcollid, &v, &b)
                            else {
                                return Ok(None);
                            };
                            let wins = if m.greatest { order.is_gt() } else { order.is_lt() };
                            Some(if wins { v } else { b })
                        }
                    };
                }
                let value = best.unwrap_or(Datum::Null);
                Some(self.make_const(m.minmaxtype, -1, m.minmaxcollid, value))
            }
            Expr::SubscriptingRef(s) => fold_subscript(s)
                .map(|value| self.make_const(s.refrestype, s.reftypmod, s.refcollid, value)),
            _ => None,
        })
    }
}

/// A constant element of a constant one-dimensional array.
fn fold_subscript(s: &SubscriptingRef) -> Option<Datum> {
    if s.refassgnexpr.is_some() || !s.reflowerindexpr.is_empty() || s.refupperindexpr.len() != 1 {
        return None;
    }
    let index = s.refupperindexpr[0].as_ref().and_then(const_value)?;
    match (const_value(&s.refexpr)?, index) {
        (Datum::Null, _) | (_, Datum::Null) => Some(Datum::Null),
        (Datum::Array(a), Datum::Int4(i)) => {
            if a.dims.len() != 1 {
                return Some(Datum::Null);
            }
            let at = *i as i64 - a.dims[0].lower as i64;
            Some(usize::try_from(at).ok().and_then(|n| a.elems.get(n)).cloned().unwrap_or_default())
        }
        _ => None,
    }
}

fn stack_arrays(elem_type: Oid, parts: &[Datum]) -> Option<ArrayValue> {
    let mut elems = Vec::new();
    let mut inner: Option<Vec<types::ArrayDim>> = None;
    for part in parts {
        let Datum::Array(a) = part else { return None };
        if a.dims.is_empty() || inner.as_ref().is_some_and(|d| *d != a.dims) {
            return None;
        }
        inner = Some(a.dims.clone());
        elems.extend(a.elems.iter().cloned());
    }
    let mut dims = vec![types::ArrayDim { len: parts.len() as i32, lower: 1 }];
    dims.extend(inner?);
    (dims.len() <= 6).then_some(ArrayValue { elem_type, dims, elems })
}

/// Merges a relabeling into what it is applied to.
pub fn apply_relabel(mut r: Box<RelabelType>) -> Expr {
    while let Expr::RelabelType(inner) = r.arg {
        r.arg = inner.arg;
    }
    if let Expr::Const(c) = &mut r.arg {
        // int4 and the OID types are one to the type system, but held differently.
        match c.value {
            types::Datum::Int4(v) if is_oid_type(r.resulttype) => {
                c.value = types::Datum::Oid(Oid(v as u32));
                c.phys = types::PhysType::Oid;
            }
            types::Datum::Oid(v) if r.resulttype == types::type_oid::INT4 => {
                c.value = types::Datum::Int4(v.0 as i32);
                c.phys = types::PhysType::Int4;
            }
            _ => {}
        }
        c.consttype = r.resulttype;
        c.consttypmod = r.resulttypmod;
        c.constcollid = r.resultcollid;
        return r.arg;
    }
    if r.arg.typ() == r.resulttype
        && r.arg.typmod() == r.resulttypmod
        && r.arg.collation() == r.resultcollid
    {
        return r.arg;
    }
    Expr::RelabelType(r)
}

fn is_oid_type(typ: Oid) -> bool {
    use types::type_oid as t;
    matches!(
        typ,
        t::OID
            | t::REGPROC
            | t::REGPROCEDURE
            | t::REGOPER
            | t::REGOPERATOR
            | t::REGCLASS
            | t::REGTYPE
            | t::REGCONFIG
            | t::REGDICTIONARY
            | t::REGNAMESPACE
            | t::REGROLE
            | t::REGCOLLATION
    )
}

/// Puts named arguments in their places and adds defaults.
fn expand_arguments(args: Vec<Expr>, proc: &catalog::PgProc) -> Vec<Expr> {
    let total = proc.argtypes.len();
    let mut slots: Vec<Option<Expr>> = (0..total.max(args.len())).map(|_| None).collect();
    let mut named = false;
    for (i, arg) in args.into_iter().enumerate() {
        match arg {
            Expr::NamedArgExpr(n) => {
                slots[n.argnumber as usize] = Some(n.arg);
                named = true;
            }
            // What follows named arguments are defaults in the order of omission, not in their
            // places; they are filled in below.
            _ if named => {}
            other => slots[i] = Some(other),
        }
    }
    let first_default = total - proc.argdefaults.len().min(total);
    slots
        .into_iter()
        .enumerate()
        .filter_map(|(i, slot)| {
            slot.or_else(|| {
                i.checked_sub(first_default).and_then(|d| proc.argdefaults.get(d)).cloned()
            })
        })
        .collect()
}

/// A cast to a length or precision that the argument's type promises already.
fn redundant_length_coercion(f: &FuncExpr) -> Option<Expr> {
    if !matches!(f.funcid.0, 669 | 1703 | 1961 | 1967 | 1968 | 1969 | 1200 | 1687) {
        return None;
    }
    let source = f.args.first()?;
    let Datum::Int4(new) = const_value(f.args.get(1)?)? else { return None };
    let old = source.typmod();
    let fits = match f.funcid.0 {
        // varchar, varbit: wide enough.
        669 | 1687 => *new < 0 || old >= 0 && old <= *new,
        // numeric: same scale, at least the precision.
        1703 => {
            let scale = |m: i32| (((m - 4) & 0x7ff) ^ 1024) - 1024;
            let precision = |m: i32| ((m - 4) >> 16) & 0xffff;
            *new < 4 || old >= 4 && scale(old) == scale(*new) && precision(old) <= precision(*new)
        }
        1200 => *new < 0 || old == *new,
        // time and timestamp precision.
        _ => *new < 0 || *new >= 6 || old >= 0 && old <= *new,
    };
    fits.then(|| {
        apply_relabel(Box::new(RelabelType {
            arg: source.clone(),
            resulttype: f.funcresulttype,
            resulttypmod: *new,
            resultcollid: source.collation(),
            relabelformat: f.funcformat,
            location: -1,
        }))
    })
}
