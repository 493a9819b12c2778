//! Conversions of assigned values, compiled once a session.
use super::host::EngineHost;
use crate::context::StatementContext;
use analyzer::{AnalyzeContext, Analyzer};
use catalog::CatalogRead;
use error::{PgResult, err};
use executor::StandaloneExprs;
use nodes::{CoercionContext, CoercionForm, Expr, Param, ParamKind};
use std::collections::HashMap;
use types::{Datum, Oid, type_oid};

/// Casts by source, target and modifier, as long as the catalog means the same.
#[derive(Default)]
pub(crate) struct CastCache {
    version: u64,
    casts: HashMap<(Oid, Oid, i32), StandaloneExprs>,
}

impl EngineHost<'_> {
    pub(super) fn cast_value(
        &self,
        value: Datum,
        from: Oid,
        to: Oid,
        typmod: i32,
    ) -> PgResult<Datum> {
        let from = if from == type_oid::UNKNOWN { type_oid::TEXT } else { from };
        let cx = self.cx();
        let key = (from, to, typmod);
        let version = cx.catalog.catalog_version();
        let known = {
            let mut cache = self.core.plpgsql.casts.lock();
            if cache.version != version || cx.catalog.local_version() != 0 {
                cache.casts.clear();
                cache.version = version;
            }
            // Taken out while it runs: a cast may call functions that cast.
            cache.casts.remove(&key)
        };
        let mut cast = match known {
            Some(cast) => cast,
            None => {
                let expr = cast_expr(&cx, from, to, typmod)?;
                StandaloneExprs::compile(&[expr], &*cx, &cx.catalog)?
            }
        };
        cast.take_params(&mut vec![value]);
        let result = cast.eval_one(&*cx, &cx.catalog, &[]);
        self.core.plpgsql.casts.lock().casts.insert(key, cast);
        result
    }
}

fn cast_expr(cx: &StatementContext<'_>, from: Oid, to: Oid, typmod: i32) -> PgResult<Expr> {
    let param = Expr::Param(Param {
        kind: ParamKind::Extern,
        paramid: 1,
        paramtype: from,
        paramtypmod: -1,
        paramcollid: cx.catalog.get_type(from)?.collation,
        location: -1,
    });
    let mut acx = AnalyzeContext::new(&cx.catalog, cx, "");
    let mut analyzer = Analyzer::new(&mut acx);
    let coerced = analyzer.coerce_to_target_type(
        param,
        from,
        to,
        typmod,
        CoercionContext::Plpgsql,
        CoercionForm::ImplicitCast,
        -1,
    )?;
    match coerced {
        Some(expr) => Ok(expr),
        None => Err(err!(
            CANNOT_COERCE,
            "cannot cast type {} to {}",
            cx.catalog.format_type(from, None)?,
            cx.catalog.format_type(to, None)?
        )),
    }
}
