//! JSON_TABLE.
use crate::parse_json_query::{JsonDocument, JsonQuery};
use crate::parse_state::{Analyzer, ExprKind, NsItem};
use crate::table_func::empty_table_func;
use error::{PgError, PgResult, err};
use nodes::{
    CaseTestExpr, Const, Expr, JsonBehaviorType, JsonExprOp, JsonTablePathScan, JsonTablePlan,
    JsonWrapper, TableFunc,
};
use parser::ast::{self, JsonTableColumn, JsonTableColumnType as Kind, JsonTablePathSpec};
use types::{Oid, PhysType, type_oid as t};

/// What is gathered while the columns are analysed.
struct TableColumns<'a> {
    table: &'a ast::JsonTable,
    tf: TableFunc,
    /// Names of paths and columns.
    names: Vec<String>,
    next_path: u32,
}

impl TableColumns<'_> {
    fn path_name(&mut self) -> String {
        let name = format!("json_table_path_{}", self.next_path);
        self.next_path += 1;
        self.names.push(name.clone());
        name
    }

    /// Columns and named paths must have names of their own.
    fn check_names(&mut self, columns: &[JsonTableColumn]) -> PgResult<()> {
        for column in columns {
            let (name, location) = match (&column.coltype, &column.pathspec) {
                (Kind::Nested, Some(path)) => (path.name.as_ref(), path.name_location),
                _ => (column.name.as_ref(), column.location),
            };
            if let Some(name) = name {
                if self.names.contains(name) {
                    return Err(err!(
                        DUPLICATE_ALIAS,
                        "duplicate JSON_TABLE column or path name: {name}"
                    )
                    .at(location));
                }
                self.names.push(name.clone());
            }
            if column.coltype == Kind::Nested {
                self.check_names(&column.columns)?;
            }
        }
        Ok(())
    }
}

fn string_const(text: &str, location: i32) -> ast::Expr {
    ast::Expr::AConst(ast::AConst { val: ast::ConstValue::String(text.to_owned()), location })
}

