//! Properties of keys: the order of bytes is the order of values, and lossless kinds come back.
#![allow(clippy::unwrap_used)]
use codec::{KeyKind, KeyOrder, decode_key_datum, encode_key_datum, skip_key_datum};
use proptest::prelude::*;
use std::{cmp::Ordering, sync::Arc};
use types::{ArrayValue, Datum, Oid, RangeValue, numeric, type_oid};

const ORDERS: [KeyOrder; 4] = [
    KeyOrder { desc: false, nulls_first: false },
    KeyOrder { desc: false, nulls_first: true },
    KeyOrder { desc: true, nulls_first: false },
    KeyOrder { desc: true, nulls_first: true },
];

fn encode(datum: &Datum, kind: &KeyKind, order: KeyOrder) -> Vec<u8> {
    let mut out = Vec::new();
    encode_key_datum(&mut out, datum, kind, order).unwrap();
    out
}

/// Checks bytes against `expected` in every order, with something after the column, as in a real key.
fn check_order(a: &Datum, b: &Datum, kind: &KeyKind, expected: Ordering) {
    for order in ORDERS {
        let (mut x, mut y) = (encode(a, kind, order), encode(b, kind, order));
        let want = if order.desc { expected.reverse() } else { expected };
        assert_eq!(x.cmp(&y), want, "{a:?} {b:?} {kind:?} {order:?}");
        if want != Ordering::Equal {
            x.push(0xff);
            y.push(0x00);
            assert_eq!(x.cmp(&y), want, "suffix changes order of {a:?} {b:?}");
            x.pop();
        }
        let null = encode(&Datum::Null, kind, order);
        assert_eq!(null < x, order.nulls_first);
        let mut rest = &x[..];
        skip_key_datum(&mut rest, kind, order).unwrap();
        assert!(rest.is_empty());
    }
}

fn check_round_trip(datum: &Datum, kind: &KeyKind) {
    for order in ORDERS {
        let mut key = encode(datum, kind, order);
        key.extend_from_slice(b"rest");
        let mut rest = &key[..];
        let back = decode_key_datum(&mut rest, kind, order).unwrap();
        assert_eq!(format!("{back:?}"), format!("{datum:?}"));
        assert_eq!(rest, b"rest");
    }
}

fn float_order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn small_bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(255), any::<u8>()], 0..6)
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("NaN".to_owned()),
        Just("Infinity".to_owned()),
        Just("-Infinity".to_owned()),
        (any::<i64>(), 0u32..25).prop_map(|(digits, scale)| format!("{digits}e-{scale}")),
        (-30i64..30, 0u32..3).prop_map(|(digits, scale)| format!("{digits}e{scale}")),
        (any::<i32>(), any::<u16>()).prop_map(|(a, b)| format!("{a}.{b:05}00")),
    ]
}

fn numeric_datum(text: &str) -> Datum {
    Datum::Bytes(numeric::input(text, -1).unwrap())
}

fn numeric_order(a: &Datum, b: &Datum) -> Ordering {
    numeric::cmp(a.as_bytes(), b.as_bytes())
}

