//! MERGE.
use crate::parse_state::{Analyzer, ExprKind};
use error::{PgResult, bail, err};
use nodes::{CmdType, MergeAction, MergeMatchKind, OverridingKind, Query, acl};
use parser::ast::{self, MergeStmt};

impl Analyzer<'_> {
    pub(crate) fn transform_merge(&mut self, s: &MergeStmt) -> PgResult<Query> {
        let mut qry = Query { command_type: CmdType::Merge, ..Query::default() };
        if let Some(with) = &s.with_clause {
            if with.recursive {
                bail!(SYNTAX_ERROR, "WITH RECURSIVE is not supported for MERGE statement");
            }
            self.transform_with_clause(with)?;
        }
        let perms = check_when_clauses(&s.merge_when_clauses)?;
        qry.result_relation = self.set_target_table(&s.relation, s.relation.inh, false, perms)?;
        qry.merge_target_relation = qry.result_relation;
        let relation =
            self.ps().target_relation.clone().ok_or_else(|| Self::missing("target relation"))?;
        let unsupported = match relation.relkind {
            'r' | 'p' | 'v' => None,
            'S' => Some("sequences"),
            'm' => Some("materialized views"),
            'f' => Some("foreign tables"),
            't' => Some("TOAST tables"),
            _ => Some("this kind of relation"),
        };
        if let Some(kind) = unsupported {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "cannot execute MERGE on relation \"{}\"",
                relation.name
            )
            .detail(format!("This operation is not supported for {kind}.")));
        }
        let target = self.ps().target_nsitem.clone().ok_or_else(|| Self::missing("target"))?;
        self.transform_from_clause(std::slice::from_ref(&s.source_relation))?;
        let source_rti = self.ps().rtable.len() as i32;
        let source_name = &self.ps().rtable[(source_rti - 1) as usize].eref.aliasname;
        if *source_name == target.names.aliasname {
            return Err(err!(
                DUPLICATE_ALIAS,
                "name \"{}\" specified more than once",
                target.names.aliasname
            )
            .detail("The name is used both as MERGE target table and data source."));
        }
        self.add_nsitem_to_query(&target, false, true, true)?;
        qry.merge_join_condition =
            Some(self.transform_where(&s.join_condition, ExprKind::JoinOn, "MERGE ON")?);
        let visible = self.ps().namespace.clone();
        for when in &s.merge_when_clauses {
            self.set_merge_visibility(when.match_kind, target.rtindex);
            let action = self.transform_merge_action(when)?;
            qry.merge_action_list.push(action);
        }
        self.ps_mut().namespace = visible;
        self.transform_returning(&mut qry, s.returning_clause.as_ref(), ExprKind::MergeReturning)?;
        self.finish_query(&mut qry, None);
        self.assign_query_collations(&mut qry)?;
        Ok(qry)
    }

    /// Which of target and source rows a WHEN clause can see.
    fn set_merge_visibility(&mut self, kind: ast::MergeMatchKind, target_rti: i32) {
        for item in &mut self.ps_mut().namespace {
            let is_target = item.rtindex == target_rti;
            let hidden = match kind {
                ast::MergeMatchKind::Matched => false,
                ast::MergeMatchKind::NotMatchedBySource => !is_target,
                ast::MergeMatchKind::NotMatchedByTarget => is_target,
            };
            item.rel_visible = !hidden;
            item.cols_visible = !hidden;
        }
    }

    fn transform_merge_action(&mut self, when: &ast::MergeWhenClause) -> PgResult<MergeAction> {
        let mut action = MergeAction {
            match_kind: match when.match_kind {
                ast::MergeMatchKind::Matched => MergeMatchKind::Matched,
                ast::MergeMatchKind::NotMatchedBySource => MergeMatchKind::NotMatchedBySource,
                ast::MergeMatchKind::NotMatchedByTarget => MergeMatchKind::NotMatchedByTarget,
            },
            command_type: match when.command_type {
                ast::MergeCommand::Update => CmdType::Update,
                ast::MergeCommand::Delete => CmdType::Delete,
                ast::MergeCommand::Insert => CmdType::Insert,
                ast::MergeCommand::Nothing => CmdType::Nothing,
            },
            override_: match when.overriding {
                ast::OverridingKind::NotSet => OverridingKind::NotSet,
                ast::OverridingKind::UserValue => OverridingKind::UserValue,
                ast::OverridingKind::SystemValue => OverridingKind::SystemValue,
            },
            qual: match &when.condition {
                Some(raw) => Some(self.transform_where(raw, ExprKind::MergeWhen, "WHEN")?),
                None => None,
            },
            target_list: Vec::new(),
            update_colnos: Vec::new(),
        };
        match when.command_type {
            ast::MergeCommand::Insert => {
                self.ps_mut().is_insert = true;
                let columns = self.check_insert_targets(&when.target_list)?;
                if !when.values.is_empty() {
                    let exprs =
                        self.transform_expression_list(&when.values, ExprKind::ValuesSingle, true)?;
                    let exprs =
                        self.transform_insert_row(exprs, &when.target_list, &columns, false)?;
                    action.target_list = self.insert_target_list(exprs, &columns);
                }
            }
            ast::MergeCommand::Update => {
                self.ps_mut().is_insert = false;
                action.target_list = self.transform_update_target_list(&when.target_list)?;
                action.update_colnos =
                    action.target_list.iter().filter(|te| !te.resjunk).map(|te| te.resno).collect();
            }
            ast::MergeCommand::Delete | ast::MergeCommand::Nothing => {}
        }
        Ok(action)
    }
}

/// Permissions that the actions need; nothing may follow an unconditional clause of its kind.
fn check_when_clauses(clauses: &[ast::MergeWhenClause]) -> PgResult<u64> {
    let mut perms = 0;
    let mut terminal: Vec<ast::MergeMatchKind> = Vec::new();
    for when in clauses {
        if terminal.contains(&when.match_kind) {
            bail!(
                SYNTAX_ERROR,
                "unreachable WHEN clause specified after unconditional WHEN clause"
            );
        }
        if when.condition.is_none() {
            terminal.push(when.match_kind);
        }
        perms |= match when.command_type {
            ast::MergeCommand::Insert => acl::INSERT,
            ast::MergeCommand::Update => acl::UPDATE,
            ast::MergeCommand::Delete => acl::DELETE,
            ast::MergeCommand::Nothing => 0,
        };
    }
    Ok(perms)
}
