//! Collation derivation: which collation every node uses and has.
use crate::parse_state::Analyzer;
use error::{PgError, PgResult, err};
use nodes::{Expr, JoinTreeNode, Query, RteKind};
use types::Oid;

const DEFAULT_COLLATION: Oid = Oid(100);

/// How strongly an expression has its collation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// Not collatable.
    None,
    Implicit,
    /// Implicit ones that differ.
    Conflict,
    Explicit,
}

/// What a subtree derives.
#[derive(Clone, Copy, Debug)]
struct Derived {
    collation: Oid,
    strength: Strength,
    location: i32,
    /// The second collation of a conflict and where it comes from.
    collation2: Oid,
    location2: i32,
}

impl Derived {
    const NONE: Derived = Derived {
        collation: Oid::INVALID,
        strength: Strength::None,
        location: -1,
        collation2: Oid::INVALID,
        location2: -1,
    };
}

impl Analyzer<'_> {
    /// Sets the collations of everything in a query; its subqueries have theirs already.
    pub(crate) fn assign_query_collations(&mut self, query: &mut Query) -> PgResult<()> {
        for te in query.target_list.iter_mut().chain(&mut query.returning_list) {
            self.assign_expr_collations(&mut te.expr)?;
        }
        for node in &mut query.jointree.fromlist {
            self.assign_join_collations(node)?;
        }
        for expr in query.jointree.quals.iter_mut().chain(&mut query.having_qual) {
            self.assign_expr_collations(expr)?;
        }
        for expr in query.limit_offset.iter_mut().chain(&mut query.limit_count) {
            self.assign_expr_collations(expr)?;
        }
        for window in &mut query.window_clause {
            for expr in window.start_offset.iter_mut().chain(&mut window.end_offset) {
                self.assign_expr_collations(expr)?;
            }
        }
        if let Some(oc) = &mut query.on_conflict {
            for elem in &mut oc.arbiter_elems {
                self.assign_expr_collations(&mut elem.expr)?;
            }
            for te in &mut oc.on_conflict_set {
                self.assign_expr_collations(&mut te.expr)?;
            }
            for expr in oc.arbiter_where.iter_mut().chain(&mut oc.on_conflict_where) {
                self.assign_expr_collations(expr)?;
            }
        }
        for action in &mut query.merge_action_list {
            for te in &mut action.target_list {
                self.assign_expr_collations(&mut te.expr)?;
            }
            if let Some(expr) = &mut action.qual {
                self.assign_expr_collations(expr)?;
            }
        }
        if let Some(expr) = &mut query.merge_join_condition {
            self.assign_expr_collations(expr)?;
        }
        for rte in &mut query.rtable {
            // VALUES columns decide their collation together, which was done when they were made.
            if let RteKind::Values { .. } | RteKind::Join { .. } | RteKind::Group { .. } = rte.kind
            {
                continue;
            }
            let mut result = Ok(());
            rte.kind.for_each_expr_mut(&mut |e| {
                if result.is_ok() {
                    result = self.assign_expr_collations(e);
                }
            });
            result?;
        }
        Ok(())
    }

    fn assign_join_collations(&mut self, node: &mut JoinTreeNode) -> PgResult<()> {
        match node {
            JoinTreeNode::RangeTblRef(_) => {}
            JoinTreeNode::JoinExpr(j) => {
                self.assign_join_collations(&mut j.larg)?;
                self.assign_join_collations(&mut j.rarg)?;
                if let Some(quals) = &mut j.quals {
                    self.assign_expr_collations(quals)?;
                }
            }
            JoinTreeNode::FromExpr(f) => {
                for child in &mut f.fromlist {
                    self.assign_join_collations(child)?;
                }
                if let Some(quals) = &mut f.quals {
                    self.assign_expr_collations(quals)?;
                }
            }
        }
        Ok(())
    }

    /// Sets the collations of one expression.
    pub fn assign_expr_collations(&self, expr: &mut Expr) -> PgResult<()> {
        self.derive(expr).map(|_| ())
    }

    /// The collation several expressions share; with `none_ok` a conflict gives INVALID.
    pub(crate) fn select_common_collation(
        &self,
        exprs: &mut [Expr],
        none_ok: bool,
    ) -> PgResult<Oid> {
        let mut merged = Derived::NONE;
        for expr in exprs {
            let child = self.derive(expr)?;
            self.merge(&mut merged, child)?;
        }
        if merged.strength == Strength::Conflict {
            if none_ok {
                return Ok(Oid::INVALID);
            }
            return Err(self.implicit_mismatch(&merged)?);
        }
        Ok(merged.collation)
    }

    fn collation_name(&self, oid: Oid) -> PgResult<String> {
        Ok(self.catalog.lookup_collation(oid)?.map_or_else(|| oid.to_string(), |c| c.name.clone()))
    }

    fn implicit_mismatch(&self, d: &Derived) -> PgResult<PgError> {
        Ok(err!(
            COLLATION_MISMATCH,
            "collation mismatch between implicit collations \"{}\" and \"{}\"",
            self.collation_name(d.collation)?,
            self.collation_name(d.collation2)?
        )
        .hint(
            "You can choose the collation by applying the COLLATE clause to one or both \
             expressions.",
        )
        .at(d.location2))
    }

    /// Combines a child's derivation with its siblings'.
    fn merge(&self, into: &mut Derived, child: Derived) -> PgResult<()> {
        if child.strength > into.strength {
            *into = child;
            return Ok(());
        }
        if child.strength < into.strength {
            return Ok(());
        }
        match child.strength {
            Strength::Implicit if child.collation != into.collation => {
                // A collation of one's own beats the default.
                if into.collation == DEFAULT_COLLATION {
                    *into = child;
                } else if child.collation != DEFAULT_COLLATION {
                    into.strength = Strength::Conflict;
                    into.collation2 = child.collation;
                    into.location2 = child.location;
                }
                Ok(())
            }
            Strength::Explicit if child.collation != into.collation => Err(err!(
                COLLATION_MISMATCH,
                "collation mismatch between explicit collations \"{}\" and \"{}\"",
                self.collation_name(into.collation)?,
                self.collation_name(child.collation)?
            )
            .at(child.location)),
            _ => Ok(()),
        }
    }

    fn merge_children(&self, expr: &mut Expr) -> PgResult<Derived> {
        let mut merged = Derived::NONE;
        let mut result = Ok(());
        expr.for_each_child_mut(&mut |child| {
            if result.is_ok() {
                result = self.derive(child).and_then(|d| self.merge(&mut merged, d));
            }
        });
        result.map(|()| merged)
    }

    /// A leaf or fixed-collation node's own derivation.
    fn own(&self, collation: Oid, location: i32) -> Derived {
        let strength = if collation.is_valid() { Strength::Implicit } else { Strength::None };
        Derived { collation, strength, location, ..Derived::NONE }
    }

    fn derive(&self, expr: &mut Expr) -> PgResult<Derived> {
        error::check_stack_depth()?;
        match expr {
            Expr::Var(_)
            | Expr::Const(_)
            | Expr::Param(_)
            | Expr::CaseTestExpr(_)
            | Expr::SetToDefault(_)
            | Expr::CurrentOfExpr(_)
            | Expr::CoerceToDomainValue(_)
            | Expr::SQLValueFunction(_)
            | Expr::NextValueExpr(_) => Ok(self.own(expr.collation(), expr.location())),
            Expr::CollateExpr(c) => {
                // What is below is settled by itself.
                self.derive(&mut c.arg)?;
                Ok(Derived {
                    collation: c.coll_oid,
                    strength: Strength::Explicit,
                    location: c.location,
                    ..Derived::NONE
                })
            }
            Expr::FieldSelect(f) => {
                self.derive(&mut f.arg)?;
                Ok(self.own(f.resultcollid, -1))
            }
            Expr::SubLink(s) => {
                if let Some(test) = &mut s.testexpr {
                    self.derive(test)?;
                }
                let (collation, location) = (expr.collation(), expr.location());
                Ok(self.own(collation, location))
            }
            Expr::RowExpr(r) => {
                // Fields keep their own collations; the row has none.
                for arg in &mut r.args {
                    self.derive(arg)?;
                }
                Ok(Derived::NONE)
            }
            Expr::RowCompareExpr(r) => {
                r.inputcollids.clear();
                for i in 0..r.largs.len() {
                    let pair = &mut [
                        std::mem::replace(&mut r.largs[i], Analyzer::bool_const(false)),
                        std::mem::replace(&mut r.rargs[i], Analyzer::bool_const(false)),
                    ];
                    let collation = self.select_common_collation(pair, true)?;
                    let [l, r2] = pair;
                    r.largs[i] = std::mem::replace(l, Analyzer::bool_const(false));
                    r.rargs[i] = std::mem::replace(r2, Analyzer::bool_const(false));
                    r.inputcollids.push(collation);
                }
                Ok(Derived::NONE)
            }
            Expr::CoerceToDomain(c) => {
                let child = self.derive(&mut c.arg)?;
                let typcoll = self.type_collation(c.resulttype)?;
                // A domain's collation beats what its argument has, unless it is the default one.
                const DEFAULT_COLLATION: Oid = Oid(100);
                if typcoll.is_valid() && typcoll != DEFAULT_COLLATION {
                    c.resultcollid = typcoll;
                    return Ok(self.own(typcoll, c.location));
                }
                c.resultcollid = result_collation(&child, typcoll);
                Ok(self.rising(child, c.resultcollid, typcoll, c.location))
            }
            Expr::Aggref(a) => {
                let is_ordered_set = a.aggkind != 'n';
                let is_hypothetical = a.aggkind == 'h';
                let merged = if is_ordered_set {
                    self.derive_ordered_set(a, is_hypothetical)?
                } else {
                    let mut merged = Derived::NONE;
                    for te in &mut a.args {
                        let d = self.derive(&mut te.expr)?;
                        if !te.resjunk {
                            self.merge(&mut merged, d)?;
                        }
                    }
                    merged
                };
                if let Some(filter) = &mut a.aggfilter {
                    self.derive(filter)?;
                }
                a.inputcollid = input_collation(&merged);
                let (typ, location) = (a.aggtype, a.location);
                let typcoll = self.type_collation(typ)?;
                a.aggcollid = result_collation(&merged, typcoll);
                let collid = a.aggcollid;
                Ok(self.rising(merged, collid, typcoll, location))
            }
            Expr::WindowFunc(w) => {
                let mut merged = Derived::NONE;
                for arg in &mut w.args {
                    let d = self.derive(arg)?;
                    self.merge(&mut merged, d)?;
                }
                if let Some(filter) = &mut w.aggfilter {
                    self.derive(filter)?;
                }
                w.inputcollid = input_collation(&merged);
                let typcoll = self.type_collation(w.wintype)?;
                w.wincollid = result_collation(&merged, typcoll);
                let (collid, location) = (w.wincollid, w.location);
                Ok(self.rising(merged, collid, typcoll, location))
            }
            Expr::CaseExpr(c) => {
                // Conditions have collations of their own; only results count.
                if let Some(arg) = &mut c.arg {
                    self.derive(arg)?;
                }
                let mut merged = Derived::NONE;
                for when in &mut c.args {
                    self.derive(&mut when.expr)?;
                    let d = self.derive(&mut when.result)?;
                    self.merge(&mut merged, d)?;
                }
                if let Some(default) = &mut c.defresult {
                    let d = self.derive(default)?;
                    self.merge(&mut merged, d)?;
                }
                let typcoll = self.type_collation(c.casetype)?;
                c.casecollid = result_collation(&merged, typcoll);
                let (collid, location) = (c.casecollid, c.location);
                Ok(self.rising(merged, collid, typcoll, location))
            }
            Expr::SubscriptingRef(s) => {
                // Subscripts are settled by themselves.
                for index in s.refupperindexpr.iter_mut().chain(&mut s.reflowerindexpr).flatten() {
                    self.derive(index)?;
                }
                let mut merged = self.derive(&mut s.refexpr)?;
                if let Some(assign) = &mut s.refassgnexpr {
                    let d = self.derive(assign)?;
                    self.merge(&mut merged, d)?;
                }
                let typcoll = self.type_collation(s.refrestype)?;
                s.refcollid = result_collation(&merged, typcoll);
                let collid = s.refcollid;
                Ok(self.rising(merged, collid, typcoll, -1))
            }
            _ => {
                let merged = self.merge_children(expr)?;
                let typcoll = self.type_collation(expr.typ())?;
                let collation = result_collation(&merged, typcoll);
                set_collations(expr, collation, input_collation(&merged));
                let location = expr.location();
                Ok(self.rising(merged, collation, typcoll, location))
            }
        }
    }

    /// Direct arguments and aggregated ones of WITHIN GROUP.
    fn derive_ordered_set(&self, a: &mut nodes::Aggref, hypothetical: bool) -> PgResult<Derived> {
        let mut merged = Derived::NONE;
        if hypothetical {
            // Each hypothetical argument merges with its ordering column.
            let first = a.aggdirectargs.len().saturating_sub(a.args.len());
            for (i, arg) in a.aggdirectargs.iter_mut().enumerate() {
                let d = self.derive(arg)?;
                if i < first {
                    self.merge(&mut merged, d)?;
                }
            }
            for (i, te) in a.args.iter_mut().enumerate() {
                let mut pair = Derived::NONE;
                if let Some(direct) = a.aggdirectargs.get_mut(first + i) {
                    let d = self.derive(direct)?;
                    self.merge(&mut pair, d)?;
                }
                let d = self.derive(&mut te.expr)?;
                self.merge(&mut pair, d)?;
                if pair.strength == Strength::Conflict {
                    return Err(self.implicit_mismatch(&pair)?);
                }
                if pair.collation.is_valid() && pair.collation != te.expr.collation() {
                    let arg = std::mem::replace(&mut te.expr, Analyzer::bool_const(false));
                    let (typ, typmod) = (arg.typ(), arg.typmod());
                    te.expr = Expr::RelabelType(Box::new(nodes::RelabelType {
                        arg,
                        resulttype: typ,
                        resulttypmod: typmod,
                        resultcollid: pair.collation,
                        relabelformat: nodes::CoercionForm::ImplicitCast,
                        location: -1,
                    }));
                }
            }
            return Ok(merged);
        }
        // Aggregated arguments count only if the aggregate takes a single one.
        let merge_args = a.args.len() == 1;
        for arg in &mut a.aggdirectargs {
            let d = self.derive(arg)?;
            self.merge(&mut merged, d)?;
        }
        for te in &mut a.args {
            let d = self.derive(&mut te.expr)?;
            if merge_args {
                self.merge(&mut merged, d)?;
            }
        }
        Ok(merged)
    }

    /// What a node passes up, given its children's derivation and its own type's collation.
    fn rising(&self, children: Derived, collation: Oid, typcoll: Oid, location: i32) -> Derived {
        if !typcoll.is_valid() {
            return Derived::NONE;
        }
        match children.strength {
            // The type is collatable but nothing below decides: its type's default.
            Strength::None => self.own(collation, location),
            _ => children,
        }
    }
}

