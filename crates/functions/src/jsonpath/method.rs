//! Item methods.
use super::{
    datetime,
    exec::{Depth, Executor, Fault, Outcome, Sink},
    item::{Item, datetime_text},
};
use error::{PgError, err};
use types::{
    Varlena, boolean, float, int,
    jsonb::{JsonValue, Jsonb},
    jsonb_layout,
    jsonpath::{Accessor, Expr, Method, Primary},
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

#[cold]
fn not_finite(method: Method) -> PgError {
    err!(
        NON_NUMERIC_SQL_JSON_ITEM,
        "NaN or Infinity is not allowed for jsonpath item method .{}()",
        method.name()
    )
}

pub(super) fn number_text(v: &[u8]) -> String {
    let mut out = Vec::new();
    numeric::output(v, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// What a literal argument is.
fn literal(args: &[Expr], n: usize) -> Option<&Primary> {
    match args.get(n) {
        Some(Expr::Path(primary, steps)) if steps.is_empty() => Some(primary),
        _ => None,
    }
}

impl<'a> Executor<'a, '_> {
    pub(super) fn method(
        &mut self,
        method: Method,
        args: &[Expr],
        steps: &[Accessor],
        item: Item<'a>,
        found: &mut Sink<'_, 'a>,
        unwrap: bool,
    ) -> Outcome {
        if let (true, true, Item::View(view @ Jsonb::Array(_))) = (unwrap, unwraps(method), &item) {
            return self.children(*view, steps, found, Depth::ONE, false);
        }
        let rest = &steps[1..];
        let result = match method {
            Method::Type => Item::string(self.arena, item.type_name()),
            Method::Size => match &item {
                Item::View(Jsonb::Array(array)) => {
                    Item::number(self.arena, &numeric::from_i64(array.len() as i64))
                }
                _ if self.lax => Item::number(self.arena, &numeric::from_i64(1)),
                _ if self.is_forgiving() => return Ok(false),
                _ => {
                    return Err(self.fault(|| {
                        err!(
                            SQL_JSON_ARRAY_NOT_FOUND,
                            "jsonpath item method .size() can only be applied to an array"
                        )
                    }));
                }
            },
            Method::Abs | Method::Floor | Method::Ceiling => {
                let Item::View(Jsonb::Number(v)) = item else {
                    return Err(self.fault(|| wrong_kind(method, "a numeric value")));
                };
                let v = match method {
                    Method::Abs => numeric::abs(v)?,
                    Method::Floor => numeric::floor(v)?,
                    _ => numeric::ceil(v)?,
                };
                Item::number(self.arena, &v)
            }
            Method::Keyvalue => return self.key_values(&item, rest, found),
            Method::Double => {
                let v = self.double(&item)?;
                Item::number(self.arena, &v)
            }
            Method::Number | Method::Decimal => {
                let v = self.decimal(method, args, &item)?;
                Item::number(self.arena, &v)
            }
            Method::Integer => {
                let v = self.integer::<i32>(method, &item, "integer")?;
                Item::number(self.arena, &v)
            }
            Method::Bigint => {
                let v = self.integer::<i64>(method, &item, "bigint")?;
                Item::number(self.arena, &v)
            }
            Method::Boolean => Item::View(Jsonb::Bool(self.boolean(&item)?)),
            Method::String => {
                let text = self.string(&item)?;
                Item::string(self.arena, &text)
            }
            _ => self.datetime(method, args, &item)?,
        };
        self.next(result, rest, found)
    }

    fn datetime(
        &mut self,
        method: Method,
        args: &[Expr],
        item: &Item<'a>,
    ) -> Result<Item<'a>, Fault> {
        let Item::View(Jsonb::String(text)) = item else {
            return Err(self.fault(|| {
                err!(
                    INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION,
                    "jsonpath item method .{}() can only be applied to a string",
                    method.name()
                )
            }));
        };
        let (mut template, mut precision) = (None, -1);
        match (method, literal(args, 0)) {
            (Method::Datetime, Some(Primary::String(text))) => template = Some(text.as_str()),
            (Method::Datetime | Method::Date, _) | (_, None) => {}
            (_, Some(Primary::Number(v))) => {
                precision = numeric::to_int(v).map_err(|_| {
                    self.fault(|| {
                        err!(
                            INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION,
                            "time precision of jsonpath item method .{}() is out of range for \
                             type integer",
                            method.name()
                        )
                    })
                })?;
            }
            _ => {
                let message = "invalid jsonpath item type for datetime argument";
                return Err(Fault::Hard(PgError::internal(message)));
            }
        }
        datetime::parse(self.session, method, text, template, precision, self.use_zone)
            .map_err(|e| if e.0.soft == Some(false) { Fault::Hard(e) } else { self.soften(e) })
    }

    fn key_values(
        &mut self,
        item: &Item<'a>,
        rest: &[Accessor],
        found: &mut Sink<'_, 'a>,
    ) -> Outcome {
        let Item::View(Jsonb::Object(object)) = item else {
            return Err(self.fault(|| {
                err!(
                    SQL_JSON_OBJECT_NOT_FOUND,
                    "jsonpath item method .keyvalue() can only be applied to an object"
                )
            }));
        };
        if object.is_empty() {
            return Ok(false);
        }
        if rest.is_empty() && found.first_only() {
            return Ok(true);
        }
        let (document, number) = self.base;
        let offset = jsonb_layout::offset_of(&document, object).unwrap_or(0);
        let id = numeric::from_i64(offset as i64 + number * 10_000_000_000);
        let mut any = false;
        for (key, value) in object.iter() {
            let pair = JsonValue::Object(vec![
                ("key".to_string(), JsonValue::String(key.to_string())),
                ("value".to_string(), value.to_value()),
                ("id".to_string(), JsonValue::Number(id.clone())),
            ]);
            let stored: &'a [u8] = self.arena.alloc_slice_copy(&pair.encode()?);
            let pair = Jsonb::new(stored);
            let saved = std::mem::replace(&mut self.base, (pair, self.next_object));
            self.next_object += 1;
            let result = self.next(Item::View(pair), rest, found);
            self.base = saved;
            any |= result?;
            if any && found.first_only() {
                break;
            }
        }
        Ok(any)
    }

    /// A string or number as text.
    fn scalar_text(&self, method: Method, item: &Item<'a>) -> Result<String, Fault> {
        match item {
            Item::View(Jsonb::String(s)) => Ok(s.to_string()),
            Item::View(Jsonb::Number(n)) => Ok(number_text(n)),
            _ => Err(self.fault(|| wrong_kind(method, "a string or numeric value"))),
        }
    }

    fn double(&self, item: &Item<'a>) -> Result<Varlena, Fault> {
        let method = Method::Double;
        let text = self.scalar_text(method, item)?;
        let v = float::input8(&text)
            .map_err(|_| self.fault(|| invalid(method, &text, "double precision")))?;
        if !v.is_finite() {
            return Err(self.fault(|| not_finite(method)));
        }
        match item {
            // A number only has to fit.
            Item::View(Jsonb::Number(n)) => Ok(Varlena::new(n)),
            _ => Ok(numeric::from_f64(v)?),
        }
    }

    fn decimal(&self, method: Method, args: &[Expr], item: &Item<'a>) -> Result<Varlena, Fault> {
        let text = self.scalar_text(method, item)?;
        let wrong = || invalid(method, &text, "numeric");
        let v = match numeric::parse(&text) {
            Ok(v @ Numeric::Finite(_)) => v.encode()?,
            Ok(_) => return Err(self.fault(|| not_finite(method))),
            Err(_) => return Err(self.fault(wrong)),
        };
        if method == Method::Number || args.is_empty() {
            return Ok(v);
        }
        let mut mods = Vec::with_capacity(2);
        for (n, what) in [(0, "precision"), (1, "scale")] {
            match literal(args, n) {
                Some(Primary::Number(v)) => match numeric::to_int::<i32>(v) {
                    Ok(v) => mods.push(v),
                    Err(_) => {
                        return Err(self.fault(|| {
                            err!(
                                NON_NUMERIC_SQL_JSON_ITEM,
                                "{what} of jsonpath item method .{}() is out of range for type \
                                 integer",
                                method.name()
                            )
                        }));
                    }
                },
                _ => break,
            }
        }
        let typmod = numeric::typmod_in(&mods).map_err(|e| self.soften(e))?;
        numeric::apply_typmod_stored(&v, typmod).map_err(|_| self.fault(wrong))
    }

    fn integer<T: int::PgInt + Into<i64>>(
        &self,
        method: Method,
        item: &Item<'a>,
        name: &str,
    ) -> Result<Varlena, Fault> {
        let text = self.scalar_text(method, item)?;
        let value: Result<T, _> = match item {
            Item::View(Jsonb::Number(v)) => numeric::to_int(v),
            _ => int::input(&text),
        };
        match value {
            Ok(v) => Ok(numeric::from_i64(v.into())),
            Err(_) => Err(self.fault(|| invalid(method, &text, name))),
        }
    }

    fn boolean(&self, item: &Item<'a>) -> Result<bool, Fault> {
        let method = Method::Boolean;
        match item {
            Item::View(Jsonb::Bool(v)) => Ok(*v),
            Item::View(Jsonb::Number(v)) => {
                let text = number_text(v);
                match int::input::<i32>(&text) {
                    Ok(v) => Ok(v != 0),
                    Err(_) => Err(self.fault(|| invalid(method, &text, "boolean"))),
                }
            }
            Item::View(Jsonb::String(s)) => match boolean::parse(s) {
                Some(v) => Ok(v),
                None => Err(self.fault(|| invalid(method, s, "boolean"))),
            },
            _ => Err(self.fault(|| wrong_kind(method, "a boolean, string, or numeric value"))),
        }
    }

    fn string(&self, item: &Item<'a>) -> Result<String, Fault> {
        match item {
            Item::Datetime(typ, v, offset) => Ok(datetime_text(*typ, v, *offset)),
            Item::View(Jsonb::String(s)) => Ok(s.to_string()),
            Item::View(Jsonb::Number(n)) => Ok(number_text(n)),
            Item::View(Jsonb::Bool(b)) => Ok(b.to_string()),
            _ => Err(self.fault(|| {
                wrong_kind(Method::String, "a boolean, string, numeric, or datetime value")
            })),
        }
    }
}
