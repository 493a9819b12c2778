//! PL/pgSQL functions as triggers.
use super::{Key, PlpgsqlFunction, compiled, host::EngineHost};
use crate::{context::SESSION_SERVICE, session_core::SessionCore};
use ::plpgsql::{TransitionTable, TriggerCall, TriggerKind};
use analyzer::EphemeralRelation;
use catalog::CatalogRead;
use error::{PgError, PgResult};
use fmgr::{FnContext, TriggerData, TriggerResult};
use std::sync::{Arc, atomic::Ordering};
use types::Oid;

impl PlpgsqlFunction {
    pub(super) fn fire(
        &self,
        session: &dyn FnContext,
        data: &TriggerData,
    ) -> PgResult<TriggerResult> {
        let service = session.service_any(SESSION_SERVICE);
        let Some(core) = service.and_then(|s| s.downcast_ref::<Arc<SessionCore>>()) else {
            return Err(PgError::internal("PL/pgSQL trigger outside of a session"));
        };
        let key = Key {
            oid: self.proc.oid,
            relation: data.relid,
            collation: Oid::INVALID,
            rettype: self.proc.rettype,
            args: Vec::new(),
        };
        let function = compiled(core, &self.proc, key, TriggerKind::Dml)?;
        let relation = core.catalog.get_relation(data.relid)?;
        let schema = core.catalog.namespace_name(relation.namespace)?.unwrap_or_default();
        let tables: Vec<TransitionTable> = [&data.old_table, &data.new_table]
            .into_iter()
            .flatten()
            .map(|t| TransitionTable {
                relation: EphemeralRelation { name: t.name.clone(), relid: data.relid },
                rows: t.rows.clone(),
            })
            .collect();
        let tables = (!tables.is_empty()).then(|| Arc::new(tables));
        let host = EngineHost::new(core, true, tables);
        let call = TriggerCall {
            name: &data.name,
            when: data.timing.as_str(),
            level: if data.is_row { "ROW" } else { "STATEMENT" },
            op: data.event.as_str(),
            relation: &relation,
            schema: &schema,
            args: &data.args,
            old: data.old.clone(),
            new: data.new.clone(),
        };
        core.plpgsql.trigger_depth.fetch_add(1, Ordering::Relaxed);
        let result = ::plpgsql::call_trigger(&function, &host, &call);
        core.plpgsql.trigger_depth.fetch_sub(1, Ordering::Relaxed);
        result
    }
}
