//! How messages call objects: `column a of table t`, `function f(integer)`.
use crate::decode::Row;
use crate::depend::ObjectAddress;
use crate::read::CatalogRead;
use crate::schema::*;
use crate::session::Catalog;
use error::{PgError, PgResult};
use types::Oid;

#[cold]
fn gone(what: &str, oid: Oid) -> PgError {
    PgError::internal(format!("cache lookup failed for {what} {oid}"))
}

impl Catalog {
    /// A relation as messages call it.
    pub fn describe_relation(&self, relid: Oid) -> PgResult<String> {
        let row =
            self.row_by_oid(pg_class::RELID, relid)?.ok_or_else(|| gone("relation", relid))?;
        let name = self.qualified_name(pg_class::RELID, relid)?.unwrap_or_default();
        let noun = match Row(&row.values).char(pg_class::RELKIND) {
            'r' | 'p' => "table",
            'i' | 'I' => "index",
            'S' => "sequence",
            't' => "toast table",
            'v' => "view",
            'm' => "materialized view",
            'c' => "composite type",
            'f' => "foreign table",
            _ => "relation",
        };
        Ok(format!("{noun} {name}"))
    }

    fn describe_column(&self, relid: Oid, attnum: i32) -> PgResult<String> {
        let key = [types::Datum::Oid(relid), types::Datum::Int2(attnum as i16)];
        let row = self.row_by_index(index::PG_ATTRIBUTE_RELID_ATTNUM_INDEX, &key)?;
        let row = row.ok_or_else(|| {
            PgError::internal(format!(
                "cache lookup failed for attribute {attnum} of relation {relid}"
            ))
        })?;
        let name = Row(&row.values).text(pg_attribute::ATTNAME);
        Ok(format!("column {name} of {}", self.describe_relation(relid)?))
    }

