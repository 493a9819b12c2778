//! Function calls and column notation (`f(x)`, `x.f`).
use crate::parse_func_candidates::{CandidateOptions, FuncDetail};
use crate::parse_state::{Analyzer, ExprKind};
use catalog::rows::PgProc;
use error::{PgError, PgResult, err};
use nodes::{ArrayExpr, CoercionContext, CoercionForm, Expr, FieldSelect, FuncExpr};
use parser::ast;
use types::{Oid, type_oid as t};

const FUNC_MAX_ARGS: usize = 100;
const SRF_HINT: &str =
    "You might be able to move the set-returning function into a LATERAL FROM item.";

/// A column of a composite result.
#[derive(Clone, Debug)]
pub(crate) struct ResultColumn {
    /// Empty for a dropped column.
    pub name: String,
    pub typ: Oid,
    pub typmod: i32,
    pub collation: Oid,
}

/// What shape a function's result has.
#[derive(Clone, Debug)]
pub(crate) enum ResultShape {
    Scalar,
    /// A named composite type (or a domain over one), or OUT parameters.
    Composite(Vec<ResultColumn>),
    /// `record` without OUT parameters.
    Record,
    /// A pseudo-type that is no value.
    Other,
}

/// A resolved call, before its node is built.
pub(crate) struct ResolvedCall<'f> {
    pub call: &'f ast::FuncCall,
    pub proc: std::sync::Arc<PgProc>,
    pub args: Vec<Expr>,
    pub argnames_used: bool,
    pub rettype: Oid,
    pub variadic: bool,
    pub filter: Option<Expr>,
    pub last_srf: u32,
    pub location: i32,
}

