//! GET DIAGNOSTICS.
use super::Run;
use crate::ast::DiagItem;
use error::{PgResult, err};
use types::{Datum, type_oid as t};

impl Run<'_> {
    pub(crate) fn diagnostics(
        &mut self,
        stacked: bool,
        items: &[(DiagItem, usize)],
    ) -> PgResult<()> {
        if stacked && self.errors.is_empty() {
            return Err(err!(
                STACKED_DIAGNOSTICS_ACCESSED_WITHOUT_ACTIVE_HANDLER,
                "GET STACKED DIAGNOSTICS cannot be used outside an exception handler"
            ));
        }
        for (item, target) in items {
            let (value, typ) = self.item(*item, stacked);
            self.assign(*target, value, typ, -1)?;
        }
        Ok(())
    }

    fn item(&self, item: DiagItem, stacked: bool) -> (Datum, types::Oid) {
        match item {
            DiagItem::RowCount => return (Datum::Int8(self.processed as i64), t::INT8),
            DiagItem::RoutineOid => return (Datum::Oid(self.f.oid), t::OID),
            DiagItem::Context if !stacked => {
                return (Datum::text(&self.host.contexts().join("\n")), t::TEXT);
            }
            _ => {}
        }
        let Some(caught) = self.errors.last() else { return (Datum::Null, t::TEXT) };
        let e = &caught.error.0;
        let joined = e.context.join("\n");
        let text = match item {
            DiagItem::ErrorContext => Some(joined.as_str()),
            DiagItem::ErrorDetail => e.detail.as_deref(),
            DiagItem::ErrorHint => e.hint.as_deref(),
            DiagItem::ReturnedSqlstate => Some(e.sqlstate.as_str()),
            DiagItem::ColumnName => e.column.as_deref(),
            DiagItem::ConstraintName => e.constraint.as_deref(),
            DiagItem::DatatypeName => e.datatype.as_deref(),
            DiagItem::MessageText => Some(e.message.as_str()),
            DiagItem::TableName => e.table.as_deref(),
            DiagItem::SchemaName => e.schema.as_deref(),
            _ => None,
        };
        (Datum::text(text.unwrap_or_default()), t::TEXT)
    }
}
