//! Rules on INSERT, UPDATE and DELETE.
use super::tree::{
    NoMatch, VarReplacement, add_qual, change_expr_vars, change_var_nodes, expr_uses,
    join_tree_uses, offset_expr, offset_var_nodes, query_uses, replace_expr_vars, replace_vars,
};
use crate::parse_state::Analyzer;
use catalog::rows::{RelationDesc, RewriteRule};
use error::{PgError, PgResult, bail};
use nodes::{BooleanTest, CmdType, Expr, JoinTreeNode, Query, QuerySource, RteKind, TargetEntry};

/// Range table indexes of OLD and NEW in a stored rule.
const OLD_VARNO: i32 = 1;
const NEW_VARNO: i32 = 2;

/// What the rules of a relation made of a query.
#[derive(Default)]
pub(super) struct Fired {
    pub products: Vec<Query>,
    /// An unconditional INSTEAD rule: the original query is not run.
    pub instead: bool,
    /// The original query restricted to rows that no conditional INSTEAD rule took.
    pub qual_product: Option<Query>,
    /// A rule supplies RETURNING.
    pub returning: bool,
    pub has_rules: bool,
}

impl Analyzer<'_> {
    /// Applies the relation's rules for the event.
    pub(super) fn fire_rules(
        &mut self,
        query: &Query,
        relation: &RelationDesc,
        event: CmdType,
    ) -> PgResult<Fired> {
        let mut fired = Fired::default();
        let wanted = match event {
            CmdType::Insert => '3',
            CmdType::Update => '2',
            CmdType::Delete => '4',
            _ => {
                // MERGE takes no rules at all.
                if relation.rules.iter().any(|r| r.event != '1' && r.enabled != 'D') {
                    bail!(
                        FEATURE_NOT_SUPPORTED,
                        "cannot execute MERGE on relation \"{}\"",
                        relation.name
                    );
                }
                return Ok(fired);
            }
        };
        let replica = self
            .session
            .get_setting("session_replication_role")
            .is_some_and(|role| role == "replica");
        fired.has_rules =
            relation.rules.iter().any(|r| matches!(r.event, '2' | '3') && r.enabled != 'D');
        let rules: Vec<&RewriteRule> = relation
            .rules
            .iter()
            .filter(|r| r.event == wanted)
            .filter(|r| match r.enabled {
                'D' => false,
                'A' => true,
                'R' => replica,
                _ => !replica,
            })
            .collect();
        for rule in rules {
            self.fire_rule(query, relation, rule, event, &mut fired)?;
        }
        Ok(fired)
    }

    fn fire_rule(
        &mut self,
        query: &Query,
        relation: &RelationDesc,
        rule: &RewriteRule,
        event: CmdType,
        fired: &mut Fired,
    ) -> PgResult<()> {
        let qual = rule.qual.as_deref();
        let source = match (qual, rule.instead) {
            (Some(_), true) => QuerySource::QualInsteadRule,
            (None, true) => {
                fired.instead = true;
                QuerySource::InsteadRule
            }
            _ => QuerySource::NonInsteadRule,
        };
        if source == QuerySource::QualInsteadRule && !fired.instead {
            // What remains of the original query must not satisfy the condition.
            let mut remaining = match fired.qual_product.take() {
                Some(product) => product,
                None => {
                    let mut product = query.clone();
                    product.query_source = QuerySource::QualInsteadRule;
                    product
                }
            };
            let qual =
                qual.ok_or_else(|| PgError::internal("conditional rule without condition"))?;
            self.add_inverted_qual(&mut remaining, qual, query.result_relation, event, relation)?;
            fired.qual_product = Some(remaining);
        }
        for action in rule.actions.iter() {
            if action.command_type == CmdType::Nothing {
                continue;
            }
            let mut product = self.rewrite_rule_action(
                query,
                action,
                qual,
                relation,
                event,
                &mut fired.returning,
            )?;
            product.query_source = source;
            product.can_set_tag = false;
            fired.products.push(product);
        }
        Ok(())
    }

    /// Replaces NEW in an expression by what the query assigns.
    fn replace_new(
        &mut self,
        expr: &mut Expr,
        new_varno: i32,
        targets: &[TargetEntry],
        relation: &RelationDesc,
        event: CmdType,
        result_relation: i32,
    ) -> PgResult<()> {
        let columns = Self::row_columns(relation);
        let null = |typ, typmod, collation| self.null_const(typ, typmod, collation);
        replace_expr_vars(
            expr,
            &VarReplacement {
                target_varno: new_varno,
                targets,
                result_relation,
                no_match: if event == CmdType::Update {
                    NoMatch::ChangeVarno(result_relation)
                } else {
                    NoMatch::Null
                },
                columns: &columns,
                null: &null,
            },
        )
    }

    fn add_inverted_qual(
        &mut self,
        query: &mut Query,
        qual: &Expr,
        rt_index: i32,
        event: CmdType,
        relation: &RelationDesc,
    ) -> PgResult<()> {
        let mut qual = qual.clone();
        // NEW goes out of the way before OLD takes the target's place.
        const FAR: i32 = 1 << 24;
        change_expr_vars(&mut qual, NEW_VARNO, FAR);
        change_expr_vars(&mut qual, OLD_VARNO, rt_index);
        if matches!(event, CmdType::Insert | CmdType::Update) {
            let targets = query.target_list.clone();
            self.replace_new(&mut qual, FAR, &targets, relation, event, rt_index)?;
        }
        let inverted = Expr::BooleanTest(Box::new(BooleanTest {
            arg: qual,
            booltesttype: nodes::BoolTestType::IsNotTrue,
            location: -1,
        }));
        add_qual(query, Some(inverted));
        Ok(())
    }

    /// One action of a rule, joined with the query that triggers it.
    fn rewrite_rule_action(
        &mut self,
        query: &Query,
        action: &Query,
        qual: Option<&Expr>,
        relation: &RelationDesc,
        event: CmdType,
        returning: &mut bool,
    ) -> PgResult<Query> {
        let rt_index = query.result_relation;
        let rt_length = query.rtable.len() as i32;
        let mut action = action.clone();
        if action.command_type == CmdType::Utility {
            return Ok(action);
        }
        let owner = relation.owner;
        super::view_expansion::set_check_as_user(&mut action, owner);
        let mut qual = qual.cloned();
        // INSERT … SELECT has OLD and NEW in its SELECT.
        let select_rti = insert_select_rti(&action);
        let mut sub = match select_rti {
            Some(rti) => take_subquery(&mut action, rti)?,
            None => std::mem::take(&mut action),
        };
        offset_var_nodes(&mut sub, rt_length);
        change_var_nodes(&mut sub, OLD_VARNO + rt_length, rt_index);
        if let Some(qual) = &mut qual {
            offset_expr(qual, rt_length);
            change_expr_vars(qual, OLD_VARNO + rt_length, rt_index);
        }
        self.merge_range_tables(&mut sub, query);
        let keep_original = !join_tree_uses(&sub, rt_index)
            && (qual.as_ref().is_some_and(|q| expr_uses(q, rt_index))
                || join_tree_uses(query, rt_index));
        let mut from: Vec<JoinTreeNode> = query.jointree.fromlist.clone();
        if !keep_original {
            from.retain(|n| !matches!(n, JoinTreeNode::RangeTblRef(rti) if *rti == rt_index));
        }
        // OLD must be joined in where the action or its condition refers to it.
        let has_old =
            from.iter().any(|n| matches!(n, JoinTreeNode::RangeTblRef(rti) if *rti == rt_index));
        let old_used =
            query_uses(&sub, rt_index) || qual.as_ref().is_some_and(|q| expr_uses(q, rt_index));
        if event != CmdType::Insert && !has_old && old_used && !join_tree_has(&sub, rt_index) {
            from.insert(0, JoinTreeNode::RangeTblRef(rt_index));
        }
        if !from.is_empty() {
            if sub.set_operations.is_some() {
                bail!(
                    FEATURE_NOT_SUPPORTED,
                    "conditional UNION/INTERSECT/EXCEPT statements are not implemented"
                );
            }
            from.extend(std::mem::take(&mut sub.jointree.fromlist));
            sub.jointree.fromlist = from;
        }
        if !query.cte_list.is_empty() {
            let mut ctes = query.cte_list.clone();
            ctes.extend(std::mem::take(&mut sub.cte_list));
            sub.cte_list = ctes;
            sub.has_recursive |= query.has_recursive;
            sub.has_modifying_cte |= query.has_modifying_cte;
        }
        add_qual(&mut sub, qual);
        add_qual(&mut sub, query.jointree.quals.clone());
        sub.has_sub_links |= query.has_sub_links;
        if matches!(event, CmdType::Insert | CmdType::Update) {
            let columns = Self::row_columns(relation);
            let null = |typ, typmod, collation| self.null_const(typ, typmod, collation);
            let spec = VarReplacement {
                target_varno: NEW_VARNO + rt_length,
                targets: &query.target_list,
                result_relation: sub.result_relation,
                no_match: if event == CmdType::Update {
                    NoMatch::ChangeVarno(rt_index)
                } else {
                    NoMatch::Null
                },
                columns: &columns,
                null: &null,
            };
            replace_vars(&mut sub, &spec)?;
        }
        mark_lateral(&mut sub);
        let mut result = match select_rti {
            Some(rti) => {
                put_subquery(&mut action, rti, sub);
                action
            }
            None => sub,
        };
        self.rule_returning(&mut result, query, relation, returning)?;
        Ok(result)
    }

    /// RETURNING of the original query in terms of the rule's own RETURNING.
    fn rule_returning(
        &mut self,
        result: &mut Query,
        query: &Query,
        relation: &RelationDesc,
        returning: &mut bool,
    ) -> PgResult<()> {
        if query.returning_list.is_empty() {
            result.returning_list.clear();
            return Ok(());
        }
        if result.returning_list.is_empty() {
            return Ok(());
        }
        if *returning {
            bail!(FEATURE_NOT_SUPPORTED, "cannot have RETURNING lists in multiple rules");
        }
        *returning = true;
        let columns = Self::row_columns(relation);
        let null = |typ, typmod, collation| self.null_const(typ, typmod, collation);
        let own = std::mem::take(&mut result.returning_list);
        let spec = VarReplacement {
            target_varno: query.result_relation,
            targets: &own,
            result_relation: result.result_relation,
            no_match: NoMatch::Report,
            columns: &columns,
            null: &null,
        };
        let mut list = query.returning_list.clone();
        for te in &mut list {
            replace_expr_vars(&mut te.expr, &spec)?;
        }
        result.returning_list = list;
        Ok(())
    }

    /// Puts the original query's range table before the action's.
    fn merge_range_tables(&self, sub: &mut Query, query: &Query) {
        let perm_offset = query.rteperminfos.len() as u32;
        for rte in &mut sub.rtable {
            match &mut rte.kind {
                RteKind::Relation { perminfoindex, .. } if *perminfoindex > 0 => {
                    *perminfoindex += perm_offset;
                }
                RteKind::Subquery { view: Some((_, perm)), .. } if *perm > 0 => {
                    *perm += perm_offset;
                }
                _ => {}
            }
        }
        let mut rtable = query.rtable.clone();
        rtable.append(&mut sub.rtable);
        sub.rtable = rtable;
        let mut perms = query.rteperminfos.clone();
        perms.append(&mut sub.rteperminfos);
        sub.rteperminfos = perms;
    }
}

