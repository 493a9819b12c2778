//! In, out, recv and send of the types that `types::io` knows.
use error::{PgError, PgResult};
use fmgr::{CallContext, Registry};
use types::{Datum, Oid, io, type_oid as t};

fn unknown_type(typ: Oid) -> PgError {
    PgError::internal(format!("type {typ} has no direct input or output"))
}

fn input(cx: &CallContext<'_>, typ: Oid, args: &[Datum]) -> PgResult<Datum> {
    let typmod = super::typmod_arg(args);
    io::text_in(typ, typmod, args[0].as_str(), cx.session.io_options())
        .unwrap_or_else(|| Err(unknown_type(typ)))
}

fn output(cx: &CallContext<'_>, typ: Oid, args: &[Datum]) -> PgResult<Datum> {
    let mut out = Vec::new();
    if !io::text_out(typ, &args[0], cx.session.io_options(), &mut out) {
        return Err(unknown_type(typ));
    }
    Ok(Datum::bytes(&out))
}

fn receive(cx: &CallContext<'_>, typ: Oid, args: &[Datum]) -> PgResult<Datum> {
    let typmod = super::typmod_arg(args);
    io::binary_in(typ, typmod, args[0].as_bytes(), cx.session.io_options())
        .unwrap_or_else(|| Err(unknown_type(typ)))
}

fn send(cx: &CallContext<'_>, typ: Oid, args: &[Datum]) -> PgResult<Datum> {
    let mut out = Vec::new();
    if !io::binary_out(typ, &args[0], cx.session.io_options(), &mut out) {
        return Err(unknown_type(typ));
    }
    Ok(Datum::bytes(&out))
}

/// `in out recv send` of a type.
macro_rules! type_io {
    ($r:ident, $($in:literal $out:literal $recv:literal $send:literal: $typ:expr;)*) => { $(
        $r.scalar($in, |cx, args| input(cx, $typ, args));
        $r.scalar($out, |cx, args| output(cx, $typ, args));
        $r.scalar($recv, |cx, args| receive(cx, $typ, args));
        $r.scalar($send, |cx, args| send(cx, $typ, args));
    )* };
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    type_io! { r,
        "charin" "charout" "charrecv" "charsend": t::CHAR;
        "namein" "nameout" "namerecv" "namesend": t::NAME;
        "byteain" "byteaout" "bytearecv" "byteasend": t::BYTEA;
        "int2in" "int2out" "int2recv" "int2send": t::INT2;
        "int4in" "int4out" "int4recv" "int4send": t::INT4;
        "int8in" "int8out" "int8recv" "int8send": t::INT8;
        "float4in" "float4out" "float4recv" "float4send": t::FLOAT4;
        "float8in" "float8out" "float8recv" "float8send": t::FLOAT8;
        "numeric_in" "numeric_out" "numeric_recv" "numeric_send": t::NUMERIC;
        "oidin" "oidout" "oidrecv" "oidsend": t::OID;
        "xidin" "xidout" "xidrecv" "xidsend": t::XID;
        "cidin" "cidout" "cidrecv" "cidsend": t::CID;
        "xid8in" "xid8out" "xid8recv" "xid8send": t::XID8;
        "tidin" "tidout" "tidrecv" "tidsend": t::TID;
        "pg_lsn_in" "pg_lsn_out" "pg_lsn_recv" "pg_lsn_send": t::PG_LSN;
        "textin" "textout" "textrecv" "textsend": t::TEXT;
        "unknownin" "unknownout" "unknownrecv" "unknownsend": t::UNKNOWN;
        "cstring_in" "cstring_out" "cstring_recv" "cstring_send": t::CSTRING;
        "varcharin" "varcharout" "varcharrecv" "varcharsend": t::VARCHAR;
        "bpcharin" "bpcharout" "bpcharrecv" "bpcharsend": t::BPCHAR;
        "date_in" "date_out" "date_recv" "date_send": t::DATE;
        "time_in" "time_out" "time_recv" "time_send": t::TIME;
        "timetz_in" "timetz_out" "timetz_recv" "timetz_send": t::TIMETZ;
        "timestamp_in" "timestamp_out" "timestamp_recv" "timestamp_send": t::TIMESTAMP;
        "timestamptz_in" "timestamptz_out" "timestamptz_recv" "timestamptz_send": t::TIMESTAMPTZ;
        "interval_in" "interval_out" "interval_recv" "interval_send": t::INTERVAL;
        "json_in" "json_out" "json_recv" "json_send": t::JSON;
        "jsonb_in" "jsonb_out" "jsonb_recv" "jsonb_send": t::JSONB;
        "jsonpath_in" "jsonpath_out" "jsonpath_recv" "jsonpath_send": t::JSONPATH;
        "uuid_in" "uuid_out" "uuid_recv" "uuid_send": t::UUID;
        "cash_in" "cash_out" "cash_recv" "cash_send": t::MONEY;
        "bit_in" "bit_out" "bit_recv" "bit_send": t::BIT;
        "varbit_in" "varbit_out" "varbit_recv" "varbit_send": t::VARBIT;
        "inet_in" "inet_out" "inet_recv" "inet_send": t::INET;
        "cidr_in" "cidr_out" "cidr_recv" "cidr_send": t::CIDR;
        "macaddr_in" "macaddr_out" "macaddr_recv" "macaddr_send": t::MACADDR;
        "macaddr8_in" "macaddr8_out" "macaddr8_recv" "macaddr8_send": t::MACADDR8;
        "int2vectorin" "int2vectorout" "int2vectorrecv" "int2vectorsend": t::INT2VECTOR;
        "oidvectorin" "oidvectorout" "oidvectorrecv" "oidvectorsend": t::OIDVECTOR;
        "point_in" "point_out" "point_recv" "point_send": t::POINT;
        "lseg_in" "lseg_out" "lseg_recv" "lseg_send": t::LSEG;
        "box_in" "box_out" "box_recv" "box_send": t::BOX;
        "path_in" "path_out" "path_recv" "path_send": t::PATH;
        "poly_in" "poly_out" "poly_recv" "poly_send": t::POLYGON;
        "circle_in" "circle_out" "circle_recv" "circle_send": t::CIRCLE;
        "line_in" "line_out" "line_recv" "line_send": t::LINE;
        "tsvectorin" "tsvectorout" "tsvectorrecv" "tsvectorsend": t::TSVECTOR;
        "void_in" "void_out" "void_recv" "void_send": t::VOID;
    }
    // Trees are made by the server only.
    r.scalar("pg_node_tree_out", |cx, args| output(cx, t::PG_NODE_TREE, args));
    r.scalar("pg_node_tree_send", |cx, args| send(cx, t::PG_NODE_TREE, args));
}
