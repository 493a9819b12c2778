//! Constants: quoted unless they are plain numbers, labelled with their type unless it is obvious.
use crate::ExprPrinter;
use error::PgResult;
use nodes::Const;
use types::{Oid, type_oid};

/// Whether the type is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShowType {
    Never,
    AsNeeded,
    Always,
}

/// The text of a constant.
pub(crate) fn print(p: &ExprPrinter<'_>, c: &Const, show: ShowType) -> PgResult<String> {
    if c.value.is_null() {
        let text = "NULL".to_string();
        if show == ShowType::Never || c.consttype == type_oid::UNKNOWN {
            return Ok(text);
        }
        let typ = p.catalog.format_type(c.consttype, Some(c.consttypmod))?;
        return with_collation(p, c, format!("{text}::{typ}"));
    }
    let mut out = Vec::new();
    p.session.type_output(c.consttype, &c.value, &mut out)?;
    let value = String::from_utf8_lossy(&out).into_owned();
    let mut is_float = false;
    let mut text = match c.consttype {
        type_oid::INT4 if value.starts_with('-') => format!("'{value}'"),
        type_oid::INT4 => value.clone(),
        type_oid::NUMERIC => {
            // Digits, point and exponent only: 'NaN' and negative numbers are quoted.
            let plain = value.starts_with(|ch: char| ch.is_ascii_digit() || ch == '.')
                && value.bytes().all(|b| b.is_ascii_digit() || b"+-eE.".contains(&b));
            is_float = plain && value.contains(['e', 'E', '.']);
            if plain { value.clone() } else { format!("'{value}'") }
        }
        type_oid::BOOL => if value == "t" { "true" } else { "false" }.to_string(),
        type_oid::BIT | type_oid::VARBIT => format!("B'{value}'"),
        _ => literal(&value),
    };
    let quoted = text.starts_with('\'');
    let needs_label = match c.consttype {
        type_oid::BOOL | type_oid::UNKNOWN => false,
        type_oid::INT4 => quoted,
        type_oid::NUMERIC => quoted || !is_float || c.consttypmod >= 0,
        _ => true,
    };
    if show != ShowType::Never && (needs_label || show == ShowType::Always) {
        text = format!("{text}::{}", p.catalog.format_type(c.consttype, Some(c.consttypmod))?);
    }
    if show == ShowType::Never { Ok(text) } else { with_collation(p, c, text) }
}

fn with_collation(p: &ExprPrinter<'_>, c: &Const, text: String) -> PgResult<String> {
    if !c.constcollid.is_valid() || c.constcollid == default_collation(p, c.consttype)? {
        return Ok(text);
    }
    Ok(format!("{text} COLLATE {}", p.collation_name(c.constcollid)?))
}

fn default_collation(p: &ExprPrinter<'_>, typ: Oid) -> PgResult<Oid> {
    Ok(p.catalog.lookup_type(typ)?.map_or(Oid::INVALID, |t| t.collation))
}

/// A string literal; with E'' if there are backslashes.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    match text.contains('\\') {
        true => format!("E'{}'", quoted.replace('\\', "\\\\")),
        false => format!("'{quoted}'"),
    }
}
