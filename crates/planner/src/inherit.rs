//! Inheritance and partitioning: children of a relation, and expressions in their terms.
use crate::{clauses::*, init::restrict_info::*, plancat, relids::Relids, root::*};
use catalog::RelationDesc;
use error::PgResult;
use nodes::{plan::PlanRowMark, *};
use std::rc::Rc;
use types::Oid;

/// Puts children's columns where the parent's were.
pub fn adjust_appendrel_attrs(expr: &mut Expr, infos: &[&AppendRelInfo]) {
    adjust_level(expr, infos);
}

fn adjust_level(expr: &mut Expr, infos: &[&AppendRelInfo]) {
    match expr {
        Expr::Var(v) if v.varlevelsup == 0 => {
            for info in infos {
                if v.varno != info.parent_relid {
                    continue;
                }
                let nulling = v.varnullingrels.clone();
                let mut new = translated(v, info);
                if !nulling.is_empty() {
                    let n: Relids = nulling.into_iter().collect();
                    add_nulling_rels(&mut new, None, &n);
                }
                *expr = new;
                return;
            }
        }
        Expr::CurrentOfExpr(c) => {
            for info in infos {
                if c.cvarno == info.parent_relid {
                    c.cvarno = info.child_relid;
                    break;
                }
            }
        }
        Expr::PlaceHolderVar(p) => {
            adjust_level(&mut p.phexpr, infos);
            if p.phlevelsup == 0 {
                for info in infos {
                    for r in &mut p.phrels {
                        if *r == info.parent_relid {
                            *r = info.child_relid;
                        }
                    }
                    p.phrels.sort_unstable();
                }
            }
        }
        _ => expr.for_each_child_mut(&mut |c| adjust_level(c, infos)),
    }
}

fn translated(v: &Var, info: &AppendRelInfo) -> Expr {
    if v.varattno > 0 {
        return match info.translated_vars.get(v.varattno as usize - 1) {
            Some(Some(e)) => {
                let mut e = e.clone();
                if let Expr::Var(new) = &mut e {
                    new.varreturningtype = v.varreturningtype;
                    new.varnosyn = 0;
                }
                e
            }
            _ => {
                let mut new = v.clone();
                new.varno = info.child_relid;
                Expr::Var(new)
            }
        };
    }
    let mut new = v.clone();
    new.varno = info.child_relid;
    new.varnosyn = 0;
    if v.varattno == WHOLE_ROW_ATTNO {
        if info.child_reltype.is_valid() {
            new.vartype = info.child_reltype;
            if info.child_reltype != v.vartype && v.vartype != types::type_oid::RECORD {
                // The parent's row out of the child's.
                return Expr::ConvertRowtypeExpr(Box::new(ConvertRowtypeExpr {
                    arg: Expr::Var(new),
                    resulttype: info.parent_reltype,
                    convertformat: CoercionForm::ImplicitCast,
                    location: -1,
                }));
            }
            return Expr::Var(new);
        }
        // A UNION ALL branch: the row is built from its columns.
        let args = info.translated_vars.iter().flatten().cloned().collect();
        return Expr::RowExpr(Box::new(RowExpr {
            args,
            row_typeid: v.vartype,
            row_format: CoercionForm::ImplicitCast,
            colnames: Vec::new(),
            location: -1,
        }));
    }
    Expr::Var(new)
}

/// All descendants of a relation, itself first, in the order PostgreSQL locks them.
pub fn find_all_inheritors(root: &PlannerInfo<'_>, relid: Oid) -> PgResult<Vec<Oid>> {
    let mut all = vec![relid];
    let mut at = 0;
    while at < all.len() {
        for child in root.cx().catalog.inheritance_children(all[at])?.iter() {
            if !all.contains(child) {
                all.push(*child);
            }
        }
        at += 1;
    }
    Ok(all)
}

