//! Index paths of a base relation: plain, index-only, ordered, parameterised, bitmap.
use super::{bitmap, index_match::*};
use crate::{
    clauses::*,
    cost::*,
    init::{equivclass, restrict_info::join_clause_is_movable_to},
    path::*,
    pathkeys::*,
    pathnode::*,
    predicate,
    relids::Relids,
    root::*,
};
use nodes::*;
use std::rc::Rc;

/// Clauses by index column.
#[derive(Clone, Default)]
pub struct ClauseSet {
    pub by_col: Vec<Vec<IndexClause>>,
    pub nonempty: bool,
}

impl ClauseSet {
    fn new(n: usize) -> Self {
        ClauseSet { by_col: vec![Vec::new(); n], nonempty: false }
    }
}

/// Marks partial indexes that the query's clauses allow and collects what they need not check.
pub fn check_index_predicates(root: &mut PlannerInfo<'_>, rel: RelId) {
    let indexes = root.rels[rel].indexlist.clone();
    for i in &indexes {
        *i.indrestrictinfo.borrow_mut() = root.rels[rel].baserestrictinfo.clone();
    }
    if indexes.iter().all(|i| i.predicate.is_empty()) {
        return;
    }
    let mut clauses: Vec<Rc<RestrictInfo>> = root.rels[rel].baserestrictinfo.clone();
    let r = &root.rels[rel];
    clauses.extend(r.joininfo.iter().filter(|c| join_clause_is_movable_to(c, r)).cloned());
    let relids = r.relids.clone();
    let others = root.all_query_rels.difference(&relids);
    if !others.is_empty() && r.top_parent_relids.is_none() {
        let both = relids.union(&others);
        clauses
            .extend(equivclass::generate_join_implied_equalities(root, &both, &others, rel, None));
    }
    let is_target = root.parse.result_relation == root.rels[rel].relid
        || root.row_marks.iter().any(|m| m.rti == root.rels[rel].relid);
    let given: Vec<Expr> = clauses.iter().map(|c| c.clause.clone()).collect();
    for i in &indexes {
        if i.predicate.is_empty() {
            continue;
        }
        i.pred_ok.set(predicate::predicate_implied_by(root.cx(), &i.predicate, &given, false));
        if !i.pred_ok.get() || is_target {
            continue;
        }
        i.indrestrictinfo.borrow_mut().retain(|r| {
            root.cx().contain_mutable(&r.clause)
                || !predicate::predicate_implied_by(
                    root.cx(),
                    std::slice::from_ref(&r.clause),
                    &i.predicate,
                    false,
                )
        });
    }
}

/// All index paths.
pub fn create_index_paths(root: &mut PlannerInfo<'_>, rel: RelId) {
    if root.rels[rel].indexlist.is_empty() {
        return;
    }
    let mut bitindexpaths: Vec<PathRef> = Vec::new();
    let mut bitjoinpaths: Vec<PathRef> = Vec::new();
    let mut joinorclauses: Vec<Rc<RestrictInfo>> = Vec::new();
    for index in root.rels[rel].indexlist.clone() {
        if !index.predicate.is_empty() && !index.pred_ok.get() {
            continue;
        }
        let mut rclauses = ClauseSet::new(index.nkeycolumns);
        for r in index.indrestrictinfo.borrow().iter() {
            match_clause_to_index(root, r, &index, &mut rclauses);
        }
        get_index_paths(root, rel, &index, &rclauses, &mut bitindexpaths);
        let mut jclauses = ClauseSet::new(index.nkeycolumns);
        match_join_clauses(root, rel, &index, &mut jclauses, &mut joinorclauses);
        let mut eclauses = ClauseSet::new(index.nkeycolumns);
        match_eclass_clauses(root, rel, &index, &mut eclauses);
        if jclauses.nonempty || eclauses.nonempty {
            consider_index_join_clauses(
                root,
                rel,
                &index,
                &rclauses,
                &jclauses,
                &eclauses,
                &mut bitjoinpaths,
            );
        }
    }
    let base = root.rels[rel].baserestrictinfo.clone();
    let or_paths = bitmap::generate_or_paths(root, rel, &base, &[]);
    bitindexpaths.extend(or_paths);
    let join_or_paths = bitmap::generate_or_paths(root, rel, &joinorclauses, &base);
    bitjoinpaths.extend(join_or_paths);
    if !bitindexpaths.is_empty() {
        let qual = bitmap::choose_bitmap_and(root, rel, &bitindexpaths);
        let lateral = root.rels[rel].lateral_relids.clone();
        let param = get_baserel_parampathinfo(root, rel, &lateral);
        let c = cost_bitmap_heap_scan(root, &root.rels[rel], param.as_deref(), &qual, 1.0);
        let target = root.rels[rel].reltarget.clone();
        let path = new_path(PathKind::BitmapHeap(qual), rel, target, param, c, Vec::new());
        add_path(root, rel, path);
    }
    if !bitjoinpaths.is_empty() {
        bitmap_join_paths(root, rel, &bitindexpaths, &bitjoinpaths);
    }
}

