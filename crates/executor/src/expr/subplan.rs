//! Subqueries in expressions: EXISTS, ANY, ALL, scalar, row comparison, ARRAY, multi-assignment.
use super::{CExpr, ExprCompiler, FnCall, Scope};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView, Rows},
    hash::{self, HashKind},
    node::{ExecNode, SubplanCache},
};
use error::{PgError, PgResult, err};
use nodes::{BoolExprType, Expr, Param, ParamKind, SubLinkType, SubPlan};
use smallvec::SmallVec;
use std::sync::Arc;
use types::{ArrayDim, ArrayValue, Datum, Oid};

/// A subquery in an expression.
pub struct SubplanNode {
    /// Index in `EState::subplans`.
    plan: u32,
    kind: SubLinkType,
    /// Comparison over the subquery's columns, which are in `param_ids`.
    test: Option<CExpr>,
    param_ids: Box<[i32]>,
    /// Exec params passed in.
    args: Box<[(i32, CExpr)]>,
    set_param: Box<[i32]>,
    hashed: Option<HashedTest>,
    array_elem: Oid,
    /// Elements of ARRAY(…) are arrays themselves.
    array_of_arrays: bool,
}

/// A conjunction of equalities between expressions and the subquery's columns.
struct HashedTest {
    columns: Box<[HashedColumn]>,
    /// NULL may count as false, so rows with NULLs need not be looked at.
    unknown_eq_false: bool,
}

struct HashedColumn {
    left: CExpr,
    right: usize,
    kind: HashKind,
    equal: FnCall,
}

