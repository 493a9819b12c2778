//! Facts about types that resolution asks for again and again.
use crate::parse_state::Analyzer;
use catalog::rows::{Attribute, PgType};
use error::PgResult;
use nodes::{Const, Expr};
use std::sync::Arc;
use types::{Datum, Oid, PhysType, type_oid as t};

/// Type category letters used by resolution.
pub mod category {
    pub const STRING: char = 'S';
    pub const INVALID: char = '\0';
}

/// Whether a type is one of the polymorphic pseudo-types.
pub fn is_polymorphic(typ: Oid) -> bool {
    is_polymorphic_family1(typ) || is_polymorphic_family2(typ)
}

/// anyelement and the types tied to it.
pub fn is_polymorphic_family1(typ: Oid) -> bool {
    matches!(
        typ,
        t::ANYELEMENT | t::ANYARRAY | t::ANYNONARRAY | t::ANYENUM | t::ANYRANGE | t::ANYMULTIRANGE
    )
}

/// anycompatible and the types tied to it.
pub fn is_polymorphic_family2(typ: Oid) -> bool {
    matches!(
        typ,
        t::ANYCOMPATIBLE
            | t::ANYCOMPATIBLEARRAY
            | t::ANYCOMPATIBLENONARRAY
            | t::ANYCOMPATIBLERANGE
            | t::ANYCOMPATIBLEMULTIRANGE
    )
}

