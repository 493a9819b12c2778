//! Privileges on relations and columns, as a query needs them.
use crate::acl::{self, ObjectKind, default_acl, permission_denied, privileges_of};
use crate::read::CatalogRead;
use crate::rows::RelationDesc;
use crate::session::Catalog;
use error::PgResult;
use nodes::{RTEPermissionInfo, acl as bit};
use types::Oid;

const PG_READ_ALL_DATA: Oid = Oid(6181);
const PG_WRITE_ALL_DATA: Oid = Oid(6182);
const PG_MAINTAIN: Oid = Oid(6337);

/// Whether a relation is a system catalog or its index or toast table.
pub fn is_system_relation(relation: &RelationDesc) -> bool {
    matches!(relation.namespace, crate::image::PG_CATALOG | crate::image::PG_TOAST)
        && relation.oid < Oid::FIRST_NORMAL
}

impl Catalog {
    /// Privileges (of those in `mask`) that a role has on a whole relation.
    pub fn relation_privileges(
        &self,
        relation: &RelationDesc,
        role: Oid,
        mask: u64,
    ) -> PgResult<u64> {
        if acl::is_superuser(self, role)? {
            return Ok(mask);
        }
        let writes = bit::INSERT | bit::UPDATE | bit::DELETE | bit::TRUNCATE | bit::USAGE;
        // Nobody but a superuser writes catalogs, whatever has been granted.
        let mask = match is_system_relation(relation) && relation.relkind != 'v' {
            true => mask & !writes,
            false => mask,
        };
        let kind = match relation.relkind {
            'S' => ObjectKind::Sequence,
            _ => ObjectKind::Table,
        };
        let mut held = match &relation.acl {
            Some(acl) => privileges_of(self, acl, role, relation.owner, mask)?,
            None => {
                let acl = default_acl(kind, relation.owner);
                privileges_of(self, &acl, role, relation.owner, mask)?
            }
        };
        for (privileges, role_of) in [
            (bit::SELECT, PG_READ_ALL_DATA),
            (bit::INSERT | bit::UPDATE | bit::DELETE, PG_WRITE_ALL_DATA),
            (bit::MAINTAIN, PG_MAINTAIN),
        ] {
            let open = mask & privileges & !held;
            if open != 0 && self.has_role_privileges(role, role_of)? {
                held |= open;
            }
        }
        Ok(held)
    }

    /// Privileges (of those in `mask`) that a role has on a column by the column's own ACL.
    pub fn column_privileges(
        &self,
        relation: &RelationDesc,
        attnum: i16,
        role: Oid,
        mask: u64,
    ) -> PgResult<u64> {
        if acl::is_superuser(self, role)? {
            return Ok(mask);
        }
        match relation.attr(attnum).and_then(|a| a.acl.as_ref()) {
            Some(acl) => privileges_of(self, acl, role, relation.owner, mask),
            None => Ok(0),
        }
    }

    /// Raises unless a role has all privileges in `mask` on a relation.
    pub fn check_relation(&self, relation: &RelationDesc, role: Oid, mask: u64) -> PgResult<()> {
        if self.relation_privileges(relation, role, mask)? == mask {
            return Ok(());
        }
        Err(permission_denied(ObjectKind::of_relkind(relation.relkind), &relation.name))
    }

    /// Raises unless a role owns a relation.
    pub fn check_relation_owner(&self, relation: &RelationDesc, role: Oid) -> PgResult<()> {
        let kind = ObjectKind::of_relkind(relation.relkind);
        acl::check_owner(self, kind, &relation.name, relation.owner, role)
    }

    /// What must be allowed before a query runs; raises if it is not.
    pub fn check_query_permissions(&self, infos: &[RTEPermissionInfo]) -> PgResult<()> {
        for info in infos.iter().filter(|i| i.required_perms != 0) {
            let role = info.check_as_user.valid().unwrap_or_else(|| self.current_user());
            if acl::is_superuser(self, role)? {
                continue;
            }
            let relation = self.get_relation(info.relid)?;
            if !self.permitted(&relation, info, role)? {
                let kind = ObjectKind::of_relkind(relation.relkind);
                return Err(permission_denied(kind, &relation.name));
            }
        }
        Ok(())
    }

    fn permitted(
        &self,
        relation: &RelationDesc,
        info: &RTEPermissionInfo,
        role: Oid,
    ) -> PgResult<bool> {
        let held = self.relation_privileges(relation, role, info.required_perms)?;
        let missing = info.required_perms & !held;
        // Only these can be had by column.
        if missing & !(bit::SELECT | bit::INSERT | bit::UPDATE) != 0 {
            return Ok(false);
        }
        for (privilege, columns) in [
            (bit::SELECT, &info.selected_cols),
            (bit::INSERT, &info.inserted_cols),
            (bit::UPDATE, &info.updated_cols),
        ] {
            if missing & privilege != 0
                && !self.columns_permitted(relation, columns, role, privilege)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn columns_permitted(
        &self,
        relation: &RelationDesc,
        columns: &[i16],
        role: Oid,
        privilege: u64,
    ) -> PgResult<bool> {
        let on_column = |num: i16| {
            Ok::<_, error::PgError>(self.column_privileges(relation, num, role, privilege)? != 0)
        };
        let live = || relation.attrs.iter().filter(|a| !a.dropped).map(|a| a.num);
        if columns.is_empty() {
            // A query that names no column (count(*)) needs the privilege on any one.
            for num in live() {
                if on_column(num)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        for num in columns {
            // A whole-row reference needs all of them.
            if *num == 0 {
                for num in live() {
                    if !on_column(num)? {
                        return Ok(false);
                    }
                }
            } else if !on_column(*num)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
