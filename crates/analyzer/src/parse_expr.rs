//! Raw expressions to typed ones.
use crate::parse_param::domain_value;
use crate::parse_relation::bare_range_var;
use crate::parse_state::{Analyzer, ExprKind};
use crate::parse_target::name_list;
use error::{PgError, PgResult, bail, err};
use nodes::{
    ArrayExpr, BoolExpr, BoolExprType, BooleanTest, CoercionContext, CoercionForm, CollateExpr,
    Expr, MinMaxExpr, NamedArgExpr, NullTest, SQLValueFunction, SQLValueFunctionOp,
};
use parser::ast::{self, Indirection};
use types::{Oid, type_oid as t};

impl Analyzer<'_> {
    /// Analyses an expression standing in a clause of this kind.
    pub fn transform_expr(&mut self, raw: &ast::Expr, kind: ExprKind) -> PgResult<Expr> {
        let saved = std::mem::replace(&mut self.ps_mut().expr_kind, kind);
        let result = self.transform_expr_recurse(raw);
        self.ps_mut().expr_kind = saved;
        result
    }

    pub(crate) fn transform_expr_recurse(&mut self, raw: &ast::Expr) -> PgResult<Expr> {
        error::check_stack_depth()?;
        use ast::Expr as E;
        match raw {
            E::ColumnRef(c) => self.transform_column_ref(c),
            E::ParamRef(p) => self.transform_param_ref(p),
            E::AConst(c) => self.make_const(c),
            E::AIndirection(ind) => self.transform_indirection(ind),
            E::AArrayExpr(a) => self.transform_array_expr(a, Oid::INVALID, Oid::INVALID, -1),
            E::TypeCast(c) => self.transform_type_cast(c),
            E::CollateClause(c) => self.transform_collate_clause(c),
            E::AExpr(e) => self.transform_a_expr(e),
            E::BoolExpr(b) => self.transform_bool_expr(b),
            E::FuncCall(f) => self.transform_func_call(f),
            E::NamedArgExpr(n) => {
                let arg = self.transform_expr_recurse(&n.arg)?;
                Ok(Expr::NamedArgExpr(Box::new(NamedArgExpr {
                    arg,
                    name: n.name.clone(),
                    argnumber: -1,
                    location: n.location,
                })))
            }
            E::MultiAssignRef(m) => self.transform_multi_assign_ref(m),
            E::GroupingFunc(g) => self.transform_grouping_func(g),
            E::MergeSupportFunc(m) => self.transform_merge_support_func(m.location),
            E::SubLink(s) => self.transform_sublink(s),
            E::CaseExpr(c) => self.transform_case(c),
            E::RowExpr(r) => self.transform_row_expr(r, false),
            E::CoalesceExpr(c) => self.transform_coalesce(c),
            E::MinMaxExpr(m) => self.transform_min_max(m),
            E::SQLValueFunction(f) => self.transform_sql_value_function(f),
            E::XmlExpr(x) => self.transform_xml_expr(x),
            E::XmlSerialize(x) => self.transform_xml_serialize(x),
            E::NullTest(n) => self.transform_null_test(n),
            E::BooleanTest(b) => self.transform_boolean_test(b),
            E::CurrentOfExpr(c) => self.transform_current_of(c),
            E::SetToDefault(d) => {
                Err(err!(SYNTAX_ERROR, "DEFAULT is not allowed in this context").at(d.location))
            }
            E::GroupingSet(g) => {
                Err(err!(SYNTAX_ERROR, "grouping set is not allowed in this context")
                    .at(g.location))
            }
            E::JsonIsPredicate(x) => self.transform_json_is_predicate(x),
            E::JsonFuncExpr(x) => self.transform_json_func_expr(x),
            E::JsonParseExpr(x) => self.transform_json_parse_expr(x),
            E::JsonScalarExpr(x) => self.transform_json_scalar_expr(x),
            E::JsonSerializeExpr(x) => self.transform_json_serialize_expr(x),
            E::JsonObjectConstructor(x) => self.transform_json_object_constructor(x),
            E::JsonArrayConstructor(x) => self.transform_json_array_constructor(x),
            E::JsonArrayQueryConstructor(x) => self.transform_json_array_query(x),
            E::JsonObjectAgg(x) => self.transform_json_object_agg(x),
            E::JsonArrayAgg(x) => self.transform_json_array_agg(x),
        }
    }

    fn transform_column_ref(&mut self, c: &ast::ColumnRef) -> PgResult<Expr> {
        match self.ps().expr_kind {
            ExprKind::ColumnDefault => {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "cannot use column reference in DEFAULT expression"
                )
                .at(c.location));
            }
            ExprKind::PartitionBound => {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "cannot use column reference in partition bound expression"
                )
                .at(c.location));
            }
            ExprKind::DomainCheck => {
                if let Some(value) = domain_value(self.ps(), c) {
                    return Ok(value);
                }
            }
            _ => {}
        }
        if c.star && c.fields.is_empty() {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "row expansion via \"*\" is not supported here"
            )
            .at(c.location));
        }
        if let Some(hooks) = self.hooks {
            if let Some(expr) = hooks.pre_column_ref(c)? {
                return Ok(expr);
            }
        }
        let found = self.lookup_column_ref(c);
        if let Some(hooks) = self.hooks {
            let seen = found.as_ref().ok();
            if let Some(expr) = hooks.post_column_ref(c, seen)? {
                if seen.is_some() {
                    return Err(err!(
                        AMBIGUOUS_COLUMN,
                        "column reference \"{}\" is ambiguous",
                        name_list(c)
                    )
                    .at(c.location));
                }
                return Ok(expr);
            }
        }
        if found.is_err() {
            if let Some(field) = self.hook_field(c)? {
                return Ok(field);
            }
        }
        found
    }

    /// `variable.field` of a procedural language's composite variable.
    fn hook_field(&mut self, c: &ast::ColumnRef) -> PgResult<Option<Expr>> {
        let (Some(hooks), Some((field, prefix)), false) =
            (self.hooks, c.fields.split_last(), c.star)
        else {
            return Ok(None);
        };
        if prefix.is_empty() {
            return Ok(None);
        }
        let name = ast::ColumnRef { fields: prefix.to_vec(), star: false, location: c.location };
        let Some(variable) = hooks.post_column_ref(&name, None)? else { return Ok(None) };
        let last_srf = self.ps().srf_count;
        let names = [field.clone()];
        self.parse_func_or_column(&names, vec![variable], last_srf, None, false, c.location)
    }

    /// The query's own meaning of a name.
    fn lookup_column_ref(&mut self, c: &ast::ColumnRef) -> PgResult<Expr> {
        let location = c.location;
        if c.star {
            return self.lookup_whole_row(c);
        }
        let (schema, rel, column) = match c.fields.as_slice() {
            [column] => return self.lookup_bare_column(column, location),
            [rel, column] => (None, rel.as_str(), column.as_str()),
            [schema, rel, column] => (Some(schema.as_str()), rel.as_str(), column.as_str()),
            [catalog, schema, rel, column] => {
                if *catalog != self.session.database_name() {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "cross-database references are not implemented: {}",
                        name_list(c)
                    )
                    .at(location));
                }
                (Some(schema.as_str()), rel.as_str(), column.as_str())
            }
            _ => {
                return Err(err!(
                    SYNTAX_ERROR,
                    "improper qualified name (too many dotted names): {}",
                    name_list(c)
                )
                .at(location));
            }
        };
        let Some((item, levels_up)) = self.refname_nsitem(schema, rel, location)? else {
            return Err(self.missing_rte(&bare_range_var(schema, rel, location))?);
        };
        if let Some(var) = self.scan_nsitem_for_column(&item, levels_up, column, location)? {
            return Ok(var);
        }
        // Not a column: perhaps a function of the whole row.
        let row = self.transform_whole_row_ref(&item, levels_up, location)?;
        let last_srf = self.ps().srf_count;
        let names = [column.to_owned()];
        match self.parse_func_or_column(&names, vec![row], last_srf, None, false, location)? {
            Some(expr) => Ok(expr),
            None => Err(self.missing_column(Some(rel), column, location)),
        }
    }

    /// `t.*` where a single value is wanted: the whole row.
    fn lookup_whole_row(&mut self, c: &ast::ColumnRef) -> PgResult<Expr> {
        let location = c.location;
        let (schema, rel) = match c.fields.as_slice() {
            [rel] => (None, rel.as_str()),
            [schema, rel] => (Some(schema.as_str()), rel.as_str()),
            [catalog, schema, rel] => {
                if *catalog != self.session.database_name() {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "cross-database references are not implemented: {}",
                        name_list(c)
                    )
                    .at(location));
                }
                (Some(schema.as_str()), rel.as_str())
            }
            _ => {
                return Err(err!(
                    SYNTAX_ERROR,
                    "improper qualified name (too many dotted names): {}",
                    name_list(c)
                )
                .at(location));
            }
        };
        match self.refname_nsitem(schema, rel, location)? {
            Some((item, levels_up)) => self.transform_whole_row_ref(&item, levels_up, location),
            None => Err(self.missing_rte(&bare_range_var(schema, rel, location))?),
        }
    }

    fn lookup_bare_column(&mut self, column: &str, location: i32) -> PgResult<Expr> {
        if let Some(var) = self.col_name_to_var(column, false, location)? {
            return Ok(var);
        }
        // A table's name means its whole row.
        if let Some((item, levels_up)) = self.refname_nsitem(None, column, location)? {
            return self.transform_whole_row_ref(&item, levels_up, location);
        }
        Err(self.missing_column(None, column, location))
    }

    fn transform_indirection(&mut self, ind: &ast::AIndirection) -> PgResult<Expr> {
        let mut last_srf = self.ps().srf_count;
        let mut result = self.transform_expr_recurse(&ind.arg)?;
        let location = result.location();
        let mut subscripts: Vec<&ast::AIndices> = Vec::new();
        for step in &ind.indirection {
            match step {
                Indirection::Indices(indices) => subscripts.push(indices),
                Indirection::Star => {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "row expansion via \"*\" is not supported here"
                    )
                    .at(location));
                }
                Indirection::Field(name) => {
                    if !subscripts.is_empty() {
                        result = self.subscript(result, &std::mem::take(&mut subscripts))?;
                    }
                    let names = [name.clone()];
                    let arg = result.clone();
                    let found = self.parse_func_or_column(
                        &names,
                        vec![arg],
                        last_srf,
                        None,
                        false,
                        location,
                    )?;
                    last_srf = self.ps().srf_count;
                    result = match found {
                        Some(expr) => expr,
                        None => return Err(self.unknown_attribute(&result, name, location)?),
                    };
                }
            }
        }
        if !subscripts.is_empty() {
            result = self.subscript(result, &subscripts)?;
        }
        Ok(result)
    }

    fn subscript(&mut self, container: Expr, subscripts: &[&ast::AIndices]) -> PgResult<Expr> {
        let (typ, typmod) = (container.typ(), container.typmod());
        let sbsref =
            self.transform_container_subscripts(container, typ, typmod, subscripts, false)?;
        Ok(Expr::SubscriptingRef(Box::new(sbsref)))
    }

    fn unknown_attribute(&self, arg: &Expr, name: &str, location: i32) -> PgResult<PgError> {
        if let Expr::Var(v) = arg {
            if v.varattno == nodes::WHOLE_ROW_ATTNO {
                let rte = &self.level(v.varlevelsup).rtable[(v.varno - 1) as usize];
                return Ok(err!(
                    UNDEFINED_COLUMN,
                    "column {}.{name} does not exist",
                    rte.eref.aliasname
                )
                .at(location));
            }
        }
        let typ = arg.typ();
        Ok(if self.is_complex(typ)? {
            err!(
                UNDEFINED_COLUMN,
                "column \"{name}\" not found in data type {}",
                self.format_type(typ)?
            )
        } else if typ == t::RECORD {
            err!(UNDEFINED_COLUMN, "could not identify column \"{name}\" in record data type")
        } else {
            err!(
                WRONG_OBJECT_TYPE,
                "column notation .{name} applied to type {}, which is not a composite type",
                self.format_type(typ)?
            )
        }
        .at(location))
    }

    fn transform_func_call(&mut self, f: &ast::FuncCall) -> PgResult<Expr> {
        let last_srf = self.ps().srf_count;
        let mut args = Vec::with_capacity(f.args.len());
        for arg in &f.args {
            args.push(self.transform_expr_recurse(arg)?);
        }
        // WITHIN GROUP's columns are arguments too.
        if f.agg_within_group {
            for sort in &f.agg_order {
                args.push(self.transform_expr(&sort.node, ExprKind::OrderBy)?);
            }
        }
        match self.parse_func_or_column(&f.funcname, args, last_srf, Some(f), false, f.location)? {
            Some(expr) => Ok(expr),
            None => Err(PgError::internal("function call resolved to nothing")),
        }
    }

    fn transform_bool_expr(&mut self, b: &ast::BoolExpr) -> PgResult<Expr> {
        let (boolop, name) = match b.boolop {
            ast::BoolExprType::And => (BoolExprType::And, "AND"),
            ast::BoolExprType::Or => (BoolExprType::Or, "OR"),
            ast::BoolExprType::Not => (BoolExprType::Not, "NOT"),
        };
        let mut args = Vec::with_capacity(b.args.len());
        for arg in &b.args {
            let arg = self.transform_expr_recurse(arg)?;
            args.push(self.coerce_to_boolean(arg, name)?);
        }
        Ok(Expr::BoolExpr(Box::new(BoolExpr { boolop, args, location: b.location })))
    }

    fn transform_type_cast(&mut self, c: &ast::TypeCast) -> PgResult<Expr> {
        let (target, typmod) = self.typename_oid_and_typmod(&c.type_name)?;
        let expr = match &c.arg {
            // An array constructor builds the target's elements right away.
            ast::Expr::AArrayExpr(array) => {
                let (base, base_typmod) = self.base_type_and_typmod(target, typmod)?;
                let elem = self.element_type(base)?;
                if elem.is_valid() {
                    self.transform_array_expr(array, base, elem, base_typmod)?
                } else {
                    self.transform_expr_recurse(&c.arg)?
                }
            }
            arg => self.transform_expr_recurse(arg)?,
        };
        let input = expr.typ();
        if !input.is_valid() {
            return Ok(expr);
        }
        let location = if c.location >= 0 { c.location } else { c.type_name.location };
        let arg_location = expr.location();
        let coerced = self.coerce_to_target_type(
            expr,
            input,
            target,
            typmod,
            CoercionContext::Explicit,
            CoercionForm::ExplicitCast,
            location,
        )?;
        coerced.map_or_else(
            || {
                let at = if location >= 0 { location } else { arg_location };
                Err(err!(
                    CANNOT_COERCE,
                    "cannot cast type {} to {}",
                    self.format_type(input)?,
                    self.format_type(target)?
                )
                .at(at))
            },
            Ok,
        )
    }

    fn transform_collate_clause(&mut self, c: &ast::CollateClause) -> PgResult<Expr> {
        let Some(arg) = &c.arg else {
            return Err(PgError::internal("COLLATE without argument"));
        };
        let arg = self.transform_expr_recurse(arg)?;
        let typ = arg.typ();
        if typ != t::UNKNOWN && !self.type_is_collatable(typ)? {
            return Err(err!(
                DATATYPE_MISMATCH,
                "collations are not supported by type {}",
                self.format_type(typ)?
            )
            .at(c.location));
        }
        let coll_oid = self.lookup_collation(&c.collname, c.location)?;
        Ok(Expr::CollateExpr(Box::new(CollateExpr { arg, coll_oid, location: c.location })))
    }

    /// ARRAY[…]; with an array type given, elements are converted to its element type.
    pub(crate) fn transform_array_expr(
        &mut self,
        a: &ast::AArrayExpr,
        array_type: Oid,
        element_type: Oid,
        typmod: i32,
    ) -> PgResult<Expr> {
        let mut multidims = false;
        let mut elements = Vec::with_capacity(a.elements.len());
        for raw in &a.elements {
            let element = match raw {
                ast::Expr::AArrayExpr(inner) => {
                    multidims = true;
                    self.transform_array_expr(inner, array_type, element_type, typmod)?
                }
                _ => {
                    let element = self.transform_expr_recurse(raw)?;
                    // Only arrays proper make another dimension.
                    let typ = element.typ();
                    let vector = matches!(typ, t::INT2VECTOR | t::OIDVECTOR);
                    if !multidims && !vector && self.element_type(typ)?.is_valid() {
                        multidims = true;
                    }
                    element
                }
            };
            elements.push(element);
        }
        let explicit = array_type.is_valid();
        let (coerce_type, array_typeid, element_typeid) = if explicit {
            (if multidims { array_type } else { element_type }, array_type, element_type)
        } else {
            if elements.is_empty() {
                return Err(err!(INDETERMINATE_DATATYPE, "cannot determine type of empty array")
                    .hint("Explicitly cast to the desired type, for example ARRAY[]::integer[].")
                    .at(a.location));
            }
            let (common, _) = self.select_common_type(&elements, Some("ARRAY"))?;
            if multidims {
                let elem = self.element_type(common)?;
                if !elem.is_valid() {
                    return Err(err!(
                        UNDEFINED_OBJECT,
                        "could not find element type for data type {}",
                        self.format_type(common)?
                    )
                    .at(a.location));
                }
                (common, common, elem)
            } else {
                let array = self.array_type(common)?;
                if !array.is_valid() {
                    return Err(err!(
                        UNDEFINED_OBJECT,
                        "could not find array type for data type {}",
                        self.format_type(common)?
                    )
                    .at(a.location));
                }
                (common, array, common)
            }
        };
        let mut coerced = Vec::with_capacity(elements.len());
        for element in elements {
            if !explicit {
                coerced.push(self.coerce_to_common_type(element, coerce_type, "ARRAY")?);
                continue;
            }
            let (typ, location) = (element.typ(), element.location());
            let converted = self.coerce_to_target_type(
                element,
                typ,
                coerce_type,
                typmod,
                CoercionContext::Explicit,
                CoercionForm::ExplicitCast,
                -1,
            )?;
            coerced.push(converted.map_or_else(
                || {
                    Err(err!(
                        CANNOT_COERCE,
                        "cannot cast type {} to {}",
                        self.format_type(typ)?,
                        self.format_type(coerce_type)?
                    )
                    .at(location))
                },
                Ok,
            )?);
        }
        Ok(Expr::ArrayExpr(Box::new(ArrayExpr {
            array_typeid,
            array_collid: Oid::INVALID,
            element_typeid,
            elements: coerced,
            multidims,
            location: a.location,
        })))
    }

    fn transform_min_max(&mut self, m: &ast::MinMaxExpr) -> PgResult<Expr> {
        let greatest = m.op == ast::MinMaxOp::Greatest;
        let name = if greatest { "GREATEST" } else { "LEAST" };
        let mut args = Vec::with_capacity(m.args.len());
        for arg in &m.args {
            args.push(self.transform_expr_recurse(arg)?);
        }
        let (typ, _) = self.select_common_type(&args, Some(name))?;
        let args = args
            .into_iter()
            .map(|arg| self.coerce_to_common_type(arg, typ, name))
            .collect::<PgResult<Vec<_>>>()?;
        Ok(Expr::MinMaxExpr(Box::new(MinMaxExpr {
            minmaxtype: typ,
            minmaxcollid: Oid::INVALID,
            inputcollid: Oid::INVALID,
            greatest,
            args,
            location: m.location,
        })))
    }

    fn transform_sql_value_function(&mut self, f: &ast::SQLValueFunction) -> PgResult<Expr> {
        use SQLValueFunctionOp as N;
        use ast::SQLValueFunctionOp as O;
        let (op, typ) = match f.op {
            O::CurrentDate => (N::CurrentDate, t::DATE),
            O::CurrentTime => (N::CurrentTime, t::TIMETZ),
            O::CurrentTimeN => (N::CurrentTimeN, t::TIMETZ),
            O::CurrentTimestamp => (N::CurrentTimestamp, t::TIMESTAMPTZ),
            O::CurrentTimestampN => (N::CurrentTimestampN, t::TIMESTAMPTZ),
            O::LocalTime => (N::Localtime, t::TIME),
            O::LocalTimeN => (N::LocaltimeN, t::TIME),
            O::LocalTimestamp => (N::Localtimestamp, t::TIMESTAMP),
            O::LocalTimestampN => (N::LocaltimestampN, t::TIMESTAMP),
            O::CurrentRole => (N::CurrentRole, t::NAME),
            O::CurrentUser => (N::CurrentUser, t::NAME),
            O::User => (N::User, t::NAME),
            O::SessionUser => (N::SessionUser, t::NAME),
            O::CurrentCatalog => (N::CurrentCatalog, t::NAME),
            O::CurrentSchema => (N::CurrentSchema, t::NAME),
        };
        let takes_precision = matches!(
            op,
            N::CurrentTimeN | N::CurrentTimestampN | N::LocaltimeN | N::LocaltimestampN
        );
        let typmod = if takes_precision { self.time_precision(f.typmod, typ)? } else { -1 };
        Ok(Expr::SQLValueFunction(SQLValueFunction { op, typ, typmod, location: f.location }))
    }

    fn time_precision(&self, precision: i32, typ: Oid) -> PgResult<i32> {
        const MAX: i32 = 6;
        if precision <= MAX {
            return Ok(precision);
        }
        let zone = if matches!(typ, t::TIMETZ | t::TIMESTAMPTZ) { " WITH TIME ZONE" } else { "" };
        let name = if matches!(typ, t::TIMETZ | t::TIME) { "TIME" } else { "TIMESTAMP" };
        self.session.notice(PgError::warning(
            error::SqlState::INVALID_PARAMETER_VALUE,
            format!("{name}({precision}){zone} precision reduced to maximum allowed, {MAX}"),
        ));
        Ok(MAX)
    }

    fn transform_null_test(&mut self, n: &ast::NullTest) -> PgResult<Expr> {
        let arg = self.transform_expr_recurse(&n.arg)?;
        let argisrow = self.type_is_rowtype(arg.typ())?;
        Ok(Expr::NullTest(Box::new(NullTest {
            arg,
            is_null: n.nulltesttype == ast::NullTestType::IsNull,
            argisrow,
            location: n.location,
        })))
    }

    fn transform_boolean_test(&mut self, b: &ast::BooleanTest) -> PgResult<Expr> {
        use ast::BoolTestType as B;
        use nodes::BoolTestType as N;
        let (booltesttype, name) = match b.booltesttype {
            B::IsTrue => (N::IsTrue, "IS TRUE"),
            B::IsNotTrue => (N::IsNotTrue, "IS NOT TRUE"),
            B::IsFalse => (N::IsFalse, "IS FALSE"),
            B::IsNotFalse => (N::IsNotFalse, "IS NOT FALSE"),
            B::IsUnknown => (N::IsUnknown, "IS UNKNOWN"),
            B::IsNotUnknown => (N::IsNotUnknown, "IS NOT UNKNOWN"),
        };
        let arg = self.transform_expr_recurse(&b.arg)?;
        let arg = self.coerce_to_boolean(arg, name)?;
        Ok(Expr::BooleanTest(Box::new(BooleanTest { arg, booltesttype, location: b.location })))
    }

    fn transform_current_of(&mut self, c: &ast::CurrentOfExpr) -> PgResult<Expr> {
        let cvarno = match &self.ps().target_nsitem {
            Some(item) => item.rtindex,
            None => {
                bail!(SYNTAX_ERROR, "WHERE CURRENT OF is not allowed in this context")
            }
        };
        let mut expr = nodes::CurrentOfExpr {
            cvarno,
            cursor_name: Some(c.cursor_name.clone()),
            cursor_param: 0,
        };
        // In a procedural language the name may be a variable that holds the cursor.
        if let Some(hooks) = self.hooks {
            let name = ast::ColumnRef {
                fields: vec![c.cursor_name.clone()],
                star: false,
                location: c.location,
            };
            let found = match hooks.pre_column_ref(&name)? {
                Some(found) => Some(found),
                None => hooks.post_column_ref(&name, None)?,
            };
            if let Some(Expr::Param(p)) = found {
                if p.kind == nodes::ParamKind::Extern && p.paramtype == t::REFCURSOR {
                    expr.cursor_name = None;
                    expr.cursor_param = p.paramid;
                }
            }
        }
        Ok(Expr::CurrentOfExpr(expr))
    }

    fn transform_merge_support_func(&mut self, location: i32) -> PgResult<Expr> {
        let allowed = self.levels.iter().any(|l| l.expr_kind == ExprKind::MergeReturning);
        if !allowed {
            return Err(err!(
                SYNTAX_ERROR,
                "MERGE_ACTION() can only be used in the RETURNING list of a MERGE command"
            )
            .at(location));
        }
        // A column of the MERGE's result that the executor fills: kept as a parameterless marker.
        let up = self
            .levels
            .iter()
            .rev()
            .position(|l| l.expr_kind == ExprKind::MergeReturning)
            .unwrap_or(0);
        if up > 0 {
            return Err(error::not_supported!("MERGE_ACTION() inside a subquery"));
        }
        Ok(Expr::Param(nodes::Param {
            kind: nodes::ParamKind::Exec,
            paramid: MERGE_ACTION_PARAM,
            paramtype: t::TEXT,
            paramtypmod: -1,
            paramcollid: Oid(100),
            location,
        }))
    }
}

/// `Param{Exec}` id that stands for MERGE_ACTION() before planning.
pub const MERGE_ACTION_PARAM: i32 = -1;
