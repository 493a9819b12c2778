//! Index quals as ranges of keys.
use crate::{
    Cx,
    batch::Rows,
    expr::{CExpr, ExprCompiler, Scope},
};
use catalog::IndexDesc;
use error::{PgError, PgResult};
use nodes::{Expr, INDEX_VAR, Var};
use std::sync::Arc;
use table::IndexRange;
use types::{Datum, Oid, PhysType};

const HASH_AM: Oid = Oid(405);

/// A comparison of an index column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    Less,
    LessEqual,
    Equal,
    GreaterEqual,
    Greater,
}

/// One qual on an index column (from 0).
enum KeyQual {
    Compare {
        column: usize,
        strategy: Strategy,
        value: CExpr,
    },
    /// `= ANY (array)`.
    AnyOf {
        column: usize,
        array: CExpr,
    },
    IsNull {
        column: usize,
    },
    IsNotNull {
        column: usize,
    },
    /// The first column of a row comparison.
    RowBound {
        column: usize,
        strategy: Strategy,
        value: CExpr,
    },
    /// Cannot narrow the range.
    Other,
}

/// Compiled quals of an index scan.
pub(crate) struct IndexKeys {
    pub(crate) index: Arc<IndexDesc>,
    quals: Box<[KeyQual]>,
}

/// The ranges to scan.
#[derive(Default)]
pub(crate) struct KeyRanges {
    pub(crate) ranges: Vec<IndexRange>,
    /// Quals were used up: rows need no re-check.
    pub(crate) exact: bool,
}

fn index_column(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Var(Var { varno: INDEX_VAR, varattno, .. }) if *varattno > 0 => {
            Some(*varattno as usize - 1)
        }
        Expr::RelabelType(r) => index_column(&r.arg),
        _ => None,
    }
}

impl IndexKeys {
    pub(crate) fn compile(
        c: &mut ExprCompiler<'_>,
        index: Arc<IndexDesc>,
        quals: &[Expr],
    ) -> PgResult<Self> {
        let quals =
            quals.iter().map(|q| compile_qual(c, &index, q)).collect::<PgResult<Box<[_]>>>()?;
        Ok(IndexKeys { index, quals })
    }

    /// Whether every qual is an equality.
    pub(crate) fn are_equalities(&self) -> bool {
        let equal = |q: &KeyQual| matches!(q, KeyQual::Compare { strategy: Strategy::Equal, .. });
        self.quals.iter().all(equal)
    }

    /// Evaluates the quals; no ranges if nothing can match.
    pub(crate) fn ranges(
        &self,
        cx: &mut Cx<'_>,
        backward: bool,
        out: &mut KeyRanges,
    ) -> PgResult<()> {
        out.ranges.clear();
        out.exact = true;
        let mut used = 0;
        let mut partial = vec![IndexRange::all()];
        let key_columns = self.index.physical.columns.len();
        for column in 0..key_columns {
            match self.equalities(cx, column, &mut used)? {
                None => {
                    if !self.bounds(cx, column, &mut used, &mut partial, &mut out.exact)? {
                        return Ok(());
                    }
                    break;
                }
                Some(values) => {
                    if values.is_empty() {
                        return Ok(());
                    }
                    partial = expand(partial, values);
                }
            }
        }
        // A qual beyond the first bound narrows nothing: rows are re-checked. Its NULL means no rows.
        if used < self.quals.len() {
            out.exact = false;
        }
        if partial.len() > 1 {
            partial = self.sorted(partial)?;
        }
        if backward {
            partial.reverse();
        }
        out.ranges = partial;
        Ok(())
    }

    /// Values that an equality demands of a column; `None` if there is none.
    fn equalities(
        &self,
        cx: &mut Cx<'_>,
        column: usize,
        used: &mut usize,
    ) -> PgResult<Option<Vec<Datum>>> {
        let mut found: Option<Vec<Datum>> = None;
        for qual in &self.quals {
            let values = match qual {
                KeyQual::Compare { column: at, strategy: Strategy::Equal, value }
                    if *at == column && found.is_none() =>
                {
                    let value = value.eval(&Rows::NONE, cx)?;
                    if value.is_null() {
                        *used += 1;
                        return Ok(Some(Vec::new()));
                    }
                    match convert(&value, self.phys(column), self.is_integer(column)) {
                        Converted::Value(value) => vec![value],
                        Converted::Below | Converted::Above => Vec::new(),
                        Converted::Unknown => continue,
                    }
                }
                KeyQual::AnyOf { column: at, array } if *at == column && found.is_none() => {
                    let Datum::Array(array) = array.eval(&Rows::NONE, cx)? else {
                        *used += 1;
                        return Ok(Some(Vec::new()));
                    };
                    let mut values = Vec::with_capacity(array.elems.len());
                    let mut unknown = false;
                    for elem in array.elems.iter().filter(|e| !e.is_null()) {
                        match convert(elem, self.phys(column), self.is_integer(column)) {
                            Converted::Value(value) => values.push(value),
                            Converted::Unknown => unknown = true,
                            Converted::Below | Converted::Above => {}
                        }
                    }
                    if unknown {
                        continue;
                    }
                    values
                }
                KeyQual::IsNull { column: at } if *at == column && found.is_none() => {
                    vec![Datum::Null]
                }
                _ => continue,
            };
            *used += 1;
            found = Some(values);
        }
        Ok(found)
    }