fn input_collation(d: &Derived) -> Oid {
    if d.strength == Strength::Conflict { Oid::INVALID } else { d.collation }
}

fn result_collation(d: &Derived, typcoll: Oid) -> Oid {
    if !typcoll.is_valid() {
        return Oid::INVALID;
    }
    match d.strength {
        Strength::None => typcoll,
        Strength::Conflict => Oid::INVALID,
        _ => d.collation,
    }
}

fn set_collations(expr: &mut Expr, collation: Oid, input: Oid) {
    match expr {
        Expr::FuncExpr(x) => {
            x.funccollid = collation;
            x.inputcollid = input;
        }
        Expr::OpExpr(x) | Expr::DistinctExpr(x) | Expr::NullIfExpr(x) => {
            x.opcollid = collation;
            x.inputcollid = input;
        }
        Expr::ScalarArrayOpExpr(x) => x.inputcollid = input,
        Expr::RelabelType(x) => x.resultcollid = collation,
        Expr::CoerceViaIO(x) => x.resultcollid = collation,
        Expr::ArrayCoerceExpr(x) => x.resultcollid = collation,
        Expr::ArrayExpr(x) => x.array_collid = collation,
        Expr::CoalesceExpr(x) => x.coalescecollid = collation,
        Expr::MinMaxExpr(x) => {
            x.minmaxcollid = collation;
            x.inputcollid = input;
        }
        Expr::JsonExpr(x) => x.collation = collation,
        _ => {}
    }
}
