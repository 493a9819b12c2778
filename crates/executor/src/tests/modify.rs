//! Plans that write, and scans of what they wrote.
use super::*;
use error::SqlState;

const T: u32 = 20000;
const T_IDX: u32 = 20001;
const C: u32 = 20002;

/// t(a, b) with a unique index on a; c(a, ref) with a foreign key to t.
fn rig(action: char) -> Rig {
    Rig::new(|store| {
        let t = relation(store, T, "t", &["a", "b"]);
        let idx = index(store, &t, T_IDX, &[1], true);
        let (mut t, idx) = with_index(t, &idx);
        let mut c = relation(store, C, "c", &["a", "ref"]);
        let fk = Constraint {
            oid: Oid(20010),
            name: "c_ref_fkey".into(),
            namespace: Oid(2200),
            contype: 'f',
            deferrable: false,
            deferred: false,
            enforced: true,
            validated: true,
            relid: Oid(C),
            typid: Oid::INVALID,
            indid: Oid(T_IDX),
            parentid: Oid::INVALID,
            frelid: Oid(T),
            fupdtype: action,
            fdeltype: action,
            fmatchtype: 's',
            is_local: true,
            inhcount: 0,
            noinherit: false,
            period: false,
            key: vec![2],
            fkey: vec![1],
            pfeqop: vec![INT4EQ],
            ppeqop: vec![INT4EQ],
            ffeqop: vec![INT4EQ],
            fdelsetcols: Vec::new(),
            exclop: Vec::new(),
            expr: None,
        };
        t.referencing = Arc::new(vec![fk.clone()]);
        c.constraints = Arc::new(vec![fk]);
        let mut attrs = t.attrs.to_vec();
        attrs[0].not_null = true;
        t.attrs = Arc::new(attrs);
        vec![t, idx, c]
    })
}

fn modify(operation: CmdType) -> ModifyTable {
    ModifyTable {
        operation,
        can_set_tag: true,
        nominal_relation: 1,
        root_relation: 0,
        result_relations: vec![1],
        update_colnos_lists: Vec::new(),
        with_check_options: Vec::new(),
        returning_lists: Vec::new(),
        returning_old_alias: None,
        returning_new_alias: None,
        row_marks: Vec::new(),
        epq_param: 0,
        on_conflict: OnConflictAction::None,
        arbiter_indexes: Vec::new(),
        on_conflict_set: Vec::new(),
        on_conflict_cols: Vec::new(),
        on_conflict_where: None,
        excl_rel_rti: 0,
        excl_rel_tlist: Vec::new(),
        merge_action_lists: Vec::new(),
        merge_join_conditions: Vec::new(),
    }
}

fn statement(m: ModifyTable, input: Plan, relid: u32) -> PlannedStmt {
    let command = m.operation;
    let returning = m.returning_lists.first().cloned().unwrap_or_default();
    let mut plan = Plan::new(PlanNode::ModifyTable(Box::new(m)), returning);
    plan.lefttree = Some(Arc::new(input));
    let mut planned = planned(command, plan, vec![rte(relid), values_rte(2), rte(relid)]);
    planned.result_relations = vec![1];
    planned
}

fn insert(relid: u32, rows: &[&[Option<i32>]]) -> PlannedStmt {
    statement(modify(CmdType::Insert), values(2, rows), relid)
}

fn ctid() -> TargetEntry {
    TargetEntry {
        resjunk: true,
        resname: Some("ctid".into()),
        ..te(9, typed_var(1, sysattr::CTID, t::TID))
    }
}

fn scan(relid: u32, width: i16, qual: Vec<Expr>) -> PlannedStmt {
    let mut plan = Plan::new(
        PlanNode::SeqScan { scanrelid: 1 },
        list((1..=width).map(|n| var(1, n)).collect()),
    );
    plan.qual = qual;
    planned(CmdType::Select, plan, vec![rte(relid)])
}

fn update(relid: u32, column: i16, value: Expr, qual: Vec<Expr>) -> PlannedStmt {
    let mut input = Plan::new(PlanNode::SeqScan { scanrelid: 1 }, vec![te(1, value), ctid()]);
    input.qual = qual;
    let mut m = modify(CmdType::Update);
    m.update_colnos_lists = vec![vec![column]];
    statement(m, input, relid)
}

fn delete(relid: u32, qual: Vec<Expr>) -> PlannedStmt {
    let mut input = Plan::new(PlanNode::SeqScan { scanrelid: 1 }, vec![ctid()]);
    input.qual = qual;
    statement(modify(CmdType::Delete), input, relid)
}

