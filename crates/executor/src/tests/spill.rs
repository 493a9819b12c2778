//! Nodes whose rows outgrow memory.
use super::*;

#[test]
fn sort_and_join_spill() {
    let mut rig = Rig::new(|_| Vec::new());
    rig.settings.work_mem = 8 << 10;
    let rows: Vec<[Option<i32>; 1]> = (0..5000).map(|n| [Some((n * 7919) % 5000)]).collect();
    let rows: Vec<&[Option<i32>]> = rows.iter().map(|r| &r[..]).collect();
    let keys = vec![SortKey {
        col: 1,
        sort_operator: INT4LT,
        collation: Oid::INVALID,
        nulls_first: false,
        reverse: false,
    }];
    let sort = over(PlanNode::Sort { keys }, vec![outer(1)], values(1, &rows));
    let rtable = || vec![values_rte(1), values_rte(1)];
    let sorted = rig.ints(planned(CmdType::Select, sort, rtable()));
    assert!(sorted.iter().map(|r| r[0]).eq(0..5000));

    let hash = over(PlanNode::Hash { hashkeys: vec![outer(1)] }, vec![outer(1)], values(2, &rows));
    let node = PlanNode::HashJoin {
        jointype: JoinType::Full,
        inner_unique: false,
        joinqual: Vec::new(),
        hashclauses: vec![op(INT4EQ, outer(1), inner(1))],
        hashoperators: vec![INT4EQ],
        hashcollations: vec![Oid::INVALID],
        hashkeys: vec![outer(1)],
    };
    let mut join = over(node, vec![outer(1), inner(1)], values(1, &rows));
    join.righttree = Some(Arc::new(hash));
    let mut joined = rig.ints(planned(CmdType::Select, join, rtable()));
    joined.sort();
    assert!(joined.iter().zip(0..5000).all(|(row, n)| row[..] == [n, n]));
    assert_eq!(joined.len(), 5000);

    let agg = Agg {
        strategy: AggStrategy::Hashed,
        aggsplit: AggSplit::Simple,
        keys: vec![GroupKey { col: 1, eq_operator: INT4EQ, collation: Oid::INVALID }],
        num_groups: 1.0,
        transition_space: 0,
        grouping_sets: Vec::new(),
        chain: Vec::new(),
    };
    let agg = over(PlanNode::Agg(Box::new(agg)), vec![outer(1)], values(1, &rows));
    let mut groups = rig.ints(planned(CmdType::Select, agg, rtable()));
    groups.sort();
    assert!(groups.iter().map(|r| r[0]).eq(0..5000));
}
