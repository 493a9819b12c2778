//! Type modifiers in and out.
use error::{PgResult, bail};
use fmgr::{CallContext, Registry};
use types::{Datum, bit, datetime, int, numeric, text};

/// The integers of a modifier list, which comes as an array of cstring.
fn values(arg: &Datum) -> PgResult<Vec<i32>> {
    arg.as_array()
        .elems
        .iter()
        .map(|elem| match elem {
            Datum::Null => bail!(NULL_VALUE_NOT_ALLOWED, "typmod array must not contain nulls"),
            elem => int::input(elem.as_str()),
        })
        .collect()
}

fn with_notice(
    cx: &CallContext<'_>,
    result: PgResult<(i32, Option<error::PgError>)>,
) -> PgResult<Datum> {
    let (typmod, warning) = result?;
    if let Some(warning) = warning {
        cx.session.notice(warning);
    }
    Ok(Datum::Int4(typmod))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("bpchartypmodin", |_cx, a| text::bpchar_typmod_in(&values(&a[0])?).map(Datum::Int4));
    r.scalar("varchartypmodin", |_cx, a| text::varchar_typmod_in(&values(&a[0])?).map(Datum::Int4));
    r.scalar("numerictypmodin", |_cx, a| numeric::typmod_in(&values(&a[0])?).map(Datum::Int4));
    r.scalar("bittypmodin", |_cx, a| bit::typmod_in(&values(&a[0])?, "bit").map(Datum::Int4));
    r.scalar("varbittypmodin", |_cx, a| bit::typmod_in(&values(&a[0])?, "varbit").map(Datum::Int4));
    r.scalar("intervaltypmodin", |cx, a| {
        with_notice(cx, datetime::interval::typmod_in(&values(&a[0])?))
    });
    r.scalar("timetypmodin", |cx, a| {
        with_notice(cx, datetime::time_typmod_in(&values(&a[0])?, "TIME"))
    });
    r.scalar("timetztypmodin", |cx, a| with_notice(cx, time_zone_typmod(&values(&a[0])?, "TIME")));
    r.scalar("timestamptypmodin", |cx, a| {
        with_notice(cx, datetime::time_typmod_in(&values(&a[0])?, "TIMESTAMP"))
    });
    r.scalar("timestamptztypmodin", |cx, a| {
        with_notice(cx, time_zone_typmod(&values(&a[0])?, "TIMESTAMP"))
    });

    r.scalar("bpchartypmodout", |_cx, a| Ok(Datum::text(&text::typmod_out(a[0].as_i32()))));
    r.scalar("varchartypmodout", |_cx, a| Ok(Datum::text(&text::typmod_out(a[0].as_i32()))));
    r.scalar("numerictypmodout", |_cx, a| Ok(Datum::text(&numeric::typmod_out(a[0].as_i32()))));
    r.scalar("bittypmodout", |_cx, a| Ok(Datum::text(&parenthesized(a[0].as_i32()))));
    r.scalar("varbittypmodout", |_cx, a| Ok(Datum::text(&parenthesized(a[0].as_i32()))));
    r.scalar("intervaltypmodout", |_cx, a| {
        Ok(Datum::text(&datetime::interval::typmod_out(a[0].as_i32())?))
    });
    r.scalar("timetypmodout", |_cx, a| Ok(Datum::text(&time_out(a[0].as_i32(), false))));
    r.scalar("timetztypmodout", |_cx, a| Ok(Datum::text(&time_out(a[0].as_i32(), true))));
    r.scalar("timestamptypmodout", |_cx, a| Ok(Datum::text(&time_out(a[0].as_i32(), false))));
    r.scalar("timestamptztypmodout", |_cx, a| Ok(Datum::text(&time_out(a[0].as_i32(), true))));
}

/// The messages name the type with its zone after the precision.
fn time_zone_typmod(values: &[i32], name: &str) -> PgResult<(i32, Option<error::PgError>)> {
    let with_zone = |mut e: error::PgError| {
        e.0.message = e.0.message.replacen(") precision", ") WITH TIME ZONE precision", 1);
        e
    };
    let (typmod, warning) = datetime::time_typmod_in(values, name).map_err(with_zone)?;
    Ok((typmod, warning.map(with_zone)))
}

fn parenthesized(typmod: i32) -> String {
    if typmod >= 0 { format!("({typmod})") } else { String::new() }
}

fn time_out(typmod: i32, zone: bool) -> String {
    let rest = if zone { " with time zone" } else { " without time zone" };
    format!("{}{rest}", parenthesized(typmod))
}
