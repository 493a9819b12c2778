//! JSON as values of SQL types: the …_populate_record and …_to_record families, and the results of
//! SQL/JSON query functions.
use super::{
    doc::{Doc, Kind},
    view,
};
use crate::io::check_domain;
use crate::system::session_catalog;
use catalog::{Catalog, CatalogRead};
use error::{PgResult, bail, check_stack_depth, err};
use fmgr::{CallContext, FnContext, Registry, RowSource, VecRowSource};
use std::sync::Arc;
use types::{
    ArrayDim, ArrayValue, Datum, Oid, RecordDesc, RecordField, RecordValue, json, jsonb::Jsonb,
    type_oid as t,
};

/// A JSON value to be converted.
#[derive(Clone, Copy)]
enum Value<'a> {
    Json(&'a Doc, &'a str),
    Jsonb(Jsonb<'a>),
    /// A whole jsonb value, which keeps its quotes and null as text.
    Whole(Jsonb<'a>),
}

impl<'a> Value<'a> {
    fn is_null(&self) -> bool {
        match self {
            Value::Json(doc, _) => matches!(doc.kind, Kind::Null),
            Value::Jsonb(v) => matches!(v, Jsonb::Null),
            Value::Whole(_) => false,
        }
    }

    fn is_string(&self) -> bool {
        match self {
            Value::Json(doc, _) => matches!(doc.kind, Kind::String(_)),
            Value::Jsonb(v) => matches!(v, Jsonb::String(_)),
            Value::Whole(_) => false,
        }
    }

    /// The elements of an array.
    fn elements(&self) -> Option<Vec<Value<'a>>> {
        match self {
            Value::Json(doc, source) => match &doc.kind {
                Kind::Array(elems) => Some(elems.iter().map(|e| Value::Json(e, source)).collect()),
                _ => None,
            },
            Value::Jsonb(Jsonb::Array(a)) | Value::Whole(Jsonb::Array(a)) => {
                Some(a.iter().map(Value::Jsonb).collect())
            }
            _ => None,
        }
    }

    fn is_array(&self) -> bool {
        match self {
            Value::Json(doc, _) => matches!(doc.kind, Kind::Array(_)),
            Value::Jsonb(v) | Value::Whole(v) => matches!(v, Jsonb::Array(_)),
        }
    }

    fn is_object(&self) -> bool {
        match self {
            Value::Json(doc, _) => matches!(doc.kind, Kind::Object(_)),
            Value::Jsonb(v) | Value::Whole(v) => matches!(v, Jsonb::Object(_)),
        }
    }

    fn is_empty_object(&self) -> bool {
        match self {
            Value::Json(doc, _) => matches!(&doc.kind, Kind::Object(m) if m.is_empty()),
            Value::Jsonb(v) | Value::Whole(v) => {
                matches!(v, Jsonb::Object(o) if o.is_empty())
            }
        }
    }

    fn member(&self, key: &str) -> Option<Value<'a>> {
        match self {
            Value::Json(doc, source) => doc.member(key).map(|d| Value::Json(d, source)),
            Value::Jsonb(Jsonb::Object(o)) | Value::Whole(Jsonb::Object(o)) => {
                o.get(key).map(Value::Jsonb)
            }
            _ => None,
        }
    }

    /// The text that a scalar type's input function gets.
    fn text(&self, typ: Oid, omit_quotes: bool) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Value::Json(doc, source) => match &doc.kind {
                Kind::String(text) if matches!(typ, t::JSON | t::JSONB) => {
                    json::escape(text, &mut out);
                }
                Kind::String(text) => out.extend_from_slice(text.as_bytes()),
                _ => out.extend_from_slice(doc.source(source).as_bytes()),
            },
            Value::Jsonb(Jsonb::String(text))
                if omit_quotes || !matches!(typ, t::JSON | t::JSONB) =>
            {
                out.extend_from_slice(text.as_bytes());
            }
            Value::Jsonb(v) | Value::Whole(v) => v.output(&mut out),
        }
        out
    }
}

