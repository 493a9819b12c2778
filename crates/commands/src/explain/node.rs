//! One plan node described: its title, what it checks and sorts by, what was counted.
use super::{
    Explainer, each_subplan,
    resolver::{Ancestor, PlanNames},
};
use error::PgResult;
use nodes::{plan::*, *};
use std::sync::Arc;

/// A property's value in structured formats.
pub(super) enum Value {
    Text(String),
    Number(String),
    Bool(bool),
    List(Vec<String>),
}

/// A node ready to be printed.
#[derive(Default)]
pub(super) struct Described {
    pub(super) title: String,
    pub(super) subplan_name: Option<String>,
    pub(super) lines: Vec<String>,
    pub(super) properties: Vec<(String, Value)>,
    pub(super) children: Vec<Described>,
}

impl Described {
    fn line(&mut self, label: &str, value: &str) {
        self.lines.push(format!("{label}: {value}"));
        self.properties.push((label.to_owned(), Value::Text(value.to_owned())));
    }

    fn list(&mut self, label: &str, values: Vec<String>) {
        if !values.is_empty() {
            self.lines.push(format!("{label}: {}", values.join(", ")));
            self.properties.push((label.to_owned(), Value::List(values)));
        }
    }

    fn number(&mut self, label: &str, text: String) {
        self.lines.push(format!("{label}: {text}"));
        self.properties.push((label.to_owned(), Value::Number(text)));
    }
}

/// Inputs of a node in order (subplans excluded).
pub(super) fn children(p: &Plan) -> Vec<&Arc<Plan>> {
    let mut out: Vec<&Arc<Plan>> = p.lefttree.iter().chain(&p.righttree).collect();
    match &p.node {
        PlanNode::Append { appendplans: l, .. } | PlanNode::MergeAppend { mergeplans: l, .. } => {
            out.extend(l);
        }
        PlanNode::BitmapAnd(l) | PlanNode::BitmapOr(l) => out.extend(l),
        PlanNode::SubqueryScan { subplan, .. } => out.push(subplan),
        _ => {}
    }
    out
}

/// Range table index that a node scans.
pub(super) fn scanrelid(p: &Plan) -> Option<i32> {
    match &p.node {
        PlanNode::SeqScan { scanrelid }
        | PlanNode::SampleScan { scanrelid, .. }
        | PlanNode::BitmapHeapScan { scanrelid, .. }
        | PlanNode::TidScan { scanrelid, .. }
        | PlanNode::TidRangeScan { scanrelid, .. }
        | PlanNode::SubqueryScan { scanrelid, .. }
        | PlanNode::FunctionScan { scanrelid, .. }
        | PlanNode::ValuesScan { scanrelid, .. }
        | PlanNode::TableFuncScan { scanrelid, .. }
        | PlanNode::CteScan { scanrelid, .. }
        | PlanNode::NamedTuplestoreScan { scanrelid, .. }
        | PlanNode::WorkTableScan { scanrelid, .. } => Some(*scanrelid),
        PlanNode::IndexScan(s) | PlanNode::IndexOnlyScan(s) | PlanNode::BitmapIndexScan(s) => {
            Some(s.scanrelid)
        }
        _ => None,
    }
}

/// All expressions of a node itself.
pub(super) fn for_each_expr<'p>(p: &'p Plan, f: &mut dyn FnMut(&'p Expr)) {
    p.target_list.iter().for_each(|t| f(&t.expr));
    p.qual.iter().for_each(&mut *f);
    match &p.node {
        PlanNode::Result { resconstantqual } => resconstantqual.iter().for_each(f),
        PlanNode::NestLoop { joinqual, .. } => joinqual.iter().for_each(f),
        PlanNode::MergeJoin(j) => j.joinqual.iter().chain(&j.mergeclauses).for_each(f),
        PlanNode::HashJoin { joinqual, hashclauses, .. } => {
            joinqual.iter().chain(hashclauses).for_each(f);
        }
        PlanNode::IndexScan(s) | PlanNode::IndexOnlyScan(s) => {
            s.indexqualorig.iter().chain(&s.indexorderbyorig).for_each(f);
        }
        PlanNode::FunctionScan { functions, .. } => {
            functions.iter().for_each(|x| f(&x.funcexpr));
        }
        PlanNode::ValuesScan { values_lists, .. } => {
            values_lists.iter().flatten().for_each(f);
        }
        PlanNode::TidScan { tidquals, .. } => tidquals.iter().for_each(f),
        PlanNode::Limit { offset, count, .. } => {
            offset.iter().for_each(&mut *f);
            count.iter().for_each(f);
        }
        PlanNode::ModifyTable(m) => {
            m.returning_lists.iter().flatten().for_each(|t| f(&t.expr));
            m.on_conflict_set.iter().for_each(|t| f(&t.expr));
            m.on_conflict_where.iter().for_each(&mut *f);
            m.with_check_options.iter().flatten().for_each(|w| f(&w.qual));
            for a in m.merge_action_lists.iter().flatten() {
                a.qual.iter().for_each(&mut *f);
                a.target_list.iter().for_each(|t| f(&t.expr));
            }
        }
        _ => {}
    }
}