/// Translation of a parent's columns to a child's, by name.
pub fn make_appendrelinfo(
    parent: &RelationDesc,
    child: &RelationDesc,
    parent_rti: i32,
    child_rti: i32,
) -> AppendRelInfo {
    let translated_vars = parent
        .attrs
        .iter()
        .map(|a| {
            if a.dropped {
                return None;
            }
            let c = if child.oid == parent.oid {
                child.attr(a.num)
            } else {
                child.attr_by_name(&a.name)
            }?;
            Some(Expr::Var(make_var(child_rti, c.num, a.typ, a.typmod, a.collation, 0)))
        })
        .collect();
    AppendRelInfo {
        parent_relid: parent_rti,
        child_relid: child_rti,
        parent_reltype: parent.reltype,
        child_reltype: child.reltype,
        translated_vars,
    }
}

/// Expands every relation that is read with its children.
pub fn add_other_rels_to_query(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    for rti in 1..root.simple_rels.len() as i32 {
        let Some(id) = root.try_base(rti) else { continue };
        if root.rels[id].kind != RelKind::Base || !root.rte(rti).inh {
            continue;
        }
        expand_inherited_rtentry(root, id, rti)?;
    }
    Ok(())
}

/// Adds the children of one range table entry.
pub fn expand_inherited_rtentry(root: &mut PlannerInfo<'_>, id: RelId, rti: i32) -> PgResult<()> {
    if matches!(root.rte(rti).kind, RteKind::Subquery { .. }) {
        // A UNION ALL made flat: the children are in the range table already.
        let infos: Vec<Rc<AppendRelInfo>> =
            root.append_rel_list.iter().filter(|a| a.parent_relid == rti).cloned().collect();
        for info in infos {
            let child = plancat::build_simple_rel(root, info.child_relid, Some(id))?;
            root.rels[id].live_children.push(child);
            apply_child_basequals(root, id, child, &info)?;
            if root.rte(info.child_relid).inh {
                expand_inherited_rtentry(root, child, info.child_relid)?;
            }
        }
        return Ok(());
    }
    let RteKind::Relation { relid, relkind, .. } = root.rte(rti).kind else { return Ok(()) };
    if relkind == 'p' {
        return expand_partitioned(root, id, rti, relid, rti);
    }
    let members = find_all_inheritors(root, relid)?;
    if members.len() == 1 {
        root.parse.rte_mut(rti).inh = false;
        return Ok(());
    }
    let parent = root.cx().catalog.get_relation(relid)?;
    for member in members {
        let child = root.cx().catalog.get_relation(member)?;
        if child.persistence == 't'
            && child.oid != relid
            && root.cx().catalog.temp_namespace() != Some(child.namespace)
        {
            continue;
        }
        add_child(root, id, rti, &parent, &child, false, rti)?;
    }
    Ok(())
}

fn expand_partitioned(
    root: &mut PlannerInfo<'_>,
    id: RelId,
    rti: i32,
    relid: Oid,
    top_rti: i32,
) -> PgResult<()> {
    let parent = root.cx().catalog.get_relation(relid)?;
    for child in crate::partition::live_partitions(root, id, &parent)? {
        let is_part = child.relkind == 'p';
        let (child_id, child_rti) = add_child(root, id, rti, &parent, &child, is_part, top_rti)?;
        if is_part {
            expand_partitioned(root, child_id, child_rti, child.oid, top_rti)?;
        }
    }
    Ok(())
}

