//! Type, type modifier, collation and position of an expression (PostgreSQL's nodeFuncs).
use crate::{expr::*, query::Query};
use types::Oid;

impl Expr {
    /// The expression's type (PostgreSQL's exprType).
    pub fn typ(&self) -> Oid {
        use types::type_oid as t;
        match self {
            Expr::Var(x) => x.vartype,
            Expr::Const(x) => x.consttype,
            Expr::Param(x) => x.paramtype,
            Expr::Aggref(x) => x.aggtype,
            Expr::GroupingFunc(_) => t::INT4,
            Expr::WindowFunc(x) => x.wintype,
            Expr::SubscriptingRef(x) => x.refrestype,
            Expr::FuncExpr(x) => x.funcresulttype,
            Expr::NamedArgExpr(x) => x.arg.typ(),
            Expr::OpExpr(x) | Expr::DistinctExpr(x) => x.opresulttype,
            Expr::NullIfExpr(x) => x.args[0].typ(),
            Expr::ScalarArrayOpExpr(_)
            | Expr::BoolExpr(_)
            | Expr::RowCompareExpr(_)
            | Expr::NullTest(_)
            | Expr::BooleanTest(_)
            | Expr::JsonIsPredicate(_)
            | Expr::CurrentOfExpr(_) => t::BOOL,
            Expr::SubLink(x) => match x.sub_link_type {
                SubLinkType::Expr => first_column(&x.subselect).map_or(t::VOID, |te| te.expr.typ()),
                SubLinkType::Array => x.array_type,
                SubLinkType::MultiExpr => t::RECORD,
                _ => t::BOOL,
            },
            Expr::SubPlan(x) => subplan_type(x),
            Expr::AlternativeSubPlan(x) => x.first().map_or(t::BOOL, subplan_type),
            Expr::FieldSelect(x) => x.resulttype,
            Expr::FieldStore(x) => x.resulttype,
            Expr::RelabelType(x) => x.resulttype,
            Expr::CoerceViaIO(x) => x.resulttype,
            Expr::ArrayCoerceExpr(x) => x.resulttype,
            Expr::ConvertRowtypeExpr(x) => x.resulttype,
            Expr::CollateExpr(x) => x.arg.typ(),
            Expr::CaseExpr(x) => x.casetype,
            Expr::CaseTestExpr(x) | Expr::CoerceToDomainValue(x) | Expr::SetToDefault(x) => {
                x.type_id
            }
            Expr::ArrayExpr(x) => x.array_typeid,
            Expr::RowExpr(x) => x.row_typeid,
            Expr::CoalesceExpr(x) => x.coalescetype,
            Expr::MinMaxExpr(x) => x.minmaxtype,
            Expr::SQLValueFunction(x) => x.typ,
            Expr::XmlExpr(x) => match x.op {
                crate::XmlExprOp::IsDocument => t::BOOL,
                crate::XmlExprOp::Serialize => t::TEXT,
                _ => t::XML,
            },
            Expr::JsonValueExpr(x) => x.formatted_expr.typ(),
            Expr::JsonExpr(x) => x.returning.typid,
            Expr::JsonConstructorExpr(x) => x.returning.typid,
            Expr::CoerceToDomain(x) => x.resulttype,
            Expr::NextValueExpr(x) => x.type_id,
            Expr::ReturningExpr(x) => x.retexpr.typ(),
            Expr::PlaceHolderVar(x) => x.phexpr.typ(),
        }
    }

