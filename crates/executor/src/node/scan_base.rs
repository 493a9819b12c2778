//! What all scans of a relation share: decoding what is needed, filter, projection, re-checks.
use super::Projection;
use crate::{
    Cx,
    batch::{Batch, RowView, Rows},
    expr::{CExpr, ExprCompiler, SYSTEM_COLUMNS, ScanColumns, Scope, Side, all_hold},
    plan_spec::note,
};
use catalog::RelationDesc;
use codec::{LargeStore, RowRef};
use error::{PgError, PgResult, not_supported};
use nodes::{Expr, TargetEntry, sysattr};
use std::sync::Arc;
use table::{Heap, Rowid, TableDesc};
use types::{Datum, Oid};

/// Columns to decode: positions of attributes, and which system columns to fill in.
#[derive(Default, Debug)]
pub(crate) struct Needed {
    pub(crate) atts: Box<[u16]>,
    pub(crate) system: bool,
}

/// The common part of a relation scan.
pub(crate) struct ScanBase {
    pub(crate) rti: i32,
    pub(crate) relid: Oid,
    pub(crate) heap: Heap,
    pub(crate) desc: Arc<TableDesc>,
    pub(crate) width: usize,
    pub(crate) qual: Box<[CExpr]>,
    /// Index or bitmap quals over the table, for re-checks.
    pub(crate) recheck: Box<[CExpr]>,
    pub(crate) projection: Projection,
    /// What the filter reads, and what else the re-check and the target list read.
    pub(crate) for_qual: Needed,
    pub(crate) for_rest: Needed,
    /// The target list consists of different columns: their values can be moved out.
    pub(crate) take: Option<Box<[u16]>>,
    /// Filter and target list may be evaluated column by column.
    pub(crate) columnar: bool,
    pub(crate) key: usize,
}

/// Attributes that expressions read of a range table entry.
pub(crate) fn needed<'e>(
    exprs: impl IntoIterator<Item = &'e Expr>,
    rti: i32,
    rel: &RelationDesc,
) -> Needed {
    let mut atts = vec![false; rel.attrs.len()];
    let mut system = false;
    for expr in exprs {
        expr.any(&mut |e| {
            if let Expr::Var(v) = e {
                if v.varno == rti {
                    match v.varattno {
                        0 => atts
                            .iter_mut()
                            .zip(rel.attrs.iter())
                            .for_each(|(n, a)| *n |= !a.dropped),
                        n if n > 0 => {
                            if let Some(att) = atts.get_mut(n as usize - 1) {
                                *att = true;
                            }
                        }
                        _ => system = true,
                    }
                }
            }
            false
        });
    }
    let atts = (0..atts.len() as u16).filter(|n| atts[*n as usize]).collect();
    Needed { atts, system }
}

impl ScanBase {
    pub(crate) fn compile(
        c: &mut ExprCompiler<'_>,
        rti: i32,
        rel: &RelationDesc,
        qual: &[Expr],
        recheck: &[Expr],
        target_list: &[TargetEntry],
        key: usize,
    ) -> PgResult<Self> {
        let Some(desc) = rel.physical.clone() else {
            return Err(match rel.relkind {
                'f' => not_supported!("scanning foreign tables"),
                _ => PgError::internal(format!("relation \"{}\" has no storage", rel.name)),
            });
        };
        let scope = Scope::scan(ScanColumns::relation(rti, rel));
        let qual_exprs = c.compile_all(qual, &scope)?;
        let recheck_exprs = c.compile_all(recheck, &scope)?;
        let projection = Projection::compile(c, target_list, &scope)?;
        let for_qual = needed(qual, rti, rel);
        let mut for_rest = needed(target_list.iter().map(|te| &te.expr).chain(recheck), rti, rel);
        for_rest.atts =
            for_rest.atts.iter().copied().filter(|n| !for_qual.atts.contains(n)).collect();
        let mut take = Vec::new();
        for expr in &projection.exprs {
            match expr {
                CExpr::Scan(n) if !take.contains(n) => take.push(*n),
                _ => {
                    take.clear();
                    break;
                }
            }
        }
        let take = (take.len() == projection.width()).then(|| take.into());
        let pure = |list: &[CExpr]| list.iter().all(|e| e.is_pure(Side::Scan));
        let columnar =
            pure(&qual_exprs) && pure(&projection.exprs) && !for_qual.system && !for_rest.system;
        Ok(ScanBase {
            rti,
            relid: rel.oid,
            heap: Heap::new(desc.clone()),
            desc,
            width: rel.attrs.len(),
            qual: qual_exprs,
            recheck: recheck_exprs,
            projection,
            for_qual,
            for_rest,
            take,
            columnar,
            key,
        })
    }

