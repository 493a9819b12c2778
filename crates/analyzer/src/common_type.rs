//! The type that several expressions agree on (UNION, CASE, VALUES, ARRAY, …).
use crate::parse_state::Analyzer;
use error::{PgResult, err};
use nodes::{CoercionContext, CoercionForm, Expr};
use types::{Oid, type_oid as t};

impl Analyzer<'_> {
    /// The common type of expressions, with the index of the one that decided it. Without a `context`
    /// name a mismatch gives INVALID rather than an error.
    pub fn select_common_type<'e>(
        &self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        context: Option<&str>,
    ) -> PgResult<(Oid, usize)> {
        let exprs: Vec<&Expr> = exprs.into_iter().collect();
        let types: Vec<Oid> = exprs.iter().map(|e| e.typ()).collect();
        match self.common_type_of(&types)? {
            Ok(found) => Ok(found),
            Err((left, right, index)) => match context {
                None => Ok((Oid::INVALID, 0)),
                Some(context) => Err(err!(
                    DATATYPE_MISMATCH,
                    "{context} types {} and {} cannot be matched",
                    self.format_type(left)?,
                    self.format_type(right)?
                )
                .at(exprs[index].location())),
            },
        }
    }

    /// The common type and which input it came from, or the two types that clash.
    pub(crate) fn common_type_of(
        &self,
        types: &[Oid],
    ) -> PgResult<Result<(Oid, usize), (Oid, Oid, usize)>> {
        let first = types[0];
        if first != t::UNKNOWN && types.iter().all(|typ| *typ == first) {
            return Ok(Ok((first, 0)));
        }
        let mut best = self.base_type(first)?;
        let mut best_index = 0;
        let (mut best_category, mut best_preferred) = self.type_category(best)?;
        for (index, typ) in types.iter().enumerate().skip(1) {
            let next = self.base_type(*typ)?;
            if next == t::UNKNOWN || next == best {
                continue;
            }
            let (next_category, next_preferred) = self.type_category(next)?;
            let take = if best == t::UNKNOWN {
                true
            } else if next_category != best_category {
                return Ok(Err((best, next, index)));
            } else {
                !best_preferred
                    && self.can_coerce(best, next, CoercionContext::Implicit)?
                    && !self.can_coerce(next, best, CoercionContext::Implicit)?
            };
            if take {
                (best, best_index) = (next, index);
                (best_category, best_preferred) = (next_category, next_preferred);
            }
        }
        Ok(Ok((if best == t::UNKNOWN { t::TEXT } else { best }, best_index)))
    }

    /// Whether all expressions convert implicitly to the type.
    pub(crate) fn verify_common_type<'e>(
        &self,
        typ: Oid,
        exprs: impl IntoIterator<Item = &'e Expr>,
    ) -> PgResult<bool> {
        for expr in exprs {
            if !self.can_coerce(expr.typ(), typ, CoercionContext::Implicit)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The typmod all expressions share, else -1.
    pub(crate) fn select_common_typmod<'e>(
        &self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        common_type: Oid,
    ) -> i32 {
        let mut result = None;
        for expr in exprs {
            if expr.typ() != common_type {
                return -1;
            }
            let typmod = expr.typmod();
            match result {
                None => result = Some(typmod),
                Some(seen) if seen != typmod => return -1,
                Some(_) => {}
            }
        }
        result.unwrap_or(-1)
    }

    /// Converts to the common type that was selected.
    pub fn coerce_to_common_type(
        &mut self,
        expr: Expr,
        target: Oid,
        context: &str,
    ) -> PgResult<Expr> {
        let input = expr.typ();
        if input == target {
            return Ok(expr);
        }
        if !self.can_coerce(input, target, CoercionContext::Implicit)? {
            return Err(err!(
                CANNOT_COERCE,
                "{context} could not convert type {} to {}",
                self.format_type(input)?,
                self.format_type(target)?
            )
            .at(expr.location()));
        }
        self.coerce_type(
            expr,
            input,
            target,
            -1,
            CoercionContext::Implicit,
            CoercionForm::ImplicitCast,
            -1,
        )
    }
}
