//! ORDER BY and DISTINCT.
use crate::parse_agg::{locate_agg_of_level, locate_window_func};
use crate::parse_state::{Analyzer, ExprKind};
use error::{PgError, PgResult, err};
use nodes::{CoercionContext, CoercionForm, Expr, SortGroupClause, TargetEntry};
use parser::ast::{self, ConstValue, SortBy, SortByDir, SortByNulls};
use types::{Oid, type_oid as t};

const BTREE_AM: Oid = Oid(403);

impl Analyzer<'_> {
    /// Finds the target an ORDER BY or GROUP BY item means by SQL-92's rules (output name, position),
    /// or else as an expression.
    pub(crate) fn find_target_sql92(
        &mut self,
        raw: &ast::Expr,
        tlist: &mut Vec<TargetEntry>,
        kind: ExprKind,
    ) -> PgResult<usize> {
        match raw {
            ast::Expr::ColumnRef(c) if c.fields.len() == 1 && !c.star => {
                let name = &c.fields[0];
                // In GROUP BY an input column of that name goes first.
                let is_input = kind == ExprKind::GroupBy
                    && self.col_name_to_var(name, true, c.location)?.is_some();
                if !is_input {
                    if let Some(index) = find_by_name(tlist, name, kind, c.location)? {
                        self.check_target_sql92(&tlist[index], kind)?;
                        return Ok(index);
                    }
                }
            }
            ast::Expr::AConst(c) => {
                let ConstValue::Integer(wanted) = c.val else {
                    return Err(err!(SYNTAX_ERROR, "non-integer constant in {}", kind.name())
                        .at(c.location));
                };
                let mut position = 0;
                for (index, target) in tlist.iter().enumerate().filter(|(_, te)| !te.resjunk) {
                    position += 1;
                    if position == wanted {
                        self.check_target_sql92(target, kind)?;
                        return Ok(index);
                    }
                }
                return Err(err!(
                    INVALID_COLUMN_REFERENCE,
                    "{} position {wanted} is not in select list",
                    kind.name()
                )
                .at(c.location));
            }
            _ => {}
        }
        self.find_target_sql99(raw, tlist, kind)
    }

    /// Finds the target equal to an expression of input columns, adding a junk one if there is none.
    pub(crate) fn find_target_sql99(
        &mut self,
        raw: &ast::Expr,
        tlist: &mut Vec<TargetEntry>,
        kind: ExprKind,
    ) -> PgResult<usize> {
        let expr = self.transform_expr(raw, kind)?;
        for (index, target) in tlist.iter().enumerate() {
            // The target may have been converted from unknown to text since.
            if strip_implicit_coercion(&target.expr).equals(&expr) || target.expr.equals(&expr) {
                return Ok(index);
            }
        }
        let target = self.transform_target_entry(raw, Some(expr), kind, None, true)?;
        tlist.push(target);
        Ok(tlist.len() - 1)
    }

    /// GROUP BY and the like must not name targets with aggregates or window functions.
    fn check_target_sql92(&self, target: &TargetEntry, kind: ExprKind) -> PgResult<()> {
        if kind != ExprKind::GroupBy {
            return Ok(());
        }
        if self.ps().has_aggs {
            if let Some(at) = locate_agg_of_level(&target.expr, 0) {
                return Err(err!(
                    GROUPING_ERROR,
                    "aggregate functions are not allowed in {}",
                    kind.name()
                )
                .at(at));
            }
        }
        if self.ps().has_window_funcs {
            if let Some(at) = locate_window_func(&target.expr) {
                return Err(err!(
                    WINDOWING_ERROR,
                    "window functions are not allowed in {}",
                    kind.name()
                )
                .at(at));
            }
        }
        Ok(())
    }

    /// ORDER BY.
    pub(crate) fn transform_sort_clause(
        &mut self,
        order: &[SortBy],
        tlist: &mut Vec<TargetEntry>,
        kind: ExprKind,
        sql99: bool,
    ) -> PgResult<Vec<SortGroupClause>> {
        let mut sort = Vec::with_capacity(order.len());
        for item in order {
            let index = if sql99 {
                self.find_target_sql99(&item.node, tlist, kind)?
            } else {
                self.find_target_sql92(&item.node, tlist, kind)?
            };
            self.add_target_to_sort_list(index, &mut sort, tlist, item)?;
        }
        Ok(sort)
    }

    /// Adds a target to a sort list unless it is there already.
    pub(crate) fn add_target_to_sort_list(
        &mut self,
        index: usize,
        sort: &mut Vec<SortGroupClause>,
        tlist: &mut [TargetEntry],
        item: &SortBy,
    ) -> PgResult<()> {
        self.resolve_sort_unknown(&mut tlist[index])?;
        let typ = tlist[index].expr.typ();
        let mut location = item.node.leftmost_location();
        if item.location >= 0 && !item.use_op.is_empty() {
            location = item.location;
        }
        let (sortop, eqop, hashable, reverse) = match item.sortby_dir {
            SortByDir::Default | SortByDir::Asc => {
                let ops = self
                    .sort_group_operators(typ, true, true, false)
                    .map_err(|e| e.at_if_unset(location))?;
                (ops.lt, ops.eq, ops.hashable, false)
            }
            SortByDir::Desc => {
                let ops = self
                    .sort_group_operators(typ, false, true, true)
                    .map_err(|e| e.at_if_unset(location))?;
                (ops.gt, ops.eq, ops.hashable, true)
            }
            SortByDir::Using => {
                let oper = self
                    .compatible_oper(&item.use_op, typ, typ, -1)
                    .map_err(|e| e.at_if_unset(location))?;
                let Some((eqop, reverse)) = self.equality_for_ordering(oper.oid)? else {
                    return Err(err!(
                        WRONG_OBJECT_TYPE,
                        "operator {} is not a valid ordering operator",
                        item.use_op.last().map_or("", String::as_str)
                    )
                    .hint(
                        "Ordering operators must be \"<\" or \">\" members of btree operator \
                         families.",
                    )
                    .at(location));
                };
                let hashable = self.catalog.get_operator(eqop)?.can_hash;
                (oper.oid, eqop, hashable, reverse)
            }
        };
        if target_is_in_sort_list(&tlist[index], sortop, self.commutator(sortop)?, sort) {
            return Ok(());
        }
        sort.push(SortGroupClause {
            tle_sort_group_ref: assign_sort_group_ref(index, tlist),
            eqop,
            sortop,
            reverse_sort: reverse,
            nulls_first: match item.sortby_nulls {
                // NULLs sort as if larger than anything.
                SortByNulls::Default => reverse,
                SortByNulls::First => true,
                SortByNulls::Last => false,
            },
            hashable,
        });
        Ok(())
    }

    fn commutator(&self, oper: Oid) -> PgResult<Oid> {
        Ok(self.catalog.get_operator(oper)?.commutator)
    }

    /// The equality that goes with a btree `<` or `>`, and whether it is `>`.
    fn equality_for_ordering(&self, oper: Oid) -> PgResult<Option<(Oid, bool)>> {
        for amop in self.catalog.amops_of_operator(oper)?.iter() {
            if amop.method == BTREE_AM && matches!(amop.strategy, 1 | 5) && amop.left == amop.right
            {
                let eq = self.catalog.opfamily_member(amop.family, amop.left, amop.right, 3)?;
                if eq.is_valid() {
                    return Ok(Some((eq, amop.strategy == 5)));
                }
            }
        }
        Ok(None)
    }

    fn resolve_sort_unknown(&mut self, target: &mut TargetEntry) -> PgResult<()> {
        if target.expr.typ() != t::UNKNOWN {
            return Ok(());
        }
        let taken = std::mem::replace(&mut target.expr, Self::int4_const(0));
        target.expr = self.coerce_type(
            taken,
            t::UNKNOWN,
            t::TEXT,
            -1,
            CoercionContext::Implicit,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        Ok(())
    }

    /// Adds a target to a grouping list unless it is there already.
    pub(crate) fn add_target_to_group_list(
        &mut self,
        index: usize,
        group: &mut Vec<SortGroupClause>,
        tlist: &mut [TargetEntry],
        location: i32,
    ) -> PgResult<()> {
        self.resolve_sort_unknown(&mut tlist[index])?;
        if target_is_in_sort_list(&tlist[index], Oid::INVALID, Oid::INVALID, group) {
            return Ok(());
        }
        let ops = self
            .sort_group_operators(tlist[index].expr.typ(), false, true, false)
            .map_err(|e| e.at_if_unset(location))?;
        group.push(SortGroupClause {
            tle_sort_group_ref: assign_sort_group_ref(index, tlist),
            eqop: ops.eq,
            sortop: ops.lt,
            reverse_sort: false,
            nulls_first: false,
            hashable: ops.hashable,
        });
        Ok(())
    }

    /// SELECT DISTINCT, or DISTINCT of an aggregate.
    pub(crate) fn transform_distinct_clause(
        &mut self,
        tlist: &mut [TargetEntry],
        sort: &[SortGroupClause],
        is_agg: bool,
    ) -> PgResult<Vec<SortGroupClause>> {
        let mut result = Vec::new();
        // ORDER BY columns first, so that one sort serves both.
        for clause in sort {
            let target = target_of(clause, tlist)?;
            if target.resjunk {
                return Err(err!(
                    INVALID_COLUMN_REFERENCE,
                    "{}",
                    if is_agg {
                        "in an aggregate with DISTINCT, ORDER BY expressions must appear in \
                         argument list"
                    } else {
                        "for SELECT DISTINCT, ORDER BY expressions must appear in select list"
                    }
                )
                .at(target.expr.location()));
            }
            result.push(clause.clone());
        }
        for index in 0..tlist.len() {
            if tlist[index].resjunk {
                continue;
            }
            let location = tlist[index].expr.location();
            self.add_target_to_group_list(index, &mut result, tlist, location)?;
        }
        if result.is_empty() {
            return Err(err!(
                SYNTAX_ERROR,
                "{}",
                if is_agg {
                    "an aggregate with DISTINCT must have at least one argument"
                } else {
                    "SELECT DISTINCT must have at least one column"
                }
            ));
        }
        Ok(result)
    }

    /// SELECT DISTINCT ON.
    pub(crate) fn transform_distinct_on(
        &mut self,
        exprs: &[ast::Expr],
        tlist: &mut Vec<TargetEntry>,
        sort: &[SortGroupClause],
    ) -> PgResult<Vec<SortGroupClause>> {
        let mut indexes = Vec::with_capacity(exprs.len());
        for raw in exprs {
            let index = self.find_target_sql92(raw, tlist, ExprKind::DistinctOn)?;
            assign_sort_group_ref(index, tlist);
            indexes.push(index);
        }
        let mismatch = |location| {
            err!(
                INVALID_COLUMN_REFERENCE,
                "SELECT DISTINCT ON expressions must match initial ORDER BY expressions"
            )
            .at(location)
        };
        let mut result: Vec<SortGroupClause> = Vec::new();
        let mut skipped = false;
        for clause in sort {
            let found =
                indexes.iter().position(|i| tlist[*i].ressortgroupref == clause.tle_sort_group_ref);
            if let Some(at) = found {
                if skipped {
                    return Err(mismatch(exprs[at].leftmost_location()));
                }
                result.push(clause.clone());
            } else {
                skipped = true;
            }
        }
        for (raw, index) in exprs.iter().zip(&indexes) {
            if target_is_in_sort_list(&tlist[*index], Oid::INVALID, Oid::INVALID, &result) {
                continue;
            }
            if skipped {
                return Err(mismatch(raw.leftmost_location()));
            }
            self.add_target_to_group_list(*index, &mut result, tlist, raw.leftmost_location())?;
        }
        Ok(result)
    }
}

