//! pg_snapshot (and txid_snapshot): which transactions a snapshot takes for finished. Held as its text.
use error::{PgResult, err};
use fmgr::{Registry, VecRowSource};
use types::Datum;

/// `xmin:xmax:xip,…`: everything below xmin is finished, nothing from xmax on, and not what is listed.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// First transaction that may be in progress.
    pub xmin: u64,
    /// First transaction not yet begun.
    pub xmax: u64,
    /// In progress between the two, ascending.
    pub xip: Vec<u64>,
}

/// The limit that PostgreSQL has on the list.
const MAX_XIP: usize = (1 << 30) / 8;

impl Snapshot {
    /// Reads the text form.
    pub fn parse(text: &str) -> PgResult<Snapshot> {
        Self::try_parse(text).ok_or_else(|| {
            err!(
                INVALID_TEXT_REPRESENTATION,
                "invalid input syntax for type pg_snapshot: \"{text}\""
            )
        })
    }

    fn try_parse(text: &str) -> Option<Snapshot> {
        let number = |part: &str| match part.bytes().all(|b| b.is_ascii_digit()) {
            // An xid8's epoch is not negative.
            true => part.parse::<u64>().ok().filter(|v| i64::try_from(*v).is_ok()),
            false => None,
        };
        let mut parts = text.splitn(3, ':');
        let (xmin, xmax) = (number(parts.next()?)?, number(parts.next()?)?);
        let list = parts.next()?;
        if xmin == 0 || xmax == 0 || xmin > xmax {
            return None;
        }
        let mut xip: Vec<u64> = Vec::new();
        for part in list.split(',').filter(|_| !list.is_empty()) {
            let xid = number(part)?;
            let last = xip.last().copied().unwrap_or(xmin);
            if xid < last || xid >= xmax {
                return None;
            }
            if xip.last() != Some(&xid) {
                xip.push(xid);
            }
        }
        Some(Snapshot { xmin, xmax, xip })
    }

    /// The value.
    pub fn to_datum(&self) -> Datum {
        let list: Vec<String> = self.xip.iter().map(u64::to_string).collect();
        Datum::text(&format!("{}:{}:{}", self.xmin, self.xmax, list.join(",")))
    }

    /// Whether the snapshot takes a transaction for finished.
    pub fn sees(&self, xid: u64) -> bool {
        xid < self.xmin || xid < self.xmax && self.xip.binary_search(&xid).is_err()
    }

    fn receive(bytes: &[u8]) -> Option<Snapshot> {
        let (count, rest) = bytes.split_first_chunk::<4>()?;
        let count = usize::try_from(i32::from_be_bytes(*count)).ok().filter(|n| *n <= MAX_XIP)?;
        let words: Vec<u64> = rest
            .chunks_exact(8)
            .filter_map(|c| Some(u64::from_be_bytes(c.try_into().ok()?)))
            .collect();
        let [xmin, xmax, xip @ ..] = words.as_slice() else { return None };
        let valid = rest.len() % 8 == 0
            && xip.len() == count
            && *xmin != 0
            && xmin <= xmax
            && xip.iter().all(|x| x >= xmin && x < xmax)
            && xip.is_sorted();
        let mut xip = xip.to_vec();
        xip.dedup();
        valid.then_some(Snapshot { xmin: *xmin, xmax: *xmax, xip })
    }
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("pg_snapshot_in", |_cx, a| Ok(Snapshot::parse(a[0].as_str())?.to_datum()));
    r.scalar("pg_snapshot_out", |_cx, a| Ok(a[0].clone()));
    r.scalar("pg_snapshot_recv", |_cx, a| {
        Snapshot::receive(a[0].as_bytes())
            .map(|s| s.to_datum())
            .ok_or_else(|| err!(INVALID_BINARY_REPRESENTATION, "invalid external pg_snapshot data"))
    });
    r.scalar("pg_snapshot_send", |_cx, a| {
        let s = Snapshot::parse(a[0].as_str())?;
        let mut out = (s.xip.len() as i32).to_be_bytes().to_vec();
        for word in [s.xmin, s.xmax].iter().chain(&s.xip) {
            out.extend_from_slice(&word.to_be_bytes());
        }
        Ok(Datum::bytes(&out))
    });
    r.scalar("pg_snapshot_xmin", |_cx, a| {
        Ok(Datum::Int8(Snapshot::parse(a[0].as_str())?.xmin as i64))
    });
    r.scalar("pg_snapshot_xmax", |_cx, a| {
        Ok(Datum::Int8(Snapshot::parse(a[0].as_str())?.xmax as i64))
    });
    r.set("pg_snapshot_xip", |_cx, a| {
        let xip = Snapshot::parse(a[0].as_str())?.xip;
        Ok(VecRowSource::scalars(xip.into_iter().map(|x| Datum::Int8(x as i64)).collect()))
    });
    r.scalar("pg_visible_in_snapshot", |_cx, a| {
        Ok(Datum::Bool(Snapshot::parse(a[1].as_str())?.sees(a[0].as_i64() as u64)))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form() {
        let s = Snapshot::parse("12:20:13,13,15,18").expect("valid");
        assert_eq!(s.xip, [13, 15, 18]);
        assert!(s.sees(11) && s.sees(12) && !s.sees(13) && s.sees(14) && !s.sees(20));
        for bad in ["31:12:", "0:1:", "12:13:0", "12:16:14,13", "a:1:2", "1:2"] {
            assert!(Snapshot::parse(bad).is_err(), "{bad}");
        }
    }
}
