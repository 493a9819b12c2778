//! `scalar op ANY/ALL (array)`, hashed for long constant arrays.
use super::{CExpr, FnCall};
use crate::{Cx, batch::Rows, hash::HashKind};
use error::PgResult;
use std::collections::HashMap;
use types::Datum;

/// Constant arrays at least this long are hashed.
const HASH_MIN: usize = 9;

/// ScalarArrayOpExpr.
pub struct SaopNode {
    pub(crate) call: FnCall,
    pub(crate) use_or: bool,
    pub(crate) scalar: CExpr,
    pub(crate) array: CExpr,
    /// For a hashable `= ANY` or `<> ALL` over a constant.
    pub(crate) table: Option<SaopTable>,
}

/// The elements of a constant array by hash.
pub(crate) struct SaopTable {
    kind: HashKind,
    buckets: HashMap<u64, Vec<Datum>>,
    has_null: bool,
    /// The operator is `<>` under ALL: the sense of a match is turned round.
    negated: bool,
    equal: FnCall,
}

impl SaopTable {
    /// A table over an array's elements, if it is worth one.
    pub(crate) fn build(
        array: &Datum,
        kind: HashKind,
        equal: FnCall,
        negated: bool,
        session: &dyn fmgr::FnContext,
    ) -> PgResult<Option<Self>> {
        let Datum::Array(array) = array else { return Ok(None) };
        if array.elems.len() < HASH_MIN {
            return Ok(None);
        }
        let mut buckets: HashMap<u64, Vec<Datum>> = HashMap::with_capacity(array.elems.len());
        let mut has_null = false;
        for elem in &array.elems {
            if elem.is_null() {
                has_null = true;
            } else {
                buckets.entry(kind.hash(session, elem)?).or_default().push(elem.clone());
            }
        }
        Ok(Some(SaopTable { kind, buckets, has_null, negated, equal }))
    }

    fn probe(&self, scalar: &Datum, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let hash = self.kind.hash(cx.session, scalar)?;
        if let Some(bucket) = self.buckets.get(&hash) {
            for elem in bucket {
                if self.equal.test2(cx, scalar, elem)? {
                    return Ok(Datum::Bool(!self.negated));
                }
            }
        }
        Ok(if self.has_null { Datum::Null } else { Datum::Bool(self.negated) })
    }
}

impl SaopNode {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let scalar = self.scalar.eval(rows, cx)?;
        if let Some(table) = &self.table {
            if scalar.is_null() {
                return Ok(Datum::Null);
            }
            return table.probe(&scalar, cx);
        }
        let array = self.array.eval(rows, cx)?;
        let Datum::Array(array) = &array else { return Ok(Datum::Null) };
        if array.elems.is_empty() {
            return Ok(Datum::Bool(!self.use_or));
        }
        if scalar.is_null() && self.call.info.strict {
            return Ok(Datum::Null);
        }
        let mut any_null = false;
        for elem in &array.elems {
            match self.call.call2(cx, &scalar, elem)? {
                Datum::Bool(b) if b == self.use_or => return Ok(Datum::Bool(b)),
                Datum::Bool(_) => {}
                _ => any_null = true,
            }
        }
        Ok(if any_null { Datum::Null } else { Datum::Bool(!self.use_or) })
    }
}
