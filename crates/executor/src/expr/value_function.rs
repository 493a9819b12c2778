//! CURRENT_DATE, CURRENT_USER and the other functions without parentheses.
use super::{ExprCompiler, FnCall};
use crate::Cx;
use error::{PgError, PgResult};
use nodes::{SQLValueFunction, SQLValueFunctionOp as Op};
use types::{Datum, Oid, type_oid};

/// A value function: what it starts from and what it applies.
pub struct ValueFunctionNode {
    /// Start from the transaction's timestamp rather than from nothing.
    from_now: bool,
    /// One-argument conversion or no-argument function.
    call: Option<FnCall>,
    /// Length coercion and its typmod.
    scale: Option<(FnCall, i32)>,
}

const TIMESTAMPTZ_DATE: Oid = Oid(1178);
const TIMESTAMPTZ_TIMETZ: Oid = Oid(1388);
const TIMESTAMPTZ_TIME: Oid = Oid(2019);
const TIMESTAMPTZ_TIMESTAMP: Oid = Oid(2027);
const TIMETZ_SCALE: Oid = Oid(1969);
const TIME_SCALE: Oid = Oid(1968);
const TIMESTAMP_SCALE: Oid = Oid(1961);
const TIMESTAMPTZ_SCALE: Oid = Oid(1967);
const CURRENT_USER: Oid = Oid(745);
const SESSION_USER: Oid = Oid(746);
const CURRENT_SCHEMA: Oid = Oid(1402);
const CURRENT_DATABASE: Oid = Oid(861);

impl ValueFunctionNode {
    pub(crate) fn compile(c: &mut ExprCompiler<'_>, f: &SQLValueFunction) -> PgResult<Self> {
        let (from_now, func, scale) = match f.op {
            Op::CurrentDate => (true, Some(TIMESTAMPTZ_DATE), None),
            Op::CurrentTime => (true, Some(TIMESTAMPTZ_TIMETZ), None),
            Op::CurrentTimeN => (true, Some(TIMESTAMPTZ_TIMETZ), Some(TIMETZ_SCALE)),
            Op::CurrentTimestamp => (true, None, None),
            Op::CurrentTimestampN => (true, None, Some(TIMESTAMPTZ_SCALE)),
            Op::Localtime => (true, Some(TIMESTAMPTZ_TIME), None),
            Op::LocaltimeN => (true, Some(TIMESTAMPTZ_TIME), Some(TIME_SCALE)),
            Op::Localtimestamp => (true, Some(TIMESTAMPTZ_TIMESTAMP), None),
            Op::LocaltimestampN => (true, Some(TIMESTAMPTZ_TIMESTAMP), Some(TIMESTAMP_SCALE)),
            Op::CurrentRole | Op::CurrentUser | Op::User => (false, Some(CURRENT_USER), None),
            Op::SessionUser => (false, Some(SESSION_USER), None),
            Op::CurrentCatalog => (false, Some(CURRENT_DATABASE), None),
            Op::CurrentSchema => (false, Some(CURRENT_SCHEMA), None),
        };
        let call = match func {
            Some(oid) => {
                let args: &[Oid] = if from_now { &[type_oid::TIMESTAMPTZ] } else { &[] };
                Some(c.function(oid, args, f.typ, Oid::INVALID)?)
            }
            None => None,
        };
        let scale = match scale {
            Some(oid) => {
                Some((c.function(oid, &[f.typ, type_oid::INT4], f.typ, Oid::INVALID)?, f.typmod))
            }
            None => None,
        };
        Ok(ValueFunctionNode { from_now, call, scale })
    }

    pub(crate) fn eval(&self, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut value = match (&self.call, self.from_now) {
            (None, true) => Datum::Int8(cx.session.transaction_timestamp()),
            (Some(call), true) => {
                let now = Datum::Int8(cx.session.transaction_timestamp());
                call.call(cx, &mut [now])?
            }
            (Some(call), false) => call.call(cx, &mut [])?,
            (None, false) => return Err(PgError::internal("value function without a body")),
        };
        if let Some((scale, typmod)) = &self.scale {
            value = scale.call(cx, &mut [value, Datum::Int4(*typmod)])?;
        }
        Ok(value)
    }
}
