//! A type's SQL name, as `format_type` prints it.
use crate::quote::{quote_identifier, quote_qualified};
use crate::read::CatalogRead;
use error::PgResult;
use types::{Oid, type_oid as t};

/// The name of a type with its modifier (`None`: no modifier was given, which differs from -1 for types
/// such as bpchar). `always_qualify` names the schema whatever the search path.
pub fn format_type(
    catalog: &dyn CatalogRead,
    typ: Oid,
    typmod: Option<i32>,
    always_qualify: bool,
) -> PgResult<String> {
    if !typ.is_valid() {
        return Ok("-".into());
    }
    let Some(row) = catalog.lookup_type(typ)? else {
        return Ok("???".into());
    };
    let (row, is_array) = match row.is_array() && row.storage != 'p' {
        true => match catalog.lookup_type(row.elem)? {
            Some(elem) => (elem, true),
            None => return Ok("???[]".into()),
        },
        false => (row, false),
    };
    let modifier = typmod.filter(|m| *m >= 0);
    let mut name = match special_name(row.oid, typmod) {
        Some(name) => name,
        None => {
            let qualify = always_qualify || !type_is_visible(catalog, &row)?;
            let namespace = match qualify {
                true => catalog.namespace_name(row.namespace)?,
                false => None,
            };
            let name = match namespace {
                Some(namespace) => quote_qualified(Some(&namespace), &row.name),
                None => quote_identifier(&row.name),
            };
            match modifier {
                // Without a typmod output function of ours the number itself is shown.
                Some(m) => format!("{name}({m})"),
                None => name,
            }
        }
    };
    if is_array {
        name.push_str("[]");
    }
    Ok(name)
}

/// Whether the type is what its unqualified name finds.
pub fn type_is_visible(catalog: &dyn CatalogRead, row: &crate::rows::PgType) -> PgResult<bool> {
    Ok(catalog.type_in_path(&row.name)?.is_some_and(|found| found.oid == row.oid))
}

/// Types whose SQL name is spelled by the grammar.
fn special_name(typ: Oid, typmod: Option<i32>) -> Option<String> {
    let modifier = typmod.filter(|m| *m >= 0);
    let with_length = |name: &str, shift: i32| match modifier {
        Some(m) => format!("{name}({})", m - shift),
        None => name.to_string(),
    };
    let with_precision = |name: &str, rest: &str| match modifier {
        Some(m) => format!("{name}({m}){rest}"),
        None => format!("{name}{rest}"),
    };
    Some(match typ {
        t::BIT if modifier.is_some() => with_length("bit", 0),
        // `bit` alone would mean bit(1).
        t::BIT if typmod.is_some() => "\"bit\"".into(),
        t::BIT => "bit".into(),
        t::BOOL => "boolean".into(),
        t::BPCHAR if modifier.is_some_and(|m| m > 4) => with_length("character", 4),
        t::BPCHAR if typmod.is_some() => "bpchar".into(),
        t::BPCHAR => "character".into(),
        t::CHAR => "\"char\"".into(),
        t::FLOAT4 => "real".into(),
        t::FLOAT8 => "double precision".into(),
        t::INT2 => "smallint".into(),
        t::INT4 => "integer".into(),
        t::INT8 => "bigint".into(),
        t::NUMERIC => match modifier {
            Some(m) => {
                let m = m - 4;
                // The scale is an 11-bit two's complement number.
                let scale = ((m & 0x7ff) ^ 1024) - 1024;
                format!("numeric({},{scale})", (m >> 16) & 0xffff)
            }
            None => "numeric".into(),
        },
        t::INTERVAL => match modifier {
            Some(m) => format!("interval{}", interval_modifier(m)),
            None => "interval".into(),
        },
        t::TIME => with_precision("time", " without time zone"),
        t::TIMETZ => with_precision("time", " with time zone"),
        t::TIMESTAMP => with_precision("timestamp", " without time zone"),
        t::TIMESTAMPTZ => with_precision("timestamp", " with time zone"),
        t::VARBIT => with_length("bit varying", 0),
        // A keyword that cannot be taken for a function here.
        t::JSON => "json".into(),
        t::VARCHAR => match modifier {
            Some(m) => format!("character varying({})", m - 4),
            None => "character varying".into(),
        },
        _ => return None,
    })
}

/// ` day to second(3)` for an interval's type modifier.
pub fn interval_modifier(typmod: i32) -> String {
    const MONTH: i32 = 1 << 1;
    const YEAR: i32 = 1 << 2;
    const DAY: i32 = 1 << 3;
    const HOUR: i32 = 1 << 10;
    const MINUTE: i32 = 1 << 11;
    const SECOND: i32 = 1 << 12;
    const ALL: i32 = 0x7fff;
    let (range, precision) = ((typmod >> 16) & 0x7fff, typmod & 0xffff);
    let fields = [
        (YEAR, " year"),
        (MONTH, " month"),
        (DAY, " day"),
        (HOUR, " hour"),
        (MINUTE, " minute"),
        (SECOND, " second"),
        (YEAR | MONTH, " year to month"),
        (DAY | HOUR, " day to hour"),
        (DAY | HOUR | MINUTE, " day to minute"),
        (DAY | HOUR | MINUTE | SECOND, " day to second"),
        (HOUR | MINUTE, " hour to minute"),
        (HOUR | MINUTE | SECOND, " hour to second"),
        (MINUTE | SECOND, " minute to second"),
    ];
    let name = match range {
        ALL => "",
        range => fields.iter().find(|(bits, _)| *bits == range).map_or("", |(_, name)| name),
    };
    match precision {
        0xffff => name.to_string(),
        p => format!("{name}({p})"),
    }
}
