//! Index entries of changed rows.
use super::{Target, describe_key, same_datum};
use crate::{
    Cx,
    batch::{RowView, Rows},
    expr::{CExpr, ExprCompiler, Scope, all_hold},
};
use catalog::IndexDesc;
use error::{PgError, PgResult, err, not_supported};
use smallvec::SmallVec;
use std::sync::Arc;
use table::{Index, KeyEncoder, Rowid, UniqueCheck};
use types::Datum;

/// Where a column's value comes from.
enum Source {
    Column(u16),
    Expr(CExpr),
}

/// Values of an index's columns.
pub(crate) type KeyValues = SmallVec<[Datum; 4]>;

/// An index of a target.
pub(crate) struct TargetIndex {
    pub(crate) desc: Arc<IndexDesc>,
    pub(crate) index: Index,
    columns: Box<[Source]>,
    predicate: Box<[CExpr]>,
    /// Columns of the table it depends on.
    reads: Box<[u16]>,
}

impl TargetIndex {
    pub(crate) fn compile(
        c: &mut ExprCompiler<'_>,
        desc: &Arc<IndexDesc>,
        scope: &Scope,
        width: usize,
    ) -> PgResult<Self> {
        let mut exprs = desc.exprs.iter();
        let mut columns = Vec::with_capacity(desc.columns.len());
        let mut reads = super::target::columns_read(&desc.exprs, width);
        reads.extend(super::target::columns_read(&desc.predicate, width));
        for column in &desc.columns {
            if column.attnum > 0 {
                reads.push(column.attnum as u16 - 1);
                columns.push(Source::Column(column.attnum as u16 - 1));
            } else {
                let expr = exprs
                    .next()
                    .ok_or_else(|| PgError::internal("too few entries in indexprs list"))?;
                columns.push(Source::Expr(c.compile(expr, scope)?));
            }
        }
        reads.sort_unstable();
        reads.dedup();
        Ok(TargetIndex {
            index: Index::new(desc.physical.clone()),
            columns: columns.into(),
            predicate: c.compile_all(desc.predicate.iter(), scope)?,
            reads: reads.into(),
            desc: desc.clone(),
        })
    }

    /// Whether the predicate includes a row.
    pub(crate) fn covers(&self, cx: &mut Cx<'_>, row: &[Datum]) -> PgResult<bool> {
        Ok(self.predicate.is_empty()
            || all_hold(&self.predicate, &Rows::scan(RowView::Slice(row)), cx)?)
    }

    /// The values of the index columns for a row.
    pub(crate) fn values(&self, cx: &mut Cx<'_>, row: &[Datum]) -> PgResult<KeyValues> {
        let mut values = KeyValues::new();
        for column in &self.columns {
            values.push(match column {
                Source::Column(att) => row[*att as usize].clone(),
                Source::Expr(expr) => expr.eval(&Rows::scan(RowView::Slice(row)), cx)?,
            });
        }
        Ok(values)
    }

    fn check_kind(&self) -> PgResult<UniqueCheck> {
        if self.desc.exclusion {
            return Err(not_supported!("exclusion constraints"));
        }
        Ok(if self.desc.immediate || !self.desc.unique {
            UniqueCheck::Check
        } else {
            UniqueCheck::Deferred
        })
    }

    /// Adds the entry of a new row.
    pub(crate) fn add(
        &self,
        target: &Target,
        cx: &mut Cx<'_>,
        encoder: &mut KeyEncoder,
        row: &[Datum],
        rowid: Rowid,
    ) -> PgResult<()> {
        if !self.covers(cx, row)? {
            return Ok(());
        }
        let values = self.values(cx, row)?;
        let check = self.check_kind()?;
        let txn = cx.es.txn().clone();
        let conflict = self.index.insert(&txn, encoder, &values, rowid, check)?;
        self.conflict(target, cx, conflict, check, &values, rowid)
    }

    fn conflict(
        &self,
        target: &Target,
        cx: &mut Cx<'_>,
        conflict: Option<Rowid>,
        check: UniqueCheck,
        values: &[Datum],
        rowid: Rowid,
    ) -> PgResult<()> {
        match (conflict, check) {
            (None, _) => Ok(()),
            (Some(_), UniqueCheck::Check) => Err(self.duplicate(target, cx, values)?),
            (Some(_), UniqueCheck::Deferred) => {
                cx.es.after.check_unique(target, &self.desc, values, rowid);
                Ok(())
            }
        }
    }

    /// 23505 for a key.
    pub(crate) fn duplicate(
        &self,
        target: &Target,
        cx: &Cx<'_>,
        values: &[Datum],
    ) -> PgResult<PgError> {
        let mut error = err!(
            UNIQUE_VIOLATION,
            "duplicate key value violates unique constraint \"{}\"",
            self.desc.name
        )
        .table(target.schema(cx), target.rel.name.clone())
        .constraint(self.desc.name.clone());
        if let Some(key) = describe_key(cx, &target.rel, &self.desc, values)? {
            error = error.detail(format!("Key {key} already exists."));
        }
        Ok(error)
    }

    /// Changes the entry of a row that was replaced.
    pub(crate) fn change(
        &self,
        target: &Target,
        cx: &mut Cx<'_>,
        encoder: &mut KeyEncoder,
        old: &[Datum],
        new: &[Datum],
        rowid: Rowid,
    ) -> PgResult<()> {
        if self.reads.iter().all(|c| same_datum(&old[*c as usize], &new[*c as usize])) {
            return Ok(());
        }
        let (was, is) = (self.covers(cx, old)?, self.covers(cx, new)?);
        match (was, is) {
            (false, false) => Ok(()),
            (true, false) => self.remove(cx, encoder, old, rowid),
            (false, true) => self.add(target, cx, encoder, new, rowid),
            (true, true) => {
                let before = self.values(cx, old)?;
                let after = self.values(cx, new)?;
                let check = self.check_kind()?;
                let txn = cx.es.txn().clone();
                let conflict = self.index.update(&txn, encoder, &before, &after, rowid, check)?;
                self.conflict(target, cx, conflict, check, &after, rowid)
            }
        }
    }

    /// Removes the entry of a row.
    pub(crate) fn remove(
        &self,
        cx: &mut Cx<'_>,
        encoder: &mut KeyEncoder,
        row: &[Datum],
        rowid: Rowid,
    ) -> PgResult<()> {
        if !self.covers(cx, row)? {
            return Ok(());
        }
        let values = self.values(cx, row)?;
        let txn = cx.es.txn().clone();
        self.index.delete(&txn, encoder, &values, rowid)
    }
}