proptest! {
    #[test]
    fn integers(a: i64, b: i64) {
        check_order(&Datum::Int8(a), &Datum::Int8(b), &KeyKind::Int8, a.cmp(&b));
        check_order(&Datum::Int8(a), &Datum::Int8(b), &KeyKind::Uint8, (a as u64).cmp(&(b as u64)));
        let (x, y) = (a as i32, b as i32);
        check_order(&Datum::Int4(x), &Datum::Int4(y), &KeyKind::Int4, x.cmp(&y));
        let (x, y) = (a as i16, b as i16);
        check_order(&Datum::Int2(x), &Datum::Int2(y), &KeyKind::Int2, x.cmp(&y));
        let (x, y) = (a as u32, b as u32);
        check_order(&Datum::Oid(Oid(x)), &Datum::Oid(Oid(y)), &KeyKind::Oid, x.cmp(&y));
        check_round_trip(&Datum::Int8(a), &KeyKind::Int8);
        check_round_trip(&Datum::Int8(a), &KeyKind::Uint8);
        check_round_trip(&Datum::Int4(a as i32), &KeyKind::Int4);
        check_round_trip(&Datum::Int2(a as i16), &KeyKind::Int2);
        check_round_trip(&Datum::Oid(Oid(a as u32)), &KeyKind::Oid);
        check_round_trip(&Datum::Char(a as u8), &KeyKind::Char);
        check_round_trip(&Datum::Bool(a > 0), &KeyKind::Bool);
    }

    #[test]
    fn floats(a in prop_oneof![any::<f64>(), Just(0.0), Just(-0.0), Just(f64::NAN)],
              b in prop_oneof![any::<f64>(), Just(0.0), Just(-0.0), Just(-f64::NAN)]) {
        check_order(&Datum::Float8(a), &Datum::Float8(b), &KeyKind::Float8, float_order(a, b));
        let (x, y) = (a as f32, b as f32);
        let want = float_order(x.into(), y.into());
        check_order(&Datum::Float4(x), &Datum::Float4(y), &KeyKind::Float4, want);
    }

    #[test]
    fn bytes(a in small_bytes(), b in small_bytes()) {
        check_order(&Datum::bytes(&a), &Datum::bytes(&b), &KeyKind::Bytes, a.cmp(&b));
        check_round_trip(&Datum::bytes(&a), &KeyKind::Bytes);
        let padded = [&a[..], b"   "].concat();
        check_order(&Datum::bytes(&a), &Datum::bytes(&padded), &KeyKind::Bpchar, Ordering::Equal);
    }

    #[test]
    fn numerics(a in number(), b in number()) {
        let (x, y) = (numeric_datum(&a), numeric_datum(&b));
        check_order(&x, &y, &KeyKind::Numeric, numeric_order(&x, &y));
        let key = encode(&x, &KeyKind::Numeric, KeyOrder::ASC);
        let back = decode_key_datum(&mut &key[..], &KeyKind::Numeric, KeyOrder::ASC).unwrap();
        prop_assert_eq!(numeric_order(&x, &back), Ordering::Equal);
    }

    #[test]
    fn arrays(a in proptest::collection::vec(proptest::option::of(-2i32..3), 0..4),
              b in proptest::collection::vec(proptest::option::of(-2i32..3), 0..4)) {
        let datum = |v: &[Option<i32>]| {
            let elems = v.iter().map(|e| e.map_or(Datum::Null, Datum::Int4)).collect();
            Datum::Array(Arc::new(ArrayValue::from_elems(type_oid::INT4, elems)))
        };
        // NULL elements come after all others; a shorter array before its extensions.
        let rank = |v: &[Option<i32>]| -> Vec<i64> {
            v.iter().map(|e| e.map_or(i64::MAX, i64::from)).collect()
        };
        let kind = KeyKind::Array(Arc::new(KeyKind::Int4));
        check_order(&datum(&a), &datum(&b), &kind, rank(&a).cmp(&rank(&b)));
    }

    #[test]
    fn ranges(a in (any::<bool>(), proptest::option::of(-2i32..3), proptest::option::of(3i32..6), any::<(bool, bool)>()),
              b in (any::<bool>(), proptest::option::of(-2i32..3), proptest::option::of(3i32..6), any::<(bool, bool)>())) {
        type Parts = (bool, Option<i32>, Option<i32>, (bool, bool));
        let datum = |(empty, lower, upper, (li, ui)): Parts| {
            Datum::Range(Arc::new(RangeValue {
                type_id: Oid(3904), empty,
                lower: lower.map(Datum::Int4), upper: upper.map(Datum::Int4),
                lower_inc: li, upper_inc: ui,
            }))
        };
        let rank = |(empty, lower, upper, (li, ui)): Parts| {
            if empty { return None; }
            let lower = lower.map(|v| (v, !li));
            let upper = upper.map_or((1, 0, false), |v| (0, v, ui));
            Some((lower, upper))
        };
        let kind = KeyKind::Range(Arc::new(KeyKind::Int4));
        check_order(&datum(a), &datum(b), &kind, rank(a).cmp(&rank(b)));
    }
}

#[test]
fn intervals_of_equal_length_are_equal() {
    let interval = |time: i64, days: i32, months: i32| {
        let raw =
            (time as u64 as u128) | (days as u32 as u128) << 64 | (months as u32 as u128) << 96;
        let bytes = raw.to_le_bytes();
        let used = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
        Datum::bytes(&bytes[..used])
    };
    let kind = KeyKind::Interval;
    check_order(&interval(0, 30, 0), &interval(0, 0, 1), &kind, Ordering::Equal);
    check_order(&interval(-1, 0, 0), &interval(0, 0, 0), &kind, Ordering::Less);
    check_order(&interval(0, 0, -1), &interval(0, -31, 0), &kind, Ordering::Greater);
}

#[test]
fn jsonb_addresses_and_bits_follow_their_types() {
    use types::{bit::Bits, jsonb, jsonb::Jsonb, network};
    let texts = [
        "null",
        "true",
        "false",
        "0",
        "-1.5",
        "1e3",
        "\"\"",
        "\"a\"",
        "\"b\"",
        "[]",
        "[1]",
        "[2]",
        "[null]",
        "[[]]",
        "[1, 2]",
        "[1, \"x\"]",
        "{}",
        "{\"a\": 1}",
        "{\"a\": 2}",
        "{\"b\": 1}",
        "{\"bb\": 0, \"c\": [1]}",
        "{\"b\": 0, \"c\": {}}",
        "[{\"a\": 1}]",
    ];
    let values: Vec<Datum> = texts.iter().map(|t| Datum::Bytes(jsonb::input(t).unwrap())).collect();
    for a in &values {
        for b in &values {
            let want = Jsonb::new(a.as_bytes()).compare(&Jsonb::new(b.as_bytes()));
            check_order(a, b, &KeyKind::Jsonb, want);
        }
    }
    let texts = [
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.0.0.0/16",
        "10.0.0.1",
        "10.0.0.0",
        "9.255.255.255",
        "10.0.0.1/8",
        "::1",
        "fe80::/10",
        "fe80::1/10",
        "255.255.255.255",
        "0.0.0.0/0",
    ];
    let values: Vec<network::Inet> =
        texts.iter().map(|t| network::inet_input(t, false).unwrap()).collect();
    for a in &values {
        for b in &values {
            let (x, y) = (Datum::Bytes(a.encode()), Datum::Bytes(b.encode()));
            check_order(&x, &y, &KeyKind::Inet, a.compare(b));
        }
    }
    // Unused bits of the last byte, then the bits.
    let values: [&[u8]; 7] =
        [&[0], &[7, 0x80], &[7, 0], &[6, 0x80], &[0, 0x80], &[7, 0x80, 0], &[4, 0xf0]];
    for a in values {
        for b in values {
            let want = Bits::new(a).compare(&Bits::new(b));
            check_order(&Datum::bytes(a), &Datum::bytes(b), &KeyKind::Bit, want);
        }
    }
}
