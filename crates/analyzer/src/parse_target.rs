//! Target lists: names of result columns, `*`, assignment to columns, fields and subscripts.
use crate::parse_func::ResultColumn;
use crate::parse_relation::{add_column, bare_range_var, system_attr};
use crate::parse_state::{Analyzer, ExprKind, NsItem};
use catalog::rows::Attribute;
use error::{PgError, PgResult, err};
use nodes::{
    CaseTestExpr, CoercionContext, CoercionForm, Expr, FieldSelect, FieldStore, RteKind,
    TargetEntry, Var, acl,
};
use parser::ast::{self, Indirection, ResTarget};
use types::{Oid, type_oid as t};

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

    /// Column numbers that an INSERT's column list means (all insertable ones without a list).
    pub(crate) fn check_insert_targets(
        &self,
        cols: &[ResTarget],
    ) -> PgResult<Vec<(i16, ResTarget)>> {
        let relation = self.ps().target_relation.clone().ok_or_else(no_target)?;
        if cols.is_empty() {
            return Ok(relation
                .attrs
                .iter()
                .filter(|a| !a.dropped)
                .map(|a| {
                    let target = ResTarget {
                        name: Some(a.name.clone()),
                        indirection: Vec::new(),
                        val: None,
                        location: -1,
                    };
                    (a.num, target)
                })
                .collect());
        }
        let mut whole: Vec<i16> = Vec::new();
        let mut partial: Vec<i16> = Vec::new();
        let mut result = Vec::with_capacity(cols.len());
        for col in cols {
            let name = col.name.as_deref().unwrap_or_default();
            let Some(attr) = relation.attr_by_name(name) else {
                return Err(err!(
                    UNDEFINED_COLUMN,
                    "column \"{name}\" of relation \"{}\" does not exist",
                    relation.name
                )
                .at(col.location));
            };
            let duplicate = whole.contains(&attr.num)
                || col.indirection.is_empty() && partial.contains(&attr.num);
            if duplicate {
                return Err(err!(DUPLICATE_COLUMN, "column \"{name}\" specified more than once")
                    .at(col.location));
            }
            // col[1], col[2] and col.f may each be given.
            if col.indirection.is_empty() { &mut whole } else { &mut partial }.push(attr.num);
            result.push((attr.num, col.clone()));
        }
        Ok(result)
    }

    /// Converts a value to its target column's type, assigning inside it if there is indirection.
    pub(crate) fn transform_assigned_expr(
        &mut self,
        expr: Expr,
        kind: ExprKind,
        colname: &str,
        attno: i16,
        indirection: &[Indirection],
        location: i32,
    ) -> PgResult<Expr> {
        let saved = std::mem::replace(&mut self.ps_mut().expr_kind, kind);
        let result = self.assigned_expr(expr, colname, attno, indirection, location);
        self.ps_mut().expr_kind = saved;
        result
    }

    fn assigned_expr(
        &mut self,
        mut expr: Expr,
        colname: &str,
        attno: i16,
        indirection: &[Indirection],
        location: i32,
    ) -> PgResult<Expr> {
        let relation = self.ps().target_relation.clone().ok_or_else(no_target)?;
        if attno <= 0 {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "cannot assign to system column \"{colname}\""
            )
            .at(location));
        }
        let attr: &Attribute = relation
            .attr(attno)
            .ok_or_else(|| PgError::internal(format!("column {attno} of target is missing")))?;
        let (typ, typmod, collation) = (attr.typ, attr.typmod, attr.collation);
        if let Expr::SetToDefault(d) = &mut expr {
            d.type_id = typ;
            d.type_mod = typmod;
            d.collation = collation;
            match indirection.first() {
                None => return Ok(expr),
                Some(Indirection::Indices(_)) => {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "cannot set an array element to DEFAULT"
                    )
                    .at(location));
                }
                Some(_) => {
                    return Err(err!(FEATURE_NOT_SUPPORTED, "cannot set a subfield to DEFAULT")
                        .at(location));
                }
            }
        }
        let source_type = expr.typ();
        if !indirection.is_empty() {
            let container = if self.ps().is_insert {
                // Nothing to start from: assign into a NULL of the column's type.
                self.null_const(typ, typmod, collation)?
            } else {
                let rtindex = self.ps().target_nsitem.as_ref().map_or(0, |i| i.rtindex);
                Expr::Var(Var {
                    varno: rtindex,
                    varattno: attno,
                    vartype: typ,
                    vartypmod: typmod,
                    varcollid: collation,
                    varnullingrels: Vec::new(),
                    varlevelsup: 0,
                    varreturningtype: nodes::VarReturningType::Default,
                    varnosyn: rtindex,
                    varattnosyn: attno,
                    location,
                })
            };
            let target = AssignTarget {
                name: colname.to_owned(),
                is_subscript: false,
                typ,
                typmod,
                collation,
            };
            return self.transform_assignment_indirection(
                Some(container),
                target,
                indirection,
                expr,
                CoercionContext::Assignment,
                location,
            );
        }
        let value_location = expr.location();
        let coerced = self.coerce_to_target_type(
            expr,
            source_type,
            typ,
            typmod,
            CoercionContext::Assignment,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        coerced.map_or_else(
            || {
                Err(err!(
                    DATATYPE_MISMATCH,
                    "column \"{colname}\" is of type {} but expression is of type {}",
                    self.format_type(typ)?,
                    self.format_type(source_type)?
                )
                .hint("You will need to rewrite or cast the expression.")
                .at(value_location))
            },
            Ok,
        )
    }

    /// One step into a column that is partly assigned: a field, or one or more subscripts.
    pub(crate) fn transform_assignment_indirection(
        &mut self,
        base: Option<Expr>,
        target: AssignTarget,
        indirection: &[Indirection],
        rhs: Expr,
        ccontext: CoercionContext,
        location: i32,
    ) -> PgResult<Expr> {
        let base = match base {
            Some(base) => base,
            None => Expr::CaseTestExpr(CaseTestExpr {
                type_id: target.typ,
                type_mod: target.typmod,
                collation: target.collation,
                location: -1,
            }),
        };
        match indirection.first() {
            Some(Indirection::Star) => {
                Err(err!(FEATURE_NOT_SUPPORTED, "row expansion via \"*\" is not supported here")
                    .at(location))
            }
            Some(Indirection::Indices(_)) => {
                let count =
                    indirection.iter().take_while(|i| matches!(i, Indirection::Indices(_))).count();
                self.assign_subscripts(base, target, indirection, count, rhs, ccontext, location)
            }
            Some(Indirection::Field(field)) => {
                self.assign_field(base, target, field, &indirection[1..], rhs, ccontext, location)
            }
            None => self.assign_final(target, rhs, ccontext, location),
        }
    }

    fn assign_final(
        &mut self,
        target: AssignTarget,
        rhs: Expr,
        ccontext: CoercionContext,
        location: i32,
    ) -> PgResult<Expr> {
        let source = rhs.typ();
        let coerced = self.coerce_to_target_type(
            rhs,
            source,
            target.typ,
            target.typmod,
            ccontext,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        if let Some(coerced) = coerced {
            return Ok(coerced);
        }
        let (wanted, got) = (self.format_type(target.typ)?, self.format_type(source)?);
        let name = &target.name;
        Err(if target.is_subscript {
            err!(
                DATATYPE_MISMATCH,
                "subscripted assignment to \"{name}\" requires type {wanted} but expression is of \
                 type {got}"
            )
        } else {
            err!(
                DATATYPE_MISMATCH,
                "subfield \"{name}\" is of type {wanted} but expression is of type {got}"
            )
        }
        .hint("You will need to rewrite or cast the expression.")
        .at(location))
    }

    fn assign_field(
        &mut self,
        base: Expr,
        target: AssignTarget,
        field: &str,
        rest: &[Indirection],
        rhs: Expr,
        ccontext: CoercionContext,
        location: i32,
    ) -> PgResult<Expr> {
        let (base_type, base_typmod) = self.base_type_and_typmod(target.typ, target.typmod)?;
        let Some(attrs) = self.composite_attrs(base_type)? else {
            return Err(err!(
                DATATYPE_MISMATCH,
                "cannot assign to field \"{field}\" of column \"{}\" because its type {} is not a \
                 composite type",
                target.name,
                self.format_type(target.typ)?
            )
            .at(location));
        };
        let Some(attr) = attrs.iter().find(|a| !a.dropped && a.name == field) else {
            if system_attr(field).is_some() {
                return Err(err!(UNDEFINED_COLUMN, "cannot assign to system column \"{field}\"")
                    .at(location));
            }
            return Err(err!(
                UNDEFINED_COLUMN,
                "cannot assign to field \"{field}\" of column \"{}\" because there is no such \
                 column in data type {}",
                target.name,
                self.format_type(target.typ)?
            )
            .at(location));
        };
        let inner = AssignTarget {
            name: field.to_owned(),
            is_subscript: false,
            typ: attr.typ,
            typmod: attr.typmod,
            collation: attr.collation,
        };
        let value =
            self.transform_assignment_indirection(None, inner, rest, rhs, ccontext, location)?;
        let store = Expr::FieldStore(Box::new(FieldStore {
            arg: base,
            newvals: vec![value],
            fieldnums: vec![attr.num],
            resulttype: base_type,
        }));
        if base_type == target.typ {
            return Ok(store);
        }
        self.coerce_to_domain(
            store,
            base_type,
            base_typmod,
            target.typ,
            CoercionContext::Implicit,
            CoercionForm::ImplicitCast,
            location,
            false,
        )
    }

    fn assign_subscripts(
        &mut self,
        base: Expr,
        target: AssignTarget,
        indirection: &[Indirection],
        count: usize,
        rhs: Expr,
        ccontext: CoercionContext,
        location: i32,
    ) -> PgResult<Expr> {
        let indices: Vec<&ast::AIndices> = indirection[..count]
            .iter()
            .filter_map(|i| match i {
                Indirection::Indices(indices) => Some(&**indices),
                _ => None,
            })
            .collect();
        let (container, container_typmod) = self.container_type(target.typ, target.typmod)?;
        let mut sbsref =
            self.transform_container_subscripts(base, container, container_typmod, &indices, true)?;
        let needed = sbsref.refrestype;
        let needed_typmod = if sbsref.refcontainertype == t::JSONB { -1 } else { container_typmod };
        let inner = AssignTarget {
            name: target.name.clone(),
            is_subscript: true,
            typ: needed,
            typmod: needed_typmod,
            collation: self.type_collation(needed)?,
        };
        let value = self.transform_assignment_indirection(
            None,
            inner,
            &indirection[count..],
            rhs,
            ccontext,
            location,
        )?;
        sbsref.refassgnexpr = Some(value);
        sbsref.refrestype = sbsref.refcontainertype;
        sbsref.reftypmod = container_typmod;
        let result = Expr::SubscriptingRef(Box::new(sbsref));
        if container == target.typ {
            return Ok(result);
        }
        let source = result.typ();
        let coerced = self.coerce_to_target_type(
            result,
            source,
            target.typ,
            target.typmod,
            CoercionContext::Assignment,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        coerced.map_or_else(
            || {
                Err(err!(
                    CANNOT_COERCE,
                    "cannot cast type {} to {}",
                    self.format_type(source)?,
                    self.format_type(target.typ)?
                )
                .at(location))
            },
            Ok,
        )
    }

    /// Turns a SET item into an assignment to its column.
    pub(crate) fn update_target_entry(
        &mut self,
        target: &mut TargetEntry,
        colname: &str,
        attno: i16,
        indirection: &[Indirection],
        location: i32,
    ) -> PgResult<()> {
        let expr = std::mem::replace(&mut target.expr, Self::int4_const(0));
        target.expr = self.transform_assigned_expr(
            expr,
            ExprKind::UpdateTarget,
            colname,
            attno,
            indirection,
            location,
        )?;
        target.resno = attno;
        target.resname = Some(colname.to_owned());
        Ok(())
    }

    /// Notes that a column of the target table is written.
    pub(crate) fn mark_updated(&mut self, attno: i16) {
        let ps = self.ps_mut();
        if let Some(item) = &ps.target_nsitem {
            if item.perminfo > 0 {
                add_column(&mut ps.rteperminfos[(item.perminfo - 1) as usize].updated_cols, attno);
            }
        }
    }
}

/// What is being assigned to, at one step of indirection.
pub(crate) struct AssignTarget {
    pub name: String,
    pub is_subscript: bool,
    pub typ: Oid,
    pub typmod: i32,
    pub collation: Oid,
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

fn no_target() -> PgError {
    PgError::internal("statement has no target relation")
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

/// The name a result column gets without AS.
pub fn figure_colname(raw: &ast::Expr) -> String {
    figure_name(raw).map_or_else(|| "?column?".to_owned(), |(name, _)| name)
}

/// The name an expression suggests for an index column, if any.
pub fn figure_index_colname(raw: &ast::Expr) -> Option<String> {
    figure_name(raw).map(|(name, _)| name)
}

/// Name and whether it is a strong choice (a column or function rather than a cast's type).
fn figure_name(raw: &ast::Expr) -> Option<(String, bool)> {
    use ast::Expr as E;
    let strong = |name: &str| Some((name.to_owned(), true));
    match raw {
        E::ColumnRef(c) => c.fields.last().and_then(|name| strong(name)),
        E::AIndirection(ind) => {
            let field = ind.indirection.iter().rev().find_map(|i| match i {
                Indirection::Field(name) => Some(name),
                _ => None,
            });
            match field {
                Some(name) => strong(name),
                None => figure_name(&ind.arg),
            }
        }
        E::FuncCall(f) => f.funcname.last().and_then(|name| strong(name)),
        E::AExpr(e) if e.kind == ast::AExprKind::NullIf => strong("nullif"),
        E::TypeCast(c) => match figure_name(&c.arg) {
            Some((name, true)) => Some((name, true)),
            _ => c.type_name.names.last().map(|name| (name.clone(), false)),
        },
        E::CollateClause(c) => c.arg.as_ref().and_then(figure_name),
        E::GroupingFunc(_) => strong("grouping"),
        E::MergeSupportFunc(_) => strong("merge_action"),
        E::SubLink(s) => match s.sub_link_type {
            ast::SubLinkType::Exists => strong("exists"),
            ast::SubLinkType::Array => strong("array"),
            ast::SubLinkType::Expr => subselect_name(&s.subselect),
            _ => None,
        },
        E::CaseExpr(c) => match c.defresult.as_ref().and_then(figure_name) {
            Some((name, true)) => Some((name, true)),
            _ => Some(("case".to_owned(), false)),
        },
        E::AArrayExpr(_) => strong("array"),
        E::RowExpr(_) => strong("row"),
        E::CoalesceExpr(_) => strong("coalesce"),
        E::MinMaxExpr(m) => strong(match m.op {
            ast::MinMaxOp::Greatest => "greatest",
            ast::MinMaxOp::Least => "least",
        }),
        E::SQLValueFunction(f) => strong(sql_value_function_name(f.op)),
        E::XmlExpr(x) => match x.op {
            ast::XmlExprOp::Concat => strong("xmlconcat"),
            ast::XmlExprOp::Element => strong("xmlelement"),
            ast::XmlExprOp::Forest => strong("xmlforest"),
            ast::XmlExprOp::Parse => strong("xmlparse"),
            ast::XmlExprOp::Pi => strong("xmlpi"),
            ast::XmlExprOp::Root => strong("xmlroot"),
            _ => None,
        },
        E::XmlSerialize(_) => strong("xmlserialize"),
        E::JsonParseExpr(_) => strong("json"),
        E::JsonScalarExpr(_) => strong("json_scalar"),
        E::JsonSerializeExpr(_) => strong("json_serialize"),
        E::JsonObjectConstructor(_) => strong("json_object"),
        E::JsonArrayConstructor(_) | E::JsonArrayQueryConstructor(_) => strong("json_array"),
        E::JsonObjectAgg(_) => strong("json_objectagg"),
        E::JsonArrayAgg(_) => strong("json_arrayagg"),
        E::JsonFuncExpr(f) => match f.op {
            ast::JsonExprOp::Exists => strong("json_exists"),
            ast::JsonExprOp::Query => strong("json_query"),
            ast::JsonExprOp::Value => strong("json_value"),
            ast::JsonExprOp::Table => None,
        },
        _ => None,
    }
}

/// A scalar subselect takes its single column's name.
fn subselect_name(select: &ast::SelectStmt) -> Option<(String, bool)> {
    let mut leftmost = select;
    while let Some(left) = &leftmost.larg {
        leftmost = left;
    }
    if !leftmost.values_lists.is_empty() {
        return Some(("column1".to_owned(), true));
    }
    let target = leftmost.target_list.first()?;
    if let Some(name) = &target.name {
        return Some((name.clone(), true));
    }
    target.val.as_ref().and_then(figure_name)
}

fn sql_value_function_name(op: ast::SQLValueFunctionOp) -> &'static str {
    use ast::SQLValueFunctionOp as O;
    match op {
        O::CurrentDate => "current_date",
        O::CurrentTime | O::CurrentTimeN => "current_time",
        O::CurrentTimestamp | O::CurrentTimestampN => "current_timestamp",
        O::LocalTime | O::LocalTimeN => "localtime",
        O::LocalTimestamp | O::LocalTimestampN => "localtimestamp",
        O::CurrentRole => "current_role",
        O::CurrentUser => "current_user",
        O::User => "user",
        O::SessionUser => "session_user",
        O::CurrentCatalog => "current_catalog",
        O::CurrentSchema => "current_schema",
    }
}
