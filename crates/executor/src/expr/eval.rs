//! Evaluation of compiled expressions for one row.
use super::{CExpr, CaseNode, EqualNode, MinMaxNode};
use crate::{Cx, batch::Rows};
use error::{PgResult, err};
use nodes::BoolTestType;
use types::{Datum, Oid, type_oid};

static NULL: Datum = Datum::Null;

impl CExpr {
    /// The value for a row.
    pub fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        Ok(match self {
            CExpr::Const(value) => value.clone(),
            CExpr::Scan(n) => rows.scan.get(*n as usize).clone(),
            CExpr::Outer(n) => rows.outer.get(*n as usize).clone(),
            CExpr::Inner(n) => rows.inner.get(*n as usize).clone(),
            CExpr::Old(n) => rows.old.get(*n as usize).clone(),
            CExpr::New(n) => rows.new.get(*n as usize).clone(),
            CExpr::Agg(n) => rows.aggs[*n as usize].clone(),
            CExpr::ExternParam(n) => extern_param(*n, cx)?.clone(),
            CExpr::ExecParam(n) => exec_param(*n, cx)?.clone(),
            CExpr::Fast1(f, arg) => {
                let mut tmp = Datum::Null;
                let value = arg.eval_ref(rows, cx, &mut tmp)?;
                if value.is_null() { Datum::Null } else { f(value)? }
            }
            CExpr::Fast2(f, args, _) => {
                let (mut left, mut right) = (Datum::Null, Datum::Null);
                let a = args.0.eval_ref(rows, cx, &mut left)?;
                let b = args.1.eval_ref(rows, cx, &mut right)?;
                if a.is_null() || b.is_null() { Datum::Null } else { f(a, b)? }
            }
            CExpr::Call(node) => node.eval(rows, cx)?,
            CExpr::And(args) => connective(args, false, rows, cx)?,
            CExpr::Or(args) => connective(args, true, rows, cx)?,
            CExpr::Not(arg) => match arg.eval(rows, cx)? {
                Datum::Bool(b) => Datum::Bool(!b),
                _ => Datum::Null,
            },
            CExpr::NullTest(arg, is_null) => {
                let mut tmp = Datum::Null;
                Datum::Bool(arg.eval_ref(rows, cx, &mut tmp)?.is_null() == *is_null)
            }
            CExpr::RowNullTest(arg, is_null) => row_null_test(&arg.eval(rows, cx)?, *is_null),
            CExpr::BoolTest(arg, test) => bool_test(&arg.eval(rows, cx)?, *test),
            CExpr::Case(node) => return node.eval(rows, cx),
            CExpr::CaseValue(slot) => cx.es.case_values[*slot as usize].clone(),
            CExpr::Coalesce(args) => {
                for arg in args {
                    let value = arg.eval(rows, cx)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Datum::Null
            }
            CExpr::MinMax(node) => return node.eval(rows, cx),
            CExpr::Distinct(node) => return node.is_distinct(rows, cx),
            CExpr::NullIf(node) => return node.null_if(rows, cx),
            CExpr::Saop(node) => return node.eval(rows, cx),
            CExpr::Array(node) => return node.eval(rows, cx),
            CExpr::Subscript(node) => return node.eval(rows, cx),
            CExpr::ArrayCoerce(node) => return node.eval(rows, cx),
            CExpr::Row(node) => return node.eval(rows, cx),
            CExpr::RowCompare(node) => return node.eval(rows, cx),
            CExpr::Field(arg, n) => match arg.eval(rows, cx)? {
                Datum::Record(record) => {
                    record.fields.get(*n as usize).cloned().unwrap_or_default()
                }
                _ => Datum::Null,
            },
            CExpr::FieldStore(node) => return node.eval(rows, cx),
            CExpr::WholeRow(node) => node.eval(rows),
            CExpr::ConvertRow(node) => return node.eval(rows, cx),
            CExpr::ViaIo(node) => return node.eval(rows, cx),
            CExpr::Domain(node) => return node.eval(rows, cx),
            CExpr::ValueFunction(node) => return node.eval(cx),
            CExpr::NextValue(seq, typ) => next_value(*seq, *typ, cx)?,
            CExpr::Subplan(node) => return node.eval(rows, cx),
            CExpr::Json(node) => return node.eval(rows, cx),
            CExpr::Returning(old, arg) => {
                let row = if *old { rows.old } else { rows.new };
                if matches!(row, crate::batch::RowView::Nulls) {
                    return Ok(Datum::Null);
                }
                return arg.eval(rows, cx);
            }
            CExpr::CurrentOf => {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "WHERE CURRENT OF is not supported for this table type"
                ));
            }
        })
    }

    /// The value for a row, borrowed where it is at hand, else put into `tmp`.
    #[inline]
    pub fn eval_ref<'r>(
        &'r self,
        rows: &Rows<'r>,
        cx: &mut Cx<'_>,
        tmp: &'r mut Datum,
    ) -> PgResult<&'r Datum> {
        Ok(match self {
            CExpr::Const(value) => value,
            CExpr::Scan(n) => rows.scan.get(*n as usize),
            CExpr::Outer(n) => rows.outer.get(*n as usize),
            CExpr::Inner(n) => rows.inner.get(*n as usize),
            _ => {
                *tmp = self.eval(rows, cx)?;
                tmp
            }
        })
    }

    /// Whether a predicate holds: NULL is false.
    #[inline]
    pub fn test(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<bool> {
        Ok(matches!(self.eval(rows, cx)?, Datum::Bool(true)))
    }
}