fn find_by_name(
    tlist: &[TargetEntry],
    name: &str,
    kind: ExprKind,
    location: i32,
) -> PgResult<Option<usize>> {
    let mut found: Option<usize> = None;
    for (index, target) in tlist.iter().enumerate() {
        if target.resjunk || target.resname.as_deref() != Some(name) {
            continue;
        }
        match found {
            None => found = Some(index),
            Some(first) if !tlist[first].expr.equals(&target.expr) => {
                return Err(
                    err!(AMBIGUOUS_COLUMN, "{} \"{name}\" is ambiguous", kind.name()).at(location)
                );
            }
            Some(_) => {}
        }
    }
    Ok(found)
}

/// The expression under an implicit cast at the top.
pub(crate) fn strip_implicit_coercion(expr: &Expr) -> &Expr {
    match expr {
        Expr::FuncExpr(f) if f.funcformat == CoercionForm::ImplicitCast => {
            f.args.first().map_or(expr, strip_implicit_coercion)
        }
        Expr::RelabelType(r) if r.relabelformat == CoercionForm::ImplicitCast => {
            strip_implicit_coercion(&r.arg)
        }
        Expr::CoerceViaIO(c) if c.coerceformat == CoercionForm::ImplicitCast => {
            strip_implicit_coercion(&c.arg)
        }
        Expr::ArrayCoerceExpr(c) if c.coerceformat == CoercionForm::ImplicitCast => {
            strip_implicit_coercion(&c.arg)
        }
        Expr::ConvertRowtypeExpr(c) if c.convertformat == CoercionForm::ImplicitCast => {
            strip_implicit_coercion(&c.arg)
        }
        Expr::CoerceToDomain(c) if c.coercionformat == CoercionForm::ImplicitCast => {
            strip_implicit_coercion(&c.arg)
        }
        _ => expr,
    }
}

