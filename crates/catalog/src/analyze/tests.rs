//! Statistics of samples whose answers are known.
use super::*;
use crate::read::CatalogRead;
use types::{Datum, type_oid as t};

fn facts(total_rows: f64) -> ColumnFacts {
    ColumnFacts {
        total_rows,
        target: 100,
        eq_op: Oid(96),
        lt_op: Oid(97),
        collation: Oid::INVALID,
        fixed_width: Some(4),
    }
}

fn compare(a: &Datum, b: &Datum) -> error::PgResult<std::cmp::Ordering> {
    Ok(a.as_i32().cmp(&b.as_i32()))
}

#[test]
fn unique_column_has_histogram_and_correlation() {
    let sample: Vec<Datum> = (0..1000).map(Datum::Int4).collect();
    let stat = scalar_statistics(&sample, &facts(1000.0), &mut compare).unwrap().unwrap();
    assert_eq!(stat.distinct, -1.0);
    assert_eq!(stat.slots.iter().map(|s| s.kind).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(stat.slots[0].values.len(), 101);
    assert_eq!(stat.slots[0].values[0].as_i32(), 0);
    assert_eq!(stat.slots[0].values[100].as_i32(), 999);
    assert_eq!(stat.slots[1].numbers, [1.0]);
}

#[test]
fn few_values_are_all_listed() {
    let mut sample: Vec<Datum> = (0..900).map(|i| Datum::Int4(i % 3)).collect();
    sample.extend(std::iter::repeat_n(Datum::Null, 100));
    let stat = scalar_statistics(&sample, &facts(1000.0), &mut compare).unwrap().unwrap();
    assert_eq!(stat.nullfrac, 0.1);
    assert_eq!(stat.distinct, 3.0);
    assert_eq!(stat.slots[0].kind, 1);
    assert_eq!(stat.slots[0].numbers, [0.3, 0.3, 0.3]);
    let same =
        distinct_statistics(&sample, &facts(1000.0), &mut |a, b| Ok(a.as_i32() == b.as_i32()));
    assert_eq!(same.unwrap().unwrap().slots[0].numbers, [0.3, 0.3, 0.3]);
}

#[test]
fn statistics_are_stored_and_read_back() {
    let c = crate::Catalog::in_memory();
    let sample: Vec<Datum> = (0..10).map(|i| Datum::Int4(i / 2)).collect();
    let stat = scalar_statistics(&sample, &facts(10.0), &mut compare).unwrap().unwrap();
    c.update_statistics(Oid(1259), 1, false, t::INT4, &stat).unwrap();
    c.update_statistics(Oid(1259), 1, false, t::INT4, &stat).unwrap();
    let read = c.statistic(Oid(1259), 1, false).unwrap().unwrap();
    assert_eq!(read.distinct, stat.distinct);
    assert_eq!(read.slots.len(), stat.slots.len());
    assert_eq!(read.slots[0].values.len(), 5);
}

#[test]
fn reservoir_keeps_order_and_size() {
    let mut seed = 1u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((seed >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    let mut reservoir = Reservoir::new(100);
    for i in 0..10_000 {
        if reservoir.wants_next() {
            reservoir.put(i, &mut random);
        } else {
            reservoir.skip();
        }
    }
    assert_eq!(reservoir.seen(), 10_000);
    let items = reservoir.into_items();
    assert_eq!(items.len(), 100);
    assert!(items.windows(2).all(|w| w[0] < w[1]));
    let mean = items.iter().sum::<i32>() / 100;
    assert!((3500..6500).contains(&mean), "{mean}");
}

#[test]
fn operators_come_from_the_default_class() {
    let c = crate::Catalog::in_memory();
    let of = |typ| ColumnFacts::of_type(&c, typ, Oid::INVALID, 1.0, 100).unwrap();
    assert_eq!((of(t::INT4).eq_op, of(t::INT4).lt_op), (Oid(96), Oid(97)));
    assert_eq!(of(t::VARCHAR).eq_op, Oid(98));
    assert_eq!(of(t::INT4).fixed_width, Some(4));
    assert_eq!((of(t::XID).eq_op, of(t::XID).lt_op), (Oid(352), Oid::INVALID));
    assert_eq!(of(t::POINT).eq_op, Oid::INVALID);
}
