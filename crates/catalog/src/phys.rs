//! How values of a type are held (`PhysType`), from its pg_type row.
use crate::decode::Row;
use crate::image::Image;
use crate::schema::{pg_proc, pg_type};
use std::collections::HashMap;
use std::sync::OnceLock;
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

/// The form that a built-in type's input function makes, by the function's `prosrc`.
pub(crate) fn by_input_function(prosrc: &str) -> Option<PhysType> {
    static FORMS: OnceLock<HashMap<String, PhysType>> = OnceLock::new();
    let forms = FORMS.get_or_init(|| {
        let sources: HashMap<Oid, String> = Image::get()
            .rows(pg_proc::RELID)
            .iter()
            .map(|p| (Row(p).oid(pg_proc::OID), Row(p).text(pg_proc::PROSRC)))
            .collect();
        let mut forms = HashMap::new();
        for row in Image::get().rows(pg_type::RELID) {
            let typ = crate::rows::PgType::from_row(row);
            if let Some(source) = sources.get(&typ.input).filter(|_| typ.typtype == 'b') {
                // array_in and its like serve many types of one form.
                forms.entry(source.clone()).or_insert(typ.phys);
            }
        }
        forms
    });
    forms.get(prosrc).copied()
}
