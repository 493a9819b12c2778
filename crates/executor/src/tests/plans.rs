//! Reading plans.
use super::*;

fn run(plan: Plan, columns: usize) -> Vec<Vec<i64>> {
    let rig = Rig::new(|_| Vec::new());
    rig.ints(planned(CmdType::Select, plan, vec![values_rte(columns), values_rte(columns)]))
}

fn left() -> Plan {
    values(1, &[&[Some(1), Some(10)], &[Some(2), Some(20)], &[Some(3), None], &[None, Some(40)]])
}

fn right() -> Plan {
    values(2, &[&[Some(2), Some(200)], &[Some(2), Some(201)], &[Some(4), Some(400)], &[None, None]])
}

#[test]
fn result_and_expressions() {
    let plan = Plan::new(
        PlanNode::Result { resconstantqual: Vec::new() },
        list(vec![
            op(INT4PL, num(1), num(2)),
            op(INT4LT, num(1), constant(Datum::Null)),
            Expr::CoalesceExpr(Box::new(CoalesceExpr {
                coalescetype: t::INT4,
                coalescecollid: Oid::INVALID,
                args: vec![constant(Datum::Null), num(9)],
                location: -1,
            })),
            Expr::Param(Param {
                kind: ParamKind::Extern,
                paramid: 1,
                paramtype: t::INT4,
                paramtypmod: -1,
                paramcollid: Oid::INVALID,
                location: -1,
            }),
        ]),
    );
    assert_eq!(run(plan, 1), [[3, -999, 9, 3]]);
}

#[test]
fn three_valued_logic() {
    let connective = |boolop, args: Vec<Datum>| {
        Expr::BoolExpr(Box::new(BoolExpr {
            boolop,
            args: args.into_iter().map(constant).collect(),
            location: -1,
        }))
    };
    let (yes, no, null) = (Datum::Bool(true), Datum::Bool(false), Datum::Null);
    let plan = Plan::new(
        PlanNode::Result { resconstantqual: Vec::new() },
        list(vec![
            connective(BoolExprType::And, vec![yes.clone(), null.clone()]),
            connective(BoolExprType::And, vec![null.clone(), no.clone()]),
            connective(BoolExprType::Or, vec![null.clone(), yes]),
            connective(BoolExprType::Or, vec![null.clone(), no]),
            connective(BoolExprType::Not, vec![null]),
        ]),
    );
    assert_eq!(run(plan, 1), [[-999, 0, 1, -999, -999]]);
}

#[test]
fn overflow_is_an_error() {
    let rig = Rig::new(|_| Vec::new());
    let plan = Plan::new(
        PlanNode::Result { resconstantqual: Vec::new() },
        list(vec![op(INT4PL, num(i32::MAX), num(1))]),
    );
    let txn = rig.store.begin_internal();
    let error = rig.run(&txn, planned(CmdType::Select, plan, Vec::new())).unwrap_err();
    assert_eq!(error.message(), "integer out of range");
}

fn key(col: i16, opno: Oid) -> SortKey {
    SortKey {
        col,
        sort_operator: opno,
        collation: Oid::INVALID,
        nulls_first: opno == INT4GT,
        reverse: opno == INT4GT,
    }
}

#[test]
fn sort_limit_offset() {
    let sorted =
        |opno| over(PlanNode::Sort { keys: vec![key(1, opno)] }, vec![outer(1), outer(2)], left());
    assert_eq!(run(sorted(INT4LT), 2), [[1, 10], [2, 20], [3, -999], [-999, 40]]);
    assert_eq!(run(sorted(INT4GT), 2), [[-999, 40], [3, -999], [2, 20], [1, 10]]);
    let int8 = |v| {
        Some(Expr::Const(Const {
            consttype: t::INT8,
            consttypmod: -1,
            constcollid: Oid::INVALID,
            value: Datum::Int8(v),
            phys: PhysType::Int8,
            location: -1,
        }))
    };
    let limited = over(
        PlanNode::Limit { offset: int8(1), count: int8(2), with_ties: false, ties_keys: vec![] },
        vec![outer(1), outer(2)],
        sorted(INT4LT),
    );
    assert_eq!(run(limited, 2), [[2, 20], [3, -999]]);
}

fn group_key(col: i16) -> GroupKey {
    GroupKey { col, eq_operator: INT4EQ, collation: Oid::INVALID }
}