fn join_name(t: JoinType) -> &'static str {
    match t {
        JoinType::Left => "Left",
        JoinType::Full => "Full",
        JoinType::Right => "Right",
        JoinType::Semi => "Semi",
        JoinType::Anti => "Anti",
        JoinType::RightSemi => "Right Semi",
        JoinType::RightAnti => "Right Anti",
        _ => "Inner",
    }
}

/// Node name in text, and in structured formats.
fn node_name(p: &Plan) -> (String, String) {
    let joined = |base: &str, t: JoinType| {
        if t == JoinType::Inner {
            base.to_owned()
        } else {
            format!("{} {} Join", base.trim_end_matches(" Join"), join_name(t))
        }
    };
    let same = |s: &str| (s.to_owned(), s.to_owned());
    match &p.node {
        PlanNode::Result { .. } => same("Result"),
        PlanNode::ProjectSet => same("ProjectSet"),
        PlanNode::ModifyTable(m) => {
            let op = match m.operation {
                CmdType::Insert => "Insert",
                CmdType::Update => "Update",
                CmdType::Delete => "Delete",
                _ => "Merge",
            };
            (op.to_owned(), "ModifyTable".to_owned())
        }
        PlanNode::Append { .. } => same("Append"),
        PlanNode::MergeAppend { .. } => same("Merge Append"),
        PlanNode::RecursiveUnion { .. } => same("Recursive Union"),
        PlanNode::BitmapAnd(_) => same("BitmapAnd"),
        PlanNode::BitmapOr(_) => same("BitmapOr"),
        PlanNode::SeqScan { .. } => same("Seq Scan"),
        PlanNode::SampleScan { .. } => same("Sample Scan"),
        PlanNode::IndexScan(_) => same("Index Scan"),
        PlanNode::IndexOnlyScan(_) => same("Index Only Scan"),
        PlanNode::BitmapIndexScan(_) => same("Bitmap Index Scan"),
        PlanNode::BitmapHeapScan { .. } => same("Bitmap Heap Scan"),
        PlanNode::TidScan { .. } => same("Tid Scan"),
        PlanNode::TidRangeScan { .. } => same("Tid Range Scan"),
        PlanNode::SubqueryScan { .. } => same("Subquery Scan"),
        PlanNode::FunctionScan { .. } => same("Function Scan"),
        PlanNode::ValuesScan { .. } => same("Values Scan"),
        PlanNode::TableFuncScan { .. } => same("Table Function Scan"),
        PlanNode::CteScan { .. } => same("CTE Scan"),
        PlanNode::NamedTuplestoreScan { .. } => same("Named Tuplestore Scan"),
        PlanNode::WorkTableScan { .. } => same("WorkTable Scan"),
        PlanNode::NestLoop { jointype, .. } => {
            let text = if *jointype == JoinType::Inner {
                "Nested Loop".to_owned()
            } else {
                format!("Nested Loop {} Join", join_name(*jointype))
            };
            (text, "Nested Loop".to_owned())
        }
        PlanNode::MergeJoin(j) => (joined("Merge Join", j.jointype), "Merge Join".to_owned()),
        PlanNode::HashJoin { jointype, .. } => {
            (joined("Hash Join", *jointype), "Hash Join".to_owned())
        }
        PlanNode::Hash { .. } => same("Hash"),
        PlanNode::Material => same("Materialize"),
        PlanNode::Memoize { .. } => same("Memoize"),
        PlanNode::Sort { .. } => same("Sort"),
        PlanNode::IncrementalSort { .. } => same("Incremental Sort"),
        PlanNode::Group { .. } => same("Group"),
        PlanNode::Agg(a) => {
            let text = match a.strategy {
                AggStrategy::Plain => "Aggregate",
                AggStrategy::Sorted => "GroupAggregate",
                AggStrategy::Hashed => "HashAggregate",
                AggStrategy::Mixed => "MixedAggregate",
            };
            (text.to_owned(), "Aggregate".to_owned())
        }
        PlanNode::WindowAgg(_) => same("WindowAgg"),
        PlanNode::Unique { .. } => same("Unique"),
        PlanNode::Gather { .. } => same("Gather"),
        PlanNode::GatherMerge { .. } => same("Gather Merge"),
        PlanNode::SetOp { op, all, hashed, .. } => {
            let base = if *hashed { "HashSetOp" } else { "SetOp" };
            let what = match op {
                SetOperationKind::Intersect => "Intersect",
                _ => "Except",
            };
            let all = if *all { " All" } else { "" };
            (format!("{base} {what}{all}"), "SetOp".to_owned())
        }
        PlanNode::LockRows { .. } => same("LockRows"),
        PlanNode::Limit { .. } => same("Limit"),
    }
}

