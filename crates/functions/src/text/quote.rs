//! quote_ident, quote_literal, format.
use super::text;
use catalog::{quote_identifier, quote_literal};
use error::{PgResult, bail, err};
use fmgr::{CallContext, Registry};
use types::{Datum, Oid};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("quote_ident", |_cx, a| text(quote_identifier(a[0].as_str())));
    r.scalar("quote_literal", |_cx, a| text(quote_literal(a[0].as_str())));
    r.scalar("quote_nullable", |_cx, a| match &a[0] {
        Datum::Null => Ok(Datum::text("NULL")),
        value => text(quote_literal(value.as_str())),
    });
    r.scalar("text_format", format);
    r.scalar("text_format_nv", format);
}

/// The arguments of format(): the plain ones, or the elements of a VARIADIC array.
struct Arguments<'a> {
    values: Vec<(Oid, &'a Datum)>,
    next: usize,
}

impl<'a> Arguments<'a> {
    fn take(&mut self, position: Option<usize>) -> PgResult<(Oid, &'a Datum)> {
        let index = match position {
            Some(position) => position - 1,
            None => self.next,
        };
        self.next = index + 1;
        self.values
            .get(index)
            .copied()
            .ok_or_else(|| err!(INVALID_PARAMETER_VALUE, "too few arguments for format()"))
    }
}

/// One `%…` directive.
struct Directive {
    position: Option<usize>,
    left: bool,
    /// Width given as a number, or taken from an argument (its position).
    width: Option<Width>,
    kind: char,
}

enum Width {
    Fixed(i32),
    Argument(Option<usize>),
}

fn unterminated() -> error::PgError {
    err!(INVALID_PARAMETER_VALUE, "unterminated format() type specifier")
        .hint("For a single \"%\" use \"%%\".")
}

/// Reads digits; `None` if there are none.
fn number(rest: &mut &str) -> PgResult<Option<i32>> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Ok(None);
    }
    let value = rest[..digits]
        .parse()
        .map_err(|_| err!(NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range"))?;
    *rest = &rest[digits..];
    if rest.is_empty() {
        return Err(unterminated());
    }
    Ok(Some(value))
}

fn argument_position(value: i32) -> PgResult<usize> {
    if value == 0 {
        bail!(
            INVALID_PARAMETER_VALUE,
            "format specifies argument 0, but arguments are numbered from 1"
        );
    }
    Ok(value as usize)
}

/// Parses what follows a `%`.
fn directive(rest: &mut &str) -> PgResult<Directive> {
    let mut d = Directive { position: None, left: false, width: None, kind: ' ' };
    if let Some(value) = number(rest)? {
        match rest.strip_prefix('$') {
            Some(after) => {
                d.position = Some(argument_position(value)?);
                *rest = after;
            }
            None => d.width = Some(Width::Fixed(value)),
        }
    }
    if d.width.is_none() {
        while let Some(after) = rest.strip_prefix('-') {
            d.left = true;
            *rest = after;
        }
        if let Some(after) = rest.strip_prefix('*') {
            *rest = after;
            d.width = Some(Width::Argument(None));
            if let Some(value) = number(rest)? {
                let after = rest.strip_prefix('$').ok_or_else(|| {
                    err!(INVALID_PARAMETER_VALUE, "width argument position must be ended by \"$\"")
                })?;
                *rest = after;
                d.width = Some(Width::Argument(Some(argument_position(value)?)));
            }
        } else if let Some(value) = number(rest)? {
            d.width = Some(Width::Fixed(value));
        }
    }
    d.kind = rest.chars().next().ok_or_else(unterminated)?;
    *rest = &rest[d.kind.len_utf8()..];
    Ok(d)
}

fn format(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    if args[0].is_null() {
        return Ok(Datum::Null);
    }
    let values = match (cx.site.variadic, args.get(1)) {
        (true, Some(Datum::Array(array))) => {
            array.elems.iter().map(|e| (array.elem_type, e)).collect()
        }
        (true, _) => Vec::new(),
        (false, _) => (1..args.len()).map(|i| (cx.arg_type(i), &args[i])).collect(),
    };
    let mut arguments = Arguments { values, next: 0 };
    let mut out = String::new();
    let mut rest = args[0].as_str();
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if rest.is_empty() {
            return Err(unterminated());
        }
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let d = directive(&mut rest)?;
        push_directive(cx, &mut arguments, &d, &mut out)?;
    }
    out.push_str(rest);
    text(out)
}

fn push_directive(
    cx: &CallContext<'_>,
    arguments: &mut Arguments<'_>,
    d: &Directive,
    out: &mut String,
) -> PgResult<()> {
    if !matches!(d.kind, 's' | 'I' | 'L') {
        return Err(err!(
            INVALID_PARAMETER_VALUE,
            "unrecognized format() type specifier \"{}\"",
            d.kind
        )
        .hint("For a single \"%\" use \"%%\"."));
    }
    let mut left = d.left;
    let width = match &d.width {
        None => 0,
        Some(Width::Fixed(width)) => *width,
        Some(Width::Argument(position)) => {
            let (typ, value) = arguments.take(*position)?;
            width_value(cx, typ, value)?
        }
    };
    if width < 0 {
        left = true;
    }
    let (typ, value) = arguments.take(d.position)?;
    let shown = match (value.is_null(), d.kind) {
        (true, 's') => String::new(),
        (true, 'L') => "NULL".to_string(),
        (true, _) => {
            bail!(NULL_VALUE_NOT_ALLOWED, "null values cannot be formatted as an SQL identifier")
        }
        (false, kind) => {
            let mut bytes = Vec::new();
            cx.session.type_output(typ, value, &mut bytes)?;
            let plain = String::from_utf8_lossy(&bytes).into_owned();
            match kind {
                'I' => quote_identifier(&plain),
                'L' => quote_literal(&plain),
                _ => plain,
            }
        }
    };
    let padding = (width.unsigned_abs() as usize).saturating_sub(shown.chars().count());
    let padding = " ".repeat(super::checked_size(padding as u64)?);
    out.push_str(&if left { shown + &padding } else { padding + &shown });
    Ok(())
}

fn width_value(cx: &CallContext<'_>, typ: Oid, value: &Datum) -> PgResult<i32> {
    match value {
        Datum::Null => Ok(0),
        Datum::Int4(width) => Ok(*width),
        Datum::Int2(width) => Ok(i32::from(*width)),
        value => {
            let mut bytes = Vec::new();
            cx.session.type_output(typ, value, &mut bytes)?;
            types::int::input::<i32>(&String::from_utf8_lossy(&bytes))
        }
    }
}
