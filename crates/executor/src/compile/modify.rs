//! ModifyTable and LockRows.
use super::PlanCompiler;
use crate::{
    expr::{CExpr, ScanColumns, Scope},
    modify::{
        CheckOption, MergeActionSpec, MergeDo, ModifyTableSpec, OnConflictSpec, RecheckRel,
        ResultRel, Target, Triggers,
    },
    node::{LockMark, LockRowsSpec, NodeSpec, Projection},
};
use error::{PgError, PgResult};
use fmgr::TriggerEvent;
use nodes::{
    CmdType, LockClauseStrength, MergeAction, TargetEntry, WithCheckOption,
    plan::{ModifyTable, OnConflictAction, Plan, PlanRowMark},
};
use std::sync::Arc;
use table::{Heap, RowLockMode};

fn junk_column(list: &[TargetEntry], name: &str) -> Option<usize> {
    list.iter().position(|te| te.resjunk && te.resname.as_deref() == Some(name))
}

/// What a statement may do to rows, in the order of its BEFORE STATEMENT triggers.
fn events(m: &ModifyTable, rels: &[ResultRel]) -> Box<[TriggerEvent]> {
    let mut events = Vec::new();
    match m.operation {
        CmdType::Insert => {
            events.push(TriggerEvent::Insert);
            if matches!(m.on_conflict, OnConflictAction::Update) {
                events.push(TriggerEvent::Update);
            }
        }
        CmdType::Update => events.push(TriggerEvent::Update),
        CmdType::Delete => events.push(TriggerEvent::Delete),
        _ => {
            let does = |wanted: fn(&MergeDo) -> bool| {
                rels.iter().flat_map(|r| r.merge_actions.iter()).any(|a| wanted(&a.action))
            };
            if does(|a| matches!(a, MergeDo::Insert(_))) {
                events.push(TriggerEvent::Insert);
            }
            if does(|a| matches!(a, MergeDo::Update(_))) {
                events.push(TriggerEvent::Update);
            }
            if does(|a| matches!(a, MergeDo::Delete)) {
                events.push(TriggerEvent::Delete);
            }
        }
    }
    events.into()
}

