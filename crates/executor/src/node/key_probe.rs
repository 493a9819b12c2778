//! A sequential scan's way out: a filter that fixes all columns of a unique index finds its row by key.
//!
//! For a table of a page or two PostgreSQL's cost model prefers to read it through, and so does our planner. Here
//! a key lookup is cheaper than even the shortest scan, so the scan looks whether its filter names one key, and
//! then returns the row that the scan would have found. The filter is still evaluated.
use super::{IndexKeys, index_keys::KeyRanges};
use crate::{Cx, expr::ExprCompiler};
use catalog::RelationDesc;
use error::PgResult;
use nodes::{Expr, INDEX_VAR, OpExpr};
use table::{Index, KeyEncoder, Rowid};
use txn::Isolation;

const BTREE_AM: types::Oid = types::Oid(403);

/// A unique index whose columns the filter compares with values known before the scan.
pub(crate) struct KeyProbe {
    index: Index,
    keys: IndexKeys,
}

/// What became of a probe.
pub(crate) enum Probed {
    /// The one row that can pass the filter, if there is any.
    Row(Option<Rowid>),
    /// The values at hand do not make a key: the scan has to be made.
    Scan,
}

impl KeyProbe {
    /// The probe that a scan of `rel` can make, if its filter allows one.
    pub(crate) fn compile(
        c: &mut ExprCompiler<'_>,
        rti: i32,
        rel: &RelationDesc,
        qual: &[Expr],
    ) -> PgResult<Option<KeyProbe>> {
        if qual.is_empty() {
            return Ok(None);
        }
        for index in rel.indexes.iter() {
            let usable = index.unique
                && index.immediate
                && index.valid
                && index.am == BTREE_AM
                && index.predicate.is_empty()
                && index.columns.iter().take(index.n_key).all(|column| column.attnum > 0);
            if !usable {
                continue;
            }
            let columns = index.columns.iter().take(index.n_key).enumerate();
            let quals: Option<Vec<Expr>> = columns
                .map(|(n, column)| {
                    qual.iter().find_map(|q| {
                        on_column(q, rti, column.attnum, column.collation, n as i16 + 1)
                    })
                })
                .collect();
            let Some(quals) = quals else { continue };
            let keys = IndexKeys::compile(c, index.clone(), &quals)?;
            if keys.are_equalities() {
                return Ok(Some(KeyProbe { index: Index::new(index.physical.clone()), keys }));
            }
        }
        Ok(None)
    }

    /// Looks the key up. A serializable transaction scans: what it read is known by that.
    pub(crate) fn find(&self, cx: &mut Cx<'_>) -> PgResult<Probed> {
        if cx.es.instrument.is_some() || cx.es.txn().isolation() == Isolation::Serializable {
            return Ok(Probed::Scan);
        }
        let mut found = KeyRanges::default();
        self.keys.ranges(cx, false, &mut found)?;
        let [range] = &found.ranges[..] else { return Ok(Probed::Scan) };
        if !found.exact || !self.index.is_point(&range.eq) {
            return Ok(Probed::Scan);
        }
        let (txn, snapshot) = (cx.es.txn(), cx.es.snapshot());
        let mut encoder = KeyEncoder::new();
        self.index.lookup(txn, snapshot, &mut encoder, &range.eq).map(Probed::Row)
    }
}

/// `column op value` as a condition on an index column.
fn on_column(
    qual: &Expr,
    rti: i32,
    attnum: i16,
    collation: types::Oid,
    position: i16,
) -> Option<Expr> {
    let Expr::OpExpr(op) = qual else { return None };
    let [Expr::Var(var), value] = &op.args[..] else { return None };
    let collates = !collation.is_valid() || op.inputcollid == collation;
    if var.varno != rti || var.varattno != attnum || var.varlevelsup != 0 || !collates {
        return None;
    }
    if !is_known(value) {
        return None;
    }
    let mut var = var.clone();
    var.varno = INDEX_VAR;
    var.varattno = position;
    let args = vec![Expr::Var(var), value.clone()];
    Some(Expr::OpExpr(Box::new(OpExpr { args, ..(**op).clone() })))
}

/// Whether the value does not change during the scan.
fn is_known(value: &Expr) -> bool {
    match value {
        Expr::Const(_) | Expr::Param(_) => true,
        Expr::RelabelType(r) => is_known(&r.arg),
        _ => false,
    }
}