impl Analyzer<'_> {
    /// The type under any domains, with the typmod they impose.
    pub fn base_type_and_typmod(&self, mut typ: Oid, mut typmod: i32) -> PgResult<(Oid, i32)> {
        if typ == t::UNKNOWN || typ == t::INT4 || typ == t::TEXT {
            return Ok((typ, typmod));
        }
        loop {
            let row = self.catalog.get_type(typ)?;
            if row.typtype != 'd' {
                return Ok((typ, typmod));
            }
            typ = row.basetype;
            typmod = row.typmod;
        }
    }

    /// The type under any domains.
    pub fn base_type(&self, typ: Oid) -> PgResult<Oid> {
        Ok(self.base_type_and_typmod(typ, -1)?.0)
    }

    /// Category and whether it is that category's preferred type.
    pub(crate) fn type_category(&self, typ: Oid) -> PgResult<(char, bool)> {
        match self.catalog.lookup_type(typ)? {
            Some(row) => Ok((row.category, row.preferred)),
            None => Ok((category::INVALID, false)),
        }
    }

    /// Element type of a true array type, else INVALID. Domains are not looked through.
    pub fn element_type(&self, typ: Oid) -> PgResult<Oid> {
        Ok(self
            .catalog
            .lookup_type(typ)?
            .filter(|row| row.is_array())
            .map_or(Oid::INVALID, |row| row.elem))
    }

    /// Element type of an array or of a domain over one.
    pub fn base_element_type(&self, typ: Oid) -> PgResult<Oid> {
        self.element_type(self.base_type(typ)?)
    }

    /// The array type over an element type, else INVALID.
    pub fn array_type(&self, elem: Oid) -> PgResult<Oid> {
        Ok(self.catalog.lookup_type(elem)?.map_or(Oid::INVALID, |row| row.array))
    }

    /// Array type to collect values of `typ` in: `typ` itself if it is an array already.
    pub fn promoted_array_type(&self, typ: Oid) -> PgResult<Oid> {
        let array = self.array_type(typ)?;
        if array.is_valid() {
            return Ok(array);
        }
        Ok(if self.element_type(typ)?.is_valid() { typ } else { Oid::INVALID })
    }

    /// A type's collation, INVALID if it is not collatable.
    pub fn type_collation(&self, typ: Oid) -> PgResult<Oid> {
        match typ {
            t::INT4 | t::INT8 | t::UNKNOWN | t::BOOL => Ok(Oid::INVALID),
            t::TEXT => Ok(Oid(100)),
            _ => Ok(self.catalog.lookup_type(typ)?.map_or(Oid::INVALID, |row| row.collation)),
        }
    }

    /// Whether values of the type have a collation.
    pub fn type_is_collatable(&self, typ: Oid) -> PgResult<bool> {
        Ok(self.type_collation(typ)?.is_valid())
    }

    /// Whether the type, or the type under its domain, is an enum.
    pub(crate) fn type_is_enum(&self, typ: Oid) -> PgResult<bool> {
        Ok(self.catalog.lookup_type(typ)?.is_some_and(|row| row.typtype == 'e'))
    }

    /// Whether the type is a range.
    pub(crate) fn range_subtype(&self, typ: Oid) -> PgResult<Oid> {
        Ok(self.catalog.lookup_range(typ)?.map_or(Oid::INVALID, |r| r.subtype))
    }

    /// Range type of a multirange type, else INVALID.
    pub(crate) fn multirange_range(&self, typ: Oid) -> PgResult<Oid> {
        Ok(self.catalog.lookup_range_by_multirange(typ)?.map_or(Oid::INVALID, |r| r.rngtypid))
    }

    /// Relation of a composite type (domains not looked through), else INVALID.
    pub(crate) fn type_relid(&self, typ: Oid) -> PgResult<Oid> {
        Ok(self.catalog.lookup_type(typ)?.map_or(Oid::INVALID, |row| row.relid))
    }

    /// Relation of a composite type or of a domain over one.
    pub(crate) fn type_or_domain_relid(&self, typ: Oid) -> PgResult<Oid> {
        self.type_relid(self.base_type(typ)?)
    }

    /// Whether the type is a named composite type or a domain over one.
    pub fn is_complex(&self, typ: Oid) -> PgResult<bool> {
        Ok(self.type_or_domain_relid(typ)?.is_valid())
    }

    /// Whether the type is a composite type, `record` included.
    pub(crate) fn type_is_rowtype(&self, typ: Oid) -> PgResult<bool> {
        if typ == t::RECORD {
            return Ok(true);
        }
        let Some(row) = self.catalog.lookup_type(typ)? else { return Ok(false) };
        match row.typtype {
            'c' => Ok(true),
            'd' => self.type_is_rowtype(self.base_type(typ)?),
            _ => Ok(false),
        }
    }

    /// Columns of a composite type (or domain over one), dropped ones included.
    pub(crate) fn composite_attrs(&self, typ: Oid) -> PgResult<Option<Arc<Vec<Attribute>>>> {
        let relid = self.type_or_domain_relid(typ)?;
        if !relid.is_valid() {
            return Ok(None);
        }
        Ok(Some(self.catalog.get_relation(relid)?.attrs.clone()))
    }

    /// A type's name as errors print it.
    pub fn format_type(&self, typ: Oid) -> PgResult<String> {
        self.catalog.format_type(typ, None)
    }

    /// How values of the type are held.
    pub(crate) fn phys(&self, typ: Oid) -> PgResult<PhysType> {
        Ok(match typ {
            t::UNKNOWN | t::TEXT => PhysType::Bytes,
            t::INT4 => PhysType::Int4,
            t::BOOL => PhysType::Bool,
            t::INT8 => PhysType::Int8,
            _ => self.catalog.get_type(typ)?.phys,
        })
    }

    /// A NULL constant.
    pub fn null_const(&self, typ: Oid, typmod: i32, collation: Oid) -> PgResult<Expr> {
        Ok(Expr::Const(Const {
            consttype: typ,
            consttypmod: typmod,
            constcollid: collation,
            value: Datum::Null,
            phys: self.phys(typ)?,
            location: -1,
        }))
    }

    /// Whether a value of `source` is also one of `target` without conversion.
    pub fn is_binary_coercible(&self, source: Oid, target: Oid) -> PgResult<bool> {
        if source == target
            || target == t::ANY
            || target == t::ANYELEMENT
            || target == t::ANYCOMPATIBLE
        {
            return Ok(true);
        }
        let source = self.base_type(source)?;
        if source == target {
            return Ok(true);
        }
        let row: Arc<PgType> = self.catalog.get_type(source)?;
        let by_kind = match target {
            t::ANYARRAY | t::ANYCOMPATIBLEARRAY => row.is_array(),
            t::ANYNONARRAY | t::ANYCOMPATIBLENONARRAY => !row.is_array(),
            t::ANYENUM => row.typtype == 'e',
            t::ANYRANGE | t::ANYCOMPATIBLERANGE => row.typtype == 'r',
            t::ANYMULTIRANGE | t::ANYCOMPATIBLEMULTIRANGE => row.typtype == 'm',
            t::RECORD => row.typtype == 'c',
            t::RECORD_ARRAY => row.is_array() && self.is_complex(row.elem)?,
            _ => false,
        };
        if by_kind {
            return Ok(true);
        }
        Ok(self
            .catalog
            .lookup_cast(source, target)?
            .is_some_and(|c| c.method == 'b' && c.context == 'i'))
    }

    /// Whether the row type `sub` belongs to a relation that inherits from `sup`'s.
    pub(crate) fn type_inherits_from(&self, sub: Oid, sup: Oid) -> PgResult<bool> {
        let sub_rel = self.type_or_domain_relid(sub)?;
        let sup_rel = self.type_relid(sup)?;
        if !sub_rel.is_valid() || !sup_rel.is_valid() {
            return Ok(false);
        }
        let mut pending = vec![sub_rel];
        let mut seen = Vec::new();
        while let Some(rel) = pending.pop() {
            for parent in self.catalog.inheritance_parents(rel)?.iter() {
                if *parent == sup_rel {
                    return Ok(true);
                }
                if !seen.contains(parent) {
                    seen.push(*parent);
                    pending.push(*parent);
                }
            }
        }
        Ok(false)
    }

    /// Whether `typ` is the row type of a typed table OF `of`.
    pub(crate) fn type_is_of_typed_table(&self, typ: Oid, of: Oid) -> PgResult<bool> {
        let relid = self.type_or_domain_relid(typ)?;
        if !relid.is_valid() {
            return Ok(false);
        }
        Ok(self.catalog.relation(relid)?.is_some_and(|r| r.oftype == of))
    }
}
