//! Comparison and hashing of text, bpchar and name, across each other.
use error::{PgResult, not_supported};
use fmgr::{CallContext, Registry};
use std::cmp::Ordering;
use types::{Datum, Oid, hash, text};

/// Collations that compare by code point: none given, default (C), the built-in ones.
const CODE_POINT_COLLATIONS: [u32; 7] = [0, 100, 811, 950, 951, 962, 6411];

/// 0A000 for collations that need a collation library.
fn check_collation(collation: Oid) -> PgResult<()> {
    if CODE_POINT_COLLATIONS.contains(&collation.0) {
        return Ok(());
    }
    Err(not_supported!("comparison under collation {collation}"))
}

fn cmp(cx: &CallContext<'_>, a: &Datum, b: &Datum) -> PgResult<Ordering> {
    check_collation(cx.collation())?;
    Ok(a.as_bytes().cmp(b.as_bytes()))
}

fn bpchar_cmp(cx: &CallContext<'_>, a: &Datum, b: &Datum) -> PgResult<Ordering> {
    check_collation(cx.collation())?;
    Ok(text::bpchar_cmp(a.as_bytes(), b.as_bytes()))
}

/// Six operators over an ordering that takes the call context.
macro_rules! ordered {
    ($r:ident, $cmp:ident: $eq:literal $ne:literal $lt:literal $le:literal $gt:literal $ge:literal) => {
        $r.scalar($eq, |cx, a| Ok(Datum::Bool($cmp(cx, &a[0], &a[1])?.is_eq())));
        $r.scalar($ne, |cx, a| Ok(Datum::Bool($cmp(cx, &a[0], &a[1])?.is_ne())));
        $r.scalar($lt, |cx, a| Ok(Datum::Bool($cmp(cx, &a[0], &a[1])?.is_lt())));
        $r.scalar($le, |cx, a| Ok(Datum::Bool($cmp(cx, &a[0], &a[1])?.is_le())));
        $r.scalar($gt, |cx, a| Ok(Datum::Bool($cmp(cx, &a[0], &a[1])?.is_gt())));
        $r.scalar($ge, |cx, a| Ok(Datum::Bool($cmp(cx, &a[0], &a[1])?.is_ge())));
    };
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("btvarstrequalimage", |cx, _a| {
        if !cx.collation().is_valid() {
            return Err(error::err!(
                INDETERMINATE_COLLATION,
                "could not determine which collation to use for string comparison"
            )
            .hint("Use the COLLATE clause to set the collation explicitly."));
        }
        let catalog = crate::system::catalog(cx)?;
        let row = catalog::CatalogRead::lookup_collation(catalog, cx.collation())?;
        Ok(types::Datum::Bool(row.is_none_or(|row| row.deterministic)))
    });
    ordered!(r, cmp: "texteq" "textne" "text_lt" "text_le" "text_gt" "text_ge");
    ordered!(r, cmp: "nameeq" "namene" "namelt" "namele" "namegt" "namege");
    ordered!(r, cmp: "nameeqtext" "namenetext" "namelttext" "nameletext" "namegttext" "namegetext");
    ordered!(r, cmp: "texteqname" "textnename" "textltname" "textlename" "textgtname" "textgename");
    ordered!(r, bpchar_cmp: "bpchareq" "bpcharne" "bpcharlt" "bpcharle" "bpchargt" "bpcharge");
    for name in ["bttextcmp", "btnamecmp", "btnametextcmp", "bttextnamecmp"] {
        r.scalar(name, |cx, a| Ok(Datum::Int4(cmp(cx, &a[0], &a[1])? as i32)));
    }
    r.scalar("bpcharcmp", |cx, a| Ok(Datum::Int4(bpchar_cmp(cx, &a[0], &a[1])? as i32)));
    register_patterns(r);
    register_extremes(r);
    register_hash(r);
}

/// The `~<~` family compares bytes whatever the collation.
fn register_patterns(r: &mut Registry) {
    r.scalar("text_pattern_lt", |_cx, a| Ok(Datum::Bool(a[0].as_bytes() < a[1].as_bytes())));
    r.scalar("text_pattern_le", |_cx, a| Ok(Datum::Bool(a[0].as_bytes() <= a[1].as_bytes())));
    r.scalar("text_pattern_gt", |_cx, a| Ok(Datum::Bool(a[0].as_bytes() > a[1].as_bytes())));
    r.scalar("text_pattern_ge", |_cx, a| Ok(Datum::Bool(a[0].as_bytes() >= a[1].as_bytes())));
    r.scalar("bttext_pattern_cmp", |_cx, a| {
        Ok(Datum::Int4(a[0].as_bytes().cmp(a[1].as_bytes()) as i32))
    });
    fn trimmed(a: &[Datum]) -> Ordering {
        text::bpchar_cmp(a[0].as_bytes(), a[1].as_bytes())
    }
    r.scalar("bpchar_pattern_lt", |_cx, a| Ok(Datum::Bool(trimmed(a).is_lt())));
    r.scalar("bpchar_pattern_le", |_cx, a| Ok(Datum::Bool(trimmed(a).is_le())));
    r.scalar("bpchar_pattern_gt", |_cx, a| Ok(Datum::Bool(trimmed(a).is_gt())));
    r.scalar("bpchar_pattern_ge", |_cx, a| Ok(Datum::Bool(trimmed(a).is_ge())));
    r.scalar("btbpchar_pattern_cmp", |_cx, a| Ok(Datum::Int4(trimmed(a) as i32)));
}

fn register_extremes(r: &mut Registry) {
    fn pick(args: &mut [Datum], first: bool) -> Datum {
        args[usize::from(!first)].take()
    }
    r.scalar("text_larger", |cx, a| {
        let first = cmp(cx, &a[0], &a[1])?.is_gt();
        Ok(pick(a, first))
    });
    r.scalar("text_smaller", |cx, a| {
        let first = cmp(cx, &a[0], &a[1])?.is_lt();
        Ok(pick(a, first))
    });
    r.scalar("bpchar_larger", |cx, a| {
        let first = bpchar_cmp(cx, &a[0], &a[1])?.is_ge();
        Ok(pick(a, first))
    });
    r.scalar("bpchar_smaller", |cx, a| {
        let first = bpchar_cmp(cx, &a[0], &a[1])?.is_le();
        Ok(pick(a, first))
    });
}

fn register_hash(r: &mut Registry) {
    r.scalar("hashtext", |cx, a| {
        check_collation(cx.collation())?;
        Ok(Datum::Int4(hash::bytes(a[0].as_bytes()) as i32))
    });
    r.scalar("hashtextextended", |cx, a| {
        check_collation(cx.collation())?;
        Ok(Datum::Int8(hash::bytes_extended(a[0].as_bytes(), a[1].as_i64() as u64) as i64))
    });
    r.scalar("hashname", |_cx, a| Ok(Datum::Int4(hash::bytes(a[0].as_bytes()) as i32)));
    r.scalar("hashnameextended", |_cx, a| {
        Ok(Datum::Int8(hash::bytes_extended(a[0].as_bytes(), a[1].as_i64() as u64) as i64))
    });
    r.scalar("hashbpchar", |cx, a| {
        check_collation(cx.collation())?;
        Ok(Datum::Int4(hash::bytes(text::bpchar_trim(a[0].as_bytes())) as i32))
    });
    r.scalar("hashbpcharextended", |cx, a| {
        check_collation(cx.collation())?;
        let trimmed = text::bpchar_trim(a[0].as_bytes());
        Ok(Datum::Int8(hash::bytes_extended(trimmed, a[1].as_i64() as u64) as i64))
    });
}