    /// An object as messages call it.
    pub fn describe_object(&self, object: ObjectAddress) -> PgResult<String> {
        let oid = object.object;
        match object.class {
            pg_class::RELID if object.sub != 0 => return self.describe_column(oid, object.sub),
            pg_class::RELID => return self.describe_relation(oid),
            pg_proc::RELID => {
                let name = self.format_procedure(oid)?.ok_or_else(|| gone("function", oid))?;
                return Ok(format!("function {name}"));
            }
            pg_type::RELID => return Ok(format!("type {}", self.format_type(oid, None)?)),
            pg_operator::RELID => {
                let name = self.format_operator(oid)?.ok_or_else(|| gone("operator", oid))?;
                return Ok(format!("operator {name}"));
            }
            _ => {}
        }
        let row = self.row_by_oid(object.class, oid)?.ok_or_else(|| gone("object", oid))?;
        let r = Row(&row.values);
        // Only names that may carry a schema are quoted.
        let name = |column: usize| r.text(column);
        let qualified =
            || Ok::<_, PgError>(self.qualified_name(object.class, oid)?.unwrap_or_default());
        let on_relation = |noun: &str, column: usize, relation: Oid| -> PgResult<String> {
            Ok(format!("{noun} {} on {}", name(column), self.describe_relation(relation)?))
        };
        Ok(match object.class {
            pg_constraint::RELID => match r.oid(pg_constraint::CONRELID) {
                relid if relid.is_valid() => {
                    on_relation("constraint", pg_constraint::CONNAME, relid)?
                }
                _ => format!("constraint {}", name(pg_constraint::CONNAME)),
            },
            pg_attrdef::RELID => {
                let num = i32::from(r.i16(pg_attrdef::ADNUM));
                let column = self.describe_column(r.oid(pg_attrdef::ADRELID), num)?;
                format!("default value for {column}")
            }
            pg_rewrite::RELID => {
                on_relation("rule", pg_rewrite::RULENAME, r.oid(pg_rewrite::EV_CLASS))?
            }
            pg_trigger::RELID => {
                on_relation("trigger", pg_trigger::TGNAME, r.oid(pg_trigger::TGRELID))?
            }
            pg_policy::RELID => {
                on_relation("policy", pg_policy::POLNAME, r.oid(pg_policy::POLRELID))?
            }
            pg_cast::RELID => {
                let source = self.format_type(r.oid(pg_cast::CASTSOURCE), None)?;
                let target = self.format_type(r.oid(pg_cast::CASTTARGET), None)?;
                format!("cast from {source} to {target}")
            }
            pg_namespace::RELID => format!("schema {}", name(pg_namespace::NSPNAME)),
            pg_collation::RELID => format!("collation {}", qualified()?),
            pg_conversion::RELID => format!("conversion {}", qualified()?),
            pg_language::RELID => format!("language {}", name(pg_language::LANNAME)),
            pg_largeobject_metadata::RELID => format!("large object {oid}"),
            pg_opclass::RELID => {
                let am = self.access_method_name(r.oid(pg_opclass::OPCMETHOD))?;
                format!("operator class {} for access method {am}", qualified()?)
            }
            pg_opfamily::RELID => self.describe_opfamily(oid)?,
            pg_amop::RELID => {
                let left = self.format_type(r.oid(pg_amop::AMOPLEFTTYPE), None)?;
                let right = self.format_type(r.oid(pg_amop::AMOPRIGHTTYPE), None)?;
                let family = self.describe_opfamily(r.oid(pg_amop::AMOPFAMILY))?;
                let operator = self.format_operator(r.oid(pg_amop::AMOPOPR))?.unwrap_or_default();
                let strategy = r.i16(pg_amop::AMOPSTRATEGY);
                format!("operator {strategy} ({left}, {right}) of {family}: {operator}")
            }
            pg_amproc::RELID => {
                let left = self.format_type(r.oid(pg_amproc::AMPROCLEFTTYPE), None)?;
                let right = self.format_type(r.oid(pg_amproc::AMPROCRIGHTTYPE), None)?;
                let family = self.describe_opfamily(r.oid(pg_amproc::AMPROCFAMILY))?;
                let function = self.format_procedure(r.oid(pg_amproc::AMPROC))?.unwrap_or_default();
                let number = r.i16(pg_amproc::AMPROCNUM);
                format!("function {number} ({left}, {right}) of {family}: {function}")
            }
            pg_am::RELID => format!("access method {}", name(pg_am::AMNAME)),
            pg_statistic_ext::RELID => format!("statistics object {}", qualified()?),
            pg_ts_parser::RELID => format!("text search parser {}", qualified()?),
            pg_ts_dict::RELID => format!("text search dictionary {}", qualified()?),
            pg_ts_template::RELID => format!("text search template {}", qualified()?),
            pg_ts_config::RELID => format!("text search configuration {}", qualified()?),
            pg_extension::RELID => format!("extension {}", name(pg_extension::EXTNAME)),
            _ => self.describe_other(object, &r)?,
        })
    }

    fn describe_opfamily(&self, oid: Oid) -> PgResult<String> {
        let row = self.row_by_oid(pg_opfamily::RELID, oid)?;
        let row = row.ok_or_else(|| gone("opfamily", oid))?;
        let am = self.access_method_name(row.oid(pg_opfamily::OPFMETHOD))?;
        let name = self.qualified_name(pg_opfamily::RELID, oid)?.unwrap_or_default();
        Ok(format!("operator family {name} for access method {am}"))
    }

    fn role_name(&self, role: Oid) -> PgResult<String> {
        Ok(self.lookup_role(role)?.map_or_else(|| role.to_string(), |r| r.name.clone()))
    }

