//! The canonical text of a path.
use super::{Accessor, BinaryOp, Expr, JsonPath, Primary};
use std::fmt::{self, Display, Formatter};

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    crate::json::escape(text, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// How tightly an expression binds.
fn priority(e: &Expr) -> u8 {
    match e {
        Expr::Binary(BinaryOp::Or, ..) => 0,
        Expr::Binary(BinaryOp::And, ..) => 1,
        Expr::Binary(
            BinaryOp::Eq
            | BinaryOp::Ne
            | BinaryOp::Lt
            | BinaryOp::Gt
            | BinaryOp::Le
            | BinaryOp::Ge
            | BinaryOp::StartsWith,
            ..,
        ) => 2,
        Expr::Binary(BinaryOp::Add | BinaryOp::Sub, ..) => 3,
        Expr::Binary(..) => 4,
        Expr::Sign(..) => 5,
        _ => 6,
    }
}

impl Display for JsonPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.lax {
            f.write_str("strict ")?;
        }
        expr(f, &self.expr, true)
    }
}

fn operand(f: &mut Formatter<'_>, e: &Expr, outer: &Expr) -> fmt::Result {
    expr(f, e, priority(e) <= priority(outer))
}

fn expr(f: &mut Formatter<'_>, e: &Expr, brackets: bool) -> fmt::Result {
    let brackets = brackets && matches!(e, Expr::Binary(..) | Expr::Sign(..) | Expr::LikeRegex(..));
    if brackets {
        f.write_str("(")?;
    }
    match e {
        Expr::Path(primary, accessors) => path(f, primary, accessors)?,
        Expr::Binary(op, l, r) => {
            operand(f, l, e)?;
            write!(f, " {} ", op.as_str())?;
            operand(f, r, e)?;
        }
        Expr::Sign(minus, inner) => {
            f.write_str(if *minus { "-" } else { "+" })?;
            operand(f, inner, e)?;
        }
        Expr::Not(inner) => {
            f.write_str("!(")?;
            expr(f, inner, false)?;
            f.write_str(")")?;
        }
        Expr::IsUnknown(inner) => {
            f.write_str("(")?;
            expr(f, inner, false)?;
            f.write_str(") is unknown")?;
        }
        Expr::Exists(inner) => {
            f.write_str("exists (")?;
            expr(f, inner, false)?;
            f.write_str(")")?;
        }
        Expr::LikeRegex(inner, pattern, flags) => {
            operand(f, inner, e)?;
            write!(f, " like_regex {}", quoted(pattern))?;
            if !flags.is_empty() {
                write!(f, " flag \"{flags}\"")?;
            }
        }
    }
    if brackets {
        f.write_str(")")?;
    }
    Ok(())
}

fn path(f: &mut Formatter<'_>, primary: &Primary, accessors: &[Accessor]) -> fmt::Result {
    match primary {
        Primary::Root => f.write_str("$")?,
        Primary::Current => f.write_str("@")?,
        Primary::Last => f.write_str("last")?,
        Primary::Variable(name) => write!(f, "${}", quoted(name))?,
        Primary::Null => f.write_str("null")?,
        Primary::Bool(v) => write!(f, "{v}")?,
        Primary::String(v) => f.write_str(&quoted(v))?,
        Primary::Number(v) => {
            let mut out = Vec::new();
            crate::numeric::output(v, &mut out);
            let text = String::from_utf8_lossy(&out);
            if accessors.is_empty() { f.write_str(&text)? } else { write!(f, "({text})")? }
        }
        Primary::Paren(inner) => expr(f, inner, true)?,
    }
    accessors.iter().try_for_each(|a| accessor(f, a))
}

fn accessor(f: &mut Formatter<'_>, a: &Accessor) -> fmt::Result {
    match a {
        Accessor::Key(key) => write!(f, ".{}", quoted(key)),
        Accessor::AnyKey => f.write_str(".*"),
        Accessor::AnyElement => f.write_str("[*]"),
        Accessor::Elements(items) => {
            f.write_str("[")?;
            for (i, (from, to)) in items.iter().enumerate() {
                if i > 0 {
                    f.write_str(",")?;
                }
                expr(f, from, false)?;
                if let Some(to) = to {
                    f.write_str(" to ")?;
                    expr(f, to, false)?;
                }
            }
            f.write_str("]")
        }
        Accessor::AnyDepth(0, u32::MAX) => f.write_str(".**"),
        Accessor::AnyDepth(first, last) => {
            let level = |n: u32| if n == u32::MAX { "last".to_string() } else { n.to_string() };
            if first == last {
                write!(f, ".**{{{}}}", level(*first))
            } else {
                write!(f, ".**{{{} to {}}}", level(*first), level(*last))
            }
        }
        Accessor::Method(method, args) => {
            write!(f, ".{}(", method.name())?;
            for (i, arg) in args.iter().enumerate() {
                if i > 0 {
                    f.write_str(",")?;
                }
                expr(f, arg, false)?;
            }
            f.write_str(")")
        }
        Accessor::Filter(predicate) => {
            f.write_str("?(")?;
            expr(f, predicate, false)?;
            f.write_str(")")
        }
    }
}
