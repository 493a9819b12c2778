//! LOCK TABLE: locks that a transaction takes by name, on what a table's children and a view's query name.
use crate::{UtilityContext, creation, relation_name};
use catalog::{CatalogRead, RelationDesc, acl, acl::ObjectKind};
use error::{PgError, PgResult, err};
use nodes::{Query, RteKind, acl as bit};
use parser::ast::{self, LockStmt, RangeVar};
use std::sync::Arc;
use txn::{LockMode, LockOutcome, LockTag, WaitPolicy};
use types::Oid;

/// What the statement says of each lock.
struct Request<'a, 'b> {
    cx: &'a UtilityContext<'b>,
    mode: LockMode,
    nowait: bool,
}

/// Takes the locks.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &LockStmt) -> PgResult<()> {
    cx.services.require_transaction_block("LOCK TABLE")?;
    let request = Request { cx, mode: mode_of(stmt.mode), nowait: stmt.nowait };
    for name in &stmt.relations {
        let relation = request.open(name)?;
        if relation.relkind == 'v' {
            request.lock_view(&relation, &mut Vec::new())?;
        } else if name.inh {
            request.lock_children(relation.oid)?;
        }
    }
    Ok(())
}

fn mode_of(mode: ast::LockMode) -> LockMode {
    match mode {
        ast::LockMode::AccessShare => LockMode::AccessShare,
        ast::LockMode::RowShare => LockMode::RowShare,
        ast::LockMode::RowExclusive => LockMode::RowExclusive,
        ast::LockMode::ShareUpdateExclusive => LockMode::ShareUpdateExclusive,
        ast::LockMode::Share => LockMode::Share,
        ast::LockMode::ShareRowExclusive => LockMode::ShareRowExclusive,
        ast::LockMode::Exclusive => LockMode::Exclusive,
        ast::LockMode::AccessExclusive => LockMode::AccessExclusive,
    }
}

fn is_lockable(relkind: char) -> bool {
    matches!(relkind, 'r' | 'p' | 'v')
}

impl Request<'_, '_> {
    /// Checks before it locks, and looks again afterwards: the name may mean something else then.
    fn open(&self, name: &RangeVar) -> PgResult<Arc<RelationDesc>> {
        let cx = self.cx;
        let parts = relation_name::parts_of(name);
        loop {
            let oid = relation_name::lookup_relation(cx.catalog, &parts)?;
            let Some(relation) = oid.map(|oid| cx.catalog.relation(oid)).transpose()?.flatten()
            else {
                return Err(err!(
                    UNDEFINED_TABLE,
                    "relation \"{}\" does not exist",
                    relation_name::dotted(&parts)
                ));
            };
            if !is_lockable(relation.relkind) {
                return Err(err!(WRONG_OBJECT_TYPE, "cannot lock relation \"{}\"", relation.name)
                    .detail(format!(
                        "This operation is not supported for {}.",
                        plural(relation.relkind)
                    )));
            }
            self.check(&relation, cx.user())?;
            self.lock(relation.oid, &relation.name)?;
            if relation_name::lookup_relation(cx.catalog, &parts)? == oid
                && let Some(relation) = cx.catalog.relation(relation.oid)?
            {
                return Ok(relation);
            }
        }
    }

    /// Any privilege to change rows permits any mode; weaker modes need less.
    fn check(&self, relation: &RelationDesc, role: Oid) -> PgResult<()> {
        let mut any_of = bit::MAINTAIN | bit::UPDATE | bit::DELETE | bit::TRUNCATE;
        if self.mode <= LockMode::AccessShare {
            any_of |= bit::SELECT;
        }
        if self.mode <= LockMode::RowExclusive {
            any_of |= bit::INSERT;
        }
        if self.cx.catalog.relation_privileges(relation, role, any_of)? == 0 {
            let kind = ObjectKind::of_relkind(relation.relkind);
            return Err(acl::permission_denied(kind, &relation.name));
        }
        Ok(())
    }

