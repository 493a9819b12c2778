//! Joins.
use super::{PlanCompiler, key_of};
use crate::{
    expr::{CExpr, Scope},
    hash::HashKind,
    node::{HashJoinSpec, MergeJoinSpec, MergeKey, NestLoopSpec, NodeSpec, ProbeSpec},
    store::Comparer,
};
use error::{PgError, PgResult};
use nodes::{
    Expr,
    plan::{MergeJoin, Plan, PlanNode},
};
use std::sync::Arc;
use types::Oid;

impl PlanCompiler<'_> {
    pub(super) fn join(&mut self, plan: &Arc<Plan>) -> PgResult<Arc<dyn NodeSpec>> {
        match &plan.node {
            PlanNode::NestLoop { .. } => self.nest_loop(plan),
            PlanNode::MergeJoin(join) => self.merge_join(plan, join),
            _ => self.hash_join(plan),
        }
    }

    fn nest_loop(&mut self, plan: &Arc<Plan>) -> PgResult<Arc<dyn NodeSpec>> {
        let PlanNode::NestLoop { jointype, inner_unique, joinqual, nest_params } = &plan.node
        else {
            return Err(PgError::internal("not a NestLoop"));
        };
        let none = Scope::none();
        let outer = self.outer(plan)?;
        let inner = self.inner(plan)?;
        let params = nest_params
            .iter()
            .map(|p| Ok((p.paramno, self.c.compile(&p.paramval, &none)?)))
            .collect::<PgResult<Box<[_]>>>()?;
        Ok(Arc::new(NestLoopSpec {
            outer,
            inner,
            jointype: *jointype,
            inner_unique: *inner_unique,
            joinqual: self.exprs(joinqual, &none)?,
            qual: self.exprs(&plan.qual, &none)?,
            projection: self.projection(plan, &none)?,
            param_ids: params.iter().map(|p| p.0).collect(),
            params,
            key: key_of(plan),
        }))
    }

    fn merge_join(&mut self, plan: &Arc<Plan>, join: &MergeJoin) -> PgResult<Arc<dyn NodeSpec>> {
        let none = Scope::none();
        let outer = self.outer(plan)?;
        let inner = self.inner(plan)?;
        let mut keys = Vec::with_capacity(join.mergeclauses.len());
        for (n, clause) in join.mergeclauses.iter().enumerate() {
            let Expr::OpExpr(op) = clause else {
                return Err(PgError::internal("mergejoin clause is not an OpExpr"));
            };
            let collation = join.merge_collations.get(n).copied().unwrap_or(Oid::INVALID);
            let family = join.merge_families[n];
            let row = self.c.catalog.get_operator(op.opno)?;
            let mut comparer = |left: Oid, right: Oid| -> PgResult<Comparer> {
                let compare = self.c.catalog.opfamily_proc(family, left, right, 1)?;
                if !compare.is_valid() {
                    return Err(PgError::internal(format!(
                        "missing support function 1({left},{right}) in opfamily {family}"
                    )));
                }
                Comparer::of_function(&mut self.c, compare, left, right, collation)
            };
            let main = comparer(row.left, row.right)?;
            let inner_comparer = match row.left == row.right {
                true => None,
                false => Some(comparer(row.right, row.right)?),
            };
            keys.push(MergeKey {
                outer: self.c.compile(&op.args[0], &none)?,
                inner: self.c.compile(&op.args[1], &none)?,
                comparer: main,
                inner_comparer,
                reverse: join.merge_reversals.get(n).copied().unwrap_or(false),
                nulls_first: join.merge_nulls_first.get(n).copied().unwrap_or(false),
            });
        }
        Ok(Arc::new(MergeJoinSpec {
            outer,
            inner,
            jointype: join.jointype,
            inner_unique: join.inner_unique,
            keys: keys.into(),
            joinqual: self.exprs(&join.joinqual, &none)?,
            qual: self.exprs(&plan.qual, &none)?,
            projection: self.projection(plan, &none)?,
            key: key_of(plan),
        }))
    }

    fn hash_join(&mut self, plan: &Arc<Plan>) -> PgResult<Arc<dyn NodeSpec>> {
        let PlanNode::HashJoin {
            jointype,
            inner_unique,
            joinqual,
            hashclauses,
            hashcollations,
            hashkeys,
            ..
        } = &plan.node
        else {
            return Err(PgError::internal("not a HashJoin"));
        };
        let Some(hash) = &plan.righttree else {
            return Err(PgError::internal("hash join without inner input"));
        };
        let PlanNode::Hash { hashkeys: inner_keys } = &hash.node else {
            return Err(PgError::internal("hash join over a node that is no Hash"));
        };
        let none = Scope::none();
        let outer = self.outer(plan)?;
        let inner = self.outer(hash)?;
        let outer_keys = self.hash_keys(hashkeys, hashcollations)?;
        let inner_keys = self.hash_keys(inner_keys, hashcollations)?;
        let mut spec = HashJoinSpec {
            outer,
            inner,
            jointype: *jointype,
            inner_unique: *inner_unique,
            outer_keys,
            inner_keys,
            hashclauses: self.exprs(hashclauses, &none)?,
            joinqual: self.exprs(joinqual, &none)?,
            qual: self.exprs(&plan.qual, &none)?,
            projection: self.projection(plan, &none)?,
            probe: None,
            key: key_of(plan),
            hash_key: key_of(hash),
        };
        spec.probe = ProbeSpec::of(&spec);
        Ok(Arc::new(spec))
    }

    fn hash_keys(
        &mut self,
        keys: &[Expr],
        collations: &[Oid],
    ) -> PgResult<Box<[(CExpr, HashKind)]>> {
        keys.iter()
            .enumerate()
            .map(|(n, expr)| {
                let collation = collations.get(n).copied().unwrap_or(Oid::INVALID);
                let kind = HashKind::of_type(self.c.catalog, expr.typ(), collation)?;
                Ok((self.c.compile(expr, &Scope::none())?, kind))
            })
            .collect()
    }
}