impl Analyzer<'_> {
    pub(crate) fn transform_json_table(&mut self, x: &ast::JsonTable) -> PgResult<NsItem> {
        type B = JsonBehaviorType;
        if let Some(b) = &x.on_error {
            if !matches!(b.btype, B::Error | B::Empty | B::EmptyArray) {
                return Err(err!(SYNTAX_ERROR, "invalid ON ERROR behavior")
                    .detail(
                        "Only EMPTY [ ARRAY ] or ERROR is allowed in the top-level ON ERROR clause.",
                    )
                    .at(b.location));
            }
        }
        let placeholder = Expr::CurrentOfExpr(crate::parse_func::placeholder());
        let mut columns = TableColumns {
            table: x,
            tf: empty_table_func("json", placeholder, x.location),
            names: Vec::new(),
            next_path: 0,
        };
        let root_name = match &x.pathspec.name {
            Some(name) => {
                columns.names.push(name.clone());
                name.clone()
            }
            None => columns.path_name(),
        };
        columns.check_names(&x.columns)?;
        self.ps_mut().lateral_active = true;
        let path = string_const(&x.pathspec.string, x.pathspec.location);
        let saved = std::mem::replace(&mut self.ps_mut().expr_kind, ExprKind::FromFunction);
        let document = self.transform_json_query(JsonQuery {
            op: JsonExprOp::Table,
            column_name: None,
            document: JsonDocument::Raw(&x.context_item),
            path: &path,
            passing: &x.passing,
            output: None,
            on_empty: None,
            on_error: x.on_error.as_ref(),
            wrapper: JsonWrapper::Unspec,
            quotes: ast::JsonQuotes::Unspec,
            location: x.location,
        });
        self.ps_mut().expr_kind = saved;
        let document = document?;
        columns.tf.passingvalexprs = document.passing_values.clone();
        columns.tf.docexpr = Expr::JsonExpr(Box::new(document));
        self.assign_expr_collations(&mut columns.tf.docexpr)?;
        for value in &mut columns.tf.passingvalexprs {
            self.assign_expr_collations(value)?;
        }
        let plan = self.json_table_path(&mut columns, &x.columns, &x.pathspec, root_name)?;
        let mut tf = columns.tf;
        tf.plan = Some(plan);
        self.ps_mut().lateral_active = false;
        self.add_rte_for_table_func(tf, x.alias.as_ref(), x.lateral)
    }

    fn json_table_path(
        &mut self,
        into: &mut TableColumns<'_>,
        columns: &[JsonTableColumn],
        path: &JsonTablePathSpec,
        name: String,
    ) -> PgResult<JsonTablePlan> {
        let first = into.tf.colvalexprs.len() as i32;
        let mut ordinality = false;
        for column in columns.iter().filter(|c| c.coltype != Kind::Nested) {
            if column.coltype == Kind::ForOrdinality {
                if ordinality {
                    return Err(err!(SYNTAX_ERROR, "only one FOR ORDINALITY column is allowed")
                        .at(column.location));
                }
                ordinality = true;
            }
            self.json_table_column(into, column)?;
        }
        let end = into.tf.colvalexprs.len() as i32;
        let mut child: Option<JsonTablePlan> = None;
        for nested in columns.iter().filter(|c| c.coltype == Kind::Nested) {
            let Some(path) = &nested.pathspec else {
                return Err(PgError::internal("NESTED without a path"));
            };
            let name = path.name.clone().unwrap_or_else(|| into.path_name());
            let plan = self.json_table_path(into, &nested.columns, path, name)?;
            child = Some(match child {
                Some(before) => JsonTablePlan::SiblingJoin(Box::new(before), Box::new(plan)),
                None => plan,
            });
        }
        let value = self.session.type_input(t::JSONPATH, -1, &path.string)?;
        let errors = into.table.on_error.as_ref();
        Ok(JsonTablePlan::PathScan(Box::new(JsonTablePathScan {
            path: Const {
                consttype: t::JSONPATH,
                consttypmod: -1,
                constcollid: Oid::INVALID,
                value,
                phys: PhysType::Bytes,
                location: -1,
            },
            name,
            error_on_error: errors.is_some_and(|b| b.btype == JsonBehaviorType::Error),
            child,
            col_min: if first == end { -1 } else { first },
            col_max: if first == end { -1 } else { end - 1 },
        })))
    }

    fn json_table_column(
        &mut self,
        into: &mut TableColumns<'_>,
        column: &JsonTableColumn,
    ) -> PgResult<()> {
        let name = column.name.clone().unwrap_or_default();
        let tf = &mut into.tf;
        tf.colnames.push(name.clone());
        let Some(type_name) =
            column.type_name.as_ref().filter(|_| column.coltype != Kind::ForOrdinality)
        else {
            tf.coltypes.push(t::INT4);
            tf.coltypmods.push(-1);
            tf.colcollations.push(Oid::INVALID);
            tf.colvalexprs.push(None);
            return Ok(());
        };
        let (typ, _) = self.typename_oid_and_typmod(type_name)?;
        let op = match column.coltype {
            Kind::Exists => JsonExprOp::Exists,
            Kind::Regular
                if !self.is_composite_for_json(typ)?
                    && column.quotes == ast::JsonQuotes::Unspec
                    && column.wrapper == JsonWrapper::Unspec =>
            {
                JsonExprOp::Value
            }
            _ => JsonExprOp::Query,
        };
        let path = match &column.pathspec {
            Some(path) => string_const(&path.string, path.location),
            None => {
                let mut text = b"$.".to_vec();
                types::json::escape(&name, &mut text);
                string_const(&String::from_utf8_lossy(&text), -1)
            }
        };
        let document = Expr::CaseTestExpr(CaseTestExpr {
            type_id: tf.docexpr.typ(),
            type_mod: -1,
            collation: Oid::INVALID,
            location: -1,
        });
        let output =
            ast::JsonOutput { type_name: type_name.clone(), format: column.format.clone() };
        let saved = std::mem::replace(&mut self.ps_mut().expr_kind, ExprKind::FromFunction);
        let value = self.transform_json_query(JsonQuery {
            op,
            column_name: Some(&name),
            document: JsonDocument::Analysed(document),
            path: &path,
            passing: &into.table.passing,
            output: Some(&output),
            on_empty: column.on_empty.as_ref(),
            on_error: column.on_error.as_ref(),
            wrapper: column.wrapper,
            quotes: column.quotes,
            location: column.location,
        });
        self.ps_mut().expr_kind = saved;
        let mut value = Expr::JsonExpr(Box::new(value?));
        self.assign_expr_collations(&mut value)?;
        let tf = &mut into.tf;
        tf.coltypes.push(value.typ());
        tf.coltypmods.push(value.typmod());
        tf.colcollations.push(value.collation());
        tf.colvalexprs.push(Some(value));
        Ok(())
    }

    /// Types whose columns are read as by JSON_QUERY.
    fn is_composite_for_json(&self, typ: Oid) -> PgResult<bool> {
        let row = self.catalog.get_type(typ)?;
        Ok(match row.typtype {
            'd' => self.is_composite_for_json(self.base_type(typ)?)?,
            'c' => true,
            _ => matches!(typ, t::JSON | t::JSONB | t::RECORD) || row.is_array(),
        })
    }
}
