//! jsonpath: the tree of a path, its parser and its canonical text, which is what is stored.

mod mutable;
mod parse;
mod print;

pub use mutable::is_mutable;
pub use parse::parse;

use crate::Varlena;
use error::PgResult;

/// A whole path.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    /// Structural errors are forgiven and arrays unwrapped.
    pub lax: bool,
    /// The expression.
    pub expr: Expr,
}

impl JsonPath {
    /// Calls `f` with the pattern and flags of each `like_regex`.
    pub fn for_each_regex(&self, f: &mut dyn FnMut(&str, &str) -> PgResult<()>) -> PgResult<()> {
        regexes(&self.expr, f)
    }
}

fn regexes(e: &Expr, f: &mut dyn FnMut(&str, &str) -> PgResult<()>) -> PgResult<()> {
    match e {
        Expr::Path(primary, steps) => {
            if let Primary::Paren(inner) = &**primary {
                regexes(inner, f)?;
            }
            steps.iter().try_for_each(|step| match step {
                Accessor::Filter(inner) => regexes(inner, f),
                Accessor::Elements(items) => items.iter().try_for_each(|(from, to)| {
                    regexes(from, f)?;
                    to.iter().try_for_each(|to| regexes(to, f))
                }),
                _ => Ok(()),
            })
        }
        Expr::Binary(_, l, r) => {
            regexes(l, f)?;
            regexes(r, f)
        }
        Expr::Sign(_, x) | Expr::Not(x) | Expr::IsUnknown(x) | Expr::Exists(x) => regexes(x, f),
        Expr::LikeRegex(x, pattern, flags) => {
            f(pattern, flags)?;
            regexes(x, f)
        }
    }
}

/// Binary operators, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
    StartsWith,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

impl BinaryOp {
    /// Its text.
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::Or => "||",
            BinaryOp::And => "&&",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Gt => ">",
            BinaryOp::Le => "<=",
            BinaryOp::Ge => ">=",
            BinaryOp::StartsWith => "starts with",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Mod => "%",
        }
    }
}

/// An expression or predicate, with the accessors that follow it.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A primary and its accessors.
    Path(Box<Primary>, Vec<Accessor>),
    /// Two operands.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `+` or `-`
    Sign(bool, Box<Expr>),
    /// `!(…)`
    Not(Box<Expr>),
    /// `(…) is unknown`
    IsUnknown(Box<Expr>),
    /// `exists (…)`
    Exists(Box<Expr>),
    /// `like_regex` pattern, flags
    LikeRegex(Box<Expr>, String, String),
}

/// Where a path starts.
#[derive(Clone, Debug, PartialEq)]
pub enum Primary {
    /// `$`
    Root,
    /// `@`
    Current,
    /// `last`
    Last,
    /// `$name`
    Variable(String),
    /// Literal null.
    Null,
    /// Literal boolean.
    Bool(bool),
    /// Literal number, a stored numeric.
    Number(Varlena),
    /// Literal string.
    String(String),
    /// A parenthesized expression.
    Paren(Expr),
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Accessor {
    /// `.key`
    Key(String),
    /// `.*`
    AnyKey,
    /// `[*]`
    AnyElement,
    /// `[a, b to c]`
    Elements(Vec<(Expr, Option<Expr>)>),
    /// `.**{first to last}`; `u32::MAX` is `last`.
    AnyDepth(u32, u32),
    /// `.method(args)`
    Method(Method, Vec<Expr>),
    /// `? (predicate)`
    Filter(Expr),
}

/// Item methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Abs,
    Bigint,
    Boolean,
    Ceiling,
    Date,
    Datetime,
    Decimal,
    Double,
    Floor,
    Integer,
    Keyvalue,
    Number,
    Size,
    String,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Type,
}

impl Method {
    /// Names, by which they are found.
    pub const ALL: [(&'static str, Method); 19] = [
        ("abs", Method::Abs),
        ("bigint", Method::Bigint),
        ("boolean", Method::Boolean),
        ("ceiling", Method::Ceiling),
        ("date", Method::Date),
        ("datetime", Method::Datetime),
        ("decimal", Method::Decimal),
        ("double", Method::Double),
        ("floor", Method::Floor),
        ("integer", Method::Integer),
        ("keyvalue", Method::Keyvalue),
        ("number", Method::Number),
        ("size", Method::Size),
        ("string", Method::String),
        ("time", Method::Time),
        ("time_tz", Method::TimeTz),
        ("timestamp", Method::Timestamp),
        ("timestamp_tz", Method::TimestampTz),
        ("type", Method::Type),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Method::ALL.iter().find(|(_, m)| *m == self).map_or("", |(name, _)| name)
    }
}

/// jsonpath in: the canonical text.
pub fn input(text: &str) -> PgResult<Varlena> {
    Ok(Varlena::from(parse(text)?.to_string().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text() {
        for (text, want) in [
            ("$", "$"),
            ("strict $.a", "strict $.\"a\""),
            ("lax $.a[*] ? (@.x > 1)", "$.\"a\"[*]?(@.\"x\" > 1)"),
            ("$.a + 1", "($.\"a\" + 1)"),
            ("$.a * (1 + 2)", "($.\"a\" * (1 + 2))"),
            ("$[0, 1 to last].size()", "$[0,1 to last].size()"),
            ("$.** {2 to last}.x", "$.**{2 to last}.\"x\""),
            (
                "$.a ? (@ starts with \"x\" && !(@.b == 1))",
                "$.\"a\"?(@ starts with \"x\" && !(@.\"b\" == 1))",
            ),
            (
                "$ ? (exists(@.a) || (@.b == 2) is unknown)",
                "$?(exists (@.\"a\") || (@.\"b\" == 2) is unknown)",
            ),
            ("-$.a", "(-$.\"a\")"),
            ("$.a / +-1", "($.\"a\" / -1)"),
            ("$var.a", "$\"var\".\"a\""),
            ("$ ? (@ like_regex \"^a\" flag \"i\")", "$?(@ like_regex \"^a\" flag \"i\")"),
            ("1.5.type()", "(1.5).type()"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), want, "{text}");
            assert_eq!(parse(want).unwrap().to_string(), want);
        }
        for (text, want) in [
            ("0755", "syntax error at end of jsonpath input"),
            ("00", "trailing junk after numeric literal at or near \"00\" of jsonpath input"),
            (
                "1.type()",
                "trailing junk after numeric literal at or near \"1.t\" of jsonpath input",
            ),
            ("0b0x", "syntax error at end of jsonpath input"),
            ("$.a || $.b", "syntax error at or near \"||\" of jsonpath input"),
            ("$ ? (@.a)", "syntax error at or near \")\" of jsonpath input"),
            ("$.date(2)", "syntax error at or near \"2\" of jsonpath input"),
            ("\"\\u00\"", "invalid Unicode escape sequence at or near \"\\u00\" of jsonpath input"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), want, "{text}");
        }
        assert!(parse("$.").is_err());
        assert!(parse("@ + 1").is_err());
        assert!(parse("last").is_err());
    }

    #[test]
    fn depends_on_time_zone() {
        let mutable = |path| is_mutable(path, &[("d", crate::type_oid::DATE)]);
        assert!(!mutable("$.a[*] ? (@ > 1)"));
        assert!(!mutable("$.datetime()"));
        assert!(mutable("$.a ? (@.datetime() < $.datetime())"));
        assert!(!mutable("$.a ? (@.datetime(\"HH:MI\") < $.datetime(\"YYYY HH:MI\"))"));
        assert!(mutable("$.date()"));
        assert!(mutable("$.datetime() < $d"));
    }
}