    /// An empty slot for rows of the scan.
    pub(crate) fn slot(&self) -> Vec<Datum> {
        vec![Datum::Null; self.width + SYSTEM_COLUMNS]
    }

    /// Decodes attributes of a stored row into the slot.
    #[inline]
    pub(crate) fn decode(
        &self,
        what: &Needed,
        rowid: Rowid,
        row: &RowRef<'_>,
        large: &dyn LargeStore,
        slot: &mut [Datum],
    ) -> PgResult<()> {
        for att in &what.atts {
            slot[*att as usize] = row.get_or_missing(*att as usize, &self.desc.missing, large)?;
        }
        if what.system {
            fill_system(slot, self.width, rowid, row.xid(), self.relid);
        }
        Ok(())
    }

    /// Filter and projection of the row in the slot, all of which is decoded.
    #[inline]
    pub(crate) fn emit_slot(
        &self,
        cx: &mut Cx<'_>,
        slot: &mut [Datum],
        recheck: bool,
        out: &mut Batch,
    ) -> PgResult<bool> {
        let rows = Rows::scan(RowView::Slice(slot));
        if recheck && !all_hold(&self.recheck, &rows, cx)? {
            note(cx, self.key, |i| i.filtered_join += 1.0);
            return Ok(false);
        }
        if !all_hold(&self.qual, &rows, cx)? {
            note(cx, self.key, |i| i.filtered += 1.0);
            return Ok(false);
        }
        self.project(cx, slot, out)?;
        Ok(true)
    }

    /// Projection of the row in the slot.
    #[inline]
    pub(crate) fn project(
        &self,
        cx: &mut Cx<'_>,
        slot: &mut [Datum],
        out: &mut Batch,
    ) -> PgResult<()> {
        if let Some(take) = &self.take {
            for (column, att) in out.columns.iter_mut().zip(take) {
                column.push(slot[*att as usize].take());
            }
            out.row_done();
            return Ok(());
        }
        self.projection.emit(&Rows::scan(RowView::Slice(slot)), cx, out)
    }

    /// Remembers for WHERE CURRENT OF which row was returned.
    #[inline]
    pub(crate) fn note_row(&self, cx: &mut Cx<'_>, rowid: Rowid) {
        if let Some(tids) = &mut cx.es.scan_tids {
            tids.insert(self.rti, (self.relid, rowid.to_tid()));
        }
    }

    /// Fetches a row by its id and decodes what the scan needs; false if the snapshot does not see it.
    pub(crate) fn fetch(
        &self,
        tx: &txn::Transaction,
        snapshot: &txn::Snapshot,
        rowid: Rowid,
        slot: &mut [Datum],
    ) -> PgResult<bool> {
        let found = self.heap.fetch_with(tx, snapshot, rowid, |row, large| {
            self.decode(&self.for_qual, rowid, row, large, slot)?;
            self.decode(&self.for_rest, rowid, row, large, slot)
        })?;
        Ok(found.is_some())
    }

    /// In a re-check after a concurrent update: the row given for this relation, once. `None` if this
    /// scan is not replaced.
    pub(crate) fn next_recheck(
        &self,
        cx: &mut Cx<'_>,
        done: &mut bool,
        out: &mut Batch,
    ) -> PgResult<Option<bool>> {
        let Some(row) = crate::modify::epq_row(cx, self.rti) else { return Ok(None) };
        out.reset(self.projection.width());
        if std::mem::replace(done, true) {
            return Ok(Some(false));
        }
        if let Some(mut row) = row {
            self.emit_slot(cx, &mut row, true, out)?;
        }
        Ok(Some(!out.is_empty()))
    }
}

/// Fills in the system columns after `width` attributes.
pub(crate) fn fill_system(slot: &mut [Datum], width: usize, rowid: Rowid, xid: u64, relid: Oid) {
    let mut set = |attno: i16, value| slot[width + (-attno) as usize - 1] = value;
    set(sysattr::CTID, Datum::Int8(rowid.to_tid()));
    set(sysattr::XMIN, Datum::Oid(Oid(xid as u32)));
    set(sysattr::CMIN, Datum::Oid(Oid(0)));
    set(sysattr::XMAX, Datum::Oid(Oid(0)));
    set(sysattr::CMAX, Datum::Oid(Oid(0)));
    set(sysattr::TABLEOID, Datum::Oid(relid));
}
