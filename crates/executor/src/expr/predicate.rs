//! Comparison of rows by `<`, `<=`, `>=`, `>`.
use super::{CExpr, FnCall};
use crate::{Cx, batch::Rows};
use error::PgResult;
use nodes::CompareType;
use types::Datum;

/// RowCompareExpr: the three-way comparison of each pair of columns.
pub struct RowCompareNode {
    pub(crate) cmptype: CompareType,
    /// Left, right, and the btree comparison of the column's family.
    pub(crate) columns: Box<[(CExpr, CExpr, FnCall)]>,
}

impl RowCompareNode {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut order = 0;
        for (left, right, compare) in &self.columns {
            let (a, b) = (left.eval(rows, cx)?, right.eval(rows, cx)?);
            if a.is_null() || b.is_null() {
                return Ok(Datum::Null);
            }
            order = match compare.call(cx, &mut [a, b])? {
                Datum::Int4(order) => order,
                _ => return Ok(Datum::Null),
            };
            if order != 0 {
                break;
            }
        }
        Ok(Datum::Bool(match self.cmptype {
            CompareType::Lt => order < 0,
            CompareType::Le => order <= 0,
            CompareType::Eq => order == 0,
            CompareType::Ge => order >= 0,
            CompareType::Gt => order > 0,
            CompareType::Ne => order != 0,
        }))
    }
}
