//! Items of FROM.
use crate::parse_state::{Analyzer, ExprKind, NsItem, ParseState};
use crate::table_alias::node_alias;
use error::{PgResult, err};
use nodes::{Expr, JoinTreeNode, RteKind, TableSampleClause, acl};
use parser::ast::{self, TableRef};
use types::type_oid as t;

impl Analyzer<'_> {
    /// FROM: adds its tables to the range table, the join tree and the scope.
    pub(crate) fn transform_from_clause(&mut self, from: &[TableRef]) -> PgResult<()> {
        for item in from {
            let (node, _top, mut namespace) = self.transform_from_item(item)?;
            self.check_namespace_conflicts(&self.ps().namespace, &namespace)?;
            // Until FROM is done, later items see these only if LATERAL.
            set_lateral(&mut namespace, true, true);
            let ps = self.ps_mut();
            ps.joinlist.push(node);
            ps.namespace.extend(namespace);
        }
        set_lateral(&mut self.ps_mut().namespace, false, true);
        Ok(())
    }

    /// One item: its join tree node, its own scope entry, and all entries it brings into scope.
    pub(crate) fn transform_from_item(
        &mut self,
        item: &TableRef,
    ) -> PgResult<(JoinTreeNode, NsItem, Vec<NsItem>)> {
        error::check_stack_depth()?;
        let nsitem = match item {
            TableRef::RangeVar(rv) => self.transform_range_var(rv)?,
            TableRef::RangeSubselect(r) => self.transform_range_subselect(r)?,
            TableRef::RangeFunction(r) => self.transform_range_function(r)?,
            TableRef::RangeTableFunc(r) => self.transform_range_table_func(r)?,
            TableRef::JsonTable(r) => self.transform_json_table(r)?,
            TableRef::RangeTableSample(r) => self.transform_table_sample(r)?,
            TableRef::JoinExpr(j) => return self.transform_join(j),
        };
        let namespace = vec![nsitem.clone()];
        Ok((JoinTreeNode::RangeTblRef(nsitem.rtindex), nsitem, namespace))
    }

    fn transform_range_var(&mut self, rv: &ast::RangeVar) -> PgResult<NsItem> {
        if rv.schemaname.is_none() {
            if let Some((levels_up, index)) = self.find_cte(&rv.relname) {
                return self.add_rte_for_cte(levels_up, index, rv);
            }
            let ephemeral = self.ephemeral;
            if let Some(found) = ephemeral.iter().find(|e| e.name == rv.relname) {
                return self.add_rte_for_ephemeral(&found.name, found.relid, rv);
            }
        }
        let alias = rv.alias.as_deref().map(node_alias);
        self.add_rte_for_rangevar(rv, alias, rv.inh, true)
    }

    /// The WITH item of that name in scope: levels up and index there.
    pub(crate) fn find_cte(&self, name: &str) -> Option<(u32, usize)> {
        (0..self.levels.len() as u32).find_map(|up| {
            self.level(up)
                .ctenamespace
                .iter()
                .position(|item| item.cte.ctename == name)
                .map(|index| (up, index))
        })
    }

    fn transform_range_subselect(&mut self, r: &ast::RangeSubselect) -> PgResult<NsItem> {
        self.ps_mut().expr_kind = ExprKind::FromSubselect;
        self.ps_mut().lateral_active = r.lateral;
        let locked = self.is_locked_refname(r.alias.as_ref().map(|a| a.aliasname.as_str()));
        let level = ParseState { locked_from_parent: locked, ..ParseState::new() };
        let query = self.sub_analyze_select(&r.subquery, level)?;
        self.ps_mut().lateral_active = false;
        self.ps_mut().expr_kind = ExprKind::None;
        let alias = r.alias.as_ref().map(node_alias);
        self.add_rte_for_subquery(query, alias, r.lateral, true)
    }

    fn transform_table_sample(&mut self, r: &ast::RangeTableSample) -> PgResult<NsItem> {
        let nsitem = self.transform_range_var(&r.relation)?;
        let index = (nsitem.rtindex - 1) as usize;
        let sampled = matches!(
            self.ps().rtable[index].kind,
            RteKind::Relation { relkind: 'r' | 'm' | 'p', .. }
        );
        if !sampled {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "TABLESAMPLE clause can only be applied to tables and materialized views"
            )
            .at(r.relation.location));
        }
        let clause = self.transform_sample_clause(r)?;
        if let RteKind::Relation { tablesample, .. } = &mut self.ps_mut().rtable[index].kind {
            *tablesample = Some(Box::new(clause));
        }
        Ok(nsitem)
    }

    fn transform_sample_clause(
        &mut self,
        r: &ast::RangeTableSample,
    ) -> PgResult<TableSampleClause> {
        let name = r.method.join(".");
        let candidates = self.function_candidates(
            &r.method,
            1,
            &[],
            crate::parse_func_candidates::CandidateOptions {
                expand_variadic: false,
                expand_defaults: false,
                include_out: false,
            },
        )?;
        let handler = candidates
            .iter()
            .find(|c| c.args == [t::INTERNAL])
            .ok_or_else(|| {
                err!(UNDEFINED_OBJECT, "tablesample method {name} does not exist").at(r.location)
            })?
            .oid;
        if self.catalog.get_proc(handler)?.rettype != t::TSM_HANDLER {
            return Err(err!(WRONG_OBJECT_TYPE, "function {name} must return type tsm_handler")
                .at(r.location));
        }
        // Both built-in methods take one percentage and are repeatable.
        let parameters = [t::FLOAT4];
        if r.args.len() != parameters.len() {
            return Err(err!(
                INVALID_TABLESAMPLE_ARGUMENT,
                "tablesample method {name} requires {} argument, not {}",
                parameters.len(),
                r.args.len()
            )
            .at(r.location));
        }
        let mut args = Vec::new();
        for (raw, typ) in r.args.iter().zip(parameters) {
            let expr = self.transform_expr(raw, ExprKind::FromFunction)?;
            let mut expr = self.coerce_to_specific_type(expr, typ, "TABLESAMPLE")?;
            self.assign_expr_collations(&mut expr)?;
            args.push(expr);
        }
        let repeatable = match &r.repeatable {
            None => None,
            Some(raw) => {
                let expr = self.transform_expr(raw, ExprKind::FromFunction)?;
                let mut expr = self.coerce_to_specific_type(expr, t::FLOAT8, "REPEATABLE")?;
                self.assign_expr_collations(&mut expr)?;
                Some(expr)
            }
        };
        Ok(TableSampleClause { tsmhandler: handler, args, repeatable })
    }

    /// Opens the target of INSERT, UPDATE, DELETE, MERGE and makes it the first scope entry if asked.
    pub(crate) fn set_target_table(
        &mut self,
        rv: &ast::RangeVar,
        inh: bool,
        also_source: bool,
        required_perms: u64,
    ) -> PgResult<i32> {
        if rv.schemaname.is_none() && self.ephemeral.iter().any(|e| e.name == rv.relname) {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "relation \"{}\" cannot be the target of a modifying statement",
                rv.relname
            ));
        }
        let relation = self.parser_open_table(rv, 3)?;
        let alias = rv.alias.as_deref().map(node_alias);
        let nsitem = self.add_rte_for_relation(&relation, 3, alias, inh, false)?;
        let ps = self.ps_mut();
        ps.target_relation = Some(relation);
        ps.target_nsitem = Some(nsitem.clone());
        let info = &mut ps.rteperminfos[(nsitem.perminfo - 1) as usize];
        info.required_perms = required_perms & !acl::SELECT;
        if also_source {
            self.add_nsitem_to_query(&nsitem, true, true, true)?;
        }
        Ok(nsitem.rtindex)
    }

    /// Adds an entry to the join tree and the scope.
    pub(crate) fn add_nsitem_to_query(
        &mut self,
        nsitem: &NsItem,
        to_join_list: bool,
        to_rel_namespace: bool,
        to_var_namespace: bool,
    ) -> PgResult<()> {
        if to_join_list {
            self.ps_mut().joinlist.push(JoinTreeNode::RangeTblRef(nsitem.rtindex));
        }
        if to_rel_namespace || to_var_namespace {
            let mut item = nsitem.clone();
            item.rel_visible = to_rel_namespace;
            item.cols_visible = to_var_namespace;
            item.lateral_only = false;
            item.lateral_ok = true;
            self.ps_mut().namespace.push(item);
        }
        Ok(())
    }

    /// A condition: WHERE, HAVING, FILTER, ON.
    pub(crate) fn transform_where(
        &mut self,
        clause: &ast::Expr,
        kind: ExprKind,
        construct: &str,
    ) -> PgResult<Expr> {
        let qual = self.transform_expr(clause, kind)?;
        self.coerce_to_boolean(qual, construct)
    }

    /// LIMIT or OFFSET.
    pub(crate) fn transform_limit(
        &mut self,
        clause: Option<&ast::Expr>,
        kind: ExprKind,
        construct: &str,
        option: ast::LimitOption,
    ) -> PgResult<Option<Expr>> {
        let Some(clause) = clause else { return Ok(None) };
        let expr = self.transform_expr(clause, kind)?;
        let expr = self.coerce_to_specific_type(expr, t::INT8, construct)?;
        self.check_no_local_refs(&expr, construct)?;
        if kind == ExprKind::Limit
            && option == ast::LimitOption::WithTies
            && matches!(clause, ast::Expr::AConst(ast::AConst { val: ast::ConstValue::Null, .. }))
        {
            return Err(err!(
                INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
                "row count cannot be null in FETCH FIRST ... WITH TIES clause"
            ));
        }
        Ok(Some(expr))
    }

    /// Raises if an expression refers to its own query's columns.
    pub(crate) fn check_no_local_refs(&self, expr: &Expr, construct: &str) -> PgResult<()> {
        match crate::parse_agg::locate_var_of_level(expr, 0) {
            Some(at) => Err(err!(
                INVALID_COLUMN_REFERENCE,
                "argument of {construct} must not contain variables"
            )
            .at(at)),
            None => Ok(()),
        }
    }
}

/// Marks scope entries as reachable by LATERAL only.
pub(crate) fn set_lateral(namespace: &mut [NsItem], lateral_only: bool, lateral_ok: bool) {
    for item in namespace {
        item.lateral_only = lateral_only;
        item.lateral_ok = lateral_ok;
    }
}
