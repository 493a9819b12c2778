//! One aggregate of an Agg or WindowAgg node: transition, final function, kernels for the commonest.
use crate::{
    Cx,
    batch::{Batch, RowView, Rows},
    expr::{CExpr, Col, ExprCompiler, FnCall, Frame, Scope, Side, cmp_f64},
    store::{Comparer, SortColumn, Sorter},
};
use catalog::PgAggregate;
use error::{PgError, PgResult, err};
use fmgr::{CallSite, FnBody, SortedKey};
use nodes::{Aggref, Expr, SortGroupClause, TargetEntry};
use smallvec::SmallVec;
use std::{cmp::Ordering, sync::Arc};
use types::{ArrayValue, Datum, Oid, type_oid};

/// Aggregates whose step needs no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    None,
    CountStar,
    CountAny,
    /// sum(int2), sum(int4)
    SumInt,
    /// sum(int8) in 128 bits
    SumInt8,
    /// avg(int2), avg(int4)
    AvgInt,
    /// sum(float8)
    SumFloat8,
    /// min, max of by-value types
    Least,
    Greatest,
}

/// A compiled aggregate.
pub(crate) struct AggCall {
    kernel: Kernel,
    trans: FnCall,
    pub(crate) inverse: Option<FnCall>,
    final_: Option<FnCall>,
    /// NULLs after the direct arguments of the final function.
    final_extra: usize,
    initial: Datum,
    pub(crate) args: Box<[CExpr]>,
    /// How many of `args` the transition function takes.
    n_trans_args: usize,
    pub(crate) filter: Option<CExpr>,
    direct: Box<[CExpr]>,
    sort: Box<[SortColumn]>,
    /// DISTINCT: rows equal in the first that many sort columns count once.
    distinct: usize,
}

/// The arguments of an aggregate for the rows of a batch.
pub(crate) struct AggColumns<'a> {
    /// Rows that its FILTER lets pass; all if it has none.
    pub(crate) sel: Option<Vec<u16>>,
    args: SmallVec<[Col<'a>; 2]>,
}

/// What an aggregate has accumulated for a group.
pub(crate) struct AggState {
    pub(crate) value: Datum,
    /// Second word of kernels that need one.
    extra: i64,
    /// No value yet: the first one becomes the state.
    empty: bool,
    sorter: Option<Box<Sorter>>,
}

fn resolve_transtype(aggref_type: Oid, declared: Oid, args: &[Oid]) -> Oid {
    if aggref_type.is_valid() {
        return aggref_type;
    }
    match declared {
        type_oid::ANYELEMENT
        | type_oid::ANYARRAY
        | type_oid::ANYENUM
        | type_oid::ANYNONARRAY
        | type_oid::ANYRANGE
        | type_oid::ANYMULTIRANGE
        | type_oid::ANYCOMPATIBLE => args.first().copied().unwrap_or(declared),
        other => other,
    }
}

fn kernel_of(trans: &FnCall, finalfn: Option<&str>, c: &AggShape) -> Kernel {
    if c.ordered {
        return Kernel::None;
    }
    match (trans.info.prosrc.as_str(), finalfn, c.n_args) {
        ("int8inc", None, 0) => Kernel::CountStar,
        ("int8inc_any", None, 1) => Kernel::CountAny,
        ("int4_sum" | "int2_sum", None, 1) => Kernel::SumInt,
        ("int8_avg_accum", Some("numeric_poly_sum"), 1) => Kernel::SumInt8,
        ("int4_avg_accum" | "int2_avg_accum", Some("int8_avg"), 1) => Kernel::AvgInt,
        ("float8pl", None, 1) => Kernel::SumFloat8,
        (
            "int4smaller" | "int8smaller" | "int2smaller" | "float8smaller" | "date_smaller"
            | "timestamp_smaller" | "oidsmaller",
            None,
            1,
        ) => Kernel::Least,
        (
            "int4larger" | "int8larger" | "int2larger" | "float8larger" | "date_larger"
            | "timestamp_larger" | "oidlarger",
            None,
            1,
        ) => Kernel::Greatest,
        _ => Kernel::None,
    }
}

struct AggShape {
    n_args: usize,
    ordered: bool,
}

