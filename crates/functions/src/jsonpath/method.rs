//! Item methods.
use super::{datetime, exec::Executor, item::Item};
use error::{PgError, PgResult, bail, err};
use types::{
    Varlena, boolean, float, int,
    jsonb::Jsonb,
    jsonpath::{Expr, Method},
    numeric::{self, Numeric},
};

/// Whether a method looks into arrays in lax mode.
fn unwraps(method: Method) -> bool {
    !matches!(method, Method::Type | Method::Size)
}

#[cold]
fn wrong_kind(method: Method, kinds: &str) -> PgError {
    err!(
        NON_NUMERIC_SQL_JSON_ITEM,
        "jsonpath item method .{}() can only be applied to {kinds}",
        method.name()
    )
}

#[cold]
fn invalid(method: Method, text: &str, type_name: &str) -> PgError {
    err!(
        NON_NUMERIC_SQL_JSON_ITEM,
        "argument \"{text}\" of jsonpath item method .{}() is invalid for type {type_name}",
        method.name()
    )
}

fn number_text(v: &[u8]) -> String {
    let mut out = Vec::new();
    numeric::output(v, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// A string or number as text.
fn scalar_text(method: Method, item: &Item<'_>) -> PgResult<String> {
    match item.view() {
        Some(Jsonb::String(s)) => Ok(s.to_string()),
        Some(Jsonb::Number(n)) => Ok(number_text(n)),
        _ => Err(wrong_kind(method, "a string or numeric value")),
    }
}

impl<'a> Executor<'a, '_> {
    pub(super) fn method(
        &mut self,
        method: Method,
        args: &[Expr],
        item: &Item<'a>,
        unwrap: bool,
        out: &mut Vec<Item<'a>>,
    ) -> PgResult<()> {
        if unwrap && unwraps(method) {
            if let Some(parts) = item.parts()? {
                for part in parts {
                    self.method(method, args, &part, false, out)?;
                }
                return Ok(());
            }
        }
        let result = match method {
            Method::Type => Item::String(item.type_name().to_string()),
            Method::Size => match item.parts()? {
                Some(parts) => Item::Number(numeric::from_i64(parts.len() as i64)),
                None if self.lax => Item::Number(numeric::from_i64(1)),
                None => bail!(
                    SQL_JSON_ARRAY_NOT_FOUND,
                    "jsonpath item method .size() can only be applied to an array"
                ),
            },
            Method::Abs | Method::Floor | Method::Ceiling => match item.view() {
                Some(Jsonb::Number(v)) => Item::Number(match method {
                    Method::Abs => numeric::abs(v)?,
                    Method::Floor => numeric::floor(v)?,
                    _ => numeric::ceil(v)?,
                }),
                _ => return Err(wrong_kind(method, "a numeric value")),
            },
            Method::Keyvalue => return self.key_values(item, out),
            Method::Double => Item::Number(double(item)?),
            Method::Number => Item::Number(finite_number(method, item)?),
            Method::Decimal => Item::Number(self.decimal(args, item)?),
            Method::Integer => Item::Number(integer::<i32>(method, item, "integer")?),
            Method::Bigint => Item::Number(integer::<i64>(method, item, "bigint")?),
            Method::Boolean => Item::View(Jsonb::Bool(to_boolean(item)?)),
            Method::String => Item::String(string(item)?),
            _ => {
                let arg = args.first();
                let template = match (method, arg) {
                    (Method::Datetime, Some(arg)) => Some(self.template(arg, item)?),
                    _ => None,
                };
                let precision = match (method, arg) {
                    (Method::Datetime, _) | (_, None) => -1,
                    (_, Some(arg)) => self.precision(arg, item)?,
                };
                let text = match item.view() {
                    Some(Jsonb::String(s)) => s.to_string(),
                    _ => {
                        return Err(err!(
                            INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION,
                            "jsonpath item method .{}() can only be applied to a string",
                            method.name()
                        ));
                    }
                };
                datetime::parse(
                    self.session,
                    method,
                    &text,
                    template.as_deref(),
                    precision,
                    self.use_zone,
                )?
            }
        };
        out.push(result);
        Ok(())
    }

    fn template(&mut self, arg: &Expr, item: &Item<'a>) -> PgResult<String> {
        match &self.eval(arg, item)?[..] {
            [Item::String(s)] => Ok(s.clone()),
            _ => bail!(SYNTAX_ERROR, "invalid argument of jsonpath item method .datetime()"),
        }
    }

    fn precision(&mut self, arg: &Expr, item: &Item<'a>) -> PgResult<i32> {
        self.int_argument(arg, item).map(|p| p.clamp(-1, 6))
    }

    fn int_argument(&mut self, arg: &Expr, item: &Item<'a>) -> PgResult<i32> {
        match self.eval(arg, item)?.first().and_then(Item::view) {
            Some(Jsonb::Number(v)) => numeric::to_int(v),
            _ => bail!(NON_NUMERIC_SQL_JSON_ITEM, "invalid jsonpath item type for method argument"),
        }
    }

    fn decimal(&mut self, args: &[Expr], item: &Item<'a>) -> PgResult<Varlena> {
        let v = finite_number(Method::Decimal, item)?;
        let mods =
            args.iter().map(|arg| self.int_argument(arg, item)).collect::<PgResult<Vec<i32>>>()?;
        if mods.is_empty() {
            return Ok(v);
        }
        let typmod = numeric::typmod_in(&mods)?;
        numeric::apply_typmod_stored(&v, typmod)
            .map_err(|_| invalid(Method::Decimal, &number_text(&v), "numeric"))
    }

    fn key_values(&mut self, item: &Item<'a>, out: &mut Vec<Item<'a>>) -> PgResult<()> {
        let Some(members) = item.members()? else {
            bail!(
                SQL_JSON_OBJECT_NOT_FOUND,
                "jsonpath item method .keyvalue() can only be applied to an object"
            );
        };
        // PostgreSQL numbers objects by their place in the stored document, which items here do not know.
        let _ = (members, out);
        Err(error::not_supported!("jsonpath item method .keyvalue()"))
    }
}

fn double(item: &Item<'_>) -> PgResult<Varlena> {
    let text = scalar_text(Method::Double, item)?;
    let v = float::input8(&text).map_err(|_| invalid(Method::Double, &text, "double precision"))?;
    if !v.is_finite() {
        bail!(
            NON_NUMERIC_SQL_JSON_ITEM,
            "NaN or Infinity is not allowed for jsonpath item method .double()"
        );
    }
    // A number passes through float8, which may cost it digits.
    let mut out = Vec::new();
    float::output8(v, 1, &mut out);
    numeric::input(std::str::from_utf8(&out).unwrap_or("0"), -1)
}

fn finite_number(method: Method, item: &Item<'_>) -> PgResult<Varlena> {
    let text = scalar_text(method, item)?;
    match numeric::parse(&text) {
        Ok(v @ Numeric::Finite(_)) => v.encode(),
        Ok(_) => bail!(
            NON_NUMERIC_SQL_JSON_ITEM,
            "NaN or Infinity is not allowed for jsonpath item method .{}()",
            method.name()
        ),
        Err(_) => Err(invalid(method, &text, "numeric")),
    }
}

fn integer<T: int::PgInt + Into<i64>>(
    method: Method,
    item: &Item<'_>,
    name: &str,
) -> PgResult<Varlena> {
    let text = scalar_text(method, item)?;
    let value: PgResult<T> = match item.view() {
        Some(Jsonb::Number(v)) => numeric::to_int(v),
        _ => int::input(&text),
    };
    value.map(|v| numeric::from_i64(v.into())).map_err(|_| invalid(method, &text, name))
}

fn to_boolean(item: &Item<'_>) -> PgResult<bool> {
    match item.view() {
        Some(Jsonb::Bool(v)) => Ok(v),
        Some(Jsonb::Number(v)) => {
            let v: i32 = numeric::dscale(v)
                .filter(|_| numeric::min_scale(v) == Some(0))
                .and_then(|_| numeric::to_int(v).ok())
                .ok_or_else(|| invalid(Method::Boolean, &number_text(v), "boolean"))?;
            Ok(v != 0)
        }
        Some(Jsonb::String(s)) => {
            boolean::parse(s).ok_or_else(|| invalid(Method::Boolean, s, "boolean"))
        }
        _ => Err(wrong_kind(Method::Boolean, "a boolean, string, or numeric value")),
    }
}

fn string(item: &Item<'_>) -> PgResult<String> {
    match item {
        Item::Datetime(typ, v) => Ok(super::item::datetime_text(*typ, v)),
        other => match other.view() {
            Some(Jsonb::String(s)) => Ok(s.to_string()),
            Some(Jsonb::Number(n)) => Ok(number_text(n)),
            Some(Jsonb::Bool(b)) => Ok(b.to_string()),
            _ => Err(wrong_kind(Method::String, "a boolean, string, numeric, or datetime value")),
        },
    }
}
