//! What the catalog says of a base relation: size, columns, indexes, foreign keys.
use crate::{clauses::*, lsyscache::am, relids::Relids, root::*};
use catalog::{IndexDesc, RelationDesc};
use error::PgResult;
use nodes::*;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};
use types::Oid;

const PAGE: f64 = 8192.0;

/// Adds a base relation for a range table entry.
pub fn build_simple_rel(
    root: &mut PlannerInfo<'_>,
    rti: i32,
    parent: Option<RelId>,
) -> PgResult<RelId> {
    if let Some(id) = root.try_base(rti) {
        return Ok(id);
    }
    let kind = if parent.is_some() { RelKind::OtherMember } else { RelKind::Base };
    let mut rel = RelOptInfo::new(kind, Relids::single(rti));
    rel.relid = rti;
    rel.consider_startup = root.tuple_fraction > 0.0;
    let rte = root.rte(rti).clone();
    let columns = rte.eref.colnames.len();
    rel.base = match &rte.kind {
        RteKind::Relation { .. } => BaseKind::Relation,
        RteKind::Subquery { .. } => BaseKind::Subquery,
        RteKind::Join { .. } | RteKind::Group { .. } => BaseKind::Join,
        RteKind::Function { .. } => BaseKind::Function,
        RteKind::TableFunc(_) => BaseKind::TableFunc,
        RteKind::Values { .. } => BaseKind::Values,
        RteKind::Cte { .. } => BaseKind::Cte,
        RteKind::NamedTuplestore { .. } => BaseKind::NamedTuplestore,
        RteKind::Result => BaseKind::Result,
    };
    rel.attr_needed = vec![Relids::new(); columns + 8];
    rel.attr_widths = vec![0; columns + 8];
    if let Some(p) = parent {
        let top =
            root.rels[p].top_parent_relids.clone().unwrap_or_else(|| root.rels[p].relids.clone());
        rel.top_parent_relids = Some(top);
        rel.parent = Some(p);
        rel.direct_lateral_relids = root.rels[p].direct_lateral_relids.clone();
        rel.lateral_relids = root.rels[p].lateral_relids.clone();
        rel.lateral_referencers = root.rels[p].lateral_referencers.clone();
        rel.nulling_relids = root.rels[p].nulling_relids.clone();
    }
    let id = root.add_rel(rel);
    if root.simple_rels.len() <= rti as usize {
        root.simple_rels.resize(rti as usize + 1, None);
    }
    root.simple_rels[rti as usize] = Some(id);
    if let RteKind::Relation { relid, relkind, .. } = &rte.kind {
        relation_info(root, id, *relid, *relkind, rte.inh)?;
    } else if matches!(rte.kind, RteKind::Result) {
        root.rels[id].rows = 1.0;
    }
    Ok(id)
}

fn relation_info(
    root: &mut PlannerInfo<'_>,
    id: RelId,
    relid: Oid,
    relkind: char,
    inh: bool,
) -> PgResult<()> {
    let desc = root.cx().catalog.get_relation(relid)?;
    {
        let mut state = root.glob.state.borrow_mut();
        if !state.relation_oids.contains(&relid) {
            state.relation_oids.push(relid);
        }
    }
    let rti = root.rels[id].relid;
    let n = desc.attrs.len();
    let rel = &mut root.rels[id];
    rel.attr_needed.resize(n + 8, Relids::new());
    rel.attr_widths.resize(n + 8, 0);
    rel.notnull_attnos =
        desc.attrs.iter().filter(|a| a.not_null && !a.dropped).map(|a| a.num).collect();
    rel.desc = Some(desc.clone());
    if !inh || relkind != 'p' {
        let (pages, tuples, allvis) = estimate_rel_size(root, &desc);
        let rel = &mut root.rels[id];
        rel.pages = pages;
        rel.tuples = tuples;
        rel.allvisfrac = allvis;
    }
    // Children bring their own indexes; a parent's scan of itself needs the parent's.
    if relkind != 'v' {
        let mut list = Vec::new();
        for index in desc.indexes.iter() {
            if !index.valid || index.physical_missing() {
                continue;
            }
            if relkind == 'p' && !inh {
                continue;
            }
            list.push(Rc::new(index_info(root, id, rti, index)));
        }
        // Later indexes are looked at first, as PostgreSQL does.
        list.sort_by_key(|i: &Rc<IndexOptInfo>| std::cmp::Reverse(i.oid));
        root.rels[id].indexlist = list;
    }
    Ok(())
}

