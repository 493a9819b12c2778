//! Views in FROM become subqueries.
use crate::parse_state::Analyzer;
use catalog::rows::RelationDesc;
use error::{PgResult, err, not_supported};
use nodes::{CmdType, Expr, JoinTreeNode, Query, RowMarkClause, RteKind, acl};
use std::sync::Arc;
use types::Oid;

/// A boolean storage option of a view.
pub(super) fn view_option(view: &RelationDesc, name: &str) -> bool {
    view.reloptions.iter().any(|option| {
        option.split_once('=').is_some_and(|(key, value)| {
            key == name
                && matches!(value.to_ascii_lowercase().as_str(), "true" | "on" | "yes" | "1")
        })
    })
}

impl Analyzer<'_> {
    /// Expands every view that the query reads, at all levels.
    pub(super) fn expand_views(
        &mut self,
        query: &mut Query,
        active: &mut Vec<Oid>,
    ) -> PgResult<()> {
        error::check_stack_depth()?;
        for index in 0..query.rtable.len() {
            let rti = index as i32 + 1;
            let (relid, relkind) = match &mut query.rtable[index].kind {
                RteKind::Subquery { subquery, view: None, .. } => {
                    let mut inner = std::mem::take(&mut **subquery);
                    self.expand_views(&mut inner, active)?;
                    put_subquery(query, index, inner);
                    continue;
                }
                RteKind::Relation { relid, relkind, .. } => (*relid, *relkind),
                _ => continue,
            };
            if matches!(relkind, 'c' | 'S' | 'f' | 't') {
                continue;
            }
            let relation = self.catalog.get_relation(relid)?;
            if relkind == 'v' {
                self.expand_view(query, index, &relation, active)?;
            } else if relation.row_security {
                self.check_row_security(query, rti, &relation)?;
            }
        }
        for i in 0..query.cte_list.len() {
            let cte = &mut query.cte_list[i];
            if cte.search_clause.is_some() || cte.cycle_clause.is_some() {
                self.rewrite_search_and_cycle(cte)?;
            }
            let mut inner = std::mem::take(&mut *query.cte_list[i].ctequery);
            self.expand_views(&mut inner, active)?;
            *query.cte_list[i].ctequery = inner;
        }
        if query.has_sub_links || has_sub_links(query) {
            let mut result = Ok(());
            query.for_each_expr_mut(&mut |e| {
                if result.is_ok() {
                    result = self.expand_in_expr(e, active);
                }
            });
            result?;
        }
        Ok(())
    }

    fn expand_in_expr(&mut self, expr: &mut Expr, active: &mut Vec<Oid>) -> PgResult<()> {
        if let Expr::SubLink(s) = expr {
            self.expand_views(&mut s.subselect, active)?;
        }
        let mut result = Ok(());
        expr.for_each_child_mut(&mut |child| {
            if result.is_ok() {
                result = self.expand_in_expr(child, active);
            }
        });
        result
    }

    fn expand_view(
        &mut self,
        query: &mut Query,
        index: usize,
        view: &Arc<RelationDesc>,
        active: &mut Vec<Oid>,
    ) -> PgResult<()> {
        let rti = index as i32 + 1;
        if rti == query.result_relation && !self.split_target_view(query, rti, view)? {
            return Ok(());
        }
        let Some(rule) = view.rules.iter().find(|r| r.event == '1') else {
            return Err(error::PgError::internal(format!(
                "view \"{}\" has no rule _RETURN",
                view.name
            )));
        };
        if active.contains(&view.oid) {
            return Err(err!(
                INVALID_OBJECT_DEFINITION,
                "infinite recursion detected in rules for relation \"{}\"",
                view.name
            ));
        }
        let Some(action) = rule.actions.first() else {
            return Err(error::PgError::internal("view rule without action"));
        };
        let mut inner = action.clone();
        self.prepare_view_query(&mut inner, view)?;
        // FOR UPDATE of the view locks the rows of its tables.
        if let Some(mark) = query.row_marks.iter().find(|m| m.rti == rti) {
            let mark = mark.clone();
            mark_for_locking(&mut inner, &mark);
        }
        active.push(view.oid);
        let result = self.expand_views(&mut inner, active);
        active.pop();
        result?;
        let security_barrier = view_option(view, "security_barrier");
        let rte = &mut query.rtable[index];
        let RteKind::Relation { perminfoindex, .. } = rte.kind else {
            return Err(error::PgError::internal("view entry is not a relation"));
        };
        rte.inh = false;
        rte.kind = RteKind::Subquery {
            subquery: Box::new(inner),
            security_barrier,
            view: Some((view.oid, perminfoindex)),
        };
        Ok(())
    }

    /// A view that is changed through its INSTEAD OF triggers: the target becomes an entry of its own,
    /// and the view is read beside it. False if it is not read at all.
    fn split_target_view(
        &mut self,
        query: &mut Query,
        rti: i32,
        view: &Arc<RelationDesc>,
    ) -> PgResult<bool> {
        // The target of INSERT is never read.
        if query.command_type == CmdType::Insert {
            return Ok(false);
        }
        if query.command_type == CmdType::Merge {
            return Err(not_supported!("MERGE on a view with INSTEAD OF triggers"));
        }
        let target = query.rte(rti).clone();
        query.rtable.push(target);
        query.result_relation = query.rtable.len() as i32;
        if let RteKind::Relation { perminfoindex, .. } = &mut query.rtable[rti as usize - 1].kind {
            *perminfoindex = 0;
        }
        // RETURNING is about the new row, the rest of the query about the old one.
        let new = query.result_relation;
        for entry in &mut query.returning_list {
            super::tree::change_expr_vars(&mut entry.expr, rti, new);
        }
        query.target_list.push(nodes::TargetEntry {
            expr: nodes::Expr::Var(nodes::Var {
                varno: rti,
                varattno: 0,
                vartype: view.reltype,
                vartypmod: -1,
                varcollid: types::Oid::INVALID,
                varnullingrels: Vec::new(),
                varlevelsup: 0,
                varreturningtype: Default::default(),
                varnosyn: 0,
                varattnosyn: 0,
                location: -1,
            }),
            resno: query.target_list.len() as i16 + 1,
            resname: Some("wholerow".to_owned()),
            ressortgroupref: 0,
            resorigtbl: types::Oid::INVALID,
            resorigcol: 0,
            resjunk: true,
        });
        Ok(true)
    }

    /// Locks the tables of a view's query and sets whose permissions they are checked with.
    pub(super) fn prepare_view_query(
        &mut self,
        inner: &mut Query,
        view: &RelationDesc,
    ) -> PgResult<()> {
        self.lock_query_relations(inner)?;
        if !view_option(view, "security_invoker") {
            set_check_as_user(inner, view.owner);
        }
        Ok(())
    }

    fn lock_query_relations(&mut self, query: &Query) -> PgResult<()> {
        for rte in &query.rtable {
            match &rte.kind {
                RteKind::Relation { relid, rellockmode, .. } => {
                    self.locker.lock_relation(*relid, (*rellockmode).max(1))?;
                }
                RteKind::Subquery { subquery, .. } => self.lock_query_relations(subquery)?,
                _ => {}
            }
        }
        for cte in &query.cte_list {
            self.lock_query_relations(&cte.ctequery)?;
        }
        let mut result = Ok(());
        query.for_each_expr(&mut |e| {
            nodes::walk::visit_expr_deep(e, 0, &mut |e, _| {
                if let Expr::SubLink(s) = e {
                    if result.is_ok() {
                        result = self.lock_query_relations(&s.subselect);
                    }
                }
            });
        });
        result
    }

    /// Row-level security applies unless the role owns the table, bypasses it or is a superuser.
    fn check_row_security(&self, query: &Query, rti: i32, relation: &RelationDesc) -> PgResult<()> {
        let RteKind::Relation { perminfoindex, .. } = query.rte(rti).kind else { return Ok(()) };
        let user = match perminfoindex {
            0 => self.catalog.current_user(),
            n => match query.rteperminfos[(n - 1) as usize].check_as_user {
                user if user.is_valid() => user,
                _ => self.catalog.current_user(),
            },
        };
        let bypass =
            self.catalog.lookup_role(user)?.is_some_and(|role| role.superuser || role.bypassrls);
        let owner = self.catalog.has_role_privileges(user, relation.owner)?;
        if bypass || owner && !relation.force_row_security {
            return Ok(());
        }
        Err(not_supported!("row-level security"))
    }
}

