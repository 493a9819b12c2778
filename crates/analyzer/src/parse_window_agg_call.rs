//! Nodes of aggregate and window function calls.
use crate::parse_func::{ResolvedCall, srf_in_call};
use crate::parse_func_candidates::Candidate;
use crate::parse_state::{Analyzer, ExprKind};
use catalog::rows::PgProc;
use error::{PgError, PgResult, err};
use nodes::{
    Aggref, CoercionContext, CoercionForm, Expr, SortGroupClause, TargetEntry, WindowFunc,
};
use parser::ast;
use types::Oid;

impl Analyzer<'_> {
    /// Checks an aggregate call's clauses against the aggregate's kind and argument counts.
    pub(crate) fn check_aggregate_call(
        &mut self,
        call: &ast::FuncCall,
        proc: &PgProc,
        candidate: &Candidate,
        args: &mut [Expr],
        actual: &mut [Oid],
        declared: &mut [Oid],
        argnames: &[&str],
        location: i32,
    ) -> PgResult<()> {
        let agg = self.catalog.lookup_aggregate(proc.oid)?.ok_or_else(|| {
            PgError::internal(format!("cache lookup failed for aggregate {}", proc.oid))
        })?;
        let name = call.funcname.join(".");
        if agg.kind == 'n' {
            if call.agg_within_group {
                return Err(err!(
                    WRONG_OBJECT_TYPE,
                    "{name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP"
                )
                .at(location));
            }
            return Ok(());
        }
        if !call.agg_within_group {
            return Err(err!(
                WRONG_OBJECT_TYPE,
                "WITHIN GROUP is required for ordered-set aggregate {name}"
            )
            .at(location));
        }
        if call.over.is_some() {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "OVER is not supported for ordered-set aggregate {name}"
            )
            .at(location));
        }
        let aggregated = call.agg_order.len();
        let direct = actual.len() - aggregated;
        let wanted = agg.numdirectargs as usize;
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        let fixed_hint = format!(
            "There is an ordered-set aggregate {name}, but it requires {wanted} direct \
             argument{}, not {direct}.",
            plural(wanted)
        );
        let nvargs = candidate.nvargs;
        let hint = if !proc.variadic.is_valid() {
            (direct != wanted).then_some(fixed_hint)
        } else {
            let pronargs = if nvargs > 1 { actual.len() - (nvargs - 1) } else { actual.len() };
            if wanted < pronargs {
                // VARIADIC is among the aggregated arguments only.
                (direct != wanted).then_some(fixed_hint)
            } else if agg.kind == 'h' {
                (nvargs != 2 * aggregated).then(|| {
                    format!(
                        "To use the hypothetical-set aggregate {name}, the number of hypothetical \
                         direct arguments (here {}) must match the number of ordering columns \
                         (here {aggregated}).",
                        nvargs as i64 - aggregated as i64
                    )
                })
            } else {
                (nvargs <= aggregated).then(|| {
                    format!(
                        "There is an ordered-set aggregate {name}, but it requires at least \
                         {wanted} direct argument{}.",
                        plural(wanted)
                    )
                })
            }
        };
        if let Some(hint) = hint {
            return Err(err!(
                UNDEFINED_FUNCTION,
                "function {} does not exist",
                self.func_signature(&call.funcname, argnames, actual)?
            )
            .hint(hint)
            .at(location));
        }
        if agg.kind == 'h' {
            self.unify_hypothetical_args(args, aggregated, actual, declared)?;
        }
        Ok(())
    }

    /// Gives each hypothetical argument and its ordering column a common type.
    fn unify_hypothetical_args(
        &mut self,
        args: &mut [Expr],
        aggregated: usize,
        actual: &mut [Oid],
        declared: &[Oid],
    ) -> PgResult<()> {
        let direct = args.len() - aggregated;
        let first = direct.checked_sub(aggregated).ok_or_else(|| {
            PgError::internal("incorrect number of arguments to hypothetical-set aggregate")
        })?;
        for h in first..direct {
            let a = direct + (h - first);
            if declared[h] != types::type_oid::ANY {
                continue;
            }
            let (common, _) =
                self.select_common_type([&args[a], &args[h]], Some("WITHIN GROUP"))?;
            let typmod = self.select_common_typmod([&args[a], &args[h]], common);
            for i in [h, a] {
                let arg = args[i].clone();
                args[i] = self.coerce_type(
                    arg,
                    actual[i],
                    common,
                    typmod,
                    CoercionContext::Implicit,
                    CoercionForm::ImplicitCast,
                    -1,
                )?;
                actual[i] = common;
            }
        }
        Ok(())
    }

    pub(crate) fn build_aggregate(&mut self, resolved: ResolvedCall<'_>) -> PgResult<Expr> {
        let ResolvedCall { call, proc, args, location, .. } = resolved;
        let name = call.funcname.join(".");
        if args.is_empty() && !call.agg_star && !call.agg_within_group {
            return Err(err!(
                WRONG_OBJECT_TYPE,
                "{name}(*) must be used to call a parameterless aggregate function"
            )
            .at(location));
        }
        if proc.retset {
            return Err(
                err!(INVALID_FUNCTION_DEFINITION, "aggregates cannot return sets").at(location)
            );
        }
        if resolved.argnames_used {
            return Err(
                err!(FEATURE_NOT_SUPPORTED, "aggregates cannot use named arguments").at(location)
            );
        }
        let aggkind = self.catalog.lookup_aggregate(proc.oid)?.map_or('n', |a| a.kind);
        let mut agg = Aggref {
            aggfnoid: proc.oid,
            aggtype: resolved.rettype,
            aggcollid: Oid::INVALID,
            inputcollid: Oid::INVALID,
            aggtranstype: Oid::INVALID,
            aggargtypes: args.iter().map(Expr::typ).collect(),
            aggdirectargs: Vec::new(),
            args: Vec::new(),
            aggorder: Vec::new(),
            aggdistinct: Vec::new(),
            aggfilter: resolved.filter,
            aggstar: call.agg_star,
            aggvariadic: resolved.variadic,
            aggkind,
            aggpresorted: false,
            agglevelsup: 0,
            aggsplit: nodes::AggSplit::Simple,
            aggno: -1,
            aggtransno: -1,
            location,
        };
        if aggkind == 'n' {
            self.transform_plain_aggregate_args(
                &mut agg,
                &call.agg_order,
                call.agg_distinct,
                args,
            )?;
        } else {
            self.transform_ordered_set_args(&mut agg, call, args)?;
        }
        self.check_aggref_levels(&mut agg)?;
        Ok(Expr::Aggref(Box::new(agg)))
    }

    /// The aggregate or window function behind JSON_OBJECTAGG and JSON_ARRAYAGG.
    pub(crate) fn build_json_aggregate(
        &mut self,
        function: Oid,
        rettype: Oid,
        args: Vec<Expr>,
        filter: Option<Expr>,
        x: &ast::JsonAggConstructor,
    ) -> PgResult<Expr> {
        if let Some(over) = &x.over {
            if !x.agg_order.is_empty() {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "aggregate ORDER BY is not implemented for window functions"
                )
                .at(x.location));
            }
            let mut wfunc = WindowFunc {
                winfnoid: function,
                wintype: rettype,
                wincollid: Oid::INVALID,
                inputcollid: Oid::INVALID,
                args,
                aggfilter: filter,
                winref: 0,
                winstar: false,
                winagg: true,
                location: x.location,
            };
            self.transform_window_func_call(&mut wfunc, over)?;
            return Ok(Expr::WindowFunc(Box::new(wfunc)));
        }
        let mut agg = Aggref {
            aggfnoid: function,
            aggtype: rettype,
            aggcollid: Oid::INVALID,
            inputcollid: Oid::INVALID,
            aggtranstype: Oid::INVALID,
            aggargtypes: args.iter().map(Expr::typ).collect(),
            aggdirectargs: Vec::new(),
            args: Vec::new(),
            aggorder: Vec::new(),
            aggdistinct: Vec::new(),
            aggfilter: filter,
            aggstar: false,
            aggvariadic: false,
            aggkind: 'n',
            aggpresorted: false,
            agglevelsup: 0,
            aggsplit: nodes::AggSplit::Simple,
            aggno: -1,
            aggtransno: -1,
            location: x.location,
        };
        self.transform_plain_aggregate_args(&mut agg, &x.agg_order, false, args)?;
        self.check_aggref_levels(&mut agg)?;
        Ok(Expr::Aggref(Box::new(agg)))
    }

    fn transform_plain_aggregate_args(
        &mut self,
        agg: &mut Aggref,
        agg_order: &[ast::SortBy],
        distinct: bool,
        args: Vec<Expr>,
    ) -> PgResult<()> {
        let mut tlist: Vec<TargetEntry> = args
            .into_iter()
            .enumerate()
            .map(|(i, expr)| plain_target(expr, (i + 1) as i16))
            .collect();
        let saved = self.ps().next_resno;
        self.ps_mut().next_resno = tlist.len() as i16 + 1;
        let order = self.transform_sort_clause(agg_order, &mut tlist, ExprKind::OrderBy, true)?;
        if distinct {
            agg.aggdistinct = self.transform_distinct_clause(&mut tlist, &order, true)?;
            for sortcl in &agg.aggdistinct {
                if !sortcl.sortop.is_valid() {
                    let expr = sort_group_expr(sortcl, &tlist);
                    return Err(err!(
                        UNDEFINED_FUNCTION,
                        "could not identify an ordering operator for type {}",
                        self.format_type(expr.typ())?
                    )
                    .detail("Aggregates with DISTINCT must be able to sort their inputs.")
                    .at(expr.location()));
                }
            }
        }
        self.ps_mut().next_resno = saved;
        agg.args = tlist;
        agg.aggorder = order;
        Ok(())
    }

    fn transform_ordered_set_args(
        &mut self,
        agg: &mut Aggref,
        call: &ast::FuncCall,
        mut args: Vec<Expr>,
    ) -> PgResult<()> {
        let aggregated = args.split_off(args.len() - call.agg_order.len());
        agg.aggdirectargs = args;
        let mut tlist = Vec::with_capacity(aggregated.len());
        for (i, (expr, sortby)) in aggregated.into_iter().zip(&call.agg_order).enumerate() {
            tlist.push(plain_target(expr, (i + 1) as i16));
            self.add_target_to_sort_list(i, &mut agg.aggorder, &mut tlist, sortby)?;
        }
        agg.args = tlist;
        Ok(())
    }

    pub(crate) fn build_window_func(&mut self, resolved: ResolvedCall<'_>) -> PgResult<Expr> {
        let ResolvedCall { call, proc, args, location, .. } = resolved;
        let is_agg = proc.kind == 'a';
        let over = call
            .over
            .as_deref()
            .ok_or_else(|| PgError::internal("window function without OVER"))?;
        if call.agg_distinct {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "DISTINCT is not implemented for window functions"
            )
            .at(location));
        }
        if is_agg && args.is_empty() && !call.agg_star {
            return Err(err!(
                WRONG_OBJECT_TYPE,
                "{}(*) must be used to call a parameterless aggregate function",
                call.funcname.join(".")
            )
            .at(location));
        }
        if !call.agg_order.is_empty() {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "aggregate ORDER BY is not implemented for window functions"
            )
            .at(location));
        }
        if !is_agg && resolved.filter.is_some() {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "FILTER is not implemented for non-aggregate window functions"
            )
            .at(location));
        }
        if self.ps().srf_count != resolved.last_srf {
            return Err(srf_in_call("window", self.ps().last_srf_location));
        }
        if proc.retset {
            return Err(err!(INVALID_FUNCTION_DEFINITION, "window functions cannot return sets")
                .at(location));
        }
        let mut wfunc = WindowFunc {
            winfnoid: proc.oid,
            wintype: resolved.rettype,
            wincollid: Oid::INVALID,
            inputcollid: Oid::INVALID,
            args,
            aggfilter: resolved.filter,
            winref: 0,
            winstar: call.agg_star,
            winagg: is_agg,
            location,
        };
        self.transform_window_func_call(&mut wfunc, over)?;
        Ok(Expr::WindowFunc(Box::new(wfunc)))
    }
}

fn plain_target(expr: Expr, resno: i16) -> TargetEntry {
    TargetEntry {
        expr,
        resno,
        resname: None,
        ressortgroupref: 0,
        resorigtbl: Oid::INVALID,
        resorigcol: 0,
        resjunk: false,
    }
}

/// The expression that a sort or group clause refers to.
pub(crate) fn sort_group_expr<'t>(clause: &SortGroupClause, tlist: &'t [TargetEntry]) -> &'t Expr {
    &tlist
        .iter()
        .find(|t| t.ressortgroupref == clause.tle_sort_group_ref)
        .expect("invariant: a sort clause's reference is in its target list")
        .expr
}