trait Physical {
    fn physical_missing(&self) -> bool;
}

impl Physical for IndexDesc {
    fn physical_missing(&self) -> bool {
        !self.live
    }
}

/// Bytes of a row by its columns' types or statistics.
fn data_width(root: &PlannerInfo<'_>, desc: &RelationDesc) -> i32 {
    let cx = root.cx();
    desc.attrs
        .iter()
        .filter(|a| !a.dropped)
        .map(|a| {
            let known = if desc.rel_tuples >= 0.0 {
                cx.catalog.statistic(desc.oid, a.num, false).ok().flatten().map(|s| s.width)
            } else {
                None
            };
            known.filter(|w| *w > 0).unwrap_or_else(|| cx.type_avg_width(a.typ, a.typmod))
        })
        .sum()
}

/// Pages and rows of a relation as they would be in a PostgreSQL heap.
pub fn estimate_rel_size(root: &PlannerInfo<'_>, desc: &RelationDesc) -> (f64, f64, f64) {
    if matches!(desc.relkind, 'p' | 'v' | 'f' | 'c') {
        return (0.0, 0.0, 0.0);
    }
    let live = root.cx().stats.live_rows(desc.oid);
    let density = || {
        let width = crate::cost::maxalign(data_width(root, desc) as f64)
            + crate::cost::maxalign(23.0)
            + 4.0;
        ((PAGE - 24.0) / width).floor().max(1.0)
    };
    let analyzed = desc.rel_tuples >= 0.0 && desc.rel_pages > 0;
    if analyzed {
        // Rows as counted; pages as PostgreSQL's heap would need for them, whatever ours take.
        let tuples = live.unwrap_or(desc.rel_tuples as f64).round();
        let pages = (tuples / density()).ceil();
        let visible = (desc.all_visible as f64 / desc.rel_pages.max(1) as f64).clamp(0.0, 1.0);
        return (pages, tuples, visible);
    }
    let per_page = density();
    let mut pages = live.map_or(0.0, |rows| (rows / per_page).ceil());
    if pages < 10.0 && desc.rel_tuples < 0.0 && !desc.has_subclass && desc.rel_pages == 0 {
        pages = 10.0;
    } else if pages == 0.0 {
        return (0.0, 0.0, 0.0);
    }
    (pages, (per_page * pages).round(), 0.0)
}