    /// The type modifier where one is known, else -1 (PostgreSQL's exprTypmod).
    pub fn typmod(&self) -> i32 {
        match self {
            Expr::Var(x) => x.vartypmod,
            Expr::Const(x) => x.consttypmod,
            Expr::Param(x) => x.paramtypmod,
            Expr::SubscriptingRef(x) => x.reftypmod,
            Expr::FuncExpr(x) => length_coercion_typmod(x),
            Expr::NamedArgExpr(x) => x.arg.typmod(),
            Expr::NullIfExpr(x) => x.args[0].typmod(),
            Expr::SubLink(x)
                if matches!(x.sub_link_type, SubLinkType::Expr | SubLinkType::Array) =>
            {
                first_column(&x.subselect).map_or(-1, |te| te.expr.typmod())
            }
            Expr::SubPlan(x)
                if matches!(x.sub_link_type, SubLinkType::Expr | SubLinkType::Array) =>
            {
                x.first_col_typmod
            }
            Expr::FieldSelect(x) => x.resulttypmod,
            Expr::RelabelType(x) => x.resulttypmod,
            Expr::ArrayCoerceExpr(x) => x.resulttypmod,
            Expr::CollateExpr(x) => x.arg.typmod(),
            Expr::CaseExpr(x) => common_typmod(
                x.casetype,
                x.args.iter().map(|w| &w.result).chain(x.defresult.iter()),
                x.defresult.is_some(),
            ),
            Expr::CaseTestExpr(x) | Expr::CoerceToDomainValue(x) | Expr::SetToDefault(x) => {
                x.type_mod
            }
            Expr::ArrayExpr(x) => {
                let elem = if x.multidims { x.array_typeid } else { x.element_typeid };
                common_typmod(elem, x.elements.iter(), !x.elements.is_empty())
            }
            Expr::CoalesceExpr(x) => common_typmod(x.coalescetype, x.args.iter(), true),
            Expr::MinMaxExpr(x) => common_typmod(x.minmaxtype, x.args.iter(), true),
            Expr::SQLValueFunction(x) => x.typmod,
            Expr::JsonValueExpr(x) => x.formatted_expr.typmod(),
            Expr::JsonExpr(x) => x.returning.typmod,
            Expr::JsonConstructorExpr(x) => x.returning.typmod,
            Expr::CoerceToDomain(x) => x.resulttypmod,
            Expr::ReturningExpr(x) => x.retexpr.typmod(),
            Expr::PlaceHolderVar(x) => x.phexpr.typmod(),
            _ => -1,
        }
    }

    /// The collation of the result (PostgreSQL's exprCollation).
    pub fn collation(&self) -> Oid {
        match self {
            Expr::Var(x) => x.varcollid,
            Expr::Const(x) => x.constcollid,
            Expr::Param(x) => x.paramcollid,
            Expr::Aggref(x) => x.aggcollid,
            Expr::WindowFunc(x) => x.wincollid,
            Expr::SubscriptingRef(x) => x.refcollid,
            Expr::FuncExpr(x) => x.funccollid,
            Expr::NamedArgExpr(x) => x.arg.collation(),
            Expr::OpExpr(x) | Expr::DistinctExpr(x) | Expr::NullIfExpr(x) => x.opcollid,
            Expr::SubLink(x)
                if matches!(x.sub_link_type, SubLinkType::Expr | SubLinkType::Array) =>
            {
                first_column(&x.subselect).map_or(Oid::INVALID, |te| te.expr.collation())
            }
            Expr::SubPlan(x)
                if matches!(x.sub_link_type, SubLinkType::Expr | SubLinkType::Array) =>
            {
                x.first_col_collation
            }
            Expr::FieldSelect(x) => x.resultcollid,
            Expr::RelabelType(x) => x.resultcollid,
            Expr::CoerceViaIO(x) => x.resultcollid,
            Expr::ArrayCoerceExpr(x) => x.resultcollid,
            Expr::CollateExpr(x) => x.coll_oid,
            Expr::CaseExpr(x) => x.casecollid,
            Expr::CaseTestExpr(x) | Expr::CoerceToDomainValue(x) | Expr::SetToDefault(x) => {
                x.collation
            }
            Expr::ArrayExpr(x) => x.array_collid,
            Expr::CoalesceExpr(x) => x.coalescecollid,
            Expr::MinMaxExpr(x) => x.minmaxcollid,
            Expr::SQLValueFunction(x) if x.typ == types::type_oid::NAME => Oid(950),
            Expr::JsonValueExpr(x) => x.formatted_expr.collation(),
            Expr::JsonExpr(x) => x.collation,
            Expr::JsonConstructorExpr(x) => {
                x.coercion.as_ref().or(x.func.as_ref()).map_or(Oid::INVALID, Expr::collation)
            }
            Expr::CoerceToDomain(x) => x.resultcollid,
            Expr::ReturningExpr(x) => x.retexpr.collation(),
            Expr::PlaceHolderVar(x) => x.phexpr.collation(),
            _ => Oid::INVALID,
        }
    }

