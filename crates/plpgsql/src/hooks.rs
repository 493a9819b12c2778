//! What names in SQL mean: the variables of the function around it.
use crate::{
    ast::{Expr, Function, Resolve},
    exec::value::Variables,
    host::Plan,
    namespace::{self, NsKind},
};
use analyzer::ColumnRefHooks;
use error::{PgResult, err};
use nodes::{Param, ParamKind};
use parser::ast;
use std::{cell::RefCell, sync::Arc};
use types::Oid;

/// A variable that an expression reads, with the type it had when the expression was analysed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParamUse {
    pub(crate) dno: usize,
    /// A field of the record that `dno` is.
    pub(crate) field: Option<Arc<str>>,
    pub(crate) typ: Oid,
    pub(crate) typmod: i32,
}

/// An analysed expression and the variables it reads.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) plan: Plan,
    pub(crate) params: Vec<ParamUse>,
}

/// The names of one expression.
pub(crate) struct Names<'a> {
    pub(crate) f: &'a Function,
    pub(crate) expr: &'a Expr,
    pub(crate) vars: &'a Variables<'a>,
    pub(crate) used: RefCell<Vec<ParamUse>>,
}

impl Names<'_> {
    /// Types of the variables found so far.
    pub(crate) fn types(&self) -> Vec<Oid> {
        self.used.borrow().iter().map(|u| u.typ).collect()
    }

    fn param(&self, dno: usize, field: Option<&str>, location: i32) -> PgResult<nodes::Expr> {
        let (typ, typmod, collation) = self.vars.type_of(self.f, dno, field)?;
        let wanted = ParamUse { dno, field: field.map(Arc::from), typ, typmod };
        let mut used = self.used.borrow_mut();
        let at = match used.iter().position(|u| *u == wanted) {
            Some(at) => at,
            None => {
                used.push(wanted);
                used.len() - 1
            }
        };
        Ok(nodes::Expr::Param(Param {
            kind: ParamKind::Extern,
            paramid: at as i32 + 1,
            paramtype: typ,
            paramtypmod: typmod,
            paramcollid: collation,
            location,
        }))
    }

    /// The variable that a name means; a missing field is an error if the name means nothing else.
    fn resolve(&self, name: &ast::ColumnRef, strict: bool) -> PgResult<Option<nodes::Expr>> {
        let names: Vec<&str> = name.fields.iter().map(String::as_str).collect();
        if names.is_empty() || names.len() > 3 {
            return Ok(None);
        }
        let Some((kind, used)) = namespace::lookup(&self.expr.ns, false, &names) else {
            return Ok(None);
        };
        match kind {
            NsKind::Var(dno) if used == names.len() && !name.star => {
                self.param(dno, None, name.location).map(Some)
            }
            NsKind::Rec(dno) if used == names.len() => {
                self.param(dno, None, name.location).map(Some)
            }
            NsKind::Rec(rec) if used + 1 == names.len() && !name.star => {
                let field = names[used];
                match self.vars.has_field(self.f, rec, field)? {
                    true => self.param(rec, Some(field), name.location).map(Some),
                    false if strict => Err(err!(
                        UNDEFINED_COLUMN,
                        "record \"{}\" has no field \"{field}\"",
                        names[..used].last().copied().unwrap_or_default()
                    )
                    .at(name.location)),
                    false => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }
}

impl ColumnRefHooks for Names<'_> {
    fn pre_column_ref(&self, name: &ast::ColumnRef) -> PgResult<Option<nodes::Expr>> {
        match self.f.resolve {
            Resolve::Variable => self.resolve(name, false),
            _ => Ok(None),
        }
    }

    fn post_column_ref(
        &self,
        name: &ast::ColumnRef,
        column: Option<&nodes::Expr>,
    ) -> PgResult<Option<nodes::Expr>> {
        match self.f.resolve {
            Resolve::Variable => return Ok(None),
            Resolve::Column if column.is_some() => return Ok(None),
            _ => {}
        }
        let found = self.resolve(name, column.is_none())?;
        if column.is_some() && found.is_some() {
            return Err(err!(
                AMBIGUOUS_COLUMN,
                "column reference \"{}\" is ambiguous",
                name.fields.join(".")
            )
            .detail("It could refer to either a PL/pgSQL variable or a table column.")
            .at(name.location));
        }
        Ok(found)
    }

    fn param_ref(&self, param: &ast::ParamRef) -> PgResult<Option<nodes::Expr>> {
        let name = format!("${}", param.number);
        match namespace::lookup(&self.expr.ns, false, &[&name]) {
            Some((NsKind::Var(dno) | NsKind::Rec(dno), _)) => {
                self.param(dno, None, param.location).map(Some)
            }
            _ => Ok(None),
        }
    }
}