/// The order of by-value datums of one type.
#[inline]
fn compare_plain(a: &Datum, b: &Datum) -> Ordering {
    match (a, b) {
        (Datum::Int4(a), Datum::Int4(b)) => a.cmp(b),
        (Datum::Int8(a), Datum::Int8(b)) => a.cmp(b),
        (Datum::Int2(a), Datum::Int2(b)) => a.cmp(b),
        (Datum::Oid(a), Datum::Oid(b)) => a.cmp(b),
        (Datum::Float8(a), Datum::Float8(b)) => cmp_f64(*a, *b),
        _ => Ordering::Equal,
    }
}

/// Which functions of pg_aggregate apply.
pub(crate) struct AggFunctions {
    trans: Oid,
    inverse: Oid,
    final_: Oid,
    final_extra: bool,
    transtype: Oid,
    initial: Option<String>,
}

impl AggFunctions {
    /// The plain ones.
    pub(crate) fn plain(row: &PgAggregate) -> Self {
        AggFunctions {
            trans: row.transfn,
            inverse: Oid::INVALID,
            final_: row.finalfn,
            final_extra: row.finalextra,
            transtype: row.transtype,
            initial: row.initval.clone(),
        }
    }

    /// Those of moving-aggregate mode, if there are such.
    pub(crate) fn moving(row: &PgAggregate) -> Option<Self> {
        (row.mtransfn.is_valid() && row.minvtransfn.is_valid()).then(|| AggFunctions {
            trans: row.mtransfn,
            inverse: row.minvtransfn,
            final_: row.mfinalfn,
            final_extra: row.mfinalextra,
            transtype: row.mtranstype,
            initial: row.minitval.clone(),
        })
    }
}

impl AggCall {
    /// Compiles an aggregate call of an Agg node.
    pub(crate) fn compile(c: &mut ExprCompiler<'_>, agg: &Aggref, scope: &Scope) -> PgResult<Self> {
        let row = aggregate_row(c, agg.aggfnoid)?;
        let mut functions = AggFunctions::plain(&row);
        let types: Vec<Oid> = match agg.aggargtypes.is_empty() {
            true => agg.args.iter().filter(|a| !a.resjunk).map(|a| a.expr.typ()).collect(),
            false => agg.aggargtypes.clone(),
        };
        functions.transtype = resolve_transtype(agg.aggtranstype, functions.transtype, &types);
        let sortlist = if agg.aggdistinct.is_empty() { &agg.aggorder } else { &agg.aggdistinct };
        let sort = sort_columns(c, sortlist, &agg.args)?;
        let args = c.compile_all(agg.args.iter().map(|a| &a.expr), scope)?;
        let n_trans_args = match agg.aggkind {
            'n' => agg.args.iter().filter(|a| !a.resjunk).count(),
            _ => agg.args.len(),
        };
        let filter = match &agg.aggfilter {
            Some(f) => Some(c.compile(f, scope)?),
            None => None,
        };
        let direct = c.compile_all(&agg.aggdirectargs, scope)?;
        let n_direct = agg.aggdirectargs.len();
        let sort_keys = match agg.aggkind {
            'h' => sort
                .iter()
                .map(|s| SortedKey {
                    typ: agg.args[s.col].expr.typ(),
                    collation: agg.args[s.col].expr.collation(),
                    reverse: s.reverse,
                    nulls_first: s.nulls_first,
                })
                .collect(),
            _ => Vec::new(),
        };
        let mut trans_types = vec![functions.transtype];
        if agg.aggkind == 'n' {
            trans_types.extend_from_slice(&types);
        } else {
            trans_types.extend(agg.args.iter().map(|a| a.expr.typ()));
        }
        let mut final_types = vec![functions.transtype];
        final_types.extend_from_slice(&types);
        let call = Self::build(
            c,
            functions,
            trans_types,
            final_types,
            n_direct,
            agg.aggtype,
            agg.inputcollid,
            agg.aggvariadic,
            sort_keys,
            AggShape { n_args: n_trans_args, ordered: !sort.is_empty() },
        )?;
        Ok(AggCall {
            args,
            n_trans_args,
            filter,
            direct,
            sort,
            distinct: agg.aggdistinct.len(),
            ..call
        })
    }

