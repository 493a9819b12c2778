//! WindowAgg.
use super::{PlanCompiler, key_of};
use crate::{
    expr::{ExprCompiler, FnCall, Scope},
    node::{AggCall, FrameSpec, NodeSpec, RangeOffsets, WindowCall, WindowSpec},
};
use error::{PgError, PgResult};
use fmgr::CallSite;
use nodes::{
    Expr, WindowFunc, frame_option as opt,
    plan::{Plan, WindowAgg},
};
use std::sync::Arc;
use types::{Oid, type_oid};

impl PlanCompiler<'_> {
    pub(super) fn window_agg(
        &mut self,
        plan: &Arc<Plan>,
        w: &WindowAgg,
    ) -> PgResult<Arc<dyn NodeSpec>> {
        let child = Self::child(plan)?.clone();
        let input = self.node(&child)?;
        let mut funcs: Vec<Expr> = Vec::new();
        let exprs = plan.target_list.iter().map(|te| &te.expr).chain(&plan.qual);
        for expr in exprs.chain(&w.run_condition) {
            expr.any(&mut |e| {
                if matches!(e, Expr::WindowFunc(_)) && !funcs.iter().any(|f| f.equals(e)) {
                    funcs.push(e.clone());
                }
                false
            });
        }
        let frame = self.frame(w, &child)?;
        let moving = !frame.starts_at_head() && !frame.excludes();
        let mut calls = Vec::with_capacity(funcs.len());
        for func in &funcs {
            if let Expr::WindowFunc(func) = func {
                calls.push(window_call(&mut self.c, func, moving)?);
            }
        }
        let scope = Scope::none().with_aggs(funcs);
        Ok(Arc::new(WindowSpec {
            input,
            part_keys: self.keys(&w.part_keys, &child)?,
            ord_keys: self.keys(&w.ord_keys, &child)?,
            frame,
            calls: calls.into(),
            run_condition: self.exprs(&w.run_condition, &scope)?,
            top_window: w.top_window,
            qual: self.exprs(&plan.qual, &scope)?,
            projection: self.projection(plan, &scope)?,
            key: key_of(plan),
        }))
    }

    fn frame(&mut self, w: &WindowAgg, input: &Plan) -> PgResult<FrameSpec> {
        let none = Scope::none();
        let mut offset = |e: &Option<Expr>| -> PgResult<_> {
            e.as_ref().map(|e| self.c.compile(e, &none)).transpose()
        };
        let start_offset = offset(&w.start_offset)?;
        let end_offset = offset(&w.end_offset)?;
        let needs_range =
            w.frame_options & opt::RANGE != 0 && (start_offset.is_some() || end_offset.is_some());
        let range = match (needs_range, w.ord_keys.first()) {
            (false, _) => None,
            (true, None) => return Err(PgError::internal("RANGE offset without ORDER BY")),
            (true, Some(key)) => {
                let column = key.col as usize - 1;
                let typ = input.target_list[column].expr.typ();
                let mut call = |func: Oid, offset: &Option<Expr>| -> PgResult<Option<FnCall>> {
                    let (Some(func), Some(offset)) = (func.valid(), offset) else {
                        return Ok(None);
                    };
                    let types = [typ, typ, offset.typ(), type_oid::BOOL, type_oid::BOOL];
                    let call = self.c.function(func, &types, type_oid::BOOL, w.in_range_coll)?;
                    Ok(Some(call))
                };
                Some(RangeOffsets {
                    column,
                    start: call(w.start_in_range_func, &w.start_offset)?,
                    end: call(w.end_in_range_func, &w.end_offset)?,
                    asc: w.in_range_asc,
                    nulls_first: w.in_range_nulls_first,
                })
            }
        };
        Ok(FrameSpec { options: w.frame_options, start_offset, end_offset, range })
    }
}

fn window_call(c: &mut ExprCompiler<'_>, func: &WindowFunc, moving: bool) -> PgResult<WindowCall> {
    let none = Scope::none();
    if func.winagg {
        let call = AggCall::compile_window(c, func, &none, moving)?;
        return Ok(WindowCall::Aggregate(Box::new(call)));
    }
    let site = CallSite {
        collation: func.inputcollid,
        arg_types: func.args.iter().map(Expr::typ).collect(),
        ret_type: func.wintype,
        ret_typmod: -1,
        ..CallSite::default()
    };
    Ok(WindowCall::Native {
        call: c.function_at(func.winfnoid, site)?,
        args: c.compile_all(&func.args, &none)?,
    })
}
