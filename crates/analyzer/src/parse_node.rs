//! Constants and subscripts.
use crate::parse_state::{Analyzer, ExprKind};
use error::{PgResult, bail, err, not_supported};
use nodes::{CoercionContext, CoercionForm, Const, Expr, SubscriptingRef};
use parser::ast::{self, AConst, ConstValue};
use types::{Datum, Oid, PhysType, type_oid as t};

const MAXDIM: usize = 6;

impl Analyzer<'_> {
    /// A literal as a constant: integers by size, strings as `unknown`.
    pub(crate) fn make_const(&self, literal: &AConst) -> PgResult<Expr> {
        let (consttype, value, phys) = match &literal.val {
            ConstValue::Null => (t::UNKNOWN, Datum::Null, PhysType::Bytes),
            ConstValue::Integer(i) => (t::INT4, Datum::Int4(*i), PhysType::Int4),
            ConstValue::Boolean(b) => (t::BOOL, Datum::Bool(*b), PhysType::Bool),
            ConstValue::String(s) => (t::UNKNOWN, Datum::text(s), PhysType::Bytes),
            ConstValue::Float(digits) => match digits.parse::<i64>() {
                Ok(v) => match i32::try_from(v) {
                    Ok(v) => (t::INT4, Datum::Int4(v), PhysType::Int4),
                    Err(_) => (t::INT8, Datum::Int8(v), PhysType::Int8),
                },
                Err(_) => {
                    let value = self
                        .session
                        .type_input(t::NUMERIC, -1, digits)
                        .map_err(|e| e.at_if_unset(literal.location))?;
                    (t::NUMERIC, value, PhysType::Bytes)
                }
            },
            ConstValue::BitString(bits) => {
                let value = self
                    .session
                    .type_input(t::BIT, -1, bits)
                    .map_err(|e| e.at_if_unset(literal.location))?;
                (t::BIT, value, PhysType::Bytes)
            }
        };
        Ok(Expr::Const(Const {
            consttype,
            consttypmod: -1,
            constcollid: Oid::INVALID,
            value,
            phys,
            location: literal.location,
        }))
    }

    /// An int4 constant made by analysis itself.
    pub(crate) fn int4_const(value: i32) -> Expr {
        Expr::Const(Const {
            consttype: t::INT4,
            consttypmod: -1,
            constcollid: Oid::INVALID,
            value: Datum::Int4(value),
            phys: PhysType::Int4,
            location: -1,
        })
    }

    /// A bool constant made by analysis itself.
    pub(crate) fn bool_const(value: bool) -> Expr {
        Expr::Const(Const {
            consttype: t::BOOL,
            consttypmod: -1,
            constcollid: Oid::INVALID,
            value: Datum::Bool(value),
            phys: PhysType::Bool,
            location: -1,
        })
    }

    /// Looks through domains to the type whose subscripting applies; its typmod is the domain's.
    pub(crate) fn container_type(&self, typ: Oid, typmod: i32) -> PgResult<(Oid, i32)> {
        let (typ, typmod) = self.base_type_and_typmod(typ, typmod)?;
        // These act as arrays of their element type when subscripted.
        Ok(match typ {
            t::INT2VECTOR => (t::INT2_ARRAY, typmod),
            t::OIDVECTOR => (t::OID_ARRAY, typmod),
            _ => (typ, typmod),
        })
    }

    /// A subscripted fetch; for assignment `assign_to` fills in the source afterwards.
    pub(crate) fn transform_container_subscripts(
        &mut self,
        container: Expr,
        container_type: Oid,
        container_typmod: i32,
        indirection: &[&ast::AIndices],
        is_assignment: bool,
    ) -> PgResult<SubscriptingRef> {
        let (container_type, container_typmod) = if is_assignment {
            (container_type, container_typmod)
        } else {
            self.container_type(container_type, container_typmod)?
        };
        let row = self.catalog.get_type(container_type)?;
        if !row.subscript.is_valid() {
            return Err(err!(
                DATATYPE_MISMATCH,
                "cannot subscript type {} because it does not support subscripting",
                self.format_type(container_type)?
            )
            .at(container.location()));
        }
        let is_slice = indirection.iter().any(|i| i.is_slice);
        let mut sbsref = SubscriptingRef {
            refcontainertype: container_type,
            refelemtype: row.elem,
            refrestype: Oid::INVALID,
            reftypmod: container_typmod,
            refcollid: Oid::INVALID,
            refupperindexpr: Vec::new(),
            reflowerindexpr: Vec::new(),
            refexpr: container,
            refassgnexpr: None,
        };
        if row.is_array() {
            self.array_subscripts(&mut sbsref, indirection, is_slice)?;
        } else if container_type == t::JSONB {
            self.jsonb_subscripts(&mut sbsref, indirection, is_slice)?;
        } else if row.elem.is_valid() && row.len > 0 {
            // Fixed-length array-like types: point, box, lseg, name, …
            self.array_subscripts(&mut sbsref, indirection, is_slice)?;
        } else {
            return Err(not_supported!(
                "subscripting of type {}",
                self.format_type(container_type)?
            ));
        }
        Ok(sbsref)
    }

    fn array_subscripts(
        &mut self,
        sbsref: &mut SubscriptingRef,
        indirection: &[&ast::AIndices],
        is_slice: bool,
    ) -> PgResult<()> {
        for index in indirection {
            if is_slice {
                let lower = match (&index.lidx, index.is_slice) {
                    (Some(lower), _) => Some(self.array_subscript(lower)?),
                    // In a slice, a lone subscript means 1:n.
                    (None, false) => Some(Self::int4_const(1)),
                    (None, true) => None,
                };
                sbsref.reflowerindexpr.push(lower);
            }
            let upper = match &index.uidx {
                Some(upper) => Some(self.array_subscript(upper)?),
                None => None,
            };
            sbsref.refupperindexpr.push(upper);
        }
        if sbsref.refupperindexpr.len() > MAXDIM {
            bail!(
                PROGRAM_LIMIT_EXCEEDED,
                "number of array dimensions ({}) exceeds the maximum allowed ({MAXDIM})",
                sbsref.refupperindexpr.len()
            );
        }
        sbsref.refrestype = if is_slice { sbsref.refcontainertype } else { sbsref.refelemtype };
        Ok(())
    }

    fn array_subscript(&mut self, index: &ast::Expr) -> PgResult<Expr> {
        let kind = self.ps().expr_kind;
        let expr = self.transform_expr(index, kind)?;
        let (typ, location) = (expr.typ(), expr.location());
        let coerced = self.coerce_to_target_type(
            expr,
            typ,
            t::INT4,
            -1,
            CoercionContext::Assignment,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        coerced.ok_or_else(|| {
            err!(DATATYPE_MISMATCH, "array subscript must have type integer").at(location)
        })
    }

    fn jsonb_subscripts(
        &mut self,
        sbsref: &mut SubscriptingRef,
        indirection: &[&ast::AIndices],
        is_slice: bool,
    ) -> PgResult<()> {
        for index in indirection {
            if is_slice {
                let blame = index.uidx.as_ref().or(index.lidx.as_ref());
                return Err(err!(DATATYPE_MISMATCH, "jsonb subscript does not support slices")
                    .at(blame.map_or(-1, ast::Expr::leftmost_location)));
            }
            let Some(upper) = &index.uidx else { continue };
            let kind: ExprKind = self.ps().expr_kind;
            let expr = self.transform_expr(upper, kind)?;
            let typ = expr.typ();
            let location = expr.location();
            let target = self.jsonb_subscript_type(typ, location)?;
            let coerced = self.coerce_type(
                expr,
                typ,
                target,
                -1,
                CoercionContext::Implicit,
                CoercionForm::ImplicitCast,
                -1,
            )?;
            sbsref.refupperindexpr.push(Some(coerced));
        }
        sbsref.refrestype = t::JSONB;
        sbsref.reftypmod = -1;
        Ok(())
    }

    /// int4 or text, whichever the subscript can become (text if it is untyped).
    fn jsonb_subscript_type(&self, typ: Oid, location: i32) -> PgResult<Oid> {
        if typ == t::UNKNOWN {
            return Ok(t::TEXT);
        }
        let as_int = self.can_coerce(typ, t::INT4, CoercionContext::Implicit)?;
        let as_text = self.can_coerce(typ, t::TEXT, CoercionContext::Implicit)?;
        match (as_int, as_text) {
            (true, false) => Ok(t::INT4),
            (false, true) => Ok(t::TEXT),
            (true, true) => Err(err!(
                DATATYPE_MISMATCH,
                "subscript type {} is not supported",
                self.format_type(typ)?
            )
            .hint("jsonb subscript must be coercible to only one type, integer or text.")
            .at(location)),
            (false, false) => Err(err!(
                DATATYPE_MISMATCH,
                "subscript type {} is not supported",
                self.format_type(typ)?
            )
            .hint("jsonb subscript must be coercible to either integer or text.")
            .at(location)),
        }
    }
}