impl PlanCompiler<'_> {
    pub(super) fn modify_table(
        &mut self,
        plan: &Arc<Plan>,
        m: &ModifyTable,
    ) -> PgResult<(Arc<dyn NodeSpec>, usize)> {
        let child = Self::child(plan)?.clone();
        let input = self.node(&child)?;
        let list = &child.target_list;
        let mut rels = Vec::with_capacity(m.result_relations.len());
        for n in 0..m.result_relations.len() {
            rels.push(self.result_rel(m, n)?);
        }
        let width = m.returning_lists.first().map_or(0, Vec::len);
        let on_conflict = match m.on_conflict {
            OnConflictAction::None => None,
            OnConflictAction::Nothing => {
                Some(OnConflictSpec { arbiters: m.arbiter_indexes.clone().into(), update: None })
            }
            OnConflictAction::Update => {
                let scope = self.target_scope(m, m.result_relations[0])?;
                let sets = self.sets(&m.on_conflict_set, &m.on_conflict_cols, &scope)?;
                let condition = match &m.on_conflict_where {
                    Some(expr) => Some(self.c.compile(expr, &scope)?),
                    None => None,
                };
                Some(OnConflictSpec {
                    arbiters: m.arbiter_indexes.clone().into(),
                    update: Some((sets, condition)),
                })
            }
        };
        let recheck_rels = self.recheck_rels(&m.row_marks)?;
        let root = match m.root_relation {
            rti if rti > 0 => {
                let rel = self.relation(rti)?;
                match rel.relkind {
                    'p' => Some(Arc::new(Target::compile(&mut self.c, &rel)?)),
                    _ => None,
                }
            }
            _ => None,
        };
        let named_rti = if m.root_relation > 0 { m.root_relation } else { m.result_relations[0] };
        let named_rel = self.relation(named_rti)?;
        let named = Triggers::compile(&mut self.c, &named_rel)?;
        let spec = ModifyTableSpec {
            root,
            events: events(m, &rels),
            named,
            wholerow_col: junk_column(list, "wholerow"),
            input,
            operation: m.operation,
            can_set_tag: m.can_set_tag,
            rels: rels.into(),
            ctid_col: junk_column(list, "ctid"),
            tableoid_col: junk_column(list, "tableoid"),
            on_conflict,
            recheck_rels,
            width,
        };
        Ok((Arc::new(spec), width))
    }

    /// Vars of the target read its row; those of EXCLUDED the inner one.
    fn target_scope(&self, m: &ModifyTable, rti: i32) -> PgResult<Scope> {
        let rel = self.relation(rti)?;
        Ok(Scope::scan(ScanColumns::relation(rti, &rel)).with_inner(m.excl_rel_rti))
    }

    fn result_rel(&mut self, m: &ModifyTable, n: usize) -> PgResult<ResultRel> {
        let rti = m.result_relations[n];
        let rel = self.relation(rti)?;
        let target = Arc::new(Target::compile(&mut self.c, &rel)?);
        let scope = self.target_scope(m, rti)?;
        let empty = Vec::new();
        let check_options =
            self.check_options(m.with_check_options.get(n).unwrap_or(&empty), &scope)?;
        let returning = match m.returning_lists.get(n) {
            Some(list) if !list.is_empty() => Some(Projection::compile(&mut self.c, list, &scope)?),
            _ => None,
        };
        let update_columns = m
            .update_colnos_lists
            .get(n)
            .map(|l| l.iter().map(|c| *c as u16 - 1).collect())
            .unwrap_or_default();
        let mut merge_actions = Vec::new();
        for action in m.merge_action_lists.get(n).into_iter().flatten() {
            merge_actions.push(self.merge_action(action, &scope, &rel)?);
        }
        let merge_join_condition = match m.merge_join_conditions.get(n) {
            Some(Some(expr)) => Some(self.c.compile(expr, &scope)?),
            _ => None,
        };
        Ok(ResultRel {
            rti,
            target,
            update_columns,
            check_options,
            returning,
            merge_actions: merge_actions.into(),
            merge_join_condition,
        })
    }

    fn check_options(
        &mut self,
        options: &[WithCheckOption],
        scope: &Scope,
    ) -> PgResult<Box<[CheckOption]>> {
        options
            .iter()
            .map(|o| {
                Ok(CheckOption {
                    kind: o.kind.clone(),
                    relname: o.relname.clone(),
                    polname: o.polname.clone(),
                    qual: self.c.compile(&o.qual, scope)?,
                })
            })
            .collect()
    }

    fn sets(
        &mut self,
        list: &[TargetEntry],
        columns: &[i16],
        scope: &Scope,
    ) -> PgResult<Box<[(u16, CExpr)]>> {
        list.iter()
            .filter(|te| !te.resjunk)
            .enumerate()
            .map(|(n, te)| {
                let column = columns.get(n).copied().unwrap_or(te.resno);
                Ok((column as u16 - 1, self.c.compile(&te.expr, scope)?))
            })
            .collect()
    }

    fn merge_action(
        &mut self,
        action: &MergeAction,
        scope: &Scope,
        rel: &catalog::RelationDesc,
    ) -> PgResult<MergeActionSpec> {
        let qual = match &action.qual {
            Some(expr) => Some(self.c.compile(expr, scope)?),
            None => None,
        };
        let doing = match action.command_type {
            CmdType::Nothing => MergeDo::Nothing,
            CmdType::Delete => MergeDo::Delete,
            CmdType::Update => {
                MergeDo::Update(self.sets(&action.target_list, &action.update_colnos, scope)?)
            }
            CmdType::Insert => {
                let mut values: Vec<CExpr> =
                    (0..rel.attrs.len()).map(|_| CExpr::Const(types::Datum::Null)).collect();
                for te in action.target_list.iter().filter(|te| !te.resjunk) {
                    let at = te.resno as usize - 1;
                    if let Some(slot) = values.get_mut(at) {
                        *slot = self.c.compile(&te.expr, scope)?;
                    }
                }
                MergeDo::Insert(values.into())
            }
            _ => return Err(PgError::internal("unexpected MERGE action")),
        };
        Ok(MergeActionSpec { kind: action.match_kind, qual, action: doing })
    }

    /// Relations whose rows a re-check keeps as they are.
    fn recheck_rels(&self, marks: &[PlanRowMark]) -> PgResult<Box<[RecheckRel]>> {
        let mut out = Vec::new();
        for mark in marks.iter().filter(|m| m.strength.is_none() && !m.is_parent) {
            let position = |col: i16| (col > 0).then(|| col as usize - 1);
            let rel = match position(mark.ctid_col) {
                Some(_) => Some(self.relation(mark.rti)?),
                None => None,
            };
            let heap = rel.as_ref().and_then(|r| r.physical.clone()).map(Heap::new);
            let whole_row = position(mark.whole_row_col);
            if heap.is_none() && whole_row.is_none() {
                continue;
            }
            out.push(RecheckRel {
                rti: mark.rti,
                rel,
                heap,
                ctid: position(mark.ctid_col),
                whole_row,
            });
        }
        Ok(out.into())
    }

    pub(super) fn lock_rows(
        &mut self,
        plan: &Arc<Plan>,
        row_marks: &[PlanRowMark],
    ) -> PgResult<(Arc<dyn NodeSpec>, usize)> {
        let input = self.outer(plan)?;
        let mut marks = Vec::new();
        for mark in row_marks.iter().filter(|m| !m.is_parent) {
            let Some(strength) = mark.strength else { continue };
            let rel = self.relation(mark.rti)?;
            let Some(desc) = rel.physical.clone() else { continue };
            if mark.ctid_col <= 0 {
                return Err(PgError::internal("row mark without a ctid column"));
            }
            marks.push(LockMark {
                rti: mark.rti,
                heap: Heap::new(desc),
                rel,
                mode: match strength {
                    LockClauseStrength::ForKeyShare => RowLockMode::KeyShare,
                    LockClauseStrength::ForShare => RowLockMode::Share,
                    LockClauseStrength::ForNoKeyUpdate => RowLockMode::NoKeyUpdate,
                    LockClauseStrength::ForUpdate => RowLockMode::Update,
                },
                policy: mark.wait_policy,
                ctid: mark.ctid_col as usize - 1,
                tableoid: (mark.toid_col > 0).then(|| mark.toid_col as usize - 1),
            });
        }
        let recheck_rels = self.recheck_rels(row_marks)?;
        let width = input.width;
        Ok((Arc::new(LockRowsSpec { input, marks: marks.into(), recheck_rels }), width))
    }
}
