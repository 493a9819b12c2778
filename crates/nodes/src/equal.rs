//! Structural equality of expressions that ignores source locations (PostgreSQL's `equal`).
use crate::expr::*;
use types::Datum;

impl Expr {
    /// Whether both mean the same: equal but for locations and how casts were written.
    pub fn equals(&self, other: &Expr) -> bool {
        equal(self, other)
    }
}

/// Compares the listed fields by `==`, then the listed expression fields structurally.
macro_rules! same {
    ($a:ident, $b:ident; $($field:ident),* ; $($expr:ident),*) => {
        $($a.$field == $b.$field &&)* $(equal(&$a.$expr, &$b.$expr) &&)* true
    };
}

fn equal(a: &Expr, b: &Expr) -> bool {
    match (a, b) {
        (Expr::Var(a), Expr::Var(b)) => {
            same!(a, b; varno, varattno, vartype, vartypmod, varcollid, varnullingrels, varlevelsup,
                varreturningtype;)
        }
        (Expr::Const(a), Expr::Const(b)) => {
            same!(a, b; consttype, consttypmod, constcollid;) && same_value(&a.value, &b.value)
        }
        (Expr::Param(a), Expr::Param(b)) => {
            same!(a, b; kind, paramid, paramtype, paramtypmod, paramcollid;)
        }
        (Expr::FuncExpr(a), Expr::FuncExpr(b)) => {
            same!(a, b; funcid, funcresulttype, funcretset, funcvariadic, funccollid, inputcollid;)
                && all(&a.args, &b.args)
        }
        (Expr::OpExpr(a), Expr::OpExpr(b))
        | (Expr::DistinctExpr(a), Expr::DistinctExpr(b))
        | (Expr::NullIfExpr(a), Expr::NullIfExpr(b)) => {
            same!(a, b; opno, opresulttype, opretset, opcollid, inputcollid;)
                && all(&a.args, &b.args)
        }
        (Expr::ScalarArrayOpExpr(a), Expr::ScalarArrayOpExpr(b)) => {
            same!(a, b; opno, use_or, inputcollid;) && all(&a.args, &b.args)
        }
        (Expr::BoolExpr(a), Expr::BoolExpr(b)) => same!(a, b; boolop;) && all(&a.args, &b.args),
        (Expr::RelabelType(a), Expr::RelabelType(b)) => {
            same!(a, b; resulttype, resulttypmod, resultcollid; arg)
        }
        (Expr::CoerceViaIO(a), Expr::CoerceViaIO(b)) => same!(a, b; resulttype, resultcollid; arg),
        (Expr::ArrayCoerceExpr(a), Expr::ArrayCoerceExpr(b)) => {
            same!(a, b; resulttype, resulttypmod, resultcollid; arg, elemexpr)
        }
        (Expr::ConvertRowtypeExpr(a), Expr::ConvertRowtypeExpr(b)) => same!(a, b; resulttype; arg),
        (Expr::CollateExpr(a), Expr::CollateExpr(b)) => same!(a, b; coll_oid; arg),
        (Expr::CoerceToDomain(a), Expr::CoerceToDomain(b)) => {
            same!(a, b; resulttype, resulttypmod, resultcollid; arg)
        }
        (Expr::NullTest(a), Expr::NullTest(b)) => same!(a, b; is_null, argisrow; arg),
        (Expr::BooleanTest(a), Expr::BooleanTest(b)) => same!(a, b; booltesttype; arg),
        (Expr::FieldSelect(a), Expr::FieldSelect(b)) => {
            same!(a, b; fieldnum, resulttype, resulttypmod, resultcollid; arg)
        }
        (Expr::NamedArgExpr(a), Expr::NamedArgExpr(b)) => same!(a, b; name, argnumber; arg),
        (Expr::CaseExpr(a), Expr::CaseExpr(b)) => {
            same!(a, b; casetype, casecollid;)
                && optional(&a.arg, &b.arg)
                && optional(&a.defresult, &b.defresult)
                && a.args.len() == b.args.len()
                && a.args
                    .iter()
                    .zip(&b.args)
                    .all(|(x, y)| equal(&x.expr, &y.expr) && equal(&x.result, &y.result))
        }
        (Expr::CaseTestExpr(a), Expr::CaseTestExpr(b))
        | (Expr::CoerceToDomainValue(a), Expr::CoerceToDomainValue(b))
        | (Expr::SetToDefault(a), Expr::SetToDefault(b)) => {
            same!(a, b; type_id, type_mod, collation;)
        }
        (Expr::ArrayExpr(a), Expr::ArrayExpr(b)) => {
            same!(a, b; array_typeid, array_collid, element_typeid, multidims;)
                && all(&a.elements, &b.elements)
        }
        (Expr::RowExpr(a), Expr::RowExpr(b)) => {
            same!(a, b; row_typeid, colnames;) && all(&a.args, &b.args)
        }
        (Expr::CoalesceExpr(a), Expr::CoalesceExpr(b)) => {
            same!(a, b; coalescetype, coalescecollid;) && all(&a.args, &b.args)
        }
        (Expr::MinMaxExpr(a), Expr::MinMaxExpr(b)) => {
            same!(a, b; minmaxtype, minmaxcollid, inputcollid, greatest;) && all(&a.args, &b.args)
        }
        (Expr::SQLValueFunction(a), Expr::SQLValueFunction(b)) => same!(a, b; op, typ, typmod;),
        (Expr::SubscriptingRef(a), Expr::SubscriptingRef(b)) => {
            same!(a, b; refcontainertype, refelemtype, refrestype, reftypmod, refcollid; refexpr)
                && optionals(&a.refupperindexpr, &b.refupperindexpr)
                && optionals(&a.reflowerindexpr, &b.reflowerindexpr)
                && optional(&a.refassgnexpr, &b.refassgnexpr)
        }
        (Expr::FieldStore(a), Expr::FieldStore(b)) => {
            same!(a, b; fieldnums, resulttype; arg) && all(&a.newvals, &b.newvals)
        }
        (Expr::RowCompareExpr(a), Expr::RowCompareExpr(b)) => {
            same!(a, b; cmptype, opnos, opfamilies, inputcollids;)
                && all(&a.largs, &b.largs)
                && all(&a.rargs, &b.rargs)
        }
        (Expr::Aggref(a), Expr::Aggref(b)) => {
            same!(a, b; aggfnoid, aggtype, aggcollid, inputcollid, aggargtypes, aggorder,
                aggdistinct, aggstar, aggvariadic, aggkind, agglevelsup, aggsplit;)
                && all(&a.aggdirectargs, &b.aggdirectargs)
                && a.args.len() == b.args.len()
                && a.args.iter().zip(&b.args).all(|(x, y)| {
                    x.ressortgroupref == y.ressortgroupref
                        && x.resjunk == y.resjunk
                        && equal(&x.expr, &y.expr)
                })
                && optional(&a.aggfilter, &b.aggfilter)
        }
        (Expr::GroupingFunc(a), Expr::GroupingFunc(b)) => {
            same!(a, b; agglevelsup;) && all(&a.args, &b.args)
        }
        (Expr::WindowFunc(a), Expr::WindowFunc(b)) => {
            same!(a, b; winfnoid, wintype, wincollid, inputcollid, winref, winstar, winagg;)
                && all(&a.args, &b.args)
                && optional(&a.aggfilter, &b.aggfilter)
        }
        (Expr::NextValueExpr(a), Expr::NextValueExpr(b)) => same!(a, b; seqid, type_id;),
        (Expr::ReturningExpr(a), Expr::ReturningExpr(b)) => {
            same!(a, b; retlevelsup, retold; retexpr)
        }
        (Expr::PlaceHolderVar(a), Expr::PlaceHolderVar(b)) => {
            same!(a, b; phid, phlevelsup, phnullingrels;)
        }
        // Subqueries and SQL/JSON, SQL/XML nodes are rare: their stored forms are compared.
        _ if std::mem::discriminant(a) == std::mem::discriminant(b) => stored_equal(a, b),
        _ => false,
    }
}

