//! Evaluation of pure expressions over a batch, column by column.
//!
//! Row evaluation defines the meaning. Here errors may come from another row than there, so a caller that meets
//! one evaluates the same rows again one by one, which raises the right one: pure expressions allow that.
use super::{CExpr, Kernel, kernel};
use crate::{
    Cx,
    batch::{Column, RowView, Rows},
};
use error::PgResult;
use smallvec::SmallVec;
use types::Datum;

/// Which row of an expression the batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Scan,
    Outer,
}

/// The rows to evaluate over.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) columns: &'a [Column],
    pub(crate) len: usize,
    pub(crate) side: Side,
}

/// Values of an expression by row of the frame; those of rows not asked for mean nothing.
pub(crate) enum Col<'a> {
    Slice(&'a [Datum]),
    Owned(Vec<Datum>),
    /// The same for all rows.
    One(Datum),
}

impl Col<'_> {
    /// The value for a row.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> &Datum {
        match self {
            Col::Slice(values) => &values[row],
            Col::Owned(values) => &values[row],
            Col::One(value) => value,
        }
    }

    /// The values, if each row has one of its own.
    #[inline]
    pub(crate) fn as_slice(&self) -> Option<&[Datum]> {
        match self {
            Col::Slice(values) => Some(values),
            Col::Owned(values) => Some(values),
            Col::One(_) => None,
        }
    }

    /// Appends the values of all `len` rows to a column.
    pub(crate) fn append_to(self, len: usize, out: &mut Column) {
        match self {
            Col::Slice(values) => out.extend_from_slice(&values[..len]),
            Col::Owned(values) if out.is_empty() => *out = values,
            Col::Owned(mut values) => out.append(&mut values),
            Col::One(value) => out.extend(std::iter::repeat_n(value, len)),
        }
    }
}

impl<'a> Frame<'a> {
    /// One of its rows.
    #[inline]
    pub(crate) fn rows(&self, row: usize) -> Rows<'a> {
        let view = RowView::Batch(self.columns, row);
        match self.side {
            Side::Scan => Rows::scan(view),
            Side::Outer => Rows::outer(view),
        }
    }
}

/// Runs `f` for the rows that `sel` names, or all, and collects what it gives.
#[inline]
fn collect(
    len: usize,
    sel: Option<&[u16]>,
    mut f: impl FnMut(usize) -> PgResult<Datum>,
) -> PgResult<Vec<Datum>> {
    match sel {
        None => {
            let mut out = Vec::with_capacity(len);
            for row in 0..len {
                out.push(f(row)?);
            }
            Ok(out)
        }
        Some(sel) => {
            let mut out = vec![Datum::Null; len];
            for row in sel {
                out[*row as usize] = f(*row as usize)?;
            }
            Ok(out)
        }
    }
}

/// Applies a function of two operands to rows; `f` sees NULLs.
#[inline]
fn zip(
    (a, b): (&Col<'_>, &Col<'_>),
    len: usize,
    sel: Option<&[u16]>,
    f: impl Fn(&Datum, &Datum) -> PgResult<Datum>,
) -> PgResult<Vec<Datum>> {
    match (a.as_slice(), b.as_slice(), b) {
        (Some(a), None, Col::One(b)) => collect(len, sel, |row| f(&a[row], b)),
        (Some(a), Some(b), _) => collect(len, sel, |row| f(&a[row], &b[row])),
        _ => collect(len, sel, |row| f(a.get(row), b.get(row))),
    }
}

/// Keeps of `sel` the rows whose operands pass.
#[inline]
fn keep((a, b): (&Col<'_>, &Col<'_>), sel: &mut Vec<u16>, pass: impl Fn(&Datum, &Datum) -> bool) {
    #[inline]
    fn run(sel: &mut Vec<u16>, pass: impl Fn(usize) -> bool) {
        let mut kept = 0;
        for at in 0..sel.len() {
            let row = sel[at];
            sel[kept] = row;
            kept += usize::from(pass(row as usize));
        }
        sel.truncate(kept);
    }
    match (a.as_slice(), b.as_slice(), b) {
        (Some(a), None, Col::One(b)) => run(sel, |row| pass(&a[row], b)),
        (Some(a), Some(b), _) => run(sel, |row| pass(&a[row], &b[row])),
        _ => run(sel, |row| pass(a.get(row), b.get(row))),
    }
}