fn put_subquery(query: &mut Query, index: usize, inner: Query) {
    if let RteKind::Subquery { subquery, .. } = &mut query.rtable[index].kind {
        **subquery = inner;
    }
}

fn has_sub_links(query: &Query) -> bool {
    let mut found = false;
    query.for_each_expr(&mut |e| {
        found = found || e.any(&mut |x| matches!(x, Expr::SubLink(_)));
    });
    found
}

/// Tables of a view are checked with its owner's permissions.
pub(super) fn set_check_as_user(query: &mut Query, user: Oid) {
    for info in &mut query.rteperminfos {
        info.check_as_user = user;
    }
    for rte in &mut query.rtable {
        if let RteKind::Subquery { subquery, .. } = &mut rte.kind {
            set_check_as_user(subquery, user);
        }
    }
    for cte in &mut query.cte_list {
        set_check_as_user(&mut cte.ctequery, user);
    }
    query.for_each_expr_mut(&mut |e| set_in_expr(e, user));
}

fn set_in_expr(expr: &mut Expr, user: Oid) {
    if let Expr::SubLink(s) = expr {
        set_check_as_user(&mut s.subselect, user);
    }
    expr.for_each_child_mut(&mut |child| set_in_expr(child, user));
}

/// Adds a row mark to every table in a view's join tree.
fn mark_for_locking(query: &mut Query, mark: &RowMarkClause) {
    if query.command_type != CmdType::Select {
        return;
    }
    let mut members = Vec::new();
    for node in &query.jointree.fromlist {
        collect(node, &mut members);
    }
    for rti in members {
        match &mut query.rtable[(rti - 1) as usize].kind {
            RteKind::Relation { perminfoindex, .. } => {
                let perm = *perminfoindex;
                apply_mark(query, rti, mark);
                if perm > 0 {
                    query.rteperminfos[(perm - 1) as usize].required_perms |= acl::UPDATE;
                }
            }
            RteKind::Subquery { subquery, .. } => {
                mark_for_locking(subquery, mark);
                apply_mark(query, rti, mark);
            }
            _ => {}
        }
    }
}

fn apply_mark(query: &mut Query, rti: i32, mark: &RowMarkClause) {
    query.has_for_update = true;
    if let Some(own) = query.row_marks.iter_mut().find(|m| m.rti == rti) {
        own.strength = own.strength.max(mark.strength);
        own.wait_policy = own.wait_policy.max(mark.wait_policy);
        return;
    }
    query.row_marks.push(RowMarkClause {
        rti,
        strength: mark.strength,
        wait_policy: mark.wait_policy,
        pushed_down: true,
    });
}

fn collect(node: &JoinTreeNode, out: &mut Vec<i32>) {
    match node {
        JoinTreeNode::RangeTblRef(rti) => out.push(*rti),
        JoinTreeNode::JoinExpr(j) => {
            collect(&j.larg, out);
            collect(&j.rarg, out);
        }
        JoinTreeNode::FromExpr(f) => f.fromlist.iter().for_each(|n| collect(n, out)),
    }
}
