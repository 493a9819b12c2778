//! Calls of set-returning functions.
use crate::{
    Cx,
    batch::Rows,
    expr::{CExpr, ExprCompiler, FnCall, Scope},
};
use error::{PgResult, err};
use fmgr::{CallContext, CallSite, RowSource};
use nodes::Expr;
use smallvec::SmallVec;
use std::sync::Arc;
use types::{Datum, Oid, RecordDesc, RecordField, RecordValue, type_oid};

/// What a function's rows look like.
#[derive(Clone)]
pub(crate) enum SetShape {
    /// One value a row.
    Scalar,
    /// Several columns, known beforehand.
    Row(Arc<RecordDesc>),
    /// `record` without a known row type.
    Record,
}

/// A function called for a set of rows, or any expression called for one.
pub(crate) struct SetCall {
    call: Option<FnCall>,
    args: Box<[CExpr]>,
    /// In place of a call: an expression that is no function call (its value is the only row).
    scalar: Option<CExpr>,
    pub(crate) shape: SetShape,
    returns_set: bool,
}

impl SetCall {
    /// `columns` is the column definition list of a `record` function.
    pub(crate) fn compile(
        c: &mut ExprCompiler<'_>,
        expr: &Expr,
        scope: &Scope,
        columns: Option<RecordDesc>,
    ) -> PgResult<Self> {
        let (func, args, result, collation, variadic, set) = match expr {
            Expr::FuncExpr(f) => {
                (f.funcid, &f.args, f.funcresulttype, f.inputcollid, f.funcvariadic, f.funcretset)
            }
            Expr::OpExpr(o) if o.opretset => {
                let func = match o.opfuncid.valid() {
                    Some(oid) => oid,
                    None => c.catalog.get_operator(o.opno)?.code,
                };
                (func, &o.args, o.opresulttype, o.inputcollid, false, true)
            }
            other => {
                let shape = shape_of(c, None, other.typ(), columns.as_ref())?;
                let scalar = Some(c.compile(other, scope)?);
                return Ok(SetCall {
                    call: None,
                    args: Box::new([]),
                    scalar,
                    shape,
                    returns_set: false,
                });
            }
        };
        let shape = shape_of(c, Some(func), result, columns.as_ref())?;
        let column_types = match &shape {
            SetShape::Row(desc) if columns.is_some() => desc.fields.iter().map(|f| f.typ).collect(),
            _ => Vec::new(),
        };
        let site = CallSite {
            collation,
            arg_types: args.iter().map(Expr::typ).collect(),
            ret_type: result,
            ret_typmod: -1,
            variadic,
            column_types,
            columns: match &shape {
                SetShape::Row(desc) if columns.is_some() => Some(desc.clone()),
                _ => None,
            },
            ..CallSite::default()
        };
        let call = c.function_at(func, site)?;
        let args = c.compile_all(args, scope)?;
        Ok(SetCall { call: Some(call), args, scalar: None, shape, returns_set: set })
    }

