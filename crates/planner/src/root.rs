//! The working state of one planner run: per query level, per relation, per clause.
use crate::{
    context::PlanContext,
    path::{Path, PathRef},
    relids::Relids,
};
use catalog::RelationDesc;
use nodes::{plan::*, *};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
};
use types::Oid;

/// Position of a relation in [`PlannerInfo::rels`].
pub type RelId = usize;
/// Position of an equivalence class in [`PlannerInfo::eq_classes`].
pub type EcId = usize;

/// State shared by all query levels of one statement.
pub struct Glob<'c> {
    pub cx: &'c PlanContext<'c>,
    pub state: RefCell<GlobState<'c>>,
}

/// A planned sublink or CTE, before its references are fixed.
pub struct Subplan<'c> {
    pub plan: Plan,
    pub root: Option<Box<PlannerInfo<'c>>>,
}

/// The mutable part of [`Glob`].
#[derive(Default)]
pub struct GlobState<'c> {
    pub subplans: Vec<Option<Subplan<'c>>>,
    pub rewind_plan_ids: Vec<i32>,
    pub param_exec_types: Vec<Oid>,
    pub final_rtable: Vec<RangeTblEntry>,
    pub perm_infos: Vec<RTEPermissionInfo>,
    pub final_row_marks: Vec<PlanRowMark>,
    pub result_relations: Vec<i32>,
    pub relation_oids: Vec<Oid>,
    pub inval_items: Vec<(Oid, Oid)>,
    pub last_ph_id: u32,
    pub last_row_mark_id: u32,
    pub last_rinfo_serial: u32,
    /// For the subquery that is planned next: conditions on its monotonic window functions, by winref.
    pub run_conditions: Vec<(u32, Expr)>,
    /// One entry a query level being planned, outermost first.
    pub levels: Vec<Level>,
}

/// What inner query levels need to know of an outer one.
#[derive(Clone, Default)]
pub struct Level {
    /// Values that inner levels take from this one.
    pub plan_params: Vec<PlannerParam>,
    pub ctes: Vec<LevelCte>,
}

/// A WITH item as inner levels see it.
#[derive(Clone)]
pub struct LevelCte {
    pub name: String,
    /// 1-based subplan number, 0 if not planned, -1 inlined.
    pub plan_id: i32,
    /// Exec param that stands for its result.
    pub param: i32,
    pub rows: f64,
    /// Inside the recursive term: the work table.
    pub wt_param: i32,
    pub wt_rows: f64,
}

/// A value passed into an inner plan.
#[derive(Clone, Debug)]
pub struct PlannerParam {
    pub item: Expr,
    pub param_id: i32,
}