fn index_info(
    root: &PlannerInfo<'_>,
    rel: RelId,
    rti: i32,
    index: &Arc<IndexDesc>,
) -> IndexOptInfo {
    let change = |e: &Expr| {
        let mut e = e.clone();
        if rti != 1 {
            offset_varnos(&mut e, rti - 1, 0);
        }
        crate::prep::const_fold::eval_const_expressions(root.cx(), e.clone()).unwrap_or(e)
    };
    let exprs: Vec<Expr> = index.exprs.iter().map(change).collect();
    let predicate: Vec<Expr> = index
        .predicate
        .iter()
        .map(change)
        .flat_map(|p| make_ands_implicit(Some(crate::prep::qual::canonicalize_qual(p, false))))
        .collect();
    let mut next_expr = exprs.iter();
    let r = &root.rels[rel];
    let columns = index
        .columns
        .iter()
        .map(|c| {
            if c.attnum == 0 {
                next_expr.next().cloned().unwrap_or_else(|| crate::lsyscache::bool_const(None))
            } else {
                let (typ, typmod, coll) = r
                    .desc
                    .as_ref()
                    .and_then(|d| d.attr(c.attnum))
                    .map_or((c.typ, c.typmod, c.collation), |a| (a.typ, a.typmod, a.collation));
                let (typ, typmod, coll) =
                    if c.attnum < 0 { system_column(c.attnum) } else { (typ, typmod, coll) };
                Expr::Var(make_var(rti, c.attnum, typ, typmod, coll, 0))
            }
        })
        .collect::<Vec<_>>();
    let is_btree = index.am == am::BTREE;
    let tuples = r.tuples;
    // An index entry is its columns and eight bytes more, at 90 % fill.
    let width: f64 =
        index.columns.iter().map(|c| root.cx().type_avg_width(c.typ, c.typmod) as f64).sum();
    let entry = crate::cost::maxalign(width + 8.0) + 4.0;
    let partial = !predicate.is_empty();
    let idx_tuples = if partial && index.rel_tuples >= 0.0 && index.rel_pages > 0 {
        index.rel_tuples as f64
    } else {
        tuples
    };
    // Leaves, a root above more than one of them, and the meta page.
    let leaves = ((idx_tuples * entry) / ((PAGE - 40.0) * 0.9)).ceil().max(1.0);
    let pages = leaves + if leaves > 1.0 { 2.0 } else { 1.0 };
    let fanout = ((PAGE - 40.0) * 0.7 / entry).max(2.0);
    let mut height = 0;
    let mut level = pages;
    while level > 2.0 && height < 10 {
        level = (level / fanout).ceil();
        height += 1;
    }
    IndexOptInfo {
        oid: index.oid,
        rel,
        relid: rti,
        pages,
        tuples: idx_tuples.min(tuples.max(idx_tuples)),
        tree_height: height,
        nkeycolumns: index.n_key,
        indexkeys: index.columns.iter().map(|c| c.attnum).collect(),
        collations: index.columns.iter().map(|c| c.collation).collect(),
        opfamily: index.columns.iter().map(|c| c.opfamily).collect(),
        opcintype: index.columns.iter().map(|c| c.opcintype).collect(),
        reverse_sort: index.columns.iter().map(|c| c.desc).collect(),
        nulls_first: index.columns.iter().map(|c| c.nulls_first).collect(),
        // btree can give back what it stores, but for types whose key form is lossy.
        canreturn: index.columns.iter().map(|c| is_btree && can_return(root, c)).collect(),
        predicate,
        columns,
        pred_ok: Cell::new(false),
        indrestrictinfo: RefCell::new(Vec::new()),
        unique: index.unique,
        immediate: index.immediate,
        amcanorder: is_btree,
        amcanorderbyop: matches!(index.am, am::GIST | am::SPGIST),
        amoptionalkey: index.am != am::HASH,
        amsearcharray: is_btree,
        amsearchnulls: !matches!(index.am, am::HASH | am::GIN),
        amhasgettuple: !matches!(index.am, am::GIN | am::BRIN),
        amhasgetbitmap: true,
        am: index.am,
    }
}

fn can_return(_root: &PlannerInfo<'_>, _c: &catalog::IndexColumn) -> bool {
    true
}

/// Type of a system column.
pub fn system_column(attno: i16) -> (Oid, i32, Oid) {
    use types::type_oid as t;
    let typ = match attno {
        sysattr::CTID => t::TID,
        sysattr::TABLEOID => t::OID,
        sysattr::XMIN | sysattr::XMAX => t::XID,
        _ => t::CID,
    };
    (typ, -1, Oid::INVALID)
}

/// Foreign keys between relations of the query.
pub fn collect_foreign_keys(root: &mut PlannerInfo<'_>) {
    let rtis: Vec<i32> = root.all_baserels.to_vec();
    if rtis.len() < 2 {
        return;
    }
    let mut found = Vec::new();
    for con in &rtis {
        let Some(id) = root.try_base(*con) else { continue };
        let Some(desc) = root.rels[id].desc.clone() else { continue };
        if root.rte(*con).inh && desc.has_subclass {
            continue;
        }
        for fk in desc.constraints.iter().filter(|c| c.contype == 'f') {
            if !fk.enforced {
                continue;
            }
            for r in rtis.iter().filter(|r| *r != con) {
                let Some(rid) = root.try_base(*r) else { continue };
                if root.rels[rid].desc.as_ref().is_some_and(|d| d.oid == fk.frelid) {
                    found.push(ForeignKeyInfo {
                        con_relid: *con,
                        ref_relid: *r,
                        conkey: fk.key.clone(),
                        confkey: fk.fkey.clone(),
                        conpfeqop: fk.pfeqop.clone(),
                    });
                }
            }
        }
    }
    root.fkey_list = found;
}
