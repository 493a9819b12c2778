//! Sizes of relations and databases, as storage knows them: roughly.
use super::{core, scalar};
use catalog::CatalogRead;
use error::{PgResult, err};
use fmgr::{CallContext, Registry};
use txn::StorageId;
use types::{Datum, Oid};

pub(super) fn register(r: &mut Registry) {
    scalar(r, "pg_relation_size", |cx, args| {
        let fork = args[1].as_str();
        match fork {
            "main" => relation(cx, args[0].as_oid(), Part::Own),
            "fsm" | "vm" | "init" => Ok(Datum::Int8(0)),
            _ => Err(err!(INVALID_PARAMETER_VALUE, "invalid fork name")
                .hint("Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".")),
        }
    });
    scalar(r, "pg_table_size", |cx, args| relation(cx, args[0].as_oid(), Part::Own));
    scalar(r, "pg_indexes_size", |cx, args| relation(cx, args[0].as_oid(), Part::Indexes));
    scalar(r, "pg_total_relation_size", |cx, args| relation(cx, args[0].as_oid(), Part::Total));
    scalar(r, "pg_relation_filenode", |cx, args| {
        let relation = core(cx)?.catalog.relation(args[0].as_oid())?;
        Ok(relation
            .filter(|r| r.storage_id != 0)
            .map_or(Datum::Null, |r| Datum::Oid(Oid(r.storage_id))))
    });
}

#[derive(PartialEq)]
enum Part {
    Own,
    Indexes,
    Total,
}

fn relation(cx: &mut CallContext<'_>, oid: Oid, part: Part) -> PgResult<Datum> {
    let core = core(cx)?;
    let Some(relation) = core.catalog.relation(oid)? else { return Ok(Datum::Null) };
    let size = |sid: u32| match sid {
        0 => 0,
        sid => core.engine.store.approximate_size(StorageId(sid)) as i64,
    };
    let own = size(relation.storage_id);
    let indexes: i64 = relation.indexes.iter().map(|i| size(i.storage_id)).sum();
    Ok(Datum::Int8(match part {
        Part::Own => own,
        Part::Indexes => indexes,
        Part::Total => own + indexes,
    }))
}