/// Whether all of implicitly ANDed quals hold.
#[inline]
pub(crate) fn all_hold(quals: &[CExpr], rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<bool> {
    for qual in quals {
        if !qual.test(rows, cx)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// As [`all_hold`] for CHECK constraints: NULL passes.
pub(crate) fn none_false(quals: &[CExpr], rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<bool> {
    for qual in quals {
        if matches!(qual.eval(rows, cx)?, Datum::Bool(false)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn extern_param<'c>(n: u16, cx: &'c mut Cx<'_>) -> PgResult<&'c Datum> {
    match cx.es.params.get(n as usize) {
        Some(value) => Ok(value),
        None => Err(err!(UNDEFINED_OBJECT, "no value found for parameter {}", n + 1)),
    }
}

fn exec_param<'c>(n: u16, cx: &'c mut Cx<'_>) -> PgResult<&'c Datum> {
    let n = n as usize;
    if let Some(plan) = cx.es.exec_params.get(n).and_then(|p| p.pending) {
        super::run_init_plan(plan, cx)?;
    }
    Ok(cx.es.exec_params.get(n).map_or(&NULL, |p| &p.value))
}

/// AND (`stop` false) and OR (`stop` true) in three-valued logic, lazily.
fn connective(args: &[CExpr], stop: bool, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
    let mut any_null = false;
    for arg in args {
        match arg.eval(rows, cx)? {
            Datum::Bool(b) if b == stop => return Ok(Datum::Bool(stop)),
            Datum::Bool(_) => {}
            _ => any_null = true,
        }
    }
    Ok(if any_null { Datum::Null } else { Datum::Bool(!stop) })
}

fn row_null_test(value: &Datum, is_null: bool) -> Datum {
    Datum::Bool(match value {
        // IS NULL: all fields are NULL; IS NOT NULL: none is. Fields are not looked into.
        Datum::Record(record) => record.fields.iter().all(|f| f.is_null() == is_null),
        other => other.is_null() == is_null,
    })
}

fn bool_test(value: &Datum, test: BoolTestType) -> Datum {
    let value = match value {
        Datum::Bool(b) => Some(*b),
        _ => None,
    };
    Datum::Bool(match test {
        BoolTestType::IsTrue => value == Some(true),
        BoolTestType::IsNotTrue => value != Some(true),
        BoolTestType::IsFalse => value == Some(false),
        BoolTestType::IsNotFalse => value != Some(false),
        BoolTestType::IsUnknown => value.is_none(),
        BoolTestType::IsNotUnknown => value.is_some(),
    })
}

fn next_value(seq: Oid, typ: Oid, cx: &mut Cx<'_>) -> PgResult<Datum> {
    let value = cx.session.sequence_nextval(seq)?;
    Ok(match typ {
        type_oid::INT2 => Datum::Int2(value as i16),
        type_oid::INT4 => Datum::Int4(value as i32),
        _ => Datum::Int8(value),
    })
}

impl CaseNode {
    fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        if let Some((slot, test)) = &self.test {
            let value = test.eval(rows, cx)?;
            cx.es.case_values[*slot as usize] = value;
        }
        for (when, then) in &self.whens {
            if when.test(rows, cx)? {
                return then.eval(rows, cx);
            }
        }
        match &self.default {
            Some(default) => default.eval(rows, cx),
            None => Ok(Datum::Null),
        }
    }
}

impl MinMaxNode {
    fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut best = Datum::Null;
        for arg in &self.args {
            let value = arg.eval(rows, cx)?;
            if value.is_null() {
                continue;
            }
            if best.is_null() {
                best = value;
                continue;
            }
            let order = cx.session.type_compare(self.typ, self.collation, &value, &best)?;
            if (self.greatest && order.is_gt()) || (!self.greatest && order.is_lt()) {
                best = value;
            }
        }
        Ok(best)
    }
}

impl EqualNode {
    fn is_distinct(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let left = self.left.eval(rows, cx)?;
        let right = self.right.eval(rows, cx)?;
        Ok(match (left.is_null(), right.is_null()) {
            (true, true) => Datum::Bool(false),
            (false, false) => Datum::Bool(!self.equal.test2(cx, &left, &right)?),
            _ => Datum::Bool(true),
        })
    }

    fn null_if(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let left = self.left.eval(rows, cx)?;
        let right = self.right.eval(rows, cx)?;
        if !left.is_null() && !right.is_null() && self.equal.test2(cx, &left, &right)? {
            return Ok(Datum::Null);
        }
        Ok(left)
    }
}
