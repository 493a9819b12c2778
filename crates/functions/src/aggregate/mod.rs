//! Transition and final functions of the aggregates, one file a kind of state.
//!
//! A transition function takes its state out of the first argument, so that it holds the only
//! reference and changes it in place.

mod collect;
mod exact;
mod float;
mod ordered_set;

pub use ordered_set::OrderedSetState;

use error::PgResult;
use fmgr::Registry;
use types::Datum;

/// Registers the family.
pub fn register(r: &mut Registry) {
    collect::register(r);
    exact::register(r);
    float::register(r);
    ordered_set::register(r);
}

/// The state in `args[0]`, made by `new` on the first call, changed by `step`.
fn transition<T: Send + Sync + 'static>(
    args: &mut [Datum],
    new: impl FnOnce() -> T,
    step: impl FnOnce(&mut T, &mut [Datum]) -> PgResult<()>,
) -> PgResult<Datum> {
    let mut state = match args[0].take() {
        Datum::Null => Datum::internal(new()),
        state => state,
    };
    step(state.as_internal_mut::<T>(), args)?;
    Ok(state)
}

/// The final value from the state, or NULL if there never was a row.
fn finish<T: 'static>(args: &[Datum], f: impl FnOnce(&T) -> PgResult<Datum>) -> PgResult<Datum> {
    match &args[0] {
        Datum::Null => Ok(Datum::Null),
        state => f(state.as_internal::<T>()),
    }
}

/// Merges two partial states; either may be NULL.
fn combine<T: Send + Sync + 'static>(
    args: &mut [Datum],
    merge: impl FnOnce(&mut T, &T) -> PgResult<()>,
) -> PgResult<Datum> {
    if args[1].is_null() {
        return Ok(args[0].take());
    }
    if args[0].is_null() {
        return Ok(args[1].take());
    }
    let mut state = args[0].take();
    merge(state.as_internal_mut::<T>(), args[1].as_internal::<T>())?;
    Ok(state)
}
