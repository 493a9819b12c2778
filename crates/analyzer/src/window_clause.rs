//! WINDOW and OVER.
use crate::parse_state::{Analyzer, ExprKind};
use error::{PgResult, err};
use nodes::{Expr, SortGroupClause, TargetEntry, WindowClause, frame_option as f};
use parser::ast;
use types::{Oid, type_oid as t};

const BTREE_AM: Oid = Oid(403);
const IN_RANGE_PROC: i16 = 3;

impl Analyzer<'_> {
    pub(crate) fn transform_window_definitions(
        &mut self,
        windefs: &[ast::WindowDef],
        tlist: &mut Vec<TargetEntry>,
    ) -> PgResult<Vec<WindowClause>> {
        let mut result: Vec<WindowClause> = Vec::with_capacity(windefs.len());
        for (i, windef) in windefs.iter().enumerate() {
            if let Some(name) = &windef.name {
                if result.iter().any(|w| w.name.as_ref() == Some(name)) {
                    return Err(err!(WINDOWING_ERROR, "window \"{name}\" is already defined")
                        .at(windef.location));
                }
            }
            let base = match &windef.refname {
                None => None,
                Some(refname) => {
                    let found = result.iter().find(|w| w.name.as_ref() == Some(refname));
                    match found {
                        Some(found) => Some(found.clone()),
                        None => {
                            return Err(err!(
                                UNDEFINED_OBJECT,
                                "window \"{refname}\" does not exist"
                            )
                            .at(windef.location));
                        }
                    }
                }
            };
            let order = self.transform_sort_clause(
                &windef.order_clause,
                tlist,
                ExprKind::WindowOrder,
                true,
            )?;
            let (partition, _) = self.transform_group_clause(
                &windef.partition_clause,
                tlist,
                &order,
                ExprKind::WindowPartition,
                true,
            )?;
            let mut clause = WindowClause {
                name: windef.name.clone(),
                refname: windef.refname.clone(),
                partition_clause: partition,
                order_clause: order,
                frame_options: windef.frame_options as u32,
                start_offset: None,
                end_offset: None,
                start_in_range_func: Oid::INVALID,
                end_in_range_func: Oid::INVALID,
                in_range_coll: Oid::INVALID,
                in_range_asc: true,
                in_range_nulls_first: false,
                winref: i as u32 + 1,
                copied_order: false,
            };
            if let Some(base) = base {
                inherit_window(&mut clause, &base, windef)?;
            }
            self.transform_frame(&mut clause, windef, tlist)?;
            result.push(clause);
        }
        Ok(result)
    }

    fn transform_frame(
        &mut self,
        clause: &mut WindowClause,
        windef: &ast::WindowDef,
        tlist: &[TargetEntry],
    ) -> PgResult<()> {
        let options = clause.frame_options;
        let offsets = f::START_OFFSET_PRECEDING
            | f::START_OFFSET_FOLLOWING
            | f::END_OFFSET_PRECEDING
            | f::END_OFFSET_FOLLOWING;
        let mut range_column: Option<(&SortGroupClause, &Expr)> = None;
        if options & f::RANGE != 0 && options & offsets != 0 {
            let [sort] = clause.order_clause.as_slice() else {
                return Err(err!(
                    WINDOWING_ERROR,
                    "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column"
                )
                .at(windef.location));
            };
            let column = crate::parse_window_agg_call::sort_group_expr(sort, tlist);
            clause.in_range_coll = column.collation();
            clause.in_range_asc = !sort.reverse_sort;
            clause.in_range_nulls_first = sort.nulls_first;
            range_column = Some((sort, column));
        }
        if options & f::GROUPS != 0 && clause.order_clause.is_empty() {
            return Err(err!(WINDOWING_ERROR, "GROUPS mode requires an ORDER BY clause")
                .at(windef.location));
        }
        let column = range_column.map(|(sort, expr)| (sort.sortop, expr.typ()));
        if let Some(raw) = &windef.start_offset {
            let (expr, func) = self.transform_frame_offset(raw, options, column)?;
            clause.start_offset = Some(expr);
            clause.start_in_range_func = func;
        }
        if let Some(raw) = &windef.end_offset {
            let (expr, func) = self.transform_frame_offset(raw, options, column)?;
            clause.end_offset = Some(expr);
            clause.end_in_range_func = func;
        }
        Ok(())
    }

    fn transform_frame_offset(
        &mut self,
        raw: &ast::Expr,
        options: u32,
        column: Option<(Oid, Oid)>,
    ) -> PgResult<(Expr, Oid)> {
        let (expr, func, construct) = if options & f::ROWS != 0 {
            let expr = self.transform_expr(raw, ExprKind::WindowFrameRows)?;
            (self.coerce_to_specific_type(expr, t::INT8, "ROWS")?, Oid::INVALID, "ROWS")
        } else if options & f::GROUPS != 0 {
            let expr = self.transform_expr(raw, ExprKind::WindowFrameGroups)?;
            (self.coerce_to_specific_type(expr, t::INT8, "GROUPS")?, Oid::INVALID, "GROUPS")
        } else {
            let expr = self.transform_expr(raw, ExprKind::WindowFrameRange)?;
            let (sortop, column_type) =
                column.ok_or_else(|| error::PgError::internal("RANGE frame without ORDER BY"))?;
            let (expr, func) = self.range_offset(expr, sortop, column_type)?;
            (expr, func, "RANGE")
        };
        self.check_no_local_refs(&expr, construct)?;
        Ok((expr, func))
    }

    /// Finds the in_range support function for an offset and converts the offset to what it takes.
    fn range_offset(&mut self, expr: Expr, sortop: Oid, column_type: Oid) -> PgResult<(Expr, Oid)> {
        let offset_type = expr.typ();
        let location = expr.location();
        let mut family = None;
        for amop in self.catalog.amops_of_operator(sortop)?.iter() {
            if amop.method == BTREE_AM && matches!(amop.strategy, 1 | 5) {
                family = Some((amop.family, amop.left));
                break;
            }
        }
        let (family, opcintype) = family.ok_or_else(|| {
            error::PgError::internal(format!("operator {sortop} is not a valid ordering operator"))
        })?;
        let unknown = offset_type == t::UNKNOWN;
        let mut found = 0;
        let mut exact = false;
        let mut chosen = (Oid::INVALID, Oid::INVALID);
        for proc in self.catalog.amprocs_of_family(family)?.iter() {
            if proc.num != IN_RANGE_PROC || proc.left != opcintype {
                continue;
            }
            found += 1;
            if proc.right == offset_type || unknown && proc.right == column_type {
                exact = true;
                chosen = (proc.proc_, proc.right);
                continue;
            }
            if !exact
                && self.can_coerce(offset_type, proc.right, nodes::CoercionContext::Implicit)?
            {
                // An earlier match is kept unless this one is binary-compatible.
                chosen = if chosen.0.is_valid() && !unknown {
                    (Oid::INVALID, Oid(u32::MAX))
                } else {
                    (proc.proc_, proc.right)
                };
            }
        }
        if chosen.1 == Oid(u32::MAX) && !exact {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "RANGE with offset PRECEDING/FOLLOWING has multiple interpretations for column \
                 type {} and offset type {}",
                self.format_type(column_type)?,
                self.format_type(offset_type)?
            )
            .hint("Cast the offset value to the exact intended type.")
            .at(location));
        }
        if !chosen.0.is_valid() {
            return Err(if found == 0 {
                err!(
                    FEATURE_NOT_SUPPORTED,
                    "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {}",
                    self.format_type(column_type)?
                )
            } else {
                err!(
                    FEATURE_NOT_SUPPORTED,
                    "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {} and \
                     offset type {}",
                    self.format_type(column_type)?,
                    self.format_type(offset_type)?
                )
                .hint("Cast the offset value to an appropriate type.")
            }
            .at(location));
        }
        let expr = self.coerce_to_specific_type(expr, chosen.1, "RANGE")?;
        Ok((expr, chosen.0))
    }
}

