//! How values of a type are held (`PhysType`), from its pg_type row.
use types::{Oid, PhysType, type_oid as t};

const ARRAY_SUBSCRIPT_HANDLER: Oid = Oid(6179);

/// The form of a type that is not a domain.
pub fn phys_type(oid: Oid, typtype: char, len: i16, elem: Oid, subscript: Oid) -> PhysType {
    match typtype {
        'e' => return PhysType::Oid,
        'r' => return PhysType::Range,
        'm' => return PhysType::Multirange,
        'c' => return PhysType::Record,
        _ => {}
    }
    if elem.is_valid() && len == -1 && subscript == ARRAY_SUBSCRIPT_HANDLER {
        return PhysType::Array;
    }
    match oid {
        t::BOOL => PhysType::Bool,
        t::CHAR => PhysType::Char,
        t::INT2 => PhysType::Int2,
        t::INT4 | t::DATE => PhysType::Int4,
        t::INT8
        | t::MONEY
        | t::TIME
        | t::TIMESTAMP
        | t::TIMESTAMPTZ
        | t::PG_LSN
        | t::XID8
        | t::TID => PhysType::Int8,
        t::FLOAT4 => PhysType::Float4,
        t::FLOAT8 => PhysType::Float8,
        t::OID
        | t::XID
        | t::CID
        | t::REGPROC
        | t::REGPROCEDURE
        | t::REGOPER
        | t::REGOPERATOR
        | t::REGCLASS
        | t::REGTYPE
        | t::REGROLE
        | t::REGNAMESPACE
        | t::REGCONFIG
        | t::REGDICTIONARY
        | t::REGCOLLATION
        | t::ANYENUM => PhysType::Oid,
        t::INT2VECTOR | t::OIDVECTOR | t::ANYARRAY | t::ANYCOMPATIBLEARRAY | t::RECORD_ARRAY => {
            PhysType::Array
        }
        t::RECORD => PhysType::Record,
        t::ANYRANGE | t::ANYCOMPATIBLERANGE => PhysType::Range,
        t::ANYMULTIRANGE | t::ANYCOMPATIBLEMULTIRANGE => PhysType::Multirange,
        t::INTERNAL => PhysType::Internal,
        _ => PhysType::Bytes,
    }
}

/// The form of a column of a catalog, whose types all come from the facts.
pub fn catalog_column(typ: Oid) -> PhysType {
    match typ {
        // information_schema's domains: cardinal_number, then those over text and timestamp.
        Oid(13241) => PhysType::Int4,
        Oid(13252) => PhysType::Int8,
        typ if types::type_oid::ARRAY_TYPES.iter().any(|(_, a)| *a == typ.0) => PhysType::Array,
        typ => phys_type(typ, 'b', 0, Oid::INVALID, Oid::INVALID),
    }
}
