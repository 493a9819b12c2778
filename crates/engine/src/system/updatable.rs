//! What can be written through a relation: pg_relation_is_updatable, pg_column_is_updatable.
use super::{core, scalar};
use analyzer::rewrite::{base_column, not_updatable_reason};
use catalog::{Catalog, CatalogRead, RelationDesc};
use error::PgResult;
use fmgr::Registry;
use nodes::{CmdType, JoinTreeNode, Query, RteKind};
use std::collections::BTreeSet;
use types::{Datum, Oid};

pub(super) fn register(r: &mut Registry) {
    scalar(r, "pg_relation_is_updatable", |cx, args| {
        let (oid, triggers) = (args[0].as_oid(), args[1].as_bool());
        let events = events(&core(cx)?.catalog, oid, &mut Vec::new(), triggers, None)?;
        Ok(Datum::Int4(events))
    });
    scalar(r, "pg_column_is_updatable", |cx, args| {
        let (oid, column, triggers) = (args[0].as_oid(), args[1].as_i16(), args[2].as_bool());
        if column <= 0 {
            return Ok(Datum::Bool(false));
        }
        let only = BTreeSet::from([column]);
        let events = events(&core(cx)?.catalog, oid, &mut Vec::new(), triggers, Some(&only))?;
        let wanted = bit(CmdType::Update) | bit(CmdType::Delete);
        Ok(Datum::Bool(events & wanted == wanted))
    });
}

/// Commands are numbered as in PostgreSQL, which clients of these functions rely on.
fn bit(event: CmdType) -> i32 {
    1 << match event {
        CmdType::Update => 2,
        CmdType::Insert => 3,
        CmdType::Delete => 4,
        _ => 0,
    }
}

fn all() -> i32 {
    bit(CmdType::Update) | bit(CmdType::Insert) | bit(CmdType::Delete)
}

/// The commands that the relation takes; `only`: considering just these columns. `outer` are the views
/// on the way here.
fn events(
    catalog: &Catalog,
    oid: Oid,
    outer: &mut Vec<Oid>,
    triggers: bool,
    only: Option<&BTreeSet<i16>>,
) -> PgResult<i32> {
    let Some(relation) = catalog.relation(oid)? else { return Ok(0) };
    if outer.contains(&oid) {
        return Ok(0);
    }
    if matches!(relation.relkind, 'r' | 'p') {
        return Ok(all());
    }
    let mut found = of_rules(&relation);
    if triggers {
        found |= of_triggers(&relation);
    }
    if found == all() || relation.relkind != 'v' {
        return Ok(found);
    }
    let rule = relation.rules.iter().find(|r| r.event == '1' && r.instead);
    match rule.and_then(|r| r.actions.first()) {
        Some(query) => {
            outer.push(oid);
            let automatic = of_view(catalog, query, outer, triggers, only);
            outer.pop();
            Ok(found | automatic?)
        }
        None => Ok(found),
    }
}

/// Commands that unconditional INSTEAD rules answer.
fn of_rules(relation: &RelationDesc) -> i32 {
    let rules = relation.rules.iter().filter(|r| r.instead && r.qual.is_none());
    rules.fold(0, |found, rule| {
        found
            | match rule.event {
                '2' => bit(CmdType::Update),
                '3' => bit(CmdType::Insert),
                '4' => bit(CmdType::Delete),
                _ => 0,
            }
    })
}

/// Commands that INSTEAD OF row triggers answer.
fn of_triggers(relation: &RelationDesc) -> i32 {
    const INSTEAD_OF_ROW: i16 = 64 | 1;
    let triggers = relation.triggers.iter().filter(|t| t.tgtype & INSTEAD_OF_ROW == INSTEAD_OF_ROW);
    triggers.fold(0, |found, trigger| {
        let kinds = [(4, CmdType::Insert), (8, CmdType::Delete), (16, CmdType::Update)].into_iter();
        kinds.filter(|(t, _)| trigger.tgtype & t != 0).fold(found, |f, (_, event)| f | bit(event))
    })
}

fn of_view(
    catalog: &Catalog,
    query: &Query,
    outer: &mut Vec<Oid>,
    triggers: bool,
    only: Option<&BTreeSet<i16>>,
) -> PgResult<i32> {
    if not_updatable_reason(query).is_some() {
        return Ok(0);
    }
    let [JoinTreeNode::RangeTblRef(base)] = query.jointree.fromlist.as_slice() else {
        return Ok(0);
    };
    // View columns that are columns of the base relation, as numbers of that.
    let columns: BTreeSet<i16> = query
        .target_list
        .iter()
        .filter(|te| !te.resjunk && only.is_none_or(|o| o.contains(&te.resno)))
        .filter_map(|te| base_column(te, *base).ok())
        .collect();
    let own = if columns.is_empty() { bit(CmdType::Delete) } else { all() };
    match &query.rte(*base).kind {
        RteKind::Relation { relkind: 'r' | 'p', .. } => Ok(own),
        RteKind::Relation { relid, .. } => {
            Ok(own & events(catalog, *relid, outer, triggers, Some(&columns))?)
        }
        _ => Ok(0),
    }
}
