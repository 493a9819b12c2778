//! Whether an object is what its unqualified name finds, and names qualified where it is not.
use crate::decode::Row;
use crate::quote::{quote_identifier, quote_qualified};
use crate::read::CatalogRead;
use crate::schema::*;
use crate::session::Catalog;
use error::{PgError, PgResult, bail};
use types::{Datum, Oid};

impl Catalog {
    /// Whether a relation is found by its unqualified name.
    pub fn relation_is_visible(&self, relid: Oid) -> PgResult<Option<bool>> {
        let Some(row) = self.row_by_oid(pg_class::RELID, relid)? else { return Ok(None) };
        let name = Row(&row.values).text(pg_class::RELNAME);
        Ok(Some(self.relation_in_path(&name)? == Some(relid)))
    }

    /// Whether a type is found by its unqualified name.
    pub fn type_is_visible(&self, typ: Oid) -> PgResult<Option<bool>> {
        match self.lookup_type(typ)? {
            Some(row) => crate::format_type::type_is_visible(self, &row).map(Some),
            None => Ok(None),
        }
    }

    /// Whether a function is found by its name and argument types.
    pub fn function_is_visible(&self, proc: Oid) -> PgResult<Option<bool>> {
        let Some(row) = self.lookup_proc(proc)? else { return Ok(None) };
        let candidates = self.procs_by_name(&row.name)?;
        let path = self.search_path();
        let place = |namespace: Oid| path.iter().position(|n| *n == namespace);
        let Some(own) = place(row.namespace) else { return Ok(Some(false)) };
        let hidden = candidates.iter().any(|c| {
            c.oid != proc
                && c.argtypes == row.argtypes
                && place(c.namespace).is_some_and(|at| at < own)
        });
        Ok(Some(!hidden))
    }

    /// Whether an operator is found by its name and operand types.
    pub fn operator_is_visible(&self, opr: Oid) -> PgResult<Option<bool>> {
        let Some(row) = self.lookup_operator(opr)? else { return Ok(None) };
        let candidates = self.operators_by_name(&row.name)?;
        let path = self.search_path();
        let place = |namespace: Oid| path.iter().position(|n| *n == namespace);
        let Some(own) = place(row.namespace) else { return Ok(Some(false)) };
        let hidden = candidates.iter().any(|c| {
            c.oid != opr
                && (c.left, c.right) == (row.left, row.right)
                && place(c.namespace).is_some_and(|at| at < own)
        });
        Ok(Some(!hidden))
    }

    /// Whether an object of a catalog with plain (name, schema) identity is found by its unqualified name.
    /// For operator classes and families, which are named within an access method, too.
    pub fn object_is_visible(&self, class: Oid, oid: Oid) -> PgResult<Option<bool>> {
        match class {
            pg_class::RELID => return self.relation_is_visible(oid),
            pg_type::RELID => return self.type_is_visible(oid),
            pg_proc::RELID => return self.function_is_visible(oid),
            pg_operator::RELID => return self.operator_is_visible(oid),
            _ => {}
        }
        let Some(columns) = name_columns(class) else {
            return Err(PgError::internal(format!("objects of catalog {class} have no schema")));
        };
        let Some(row) = self.row_by_oid(class, oid)? else { return Ok(None) };
        let name = row.values[columns.name].clone();
        for namespace in self.search_path().iter() {
            let found = self.object_in_namespace(class, &row, &columns, &name, *namespace)?;
            if let Some(found) = found {
                return Ok(Some(found == oid));
            }
        }
        Ok(Some(false))
    }

    fn object_in_namespace(
        &self,
        class: Oid,
        like: &crate::storage::CatalogRow,
        columns: &NameColumns,
        name: &Datum,
        namespace: Oid,
    ) -> PgResult<Option<Oid>> {
        let namespace = Datum::Oid(namespace);
        let (index, key) = match class {
            pg_opclass::RELID => (
                index::PG_OPCLASS_AM_NAME_NSP_INDEX,
                vec![like.values[pg_opclass::OPCMETHOD].clone(), name.clone(), namespace],
            ),
            pg_opfamily::RELID => (
                index::PG_OPFAMILY_AM_NAME_NSP_INDEX,
                vec![like.values[pg_opfamily::OPFMETHOD].clone(), name.clone(), namespace],
            ),
            pg_collation::RELID => (
                index::PG_COLLATION_NAME_ENC_NSP_INDEX,
                vec![name.clone(), like.values[pg_collation::COLLENCODING].clone(), namespace],
            ),
            _ => (columns.index, vec![name.clone(), namespace]),
        };
        Ok(self.row_by_index(index, &key)?.map(|row| row.oid(0)))
    }

    /// An object's name, with its schema if it is not visible.
    pub fn qualified_name(&self, class: Oid, oid: Oid) -> PgResult<Option<String>> {
        let Some(columns) = name_columns(class) else { return Ok(None) };
        let Some(row) = self.row_by_oid(class, oid)? else { return Ok(None) };
        let name = Row(&row.values).text(columns.name);
        if self.object_is_visible(class, oid)? == Some(true) {
            return Ok(Some(quote_identifier(&name)));
        }
        let namespace = self.namespace_name(Row(&row.values).oid(columns.namespace))?;
        Ok(Some(quote_qualified(namespace.as_deref(), &name)))
    }

