//! SQL-standard bodies: RETURN and BEGIN ATOMIC, analysed when the function is made.
use crate::{UtilityContext, function::Parameters};
use analyzer::{AnalyzeContext, ColumnRefHooks, ParamTypes};
use catalog::CatalogRead;
use error::{PgResult, bail, not_supported};
use nodes::{Expr, Param, ParamKind, Query};
use parser::ast::{self, SqlBody, Stmt};
use types::{Oid, type_oid as t};

/// Lets the statements of a body name the function's arguments.
struct Arguments<'a> {
    function: &'a str,
    /// Name, type and collation of each input argument.
    inputs: &'a [(String, Oid, Oid)],
}

impl ColumnRefHooks for Arguments<'_> {
    fn post_column_ref(
        &self,
        name: &ast::ColumnRef,
        column: Option<&Expr>,
    ) -> PgResult<Option<Expr>> {
        if column.is_some() || name.star {
            return Ok(None);
        }
        let wanted = match name.fields.as_slice() {
            [name] => name,
            [function, name] if function == self.function => name,
            _ => return Ok(None),
        };
        let found = self.inputs.iter().position(|(n, ..)| !n.is_empty() && n == wanted);
        Ok(found.map(|i| {
            Expr::Param(Param {
                kind: ParamKind::Extern,
                paramid: i as i32 + 1,
                paramtype: self.inputs[i].1,
                paramtypmod: -1,
                paramcollid: self.inputs[i].2,
                location: name.location,
            })
        }))
    }
}

/// The queries of a body.
pub(crate) fn analyze(
    cx: &UtilityContext<'_>,
    name: &str,
    p: &Parameters,
    body: &SqlBody,
) -> PgResult<Vec<Query>> {
    for typ in &p.input {
        if cx.catalog.get_type(*typ)?.typtype == 'p' && *typ != t::RECORD {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "SQL function with unquoted function body cannot have polymorphic arguments"
            );
        }
    }
    let mut inputs = Vec::new();
    let is_input = |i: usize| !matches!(p.modes.get(i), Some('o' | 't'));
    let names: Vec<&String> =
        p.names.iter().enumerate().filter(|(i, _)| is_input(*i)).map(|(_, n)| n).collect();
    for (i, typ) in p.input.iter().enumerate() {
        let name = names.get(i).map(|n| (*n).clone()).unwrap_or_default();
        inputs.push((name, *typ, cx.catalog.get_type(*typ)?.collation));
    }
    let hooks = Arguments { function: name, inputs: &inputs };
    let statements: Vec<&Stmt> = match body {
        SqlBody::Return(stmt) => vec![stmt],
        SqlBody::Atomic(list) => list.iter().collect(),
    };
    let mut queries = Vec::with_capacity(statements.len());
    for stmt in statements {
        if !stmt.is_optimizable() && !matches!(stmt, Stmt::ReturnStmt(_)) {
            return Err(not_supported!("this statement in an unquoted SQL function body"));
        }
        let mut acx = AnalyzeContext {
            param_types: ParamTypes::Fixed(p.input.clone()),
            hooks: Some(&hooks),
            ..cx.analyze_context()
        };
        queries.push(analyzer::analyze_inner(&mut acx, stmt, false)?);
    }
    Ok(queries)
}
