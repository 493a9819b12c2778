//! Comparing an index with its heap, entry by entry: for tests, crash checks and amcheck.
use crate::{Heap, Index, IndexRange, IndexScan, KeyEncoder, Rowid};
use codec::{LargeStore, RowRef};
use error::PgResult;
use std::sync::Arc;
use txn::{Snapshot, Transaction};
use types::Datum;

/// Problems found, as sentences; none if every row has its entry and every entry its row. `columns` gives the
/// index columns of a row, or `None` if the index's predicate leaves it out.
pub fn check_index(
    tx: &Arc<Transaction>,
    snapshot: &Snapshot,
    heap: &Heap,
    index: &Index,
    columns: &mut dyn FnMut(&RowRef<'_>, &dyn LargeStore) -> PgResult<Option<Vec<Datum>>>,
) -> PgResult<Vec<String>> {
    let mut problems = Vec::new();
    let mut encoder = KeyEncoder::new();
    let mut expected = 0u64;
    let mut scan = heap.scan_engine(tx, snapshot)?;
    while scan.advance()? {
        let Some(values) = columns(&scan.row()?, &scan.large())? else { continue };
        expected += 1;
        let rowid = scan.rowid();
        index.entry(&mut encoder, &values, rowid)?;
        let found = tx.get(snapshot, &encoder.key)?;
        match found {
            None => problems.push(format!("row {} has no entry", rowid.0)),
            Some(value) if value[..] != encoder.value[..] => {
                problems.push(format!("the entry of row {} has another value", rowid.0));
            }
            Some(_) => {}
        }
    }
    let range = IndexRange::all();
    let mut entries = 0u64;
    let mut scan = IndexScan::new(index.desc().clone(), tx, snapshot, &mut encoder, &range, false)?;
    let mut missing: Vec<Rowid> = Vec::new();
    while let Some(rowid) = scan.advance()? {
        entries += 1;
        if heap.fetch_with(tx, snapshot, rowid, |_, _| Ok(()))?.is_none() {
            missing.push(rowid);
        }
    }
    problems.extend(missing.iter().map(|rowid| format!("entry of row {}, which is gone", rowid.0)));
    if entries != expected {
        problems.push(format!("{entries} entries for {expected} rows"));
    }
    Ok(problems)
}
