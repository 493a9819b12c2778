//! INSERT, UPDATE, DELETE and MERGE on simple views work on their base table.
use super::tree::{
    NoMatch, VarReplacement, add_qual, change_expr_vars, change_var_nodes, replace_vars,
};
use super::view_expansion::view_option;
use crate::parse_relation::add_column;
use crate::parse_state::Analyzer;
use catalog::rows::RelationDesc;
use error::{PgError, PgResult, err, not_supported};
use nodes::{
    CmdType, Expr, JoinTreeNode, Query, RTEPermissionInfo, RteKind, TargetEntry, WithCheckOption,
};
use types::Oid;

/// Why a view's query has no single base table to work on.
pub fn not_updatable_reason(q: &Query) -> Option<&'static str> {
    Some(if !q.distinct_clause.is_empty() {
        "Views containing DISTINCT are not automatically updatable."
    } else if !q.group_clause.is_empty() || !q.grouping_sets.is_empty() {
        "Views containing GROUP BY are not automatically updatable."
    } else if q.having_qual.is_some() {
        "Views containing HAVING are not automatically updatable."
    } else if q.set_operations.is_some() {
        "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable."
    } else if !q.cte_list.is_empty() {
        "Views containing WITH are not automatically updatable."
    } else if q.limit_offset.is_some() || q.limit_count.is_some() {
        "Views containing LIMIT or OFFSET are not automatically updatable."
    } else if q.has_aggs {
        "Views that return aggregate functions are not automatically updatable."
    } else if q.has_window_funcs {
        "Views that return window functions are not automatically updatable."
    } else if q.has_target_srfs {
        "Views that return set-returning functions are not automatically updatable."
    } else {
        return single_base(q);
    })
}

fn single_base(q: &Query) -> Option<&'static str> {
    const NOT_SINGLE: &str =
        "Views that do not select from a single table or view are not automatically updatable.";
    let [JoinTreeNode::RangeTblRef(rti)] = q.jointree.fromlist.as_slice() else {
        return Some(NOT_SINGLE);
    };
    match &q.rte(*rti).kind {
        RteKind::Relation { tablesample: Some(_), .. } => {
            Some("Views containing TABLESAMPLE are not automatically updatable.")
        }
        RteKind::Relation { relkind: 'r' | 'v' | 'f' | 'p', .. } => None,
        _ => Some(NOT_SINGLE),
    }
}

/// The base column a view's column is, or why it is none.
pub fn base_column(te: &TargetEntry, base: i32) -> Result<i16, &'static str> {
    match &te.expr {
        Expr::Var(v) if v.varno == base && v.varlevelsup == 0 && !te.resjunk => match v.varattno {
            0 => Err("View columns that return whole-row references are not updatable."),
            n if n < 0 => Err("View columns that refer to system columns are not updatable."),
            n => Ok(n),
        },
        _ => Err("View columns that are not columns of their base relation are not updatable."),
    }
}

/// The error for a view that cannot be a target.
pub(super) fn view_not_updatable(event: CmdType, name: &str, reason: &str) -> PgError {
    let (message, verb) = match event {
        CmdType::Insert => (format!("cannot insert into view \"{name}\""), "inserting into"),
        CmdType::Update => (format!("cannot update view \"{name}\""), "updating"),
        CmdType::Delete => (format!("cannot delete from view \"{name}\""), "deleting from"),
        _ => (format!("cannot merge into view \"{name}\""), "merging into"),
    };
    let e = err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "{message}").detail(reason);
    let kind = match event {
        CmdType::Insert => "INSERT",
        CmdType::Update => "UPDATE",
        CmdType::Delete => "DELETE",
        _ => return e,
    };
    e.hint(format!(
        "To enable {verb} the view, provide an INSTEAD OF {kind} trigger or an unconditional ON \
         {kind} DO INSTEAD rule."
    ))
}