    fn describe_other(&self, object: ObjectAddress, r: &Row<'_>) -> PgResult<String> {
        let name = |column: usize| r.text(column);
        let text_of = |class: Oid, oid: Oid, column: usize| -> PgResult<String> {
            let row = self.row_by_oid(class, oid)?;
            Ok(row.map_or_else(|| oid.to_string(), |row| Row(&row.values).text(column)))
        };
        Ok(match object.class {
            // Roles, databases and tablespaces are shown as they are called.
            pg_authid::RELID => format!("role {}", r.text(pg_authid::ROLNAME)),
            pg_auth_members::RELID => format!(
                "membership of role {} in role {}",
                self.role_name(r.oid(pg_auth_members::MEMBER))?,
                self.role_name(r.oid(pg_auth_members::ROLEID))?
            ),
            pg_database::RELID => format!("database {}", r.text(pg_database::DATNAME)),
            pg_tablespace::RELID => format!("tablespace {}", r.text(pg_tablespace::SPCNAME)),
            pg_foreign_data_wrapper::RELID => {
                format!("foreign-data wrapper {}", name(pg_foreign_data_wrapper::FDWNAME))
            }
            pg_foreign_server::RELID => format!("server {}", name(pg_foreign_server::SRVNAME)),
            pg_user_mapping::RELID => {
                let user = match r.oid(pg_user_mapping::UMUSER) {
                    user if user.is_valid() => self.role_name(user)?,
                    _ => "public".into(),
                };
                let server = text_of(
                    pg_foreign_server::RELID,
                    r.oid(pg_user_mapping::UMSERVER),
                    pg_foreign_server::SRVNAME,
                )?;
                format!("user mapping for {user} on server {server}")
            }
            pg_default_acl::RELID => self.describe_default_acl(r)?,
            pg_event_trigger::RELID => format!("event trigger {}", name(pg_event_trigger::EVTNAME)),
            pg_parameter_acl::RELID => format!("parameter {}", name(pg_parameter_acl::PARNAME)),
            pg_publication::RELID => format!("publication {}", name(pg_publication::PUBNAME)),
            pg_publication_namespace::RELID => {
                let schema = self.namespace_name(r.oid(pg_publication_namespace::PNNSPID))?;
                let publication = text_of(
                    pg_publication::RELID,
                    r.oid(pg_publication_namespace::PNPUBID),
                    pg_publication::PUBNAME,
                )?;
                let schema = schema.unwrap_or_default();
                format!("publication of schema {schema} in publication {publication}")
            }
            pg_publication_rel::RELID => {
                let relation = self.describe_relation(r.oid(pg_publication_rel::PRRELID))?;
                let publication = text_of(
                    pg_publication::RELID,
                    r.oid(pg_publication_rel::PRPUBID),
                    pg_publication::PUBNAME,
                )?;
                format!("publication of {relation} in publication {publication}")
            }
            pg_subscription::RELID => format!("subscription {}", name(pg_subscription::SUBNAME)),
            pg_transform::RELID => {
                let typ = self.format_type(r.oid(pg_transform::TRFTYPE), None)?;
                let language = text_of(
                    pg_language::RELID,
                    r.oid(pg_transform::TRFLANG),
                    pg_language::LANNAME,
                )?;
                format!("transform for {typ} language {language}")
            }
            class => {
                return Err(PgError::internal(format!("unsupported object class: {class}")));
            }
        })
    }

    fn describe_default_acl(&self, r: &Row<'_>) -> PgResult<String> {
        let role = self.role_name(r.oid(pg_default_acl::DEFACLROLE))?;
        let what = match r.char(pg_default_acl::DEFACLOBJTYPE) {
            'r' => "relations",
            'S' => "sequences",
            'f' => "functions",
            'T' => "types",
            'n' => "schemas",
            'L' => "large objects",
            _ => "objects",
        };
        let namespace = r.oid(pg_default_acl::DEFACLNAMESPACE);
        let mut out = format!("default privileges on new {what} belonging to role {role}");
        if let Some(schema) = self.namespace_name(namespace)? {
            out.push_str(&format!(" in schema {schema}"));
        }
        Ok(out)
    }
}