impl CExpr {
    /// Whether evaluation over columns is allowed: same value however often and in whatever order of rows.
    pub(crate) fn is_pure(&self, side: Side) -> bool {
        let all = |args: &[CExpr]| args.iter().all(|arg| arg.is_pure(side));
        match self {
            CExpr::Const(_) | CExpr::ExternParam(_) | CExpr::CaseValue(_) => true,
            CExpr::Scan(_) => side == Side::Scan,
            CExpr::Outer(_) => side == Side::Outer,
            CExpr::Fast1(_, arg) | CExpr::Not(arg) => arg.is_pure(side),
            CExpr::NullTest(arg, _) | CExpr::BoolTest(arg, _) | CExpr::Field(arg, _) => {
                arg.is_pure(side)
            }
            CExpr::Fast2(_, args, _) => args.0.is_pure(side) && args.1.is_pure(side),
            CExpr::Call(node) => node.call.is_pure() && all(&node.args),
            CExpr::And(args) | CExpr::Or(args) | CExpr::Coalesce(args) => all(args),
            CExpr::Case(node) => {
                node.test.as_ref().is_none_or(|(_, test)| test.is_pure(side))
                    && node
                        .whens
                        .iter()
                        .all(|(when, then)| when.is_pure(side) && then.is_pure(side))
                    && node.default.as_ref().is_none_or(|default| default.is_pure(side))
            }
            CExpr::Distinct(node) | CExpr::NullIf(node) => {
                node.equal.is_pure() && node.left.is_pure(side) && node.right.is_pure(side)
            }
            CExpr::Saop(node) => {
                node.call.is_pure() && node.scalar.is_pure(side) && node.array.is_pure(side)
            }
            _ => false,
        }
    }

    /// The values for the rows that `sel` names, or for all. Only of pure expressions.
    pub(crate) fn eval_column<'a>(
        &self,
        frame: &Frame<'a>,
        sel: Option<&[u16]>,
        cx: &mut Cx<'_>,
    ) -> PgResult<Col<'a>> {
        let len = frame.len;
        Ok(match self {
            CExpr::Const(value) => Col::One(value.clone()),
            CExpr::ExternParam(_) => Col::One(self.eval(&Rows::NONE, cx)?),
            CExpr::Scan(n) | CExpr::Outer(n) => Col::Slice(&frame.columns[*n as usize]),
            CExpr::Fast1(f, arg) => {
                let strict = |v: &Datum| if v.is_null() { Ok(Datum::Null) } else { f(v) };
                match arg.eval_column(frame, sel, cx)? {
                    Col::One(value) => Col::One(strict(&value)?),
                    values => Col::Owned(collect(len, sel, |row| strict(values.get(row)))?),
                }
            }
            CExpr::Fast2(f, args, kernel) => {
                let a = args.0.eval_column(frame, sel, cx)?;
                let b = args.1.eval_column(frame, sel, cx)?;
                let slow = |a: &Datum, b: &Datum| match a.is_null() || b.is_null() {
                    true => Ok(Datum::Null),
                    false => f(a, b),
                };
                Col::Owned(arithmetic(*kernel, (&a, &b), len, sel, slow)?)
            }
            CExpr::NullTest(arg, is_null) => {
                let values = arg.eval_column(frame, sel, cx)?;
                let test = |row: usize| Ok(Datum::Bool(values.get(row).is_null() == *is_null));
                Col::Owned(collect(len, sel, test)?)
            }
            CExpr::Call(node) => {
                let mut args: SmallVec<[Col<'_>; 4]> = SmallVec::new();
                for arg in &node.args {
                    args.push(arg.eval_column(frame, sel, cx)?);
                }
                let mut values: SmallVec<[Datum; 4]> = SmallVec::new();
                Col::Owned(collect(len, sel, |row| {
                    values.clear();
                    for arg in &mut args {
                        values.push(match arg {
                            Col::Owned(own) => own[row].take(),
                            other => other.get(row).clone(),
                        });
                    }
                    node.call.call(cx, &mut values)
                })?)
            }
            _ => Col::Owned(collect(len, sel, |row| self.eval(&frame.rows(row), cx))?),
        })
    }

    /// Keeps of `sel` the rows for which a predicate holds. Only of pure expressions.
    pub(crate) fn filter(
        &self,
        frame: &Frame<'_>,
        sel: &mut Vec<u16>,
        cx: &mut Cx<'_>,
    ) -> PgResult<()> {
        match self {
            CExpr::And(args) => {
                for arg in args {
                    arg.filter(frame, sel, cx)?;
                }
            }
            CExpr::Fast2(_, args, kernel @ (Kernel::Number(_) | Kernel::Bytes(_))) => {
                let a = args.0.eval_column(frame, Some(sel), cx)?;
                let b = args.1.eval_column(frame, Some(sel), cx)?;
                compare(*kernel, (&a, &b), sel);
            }
            CExpr::NullTest(arg, is_null) => {
                let values = arg.eval_column(frame, Some(sel), cx)?;
                sel.retain(|row| values.get(*row as usize).is_null() == *is_null);
            }
            _ => {
                let values = self.eval_column(frame, Some(sel), cx)?;
                sel.retain(|row| matches!(values.get(*row as usize), Datum::Bool(true)));
            }
        }
        Ok(())
    }
}