    /// Bounds on the column after the equal ones; false if nothing can match.
    fn bounds(
        &self,
        cx: &mut Cx<'_>,
        column: usize,
        used: &mut usize,
        ranges: &mut [IndexRange],
        exact: &mut bool,
    ) -> PgResult<bool> {
        let mut lower: Option<(Datum, bool)> = None;
        let mut upper: Option<(Datum, bool)> = None;
        let mut not_null = false;
        for qual in &self.quals {
            let (strategy, value, whole) = match qual {
                KeyQual::Compare { column: at, strategy, value } if *at == column => {
                    (*strategy, value, true)
                }
                KeyQual::RowBound { column: at, strategy, value } if *at == column => {
                    (*strategy, value, false)
                }
                KeyQual::IsNotNull { column: at } if *at == column => {
                    *used += 1;
                    not_null = true;
                    continue;
                }
                _ => continue,
            };
            let value = value.eval(&Rows::NONE, cx)?;
            if value.is_null() {
                return Ok(false);
            }
            *used += 1;
            *exact &= whole;
            let inclusive =
                !whole || matches!(strategy, Strategy::LessEqual | Strategy::GreaterEqual);
            let is_lower = matches!(strategy, Strategy::Greater | Strategy::GreaterEqual);
            match convert(&value, self.phys(column), self.is_integer(column)) {
                Converted::Value(value) => {
                    let slot = if is_lower { &mut lower } else { &mut upper };
                    if slot.is_some() {
                        // Two bounds on one side: the first narrows, the re-check does the rest.
                        *exact = false;
                    } else {
                        *slot = Some((value, inclusive));
                    }
                }
                Converted::Below if is_lower => not_null = true,
                Converted::Above if !is_lower => not_null = true,
                Converted::Below | Converted::Above => return Ok(false),
                Converted::Unknown => *exact = false,
            }
        }
        for range in ranges {
            range.lower.clone_from(&lower);
            range.upper.clone_from(&upper);
            range.not_null = not_null;
        }
        Ok(true)
    }

    /// Whether the column is of an integer type: dates and timestamps look alike but compare otherwise.
    fn is_integer(&self, column: usize) -> bool {
        use types::type_oid::{INT2, INT4, INT8};
        self.index.columns.get(column).is_some_and(|c| matches!(c.opcintype, INT2 | INT4 | INT8))
    }

    fn phys(&self, column: usize) -> PhysType {
        self.index.physical.columns[column].phys
    }

