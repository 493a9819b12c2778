//! `$n` parameters, given or inferred, and VALUE of domain checks.
use crate::context::ParamTypes;
use crate::parse_state::{Analyzer, ParseState};
use error::{PgError, PgResult, err};
use nodes::{Expr, Param, ParamKind, Query};
use parser::ast;
use types::{Oid, type_oid as t};

const MAX_PARAM: i32 = 65535;

/// VALUE, if this is it.
pub(crate) fn domain_value(ps: &ParseState, c: &ast::ColumnRef) -> Option<Expr> {
    let value = ps.domain_value.as_ref()?;
    if c.fields.len() != 1 || c.star || c.fields[0] != "value" {
        return None;
    }
    let mut value = value.clone();
    value.location = c.location;
    Some(Expr::CoerceToDomainValue(value))
}

fn no_parameter(number: i32, location: i32) -> PgError {
    err!(UNDEFINED_PARAMETER, "there is no parameter ${number}").at(location)
}

impl Analyzer<'_> {
    pub(crate) fn transform_param_ref(&mut self, p: &ast::ParamRef) -> PgResult<Expr> {
        if let Some(hooks) = self.hooks {
            if let Some(expr) = hooks.param_ref(p)? {
                return Ok(expr);
            }
        }
        let (number, location) = (p.number, p.location);
        let paramtype = match &mut self.params {
            ParamTypes::None => return Err(no_parameter(number, location)),
            ParamTypes::Fixed(types) => {
                let index = usize::try_from(number - 1).ok();
                match index.and_then(|i| types.get(i)).filter(|typ| typ.is_valid()) {
                    Some(typ) => *typ,
                    None => return Err(no_parameter(number, location)),
                }
            }
            ParamTypes::Variable(types) => {
                if !(1..=MAX_PARAM).contains(&number) {
                    return Err(no_parameter(number, location));
                }
                let index = (number - 1) as usize;
                if types.len() <= index {
                    types.resize(index + 1, Oid::INVALID);
                }
                if !types[index].is_valid() {
                    types[index] = t::UNKNOWN;
                }
                // A void parameter means "not yet known" to PL/pgSQL; keep it.
                types[index]
            }
        };
        Ok(Expr::Param(Param {
            kind: ParamKind::Extern,
            paramid: number,
            paramtype,
            paramtypmod: -1,
            paramcollid: self.type_collation(paramtype)?,
            location,
        }))
    }

    /// Gives a parameter of unknown type the type its context wants.
    pub(crate) fn coerce_param(
        &mut self,
        p: &Param,
        target: Oid,
        location: i32,
    ) -> PgResult<Option<Expr>> {
        let number = p.paramid;
        let index = (number - 1) as usize;
        let ParamTypes::Variable(types) = &mut self.params else { return Ok(None) };
        let Some(known) = types.get_mut(index) else {
            return Err(no_parameter(number, p.location));
        };
        if *known == t::UNKNOWN {
            *known = target;
        } else if *known != target {
            let known = *known;
            return Err(err!(
                AMBIGUOUS_PARAMETER,
                "inconsistent types deduced for parameter ${number}"
            )
            .detail(format!("{} versus {}", self.format_type(known)?, self.format_type(target)?))
            .at(p.location));
        }
        let mut typed = p.clone();
        typed.paramtype = target;
        // Lengths are not inferred: another use might want another one.
        typed.paramtypmod = -1;
        typed.paramcollid = self.type_collation(target)?;
        // Blame the leftmost of literal and cast.
        if location >= 0 && (typed.location < 0 || location < typed.location) {
            typed.location = location;
        }
        Ok(Some(Expr::Param(typed)))
    }

    /// After analysis: every inferred parameter has one type, everywhere.
    pub(crate) fn check_variable_parameters(&self, query: &Query) -> PgResult<()> {
        let ParamTypes::Variable(types) = &self.params else { return Ok(()) };
        if types.is_empty() {
            return Ok(());
        }
        let mut failure = None;
        nodes::walk::visit_query_deep(query, 0, &mut |e, _| {
            let Expr::Param(p) = e else { return };
            if p.kind != ParamKind::Extern || failure.is_some() {
                return;
            }
            let known = types.get((p.paramid - 1) as usize).copied().unwrap_or(Oid::INVALID);
            if p.paramtype != known {
                failure = Some(
                    err!(
                        AMBIGUOUS_PARAMETER,
                        "could not determine data type of parameter ${}",
                        p.paramid
                    )
                    .at(p.location),
                );
            }
        });
        failure.map_or(Ok(()), Err)
    }
}

/// Raises for a parameter whose type nothing determined (at the end of PREPARE and Parse).
pub fn check_all_parameters_known(types: &[Oid]) -> PgResult<()> {
    for (i, typ) in types.iter().enumerate() {
        if !typ.is_valid() || *typ == t::UNKNOWN {
            return Err(err!(
                INDETERMINATE_DATATYPE,
                "could not determine data type of parameter ${}",
                i + 1
            ));
        }
    }
    Ok(())
}
