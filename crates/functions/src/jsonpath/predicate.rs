//! Predicates with their three values: `None` is unknown. An error inside makes them unknown.
use super::{
    datetime,
    exec::{Executor, Fault, Sink},
    item::Item,
};
use crate::regex::{Compiled, Flags};
use error::{PgResult, check_stack_depth};
use std::cmp::Ordering;
use types::{
    jsonb::Jsonb,
    jsonpath::{BinaryOp, Expr},
    numeric,
};

type Truth = Result<Option<bool>, Fault>;

impl<'a> Executor<'a, '_> {
    pub(super) fn predicate(&mut self, expr: &Expr) -> Truth {
        check_stack_depth()?;
        Ok(match expr {
            Expr::Binary(BinaryOp::And, l, r) => match self.predicate(l)? {
                Some(false) => Some(false),
                left => match self.predicate(r)? {
                    Some(true) => left,
                    right => right,
                },
            },
            Expr::Binary(BinaryOp::Or, l, r) => match self.predicate(l)? {
                Some(true) => Some(true),
                left => match self.predicate(r)? {
                    Some(false) => left,
                    right => right,
                },
            },
            Expr::Not(inner) => self.predicate(inner)?.map(|v| !v),
            Expr::IsUnknown(inner) => Some(self.predicate(inner)?.is_none()),
            Expr::Exists(inner) => {
                let lax = self.lax;
                self.quietly(|this| match lax {
                    true => this.eval(inner, &[], &mut Sink(None)),
                    false => {
                        let mut all = Vec::new();
                        this.eval(inner, &[], &mut Sink(Some(&mut all)))?;
                        Ok(!all.is_empty())
                    }
                })?
            }
            Expr::Binary(BinaryOp::StartsWith, l, r) => {
                self.each_pair(l, Some((r, false)), &mut |_, x, y| Ok(starts_with(x, y)))?
            }
            Expr::Binary(op, l, r) => {
                let op = *op;
                self.each_pair(l, Some((r, true)), &mut |this, x, y| this.compare(op, x, y))?
            }
            Expr::LikeRegex(inner, pattern, flags) => {
                let regex = compile(pattern, flags)?;
                self.each_pair(inner, None, &mut |_, x, _| match x {
                    Item::View(Jsonb::String(text)) => regex.is_match(text).map(Some),
                    _ => Ok(None),
                })?
            }
            // A path in a place of a predicate holds if it is a lone true.
            other => {
                let items = self.quietly(|this| {
                    let mut items = Vec::new();
                    this.eval(other, &[], &mut Sink(Some(&mut items)))?;
                    Ok(items)
                })?;
                match items.as_deref() {
                    Some([Item::View(Jsonb::Bool(v))]) => Some(*v),
                    _ => None,
                }
            }
        })
    }

    /// Tests each left item with each right one. In lax mode one that holds is enough; in strict mode
    /// a single unknown makes the whole unknown.
    fn each_pair(
        &mut self,
        left: &Expr,
        right: Option<(&Expr, bool)>,
        test: &mut dyn FnMut(&Self, &Item<'a>, &Item<'a>) -> PgResult<Option<bool>>,
    ) -> Truth {
        let Some(lefts) = self.quietly(|this| this.eval_unwrapped(left, true))? else {
            return Ok(None);
        };
        let rights = match right {
            Some((right, unwrap)) => {
                match self.quietly(|this| this.eval_unwrapped(right, unwrap))? {
                    Some(rights) => rights,
                    None => return Ok(None),
                }
            }
            None => vec![Item::View(Jsonb::Null)],
        };
        let (mut found, mut unknown) = (false, false);
        for x in &lefts {
            for y in &rights {
                match test(self, x, y)? {
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

    fn compare(&self, op: BinaryOp, x: &Item<'a>, y: &Item<'a>) -> PgResult<Option<bool>> {
        let order = match (x, y) {
            (Item::Datetime(..), Item::Datetime(..)) => {
                match datetime::compare(self.session, x, y, self.use_zone)? {
                    Some(order) => order,
                    None => return Ok(None),
                }
            }
            (Item::View(Jsonb::Null), Item::View(Jsonb::Null)) => Ordering::Equal,
            // null differs from everything else, and that is all that can be said.
            (Item::View(Jsonb::Null), _) | (_, Item::View(Jsonb::Null)) => {
                return Ok(Some(op == BinaryOp::Ne));
            }
            (Item::View(Jsonb::Bool(a)), Item::View(Jsonb::Bool(b))) => a.cmp(b),
            (Item::View(Jsonb::Number(a)), Item::View(Jsonb::Number(b))) => numeric::cmp(a, b),
            // By code points, which for UTF-8 is by bytes too.
            (Item::View(Jsonb::String(a)), Item::View(Jsonb::String(b))) => a.cmp(b),
            _ => return Ok(None),
        };
        Ok(Some(holds(op, order)))
    }
}

pub(super) fn compile(pattern: &str, flags: &str) -> PgResult<Compiled> {
    let flags = Flags {
        ignore_case: flags.contains('i'),
        newline_dot: !flags.contains('s'),
        newline_anchor: flags.contains('m'),
        literal: flags.contains('q'),
        ..Flags::default()
    };
    Compiled::new(pattern, flags)
}

fn starts_with(x: &Item<'_>, y: &Item<'_>) -> Option<bool> {
    match (x, y) {
        (Item::View(Jsonb::String(whole)), Item::View(Jsonb::String(initial))) => {
            Some(whole.starts_with(initial))
        }
        _ => None,
    }
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
