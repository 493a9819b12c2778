//! Outer joins that are inner, left or anti joins in effect because of conditions above them.
use super::pull_up_subquery::join_relids;
use crate::{relids::Relids, root::PlannerInfo};
use nodes::*;

/// What was found out.
#[derive(Default)]
struct Reduced {
    /// Outer joins that are inner joins now.
    inner: Relids,
    /// Full joins that null one side only now, with the side that they still null.
    partial: Vec<(i32, Relids)>,
    /// New types of joins by range table index.
    types: Vec<(i32, JoinType)>,
}

/// What conditions above a part of the join tree say of its columns.
#[derive(Clone, Default)]
struct Known {
    nonnullable: Relids,
    forced_null: Vec<(i32, i16)>,
}

impl Known {
    fn of(root: &PlannerInfo<'_>, quals: Option<&Expr>) -> Known {
        let cx = root.cx();
        quals.map_or_else(Known::default, |q| Known {
            nonnullable: cx.nonnullable_rels(q),
            forced_null: cx.forced_null_vars(q),
        })
    }

    fn and(mut self, other: &Known) -> Known {
        self.nonnullable.add_all(&other.nonnullable);
        self.forced_null.extend(&other.forced_null);
        self
    }
}

/// Reduces outer joins whose NULL-extended rows a condition above rejects.
pub fn reduce_outer_joins(root: &mut PlannerInfo<'_>) {
    let mut tree = std::mem::take(&mut root.parse.jointree);
    let mut reduced = Reduced::default();
    let known = Known::of(root, tree.quals.as_ref());
    for n in &mut tree.fromlist {
        reduce(root, n, &known, &mut reduced);
    }
    root.parse.jointree = tree;
    for (rti, typ) in reduced.types {
        if let RteKind::Join { jointype, .. } = &mut root.parse.rte_mut(rti).kind {
            *jointype = typ;
        }
    }
    if !reduced.inner.is_empty() {
        strip_nulling(root, &reduced.inner, None);
    }
    for (rti, side) in &reduced.partial {
        strip_nulling(root, &Relids::single(*rti), Some(side));
    }
}

/// Removes nulling marks everywhere but on what is evaluated within `except`.
pub fn strip_nulling(root: &mut PlannerInfo<'_>, joins: &Relids, except: Option<&Relids>) {
    let mut strip = |e: &mut Expr, level: u32| match e {
        Expr::Var(v)
            if v.varlevelsup == level
                && !v.varnullingrels.is_empty()
                && except.is_none_or(|x| !x.contains(v.varno)) =>
        {
            v.varnullingrels.retain(|r| !joins.contains(*r));
        }
        Expr::PlaceHolderVar(p)
            if p.phlevelsup == level
                && except.is_none_or(|x| !p.phrels.iter().any(|r| x.contains(*r))) =>
        {
            p.phnullingrels.retain(|r| !joins.contains(*r));
            p.phrels.retain(|r| !joins.contains(*r));
        }
        _ => {}
    };
    walk::rewrite_query_deep(&mut root.parse, 0, &mut strip);
    for info in &mut root.append_rel_list {
        for e in std::rc::Rc::make_mut(info).translated_vars.iter_mut().flatten() {
            walk::rewrite_expr_deep(e, 0, &mut strip);
        }
    }
}

fn has_outer(node: &JoinTreeNode) -> bool {
    match node {
        JoinTreeNode::RangeTblRef(_) => false,
        JoinTreeNode::FromExpr(f) => f.fromlist.iter().any(has_outer),
        JoinTreeNode::JoinExpr(j) => {
            matches!(j.jointype, JoinType::Left | JoinType::Right | JoinType::Full | JoinType::Anti)
                || has_outer(&j.larg)
                || has_outer(&j.rarg)
        }
    }
}

fn reduce(root: &PlannerInfo<'_>, node: &mut JoinTreeNode, above: &Known, out: &mut Reduced) {
    if !has_outer(node) {
        return;
    }
    match node {
        JoinTreeNode::RangeTblRef(_) => {}
        JoinTreeNode::FromExpr(f) => {
            let known = Known::of(root, f.quals.as_ref()).and(above);
            for n in &mut f.fromlist {
                reduce(root, n, &known, out);
            }
        }
        JoinTreeNode::JoinExpr(j) => reduce_join(root, j, above, out),
    }
}

fn reduce_join(root: &PlannerInfo<'_>, j: &mut JoinExpr, above: &Known, out: &mut Reduced) {
    use JoinType::*;
    let base = |n: &JoinTreeNode| join_relids(n, false, false);
    let (l, r) = (base(&j.larg), base(&j.rarg));
    let (left_kept, right_kept) = (above.nonnullable.overlaps(&l), above.nonnullable.overlaps(&r));
    let mut jointype = match j.jointype {
        Left if right_kept => Inner,
        Right if left_kept => Inner,
        Full if left_kept && right_kept => Inner,
        Full if left_kept => {
            out.partial.push((j.rtindex, r.clone()));
            Left
        }
        Full if right_kept => {
            out.partial.push((j.rtindex, l.clone()));
            Right
        }
        same => same,
    };
    let mut inner_side = r;
    if jointype == Right {
        std::mem::swap(&mut j.larg, &mut j.rarg);
        jointype = Left;
        inner_side = l;
    }
    if jointype == Left {
        // `LEFT JOIN b ON strict(b.x) WHERE b.x IS NULL` finds rows without partner.
        if let Some(q) = &j.quals {
            let strict = root.cx().nonnullable_vars(q);
            let is_anti = |f: &&(i32, i16)| inner_side.contains(f.0) && strict.contains(f);
            if above.forced_null.iter().find(is_anti).is_some() {
                jointype = Anti;
            }
        }
    }
    if j.rtindex > 0 && jointype != j.jointype {
        out.types.push((j.rtindex, jointype));
        if jointype == Inner {
            out.inner.add(j.rtindex);
        }
    }
    j.jointype = jointype;
    let own = Known::of(root, j.quals.as_ref());
    let nothing = Known::default();
    let both;
    // An outer join removes no row of its kept side, and what is above it says nothing of its other.
    let (to_left, to_right) = match jointype {
        Inner | Semi => {
            both = own.and(above);
            (&both, &both)
        }
        Full => (&nothing, &nothing),
        _ => {
            both = own;
            (above, &both)
        }
    };
    reduce(root, &mut j.larg, to_left, out);
    reduce(root, &mut j.rarg, to_right, out);
}
