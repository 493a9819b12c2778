//! Which query level an aggregate, GROUPING or window function belongs to, and where they may stand.
use crate::parse_func::srf_in_call;
use crate::parse_state::{Analyzer, ExprKind};
use error::{PgError, PgResult, err};
use nodes::{Aggref, Expr, GroupingFunc, Query, RteKind, WindowFunc};
use parser::ast;

/// What an aggregate's arguments refer to.
#[derive(Default)]
struct ArgumentLevels {
    /// Lowest level (0: the current one) of a Var, and where.
    min_var: Option<u32>,
    min_agg: Option<(u32, i32)>,
    /// A CTE defined below the aggregate's level.
    min_cte: Option<(u32, String)>,
    srf: Option<i32>,
    window: Option<i32>,
}

impl ArgumentLevels {
    fn note_var(&mut self, level: u32) {
        self.min_var = Some(self.min_var.map_or(level, |m| m.min(level)));
    }

    fn note_agg(&mut self, level: u32, location: i32) {
        if self.min_agg.is_none_or(|(m, _)| level < m) {
            self.min_agg = Some((level, location));
        }
    }

    /// Looks at an expression `depth` levels below the aggregate's call.
    fn walk(&mut self, expr: &Expr, depth: u32) {
        match expr {
            Expr::Var(v) if v.varlevelsup >= depth => self.note_var(v.varlevelsup - depth),
            Expr::Aggref(a) if a.agglevelsup >= depth => {
                self.note_agg(a.agglevelsup - depth, a.location);
            }
            Expr::GroupingFunc(g) if g.agglevelsup >= depth => {
                self.note_agg(g.agglevelsup - depth, g.location);
            }
            Expr::FuncExpr(f) if depth == 0 && f.funcretset => {
                self.srf.get_or_insert(expr.location());
            }
            Expr::OpExpr(o) if depth == 0 && o.opretset => {
                self.srf.get_or_insert(expr.location());
            }
            Expr::WindowFunc(w) if depth == 0 => {
                self.window.get_or_insert(w.location);
            }
            Expr::SubLink(s) => self.walk_query(&s.subselect, depth + 1),
            _ => {}
        }
        if let Expr::Aggref(a) = expr {
            // An outer aggregate's own arguments were checked when it was made.
            if a.agglevelsup >= depth {
                return;
            }
        }
        expr.for_each_child(&mut |child| self.walk(child, depth));
    }

    fn walk_query(&mut self, query: &Query, depth: u32) {
        query.for_each_expr(&mut |e| self.walk(e, depth));
        for rte in &query.rtable {
            match &rte.kind {
                RteKind::Subquery { subquery, .. } => self.walk_query(subquery, depth + 1),
                RteKind::Cte { ctename, ctelevelsup, .. } if *ctelevelsup >= depth => {
                    let level = ctelevelsup - depth;
                    if self.min_cte.as_ref().is_none_or(|(m, _)| level < *m) {
                        self.min_cte = Some((level, ctename.clone()));
                    }
                }
                _ => {}
            }
        }
        for cte in &query.cte_list {
            self.walk_query(&cte.ctequery, depth + 1);
        }
    }
}