    /// Compiles an aggregate used as a window function.
    pub(crate) fn compile_window(
        c: &mut ExprCompiler<'_>,
        func: &nodes::WindowFunc,
        scope: &Scope,
        moving: bool,
    ) -> PgResult<Self> {
        let row = aggregate_row(c, func.winfnoid)?;
        let has_body = |oid: Oid| -> PgResult<bool> {
            let info = c.session.resolve_function(oid)?;
            Ok(!matches!(info.body, FnBody::Missing))
        };
        let moving = moving
            && row.mtransfn.is_valid()
            && row.minvtransfn.is_valid()
            && has_body(row.mtransfn)?
            && has_body(row.minvtransfn)?;
        let mut functions = match AggFunctions::moving(&row).filter(|_| moving) {
            Some(functions) => functions,
            None => AggFunctions::plain(&row),
        };
        let types: Vec<Oid> = func.args.iter().map(Expr::typ).collect();
        functions.transtype = resolve_transtype(Oid::INVALID, functions.transtype, &types);
        let args = c.compile_all(&func.args, scope)?;
        let filter = match &func.aggfilter {
            Some(f) => Some(c.compile(f, scope)?),
            None => None,
        };
        let mut all_types = vec![functions.transtype];
        all_types.extend_from_slice(&types);
        let n_args = args.len();
        let call = Self::build(
            c,
            functions,
            all_types.clone(),
            all_types,
            0,
            func.wintype,
            func.inputcollid,
            false,
            Vec::new(),
            AggShape { n_args, ordered: false },
        )?;
        Ok(AggCall { args, n_trans_args: n_args, filter, ..call })
    }

    fn build(
        c: &mut ExprCompiler<'_>,
        functions: AggFunctions,
        trans_types: Vec<Oid>,
        final_types: Vec<Oid>,
        n_direct: usize,
        result: Oid,
        collation: Oid,
        variadic: bool,
        sort_keys: Vec<SortedKey>,
        shape: AggShape,
    ) -> PgResult<Self> {
        let site = |arg_types: Vec<Oid>, ret_type: Oid| CallSite {
            collation,
            arg_types,
            ret_type,
            ret_typmod: -1,
            variadic,
            column_types: Vec::new(),
            columns: None,
            sort_keys: sort_keys.clone(),
        };
        let trans =
            c.function_at(functions.trans, site(trans_types.clone(), functions.transtype))?;
        let inverse = match functions.inverse.valid() {
            Some(oid) => Some(c.function_at(oid, site(trans_types, functions.transtype))?),
            None => None,
        };
        let final_extra = match functions.final_extra {
            true => final_types.len() - 1 - n_direct.min(final_types.len() - 1),
            false => 0,
        };
        let final_ = match functions.final_.valid() {
            Some(oid) => {
                let count = 1 + n_direct + final_extra;
                let types = final_types.into_iter().take(count).collect();
                Some(c.function_at(oid, site(types, result))?)
            }
            None => None,
        };
        let initial = match &functions.initial {
            Some(text) => c.session.type_input(functions.transtype, -1, text)?,
            None => Datum::Null,
        };
        let kernel = match inverse {
            Some(_) => Kernel::None,
            None => kernel_of(&trans, final_.as_ref().map(|f| f.info.prosrc.as_str()), &shape),
        };
        Ok(AggCall {
            kernel,
            trans,
            inverse,
            final_,
            final_extra,
            initial,
            args: Box::new([]),
            n_trans_args: 0,
            filter: None,
            direct: Box::new([]),
            sort: Box::new([]),
            distinct: 0,
        })
    }

    /// The state before any row.
    pub(crate) fn start(&self, cx: &Cx<'_>) -> AggState {
        let sorter = (!self.sort.is_empty()).then(|| {
            let settings = &cx.es.settings;
            Box::new(Sorter::new(self.args.len(), settings.work_mem, settings.temp_dir.clone()))
        });
        match self.kernel {
            Kernel::CountStar | Kernel::CountAny => {
                AggState { value: Datum::Null, extra: 0, empty: true, sorter }
            }
            _ => AggState {
                value: self.initial.clone(),
                extra: 0,
                empty: self.initial.is_null(),
                sorter,
            },
        }
    }

