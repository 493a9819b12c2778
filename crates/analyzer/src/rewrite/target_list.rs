//! Values for every column of INSERT and UPDATE: defaults, identity and generated columns.
use crate::parse_state::Analyzer;
use catalog::rows::{Attribute, RelationDesc};
use error::{PgError, PgResult, bail, err};
use nodes::{CmdType, Expr, OverridingKind, Query, RteKind, TargetEntry};
use types::Oid;

/// Columns of a multi-row VALUES that the target list does not use after all.
type UnusedColumns = Vec<i16>;

fn is_set(letter: char) -> bool {
    letter != '\0' && letter != ' '
}

impl Analyzer<'_> {
    /// Completes the target lists of a data-modifying query on `relation`.
    pub(super) fn rewrite_targets(
        &mut self,
        query: &mut Query,
        relation: &RelationDesc,
    ) -> PgResult<()> {
        match query.command_type {
            CmdType::Insert => self.rewrite_insert_targets(query, relation),
            CmdType::Update => {
                let list = std::mem::take(&mut query.target_list);
                query.target_list = self.rewrite_target_list(
                    list,
                    CmdType::Update,
                    query.override_,
                    relation,
                    None,
                    &mut Vec::new(),
                )?;
                Ok(())
            }
            CmdType::Merge => {
                for action in &mut query.merge_action_list {
                    if !matches!(action.command_type, CmdType::Insert | CmdType::Update) {
                        continue;
                    }
                    let list = std::mem::take(&mut action.target_list);
                    action.target_list = self.rewrite_target_list(
                        list,
                        action.command_type,
                        action.override_,
                        relation,
                        None,
                        &mut Vec::new(),
                    )?;
                    if action.command_type == CmdType::Update {
                        action.update_colnos = action
                            .target_list
                            .iter()
                            .filter(|te| !te.resjunk)
                            .map(|te| te.resno)
                            .collect();
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn rewrite_insert_targets(
        &mut self,
        query: &mut Query,
        relation: &RelationDesc,
    ) -> PgResult<()> {
        // A multi-row VALUES is the only FROM item of its INSERT.
        let values = match query.jointree.fromlist.as_slice() {
            [nodes::JoinTreeNode::RangeTblRef(rti)]
                if matches!(query.rte(*rti).kind, RteKind::Values { .. }) =>
            {
                Some(*rti)
            }
            _ => None,
        };
        let rows = match values {
            Some(rti) => match &query.rte(rti).kind {
                RteKind::Values { values_lists, .. } => Some((rti, values_lists.clone())),
                _ => None,
            },
            None => None,
        };
        let mut unused = Vec::new();
        let list = std::mem::take(&mut query.target_list);
        query.target_list = self.rewrite_target_list(
            list,
            CmdType::Insert,
            query.override_,
            relation,
            rows.as_ref().map(|(rti, rows)| (*rti, rows.as_slice())),
            &mut unused,
        )?;
        if let Some((rti, rows)) = rows {
            let rows = self.rewrite_values(query, rti, rows, relation, &unused)?;
            if let RteKind::Values { values_lists, .. } = &mut query.rte_mut(rti).kind {
                *values_lists = rows;
            }
        }
        if let Some(mut oc) = query.on_conflict.take() {
            if oc.update {
                oc.on_conflict_set = self.rewrite_target_list(
                    std::mem::take(&mut oc.on_conflict_set),
                    CmdType::Update,
                    query.override_,
                    relation,
                    None,
                    &mut Vec::new(),
                )?;
            }
            query.on_conflict = Some(oc);
        }
        Ok(())
    }

    fn rewrite_target_list(
        &mut self,
        list: Vec<TargetEntry>,
        command: CmdType,
        overriding: OverridingKind,
        relation: &RelationDesc,
        values: Option<(i32, &[Vec<Expr>])>,
        unused: &mut UnusedColumns,
    ) -> PgResult<Vec<TargetEntry>> {
        let natts = relation.attrs.len();
        let mut slots: Vec<Option<TargetEntry>> = (0..natts).map(|_| None).collect();
        let mut junk = Vec::new();
        for entry in list {
            if entry.resjunk {
                junk.push(entry);
                continue;
            }
            let index = entry.resno as usize - 1;
            if index >= natts {
                return Err(PgError::internal(format!(
                    "bogus resno {} in targetlist",
                    entry.resno
                )));
            }
            let attr = &relation.attrs[index];
            if attr.dropped {
                continue;
            }
            slots[index] = Some(merge_assignments(entry, slots[index].take(), &attr.name)?);
        }
        let mut result = Vec::with_capacity(natts);
        for attr in relation.attrs.iter() {
            let entry = slots[attr.num as usize - 1].take();
            if attr.dropped {
                continue;
            }
            let entry =
                self.rewrite_column(entry, attr, command, overriding, relation, values, unused)?;
            result.extend(entry);
        }
        for (i, mut entry) in junk.into_iter().enumerate() {
            entry.resno = (natts + 1 + i) as i16;
            result.push(entry);
        }
        Ok(result)
    }

    fn rewrite_column(
        &mut self,
        entry: Option<TargetEntry>,
        attr: &Attribute,
        command: CmdType,
        overriding: OverridingKind,
        relation: &RelationDesc,
        values: Option<(i32, &[Vec<Expr>])>,
        unused: &mut UnusedColumns,
    ) -> PgResult<Option<TargetEntry>> {
        let mut apply_default = match &entry {
            None => command == CmdType::Insert,
            Some(te) => matches!(te.expr, Expr::SetToDefault(_)),
        };
        if command == CmdType::Insert {
            let values_column = match (&entry, values) {
                (Some(TargetEntry { expr: Expr::Var(v), .. }), Some((rti, _)))
                    if v.varno == rti =>
                {
                    Some(v.varattno)
                }
                _ => None,
            };
            let all_default = |column: Option<i16>| match (column, values) {
                (Some(column), Some((_, rows))) => {
                    rows.iter().all(|row| matches!(row[column as usize - 1], Expr::SetToDefault(_)))
                }
                _ => false,
            };
            let was_default = apply_default;
            if attr.identity == 'a' && !apply_default {
                if overriding == OverridingKind::UserValue {
                    apply_default = true;
                } else if overriding != OverridingKind::SystemValue {
                    if all_default(values_column) {
                        apply_default = true;
                    } else {
                        return Err(cannot_insert(
                            attr,
                            "is an identity column defined as GENERATED ALWAYS.",
                        )
                        .hint("Use OVERRIDING SYSTEM VALUE to override."));
                    }
                }
            }
            if attr.identity == 'd' && overriding == OverridingKind::UserValue {
                apply_default = true;
            }
            if is_set(attr.generated) && !apply_default {
                if all_default(values_column) {
                    apply_default = true;
                } else {
                    return Err(cannot_insert(attr, "is a generated column."));
                }
            }
            if let (true, false, Some(column)) = (apply_default, was_default, values_column) {
                unused.push(column);
            }
        }
        if command == CmdType::Update && entry.is_some() && !apply_default {
            let reason = if attr.identity == 'a' {
                Some("is an identity column defined as GENERATED ALWAYS.")
            } else if is_set(attr.generated) {
                Some("is a generated column.")
            } else {
                None
            };
            if let Some(reason) = reason {
                return Err(err!(
                    GENERATED_ALWAYS,
                    "column \"{}\" can only be updated to DEFAULT",
                    attr.name
                )
                .detail(format!("Column \"{}\" {reason}", attr.name)));
            }
        }
        if is_set(attr.generated) {
            // The executor computes it.
            return Ok(None);
        }
        if !apply_default {
            return Ok(entry);
        }
        let expr = match self.build_column_default(relation, attr)? {
            Some(expr) => expr,
            // A column that INSERT leaves out and that has no default is NULL anyway.
            None if command == CmdType::Insert => return Ok(None),
            None => self.null_to_domain(attr.typ, attr.typmod, attr.collation)?,
        };
        Ok(Some(TargetEntry {
            expr,
            resno: attr.num,
            resname: Some(attr.name.clone()),
            ressortgroupref: 0,
            resorigtbl: Oid::INVALID,
            resorigcol: 0,
            resjunk: false,
        }))
    }

    /// Replaces DEFAULT in a multi-row VALUES by the columns' defaults.
    fn rewrite_values(
        &mut self,
        query: &Query,
        rti: i32,
        rows: Vec<Vec<Expr>>,
        relation: &RelationDesc,
        unused: &UnusedColumns,
    ) -> PgResult<Vec<Vec<Expr>>> {
        if !rows.iter().flatten().any(|e| matches!(e, Expr::SetToDefault(_))) {
            return Ok(rows);
        }
        // Which column of the table each column of VALUES goes to.
        let width = rows.first().map_or(0, Vec::len);
        let mut targets: Vec<Option<i16>> = vec![None; width];
        for te in &query.target_list {
            if let Expr::Var(v) = &te.expr {
                if v.varno == rti {
                    targets[v.varattno as usize - 1] = Some(te.resno);
                }
            }
        }
        // A view's own DEFAULTs are those of its base table, which it does not have yet.
        let is_auto_updatable_view = relation.relkind == 'v';
        let mut out = Vec::with_capacity(rows.len());
        for row in rows {
            let mut new_row = Vec::with_capacity(row.len());
            for (i, expr) in row.into_iter().enumerate() {
                let Expr::SetToDefault(default) = &expr else {
                    new_row.push(expr);
                    continue;
                };
                let column = i as i16 + 1;
                if unused.contains(&column) {
                    new_row.push(self.null_const(
                        default.type_id,
                        default.type_mod,
                        default.collation,
                    )?);
                    continue;
                }
                let attno = targets[i]
                    .ok_or_else(|| PgError::internal("cannot set value in column to DEFAULT"))?;
                let attr = relation
                    .attr(attno)
                    .ok_or_else(|| PgError::internal("VALUES column without target"))?
                    .clone();
                let value = match self.build_column_default(relation, &attr)? {
                    Some(value) => value,
                    None if is_auto_updatable_view => expr.clone(),
                    None => self.null_to_domain(attr.typ, attr.typmod, attr.collation)?,
                };
                new_row.push(value);
            }
            out.push(new_row);
        }
        Ok(out)
    }
}

fn cannot_insert(attr: &Attribute, reason: &str) -> PgError {
    err!(GENERATED_ALWAYS, "cannot insert a non-DEFAULT value into column \"{}\"", attr.name)
        .detail(format!("Column \"{}\" {reason}", attr.name))
}

/// The container that an assignment to a part of it starts from.
fn assignment_input(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::FieldStore(f) => Some(&f.arg),
        Expr::SubscriptingRef(s) if s.refassgnexpr.is_some() => Some(&s.refexpr),
        _ => None,
    }
}

/// Two assignments to parts of one column become one that does both.
fn merge_assignments(
    mut new: TargetEntry,
    previous: Option<TargetEntry>,
    name: &str,
) -> PgResult<TargetEntry> {
    let Some(previous) = previous else { return Ok(new) };
    let domain = match &new.expr {
        Expr::CoerceToDomain(c) if assignment_input(&c.arg).is_some() => Some((**c).clone()),
        _ => None,
    };
    let strip = |expr: Expr| match expr {
        Expr::CoerceToDomain(c) if assignment_input(&c.arg).is_some() => c.arg,
        other => other,
    };
    let first = strip(previous.expr);
    let second = strip(new.expr);
    if assignment_input(&first).is_none() || assignment_input(&second).is_none() {
        bail!(SYNTAX_ERROR, "multiple assignments to same column \"{name}\"");
    }
    // Both start from the same column; the second then works on the first's result.
    let merged = match (first, second) {
        (Expr::FieldStore(mut a), Expr::FieldStore(b)) if a.resulttype == b.resulttype => {
            a.newvals.extend(b.newvals);
            a.fieldnums.extend(b.fieldnums);
            Expr::FieldStore(a)
        }
        (first, Expr::FieldStore(mut b)) => {
            b.arg = first;
            Expr::FieldStore(b)
        }
        (first, Expr::SubscriptingRef(mut s)) => {
            s.refexpr = first;
            Expr::SubscriptingRef(s)
        }
        _ => bail!(SYNTAX_ERROR, "multiple assignments to same column \"{name}\""),
    };
    new.expr = match domain {
        Some(mut domain) => {
            domain.arg = merged;
            Expr::CoerceToDomain(Box::new(domain))
        }
        None => merged,
    };
    Ok(new)
}
