//! COMMENT ON.
use crate::{UtilityContext, object_address};
use catalog::{CatalogRead, acl, acl::ObjectKind};
use error::{PgResult, bail, err};
use parser::ast::{CommentStmt, ObjectType};

/// PostgreSQL's ShareUpdateExclusiveLock.
const SHARE_UPDATE_EXCLUSIVE: i32 = 4;

/// Sets or removes an object's comment.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &CommentStmt) -> PgResult<()> {
    let found = object_address::resolve(cx, stmt.objtype, &stmt.object, SHARE_UPDATE_EXCLUSIVE)?;
    if let Some(relation) = &found.relation {
        let kind = ObjectKind::of_relkind(relation.relkind);
        acl::check_owner(cx.catalog, kind, &relation.name, relation.owner, cx.user())?;
        if stmt.objtype == ObjectType::Column
            && !matches!(relation.relkind, 'r' | 'v' | 'm' | 'c' | 'f' | 'p')
        {
            bail!(WRONG_OBJECT_TYPE, "cannot set comment on relation \"{}\"", relation.name);
        }
    } else if let Some((owner, _)) =
        cx.catalog.owner_and_acl(found.address.class, found.address.object)?
        && !cx.catalog.has_role_privileges(cx.user(), owner)?
    {
        let object = cx.catalog.describe_object(found.address)?;
        return Err(err!(INSUFFICIENT_PRIVILEGE, "must be owner of {object}"));
    }
    cx.catalog.set_comment(found.address, stmt.comment.as_deref())
}