fn ident(name: &str) -> String {
    catalog::quote_identifier(name)
}

impl<'p> Explainer<'p> {
    /// Describes a node and everything below it.
    pub(super) fn node(
        &self,
        arc: &'p Arc<Plan>,
        ancestors: &[Ancestor<'p>],
        relationship: Option<&str>,
        subplan_name: Option<String>,
    ) -> PgResult<Described> {
        error::check_stack_depth()?;
        let plan: &'p Plan = arc;
        let mut d = Described { subplan_name: subplan_name.clone(), ..Described::default() };
        let (text, structured) = node_name(plan);
        d.title = text;
        d.properties.push(("Node Type".to_owned(), Value::Text(structured)));
        if let Some(r) = relationship {
            d.properties.push(("Parent Relationship".to_owned(), Value::Text(r.to_owned())));
        }
        if let Some(n) = &subplan_name {
            d.properties.push(("Subplan Name".to_owned(), Value::Text(n.clone())));
        }
        d.properties.push(("Parallel Aware".to_owned(), Value::Bool(false)));
        d.properties.push(("Async Capable".to_owned(), Value::Bool(false)));
        self.target(plan, &mut d)?;
        if self.options.costs {
            d.title.push_str(&format!(
                "  (cost={:.2}..{:.2} rows={:.0} width={})",
                plan.startup_cost, plan.total_cost, plan.plan_rows, plan.plan_width
            ));
            for (k, v) in [
                ("Startup Cost", format!("{:.2}", plan.startup_cost)),
                ("Total Cost", format!("{:.2}", plan.total_cost)),
                ("Plan Rows", format!("{:.0}", plan.plan_rows)),
                ("Plan Width", plan.plan_width.to_string()),
            ] {
                d.properties.push((k.to_owned(), Value::Number(v)));
            }
        }
        self.counts(arc, &mut d);
        let disabled_children: i32 = children(plan).iter().map(|c| c.disabled_nodes).sum();
        let disabled = plan.disabled_nodes > disabled_children;
        d.properties.push(("Disabled".to_owned(), Value::Bool(disabled)));
        if disabled {
            d.lines.push("Disabled: true".to_owned());
        }
        let names =
            |prefix: bool| PlanNames { ex: self, plan, ancestors: ancestors.to_vec(), prefix };
        if self.options.verbose && !hands_on(plan) && !plan.target_list.is_empty() {
            let n = names(self.many_relations());
            let list = plan
                .target_list
                .iter()
                .map(|t| self.deparse(&n, &t.expr))
                .collect::<PgResult<Vec<_>>>()?;
            d.list("Output", list);
        }
        self.details(arc, &names, &mut d)?;
        // Init plans, inputs, subplans.
        let mut below = ancestors.to_vec();
        below.push(Ancestor::Plan(plan));
        for s in &plan.init_plan {
            self.subplan(s, &below, "InitPlan", &mut d)?;
        }
        let kinds = ["Outer", "Inner"];
        for (i, c) in plan.lefttree.iter().chain(&plan.righttree).enumerate() {
            d.children.push(self.node(c, &below, Some(kinds[i]), None)?);
        }
        let rest = children(plan);
        for c in &rest[plan.lefttree.iter().count() + plan.righttree.iter().count()..] {
            let kind = if matches!(plan.node, PlanNode::SubqueryScan { .. }) {
                "Subquery"
            } else {
                "Member"
            };
            d.children.push(self.node(c, &below, Some(kind), None)?);
        }
        let mut subs: Vec<&SubPlan> = Vec::new();
        each_subplan(plan, &mut |s| {
            if !subs.iter().any(|x| x.plan_id == s.plan_id) {
                subs.push(s);
            }
        });
        subs.sort_by_key(|s| s.plan_id);
        for s in subs {
            self.subplan(s, &below, "SubPlan", &mut d)?;
        }
        Ok(d)
    }

    fn subplan(
        &self,
        s: &'p SubPlan,
        ancestors: &[Ancestor<'p>],
        relationship: &str,
        d: &mut Described,
    ) -> PgResult<()> {
        if self.printed.borrow().contains(&s.plan_id) {
            return Ok(());
        }
        self.printed.borrow_mut().push(s.plan_id);
        let Some(plan) = self.input.plan.subplans.get(s.plan_id as usize - 1) else {
            return Ok(());
        };
        let mut below = ancestors.to_vec();
        below.push(Ancestor::SubPlan(s));
        let child = self.node(plan, &below, Some(relationship), Some(s.plan_name.clone()))?;
        d.children.push(child);
        Ok(())
    }

    /// What the node scans or changes: ` on t alias`, ` using index on t`.
    fn target(&self, plan: &Plan, d: &mut Described) -> PgResult<()> {
        match &plan.node {
            PlanNode::IndexScan(s) | PlanNode::IndexOnlyScan(s) => {
                if s.indexorderdir == ScanDirection::Backward {
                    d.title.push_str(" Backward");
                }
                let name = self.index_name(s.indexid)?;
                d.title.push_str(&format!(" using {}", ident(&name)));
                let dir =
                    if s.indexorderdir == ScanDirection::Backward { "Backward" } else { "Forward" };
                d.properties.push(("Scan Direction".to_owned(), Value::Text(dir.to_owned())));
                d.properties.push(("Index Name".to_owned(), Value::Text(name)));
                self.relation(s.scanrelid, d)?;
            }
            PlanNode::BitmapIndexScan(s) => {
                let name = self.index_name(s.indexid)?;
                d.title.push_str(&format!(" on {}", ident(&name)));
                d.properties.push(("Index Name".to_owned(), Value::Text(name)));
            }
            PlanNode::ModifyTable(m) => self.relation(m.nominal_relation, d)?,
            _ => {
                if let Some(rti) = scanrelid(plan) {
                    self.relation(rti, d)?;
                }
            }
        }
        Ok(())
    }

    fn index_name(&self, oid: types::Oid) -> PgResult<String> {
        Ok(self.input.catalog.get_relation(oid)?.name.clone())
    }

    fn relation(&self, rti: i32, d: &mut Described) -> PgResult<()> {
        let Some(rte) = self.input.plan.rtable.get(rti as usize - 1) else { return Ok(()) };
        let alias = self.rel_name(rti);
        let catalog = self.input.catalog;
        let (mut schema, mut object) = (None, None);
        match &rte.kind {
            RteKind::Relation { relid, .. } => {
                let rel = catalog.get_relation(*relid)?;
                if self.options.verbose {
                    schema = catalog.namespace_name(rel.namespace)?;
                }
                d.properties.push(("Relation Name".to_owned(), Value::Text(rel.name.clone())));
                object = Some(rel.name.clone());
            }
            RteKind::Function { functions, .. } if functions.is_empty() => {}
            RteKind::Cte { ctename, .. } => {
                d.properties.push(("CTE Name".to_owned(), Value::Text(ctename.clone())));
                object = Some(ctename.clone());
            }
            RteKind::NamedTuplestore { enrname, .. } => object = Some(enrname.clone()),
            RteKind::TableFunc(t) => {
                let name = if t.functype == "json" { "json_table" } else { "xmltable" };
                let property = ("Table Function Name".to_owned(), Value::Text(name.to_owned()));
                d.properties.push(property);
                object = Some(name.to_owned());
            }
            _ => {}
        }
        if let Some(f) = self.function_name(rti)? {
            d.properties.push(("Function Name".to_owned(), Value::Text(f.1.clone())));
            if self.options.verbose {
                schema = f.0;
            }
            object = Some(f.1);
        }
        d.title.push_str(" on");
        if let Some(o) = &object {
            match &schema {
                Some(s) => d.title.push_str(&format!(" {}.{}", ident(s), ident(o))),
                None => d.title.push_str(&format!(" {}", ident(o))),
            }
        }
        if object.as_deref() != Some(&alias) {
            d.title.push_str(&format!(" {}", ident(&alias)));
        }
        if let Some(s) = schema {
            d.properties.push(("Schema".to_owned(), Value::Text(s)));
        }
        d.properties.push(("Alias".to_owned(), Value::Text(alias)));
        Ok(())
    }

    /// Schema and name of the function that a scan calls, if it is one alone.
    fn function_name(&self, rti: i32) -> PgResult<Option<(Option<String>, String)>> {
        fn find(p: &Plan, rti: i32) -> Option<&Vec<RangeTblFunction>> {
            if let PlanNode::FunctionScan { scanrelid, functions, .. } = &p.node {
                if *scanrelid == rti {
                    return Some(functions);
                }
            }
            children(p).into_iter().find_map(|c| find(c, rti))
        }
        let plans = std::iter::once(&self.input.plan.plan_tree).chain(&self.input.plan.subplans);
        let Some(functions) = plans.into_iter().find_map(|p| find(p, rti)) else { return Ok(None) };
        let [one] = functions.as_slice() else { return Ok(None) };
        let Expr::FuncExpr(f) = &one.funcexpr else { return Ok(None) };
        let proc = self.input.catalog.get_proc(f.funcid)?;
        let schema = self.input.catalog.namespace_name(proc.namespace)?;
        Ok(Some((schema, proc.name.clone())))
    }

    fn counts(&self, arc: &'p Arc<Plan>, d: &mut Described) {
        if !self.options.analyze {
            return;
        }
        match self.instrument(arc).filter(|i| i.loops > 0.0) {
            Some(i) => {
                let rows = i.rows / i.loops;
                let (start, total) = (1000.0 * i.startup / i.loops, 1000.0 * i.total / i.loops);
                if self.options.timing {
                    d.title.push_str(&format!(
                        " (actual time={start:.3}..{total:.3} rows={rows:.2} loops={:.0})",
                        i.loops
                    ));
                    for (k, v) in [("Actual Startup Time", start), ("Actual Total Time", total)] {
                        d.properties.push((k.to_owned(), Value::Number(format!("{v:.3}"))));
                    }
                } else {
                    d.title.push_str(&format!(" (actual rows={rows:.2} loops={:.0})", i.loops));
                }
                d.properties.push(("Actual Rows".to_owned(), Value::Number(format!("{rows:.2}"))));
                let loops = format!("{:.0}", i.loops);
                d.properties.push(("Actual Loops".to_owned(), Value::Number(loops)));
            }
            None => d.title.push_str(" (never executed)"),
        }
    }

    fn quals(
        &self,
        names: &PlanNames<'_, 'p>,
        label: &str,
        quals: &[Expr],
        d: &mut Described,
    ) -> PgResult<()> {
        if quals.is_empty() {
            return Ok(());
        }
        let expr = if quals.len() == 1 {
            quals[0].clone()
        } else {
            Expr::BoolExpr(Box::new(BoolExpr {
                boolop: BoolExprType::And,
                args: quals.to_vec(),
                location: -1,
            }))
        };
        let text = self.deparse(names, &expr)?;
        d.line(label, &text);
        Ok(())
    }

    fn removed(&self, arc: &Arc<Plan>, label: &str, join: bool, d: &mut Described) {
        if let Some(i) = self.input.instruments.and_then(|m| m.get(&(Arc::as_ptr(arc) as usize))) {
            let n = if join { i.filtered_join } else { i.filtered };
            if n > 0.0 && i.loops > 0.0 {
                d.number(label, format!("{:.0}", n / i.loops));
            }
        }
    }

    fn filter(
        &self,
        arc: &'p Arc<Plan>,
        names: &PlanNames<'_, 'p>,
        d: &mut Described,
    ) -> PgResult<()> {
        self.quals(names, "Filter", &arc.qual, d)?;
        if !arc.qual.is_empty() {
            self.removed(arc, "Rows Removed by Filter", false, d);
        }
        Ok(())
    }

    /// A column of the node's own target list, as sort and group keys show it.
    fn key(&self, names: &PlanNames<'_, 'p>, list: &[TargetEntry], col: i16) -> PgResult<String> {
        match list.get(col as usize - 1) {
            Some(t) => self.deparse(names, &t.expr),
            None => Ok(String::new()),
        }
    }

    fn sort_key(
        &self,
        names: &PlanNames<'_, 'p>,
        list: &[TargetEntry],
        k: &SortKey,
    ) -> PgResult<String> {
        let mut out = self.key(names, list, k.col)?;
        let typ = list.get(k.col as usize - 1).map(|t| t.expr.typ());
        let catalog = self.input.catalog;
        if let Some(t) = typ.and_then(|t| catalog.lookup_type(t).ok().flatten()) {
            if k.collation.is_valid() && k.collation != t.collation {
                if let Some(c) = catalog.lookup_collation(k.collation)? {
                    out.push_str(&format!(" COLLATE {}", quote_always(&c.name)));
                }
            }
        }
        let op = catalog.lookup_operator(k.sort_operator)?;
        match op.as_ref().map(|o| o.name.as_str()) {
            Some("<") => {}
            Some(">") => out.push_str(" DESC"),
            Some(other) => out.push_str(&format!(" USING {other}")),
            None => {}
        }
        if k.nulls_first && !k.reverse {
            out.push_str(" NULLS FIRST");
        } else if !k.nulls_first && k.reverse {
            out.push_str(" NULLS LAST");
        }
        Ok(out)
    }

    fn notes(&self, arc: &Arc<Plan>, d: &mut Described) {
        if let Some(i) = self.input.instruments.and_then(|m| m.get(&(Arc::as_ptr(arc) as usize))) {
            for (label, text) in &i.notes {
                d.line(label, text);
            }
        }
    }

    fn searches(&self, arc: &Arc<Plan>, d: &mut Described) {
        if let Some(i) = self.input.instruments.and_then(|m| m.get(&(Arc::as_ptr(arc) as usize))) {
            d.number("Index Searches", format!("{:.0}", i.index_searches));
        }
    }

    #[allow(clippy::too_many_lines)]
    fn details<'e>(
        &'e self,
        arc: &'p Arc<Plan>,
        names: &dyn Fn(bool) -> PlanNames<'e, 'p>,
        d: &mut Described,
    ) -> PgResult<()> {
        let plan: &'p Plan = arc;
        let scan =
            names(self.options.verbose || matches!(plan.node, PlanNode::SubqueryScan { .. }));
        let upper = names(self.prefix());
        match &plan.node {
            PlanNode::IndexScan(s) => {
                self.quals(&scan, "Index Cond", &s.indexqualorig, d)?;
                if !s.indexqualorig.is_empty() {
                    self.removed(arc, "Rows Removed by Index Recheck", true, d);
                }
                self.quals(&scan, "Order By", &s.indexorderbyorig, d)?;
                self.filter(arc, &scan, d)?;
                self.searches(arc, d);
            }
            PlanNode::IndexOnlyScan(s) => {
                self.quals(&scan, "Index Cond", &s.indexqual, d)?;
                self.quals(&scan, "Order By", &s.indexorderby, d)?;
                self.filter(arc, &scan, d)?;
                if let Some(i) = self.instrument(arc) {
                    d.number("Heap Fetches", format!("{:.0}", i.heap_fetches));
                }
                self.searches(arc, d);
            }
            PlanNode::BitmapIndexScan(s) => {
                self.quals(&scan, "Index Cond", &s.indexqualorig, d)?;
                self.searches(arc, d);
            }
            PlanNode::BitmapHeapScan { bitmapqualorig, .. } => {
                self.quals(&scan, "Recheck Cond", bitmapqualorig, d)?;
                self.removed(arc, "Rows Removed by Index Recheck", true, d);
                self.filter(arc, &scan, d)?;
                self.notes(arc, d);
            }
            PlanNode::SampleScan { tablesample, .. } => {
                let text = self.sampling(&scan, tablesample)?;
                d.line("Sampling", &text);
                self.filter(arc, &scan, d)?;
            }
            PlanNode::TidScan { tidquals, .. } => {
                let cond = if tidquals.len() > 1 {
                    vec![Expr::BoolExpr(Box::new(BoolExpr {
                        boolop: BoolExprType::Or,
                        args: tidquals.clone(),
                        location: -1,
                    }))]
                } else {
                    tidquals.clone()
                };
                self.quals(&scan, "TID Cond", &cond, d)?;
                self.filter(arc, &scan, d)?;
            }
            PlanNode::TidRangeScan { tidrangequals, .. } => {
                self.quals(&scan, "TID Cond", tidrangequals, d)?;
                self.filter(arc, &scan, d)?;
            }
            PlanNode::TableFuncScan { tablefunc, .. } => {
                if self.options.verbose {
                    d.line("Table Function Call", &self.deparse_table_func(&scan, tablefunc)?);
                }
                self.filter(arc, &scan, d)?;
                self.notes(arc, d);
            }
            PlanNode::FunctionScan { functions, .. } => {
                if self.options.verbose {
                    let calls = functions
                        .iter()
                        .map(|f| self.deparse(&scan, &f.funcexpr))
                        .collect::<PgResult<Vec<_>>>()?;
                    d.line("Function Call", &calls.join(", "));
                }
                self.filter(arc, &scan, d)?;
                self.notes(arc, d);
            }
            PlanNode::NestLoop { joinqual, .. } => {
                self.join(arc, &upper, joinqual, d)?;
            }
            PlanNode::MergeJoin(j) => {
                self.quals(&upper, "Merge Cond", &j.mergeclauses, d)?;
                self.join(arc, &upper, &j.joinqual, d)?;
            }
            PlanNode::HashJoin { joinqual, hashclauses, .. } => {
                self.quals(&upper, "Hash Cond", hashclauses, d)?;
                self.join(arc, &upper, joinqual, d)?;
            }
            PlanNode::Agg(a) => {
                self.agg_keys(plan, a, names, d)?;
                self.quals(&upper, "Filter", &plan.qual, d)?;
                if !plan.qual.is_empty() {
                    self.removed(arc, "Rows Removed by Filter", false, d);
                }
                self.notes(arc, d);
            }
            PlanNode::Group { keys } => {
                let child = self.child_names(plan, names);
                if let (Some(n), Some(c)) = (child, plan.lefttree.as_deref()) {
                    let list = keys
                        .iter()
                        .map(|k| self.key(&n, &c.target_list, k.col))
                        .collect::<PgResult<Vec<_>>>()?;
                    d.list("Group Key", list);
                }
                self.filter(arc, &upper, d)?;
            }
            PlanNode::WindowAgg(w) => {
                self.window(plan, w, names, d)?;
                self.quals(&upper, "Run Condition", &w.run_condition_orig, d)?;
                self.filter(arc, &upper, d)?;
                self.notes(arc, d);
            }
            PlanNode::Sort { keys } => {
                let list = self.sort_keys(&upper, plan, keys)?;
                d.list("Sort Key", list);
                self.notes(arc, d);
            }
            PlanNode::IncrementalSort { keys, n_presorted } => {
                let list = self.sort_keys(&upper, plan, keys)?;
                let presorted = list[..*n_presorted].to_vec();
                d.list("Sort Key", list);
                d.list("Presorted Key", presorted);
                self.notes(arc, d);
            }
            PlanNode::MergeAppend { keys, .. } => {
                let list = self.sort_keys(&upper, plan, keys)?;
                d.list("Sort Key", list);
            }
            PlanNode::Memoize { param_exprs, binary_mode, .. } => {
                let list = param_exprs
                    .iter()
                    .map(|e| self.deparse(&upper, e))
                    .collect::<PgResult<Vec<_>>>()?;
                d.line("Cache Key", &list.join(", "));
                d.line("Cache Mode", if *binary_mode { "binary" } else { "logical" });
                self.notes(arc, d);
            }
            PlanNode::Result { resconstantqual } => {
                self.quals(&upper, "One-Time Filter", resconstantqual, d)?;
                self.filter(arc, &upper, d)?;
            }
            PlanNode::ModifyTable(m) => self.modify(arc, m, names, d)?,
            PlanNode::Append { .. } | PlanNode::ProjectSet => {}
            PlanNode::Hash { .. } | PlanNode::Material => self.notes(arc, d),
            _ => {
                self.filter(arc, &scan, d)?;
                self.notes(arc, d);
            }
        }
        Ok(())
    }

    fn sort_keys(
        &self,
        names: &PlanNames<'_, 'p>,
        plan: &'p Plan,
        keys: &[SortKey],
    ) -> PgResult<Vec<String>> {
        keys.iter().map(|k| self.sort_key(names, &plan.target_list, k)).collect()
    }

    fn sampling(
        &self,
        scan: &PlanNames<'_, 'p>,
        tablesample: &nodes::TableSampleClause,
    ) -> PgResult<String> {
        let proc = self.input.catalog.get_proc(tablesample.tsmhandler)?;
        let args =
            tablesample.args.iter().map(|a| self.deparse(scan, a)).collect::<PgResult<Vec<_>>>()?;
        let mut text = format!("{} ({})", proc.name, args.join(", "));
        if let Some(r) = &tablesample.repeatable {
            text.push_str(&format!(" REPEATABLE ({})", self.deparse(scan, r)?));
        }
        Ok(text)
    }

    fn join(
        &self,
        arc: &'p Arc<Plan>,
        names: &PlanNames<'_, 'p>,
        joinqual: &[Expr],
        d: &mut Described,
    ) -> PgResult<()> {
        self.quals(names, "Join Filter", joinqual, d)?;
        if !joinqual.is_empty() {
            self.removed(arc, "Rows Removed by Join Filter", true, d);
        }
        self.quals(names, "Filter", &arc.qual, d)?;
        if !arc.qual.is_empty() {
            self.removed(arc, "Rows Removed by Filter", false, d);
        }
        Ok(())
    }

    /// Names as the node's input has them.
    fn child_names<'e>(
        &'e self,
        plan: &'p Plan,
        names: &dyn Fn(bool) -> PlanNames<'e, 'p>,
    ) -> Option<PlanNames<'e, 'p>> {
        let mut n = names(self.prefix());
        n.ancestors.push(Ancestor::Plan(plan));
        n.plan = plan.lefttree.as_deref()?;
        Some(n)
    }

