//! RETURN in its forms, and what becomes of the value.
use super::{Flow, Run, value::shape_of_type};
use crate::{
    ast::{DatumDef, Expr, QuerySource},
    exec::{expr::in_query, query::Rows},
};
use catalog::RelationDesc;
use error::{PgError, PgResult, bail, err};
use std::sync::Arc;
use types::{Datum, Oid, RecordDesc, RecordField, RecordValue, type_oid};

const BATCH: i64 = 50;
/// No option of a cursor: the query's rows are those of a set.
const RETURN_QUERY: i32 = crate::host::RETURN_QUERY;

impl<'r> Run<'r> {
    pub(crate) fn return_value(
        &mut self,
        expr: Option<&'r Expr>,
        var: Option<usize>,
    ) -> PgResult<Flow> {
        if self.f.returns_set {
            return Ok(Flow::Return);
        }
        if let Some(var) = var {
            (self.value, self.value_type) = self.variable_value(var)?;
        } else if let Some(expr) = expr {
            let (value, typ, _) = self.eval(expr)?;
            (self.value, self.value_type) = (value, typ);
        } else {
            self.value = if self.f.procedure { Datum::Null } else { Datum::text("") };
            self.value_type = type_oid::VOID;
            return Ok(Flow::Return);
        }
        let not_row = !self.value.is_null() && !matches!(self.value, Datum::Record(_));
        if self.f.returns_tuple && not_row {
            bail!(
                DATATYPE_MISMATCH,
                "cannot return non-composite value from function returning composite type"
            );
        }
        Ok(Flow::Return)
    }

    /// A variable's value and type; a row of variables becomes a record.
    fn variable_value(&self, dno: usize) -> PgResult<(Datum, Oid)> {
        match self.f.datum(dno) {
            DatumDef::Row(row) => {
                let mut fields = Vec::new();
                let mut values = Vec::new();
                for (name, dno) in &row.fields {
                    let (value, typ) = self.variable_value(*dno)?;
                    let (_, typmod, _) = self.vars.type_of(self.f, *dno, None)?;
                    fields.push(RecordField { name: name.clone(), typ, typmod });
                    values.push(value);
                }
                let desc = Arc::new(RecordDesc { type_id: type_oid::RECORD, fields });
                let record = RecordValue { desc, fields: values };
                Ok((Datum::Record(Arc::new(record)), type_oid::RECORD))
            }
            _ => {
                let (typ, ..) = self.vars.type_of(self.f, dno, None)?;
                Ok((self.vars.get(self.f, dno, None)?, typ))
            }
        }
    }