    /// Takes one row in.
    #[inline]
    pub(crate) fn advance(
        &self,
        state: &mut AggState,
        rows: &Rows<'_>,
        cx: &mut Cx<'_>,
    ) -> PgResult<()> {
        if let Some(filter) = &self.filter {
            if !filter.test(rows, cx)? {
                return Ok(());
            }
        }
        match self.kernel {
            Kernel::None => {}
            Kernel::CountStar => {
                state.extra += 1;
                return Ok(());
            }
            _ => {
                let mut tmp = Datum::Null;
                let value = self.args[0].eval_ref(rows, cx, &mut tmp)?;
                return self.step(state, value);
            }
        }
        if let Some(sorter) = &mut state.sorter {
            let mut row: SmallVec<[Datum; 4]> = SmallVec::new();
            for arg in &self.args {
                row.push(arg.eval(rows, cx)?);
            }
            return sorter.push(cx, &self.sort, RowView::Slice(&row));
        }
        let mut args: SmallVec<[Datum; 4]> = SmallVec::new();
        args.push(Datum::Null);
        for arg in &self.args[..self.n_trans_args] {
            args.push(arg.eval(rows, cx)?);
        }
        self.transition(state, &mut args, cx)
    }

    /// A kernel's step.
    #[inline]
    fn step(&self, state: &mut AggState, value: &Datum) -> PgResult<()> {
        if value.is_null() {
            return Ok(());
        }
        match self.kernel {
            Kernel::CountAny => state.extra += 1,
            Kernel::SumInt => {
                let add = integer(value);
                let sum = if let Datum::Int8(sum) = state.value { sum } else { 0 };
                state.value = Datum::Int8(sum.checked_add(add).ok_or_else(bigint_range)?);
                state.empty = false;
            }
            Kernel::AvgInt => {
                let sum = if state.empty_sum() { 0 } else { integer(&state.value) };
                state.value =
                    Datum::Int8(sum.checked_add(integer(value)).ok_or_else(bigint_range)?);
                state.extra += 1;
            }
            Kernel::SumInt8 => {
                let low = if let Datum::Int8(low) = state.value { low as u64 } else { 0 };
                let sum =
                    (i128::from(state.extra) << 64 | i128::from(low)) + i128::from(integer(value));
                state.value = Datum::Int8(sum as u64 as i64);
                state.extra = (sum >> 64) as i64;
                state.empty = false;
            }
            Kernel::SumFloat8 => {
                let add = value.as_f64();
                match state.value {
                    Datum::Float8(sum) => {
                        let total = sum + add;
                        if total.is_infinite() && sum.is_finite() && add.is_finite() {
                            return Err(err!(
                                NUMERIC_VALUE_OUT_OF_RANGE,
                                "value out of range: overflow"
                            ));
                        }
                        state.value = Datum::Float8(total);
                    }
                    _ => state.value = Datum::Float8(add),
                }
                state.empty = false;
            }
            Kernel::Least | Kernel::Greatest => {
                let better = state.value.is_null() || {
                    let order = compare_plain(value, &state.value);
                    if self.kernel == Kernel::Least { order.is_lt() } else { order.is_gt() }
                };
                if better {
                    state.value = value.clone();
                    state.empty = false;
                }
            }
            Kernel::None | Kernel::CountStar => {}
        }
        Ok(())
    }

    /// Whether its arguments may be evaluated column by column.
    pub(crate) fn is_columnar(&self) -> bool {
        self.sort.is_empty()
            && self.args.iter().chain(&self.filter).all(|expr| expr.is_pure(Side::Outer))
    }

