//! XMLTABLE, and the range table entry of it and of JSON_TABLE.
use crate::parse_agg::locate_var_of_level;
use crate::parse_state::{Analyzer, ExprKind, NsItem};
use crate::table_alias::{ColumnLists, node_alias};
use error::{PgResult, err};
use nodes::{Alias, Expr, RangeTblEntry, RteKind, TableFunc};
use parser::ast;
use types::{Oid, type_oid as t};

impl Analyzer<'_> {
    fn xmltable_text(&mut self, raw: &ast::Expr) -> PgResult<Expr> {
        self.xmltable_expr(raw, t::TEXT, -1)
    }

    fn xmltable_expr(&mut self, raw: &ast::Expr, typ: Oid, typmod: i32) -> PgResult<Expr> {
        let expr = self.transform_expr(raw, ExprKind::FromFunction)?;
        let mut expr = self.coerce_to_specific_type_typmod(expr, typ, typmod, "XMLTABLE")?;
        self.assign_expr_collations(&mut expr)?;
        Ok(expr)
    }

    pub(crate) fn transform_range_table_func(
        &mut self,
        r: &ast::RangeTableFunc,
    ) -> PgResult<NsItem> {
        self.ps_mut().lateral_active = true;
        let rowexpr = self.xmltable_text(&r.rowexpr)?;
        let docexpr = self.xmltable_expr(&r.docexpr, t::XML, -1)?;
        let mut tf = empty_table_func("xml", docexpr, r.location);
        tf.rowexpr = Some(rowexpr);
        for (n, column) in r.columns.iter().enumerate() {
            self.xmltable_column(&mut tf, n as i32, column)?;
        }
        for ns in &r.namespaces {
            let uri = self.xmltable_text(&ns.val)?;
            tf.ns_uris.push(uri);
            match &ns.name {
                Some(name) if tf.ns_names.iter().flatten().any(|n| n == name) => {
                    return Err(err!(SYNTAX_ERROR, "namespace name \"{name}\" is not unique")
                        .at(ns.location));
                }
                None if tf.ns_names.contains(&None) => {
                    return Err(
                        err!(SYNTAX_ERROR, "only one default namespace is allowed").at(ns.location)
                    );
                }
                _ => {}
            }
            tf.ns_names.push(ns.name.clone());
        }
        self.ps_mut().lateral_active = false;
        self.add_rte_for_table_func(tf, r.alias.as_ref(), r.lateral)
    }

    fn xmltable_column(
        &mut self,
        tf: &mut TableFunc,
        n: i32,
        column: &ast::RangeTableFuncCol,
    ) -> PgResult<()> {
        let (typ, typmod) = match &column.type_name {
            Some(type_name) if !column.for_ordinality => {
                if type_name.setof {
                    return Err(err!(
                        INVALID_TABLE_DEFINITION,
                        "column \"{}\" cannot be declared SETOF",
                        column.colname
                    )
                    .at(column.location));
                }
                self.typename_oid_and_typmod(type_name)?
            }
            _ => {
                if tf.ordinalitycol >= 0 {
                    return Err(err!(SYNTAX_ERROR, "only one FOR ORDINALITY column is allowed")
                        .at(column.location));
                }
                tf.ordinalitycol = n;
                (t::INT4, -1)
            }
        };
        let colexpr = column.colexpr.as_ref().map(|e| self.xmltable_text(e)).transpose()?;
        let default =
            column.coldefexpr.as_ref().map(|e| self.xmltable_expr(e, typ, typmod)).transpose()?;
        if tf.colnames.contains(&column.colname) {
            return Err(err!(SYNTAX_ERROR, "column name \"{}\" is not unique", column.colname)
                .at(column.location));
        }
        tf.colnames.push(column.colname.clone());
        tf.coltypes.push(typ);
        tf.coltypmods.push(typmod);
        tf.colcollations.push(self.type_collation(typ)?);
        tf.colexprs.push(colexpr);
        tf.coldefexprs.push(default);
        tf.notnulls.push(column.is_not_null);
        Ok(())
    }

    pub(crate) fn add_rte_for_table_func(
        &mut self,
        tf: TableFunc,
        alias: Option<&ast::Alias>,
        lateral: bool,
    ) -> PgResult<NsItem> {
        let alias = alias.map(node_alias);
        let (name, construct) = match tf.functype.as_str() {
            "xml" => ("xmltable", "XMLTABLE"),
            _ => ("json_table", "JSON_TABLE"),
        };
        let mut eref = alias
            .clone()
            .unwrap_or_else(|| Alias { aliasname: name.to_owned(), colnames: Vec::new() });
        let (given, available) = (eref.colnames.len(), tf.colnames.len());
        if given > available {
            return Err(err!(
                INVALID_COLUMN_REFERENCE,
                "{construct} function has {available} columns available but {given} columns \
                 specified"
            ));
        }
        eref.colnames.extend(tf.colnames.iter().skip(given).cloned());
        let lists = ColumnLists {
            types: tf.coltypes.clone(),
            typmods: tf.coltypmods.clone(),
            collations: tf.colcollations.clone(),
        };
        let kind = RteKind::TableFunc(Box::new(tf));
        let mut has_vars = false;
        kind.for_each_expr(&mut |e| has_vars = has_vars || locate_var_of_level(e, 0).is_some());
        let rtindex = self.push_rte(RangeTblEntry {
            kind,
            alias,
            eref,
            lateral: lateral || has_vars,
            inh: false,
            in_from_cl: true,
            security_quals: Vec::new(),
        });
        Ok(self.nsitem_from_lists(rtindex, &lists))
    }
}

/// A table function without columns yet.
pub(crate) fn empty_table_func(functype: &str, docexpr: Expr, location: i32) -> TableFunc {
    TableFunc {
        functype: functype.to_owned(),
        ns_uris: Vec::new(),
        ns_names: Vec::new(),
        docexpr,
        rowexpr: None,
        colnames: Vec::new(),
        coltypes: Vec::new(),
        coltypmods: Vec::new(),
        colcollations: Vec::new(),
        colexprs: Vec::new(),
        coldefexprs: Vec::new(),
        colvalexprs: Vec::new(),
        passingvalexprs: Vec::new(),
        plan: None,
        notnulls: Vec::new(),
        ordinalitycol: -1,
        location,
    }
}
