//! Assignment to columns of INSERT and UPDATE, and to fields and elements inside them.
use crate::parse_relation::{add_column, system_attr};
use crate::parse_state::{Analyzer, ExprKind};
use catalog::rows::Attribute;
use error::{PgError, PgResult, err};
use nodes::{CaseTestExpr, CoercionContext, CoercionForm, Expr, FieldStore, TargetEntry, Var};
use parser::ast::{self, Indirection, ResTarget};
use types::{Oid, type_oid as t};

impl Analyzer<'_> {
    /// Column numbers that an INSERT's column list means (all insertable ones without a list).
    pub(crate) fn check_insert_targets(
        &self,
        cols: &[ResTarget],
    ) -> PgResult<Vec<(i16, ResTarget)>> {
        let relation = self.ps().target_relation.clone().ok_or_else(no_target)?;
        if cols.is_empty() {
            return Ok(relation
                .attrs
                .iter()
                .filter(|a| !a.dropped)
                .map(|a| {
                    let target = ResTarget {
                        name: Some(a.name.clone()),
                        indirection: Vec::new(),
                        val: None,
                        location: -1,
                    };
                    (a.num, target)
                })
                .collect());
        }
        let mut whole: Vec<i16> = Vec::new();
        let mut partial: Vec<i16> = Vec::new();
        let mut result = Vec::with_capacity(cols.len());
        for col in cols {
            let name = col.name.as_deref().unwrap_or_default();
            let Some(attr) = relation.attr_by_name(name) else {
                return Err(err!(
                    UNDEFINED_COLUMN,
                    "column \"{name}\" of relation \"{}\" does not exist",
                    relation.name
                )
                .at(col.location));
            };
            let duplicate = whole.contains(&attr.num)
                || col.indirection.is_empty() && partial.contains(&attr.num);
            if duplicate {
                return Err(err!(DUPLICATE_COLUMN, "column \"{name}\" specified more than once")
                    .at(col.location));
            }
            // col[1], col[2] and col.f may each be given.
            if col.indirection.is_empty() { &mut whole } else { &mut partial }.push(attr.num);
            result.push((attr.num, col.clone()));
        }
        Ok(result)
    }

    /// Converts a value to its target column's type, assigning inside it if there is indirection.
    pub(crate) fn transform_assigned_expr(
        &mut self,
        expr: Expr,
        kind: ExprKind,
        colname: &str,
        attno: i16,
        indirection: &[Indirection],
        location: i32,
    ) -> PgResult<Expr> {
        let saved = std::mem::replace(&mut self.ps_mut().expr_kind, kind);
        let result = self.assigned_expr(expr, colname, attno, indirection, location);
        self.ps_mut().expr_kind = saved;
        result
    }

    fn assigned_expr(
        &mut self,
        mut expr: Expr,
        colname: &str,
        attno: i16,
        indirection: &[Indirection],
        location: i32,
    ) -> PgResult<Expr> {
        let relation = self.ps().target_relation.clone().ok_or_else(no_target)?;
        if attno <= 0 {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "cannot assign to system column \"{colname}\""
            )
            .at(location));
        }
        let attr: &Attribute = relation
            .attr(attno)
            .ok_or_else(|| PgError::internal(format!("column {attno} of target is missing")))?;
        let (typ, typmod, collation) = (attr.typ, attr.typmod, attr.collation);
        if let Expr::SetToDefault(d) = &mut expr {
            d.type_id = typ;
            d.type_mod = typmod;
            d.collation = collation;
            match indirection.first() {
                None => return Ok(expr),
                Some(Indirection::Indices(_)) => {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "cannot set an array element to DEFAULT"
                    )
                    .at(location));
                }
                Some(_) => {
                    return Err(err!(FEATURE_NOT_SUPPORTED, "cannot set a subfield to DEFAULT")
                        .at(location));
                }
            }
        }
        let source_type = expr.typ();
        if !indirection.is_empty() {
            let container = if self.ps().is_insert {
                // Nothing to start from: assign into a NULL of the column's type.
                self.null_const(typ, typmod, collation)?
            } else {
                let rtindex = self.ps().target_nsitem.as_ref().map_or(0, |i| i.rtindex);
                Expr::Var(Var {
                    varno: rtindex,
                    varattno: attno,
                    vartype: typ,
                    vartypmod: typmod,
                    varcollid: collation,
                    varnullingrels: Vec::new(),
                    varlevelsup: 0,
                    varreturningtype: nodes::VarReturningType::Default,
                    varnosyn: rtindex,
                    varattnosyn: attno,
                    location,
                })
            };
            let target = AssignTarget {
                name: colname.to_owned(),
                is_subscript: false,
                typ,
                typmod,
                collation,
            };
            return self.transform_assignment_indirection(
                Some(container),
                target,
                indirection,
                expr,
                CoercionContext::Assignment,
                location,
            );
        }
        let value_location = expr.location();
        let coerced = self.coerce_to_target_type(
            expr,
            source_type,
            typ,
            typmod,
            CoercionContext::Assignment,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        coerced.map_or_else(
            || {
                Err(err!(
                    DATATYPE_MISMATCH,
                    "column \"{colname}\" is of type {} but expression is of type {}",
                    self.format_type(typ)?,
                    self.format_type(source_type)?
                )
                .hint("You will need to rewrite or cast the expression.")
                .at(value_location))
            },
            Ok,
        )
    }

    /// One step into a column that is partly assigned: a field, or one or more subscripts.
    pub(crate) fn transform_assignment_indirection(
        &mut self,
        base: Option<Expr>,
        target: AssignTarget,
        indirection: &[Indirection],
        rhs: Expr,
        ccontext: CoercionContext,
        location: i32,
    ) -> PgResult<Expr> {
        let base = match base {
            Some(base) => base,
            None => Expr::CaseTestExpr(CaseTestExpr {
                type_id: target.typ,
                type_mod: target.typmod,
                collation: target.collation,
                location: -1,
            }),
        };
        match indirection.first() {
            Some(Indirection::Star) => {
                Err(err!(FEATURE_NOT_SUPPORTED, "row expansion via \"*\" is not supported here")
                    .at(location))
            }
            Some(Indirection::Indices(_)) => {
                let count =
                    indirection.iter().take_while(|i| matches!(i, Indirection::Indices(_))).count();
                self.assign_subscripts(base, target, indirection, count, rhs, ccontext, location)
            }
            Some(Indirection::Field(field)) => {
                self.assign_field(base, target, field, &indirection[1..], rhs, ccontext, location)
            }
            None => self.assign_final(target, rhs, ccontext, location),
        }
    }

    fn assign_final(
        &mut self,
        target: AssignTarget,
        rhs: Expr,
        ccontext: CoercionContext,
        location: i32,
    ) -> PgResult<Expr> {
        let source = rhs.typ();
        let coerced = self.coerce_to_target_type(
            rhs,
            source,
            target.typ,
            target.typmod,
            ccontext,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        if let Some(coerced) = coerced {
            return Ok(coerced);
        }
        let (wanted, got) = (self.format_type(target.typ)?, self.format_type(source)?);
        let name = &target.name;
        Err(if target.is_subscript {
            err!(
                DATATYPE_MISMATCH,
                "subscripted assignment to \"{name}\" requires type {wanted} but expression is of \
                 type {got}"
            )
        } else {
            err!(
                DATATYPE_MISMATCH,
                "subfield \"{name}\" is of type {wanted} but expression is of type {got}"
            )
        }
        .hint("You will need to rewrite or cast the expression.")
        .at(location))
    }

    fn assign_field(
        &mut self,
        base: Expr,
        target: AssignTarget,
        field: &str,
        rest: &[Indirection],
        rhs: Expr,
        ccontext: CoercionContext,
        location: i32,
    ) -> PgResult<Expr> {
        let (base_type, base_typmod) = self.base_type_and_typmod(target.typ, target.typmod)?;
        let Some(attrs) = self.composite_attrs(base_type)? else {
            return Err(err!(
                DATATYPE_MISMATCH,
                "cannot assign to field \"{field}\" of column \"{}\" because its type {} is not a \
                 composite type",
                target.name,
                self.format_type(target.typ)?
            )
            .at(location));
        };
        let Some(attr) = attrs.iter().find(|a| !a.dropped && a.name == field) else {
            if system_attr(field).is_some() {
                return Err(err!(UNDEFINED_COLUMN, "cannot assign to system column \"{field}\"")
                    .at(location));
            }
            return Err(err!(
                UNDEFINED_COLUMN,
                "cannot assign to field \"{field}\" of column \"{}\" because there is no such \
                 column in data type {}",
                target.name,
                self.format_type(target.typ)?
            )
            .at(location));
        };
        let inner = AssignTarget {
            name: field.to_owned(),
            is_subscript: false,
            typ: attr.typ,
            typmod: attr.typmod,
            collation: attr.collation,
        };
        let value =
            self.transform_assignment_indirection(None, inner, rest, rhs, ccontext, location)?;
        let store = Expr::FieldStore(Box::new(FieldStore {
            arg: base,
            newvals: vec![value],
            fieldnums: vec![attr.num],
            resulttype: base_type,
        }));
        if base_type == target.typ {
            return Ok(store);
        }
        self.coerce_to_domain(
            store,
            base_type,
            base_typmod,
            target.typ,
            CoercionContext::Implicit,
            CoercionForm::ImplicitCast,
            location,
            false,
        )
    }

    fn assign_subscripts(
        &mut self,
        base: Expr,
        target: AssignTarget,
        indirection: &[Indirection],
        count: usize,
        rhs: Expr,
        ccontext: CoercionContext,
        location: i32,
    ) -> PgResult<Expr> {
        let indices: Vec<&ast::AIndices> = indirection[..count]
            .iter()
            .filter_map(|i| match i {
                Indirection::Indices(indices) => Some(&**indices),
                _ => None,
            })
            .collect();
        let (container, container_typmod) = self.container_type(target.typ, target.typmod)?;
        let mut sbsref =
            self.transform_container_subscripts(base, container, container_typmod, &indices, true)?;
        let needed = sbsref.refrestype;
        let needed_typmod = if sbsref.refcontainertype == t::JSONB { -1 } else { container_typmod };
        let inner = AssignTarget {
            name: target.name.clone(),
            is_subscript: true,
            typ: needed,
            typmod: needed_typmod,
            collation: self.type_collation(needed)?,
        };
        let value = self.transform_assignment_indirection(
            None,
            inner,
            &indirection[count..],
            rhs,
            ccontext,
            location,
        )?;
        sbsref.refassgnexpr = Some(value);
        sbsref.refrestype = sbsref.refcontainertype;
        sbsref.reftypmod = container_typmod;
        let result = Expr::SubscriptingRef(Box::new(sbsref));
        if container == target.typ {
            return Ok(result);
        }
        let source = result.typ();
        let coerced = self.coerce_to_target_type(
            result,
            source,
            target.typ,
            target.typmod,
            CoercionContext::Assignment,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        coerced.map_or_else(
            || {
                Err(err!(
                    CANNOT_COERCE,
                    "cannot cast type {} to {}",
                    self.format_type(source)?,
                    self.format_type(target.typ)?
                )
                .at(location))
            },
            Ok,
        )
    }

    /// Turns a SET item into an assignment to its column.
    pub(crate) fn update_target_entry(
        &mut self,
        target: &mut TargetEntry,
        colname: &str,
        attno: i16,
        indirection: &[Indirection],
        location: i32,
    ) -> PgResult<()> {
        let expr = std::mem::replace(&mut target.expr, Self::int4_const(0));
        target.expr = self.transform_assigned_expr(
            expr,
            ExprKind::UpdateTarget,
            colname,
            attno,
            indirection,
            location,
        )?;
        target.resno = attno;
        target.resname = Some(colname.to_owned());
        Ok(())
    }

    /// Notes that a column of the target table is written.
    pub(crate) fn mark_updated(&mut self, attno: i16) {
        let ps = self.ps_mut();
        if let Some(item) = &ps.target_nsitem {
            if item.perminfo > 0 {
                add_column(&mut ps.rteperminfos[(item.perminfo - 1) as usize].updated_cols, attno);
            }
        }
    }
}

/// What is being assigned to, at one step of indirection.
pub(crate) struct AssignTarget {
    pub name: String,
    pub is_subscript: bool,
    pub typ: Oid,
    pub typmod: i32,
    pub collation: Oid,
}

fn no_target() -> PgError {
    PgError::internal("statement has no target relation")
}