/// The working state of one query level.
pub struct PlannerInfo<'c> {
    pub glob: Rc<Glob<'c>>,
    pub level: usize,
    pub parse: Query,
    pub rels: Vec<RelOptInfo<'c>>,
    /// By range table index.
    pub simple_rels: Vec<Option<RelId>>,
    pub join_rel_hash: HashMap<Relids, RelId>,
    pub join_rel_level: Vec<Vec<RelId>>,
    pub all_baserels: Relids,
    pub outer_join_rels: Relids,
    pub all_query_rels: Relids,
    pub init_plans: Vec<SubPlan>,
    pub multiexpr_params: Vec<Vec<Param>>,
    pub join_domains: Vec<Relids>,
    pub eq_classes: Vec<EquivalenceClass>,
    pub ec_merging_done: bool,
    pub left_join_clauses: Vec<OuterJoinClause>,
    pub right_join_clauses: Vec<OuterJoinClause>,
    pub full_join_clauses: Vec<OuterJoinClause>,
    pub join_info_list: Vec<Rc<SpecialJoinInfo>>,
    pub append_rel_list: Vec<Rc<AppendRelInfo>>,
    pub row_marks: Vec<PlanRowMark>,
    pub placeholder_list: Vec<PlaceHolderInfo>,
    pub fkey_list: Vec<ForeignKeyInfo>,
    pub query_pathkeys: Vec<PathKey>,
    pub group_pathkeys: Vec<PathKey>,
    pub num_groupby_pathkeys: usize,
    pub window_pathkeys: Vec<PathKey>,
    pub distinct_pathkeys: Vec<PathKey>,
    pub sort_pathkeys: Vec<PathKey>,
    pub setop_pathkeys: Vec<PathKey>,
    pub processed_tlist: Vec<TargetEntry>,
    pub update_colnos: Vec<i16>,
    pub processed_group_clause: Vec<SortGroupClause>,
    pub processed_distinct_clause: Vec<SortGroupClause>,
    pub agg_infos: Vec<AggInfo>,
    pub agg_trans: Vec<AggTransInfo>,
    pub num_ordered_aggs: usize,
    pub final_target: Option<Rc<PathTarget>>,
    pub tuple_fraction: f64,
    pub limit_tuples: f64,
    pub qual_security_level: u32,
    pub has_join_rtes: bool,
    pub has_lateral_rtes: bool,
    pub has_having_qual: bool,
    pub has_pseudo_constant_quals: bool,
    pub has_recursion: bool,
    pub wt_param: i32,
    pub initial_rels: Vec<RelId>,
    /// While plans are made: what the outer side of enclosing nested loops supplies.
    pub cur_outer_rels: Relids,
    pub cur_outer_params: Vec<NestLoopParamItem>,
    pub leaf_result_relids: Vec<i32>,
    pub all_result_relids: Relids,
    /// Upper relations: the last planning step's.
    pub final_rel: Option<RelId>,
    /// Grouping columns' positions for GROUPING().
    pub grouping_map: HashMap<u32, i32>,
    /// Group RTE index (PG18).
    pub group_rtindex: i32,
    /// Conditions that end a window's partition early, by winref.
    pub run_conditions: Vec<(u32, Expr)>,
    /// MIN and MAX aggregates with the ordered scans that would find them.
    pub minmax_aggs: Vec<crate::minmax::MinMaxAgg<'c>>,
    /// Numbers of aggregates that init plans compute, with their params.
    pub minmax_params: Vec<(i32, Param)>,
}

/// A NestLoopParam being collected.
#[derive(Clone, Debug)]
pub struct NestLoopParamItem {
    pub paramno: i32,
    /// Var or PlaceHolderVar of the outer side.
    pub paramval: Expr,
}

/// Distinct aggregates of a level.
#[derive(Clone)]
pub struct AggInfo {
    pub aggref: Aggref,
    pub transno: i32,
    pub finalfn: Oid,
}

/// Distinct transition states.
#[derive(Clone)]
pub struct AggTransInfo {
    pub aggref: Aggref,
    pub transfn: Oid,
    pub transtype: Oid,
    pub trans_width: i32,
    pub aggtransspace: i32,
    pub initval: Option<String>,
    pub shareable: bool,
}

/// Kinds of relations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RelKind {
    Base,
    OtherMember,
    Join,
    Upper(UpperKind),
}

/// The steps above joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum UpperKind {
    SetOp,
    Group,
    Window,
    Distinct,
    Ordered,
    Final,
}

/// What a base relation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BaseKind {
    Relation,
    Subquery,
    Join,
    Function,
    TableFunc,
    Values,
    Cte,
    NamedTuplestore,
    Result,
    None,
}

/// A relation: base, join or upper.
pub struct RelOptInfo<'c> {
    pub kind: RelKind,
    pub relids: Relids,
    pub rows: f64,
    pub consider_startup: bool,
    pub consider_param_startup: bool,
    pub reltarget: Rc<PathTarget>,
    pub pathlist: Vec<PathRef>,
    pub cheapest_startup: Option<PathRef>,
    pub cheapest_total: Option<PathRef>,
    pub cheapest_unique: Option<Option<PathRef>>,
    pub cheapest_parameterized: Vec<PathRef>,
    pub ppilist: Vec<Rc<ParamPathInfo>>,
    pub direct_lateral_relids: Relids,
    pub lateral_relids: Relids,
    pub relid: i32,
    pub base: BaseKind,
    /// By attno + 7 (system columns first).
    pub attr_needed: Vec<Relids>,
    pub attr_widths: Vec<i32>,
    pub notnull_attnos: Vec<i16>,
    pub nulling_relids: Relids,
    pub lateral_vars: Vec<Expr>,
    pub lateral_referencers: Relids,
    pub indexlist: Vec<Rc<IndexOptInfo>>,
    pub desc: Option<Arc<RelationDesc>>,
    pub pages: f64,
    pub tuples: f64,
    pub allvisfrac: f64,
    pub subroot: Option<Box<PlannerInfo<'c>>>,
    pub subplan_params: Vec<PlannerParam>,
    pub unique_for_rels: RefCell<Vec<Relids>>,
    pub baserestrictinfo: Vec<Rc<RestrictInfo>>,
    pub baserestrictcost: Cost,
    pub baserestrict_min_security: u32,
    pub joininfo: Vec<Rc<RestrictInfo>>,
    pub has_eclass_joins: bool,
    pub top_parent_relids: Option<Relids>,
    pub parent: Option<RelId>,
    pub live_children: Vec<RelId>,
    /// Proven empty.
    pub dummy: bool,
}

