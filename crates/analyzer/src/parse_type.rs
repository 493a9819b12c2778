//! Type names and collation names to OIDs.
use crate::parse_state::Analyzer;
use catalog::rows::PgType;
use error::{PgError, PgResult, bail, err};
use fmgr::{CallContext, CallSite};
use parser::ast::{self, ConstValue, TypeName};
use std::sync::Arc;
use types::{ArrayValue, Datum, Oid, type_oid as t};

/// A type name as messages print it.
pub fn type_name_to_string(name: &TypeName) -> String {
    let mut text = name.names.join(".");
    if name.pct_type {
        text.push_str("%TYPE");
    }
    if !name.array_bounds.is_empty() {
        text.push_str("[]");
    }
    text
}

/// OID and typmod of a type named in a statement.
pub fn resolve_type_name(
    cx: &mut crate::AnalyzeContext<'_>,
    name: &TypeName,
) -> PgResult<(Oid, i32)> {
    Analyzer::new(cx).typename_oid_and_typmod(name)
}

impl Analyzer<'_> {
    /// OID of a schema that a name is qualified with.
    pub fn explicit_namespace(&self, name: &str) -> PgResult<Oid> {
        if name == "pg_temp" {
            if let Some(temp) = self.catalog.temp_namespace() {
                return Ok(temp);
            }
        }
        self.catalog
            .lookup_namespace(name)?
            .ok_or_else(|| err!(INVALID_SCHEMA_NAME, "schema \"{name}\" does not exist"))
    }

    /// Splits `[catalog.][schema.]name`.
    pub fn deconstruct_qualified_name<'n>(
        &self,
        names: &'n [String],
    ) -> PgResult<(Option<&'n str>, &'n str)> {
        match names {
            [name] => Ok((None, name)),
            [schema, name] => Ok((Some(schema), name)),
            [catalog, schema, name] => {
                if *catalog != self.session.database_name() {
                    bail!(
                        FEATURE_NOT_SUPPORTED,
                        "cross-database references are not implemented: {}",
                        names.join(".")
                    );
                }
                Ok((Some(schema), name))
            }
            _ => Err(err!(
                SYNTAX_ERROR,
                "improper qualified name (too many dotted names): {}",
                names.join(".")
            )),
        }
    }

    /// The type a name means, its own array if the name has bounds; `None` if there is none.
    pub fn lookup_type_name(&self, name: &TypeName) -> PgResult<Option<Arc<PgType>>> {
        if name.pct_type {
            let typ = self.column_type_reference(name)?;
            return self.catalog.lookup_type(typ);
        }
        let (schema, type_name) = self.deconstruct_qualified_name(&name.names)?;
        let found = match schema {
            Some("pg_catalog") => self.catalog.lookup_type_by_name(Oid(11), type_name)?,
            Some(schema) => {
                let namespace =
                    self.explicit_namespace(schema).map_err(|e| e.at_if_unset(name.location))?;
                self.catalog.lookup_type_by_name(namespace, type_name)?
            }
            None => self.catalog.type_in_path(type_name)?,
        };
        let Some(found) = found else { return Ok(None) };
        if name.array_bounds.is_empty() {
            return Ok(Some(found));
        }
        match found.array.valid() {
            Some(array) => self.catalog.lookup_type(array),
            // An array of arrays of the same type is the array itself.
            None if found.is_array() => Ok(Some(found)),
            None => Ok(None),
        }
    }

    fn column_type_reference(&self, name: &TypeName) -> PgResult<Oid> {
        let parts = &name.names;
        let (rel_names, column) = match parts.split_last() {
            Some((column, rel)) if !rel.is_empty() && rel.len() <= 3 => (rel, column),
            Some((_, [])) => {
                return Err(err!(
                    SYNTAX_ERROR,
                    "improper %TYPE reference (too few dotted names): {}",
                    parts.join(".")
                )
                .at(name.location));
            }
            _ => {
                return Err(err!(
                    SYNTAX_ERROR,
                    "improper %TYPE reference (too many dotted names): {}",
                    parts.join(".")
                )
                .at(name.location));
            }
        };
        let (schema, rel_name) = self.deconstruct_qualified_name(rel_names)?;
        let relid = match schema {
            Some(schema) => {
                let namespace = self.explicit_namespace(schema)?;
                self.catalog.lookup_relation(namespace, rel_name)?
            }
            None => self.catalog.relation_in_path(rel_name)?,
        };
        let relid = relid.ok_or_else(|| {
            err!(UNDEFINED_TABLE, "relation \"{}\" does not exist", rel_names.join("."))
                .at(name.location)
        })?;
        let relation = self.catalog.get_relation(relid)?;
        let attr = relation.attr_by_name(column).ok_or_else(|| {
            err!(
                UNDEFINED_COLUMN,
                "column \"{column}\" of relation \"{}\" does not exist",
                relation.name
            )
            .at(name.location)
        })?;
        self.session.notice(PgError::notice(format!(
            "type reference {} converted to {}",
            type_name_to_string(name),
            self.format_type(attr.typ)?
        )));
        Ok(attr.typ)
    }

    /// The type and typmod a name means; it must exist and be more than a shell.
    pub fn typename_type(&self, name: &TypeName) -> PgResult<(Arc<PgType>, i32)> {
        let Some(typ) = self.lookup_type_name(name)? else {
            return Err(err!(
                UNDEFINED_OBJECT,
                "type \"{}\" does not exist",
                type_name_to_string(name)
            )
            .at(name.location));
        };
        if !typ.defined {
            return Err(err!(
                UNDEFINED_OBJECT,
                "type \"{}\" is only a shell",
                type_name_to_string(name)
            )
            .at(name.location));
        }
        let typmod = self.typename_typmod(name, &typ)?;
        Ok((typ, typmod))
    }

    /// OID and typmod of [`Analyzer::typename_type`].
    pub fn typename_oid_and_typmod(&self, name: &TypeName) -> PgResult<(Oid, i32)> {
        let (typ, typmod) = self.typename_type(name)?;
        Ok((typ.oid, typmod))
    }

    fn typename_typmod(&self, name: &TypeName, typ: &PgType) -> PgResult<i32> {
        if name.typmods.is_empty() {
            return Ok(name.typemod);
        }
        if !typ.modin.is_valid() {
            return Err(err!(
                SYNTAX_ERROR,
                "type modifier is not allowed for type \"{}\"",
                type_name_to_string(name)
            )
            .at(name.location));
        }
        let mut words = Vec::with_capacity(name.typmods.len());
        for modifier in &name.typmods {
            let word = match modifier {
                ast::Expr::AConst(c) => match &c.val {
                    ConstValue::Integer(i) => Some(i.to_string()),
                    ConstValue::Float(f) => Some(f.clone()),
                    ConstValue::String(s) => Some(s.clone()),
                    _ => None,
                },
                ast::Expr::ColumnRef(c) if c.fields.len() == 1 && !c.star => {
                    Some(c.fields[0].clone())
                }
                _ => None,
            };
            let Some(word) = word else {
                return Err(err!(
                    SYNTAX_ERROR,
                    "type modifiers must be simple constants or identifiers"
                )
                .at(name.location));
            };
            words.push(Datum::text(&word));
        }
        let array = Datum::Array(Arc::new(ArrayValue::from_elems(t::CSTRING, words)));
        let function = self.session.resolve_function(typ.modin)?;
        let site = CallSite {
            arg_types: vec![t::CSTRING_ARRAY],
            ret_type: t::INT4,
            ret_typmod: -1,
            ..CallSite::default()
        };
        let mut cache = None;
        let mut cx = CallContext {
            session: self.session,
            site: &site,
            cache: &mut cache,
            in_aggregate: false,
        };
        let typmod =
            function.call(&mut cx, &mut [array]).map_err(|e| e.at_if_unset(name.location))?;
        match typmod {
            Datum::Int4(typmod) => Ok(typmod),
            _ => Ok(-1),
        }
    }

    /// OID of a collation by its possibly qualified name.
    pub fn lookup_collation(&self, names: &[String], location: i32) -> PgResult<Oid> {
        let (schema, name) =
            self.deconstruct_qualified_name(names).map_err(|e| e.at_if_unset(location))?;
        let found = match schema {
            Some(schema) => {
                let namespace =
                    self.explicit_namespace(schema).map_err(|e| e.at_if_unset(location))?;
                self.catalog.lookup_collation_by_name(namespace, name)?
            }
            None => {
                let mut found = None;
                for namespace in self.catalog.search_path().iter() {
                    found = self.catalog.lookup_collation_by_name(*namespace, name)?;
                    if found.is_some() {
                        break;
                    }
                }
                found
            }
        };
        found.map(|c| c.oid).ok_or_else(|| {
            err!(
                UNDEFINED_OBJECT,
                "collation \"{}\" for encoding \"UTF8\" does not exist",
                names.join(".")
            )
            .at(location)
        })
    }

    /// Collation of a column definition: its COLLATE clause or its type's own.
    pub fn column_def_collation(
        &self,
        clause: Option<&ast::CollateClause>,
        typ: &PgType,
        location: i32,
    ) -> PgResult<Oid> {
        let (collation, at) = match clause {
            Some(clause) => {
                (self.lookup_collation(&clause.collname, clause.location)?, clause.location)
            }
            None => (typ.collation, location),
        };
        if clause.is_some() && !typ.collation.is_valid() {
            return Err(err!(
                DATATYPE_MISMATCH,
                "collations are not supported by type {}",
                self.format_type(typ.oid)?
            )
            .at(at));
        }
        Ok(collation)
    }
}