    /// Its arguments for the rows of a batch.
    pub(crate) fn columns<'a>(
        &self,
        frame: &Frame<'a>,
        cx: &mut Cx<'_>,
    ) -> PgResult<AggColumns<'a>> {
        let sel = match &self.filter {
            Some(filter) => {
                let mut sel = (0..frame.len as u16).collect();
                filter.filter(frame, &mut sel, cx)?;
                Some(sel)
            }
            None => None,
        };
        let mut args = SmallVec::new();
        for arg in &self.args[..self.n_trans_args] {
            args.push(arg.eval_column(frame, sel.as_deref(), cx)?);
        }
        Ok(AggColumns { sel, args })
    }

    /// Takes the rows of a batch into one group.
    pub(crate) fn advance_all(
        &self,
        state: &mut AggState,
        input: &AggColumns<'_>,
        len: usize,
        cx: &mut Cx<'_>,
    ) -> PgResult<()> {
        let rows = input.sel.as_ref().map_or(len, Vec::len);
        if self.kernel == Kernel::CountStar {
            state.extra += rows as i64;
            return Ok(());
        }
        match (self.kernel, &input.sel, input.args.first().and_then(Col::as_slice)) {
            (Kernel::CountAny, None, Some(column)) => {
                state.extra += column.iter().filter(|v| !v.is_null()).count() as i64;
                Ok(())
            }
            (Kernel::SumInt, None, Some(column)) => {
                // Sums of a batch of int4 values fit 64 bits: check for overflow once.
                let (mut sum, mut any) = (0i64, false);
                for value in column {
                    sum += integer(value);
                    any |= !value.is_null();
                }
                if any { self.step(state, &Datum::Int8(sum)) } else { Ok(()) }
            }
            _ => {
                for at in 0..rows {
                    let row = input.sel.as_ref().map_or(at, |sel| sel[at] as usize);
                    self.advance_row(state, input, row, cx)?;
                }
                Ok(())
            }
        }
    }

    /// Takes one row of a batch in, which the filter let pass.
    #[inline]
    pub(crate) fn advance_row(
        &self,
        state: &mut AggState,
        input: &AggColumns<'_>,
        row: usize,
        cx: &mut Cx<'_>,
    ) -> PgResult<()> {
        match self.kernel {
            Kernel::CountStar => {
                state.extra += 1;
                Ok(())
            }
            Kernel::None => {
                let mut args: SmallVec<[Datum; 4]> = SmallVec::new();
                args.push(Datum::Null);
                args.extend(input.args.iter().map(|arg| arg.get(row).clone()));
                self.transition(state, &mut args, cx)
            }
            _ => self.step(state, input.args[0].get(row)),
        }
    }

    /// Calls the transition function; `args[0]` is filled in here.
    fn transition(
        &self,
        state: &mut AggState,
        args: &mut [Datum],
        cx: &mut Cx<'_>,
    ) -> PgResult<()> {
        if self.trans.info.strict {
            if args[1..].iter().any(Datum::is_null) {
                return Ok(());
            }
            if state.empty {
                state.value = args.get_mut(1).map(Datum::take).unwrap_or_default();
                state.empty = false;
                return Ok(());
            }
            if state.value.is_null() {
                return Ok(());
            }
        }
        args[0] = state.value.take();
        state.value = self.trans.call_as(cx, args, true)?;
        state.empty = false;
        Ok(())
    }

    /// Takes arguments out again; false if the inverse function cannot.
    pub(crate) fn retreat(
        &self,
        state: &mut AggState,
        rows: &Rows<'_>,
        cx: &mut Cx<'_>,
    ) -> PgResult<bool> {
        let Some(inverse) = &self.inverse else { return Ok(false) };
        if let Some(filter) = &self.filter {
            if !filter.test(rows, cx)? {
                return Ok(true);
            }
        }
        let mut args: SmallVec<[Datum; 4]> = SmallVec::new();
        args.push(Datum::Null);
        for arg in &self.args[..self.n_trans_args] {
            args.push(arg.eval(rows, cx)?);
        }
        if inverse.info.strict && args[1..].iter().any(Datum::is_null) {
            return Ok(true);
        }
        if state.value.is_null() {
            return Ok(false);
        }
        args[0] = state.value.take();
        let value = inverse.call_as(cx, &mut args, true)?;
        if value.is_null() {
            return Ok(false);
        }
        state.value = value;
        Ok(true)
    }

    fn feed_sorted(&self, state: &mut AggState, cx: &mut Cx<'_>) -> PgResult<()> {
        let Some(mut sorter) = state.sorter.take() else { return Ok(()) };
        sorter.finish(cx, &self.sort)?;
        let mut batch = Batch::default();
        let mut last: Option<Vec<Datum>> = None;
        while sorter.next_batch(cx, &self.sort, &mut batch, crate::batch::BATCH_ROWS)? {
            for row in 0..batch.len() {
                let view = batch.row(row);
                if self.distinct > 0 {
                    if let Some(last) = &last {
                        let columns = &self.sort[..self.distinct];
                        let before = RowView::Slice(last);
                        if crate::store::compare_rows(cx, columns, before, view)?.is_eq() {
                            continue;
                        }
                    }
                    last = Some(view.to_vec());
                }
                let mut args: SmallVec<[Datum; 4]> = SmallVec::new();
                args.push(Datum::Null);
                args.extend((0..self.n_trans_args).map(|n| view.get(n).clone()));
                self.transition(state, &mut args, cx)?;
            }
            cx.check_interrupts()?;
        }
        Ok(())
    }

    /// The result for a group. `rows` serves the direct arguments. The state stays usable if `keep`.
    pub(crate) fn finish(
        &self,
        state: &mut AggState,
        rows: &Rows<'_>,
        cx: &mut Cx<'_>,
        keep: bool,
    ) -> PgResult<Datum> {
        match self.kernel {
            Kernel::CountStar | Kernel::CountAny => return Ok(Datum::Int8(state.extra)),
            Kernel::SumInt8 => {
                if state.value.is_null() {
                    return Ok(Datum::Null);
                }
                let low = integer(&state.value) as u64;
                let sum = i128::from(state.extra) << 64 | i128::from(low);
                return cx.session.type_input(type_oid::NUMERIC, -1, &sum.to_string());
            }
            Kernel::AvgInt => {
                let sum = if state.empty_sum() { 0 } else { integer(&state.value) };
                let pair = vec![Datum::Int8(state.extra), Datum::Int8(sum)];
                let array = ArrayValue::from_elems(type_oid::INT8, pair);
                return self.call_final(Datum::Array(Arc::new(array)), rows, cx);
            }
            _ => {}
        }
        if state.sorter.is_some() {
            self.feed_sorted(state, cx)?;
        }
        let value = if keep { state.value.clone() } else { state.value.take() };
        self.call_final(value, rows, cx)
    }

    fn call_final(&self, value: Datum, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let Some(final_) = &self.final_ else { return Ok(value) };
        let mut args: SmallVec<[Datum; 4]> = SmallVec::new();
        args.push(value);
        for direct in &self.direct {
            args.push(direct.eval(rows, cx)?);
        }
        args.extend(std::iter::repeat_n(Datum::Null, self.final_extra));
        final_.call_as(cx, &mut args, true)
    }
}