    /// `name(argument types)` of a function, qualified if not visible (regprocedure's form).
    pub fn format_procedure(&self, proc: Oid) -> PgResult<Option<String>> {
        let Some(row) = self.lookup_proc(proc)? else { return Ok(None) };
        let name = match self.function_is_visible(proc)? {
            Some(true) => quote_identifier(&row.name),
            _ => quote_qualified(self.namespace_name(row.namespace)?.as_deref(), &row.name),
        };
        let types: Vec<String> =
            row.argtypes.iter().map(|a| self.format_type(*a, None)).collect::<PgResult<_>>()?;
        Ok(Some(format!("{name}({})", types.join(","))))
    }

    /// `name(left,right)` of an operator, qualified if not visible (regoperator's form).
    pub fn format_operator(&self, opr: Oid) -> PgResult<Option<String>> {
        let Some(row) = self.lookup_operator(opr)? else { return Ok(None) };
        let mut out = String::new();
        if self.operator_is_visible(opr)? != Some(true) {
            if let Some(namespace) = self.namespace_name(row.namespace)? {
                out = format!("{}.", quote_identifier(&namespace));
            }
        }
        let operand = |typ: Oid| match typ.is_valid() {
            true => self.format_type(typ, None),
            false => Ok("NONE".into()),
        };
        out.push_str(&format!("{}({},{})", row.name, operand(row.left)?, operand(row.right)?));
        Ok(Some(out))
    }

    /// Finds a relation by a possibly qualified name, as `regclass` input does (parts already folded).
    pub fn find_relation(&self, parts: &[String]) -> PgResult<Option<Oid>> {
        match parts {
            [name] => self.relation_in_path(name),
            [schema, name] => self.relation_in_schema(schema, name),
            [database, schema, name] => {
                let current = self.lookup_database(self.database())?;
                if current.is_none_or(|d| d.name != *database) {
                    bail!(
                        FEATURE_NOT_SUPPORTED,
                        "cross-database references are not implemented: \"{}\"",
                        parts.join(".")
                    );
                }
                self.relation_in_schema(schema, name)
            }
            _ => bail!(
                SYNTAX_ERROR,
                "improper relation name (too many dotted names): {}",
                parts.join(".")
            ),
        }
    }

    fn relation_in_schema(&self, schema: &str, name: &str) -> PgResult<Option<Oid>> {
        let namespace = match schema {
            "pg_temp" => self.temp_namespace(),
            schema => self.lookup_namespace(schema)?,
        };
        match namespace {
            Some(namespace) => self.lookup_relation(namespace, name),
            None => Ok(None),
        }
    }
}

struct NameColumns {
    name: usize,
    namespace: usize,
    /// Unique index on (name, namespace).
    index: Oid,
}

/// Where catalogs keep name and schema.
fn name_columns(class: Oid) -> Option<NameColumns> {
    let (name, namespace, index) = match class {
        pg_class::RELID => {
            (pg_class::RELNAME, pg_class::RELNAMESPACE, index::PG_CLASS_RELNAME_NSP_INDEX)
        }
        pg_type::RELID => {
            (pg_type::TYPNAME, pg_type::TYPNAMESPACE, index::PG_TYPE_TYPNAME_NSP_INDEX)
        }
        pg_collation::RELID => (
            pg_collation::COLLNAME,
            pg_collation::COLLNAMESPACE,
            index::PG_COLLATION_NAME_ENC_NSP_INDEX,
        ),
        pg_conversion::RELID => (
            pg_conversion::CONNAME,
            pg_conversion::CONNAMESPACE,
            index::PG_CONVERSION_NAME_NSP_INDEX,
        ),
        pg_opclass::RELID => {
            (pg_opclass::OPCNAME, pg_opclass::OPCNAMESPACE, index::PG_OPCLASS_AM_NAME_NSP_INDEX)
        }
        pg_opfamily::RELID => {
            (pg_opfamily::OPFNAME, pg_opfamily::OPFNAMESPACE, index::PG_OPFAMILY_AM_NAME_NSP_INDEX)
        }
        pg_statistic_ext::RELID => (
            pg_statistic_ext::STXNAME,
            pg_statistic_ext::STXNAMESPACE,
            index::PG_STATISTIC_EXT_NAME_INDEX,
        ),
        pg_ts_config::RELID => {
            (pg_ts_config::CFGNAME, pg_ts_config::CFGNAMESPACE, index::PG_TS_CONFIG_CFGNAME_INDEX)
        }
        pg_ts_dict::RELID => {
            (pg_ts_dict::DICTNAME, pg_ts_dict::DICTNAMESPACE, index::PG_TS_DICT_DICTNAME_INDEX)
        }
        pg_ts_parser::RELID => {
            (pg_ts_parser::PRSNAME, pg_ts_parser::PRSNAMESPACE, index::PG_TS_PARSER_PRSNAME_INDEX)
        }
        pg_ts_template::RELID => (
            pg_ts_template::TMPLNAME,
            pg_ts_template::TMPLNAMESPACE,
            index::PG_TS_TEMPLATE_TMPLNAME_INDEX,
        ),
        _ => return None,
    };
    Some(NameColumns { name, namespace, index })
}
