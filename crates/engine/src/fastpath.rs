//! The FunctionCall message: one function called directly.
use crate::{session_core::SessionCore, type_io};
use catalog::CatalogRead;
use error::{PgResult, bail, err};
use fmgr::FnContext;
use std::sync::Arc;
use types::{Datum, Oid};

/// Calls a function with arguments as a client sent them; `None` is a NULL result.
pub(crate) fn call(
    core: &Arc<SessionCore>,
    function: Oid,
    formats: &[i16],
    args: &[Option<&[u8]>],
    result_format: i16,
) -> PgResult<Option<Vec<u8>>> {
    let cx = core.context();
    let Some(proc) = cx.catalog.lookup_proc(function)? else {
        bail!(UNDEFINED_FUNCTION, "function with OID {function} does not exist");
    };
    if proc.kind != 'f' || proc.retset {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "cannot call function \"{}\" via fastpath interface",
            proc.name
        );
    }
    if args.len() != proc.argtypes.len() {
        return Err(err!(
            PROTOCOL_VIOLATION,
            "function call message contains {} arguments but function requires {}",
            args.len(),
            proc.argtypes.len()
        ));
    }
    let mut values = Vec::with_capacity(args.len());
    for (i, (bytes, typ)) in args.iter().zip(&proc.argtypes).enumerate() {
        let format = crate::sink::format_for(formats, i);
        values.push(match bytes {
            Some(bytes) => type_io::read_parameter(&cx, *typ, format, bytes, i)?,
            None => Datum::Null,
        });
    }
    let info = cx.resolve_function(function)?;
    let result = cx.call_support(&info, &mut values, Oid::INVALID, proc.rettype)?;
    if result.is_null() {
        return Ok(None);
    }
    let mut out = Vec::new();
    type_io::ColumnOutput::new(proc.rettype, result_format)?.write(&result, &cx, &mut out)?;
    Ok(Some(out))
}
