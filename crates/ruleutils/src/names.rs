//! Names of relations, functions, operators, types and collations, qualified where needed.
use crate::deparser::Deparser;
use catalog::{CatalogRead, quote_identifier, quote_qualified};
use error::{PgError, PgResult};
use types::Oid;

const PG_CATALOG: Oid = Oid(11);

/// A relation's name, with its schema if the search path finds another relation first.
pub(crate) fn relation_name(
    catalog: &dyn CatalogRead,
    relid: Oid,
    ctes: &[String],
) -> PgResult<String> {
    let relation = catalog.get_relation(relid)?;
    let hidden =
        ctes.contains(&relation.name) || catalog.relation_in_path(&relation.name)? != Some(relid);
    qualified(catalog, hidden.then_some(relation.namespace), &relation.name)
}

/// A relation's name, always with its schema.
pub(crate) fn qualified_relation_name(catalog: &dyn CatalogRead, relid: Oid) -> PgResult<String> {
    let relation = catalog.get_relation(relid)?;
    qualified(catalog, Some(relation.namespace), &relation.name)
}

fn qualified(catalog: &dyn CatalogRead, schema: Option<Oid>, name: &str) -> PgResult<String> {
    let schema = match schema {
        Some(oid) if catalog.temp_namespace() == Some(oid) => Some("pg_temp".to_owned()),
        Some(oid) => catalog.namespace_name(oid)?,
        None => None,
    };
    Ok(quote_qualified(schema.as_deref(), name))
}

impl Deparser<'_> {
    pub(crate) fn relation(&self, relid: Oid) -> PgResult<String> {
        let ctes: Vec<String> =
            self.namespaces.iter().flat_map(|ns| ns.ctes.iter().cloned()).collect();
        relation_name(self.catalog, relid, &ctes)
    }

    /// A function's name; qualified unless an unqualified call would find the same function.
    pub(crate) fn function_name(
        &self,
        funcid: Oid,
        argtypes: &[Oid],
        has_variadic: bool,
    ) -> PgResult<String> {
        let proc = self.catalog.get_proc(funcid)?;
        // Within GROUP BY these would be read as grouping syntax.
        if self.in_group_by && matches!(proc.name.as_str(), "cube" | "rollup") {
            return qualified(self.catalog, Some(proc.namespace), &proc.name);
        }
        let visible = self.function_is_found(&proc, argtypes, has_variadic)?;
        qualified(self.catalog, (!visible).then_some(proc.namespace), &proc.name)
    }

    /// Whether the search path leads to this function for these argument types.
    fn function_is_found(
        &self,
        proc: &catalog::rows::PgProc,
        argtypes: &[Oid],
        _has_variadic: bool,
    ) -> PgResult<bool> {
        let path = self.catalog.search_path();
        let Some(own) = path.iter().position(|ns| *ns == proc.namespace) else {
            return Ok(false);
        };
        for other in self.catalog.procs_by_name(&proc.name)?.iter() {
            if other.oid == proc.oid {
                continue;
            }
            let Some(position) = path.iter().position(|ns| *ns == other.namespace) else {
                continue;
            };
            // The same signature earlier in the path hides this one; an exact match would win a call.
            if position < own && other.argtypes == proc.argtypes
                || other.argtypes == argtypes && proc.argtypes != argtypes && position <= own
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An operator's name: bare if the path finds it, else `OPERATOR(schema.op)`.
    pub(crate) fn operator_name(&self, opno: Oid, _left: Oid, _right: Oid) -> PgResult<String> {
        let oper = self.catalog.get_operator(opno)?;
        let path = self.catalog.search_path();
        let own = path.iter().position(|ns| *ns == oper.namespace);
        let hidden = match own {
            None => true,
            Some(own) => self.catalog.operators_by_name(&oper.name)?.iter().any(|other| {
                other.oid != oper.oid
                    && other.left == oper.left
                    && other.right == oper.right
                    && path.iter().position(|ns| *ns == other.namespace).is_some_and(|p| p < own)
            }),
        };
        if !hidden {
            return Ok(oper.name.clone());
        }
        let schema = self.catalog.namespace_name(oper.namespace)?.unwrap_or_default();
        Ok(format!("OPERATOR({}.{})", quote_identifier(&schema), oper.name))
    }

    pub(crate) fn type_name(&self, typ: Oid, typmod: i32) -> PgResult<String> {
        self.catalog.format_type(typ, Some(typmod))
    }

    pub(crate) fn collation_name(&self, oid: Oid) -> PgResult<String> {
        collation_name(self.catalog, oid)
    }

    pub(crate) fn opclass_suffix(&self, opclass: Oid, actual: Oid) -> PgResult<String> {
        opclass_suffix(self.catalog, opclass, actual)
    }
}

/// A collation's name, qualified where needed.
pub(crate) fn collation_name(catalog: &dyn CatalogRead, oid: Oid) -> PgResult<String> {
    let collation = catalog
        .lookup_collation(oid)?
        .ok_or_else(|| PgError::internal(format!("cache lookup failed for collation {oid}")))?;
    let mut visible = false;
    for namespace in catalog.search_path().iter() {
        if let Some(found) = catalog.lookup_collation_by_name(*namespace, &collation.name)? {
            visible = found.oid == oid;
            break;
        }
    }
    qualified(catalog, (!visible).then_some(collation.namespace), &collation.name)
}

/// ` opclass` unless it is the type's default.
pub(crate) fn opclass_suffix(
    catalog: &dyn CatalogRead,
    opclass: Oid,
    actual: Oid,
) -> PgResult<String> {
    let row = catalog
        .lookup_opclass(opclass)?
        .ok_or_else(|| PgError::internal(format!("cache lookup failed for opclass {opclass}")))?;
    if actual.is_valid() {
        let default = catalog.default_opclass(actual, row.method)?;
        if default.is_some_and(|d| d.oid == opclass) {
            return Ok(String::new());
        }
    }
    let visible = row.namespace == PG_CATALOG || catalog.search_path().contains(&row.namespace);
    let name = qualified(catalog, (!visible).then_some(row.namespace), &row.name)?;
    Ok(format!(" {name}"))
}