fn bitmap_join_paths(root: &mut PlannerInfo<'_>, rel: RelId, base: &[PathRef], join: &[PathRef]) {
    let mut outers: Vec<Relids> = Vec::new();
    for p in join {
        let o = p.req_outer();
        if !outers.contains(&o) {
            outers.push(o);
        }
    }
    for outer in outers {
        let mut all: Vec<PathRef> =
            join.iter().filter(|p| p.req_outer().is_subset(&outer)).cloned().collect();
        all.extend(base.iter().cloned());
        let qual = bitmap::choose_bitmap_and(root, rel, &all);
        let required = bitmap::required_outer(&qual);
        let loop_count = get_loop_count(root, rel, &required);
        let param = get_baserel_parampathinfo(root, rel, &required);
        let c = cost_bitmap_heap_scan(root, &root.rels[rel], param.as_deref(), &qual, loop_count);
        let target = root.rels[rel].reltarget.clone();
        let path = new_path(PathKind::BitmapHeap(qual), rel, target, param, c, Vec::new());
        add_path(root, rel, path);
    }
}

fn match_clause_to_index(
    root: &PlannerInfo<'_>,
    r: &Rc<RestrictInfo>,
    index: &IndexOptInfo,
    set: &mut ClauseSet,
) {
    if r.pseudoconstant {
        return;
    }
    for col in 0..index.nkeycolumns {
        if set.by_col[col].iter().any(|c| Rc::ptr_eq(&c.rinfo, r)) {
            return;
        }
        if let Some(c) = match_clause_to_indexcol(root, r, col, index) {
            set.by_col[col].push(c);
            set.nonempty = true;
            return;
        }
    }
}

fn match_join_clauses(
    root: &PlannerInfo<'_>,
    rel: RelId,
    index: &IndexOptInfo,
    set: &mut ClauseSet,
    ors: &mut Vec<Rc<RestrictInfo>>,
) {
    let r = &root.rels[rel];
    for c in &r.joininfo {
        if !join_clause_is_movable_to(c, r) {
            continue;
        }
        if c.or_arms.is_some() && !ors.iter().any(|o| Rc::ptr_eq(o, c)) {
            ors.push(c.clone());
        }
        match_clause_to_index(root, c, index, set);
    }
}

fn match_eclass_clauses(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    index: &Rc<IndexOptInfo>,
    set: &mut ClauseSet,
) {
    if !root.rels[rel].has_eclass_joins {
        return;
    }
    for col in 0..index.nkeycolumns {
        let idx = index.clone();
        let matches = move |root: &PlannerInfo<'_>, ec: EcId, m: &EcMember| {
            let class = &root.eq_classes[ec];
            (!idx.opfamily[col].is_valid()
                || idx.am != crate::lsyscache::am::BTREE
                || class.opfamilies.contains(&idx.opfamily[col]))
                && (!idx.collations[col].is_valid() || idx.collations[col] == class.collation)
                && match_index_to_operand(&m.expr, col, &idx)
        };
        let prohibited = root.rels[rel].lateral_referencers.clone();
        let clauses =
            equivclass::generate_implied_equalities_for_column(root, rel, &matches, &prohibited);
        for c in clauses {
            match_clause_to_index(root, &c, index, set);
        }
    }
}

