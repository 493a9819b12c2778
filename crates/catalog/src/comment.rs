//! Comments and security labels.
use crate::depend::{ObjectAddress, is_shared_class};
use crate::schema::*;
use crate::session::Catalog;
use crate::write::RowBuilder;
use error::PgResult;
use types::Datum;

impl Catalog {
    /// COMMENT ON: sets, replaces or (with `None` or an empty text) removes an object's comment.
    pub fn set_comment(&self, object: ObjectAddress, text: Option<&str>) -> PgResult<()> {
        self.delete_comment(object)?;
        let Some(text) = text.filter(|t| !t.is_empty()) else { return Ok(()) };
        if is_shared_class(object.class) {
            return RowBuilder::new(pg_shdescription::RELID)
                .set(pg_shdescription::OBJOID, object.object)
                .set(pg_shdescription::CLASSOID, object.class)
                .set(pg_shdescription::DESCRIPTION, text)
                .insert(self);
        }
        RowBuilder::new(pg_description::RELID)
            .set(pg_description::OBJOID, object.object)
            .set(pg_description::CLASSOID, object.class)
            .set(pg_description::OBJSUBID, object.sub)
            .set(pg_description::DESCRIPTION, text)
            .insert(self)
    }

    fn comment_key(object: ObjectAddress, all_parts: bool) -> (types::Oid, Vec<Datum>) {
        let mut key = vec![Datum::Oid(object.object), Datum::Oid(object.class)];
        if is_shared_class(object.class) {
            return (index::PG_SHDESCRIPTION_O_C_INDEX, key);
        }
        if !all_parts {
            key.push(Datum::Int4(object.sub));
        }
        (index::PG_DESCRIPTION_O_C_O_INDEX, key)
    }

    fn delete_comment(&self, object: ObjectAddress) -> PgResult<()> {
        let (index, key) = Self::comment_key(object, false);
        self.delete_by_key(index, &key)?;
        Ok(())
    }

    /// Removes the comments of a dropped object, those of its columns too.
    pub(crate) fn delete_comments(&self, object: ObjectAddress) -> PgResult<()> {
        let (index, key) = Self::comment_key(object, object.sub == 0);
        self.delete_by_key(index, &key)?;
        Ok(())
    }

    /// The comment of an object.
    pub fn comment(&self, object: ObjectAddress) -> PgResult<Option<String>> {
        let (index, key) = Self::comment_key(object, false);
        let column = match is_shared_class(object.class) {
            true => pg_shdescription::DESCRIPTION,
            false => pg_description::DESCRIPTION,
        };
        let row = self.row_by_index(index, &key)?;
        Ok(row.map(|row| crate::decode::Row(&row.values).text(column)))
    }

    /// Removes security labels and initial privileges of a dropped object.
    pub(crate) fn delete_labels(&self, object: ObjectAddress) -> PgResult<()> {
        let mut key = vec![Datum::Oid(object.object), Datum::Oid(object.class)];
        if is_shared_class(object.class) {
            self.delete_by_key(index::PG_SHSECLABEL_OBJECT_INDEX, &key)?;
            return Ok(());
        }
        if object.sub != 0 {
            key.push(Datum::Int4(object.sub));
        }
        self.delete_by_key(index::PG_SECLABEL_OBJECT_INDEX, &key)?;
        self.delete_by_key(index::PG_INIT_PRIVS_O_C_O_INDEX, &key)?;
        Ok(())
    }
}
