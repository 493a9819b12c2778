//! A range scan: the committed state with the transaction's own writes laid over it.
use crate::{
    Snapshot, Transaction,
    overlay::{Item, Written},
};
use error::PgResult;
use kv::{Cursor, IterOptions};
use std::{collections::VecDeque, ops::Bound, sync::Arc};

/// Own writes fetched under one lock of the overlay.
const CHUNK: usize = 64;

/// A cursor over a range as a snapshot sees it. Lends key and value until it moves.
pub struct Scan {
    base: Box<dyn Cursor>,
    own: Option<OwnCursor>,
    forward: bool,
    /// The own cursor's front, not the base cursor, is the position.
    at_own: bool,
    error: Option<error::PgError>,
}

struct OwnCursor {
    tx: Arc<Transaction>,
    snapshot: Snapshot,
    lower: Option<Vec<u8>>,
    upper: Option<Vec<u8>>,
    chunk: VecDeque<Item>,
}

fn lower_bound(key: &Option<Vec<u8>>) -> Bound<&[u8]> {
    key.as_deref().map_or(Bound::Unbounded, Bound::Included)
}

fn upper_bound(key: &Option<Vec<u8>>) -> Bound<&[u8]> {
    key.as_deref().map_or(Bound::Unbounded, Bound::Excluded)
}

pub(crate) fn is_empty_range(from: Bound<&[u8]>, to: Bound<&[u8]>) -> bool {
    match (from, to) {
        (Bound::Included(a), Bound::Included(b)) => a > b,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => {
            a >= b
        }
        _ => false,
    }
}

impl OwnCursor {
    fn fill(&mut self, from: Bound<&[u8]>, forward: bool) -> PgResult<()> {
        let (lower, upper) = (self.lower.take(), self.upper.take());
        let range = match (forward, from) {
            (true, Bound::Unbounded) | (false, Bound::Unbounded) => {
                (lower_bound(&lower), upper_bound(&upper))
            }
            (true, from) => (tighter_lower(lower_bound(&lower), from), upper_bound(&upper)),
            (false, to) => (lower_bound(&lower), tighter_upper(upper_bound(&upper), to)),
        };
        let items = if is_empty_range(range.0, range.1) {
            Ok(Vec::new())
        } else {
            self.tx.collect_own(range, forward, self.snapshot.curcid(), CHUNK)
        };
        self.chunk.clear();
        self.chunk.extend(items?);
        self.lower = lower;
        self.upper = upper;
        Ok(())
    }

    fn advance(&mut self, forward: bool) -> PgResult<()> {
        let Some((key, _)) = self.chunk.pop_front() else { return Ok(()) };
        if self.chunk.is_empty() { self.fill(Bound::Excluded(&key), forward) } else { Ok(()) }
    }
}

fn tighter_lower<'a>(limit: Bound<&'a [u8]>, from: Bound<&'a [u8]>) -> Bound<&'a [u8]> {
    match (limit, from) {
        (Bound::Included(l), Bound::Included(f) | Bound::Excluded(f)) if l > f => limit,
        _ => from,
    }
}

fn tighter_upper<'a>(limit: Bound<&'a [u8]>, to: Bound<&'a [u8]>) -> Bound<&'a [u8]> {
    match (limit, to) {
        (Bound::Excluded(l), Bound::Included(t) | Bound::Excluded(t)) if l <= t => limit,
        _ => to,
    }
}

impl Scan {
    pub(crate) fn new(
        tx: Arc<Transaction>,
        snapshot: &Snapshot,
        base: &dyn kv::Snapshot,
        options: IterOptions,
    ) -> Self {
        let (from, to) = (lower_bound(&options.lower), upper_bound(&options.upper));
        let own = (!is_empty_range(from, to) && tx.own_writes_in(from, to)).then(|| OwnCursor {
            tx: tx.clone(),
            snapshot: snapshot.clone(),
            lower: options.lower.clone(),
            upper: options.upper.clone(),
            chunk: VecDeque::new(),
        });
        let base = base.iter(options);
        Scan { base, own, forward: true, at_own: false, error: None }
    }