    fn lock(&self, relid: Oid, name: &str) -> PgResult<()> {
        let tag = LockTag::Relation { db: self.cx.catalog.database().0, oid: relid.0 };
        let policy = if self.nowait { WaitPolicy::Skip } else { WaitPolicy::Block };
        match self.cx.txn()?.lock(tag, self.mode, policy)? {
            LockOutcome::NotAvailable => Err(unavailable(name)),
            _ => Ok(()),
        }
    }

    /// All that inherit from the table. Who may lock it may lock them.
    fn lock_children(&self, parent: Oid) -> PgResult<()> {
        let mut seen = vec![parent];
        let mut at = 0;
        while let Some(relid) = seen.get(at).copied() {
            at += 1;
            for child in self.cx.catalog.inheritance_children(relid)?.iter() {
                if seen.contains(child) {
                    continue;
                }
                let Some(relation) = self.cx.catalog.relation(*child)? else { continue };
                self.lock(*child, &relation.name)?;
                seen.push(*child);
            }
        }
        Ok(())
    }

    /// What the view's query reads, with the privileges of the view's owner.
    fn lock_view(&self, view: &RelationDesc, ancestors: &mut Vec<Oid>) -> PgResult<()> {
        let role = if is_security_invoker(view) { self.cx.user() } else { view.owner };
        ancestors.push(view.oid);
        for rule in view.rules.iter().filter(|rule| rule.event == '1') {
            for query in rule.actions.iter() {
                self.lock_query(query, role, ancestors)?;
            }
        }
        ancestors.pop();
        Ok(())
    }

    fn lock_query(&self, query: &Query, role: Oid, ancestors: &mut Vec<Oid>) -> PgResult<()> {
        for rte in &query.rtable {
            match &rte.kind {
                RteKind::Relation { relid, relkind, .. } => {
                    if !is_lockable(*relkind) || ancestors.contains(relid) {
                        continue;
                    }
                    let Some(relation) = self.cx.catalog.relation(*relid)? else { continue };
                    self.check(&relation, role)?;
                    self.lock(*relid, &relation.name)?;
                    if relation.relkind == 'v' {
                        self.lock_view(&relation, ancestors)?;
                    } else if rte.inh {
                        self.lock_children(*relid)?;
                    }
                }
                RteKind::Subquery { subquery, .. } => {
                    self.lock_query(subquery, role, ancestors)?;
                }
                _ => {}
            }
        }
        for cte in &query.cte_list {
            self.lock_query(&cte.ctequery, role, ancestors)?;
        }
        let mut sublinks = Vec::new();
        query.for_each_expr(&mut |expr| collect_sublinks(expr, &mut sublinks));
        for sublink in sublinks {
            self.lock_query(sublink, role, ancestors)?;
        }
        Ok(())
    }
}

fn collect_sublinks<'a>(expr: &'a nodes::Expr, out: &mut Vec<&'a Query>) {
    if let nodes::Expr::SubLink(sublink) = expr {
        out.push(&sublink.subselect);
    }
    expr.for_each_child(&mut |child| collect_sublinks(child, out));
}

fn is_security_invoker(view: &RelationDesc) -> bool {
    view.reloptions.iter().any(|option| {
        option
            .strip_prefix("security_invoker=")
            .is_some_and(|value| creation::option_bool(value) == Some(true))
    })
}

fn unavailable(name: &str) -> PgError {
    err!(LOCK_NOT_AVAILABLE, "could not obtain lock on relation \"{name}\"")
}

fn plural(relkind: char) -> &'static str {
    match relkind {
        'i' => "indexes",
        'I' => "partitioned indexes",
        'S' => "sequences",
        't' => "TOAST tables",
        'm' => "materialized views",
        'c' => "composite types",
        'f' => "foreign tables",
        'p' => "partitioned tables",
        'v' => "views",
        _ => "tables",
    }
}