fn index_scan(quals: Vec<Expr>, orig: Vec<Expr>) -> PlannedStmt {
    let scan = IndexScan {
        scanrelid: 1,
        indexid: Oid(T_IDX),
        indexqual: quals,
        indexqualorig: orig,
        indexorderby: Vec::new(),
        indexorderbyorig: Vec::new(),
        indexorderdir: ScanDirection::Forward,
        indextlist: Vec::new(),
        recheckqual: Vec::new(),
    };
    let plan = Plan::new(PlanNode::IndexScan(Box::new(scan)), list(vec![var(1, 1), var(1, 2)]));
    planned(CmdType::Select, plan, vec![rte(T)])
}

fn rows(rig: &Rig, txn: &Arc<txn::Transaction>, stmt: PlannedStmt) -> Vec<Vec<i64>> {
    to_ints(rig.run(txn, stmt).unwrap().0)
}

#[test]
fn insert_update_delete() {
    let rig = rig('a');
    let txn = rig.store.begin_internal();
    let data: &[&[Option<i32>]] = &[&[Some(1), Some(10)], &[Some(2), Some(20)], &[Some(3), None]];
    assert_eq!(rig.run(&txn, insert(T, data)).unwrap().1, 3);
    assert_eq!(rows(&rig, &txn, scan(T, 2, vec![])), [[1, 10], [2, 20], [3, -999]]);

    // a = a + 10 WHERE a < 3: keys move, entries with them.
    let qual = || vec![op(INT4LT, var(1, 1), num(3))];
    let stmt = update(T, 1, op(INT4PL, var(1, 1), num(10)), qual());
    assert_eq!(rig.run(&txn, stmt).unwrap().1, 2);
    assert_eq!(rows(&rig, &txn, scan(T, 2, vec![])), [[11, 10], [12, 20], [3, -999]]);
    let eq = |a: Expr| vec![op(INT4EQ, a, num(12))];
    assert_eq!(rows(&rig, &txn, index_scan(eq(var(INDEX_VAR, 1)), eq(var(1, 1)))), [[12, 20]]);
    let gt = |a: Expr| vec![op(INT4GT, a, num(3))];
    assert_eq!(
        rows(&rig, &txn, index_scan(gt(var(INDEX_VAR, 1)), gt(var(1, 1)))),
        [[11, 10], [12, 20]]
    );
    txn.commit().unwrap();

    let txn = rig.store.begin_internal();
    assert_eq!(rig.run(&txn, delete(T, gt(var(1, 1)))).unwrap().1, 2);
    assert_eq!(rows(&rig, &txn, scan(T, 2, vec![])), [[3, -999]]);
    assert!(rows(&rig, &txn, index_scan(gt(var(INDEX_VAR, 1)), gt(var(1, 1)))).is_empty());
    txn.commit().unwrap();
}

#[test]
fn constraints() {
    let rig = rig('a');
    let txn = rig.store.begin_internal();
    rig.run(&txn, insert(T, &[&[Some(1), Some(10)]])).unwrap();
    let error = rig.run(&txn, insert(T, &[&[Some(1), None]])).unwrap_err();
    assert_eq!(error.sqlstate(), SqlState::UNIQUE_VIOLATION);
    assert_eq!(error.message(), "duplicate key value violates unique constraint \"t_idx\"");
    assert_eq!(error.0.detail.as_deref(), Some("Key (a)=(1) already exists."));
    let error = rig.run(&txn, insert(T, &[&[None, Some(5)]])).unwrap_err();
    assert_eq!(
        error.message(),
        "null value in column \"a\" of relation \"t\" violates not-null constraint"
    );
    assert_eq!(error.0.detail.as_deref(), Some("Failing row contains (null, 5)."));
    txn.abort();
}

