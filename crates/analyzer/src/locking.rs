//! FOR UPDATE and its kin.
use crate::parse_state::Analyzer;
use error::{PgResult, bail, err};
use nodes::{LockClauseStrength, LockWaitPolicy, Query, RowMarkClause, RteKind, acl};
use parser::ast;

pub(crate) fn strength_name(strength: ast::LockClauseStrength) -> &'static str {
    match strength {
        ast::LockClauseStrength::ForKeyShare => "FOR KEY SHARE",
        ast::LockClauseStrength::ForShare => "FOR SHARE",
        ast::LockClauseStrength::ForNoKeyUpdate => "FOR NO KEY UPDATE",
        ast::LockClauseStrength::ForUpdate => "FOR UPDATE",
    }
}

/// A locking clause in the terms of the query tree.
#[derive(Clone, Copy)]
struct Lock {
    strength: LockClauseStrength,
    wait_policy: LockWaitPolicy,
    name: &'static str,
}

/// Raises for queries whose rows are no table's rows.
pub(crate) fn check_select_locking(qry: &Query, name: &str) -> PgResult<()> {
    let clause = if qry.set_operations.is_some() {
        "UNION/INTERSECT/EXCEPT"
    } else if !qry.distinct_clause.is_empty() {
        "DISTINCT clause"
    } else if !qry.group_clause.is_empty() || !qry.grouping_sets.is_empty() {
        "GROUP BY clause"
    } else if qry.having_qual.is_some() {
        "HAVING clause"
    } else if qry.has_aggs {
        "aggregate functions"
    } else if qry.has_window_funcs {
        "window functions"
    } else if qry.has_target_srfs {
        "set-returning functions in the target list"
    } else {
        return Ok(());
    };
    bail!(FEATURE_NOT_SUPPORTED, "{name} is not allowed with {clause}");
}

impl Analyzer<'_> {
    pub(crate) fn transform_locking_clause(
        &mut self,
        qry: &mut Query,
        clause: &ast::LockingClause,
        pushed_down: bool,
    ) -> PgResult<()> {
        let name = strength_name(clause.strength);
        let lock = Lock {
            strength: match clause.strength {
                ast::LockClauseStrength::ForKeyShare => LockClauseStrength::ForKeyShare,
                ast::LockClauseStrength::ForShare => LockClauseStrength::ForShare,
                ast::LockClauseStrength::ForNoKeyUpdate => LockClauseStrength::ForNoKeyUpdate,
                ast::LockClauseStrength::ForUpdate => LockClauseStrength::ForUpdate,
            },
            wait_policy: match clause.wait_policy {
                ast::LockWaitPolicy::Block => LockWaitPolicy::Block,
                ast::LockWaitPolicy::Skip => LockWaitPolicy::Skip,
                ast::LockWaitPolicy::Error => LockWaitPolicy::Error,
            },
            name,
        };
        if clause.locked_rels.is_empty() {
            check_select_locking(qry, name)?;
            return lock_all(qry, lock, pushed_down);
        }
        check_select_locking(qry, name)?;
        for rv in &clause.locked_rels {
            if rv.catalogname.is_some() || rv.schemaname.is_some() {
                return Err(err!(SYNTAX_ERROR, "{name} must specify unqualified relation names")
                    .at(rv.location));
            }
            lock_named(qry, rv, lock, pushed_down)?;
        }
        Ok(())
    }
}

fn lock_all(qry: &mut Query, lock: Lock, pushed_down: bool) -> PgResult<()> {
    for index in 0..qry.rtable.len() {
        if !qry.rtable[index].in_from_cl {
            continue;
        }
        lock_entry(qry, index, lock, pushed_down)?;
    }
    Ok(())
}

/// Locks a table's rows, or those of the tables of a subquery.
fn lock_entry(qry: &mut Query, index: usize, lock: Lock, pushed_down: bool) -> PgResult<()> {
    match &mut qry.rtable[index].kind {
        RteKind::Relation { perminfoindex, .. } => {
            let perm = *perminfoindex;
            add_row_mark(qry, index as i32 + 1, lock, pushed_down);
            if perm > 0 {
                qry.rteperminfos[(perm - 1) as usize].required_perms |= acl::UPDATE;
            }
        }
        RteKind::Subquery { subquery, .. } => {
            check_select_locking(subquery, lock.name)?;
            lock_all(subquery, lock, true)?;
            add_row_mark(qry, index as i32 + 1, lock, pushed_down);
        }
        _ => {}
    }
    Ok(())
}

fn lock_named(qry: &mut Query, rv: &ast::RangeVar, lock: Lock, pushed_down: bool) -> PgResult<()> {
    let name = lock.name;
    for index in 0..qry.rtable.len() {
        let rte = &qry.rtable[index];
        if !rte.in_from_cl {
            continue;
        }
        // A join alias hides the tables below it; unaliased joins have no name to match.
        if let RteKind::Join { join_using_alias, .. } = &rte.kind {
            let matches = match (&rte.alias, join_using_alias) {
                (Some(alias), _) => alias.aliasname == rv.relname,
                (None, Some(using)) => using.aliasname == rv.relname,
                (None, None) => false,
            };
            if !matches {
                continue;
            }
        } else if rte.eref.aliasname != rv.relname {
            continue;
        }
        let what = match &rte.kind {
            RteKind::Relation { .. } | RteKind::Subquery { .. } => {
                return lock_entry(qry, index, lock, pushed_down);
            }
            RteKind::Join { .. } => "a join",
            RteKind::Function { .. } => "a function",
            RteKind::TableFunc(_) => "a table function",
            RteKind::Values { .. } => "VALUES",
            RteKind::Cte { .. } => "a WITH query",
            RteKind::NamedTuplestore { .. } => "a named tuplestore",
            RteKind::Result | RteKind::Group { .. } => continue,
        };
        return Err(
            err!(FEATURE_NOT_SUPPORTED, "{name} cannot be applied to {what}").at(rv.location)
        );
    }
    Err(err!(
        UNDEFINED_TABLE,
        "relation \"{}\" in {name} clause not found in FROM clause",
        rv.relname
    )
    .at(rv.location))
}

/// Adds a row mark, or strengthens the one that is there.
fn add_row_mark(qry: &mut Query, rti: i32, lock: Lock, pushed_down: bool) {
    qry.has_for_update = true;
    if let Some(mark) = qry.row_marks.iter_mut().find(|m| m.rti == rti) {
        mark.strength = mark.strength.max(lock.strength);
        mark.wait_policy = mark.wait_policy.max(lock.wait_policy);
        mark.pushed_down &= pushed_down;
        return;
    }
    qry.row_marks.push(RowMarkClause {
        rti,
        strength: lock.strength,
        wait_policy: lock.wait_policy,
        pushed_down,
    });
}