    /// The ranges in index order, without repetitions.
    fn sorted(&self, ranges: Vec<IndexRange>) -> PgResult<Vec<IndexRange>> {
        let mut buffer = Vec::new();
        let mut keyed = Vec::with_capacity(ranges.len());
        for range in ranges {
            if let Some((lower, _)) = range.encode(&self.index.physical, &mut buffer)? {
                keyed.push((lower, range));
            }
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        keyed.dedup_by(|a, b| a.0 == b.0);
        Ok(keyed.into_iter().map(|(_, range)| range).collect())
    }
}

fn expand(ranges: Vec<IndexRange>, values: Vec<Datum>) -> Vec<IndexRange> {
    if let ([value], 1) = (&values[..], ranges.len()) {
        let mut ranges = ranges;
        ranges[0].eq.push(value.clone());
        return ranges;
    }
    let mut out = Vec::with_capacity(ranges.len() * values.len());
    for range in &ranges {
        for value in &values {
            let mut next = range.clone();
            next.eq.push(value.clone());
            out.push(next);
        }
    }
    out
}

fn strategy_of(
    c: &ExprCompiler<'_>,
    index: &IndexDesc,
    column: usize,
    opno: Oid,
) -> PgResult<Option<Strategy>> {
    let Some(family) = index.columns.get(column).map(|col| col.opfamily) else {
        return Ok(None);
    };
    let amops = c.catalog.amops_of_operator(opno)?;
    let Some(amop) = amops.iter().find(|a| a.family == family && a.purpose == 's') else {
        return Ok(None);
    };
    if index.am == HASH_AM {
        return Ok((amop.strategy == 1).then_some(Strategy::Equal));
    }
    Ok(match amop.strategy {
        1 => Some(Strategy::Less),
        2 => Some(Strategy::LessEqual),
        3 => Some(Strategy::Equal),
        4 => Some(Strategy::GreaterEqual),
        5 => Some(Strategy::Greater),
        _ => None,
    })
}

fn compile_qual(c: &mut ExprCompiler<'_>, index: &IndexDesc, qual: &Expr) -> PgResult<KeyQual> {
    let scope = Scope::none();
    Ok(match qual {
        Expr::OpExpr(op) if op.args.len() == 2 => {
            let Some(column) = index_column(&op.args[0]) else { return Ok(KeyQual::Other) };
            match strategy_of(c, index, column, op.opno)? {
                Some(strategy) => {
                    KeyQual::Compare { column, strategy, value: c.compile(&op.args[1], &scope)? }
                }
                None => KeyQual::Other,
            }
        }
        Expr::ScalarArrayOpExpr(s) if s.use_or => {
            let Some(column) = index_column(&s.args[0]) else { return Ok(KeyQual::Other) };
            match strategy_of(c, index, column, s.opno)? {
                Some(Strategy::Equal) => {
                    KeyQual::AnyOf { column, array: c.compile(&s.args[1], &scope)? }
                }
                _ => KeyQual::Other,
            }
        }
        Expr::NullTest(n) => match (index_column(&n.arg), n.is_null) {
            (Some(column), true) => KeyQual::IsNull { column },
            (Some(column), false) => KeyQual::IsNotNull { column },
            _ => KeyQual::Other,
        },
        Expr::RowCompareExpr(r) => {
            let (Some(left), Some(right), Some(opno)) =
                (r.largs.first(), r.rargs.first(), r.opnos.first())
            else {
                return Ok(KeyQual::Other);
            };
            let Some(column) = index_column(left) else { return Ok(KeyQual::Other) };
            match strategy_of(c, index, column, *opno)? {
                Some(Strategy::Equal) | None => KeyQual::Other,
                Some(strategy) => {
                    KeyQual::RowBound { column, strategy, value: c.compile(right, &scope)? }
                }
            }
        }
        Expr::Var(_) | Expr::BoolExpr(_) => KeyQual::Other,
        _ => KeyQual::Other,
    })
}

/// A comparison value in the form of the index column.
enum Converted {
    Value(Datum),
    /// Less than every value of the column's type.
    Below,
    /// Greater than every value of the column's type.
    Above,
    /// Cannot be expressed.
    Unknown,
}

fn convert(value: &Datum, phys: PhysType, integer: bool) -> Converted {
    let number = match (value, phys) {
        (Datum::Int2(_), PhysType::Int2)
        | (Datum::Int4(_), PhysType::Int4)
        | (Datum::Int8(_), PhysType::Int8)
        | (Datum::Bool(_), PhysType::Bool)
        | (Datum::Char(_), PhysType::Char)
        | (Datum::Oid(_), PhysType::Oid)
        | (Datum::Float4(_), PhysType::Float4)
        | (Datum::Float8(_), PhysType::Float8)
        | (Datum::Bytes(_), PhysType::Bytes)
        | (Datum::Array(_), PhysType::Array)
        | (Datum::Record(_), PhysType::Record)
        | (Datum::Range(_), PhysType::Range)
        | (Datum::Multirange(_), PhysType::Multirange) => return Converted::Value(value.clone()),
        (Datum::Float4(v), PhysType::Float8) => {
            return Converted::Value(Datum::Float8(f64::from(*v)));
        }
        (Datum::Int2(v), _) if integer => i64::from(*v),
        (Datum::Int4(v), _) if integer => i64::from(*v),
        (Datum::Int8(v), _) if integer => *v,
        _ => return Converted::Unknown,
    };
    let out = |min: i64| if number < min { Converted::Below } else { Converted::Above };
    match phys {
        PhysType::Int2 => i16::try_from(number)
            .map_or_else(|_| out(i64::from(i16::MIN)), |v| Converted::Value(Datum::Int2(v))),
        PhysType::Int4 => i32::try_from(number)
            .map_or_else(|_| out(i64::from(i32::MIN)), |v| Converted::Value(Datum::Int4(v))),
        PhysType::Int8 => Converted::Value(Datum::Int8(number)),
        _ => Converted::Unknown,
    }
}

/// The index of an oid among a relation's indexes.
pub(crate) fn find_index(c: &ExprCompiler<'_>, oid: Oid) -> PgResult<Arc<IndexDesc>> {
    let rel = c.catalog.get_relation(oid)?;
    rel.index.clone().ok_or_else(|| PgError::internal(format!("relation {oid} is not an index")))
}

/// A key value in the form of an index column; `None` if it cannot be expressed or no row can have it.
pub(crate) fn convert_key(value: &Datum, phys: PhysType) -> Option<Datum> {
    match convert(value, phys, true) {
        Converted::Value(value) => Some(value),
        _ => None,
    }
}
