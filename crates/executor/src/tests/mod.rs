//! Plans made by hand, run over the in-memory engine.
mod catalog;
mod modify;
mod plans;
mod session;
mod spill;

use crate::*;
use ::catalog::*;
use catalog::TestCatalog;
use error::PgResult;
use nodes::{plan::*, *};
use session::TestSession;
use std::{collections::HashMap, sync::Arc};
use table::{KeyKind, KeyOrder, RowLayout, StorageId};
use types::{Datum, Oid, PhysType, type_oid as t};

/// int4 = int4, int4 < int4, int4 + int4, count(*), sum(int4)
pub(crate) const INT4EQ: Oid = Oid(96);
pub(crate) const INT4LT: Oid = Oid(97);
pub(crate) const INT4GT: Oid = Oid(521);
pub(crate) const INT4PL: Oid = Oid(551);
pub(crate) const COUNT_STAR: Oid = Oid(2803);
pub(crate) const SUM_INT4: Oid = Oid(2108);

pub(crate) struct Rig {
    pub(crate) store: Arc<txn::Store>,
    pub(crate) session: TestSession,
    pub(crate) settings: ExecSettings,
}

pub(crate) fn attribute(name: &str, num: i16, typ: Oid, phys: PhysType) -> Attribute {
    Attribute {
        name: name.into(),
        typ,
        typmod: -1,
        num,
        len: 4,
        ndims: 0,
        not_null: false,
        has_default: false,
        has_missing: false,
        missing: None,
        identity: '\0',
        generated: '\0',
        dropped: false,
        is_local: true,
        inhcount: 0,
        collation: if typ == t::TEXT { Oid(950) } else { Oid::INVALID },
        storage: 'p',
        compression: '\0',
        stattarget: None,
        phys,
        default: None,
        acl: None,
    }
}

/// A table of int4 columns and a text column at the end, without indexes.
pub(crate) fn relation(store: &txn::Store, oid: u32, name: &str, columns: &[&str]) -> RelationDesc {
    let sid = store.alloc_storage_id().unwrap();
    let mut attrs = Vec::new();
    for (n, column) in columns.iter().enumerate() {
        let (typ, phys) = match column.starts_with("t_") {
            true => (t::TEXT, PhysType::Bytes),
            false => (t::INT4, PhysType::Int4),
        };
        attrs.push(attribute(column, n as i16 + 1, typ, phys));
    }
    let phys: Vec<PhysType> = attrs.iter().map(|a| a.phys).collect();
    let desc = table::TableDesc { sid, layout: RowLayout::new(&phys), missing: Vec::new() };
    RelationDesc {
        oid: Oid(oid),
        name: name.into(),
        namespace: Oid(2200),
        reltype: Oid(oid + 1000),
        oftype: Oid::INVALID,
        owner: Oid(10),
        am: Oid(2),
        storage_id: sid.0,
        tablespace: Oid::INVALID,
        relkind: 'r',
        persistence: 'p',
        is_shared: false,
        attrs: Arc::new(attrs),
        indexes: Arc::default(),
        index: None,
        constraints: Arc::default(),
        referencing: Arc::default(),
        rules: Arc::default(),
        has_triggers: false,
        triggers: Arc::default(),
        policies: Arc::default(),
        partition_key: None,
        partition_bound: None,
        row_security: false,
        force_row_security: false,
        is_partition: false,
        has_subclass: false,
        is_populated: true,
        replident: 'd',
        rel_pages: 0,
        rel_tuples: -1.0,
        all_visible: 0,
        reloptions: Vec::new(),
        acl: None,
        physical: Some(Arc::new(desc)),
    }
}

