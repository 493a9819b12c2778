//! Compilation of typed expressions.
use super::array::{ArrayCoerceNode, JsonbSubscripts, SubscriptNode};
use super::domain::DomainChecks;
use super::predicate::RowCompareNode;
use super::*;
use crate::batch::{RowView, Rows};
use crate::hash::HashKind;
use catalog::{CatalogRead, RelationDesc};
use error::{PgError, PgResult, check_stack_depth, err, not_supported};
use fmgr::{CallSite, FnContext};
use nodes::*;
use types::{Datum, PhysType, RecordDesc, RecordField, type_oid};

/// Numbers of the slots that compiled expressions need.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlotCounts {
    /// Function caches.
    pub caches: u32,
    /// CASE test values and their like.
    pub cases: u32,
}

/// Which of the rows at hand a Var reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum VarSource {
    Scan,
    Outer,
    Inner,
    Old,
    New,
}

impl VarSource {
    pub(crate) fn row<'a>(self, rows: &Rows<'a>) -> RowView<'a> {
        match self {
            VarSource::Scan => rows.scan,
            VarSource::Outer => rows.outer,
            VarSource::Inner => rows.inner,
            VarSource::Old => rows.old,
            VarSource::New => rows.new,
        }
    }

    fn column(self, n: u16) -> CExpr {
        match self {
            VarSource::Scan => CExpr::Scan(n),
            VarSource::Outer => CExpr::Outer(n),
            VarSource::Inner => CExpr::Inner(n),
            VarSource::Old => CExpr::Old(n),
            VarSource::New => CExpr::New(n),
        }
    }
}

/// The columns of a scanned range table entry: attributes from position 0, then (for relations) the six
/// system columns in the order ctid, xmin, cmin, xmax, cmax, tableoid.
#[derive(Clone, Debug)]
pub struct ScanColumns {
    /// Range table index.
    pub varno: i32,
    /// Number of attributes.
    pub width: usize,
    /// The row type and the positions of its fields, for whole-row references.
    pub whole: Option<(Arc<RecordDesc>, Arc<[u16]>)>,
}

impl ScanColumns {
    /// Columns of which nothing is known but the range table index.
    pub fn any(varno: i32) -> Self {
        ScanColumns { varno, width: usize::from(u16::MAX), whole: None }
    }

    /// The columns of a relation.
    pub fn relation(varno: i32, rel: &RelationDesc) -> Self {
        let (mut fields, mut at) = (Vec::new(), Vec::new());
        for (n, attr) in rel.attrs.iter().enumerate() {
            if !attr.dropped {
                fields.push(RecordField {
                    name: attr.name.clone(),
                    typ: attr.typ,
                    typmod: attr.typmod,
                });
                at.push(n as u16);
            }
        }
        let desc = RecordDesc { type_id: rel.reltype, fields };
        ScanColumns { varno, width: rel.attrs.len(), whole: Some((Arc::new(desc), at.into())) }
    }

    /// The columns of a subquery, function or VALUES list.
    pub fn named(varno: i32, columns: Vec<RecordField>) -> Self {
        let at: Vec<u16> = (0..columns.len() as u16).collect();
        let width = columns.len();
        let desc = RecordDesc { type_id: type_oid::RECORD, fields: columns };
        ScanColumns { varno, width, whole: Some((Arc::new(desc), at.into())) }
    }

    /// Position of an attribute or system column.
    pub fn position(&self, attno: i16) -> u16 {
        if attno > 0 { attno as u16 - 1 } else { self.width as u16 + (-attno) as u16 - 1 }
    }
}

/// System columns after a relation's attributes.
pub const SYSTEM_COLUMNS: usize = 6;

/// What the Vars and aggregate results in an expression refer to.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    scan: Option<ScanColumns>,
    /// Range table index that means the inner row (EXCLUDED).
    inner_varno: i32,
    /// Aggref, GroupingFunc or WindowFunc expressions by their result's position.
    aggs: Vec<Expr>,
}

impl Scope {
    /// No rows.
    pub fn none() -> Self {
        Scope::default()
    }