fn compare(kernel: Kernel, operands: (&Col<'_>, &Col<'_>), sel: &mut Vec<u16>) {
    use kernel::{CompareOp::*, bytes, number};
    use std::cmp::Ordering;
    macro_rules! by {
        ($order:expr, $op:expr) => {
            match $op {
                Eq => keep(operands, sel, |a, b| $order(a, b) == Some(Ordering::Equal)),
                Ne => keep(operands, sel, |a, b| $order(a, b).is_some_and(Ordering::is_ne)),
                Lt => keep(operands, sel, |a, b| $order(a, b) == Some(Ordering::Less)),
                Le => keep(operands, sel, |a, b| $order(a, b).is_some_and(Ordering::is_le)),
                Gt => keep(operands, sel, |a, b| $order(a, b) == Some(Ordering::Greater)),
                Ge => keep(operands, sel, |a, b| $order(a, b).is_some_and(Ordering::is_ge)),
            }
        };
    }
    match kernel {
        Kernel::Number(op) => by!(number, op),
        Kernel::Bytes(op) => by!(bytes, op),
        _ => {}
    }
}

/// Two-operand functions; `slow` does what the loop does not know, errors among it.
fn arithmetic(
    kernel: Kernel,
    operands: (&Col<'_>, &Col<'_>),
    len: usize,
    sel: Option<&[u16]>,
    slow: impl Fn(&Datum, &Datum) -> PgResult<Datum>,
) -> PgResult<Vec<Datum>> {
    macro_rules! integer {
        ($variant:ident, $op:ident) => {
            zip(operands, len, sel, |a, b| match (a, b) {
                (Datum::$variant(x), Datum::$variant(y)) => match x.$op(*y) {
                    Some(v) => Ok(Datum::$variant(v)),
                    None => slow(a, b),
                },
                _ => slow(a, b),
            })
        };
    }
    macro_rules! float {
        ($op:tt) => {
            zip(operands, len, sel, |a, b| match (a, b) {
                (Datum::Float8(x), Datum::Float8(y)) => {
                    let v = x $op y;
                    if v.is_normal() { Ok(Datum::Float8(v)) } else { slow(a, b) }
                }
                _ => slow(a, b),
            })
        };
    }
    match kernel {
        Kernel::AddInt4 => integer!(Int4, checked_add),
        Kernel::SubInt4 => integer!(Int4, checked_sub),
        Kernel::MulInt4 => integer!(Int4, checked_mul),
        Kernel::AddInt8 => integer!(Int8, checked_add),
        Kernel::SubInt8 => integer!(Int8, checked_sub),
        Kernel::MulInt8 => integer!(Int8, checked_mul),
        Kernel::AddFloat8 => float!(+),
        Kernel::SubFloat8 => float!(-),
        Kernel::MulFloat8 => float!(*),
        _ => zip(operands, len, sel, slow),
    }
}
