//! uuid: comparison, hash, generation, extraction.
use fmgr::{CallContext, Registry};
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
    r.scalar("uuidv7", |cx, _a| {
        let now = cx.session.clock_timestamp();
        Ok(version7(cx, now))
    });
    r.scalar("uuidv7_interval", |cx, a| {
        let now = cx.session.clock_timestamp();
        let shift = Interval::decode(a[0].as_bytes());
        let ts = timestamptz_add(now, &shift, &cx.session.io_options().time_zone)?;
        Ok(version7(cx, ts))
    });
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

/// Milliseconds, then the part of a millisecond in twelve bits, then random bits.
fn version7(cx: &CallContext<'_>, ts: i64) -> Datum {
    let usecs = ts.saturating_add(UNIX_EPOCH_DAYS * USECS_PER_DAY);
    let (ms, rest) = (usecs.div_euclid(1000), usecs.rem_euclid(1000));
    let mut bytes = random_bytes(cx);
    bytes[..6].copy_from_slice(&ms.to_be_bytes()[2..]);
    let fraction = (rest * 4096 / 1000) as u16;
    bytes[6..8].copy_from_slice(&fraction.to_be_bytes());
    finish(bytes, 7)
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