impl AggState {
    /// The sum of an average that has no value yet (the initial state is an array).
    fn empty_sum(&self) -> bool {
        !matches!(self.value, Datum::Int8(_))
    }
}

#[inline]
fn integer(value: &Datum) -> i64 {
    match value {
        Datum::Int4(v) => i64::from(*v),
        Datum::Int2(v) => i64::from(*v),
        Datum::Int8(v) => *v,
        _ => 0,
    }
}

#[cold]
fn bigint_range() -> PgError {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range")
}

fn aggregate_row(c: &ExprCompiler<'_>, oid: Oid) -> PgResult<Arc<PgAggregate>> {
    c.catalog
        .lookup_aggregate(oid)?
        .ok_or_else(|| PgError::internal(format!("cache lookup failed for aggregate {oid}")))
}

fn sort_columns(
    c: &mut ExprCompiler<'_>,
    list: &[SortGroupClause],
    args: &[TargetEntry],
) -> PgResult<Box<[SortColumn]>> {
    let mut columns = Vec::with_capacity(list.len());
    for clause in list {
        let col = args
            .iter()
            .position(|a| a.ressortgroupref == clause.tle_sort_group_ref)
            .ok_or_else(|| PgError::internal("aggregate's ORDER BY refers to no argument"))?;
        if !clause.sortop.is_valid() {
            return Err(err!(
                UNDEFINED_FUNCTION,
                "could not identify an ordering operator for type {}",
                c.catalog.format_type(args[col].expr.typ(), None)?
            ));
        }
        let (comparer, reverse) =
            Comparer::of_operator(c, clause.sortop, args[col].expr.collation())?;
        columns.push(SortColumn { col, comparer, reverse, nulls_first: clause.nulls_first });
    }
    Ok(columns.into())
}