fn get_index_paths(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    index: &Rc<IndexOptInfo>,
    clauses: &ClauseSet,
    bitindexpaths: &mut Vec<PathRef>,
) {
    let paths = build_index_paths(root, rel, index, clauses, index.pred_ok.get(), true);
    for p in paths {
        let for_bitmap = index.amhasgetbitmap && p.pathkeys_free_selectivity(root, rel);
        if for_bitmap {
            bitindexpaths.push(Rc::new(p.clone()));
        }
        if index.amhasgettuple {
            add_path(root, rel, p);
        }
    }
}

impl Path {
    /// Whether a bitmap could make something of this index path.
    fn pathkeys_free_selectivity(&self, _root: &PlannerInfo<'_>, _rel: RelId) -> bool {
        match &self.kind {
            PathKind::Index(i) => self.pathkeys.is_empty() || i.index_selectivity < 1.0,
            _ => false,
        }
    }
}

/// Index paths that use given clauses.
pub fn build_index_paths(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    index: &Rc<IndexOptInfo>,
    set: &ClauseSet,
    useful_predicate: bool,
    plain: bool,
) -> Vec<Path> {
    let mut result = Vec::new();
    let mut clauses: Vec<IndexClause> = Vec::new();
    let mut outer = root.rels[rel].lateral_relids.clone();
    for col in 0..index.nkeycolumns {
        for c in &set.by_col[col] {
            outer.add_all(&c.rinfo.clause_relids);
            clauses.push(c.clone());
        }
        // Without a condition on the first column such an index cannot be scanned.
        if clauses.is_empty() && !index.amoptionalkey {
            return result;
        }
    }
    outer.remove_all(&root.rels[rel].relids.clone());
    outer.remove_all(&root.outer_join_rels.clone());
    let loop_count = get_loop_count(root, rel, &outer);
    let ordered = index.amcanorder
        && plain
        && has_useful_pathkeys(root, &root.rels[rel])
        && index.amhasgettuple;
    let mut useful: Vec<PathKey> = Vec::new();
    let mut orderbys: (Vec<Expr>, Vec<usize>) = (Vec::new(), Vec::new());
    if ordered {
        let keys = build_index_pathkeys(root, index, false);
        useful = truncate_useless_pathkeys(root, &root.rels[rel], keys);
    } else if index.amcanorderbyop && plain && !root.query_pathkeys.is_empty() {
        if let Some(found) = match_pathkeys_to_index(root, rel, index) {
            useful = root.query_pathkeys.clone();
            orderbys = found;
        }
    }
    let index_only = plain && check_index_only(root, rel, index);
    if !clauses.is_empty() || !useful.is_empty() || useful_predicate || index_only {
        result.push(make_index_path(
            root,
            rel,
            index,
            clauses.clone(),
            orderbys.clone(),
            useful,
            false,
            index_only,
            &outer,
            loop_count,
        ));
    }
    if ordered {
        let keys = build_index_pathkeys(root, index, true);
        let useful = truncate_useless_pathkeys(root, &root.rels[rel], keys);
        if !useful.is_empty() {
            result.push(make_index_path(
                root,
                rel,
                index,
                clauses,
                (Vec::new(), Vec::new()),
                useful,
                true,
                index_only,
                &outer,
                loop_count,
            ));
        }
    }
    result
}

fn make_index_path(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    index: &Rc<IndexOptInfo>,
    clauses: Vec<IndexClause>,
    orderbys: (Vec<Expr>, Vec<usize>),
    keys: Vec<PathKey>,
    backward: bool,
    index_only: bool,
    outer: &Relids,
    loop_count: f64,
) -> Path {
    let param = get_baserel_parampathinfo(root, rel, outer);
    let mut ip = IndexPath {
        index: index.clone(),
        clauses,
        orderbys: orderbys.0,
        orderbycols: orderbys.1,
        backward,
        index_only,
        index_total_cost: 0.0,
        index_selectivity: 0.0,
    };
    let c = cost_index(root, &root.rels[rel], &mut ip, param.as_deref(), loop_count);
    let target = root.rels[rel].reltarget.clone();
    new_path(PathKind::Index(ip), rel, target, param, c, keys)
}

