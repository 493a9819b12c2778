//! Rows: every value comes back, columns decode alone, missing attributes and large ones work.
#![allow(clippy::unwrap_used)]
use codec::{External, LargeStore, NoLarge, RowEncoder, RowLayout, RowRef};
use error::PgResult;
use proptest::prelude::*;
use std::{collections::HashMap, sync::Arc};
use types::{ArrayValue, Datum, Oid, PhysType, RecordDesc, RecordField, RecordValue, type_oid};

const PHYS: [PhysType; 10] = [
    PhysType::Bool,
    PhysType::Char,
    PhysType::Int2,
    PhysType::Int4,
    PhysType::Int8,
    PhysType::Float4,
    PhysType::Float8,
    PhysType::Oid,
    PhysType::Bytes,
    PhysType::Array,
];

fn datum(phys: PhysType, seed: i64, len: usize) -> Datum {
    match phys {
        PhysType::Bool => Datum::Bool(seed % 2 == 0),
        PhysType::Char => Datum::Char(seed as u8),
        PhysType::Int2 => Datum::Int2(seed as i16),
        PhysType::Int4 => Datum::Int4(seed as i32),
        PhysType::Int8 => Datum::Int8(seed),
        PhysType::Float4 => Datum::Float4(seed as f32),
        PhysType::Float8 => Datum::Float8(seed as f64),
        PhysType::Oid => Datum::Oid(Oid(seed as u32)),
        PhysType::Bytes => {
            // Half of them compress well, half do not.
            let mut state = seed as u64 | 1;
            let bytes: Vec<u8> = (0..len)
                .map(|i| {
                    state =
                        state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    if seed % 2 == 0 { (i / 64) as u8 } else { (state >> 33) as u8 }
                })
                .collect();
            Datum::bytes(&bytes)
        }
        _ => Datum::Array(Arc::new(ArrayValue::from_elems(
            type_oid::INT4,
            (0..len as i32 / 8).map(Datum::Int4).collect(),
        ))),
    }
}

struct Large(HashMap<u16, Vec<u8>>);

impl LargeStore for Large {
    fn fetch(&self, e: External, visit: &mut dyn FnMut(&[u8]) -> PgResult<()>) -> PgResult<()> {
        assert_eq!(self.0[&e.att].len(), e.stored_len as usize);
        visit(&self.0[&e.att])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn rows_come_back(columns in proptest::collection::vec(
        (0..PHYS.len(), proptest::option::weighted(0.8, any::<i64>()),
         prop_oneof![8 => 0usize..40, 1 => 1990usize..2600, 1 => 7000usize..90000]), 0..12)) {
        let phys: Vec<PhysType> = columns.iter().map(|c| PHYS[c.0]).collect();
        let values: Vec<Datum> = columns.iter()
            .map(|c| c.1.map_or(Datum::Null, |seed| datum(PHYS[c.0], seed, c.2)))
            .collect();
        let layout = RowLayout::new(&phys);
        let (mut bytes, mut large) = (Vec::new(), HashMap::new());
        RowEncoder::default().encode(&mut bytes, &layout, 77, &values, &mut |att, stored| {
            large.insert(att, stored.to_vec());
            Ok(())
        }).unwrap();
        let row = RowRef::new(&bytes, &layout).unwrap();
        prop_assert_eq!(row.xid(), 77);
        prop_assert_eq!(row.externals().len(), large.len());
        let large = Large(large);
        for (att, value) in values.iter().enumerate().rev() {
            let got = row.get(att, &large).unwrap();
            prop_assert_eq!(format!("{got:?}"), format!("{value:?}"));
            prop_assert_eq!(row.is_null(att), value.is_null());
        }
        // Damage gives errors, never panics.
        for cut in 0..bytes.len().min(200) {
            if let Ok(row) = RowRef::new(&bytes[..cut], &layout) {
                for att in 0..row.natts() {
                    let _ = row.get(att, &large);
                }
            }
        }
    }
}

#[test]
fn later_attributes_take_their_missing_values() {
    let old = RowLayout::new(&[PhysType::Int4, PhysType::Bytes]);
    let new = RowLayout::new(&[PhysType::Int4, PhysType::Bytes, PhysType::Int8, PhysType::Bytes]);
    let mut bytes = Vec::new();
    let values = [Datum::Int4(5), Datum::text("x")];
    RowEncoder::default().encode(&mut bytes, &old, 1, &values, &mut |_, _| Ok(())).unwrap();
    let missing = [Datum::Null, Datum::Null, Datum::Int8(9)];
    let mut out = Vec::new();
    let row = RowRef::new(&bytes, &new).unwrap();
    row.decode_all(&missing, &NoLarge, &mut out).unwrap();
    assert_eq!(
        format!("{out:?}"),
        format!("{:?}", [Datum::Int4(5), Datum::text("x"), Datum::Int8(9), Datum::Null,])
    );
}

#[test]
fn structured_values_come_back() {
    let desc = Arc::new(RecordDesc {
        type_id: type_oid::RECORD,
        fields: vec![RecordField { name: "f".into(), typ: type_oid::TEXT, typmod: -1 }],
    });
    let record = Datum::Record(Arc::new(RecordValue {
        desc,
        fields: vec![Datum::text(&"long ".repeat(900))],
    }));
    let layout = RowLayout::new(&[PhysType::Record]);
    let mut bytes = Vec::new();
    let values = [record.clone()];
    RowEncoder::default().encode(&mut bytes, &layout, 1, &values, &mut |_, _| Ok(())).unwrap();
    assert!(bytes.len() < 1000, "compressed");
    let back = RowRef::new(&bytes, &layout).unwrap().get(0, &NoLarge).unwrap();
    assert_eq!(format!("{back:?}"), format!("{record:?}"));
}
