//! Row values: ROW(…), whole rows of relations, assignment to fields, conversion by column name.
use super::{CExpr, VarSource};
use crate::{
    Cx,
    batch::{RowView, Rows},
};
use error::PgResult;
use std::sync::Arc;
use types::{Datum, RecordDesc, RecordValue};

/// ROW(…).
pub struct RowBuild {
    pub(crate) desc: Arc<RecordDesc>,
    pub(crate) args: Box<[CExpr]>,
}

impl RowBuild {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut fields = Vec::with_capacity(self.args.len());
        for arg in &self.args {
            fields.push(arg.eval(rows, cx)?);
        }
        Ok(Datum::Record(Arc::new(RecordValue { desc: self.desc.clone(), fields })))
    }
}

/// The whole row of a relation, without its dropped columns.
pub struct WholeRow {
    pub(crate) source: VarSource,
    pub(crate) desc: Arc<RecordDesc>,
    /// Positions of the columns in the source row.
    pub(crate) columns: Box<[u16]>,
}

impl WholeRow {
    pub(crate) fn eval(&self, rows: &Rows<'_>) -> Datum {
        let row = self.source.row(rows);
        if matches!(row, RowView::Nulls) {
            return Datum::Null;
        }
        let fields = self.columns.iter().map(|c| row.get(*c as usize).clone()).collect();
        Datum::Record(Arc::new(RecordValue { desc: self.desc.clone(), fields }))
    }
}

/// `composite.field := value`, for one or more fields.
pub struct FieldStoreNode {
    pub(crate) arg: CExpr,
    pub(crate) desc: Arc<RecordDesc>,
    /// Position of the field, new value, and the slot that holds the old one while it is evaluated.
    pub(crate) stores: Box<[(u16, CExpr, u32)]>,
}

impl FieldStoreNode {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut fields = match self.arg.eval(rows, cx)? {
            Datum::Record(record) => record.fields.clone(),
            _ => vec![Datum::Null; self.desc.fields.len()],
        };
        fields.resize(self.desc.fields.len(), Datum::Null);
        for (field, value, slot) in &self.stores {
            cx.es.case_values[*slot as usize] = fields[*field as usize].clone();
            fields[*field as usize] = value.eval(rows, cx)?;
        }
        Ok(Datum::Record(Arc::new(RecordValue { desc: self.desc.clone(), fields })))
    }
}

/// A child's row as its parent's.
pub struct RowConvert {
    pub(crate) arg: CExpr,
    pub(crate) desc: Arc<RecordDesc>,
}

impl RowConvert {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let Datum::Record(record) = self.arg.eval(rows, cx)? else {
            return Ok(Datum::Null);
        };
        let fields = self
            .desc
            .fields
            .iter()
            .map(|wanted| {
                let at = record.desc.fields.iter().position(|f| f.name == wanted.name);
                at.map_or(Datum::Null, |at| record.fields[at].clone())
            })
            .collect();
        Ok(Datum::Record(Arc::new(RecordValue { desc: self.desc.clone(), fields })))
    }
}