/// What converts.
pub(crate) struct Populate<'s> {
    session: &'s dyn FnContext,
    catalog: &'s Catalog,
}

/// An array being filled.
struct ArrayFill<'c> {
    column: Option<&'c str>,
    elem_type: Oid,
    elem_typmod: i32,
    /// 0 until the innermost dimension was met.
    ndims: usize,
    /// Lengths, -1 while unknown.
    dims: Vec<i32>,
    /// Elements of each dimension so far.
    sizes: Vec<i32>,
    elems: Vec<Datum>,
}

impl<'s> Populate<'s> {
    pub(crate) fn new(session: &'s dyn FnContext) -> PgResult<Self> {
        Ok(Populate { session, catalog: session_catalog(session)? })
    }

    /// A whole jsonb value (or NULL) as a value of a type.
    pub(crate) fn whole(
        &self,
        value: &Datum,
        typ: Oid,
        typmod: i32,
        omit_quotes: bool,
    ) -> PgResult<Datum> {
        if value.is_null() {
            return self.field(typ, typmod, None, &Datum::Null, None, omit_quotes);
        }
        let whole = view(value);
        if !omit_quotes {
            let value = Value::Whole(whole);
            return self.field(typ, typmod, None, &Datum::Null, Some(value), false);
        }
        let mut text = Vec::new();
        match whole {
            Jsonb::String(s) => text.extend_from_slice(s.as_bytes()),
            other => other.output(&mut text),
        }
        let text = String::from_utf8_lossy(&text);
        let value = Value::Jsonb(Jsonb::String(&text));
        self.field(typ, typmod, None, &Datum::Null, Some(value), true)
    }

    fn field(
        &self,
        typ: Oid,
        typmod: i32,
        column: Option<&str>,
        default: &Datum,
        value: Option<Value<'_>>,
        omit_quotes: bool,
    ) -> PgResult<Datum> {
        check_stack_depth()?;
        let row = self.catalog.get_type(typ)?;
        let value = value.filter(|v| !v.is_null());
        if row.typtype == 'd' {
            let base = self.catalog.get_type(row.basetype)?;
            let base_typmod = if row.typmod >= 0 { row.typmod } else { typmod };
            let as_text = base.typtype == 'c' && value.is_some_and(|v| v.is_string());
            if as_text {
                return self.scalar(typ, typmod, value, omit_quotes);
            }
            let inner =
                self.field(row.basetype, base_typmod, column, default, value, omit_quotes)?;
            return check_domain(self.session, typ, inner);
        }
        let Some(value) = value else { return Ok(Datum::Null) };
        if !value.is_string() {
            if row.is_array() {
                return self.array(row.elem, typmod, column, value);
            }
            if row.typtype == 'c' || typ == t::RECORD {
                let default = match default {
                    Datum::Record(r) => Some(r.as_ref()),
                    _ => None,
                };
                return self.composite(&self.desc(typ)?, default, value);
            }
        }
        self.scalar(typ, typmod, Some(value), omit_quotes)
    }

    fn scalar(
        &self,
        typ: Oid,
        typmod: i32,
        value: Option<Value<'_>>,
        omit_quotes: bool,
    ) -> PgResult<Datum> {
        let Some(value) = value else { return Ok(Datum::Null) };
        if let (t::JSONB, Value::Jsonb(v) | Value::Whole(v)) = (typ, &value) {
            if !(omit_quotes && matches!(v, Jsonb::String(_))) {
                return v.encode().map(Datum::Bytes);
            }
        }
        let text = value.text(typ, omit_quotes);
        self.session.type_input(typ, typmod, &String::from_utf8_lossy(&text))
    }