fn aggref(fnoid: Oid, args: Vec<Expr>) -> Expr {
    Expr::Aggref(Box::new(Aggref {
        aggfnoid: fnoid,
        aggtype: t::INT8,
        aggcollid: Oid::INVALID,
        inputcollid: Oid::INVALID,
        aggtranstype: Oid::INVALID,
        aggargtypes: vec![t::INT4; args.len()],
        aggdirectargs: Vec::new(),
        args: list(args),
        aggorder: Vec::new(),
        aggdistinct: Vec::new(),
        aggfilter: None,
        aggstar: false,
        aggvariadic: false,
        aggkind: 'n',
        aggpresorted: false,
        agglevelsup: 0,
        aggsplit: AggSplit::Simple,
        aggno: -1,
        aggtransno: -1,
        location: -1,
    }))
}

fn agg(strategy: AggStrategy, keys: Vec<GroupKey>, exprs: Vec<Expr>, input: Plan) -> Plan {
    let agg = Agg {
        strategy,
        aggsplit: AggSplit::Simple,
        keys,
        num_groups: 1.0,
        transition_space: 0,
        grouping_sets: Vec::new(),
        chain: Vec::new(),
    };
    over(PlanNode::Agg(Box::new(agg)), exprs, input)
}

#[test]
fn aggregates() {
    let exprs = || vec![aggref(COUNT_STAR, vec![]), aggref(SUM_INT4, vec![outer(2)])];
    assert_eq!(run(agg(AggStrategy::Plain, vec![], exprs(), left()), 2), [[4, 70]]);
    let grouped = || vec![outer(1), aggref(COUNT_STAR, vec![]), aggref(SUM_INT4, vec![outer(2)])];
    let expected = [[2, 2, 401], [4, 1, 400], [-999, 1, -999]];
    for strategy in [AggStrategy::Hashed, AggStrategy::Sorted] {
        let input = Plan { ..right() };
        let plan = agg(strategy, vec![group_key(1)], grouped(), input);
        assert_eq!(run(plan, 2), expected);
    }
}

#[test]
fn empty_aggregate_has_a_row() {
    let mut input = left();
    input.qual = vec![op(INT4LT, var(1, 1), num(0))];
    let exprs = vec![aggref(COUNT_STAR, vec![]), aggref(SUM_INT4, vec![outer(2)])];
    assert_eq!(run(agg(AggStrategy::Plain, vec![], exprs, input), 2), [[0, -999]]);
}

fn hash_join(jointype: JoinType) -> Plan {
    let hash = over(PlanNode::Hash { hashkeys: vec![outer(1)] }, vec![outer(1), outer(2)], right());
    let node = PlanNode::HashJoin {
        jointype,
        inner_unique: false,
        joinqual: Vec::new(),
        hashclauses: vec![op(INT4EQ, outer(1), inner(1))],
        hashoperators: vec![INT4EQ],
        hashcollations: vec![Oid::INVALID],
        hashkeys: vec![outer(1)],
    };
    let mut plan = over(node, join_list(jointype), left());
    plan.righttree = Some(Arc::new(hash));
    plan
}

fn join_list(jointype: JoinType) -> Vec<Expr> {
    match jointype {
        JoinType::Semi | JoinType::Anti => vec![outer(1), outer(2)],
        JoinType::RightSemi | JoinType::RightAnti => vec![inner(1), inner(2)],
        _ => vec![outer(1), inner(2)],
    }
}

fn merge_join(jointype: JoinType) -> Plan {
    let join = MergeJoin {
        jointype,
        inner_unique: false,
        joinqual: Vec::new(),
        skip_mark_restore: false,
        mergeclauses: vec![op(INT4EQ, outer(1), inner(1))],
        merge_families: vec![Oid(1976)],
        merge_collations: vec![Oid::INVALID],
        merge_reversals: vec![false],
        merge_nulls_first: vec![false],
    };
    let mut plan = over(PlanNode::MergeJoin(Box::new(join)), join_list(jointype), left());
    plan.righttree = Some(Arc::new(right()));
    plan
}

fn nest_loop(jointype: JoinType) -> Plan {
    let node = PlanNode::NestLoop {
        jointype,
        inner_unique: false,
        joinqual: vec![op(INT4EQ, outer(1), inner(1))],
        nest_params: Vec::new(),
    };
    let mut plan = over(node, join_list(jointype), left());
    plan.righttree = Some(Arc::new(right()));
    plan
}

fn sorted(plan: Plan) -> Vec<Vec<i64>> {
    let mut rows = run(plan, 2);
    rows.sort();
    rows
}