/// Applies the window that a definition refers to.
fn inherit_window(
    clause: &mut WindowClause,
    base: &WindowClause,
    windef: &ast::WindowDef,
) -> PgResult<()> {
    let refname = windef.refname.as_deref().unwrap_or_default();
    if !clause.partition_clause.is_empty() {
        return Err(err!(
            WINDOWING_ERROR,
            "cannot override PARTITION BY clause of window \"{refname}\""
        )
        .at(windef.location));
    }
    clause.partition_clause = base.partition_clause.clone();
    if !clause.order_clause.is_empty() && !base.order_clause.is_empty() {
        return Err(err!(
            WINDOWING_ERROR,
            "cannot override ORDER BY clause of window \"{refname}\""
        )
        .at(windef.location));
    }
    if clause.order_clause.is_empty() {
        clause.order_clause = base.order_clause.clone();
        clause.copied_order = true;
    }
    const DEFAULTS: u32 = f::RANGE | f::START_UNBOUNDED_PRECEDING | f::END_CURRENT_ROW;
    if base.frame_options != DEFAULTS {
        let e =
            err!(WINDOWING_ERROR, "cannot copy window \"{refname}\" because it has a frame clause")
                .at(windef.location);
        // A bare OVER (w) was likely meant as OVER w.
        let bare = windef.name.is_none()
            && windef.order_clause.is_empty()
            && clause.frame_options == DEFAULTS;
        return Err(if bare { e.hint("Omit the parentheses in this OVER clause.") } else { e });
    }
    Ok(())
}