/// A btree index over int4 columns.
pub(crate) fn index(
    store: &txn::Store,
    rel: &RelationDesc,
    oid: u32,
    columns: &[i16],
    unique: bool,
) -> Arc<IndexDesc> {
    let sid: StorageId = store.alloc_storage_id().unwrap();
    let keys = columns
        .iter()
        .map(|_| table::KeyColumn {
            kind: KeyKind::Int4,
            order: KeyOrder::default(),
            phys: PhysType::Int4,
        })
        .collect();
    let mut physical = table::IndexDesc::new(sid, keys, &[]);
    if unique {
        physical = physical.unique(false, false);
    }
    Arc::new(IndexDesc {
        oid: Oid(oid),
        name: format!("{}_idx", rel.name),
        relid: rel.oid,
        am: Oid(403),
        storage_id: sid.0,
        unique,
        nulls_not_distinct: false,
        primary: unique,
        exclusion: false,
        immediate: true,
        valid: true,
        ready: true,
        live: true,
        clustered: false,
        replident: false,
        n_key: columns.len(),
        columns: columns
            .iter()
            .map(|c| IndexColumn {
                attnum: *c,
                name: rel.attrs[*c as usize - 1].name.clone(),
                typ: t::INT4,
                typmod: -1,
                collation: Oid::INVALID,
                opclass: Oid(1978),
                opfamily: Oid(1976),
                opcintype: t::INT4,
                desc: false,
                nulls_first: false,
            })
            .collect(),
        exprs: Arc::default(),
        predicate: Arc::default(),
        rel_pages: 0,
        rel_tuples: 0.0,
        reloptions: Vec::new(),
        physical: Arc::new(physical),
    })
}

/// The relation entry of an index, and the relation with the index.
pub(crate) fn with_index(
    mut rel: RelationDesc,
    index: &Arc<IndexDesc>,
) -> (RelationDesc, RelationDesc) {
    let mut entry = rel.clone();
    entry.oid = index.oid;
    entry.relkind = 'i';
    entry.index = Some(index.clone());
    let mut indexes = rel.indexes.to_vec();
    indexes.push(index.clone());
    rel.indexes = Arc::new(indexes);
    (rel, entry)
}

impl Rig {
    pub(crate) fn new(make: impl FnOnce(&txn::Store) -> Vec<RelationDesc>) -> Rig {
        let engine: Arc<dyn txn::Engine> = Arc::new(kv::MemEngine::new());
        let store = txn::Store::open(engine, txn::StoreOptions::default()).unwrap();
        let rels: HashMap<Oid, Arc<RelationDesc>> =
            make(&store).into_iter().map(|r| (r.oid, Arc::new(r))).collect();
        let parent = rels.values().find(|r| r.relkind == 'p').map(|r| r.oid);
        let mut inherits: Vec<(Oid, Oid)> = rels
            .values()
            .filter(|r| r.is_partition)
            .filter_map(|r| parent.map(|p| (p, r.oid)))
            .collect();
        inherits.sort();
        let catalog = Arc::new(TestCatalog { inner: Catalog::in_memory(), rels, inherits });
        let session = TestSession { catalog, io: Default::default(), deferred: Default::default() };
        Rig { store, session, settings: ExecSettings::default() }
    }

    pub(crate) fn catalog(&self) -> &TestCatalog {
        &self.session.catalog
    }

    /// Runs a plan in a transaction as one command; rows and the number processed.
    pub(crate) fn run(
        &self,
        txn: &Arc<txn::Transaction>,
        planned: PlannedStmt,
    ) -> PgResult<(Vec<Vec<Datum>>, u64)> {
        let prepared =
            Arc::new(PreparedPlan::new(Arc::new(planned), &self.session, self.catalog())?);
        let mut execution = Execution::start(
            prepared,
            txn.clone(),
            txn.snapshot(),
            Arc::new([Datum::Int4(3)]),
            Arc::new(self.settings.clone()),
            &self.session,
            self.catalog(),
        )?;
        let mut rows = Vec::new();
        let mut batch = Batch::default();
        while execution.next(&self.session, self.catalog(), &mut batch, 7)? {
            assert!(batch.len() <= 7 && !batch.is_empty());
            rows.extend((0..batch.len()).map(|r| batch.row_vec(r)));
        }
        execution.finish(&self.session, self.catalog())?;
        txn.next_command()?;
        Ok((rows, execution.processed()))
    }

    pub(crate) fn ints(&self, planned: PlannedStmt) -> Vec<Vec<i64>> {
        let txn = self.store.begin_internal();
        let rows = self.run(&txn, planned).unwrap().0;
        txn.abort();
        to_ints(rows)
    }
}

pub(crate) fn to_ints(rows: Vec<Vec<Datum>>) -> Vec<Vec<i64>> {
    rows.into_iter().map(|r| r.iter().map(int).collect()).collect()
}