#[test]
fn joins_agree() {
    let inner: &[[i64; 2]] = &[[2, 200], [2, 201]];
    let left_rows: &[[i64; 2]] = &[[-999, -999], [1, -999], [2, 200], [2, 201], [3, -999]];
    let full: &[[i64; 2]] =
        &[[-999, -999], [-999, -999], [-999, 400], [1, -999], [2, 200], [2, 201], [3, -999]];
    let right_rows: &[[i64; 2]] = &[[-999, -999], [-999, 400], [2, 200], [2, 201]];
    let semi: &[[i64; 2]] = &[[2, 20]];
    let anti: &[[i64; 2]] = &[[-999, 40], [1, 10], [3, -999]];
    for (jointype, expected) in [
        (JoinType::Inner, inner),
        (JoinType::Left, left_rows),
        (JoinType::Semi, semi),
        (JoinType::Anti, anti),
    ] {
        assert_eq!(sorted(nest_loop(jointype)), expected, "nest loop {jointype:?}");
    }
    for (jointype, expected) in [
        (JoinType::Inner, inner),
        (JoinType::Left, left_rows),
        (JoinType::Full, full),
        (JoinType::Right, right_rows),
        (JoinType::Semi, semi),
        (JoinType::Anti, anti),
    ] {
        assert_eq!(sorted(hash_join(jointype)), expected, "hash join {jointype:?}");
        assert_eq!(sorted(merge_join(jointype)), expected, "merge join {jointype:?}");
    }
    assert_eq!(sorted(hash_join(JoinType::RightSemi)), [[2, 200], [2, 201]]);
    assert_eq!(sorted(hash_join(JoinType::RightAnti)), [[-999, -999], [4, 400]]);
}

#[test]
fn set_operations_and_unique() {
    let numbers = |rti, v: &[i32]| {
        let rows: Vec<[Option<i32>; 1]> = v.iter().map(|v| [Some(*v)]).collect();
        let rows: Vec<&[Option<i32>]> = rows.iter().map(|r| &r[..]).collect();
        values(rti, &rows)
    };
    for hashed in [true, false] {
        for (op, all, expected) in [
            (SetOperationKind::Intersect, false, vec![[2], [3]]),
            (SetOperationKind::Intersect, true, vec![[2], [2], [3]]),
            (SetOperationKind::Except, false, vec![[1]]),
            (SetOperationKind::Except, true, vec![[1], [1], [3]]),
        ] {
            let node = PlanNode::SetOp {
                op,
                all,
                hashed,
                keys: vec![key(1, INT4LT)],
                group_keys: vec![group_key(1)],
                num_groups: 1.0,
            };
            let mut plan = over(node, vec![outer(1)], numbers(1, &[1, 1, 2, 2, 3, 3]));
            plan.righttree = Some(Arc::new(numbers(2, &[2, 2, 2, 3, 4])));
            assert_eq!(run(plan, 1), expected, "{op:?} {all} {hashed}");
        }
    }
    let unique = over(
        PlanNode::Unique { keys: vec![group_key(1)] },
        vec![outer(1)],
        numbers(1, &[1, 1, 2, 5, 5]),
    );
    assert_eq!(run(unique, 1), [[1], [2], [5]]);
}

#[test]
fn recursion() {
    // WITH RECURSIVE: 1, then n + 1 while n < 5.
    let start = values(1, &[&[Some(1)]]);
    let mut step = Plan::new(
        PlanNode::WorkTableScan { scanrelid: 2, wt_param: 0 },
        list(vec![op(INT4PL, var(2, 1), num(1))]),
    );
    step.qual = vec![op(INT4LT, var(2, 1), num(5))];
    let node = PlanNode::RecursiveUnion { wt_param: 0, dup_keys: vec![], num_groups: 0.0 };
    let mut plan = over(node, vec![outer(1)], start);
    plan.righttree = Some(Arc::new(step));
    assert_eq!(run(plan, 1), [[1], [2], [3], [4], [5]]);
}

fn window_plan(frame_options: u32, start: Option<Expr>, end: Option<Expr>) -> Plan {
    let func = |oid: Oid, args: Vec<Expr>, winagg| {
        Expr::WindowFunc(Box::new(WindowFunc {
            winfnoid: oid,
            wintype: t::INT8,
            wincollid: Oid::INVALID,
            inputcollid: Oid::INVALID,
            args,
            aggfilter: None,
            winref: 1,
            winstar: false,
            winagg,
            location: -1,
        }))
    };
    let w = WindowAgg {
        winname: "w".into(),
        winref: 1,
        part_keys: Vec::new(),
        ord_keys: vec![group_key(1)],
        frame_options,
        start_offset: start,
        end_offset: end,
        start_in_range_func: Oid::INVALID,
        end_in_range_func: Oid::INVALID,
        in_range_coll: Oid::INVALID,
        in_range_asc: true,
        in_range_nulls_first: false,
        run_condition: Vec::new(),
        run_condition_orig: Vec::new(),
        top_window: true,
    };
    let input = values(1, &[&[Some(1)], &[Some(2)], &[Some(2)], &[Some(4)]]);
    over(
        PlanNode::WindowAgg(Box::new(w)),
        vec![outer(1), func(Oid(3100), vec![], false), func(SUM_INT4, vec![outer(1)], true)],
        input,
    )
}

