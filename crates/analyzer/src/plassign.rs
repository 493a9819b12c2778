//! PL/pgSQL's `target := expression`: a SELECT of the target's new value.
use crate::{
    assignment::AssignTarget,
    parse_state::{Analyzer, ExprKind},
};
use error::{PgResult, err};
use nodes::{CoercionContext, CoercionForm, Expr, Query};
use parser::ast::{self, Indirection};

impl Analyzer<'_> {
    pub(crate) fn transform_plassign(&mut self, s: &ast::PLAssignStmt) -> PgResult<Query> {
        // The first names are the variable's; what follows leads into its value.
        let mut fields = vec![s.name.clone()];
        let own = usize::try_from(s.nnames - 1).unwrap_or(0).min(s.indirection.len());
        for step in &s.indirection[..own] {
            if let Indirection::Field(name) = step {
                fields.push(name.clone());
            }
        }
        let indirection = &s.indirection[own..];
        let name = ast::ColumnRef { fields, star: false, location: s.location };
        let target = match s.name.strip_prefix('$').and_then(|n| n.parse().ok()) {
            Some(number) => {
                let param = ast::ParamRef { number, location: s.location };
                ast::Expr::ParamRef(param)
            }
            None => ast::Expr::ColumnRef(name),
        };
        let target = self.transform_expr(&target, ExprKind::UpdateTarget)?;
        let (typ, typmod, collation) = (target.typ(), target.typmod(), target.collation());
        self.ps_mut().resolve_unknowns = false;
        let mut query = self.transform_select(&s.val)?;
        self.ps_mut().resolve_unknowns = true;
        let visible: Vec<usize> =
            (0..query.target_list.len()).filter(|n| !query.target_list[*n].resjunk).collect();
        let [at] = visible[..] else {
            let columns = if visible.len() == 1 { "column" } else { "columns" };
            return Err(err!(
                SYNTAX_ERROR,
                "assignment source returned {} {columns}",
                visible.len()
            ));
        };
        let value = std::mem::replace(&mut query.target_list[at].expr, Self::int4_const(0));
        let (source, location) = (value.typ(), value.location());
        let mut value = if !indirection.is_empty() {
            let assigned =
                AssignTarget { name: s.name.clone(), is_subscript: false, typ, typmod, collation };
            self.transform_assignment_indirection(
                Some(target),
                assigned,
                indirection,
                value,
                CoercionContext::Plpgsql,
                location,
            )?
        } else if typ != source && self.type_is_rowtype(typ)? && self.type_is_rowtype(source)? {
            // PL/pgSQL converts rows itself.
            value
        } else {
            self.plassign_value(value, &s.name, typ, typmod)?
        };
        self.assign_expr_collations(&mut value)?;
        query.target_list[at].expr = value;
        Ok(query)
    }

    fn plassign_value(
        &mut self,
        value: Expr,
        name: &str,
        typ: types::Oid,
        typmod: i32,
    ) -> PgResult<Expr> {
        let (source, location) = (value.typ(), value.location());
        let coerced = self.coerce_to_target_type(
            value,
            source,
            typ,
            typmod,
            CoercionContext::Plpgsql,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        match coerced {
            Some(value) => Ok(value),
            None => Err(err!(
                DATATYPE_MISMATCH,
                "variable \"{name}\" is of type {} but expression is of type {}",
                self.format_type(typ)?,
                self.format_type(source)?
            )
            .hint("You will need to rewrite or cast the expression.")
            .at(location)),
        }
    }
}
