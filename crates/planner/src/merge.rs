//! MERGE as a join of source and target.
use crate::{clauses::*, relids::Relids, root::PlannerInfo};
use error::PgResult;
use nodes::*;

/// Builds the join that yields matched rows and, as the WHEN clauses need, those without partner.
pub fn transform_merge_to_join(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    if root.parse.command_type != CmdType::Merge {
        return Ok(());
    }
    let parse = &mut root.parse;
    let has = |kind: MergeMatchKind| {
        parse
            .merge_action_list
            .iter()
            .any(|a| a.match_kind == kind && a.command_type != CmdType::Nothing)
    };
    let by_source = has(MergeMatchKind::NotMatchedBySource);
    let by_target = has(MergeMatchKind::NotMatchedByTarget);
    let jointype = match (by_source, by_target) {
        (true, true) => JoinType::Full,
        (true, false) => JoinType::Left,
        (false, true) => JoinType::Right,
        (false, false) => JoinType::Inner,
    };
    let target = if parse.merge_target_relation > 0 {
        parse.merge_target_relation
    } else {
        parse.result_relation
    };
    parse.rtable.push(RangeTblEntry {
        kind: RteKind::Join {
            jointype,
            joinmergedcols: 0,
            joinaliasvars: Vec::new(),
            joinleftcols: Vec::new(),
            joinrightcols: Vec::new(),
            join_using_alias: None,
        },
        alias: None,
        eref: Alias { aliasname: "*MERGE*".to_owned(), colnames: Vec::new() },
        lateral: false,
        inh: false,
        in_from_cl: true,
        security_quals: Vec::new(),
    });
    let join_rti = parse.rtable.len() as i32;
    let mut source: Vec<JoinTreeNode> = std::mem::take(&mut parse.jointree.fromlist)
        .into_iter()
        .filter(|n| !matches!(n, JoinTreeNode::RangeTblRef(r) if *r == target))
        .collect();
    let source = match source.len() {
        1 => source.remove(0),
        _ => JoinTreeNode::FromExpr(Box::new(FromExpr { fromlist: source, quals: None })),
    };
    // A condition that only looks at the target filters what may be modified; with a left or full
    // join it must not remove rows that are then "not matched by source".
    let condition = parse.merge_join_condition.clone();
    let where_quals = parse.jointree.quals.take();
    parse.jointree.fromlist = vec![JoinTreeNode::JoinExpr(Box::new(JoinExpr {
        jointype,
        is_natural: false,
        larg: JoinTreeNode::RangeTblRef(target),
        rarg: source.clone(),
        using_clause: Vec::new(),
        join_using_alias: None,
        quals: condition,
        alias: None,
        rtindex: join_rti,
    }))];
    parse.jointree.quals = where_quals;
    let mut source_rels = Relids::new();
    collect(&source, &mut source_rels);
    let nulling = Relids::single(join_rti);
    let null_target = matches!(jointype, JoinType::Right | JoinType::Full);
    let null_source = matches!(jointype, JoinType::Left | JoinType::Full);
    let mark = |e: &mut Expr| {
        if null_target {
            add_nulling_rels(e, Some(&Relids::single(target)), &nulling);
        }
        if null_source {
            add_nulling_rels(e, Some(&source_rels), &nulling);
        }
    };
    parse.target_list.iter_mut().for_each(|t| mark(&mut t.expr));
    if null_source {
        for a in &mut parse.merge_action_list {
            let sources = |e: &mut Expr| add_nulling_rels(e, Some(&source_rels), &nulling);
            a.qual.iter_mut().for_each(sources);
            a.target_list.iter_mut().for_each(|t| sources(&mut t.expr));
        }
        parse
            .returning_list
            .iter_mut()
            .for_each(|t| add_nulling_rels(&mut t.expr, Some(&source_rels), &nulling));
    }
    // The executor tells "matched" from "not matched by source" by this condition.
    if !by_source {
        parse.merge_join_condition = None;
    } else if let Some(c) = &mut parse.merge_join_condition {
        add_nulling_rels(c, Some(&source_rels), &nulling);
    }
    Ok(())
}

fn collect(n: &JoinTreeNode, out: &mut Relids) {
    match n {
        JoinTreeNode::RangeTblRef(r) => out.add(*r),
        JoinTreeNode::FromExpr(f) => f.fromlist.iter().for_each(|n| collect(n, out)),
        JoinTreeNode::JoinExpr(j) => {
            if j.rtindex > 0 {
                out.add(j.rtindex);
            }
            collect(&j.larg, out);
            collect(&j.rarg, out);
        }
    }
}