impl Analyzer<'_> {
    /// Finds an aggregate's semantic level and checks that it may stand there.
    pub(crate) fn check_aggref_levels(&mut self, agg: &mut Aggref) -> PgResult<()> {
        let mut levels = ArgumentLevels::default();
        for arg in agg.args.iter().map(|t| &t.expr).chain(agg.aggfilter.iter()) {
            levels.walk(arg, 0);
        }
        let level = self.aggregate_level(&levels, agg.location)?;
        if !agg.aggdirectargs.is_empty() {
            // Direct arguments belong to the same level; they must not look further in.
            let mut direct = ArgumentLevels::default();
            for arg in &agg.aggdirectargs {
                direct.walk(arg, 0);
            }
            self.check_direct_args(&direct, level)?;
        }
        agg.agglevelsup = level;
        self.check_agg_placement(level, agg.location, true)
    }

    /// The same for GROUPING.
    pub(crate) fn check_grouping_func_levels(&mut self, g: &mut GroupingFunc) -> PgResult<()> {
        let mut levels = ArgumentLevels::default();
        g.args.iter().for_each(|arg| levels.walk(arg, 0));
        g.agglevelsup = self.aggregate_level(&levels, g.location)?;
        self.check_agg_placement(g.agglevelsup, g.location, false)
    }

    fn aggregate_level(&self, levels: &ArgumentLevels, location: i32) -> PgResult<u32> {
        if let Some(at) = levels.srf {
            return Err(srf_in_call("aggregate", at));
        }
        if let Some(at) = levels.window {
            return Err(err!(
                GROUPING_ERROR,
                "aggregate function calls cannot contain window function calls"
            )
            .at(at));
        }
        let level = match (levels.min_var, levels.min_agg) {
            (None, None) => 0,
            (Some(v), None) => v,
            (None, Some((a, _))) => a,
            (Some(v), Some((a, _))) => v.min(a),
        };
        if let Some((agg_level, at)) = levels.min_agg {
            if agg_level == level {
                return Err(
                    err!(GROUPING_ERROR, "aggregate function calls cannot be nested").at(at)
                );
            }
        }
        if let Some((cte_level, name)) = &levels.min_cte {
            if *cte_level < level {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "outer-level aggregate cannot use a nested CTE"
                )
                .detail(format!("CTE \"{name}\" is below the aggregate's semantic level."))
                .at(location));
            }
        }
        Ok(level)
    }

    fn check_direct_args(&self, direct: &ArgumentLevels, level: u32) -> PgResult<()> {
        if let Some(at) = direct.srf {
            return Err(srf_in_call("aggregate", at));
        }
        if let Some(at) = direct.window {
            return Err(err!(
                GROUPING_ERROR,
                "aggregate function calls cannot contain window function calls"
            )
            .at(at));
        }
        if direct.min_var.is_some_and(|v| v < level) {
            return Err(err!(
                GROUPING_ERROR,
                "outer-level aggregate cannot contain a lower-level variable in its direct arguments"
            ));
        }
        if let Some((agg_level, at)) = direct.min_agg {
            if agg_level <= level {
                return Err(
                    err!(GROUPING_ERROR, "aggregate function calls cannot be nested").at(at)
                );
            }
        }
        Ok(())
    }

    /// Raises unless the clause being analysed at that level may hold aggregates.
    fn check_agg_placement(&mut self, level: u32, location: i32, is_agg: bool) -> PgResult<()> {
        use ExprKind::*;
        self.level_mut(level).has_aggs = true;
        let kind = self.level(level).expr_kind;
        let what = if is_agg { "aggregate functions" } else { "grouping operations" };
        let place = match kind {
            None | Other | Having | WindowPartition | WindowOrder | SelectTarget | OrderBy
            | DistinctOn => return Ok(()),
            JoinOn | JoinUsing => "JOIN conditions",
            FromSubselect => "FROM clause of their own query level",
            FromFunction => "functions in FROM",
            Policy => "policy expressions",
            WindowFrameRange => "window RANGE",
            WindowFrameRows => "window ROWS",
            WindowFrameGroups => "window GROUPS",
            MergeWhen => "MERGE WHEN conditions",
            CheckConstraint | DomainCheck => "check constraints",
            ColumnDefault | FunctionDefault => "DEFAULT expressions",
            IndexExpression => "index expressions",
            IndexPredicate => "index predicates",
            StatsExpression => "statistics expressions",
            AlterColTransform => "transform expressions",
            ExecuteParameter => "EXECUTE parameters",
            TriggerWhen => "trigger WHEN conditions",
            PartitionBound => "partition bound",
            PartitionExpression => "partition key expressions",
            GeneratedColumn => "column generation expressions",
            CallArgument => "CALL arguments",
            CopyWhere => "COPY FROM WHERE conditions",
            other => other.name(),
        };
        Err(err!(GROUPING_ERROR, "{what} are not allowed in {place}").at(location))
    }

    /// Checks a window function's place and finds its window.
    pub(crate) fn transform_window_func_call(
        &mut self,
        wfunc: &mut WindowFunc,
        windef: &ast::WindowDef,
    ) -> PgResult<()> {
        if self.ps().has_window_funcs {
            for arg in wfunc.args.iter().chain(wfunc.aggfilter.iter()) {
                if let Some(at) = locate_window_func(arg) {
                    return Err(
                        err!(WINDOWING_ERROR, "window function calls cannot be nested").at(at)
                    );
                }
            }
        }
        self.check_window_placement(wfunc.location)?;
        wfunc.winref = self.find_window(windef)?;
        self.ps_mut().has_window_funcs = true;
        Ok(())
    }

    fn check_window_placement(&self, location: i32) -> PgResult<()> {
        use ExprKind::*;
        let place = match self.ps().expr_kind {
            None | Other | SelectTarget | OrderBy | DistinctOn => return Ok(()),
            JoinOn | JoinUsing => "JOIN conditions",
            FromFunction => "functions in FROM",
            Policy => "policy expressions",
            WindowPartition | WindowOrder | WindowFrameRange | WindowFrameRows
            | WindowFrameGroups => "window definitions",
            MergeWhen => "MERGE WHEN conditions",
            CheckConstraint | DomainCheck => "check constraints",
            ColumnDefault | FunctionDefault => "DEFAULT expressions",
            IndexExpression => "index expressions",
            StatsExpression => "statistics expressions",
            IndexPredicate => "index predicates",
            AlterColTransform => "transform expressions",
            ExecuteParameter => "EXECUTE parameters",
            TriggerWhen => "trigger WHEN conditions",
            PartitionBound => "partition bound",
            PartitionExpression => "partition key expressions",
            CallArgument => "CALL arguments",
            CopyWhere => "COPY FROM WHERE conditions",
            GeneratedColumn => "column generation expressions",
            other => other.name(),
        };
        Err(err!(WINDOWING_ERROR, "window functions are not allowed in {place}").at(location))
    }

    /// Index of a named window, or of the one that an inline definition equals or adds.
    fn find_window(&mut self, windef: &ast::WindowDef) -> PgResult<u32> {
        if let (Some(name), false) = (&windef.name, windef.refname.is_some()) {
            let found = self.ps().windowdefs.iter().position(|w| w.name.as_ref() == Some(name));
            return match found {
                Some(index) => Ok(index as u32 + 1),
                Option::None => {
                    Err(err!(UNDEFINED_OBJECT, "window \"{name}\" does not exist")
                        .at(windef.location))
                }
            };
        }
        let same = |other: &ast::WindowDef| {
            other.refname == windef.refname
                && same_exprs(&other.partition_clause, &windef.partition_clause)
                && same_sorts(&other.order_clause, &windef.order_clause)
                && other.frame_options == windef.frame_options
                && same_option(&other.start_offset, &windef.start_offset)
                && same_option(&other.end_offset, &windef.end_offset)
                && (windef.refname.is_none() || other.name.is_none())
        };
        if let Some(index) = self.ps().windowdefs.iter().position(same) {
            return Ok(index as u32 + 1);
        }
        let mut windef = windef.clone();
        windef.name = Option::None;
        let ps = self.ps_mut();
        ps.windowdefs.push(windef);
        Ok(ps.windowdefs.len() as u32)
    }

    /// GROUPING(…).
    pub(crate) fn transform_grouping_func(&mut self, g: &ast::GroupingFunc) -> PgResult<Expr> {
        if g.args.len() > 31 {
            return Err(err!(TOO_MANY_ARGUMENTS, "GROUPING must have fewer than 32 arguments")
                .at(g.location));
        }
        let kind = self.ps().expr_kind;
        let mut args = Vec::with_capacity(g.args.len());
        for arg in &g.args {
            // The arguments are only matched against grouping expressions, never evaluated.
            args.push(self.transform_expr(arg, kind)?);
        }
        let mut func = GroupingFunc {
            args,
            refs: Vec::new(),
            cols: Vec::new(),
            agglevelsup: 0,
            location: g.location,
        };
        self.check_grouping_func_levels(&mut func)?;
        Ok(Expr::GroupingFunc(Box::new(func)))
    }
}