/// NULL shows as -999.
fn int(value: &Datum) -> i64 {
    match value {
        Datum::Int4(v) => i64::from(*v),
        Datum::Int8(v) => *v,
        Datum::Bool(v) => i64::from(*v),
        Datum::Null => -999,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn var(varno: i32, attno: i16) -> Expr {
    typed_var(varno, attno, t::INT4)
}

pub(crate) fn typed_var(varno: i32, attno: i16, typ: Oid) -> Expr {
    Expr::Var(Var {
        varno,
        varattno: attno,
        vartype: typ,
        vartypmod: -1,
        varcollid: Oid::INVALID,
        varnullingrels: Vec::new(),
        varlevelsup: 0,
        varreturningtype: VarReturningType::Default,
        varnosyn: 0,
        varattnosyn: 0,
        location: -1,
    })
}

pub(crate) fn constant(value: Datum) -> Expr {
    Expr::Const(Const {
        consttype: t::INT4,
        consttypmod: -1,
        constcollid: Oid::INVALID,
        value,
        phys: PhysType::Int4,
        location: -1,
    })
}

pub(crate) fn num(v: i32) -> Expr {
    constant(Datum::Int4(v))
}

pub(crate) fn op(opno: Oid, a: Expr, b: Expr) -> Expr {
    Expr::OpExpr(Box::new(OpExpr {
        opno,
        opfuncid: Oid::INVALID,
        opresulttype: if opno == INT4PL { t::INT4 } else { t::BOOL },
        opretset: false,
        opcollid: Oid::INVALID,
        inputcollid: Oid::INVALID,
        args: vec![a, b],
        location: -1,
    }))
}

pub(crate) fn te(resno: i16, expr: Expr) -> TargetEntry {
    TargetEntry {
        expr,
        resno,
        resname: Some(format!("c{resno}")),
        ressortgroupref: 0,
        resorigtbl: Oid::INVALID,
        resorigcol: 0,
        resjunk: false,
    }
}

pub(crate) fn list(exprs: Vec<Expr>) -> Vec<TargetEntry> {
    exprs.into_iter().enumerate().map(|(n, e)| te(n as i16 + 1, e)).collect()
}

pub(crate) fn rte(relid: u32) -> RangeTblEntry {
    RangeTblEntry {
        kind: RteKind::Relation {
            relid: Oid(relid),
            relkind: 'r',
            rellockmode: 1,
            perminfoindex: 0,
            tablesample: None,
        },
        alias: None,
        eref: Alias::default(),
        lateral: false,
        inh: false,
        in_from_cl: true,
        security_quals: Vec::new(),
    }
}

pub(crate) fn values_rte(columns: usize) -> RangeTblEntry {
    RangeTblEntry {
        kind: RteKind::Values {
            values_lists: Vec::new(),
            coltypes: vec![t::INT4; columns],
            coltypmods: vec![-1; columns],
            colcollations: vec![Oid::INVALID; columns],
        },
        ..rte(0)
    }
}

pub(crate) fn planned(
    command_type: CmdType,
    plan: Plan,
    rtable: Vec<RangeTblEntry>,
) -> PlannedStmt {
    PlannedStmt {
        command_type,
        has_returning: false,
        has_modifying_cte: false,
        can_set_tag: true,
        transient_plan: false,
        depends_on_role: false,
        plan_tree: Arc::new(plan),
        rtable,
        perm_infos: Vec::new(),
        result_relations: Vec::new(),
        subplans: Vec::new(),
        rewind_plan_ids: Vec::new(),
        row_marks: Vec::new(),
        param_exec_types: vec![t::INT4; 8],
        relation_oids: Vec::new(),
        inval_items: Vec::new(),
        utility_stmt: None,
        stmt_location: -1,
        stmt_len: 0,
    }
}

/// VALUES as range table entry `rti`, with columns of int4.
pub(crate) fn values(rti: i32, rows: &[&[Option<i32>]]) -> Plan {
    let width = rows[0].len() as i16;
    let lists = rows
        .iter()
        .map(|r| r.iter().map(|v| constant(v.map_or(Datum::Null, Datum::Int4))).collect())
        .collect();
    let node = PlanNode::ValuesScan { scanrelid: rti, values_lists: lists };
    Plan::new(node, list((1..=width).map(|n| var(rti, n)).collect()))
}

pub(crate) fn over(node: PlanNode, exprs: Vec<Expr>, left: Plan) -> Plan {
    Plan { lefttree: Some(Arc::new(left)), ..Plan::new(node, list(exprs)) }
}

pub(crate) fn outer(n: i16) -> Expr {
    var(OUTER_VAR, n)
}

pub(crate) fn inner(n: i16) -> Expr {
    var(INNER_VAR, n)
}