impl Analyzer<'_> {
    /// A call as errors print it: `f(integer, x => text)`.
    pub(crate) fn func_signature(
        &self,
        names: &[String],
        argnames: &[&str],
        argtypes: &[Oid],
    ) -> PgResult<String> {
        let positional = argtypes.len() - argnames.len();
        let mut args = Vec::with_capacity(argtypes.len());
        for (i, typ) in argtypes.iter().enumerate() {
            let name = self.format_type(*typ)?;
            args.push(match i.checked_sub(positional) {
                Some(named) => format!("{} => {name}", argnames[named]),
                None => name,
            });
        }
        Ok(format!("{}({})", names.join("."), args.join(", ")))
    }

    /// Resolves a call (`call` given) or column notation (`None`: then `Ok(None)` if there is neither
    /// such a column nor function).
    pub(crate) fn parse_func_or_column(
        &mut self,
        names: &[String],
        mut args: Vec<Expr>,
        last_srf: u32,
        call: Option<&ast::FuncCall>,
        proc_call: bool,
        location: i32,
    ) -> PgResult<Option<Expr>> {
        let filter = match call.and_then(|c| c.agg_filter.as_ref()) {
            Some(filter) => Some(self.transform_where(filter, ExprKind::Filter, "FILTER")?),
            None => None,
        };
        if args.len() > FUNC_MAX_ARGS {
            return Err(too_many_arguments(location));
        }
        let mut actual: Vec<Oid> = args.iter().map(Expr::typ).collect();
        if let Some(call) = call {
            // An argument of type void can only be a PL/pgSQL null parameter.
            if !call.agg_within_group {
                self.drop_void_params(&mut args, &mut actual);
            }
        }
        let argnames: Vec<String> = check_argument_names(&args)?;
        let argname_refs: Vec<&str> = argnames.iter().map(String::as_str).collect();
        let is_plain = call.is_none_or(|c| {
            c.agg_order.is_empty()
                && c.agg_filter.is_none()
                && !c.agg_star
                && !c.agg_distinct
                && c.over.is_none()
                && !c.func_variadic
        });
        let could_be_projection = args.len() == 1
            && !proc_call
            && is_plain
            && argnames.is_empty()
            && names.len() == 1
            && (actual[0] == t::RECORD || self.is_complex(actual[0])?);
        if could_be_projection && call.is_none() {
            if let Some(field) = self.parse_complex_projection(&names[0], &args[0], location)? {
                return Ok(Some(field));
            }
        }
        let options = CandidateOptions {
            expand_variadic: !call.is_some_and(|c| c.func_variadic),
            expand_defaults: true,
            include_out: proc_call,
        };
        let detail = self
            .func_get_detail(names, &args, &argname_refs, &actual, options)
            .map_err(|e| e.at_if_unset(location))?;
        let signature = |this: &Self| this.func_signature(names, &argname_refs, &actual);
        match detail {
            FuncDetail::Coercion(target) => {
                if proc_call {
                    return Err(not_a_procedure(signature(self)?, location));
                }
                if let Some(call) = call {
                    reject_aggregate_syntax(call, location)?;
                }
                let arg = args.pop().expect("invariant: a coercion has one argument");
                self.coerce_type(
                    arg,
                    actual[0],
                    target,
                    -1,
                    CoercionContext::Explicit,
                    CoercionForm::ExplicitCall,
                    location,
                )
                .map(Some)
            }
            FuncDetail::Multiple if call.is_none() => Ok(None),
            FuncDetail::Multiple => {
                let kind = if proc_call { "procedure" } else { "function" };
                Err(err!(AMBIGUOUS_FUNCTION, "{kind} {} is not unique", signature(self)?)
                    .hint(format!(
                        "Could not choose a best candidate {kind}. You might need to add explicit \
                         type casts."
                    ))
                    .at(location))
            }
            FuncDetail::NotFound => {
                let Some(call) = call else { return Ok(None) };
                if could_be_projection {
                    if let Some(field) =
                        self.parse_complex_projection(&names[0], &args[0], location)?
                    {
                        return Ok(Some(field));
                    }
                }
                Err(function_not_found(call, proc_call, &signature(self)?, location))
            }
            FuncDetail::Found { proc, candidate, defaults } => {
                if proc_call && proc.kind != 'p' {
                    return Err(not_a_procedure(signature(self)?, location));
                }
                if proc.kind == 'p' && !proc_call {
                    return Err(err!(WRONG_OBJECT_TYPE, "{} is a procedure", signature(self)?)
                        .hint("To call a procedure, use CALL.")
                        .at(location));
                }
                let empty;
                let call = match call {
                    Some(call) => call,
                    None => {
                        empty = bare_call(names, location);
                        &empty
                    }
                };
                if let Some(numbers) = &candidate.argnumbers {
                    for (arg, number) in args.iter_mut().zip(numbers) {
                        if let Expr::NamedArgExpr(named) = arg {
                            named.argnumber = *number as i32;
                        }
                    }
                }
                let mut declared = candidate.args.clone();
                match proc.kind {
                    'a' => self.check_aggregate_call(
                        call,
                        &proc,
                        &candidate,
                        &mut args,
                        &mut actual,
                        &mut declared,
                        &argname_refs,
                        location,
                    )?,
                    'w' => check_window_function_call(call, location)?,
                    _ => reject_aggregate_syntax(call, location)?,
                }
                let used_names = !argnames.is_empty();
                for default in defaults {
                    actual.push(default.typ());
                    // With named arguments the planner finds the places of defaults itself.
                    if !used_names {
                        args.push(default);
                    }
                }
                let rettype = self
                    .enforce_generic_type_consistency(&actual, &mut declared, proc.rettype, false)
                    .map_err(|e| e.at_if_unset(-1))?;
                self.make_fn_arguments(&mut args, &actual, &declared)?;
                let variadic = self.fold_variadic(&mut args, &candidate, &proc, call)?;
                let resolved = ResolvedCall {
                    call,
                    proc,
                    args,
                    argnames_used: used_names,
                    rettype,
                    variadic,
                    filter,
                    last_srf,
                    location,
                };
                self.build_call(resolved).map(Some)
            }
        }
    }

    fn drop_void_params(&self, args: &mut Vec<Expr>, actual: &mut Vec<Oid>) {
        let is_void = |e: &Expr| matches!(e, Expr::Param(p) if p.paramtype == t::VOID);
        if args.iter().any(is_void) {
            args.retain(|e| !is_void(e));
            *actual = args.iter().map(Expr::typ).collect();
        }
    }

    /// Collects expanded VARIADIC arguments into an array; says whether the last argument is one.
    fn fold_variadic(
        &mut self,
        args: &mut Vec<Expr>,
        candidate: &crate::parse_func_candidates::Candidate,
        proc: &PgProc,
        call: &ast::FuncCall,
    ) -> PgResult<bool> {
        if candidate.nvargs > 0 && proc.variadic != t::ANY {
            let elements = args.split_off(args.len() - candidate.nvargs);
            let element_typeid = elements[0].typ();
            let location = elements.iter().map(Expr::location).find(|l| *l >= 0).unwrap_or(-1);
            let array_typeid = self.array_type(element_typeid)?;
            if !array_typeid.is_valid() {
                return Err(err!(
                    UNDEFINED_OBJECT,
                    "could not find array type for data type {}",
                    self.format_type(element_typeid)?
                )
                .at(location));
            }
            args.push(Expr::ArrayExpr(Box::new(ArrayExpr {
                array_typeid,
                array_collid: Oid::INVALID,
                element_typeid,
                elements,
                multidims: false,
                location,
            })));
            return Ok(true);
        }
        if call.func_variadic && proc.variadic == t::ANY {
            if let Some(last) = args.last() {
                if !self.base_element_type(last.typ())?.is_valid() {
                    return Err(err!(DATATYPE_MISMATCH, "VARIADIC argument must be an array")
                        .at(last.location()));
                }
            }
        }
        Ok(call.func_variadic)
    }

    fn build_call(&mut self, resolved: ResolvedCall<'_>) -> PgResult<Expr> {
        let location = resolved.location;
        let retset = resolved.proc.retset;
        match resolved.proc.kind {
            'a' if resolved.call.over.is_none() => return self.build_aggregate(resolved),
            'a' | 'w' => return self.build_window_func(resolved),
            _ => {}
        }
        if retset {
            self.check_srf_call_placement(resolved.last_srf, location)?;
        }
        let funcformat = match resolved.call.funcformat {
            ast::CoercionForm::ExplicitCall => CoercionForm::ExplicitCall,
            ast::CoercionForm::ExplicitCast => CoercionForm::ExplicitCast,
            ast::CoercionForm::ImplicitCast => CoercionForm::ImplicitCast,
            ast::CoercionForm::SqlSyntax => CoercionForm::SqlSyntax,
        };
        let expr = Expr::FuncExpr(Box::new(FuncExpr {
            funcid: resolved.proc.oid,
            funcresulttype: resolved.rettype,
            funcretset: retset,
            funcvariadic: resolved.variadic,
            funcformat,
            funccollid: Oid::INVALID,
            inputcollid: Oid::INVALID,
            args: resolved.args,
            location,
        }));
        if retset {
            let at = expr.location();
            let ps = self.ps_mut();
            ps.srf_count += 1;
            ps.last_srf_location = at;
        }
        Ok(expr)
    }

    /// Converts a call's arguments to the declared types.
    pub(crate) fn make_fn_arguments(
        &mut self,
        args: &mut [Expr],
        actual: &[Oid],
        declared: &[Oid],
    ) -> PgResult<()> {
        for ((arg, actual), declared) in args.iter_mut().zip(actual).zip(declared) {
            if actual == declared {
                continue;
            }
            let slot = match arg {
                Expr::NamedArgExpr(named) => &mut named.arg,
                other => other,
            };
            let taken = std::mem::replace(slot, Expr::CurrentOfExpr(placeholder()));
            *slot = self.coerce_type(
                taken,
                *actual,
                *declared,
                -1,
                CoercionContext::Implicit,
                CoercionForm::ImplicitCast,
                -1,
            )?;
        }
        Ok(())
    }

    /// `x.name` or `name(x)` for a composite `x`; `None` if it has no such column.
    pub(crate) fn parse_complex_projection(
        &mut self,
        name: &str,
        arg: &Expr,
        location: i32,
    ) -> PgResult<Option<Expr>> {
        if let Expr::Var(v) = arg {
            if v.varattno == nodes::WHOLE_ROW_ATTNO {
                if let Some(item) = self.nsitem_of_var(v) {
                    let levels = v.varlevelsup;
                    return self.scan_nsitem_for_column(&item, levels, name, location);
                }
            }
        }
        let Some(columns) = self.expr_result_columns(arg)? else { return Ok(None) };
        for (i, column) in columns.iter().enumerate() {
            if !column.name.is_empty() && column.name == name {
                return Ok(Some(Expr::FieldSelect(Box::new(FieldSelect {
                    arg: arg.clone(),
                    fieldnum: (i + 1) as i16,
                    resulttype: column.typ,
                    resulttypmod: column.typmod,
                    resultcollid: column.collation,
                }))));
            }
        }
        Ok(None)
    }

    /// Columns of a composite expression where they can be known; dropped ones have an empty name.
    pub(crate) fn expr_result_columns(&self, expr: &Expr) -> PgResult<Option<Vec<ResultColumn>>> {
        let typ = expr.typ();
        match expr {
            Expr::FuncExpr(f) => {
                let argtypes: Vec<Oid> = f.args.iter().map(Expr::typ).collect();
                return Ok(match self.function_result_shape(f.funcid, &argtypes, typ)? {
                    ResultShape::Composite(columns) => Some(columns),
                    _ => None,
                });
            }
            Expr::OpExpr(o) if typ == t::RECORD => {
                let argtypes: Vec<Oid> = o.args.iter().map(Expr::typ).collect();
                return Ok(match self.function_result_shape(o.opfuncid, &argtypes, typ)? {
                    ResultShape::Composite(columns) => Some(columns),
                    _ => None,
                });
            }
            Expr::RowExpr(r) if typ == t::RECORD => {
                return Ok(Some(
                    r.args
                        .iter()
                        .enumerate()
                        .map(|(i, arg)| ResultColumn {
                            name: match r.colnames.get(i) {
                                Some(name) => name.clone(),
                                None => format!("f{}", i + 1),
                            },
                            typ: arg.typ(),
                            typmod: arg.typmod(),
                            collation: arg.collation(),
                        })
                        .collect(),
                ));
            }
            Expr::Var(v) if typ == t::RECORD => return self.expand_record_variable(v),
            _ => {}
        }
        self.composite_columns(typ)
    }

    /// Columns of a named composite type.
    pub(crate) fn composite_columns(&self, typ: Oid) -> PgResult<Option<Vec<ResultColumn>>> {
        if typ == t::RECORD {
            return Ok(None);
        }
        Ok(self.composite_attrs(typ)?.map(|attrs| {
            attrs
                .iter()
                .map(|a| ResultColumn {
                    name: if a.dropped { String::new() } else { a.name.clone() },
                    typ: a.typ,
                    typmod: a.typmod,
                    collation: a.collation,
                })
                .collect()
        }))
    }

    /// The shape of a function's result for these argument types.
    pub(crate) fn function_result_shape(
        &self,
        funcid: Oid,
        argtypes: &[Oid],
        rettype: Oid,
    ) -> PgResult<ResultShape> {
        let proc = self.catalog.get_proc(funcid)?;
        if rettype == t::RECORD || proc.rettype == t::RECORD {
            if let Some(columns) = self.out_columns(&proc, argtypes)? {
                return Ok(ResultShape::Composite(columns));
            }
            return Ok(ResultShape::Record);
        }
        let row = self.catalog.get_type(rettype)?;
        Ok(match row.typtype {
            'c' => ResultShape::Composite(self.composite_columns(rettype)?.unwrap_or_default()),
            'd' if self.is_complex(rettype)? => {
                ResultShape::Composite(self.composite_columns(rettype)?.unwrap_or_default())
            }
            'p' if rettype != t::VOID && rettype != t::CSTRING => ResultShape::Other,
            _ => ResultShape::Scalar,
        })
    }

    /// The row that two or more OUT parameters make.
    fn out_columns(&self, proc: &PgProc, argtypes: &[Oid]) -> PgResult<Option<Vec<ResultColumn>>> {
        if proc.allargtypes.is_empty() || proc.argmodes.is_empty() {
            return Ok(None);
        }
        let mut columns = Vec::new();
        for (i, typ) in proc.allargtypes.iter().enumerate() {
            if !matches!(proc.argmodes[i], 'o' | 'b' | 't') {
                continue;
            }
            let mut declared = proc.argtypes.clone();
            let typ = if crate::base_types::is_polymorphic(*typ) {
                self.enforce_generic_type_consistency(
                    &argtypes[..argtypes.len().min(declared.len())],
                    &mut declared,
                    *typ,
                    false,
                )?
            } else {
                *typ
            };
            let name = match proc.argnames.get(i) {
                Some(name) if !name.is_empty() => name.clone(),
                _ => format!("column{}", columns.len() + 1),
            };
            columns.push(ResultColumn {
                name,
                typ,
                typmod: -1,
                collation: self.type_collation(typ)?,
            });
        }
        Ok(if columns.is_empty() { None } else { Some(columns) })
    }

    /// Whether a set-returning call is allowed here.
    pub(crate) fn check_srf_call_placement(
        &mut self,
        last_srf: u32,
        location: i32,
    ) -> PgResult<()> {
        use ExprKind::*;
        let kind = self.ps().expr_kind;
        let message = match kind {
            None | Other => return Ok(()),
            JoinOn | JoinUsing => "JOIN conditions",
            FromFunction => {
                if self.ps().srf_count != last_srf {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "set-returning functions must appear at top level of FROM"
                    )
                    .at(self.ps().last_srf_location));
                }
                return Ok(());
            }
            Policy => "policy expressions",
            WindowPartition | WindowOrder | SelectTarget | InsertTarget | OrderBy | GroupBy
            | DistinctOn | ValuesSingle => {
                self.ps_mut().has_target_srfs = true;
                return Ok(());
            }
            WindowFrameRange | WindowFrameRows | WindowFrameGroups => "window definitions",
            MergeWhen => "MERGE WHEN conditions",
            CheckConstraint | DomainCheck => "check constraints",
            ColumnDefault | FunctionDefault => "DEFAULT expressions",
            IndexExpression => "index expressions",
            IndexPredicate => "index predicates",
            StatsExpression => "statistics expressions",
            AlterColTransform => "transform expressions",
            ExecuteParameter => "EXECUTE parameters",
            TriggerWhen => "trigger WHEN conditions",
            PartitionBound => "partition bound",
            PartitionExpression => "partition key expressions",
            CallArgument => "CALL arguments",
            CopyWhere => "COPY FROM WHERE conditions",
            GeneratedColumn => "column generation expressions",
            other => other.name(),
        };
        Err(err!(FEATURE_NOT_SUPPORTED, "set-returning functions are not allowed in {message}")
            .at(location))
    }
}