impl SubplanNode {
    pub(crate) fn compile(
        c: &mut ExprCompiler<'_>,
        s: &SubPlan,
        scope: &Scope,
    ) -> PgResult<SubplanNode> {
        if !c.subplans_seen.contains(&s.plan_id) {
            c.subplans_seen.push(s.plan_id);
        }
        let args: Box<[(i32, CExpr)]> = s
            .par_param
            .iter()
            .zip(&s.args)
            .map(|(id, arg)| Ok((*id, c.compile(arg, scope)?)))
            .collect::<PgResult<_>>()?;
        let hashed = match (&s.testexpr, s.use_hash_table && s.sub_link_type == SubLinkType::Any) {
            (Some(test), true) => HashedTest::compile(c, s, test, scope)?,
            _ => None,
        };
        // The test's own params are set here: nothing outside has to be redone for them.
        let seen = c.params_seen.len();
        let test = match &s.testexpr {
            Some(test) => Some(c.compile(test, scope)?),
            None => None,
        };
        let mut position = 0;
        c.params_seen.retain(|p| {
            position += 1;
            position <= seen || !s.param_ids.contains(p)
        });
        let first = s.first_col_type;
        let (array_elem, array_of_arrays) = if s.sub_link_type == SubLinkType::Array {
            let vector = matches!(first, types::type_oid::INT2VECTOR | types::type_oid::OIDVECTOR);
            let is_array = !vector && c.catalog.get_type(first)?.is_array();
            (if is_array { c.elem_type(first)? } else { first }, is_array)
        } else {
            (Oid::INVALID, false)
        };
        Ok(SubplanNode {
            plan: s.plan_id as u32 - 1,
            kind: s.sub_link_type,
            test,
            param_ids: s.param_ids.clone().into(),
            args,
            set_param: s.set_param.clone().into(),
            hashed,
            array_elem,
            array_of_arrays,
        })
    }

    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        if self.hashed.is_none() || !self.args.is_empty() {
            return self.run_fresh(rows, cx);
        }
        let Some(hashed) = &self.hashed else { return self.run_fresh(rows, cx) };
        let slot = self.plan as usize;
        let mut cache = cx.es.subplan_states.get_mut(slot).and_then(Option::take);
        if cache.as_ref().is_none_or(|c| !c.is_current(self.plan, cx)) {
            cache = Some(Box::new(hashed.load(self, cx)?));
        }
        let result = match &cache {
            Some(cache) => hashed.probe(cache, rows, cx),
            None => Err(PgError::internal("hashed subplan without a table")),
        };
        cx.es.subplan_states[slot] = cache;
        result
    }

    /// Whether this is a multi-assignment subquery, evaluated before its target list.
    pub(crate) fn is_multi_expr(&self) -> bool {
        self.kind == SubLinkType::MultiExpr
    }

    fn run_fresh(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        error::check_stack_depth()?;
        for (id, arg) in &self.args {
            let value = arg.eval(rows, cx)?;
            set_param(cx, *id, value);
        }
        with_subplan(self.plan, cx, |node, cx| self.run(node, rows, cx))
    }

    fn run(&self, node: &mut dyn ExecNode, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut batch = Batch::default();
        match self.kind {
            SubLinkType::Exists => Ok(Datum::Bool(node.next(cx, &mut batch, 1)?)),
            SubLinkType::Expr => match single_row(node, cx, &mut batch)? {
                true => Ok(batch.get(0, 0).clone()),
                false => Ok(Datum::Null),
            },
            SubLinkType::Array => self.collect(node, cx),
            SubLinkType::RowCompare => {
                if !single_row(node, cx, &mut batch)? {
                    return Ok(Datum::Null);
                }
                self.test_row(&batch, 0, rows, cx)
            }
            SubLinkType::MultiExpr => {
                let found = single_row(node, cx, &mut batch)?;
                for (n, id) in self.set_param.iter().enumerate() {
                    let value = if found { batch.get(0, n).clone() } else { Datum::Null };
                    set_param(cx, *id, value);
                }
                Ok(Datum::Null)
            }
            SubLinkType::Any | SubLinkType::All => self.any_all(node, rows, cx),
            SubLinkType::Cte => Err(PgError::internal("CTE subplan in an expression")),
        }
    }

    fn test_row(
        &self,
        batch: &Batch,
        row: usize,
        rows: &Rows<'_>,
        cx: &mut Cx<'_>,
    ) -> PgResult<Datum> {
        for (n, id) in self.param_ids.iter().enumerate() {
            set_param(cx, *id, batch.get(row, n).clone());
        }
        match &self.test {
            Some(test) => test.eval(rows, cx),
            None => Err(PgError::internal("subplan without a test expression")),
        }
    }

    fn any_all(
        &self,
        node: &mut dyn ExecNode,
        rows: &Rows<'_>,
        cx: &mut Cx<'_>,
    ) -> PgResult<Datum> {
        let any = self.kind == SubLinkType::Any;
        let mut any_null = false;
        let mut batch = Batch::default();
        // A match often comes early: start with few rows.
        let mut want = 16;
        while node.next(cx, &mut batch, want)? {
            for row in 0..batch.len() {
                match self.test_row(&batch, row, rows, cx)? {
                    Datum::Bool(b) if b == any => return Ok(Datum::Bool(b)),
                    Datum::Bool(_) => {}
                    _ => any_null = true,
                }
            }
            want = BATCH_ROWS;
        }
        Ok(if any_null { Datum::Null } else { Datum::Bool(!any) })
    }

    fn collect(&self, node: &mut dyn ExecNode, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut values = Vec::new();
        let mut batch = Batch::default();
        while node.next(cx, &mut batch, BATCH_ROWS)? {
            values.append(&mut batch.columns[0]);
        }
        if !self.array_of_arrays {
            return Ok(Datum::Array(Arc::new(ArrayValue::from_elems(self.array_elem, values))));
        }
        accumulate_arrays(self.array_elem, values)
    }
}

