//! Assignment to variables, fields, rows.
use super::{
    Run,
    value::{no_field, shape_of_type},
};
use crate::ast::DatumDef;
use error::{PgError, PgResult, SqlState, err};
use std::sync::Arc;
use types::{Datum, Oid, RecordDesc, RecordValue, type_oid};

impl Run<'_> {
    /// Assigns a value of a type to a variable.
    pub(crate) fn assign(
        &mut self,
        dno: usize,
        value: Datum,
        typ: Oid,
        typmod: i32,
    ) -> PgResult<()> {
        let f = self.f;
        match f.datum(dno) {
            DatumDef::Var(v) => {
                let same = typ == v.typ.oid && (v.typ.typmod == -1 || v.typ.typmod == typmod);
                let value = match same || (value.is_null() && !v.typ.domain) {
                    true => value,
                    false => self.host.cast(value, typ, v.typ.oid, v.typ.typmod)?,
                };
                if v.not_null && value.is_null() {
                    return Err(null_value(&v.name));
                }
                self.vars.values[dno] = value;
                Ok(())
            }
            DatumDef::Rec(v) => match value {
                Datum::Null => {
                    if v.not_null {
                        return Err(null_value(&v.name));
                    }
                    if v.typ.domain {
                        self.host.cast(Datum::Null, typ, v.typ.oid, -1)?;
                    }
                    self.vars.values[dno] = Datum::Null;
                    if v.typ.oid == type_oid::RECORD && typ != type_oid::RECORD {
                        let shape = self.composite_shape(typ)?;
                        self.vars.set_shape(dno, shape);
                    }
                    Ok(())
                }
                Datum::Record(record) => self.assign_record(dno, record),
                _ => Err(err!(
                    DATATYPE_MISMATCH,
                    "cannot assign non-composite value to a record variable"
                )),
            },
            DatumDef::Row(_) => match value {
                Datum::Null => self.move_row(dno, None, None),
                Datum::Record(record) => {
                    let desc = record.desc.clone();
                    self.move_row(dno, Some(record.fields.clone()), Some(&desc))
                }
                _ => Err(err!(
                    DATATYPE_MISMATCH,
                    "cannot assign non-composite value to a row variable"
                )),
            },
            DatumDef::Field { rec, name } => self.assign_field(*rec, name, value, typ, typmod),
        }
    }

    /// Assigns to a variable or field that an expression reads.
    pub(crate) fn assign_used(
        &mut self,
        target: &crate::hooks::ParamUse,
        value: Datum,
        typ: Oid,
        typmod: i32,
    ) -> PgResult<()> {
        if let DatumDef::Var(v) | DatumDef::Rec(v) = self.f.datum(target.dno)
            && v.constant
        {
            return Err(err!(ERROR_IN_ASSIGNMENT, "variable \"{}\" is declared CONSTANT", v.name));
        }
        match &target.field {
            Some(field) => self.assign_field(target.dno, field, value, typ, typmod),
            None => self.assign(target.dno, value, typ, typmod),
        }
    }

    fn composite_shape(&self, typ: Oid) -> PgResult<Option<Arc<RecordDesc>>> {
        use catalog::CatalogRead;
        match self.host.catalog().lookup_type(typ)? {
            Some(row) if row.relid.is_valid() => shape_of_type(self.host.catalog(), typ).map(Some),
            _ => Ok(None),
        }
    }

    fn assign_record(&mut self, dno: usize, record: Arc<RecordValue>) -> PgResult<()> {
        let f = self.f;
        let DatumDef::Rec(v) = f.datum(dno) else {
            return Err(PgError::internal("assignment of a record to something else"));
        };
        if v.typ.oid == type_oid::RECORD {
            self.vars.set_shape(dno, Some(record.desc.clone()));
            self.vars.values[dno] = Datum::Record(record);
            return Ok(());
        }
        let Some(shape) = self.declared_shape(dno)? else {
            return Err(PgError::internal("composite type without columns"));
        };
        let value = match record.desc.type_id == shape.type_id
            && record.fields.len() == shape.fields.len()
        {
            true => Datum::Record(record),
            false => {
                let fields = self.convert_fields(record.fields.clone(), &record.desc, &shape)?;
                Datum::Record(Arc::new(RecordValue { desc: shape, fields }))
            }
        };
        let value = match v.typ.domain {
            true => {
                let base = match &value {
                    Datum::Record(r) => r.desc.type_id,
                    _ => v.typ.oid,
                };
                self.host.cast(value, base, v.typ.oid, -1)?
            }
            false => value,
        };
        self.vars.values[dno] = value;
        Ok(())
    }

    /// The row type of a record variable of a named type.
    fn declared_shape(&self, dno: usize) -> PgResult<Option<Arc<RecordDesc>>> {
        match self.f.datum(dno) {
            DatumDef::Rec(v) if v.typ.oid != type_oid::RECORD => {
                shape_of_type(self.host.catalog(), v.typ.oid).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Columns of one row type as those of another, by position.
    pub(crate) fn convert_fields(
        &self,
        fields: Vec<Datum>,
        from: &RecordDesc,
        to: &RecordDesc,
    ) -> PgResult<Vec<Datum>> {
        if fields.len() != to.fields.len() {
            self.field_count_differs()?;
        }
        let mut source = fields.into_iter().zip(&from.fields);
        let mut out = Vec::with_capacity(to.fields.len());
        for wanted in &to.fields {
            let Some((value, have)) = source.next() else {
                out.push(self.null_of(wanted.typ)?);
                continue;
            };
            let same =
                have.typ == wanted.typ && (wanted.typmod == -1 || wanted.typmod == have.typmod);
            out.push(match same || value.is_null() {
                true => value,
                false => self.host.cast(value, have.typ, wanted.typ, wanted.typmod)?,
            });
        }
        Ok(out)
    }

    fn null_of(&self, _typ: Oid) -> PgResult<Datum> {
        Ok(Datum::Null)
    }

    /// plpgsql.extra_warnings and extra_errors: strict_multi_assignment.
    fn field_count_differs(&self) -> PgResult<()> {
        let (warn, fail) = self.f.strict_multi_assignment;
        if !(warn || fail) {
            return Ok(());
        }
        let level = if fail { "extra_errors" } else { "extra_warnings" };
        let e = err!(
            DATATYPE_MISMATCH,
            "number of source and target fields in assignment does not match"
        )
        .detail(format!("strict_multi_assignment check of {level} is active."))
        .hint("Make sure the query returns the exact list of columns.");
        if fail {
            return Err(e);
        }
        self.warn(e);
        Ok(())
    }

    /// Sends an error as a warning.
    pub(crate) fn warn(&self, e: PgError) {
        let state = match e.sqlstate() {
            SqlState::TOO_MANY_ROWS => SqlState::TOO_MANY_ROWS,
            other => other,
        };
        let mut warning = PgError::warning(state, e.message().to_owned());
        warning.0.detail = e.0.detail.clone();
        warning.0.hint = e.0.hint.clone();
        self.host.notice(warning);
    }

    fn assign_field(
        &mut self,
        rec: usize,
        name: &str,
        value: Datum,
        typ: Oid,
        typmod: i32,
    ) -> PgResult<()> {
        let f = self.f;
        let record = self.vars.record_mut(f, rec)?;
        let Some(at) = record.desc.fields.iter().position(|c| c.name == name) else {
            let DatumDef::Rec(v) = f.datum(rec) else { return Err(no_field("", name)) };
            return Err(no_field(&v.name, name));
        };
        let wanted = record.desc.fields[at].clone();
        let same = typ == wanted.typ && (wanted.typmod == -1 || wanted.typmod == typmod);
        let value = match same {
            true => value,
            false => self.host.cast(value, typ, wanted.typ, wanted.typmod)?,
        };
        self.vars.record_mut(f, rec)?.fields[at] = value;
        let DatumDef::Rec(v) = f.datum(rec) else { return Ok(()) };
        if v.typ.domain {
            let whole = self.vars.values[rec].clone();
            let base = match &whole {
                Datum::Record(r) => r.desc.type_id,
                _ => v.typ.oid,
            };
            self.host.cast(whole, base, v.typ.oid, -1)?;
        }
        Ok(())
    }

    /// Assigns a query's row, or NULLs where there is none, to a record or a row of variables.
    pub(crate) fn move_row(
        &mut self,
        dno: usize,
        row: Option<Vec<Datum>>,
        desc: Option<&Arc<RecordDesc>>,
    ) -> PgResult<()> {
        let f = self.f;
        match f.datum(dno) {
            DatumDef::Rec(v) => match (row, desc) {
                (Some(mut fields), Some(desc)) => {
                    // A single composite column is the row itself, where it has the wanted type.
                    if let ([Datum::Record(inner)], true) =
                        (fields.as_slice(), v.typ.oid != type_oid::RECORD)
                        && self.takes_whole(dno, inner)?
                    {
                        let inner = inner.clone();
                        return self.assign_record(dno, inner);
                    }
                    let fields = std::mem::take(&mut fields);
                    let record = RecordValue { desc: desc.clone(), fields };
                    self.assign_record(dno, Arc::new(record))
                }
                (_, desc) => {
                    if v.not_null {
                        return Err(null_value(&v.name));
                    }
                    self.vars.values[dno] = Datum::Null;
                    if v.typ.oid == type_oid::RECORD {
                        self.vars.set_shape(dno, desc.cloned());
                    }
                    Ok(())
                }
            },
            DatumDef::Row(r) => {
                let (fields, types) = match (row, desc) {
                    (Some(fields), Some(desc)) => (fields, desc.fields.as_slice()),
                    _ => (Vec::new(), &[][..]),
                };
                if !types.is_empty() && types.len() != r.fields.len() {
                    self.field_count_differs()?;
                }
                let mut source = fields.into_iter().zip(types);
                for (_, target) in &r.fields {
                    let (value, typ, typmod) = match source.next() {
                        Some((value, field)) => (value, field.typ, field.typmod),
                        None => (Datum::Null, type_oid::UNKNOWN, -1),
                    };
                    self.assign(*target, value, typ, typmod)?;
                }
                Ok(())
            }
            _ => {
                let value = row.and_then(|r| r.into_iter().next()).unwrap_or_default();
                let (typ, typmod) = desc
                    .and_then(|d| d.fields.first())
                    .map_or((type_oid::UNKNOWN, -1), |f| (f.typ, f.typmod));
                self.assign(dno, value, typ, typmod)
            }
        }
    }

    fn takes_whole(&self, dno: usize, inner: &RecordValue) -> PgResult<bool> {
        Ok(self.declared_shape(dno)?.is_some_and(|s| s.type_id == inner.desc.type_id))
    }
}

#[cold]
fn null_value(name: &str) -> PgError {
    err!(
        NULL_VALUE_NOT_ALLOWED,
        "null value cannot be assigned to variable \"{name}\" declared NOT NULL"
    )
}