/// Startup and per-row cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    pub startup: f64,
    pub per_tuple: f64,
}

impl Cost {
    /// Adds another.
    pub fn add(&mut self, other: Cost) {
        self.startup += other.startup;
        self.per_tuple += other.per_tuple;
    }
}

/// Columns a path yields.
#[derive(Clone, Debug, Default)]
pub struct PathTarget {
    pub exprs: Vec<Expr>,
    pub sortgrouprefs: Vec<u32>,
    pub cost: Cost,
    pub width: i32,
}

impl PathTarget {
    /// The sortgroupref of column `i`.
    pub fn sortgroupref(&self, i: usize) -> u32 {
        self.sortgrouprefs.get(i).copied().unwrap_or(0)
    }

    /// Appends a column.
    pub fn push(&mut self, expr: Expr, sortgroupref: u32) {
        if sortgroupref != 0 && self.sortgrouprefs.len() < self.exprs.len() {
            self.sortgrouprefs.resize(self.exprs.len(), 0);
        }
        self.exprs.push(expr);
        if sortgroupref != 0 || !self.sortgrouprefs.is_empty() {
            self.sortgrouprefs.push(sortgroupref);
        }
    }

    /// Appends a column unless it is there.
    pub fn push_new(&mut self, expr: &Expr) {
        if !self.exprs.iter().any(|e| e.equals(expr)) {
            self.push(expr.clone(), 0);
        }
    }
}

/// What a parameterised scan needs and what it checks.
#[derive(Debug)]
pub struct ParamPathInfo {
    pub req_outer: Relids,
    pub rows: f64,
    pub clauses: Vec<Rc<RestrictInfo>>,
    pub serials: Vec<u32>,
}

/// One key of a sort order; equal keys are equal structs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathKey {
    pub ec: EcId,
    pub opfamily: Oid,
    /// Descending.
    pub reverse: bool,
    pub nulls_first: bool,
}

/// A qualification with what the planner found out about it.
#[derive(Debug)]
pub struct RestrictInfo {
    pub clause: Expr,
    pub is_pushed_down: bool,
    pub can_join: bool,
    pub pseudoconstant: bool,
    pub has_clone: bool,
    pub is_clone: bool,
    pub leakproof: bool,
    pub has_volatile: bool,
    pub security_level: u32,
    pub num_base_rels: usize,
    pub clause_relids: Relids,
    pub required_relids: Relids,
    pub incompatible_relids: Relids,
    pub outer_relids: Relids,
    pub left_relids: Relids,
    pub right_relids: Relids,
    /// For an OR: its arms, each an AND of clauses.
    pub or_arms: Option<Vec<Vec<Rc<RestrictInfo>>>>,
    pub serial: u32,
    pub parent_ec: Cell<Option<EcId>>,
    pub eval_cost: Cell<Option<Cost>>,
    pub norm_selec: Cell<f64>,
    pub outer_selec: Cell<f64>,
    pub mergeopfamilies: Vec<Oid>,
    pub left_ec: Cell<Option<EcId>>,
    pub right_ec: Cell<Option<EcId>>,
    pub left_em: Cell<Option<usize>>,
    pub right_em: Cell<Option<usize>>,
    pub outer_is_left: Cell<bool>,
    pub hashjoinoperator: Oid,
    pub left_bucketsize: Cell<f64>,
    pub right_bucketsize: Cell<f64>,
    pub left_mcvfreq: Cell<f64>,
    pub right_mcvfreq: Cell<f64>,
}

impl RestrictInfo {
    /// Whether, in a join of `joinrelids`, the clause is a filter rather than part of an outer
    /// join's own condition.
    pub fn is_pushed_down_at(&self, joinrelids: &Relids) -> bool {
        self.is_pushed_down || !self.required_relids.is_subset(joinrelids)
    }
}

