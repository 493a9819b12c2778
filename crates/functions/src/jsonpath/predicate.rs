//! Predicates with their three values: `None` is unknown. An error inside makes them unknown.
use super::{
    datetime,
    exec::{Executor, is_hard},
    item::Item,
};
use crate::regex::{Compiled, Flags};
use error::PgResult;
use std::cmp::Ordering;
use types::{
    jsonb::Jsonb,
    jsonpath::{BinaryOp, Expr},
    numeric,
};

impl<'a> Executor<'a, '_> {
    pub(super) fn predicate(&mut self, expr: &Expr, current: &Item<'a>) -> PgResult<Option<bool>> {
        Ok(match expr {
            Expr::Binary(BinaryOp::And, l, r) => match self.predicate(l, current)? {
                Some(false) => Some(false),
                left => match (left, self.predicate(r, current)?) {
                    (_, Some(false)) => Some(false),
                    (Some(true), right) => right,
                    _ => None,
                },
            },
            Expr::Binary(BinaryOp::Or, l, r) => match self.predicate(l, current)? {
                Some(true) => Some(true),
                left => match (left, self.predicate(r, current)?) {
                    (_, Some(true)) => Some(true),
                    (Some(false), right) => right,
                    _ => None,
                },
            },
            Expr::Not(inner) => self.predicate(inner, current)?.map(|v| !v),
            Expr::IsUnknown(inner) => Some(self.predicate(inner, current)?.is_none()),
            Expr::Exists(inner) => match self.eval(inner, current) {
                Ok(items) => Some(!items.is_empty()),
                Err(e) if is_hard(&e) => return Err(e),
                Err(_) => None,
            },
            Expr::Binary(op, l, r) => {
                let (op, use_zone) = (*op, self.use_zone);
                let session = self.session;
                self.each_pair(l, Some(r), current, &mut |x, y| match op {
                    BinaryOp::StartsWith => starts_with(x, y),
                    _ => compare(op, x, y, &|p, q| datetime::compare(session, p, q, use_zone)),
                })?
            }
            Expr::LikeRegex(inner, pattern, flags) => {
                let flags = Flags {
                    ignore_case: flags.contains('i'),
                    newline_dot: !flags.contains('s'),
                    newline_anchor: flags.contains('m'),
                    literal: flags.contains('q'),
                    ..Flags::default()
                };
                let regex = Compiled::new(pattern, flags)?;
                self.each_pair(inner, None, current, &mut |x, _| match x.view() {
                    Some(Jsonb::String(text)) => regex.is_match(text).map(Some),
                    _ => Ok(None),
                })?
            }
            // Any other expression is no predicate, but a path that is a lone boolean is one.
            other => match self.eval(other, current) {
                Ok(items) => match items.first().and_then(Item::view) {
                    Some(Jsonb::Bool(v)) if items.len() == 1 => Some(v),
                    _ => None,
                },
                Err(e) if is_hard(&e) => return Err(e),
                Err(_) => None,
            },
        })
    }

    /// Tests each left item with each right one. In lax mode one that holds is enough; in strict mode
    /// a single unknown makes the whole unknown.
    fn each_pair(
        &mut self,
        left: &Expr,
        right: Option<&Expr>,
        current: &Item<'a>,
        test: &mut dyn FnMut(&Item<'_>, &Item<'_>) -> PgResult<Option<bool>>,
    ) -> PgResult<Option<bool>> {
        let lefts = match self.eval_unwrapped(left, current) {
            Ok(lefts) => lefts,
            Err(e) if is_hard(&e) => return Err(e),
            Err(_) => return Ok(None),
        };
        let rights = match right {
            Some(right) => match self.eval_unwrapped(right, current) {
                Ok(rights) => rights,
                Err(e) if is_hard(&e) => return Err(e),
                Err(_) => return Ok(None),
            },
            None => vec![Item::View(Jsonb::Null)],
        };
        let (mut found, mut unknown) = (false, false);
        for x in &lefts {
            for y in &rights {
                match test(x, y)? {
                    Some(true) if self.lax => return Ok(Some(true)),
                    Some(true) => found = true,
                    Some(false) => {}
                    None if !self.lax => return Ok(None),
                    None => unknown = true,
                }
            }
        }
        Ok(match (found, unknown) {
            (true, _) => Some(true),
            (_, true) => None,
            _ => Some(false),
        })
    }
}

fn starts_with(x: &Item<'_>, y: &Item<'_>) -> PgResult<Option<bool>> {
    Ok(match (x.view(), y.view()) {
        (Some(Jsonb::String(whole)), Some(Jsonb::String(initial))) => {
            Some(whole.starts_with(initial))
        }
        _ => None,
    })
}

fn holds(op: BinaryOp, order: Ordering) -> bool {
    match op {
        BinaryOp::Eq => order.is_eq(),
        BinaryOp::Ne => order.is_ne(),
        BinaryOp::Lt => order.is_lt(),
        BinaryOp::Gt => order.is_gt(),
        BinaryOp::Le => order.is_le(),
        _ => order.is_ge(),
    }
}

type CompareTimes<'f> = dyn Fn(&Item<'_>, &Item<'_>) -> PgResult<Option<Ordering>> + 'f;

fn compare(
    op: BinaryOp,
    x: &Item<'_>,
    y: &Item<'_>,
    times: &CompareTimes<'_>,
) -> PgResult<Option<bool>> {
    let order = match (x.view(), y.view()) {
        (None, None) => match times(x, y)? {
            Some(order) => order,
            None => return Ok(None),
        },
        (Some(Jsonb::Null), Some(Jsonb::Null)) => Ordering::Equal,
        // null differs from everything else, and that is all that can be said.
        (Some(Jsonb::Null), _) | (_, Some(Jsonb::Null)) => {
            return Ok(Some(op == BinaryOp::Ne));
        }
        (Some(Jsonb::Bool(a)), Some(Jsonb::Bool(b))) => a.cmp(&b),
        (Some(Jsonb::Number(a)), Some(Jsonb::Number(b))) => numeric::cmp(a, b),
        (Some(Jsonb::String(a)), Some(Jsonb::String(b))) => a.cmp(b),
        _ => return Ok(None),
    };
    Ok(Some(holds(op, order)))
}
