//! Schemas, the temporary ones too.
use crate::acl::ObjectKind;
use crate::deletion::DropBehavior;
use crate::depend::{DependencyKind, ObjectAddress};
use crate::image::BOOTSTRAP_SUPERUSER;
use crate::read::CatalogRead;
use crate::schema::*;
use crate::session::Catalog;
use crate::write::RowBuilder;
use error::{PgResult, bail};
use types::{Datum, Oid};

impl Catalog {
    /// Makes a schema; 42P06 if there is one of that name.
    pub fn create_namespace(&self, name: &str, owner: Oid) -> PgResult<Oid> {
        if self.lookup_namespace(name)?.is_some() {
            bail!(DUPLICATE_SCHEMA, "schema \"{name}\" already exists");
        }
        let oid = self.alloc_oid(pg_namespace::RELID)?;
        let is_temp = name.starts_with("pg_temp_") || name.starts_with("pg_toast_temp_");
        let acl = match is_temp {
            true => None,
            false => self.initial_acl(ObjectKind::Schema, owner, Oid::INVALID)?,
        };
        RowBuilder::new(pg_namespace::RELID)
            .set(pg_namespace::OID, oid)
            .set(pg_namespace::NSPNAME, name)
            .set(pg_namespace::NSPOWNER, owner)
            .set(pg_namespace::NSPACL, acl.as_deref().map(crate::acl::to_datum))
            .insert(self)?;
        let this = ObjectAddress::namespace(oid);
        self.record_owner(this, owner)?;
        self.record_acl(this, owner, acl.as_deref())?;
        Ok(oid)
    }

    /// The session's temporary schema, made if need be. `slot` is the session's number among those that
    /// run (`pg_temp_<slot>`); a schema that a session before it left is emptied first.
    pub fn ensure_temp_namespace(&self, slot: u32) -> PgResult<Oid> {
        if let Some(oid) = self.temp_namespace() {
            return Ok(oid);
        }
        let name = format!("pg_temp_{slot}");
        let oid = match self.lookup_namespace(&name)? {
            Some(oid) => {
                self.drop_namespace_contents(oid)?;
                oid
            }
            None => self.create_namespace(&name, BOOTSTRAP_SUPERUSER)?,
        };
        let name = format!("pg_toast_temp_{slot}");
        let toast = match self.lookup_namespace(&name)? {
            Some(oid) => oid,
            None => self.create_namespace(&name, BOOTSTRAP_SUPERUSER)?,
        };
        self.set_temp_namespaces(Some(oid), Some(toast));
        if let Ok(txn) = self.transaction() {
            // The schemas go with the transaction if it fails.
            let session = std::sync::Arc::downgrade(&self.0);
            txn.on_abort(Box::new(move || {
                if let Some(session) = session.upgrade() {
                    Catalog(session).forget_temp_namespace();
                }
            }));
        }
        Ok(oid)
    }

    /// Forgets the temporary schema (its creation was rolled back, or the session ends).
    pub fn forget_temp_namespace(&self) {
        self.set_temp_namespaces(None, None);
    }

    /// Drops all objects in the session's temporary schema (DISCARD TEMP, end of the session).
    pub fn drop_temp_objects(&self) -> PgResult<()> {
        match self.temp_namespace() {
            Some(oid) => self.drop_namespace_contents(oid),
            None => Ok(()),
        }
    }

    fn drop_namespace_contents(&self, namespace: Oid) -> PgResult<()> {
        let key = [Datum::Oid(pg_namespace::RELID), Datum::Oid(namespace)];
        let objects: Vec<ObjectAddress> = self
            .rows_by_index(index::PG_DEPEND_REFERENCE_INDEX, &key)?
            .iter()
            .filter(|row| {
                let kind = crate::decode::Row(&row.values).char(pg_depend::DEPTYPE);
                kind == DependencyKind::Normal.letter()
            })
            .map(|row| ObjectAddress {
                class: row.oid(pg_depend::CLASSID),
                object: row.oid(pg_depend::OBJID),
                sub: crate::decode::Row(&row.values).i32(pg_depend::OBJSUBID),
            })
            .collect();
        if objects.is_empty() {
            return Ok(());
        }
        self.perform_deletion(&objects, DropBehavior::Cascade, true, &|_| {})
    }

    /// Whether a schema is some session's temporary one, or its toast schema.
    pub fn is_any_temp_namespace(&self, namespace: Oid) -> PgResult<bool> {
        let name = self.namespace_name(namespace)?.unwrap_or_default();
        Ok(name.starts_with("pg_temp_") || name.starts_with("pg_toast_temp_"))
    }

    /// Whether it is one of another session.
    pub fn is_other_temp_namespace(&self, namespace: Oid) -> PgResult<bool> {
        let names = self.0.names.read();
        let own = [names.temp_namespace, names.temp_toast_namespace].contains(&Some(namespace));
        drop(names);
        Ok(!own && self.is_any_temp_namespace(namespace)?)
    }
}