impl Analyzer<'_> {
    /// Whether the view is served by INSTEAD OF triggers.
    pub(super) fn view_has_instead_trigger(&self, view: &RelationDesc, query: &Query) -> bool {
        // Bits of pg_trigger.tgtype.
        const INSTEAD: i16 = 64;
        let has = |event: i16| {
            view.triggers.iter().any(|t| t.tgtype & (INSTEAD | event) == INSTEAD | event)
        };
        match query.command_type {
            CmdType::Insert => has(4),
            CmdType::Delete => has(8),
            CmdType::Update => has(16),
            CmdType::Merge => query.merge_action_list.iter().all(|a| match a.command_type {
                CmdType::Insert => has(4),
                CmdType::Delete => has(8),
                CmdType::Update => has(16),
                _ => true,
            }),
            _ => false,
        }
    }

    /// Points a query at the base table of its target view.
    pub(super) fn rewrite_target_view(
        &mut self,
        mut query: Query,
        view: &RelationDesc,
    ) -> PgResult<Query> {
        let event = query.command_type;
        let Some(action) =
            view.rules.iter().find(|r| r.event == '1').and_then(|r| r.actions.first())
        else {
            return Err(PgError::internal(format!("view \"{}\" has no rule _RETURN", view.name)));
        };
        let mut view_query = action.clone();
        if let Some(reason) = not_updatable_reason(&view_query) {
            return Err(view_not_updatable(event, &view.name, reason));
        }
        self.prepare_view_query(&mut view_query, view)?;
        let JoinTreeNode::RangeTblRef(base_rti) = view_query.jointree.fromlist[0] else {
            return Err(PgError::internal("view without base relation"));
        };
        self.check_modified_columns(&query, &view_query, base_rti, view)?;
        if let (CmdType::Merge, true) = (event, !query.merge_action_list.is_empty()) {
            // The join below reads the base table with the view's conditions in place.
            return Err(not_supported!("MERGE on a view"));
        }
        let RteKind::Relation { relid: base_relid, perminfoindex: base_perm, .. } =
            view_query.rte(base_rti).kind
        else {
            return Err(PgError::internal("view's base is not a relation"));
        };
        self.locker.lock_relation(base_relid, 3)?;
        let base = self.catalog.get_relation(base_relid)?;

        // The base table becomes a new entry of the outer query.
        let mut base_rte = view_query.rte(base_rti).clone();
        if event == CmdType::Insert {
            base_rte.inh = false;
        }
        let view_perm = match query.rte(query.result_relation).kind {
            RteKind::Relation { perminfoindex, .. } => perminfoindex,
            _ => return Err(PgError::internal("target is not a relation")),
        };
        let perminfo = self.base_permissions(
            &query.rteperminfos[(view_perm - 1) as usize],
            &view_query,
            base_perm,
            base_relid,
        );
        query.rteperminfos.push(perminfo);
        let new_perm = query.rteperminfos.len() as u32;
        if let RteKind::Relation { perminfoindex, rellockmode, relkind, .. } = &mut base_rte.kind {
            *perminfoindex = new_perm;
            *rellockmode = 3;
            *relkind = base.relkind;
        }
        base_rte.in_from_cl = query.rte(query.result_relation).in_from_cl;
        query.rtable.push(base_rte);
        let new_rti = query.rtable.len() as i32;

        // The view's columns in terms of the new entry.
        let mut view_targets = view_query.target_list.clone();
        for te in &mut view_targets {
            change_expr_vars(&mut te.expr, base_rti, new_rti);
        }
        let view_rti = query.result_relation;
        self.substitute_view_columns(&mut query, view_rti, &view_targets, new_rti, view)?;
        change_var_nodes(&mut query, view_rti, new_rti);
        retarget(&mut query.target_list, &view_targets)?;
        self.move_excluded(&mut query, &view_targets, new_rti, &base, view)?;
        let has_quals = view_query.jointree.quals.is_some();
        let mut view_qual = view_query.jointree.quals.take();
        if let Some(qual) = &mut view_qual {
            change_expr_vars(qual, base_rti, new_rti);
        }
        if event != CmdType::Insert {
            if let Some(qual) = &view_qual {
                if view_option(view, "security_barrier") {
                    query.rte_mut(new_rti).security_quals.insert(0, qual.clone());
                } else {
                    add_qual(&mut query, Some(qual.clone()));
                }
            }
        }
        if matches!(event, CmdType::Insert | CmdType::Update) {
            add_check_option(&mut query, view, has_quals, view_qual);
        }
        Ok(query)
    }

    fn check_modified_columns(
        &self,
        query: &Query,
        view_query: &Query,
        base_rti: i32,
        view: &RelationDesc,
    ) -> PgResult<()> {
        // At least one column must be updatable for INSERT and UPDATE at all.
        if matches!(query.command_type, CmdType::Insert | CmdType::Update)
            && !view_query.target_list.iter().any(|te| base_column(te, base_rti).is_ok())
        {
            return Err(view_not_updatable(
                query.command_type,
                &view.name,
                "Views that have no updatable columns are not automatically updatable.",
            ));
        }
        let mut lists: Vec<(&[TargetEntry], CmdType)> =
            vec![(&query.target_list, query.command_type)];
        if let Some(oc) = &query.on_conflict {
            lists.push((&oc.on_conflict_set, CmdType::Update));
        }
        if query.command_type == CmdType::Delete {
            lists.clear();
        }
        for (list, event) in lists {
            for te in list.iter().filter(|te| !te.resjunk) {
                let column = view_query.target_list.iter().find(|v| v.resno == te.resno);
                let Some(column) = column else { continue };
                let Err(reason) = base_column(column, base_rti) else { continue };
                let name = column.resname.as_deref().unwrap_or_default();
                let message = match event {
                    CmdType::Insert => {
                        format!("cannot insert into column \"{name}\" of view \"{}\"", view.name)
                    }
                    _ => format!("cannot update column \"{name}\" of view \"{}\"", view.name),
                };
                return Err(err!(FEATURE_NOT_SUPPORTED, "{message}").detail(reason));
            }
        }
        Ok(())
    }

    /// What the view's owner (or the invoker) must be allowed on the base table.
    fn base_permissions(
        &self,
        on_view: &RTEPermissionInfo,
        view_query: &Query,
        base_perm: u32,
        base_relid: Oid,
    ) -> RTEPermissionInfo {
        let mapped = |columns: &[i16]| {
            let mut out = Vec::new();
            for column in columns {
                if *column == 0 {
                    // A whole row of the view reads all of its columns.
                    for te in view_query.target_list.iter().filter(|te| !te.resjunk) {
                        if let Expr::Var(v) = &te.expr {
                            add_column(&mut out, v.varattno);
                        }
                    }
                    continue;
                }
                let te = view_query.target_list.iter().find(|te| te.resno == *column);
                if let Some(TargetEntry { expr: Expr::Var(v), .. }) = te {
                    add_column(&mut out, v.varattno);
                }
            }
            out
        };
        let own = base_perm.checked_sub(1).map(|i| &view_query.rteperminfos[i as usize]);
        let mut selected = own.map(|p| p.selected_cols.clone()).unwrap_or_default();
        for column in mapped(&on_view.selected_cols) {
            add_column(&mut selected, column);
        }
        RTEPermissionInfo {
            relid: base_relid,
            inh: true,
            required_perms: on_view.required_perms,
            check_as_user: own.map_or(Oid::INVALID, |p| p.check_as_user),
            selected_cols: selected,
            inserted_cols: mapped(&on_view.inserted_cols),
            updated_cols: mapped(&on_view.updated_cols),
        }
    }

    pub(super) fn row_columns(relation: &RelationDesc) -> Vec<(String, Oid, i32, Oid)> {
        relation
            .attrs
            .iter()
            .map(|a| {
                let name = if a.dropped { String::new() } else { a.name.clone() };
                (name, a.typ, a.typmod, a.collation)
            })
            .collect()
    }

    fn substitute_view_columns(
        &mut self,
        query: &mut Query,
        view_rti: i32,
        view_targets: &[TargetEntry],
        new_rti: i32,
        view: &RelationDesc,
    ) -> PgResult<()> {
        let columns = Self::row_columns(view);
        let null = |typ, typmod, collation| self.null_const(typ, typmod, collation);
        replace_vars(
            query,
            &VarReplacement {
                target_varno: view_rti,
                targets: view_targets,
                result_relation: new_rti,
                no_match: NoMatch::Report,
                columns: &columns,
                null: &null,
            },
        )
    }

    /// EXCLUDED becomes a row of the base table.
    fn move_excluded(
        &mut self,
        query: &mut Query,
        view_targets: &[TargetEntry],
        new_rti: i32,
        base: &RelationDesc,
        view: &RelationDesc,
    ) -> PgResult<()> {
        let Some(oc) = &mut query.on_conflict else { return Ok(()) };
        if !oc.update {
            return Ok(());
        }
        retarget(&mut oc.on_conflict_set, view_targets)?;
        let old_rti = oc.excl_rel_index;
        let mut rte = query.rte(old_rti).clone();
        if let RteKind::Relation { relid, .. } = &mut rte.kind {
            *relid = base.oid;
        }
        rte.eref.colnames = base
            .attrs
            .iter()
            .map(|a| if a.dropped { String::new() } else { a.name.clone() })
            .collect();
        query.rtable.push(rte);
        let excl_rti = query.rtable.len() as i32;
        let mut targets = view_targets.to_vec();
        for te in &mut targets {
            change_expr_vars(&mut te.expr, new_rti, excl_rti);
        }
        let columns = Self::row_columns(view);
        let null = |typ, typmod, collation| self.null_const(typ, typmod, collation);
        let spec = VarReplacement {
            target_varno: old_rti,
            targets: &targets,
            result_relation: 0,
            no_match: NoMatch::Report,
            columns: &columns,
            null: &null,
        };
        let Some(mut oc) = query.on_conflict.take() else { return Ok(()) };
        for te in &mut oc.on_conflict_set {
            super::tree::replace_expr_vars(&mut te.expr, &spec)?;
        }
        if let Some(qual) = &mut oc.on_conflict_where {
            super::tree::replace_expr_vars(qual, &spec)?;
        }
        oc.excl_rel_index = excl_rti;
        oc.excl_rel_tlist = base
            .attrs
            .iter()
            .filter(|a| !a.dropped)
            .map(|a| TargetEntry {
                expr: Expr::Var(crate::set_operation::plain_var(
                    excl_rti,
                    a.num,
                    a.typ,
                    a.typmod,
                    a.collation,
                )),
                resno: a.num,
                resname: Some(a.name.clone()),
                ressortgroupref: 0,
                resorigtbl: Oid::INVALID,
                resorigcol: 0,
                resjunk: false,
            })
            .collect();
        query.on_conflict = Some(oc);
        Ok(())
    }
}