#[test]
fn on_conflict() {
    let rig = rig('a');
    let txn = rig.store.begin_internal();
    rig.run(&txn, insert(T, &[&[Some(1), Some(10)]])).unwrap();
    let data: &[&[Option<i32>]] = &[&[Some(1), Some(11)], &[Some(2), Some(20)]];
    let mut m = modify(CmdType::Insert);
    m.on_conflict = OnConflictAction::Nothing;
    assert_eq!(rig.run(&txn, statement(m.clone(), values(2, data), T)).unwrap().1, 1);
    // b = t.b + excluded.b
    m.on_conflict = OnConflictAction::Update;
    m.arbiter_indexes = vec![Oid(T_IDX)];
    m.excl_rel_rti = 3;
    m.on_conflict_cols = vec![2];
    m.on_conflict_set = vec![te(2, op(INT4PL, var(1, 2), var(3, 2)))];
    m.returning_lists = vec![list(vec![var(1, 1), var(1, 2)])];
    let (returned, count) = rig.run(&txn, statement(m.clone(), values(2, data), T)).unwrap();
    assert_eq!(count, 2);
    assert_eq!(to_ints(returned), [[1, 21], [2, 40]]);
    let twice: &[&[Option<i32>]] = &[&[Some(9), Some(1)], &[Some(9), Some(2)]];
    let error = rig.run(&txn, statement(m, values(2, twice), T)).unwrap_err();
    assert_eq!(error.sqlstate(), SqlState::CARDINALITY_VIOLATION);
    txn.abort();
}

#[test]
fn foreign_keys() {
    let rig = rig('a');
    let txn = rig.store.begin_internal();
    let error = rig.run(&txn, insert(C, &[&[Some(1), Some(5)]])).unwrap_err();
    assert_eq!(
        error.message(),
        "insert or update on table \"c\" violates foreign key constraint \"c_ref_fkey\""
    );
    assert_eq!(error.0.detail.as_deref(), Some("Key (ref)=(5) is not present in table \"t\"."));
    txn.abort();
    let txn = rig.store.begin_internal();
    rig.run(&txn, insert(T, &[&[Some(5), None]])).unwrap();
    rig.run(&txn, insert(C, &[&[Some(1), Some(5)], &[Some(2), None]])).unwrap();
    let error = rig.run(&txn, delete(T, vec![])).unwrap_err();
    assert_eq!(
        error.message(),
        "update or delete on table \"t\" violates foreign key constraint \"c_ref_fkey\" on table \"c\""
    );
    assert_eq!(
        error.0.detail.as_deref(),
        Some("Key (a)=(5) is still referenced from table \"c\".")
    );
    txn.abort();
}

#[test]
fn referential_actions() {
    for (action, after_update, after_delete) in [
        ('c', vec![[1, 6], [2, -999]], vec![[2, -999]]),
        ('n', vec![[1, -999], [2, -999]], vec![[1, -999], [2, -999]]),
    ] {
        let rig = rig(action);
        let txn = rig.store.begin_internal();
        rig.run(&txn, insert(T, &[&[Some(5), None]])).unwrap();
        rig.run(&txn, insert(C, &[&[Some(1), Some(5)], &[Some(2), None]])).unwrap();
        rig.run(&txn, update(T, 1, num(6), vec![])).unwrap();
        assert_eq!(rows(&rig, &txn, scan(C, 2, vec![])), after_update);
        rig.run(&txn, delete(T, vec![])).unwrap();
        assert_eq!(rows(&rig, &txn, scan(C, 2, vec![])), after_delete);
        txn.abort();
    }
}

#[test]
fn concurrent_update_is_rechecked() {
    let rig = rig('a');
    let txn = rig.store.begin_internal();
    rig.run(&txn, insert(T, &[&[Some(1), Some(10)], &[Some(2), Some(20)]])).unwrap();
    txn.commit().unwrap();

    // A snapshot taken before another transaction commits b = b + 1.
    let txn = rig.store.begin_internal();
    let snapshot = txn.snapshot();
    let other = rig.store.begin_internal();
    rig.run(&other, update(T, 2, op(INT4PL, var(1, 2), num(1)), vec![])).unwrap();
    other.commit().unwrap();
    // b = b + 100 WHERE b < 21: the first row is now 11, the second 21 and out of reach.
    let stmt = update(T, 2, op(INT4PL, var(1, 2), num(100)), vec![op(INT4LT, var(1, 2), num(21))]);
    let prepared =
        Arc::new(PreparedPlan::new(Arc::new(stmt), &rig.session, rig.catalog()).unwrap());
    let mut execution = Execution::start(
        prepared,
        txn.clone(),
        snapshot,
        Arc::new([]),
        Arc::new(rig.settings.clone()),
        &rig.session,
        rig.catalog(),
    )
    .unwrap();
    execution.finish(&rig.session, rig.catalog()).unwrap();
    assert_eq!(execution.processed(), 1);
    txn.next_command().unwrap();
    assert_eq!(rows(&rig, &txn, scan(T, 2, vec![])), [[1, 111], [2, 21]]);
    txn.commit().unwrap();
}