fn target_of<'t>(clause: &SortGroupClause, tlist: &'t [TargetEntry]) -> PgResult<&'t TargetEntry> {
    tlist
        .iter()
        .find(|te| te.ressortgroupref == clause.tle_sort_group_ref)
        .ok_or_else(|| PgError::internal("ORDER/GROUP BY expression not found in targetlist"))
}

/// Gives a target a reference number that sort and group clauses can use.
pub(crate) fn assign_sort_group_ref(index: usize, tlist: &mut [TargetEntry]) -> u32 {
    if tlist[index].ressortgroupref == 0 {
        let max = tlist.iter().map(|te| te.ressortgroupref).max().unwrap_or(0);
        tlist[index].ressortgroupref = max + 1;
    }
    tlist[index].ressortgroupref
}

/// Whether a target is in a list with that ordering (or its reverse); INVALID: with any.
pub(crate) fn target_is_in_sort_list(
    target: &TargetEntry,
    sortop: Oid,
    commutator: Oid,
    list: &[SortGroupClause],
) -> bool {
    let group_ref = target.ressortgroupref;
    group_ref != 0
        && list.iter().any(|c| {
            c.tle_sort_group_ref == group_ref
                && (!sortop.is_valid() || c.sortop == sortop || c.sortop == commutator)
        })
}