/// `ORDER BY col <-> const` over an index that can order by distance.
fn match_pathkeys_to_index(
    root: &PlannerInfo<'_>,
    rel: RelId,
    index: &IndexOptInfo,
) -> Option<(Vec<Expr>, Vec<usize>)> {
    let cx = root.cx();
    let (mut exprs, mut cols) = (Vec::new(), Vec::new());
    for key in &root.query_pathkeys {
        if key.reverse || key.nulls_first {
            return None;
        }
        let ec = &root.eq_classes[key.ec];
        if ec.has_volatile {
            return None;
        }
        let found = ec.members.iter().find_map(|m| {
            if m.relids != root.rels[rel].relids {
                return None;
            }
            let Expr::OpExpr(o) = &m.expr else { return None };
            if o.args.len() != 2 {
                return None;
            }
            (0..index.nkeycolumns).find_map(|c| {
                let (op, var, value) = if match_index_to_operand(&o.args[0], c, index) {
                    (o.opno, o.args[0].clone(), o.args[1].clone())
                } else if match_index_to_operand(&o.args[1], c, index) {
                    (cx.commutator(o.opno), o.args[1].clone(), o.args[0].clone())
                } else {
                    return None;
                };
                if contain_vars(&value) || cx.contain_volatile(&value) {
                    return None;
                }
                let ordering = cx
                    .catalog
                    .amops_of_operator(op)
                    .ok()?
                    .iter()
                    .any(|a| a.family == index.opfamily[c] && a.purpose == 'o');
                ordering.then(|| {
                    (make_opclause_typed(cx, op, var, value, o.opresulttype, o.inputcollid), c)
                })
            })
        });
        let (e, c) = found?;
        exprs.push(e);
        cols.push(c);
    }
    Some((exprs, cols))
}

fn make_opclause_typed(
    cx: &crate::context::PlanContext<'_>,
    op: types::Oid,
    l: Expr,
    r: Expr,
    result: types::Oid,
    coll: types::Oid,
) -> Expr {
    let mut e = make_opclause(cx, op, l, r, types::Oid::INVALID, coll);
    if let Expr::OpExpr(o) = &mut e {
        o.opresulttype = result;
    }
    e
}

/// Whether the index alone has every column the query needs of the relation.
pub fn check_index_only(root: &PlannerInfo<'_>, rel: RelId, index: &IndexOptInfo) -> bool {
    if !root.cx().settings.enable_indexonlyscan || !index.amhasgettuple {
        return false;
    }
    let r = &root.rels[rel];
    let mut used: Vec<i16> = Vec::new();
    let mut note = |e: &Expr| {
        let how = PullVars { recurse_placeholders: true, ..Default::default() };
        for v in pull_var_clause(e, how) {
            if let Expr::Var(v) = v {
                if v.varno == r.relid {
                    used.push(v.varattno);
                }
            }
        }
    };
    r.reltarget.exprs.iter().for_each(&mut note);
    index.indrestrictinfo.borrow().iter().for_each(|c| note(&c.clause));
    used.iter().all(|a| {
        index.indexkeys.iter().zip(&index.canreturn).any(|(k, ok)| *ok && *k == *a && *a != 0)
    })
}

/// How often a parameterised scan will be repeated: the smallest outer relation's rows.
pub fn get_loop_count(root: &PlannerInfo<'_>, rel: RelId, outer: &Relids) -> f64 {
    if outer.is_empty() {
        return 1.0;
    }
    let mut result = 0.0f64;
    for rti in outer.iter() {
        let Some(id) = root.try_base(rti) else { continue };
        let o = &root.rels[id];
        if o.dummy || o.rows <= 0.0 {
            continue;
        }
        let mut rows = o.rows;
        // A semi join's right side meets each value once.
        for sj in &root.join_info_list {
            if sj.jointype == JoinType::Semi
                && sj.syn_lefthand.contains(root.rels[rel].relid)
                && sj.syn_righthand.contains(rti)
            {
                let n = crate::selectivity::groups::estimate_num_groups(
                    root,
                    &sj.semi_rhs_exprs,
                    approx_joinrel_rows(root, &sj.syn_righthand),
                );
                rows = rows.min(n);
            }
        }
        if result == 0.0 || result > rows {
            result = rows;
        }
    }
    result.max(1.0)
}