#[test]
fn bulk_insert_and_index_build() {
    let rig = rig('a');
    let rel = rig.catalog().rels[&Oid(T)].clone();
    let txn = rig.store.begin_internal();
    let settings = Arc::new(rig.settings.clone());
    let mut bulk =
        BulkInserter::new(&rel, txn.clone(), settings.clone(), &rig.session, rig.catalog())
            .unwrap();
    for n in 0..100 {
        let mut row = [Datum::Int4(n), Datum::Int4(n % 10)];
        assert!(bulk.insert(&rig.session, rig.catalog(), &mut row).unwrap());
    }
    assert_eq!(bulk.finish(&rig.session, rig.catalog()).unwrap(), 100);
    txn.next_command().unwrap();
    assert_eq!(rows(&rig, &txn, scan(T, 2, vec![])).len(), 100);
    let second = index(&rig.store, &rel, 20005, &[2], true);
    txn.create_storage(second.physical.sid).unwrap();
    let error = build_index(
        &rel,
        &second,
        txn.clone(),
        txn.snapshot(),
        settings,
        &rig.session,
        rig.catalog(),
    )
    .unwrap_err();
    assert_eq!(error.message(), "could not create unique index \"t_idx\"");
    assert_eq!(error.0.detail.as_deref(), Some("Key (b)=(0) is duplicated."));
    txn.abort();
}

/// p(a, b) by range of a: p1 below 10, p2 from 10 to 20.
fn partitioned() -> Rig {
    use RangeBoundValue::{MinValue, Value};
    Rig::new(|store| {
        let mut p = relation(store, 20100, "p", &["a", "b"]);
        p.relkind = 'p';
        p.physical = None;
        p.partition_key = Some(Arc::new(PartitionKey {
            strategy: 'r',
            default: Oid::INVALID,
            attrs: vec![1],
            opclass: vec![Oid(1978)],
            opfamily: vec![Oid(1976)],
            opcintype: vec![t::INT4],
            collation: vec![Oid::INVALID],
            exprs: Arc::default(),
        }));
        let mut p1 = relation(store, 20101, "p1", &["a", "b"]);
        let mut p2 = relation(store, 20102, "p2", &["b", "a"]);
        let bound =
            |from, to| Some(Arc::new(PartitionBound::Range { from: vec![from], to: vec![to] }));
        p1.partition_bound = bound(MinValue, Value(Datum::Int4(10)));
        p2.partition_bound = bound(Value(Datum::Int4(10)), Value(Datum::Int4(20)));
        p1.is_partition = true;
        p2.is_partition = true;
        vec![p, p1, p2]
    })
}

#[test]
fn partitions() {
    let rig = partitioned();
    let txn = rig.store.begin_internal();
    rig.run(&txn, insert(20100, &[&[Some(5), Some(1)], &[Some(15), Some(2)]])).unwrap();
    assert_eq!(rows(&rig, &txn, scan(20101, 2, vec![])), [[5, 1]]);
    // The second one has its columns the other way round.
    assert_eq!(rows(&rig, &txn, scan(20102, 2, vec![])), [[2, 15]]);
    let error = rig.run(&txn, insert(20100, &[&[Some(25), None]])).unwrap_err();
    assert_eq!(error.message(), "no partition of relation \"p\" found for row");
    assert_eq!(
        error.0.detail.as_deref(),
        Some("Partition key of the failing row contains (a) = (25).")
    );
    let error = rig.run(&txn, insert(20101, &[&[Some(12), None]])).unwrap_err();
    assert_eq!(error.message(), "new row for relation \"p1\" violates partition constraint");

    // UPDATE p SET a = 11 moves the row of p1 to p2.
    let mut input = Plan::new(PlanNode::SeqScan { scanrelid: 1 }, vec![te(1, num(11)), ctid()]);
    input.qual = vec![];
    let mut m = modify(CmdType::Update);
    m.update_colnos_lists = vec![vec![1]];
    m.root_relation = 3;
    let mut stmt = statement(m, input, 20101);
    stmt.rtable[2] = rte(20100);
    assert_eq!(rig.run(&txn, stmt).unwrap().1, 1);
    assert!(rows(&rig, &txn, scan(20101, 2, vec![])).is_empty());
    assert_eq!(rows(&rig, &txn, scan(20102, 2, vec![])), [[2, 15], [1, 11]]);
    txn.abort();
}