    fn note(&mut self, result: PgResult<()>) {
        if let Err(error) = result {
            self.error = Some(error);
        }
    }

    fn start(&mut self, from: Bound<&[u8]>, forward: bool) {
        self.forward = forward;
        match (from, forward) {
            (Bound::Included(key), true) => self.base.seek(key),
            (Bound::Included(key), false) => self.base.seek_for_prev(key),
            (_, true) => self.base.seek_to_first(),
            (_, false) => self.base.seek_to_last(),
        }
        if let Some(own) = &mut self.own {
            let result = own.fill(from, forward);
            self.note(result);
        }
        self.settle();
    }

    /// Chooses which side is the position, and steps over removed keys.
    fn settle(&mut self) {
        self.at_own = false;
        while let Some(own) = &mut self.own {
            let Some((key, value)) = own.chunk.front() else { return };
            let order = if !self.base.valid() {
                std::cmp::Ordering::Less
            } else if self.forward {
                key[..].cmp(self.base.key())
            } else {
                self.base.key().cmp(&key[..])
            };
            if order == std::cmp::Ordering::Greater {
                return;
            }
            let removed = value.is_none();
            if order == std::cmp::Ordering::Equal {
                if self.forward { self.base.next() } else { self.base.prev() }
            }
            if !removed {
                self.at_own = true;
                return;
            }
            let result = own.advance(self.forward);
            self.note(result);
        }
    }

    fn step(&mut self, forward: bool) {
        if !self.valid() {
            return;
        }
        if forward != self.forward && self.own.is_some() {
            let key = self.key().to_vec();
            self.start(Bound::Included(&key), forward);
            if !self.valid() || self.key() != key {
                return;
            }
        }
        self.forward = forward;
        if self.at_own {
            if let Some(own) = &mut self.own {
                let result = own.advance(forward);
                self.note(result);
            }
        } else if forward {
            self.base.next();
        } else {
            self.base.prev();
        }
        self.settle();
    }

    /// To the first key at or after `key`.
    pub fn seek(&mut self, key: &[u8]) {
        self.start(Bound::Included(key), true);
    }

    /// To the last key at or before `key`.
    pub fn seek_for_prev(&mut self, key: &[u8]) {
        self.start(Bound::Included(key), false);
    }

    /// To the first key of the range.
    pub fn seek_to_first(&mut self) {
        self.start(Bound::Unbounded, true);
    }

    /// To the last key of the range.
    pub fn seek_to_last(&mut self) {
        self.start(Bound::Unbounded, false);
    }

    /// One key on.
    pub fn next(&mut self) {
        self.step(true);
    }

    /// One key back.
    pub fn prev(&mut self) {
        self.step(false);
    }

    /// Whether there is a key here.
    #[inline]
    pub fn valid(&self) -> bool {
        self.error.is_none() && (self.at_own || self.base.valid())
    }

    fn own_front(&self) -> Option<(&[u8], &Written)> {
        let (key, value) = self.own.as_ref()?.chunk.front()?;
        Some((key, value))
    }

    /// The key here; empty if there is none.
    #[inline]
    pub fn key(&self) -> &[u8] {
        if self.at_own { self.own_front().map_or(&[], |item| item.0) } else { self.base.key() }
    }

    /// The value here; empty if there is none.
    #[inline]
    pub fn value(&self) -> &[u8] {
        if self.at_own {
            self.own_front().and_then(|item| item.1.as_deref()).unwrap_or_default()
        } else {
            self.base.value()
        }
    }

    /// Why the scan stopped, if that was not the end of the range.
    pub fn status(&self) -> PgResult<()> {
        match &self.error {
            Some(error) => Err(error.clone()),
            None => self.base.status(),
        }
    }
}