/// Error for a set-returning call inside something that takes no sets.
pub(crate) fn srf_not_allowed(what: &str, location: i32) -> PgError {
    err!(FEATURE_NOT_SUPPORTED, "set-returning functions are not allowed in {what}")
        .hint(SRF_HINT)
        .at(location)
}

/// Error for a set-returning call inside an aggregate or window function.
pub(crate) fn srf_in_call(what: &str, location: i32) -> PgError {
    err!(FEATURE_NOT_SUPPORTED, "{what} function calls cannot contain set-returning function calls")
        .hint(SRF_HINT)
        .at(location)
}

pub(crate) fn placeholder() -> nodes::CurrentOfExpr {
    nodes::CurrentOfExpr { cvarno: 0, cursor_name: None, cursor_param: 0 }
}

fn bare_call(names: &[String], location: i32) -> ast::FuncCall {
    ast::FuncCall {
        funcname: names.to_vec(),
        args: Vec::new(),
        agg_order: Vec::new(),
        agg_filter: None,
        over: None,
        agg_within_group: false,
        agg_star: false,
        agg_distinct: false,
        func_variadic: false,
        funcformat: ast::CoercionForm::ExplicitCall,
        location,
    }
}

fn too_many_arguments(location: i32) -> PgError {
    err!(TOO_MANY_ARGUMENTS, "cannot pass more than {FUNC_MAX_ARGS} arguments to a function")
        .at(location)
}

