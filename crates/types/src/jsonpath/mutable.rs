//! Whether a path's result depends on the time zone.
use super::{Accessor, BinaryOp, Expr, Method, Primary, parse};
use crate::{Oid, type_oid as t};

/// What is known of a date or time among the items.
#[derive(Clone, Copy, PartialEq)]
enum Status {
    None,
    Unknown,
    Zoned,
    NonZoned,
}

struct Walker<'a> {
    variables: &'a [(&'a str, Oid)],
    lax: bool,
    current: Status,
    mutable: bool,
}

/// Whether evaluating the path may depend on the time zone; `variables` have names and types.
pub fn is_mutable(path: &str, variables: &[(&str, Oid)]) -> bool {
    let Ok(path) = parse(path) else { return true };
    let mut walker = Walker { variables, lax: path.lax, current: Status::None, mutable: false };
    walker.expr(&path.expr);
    walker.mutable
}

/// Whether a datetime template reads a time zone.
fn has_zone(template: &str) -> bool {
    let mut quoted = false;
    let mut text = String::new();
    for c in template.chars() {
        match c {
            '"' => quoted = !quoted,
            c if !quoted => text.push(c.to_ascii_uppercase()),
            _ => {}
        }
    }
    ["TZ", "OF"].iter().any(|f| text.contains(f))
}

impl Walker<'_> {
    fn expr(&mut self, e: &Expr) -> Status {
        match e {
            Expr::Path(primary, accessors) => {
                let mut status = self.primary(primary);
                for accessor in accessors {
                    status = self.accessor(accessor, status);
                }
                return status;
            }
            Expr::Binary(op, l, r) => {
                let (l, r) = (self.expr(l), self.expr(r));
                let compares = matches!(
                    op,
                    BinaryOp::Eq
                        | BinaryOp::Ne
                        | BinaryOp::Lt
                        | BinaryOp::Gt
                        | BinaryOp::Le
                        | BinaryOp::Ge
                );
                let both = l != Status::None && r != Status::None;
                if compares && both && (l == Status::Unknown || r == Status::Unknown || l != r) {
                    self.mutable = true;
                }
            }
            Expr::Sign(_, x)
            | Expr::Not(x)
            | Expr::IsUnknown(x)
            | Expr::Exists(x)
            | Expr::LikeRegex(x, ..) => {
                self.expr(x);
            }
        }
        Status::None
    }

    fn primary(&mut self, primary: &Primary) -> Status {
        match primary {
            Primary::Current => self.current,
            Primary::Variable(name) => {
                let found = self.variables.iter().find(|(n, _)| n == name);
                match found.map(|(_, typ)| *typ) {
                    Some(t::DATE | t::TIME | t::TIMESTAMP) => Status::NonZoned,
                    Some(t::TIMETZ | t::TIMESTAMPTZ) => Status::Zoned,
                    _ => Status::None,
                }
            }
            Primary::Paren(inner) => self.expr(inner),
            _ => Status::None,
        }
    }

    fn accessor(&mut self, accessor: &Accessor, status: Status) -> Status {
        match accessor {
            Accessor::Filter(predicate) => {
                let saved = std::mem::replace(&mut self.current, status);
                self.expr(predicate);
                self.current = saved;
                status
            }
            Accessor::Elements(items) => {
                for (from, to) in items {
                    self.expr(from);
                    to.iter().for_each(|to| {
                        self.expr(to);
                    });
                }
                if self.lax { status } else { Status::None }
            }
            Accessor::AnyElement => {
                if self.lax {
                    status
                } else {
                    Status::None
                }
            }
            Accessor::AnyDepth(first, _) if *first == 0 => status,
            Accessor::Method(Method::Datetime, args) => match args.first() {
                None => Status::Unknown,
                Some(Expr::Path(primary, _)) => match &**primary {
                    Primary::String(template) if has_zone(template) => Status::Zoned,
                    Primary::String(_) => Status::NonZoned,
                    _ => Status::None,
                },
                Some(_) => Status::None,
            },
            Accessor::Method(
                Method::Date
                | Method::Time
                | Method::TimeTz
                | Method::Timestamp
                | Method::TimestampTz,
                _,
            ) => {
                self.mutable = true;
                Status::NonZoned
            }
            _ => Status::None,
        }
    }
}