    /// The value that a call for one value gives.
    pub(crate) fn finish_value(&mut self, column_types: &[Oid]) -> PgResult<Datum> {
        if self.f.returns_set {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "set-valued function called in context that cannot accept a set"
            );
        }
        let value = std::mem::take(&mut self.value);
        let wanted = &self.f.rettype;
        if wanted.oid == type_oid::VOID {
            return Ok(Datum::text(""));
        }
        if value.is_null() {
            return match wanted.domain {
                true => self.host.cast(value, self.value_type, wanted.oid, -1),
                false => Ok(value),
            };
        }
        if !self.f.returns_tuple {
            return self.host_cast(value, self.value_type, wanted.oid);
        }
        let Datum::Record(record) = value else {
            bail!(
                DATATYPE_MISMATCH,
                "cannot return non-composite value from function returning composite type"
            );
        };
        let value = match self.wanted_shape(column_types)? {
            Some(shape)
                if shape.type_id.is_valid()
                    && shape.type_id == record.desc.type_id
                    && shape.type_id != type_oid::RECORD =>
            {
                Datum::Record(record)
            }
            Some(shape) => {
                let message = "returned record type does not match expected record type";
                Datum::Record(Arc::new(self.converted(&record, &shape, message)?))
            }
            None => Datum::Record(record),
        };
        match wanted.domain {
            true => {
                let base = match &value {
                    Datum::Record(r) => r.desc.type_id,
                    _ => wanted.oid,
                };
                self.host.cast(value, base, wanted.oid, -1)
            }
            false => Ok(value),
        }
    }

    /// The row type that the result must have; none if any will do.
    fn wanted_shape(&self, column_types: &[Oid]) -> PgResult<Option<Arc<RecordDesc>>> {
        if self.f.rettype.oid != type_oid::RECORD {
            return shape_of_type(self.host.catalog(), self.f.rettype.oid).map(Some);
        }
        if let Some(DatumDef::Row(row)) = self.f.out.map(|dno| self.f.datum(dno)) {
            let mut fields = Vec::new();
            for (name, dno) in &row.fields {
                let (typ, typmod, _) = self.vars.type_of(self.f, *dno, None)?;
                fields.push(RecordField { name: name.clone(), typ, typmod });
            }
            let desc = RecordDesc { type_id: type_oid::RECORD, fields };
            return Ok(Some(Arc::new(desc)));
        }
        if column_types.is_empty() {
            return Ok(None);
        }
        let fields = column_types
            .iter()
            .enumerate()
            .map(|(n, typ)| RecordField { name: format!("column{}", n + 1), typ: *typ, typmod: -1 })
            .collect();
        Ok(Some(Arc::new(RecordDesc { type_id: type_oid::RECORD, fields })))
    }

    /// A record with another row type: by position, with casts; a mismatch is an error.
    fn converted(
        &self,
        record: &RecordValue,
        shape: &Arc<RecordDesc>,
        message: &str,
    ) -> PgResult<RecordValue> {
        self.check_columns(&record.desc, shape, message)?;
        let fields = self.convert_fields(record.fields.clone(), &record.desc, shape)?;
        Ok(RecordValue { desc: shape.clone(), fields })
    }

    fn check_columns(&self, have: &RecordDesc, want: &RecordDesc, message: &str) -> PgResult<()> {
        use catalog::CatalogRead;
        for (n, (h, w)) in have.fields.iter().zip(&want.fields).enumerate() {
            let differs =
                h.typ != w.typ || (h.typmod != w.typmod && h.typmod >= 0 && w.typmod >= 0);
            if differs {
                let catalog = self.host.catalog();
                let name = |f: &RecordField| catalog.format_type(f.typ, Some(f.typmod));
                return Err(err!(DATATYPE_MISMATCH, "{message}").detail(format!(
                    "Returned type {} does not match expected type {} in column \"{}\" (position {}).",
                    name(h)?,
                    name(w)?,
                    w.name,
                    n + 1
                )));
            }
        }
        if have.fields.len() != want.fields.len() {
            return Err(err!(DATATYPE_MISMATCH, "{message}").detail(format!(
                "Number of returned columns ({}) does not match expected column count ({}).",
                have.fields.len(),
                want.fields.len()
            )));
        }
        Ok(())
    }

    /// Before a call for a set: what its rows must look like.
    pub(crate) fn prepare_set(&mut self, column_types: &[Oid]) -> PgResult<()> {
        if self.f.returns_tuple {
            self.columns = self.wanted_shape(column_types)?;
        }
        Ok(())
    }

    fn add_record(&mut self, record: &RecordValue, message: &str) -> PgResult<()> {
        let row = match self.columns.clone() {
            Some(shape)
                if shape.type_id == record.desc.type_id && shape.type_id != type_oid::RECORD =>
            {
                record.fields.clone()
            }
            Some(shape) => {
                self.check_columns(&record.desc, &shape, message)?;
                record.fields.clone()
            }
            None => record.fields.clone(),
        };
        self.rows.push(row);
        Ok(())
    }

    pub(crate) fn return_next(
        &mut self,
        expr: Option<&'r Expr>,
        var: Option<usize>,
    ) -> PgResult<()> {
        let (value, typ) = match (var, expr) {
            (Some(var), _) => self.variable_value(var)?,
            (None, Some(expr)) => {
                let (value, typ, _) = self.eval(expr)?;
                (value, typ)
            }
            (None, None) => bail!(SYNTAX_ERROR, "RETURN NEXT must have a parameter"),
        };
        if !self.f.returns_tuple {
            let value = self.cast_result(value, typ)?;
            self.rows.push(vec![value]);
            return Ok(());
        }
        match value {
            Datum::Record(record) => {
                self.add_record(&record, "wrong record type supplied in RETURN NEXT")
            }
            Datum::Null => {
                // A NULL row is a row of NULLs.
                let width = match (&self.columns, var) {
                    (Some(shape), _) => shape.fields.len(),
                    (None, Some(var)) => {
                        self.vars.shape(self.f, var)?.map_or(0, |s| s.fields.len())
                    }
                    _ => 0,
                };
                if let (Some(var), true) = (var, width == 0)
                    && let DatumDef::Rec(v) = self.f.datum(var)
                {
                    return Err(super::value::not_assigned(&v.name));
                }
                self.rows.push(vec![Datum::Null; width]);
                Ok(())
            }
            _ if expr.is_some() => bail!(
                DATATYPE_MISMATCH,
                "cannot return non-composite value from function returning composite type"
            ),
            _ => bail!(DATATYPE_MISMATCH, "wrong result type supplied in RETURN NEXT"),
        }
    }

    fn cast_result(&self, value: Datum, typ: Oid) -> PgResult<Datum> {
        let wanted = &self.f.rettype;
        if typ == wanted.oid || (value.is_null() && !wanted.domain) {
            return Ok(value);
        }
        self.host.cast(value, typ, wanted.oid, -1)
    }

    pub(crate) fn return_query(&mut self, query: &'r QuerySource) -> PgResult<()> {
        let (name, text) = match query {
            QuerySource::Static(expr) => {
                (self.open_static(None, expr, RETURN_QUERY)?, Some((expr.query.clone(), expr.mode)))
            }
            QuerySource::Dynamic { query, params } => {
                (self.open_dynamic(None, query, params, RETURN_QUERY)?, None)
            }
        };
        let Some(have) = self.host.cursor_columns(&name) else {
            return Err(PgError::internal("a query that was opened has no columns"));
        };
        let message = "structure of query does not match function result type";
        let single = RecordDesc {
            type_id: type_oid::RECORD,
            fields: vec![RecordField {
                name: have.fields.first().map(|f| f.name.clone()).unwrap_or_default(),
                typ: self.f.rettype.oid,
                typmod: -1,
            }],
        };
        let checked = match (&self.columns, self.f.returns_tuple) {
            (Some(shape), _) => self.check_columns(&have, shape, message),
            (None, true) => Ok(()),
            (None, false) => self.check_columns(&have, &single, message),
        };
        checked.map_err(|e| match &text {
            Some((text, mode)) => in_query(e, text, *mode),
            None => e,
        })?;
        let mut n = 0;
        let mut rows = Rows::default();
        loop {
            rows.refill(self.host, &name, BATCH)?;
            if rows.is_empty() {
                break;
            }
            while let Some(row) = rows.pop() {
                self.rows.push(row);
                n += 1;
            }
        }
        self.host.close_cursor(&name)?;
        self.processed = n;
        self.set_found(n != 0);
        Ok(())
    }

    /// The row that a trigger's function gives.
    pub(crate) fn finish_trigger(
        &mut self,
        relation: &RelationDesc,
    ) -> PgResult<Option<Arc<RecordValue>>> {
        match std::mem::take(&mut self.value) {
            Datum::Record(record) => {
                if record.desc.type_id == relation.reltype && relation.reltype.is_valid() {
                    return Ok(Some(record));
                }
                let shape = super::value::shape_of_relation(relation, relation.reltype);
                let message =
                    "returned row structure does not match the structure of the triggering table";
                let record = self.converted(&record, &Arc::new(shape), message)?;
                Ok(Some(Arc::new(record)))
            }
            _ => Ok(None),
        }
    }
}