    /// The columns of one scan (besides those of the inputs).
    pub fn scan(columns: ScanColumns) -> Self {
        Scope { scan: Some(columns), ..Scope::default() }
    }

    /// With a range table index for the inner row.
    pub fn with_inner(mut self, varno: i32) -> Self {
        self.inner_varno = varno;
        self
    }

    /// With aggregate results.
    pub fn with_aggs(mut self, aggs: Vec<Expr>) -> Self {
        self.aggs = aggs;
        self
    }
}

/// Compiles expressions of one plan, numbering their slots.
pub struct ExprCompiler<'a> {
    /// The session, to resolve functions.
    pub session: &'a dyn FnContext,
    /// Its catalog.
    pub catalog: &'a dyn CatalogRead,
    counts: SlotCounts,
    case_slot: Option<u32>,
    domain_slot: Option<u32>,
    /// Exec params seen, for what a rescan must redo.
    pub(crate) params_seen: Vec<i32>,
    /// Subplans used by expressions (1-based plan ids).
    pub(crate) subplans_seen: Vec<i32>,
    /// Functions whose EXECUTE privilege is to be checked at start.
    pub(crate) guarded_functions: Vec<Oid>,
}

impl<'a> ExprCompiler<'a> {
    /// Types that count as one to the type system may be held differently here: int4 and oid are.
    fn relabel(&self, from: types::Oid, to: types::Oid) -> PgResult<Option<super::Fast1>> {
        let (from, to) = (self.catalog.get_type(from)?.phys, self.catalog.get_type(to)?.phys);
        Ok(match (from, to) {
            (PhysType::Int4, PhysType::Oid) => {
                Some(|v| Ok(Datum::Oid(types::Oid(v.as_i32() as u32))))
            }
            (PhysType::Oid, PhysType::Int4) => Some(|v| Ok(Datum::Int4(v.as_oid().0 as i32))),
            _ => None,
        })
    }

    /// A compiler with no slots used.
    pub fn new(session: &'a dyn FnContext, catalog: &'a dyn CatalogRead) -> Self {
        ExprCompiler {
            session,
            catalog,
            counts: SlotCounts::default(),
            case_slot: None,
            domain_slot: None,
            params_seen: Vec::new(),
            subplans_seen: Vec::new(),
            guarded_functions: Vec::new(),
        }
    }

    /// A compiler that goes on after slots that are in use.
    pub(crate) fn resume(
        session: &'a dyn FnContext,
        catalog: &'a dyn CatalogRead,
        caches: u32,
        cases: u32,
    ) -> Self {
        ExprCompiler { counts: SlotCounts { caches, cases }, ..Self::new(session, catalog) }
    }

    /// Slots used so far.
    pub fn counts(&self) -> SlotCounts {
        self.counts
    }

    pub(crate) fn new_case_slot(&mut self) -> u32 {
        self.counts.cases += 1;
        self.counts.cases - 1
    }

    pub(crate) fn new_cache(&mut self) -> u32 {
        self.counts.caches += 1;
        self.counts.caches - 1
    }

    /// Runs `f` where CaseTestExpr means `slot`.
    pub(crate) fn with_case_value<T>(
        &mut self,
        slot: u32,
        f: impl FnOnce(&mut Self) -> PgResult<T>,
    ) -> PgResult<T> {
        let saved = self.case_slot.replace(slot);
        let result = f(self);
        self.case_slot = saved;
        result
    }

    /// Runs `f` where VALUE means `slot`.
    pub(crate) fn with_domain_value<T>(
        &mut self,
        slot: u32,
        f: impl FnOnce(&mut Self) -> PgResult<T>,
    ) -> PgResult<T> {
        let saved = self.domain_slot.replace(slot);
        let result = f(self);
        self.domain_slot = saved;
        result
    }

    /// A call of a function with given types.
    pub(crate) fn function(
        &mut self,
        oid: Oid,
        args: &[Oid],
        result: Oid,
        collation: Oid,
    ) -> PgResult<FnCall> {
        let site = CallSite {
            collation,
            arg_types: args.to_vec(),
            ret_type: result,
            ret_typmod: -1,
            ..CallSite::default()
        };
        self.function_at(oid, site)
    }