/// Expressions known to be equal.
#[derive(Clone, Debug, Default)]
pub struct EquivalenceClass {
    pub opfamilies: Vec<Oid>,
    pub collation: Oid,
    pub members: Vec<EcMember>,
    pub sources: Vec<Rc<RestrictInfo>>,
    pub derives: Vec<Rc<RestrictInfo>>,
    pub derive_keys: Vec<(usize, usize, Option<EcId>)>,
    pub relids: Relids,
    pub has_const: bool,
    pub has_volatile: bool,
    pub broken: bool,
    pub sortref: u32,
    pub min_security: u32,
    pub max_security: u32,
    pub merged: Option<EcId>,
}

/// A member of an equivalence class.
#[derive(Clone, Debug)]
pub struct EcMember {
    pub expr: Expr,
    pub relids: Relids,
    pub is_const: bool,
    pub is_child: bool,
    pub datatype: Oid,
    pub jdomain: usize,
}

/// An outer join's own mergejoinable clause, kept for constant propagation.
#[derive(Clone)]
pub struct OuterJoinClause {
    pub rinfo: Rc<RestrictInfo>,
    pub sjinfo: Rc<SpecialJoinInfo>,
}

/// Constraints on join order by an outer or semi join.
#[derive(Clone, Debug)]
pub struct SpecialJoinInfo {
    pub min_lefthand: Relids,
    pub min_righthand: Relids,
    pub syn_lefthand: Relids,
    pub syn_righthand: Relids,
    pub jointype: JoinType,
    pub ojrelid: i32,
    /// Left joins that this one commutes with (outer join identity 3), by where they stand: above it
    /// with it in their left or right side, or below it in its left or right side.
    pub commute_above_l: Relids,
    pub commute_above_r: Relids,
    pub commute_below_l: Relids,
    pub commute_below_r: Relids,
    pub lhs_strict: bool,
    pub semi_can_btree: bool,
    pub semi_can_hash: bool,
    pub semi_operators: Vec<Oid>,
    pub semi_rhs_exprs: Vec<Expr>,
}

/// A PlaceHolderVar's place.
#[derive(Clone, Debug)]
pub struct PlaceHolderInfo {
    pub phid: u32,
    pub ph_var: PlaceHolderVar,
    pub eval_at: Relids,
    pub lateral: Relids,
    pub needed: Relids,
    pub width: i32,
}

/// Parent and child of an inheritance tree or UNION ALL.
#[derive(Clone, Debug)]
pub struct AppendRelInfo {
    pub parent_relid: i32,
    pub child_relid: i32,
    pub parent_reltype: Oid,
    pub child_reltype: Oid,
    /// By parent attno - 1: the child's expression; `None` for dropped columns.
    pub translated_vars: Vec<Option<Expr>>,
}

/// A foreign key that joins two base relations of the query.
#[derive(Clone, Debug)]
pub struct ForeignKeyInfo {
    pub con_relid: i32,
    pub ref_relid: i32,
    pub conkey: Vec<i16>,
    pub confkey: Vec<i16>,
    pub conpfeqop: Vec<Oid>,
}

/// An index as the planner sees it.
#[derive(Debug)]
pub struct IndexOptInfo {
    pub oid: Oid,
    pub rel: RelId,
    pub relid: i32,
    pub pages: f64,
    pub tuples: f64,
    pub tree_height: i32,
    pub nkeycolumns: usize,
    /// Table column of each index column, 0 for expressions.
    pub indexkeys: Vec<i16>,
    pub collations: Vec<Oid>,
    pub opfamily: Vec<Oid>,
    pub opcintype: Vec<Oid>,
    /// btree: sort family of each key column.
    pub reverse_sort: Vec<bool>,
    pub nulls_first: Vec<bool>,
    pub canreturn: Vec<bool>,
    pub predicate: Vec<Expr>,
    /// All columns as expressions over the relation.
    pub columns: Vec<Expr>,
    pub pred_ok: Cell<bool>,
    pub indrestrictinfo: RefCell<Vec<Rc<RestrictInfo>>>,
    pub unique: bool,
    pub immediate: bool,
    pub amcanorder: bool,
    pub amcanorderbyop: bool,
    pub amoptionalkey: bool,
    pub amsearcharray: bool,
    pub amsearchnulls: bool,
    pub amhasgettuple: bool,
    pub amhasgetbitmap: bool,
    pub am: Oid,
}

