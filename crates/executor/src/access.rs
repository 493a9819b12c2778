//! Permission checks before a plan runs.
use catalog::{
    CatalogRead, RelationDesc,
    acl::{self, ObjectKind},
};
use error::PgResult;
use nodes::{RTEPermissionInfo, acl as bits};
use types::Oid;

/// Raises unless the permissions of all entries are held.
pub fn check_permissions(catalog: &dyn CatalogRead, infos: &[RTEPermissionInfo]) -> PgResult<()> {
    for info in infos.iter().filter(|i| i.required_perms != 0) {
        check_relation(catalog, info)?;
    }
    Ok(())
}

fn check_relation(catalog: &dyn CatalogRead, info: &RTEPermissionInfo) -> PgResult<()> {
    let user = info.check_as_user.valid().unwrap_or_else(|| catalog.current_user());
    if acl::is_superuser(catalog, user)? {
        return Ok(());
    }
    let rel = catalog.get_relation(info.relid)?;
    let held = table_privileges(catalog, &rel, user, info.required_perms)?;
    let missing = info.required_perms & !held;
    if missing == 0 {
        return Ok(());
    }
    let denied = || Err(acl::permission_denied(ObjectKind::of_relkind(rel.relkind), &rel.name));
    if missing & !(bits::SELECT | bits::INSERT | bits::UPDATE) != 0 {
        return denied();
    }
    for (bit, columns) in [
        (bits::SELECT, &info.selected_cols),
        (bits::INSERT, &info.inserted_cols),
        (bits::UPDATE, &info.updated_cols),
    ] {
        if missing & bit != 0 && !columns_allowed(catalog, &rel, user, bit, columns)? {
            return denied();
        }
    }
    Ok(())
}

fn table_privileges(
    catalog: &dyn CatalogRead,
    rel: &RelationDesc,
    user: Oid,
    mask: u64,
) -> PgResult<u64> {
    match &rel.acl {
        Some(acl) => acl::privileges_of(catalog, acl, user, rel.owner, mask),
        None => {
            let default = acl::default_acl(ObjectKind::of_relkind(rel.relkind), rel.owner);
            acl::privileges_of(catalog, &default, user, rel.owner, mask)
        }
    }
}

fn column_allowed(
    catalog: &dyn CatalogRead,
    rel: &RelationDesc,
    user: Oid,
    bit: u64,
    column: i16,
) -> PgResult<bool> {
    let Some(acl) = rel.attr(column).and_then(|a| a.acl.as_ref()) else { return Ok(false) };
    Ok(acl::privileges_of(catalog, acl, user, rel.owner, bit)? & bit != 0)
}

/// Whether a privilege is held on all columns used; on any column if none is named.
fn columns_allowed(
    catalog: &dyn CatalogRead,
    rel: &RelationDesc,
    user: Oid,
    bit: u64,
    columns: &[i16],
) -> PgResult<bool> {
    let live = || rel.attrs.iter().filter(|a| !a.dropped).map(|a| a.num);
    if columns.is_empty() {
        for column in live() {
            if column_allowed(catalog, rel, user, bit, column)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    for column in columns {
        if *column == 0 {
            for column in live() {
                if !column_allowed(catalog, rel, user, bit, column)? {
                    return Ok(false);
                }
            }
        } else if !column_allowed(catalog, rel, user, bit, *column)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Raises unless the current user may execute the functions.
pub(crate) fn check_functions(catalog: &dyn CatalogRead, functions: &[Oid]) -> PgResult<()> {
    for oid in functions {
        let proc_ = catalog.get_proc(*oid)?;
        acl::check(
            catalog,
            ObjectKind::of_prokind(proc_.kind),
            &proc_.name,
            proc_.acl.as_deref(),
            proc_.owner,
            catalog.current_user(),
            bits::EXECUTE,
        )?;
    }
    Ok(())
}
