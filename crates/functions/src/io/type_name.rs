//! Reads the SQL name of a type (`character varying(10)`, `s.t[]`) and finds the type.
use catalog::{Catalog, CatalogRead};
use error::{PgError, PgResult, bail, err};
use fmgr::CallContext;
use types::{Datum, Oid, type_oid as t};

/// A type's name as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypeName {
    /// Schema and name, or name alone.
    pub names: Vec<String>,
    /// Modifiers in parentheses.
    pub mods: Vec<String>,
    /// `[]` was there.
    pub is_array: bool,
}

struct Scanner<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn invalid(&self) -> PgError {
        err!(SYNTAX_ERROR, "invalid type name \"{}\"", self.text)
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// An identifier: its text and whether it was quoted.
    fn identifier(&mut self) -> PgResult<(String, bool)> {
        self.skip();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let mut name = String::new();
            let mut chars = quoted.char_indices().peekable();
            while let Some((i, c)) = chars.next() {
                match c {
                    '"' if chars.peek().is_some_and(|(_, c)| *c == '"') => {
                        chars.next();
                        name.push('"');
                    }
                    '"' if name.is_empty() => break,
                    '"' => {
                        self.rest = &quoted[i + 1..];
                        return Ok((name, true));
                    }
                    c => name.push(c),
                }
            }
            return Err(self.invalid());
        }
        let end = self
            .rest
            .find(|c: char| !(c == '_' || c == '$' || c.is_alphanumeric()))
            .unwrap_or(self.rest.len());
        if end == 0 || self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '$') {
            return Err(self.invalid());
        }
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok((name.to_lowercase(), false))
    }

    /// A following keyword.
    fn keyword(&mut self, word: &str) -> bool {
        let before = self.rest;
        match self.identifier() {
            Ok((name, false)) if name == word => true,
            _ => {
                self.rest = before;
                false
            }
        }
    }

    fn modifiers(&mut self) -> PgResult<Vec<String>> {
        let mut mods = Vec::new();
        if !self.eat("(") {
            return Ok(mods);
        }
        loop {
            self.skip();
            let end = self.rest.find([',', ')']).ok_or_else(|| self.invalid())?;
            let value = self.rest[..end].trim();
            if value.is_empty() {
                return Err(self.invalid());
            }
            mods.push(value.trim_matches('\'').to_string());
            self.rest = &self.rest[end..];
            if self.eat(")") {
                return Ok(mods);
            }
            self.eat(",");
        }
    }
}

/// Parses a type name.
pub fn parse_type_name(text: &str) -> PgResult<TypeName> {
    let mut s = Scanner { text, rest: text };
    s.skip();
    if s.rest.is_empty() {
        return Err(s.invalid());
    }
    let (first, quoted) = s.identifier()?;
    let mut name = TypeName { names: vec![first], ..TypeName::default() };
    if s.eat(".") {
        name.names.push(s.identifier()?.0);
        if s.eat(".") {
            // catalog.schema.name
            name.names.remove(0);
            name.names.push(s.identifier()?.0);
        }
        name.mods = s.modifiers()?;
    } else if quoted {
        name.mods = s.modifiers()?;
    } else {
        spelled(&mut s, &mut name)?;
    }
    loop {
        if s.eat("[") {
            s.skip();
            let digits = s.rest.bytes().take_while(u8::is_ascii_digit).count();
            s.rest = &s.rest[digits..];
            if !s.eat("]") {
                return Err(s.invalid());
            }
            name.is_array = true;
        } else if s.keyword("array") {
            name.is_array = true;
        } else {
            break;
        }
    }
    s.skip();
    if !s.rest.is_empty() {
        return Err(s.invalid());
    }
    Ok(name)
}

/// Names that the grammar spells in its own way.
fn spelled(s: &mut Scanner<'_>, name: &mut TypeName) -> PgResult<()> {
    let word = name.names[0].clone();
    let builtin = |name: &mut TypeName, internal: &str| {
        name.names = vec!["pg_catalog".to_string(), internal.to_string()];
    };
    match word.as_str() {
        "int" | "integer" => builtin(name, "int4"),
        "smallint" => builtin(name, "int2"),
        "bigint" => builtin(name, "int8"),
        "real" => builtin(name, "float4"),
        "boolean" => builtin(name, "bool"),
        "decimal" | "dec" | "numeric" => {
            builtin(name, "numeric");
            name.mods = s.modifiers()?;
        }
        "float" => {
            let mods = s.modifiers()?;
            let digits = mods.first().map_or(Ok(53), |m| m.parse::<i32>());
            match digits {
                Ok(1..=24) => builtin(name, "float4"),
                Ok(25..=53) => builtin(name, "float8"),
                Ok(..=0) => {
                    bail!(
                        INVALID_PARAMETER_VALUE,
                        "precision for type float must be at least 1 bit"
                    )
                }
                Ok(_) => bail!(
                    INVALID_PARAMETER_VALUE,
                    "precision for type float must be less than 54 bits"
                ),
                Err(_) => return Err(s.invalid()),
            }
        }
        "double" => {
            if s.keyword("precision") {
                builtin(name, "float8");
            } else {
                name.mods = s.modifiers()?;
            }
        }
        "character" | "char" | "nchar" | "national" => {
            if word == "national" && !s.keyword("character") && !s.keyword("char") {
                return Err(s.invalid());
            }
            let varying = s.keyword("varying");
            builtin(name, if varying { "varchar" } else { "bpchar" });
            name.mods = s.modifiers()?;
            if name.mods.is_empty() && !varying {
                name.mods.push("1".to_string());
            }
        }
        "varchar" => {
            builtin(name, "varchar");
            name.mods = s.modifiers()?;
        }
        "bit" => {
            let varying = s.keyword("varying");
            builtin(name, if varying { "varbit" } else { "bit" });
            name.mods = s.modifiers()?;
            if name.mods.is_empty() && !varying {
                name.mods.push("1".to_string());
            }
        }
        "time" | "timestamp" => {
            name.mods = s.modifiers()?;
            let zone = s.keyword("with");
            if (zone || s.keyword("without")) && !(s.keyword("time") && s.keyword("zone")) {
                return Err(s.invalid());
            }
            builtin(name, &format!("{word}{}", if zone { "tz" } else { "" }));
        }
        "interval" => interval(s, name)?,
        _ => name.mods = s.modifiers()?,
    }
    Ok(())
}

