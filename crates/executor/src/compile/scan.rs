//! Scans.
use super::{PlanCompiler, key_of};
use crate::{
    expr::{CExpr, ExprCompiler, ScanColumns, Scope},
    node::*,
    set_call::{SetCall, SetShape},
};
use error::{PgError, PgResult, not_supported};
use nodes::{
    Expr, INDEX_VAR, JsonTablePlan, RangeTblFunction, RteKind, TableFunc, TableSampleClause,
    plan::{IndexScan, Plan, PlanNode, ScanDirection},
    sysattr,
};
use std::sync::Arc;
use table::Index;
use types::{Oid, RecordDesc, RecordField, type_oid};

impl PlanCompiler<'_> {
    pub(super) fn scan(&mut self, plan: &Arc<Plan>) -> PgResult<Arc<dyn NodeSpec>> {
        Ok(match &plan.node {
            PlanNode::SeqScan { scanrelid } => {
                let base = self.base(plan, *scanrelid, &[])?;
                let rel = self.relation(*scanrelid)?;
                let probe = KeyProbe::compile(&mut self.c, *scanrelid, &rel, &plan.qual)?;
                Arc::new(SeqScanSpec { base, sample: None, probe })
            }
            PlanNode::SampleScan { scanrelid, tablesample } => {
                let base = self.base(plan, *scanrelid, &[])?;
                let sample = Some(self.sample(tablesample)?);
                Arc::new(SeqScanSpec { base, sample, probe: None })
            }
            PlanNode::IndexScan(scan) => self.index_scan(plan, scan)?,
            PlanNode::IndexOnlyScan(scan) => self.index_only_scan(plan, scan)?,
            PlanNode::BitmapHeapScan { scanrelid, bitmapqualorig } => {
                let base = self.base(plan, *scanrelid, bitmapqualorig)?;
                let child = plan
                    .lefttree
                    .as_ref()
                    .ok_or_else(|| PgError::internal("bitmap scan without bitmap"))?;
                let source = self.bitmap(child)?;
                Arc::new(BitmapHeapSpec { base, source })
            }
            PlanNode::TidScan { scanrelid, tidquals } => {
                let base = self.base(plan, *scanrelid, &[])?;
                let quals = self.tid_quals(tidquals)?;
                Arc::new(TidScanSpec { base, quals, range: false })
            }
            PlanNode::TidRangeScan { scanrelid, tidrangequals } => {
                let base = self.base(plan, *scanrelid, &[])?;
                let quals = self.tid_quals(tidrangequals)?;
                Arc::new(TidScanSpec { base, quals, range: true })
            }
            PlanNode::SubqueryScan { scanrelid, subplan } => {
                let input = self.node(subplan)?;
                let fields =
                    self.rte_fields(*scanrelid, ExprCompiler::fields_of(&subplan.target_list));
                let scope = Scope::scan(ScanColumns::named(*scanrelid, fields));
                let qual = self.exprs(&plan.qual, &scope)?;
                let projection = self.projection(plan, &scope)?;
                let identity = qual.is_empty()
                    && projection.width() == input.width
                    && projection
                        .exprs
                        .iter()
                        .enumerate()
                        .all(|(n, e)| matches!(e, CExpr::Scan(at) if *at as usize == n));
                Arc::new(SubqueryScanSpec {
                    input,
                    qual,
                    projection,
                    identity,
                    rti: *scanrelid,
                    key: key_of(plan),
                })
            }
            PlanNode::FunctionScan { scanrelid, functions, funcordinality } => {
                self.function_scan(plan, *scanrelid, functions, *funcordinality)?
            }
            PlanNode::ValuesScan { scanrelid, values_lists } => {
                let lists = values_lists
                    .iter()
                    .map(|list| self.exprs(list, &Scope::none()))
                    .collect::<PgResult<Box<[_]>>>()?;
                let scope = self.kept_scope(*scanrelid)?;
                Arc::new(ValuesScanSpec {
                    lists,
                    qual: self.exprs(&plan.qual, &scope)?,
                    projection: self.projection(plan, &scope)?,
                    key: key_of(plan),
                })
            }
            PlanNode::CteScan { scanrelid, cte_plan_id, cte_param } => {
                self.c.subplans_seen.push(*cte_plan_id);
                self.c.params_seen.push(*cte_param);
                let rows = self.kept_rows(plan, *scanrelid)?;
                Arc::new(CteScanSpec { plan_id: *cte_plan_id, rows })
            }
            PlanNode::WorkTableScan { scanrelid, wt_param } => {
                self.c.params_seen.push(*wt_param);
                let rows = self.kept_rows(plan, *scanrelid)?;
                Arc::new(WorkTableScanSpec { wt_param: *wt_param, rows })
            }
            PlanNode::NamedTuplestoreScan { scanrelid, enrname } => {
                let rows = self.kept_rows(plan, *scanrelid)?;
                Arc::new(NamedStoreSpec { name: enrname.clone(), rows })
            }
            PlanNode::TableFuncScan { scanrelid, tablefunc } => {
                self.table_func_scan(plan, *scanrelid, tablefunc)?
            }
            PlanNode::BitmapAnd(_) | PlanNode::BitmapOr(_) | PlanNode::BitmapIndexScan(_) => {
                return Err(PgError::internal("bitmap node outside of a bitmap scan"));
            }
            _ => return Err(PgError::internal("unexpected plan node")),
        })
    }

    fn table_func_scan(
        &mut self,
        plan: &Arc<Plan>,
        rti: i32,
        tf: &TableFunc,
    ) -> PgResult<Arc<dyn NodeSpec>> {
        let (Some(rows), Expr::JsonExpr(x)) = (&tf.plan, &tf.docexpr) else {
            return Err(not_supported!("XMLTABLE"));
        };
        let document = self.c.compile(&x.formatted_expr, &Scope::none())?;
        let mut variables = Vec::with_capacity(x.passing_names.len());
        for (name, value) in x.passing_names.iter().zip(&tf.passingvalexprs) {
            let compiled = self.c.compile(value, &Scope::none())?;
            variables.push((name.clone(), value.typ(), compiled));
        }
        let slot = self.c.new_case_slot();
        let columns = self.c.with_case_value(slot, |c| {
            let columns = tf.colvalexprs.iter();
            columns
                .map(|e| e.as_ref().map(|e| c.compile(e, &Scope::none())).transpose())
                .collect::<PgResult<Box<[_]>>>()
        })?;
        let scope = self.kept_scope(rti)?;
        Ok(Arc::new(TableFuncScanSpec {
            document,
            variables: variables.into(),
            rows: json_rows(rows),
            columns,
            slot,
            qual: self.exprs(&plan.qual, &scope)?,
            projection: self.projection(plan, &scope)?,
            key: key_of(plan),
        }))
    }

    fn base(&mut self, plan: &Arc<Plan>, rti: i32, recheck: &[Expr]) -> PgResult<ScanBase> {
        let rel = self.relation(rti)?;
        let list = &plan.target_list;
        ScanBase::compile(&mut self.c, rti, &rel, &plan.qual, recheck, list, key_of(plan))
    }

    fn sample(&mut self, ts: &TableSampleClause) -> PgResult<Sample> {
        let handler = self.c.catalog.get_proc(ts.tsmhandler)?;
        let by_block = match handler.name.as_str() {
            "system" => true,
            "bernoulli" => false,
            other => return Err(not_supported!("tablesample method {other}")),
        };
        let percent = match ts.args.first() {
            Some(arg) => self.c.compile(arg, &Scope::none())?,
            None => return Err(PgError::internal("TABLESAMPLE without a percentage")),
        };
        let repeatable = match &ts.repeatable {
            Some(expr) => Some(self.c.compile(expr, &Scope::none())?),
            None => None,
        };
        Ok(Sample { by_block, percent, repeatable })
    }

    fn index_scan(&mut self, plan: &Arc<Plan>, scan: &IndexScan) -> PgResult<Arc<dyn NodeSpec>> {
        if !scan.indexorderby.is_empty() {
            return Err(not_supported!("index scans with ordering operators"));
        }
        let base = self.base(plan, scan.scanrelid, &scan.indexqualorig)?;
        let index = find_index(&self.c, scan.indexid)?;
        Ok(Arc::new(IndexScanSpec {
            base,
            index: Index::new(index.physical.clone()),
            keys: IndexKeys::compile(&mut self.c, index, &scan.indexqual)?,
            backward: scan.indexorderdir == ScanDirection::Backward,
            index_only: None,
        }))
    }

    fn index_only_scan(
        &mut self,
        plan: &Arc<Plan>,
        scan: &IndexScan,
    ) -> PgResult<Arc<dyn NodeSpec>> {
        if !scan.indexorderby.is_empty() {
            return Err(not_supported!("index scans with ordering operators"));
        }
        let rel = self.relation(scan.scanrelid)?;
        let base =
            ScanBase::compile(&mut self.c, scan.scanrelid, &rel, &[], &[], &[], key_of(plan))?;
        let index = find_index(&self.c, scan.indexid)?;
        let none = Scope::none();
        let mut columns = Vec::new();
        let used = plan.qual.iter().chain(&scan.indexqual).chain(&scan.recheckqual);
        for expr in used.chain(plan.target_list.iter().map(|te| &te.expr)) {
            expr.any(&mut |e| {
                if let Expr::Var(v) = e {
                    if v.varno == INDEX_VAR && v.varattno > 0 {
                        columns.push(v.varattno as usize - 1);
                    }
                }
                false
            });
        }
        columns.sort_unstable();
        columns.dedup();
        let only = IndexOnly {
            columns: columns.into(),
            width: index.columns.len(),
            qual: self.exprs(&plan.qual, &none)?,
            recheck: self.exprs(&scan.indexqual, &none)?,
            projection: self.projection(plan, &none)?,
        };
        Ok(Arc::new(IndexScanSpec {
            base,
            index: Index::new(index.physical.clone()),
            keys: IndexKeys::compile(&mut self.c, index, &scan.indexqual)?,
            backward: scan.indexorderdir == ScanDirection::Backward,
            index_only: Some(only),
        }))
    }

    fn bitmap(&mut self, plan: &Arc<Plan>) -> PgResult<BitmapSource> {
        let key = key_of(plan);
        Ok(match &plan.node {
            PlanNode::BitmapIndexScan(scan) => {
                let index = find_index(&self.c, scan.indexid)?;
                BitmapSource::Index {
                    index: Index::new(index.physical.clone()),
                    keys: IndexKeys::compile(&mut self.c, index, &scan.indexqual)?,
                    key,
                }
            }
            PlanNode::BitmapAnd(parts) => {
                let parts = parts.iter().map(|p| self.bitmap(p)).collect::<PgResult<_>>()?;
                BitmapSource::And(parts, key)
            }
            PlanNode::BitmapOr(parts) => {
                let parts = parts.iter().map(|p| self.bitmap(p)).collect::<PgResult<_>>()?;
                BitmapSource::Or(parts, key)
            }
            _ => return Err(PgError::internal("unexpected node below a bitmap scan")),
        })
    }

    fn tid_quals(&mut self, quals: &[Expr]) -> PgResult<Box<[TidQual]>> {
        let mut out = Vec::new();
        for qual in quals {
            let qual = self.tid_qual(qual)?;
            out.push(qual.ok_or_else(|| PgError::internal("unexpected tid qual"))?);
        }
        Ok(out.into())
    }

    fn tid_qual(&mut self, qual: &Expr) -> PgResult<Option<TidQual>> {
        let none = Scope::none();
        let is_ctid = |e: &Expr| matches!(e, Expr::Var(v) if v.varattno == sysattr::CTID);
        Ok(match qual {
            Expr::OpExpr(op) if op.args.len() == 2 => {
                let (value, flipped) = match (is_ctid(&op.args[0]), is_ctid(&op.args[1])) {
                    (true, _) => (&op.args[1], false),
                    (_, true) => (&op.args[0], true),
                    _ => return Ok(None),
                };
                let value = self.c.compile(value, &none)?;
                let name = self.c.catalog.get_operator(op.opno)?.name.clone();
                match (name.as_str(), flipped) {
                    ("=", _) => Some(TidQual::Equal(value)),
                    (">", false) | ("<", true) => Some(TidQual::Lower(value, false)),
                    (">=", false) | ("<=", true) => Some(TidQual::Lower(value, true)),
                    ("<", false) | (">", true) => Some(TidQual::Upper(value, false)),
                    ("<=", false) | (">=", true) => Some(TidQual::Upper(value, true)),
                    _ => None,
                }
            }
            Expr::ScalarArrayOpExpr(s) if is_ctid(&s.args[0]) => {
                Some(TidQual::AnyOf(self.c.compile(&s.args[1], &none)?))
            }
            Expr::CurrentOfExpr(c) => {
                Some(TidQual::CurrentOf { cursor: c.cursor_name.clone(), param: c.cursor_param })
            }
            _ => None,
        })
    }

    /// Fields with the names that a range table entry gives them.
    fn rte_fields(&self, rti: i32, mut fields: Vec<RecordField>) -> Vec<RecordField> {
        if let Some(rte) = self.planned.rtable.get(rti as usize - 1) {
            for (field, name) in fields.iter_mut().zip(&rte.eref.colnames) {
                field.name.clone_from(name);
            }
        }
        fields
    }

    /// The scope of a scan whose columns the range table entry knows.
    fn kept_scope(&self, rti: i32) -> PgResult<Scope> {
        let rte = self.planned.rtable.get(rti as usize - 1);
        let (types, typmods) = match rte.map(|r| &r.kind) {
            Some(
                RteKind::Values { coltypes, coltypmods, .. }
                | RteKind::Cte { coltypes, coltypmods, .. }
                | RteKind::NamedTuplestore { coltypes, coltypmods, .. },
            ) => (coltypes.clone(), coltypmods.clone()),
            _ => return Ok(Scope::scan(ScanColumns::any(rti))),
        };
        let fields = types
            .iter()
            .enumerate()
            .map(|(n, typ)| RecordField {
                name: format!("column{}", n + 1),
                typ: *typ,
                typmod: typmods.get(n).copied().unwrap_or(-1),
            })
            .collect();
        Ok(Scope::scan(ScanColumns::named(rti, self.rte_fields(rti, fields))))
    }

    fn kept_rows(&mut self, plan: &Arc<Plan>, rti: i32) -> PgResult<KeptRows> {
        let scope = self.kept_scope(rti)?;
        Ok(KeptRows {
            qual: self.exprs(&plan.qual, &scope)?,
            projection: self.projection(plan, &scope)?,
            key: key_of(plan),
        })
    }

    /// Where the columns of a function's row type belong, if it has or had others that were dropped.
    fn attribute_places(&self, function: &RangeTblFunction) -> PgResult<Option<Box<[usize]>>> {
        let typ = function.funcexpr.typ();
        if !function.funccolnames.is_empty() || typ < Oid::FIRST_NORMAL {
            return Ok(None);
        }
        let base = crate::hash::base_type(self.c.catalog, typ)?;
        if !self.c.catalog.get_type(base)?.relid.is_valid() {
            return Ok(None);
        }
        let numbers = self.c.composite_desc(base)?.1;
        let places: Box<[usize]> = numbers.iter().map(|n| *n as usize - 1).collect();
        let dense = places.iter().enumerate().all(|(n, place)| n == *place);
        let shrunk = places.len() < function.funccolcount.max(0) as usize;
        Ok((!dense || shrunk).then_some(places))
    }

    fn function_scan(
        &mut self,
        plan: &Arc<Plan>,
        rti: i32,
        functions: &[RangeTblFunction],
        ordinality: bool,
    ) -> PgResult<Arc<dyn NodeSpec>> {
        let mut calls = Vec::with_capacity(functions.len());
        let mut fields = Vec::new();
        for function in functions {
            let columns = (!function.funccolnames.is_empty()).then(|| RecordDesc {
                type_id: type_oid::RECORD,
                fields: function
                    .funccolnames
                    .iter()
                    .enumerate()
                    .map(|(n, name)| RecordField {
                        name: name.clone(),
                        typ: function.funccoltypes[n],
                        typmod: function.funccoltypmods.get(n).copied().unwrap_or(-1),
                    })
                    .collect(),
            });
            let call = SetCall::compile(&mut self.c, &function.funcexpr, &Scope::none(), columns)?;
            let places = self.attribute_places(function)?;
            let width = match (&call.shape, &places) {
                (SetShape::Row(desc), Some(places)) => {
                    let width = places.iter().max().map_or(0, |last| last + 1);
                    let width = width.max(function.funccolcount.max(0) as usize);
                    let dropped =
                        RecordField { name: String::new(), typ: type_oid::INT4, typmod: -1 };
                    let start = fields.len();
                    fields.resize(start + width, dropped);
                    for (place, field) in places.iter().zip(&desc.fields) {
                        fields[start + place] = field.clone();
                    }
                    width
                }
                (SetShape::Row(desc), None) => {
                    fields.extend(desc.fields.iter().cloned());
                    desc.fields.len()
                }
                _ => {
                    let field = |typ: Oid| RecordField { name: String::new(), typ, typmod: -1 };
                    let width = (function.funccolcount.max(1)) as usize;
                    fields.extend((0..width).map(|_| field(function.funcexpr.typ())));
                    width
                }
            };
            calls.push(ScannedFunction { call, width, places });
        }
        if ordinality {
            fields.push(RecordField { name: "ordinality".into(), typ: type_oid::INT8, typmod: -1 });
        }
        let scope = Scope::scan(ScanColumns::named(rti, self.rte_fields(rti, fields)));
        Ok(Arc::new(FunctionScanSpec {
            functions: calls.into(),
            ordinality,
            qual: self.exprs(&plan.qual, &scope)?,
            projection: self.projection(plan, &scope)?,
            key: key_of(plan),
        }))
    }
}

fn json_rows(plan: &JsonTablePlan) -> JsonRows {
    match plan {
        JsonTablePlan::PathScan(scan) => {
            let columns = match scan.col_min {
                ..0 => 0..0,
                first => first as usize..scan.col_max as usize + 1,
            };
            JsonRows::Path(Box::new(JsonPathRows {
                path: scan.path.value.clone(),
                error_on_error: scan.error_on_error,
                columns,
                child: scan.child.as_ref().map(json_rows),
            }))
        }
        JsonTablePlan::SiblingJoin(left, right) => {
            JsonRows::Siblings(Box::new((json_rows(left), json_rows(right))))
        }
    }
}
