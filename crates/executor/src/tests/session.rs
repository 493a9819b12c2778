//! A session for tests: functions without bodies resolve (the executor's own kernels stand in for them),
//! text input and output of a few types.
use crate::tests::catalog::TestCatalog;
use catalog::CatalogRead;
use error::{PgError, PgResult, not_supported};
use fmgr::{FnBody, FnContext, FnInfo, Spi, Volatility};
use std::{any::Any, cmp::Ordering, sync::Arc};
use types::{Datum, IoOptions, Oid, type_oid as t};

pub(crate) struct TestSession {
    pub(crate) catalog: Arc<TestCatalog>,
    pub(crate) io: IoOptions,
    pub(crate) deferred: crate::DeferredChecks,
}

impl FnContext for TestSession {
    fn io_options(&self) -> &IoOptions {
        &self.io
    }
    fn catalog_any(&self) -> &(dyn Any + Send + Sync) {
        &self.catalog.inner
    }
    fn service_any(&self, type_name: &'static str) -> Option<&(dyn Any + Send + Sync)> {
        (type_name == std::any::type_name::<crate::DeferredChecks>())
            .then_some(&self.deferred as &(dyn Any + Send + Sync))
    }
    fn resolve_function(&self, funcid: Oid) -> PgResult<Arc<FnInfo>> {
        let p = self.catalog.get_proc(funcid)?;
        Ok(Arc::new(FnInfo {
            oid: p.oid,
            name: p.name.clone(),
            prosrc: p.src.clone(),
            strict: p.strict,
            retset: p.retset,
            volatility: Volatility::Immutable,
            rettype: p.rettype,
            argtypes: p.argtypes.clone(),
            body: match p.src.as_str() {
                "int4_avg_accum" | "int8_avg" => FnBody::Missing,
                "generate_series_int4" => FnBody::Set(|_, args| {
                    let rows = args[0].as_i32()..=args[1].as_i32();
                    Ok(fmgr::VecRowSource::scalars(rows.map(Datum::Int4).collect()))
                }),
                "window_row_number" => {
                    FnBody::Window(|_, w| Ok(Datum::Int8(w.current_position() + 1)))
                }
                _ => FnBody::Missing,
            },
        }))
    }
    fn type_input(&self, typ: Oid, _typmod: i32, text: &str) -> PgResult<Datum> {
        Ok(match typ {
            t::INT4 => Datum::Int4(text.parse().unwrap()),
            t::INT8 => Datum::Int8(text.parse().unwrap()),
            _ => Datum::text(text),
        })
    }
    fn type_output(&self, _typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()> {
        match value {
            Datum::Int4(v) => out.extend(v.to_string().bytes()),
            Datum::Int8(v) => out.extend(v.to_string().bytes()),
            other => out.extend(other.as_bytes()),
        }
        Ok(())
    }
    fn type_receive(&self, _: Oid, _: i32, _: &[u8]) -> PgResult<Datum> {
        Err(not_supported!("binary input"))
    }
    fn type_send(&self, _: Oid, _: &Datum, _: &mut Vec<u8>) -> PgResult<()> {
        Err(not_supported!("binary output"))
    }
    fn type_compare(&self, _: Oid, _: Oid, a: &Datum, b: &Datum) -> PgResult<Ordering> {
        Ok(match (a, b) {
            (Datum::Int4(a), Datum::Int4(b)) => a.cmp(b),
            (a, b) => a.as_bytes().cmp(b.as_bytes()),
        })
    }
    fn type_equal(&self, typ: Oid, coll: Oid, a: &Datum, b: &Datum) -> PgResult<bool> {
        Ok(self.type_compare(typ, coll, a, b)?.is_eq())
    }
    fn type_hash(&self, _: Oid, _: Oid, value: &Datum) -> PgResult<u32> {
        Ok(types::hash::bytes(value.as_bytes()))
    }
    fn transaction_timestamp(&self) -> i64 {
        0
    }
    fn statement_timestamp(&self) -> i64 {
        0
    }
    fn clock_timestamp(&self) -> i64 {
        0
    }
    fn get_setting(&self, _: &str) -> Option<String> {
        None
    }
    fn set_setting(&self, _: &str, value: &str, _: bool) -> PgResult<String> {
        Ok(value.into())
    }
    fn current_user(&self) -> Oid {
        Oid(10)
    }
    fn session_user(&self) -> Oid {
        Oid(10)
    }
    fn database(&self) -> Oid {
        Oid(5)
    }
    fn database_name(&self) -> String {
        "postgres".into()
    }
    fn backend_pid(&self) -> i32 {
        1
    }
    fn notice(&self, _: PgError) {}
    fn check_interrupts(&self) -> PgResult<()> {
        Ok(())
    }
    fn sleep(&self, _: std::time::Duration) -> PgResult<()> {
        Ok(())
    }
    fn random_u64(&self) -> u64 {
        7
    }
    fn random_seed(&self, _: f64) {}
    fn sequence_nextval(&self, _: Oid) -> PgResult<i64> {
        Ok(1)
    }
    fn sequence_setval(&self, _: Oid, _: i64, _: bool) -> PgResult<()> {
        Ok(())
    }
    fn sequence_currval(&self, _: Oid) -> PgResult<i64> {
        Ok(1)
    }
    fn sequence_lastval(&self) -> PgResult<i64> {
        Ok(1)
    }
    fn spi(&self) -> &dyn Spi {
        self
    }
}

impl Spi for TestSession {
    fn execute(&self, _: &str, _: &[(Oid, Datum)], _: bool, _: u64) -> PgResult<fmgr::SpiResult> {
        Err(not_supported!("queries inside tests"))
    }
}