fn without_locations<T: serde::Serialize>(tree: &T) -> Option<serde_json::Value> {
    let mut value = serde_json::to_value(tree).ok()?;
    fn strip(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(map) => {
                map.retain(|key, _| key != "location");
                map.values_mut().for_each(strip);
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    Some(value)
}

fn same_exprs(a: &[ast::Expr], b: &[ast::Expr]) -> bool {
    a.len() == b.len() && (a.is_empty() || without_locations(&a) == without_locations(&b))
}

fn same_sorts(a: &[ast::SortBy], b: &[ast::SortBy]) -> bool {
    a.len() == b.len() && (a.is_empty() || without_locations(&a) == without_locations(&b))
}

fn same_option(a: &Option<ast::Expr>, b: &Option<ast::Expr>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => without_locations(a) == without_locations(b),
        _ => false,
    }
}

/// Location of a window function of this query level in an expression.
pub(crate) fn locate_window_func(expr: &Expr) -> Option<i32> {
    if let Expr::WindowFunc(w) = expr {
        return Some(w.location);
    }
    let mut found = None;
    expr.for_each_child(&mut |child| {
        if found.is_none() {
            found = locate_window_func(child);
        }
    });
    found
}

/// Location of an aggregate (or GROUPING) of the level `depth` above in an expression.
pub(crate) fn locate_agg_of_level(expr: &Expr, depth: u32) -> Option<i32> {
    let mut found = None;
    nodes::walk::visit_expr_deep(expr, depth, &mut |e, level| {
        let hit = match e {
            Expr::Aggref(a) if a.agglevelsup == level => Some(a.location),
            Expr::GroupingFunc(g) if g.agglevelsup == level => Some(g.location),
            _ => None,
        };
        found = found.or(hit);
    });
    found
}

/// Location of a Var of the level `depth` above in an expression.
pub(crate) fn locate_var_of_level(expr: &Expr, depth: u32) -> Option<i32> {
    let mut found = None;
    nodes::walk::visit_expr_deep(expr, depth, &mut |e, level| {
        if let Expr::Var(v) = e {
            if v.varlevelsup == level {
                found = found.or(Some(v.location));
            }
        }
    });
    found
}

/// Internal error for a grouping reference that analysis itself should have made.
pub(crate) fn missing_grouping() -> PgError {
    err!(
        GROUPING_ERROR,
        "arguments to GROUPING must be grouping expressions of the associated query level"
    )
}