fn add_child(
    root: &mut PlannerInfo<'_>,
    id: RelId,
    rti: i32,
    parent: &RelationDesc,
    child: &RelationDesc,
    inh: bool,
    top_rti: i32,
) -> PgResult<(RelId, i32)> {
    let parent_rte = root.rte(rti).clone();
    let RteKind::Relation { rellockmode, tablesample, .. } = &parent_rte.kind else {
        return Err(error::PgError::internal("inheritance parent is not a relation"));
    };
    let child_rti = root.parse.rtable.len() as i32 + 1;
    let colnames: Vec<String> = child
        .attrs
        .iter()
        .map(|a| {
            if a.dropped {
                return String::new();
            }
            // The alias's own column names follow the columns.
            parent
                .attr_by_name(&a.name)
                .and_then(|p| parent_rte.eref.colnames.get(p.num as usize - 1))
                .cloned()
                .unwrap_or_else(|| a.name.clone())
        })
        .collect();
    let rte = RangeTblEntry {
        kind: RteKind::Relation {
            relid: child.oid,
            relkind: child.relkind,
            rellockmode: *rellockmode,
            perminfoindex: 0,
            tablesample: tablesample.clone(),
        },
        // All children bear the parent's name; printing makes them unique.
        alias: Some(Alias {
            aliasname: parent_rte.eref.aliasname.clone(),
            colnames: colnames.clone(),
        }),
        eref: Alias { aliasname: parent_rte.eref.aliasname.clone(), colnames },
        lateral: false,
        inh,
        in_from_cl: false,
        security_quals: Vec::new(),
    };
    root.parse.rtable.push(rte);
    let info = Rc::new(make_appendrelinfo(parent, child, rti, child_rti));
    root.append_rel_list.push(info.clone());
    // Row marks of the parent are taken on each child.
    if let Some(mark) = root.row_marks.iter().find(|m| m.rti == top_rti).cloned() {
        if let Some(m) = root.row_marks.iter_mut().find(|m| m.rti == top_rti) {
            m.is_parent = true;
        }
        root.row_marks.push(PlanRowMark {
            rti: child_rti,
            prti: top_rti,
            rowmark_id: mark.rowmark_id,
            is_parent: inh,
            ..mark
        });
    }
    let child_id = plancat::build_simple_rel(root, child_rti, Some(id))?;
    root.rels[id].live_children.push(child_id);
    if root.parse.result_relation > 0 && root.all_result_relids.contains(rti) {
        root.all_result_relids.add(child_rti);
        if !inh {
            root.leaf_result_relids.push(child_rti);
        }
    }
    apply_child_basequals(root, id, child_id, &info)?;
    Ok((child_id, child_rti))
}

/// The parent's restrictions in terms of the child; a contradiction makes the child empty.
fn apply_child_basequals(
    root: &mut PlannerInfo<'_>,
    parent: RelId,
    child: RelId,
    info: &AppendRelInfo,
) -> PgResult<()> {
    let mut quals = Vec::new();
    let mut min_security = u32::MAX;
    for r in root.rels[parent].baserestrictinfo.clone() {
        let mut clause = r.clause.clone();
        adjust_appendrel_attrs(&mut clause, &[info]);
        let clause = crate::prep::const_fold::eval_const_expressions(root.cx(), clause)?;
        if let Expr::Const(c) = &clause {
            if !matches!(c.value, types::Datum::Bool(true)) {
                root.rels[child].dummy = true;
                return Ok(());
            }
            continue;
        }
        for part in make_ands_implicit(Some(clause)) {
            let pseudo = !contain_vars(&part) && !root.cx().contain_volatile(&part);
            if pseudo {
                root.has_pseudo_constant_quals = true;
            }
            let how = ClauseContext {
                is_pushed_down: r.is_pushed_down,
                pseudoconstant: pseudo,
                security_level: r.security_level,
                ..ClauseContext::default()
            };
            let mut rinfo = make_restrictinfo(root, part, &how);
            check_joinable(root, &mut rinfo);
            min_security = min_security.min(rinfo.security_level);
            quals.push(rinfo);
        }
    }
    let child_rti = root.rels[child].relid;
    for (level, q) in root.rte(child_rti).security_quals.clone().into_iter().enumerate() {
        let how = ClauseContext {
            is_pushed_down: true,
            security_level: level as u32,
            ..ClauseContext::default()
        };
        for part in make_ands_implicit(Some(q)) {
            quals.push(make_restrictinfo(root, part, &how));
            min_security = min_security.min(level as u32);
        }
    }
    root.rels[child].baserestrictinfo = quals;
    root.rels[child].baserestrict_min_security = min_security;
    Ok(())
}