    /// Source position of the leftmost part, -1 if unknown (PostgreSQL's exprLocation).
    pub fn location(&self) -> i32 {
        let own = match self {
            Expr::Var(x) => x.location,
            Expr::Const(x) => x.location,
            Expr::Param(x) => x.location,
            Expr::Aggref(x) => x.location,
            Expr::GroupingFunc(x) => x.location,
            Expr::WindowFunc(x) => x.location,
            Expr::FuncExpr(x) => x.location,
            Expr::NamedArgExpr(x) => x.location,
            Expr::OpExpr(x) | Expr::DistinctExpr(x) | Expr::NullIfExpr(x) => x.location,
            Expr::ScalarArrayOpExpr(x) => x.location,
            Expr::BoolExpr(x) => x.location,
            Expr::SubLink(x) => x.location,
            Expr::RelabelType(x) => x.location,
            Expr::CoerceViaIO(x) => x.location,
            Expr::ArrayCoerceExpr(x) => x.location,
            Expr::ConvertRowtypeExpr(x) => x.location,
            Expr::CollateExpr(x) => x.location,
            Expr::CaseExpr(x) => return x.location,
            Expr::CaseTestExpr(x) | Expr::CoerceToDomainValue(x) | Expr::SetToDefault(x) => {
                x.location
            }
            Expr::ArrayExpr(x) => return x.location,
            Expr::RowExpr(x) => return x.location,
            Expr::CoalesceExpr(x) => return x.location,
            Expr::MinMaxExpr(x) => return x.location,
            Expr::SQLValueFunction(x) => x.location,
            Expr::XmlExpr(x) => x.location,
            Expr::JsonValueExpr(x) => return x.raw_expr.location(),
            Expr::JsonExpr(x) => x.location,
            Expr::JsonConstructorExpr(x) => x.location,
            Expr::JsonIsPredicate(x) => x.location,
            Expr::NullTest(x) => x.location,
            Expr::BooleanTest(x) => x.location,
            Expr::CoerceToDomain(x) => x.location,
            _ => -1,
        };
        // The leftmost of the node's own position and its children's.
        let mut leftmost = own;
        self.for_each_child(&mut |child| {
            let loc = child.location();
            if loc >= 0 && (leftmost < 0 || loc < leftmost) {
                leftmost = loc;
            }
        });
        leftmost
    }

    /// Whether the expression returns a set at its top level.
    pub fn returns_set(&self) -> bool {
        match self {
            Expr::FuncExpr(x) => x.funcretset,
            Expr::OpExpr(x) => x.opretset,
            _ => false,
        }
    }
}

fn first_column(query: &Query) -> Option<&TargetEntry> {
    query.target_list.iter().find(|te| !te.resjunk)
}

fn subplan_type(plan: &SubPlan) -> Oid {
    use types::type_oid as t;
    match plan.sub_link_type {
        SubLinkType::Expr => plan.first_col_type,
        SubLinkType::Array => plan.array_type,
        SubLinkType::MultiExpr => t::RECORD,
        _ => t::BOOL,
    }
}

/// The typmod of a length-coercion call such as `varchar(x, 14, true)`: its second argument.
fn length_coercion_typmod(f: &FuncExpr) -> i32 {
    if !matches!(f.funcformat, CoercionForm::ExplicitCast | CoercionForm::ImplicitCast)
        || !(2..=3).contains(&f.args.len())
    {
        return -1;
    }
    match &f.args[1] {
        Expr::Const(Const { consttype, value: types::Datum::Int4(typmod), .. })
            if *consttype == types::type_oid::INT4 =>
        {
            *typmod
        }
        _ => -1,
    }
}

fn common_typmod<'a>(typ: Oid, args: impl Iterator<Item = &'a Expr>, complete: bool) -> i32 {
    if !complete {
        return -1;
    }
    let mut common = None;
    for arg in args {
        if arg.typ() != typ || arg.typmod() < 0 || common.is_some_and(|c| c != arg.typmod()) {
            return -1;
        }
        common = Some(arg.typmod());
    }
    common.unwrap_or(-1)
}
