//! TidScan and TidRangeScan: rows by ctid, WHERE CURRENT OF.
use super::{ExecNode, NodeSpec, ScanBase};
use crate::{
    Cx,
    batch::{Batch, Rows},
    expr::CExpr,
};
use error::{PgResult, err};
use std::sync::Arc;
use table::{HeapScan, Rowid};
use types::Datum;

/// What selects tids; several are ORed (TidScan) or ANDed (TidRangeScan).
pub(crate) enum TidQual {
    Equal(CExpr),
    AnyOf(CExpr),
    CurrentOf {
        cursor: Option<String>,
        param: i32,
    },
    /// ctid is at least (or above, if not inclusive) the value.
    Lower(CExpr, bool),
    Upper(CExpr, bool),
}

pub(crate) struct TidScanSpec {
    pub(crate) base: ScanBase,
    pub(crate) quals: Box<[TidQual]>,
    pub(crate) range: bool,
}

enum Source {
    Start,
    Rows(Vec<Rowid>, usize),
    Range(Box<HeapScan>),
    Empty,
}

struct TidScan {
    spec: Arc<TidScanSpec>,
    source: Source,
    slot: Vec<Datum>,
    epq_done: bool,
}

impl NodeSpec for TidScanSpec {
    fn start(self: Arc<Self>, _cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let slot = self.base.slot();
        Ok(Box::new(TidScan { spec: self, source: Source::Start, slot, epq_done: false }))
    }
}

impl TidScan {
    fn rows(&self, cx: &mut Cx<'_>) -> PgResult<Vec<Rowid>> {
        let mut rows = Vec::new();
        let mut add = |value: &Datum| {
            if let Datum::Int8(tid) = value {
                rows.extend(Rowid::from_tid(*tid));
            }
        };
        for qual in &self.spec.quals {
            match qual {
                TidQual::Equal(expr) => add(&expr.eval(&Rows::NONE, cx)?),
                TidQual::AnyOf(expr) => {
                    if let Datum::Array(array) = expr.eval(&Rows::NONE, cx)? {
                        array.elems.iter().for_each(&mut add);
                    }
                }
                TidQual::CurrentOf { cursor, param } => {
                    if let Some(tid) = self.current_of(cx, cursor.as_deref(), *param)? {
                        add(&Datum::Int8(tid));
                    }
                }
                TidQual::Lower(..) | TidQual::Upper(..) => {}
            }
        }
        rows.sort_unstable();
        rows.dedup();
        Ok(rows)
    }

    fn current_of(
        &self,
        cx: &mut Cx<'_>,
        cursor: Option<&str>,
        param: i32,
    ) -> PgResult<Option<i64>> {
        let from_param = match (cursor, cx.es.params.get(param.max(1) as usize - 1)) {
            (None, Some(value)) if !value.is_null() => Some(value.as_str().to_string()),
            _ => None,
        };
        let name = cursor.map(str::to_string).or(from_param).unwrap_or_default();
        let Some(cursors) = cx.es.cursors.clone() else {
            return Err(err!(UNDEFINED_CURSOR, "cursor \"{name}\" does not exist"));
        };
        let found = cursors.current_of(&name, self.spec.base.relid)?;
        Ok(found.filter(|(relation, _)| *relation == self.spec.base.relid).map(|(_, tid)| tid))
    }

    fn start_range(&self, cx: &mut Cx<'_>) -> PgResult<Source> {
        let (mut from, mut to) = (Rowid(0), Rowid(u64::MAX >> 1));
        for qual in &self.spec.quals {
            let (expr, inclusive, lower) = match qual {
                TidQual::Lower(expr, inclusive) => (expr, *inclusive, true),
                TidQual::Upper(expr, inclusive) => (expr, *inclusive, false),
                _ => continue,
            };
            let Datum::Int8(tid) = expr.eval(&Rows::NONE, cx)? else { return Ok(Source::Empty) };
            let at = Rowid::at_or_after_tid(tid);
            let exact = Rowid::from_tid(tid).is_some();
            if lower {
                from = from.max(if exact && !inclusive { Rowid(at.0 + 1) } else { at });
            } else {
                to = to.min(if exact && inclusive { Rowid(at.0 + 1) } else { at });
            }
        }
        if from >= to {
            return Ok(Source::Empty);
        }
        let (txn, snapshot) = (cx.es.txn(), cx.es.snapshot());
        let scan = self.spec.base.heap.scan_range(txn, snapshot, from, to, false)?;
        Ok(Source::Range(Box::new(scan)))
    }
}

impl ExecNode for TidScan {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        if cx.es.epq.is_some() {
            if let Some(found) = spec.base.next_recheck(cx, &mut self.epq_done, out)? {
                return Ok(found);
            }
        }
        out.reset(spec.base.projection.width());
        if matches!(self.source, Source::Start) {
            self.source = match spec.range {
                true => self.start_range(cx)?,
                false => Source::Rows(self.rows(cx)?, 0),
            };
        }
        while out.len() < max_rows {
            match &mut self.source {
                Source::Rows(rows, at) => {
                    let Some(rowid) = rows.get(*at).copied() else { break };
                    *at += 1;
                    let (txn, snapshot) = (cx.es.txn(), cx.es.snapshot());
                    if !spec.base.fetch(txn, snapshot, rowid, &mut self.slot)? {
                        continue;
                    }
                }
                Source::Range(scan) => {
                    if !scan.advance()? {
                        break;
                    }
                    let (rowid, row, large) = (scan.rowid(), scan.row()?, scan.large());
                    let base = &spec.base;
                    base.decode(&base.for_qual, rowid, &row, &large, &mut self.slot)?;
                    base.decode(&base.for_rest, rowid, &row, &large, &mut self.slot)?;
                }
                Source::Start | Source::Empty => break,
            }
            spec.base.emit_slot(cx, &mut self.slot, false, out)?;
        }
        cx.check_interrupts()?;
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, _changed: &[i32]) -> PgResult<()> {
        self.source = Source::Start;
        self.epq_done = false;
        Ok(())
    }
}