    /// The row type of a composite type.
    fn desc(&self, typ: Oid) -> PgResult<Arc<RecordDesc>> {
        if typ == t::RECORD {
            bail!(WRONG_OBJECT_TYPE, "record type has not been registered");
        }
        let mut row = self.catalog.get_type(typ)?;
        while row.typtype == 'd' {
            row = self.catalog.get_type(row.basetype)?;
        }
        let rel = self.catalog.get_relation(row.relid)?;
        let fields = rel
            .attrs
            .iter()
            .filter(|a| !a.dropped)
            .map(|a| RecordField { name: a.name.clone(), typ: a.typ, typmod: a.typmod })
            .collect();
        Ok(Arc::new(RecordDesc { type_id: row.oid, fields }))
    }

    fn composite(
        &self,
        desc: &Arc<RecordDesc>,
        default: Option<&RecordValue>,
        value: Value<'_>,
    ) -> PgResult<Datum> {
        if !value.is_object() {
            let what = if value.is_array() { "an array" } else { "a scalar" };
            bail!(INVALID_PARAMETER_VALUE, "cannot call populate_composite on {what}");
        }
        let fields = self.record(desc, default, value)?;
        Ok(Datum::Record(Arc::new(RecordValue { desc: desc.clone(), fields })))
    }

    /// The fields of a row from an object.
    fn record(
        &self,
        desc: &RecordDesc,
        default: Option<&RecordValue>,
        object: Value<'_>,
    ) -> PgResult<Vec<Datum>> {
        if let Some(default) = default.filter(|_| object.is_empty_object()) {
            return Ok(default.fields.clone());
        }
        let mut fields = Vec::with_capacity(desc.fields.len());
        for (i, field) in desc.fields.iter().enumerate() {
            let own = default.and_then(|d| d.fields.get(i));
            let found = object.member(&field.name);
            fields.push(match (found, own) {
                (None, Some(own)) => own.clone(),
                (found, own) => {
                    let own = own.unwrap_or(&Datum::Null);
                    self.field(field.typ, field.typmod, Some(&field.name), own, found, false)?
                }
            });
        }
        Ok(fields)
    }

    fn array(
        &self,
        elem_type: Oid,
        elem_typmod: i32,
        column: Option<&str>,
        value: Value<'_>,
    ) -> PgResult<Datum> {
        let mut fill = ArrayFill {
            column,
            elem_type,
            elem_typmod,
            ndims: 0,
            dims: Vec::new(),
            sizes: vec![0],
            elems: Vec::new(),
        };
        self.dimension(&mut fill, value, 1)?;
        if fill.elems.is_empty() {
            return Ok(Datum::Array(Arc::new(ArrayValue::empty(elem_type))));
        }
        fill.dims[0] = fill.sizes[0];
        if fill.ndims > 6 {
            bail!(
                PROGRAM_LIMIT_EXCEEDED,
                "number of array dimensions ({}) exceeds the maximum allowed (6)",
                fill.ndims
            );
        }
        let dims = fill.dims.iter().map(|len| ArrayDim { len: *len, lower: 1 }).collect();
        Ok(Datum::Array(Arc::new(ArrayValue { elem_type, dims, elems: fill.elems })))
    }

    /// One dimension; `level` counts from 1.
    fn dimension(&self, fill: &mut ArrayFill<'_>, value: Value<'_>, level: usize) -> PgResult<()> {
        check_stack_depth()?;
        let Some(elements) = value.elements() else { return Err(fill.expected_array(level - 1)) };
        if fill.sizes.len() < level {
            fill.sizes.push(0);
        }
        // An empty array or one whose first element is none is the innermost dimension.
        if fill.ndims == 0 && !elements.first().is_some_and(Value::is_array) {
            fill.ndims = level;
            fill.dims = vec![-1; level];
        }
        for element in elements {
            if fill.ndims > 0 && level >= fill.ndims {
                let value = self.field(
                    fill.elem_type,
                    fill.elem_typmod,
                    None,
                    &Datum::Null,
                    Some(element),
                    false,
                )?;
                fill.elems.push(value);
                fill.sizes[level - 1] += 1;
            } else {
                self.dimension(fill, element, level + 1)?;
                fill.close(level)?;
            }
        }
        Ok(())
    }
}

