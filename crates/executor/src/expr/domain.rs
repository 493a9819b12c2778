//! Casts to domains: NOT NULL and CHECK of the domain and of the domains it is made from.
use super::{CExpr, ExprCompiler, Scope};
use crate::{Cx, batch::Rows};
use error::{PgResult, err};
use types::{Datum, Oid};

/// CoerceToDomain.
pub struct DomainNode {
    pub(crate) arg: CExpr,
    pub(crate) checks: DomainChecks,
}

/// The constraints of a domain, innermost domain first.
pub struct DomainChecks {
    typ: Oid,
    not_null: bool,
    /// Where VALUE is kept.
    slot: u32,
    checks: Vec<(String, CExpr)>,
}

impl DomainChecks {
    pub(crate) fn compile(c: &mut ExprCompiler<'_>, typ: Oid) -> PgResult<Self> {
        let slot = c.new_case_slot();
        let mut not_null = false;
        let mut levels = Vec::new();
        let mut current = c.catalog.get_type(typ)?;
        while current.typtype == 'd' {
            not_null |= current.not_null;
            levels.push(c.catalog.domain_constraints(current.oid)?);
            current = c.catalog.get_type(current.basetype)?;
        }
        let mut checks = Vec::new();
        for level in levels.iter().rev() {
            let mut level: Vec<_> = level.iter().filter(|k| k.contype == 'c').collect();
            level.sort_by(|a, b| a.name.cmp(&b.name));
            for constraint in level {
                if let Some(expr) = &constraint.expr {
                    let check = c.with_domain_value(slot, |c| c.compile(expr, &Scope::none()))?;
                    checks.push((constraint.name.clone(), check));
                }
            }
        }
        Ok(DomainChecks { typ, not_null, slot, checks })
    }

    /// Raises what the value violates.
    pub(crate) fn check(&self, value: &Datum, cx: &mut Cx<'_>) -> PgResult<()> {
        if self.not_null && value.is_null() {
            let name = cx.catalog.format_type(self.typ, None)?;
            let (schema, plain) = self.names(cx)?;
            return Err(err!(NOT_NULL_VIOLATION, "domain {name} does not allow null values")
                .datatype(schema, plain));
        }
        for (constraint, check) in &self.checks {
            cx.es.case_values[self.slot as usize] = value.clone();
            if matches!(check.eval(&Rows::NONE, cx)?, Datum::Bool(false)) {
                let name = cx.catalog.format_type(self.typ, None)?;
                let (schema, plain) = self.names(cx)?;
                return Err(err!(
                    CHECK_VIOLATION,
                    "value for domain {name} violates check constraint \"{constraint}\""
                )
                .datatype(schema, plain)
                .constraint(constraint.clone()));
            }
        }
        Ok(())
    }

    fn names(&self, cx: &Cx<'_>) -> PgResult<(String, String)> {
        let typ = cx.catalog.get_type(self.typ)?;
        let schema = cx.catalog.namespace_name(typ.namespace)?.unwrap_or_default();
        Ok((schema, typ.name.clone()))
    }
}

impl DomainNode {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let value = self.arg.eval(rows, cx)?;
        self.checks.check(&value, cx)?;
        Ok(value)
    }
}
