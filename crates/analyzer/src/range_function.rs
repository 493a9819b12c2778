//! Functions in FROM.
use crate::column_name::figure_colname;
use crate::parse_agg::locate_var_of_level;
use crate::parse_func::{ResultColumn, ResultShape};
use crate::parse_state::{Analyzer, ExprKind, NsItem};
use crate::table_alias::{ColumnLists, build_relation_aliases, node_alias};
use error::{PgResult, bail, err};
use nodes::{Alias, Expr, RangeTblEntry, RangeTblFunction, RteKind};
use parser::ast;
use types::{Oid, type_oid as t};

/// One function call in FROM, analysed.
struct FromFunction<'a> {
    expr: Expr,
    name: String,
    coldefs: &'a [ast::ColumnDef],
}

impl Analyzer<'_> {
    pub(crate) fn transform_range_function(&mut self, r: &ast::RangeFunction) -> PgResult<NsItem> {
        self.ps_mut().lateral_active = true;
        let mut functions = Vec::with_capacity(r.functions.len());
        for item in &r.functions {
            self.transform_from_function(item, &mut functions)?;
            if !item.coldeflist.is_empty() && !r.coldeflist.is_empty() {
                return Err(err!(
                    SYNTAX_ERROR,
                    "multiple column definition lists are not allowed for the same function"
                )
                .at(r.coldeflist[0].location));
            }
        }
        self.ps_mut().lateral_active = false;
        for function in &mut functions {
            self.assign_expr_collations(&mut function.expr)?;
        }
        if let Some(first) = r.coldeflist.first() {
            if functions.len() != 1 {
                return Err(if r.is_rowsfrom {
                    err!(
                        SYNTAX_ERROR,
                        "ROWS FROM() with multiple functions cannot have a column definition list"
                    )
                    .hint(
                        "Put a separate column definition list for each function inside ROWS FROM().",
                    )
                } else {
                    err!(
                        SYNTAX_ERROR,
                        "UNNEST() with multiple arguments cannot have a column definition list"
                    )
                    .hint(
                        "Use separate UNNEST() calls inside ROWS FROM(), and attach a column \
                         definition list to each one.",
                    )
                }
                .at(first.location));
            }
            if r.ordinality {
                return Err(err!(
                    SYNTAX_ERROR,
                    "WITH ORDINALITY cannot be used with a column definition list"
                )
                .hint("Put the column definition list inside ROWS FROM().")
                .at(first.location));
            }
            functions[0].coldefs = &r.coldeflist;
        }
        let lateral =
            r.lateral || functions.iter().any(|f| locate_var_of_level(&f.expr, 0).is_some());
        self.add_rte_for_functions(functions, r, lateral)
    }

    fn transform_from_function<'a>(
        &mut self,
        item: &'a ast::RangeFunctionItem,
        out: &mut Vec<FromFunction<'a>>,
    ) -> PgResult<()> {
        // unnest(a, b, …) means one unnest for each argument, side by side.
        if let ast::Expr::FuncCall(call) = &item.func {
            if call.funcname.len() == 1
                && call.funcname[0] == "unnest"
                && call.args.len() > 1
                && call.agg_order.is_empty()
                && call.agg_filter.is_none()
                && call.over.is_none()
                && !call.agg_star
                && !call.agg_distinct
                && !call.func_variadic
                && item.coldeflist.is_empty()
            {
                for arg in &call.args {
                    let mut single = (**call).clone();
                    single.funcname = vec!["pg_catalog".to_owned(), "unnest".to_owned()];
                    single.args = vec![arg.clone()];
                    let raw = ast::Expr::FuncCall(Box::new(single));
                    let expr = self.transform_top_level_function(&raw)?;
                    out.push(FromFunction { expr, name: "unnest".to_owned(), coldefs: &[] });
                }
                return Ok(());
            }
        }
        let expr = self.transform_top_level_function(&item.func)?;
        let name = figure_colname(&item.func);
        out.push(FromFunction { expr, name, coldefs: &item.coldeflist });
        Ok(())
    }

    /// The function itself may return a set, nothing inside it.
    fn transform_top_level_function(&mut self, raw: &ast::Expr) -> PgResult<Expr> {
        let before = self.ps().srf_count;
        let expr = self.transform_expr(raw, ExprKind::FromFunction)?;
        if self.ps().srf_count != before && !expr.returns_set() {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "set-returning functions must appear at top level of FROM"
            )
            .at(self.ps().last_srf_location));
        }
        Ok(expr)
    }

    fn add_rte_for_functions(
        &mut self,
        functions: Vec<FromFunction<'_>>,
        r: &ast::RangeFunction,
        lateral: bool,
    ) -> PgResult<NsItem> {
        let alias = r.alias.as_ref().map(node_alias);
        let aliasname = alias.as_ref().map_or(&functions[0].name, |a| &a.aliasname).clone();
        let mut eref = Alias { aliasname, colnames: Vec::new() };
        let nfuncs = functions.len();
        let mut columns: Vec<ResultColumn> = Vec::new();
        let mut rtfuncs = Vec::with_capacity(nfuncs);
        for function in functions {
            let (own, rtfunc) = self.function_columns(function, alias.as_ref(), nfuncs)?;
            columns.extend(own);
            rtfuncs.push(rtfunc);
        }
        if r.ordinality {
            columns.push(ResultColumn {
                name: "ordinality".to_owned(),
                typ: t::INT8,
                typmod: -1,
                collation: Oid::INVALID,
            });
        }
        if (nfuncs > 1 || r.ordinality) && columns.len() > 1664 {
            bail!(TOO_MANY_COLUMNS, "functions in FROM can return at most 1664 columns");
        }
        let names: Vec<(&str, bool)> =
            columns.iter().map(|c| (c.name.as_str(), c.name.is_empty())).collect();
        build_relation_aliases(&names, alias.as_ref(), &mut eref)?;
        let rte = RangeTblEntry {
            kind: RteKind::Function { functions: rtfuncs, funcordinality: r.ordinality },
            alias,
            eref,
            lateral,
            inh: false,
            in_from_cl: true,
            security_quals: Vec::new(),
        };
        let rtindex = self.push_rte(rte);
        let mut lists = ColumnLists::default();
        for column in &columns {
            lists.push(column.typ, column.typmod, column.collation);
        }
        let mut item = self.nsitem_from_lists(rtindex, &lists);
        let ns_columns = std::rc::Rc::make_mut(&mut item.columns);
        for (ns, column) in ns_columns.iter_mut().zip(&columns) {
            if column.name.is_empty() {
                *ns = crate::parse_state::NsColumn::default();
            }
        }
        Ok(item)
    }

    /// Columns that one function of FROM contributes.
    fn function_columns(
        &mut self,
        function: FromFunction<'_>,
        alias: Option<&Alias>,
        nfuncs: usize,
    ) -> PgResult<(Vec<ResultColumn>, RangeTblFunction)> {
        let FromFunction { expr, name, coldefs } = function;
        let shape = self.result_shape_in_from(&expr)?;
        let location = expr.location();
        if let Some(first) = coldefs.first() {
            let message = match &shape {
                ResultShape::Record => None,
                ResultShape::Composite(_) if expr.typ() == t::RECORD => {
                    Some("a column definition list is redundant for a function with OUT parameters")
                }
                ResultShape::Composite(_) => Some(
                    "a column definition list is redundant for a function returning a named \
                     composite type",
                ),
                _ => Some(
                    "a column definition list is only allowed for functions returning \"record\"",
                ),
            };
            if let Some(message) = message {
                return Err(err!(SYNTAX_ERROR, "{message}").at(first.location));
            }
        }
        let mut rtfunc = RangeTblFunction {
            funcexpr: expr,
            funccolcount: 0,
            funccolnames: Vec::new(),
            funccoltypes: Vec::new(),
            funccoltypmods: Vec::new(),
            funccolcollations: Vec::new(),
        };
        let columns = match shape {
            ResultShape::Composite(columns) => columns,
            ResultShape::Scalar => vec![ResultColumn {
                name: self.scalar_function_alias(&rtfunc.funcexpr, &name, alias, nfuncs)?,
                typ: rtfunc.funcexpr.typ(),
                typmod: rtfunc.funcexpr.typmod(),
                collation: rtfunc.funcexpr.collation(),
            }],
            ResultShape::Record if coldefs.is_empty() => {
                return Err(err!(
                    SYNTAX_ERROR,
                    "a column definition list is required for functions returning \"record\""
                )
                .at(location));
            }
            ResultShape::Record => self.defined_columns(coldefs, &mut rtfunc)?,
            ResultShape::Other => {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "function \"{name}\" in FROM has unsupported return type {}",
                    self.format_type(rtfunc.funcexpr.typ())?
                )
                .at(location));
            }
        };
        rtfunc.funccolcount = columns.len() as i32;
        Ok((columns, rtfunc))
    }

    fn result_shape_in_from(&self, expr: &Expr) -> PgResult<ResultShape> {
        let typ = expr.typ();
        match expr {
            Expr::FuncExpr(f) => {
                let argtypes: Vec<Oid> = f.args.iter().map(Expr::typ).collect();
                self.function_result_shape(f.funcid, &argtypes, typ)
            }
            _ => {
                if let Some(columns) = self.expr_result_columns(expr)? {
                    return Ok(ResultShape::Composite(columns));
                }
                if typ == t::RECORD {
                    return Ok(ResultShape::Record);
                }
                let row = self.catalog.get_type(typ)?;
                Ok(if row.typtype == 'p' && typ != t::VOID && typ != t::CSTRING {
                    ResultShape::Other
                } else {
                    ResultShape::Scalar
                })
            }
        }
    }

    /// Name of a scalar function's column: its single OUT parameter's, the alias, or the function's.
    fn scalar_function_alias(
        &self,
        expr: &Expr,
        name: &str,
        alias: Option<&Alias>,
        nfuncs: usize,
    ) -> PgResult<String> {
        if let Expr::FuncExpr(f) = expr {
            let proc = self.catalog.get_proc(f.funcid)?;
            let mut outs = proc
                .argmodes
                .iter()
                .enumerate()
                .filter(|(_, mode)| matches!(mode, 'o' | 'b' | 't'));
            if let (Some((i, _)), None) = (outs.next(), outs.next()) {
                if let Some(out) = proc.argnames.get(i).filter(|n| !n.is_empty()) {
                    return Ok(out.clone());
                }
            }
        }
        Ok(match alias {
            Some(alias) if nfuncs == 1 => alias.aliasname.clone(),
            _ => name.to_owned(),
        })
    }

    fn defined_columns(
        &mut self,
        coldefs: &[ast::ColumnDef],
        rtfunc: &mut RangeTblFunction,
    ) -> PgResult<Vec<ResultColumn>> {
        let mut columns: Vec<ResultColumn> = Vec::with_capacity(coldefs.len());
        for def in coldefs {
            let Some(type_name) = &def.type_name else {
                return Err(
                    err!(SYNTAX_ERROR, "column \"{}\" has no type", def.colname).at(def.location)
                );
            };
            if type_name.setof {
                return Err(err!(
                    INVALID_TABLE_DEFINITION,
                    "column \"{}\" cannot be declared SETOF",
                    def.colname
                )
                .at(def.location));
            }
            let (typ, typmod) = self.typename_type(type_name)?;
            let collation =
                self.column_def_collation(def.coll_clause.as_ref(), &typ, def.location)?;
            if typ.typtype == 'p' && !matches!(typ.oid, t::RECORD | t::RECORD_ARRAY) {
                bail!(
                    INVALID_TABLE_DEFINITION,
                    "column \"{}\" has pseudo-type {}",
                    def.colname,
                    self.format_type(typ.oid)?
                );
            }
            if columns.iter().any(|c| c.name == def.colname) {
                bail!(DUPLICATE_COLUMN, "column name \"{}\" specified more than once", def.colname);
            }
            rtfunc.funccolnames.push(def.colname.clone());
            rtfunc.funccoltypes.push(typ.oid);
            rtfunc.funccoltypmods.push(typmod);
            rtfunc.funccolcollations.push(collation);
            columns.push(ResultColumn {
                name: def.colname.clone(),
                typ: typ.oid,
                typmod,
                collation,
            });
        }
        Ok(columns)
    }
}
