//! uuid: comparison, hash, generation, extraction.
use error::{PgResult, err};
use fmgr::{CallContext, Registry};
use std::sync::atomic::{AtomicI64, Ordering};
use types::{
    Datum,
    datetime::{Interval, UNIX_EPOCH_DAYS, USECS_PER_DAY, interval::timestamptz_add},
    hash,
};

/// Registers the family.
pub fn register(r: &mut Registry) {
    comparisons! { r,
        "uuid_eq" "uuid_ne" "uuid_lt" "uuid_le" "uuid_gt" "uuid_ge": as_bytes, as_bytes, |a, b| a.cmp(b);
    }
    binary! { r,
        "uuid_cmp": as_bytes, as_bytes => Int4, |a, b| a.cmp(b) as i32;
        "uuid_hash_extended": as_bytes, as_i64 => Int8, |a, s| hash::bytes_extended(a, s as u64) as i64;
    }
    unary! { r,
        "uuid_hash": as_bytes => Int4, |a| hash::bytes(a) as i32;
    }
    r.scalar("gen_random_uuid", |cx, _a| {
        let bytes = random_bytes(cx);
        Ok(finish(bytes, 4))
    });
    r.scalar("uuidv7", |cx, _a| version7(cx, &Interval::default()));
    r.scalar("uuidv7_interval", |cx, a| version7(cx, &Interval::decode(a[0].as_bytes())));
    r.scalar("uuid_extract_version", |_cx, a| {
        let b = a[0].as_bytes();
        Ok(if rfc_variant(b) { Datum::Int2(i16::from(b[6] >> 4)) } else { Datum::Null })
    });
    r.scalar("uuid_extract_timestamp", |_cx, a| Ok(extract_timestamp(a[0].as_bytes())));
}

fn rfc_variant(b: &[u8]) -> bool {
    b.len() == 16 && b[8] & 0xc0 == 0x80
}

fn random_bytes(cx: &CallContext<'_>) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&cx.session.random_u64().to_le_bytes());
    bytes[8..].copy_from_slice(&cx.session.random_u64().to_le_bytes());
    bytes
}

fn finish(mut bytes: [u8; 16], version: u8) -> Datum {
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Datum::bytes(&bytes)
}

/// Nanoseconds since 2000 that were used last: values made by one server always ascend.
static LAST: AtomicI64 = AtomicI64::new(0);

/// What twelve bits of a millisecond can tell apart.
const STEP: i64 = 1_000_000 / 4096 + 1;

fn ascending_clock(cx: &CallContext<'_>) -> i64 {
    let now = cx.session.clock_timestamp().saturating_mul(1000);
    let next = |last: i64| Some(now.max(last + STEP));
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or(now);
    now.max(last + STEP)
}

/// Milliseconds, then the part of a millisecond in twelve bits, then random bits.
fn version7(cx: &CallContext<'_>, shift: &Interval) -> PgResult<Datum> {
    if shift.is_infinite() {
        return Err(err!(DATETIME_FIELD_OVERFLOW, "interval out of range for UUID version 7")
            .detail("UUID version 7 does not support infinite intervals."));
    }
    let now = ascending_clock(cx);
    let ts = timestamptz_add(now.div_euclid(1000), shift, &cx.session.io_options().time_zone)?;
    let usecs = ts.saturating_add(UNIX_EPOCH_DAYS * USECS_PER_DAY);
    let (ms, rest) = (usecs.div_euclid(1000), usecs.rem_euclid(1000));
    if !(0..1 << 48).contains(&ms) {
        return Err(err!(DATETIME_FIELD_OVERFLOW, "timestamp out of range for UUID version 7")
            .detail(
                "UUID version 7 supports timestamps from 1970-01-01 to approximately year 10889.",
            ));
    }
    let mut bytes = random_bytes(cx);
    bytes[..6].copy_from_slice(&ms.to_be_bytes()[2..]);
    let nanos = rest * 1000 + now.rem_euclid(1000);
    let fraction = (nanos * 4096 / 1_000_000) as u16;
    bytes[6..8].copy_from_slice(&fraction.to_be_bytes());
    Ok(finish(bytes, 7))
}

fn extract_timestamp(b: &[u8]) -> Datum {
    if !rfc_variant(b) {
        return Datum::Null;
    }
    let epoch = UNIX_EPOCH_DAYS * USECS_PER_DAY;
    match b[6] >> 4 {
        1 => {
            // 100 ns since 1582-10-15.
            let word = |r: std::ops::Range<usize>| {
                b[r].iter().fold(0i64, |v, byte| v << 8 | i64::from(*byte))
            };
            let ticks = word(0..4) | word(4..6) << 32 | (word(6..8) & 0x0fff) << 48;
            let gregorian = types::datetime::days_from_civil(1582, 10, 15) * USECS_PER_DAY;
            Datum::Int8(ticks / 10 + gregorian)
        }
        7 => {
            let ms = b[..6].iter().fold(0i64, |v, byte| v << 8 | i64::from(*byte));
            Datum::Int8(ms * 1000 - epoch)
        }
        _ => Datum::Null,
    }
}