fn approx_joinrel_rows(root: &PlannerInfo<'_>, relids: &Relids) -> f64 {
    let mut n = 1.0;
    for rti in relids.iter() {
        if let Some(id) = root.try_base(rti) {
            if !root.rels[id].dummy && root.rels[id].rows > 0.0 {
                n *= root.rels[id].rows;
            }
        }
    }
    n
}

/// Parameterised index paths for each useful set of outer relations.
fn consider_index_join_clauses(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    index: &Rc<IndexOptInfo>,
    rclauses: &ClauseSet,
    jclauses: &ClauseSet,
    eclauses: &ClauseSet,
    bitjoinpaths: &mut Vec<PathRef>,
) {
    let mut considered: Vec<Relids> = Vec::new();
    let mut count = 0usize;
    for col in 0..index.nkeycolumns {
        count += jclauses.by_col[col].len() + eclauses.by_col[col].len();
        let limit = 10 * count;
        for c in jclauses.by_col[col].iter().chain(&eclauses.by_col[col]) {
            let relids = c.rinfo.clause_relids.clone();
            if considered.contains(&relids) {
                continue;
            }
            for old in considered.clone() {
                if relids.is_subset(&old) || old.is_subset(&relids) {
                    continue;
                }
                // Two clauses of one class over different outers are no better than one.
                if let Some(ec) = c.rinfo.parent_ec.get() {
                    if eclauses.by_col.iter().flatten().any(|x| {
                        x.rinfo.parent_ec.get() == Some(ec) && x.rinfo.clause_relids.is_subset(&old)
                    }) {
                        continue;
                    }
                }
                if considered.len() >= limit {
                    break;
                }
                let union = relids.union(&old);
                get_join_index_paths(
                    root,
                    rel,
                    index,
                    rclauses,
                    jclauses,
                    eclauses,
                    bitjoinpaths,
                    union,
                    &mut considered,
                );
            }
            get_join_index_paths(
                root,
                rel,
                index,
                rclauses,
                jclauses,
                eclauses,
                bitjoinpaths,
                relids,
                &mut considered,
            );
        }
    }
}

fn get_join_index_paths(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    index: &Rc<IndexOptInfo>,
    rclauses: &ClauseSet,
    jclauses: &ClauseSet,
    eclauses: &ClauseSet,
    bitjoinpaths: &mut Vec<PathRef>,
    relids: Relids,
    considered: &mut Vec<Relids>,
) {
    if considered.contains(&relids) {
        return;
    }
    let mut set = ClauseSet::new(index.nkeycolumns);
    for col in 0..index.nkeycolumns {
        for c in &jclauses.by_col[col] {
            if c.rinfo.clause_relids.is_subset(&relids) {
                set.by_col[col].push(c.clone());
            }
        }
        // One clause of each class is enough.
        for c in &eclauses.by_col[col] {
            if c.rinfo.clause_relids.is_subset(&relids) {
                set.by_col[col].push(c.clone());
                break;
            }
        }
        set.nonempty |= !set.by_col[col].is_empty();
        set.by_col[col].extend(rclauses.by_col[col].iter().cloned());
    }
    if !set.nonempty {
        return;
    }
    considered.push(relids);
    let paths = build_index_paths(root, rel, index, &set, index.pred_ok.get(), true);
    for p in paths {
        if index.amhasgetbitmap && p.param.is_some() {
            if let PathKind::Index(i) = &p.kind {
                if p.pathkeys.is_empty() || i.index_selectivity < 1.0 {
                    bitjoinpaths.push(Rc::new(p.clone()));
                }
            }
        }
        if index.amhasgettuple {
            add_path(root, rel, p);
        }
    }
}

/// Index clauses for the arms of an OR: the clauses of one arm matched to an index.
pub fn match_clauses(
    root: &PlannerInfo<'_>,
    index: &IndexOptInfo,
    clauses: &[Rc<RestrictInfo>],
    set: &mut ClauseSet,
) {
    for c in clauses {
        match_clause_to_index(root, c, index, set);
    }
}

/// An empty clause set for an index.
pub fn empty_set(index: &IndexOptInfo) -> ClauseSet {
    ClauseSet::new(index.nkeycolumns)
}