    /// A call of a function at a call site.
    pub(crate) fn function_at(&mut self, oid: Oid, site: CallSite) -> PgResult<FnCall> {
        let info = self.session.resolve_function(oid)?;
        if self.catalog.lookup_proc(oid)?.is_some_and(|p| p.acl.is_some())
            && !self.guarded_functions.contains(&oid)
        {
            self.guarded_functions.push(oid);
        }
        let cache = self.new_cache();
        FnCall::new(self.catalog, info, site, cache)
    }

    /// A binary operator's function over two types.
    pub(crate) fn operator(&mut self, opno: Oid, collation: Oid) -> PgResult<FnCall> {
        let op = self.catalog.get_operator(opno)?;
        self.function(op.code, &[op.left, op.right], op.result, collation)
    }

    /// Compiles several expressions.
    pub fn compile_all<'e>(
        &mut self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        scope: &Scope,
    ) -> PgResult<Box<[CExpr]>> {
        exprs.into_iter().map(|e| self.compile(e, scope)).collect()
    }

    /// Compiles an expression.
    pub fn compile(&mut self, expr: &Expr, scope: &Scope) -> PgResult<CExpr> {
        check_stack_depth()?;
        Ok(match expr {
            Expr::Var(v) => self.var(v, scope)?,
            Expr::Const(c) => CExpr::Const(c.value.clone()),
            Expr::Param(p) => self.param(p)?,
            Expr::Aggref(_) | Expr::WindowFunc(_) | Expr::GroupingFunc(_) => {
                match scope.aggs.iter().position(|a| same_aggregate(a, expr)) {
                    Some(n) => CExpr::Agg(n as u16),
                    None => {
                        return Err(PgError::internal("aggregate found in a node that has none"));
                    }
                }
            }
            Expr::FuncExpr(f) => self.func_expr(f, scope)?,
            Expr::OpExpr(o) => self.op_expr(o, scope)?,
            Expr::DistinctExpr(o) => CExpr::Distinct(Box::new(self.equal_node(o, scope)?)),
            Expr::NullIfExpr(o) => CExpr::NullIf(Box::new(self.equal_node(o, scope)?)),
            Expr::ScalarArrayOpExpr(s) => self.scalar_array_op(s, scope)?,
            Expr::BoolExpr(b) => self.bool_expr(b, scope)?,
            Expr::SubPlan(s) => self.subplan(s, scope)?,
            Expr::AlternativeSubPlan(plans) => match plans.first() {
                Some(plan) => self.subplan(plan, scope)?,
                None => return Err(PgError::internal("empty AlternativeSubPlan")),
            },
            Expr::CaseExpr(c) => self.case_expr(c, scope)?,
            Expr::CaseTestExpr(_) => self.slot(self.case_slot, "CaseTestExpr")?,
            Expr::CoerceToDomainValue(_) => self.slot(self.domain_slot, "CoerceToDomainValue")?,
            Expr::CoalesceExpr(c) => CExpr::Coalesce(self.compile_all(&c.args, scope)?),
            Expr::MinMaxExpr(m) => CExpr::MinMax(Box::new(MinMaxNode {
                args: self.compile_all(&m.args, scope)?,
                greatest: m.greatest,
                typ: m.minmaxtype,
                collation: m.inputcollid,
            })),
            Expr::NullTest(n) => {
                let arg = Box::new(self.compile(&n.arg, scope)?);
                match n.argisrow {
                    true => CExpr::RowNullTest(arg, n.is_null),
                    false => CExpr::NullTest(arg, n.is_null),
                }
            }
            Expr::BooleanTest(b) => {
                CExpr::BoolTest(Box::new(self.compile(&b.arg, scope)?), b.booltesttype)
            }
            Expr::RelabelType(r) => {
                let arg = self.compile(&r.arg, scope)?;
                match self.relabel(r.arg.typ(), r.resulttype)? {
                    Some(convert) => match arg {
                        CExpr::Const(value) if value.is_null() => CExpr::Const(value),
                        CExpr::Const(value) => CExpr::Const(convert(&value)?),
                        arg => CExpr::Fast1(convert, Box::new(arg)),
                    },
                    None => arg,
                }
            }
            Expr::CollateExpr(c) => self.compile(&c.arg, scope)?,
            Expr::NamedArgExpr(a) => self.compile(&a.arg, scope)?,
            Expr::PlaceHolderVar(p) => self.compile(&p.phexpr, scope)?,
            Expr::ReturningExpr(r) => {
                CExpr::Returning(r.retold, Box::new(self.compile(&r.retexpr, scope)?))
            }
            Expr::SQLValueFunction(f) => {
                CExpr::ValueFunction(Box::new(value_function::ValueFunctionNode::compile(self, f)?))
            }
            Expr::NextValueExpr(n) => CExpr::NextValue(n.seqid, n.type_id),
            Expr::CurrentOfExpr(_) => CExpr::CurrentOf,
            Expr::JsonConstructorExpr(j) => json::compile_constructor(self, j, scope)?,
            Expr::CoerceViaIO(c) => CExpr::ViaIo(Box::new(coerce::ViaIoNode {
                source: c.arg.typ(),
                target: c.resulttype,
                arg: self.compile(&c.arg, scope)?,
            })),
            Expr::CoerceToDomain(c) => CExpr::Domain(Box::new(DomainNode {
                arg: self.compile(&c.arg, scope)?,
                checks: DomainChecks::compile(self, c.resulttype)?,
            })),
            Expr::ArrayExpr(_) | Expr::ArrayCoerceExpr(_) | Expr::SubscriptingRef(_) => {
                self.array_expr(expr, scope)?
            }
            Expr::RowExpr(_)
            | Expr::RowCompareExpr(_)
            | Expr::FieldSelect(_)
            | Expr::FieldStore(_)
            | Expr::ConvertRowtypeExpr(_) => self.row_expr(expr, scope)?,
            Expr::JsonValueExpr(x) => self.compile(&x.formatted_expr, scope)?,
            Expr::JsonExpr(x) => json::compile_query(self, x, scope)?,
            Expr::JsonIsPredicate(x) => json::compile_is_json(self, x, scope)?,
            Expr::XmlExpr(_) => return Err(not_supported!("XML expressions")),
            Expr::SubLink(_) | Expr::SetToDefault(_) => {
                return Err(PgError::internal("unplanned expression reached the executor"));
            }
        })
    }

    fn slot(&self, slot: Option<u32>, what: &str) -> PgResult<CExpr> {
        slot.map(CExpr::CaseValue)
            .ok_or_else(|| PgError::internal(format!("{what} outside of its expression")))
    }

    fn var(&mut self, v: &Var, scope: &Scope) -> PgResult<CExpr> {
        let direct = match v.varno {
            OUTER_VAR => Some(VarSource::Outer),
            INNER_VAR => Some(VarSource::Inner),
            INDEX_VAR => Some(VarSource::Scan),
            _ => None,
        };
        if let (Some(source), true) = (direct, v.varattno > 0) {
            return Ok(source.column(v.varattno as u16 - 1));
        }
        let Some(columns) = &scope.scan else {
            return Err(PgError::internal(format!(
                "unexpected Var {}.{} in a node without scan",
                v.varno, v.varattno
            )));
        };
        let mut source = match v.varreturningtype {
            VarReturningType::Default => VarSource::Scan,
            VarReturningType::Old => VarSource::Old,
            VarReturningType::New => VarSource::New,
        };
        if scope.inner_varno != 0 && v.varno == scope.inner_varno {
            source = VarSource::Inner;
        } else if v.varno != columns.varno && v.varno > 0 {
            return Err(PgError::internal(format!(
                "unexpected Var {}.{} in a scan of {}",
                v.varno, v.varattno, columns.varno
            )));
        }
        if v.varno == INNER_VAR {
            source = VarSource::Inner;
        }
        if v.varattno != WHOLE_ROW_ATTNO {
            return Ok(source.column(columns.position(v.varattno)));
        }
        let Some((desc, at)) = &columns.whole else {
            return Err(PgError::internal("whole-row reference to a row of unknown type"));
        };
        let mut desc = desc.clone();
        if v.vartype != desc.type_id && v.vartype.is_valid() {
            desc = Arc::new(RecordDesc { type_id: v.vartype, fields: desc.fields.clone() });
        }
        Ok(CExpr::WholeRow(Box::new(WholeRow { source, desc, columns: at.to_vec().into() })))
    }

    fn param(&mut self, p: &Param) -> PgResult<CExpr> {
        Ok(match p.kind {
            ParamKind::Extern if p.paramid > 0 => CExpr::ExternParam(p.paramid as u16 - 1),
            ParamKind::Exec => {
                if !self.params_seen.contains(&p.paramid) {
                    self.params_seen.push(p.paramid);
                }
                CExpr::ExecParam(p.paramid as u16)
            }
            _ => return Err(PgError::internal("unplanned parameter reached the executor")),
        })
    }

    fn func_expr(&mut self, f: &FuncExpr, scope: &Scope) -> PgResult<CExpr> {
        if f.funcretset {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "set-valued function called in context that cannot accept a set"
            )
            .at(f.location));
        }
        let site = CallSite {
            collation: f.inputcollid,
            arg_types: f.args.iter().map(Expr::typ).collect(),
            ret_type: f.funcresulttype,
            ret_typmod: Expr::FuncExpr(Box::new(f.clone())).typmod(),
            variadic: f.funcvariadic,
            ..CallSite::default()
        };
        let call = self.function_at(f.funcid, site)?;
        let args = self.compile_all(&f.args, scope)?;
        Ok(call_expr(call, args))
    }

    fn op_expr(&mut self, o: &OpExpr, scope: &Scope) -> PgResult<CExpr> {
        if o.opretset {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "set-valued function called in context that cannot accept a set"
            )
            .at(o.location));
        }
        let call = self.op_call(o)?;
        let args = self.compile_all(&o.args, scope)?;
        Ok(call_expr(call, args))
    }

    fn op_func(&self, opno: Oid, opfuncid: Oid) -> PgResult<Oid> {
        match opfuncid.valid() {
            Some(oid) => Ok(oid),
            None => Ok(self.catalog.get_operator(opno)?.code),
        }
    }

    fn op_call(&mut self, o: &OpExpr) -> PgResult<FnCall> {
        let func = self.op_func(o.opno, o.opfuncid)?;
        let types: Vec<Oid> = o.args.iter().map(Expr::typ).collect();
        self.function(func, &types, o.opresulttype, o.inputcollid)
    }

    fn equal_node(&mut self, o: &OpExpr, scope: &Scope) -> PgResult<EqualNode> {
        let equal = self.op_call(o)?;
        Ok(EqualNode {
            left: self.compile(&o.args[0], scope)?,
            right: self.compile(&o.args[1], scope)?,
            equal,
        })
    }

    fn bool_expr(&mut self, b: &BoolExpr, scope: &Scope) -> PgResult<CExpr> {
        Ok(match b.boolop {
            BoolExprType::And => CExpr::And(self.compile_all(&b.args, scope)?),
            BoolExprType::Or => CExpr::Or(self.compile_all(&b.args, scope)?),
            BoolExprType::Not => CExpr::Not(Box::new(self.compile(&b.args[0], scope)?)),
        })
    }

    fn case_expr(&mut self, c: &CaseExpr, scope: &Scope) -> PgResult<CExpr> {
        let test = match &c.arg {
            Some(arg) => {
                let slot = self.new_case_slot();
                Some((slot, self.compile(arg, scope)?))
            }
            None => None,
        };
        let mut whens = Vec::with_capacity(c.args.len());
        for when in &c.args {
            let condition = match &test {
                Some((slot, _)) => {
                    self.with_case_value(*slot, |this| this.compile(&when.expr, scope))?
                }
                None => self.compile(&when.expr, scope)?,
            };
            whens.push((condition, self.compile(&when.result, scope)?));
        }
        let default = match &c.defresult {
            Some(expr) => Some(self.compile(expr, scope)?),
            None => None,
        };
        Ok(CExpr::Case(Box::new(CaseNode { test, whens: whens.into(), default })))
    }

    fn scalar_array_op(&mut self, s: &ScalarArrayOpExpr, scope: &Scope) -> PgResult<CExpr> {
        let [scalar, array] = &s.args;
        let elem = self.elem_type(array.typ())?;
        let func = self.op_func(s.opno, s.opfuncid)?;
        let call = self.function(func, &[scalar.typ(), elem], type_oid::BOOL, s.inputcollid)?;
        let mut node = SaopNode {
            call,
            use_or: s.use_or,
            scalar: self.compile(scalar, scope)?,
            array: self.compile(array, scope)?,
            table: None,
        };
        if let CExpr::Const(value) = &node.array {
            let op = self.catalog.lookup_operator(s.opno)?;
            let value = value.clone();
            let equal = match op {
                Some(op) if s.use_or && op.can_hash => Some((op, false)),
                Some(op) if !s.use_or && op.negator.is_valid() => {
                    let negator = self.catalog.get_operator(op.negator)?;
                    negator.can_hash.then_some((negator, true))
                }
                _ => None,
            };
            let left = HashKind::of_type(self.catalog, scalar.typ(), s.inputcollid)?;
            let right = HashKind::of_type(self.catalog, elem, s.inputcollid)?;
            if let (Some((op, negated)), true) = (equal, left == right) {
                let equal =
                    self.function(op.code, &[scalar.typ(), elem], type_oid::BOOL, s.inputcollid)?;
                node.table = saop::SaopTable::build(&value, left, equal, negated, self.session)?;
            }
        }
        Ok(CExpr::Saop(Box::new(node)))
    }

    /// Element type of an array type.
    pub(crate) fn elem_type(&self, array: Oid) -> PgResult<Oid> {
        let typ = self.catalog.get_type(crate::hash::base_type(self.catalog, array)?)?;
        Ok(if typ.elem.is_valid() { typ.elem } else { type_oid::ANYELEMENT })
    }

    fn array_expr(&mut self, expr: &Expr, scope: &Scope) -> PgResult<CExpr> {
        Ok(match expr {
            Expr::ArrayExpr(a) => CExpr::Array(Box::new(ArrayBuild {
                elem_type: a.element_typeid,
                multidims: a.multidims,
                elements: self.compile_all(&a.elements, scope)?,
            })),
            Expr::ArrayCoerceExpr(a) => {
                let arg = self.compile(&a.arg, scope)?;
                let slot = self.new_case_slot();
                let elem = self.with_case_value(slot, |c| c.compile(&a.elemexpr, scope))?;
                let plain = matches!(elem, CExpr::CaseValue(s) if s == slot);
                let elem_type = self.elem_type(a.resulttype)?;
                CExpr::ArrayCoerce(Box::new(ArrayCoerceNode {
                    arg,
                    slot,
                    elem: (!plain).then_some(elem),
                    elem_type,
                }))
            }
            Expr::SubscriptingRef(s) => self.subscripting_ref(s, scope)?,
            _ => return Err(PgError::internal("not an array expression")),
        })
    }

    fn subscripting_ref(&mut self, s: &SubscriptingRef, scope: &Scope) -> PgResult<CExpr> {
        let container = self.compile(&s.refexpr, scope)?;
        let mut subscripts = |list: &[Option<Expr>]| -> PgResult<Box<[Option<CExpr>]>> {
            list.iter().map(|e| e.as_ref().map(|e| self.compile(e, scope)).transpose()).collect()
        };
        let upper = subscripts(&s.refupperindexpr)?;
        let lower = subscripts(&s.reflowerindexpr)?;
        let assign = match &s.refassgnexpr {
            Some(value) => {
                let slot = self.new_case_slot();
                Some((self.with_case_value(slot, |c| c.compile(value, scope))?, slot))
            }
            None => None,
        };
        let jsonb = if s.refcontainertype == type_oid::JSONB {
            let path = [type_oid::JSONB, type_oid::TEXT_ARRAY];
            let mut fetch = self.function(Oid(3217), &path, type_oid::JSONB, Oid::INVALID)?;
            fetch.site.variadic = true;
            Some(JsonbSubscripts {
                fetch,
                types: s
                    .refupperindexpr
                    .iter()
                    .map(|e| e.as_ref().map_or(type_oid::TEXT, Expr::typ))
                    .collect(),
            })
        } else {
            None
        };
        Ok(CExpr::Subscript(Box::new(SubscriptNode {
            container,
            elem_type: s.refelemtype,
            upper,
            lower,
            assign,
            jsonb,
            fixed: super::fixed_array::is_fixed(s.refcontainertype),
        })))
    }

    /// The live columns of a composite type, and the attribute number of each.
    pub(crate) fn composite_desc(&self, typ: Oid) -> PgResult<(RecordDesc, Vec<i16>)> {
        let base = crate::hash::base_type(self.catalog, typ)?;
        let row = self.catalog.get_type(base)?;
        let Some(relid) = row.relid.valid() else {
            return Err(PgError::internal(format!("type {typ} is not composite")));
        };
        let rel = self.catalog.get_relation(relid)?;
        let mut fields = Vec::new();
        let mut numbers = Vec::new();
        for attr in rel.attrs.iter().filter(|a| !a.dropped) {
            fields.push(RecordField {
                name: attr.name.clone(),
                typ: attr.typ,
                typmod: attr.typmod,
            });
            numbers.push(attr.num);
        }
        Ok((RecordDesc { type_id: base, fields }, numbers))
    }

    /// Position among a record's values of the field that an attribute number names.
    fn field_position(&self, typ: Oid, fieldnum: i16) -> PgResult<u16> {
        if typ != type_oid::RECORD {
            let base = crate::hash::base_type(self.catalog, typ)?;
            if self.catalog.lookup_type(base)?.is_some_and(|t| t.relid.is_valid()) {
                let (_, numbers) = self.composite_desc(base)?;
                return match numbers.iter().position(|n| *n == fieldnum) {
                    Some(at) => Ok(at as u16),
                    None => Err(err!(
                        UNDEFINED_COLUMN,
                        "attribute {fieldnum} of type {} has been dropped",
                        self.catalog.format_type(typ, None)?
                    )),
                };
            }
        }
        Ok(fieldnum as u16 - 1)
    }

    fn row_expr(&mut self, expr: &Expr, scope: &Scope) -> PgResult<CExpr> {
        Ok(match expr {
            Expr::RowExpr(r) => {
                let args = self.compile_all(&r.args, scope)?;
                let desc = if r.row_typeid == type_oid::RECORD {
                    let fields = r.args.iter().enumerate().map(|(n, arg)| RecordField {
                        name: r
                            .colnames
                            .get(n)
                            .filter(|c| !c.is_empty())
                            .cloned()
                            .unwrap_or_else(|| format!("f{}", n + 1)),
                        typ: arg.typ(),
                        typmod: arg.typmod(),
                    });
                    RecordDesc { type_id: type_oid::RECORD, fields: fields.collect() }
                } else {
                    self.composite_desc(r.row_typeid)?.0
                };
                // A named type's ROW may carry NULLs for dropped columns: they are no fields.
                let args = match r.row_typeid == type_oid::RECORD || args.len() == desc.fields.len()
                {
                    true => args,
                    false => self.live_args(r, args)?,
                };
                CExpr::Row(Box::new(RowBuild { desc: Arc::new(desc), args }))
            }
            Expr::RowCompareExpr(r) => self.row_compare(r, scope)?,
            Expr::FieldSelect(f) => {
                let at = self.field_position(f.arg.typ(), f.fieldnum)?;
                CExpr::Field(Box::new(self.compile(&f.arg, scope)?), at)
            }
            Expr::FieldStore(f) => {
                let (desc, _) = self.composite_desc(f.resulttype)?;
                let arg = self.compile(&f.arg, scope)?;
                let mut stores = Vec::new();
                for (value, num) in f.newvals.iter().zip(&f.fieldnums) {
                    let at = self.field_position(f.resulttype, *num)?;
                    let slot = self.new_case_slot();
                    let value = self.with_case_value(slot, |c| c.compile(value, scope))?;
                    stores.push((at, value, slot));
                }
                let desc = Arc::new(desc);
                CExpr::FieldStore(Box::new(FieldStoreNode { arg, desc, stores: stores.into() }))
            }
            Expr::ConvertRowtypeExpr(c) => {
                let arg = self.compile(&c.arg, scope)?;
                let desc = Arc::new(self.composite_desc(c.resulttype)?.0);
                CExpr::ConvertRow(Box::new(RowConvert { arg, desc }))
            }
            _ => return Err(PgError::internal("not a row expression")),
        })
    }

    fn live_args(&self, r: &RowExpr, args: Box<[CExpr]>) -> PgResult<Box<[CExpr]>> {
        let (_, numbers) = self.composite_desc(r.row_typeid)?;
        let live = |n: usize| numbers.contains(&(n as i16 + 1));
        let mut kept: Vec<CExpr> = args
            .into_vec()
            .into_iter()
            .enumerate()
            .filter(|(n, _)| live(*n))
            .map(|(_, e)| e)
            .collect();
        while kept.len() < numbers.len() {
            kept.push(CExpr::Const(Datum::Null));
        }
        Ok(kept.into())
    }

    fn row_compare(&mut self, r: &RowCompareExpr, scope: &Scope) -> PgResult<CExpr> {
        let mut columns = Vec::with_capacity(r.opnos.len());
        for n in 0..r.opnos.len() {
            let op = self.catalog.get_operator(r.opnos[n])?;
            let compare = self.catalog.opfamily_proc(r.opfamilies[n], op.left, op.right, 1)?;
            if !compare.is_valid() {
                return Err(PgError::internal(format!(
                    "missing support function 1({},{}) in opfamily {}",
                    op.left, op.right, r.opfamilies[n]
                )));
            }
            let call =
                self.function(compare, &[op.left, op.right], type_oid::INT4, r.inputcollids[n])?;
            columns.push((
                self.compile(&r.largs[n], scope)?,
                self.compile(&r.rargs[n], scope)?,
                call,
            ));
        }
        Ok(CExpr::RowCompare(Box::new(RowCompareNode {
            cmptype: r.cmptype,
            columns: columns.into(),
        })))
    }

    fn subplan(&mut self, s: &SubPlan, scope: &Scope) -> PgResult<CExpr> {
        Ok(CExpr::Subplan(Box::new(SubplanNode::compile(self, s, scope)?)))
    }

    /// The default collation-less field description of an expression list.
    pub(crate) fn fields_of(list: &[TargetEntry]) -> Vec<RecordField> {
        list.iter()
            .filter(|te| !te.resjunk)
            .map(|te| RecordField {
                name: te.resname.clone().unwrap_or_else(|| "?column?".into()),
                typ: te.expr.typ(),
                typmod: te.expr.typmod(),
            })
            .collect()
    }
}

/// A call with the cheapest form that its body allows.
fn call_expr(call: FnCall, args: Box<[CExpr]>) -> CExpr {
    if let Some(f) = call.as_fast2() {
        let mut args = args.into_vec().into_iter();
        if let (Some(a), Some(b)) = (args.next(), args.next()) {
            return CExpr::Fast2(f, Box::new((a, b)), Kernel::of(&call.info.prosrc));
        }
        return CExpr::Const(Datum::Null);
    }
    if let Some(f) = call.as_fast1() {
        if let Some(a) = args.into_vec().pop() {
            return CExpr::Fast1(f, Box::new(a));
        }
        return CExpr::Const(Datum::Null);
    }
    CExpr::Call(Box::new(CallNode { call, args }))
}

fn same_aggregate(a: &Expr, b: &Expr) -> bool {
    a.equals(b)
}