/// Names of named arguments, which must be distinct and come last.
fn check_argument_names(args: &[Expr]) -> PgResult<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for arg in args {
        match arg {
            Expr::NamedArgExpr(named) => {
                if names.contains(&named.name) {
                    return Err(err!(
                        SYNTAX_ERROR,
                        "argument name \"{}\" used more than once",
                        named.name
                    )
                    .at(named.location));
                }
                names.push(named.name.clone());
            }
            other if !names.is_empty() => {
                return Err(err!(SYNTAX_ERROR, "positional argument cannot follow named argument")
                    .at(other.location()));
            }
            _ => {}
        }
    }
    Ok(names)
}

fn not_a_procedure(signature: String, location: i32) -> PgError {
    err!(WRONG_OBJECT_TYPE, "{signature} is not a procedure")
        .hint("To call a function, use SELECT.")
        .at(location)
}

fn function_not_found(
    call: &ast::FuncCall,
    proc_call: bool,
    signature: &str,
    location: i32,
) -> PgError {
    let (kind, hint) = if call.agg_order.len() > 1 && !call.agg_within_group {
        (
            "function",
            "No aggregate function matches the given name and argument types. Perhaps you \
             misplaced ORDER BY; ORDER BY must appear after all regular arguments of the aggregate.",
        )
    } else if proc_call {
        (
            "procedure",
            "No procedure matches the given name and argument types. You might need to add \
             explicit type casts.",
        )
    } else {
        (
            "function",
            "No function matches the given name and argument types. You might need to add \
             explicit type casts.",
        )
    };
    err!(UNDEFINED_FUNCTION, "{kind} {signature} does not exist").hint(hint).at(location)
}

