//! Resolved functions and how they are called.
use crate::{FnContext, PgTriggerFunction, PgWindowFunction, TriggerData, TriggerResult};
use error::{PgResult, not_supported};
use std::{any::Any, sync::Arc};
use types::{Datum, Oid};

/// Body of an ordinary function. Arguments may be taken (`Datum::take`) to avoid copies, which is how
/// transition functions get exclusive hold of their state.
pub type PgFunction = fn(&mut CallContext<'_>, &mut [Datum]) -> PgResult<Datum>;

/// Body of a set-returning function.
pub type PgSetFunction = fn(&mut CallContext<'_>, &mut [Datum]) -> PgResult<Box<dyn RowSource>>;

/// Rows of a set-returning function, pulled one by one. A function with OUT parameters or a composite
/// result yields one Datum a column; a scalar one yields a single Datum.
pub trait RowSource: Send {
    /// Puts the next row into `row` (cleared by the caller); false at the end.
    fn next(&mut self, cx: &mut CallContext<'_>, row: &mut Vec<Datum>) -> PgResult<bool>;
    /// Column names and types, for functions whose result type is `record` without OUT parameters.
    fn columns(&self) -> Option<Vec<(String, Oid)>> {
        None
    }
}

/// Rows that are computed up front.
pub struct VecRowSource(std::vec::IntoIter<Vec<Datum>>);

impl VecRowSource {
    /// A source over finished rows.
    pub fn boxed(rows: Vec<Vec<Datum>>) -> Box<dyn RowSource> {
        Box::new(VecRowSource(rows.into_iter()))
    }

    /// A source over finished single-column rows.
    pub fn scalars(values: Vec<Datum>) -> Box<dyn RowSource> {
        Self::boxed(values.into_iter().map(|v| vec![v]).collect())
    }
}

impl RowSource for VecRowSource {
    fn next(&mut self, _cx: &mut CallContext<'_>, row: &mut Vec<Datum>) -> PgResult<bool> {
        match self.0.next() {
            Some(next) => {
                row.extend(next);
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

/// pg_proc.provolatile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Volatility {
    Immutable,
    Stable,
    Volatile,
}

/// A function written in a language other than `internal` (sql, c module, plpgsql).
pub trait LanguageFunction: Send + Sync {
    /// Calls it as a scalar function.
    fn call(&self, cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum>;
    /// Calls it as a set-returning function.
    fn call_set(
        &self,
        cx: &mut CallContext<'_>,
        args: &mut [Datum],
    ) -> PgResult<Box<dyn RowSource>>;
    /// Calls it as a trigger.
    fn call_trigger(
        &self,
        _session: &dyn FnContext,
        data: &TriggerData,
    ) -> PgResult<TriggerResult> {
        Err(not_supported!("trigger \"{}\" in the language of its function", data.name))
    }
}

/// What a function OID resolves to.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum FnBody {
    Scalar(PgFunction),
    Set(PgSetFunction),
    Window(PgWindowFunction),
    Trigger(PgTriggerFunction),
    Language(Arc<dyn LanguageFunction>),
    /// An aggregate: only usable through the Agg and WindowAgg nodes.
    Aggregate,
    /// In pg_proc, but not written yet: raises 0A000 when called.
    Missing,
}

/// A resolved function.
#[derive(Clone)]
pub struct FnInfo {
    /// pg_proc.oid.
    pub oid: Oid,
    /// pg_proc.proname.
    pub name: String,
    /// pg_proc.prosrc of a built-in.
    pub prosrc: String,
    pub strict: bool,
    pub retset: bool,
    pub volatility: Volatility,
    /// Declared result type.
    pub rettype: Oid,
    /// Declared input types.
    pub argtypes: Vec<Oid>,
    /// pg_proc.prosecdef and .proconfig need a wrapper in the engine when set.
    pub body: FnBody,
}

/// How one WITHIN GROUP column of an ordered-set aggregate is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortedKey {
    /// Its type.
    pub typ: Oid,
    /// Its collation.
    pub collation: Oid,
    /// DESC.
    pub reverse: bool,
    /// NULLS FIRST.
    pub nulls_first: bool,
}

/// Facts about one place in a plan that calls a function; they don't change between calls.
#[derive(Clone, Debug, Default)]
pub struct CallSite {
    /// Input collation (INVALID: none).
    pub collation: Oid,
    /// Actual argument types, polymorphism resolved.
    pub arg_types: Vec<Oid>,
    /// Actual result type.
    pub ret_type: Oid,
    /// Result type modifier where known.
    pub ret_typmod: i32,
    /// Called with VARIADIC array.
    pub variadic: bool,
    /// Columns asked of a `record` function by a column definition list.
    pub column_types: Vec<Oid>,
    /// The same with names and type modifiers.
    pub columns: Option<Arc<types::RecordDesc>>,
    /// For the functions of a hypothetical-set aggregate: how its rows are sorted.
    pub sort_keys: Vec<SortedKey>,
}

/// One call.
pub struct CallContext<'a> {
    /// The session.
    pub session: &'a dyn FnContext,
    /// The call site.
    pub site: &'a CallSite,
    /// Kept between calls from the same call site (compiled patterns, parsed formats); PostgreSQL's
    /// fn_extra.
    pub cache: &'a mut Option<Box<dyn Any + Send>>,
    /// Called as an aggregate's transition, combine or final function.
    pub in_aggregate: bool,
}

impl CallContext<'_> {
    /// Input collation.
    pub fn collation(&self) -> Oid {
        self.site.collation
    }

    /// Actual type of argument `n` (0-based).
    pub fn arg_type(&self, n: usize) -> Oid {
        self.site.arg_types.get(n).copied().unwrap_or(Oid::INVALID)
    }

    /// The cache as `T`, made by `init` on the first call.
    pub fn cached<T: Any + Send>(&mut self, init: impl FnOnce() -> T) -> &mut T {
        if !self.cache.as_ref().is_some_and(|c| c.is::<T>()) {
            *self.cache = Some(Box::new(init()));
        }
        match self.cache.as_mut().and_then(|c| c.downcast_mut::<T>()) {
            Some(value) => value,
            None => unreachable!("invariant: the cache was just filled"),
        }
    }
}

impl FnInfo {
    /// Calls a scalar function, honouring strictness.
    #[inline]
    pub fn call(&self, cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
        if self.strict && args.iter().any(Datum::is_null) {
            return Ok(Datum::Null);
        }
        match &self.body {
            FnBody::Scalar(f) => f(cx, args),
            FnBody::Language(f) => f.call(cx, args),
            _ => Err(self.cannot_call()),
        }
    }

    /// Calls a set-returning function, honouring strictness.
    pub fn call_set(
        &self,
        cx: &mut CallContext<'_>,
        args: &mut [Datum],
    ) -> PgResult<Box<dyn RowSource>> {
        if self.strict && args.iter().any(Datum::is_null) {
            return Ok(VecRowSource::boxed(Vec::new()));
        }
        match &self.body {
            FnBody::Set(f) => f(cx, args),
            FnBody::Scalar(f) => Ok(VecRowSource::scalars(vec![f(cx, args)?])),
            FnBody::Language(f) => f.call_set(cx, args),
            _ => Err(self.cannot_call()),
        }
    }

    /// Calls a trigger function.
    pub fn call_trigger(
        &self,
        session: &dyn FnContext,
        data: &TriggerData,
    ) -> PgResult<TriggerResult> {
        match &self.body {
            FnBody::Trigger(f) => f(session, data),
            FnBody::Language(f) => f.call_trigger(session, data),
            _ => Err(self.cannot_call()),
        }
    }

    #[cold]
    fn cannot_call(&self) -> error::PgError {
        match self.body {
            FnBody::Missing => not_supported!("function {}", self.name),
            _ => error::PgError::internal(format!("function {} called in wrong context", self.oid)),
        }
    }
}
