//! Probing a join's hash table with a whole batch of outer rows: plain columns, equality of numbers or bytes.
use super::{Input, hash_join::HashJoinSpec, hash_table::HashTable};
use crate::{
    Cx,
    batch::{Batch, Column},
    expr::{CExpr, CompareOp, Kernel, bytes, number},
    hash::{HashKind, combine, mix},
};
use error::PgResult;
use nodes::JoinType;
use std::cmp::Ordering;
use types::Datum;

/// A key: outer column, inner column, how they are hashed, whether they are compared as bytes.
struct ProbeKey {
    outer: usize,
    inner: usize,
    kind: HashKind,
    bytes: bool,
}

/// Where an output column comes from.
enum Source {
    Outer(usize),
    Inner(usize),
}

/// How a join is probed by batches.
pub(crate) struct ProbeSpec {
    keys: Box<[ProbeKey]>,
    sources: Box<[Source]>,
    /// An outer row has at most one partner that counts.
    single: bool,
}

impl ProbeSpec {
    /// For a join that allows it.
    pub(crate) fn of(join: &HashJoinSpec) -> Option<ProbeSpec> {
        let kind_fits = matches!(join.jointype, JoinType::Inner | JoinType::Semi);
        if !kind_fits || !join.joinqual.is_empty() || !join.qual.is_empty() {
            return None;
        }
        if join.hashclauses.len() != join.outer_keys.len() {
            return None;
        }
        let mut keys = Vec::new();
        let sides = join.outer_keys.iter().zip(&join.inner_keys).zip(&join.hashclauses);
        for (((outer, kind), (inner, inner_kind)), clause) in sides {
            let CExpr::Fast2(_, args, kernel) = clause else { return None };
            let bytes = match kernel {
                Kernel::Number(CompareOp::Eq) => false,
                Kernel::Bytes(CompareOp::Eq) => true,
                _ => return None,
            };
            // The Hash node's keys are over its own input, the clause's over both.
            match (outer, inner, &args.0, &args.1) {
                (CExpr::Outer(o), CExpr::Outer(i), CExpr::Outer(a), CExpr::Inner(b))
                | (CExpr::Outer(o), CExpr::Outer(i), CExpr::Inner(b), CExpr::Outer(a))
                    if o == a && i == b && kind == inner_kind =>
                {
                    let (outer, inner) = (usize::from(*o), usize::from(*i));
                    keys.push(ProbeKey { outer, inner, kind: *kind, bytes });
                }
                _ => return None,
            }
        }
        let mut sources = Vec::new();
        for expr in &join.projection.exprs {
            sources.push(match expr {
                CExpr::Outer(n) => Source::Outer(usize::from(*n)),
                CExpr::Inner(n) => Source::Inner(usize::from(*n)),
                _ => return None,
            });
        }
        let single = join.inner_unique || join.jointype == JoinType::Semi;
        Some(ProbeSpec { keys: keys.into(), sources: sources.into(), single })
    }
}

/// Where the probing stands.
#[derive(Default)]
pub(crate) struct Probe {
    /// Hash of each outer row's keys; `None` if one is NULL.
    hashes: Vec<Option<u64>>,
    /// Outer row to look up next, or whose chain is being followed.
    at: usize,
    chain: Option<usize>,
    in_chain: bool,
    pairs: Vec<(u32, u32)>,
}

impl Probe {
    /// Forgets the batch.
    pub(crate) fn reset(&mut self) {
        self.hashes.clear();
        self.at = 0;
        self.in_chain = false;
    }

    /// Fills `out` with rows of the join; nothing is added at the end.
    pub(crate) fn next(
        &mut self,
        spec: &ProbeSpec,
        outer: &mut Input,
        table: &HashTable,
        cx: &mut Cx<'_>,
        out: &mut Batch,
        max_rows: usize,
    ) -> PgResult<()> {
        self.pairs.clear();
        while self.pairs.is_empty() {
            if self.at >= self.hashes.len() {
                self.reset();
                if !outer.next_batch(cx, max_rows)? {
                    return Ok(());
                }
                self.hash(spec, &outer.batch, cx)?;
            }
            self.follow(spec, &outer.batch, table, max_rows);
        }
        for (column, source) in out.columns.iter_mut().zip(&spec.sources) {
            match source {
                Source::Outer(n) => gather(column, &self.pairs, &outer.batch.columns[*n]),
                Source::Inner(n) => {
                    column.extend(self.pairs.iter().map(|p| table.row(p.1 as usize)[*n].clone()));
                }
            }
        }
        out.set_len(self.pairs.len());
        Ok(())
    }

    fn hash(&mut self, spec: &ProbeSpec, batch: &Batch, cx: &mut Cx<'_>) -> PgResult<()> {
        self.hashes.resize(batch.len(), Some(0));
        for key in &spec.keys {
            for (hash, value) in self.hashes.iter_mut().zip(&batch.columns[key.outer]) {
                *hash = match (*hash, value) {
                    (_, Datum::Null) | (None, _) => None,
                    (Some(hash), value) => Some(combine(hash, key.kind.hash(cx.session, value)?)),
                };
            }
        }
        for hash in self.hashes.iter_mut().flatten() {
            *hash = mix(*hash);
        }
        Ok(())
    }

    /// Collects partners until there are `max_rows`, or the batch ends.
    fn follow(&mut self, spec: &ProbeSpec, batch: &Batch, table: &HashTable, max_rows: usize) {
        while self.at < self.hashes.len() {
            let Some(hash) = self.hashes[self.at] else {
                self.at += 1;
                continue;
            };
            let mut chain = if self.in_chain { self.chain } else { table.first(hash) };
            self.in_chain = false;
            while let Some(inner) = chain {
                if self.pairs.len() >= max_rows {
                    (self.chain, self.in_chain) = (chain, true);
                    return;
                }
                chain = table.following(inner, hash);
                let row = table.row(inner);
                let equal = spec.keys.iter().all(|key| {
                    let outer = &batch.columns[key.outer][self.at];
                    let order = match key.bytes {
                        false => number(outer, &row[key.inner]),
                        true => bytes(outer, &row[key.inner]),
                    };
                    order == Some(Ordering::Equal)
                });
                if equal {
                    self.pairs.push((self.at as u32, inner as u32));
                    if spec.single {
                        break;
                    }
                }
            }
            self.at += 1;
        }
    }
}

fn gather(out: &mut Column, pairs: &[(u32, u32)], values: &[Datum]) {
    out.extend(pairs.iter().map(|pair| values[pair.0 as usize].clone()));
}