/// Plain functions take none of the clauses of aggregates.
fn reject_aggregate_syntax(call: &ast::FuncCall, location: i32) -> PgResult<()> {
    let name = call.funcname.join(".");
    let message = if call.agg_star {
        format!("{name}(*) specified, but {name} is not an aggregate function")
    } else if call.agg_distinct {
        format!("DISTINCT specified, but {name} is not an aggregate function")
    } else if call.agg_within_group {
        format!("WITHIN GROUP specified, but {name} is not an aggregate function")
    } else if !call.agg_order.is_empty() {
        format!("ORDER BY specified, but {name} is not an aggregate function")
    } else if call.agg_filter.is_some() {
        format!("FILTER specified, but {name} is not an aggregate function")
    } else if call.over.is_some() {
        format!("OVER specified, but {name} is not a window function nor an aggregate function")
    } else {
        return Ok(());
    };
    Err(err!(WRONG_OBJECT_TYPE, "{message}").at(location))
}

fn check_window_function_call(call: &ast::FuncCall, location: i32) -> PgResult<()> {
    let name = call.funcname.join(".");
    if call.over.is_none() {
        return Err(
            err!(WRONG_OBJECT_TYPE, "window function {name} requires an OVER clause").at(location)
        );
    }
    if call.agg_within_group {
        return Err(
            err!(WRONG_OBJECT_TYPE, "window function {name} cannot have WITHIN GROUP").at(location)
        );
    }
    Ok(())
}