fn interval(s: &mut Scanner<'_>, name: &mut TypeName) -> PgResult<()> {
    use types::datetime::interval as i;
    name.names = vec!["pg_catalog".to_string(), "interval".to_string()];
    let units = [
        ("year", i::YEAR),
        ("month", i::MONTH),
        ("day", i::DAY),
        ("hour", i::HOUR),
        ("minute", i::MINUTE),
        ("second", i::SECOND),
    ];
    let find = |s: &mut Scanner<'_>| units.iter().position(|(word, _)| s.keyword(word));
    let plain = s.modifiers()?;
    let Some(from) = find(s) else {
        if let Some(precision) = plain.into_iter().next() {
            name.mods = vec![i::FULL_RANGE.to_string(), precision];
        }
        return Ok(());
    };
    let to = if s.keyword("to") { find(s).ok_or_else(|| s.invalid())? } else { from };
    let range = units[from..=to.max(from)].iter().fold(0, |bits, (_, bit)| bits | bit);
    name.mods = vec![range.to_string()];
    name.mods.extend(s.modifiers()?);
    Ok(())
}

/// Finds the type of a name; `None` if there is none.
pub(crate) fn find_type(catalog: &Catalog, name: &TypeName) -> PgResult<Option<Oid>> {
    let row = match &name.names[..] {
        [schema, name] => match catalog.lookup_namespace(schema)? {
            Some(namespace) => catalog.lookup_type_by_name(namespace, name)?,
            None => None,
        },
        [name] => catalog.type_in_path(name)?,
        _ => None,
    };
    Ok(row.map(|row| if name.is_array { row.array } else { row.oid }).filter(|oid| oid.is_valid()))
}

/// The type and modifier that a text names.
pub(crate) fn resolve_type_name(cx: &CallContext<'_>, text: &str) -> PgResult<Option<(Oid, i32)>> {
    let catalog = crate::system::catalog(cx)?;
    let name = parse_type_name(text)?;
    let Some(oid) = find_type(catalog, &name)? else { return Ok(None) };
    let element = if name.is_array { catalog.get_type(oid)?.elem } else { oid };
    Ok(Some((oid, resolve_mods(cx, element, &name.mods, text)?)))
}

fn resolve_mods(cx: &CallContext<'_>, typ: Oid, mods: &[String], text: &str) -> PgResult<i32> {
    if mods.is_empty() {
        return Ok(-1);
    }
    let modin = crate::system::catalog(cx)?.get_type(typ)?.modin;
    if !modin.is_valid() {
        bail!(SYNTAX_ERROR, "type modifier is not allowed for type \"{text}\"");
    }
    let elems = mods.iter().map(|m| Datum::text(m)).collect();
    let list = types::ArrayValue::from_elems(t::CSTRING, elems);
    let info = cx.session.resolve_function(modin)?;
    let mut cache = None;
    let mut inner = CallContext {
        session: cx.session,
        site: &fmgr::CallSite::default(),
        cache: &mut cache,
        in_aggregate: false,
    };
    Ok(info.call(&mut inner, &mut [Datum::Array(std::sync::Arc::new(list))])?.as_i32())
}

/// `type "…" does not exist`
pub(crate) fn no_such_type(name: &str) -> PgError {
    err!(UNDEFINED_OBJECT, "type \"{name}\" does not exist")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let show = |text: &str| {
            let n = parse_type_name(text).unwrap();
            format!("{} {:?} {}", n.names.join("."), n.mods, n.is_array)
        };
        assert_eq!(show("integer[]"), "pg_catalog.int4 [] true");
        assert_eq!(show("character varying(10)"), "pg_catalog.varchar [\"10\"] false");
        assert_eq!(show("timestamp(3) with time zone"), "pg_catalog.timestamptz [\"3\"] false");
        assert_eq!(show("s.\"T x\""), "s.T x [] false");
        assert_eq!(show("numeric(10, 2)"), "pg_catalog.numeric [\"10\", \"2\"] false");
        assert_eq!(
            show("interval day to second(3)"),
            "pg_catalog.interval [\"7176\", \"3\"] false"
        );
        assert!(parse_type_name("int4 int4").is_err());
    }
}