    /// Starts the call for a row.
    pub(crate) fn start(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<RunningSet> {
        let Some(call) = &self.call else {
            let value = match &self.scalar {
                Some(expr) => expr.eval(rows, cx)?,
                None => Datum::Null,
            };
            return Ok(RunningSet { source: None, single: Some(value) });
        };
        let mut args: SmallVec<[Datum; 4]> = SmallVec::new();
        for arg in &self.args {
            args.push(arg.eval(rows, cx)?);
        }
        if !self.returns_set {
            let value = call.call(cx, &mut args)?;
            return Ok(RunningSet { source: None, single: Some(value) });
        }
        let mut cache = cx.es.fn_caches[call.cache as usize].take();
        let mut context = CallContext {
            session: cx.session,
            site: &call.site,
            cache: &mut cache,
            in_aggregate: false,
        };
        let source = call.info.call_set(&mut context, &mut args);
        cx.es.fn_caches[call.cache as usize] = cache;
        Ok(RunningSet { source: Some(source?), single: None })
    }

    /// The next row as columns; false at the end. A NULL composite is a row of NULLs.
    pub(crate) fn next_row(
        &self,
        running: &mut RunningSet,
        cx: &mut Cx<'_>,
        row: &mut Vec<Datum>,
    ) -> PgResult<bool> {
        row.clear();
        if let Some(value) = running.single.take() {
            row.push(value);
            running.source = None;
        } else {
            let (Some(source), Some(call)) = (&mut running.source, &self.call) else {
                return Ok(false);
            };
            let mut cache = cx.es.fn_caches[call.cache as usize].take();
            let mut context = CallContext {
                session: cx.session,
                site: &call.site,
                cache: &mut cache,
                in_aggregate: false,
            };
            let more = source.next(&mut context, row);
            cx.es.fn_caches[call.cache as usize] = cache;
            if !more? {
                running.source = None;
                return Ok(false);
            }
        }
        match &self.shape {
            SetShape::Scalar => Ok(true),
            SetShape::Row(desc) => expand(row, desc.fields.len()),
            SetShape::Record => expand(row, 0),
        }
    }

    /// The next row as one value (a record if it has columns).
    pub(crate) fn next_value(
        &self,
        running: &mut RunningSet,
        cx: &mut Cx<'_>,
        row: &mut Vec<Datum>,
    ) -> PgResult<Option<Datum>> {
        let columns = running.source.as_ref().and_then(|s| s.columns());
        if !self.next_row(running, cx, row)? {
            return Ok(None);
        }
        let desc = match (&self.shape, columns) {
            (SetShape::Scalar, _) => return Ok(row.pop()),
            (SetShape::Row(desc), _) => desc.clone(),
            (SetShape::Record, Some(columns)) => Arc::new(RecordDesc {
                type_id: type_oid::RECORD,
                fields: columns
                    .into_iter()
                    .map(|(name, typ)| RecordField { name, typ, typmod: -1 })
                    .collect(),
            }),
            (SetShape::Record, None) => {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "function returning record called in context that cannot accept type record"
                ));
            }
        };
        Ok(Some(Datum::Record(Arc::new(RecordValue { desc, fields: std::mem::take(row) }))))
    }
}

/// Spreads a single record value over columns.
fn expand(row: &mut Vec<Datum>, width: usize) -> PgResult<bool> {
    if row.len() == 1 {
        match &row[0] {
            Datum::Record(record) if width != 1 || record.fields.len() == 1 => {
                let fields = record.fields.clone();
                *row = fields;
            }
            Datum::Null if width > 1 => row.resize(width, Datum::Null),
            _ => {}
        }
    }
    if width > 0 && row.len() != width {
        return Err(err!(
            DATATYPE_MISMATCH,
            "function return row and query-specified return row do not match"
        )
        .detail(format!(
            "Returned row contains {} attribute{}, but query expects {width}.",
            row.len(),
            if row.len() == 1 { "" } else { "s" }
        )));
    }
    Ok(true)
}

/// The shape of what a function returns.
fn shape_of(
    c: &ExprCompiler<'_>,
    func: Option<Oid>,
    result: Oid,
    columns: Option<&RecordDesc>,
) -> PgResult<SetShape> {
    if let Some(columns) = columns {
        return Ok(SetShape::Row(Arc::new(columns.clone())));
    }
    if result == type_oid::RECORD {
        let Some(func) = func else { return Ok(SetShape::Record) };
        let row = c.catalog.get_proc(func)?;
        let out: Vec<RecordField> = row
            .allargtypes
            .iter()
            .enumerate()
            .filter(|(n, _)| matches!(row.argmodes.get(*n), Some('o' | 'b' | 't')))
            .enumerate()
            .map(|(position, (n, typ))| RecordField {
                name: row
                    .argnames
                    .get(n)
                    .filter(|name| !name.is_empty())
                    .cloned()
                    .unwrap_or_else(|| format!("column{}", position + 1)),
                typ: *typ,
                typmod: -1,
            })
            .collect();
        return Ok(match out.is_empty() {
            true => SetShape::Record,
            false => SetShape::Row(Arc::new(RecordDesc { type_id: type_oid::RECORD, fields: out })),
        });
    }
    let base = crate::hash::base_type(c.catalog, result)?;
    if base >= Oid(10000) && c.catalog.get_type(base)?.relid.is_valid() {
        return Ok(SetShape::Row(Arc::new(c.composite_desc(base)?.0)));
    }
    Ok(SetShape::Scalar)
}

/// A call that is yielding rows.
pub(crate) struct RunningSet {
    source: Option<Box<dyn RowSource>>,
    single: Option<Datum>,
}
