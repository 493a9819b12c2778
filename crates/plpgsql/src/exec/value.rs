//! The variables of one run.
use crate::ast::{DatumDef, Function};
use catalog::{Catalog, CatalogRead};
use error::{PgError, PgResult, err};
use std::{cell::RefCell, sync::Arc};
use types::{Datum, Oid, RecordDesc, RecordField, RecordValue, type_oid};

/// Values by number; records are NULL or `Datum::Record`.
pub(crate) struct Variables<'c> {
    catalog: &'c Catalog,
    pub(crate) values: Vec<Datum>,
    /// Row types of records: of a named type, or of what a `record` was last assigned.
    shapes: RefCell<Vec<Option<Arc<RecordDesc>>>>,
    /// Types of variables that take theirs from a value (CASE).
    types: Vec<(usize, (Oid, i32, Oid))>,
}

/// The row type of a composite type or a domain over one.
pub(crate) fn shape_of_type(catalog: &Catalog, typ: Oid) -> PgResult<Arc<RecordDesc>> {
    let mut row = catalog.get_type(typ)?;
    while row.typtype == 'd' {
        row = catalog.get_type(row.basetype)?;
    }
    let relation = catalog.get_relation(row.relid)?;
    Ok(Arc::new(shape_of_relation(&relation, row.oid)))
}

/// The row type of a relation's live columns.
pub(crate) fn shape_of_relation(relation: &catalog::RelationDesc, type_id: Oid) -> RecordDesc {
    let fields = relation
        .attrs
        .iter()
        .filter(|a| !a.dropped)
        .map(|a| RecordField { name: a.name.clone(), typ: a.typ, typmod: a.typmod })
        .collect();
    RecordDesc { type_id, fields }
}

#[cold]
pub(crate) fn not_assigned(name: &str) -> PgError {
    err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "record \"{name}\" is not assigned yet")
        .detail("The tuple structure of a not-yet-assigned record is indeterminate.")
}

#[cold]
pub(crate) fn no_field(record: &str, field: &str) -> PgError {
    err!(UNDEFINED_COLUMN, "record \"{record}\" has no field \"{field}\"")
}

impl<'c> Variables<'c> {
    pub(crate) fn new(f: &Function, catalog: &'c Catalog) -> Self {
        Variables {
            catalog,
            values: vec![Datum::Null; f.datums.len()],
            shapes: RefCell::new(vec![None; f.datums.len()]),
            types: Vec::new(),
        }
    }

    /// Gives a variable another type.
    pub(crate) fn set_type(&mut self, dno: usize, typ: Oid, typmod: i32) -> PgResult<()> {
        let collation = self.catalog.get_type(typ)?.collation;
        self.types.retain(|t| t.0 != dno);
        self.types.push((dno, (typ, typmod, collation)));
        Ok(())
    }

    /// Name and declared type of a record variable.
    fn record(f: &Function, dno: usize) -> (&str, Oid) {
        match f.datum(dno) {
            DatumDef::Rec(v) => (&v.name, v.typ.oid),
            _ => ("", type_oid::RECORD),
        }
    }

    /// Sets the row type that a `record` has from now on.
    pub(crate) fn set_shape(&mut self, dno: usize, shape: Option<Arc<RecordDesc>>) {
        self.shapes.get_mut()[dno] = shape;
    }

    /// The row type of a record, if it has one now.
    pub(crate) fn shape(&self, f: &Function, dno: usize) -> PgResult<Option<Arc<RecordDesc>>> {
        let (_, declared) = Self::record(f, dno);
        if let Datum::Record(r) = &self.values[dno] {
            return Ok(Some(r.desc.clone()));
        }
        if let Some(shape) = &self.shapes.borrow()[dno] {
            return Ok(Some(shape.clone()));
        }
        if declared == type_oid::RECORD {
            return Ok(None);
        }
        let shape = shape_of_type(self.catalog, declared)?;
        self.shapes.borrow_mut()[dno] = Some(shape.clone());
        Ok(Some(shape))
    }

    /// Whether a record has a field; an unassigned one is an error.
    pub(crate) fn has_field(&self, f: &Function, dno: usize, field: &str) -> PgResult<bool> {
        match self.shape(f, dno)? {
            Some(shape) => Ok(shape.fields.iter().any(|c| c.name == field)),
            None => Err(not_assigned(Self::record(f, dno).0)),
        }
    }

    /// Type, modifier and collation of a variable or of a record's field.
    pub(crate) fn type_of(
        &self,
        f: &Function,
        dno: usize,
        field: Option<&str>,
    ) -> PgResult<(Oid, i32, Oid)> {
        match (f.datum(dno), field) {
            (DatumDef::Var(v), _) => match self.types.iter().find(|t| t.0 == dno) {
                Some((_, typ)) => Ok(*typ),
                None => Ok((v.typ.oid, v.typ.typmod, v.typ.collation)),
            },
            (DatumDef::Rec(v), None) => {
                let typ = match (&self.values[dno], v.typ.oid) {
                    (Datum::Record(r), type_oid::RECORD) => r.desc.type_id,
                    (_, declared) => declared,
                };
                Ok((typ, -1, Oid::INVALID))
            }
            (DatumDef::Rec(v), Some(field)) => {
                let Some(shape) = self.shape(f, dno)? else { return Err(not_assigned(&v.name)) };
                let Some(column) = shape.fields.iter().find(|c| c.name == field) else {
                    return Err(no_field(&v.name, field));
                };
                let collation = self.catalog.get_type(column.typ)?.collation;
                Ok((column.typ, column.typmod, collation))
            }
            (DatumDef::Field { rec, name }, _) => self.type_of(f, *rec, Some(name)),
            (DatumDef::Row(_), _) => Ok((type_oid::RECORD, -1, Oid::INVALID)),
        }
    }

    /// The value of a variable or of a record's field.
    pub(crate) fn get(&self, f: &Function, dno: usize, field: Option<&str>) -> PgResult<Datum> {
        match (f.datum(dno), field) {
            (DatumDef::Field { rec, name }, _) => self.get(f, *rec, Some(name)),
            (DatumDef::Rec(v), Some(field)) => match &self.values[dno] {
                Datum::Record(r) => match r.desc.fields.iter().position(|c| c.name == field) {
                    Some(at) => Ok(r.fields.get(at).cloned().unwrap_or_default()),
                    None => Err(no_field(&v.name, field)),
                },
                _ => match self.shape(f, dno)? {
                    Some(_) => Ok(Datum::Null),
                    None => Err(not_assigned(&v.name)),
                },
            },
            _ => Ok(self.values[dno].clone()),
        }
    }

    /// A record variable's value to be changed; one of NULLs if it is NULL.
    pub(crate) fn record_mut(&mut self, f: &Function, dno: usize) -> PgResult<&mut RecordValue> {
        if !matches!(self.values[dno], Datum::Record(_)) {
            let Some(desc) = self.shape(f, dno)? else {
                return Err(not_assigned(Self::record(f, dno).0));
            };
            let fields = vec![Datum::Null; desc.fields.len()];
            self.values[dno] = Datum::Record(Arc::new(RecordValue { desc, fields }));
        }
        match &mut self.values[dno] {
            Datum::Record(record) => Ok(Arc::make_mut(record)),
            _ => Err(PgError::internal("record variable has no record")),
        }
    }
}