impl ArrayFill<'_> {
    /// Ends a sub-array of dimension `n` (from 0).
    fn close(&mut self, n: usize) -> PgResult<()> {
        let size = std::mem::take(&mut self.sizes[n]);
        if self.dims[n] == -1 {
            self.dims[n] = size;
        } else if self.dims[n] != size {
            return Err(err!(INVALID_TEXT_REPRESENTATION, "malformed JSON array")
                .detail("Multidimensional arrays must have sub-arrays with matching dimensions."));
        }
        self.sizes[n - 1] += 1;
        Ok(())
    }

    #[cold]
    fn expected_array(&self, ndim: usize) -> error::PgError {
        let e = err!(INVALID_TEXT_REPRESENTATION, "expected JSON array");
        let indices: String = self.sizes[..ndim].iter().map(|n| format!("[{n}]")).collect();
        match (ndim, self.column) {
            (0, None) => e,
            (0, Some(column)) => e.hint(format!("See the value of key \"{column}\".")),
            (_, None) => e.hint(format!("See the array element {indices}.")),
            (_, Some(column)) => {
                e.hint(format!("See the array element {indices} of key \"{column}\"."))
            }
        }
    }
}

/// The row type asked for, with the row given and the type that names it.
struct Target {
    desc: Arc<RecordDesc>,
    base: Option<Arc<RecordValue>>,
    /// A domain over the row type.
    domain: Option<Oid>,
}

fn unknown_row_type(function: &str) -> error::PgError {
    err!(FEATURE_NOT_SUPPORTED, "could not determine row type for result of {function}").hint(
        "Provide a non-null record argument, or call the function in the FROM clause using a column \
         definition list.",
    )
}

fn target(
    cx: &CallContext<'_>,
    p: &Populate<'_>,
    base: Option<&Datum>,
    function: &str,
) -> PgResult<Target> {
    let asked = || cx.site.columns.clone().ok_or_else(|| unknown_row_type(function));
    let Some(base) = base else {
        return Ok(Target { desc: asked()?, base: None, domain: None });
    };
    let typ = cx.arg_type(0);
    let row = p.catalog.get_type(typ)?;
    let mut inner = row.clone();
    while inner.typtype == 'd' {
        inner = p.catalog.get_type(inner.basetype)?;
    }
    if inner.typtype != 'c' && typ != t::RECORD {
        bail!(DATATYPE_MISMATCH, "first argument of {function} must be a row type");
    }
    let domain = (row.typtype == 'd').then_some(typ);
    let base = match base {
        Datum::Record(record) => Some(record.clone()),
        _ => None,
    };
    let desc = match (&base, typ) {
        (Some(record), t::RECORD) => {
            if let Some(asked) = &cx.site.columns {
                check_columns(p, &record.desc, asked)?;
            }
            record.desc.clone()
        }
        (None, t::RECORD) => asked()?,
        _ => p.desc(typ)?,
    };
    Ok(Target { desc, base, domain })
}

fn one(
    cx: &mut CallContext<'_>,
    a: &[Datum],
    function: &str,
    has_base: bool,
    is_json: bool,
) -> PgResult<Datum> {
    let p = Populate::new(cx.session)?;
    let (base, value) = if has_base { (Some(&a[0]), &a[1]) } else { (None, &a[0]) };
    let target = target(cx, &p, base, function)?;
    if value.is_null() {
        return Ok(target.base.map_or(Datum::Null, Datum::Record));
    }
    let doc;
    let value = if is_json {
        doc = Doc::parse(value.as_str())?;
        Value::Json(&doc, value.as_str())
    } else {
        Value::Jsonb(view(value))
    };
    let row = p.composite(&target.desc, target.base.as_deref(), value)?;
    match target.domain {
        Some(domain) => check_domain(cx.session, domain, row),
        None => Ok(row),
    }
}

