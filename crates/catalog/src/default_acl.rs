//! Privileges of new objects: ALTER DEFAULT PRIVILEGES over the built-in ones; changing an object's ACL.
use crate::acl::{self, ObjectKind, default_acl};
use crate::depend::ObjectAddress;
use crate::rows::AclItem;
use crate::schema::*;
use crate::session::Catalog;
use error::{PgError, PgResult};
use types::{Datum, Oid};

impl Catalog {
    /// The ACL of a new object; `None` for the built-in default.
    pub fn initial_acl(
        &self,
        kind: ObjectKind,
        owner: Oid,
        namespace: Oid,
    ) -> PgResult<Option<Vec<AclItem>>> {
        let letter = match kind {
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MatView
            | ObjectKind::ForeignTable => 'r',
            ObjectKind::Sequence => 'S',
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => 'f',
            ObjectKind::Type | ObjectKind::Domain => 'T',
            ObjectKind::Schema => 'n',
            ObjectKind::LargeObject => 'L',
            _ => return Ok(None),
        };
        let find = |namespace: Oid| -> PgResult<Option<Vec<AclItem>>> {
            let key = [Datum::Oid(owner), Datum::Oid(namespace), Datum::Char(letter as u8)];
            let row = self.row_by_index(index::PG_DEFAULT_ACL_ROLE_NSP_OBJ_INDEX, &key)?;
            Ok(row.and_then(|row| acl::from_datum(&row.values[pg_default_acl::DEFACLACL])))
        };
        let global = find(Oid::INVALID)?;
        let local = if namespace.is_valid() { find(namespace)? } else { None };
        if global.is_none() && local.is_none() {
            return Ok(None);
        }
        let built_in = default_acl(kind, owner);
        let mut result = global.unwrap_or_else(|| built_in.clone());
        for item in local.into_iter().flatten() {
            acl::grant(&mut result, &item);
        }
        let sorted = |acl: &[AclItem]| {
            let mut items: Vec<_> =
                acl.iter().map(|i| (i.grantee, i.grantor, i.privs, i.grant_options)).collect();
            items.sort_unstable();
            items
        };
        Ok((sorted(&result) != sorted(&built_in)).then_some(result))
    }

    /// The catalog columns of an object's owner and ACL.
    pub fn acl_columns(class: Oid) -> Option<(usize, usize)> {
        Some(match class {
            pg_class::RELID => (pg_class::RELOWNER, pg_class::RELACL),
            pg_proc::RELID => (pg_proc::PROOWNER, pg_proc::PROACL),
            pg_type::RELID => (pg_type::TYPOWNER, pg_type::TYPACL),
            pg_namespace::RELID => (pg_namespace::NSPOWNER, pg_namespace::NSPACL),
            pg_database::RELID => (pg_database::DATDBA, pg_database::DATACL),
            pg_language::RELID => (pg_language::LANOWNER, pg_language::LANACL),
            pg_tablespace::RELID => (pg_tablespace::SPCOWNER, pg_tablespace::SPCACL),
            pg_foreign_data_wrapper::RELID => {
                (pg_foreign_data_wrapper::FDWOWNER, pg_foreign_data_wrapper::FDWACL)
            }
            pg_foreign_server::RELID => (pg_foreign_server::SRVOWNER, pg_foreign_server::SRVACL),
            pg_largeobject_metadata::RELID => {
                (pg_largeobject_metadata::LOMOWNER, pg_largeobject_metadata::LOMACL)
            }
            _ => return None,
        })
    }

    /// The catalog column of an object's owner, where it has one.
    fn owner_column(class: Oid) -> Option<usize> {
        Some(match class {
            pg_collation::RELID => pg_collation::COLLOWNER,
            pg_conversion::RELID => pg_conversion::CONOWNER,
            pg_event_trigger::RELID => pg_event_trigger::EVTOWNER,
            pg_extension::RELID => pg_extension::EXTOWNER,
            pg_opclass::RELID => pg_opclass::OPCOWNER,
            pg_operator::RELID => pg_operator::OPROWNER,
            pg_opfamily::RELID => pg_opfamily::OPFOWNER,
            pg_publication::RELID => pg_publication::PUBOWNER,
            pg_statistic_ext::RELID => pg_statistic_ext::STXOWNER,
            pg_subscription::RELID => pg_subscription::SUBOWNER,
            pg_ts_config::RELID => pg_ts_config::CFGOWNER,
            pg_ts_dict::RELID => pg_ts_dict::DICTOWNER,
            _ => return Self::acl_columns(class).map(|columns| columns.0),
        })
    }

    /// An object's owner and ACL (`None`: the default of its kind, or it can have none).
    pub fn owner_and_acl(
        &self,
        class: Oid,
        oid: Oid,
    ) -> PgResult<Option<(Oid, Option<Vec<AclItem>>)>> {
        let Some(owner) = Self::owner_column(class) else {
            return Err(PgError::internal(format!("objects of catalog {class} have no owner")));
        };
        let acl = Self::acl_columns(class).map(|columns| columns.1);
        let row = self.row_by_oid(class, oid)?;
        Ok(row.map(|row| {
            (row.oid(owner), acl.and_then(|column| acl::from_datum(&row.values[column])))
        }))
    }

    /// Sets an object's ACL and the dependencies on its roles.
    pub fn set_acl(&self, class: Oid, oid: Oid, new: Option<&[AclItem]>) -> PgResult<()> {
        let Some((owner_column, acl_column)) = Self::acl_columns(class) else {
            return Err(PgError::internal(format!("objects of catalog {class} have no ACL")));
        };
        let value = new.map_or(Datum::Null, acl::to_datum);
        self.set_by_oid(class, oid, &[(acl_column, value)])?;
        let row = self.row_by_oid(class, oid)?;
        let owner = row.map_or(Oid::INVALID, |row| row.oid(owner_column));
        self.record_acl(ObjectAddress::new(class, oid), owner, new)
    }

    /// Sets the ACL of a column.
    pub fn set_column_acl(
        &self,
        relid: Oid,
        attnum: i16,
        owner: Oid,
        new: Option<&[AclItem]>,
    ) -> PgResult<()> {
        let value = new.filter(|acl| !acl.is_empty()).map_or(Datum::Null, acl::to_datum);
        self.set_attribute(relid, attnum, &[(pg_attribute::ATTACL, value)])?;
        self.record_acl(ObjectAddress::column(relid, attnum), owner, new)
    }

    /// Changes an object's owner, in its row, ACL and dependencies.
    pub fn set_owner(&self, class: Oid, oid: Oid, new_owner: Oid) -> PgResult<()> {
        let Some(owner_column) = Self::owner_column(class) else {
            return Err(PgError::internal(format!("objects of catalog {class} have no owner")));
        };
        let acl_column = Self::acl_columns(class).map(|columns| columns.1);
        let Some(row) = self.row_by_oid(class, oid)? else {
            return Err(PgError::internal(format!("cache lookup failed for object {oid}")));
        };
        let old_owner = row.oid(owner_column);
        let acl = acl_column
            .and_then(|column| acl::from_datum(&row.values[column]))
            .map(|acl| acl::change_owner(&acl, old_owner, new_owner));
        let mut new = row.values.clone();
        new[owner_column] = Datum::Oid(new_owner);
        if let Some(column) = acl_column {
            new[column] = acl.as_deref().map_or(Datum::Null, acl::to_datum);
        }
        self.update_row(class, &row, &new)?;
        let this = ObjectAddress::new(class, oid);
        self.change_owner_dependency(this, new_owner)?;
        self.record_acl(this, new_owner, acl.as_deref())
    }
}
