//! "char", and casts between the character types.
use fmgr::Registry;
use types::{Datum, hash, text};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    comparisons! { r,
        "chareq" "charne" "charlt" "charle" "chargt" "charge": as_char, as_char, |a, b| a.cmp(&b);
    }
    binary! { r,
        "btcharcmp": as_char, as_char => Int4, |a, b| i32::from(a) - i32::from(b);
        "hashcharextended": as_char, as_i64 => Int8,
            |a, seed| hash::uint32_extended(i32::from(a as i8) as u32, seed as u64) as i64;
    }
    unary! { r,
        "chartoi4": as_char => Int4, |a| i32::from(a as i8);
        "hashchar": as_char => Int4, |a| hash::uint32(i32::from(a as i8) as u32) as i32;
        "i4tochar": as_i32 => Char, |a| {
            if !(-128..=127).contains(&a) {
                error::bail!(NUMERIC_VALUE_OUT_OF_RANGE, "\"char\" out of range");
            }
            a as i8 as u8
        };
    }
    register_casts(r);
}

fn register_casts(r: &mut Registry) {
    // A zero byte is the empty string; a byte past ASCII is shown in octal, as its output is.
    fn char_text(value: u8) -> Datum {
        let mut out = Vec::new();
        types::char::output(value, &mut out);
        Datum::bytes(&out)
    }
    r.scalar("char_text", |_cx, a| Ok(char_text(a[0].as_char())));
    r.scalar("char_bpchar", |_cx, a| Ok(char_text(a[0].as_char())));
    r.scalar("text_char", |_cx, a| Ok(Datum::Char(types::char::input(a[0].as_str()))));
    r.scalar("text_name", |_cx, a| Ok(Datum::text(text::truncate_name(a[0].as_str()))));
    r.scalar("bpchar_name", |_cx, a| {
        let name = text::truncate_name(a[0].as_str());
        Ok(Datum::text(name.trim_end_matches(' ')))
    });
    r.scalar("name_text", |_cx, a| Ok(a[0].take()));
    r.scalar("name_bpchar", |_cx, a| Ok(a[0].take()));
    r.scalar("varchar", |_cx, a| {
        let value = text::varchar_apply(a[0].as_str(), a[1].as_i32(), a[2].as_bool())?;
        Ok(if value.len() == a[0].as_bytes().len() { a[0].clone() } else { Datum::text(value) })
    });
    r.scalar("bpchar", |_cx, a| {
        let value = text::bpchar_apply(a[0].as_str(), a[1].as_i32(), a[2].as_bool())?;
        Ok(value.map_or_else(|| a[0].clone(), |v| Datum::text(&v)))
    });
}