impl<'c> PlannerInfo<'c> {
    /// The context of the run.
    pub fn cx(&self) -> &'c PlanContext<'c> {
        self.glob.cx
    }

    /// A base relation's position by range table index.
    pub fn base_id(&self, rti: i32) -> RelId {
        match self.simple_rels.get(rti as usize).copied().flatten() {
            Some(id) => id,
            None => panic!("invariant: no base relation entry for rel {rti}"),
        }
    }

    /// A base relation's position, if there is such a one.
    pub fn try_base(&self, rti: i32) -> Option<RelId> {
        self.simple_rels.get(usize::try_from(rti).ok()?).copied().flatten()
    }

    /// Range table entry.
    pub fn rte(&self, rti: i32) -> &RangeTblEntry {
        self.parse.rte(rti)
    }

    /// The relation of a set of relids: base or join.
    pub fn find_rel(&self, relids: &Relids) -> Option<RelId> {
        match relids.singleton() {
            Some(rti) => self.try_base(rti),
            None => self.join_rel_hash.get(relids).copied(),
        }
    }

    /// Final class of one that may have been merged into another.
    pub fn ec_id(&self, mut id: EcId) -> EcId {
        while let Some(next) = self.eq_classes[id].merged {
            id = next;
        }
        id
    }

    /// A new exec param of a type.
    pub fn new_param(&self, typ: Oid, typmod: i32, collation: Oid) -> Param {
        let mut state = self.glob.state.borrow_mut();
        state.param_exec_types.push(typ);
        Param {
            kind: ParamKind::Exec,
            paramid: state.param_exec_types.len() as i32 - 1,
            paramtype: typ,
            paramtypmod: typmod,
            paramcollid: collation,
            location: -1,
        }
    }

    /// Adds a relation.
    pub fn add_rel(&mut self, rel: RelOptInfo<'c>) -> RelId {
        self.rels.push(rel);
        self.rels.len() - 1
    }

    /// The appendrel entry of a child.
    pub fn appinfo_of_child(&self, rti: i32) -> Option<Rc<AppendRelInfo>> {
        self.append_rel_list.iter().find(|a| a.child_relid == rti).cloned()
    }
}

impl<'c> RelOptInfo<'c> {
    /// An empty relation.
    pub fn new(kind: RelKind, relids: Relids) -> Self {
        RelOptInfo {
            kind,
            relids,
            rows: 0.0,
            consider_startup: false,
            consider_param_startup: false,
            reltarget: Rc::new(PathTarget::default()),
            pathlist: Vec::new(),
            cheapest_startup: None,
            cheapest_total: None,
            cheapest_unique: None,
            cheapest_parameterized: Vec::new(),
            ppilist: Vec::new(),
            direct_lateral_relids: Relids::new(),
            lateral_relids: Relids::new(),
            relid: 0,
            base: BaseKind::None,
            attr_needed: Vec::new(),
            attr_widths: Vec::new(),
            notnull_attnos: Vec::new(),
            nulling_relids: Relids::new(),
            lateral_vars: Vec::new(),
            lateral_referencers: Relids::new(),
            indexlist: Vec::new(),
            desc: None,
            pages: 0.0,
            tuples: 0.0,
            allvisfrac: 0.0,
            subroot: None,
            subplan_params: Vec::new(),
            unique_for_rels: RefCell::new(Vec::new()),
            baserestrictinfo: Vec::new(),
            baserestrictcost: Cost::default(),
            baserestrict_min_security: u32::MAX,
            joininfo: Vec::new(),
            has_eclass_joins: false,
            top_parent_relids: None,
            parent: None,
            live_children: Vec::new(),
            dummy: false,
        }
    }

    /// Whether it is a base relation or a child of one.
    pub fn is_simple(&self) -> bool {
        matches!(self.kind, RelKind::Base | RelKind::OtherMember)
    }

    /// The cheapest path by total cost.
    pub fn best(&self) -> &Rc<Path> {
        match &self.cheapest_total {
            Some(path) => path,
            None => panic!("invariant: set_cheapest was called for {:?}", self.relids),
        }
    }
}
