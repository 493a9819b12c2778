//! Target lists and `*`.
use crate::column_name::figure_colname;
use crate::parse_func::ResultColumn;
use crate::parse_relation::bare_range_var;
use crate::parse_state::{Analyzer, ExprKind, NsItem};
use error::{PgResult, err};
use nodes::{
    CaseTestExpr, CoercionContext, CoercionForm, Expr, FieldSelect, RteKind, TargetEntry, Var, acl,
};
use parser::ast::{self, Indirection, ResTarget};
use types::{Oid, type_oid as t};

/// Columns a row that is not stored may have.
const MAX_ENTRIES: usize = 1664;

impl Analyzer<'_> {
    /// One target with a name; junk ones are numbered by the caller's rules.
    pub(crate) fn transform_target_entry(
        &mut self,
        raw: &ast::Expr,
        expr: Option<Expr>,
        kind: ExprKind,
        name: Option<String>,
        resjunk: bool,
    ) -> PgResult<TargetEntry> {
        let expr = match expr {
            Some(expr) => expr,
            // DEFAULT is allowed as a whole VALUES item or SET source only.
            None if kind == ExprKind::UpdateSource && matches!(raw, ast::Expr::SetToDefault(_)) => {
                set_to_default(raw)
            }
            None => self.transform_expr(raw, kind)?,
        };
        let name = match name {
            None if !resjunk => Some(match (&expr, raw) {
                // The subquery's own column name, even where it came from a `*`.
                (Expr::SubLink(s), ast::Expr::SubLink(_))
                    if s.sub_link_type == nodes::SubLinkType::Expr =>
                {
                    s.subselect
                        .target_list
                        .first()
                        .and_then(|te| te.resname.clone())
                        .unwrap_or_else(|| figure_colname(raw))
                }
                _ => figure_colname(raw),
            }),
            name => name,
        };
        Ok(self.make_target(expr, name, resjunk))
    }

    /// A target entry with the next number.
    pub(crate) fn make_target(
        &mut self,
        expr: Expr,
        resname: Option<String>,
        resjunk: bool,
    ) -> TargetEntry {
        let ps = self.ps_mut();
        let resno = ps.next_resno;
        ps.next_resno += 1;
        TargetEntry {
            expr,
            resno,
            resname,
            ressortgroupref: 0,
            resorigtbl: Oid::INVALID,
            resorigcol: 0,
            resjunk,
        }
    }

    /// The items of SELECT, RETURNING or SET.
    pub(crate) fn transform_target_list(
        &mut self,
        targets: &[ResTarget],
        kind: ExprKind,
    ) -> PgResult<Vec<TargetEntry>> {
        let mut result = Vec::with_capacity(targets.len());
        // `*` in SET means nothing; it is an error raised below.
        let expand = kind != ExprKind::UpdateSource;
        for target in targets {
            let Some(val) = &target.val else { continue };
            if expand {
                match val {
                    ast::Expr::ColumnRef(c) if c.star => {
                        result.extend(self.expand_column_ref_star(c, true)?.into_targets());
                        continue;
                    }
                    ast::Expr::AIndirection(ind)
                        if matches!(ind.indirection.last(), Some(Indirection::Star)) =>
                    {
                        let columns = self.expand_indirection_star(ind, kind)?;
                        for (name, expr) in columns {
                            result.push(self.make_target(expr, Some(name), false));
                        }
                        continue;
                    }
                    _ => {}
                }
            }
            result.push(self.transform_target_entry(
                val,
                None,
                kind,
                target.name.clone(),
                false,
            )?);
        }
        // Sources of multi-assignments come as junk entries at the end.
        if !self.ps().multiassign_exprs.is_empty() {
            let extra = std::mem::take(&mut self.ps_mut().multiassign_exprs);
            result.extend(extra);
        }
        if result.len() > MAX_ENTRIES {
            return Err(err!(
                TOO_MANY_COLUMNS,
                "target lists can have at most {MAX_ENTRIES} entries"
            ));
        }
        Ok(result)
    }

    /// A list of expressions in which `*` stands for its columns (VALUES, ROW).
    pub(crate) fn transform_expression_list(
        &mut self,
        exprs: &[ast::Expr],
        kind: ExprKind,
        allow_default: bool,
    ) -> PgResult<Vec<Expr>> {
        let mut result = Vec::with_capacity(exprs.len());
        for raw in exprs {
            match raw {
                ast::Expr::ColumnRef(c) if c.star => {
                    let expanded = self.expand_column_ref_star(c, false)?;
                    result.extend(expanded.columns.into_iter().map(|(_, e)| e));
                }
                ast::Expr::AIndirection(ind)
                    if matches!(ind.indirection.last(), Some(Indirection::Star)) =>
                {
                    let columns = self.expand_indirection_star(ind, kind)?;
                    result.extend(columns.into_iter().map(|(_, e)| e));
                }
                ast::Expr::SetToDefault(_) if allow_default => result.push(set_to_default(raw)),
                _ => result.push(self.transform_expr(raw, kind)?),
            }
        }
        Ok(result)
    }

    /// Untyped literals among result columns become text.
    pub(crate) fn resolve_target_unknowns(&mut self, targets: &mut [TargetEntry]) -> PgResult<()> {
        for target in targets {
            if target.expr.typ() == t::UNKNOWN {
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
            }
        }
        Ok(())
    }

    /// Notes which base column each result column is.
    pub(crate) fn mark_target_origins(&self, targets: &mut [TargetEntry]) {
        for target in targets {
            if let Expr::Var(v) = &target.expr {
                let (table, column) = self.origin_of(v);
                target.resorigtbl = table;
                target.resorigcol = column;
            }
        }
    }

    fn origin_of(&self, v: &Var) -> (Oid, i16) {
        if v.varlevelsup as usize >= self.levels.len() || v.varno <= 0 {
            return (Oid::INVALID, 0);
        }
        let rte = &self.level(v.varlevelsup).rtable[(v.varno - 1) as usize];
        match &rte.kind {
            RteKind::Relation { relid, .. } => (*relid, v.varattno),
            RteKind::Subquery { subquery, .. } if v.varattno > 0 => {
                origin_in(&subquery.target_list, v.varattno)
            }
            RteKind::Cte { ctename, ctelevelsup, self_reference: false, .. } if v.varattno > 0 => {
                let up = v.varlevelsup + ctelevelsup;
                if up as usize >= self.levels.len() {
                    return (Oid::INVALID, 0);
                }
                let found = self.level(up).ctenamespace.iter().find(|c| c.cte.ctename == *ctename);
                match found {
                    Some(item) => {
                        let query = &item.cte.ctequery;
                        let list = if query.returning_list.is_empty() {
                            &query.target_list
                        } else {
                            &query.returning_list
                        };
                        origin_in(list, v.varattno)
                    }
                    None => (Oid::INVALID, 0),
                }
            }
            RteKind::Join { joinaliasvars, .. } if v.varattno > 0 => {
                match joinaliasvars.get(v.varattno as usize - 1) {
                    Some(Expr::Var(inner)) => {
                        let mut inner = inner.clone();
                        inner.varlevelsup += v.varlevelsup;
                        self.origin_of(&inner)
                    }
                    _ => (Oid::INVALID, 0),
                }
            }
            _ => (Oid::INVALID, 0),
        }
    }

    /// `*` or `t.*`.
    pub(crate) fn expand_column_ref_star(
        &mut self,
        c: &ast::ColumnRef,
        make_targets: bool,
    ) -> PgResult<StarExpansion> {
        let columns = match c.fields.len() {
            0 => self.expand_all_tables(c.location)?,
            _ => self.expand_table_star(c)?,
        };
        let mut targets = Vec::new();
        if make_targets {
            for (name, expr) in &columns {
                targets.push(self.make_target(expr.clone(), Some(name.clone()), false));
            }
        }
        Ok(StarExpansion { columns, targets })
    }

    fn expand_all_tables(&mut self, location: i32) -> PgResult<Vec<(String, Expr)>> {
        let mut columns = Vec::new();
        let mut found_table = false;
        let items: Vec<NsItem> =
            self.ps().namespace.iter().filter(|item| item.cols_visible).cloned().collect();
        for item in items {
            found_table = true;
            let vars = self.expand_nsitem_vars(&item, 0, location);
            self.mark_star_columns(&item, 0, &vars);
            columns.extend(vars);
        }
        if !found_table {
            return Err(
                err!(SYNTAX_ERROR, "SELECT * with no tables specified is not valid").at(location)
            );
        }
        Ok(columns)
    }

    /// Reading `*` of a table needs SELECT on the table even if it has no columns.
    fn mark_star_columns(&mut self, item: &NsItem, levels_up: u32, vars: &[(String, Expr)]) {
        if item.perminfo > 0 {
            let level = self.level_mut(levels_up);
            level.rteperminfos[(item.perminfo - 1) as usize].required_perms |= acl::SELECT;
        }
        for (_, var) in vars {
            if let Expr::Var(v) = var {
                self.mark_var_for_select(v);
            }
        }
    }

    fn expand_table_star(&mut self, c: &ast::ColumnRef) -> PgResult<Vec<(String, Expr)>> {
        if let Some(hooks) = self.hooks {
            if let Some(expr) = hooks.pre_column_ref(c)? {
                return self.expand_row_expr(expr, c.location);
            }
        }
        let (schema, rel) = match c.fields.as_slice() {
            [rel] => (None, rel.as_str()),
            [schema, rel] => (Some(schema.as_str()), rel.as_str()),
            [catalog, schema, rel] => {
                if *catalog != self.session.database_name() {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "cross-database references are not implemented: {}",
                        name_list(c)
                    )
                    .at(c.location));
                }
                (Some(schema.as_str()), rel.as_str())
            }
            _ => {
                return Err(err!(
                    SYNTAX_ERROR,
                    "improper qualified name (too many dotted names): {}",
                    name_list(c)
                )
                .at(c.location));
            }
        };
        let found = self.refname_nsitem(schema, rel, c.location)?;
        if let Some(hooks) = self.hooks {
            let seen = found.as_ref().map(|_| Self::int4_const(0));
            if let Some(expr) = hooks.post_column_ref(c, seen.as_ref())? {
                if found.is_some() {
                    return Err(err!(
                        AMBIGUOUS_COLUMN,
                        "column reference \"{}\" is ambiguous",
                        name_list(c)
                    )
                    .at(c.location));
                }
                return self.expand_row_expr(expr, c.location);
            }
        }
        if let (None, Some(hooks)) = (&found, self.hooks) {
            // A composite variable: its columns.
            let name = ast::ColumnRef { star: false, ..c.clone() };
            if let Some(variable) = hooks.post_column_ref(&name, None)? {
                return self.expand_row_expr(variable, c.location);
            }
        }
        let Some((item, levels_up)) = found else {
            return Err(self.missing_rte(&bare_range_var(schema, rel, c.location))?);
        };
        let vars = self.expand_nsitem_vars(&item, levels_up, c.location);
        self.mark_star_columns(&item, levels_up, &vars);
        Ok(vars)
    }

    fn expand_indirection_star(
        &mut self,
        ind: &ast::AIndirection,
        kind: ExprKind,
    ) -> PgResult<Vec<(String, Expr)>> {
        let mut prefix = ind.clone();
        prefix.indirection.pop();
        let location = prefix.arg.leftmost_location();
        let raw = if prefix.indirection.is_empty() {
            prefix.arg
        } else {
            ast::Expr::AIndirection(Box::new(prefix))
        };
        let expr = self.transform_expr(&raw, kind)?;
        self.expand_row_expr(expr, location)
    }

    /// The fields of a composite expression, each as an expression.
    fn expand_row_expr(&mut self, expr: Expr, location: i32) -> PgResult<Vec<(String, Expr)>> {
        if let Expr::Var(v) = &expr {
            if v.varattno == nodes::WHOLE_ROW_ATTNO {
                if let Some(item) = self.nsitem_of_var(v) {
                    let vars = self.expand_nsitem_vars(&item, v.varlevelsup, v.location);
                    self.mark_star_columns(&item, v.varlevelsup, &vars);
                    return Ok(vars);
                }
            }
        }
        let Some(columns) = self.expr_result_columns(&expr)? else {
            if expr.typ() == t::RECORD {
                return Err(err!(FEATURE_NOT_SUPPORTED, "record type has not been registered"));
            }
            return Err(err!(
                WRONG_OBJECT_TYPE,
                "type {} is not composite",
                self.format_type(expr.typ())?
            )
            .at(location));
        };
        Ok(columns
            .into_iter()
            .enumerate()
            .filter(|(_, c)| !c.name.is_empty())
            .map(|(i, c)| {
                let select = FieldSelect {
                    arg: expr.clone(),
                    fieldnum: i as i16 + 1,
                    resulttype: c.typ,
                    resulttypmod: c.typmod,
                    resultcollid: c.collation,
                };
                (c.name, Expr::FieldSelect(Box::new(select)))
            })
            .collect())
    }

    /// Columns of a Var of type record, found through the query that produces it.
    pub(crate) fn expand_record_variable(&self, v: &Var) -> PgResult<Option<Vec<ResultColumn>>> {
        if v.varno <= 0 || v.varlevelsup as usize >= self.levels.len() {
            return Ok(None);
        }
        let level = self.level(v.varlevelsup);
        let rte = &level.rtable[(v.varno - 1) as usize];
        if v.varattno == nodes::WHOLE_ROW_ATTNO {
            let columns = self.rte_columns(rte)?;
            return Ok(Some(columns));
        }
        let source = match &rte.kind {
            RteKind::Subquery { subquery, .. } => Some((&subquery.target_list, &**subquery)),
            RteKind::Cte { ctename, ctelevelsup, self_reference: false, .. } => {
                let up = v.varlevelsup + ctelevelsup;
                if up as usize >= self.levels.len() {
                    return Ok(None);
                }
                self.level(up).ctenamespace.iter().find(|c| c.cte.ctename == *ctename).map(|c| {
                    let q = &*c.cte.ctequery;
                    (
                        if q.returning_list.is_empty() {
                            &q.target_list
                        } else {
                            &q.returning_list
                        },
                        q,
                    )
                })
            }
            _ => None,
        };
        if let Some((list, query)) = source {
            if let Some(te) = list.iter().find(|te| te.resno == v.varattno && !te.resjunk) {
                return match &te.expr {
                    Expr::Var(inner) if inner.vartype == t::RECORD && inner.varlevelsup == 0 => {
                        let inner_rte = &query.rtable[(inner.varno - 1) as usize];
                        if inner.varattno == 0 {
                            Ok(Some(self.rte_columns(inner_rte)?))
                        } else {
                            Ok(None)
                        }
                    }
                    Expr::Var(_) => Ok(None),
                    other => self.expr_result_columns(other),
                };
            }
        }
        if let RteKind::Join { joinaliasvars, .. } = &rte.kind {
            if let Some(expr) = joinaliasvars.get(v.varattno as usize - 1) {
                return self.expr_result_columns(expr);
            }
        }
        Ok(None)
    }

    /// Names and types of all columns of a range table entry; dropped ones have an empty name.
    pub(crate) fn rte_columns(&self, rte: &nodes::RangeTblEntry) -> PgResult<Vec<ResultColumn>> {
        let names = &rte.eref.colnames;
        let typed = |types: &[Oid], typmods: &[i32], collations: &[Oid]| {
            types
                .iter()
                .enumerate()
                .map(|(i, typ)| ResultColumn {
                    name: names.get(i).cloned().unwrap_or_default(),
                    typ: *typ,
                    typmod: typmods[i],
                    collation: collations[i],
                })
                .collect::<Vec<_>>()
        };
        let from_expr = |i: usize, e: &Expr| ResultColumn {
            name: names.get(i).cloned().unwrap_or_default(),
            typ: e.typ(),
            typmod: e.typmod(),
            collation: e.collation(),
        };
        Ok(match &rte.kind {
            RteKind::Relation { relid, .. } => self
                .catalog
                .get_relation(*relid)?
                .attrs
                .iter()
                .enumerate()
                .map(|(i, a)| ResultColumn {
                    name: names.get(i).cloned().unwrap_or_default(),
                    typ: a.typ,
                    typmod: a.typmod,
                    collation: a.collation,
                })
                .collect(),
            RteKind::Subquery { subquery, .. } => subquery
                .target_list
                .iter()
                .filter(|te| !te.resjunk)
                .enumerate()
                .map(|(i, te)| from_expr(i, &te.expr))
                .collect(),
            RteKind::Join { joinaliasvars, .. } => {
                joinaliasvars.iter().enumerate().map(|(i, e)| from_expr(i, e)).collect()
            }
            RteKind::Group { groupexprs } => {
                groupexprs.iter().enumerate().map(|(i, e)| from_expr(i, e)).collect()
            }
            RteKind::Values { coltypes, coltypmods, colcollations, .. }
            | RteKind::Cte { coltypes, coltypmods, colcollations, .. }
            | RteKind::NamedTuplestore { coltypes, coltypmods, colcollations, .. } => {
                typed(coltypes, coltypmods, colcollations)
            }
            RteKind::TableFunc(tf) => typed(&tf.coltypes, &tf.coltypmods, &tf.colcollations),
            RteKind::Function { functions, funcordinality } => {
                let mut columns = Vec::new();
                for f in functions {
                    if !f.funccoltypes.is_empty() {
                        for (i, typ) in f.funccoltypes.iter().enumerate() {
                            columns.push(ResultColumn {
                                name: String::new(),
                                typ: *typ,
                                typmod: f.funccoltypmods[i],
                                collation: f.funccolcollations[i],
                            });
                        }
                    } else if let Some(own) = self.expr_result_columns(&f.funcexpr)? {
                        columns.extend(own);
                    } else {
                        columns.push(from_expr(0, &f.funcexpr));
                    }
                }
                if *funcordinality {
                    columns.push(ResultColumn {
                        name: String::new(),
                        typ: t::INT8,
                        typmod: -1,
                        collation: Oid::INVALID,
                    });
                }
                for (column, name) in columns.iter_mut().zip(names) {
                    column.name = name.clone();
                }
                columns
            }
            RteKind::Result => Vec::new(),
        })
    }
}

/// Columns that a `*` stands for.
pub(crate) struct StarExpansion {
    pub columns: Vec<(String, Expr)>,
    targets: Vec<TargetEntry>,
}

impl StarExpansion {
    fn into_targets(self) -> Vec<TargetEntry> {
        self.targets
    }
}

fn origin_in(list: &[TargetEntry], attno: i16) -> (Oid, i16) {
    list.iter()
        .find(|te| te.resno == attno && !te.resjunk)
        .map_or((Oid::INVALID, 0), |te| (te.resorigtbl, te.resorigcol))
}

pub(crate) fn name_list(c: &ast::ColumnRef) -> String {
    let mut text = c.fields.join(".");
    if c.star {
        text.push_str(".*");
    }
    text
}

fn set_to_default(raw: &ast::Expr) -> Expr {
    Expr::SetToDefault(CaseTestExpr {
        type_id: Oid::INVALID,
        type_mod: -1,
        collation: Oid::INVALID,
        location: raw.location(),
    })
}
