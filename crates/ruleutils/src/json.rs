//! SQL/JSON expressions and JSON_TABLE.
use crate::constant::ShowType;
use crate::deparser::{DeparseContext, Deparser, VAR};
use crate::function_call::JsonAggregate;
use catalog::CatalogRead;
use catalog::quote_identifier;
use error::{PgError, PgResult};
use fmgr::FnContext;
use nodes::{
    Expr, JsonBehavior, JsonBehaviorType, JsonConstructorExpr, JsonConstructorType as Ctor,
    JsonEncoding, JsonExpr, JsonExprOp, JsonFormat, JsonFormatType, JsonIsPredicate, JsonReturning,
    JsonTablePathScan, JsonTablePlan, JsonValueType, JsonWrapper, TableFunc,
};
use types::type_oid as t;

/// Prints XMLTABLE or JSON_TABLE of a plan node.
pub fn deparse_table_func(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    tf: &TableFunc,
    cx: &DeparseContext<'_>,
) -> PgResult<String> {
    let mut d = Deparser::new(catalog, session, cx.pretty);
    d.resolver = cx.resolver;
    d.var_prefix = cx.force_prefix;
    d.table_func(tf, cx.show_implicit)?;
    Ok(d.buf)
}

impl Deparser<'_> {
    pub(crate) fn json_expr(&mut self, expr: &Expr, show_implicit: bool) -> PgResult<()> {
        match expr {
            Expr::JsonValueExpr(x) => {
                self.rule_expr(&x.raw_expr, false)?;
                self.json_format(&x.format);
                Ok(())
            }
            Expr::JsonConstructorExpr(x) => self.json_constructor(x),
            Expr::JsonIsPredicate(x) => self.is_json(x, expr),
            Expr::JsonExpr(x) => self.json_query(x, show_implicit),
            _ => Err(PgError::internal("not a SQL/JSON expression")),
        }
    }

    fn json_format(&mut self, format: &JsonFormat) {
        match format.format_type {
            JsonFormatType::Default => return,
            JsonFormatType::Json => self.put(" FORMAT JSON"),
            JsonFormatType::Jsonb => self.put(" FORMAT JSONB"),
        }
        match format.encoding {
            JsonEncoding::Default => {}
            JsonEncoding::Utf8 => self.put(" ENCODING UTF8"),
            JsonEncoding::Utf16 => self.put(" ENCODING UTF16"),
            JsonEncoding::Utf32 => self.put(" ENCODING UTF32"),
        }
    }

    fn json_returning(&mut self, r: &JsonReturning, json_by_default: bool) -> PgResult<()> {
        if !r.typid.is_valid() {
            return Ok(());
        }
        let name = self.type_name(r.typid, r.typmod)?;
        self.put(&format!(" RETURNING {name}"));
        let usual = match r.typid {
            t::JSONB => JsonFormatType::Jsonb,
            _ => JsonFormatType::Json,
        };
        if !json_by_default || r.format.format_type != usual {
            self.json_format(&r.format);
        }
        Ok(())
    }

    fn json_constructor(&mut self, x: &JsonConstructorExpr) -> PgResult<()> {
        let name = match x.ctor {
            Ctor::JsonObjectAgg => return self.json_aggregate(x, "JSON_OBJECTAGG"),
            Ctor::JsonArrayAgg => return self.json_aggregate(x, "JSON_ARRAYAGG"),
            Ctor::JsonObject => "JSON_OBJECT(",
            Ctor::JsonArray => "JSON_ARRAY(",
            Ctor::JsonParse => "JSON(",
            Ctor::JsonScalar => "JSON_SCALAR(",
            Ctor::JsonSerialize => "JSON_SERIALIZE(",
        };
        self.put(name);
        for (i, arg) in x.args.iter().enumerate() {
            if i > 0 {
                self.put(match x.ctor {
                    Ctor::JsonObject if i % 2 == 1 => " : ",
                    _ => ", ",
                });
            }
            self.rule_expr(arg, true)?;
        }
        self.json_constructor_options(x)?;
        self.put(")");
        Ok(())
    }

    fn json_constructor_options(&mut self, x: &JsonConstructorExpr) -> PgResult<()> {
        match (x.ctor, x.absent_on_null) {
            (Ctor::JsonObject | Ctor::JsonObjectAgg, true) => self.put(" ABSENT ON NULL"),
            (Ctor::JsonArray | Ctor::JsonArrayAgg, false) => self.put(" NULL ON NULL"),
            _ => {}
        }
        if x.unique {
            self.put(" WITH UNIQUE KEYS");
        }
        if !matches!(x.ctor, Ctor::JsonParse | Ctor::JsonScalar) {
            self.json_returning(&x.returning, true)?;
        }
        Ok(())
    }

    fn json_aggregate(&mut self, x: &JsonConstructorExpr, name: &'static str) -> PgResult<()> {
        let options = self.capture(|d| d.json_constructor_options(x))?;
        let json = JsonAggregate { name, options, object: x.ctor == Ctor::JsonObjectAgg };
        // A plan may compute the aggregate below: the Var leads to it.
        if let (Some(Expr::Var(v)), Some(resolver)) = (&x.func, self.resolver) {
            let mut text = None;
            let (catalog, session, pretty) = (self.catalog, self.session, self.pretty);
            let (prefix, windows) = (self.var_prefix, self.window_clause.clone());
            resolver.with_source(v, &mut |func, names| {
                let mut d = Deparser::new(catalog, session, pretty);
                d.resolver = Some(names);
                d.var_prefix = prefix;
                d.window_clause = windows.clone();
                d.json_aggregate_call(func, &json)?;
                text = Some(std::mem::take(&mut d.buf));
                Ok(())
            })?;
            if let Some(text) = text {
                self.put(&text);
                return Ok(());
            }
        }
        match &x.func {
            Some(func) => self.json_aggregate_call(func, &json),
            None => Err(PgError::internal("JSON aggregate without its function")),
        }
    }

    fn json_aggregate_call(&mut self, func: &Expr, json: &JsonAggregate) -> PgResult<()> {
        match func {
            Expr::Aggref(a) => self.aggref_as(a, Some(json)),
            Expr::WindowFunc(w) => self.window_func_as(w, Some(json)),
            other => self.rule_expr(other, false),
        }
    }

    fn is_json(&mut self, x: &JsonIsPredicate, parent: &Expr) -> PgResult<()> {
        self.open_paren();
        self.rule_expr_paren(&x.expr, true, parent)?;
        self.put(" IS JSON");
        self.put(match x.item_type {
            JsonValueType::Any => "",
            JsonValueType::Scalar => " SCALAR",
            JsonValueType::Array => " ARRAY",
            JsonValueType::Object => " OBJECT",
        });
        if x.unique_keys {
            self.put(" WITH UNIQUE KEYS");
        }
        self.close_paren();
        Ok(())
    }

    fn json_path_spec(&mut self, path: &Expr, show_implicit: bool) -> PgResult<()> {
        match path {
            Expr::Const(c) => self.constant(c, ShowType::Never),
            other => self.rule_expr(other, show_implicit),
        }
    }

    fn json_query(&mut self, x: &JsonExpr, show_implicit: bool) -> PgResult<()> {
        self.put(match x.op {
            JsonExprOp::Exists => "JSON_EXISTS(",
            JsonExprOp::Query => "JSON_QUERY(",
            JsonExprOp::Value => "JSON_VALUE(",
            JsonExprOp::Table => return Err(PgError::internal("JSON_TABLE outside of FROM")),
        });
        self.rule_expr(&x.formatted_expr, show_implicit)?;
        self.put(", ");
        self.json_path_spec(&x.path_spec, show_implicit)?;
        for (i, (name, value)) in x.passing_names.iter().zip(&x.passing_values).enumerate() {
            self.put(if i == 0 { " PASSING " } else { ", " });
            self.rule_expr(value, show_implicit)?;
            self.put(&format!(" AS {}", quote_identifier(name)));
        }
        if x.op != JsonExprOp::Exists || x.returning.typid != t::BOOL {
            self.json_returning(&x.returning, x.op == JsonExprOp::Query)?;
        }
        let default = match x.op {
            JsonExprOp::Exists => JsonBehaviorType::False,
            _ => JsonBehaviorType::Null,
        };
        self.json_query_options(x, default)?;
        self.put(")");
        Ok(())
    }

    fn json_query_options(&mut self, x: &JsonExpr, default: JsonBehaviorType) -> PgResult<()> {
        if x.op == JsonExprOp::Query {
            self.put(match x.wrapper {
                JsonWrapper::Conditional => " WITH CONDITIONAL WRAPPER",
                JsonWrapper::Unconditional => " WITH UNCONDITIONAL WRAPPER",
                JsonWrapper::None | JsonWrapper::Unspec => " WITHOUT WRAPPER",
            });
            self.put(if x.omit_quotes { " OMIT QUOTES" } else { " KEEP QUOTES" });
        }
        if let Some(b) = x.on_empty.as_ref().filter(|b| b.btype != default) {
            self.json_behavior(b, "EMPTY")?;
        }
        if let Some(b) = x.on_error.as_ref().filter(|b| b.btype != default) {
            self.json_behavior(b, "ERROR")?;
        }
        Ok(())
    }

    fn json_behavior(&mut self, b: &JsonBehavior, on: &str) -> PgResult<()> {
        self.put(match b.btype {
            JsonBehaviorType::Null => " NULL",
            JsonBehaviorType::Error => " ERROR",
            JsonBehaviorType::Empty => " EMPTY",
            JsonBehaviorType::True => " TRUE",
            JsonBehaviorType::False => " FALSE",
            JsonBehaviorType::Unknown => " UNKNOWN",
            JsonBehaviorType::EmptyArray => " EMPTY ARRAY",
            JsonBehaviorType::EmptyObject => " EMPTY OBJECT",
            JsonBehaviorType::Default => " DEFAULT ",
        });
        if let (JsonBehaviorType::Default, Some(expr)) = (b.btype, &b.expr) {
            self.rule_expr(expr, false)?;
        }
        self.put(&format!(" ON {on}"));
        Ok(())
    }

    /// XMLTABLE or JSON_TABLE.
    pub(crate) fn table_func(&mut self, tf: &TableFunc, show_implicit: bool) -> PgResult<()> {
        match (&tf.plan, &tf.docexpr) {
            (Some(JsonTablePlan::PathScan(root)), Expr::JsonExpr(x)) => {
                self.json_table(tf, x, root, show_implicit)
            }
            _ => self.xml_table(tf, show_implicit),
        }
    }

    fn indented(&mut self, f: impl FnOnce(&mut Self) -> PgResult<()>) -> PgResult<()> {
        let step = if self.pretty.indent { VAR } else { 0 };
        self.indent_level += step;
        let result = f(self);
        self.indent_level -= step;
        result
    }

    fn json_table(
        &mut self,
        tf: &TableFunc,
        x: &JsonExpr,
        root: &JsonTablePathScan,
        show_implicit: bool,
    ) -> PgResult<()> {
        self.put("JSON_TABLE(");
        self.indented(|d| {
            d.keyword("", 0, 0, 0);
            d.rule_expr(&x.formatted_expr, show_implicit)?;
            d.put(", ");
            d.constant(&root.path, ShowType::Never)?;
            d.put(&format!(" AS {}", quote_identifier(&root.name)));
            if !x.passing_values.is_empty() {
                d.put(" ");
                d.keyword("PASSING ", 0, 0, 0);
                d.indented(|d| d.json_table_passing(x))?;
            }
            d.json_table_columns(tf, root, show_implicit)?;
            match &x.on_error {
                Some(b) if b.btype != JsonBehaviorType::EmptyArray => d.json_behavior(b, "ERROR"),
                _ => Ok(()),
            }
        })?;
        self.keyword(")", 0, 0, 0);
        Ok(())
    }

    fn json_table_passing(&mut self, x: &JsonExpr) -> PgResult<()> {
        for (i, (name, value)) in x.passing_names.iter().zip(&x.passing_values).enumerate() {
            if i > 0 {
                self.put(", ");
            }
            self.keyword("", 0, 0, 0);
            self.rule_expr(value, false)?;
            self.put(&format!(" AS {}", quote_identifier(name)));
        }
        Ok(())
    }

    fn json_table_columns(
        &mut self,
        tf: &TableFunc,
        scan: &JsonTablePathScan,
        show_implicit: bool,
    ) -> PgResult<()> {
        self.put(" ");
        self.keyword("COLUMNS (", 0, 0, 0);
        self.indented(|d| {
            if scan.col_min >= 0 {
                for n in scan.col_min as usize..=scan.col_max as usize {
                    if n > scan.col_min as usize {
                        d.put(", ");
                    }
                    d.keyword("", 0, 0, 0);
                    d.json_table_column(tf, n, show_implicit)?;
                }
            }
            match &scan.child {
                Some(child) => d.json_table_nested(tf, child, show_implicit, scan.col_min >= 0),
                None => Ok(()),
            }
        })?;
        self.keyword(")", 0, 0, 0);
        Ok(())
    }

    fn json_table_column(&mut self, tf: &TableFunc, n: usize, show_implicit: bool) -> PgResult<()> {
        self.put(&quote_identifier(&tf.colnames[n]));
        let Some(Expr::JsonExpr(x)) = &tf.colvalexprs[n] else {
            self.put(" FOR ORDINALITY");
            return Ok(());
        };
        let name = self.type_name(tf.coltypes[n], tf.coltypmods[n])?;
        self.put(&format!(" {name}"));
        let mut default = JsonBehaviorType::Null;
        match x.op {
            JsonExprOp::Exists => {
                self.put(" EXISTS");
                default = JsonBehaviorType::False;
            }
            JsonExprOp::Query if self.catalog.get_type(tf.coltypes[n])?.category == 'S' => {
                self.put(match x.format.format_type {
                    JsonFormatType::Jsonb => " FORMAT JSONB",
                    _ => " FORMAT JSON",
                });
            }
            _ => {}
        }
        self.put(" PATH ");
        self.json_path_spec(&x.path_spec, show_implicit)?;
        self.json_query_options(x, default)
    }

    fn json_table_nested(
        &mut self,
        tf: &TableFunc,
        plan: &JsonTablePlan,
        show_implicit: bool,
        comma: bool,
    ) -> PgResult<()> {
        match plan {
            JsonTablePlan::PathScan(scan) => {
                if comma {
                    self.put(",");
                }
                self.put(" ");
                self.keyword("NESTED PATH ", 0, 0, 0);
                self.constant(&scan.path, ShowType::Never)?;
                self.put(&format!(" AS {}", quote_identifier(&scan.name)));
                self.json_table_columns(tf, scan, show_implicit)
            }
            JsonTablePlan::SiblingJoin(left, right) => {
                self.json_table_nested(tf, left, show_implicit, comma)?;
                self.json_table_nested(tf, right, show_implicit, true)
            }
        }
    }

    fn xml_table(&mut self, tf: &TableFunc, show_implicit: bool) -> PgResult<()> {
        self.put("XMLTABLE(");
        for (i, (uri, name)) in tf.ns_uris.iter().zip(&tf.ns_names).enumerate() {
            self.put(if i == 0 { "XMLNAMESPACES (" } else { ", " });
            match name {
                Some(name) => {
                    self.rule_expr(uri, show_implicit)?;
                    self.put(&format!(" AS {}", quote_identifier(name)));
                }
                None => {
                    self.put("DEFAULT ");
                    self.rule_expr(uri, show_implicit)?;
                }
            }
        }
        if !tf.ns_uris.is_empty() {
            self.put("), ");
        }
        self.put("(");
        if let Some(row) = &tf.rowexpr {
            self.rule_expr(row, show_implicit)?;
        }
        self.put(") PASSING (");
        self.rule_expr(&tf.docexpr, show_implicit)?;
        self.put(")");
        for n in 0..tf.colexprs.len() {
            self.put(if n == 0 { " COLUMNS " } else { ", " });
            self.put(&quote_identifier(&tf.colnames[n]));
            if tf.ordinalitycol == n as i32 {
                self.put(" FOR ORDINALITY");
                continue;
            }
            let name = self.type_name(tf.coltypes[n], tf.coltypmods[n])?;
            self.put(&format!(" {name}"));
            for (keyword, expr) in [("DEFAULT", &tf.coldefexprs[n]), ("PATH", &tf.colexprs[n])] {
                if let Some(expr) = expr {
                    self.put(&format!(" {keyword} ("));
                    self.rule_expr(expr, show_implicit)?;
                    self.put(")");
                }
            }
            if tf.notnulls[n] {
                self.put(" NOT NULL");
            }
        }
        self.put(")");
        Ok(())
    }
}