fn all(a: &[Expr], b: &[Expr]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| equal(x, y))
}

fn optional(a: &Option<Expr>, b: &Option<Expr>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => equal(a, b),
        _ => false,
    }
}

fn optionals(a: &[Option<Expr>], b: &[Option<Expr>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| optional(x, y))
}

/// Whether two values of the same type are held identically.
fn same_value(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Null, Datum::Null) => true,
        (Datum::Bool(a), Datum::Bool(b)) => a == b,
        (Datum::Char(a), Datum::Char(b)) => a == b,
        (Datum::Int2(a), Datum::Int2(b)) => a == b,
        (Datum::Int4(a), Datum::Int4(b)) => a == b,
        (Datum::Int8(a), Datum::Int8(b)) => a == b,
        (Datum::Float4(a), Datum::Float4(b)) => a.to_bits() == b.to_bits(),
        (Datum::Float8(a), Datum::Float8(b)) => a.to_bits() == b.to_bits(),
        (Datum::Oid(a), Datum::Oid(b)) => a == b,
        (Datum::Bytes(a), Datum::Bytes(b)) => a == b,
        (Datum::Internal(_), _) => false,
        _ => {
            std::mem::discriminant(a) == std::mem::discriminant(b)
                && serde_json::to_string(a).ok() == serde_json::to_string(b).ok()
        }
    }
}

fn stored_equal(a: &Expr, b: &Expr) -> bool {
    let text = |e: &Expr| {
        serde_json::to_value(e).ok().map(|mut value| {
            drop_locations(&mut value);
            value
        })
    };
    text(a) == text(b)
}

fn drop_locations(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            map.retain(|key, _| !matches!(key.as_str(), "location" | "stmt_location" | "stmt_len"));
            map.values_mut().for_each(drop_locations);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(drop_locations),
        _ => {}
    }
}