/// Renumbers assignments from the view's columns to the base table's.
fn retarget(list: &mut [TargetEntry], view_targets: &[TargetEntry]) -> PgResult<()> {
    for te in list.iter_mut().filter(|te| !te.resjunk) {
        let column = view_targets.iter().find(|v| v.resno == te.resno);
        let Some(TargetEntry { expr: Expr::Var(v), .. }) = column else {
            return Err(PgError::internal(format!(
                "attribute number {} not found in view targetlist",
                te.resno
            )));
        };
        te.resno = v.varattno;
    }
    Ok(())
}

/// WITH CHECK OPTION of this view, or of one above it that cascades.
fn add_check_option(query: &mut Query, view: &RelationDesc, has_quals: bool, qual: Option<Expr>) {
    let option = view.reloptions.iter().find_map(|o| o.strip_prefix("check_option="));
    let mut has_check = option.is_some();
    let mut cascaded = option == Some("cascaded");
    if query.with_check_options.first().is_some_and(|parent| parent.cascaded) {
        has_check = true;
        cascaded = true;
    }
    if !has_check || !(cascaded || has_quals) {
        return;
    }
    let always = Expr::Const(nodes::Const {
        consttype: types::type_oid::BOOL,
        consttypmod: -1,
        constcollid: Oid::INVALID,
        value: types::Datum::Bool(true),
        phys: types::PhysType::Bool,
        location: -1,
    });
    let qual = qual.unwrap_or(always);
    if qual.any(&mut |e| matches!(e, Expr::SubLink(_))) {
        query.has_sub_links = true;
    }
    query.with_check_options.insert(
        0,
        WithCheckOption {
            kind: "view".to_owned(),
            relname: view.name.clone(),
            polname: None,
            qual,
            cascaded,
        },
    );
}