#[test]
fn window_frames() {
    use frame_option as f;
    let default = f::RANGE | f::START_UNBOUNDED_PRECEDING | f::END_CURRENT_ROW;
    assert_eq!(
        run(window_plan(default, None, None), 1),
        [[1, 1, 1], [2, 2, 5], [2, 3, 5], [4, 4, 9]]
    );
    let rows = f::ROWS | f::START_OFFSET_PRECEDING | f::END_OFFSET_FOLLOWING;
    let one = || {
        Some(Expr::Const(Const {
            consttype: t::INT8,
            consttypmod: -1,
            constcollid: Oid::INVALID,
            value: Datum::Int8(1),
            phys: PhysType::Int8,
            location: -1,
        }))
    };
    assert_eq!(
        run(window_plan(rows, one(), one()), 1),
        [[1, 1, 3], [2, 2, 5], [2, 3, 8], [4, 4, 6]]
    );
    let groups = f::GROUPS | f::START_OFFSET_PRECEDING | f::END_CURRENT_ROW | f::EXCLUDE_TIES;
    assert_eq!(
        run(window_plan(groups, one(), None), 1),
        [[1, 1, 1], [2, 2, 3], [2, 3, 3], [4, 4, 8]]
    );
}

#[test]
fn functions_that_return_sets() {
    let series = || {
        Expr::FuncExpr(Box::new(FuncExpr {
            funcid: Oid(1067),
            funcresulttype: t::INT4,
            funcretset: true,
            funcvariadic: false,
            funcformat: CoercionForm::ExplicitCall,
            funccollid: Oid::INVALID,
            inputcollid: Oid::INVALID,
            args: vec![num(1), num(3)],
            location: -1,
        }))
    };
    let node = PlanNode::FunctionScan {
        scanrelid: 1,
        functions: vec![RangeTblFunction {
            funcexpr: series(),
            funccolcount: 1,
            funccolnames: Vec::new(),
            funccoltypes: Vec::new(),
            funccoltypmods: Vec::new(),
            funccolcollations: Vec::new(),
        }],
        funcordinality: true,
    };
    let plan = Plan::new(node, list(vec![var(1, 1), typed_var(1, 2, t::INT8)]));
    assert_eq!(run(plan, 1), [[1, 1], [2, 2], [3, 3]]);
    let mut plan = Plan::new(PlanNode::ProjectSet, list(vec![series(), num(7)]));
    plan.lefttree = Some(Arc::new(values(1, &[&[Some(0)], &[Some(0)]])));
    assert_eq!(run(plan, 1).len(), 6);
}

#[test]
fn subqueries() {
    // 1 IN (2, NULL) is NULL, 2 IN (2, NULL) is true; hashed and not.
    let sub = values(2, &[&[Some(2)], &[None]]);
    for use_hash_table in [false, true] {
        let test = op(
            INT4EQ,
            var(1, 1),
            Expr::Param(Param {
                kind: ParamKind::Exec,
                paramid: 0,
                paramtype: t::INT4,
                paramtypmod: -1,
                paramcollid: Oid::INVALID,
                location: -1,
            }),
        );
        let expr = Expr::SubPlan(Box::new(SubPlan {
            sub_link_type: SubLinkType::Any,
            testexpr: Some(test),
            param_ids: vec![0],
            plan_id: 1,
            plan_name: String::new(),
            first_col_type: t::INT4,
            first_col_typmod: -1,
            first_col_collation: Oid::INVALID,
            array_type: Oid::INVALID,
            use_hash_table,
            unknown_eq_false: false,
            set_param: Vec::new(),
            par_param: Vec::new(),
            args: Vec::new(),
            startup_cost: 0.0,
            per_call_cost: 0.0,
        }));
        let mut plan = values(1, &[&[Some(1)], &[Some(2)], &[None]]);
        plan.target_list = list(vec![expr]);
        let mut stmt = planned(CmdType::Select, plan, vec![values_rte(1), values_rte(1)]);
        stmt.subplans = vec![Arc::new(sub.clone())];
        let rig = Rig::new(|_| Vec::new());
        assert_eq!(rig.ints(stmt), [[-999], [1], [-999]], "hashed: {use_hash_table}");
    }
}
