//! Calls of functions and operators through the function manager.
use super::{CExpr, Fast1, Fast2, fast1, fast2, is_c_collation, is_deterministic, scalar_body};
use crate::{Cx, batch::Rows};
use catalog::CatalogRead;
use error::PgResult;
use fmgr::{CallContext, CallSite, FnBody, FnInfo};
use smallvec::SmallVec;
use std::sync::Arc;
use types::Datum;

/// How a resolved function is called.
enum Body {
    Fast1(Fast1),
    Fast2(Fast2),
    Scalar(fmgr::PgFunction),
    General,
}

/// A function to call with evaluated arguments, and where it keeps its cache.
pub(crate) struct FnCall {
    pub(crate) info: Arc<FnInfo>,
    pub(crate) site: CallSite,
    /// Number of its cache in `EState::fn_caches`.
    pub(crate) cache: u32,
    body: Body,
}

impl FnCall {
    pub(crate) fn new(
        catalog: &dyn CatalogRead,
        info: Arc<FnInfo>,
        site: CallSite,
        cache: u32,
    ) -> PgResult<Self> {
        let builtin = matches!(info.body, FnBody::Scalar(_) | FnBody::Missing);
        let body = match site.arg_types.len() {
            1 if builtin => fast1(&info.prosrc).map(Body::Fast1),
            2 if builtin => {
                let deterministic = is_deterministic(catalog, site.collation)?;
                let c = deterministic
                    && info.prosrc.starts_with("text_")
                    && is_c_collation(catalog, site.collation)?;
                fast2(&info.prosrc, deterministic, c).map(Body::Fast2)
            }
            _ => None,
        };
        let body = match (body, scalar_body(&info)) {
            (Some(fast), _) if info.strict => fast,
            (_, Some(f)) => Body::Scalar(f),
            _ => Body::General,
        };
        Ok(FnCall { info, site, cache, body })
    }

    /// The context-free two-argument body.
    pub(crate) fn as_fast2(&self) -> Option<Fast2> {
        match self.body {
            Body::Fast2(f) => Some(f),
            _ => None,
        }
    }

    /// The context-free one-argument body.
    pub(crate) fn as_fast1(&self) -> Option<Fast1> {
        match self.body {
            Body::Fast1(f) => Some(f),
            _ => None,
        }
    }

    /// Whether calling it again gives the same and nothing else happens.
    pub(crate) fn is_pure(&self) -> bool {
        !matches!(self.body, Body::General) && self.info.volatility != fmgr::Volatility::Volatile
    }

    /// Calls with two operands, without giving them up.
    #[inline]
    pub(crate) fn call2(&self, cx: &mut Cx<'_>, a: &Datum, b: &Datum) -> PgResult<Datum> {
        if let Body::Fast2(f) = self.body {
            if a.is_null() || b.is_null() {
                return Ok(Datum::Null);
            }
            return f(a, b);
        }
        self.call(cx, &mut [a.clone(), b.clone()])
    }

    /// Calls with two operands as a predicate: NULL is false.
    #[inline]
    pub(crate) fn test2(&self, cx: &mut Cx<'_>, a: &Datum, b: &Datum) -> PgResult<bool> {
        Ok(matches!(self.call2(cx, a, b)?, Datum::Bool(true)))
    }

    /// Calls with arguments, honouring strictness.
    pub(crate) fn call(&self, cx: &mut Cx<'_>, args: &mut [Datum]) -> PgResult<Datum> {
        self.call_as(cx, args, false)
    }

    /// As [`FnCall::call`], as part of an aggregate.
    pub(crate) fn call_as(
        &self,
        cx: &mut Cx<'_>,
        args: &mut [Datum],
        in_aggregate: bool,
    ) -> PgResult<Datum> {
        if self.info.strict && args.iter().any(Datum::is_null) {
            return Ok(Datum::Null);
        }
        match self.body {
            Body::Fast1(f) => f(&args[0]),
            Body::Fast2(f) => f(&args[0], &args[1]),
            Body::Scalar(f) => {
                let mut call = self.context(cx, in_aggregate);
                f(&mut call, args)
            }
            Body::General => {
                // Functions that run queries may come back here: their cache is taken out meanwhile.
                let mut cache = cx.es.fn_caches[self.cache as usize].take();
                let mut call = CallContext {
                    session: cx.session,
                    site: &self.site,
                    cache: &mut cache,
                    in_aggregate,
                };
                let result = self.info.call(&mut call, args);
                cx.es.fn_caches[self.cache as usize] = cache;
                result
            }
        }
    }

    #[inline]
    fn context<'c>(&'c self, cx: &'c mut Cx<'_>, in_aggregate: bool) -> CallContext<'c> {
        CallContext {
            session: cx.session,
            site: &self.site,
            cache: &mut cx.es.fn_caches[self.cache as usize],
            in_aggregate,
        }
    }
}

/// A call in an expression.
pub struct CallNode {
    pub(crate) call: FnCall,
    pub(crate) args: Box<[CExpr]>,
}

impl CallNode {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut args: SmallVec<[Datum; 4]> = SmallVec::new();
        for arg in &self.args {
            args.push(arg.eval(rows, cx)?);
        }
        self.call.call(cx, &mut args)
    }
}
