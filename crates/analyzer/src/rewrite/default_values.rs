//! Default expressions of columns.
use crate::parse_state::Analyzer;
use catalog::rows::{Attribute, RelationDesc};
use error::{PgError, PgResult, bail};
use nodes::{CoercionContext, CoercionForm, Expr, NextValueExpr};
use types::Oid;

impl Analyzer<'_> {
    /// A column's default: its sequence, its own default, or its type's.
    pub fn build_column_default(
        &mut self,
        relation: &RelationDesc,
        attr: &Attribute,
    ) -> PgResult<Option<Expr>> {
        if attr.identity != '\0' && attr.identity != ' ' {
            let seqid =
                self.catalog.identity_sequence(relation.oid, attr.num)?.ok_or_else(|| {
                    PgError::internal(format!(
                        "no owned sequence found for column \"{}\" of \"{}\"",
                        attr.name, relation.name
                    ))
                })?;
            return Ok(Some(Expr::NextValueExpr(NextValueExpr { seqid, type_id: attr.typ })));
        }
        let expr = match (&attr.default, attr.generated) {
            (Some(default), _) => Some((**default).clone()),
            // A generated column's expression is not a default.
            (None, generated) if generated != '\0' && generated != ' ' => None,
            (None, _) => self.type_default(attr.typ)?,
        };
        let Some(expr) = expr else { return Ok(None) };
        let source = expr.typ();
        let coerced = self.coerce_to_target_type(
            expr,
            source,
            attr.typ,
            attr.typmod,
            CoercionContext::Assignment,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        match coerced {
            Some(expr) => Ok(Some(expr)),
            None => bail!(
                DATATYPE_MISMATCH,
                "column \"{}\" is of type {} but default expression is of type {}",
                attr.name,
                self.format_type(attr.typ)?,
                self.format_type(source)?
            ),
        }
    }

    /// A domain's default.
    pub fn type_default(&mut self, typ: Oid) -> PgResult<Option<Expr>> {
        let row = self.catalog.get_type(typ)?;
        if let Some(stored) = &row.default_bin {
            return nodes::stored::from_stored(stored).map(Some);
        }
        let Some(text) = &row.default else { return Ok(None) };
        let (base, typmod) = self.base_type_and_typmod(typ, -1)?;
        let value = self.session.type_input(base, typmod, text)?;
        Ok(Some(Expr::Const(nodes::Const {
            consttype: typ,
            consttypmod: -1,
            constcollid: row.collation,
            value,
            phys: row.phys,
            location: -1,
        })))
    }

    /// NULL of a column's type, passed through its domain's checks.
    pub fn null_to_domain(&mut self, typ: Oid, typmod: i32, collation: Oid) -> PgResult<Expr> {
        let (base, base_typmod) = self.base_type_and_typmod(typ, typmod)?;
        let null = self.null_const(base, base_typmod, collation)?;
        if base == typ {
            return Ok(null);
        }
        self.coerce_to_domain(
            null,
            base,
            base_typmod,
            typ,
            CoercionContext::Implicit,
            CoercionForm::ImplicitCast,
            -1,
            false,
        )
    }
}