fn many(
    cx: &mut CallContext<'_>,
    a: &[Datum],
    function: &str,
    has_base: bool,
    is_json: bool,
) -> PgResult<Box<dyn RowSource>> {
    let p = Populate::new(cx.session)?;
    let (base, value) = if has_base { (Some(&a[0]), &a[1]) } else { (None, &a[0]) };
    let target = target(cx, &p, base, function)?;
    if value.is_null() {
        return Ok(VecRowSource::boxed(Vec::new()));
    }
    let doc;
    let value = if is_json {
        doc = Doc::parse(value.as_str())?;
        Value::Json(&doc, value.as_str())
    } else {
        Value::Jsonb(view(value))
    };
    let Some(elements) = value.elements() else {
        let what = match is_json {
            false => "a non-array",
            true if value.is_object() => "an object",
            true => "a scalar",
        };
        bail!(INVALID_PARAMETER_VALUE, "cannot call {function} on {what}");
    };
    let mut rows = Vec::with_capacity(elements.len());
    for element in elements {
        if !element.is_object() {
            bail!(INVALID_PARAMETER_VALUE, "argument of {function} must be an array of objects");
        }
        let fields = p.record(&target.desc, target.base.as_deref(), element)?;
        if let Some(domain) = target.domain {
            let record = RecordValue { desc: target.desc.clone(), fields: fields.clone() };
            check_domain(cx.session, domain, Datum::Record(Arc::new(record)))?;
        }
        rows.push(fields);
    }
    Ok(Box::new(Records { rows: rows.into_iter(), desc: target.desc }))
}

/// Finished rows that know their columns.
struct Records {
    rows: std::vec::IntoIter<Vec<Datum>>,
    desc: Arc<RecordDesc>,
}

impl RowSource for Records {
    fn next(&mut self, _cx: &mut CallContext<'_>, row: &mut Vec<Datum>) -> PgResult<bool> {
        match self.rows.next() {
            Some(next) => {
                row.extend(next);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn columns(&self) -> Option<Vec<(String, Oid)>> {
        Some(self.desc.fields.iter().map(|f| (f.name.clone(), f.typ)).collect())
    }
}

/// A row given as `record` must fit the column definition list.
fn check_columns(p: &Populate<'_>, own: &RecordDesc, asked: &RecordDesc) -> PgResult<()> {
    let mismatch = || {
        err!(DATATYPE_MISMATCH, "function return row and query-specified return row do not match")
    };
    let (n, m) = (own.fields.len(), asked.fields.len());
    if n != m {
        let plural = if n == 1 { "" } else { "s" };
        return Err(mismatch().detail(format!(
            "Returned row contains {n} attribute{plural}, but query expects {m}."
        )));
    }
    for (i, (have, want)) in own.fields.iter().zip(&asked.fields).enumerate() {
        if have.typ != want.typ {
            return Err(mismatch().detail(format!(
                "Returned type {} at ordinal position {}, but query expects {}.",
                p.catalog.format_type(have.typ, None)?,
                i + 1,
                p.catalog.format_type(want.typ, None)?
            )));
        }
    }
    Ok(())
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("json_populate_record", |cx, a| one(cx, a, "json_populate_record", true, true));
    r.scalar("jsonb_populate_record", |cx, a| one(cx, a, "jsonb_populate_record", true, false));
    r.scalar("jsonb_populate_record_valid", |cx, a| {
        let result = one(cx, a, "jsonb_populate_record_valid", true, false);
        match error::PgError::split_soft(result)? {
            Ok(_) => Ok(Datum::Bool(true)),
            Err(_) => Ok(Datum::Bool(false)),
        }
    });
    r.scalar("json_to_record", |cx, a| one(cx, a, "json_to_record", false, true));
    r.scalar("jsonb_to_record", |cx, a| one(cx, a, "jsonb_to_record", false, false));
    r.set("json_populate_recordset", |cx, a| many(cx, a, "json_populate_recordset", true, true));
    r.set("jsonb_populate_recordset", |cx, a| many(cx, a, "jsonb_populate_recordset", true, false));
    r.set("json_to_recordset", |cx, a| many(cx, a, "json_to_recordset", false, true));
    r.set("jsonb_to_recordset", |cx, a| many(cx, a, "jsonb_to_recordset", false, false));
}