/// Stacks the arrays that ARRAY(SELECT array …) yields.
fn accumulate_arrays(elem_type: Oid, values: Vec<Datum>) -> PgResult<Datum> {
    if values.is_empty() {
        return Ok(Datum::Array(Arc::new(ArrayValue::empty(elem_type))));
    }
    let mut dims: Option<Vec<ArrayDim>> = None;
    let mut elems = Vec::new();
    let count = values.len() as i32;
    for value in values {
        let Datum::Array(array) = value else {
            return Err(err!(NULL_VALUE_NOT_ALLOWED, "cannot accumulate null arrays"));
        };
        if array.dims.is_empty() {
            return Err(err!(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate empty arrays"));
        }
        match &dims {
            None => dims = Some(array.dims.clone()),
            Some(first) if *first != array.dims => {
                return Err(err!(
                    ARRAY_SUBSCRIPT_ERROR,
                    "cannot accumulate arrays of different dimensionality"
                ));
            }
            Some(_) => {}
        }
        elems.extend_from_slice(&array.elems);
    }
    let mut all = vec![ArrayDim { len: count, lower: 1 }];
    all.extend(dims.unwrap_or_default());
    Ok(Datum::Array(Arc::new(ArrayValue { elem_type, dims: all, elems })))
}

impl HashedTest {
    /// The hashed form of a test, if each conjunct equates an expression with a column by values that
    /// hash alike.
    fn compile(
        c: &mut ExprCompiler<'_>,
        s: &SubPlan,
        test: &Expr,
        scope: &Scope,
    ) -> PgResult<Option<HashedTest>> {
        let conjuncts: Vec<&Expr> = match test {
            Expr::BoolExpr(b) if b.boolop == BoolExprType::And => b.args.iter().collect(),
            other => vec![other],
        };
        let mut columns = Vec::new();
        for conjunct in conjuncts {
            let Expr::OpExpr(op) = conjunct else { return Ok(None) };
            let [left, right] = &op.args[..] else { return Ok(None) };
            let Some(id) = param_below(right) else { return Ok(None) };
            let Some(at) = s.param_ids.iter().position(|p| *p == id) else { return Ok(None) };
            let kind = HashKind::of_type(c.catalog, left.typ(), op.inputcollid)?;
            if kind != HashKind::of_type(c.catalog, right.typ(), op.inputcollid)? {
                return Ok(None);
            }
            let func = match op.opfuncid.valid() {
                Some(oid) => oid,
                None => c.catalog.get_operator(op.opno)?.code,
            };
            let types = [left.typ(), right.typ()];
            columns.push(HashedColumn {
                left: c.compile(left, scope)?,
                right: at,
                kind,
                equal: c.function(func, &types, op.opresulttype, op.inputcollid)?,
            });
        }
        Ok(Some(HashedTest { columns: columns.into(), unknown_eq_false: s.unknown_eq_false }))
    }

    fn load(&self, owner: &SubplanNode, cx: &mut Cx<'_>) -> PgResult<SubplanCache> {
        let mut cache = SubplanCache::default();
        with_subplan(owner.plan, cx, |node, cx| {
            let mut batch = Batch::default();
            while node.next(cx, &mut batch, BATCH_ROWS)? {
                for row in 0..batch.len() {
                    let values: Vec<Datum> =
                        self.columns.iter().map(|c| batch.get(row, c.right).clone()).collect();
                    cache.any_row = true;
                    if values.iter().any(Datum::is_null) {
                        if !self.unknown_eq_false {
                            cache.with_nulls.push(values);
                        }
                        continue;
                    }
                    let mut h = 0;
                    for (column, value) in self.columns.iter().zip(&values) {
                        h = hash::combine(h, column.kind.hash(cx.session, value)?);
                    }
                    cache.table.entry(h).or_default().push(values);
                }
                cx.check_interrupts()?;
            }
            Ok(())
        })?;
        cache.note_params(owner.plan, cx);
        Ok(cache)
    }

    fn probe(&self, cache: &SubplanCache, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut left: SmallVec<[Datum; 4]> = SmallVec::new();
        for column in &self.columns {
            left.push(column.left.eval(rows, cx)?);
        }
        if !cache.any_row {
            return Ok(Datum::Bool(false));
        }
        if !left.iter().any(Datum::is_null) {
            let mut h = 0;
            for (column, value) in self.columns.iter().zip(&left) {
                h = hash::combine(h, column.kind.hash(cx.session, value)?);
            }
            if let Some(bucket) = cache.table.get(&h) {
                for candidate in bucket {
                    if self.matches(&left, candidate, cx)? == Some(true) {
                        return Ok(Datum::Bool(true));
                    }
                }
            }
            if self.unknown_eq_false {
                return Ok(Datum::Bool(false));
            }
            return self.any_unknown(&cache.with_nulls, &left, cx);
        }
        if self.unknown_eq_false {
            return Ok(Datum::Bool(false));
        }
        // A NULL on the left is unknown unless another column rules every row out.
        if self.columns.len() == 1 {
            return Ok(Datum::Null);
        }
        for bucket in cache.table.values() {
            if self.any_unknown(bucket, &left, cx)?.is_null() {
                return Ok(Datum::Null);
            }
        }
        self.any_unknown(&cache.with_nulls, &left, cx)
    }

    /// NULL if one of the rows might be equal, else false.
    fn any_unknown(
        &self,
        candidates: &[Vec<Datum>],
        left: &[Datum],
        cx: &mut Cx<'_>,
    ) -> PgResult<Datum> {
        for candidate in candidates {
            if self.matches(left, candidate, cx)?.is_none() {
                return Ok(Datum::Null);
            }
        }
        Ok(Datum::Bool(false))
    }

    fn matches(&self, left: &[Datum], right: &[Datum], cx: &mut Cx<'_>) -> PgResult<Option<bool>> {
        let mut unknown = false;
        for ((column, a), b) in self.columns.iter().zip(left).zip(right) {
            if a.is_null() || b.is_null() {
                unknown = true;
            } else if !column.equal.test2(cx, a, b)? {
                return Ok(Some(false));
            }
        }
        Ok(if unknown { None } else { Some(true) })
    }
}

/// The exec param that an expression consists of, below relabelling.
fn param_below(expr: &Expr) -> Option<i32> {
    match expr {
        Expr::Param(Param { kind: ParamKind::Exec, paramid, .. }) => Some(*paramid),
        Expr::RelabelType(r) => param_below(&r.arg),
        _ => None,
    }
}

/// Sets an exec param.
pub(crate) fn set_param(cx: &mut Cx<'_>, id: i32, value: Datum) {
    let id = id as usize;
    if cx.es.exec_params.len() <= id {
        cx.es.exec_params.resize_with(id + 1, Default::default);
    }
    let slot = &mut cx.es.exec_params[id];
    slot.value = value;
    slot.pending = None;
}

/// Runs `f` on a subplan's node from its start.
pub(crate) fn with_subplan<T>(
    plan: u32,
    cx: &mut Cx<'_>,
    f: impl FnOnce(&mut dyn ExecNode, &mut Cx<'_>) -> PgResult<T>,
) -> PgResult<T> {
    let slot = plan as usize;
    let mut node = match cx.es.subplans.get_mut(slot).and_then(Option::take) {
        Some(mut node) => {
            // Params of outer levels may be new as well, whoever set them.
            let specs = cx.es.subplan_specs.clone();
            node.rescan(cx, &specs[slot].params)?;
            node
        }
        None => {
            let specs = cx.es.subplan_specs.clone();
            let spec = specs
                .get(slot)
                .ok_or_else(|| PgError::internal(format!("there is no subplan {}", slot + 1)))?;
            spec.start(cx)?
        }
    };
    let result = f(node.as_mut(), cx);
    cx.es.subplans[slot] = Some(node);
    result
}

/// Fetches the only row of a subquery; false if it has none.
fn single_row(node: &mut dyn ExecNode, cx: &mut Cx<'_>, batch: &mut Batch) -> PgResult<bool> {
    if !node.next(cx, batch, 2)? {
        return Ok(false);
    }
    let more = batch.len() > 1 || {
        let mut second = Batch::default();
        node.next(cx, &mut second, 1)?
    };
    if more {
        return Err(err!(
            CARDINALITY_VIOLATION,
            "more than one row returned by a subquery used as an expression"
        ));
    }
    Ok(true)
}

/// Runs an init plan and sets its params.
pub(crate) fn run_init_plan(plan: u32, cx: &mut Cx<'_>) -> PgResult<()> {
    let specs = cx.es.subplan_specs.clone();
    let Some(init) = specs.get(plan as usize).and_then(|s| s.as_init.get()) else {
        return Err(PgError::internal("parameter refers to a plan that is no init plan"));
    };
    init.run(plan, cx)
}

/// What an init plan computes.
pub(crate) struct InitPlan {
    pub(crate) kind: SubLinkType,
    pub(crate) set_param: Box<[i32]>,
    array_elem: Oid,
    array_of_arrays: bool,
    /// Exec params passed in (correlated init plans have none).
    test: Option<CExpr>,
    param_ids: Box<[i32]>,
}

impl InitPlan {
    pub(crate) fn compile(c: &mut ExprCompiler<'_>, s: &SubPlan) -> PgResult<Self> {
        let node = SubplanNode::compile(c, s, &Scope::none())?;
        Ok(InitPlan {
            kind: s.sub_link_type,
            set_param: s.set_param.clone().into(),
            array_elem: node.array_elem,
            array_of_arrays: node.array_of_arrays,
            test: node.test,
            param_ids: node.param_ids,
        })
    }

    fn run(&self, plan: u32, cx: &mut Cx<'_>) -> PgResult<()> {
        // While it runs nobody may ask for its result again.
        for id in &self.set_param {
            set_param(cx, *id, Datum::Null);
        }
        with_subplan(plan, cx, |node, cx| {
            let as_node = SubplanNode {
                plan,
                kind: self.kind,
                test: None,
                param_ids: self.param_ids.clone(),
                args: Box::new([]),
                set_param: self.set_param.clone(),
                hashed: None,
                array_elem: self.array_elem,
                array_of_arrays: self.array_of_arrays,
            };
            let rows = Rows::NONE;
            match self.kind {
                SubLinkType::Expr | SubLinkType::MultiExpr => {
                    // One row sets all the params.
                    let mut batch = Batch::default();
                    let found = single_row(node, cx, &mut batch)?;
                    for (n, id) in self.set_param.iter().enumerate() {
                        let value = if found { batch.get(0, n).clone() } else { Datum::Null };
                        set_param(cx, *id, value);
                    }
                    return Ok(());
                }
                SubLinkType::RowCompare | SubLinkType::Any | SubLinkType::All => {
                    let value = match (&self.test, self.kind) {
                        (Some(test), kind) => run_test(node, cx, test, &self.param_ids, kind)?,
                        (None, _) => Datum::Null,
                    };
                    if let Some(id) = self.set_param.first() {
                        set_param(cx, *id, value);
                    }
                    return Ok(());
                }
                _ => {}
            }
            let value = as_node.run(node, &rows, cx)?;
            if let Some(id) = self.set_param.first() {
                set_param(cx, *id, value);
            }
            Ok(())
        })
    }
}

/// ANY, ALL or a row comparison of an uncorrelated subquery.
fn run_test(
    node: &mut dyn ExecNode,
    cx: &mut Cx<'_>,
    test: &CExpr,
    param_ids: &[i32],
    kind: SubLinkType,
) -> PgResult<Datum> {
    let mut batch = Batch::default();
    let mut any_null = false;
    let check = |row: RowView<'_>, cx: &mut Cx<'_>| {
        for (n, id) in param_ids.iter().enumerate() {
            set_param(cx, *id, row.get(n).clone());
        }
        test.eval(&Rows::NONE, cx)
    };
    if kind == SubLinkType::RowCompare {
        return match single_row(node, cx, &mut batch)? {
            true => check(batch.row(0), cx),
            false => Ok(Datum::Null),
        };
    }
    let any = kind == SubLinkType::Any;
    while node.next(cx, &mut batch, BATCH_ROWS)? {
        for row in 0..batch.len() {
            match check(batch.row(row), cx)? {
                Datum::Bool(b) if b == any => return Ok(Datum::Bool(b)),
                Datum::Bool(_) => {}
                _ => any_null = true,
            }
        }
    }
    Ok(if any_null { Datum::Null } else { Datum::Bool(!any) })
}