    fn agg_keys<'e>(
        &'e self,
        plan: &'p Plan,
        a: &'p Agg,
        names: &dyn Fn(bool) -> PlanNames<'e, 'p>,
        d: &mut Described,
    ) -> PgResult<()> {
        let (Some(n), Some(child)) = (self.child_names(plan, names), plan.lefttree.as_deref())
        else {
            return Ok(());
        };
        if a.grouping_sets.is_empty() {
            let list = a
                .keys
                .iter()
                .map(|k| self.key(&n, &child.target_list, k.col))
                .collect::<PgResult<Vec<_>>>()?;
            d.list("Group Key", list);
            return Ok(());
        }
        let sets = |agg: &Agg, indent: &str, d: &mut Described| -> PgResult<()> {
            let hashed = matches!(agg.strategy, AggStrategy::Hashed | AggStrategy::Mixed);
            let label = if hashed && !agg.keys.is_empty() { "Hash Key" } else { "Group Key" };
            for set in &agg.grouping_sets {
                let list = set
                    .iter()
                    .map(|c| self.key(&n, &child.target_list, *c))
                    .collect::<PgResult<Vec<_>>>()?;
                let text = if list.is_empty() { "()".to_owned() } else { list.join(", ") };
                let label = if list.is_empty() { "Group Key" } else { label };
                d.lines.push(format!("{indent}{label}: {text}"));
            }
            Ok(())
        };
        sets(a, "", d)?;
        for c in &a.chain {
            let PlanNode::Agg(agg) = &c.node else { continue };
            let mut indent = "";
            if let Some(sort) = &c.lefttree {
                if let PlanNode::Sort { keys } = &sort.node {
                    let list = keys
                        .iter()
                        .map(|k| self.sort_key(&n, &child.target_list, k))
                        .collect::<PgResult<Vec<_>>>()?;
                    d.lines.push(format!("Sort Key: {}", list.join(", ")));
                    indent = "  ";
                }
            }
            sets(agg, indent, d)?;
        }
        Ok(())
    }

    fn window<'e>(
        &'e self,
        plan: &'p Plan,
        w: &'p WindowAgg,
        names: &dyn Fn(bool) -> PlanNames<'e, 'p>,
        d: &mut Described,
    ) -> PgResult<()> {
        use frame_option as f;
        let (Some(n), Some(child)) = (self.child_names(plan, names), plan.lefttree.as_deref())
        else {
            return Ok(());
        };
        let keys = |list: &[GroupKey]| -> PgResult<String> {
            Ok(list
                .iter()
                .map(|k| self.key(&n, &child.target_list, k.col))
                .collect::<PgResult<Vec<_>>>()?
                .join(", "))
        };
        let mut parts = Vec::new();
        if !w.part_keys.is_empty() {
            parts.push(format!("PARTITION BY {}", keys(&w.part_keys)?));
        }
        if !w.ord_keys.is_empty() {
            parts.push(format!("ORDER BY {}", keys(&w.ord_keys)?));
        }
        let o = w.frame_options;
        if o & f::NONDEFAULT != 0 {
            let own = names(self.prefix());
            let mut t = String::new();
            t.push_str(if o & f::RANGE != 0 {
                "RANGE "
            } else if o & f::ROWS != 0 {
                "ROWS "
            } else {
                "GROUPS "
            });
            let bound = |start: bool| -> PgResult<String> {
                let (unb_p, unb_f, cur, off_p, offset) = if start {
                    (
                        f::START_UNBOUNDED_PRECEDING,
                        f::START_UNBOUNDED_FOLLOWING,
                        f::START_CURRENT_ROW,
                        f::START_OFFSET_PRECEDING,
                        &w.start_offset,
                    )
                } else {
                    (
                        f::END_UNBOUNDED_PRECEDING,
                        f::END_UNBOUNDED_FOLLOWING,
                        f::END_CURRENT_ROW,
                        f::END_OFFSET_PRECEDING,
                        &w.end_offset,
                    )
                };
                Ok(if o & unb_p != 0 {
                    "UNBOUNDED PRECEDING".to_owned()
                } else if o & unb_f != 0 {
                    "UNBOUNDED FOLLOWING".to_owned()
                } else if o & cur != 0 {
                    "CURRENT ROW".to_owned()
                } else {
                    let e = match offset {
                        Some(e) => self.deparse(&own, e)?,
                        None => String::new(),
                    };
                    format!("{e} {}", if o & off_p != 0 { "PRECEDING" } else { "FOLLOWING" })
                })
            };
            if o & f::BETWEEN != 0 {
                t.push_str(&format!("BETWEEN {} AND {}", bound(true)?, bound(false)?));
            } else {
                t.push_str(&bound(true)?);
            }
            if o & f::EXCLUDE_CURRENT_ROW != 0 {
                t.push_str(" EXCLUDE CURRENT ROW");
            } else if o & f::EXCLUDE_GROUP != 0 {
                t.push_str(" EXCLUDE GROUP");
            } else if o & f::EXCLUDE_TIES != 0 {
                t.push_str(" EXCLUDE TIES");
            }
            parts.push(t);
        }
        d.line("Window", &format!("{} AS ({})", ident(&w.winname), parts.join(" ")));
        Ok(())
    }

    fn modify<'e>(
        &'e self,
        arc: &'p Arc<Plan>,
        m: &'p ModifyTable,
        names: &dyn Fn(bool) -> PlanNames<'e, 'p>,
        d: &mut Described,
    ) -> PgResult<()> {
        let shown = m.result_relations.len() > 1
            || m.result_relations.first().is_some_and(|r| *r != m.nominal_relation);
        if shown {
            let op = match m.operation {
                CmdType::Insert => "Insert",
                CmdType::Update => "Update",
                CmdType::Delete => "Delete",
                _ => "Merge",
            };
            for r in &m.result_relations {
                let mut t = Described::default();
                self.relation(*r, &mut t)?;
                d.lines.push(format!("{op}{}", t.title));
            }
        }
        if m.on_conflict != OnConflictAction::None {
            let what =
                if m.on_conflict == OnConflictAction::Nothing { "NOTHING" } else { "UPDATE" };
            d.line("Conflict Resolution", what);
            let mut indexes = Vec::new();
            for i in &m.arbiter_indexes {
                indexes.push(self.index_name(*i)?);
            }
            d.list("Conflict Arbiter Indexes", indexes);
            if let Some(w) = &m.on_conflict_where {
                let n = names(true);
                self.quals(&n, "Conflict Filter", std::slice::from_ref(w), d)?;
                self.removed(arc, "Rows Removed by Conflict Filter", false, d);
            }
        }
        self.notes(arc, d);
        Ok(())
    }
}

fn quote_always(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether a node only hands rows of its inputs on: its columns say nothing of their own.
fn hands_on(plan: &Plan) -> bool {
    matches!(
        plan.node,
        PlanNode::Append { .. } | PlanNode::MergeAppend { .. } | PlanNode::RecursiveUnion { .. }
    )
}
