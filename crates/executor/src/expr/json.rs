//! JSON constructors and IS JSON, over the JSON functions of the catalog.
use super::{CExpr, ExprCompiler, FnCall, Scope};
use crate::{Cx, batch::Rows};
use error::{PgResult, not_supported};
use nodes::{Expr, JsonConstructorExpr};
use types::{Datum, Oid, type_oid};

/// A JSON constructor without an aggregate behind it.
pub struct JsonNode {
    args: Box<[CExpr]>,
    arg_types: Vec<Oid>,
    kind: JsonKind,
    call: FnCall,
}

enum JsonKind {
    /// A variadic builder over all arguments.
    Build { absent_on_null: bool, object: bool },
    /// A function of one argument.
    One,
}

const JSON_BUILD_OBJECT: Oid = Oid(3200);
const JSON_BUILD_ARRAY: Oid = Oid(3198);
const JSONB_BUILD_OBJECT: Oid = Oid(3273);
const JSONB_BUILD_ARRAY: Oid = Oid(3271);
const TO_JSON: Oid = Oid(3176);
const TO_JSONB: Oid = Oid(3787);

/// Compiles a constructor.
pub(crate) fn compile_constructor(
    c: &mut ExprCompiler<'_>,
    x: &JsonConstructorExpr,
    scope: &Scope,
) -> PgResult<CExpr> {
    if let Some(coercion) = &x.coercion {
        let slot = c.new_case_slot();
        let inner = JsonConstructorExpr { coercion: None, ..x.clone() };
        let test = compile_constructor(c, &inner, scope)?;
        let result = c.with_case_value(slot, |c| c.compile(coercion, scope))?;
        return Ok(CExpr::Case(Box::new(super::CaseNode {
            test: Some((slot, test)),
            whens: Box::new([]),
            default: Some(result),
        })));
    }
    if let Some(func) = &x.func {
        return c.compile(func, scope);
    }
    let result = if x.jsonb { type_oid::JSONB } else { type_oid::JSON };
    let (func, kind) = match x.ctor.as_str() {
        "JSON_OBJECT" if !x.unique => (
            if x.jsonb { JSONB_BUILD_OBJECT } else { JSON_BUILD_OBJECT },
            JsonKind::Build { absent_on_null: x.absent_on_null, object: true },
        ),
        "JSON_ARRAY" => (
            if x.jsonb { JSONB_BUILD_ARRAY } else { JSON_BUILD_ARRAY },
            JsonKind::Build { absent_on_null: x.absent_on_null, object: false },
        ),
        "JSON_SCALAR" => (if x.jsonb { TO_JSONB } else { TO_JSON }, JsonKind::One),
        "JSON_PARSE" | "JSON_SERIALIZE" if x.args.len() == 1 && !x.unique => {
            return c.compile(&x.args[0], scope);
        }
        other => return Err(not_supported!("{other}")),
    };
    let arg_types: Vec<Oid> = x.args.iter().map(Expr::typ).collect();
    let call = c.function(func, &arg_types, result, Oid::INVALID)?;
    let args = x.args.iter().map(|a| c.compile(a, scope)).collect::<PgResult<_>>()?;
    Ok(CExpr::Json(Box::new(JsonNode { args, arg_types, kind, call })))
}

impl JsonNode {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut values = Vec::with_capacity(self.args.len());
        for arg in &self.args {
            values.push(arg.eval(rows, cx)?);
        }
        let JsonKind::Build { absent_on_null, object } = self.kind else {
            return self.call.call(cx, &mut values);
        };
        if !absent_on_null || !values.iter().any(Datum::is_null) {
            return self.call.call(cx, &mut values);
        }
        // The builders cannot skip NULLs: leave the pairs out, keeping each value's type.
        let step = if object { 2 } else { 1 };
        let mut kept = Vec::new();
        let mut types = Vec::new();
        for (values, arg_types) in values.chunks(step).zip(self.arg_types.chunks(step)) {
            if !values[step - 1].is_null() {
                kept.extend_from_slice(values);
                types.extend_from_slice(arg_types);
            }
        }
        let site = fmgr::CallSite { arg_types: types, ..self.call.site.clone() };
        let mut cache = None;
        let mut call = fmgr::CallContext {
            session: cx.session,
            site: &site,
            cache: &mut cache,
            in_aggregate: false,
        };
        self.call.info.call(&mut call, &mut kept)
    }
}