fn join_tree_has(query: &Query, rti: i32) -> bool {
    query.jointree.fromlist.iter().any(|n| matches!(n, JoinTreeNode::RangeTblRef(r) if *r == rti))
}

/// The subquery entry of INSERT … SELECT whose SELECT has OLD and NEW in its range table.
fn insert_select_rti(action: &Query) -> Option<i32> {
    if action.command_type != CmdType::Insert {
        return None;
    }
    let is_old_new = |q: &Query| {
        q.rtable.len() >= 2
            && q.rtable[0].eref.aliasname == "old"
            && q.rtable[1].eref.aliasname == "new"
    };
    if is_old_new(action) {
        return None;
    }
    let [JoinTreeNode::RangeTblRef(rti)] = action.jointree.fromlist.as_slice() else {
        return None;
    };
    match &action.rte(*rti).kind {
        RteKind::Subquery { subquery, .. } if is_old_new(subquery) => Some(*rti),
        _ => None,
    }
}

fn take_subquery(action: &mut Query, rti: i32) -> PgResult<Query> {
    match &mut action.rte_mut(rti).kind {
        RteKind::Subquery { subquery, .. } => Ok(std::mem::take(&mut **subquery)),
        _ => Err(PgError::internal("rule action has no subquery")),
    }
}

fn put_subquery(action: &mut Query, rti: i32, sub: Query) {
    if let RteKind::Subquery { subquery, .. } = &mut action.rte_mut(rti).kind {
        **subquery = sub;
    }
}

/// Subqueries that now refer to their neighbours must be LATERAL.
fn mark_lateral(query: &mut Query) {
    for rte in &mut query.rtable {
        let RteKind::Subquery { subquery, .. } = &rte.kind else { continue };
        let mut refers = false;
        nodes::walk::visit_query_deep(subquery, 1, &mut |e, level| {
            if let Expr::Var(v) = e {
                refers |= v.varlevelsup == level;
            }
        });
        rte.lateral |= refers;
    }
}
