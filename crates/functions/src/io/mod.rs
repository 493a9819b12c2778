//! Input, output, receive and send functions and type modifiers of all types.
//!
//! `cstring` is text bytes, and so is the `internal` argument of a receive function: the whole binary
//! value. Where a type's reading or writing does not need the catalog, it is `types::io` that does it.

mod container;
mod pseudo;
mod reg;
mod reg_text;
mod scalar;
mod soft;
mod type_name;
mod typmod;

pub(crate) use container::check_domain;
pub use type_name::parse_type_name;

use error::PgResult;
use fmgr::{FnContext, Registry};
use types::{Datum, Oid, TypeIo};

/// Registers the family.
pub fn register(r: &mut Registry) {
    container::register(r);
    pseudo::register(r);
    reg::register(r);
    scalar::register(r);
    soft::register(r);
    typmod::register(r);
}

/// OID of a text search configuration by its name, which may have a schema.
pub(crate) fn text_search_configuration(cx: &dyn FnContext, name: &str) -> PgResult<Oid> {
    reg_text::config_in(cx, name)
}

/// OID of a text search dictionary by its name.
pub(crate) fn text_search_dictionary(cx: &dyn FnContext, name: &str) -> PgResult<Oid> {
    reg_text::dictionary_in(cx, name)
}

/// OID of a text search parser by its name.
pub(crate) fn text_search_parser(cx: &dyn FnContext, name: &str) -> PgResult<Oid> {
    reg_text::parser_in(cx, name)
}

/// [`TypeIo`] by the session's functions, for what container types contain.
pub(crate) struct SessionIo<'a>(pub(crate) &'a dyn FnContext);

impl TypeIo for SessionIo<'_> {
    fn input(&self, typ: Oid, typmod: i32, text: &str) -> PgResult<Datum> {
        match types::io::text_in(typ, typmod, text, self.0.io_options()) {
            Some(value) => value,
            None => self.0.type_input(typ, typmod, text),
        }
    }

    fn output(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()> {
        if types::io::text_out(typ, value, self.0.io_options(), out) {
            return Ok(());
        }
        self.0.type_output(typ, value, out)
    }

    fn receive(&self, typ: Oid, typmod: i32, bytes: &[u8]) -> PgResult<Datum> {
        match types::io::binary_in(typ, typmod, bytes, self.0.io_options()) {
            Some(value) => value,
            None => self.0.type_receive(typ, typmod, bytes),
        }
    }

    fn send(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()> {
        if types::io::binary_out(typ, value, self.0.io_options(), out) {
            return Ok(());
        }
        self.0.type_send(typ, value, out)
    }
}

/// The type modifier among an input function's arguments.
fn typmod_arg(args: &[Datum]) -> i32 {
    match args.get(2) {
        Some(Datum::Int4(typmod)) => *typmod,
        _ => -1,
    }
}
