//! Rows of types: row types, arrays, and the types that users create.
use crate::acl::ObjectKind;
use crate::depend::{DependencyKind, ObjectAddress};
use crate::read::CatalogRead;
use crate::relation::NewRelation;
use crate::schema::*;
use crate::session::Catalog;
use crate::write::RowBuilder;
use error::{PgResult, bail};
use types::{Datum, Oid};

/// A type to be made; [`NewType::new`] gives the row of a shell type.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewType {
    /// INVALID to take a new one.
    pub oid: Oid,
    pub name: String,
    pub namespace: Oid,
    pub owner: Oid,
    pub len: i16,
    pub byval: bool,
    pub typtype: char,
    pub category: char,
    pub preferred: bool,
    pub defined: bool,
    pub delim: char,
    pub relid: Oid,
    pub subscript: Oid,
    pub elem: Oid,
    pub array: Oid,
    pub input: Oid,
    pub output: Oid,
    pub receive: Oid,
    pub send: Oid,
    pub modin: Oid,
    pub modout: Oid,
    pub analyze: Oid,
    pub align: char,
    pub storage: char,
    pub not_null: bool,
    pub basetype: Oid,
    pub typmod: i32,
    pub ndims: i32,
    pub collation: Oid,
    pub default_bin: Option<String>,
    pub default: Option<String>,
    /// This is the array type of a type that it belongs to.
    pub is_implicit_array: bool,
}

const RECORD_IN: Oid = Oid(2290);
const RECORD_OUT: Oid = Oid(2291);
const RECORD_RECV: Oid = Oid(2402);
const RECORD_SEND: Oid = Oid(2403);
const ARRAY_IN: Oid = Oid(750);
const ARRAY_OUT: Oid = Oid(751);
const ARRAY_RECV: Oid = Oid(2400);
const ARRAY_SEND: Oid = Oid(2401);
const ARRAY_TYPANALYZE: Oid = Oid(3816);
const ARRAY_SUBSCRIPT: Oid = Oid(6179);
/// OIDs from one label of an enum to the next.
const ENUM_OID_GAP: u32 = 32;
const SHELL_IN: Oid = Oid(2398);
const SHELL_OUT: Oid = Oid(2399);

impl NewType {
    /// A shell type: a name only.
    pub fn new(name: &str, namespace: Oid, owner: Oid) -> NewType {
        let none = Oid::INVALID;
        NewType {
            oid: none,
            name: name.into(),
            namespace,
            owner,
            len: 4,
            byval: true,
            typtype: 'p',
            category: 'P',
            preferred: false,
            defined: false,
            delim: ',',
            relid: none,
            subscript: none,
            elem: none,
            array: none,
            input: SHELL_IN,
            output: SHELL_OUT,
            receive: none,
            send: none,
            modin: none,
            modout: none,
            analyze: none,
            align: 'i',
            storage: 'p',
            not_null: false,
            basetype: none,
            typmod: -1,
            ndims: 0,
            collation: none,
            default_bin: None,
            default: None,
            is_implicit_array: false,
        }
    }

    /// The array type of an element type that is being made as `elem` is.
    pub fn array_of(elem: &NewType, name: String, elem_oid: Oid) -> NewType {
        NewType {
            len: -1,
            byval: false,
            typtype: 'b',
            category: 'A',
            defined: true,
            delim: elem.delim,
            subscript: ARRAY_SUBSCRIPT,
            elem: elem_oid,
            input: ARRAY_IN,
            output: ARRAY_OUT,
            receive: ARRAY_RECV,
            send: ARRAY_SEND,
            modin: elem.modin,
            modout: elem.modout,
            analyze: ARRAY_TYPANALYZE,
            align: if elem.align == 'd' { 'd' } else { 'i' },
            storage: 'x',
            collation: elem.collation,
            typmod: -1,
            is_implicit_array: true,
            ..NewType::new(&name, elem.namespace, elem.owner)
        }
    }
}

impl Catalog {
    /// A name for an array type: an underscore and the element's name, with more underscores if taken.
    pub fn array_type_name(&self, namespace: Oid, elem: &str) -> PgResult<String> {
        const NAME_MAX: usize = 63;
        let mut underscores = 1;
        loop {
            let mut name = "_".repeat(underscores);
            let room = NAME_MAX - underscores;
            let end = (0..=room.min(elem.len())).rev().find(|e| elem.is_char_boundary(*e));
            name.push_str(&elem[..end.unwrap_or(0)]);
            if self.lookup_type_by_name(namespace, &name)?.is_none() {
                return Ok(name);
            }
            underscores += 1;
        }
    }

    /// Makes sure that a type of that name can be made: an implicit array type moves out of the way.
    pub fn make_room_for_type(&self, namespace: Oid, name: &str) -> PgResult<()> {
        let Some(old) = self.lookup_type_by_name(namespace, name)? else { return Ok(()) };
        let implicit_array =
            old.is_array() && self.lookup_type(old.elem)?.is_some_and(|elem| elem.array == old.oid);
        if !implicit_array {
            if old.defined || old.typtype != 'p' {
                bail!(DUPLICATE_OBJECT, "type \"{name}\" already exists");
            }
            return Ok(());
        }
        let elem = self.get_type(old.elem)?;
        let new_name = self.array_type_name(namespace, &elem.name)?;
        self.set_by_oid(pg_type::RELID, old.oid, &[(pg_type::TYPNAME, Datum::text(&new_name))])
    }

    /// Makes a type; a shell type of that name is filled in. Returns its OID.
    pub fn create_type(&self, new: &NewType) -> PgResult<Oid> {
        use pg_type::*;
        let shell = self
            .lookup_type_by_name(new.namespace, &new.name)?
            .filter(|old| !old.defined && old.typtype == 'p');
        let oid = match (&shell, new.oid.is_valid()) {
            (Some(shell), _) => shell.oid,
            (None, true) => new.oid,
            (None, false) => self.alloc_oid(RELID)?,
        };
        let acl = match new.typtype != 'p' && !new.is_implicit_array && !new.relid.is_valid() {
            true => self.initial_acl(ObjectKind::Type, new.owner, new.namespace)?,
            false => None,
        };
        let row = RowBuilder::new(RELID)
            .set(OID, oid)
            .set(TYPNAME, &new.name)
            .set(TYPNAMESPACE, new.namespace)
            .set(TYPOWNER, new.owner)
            .set(TYPLEN, new.len)
            .set(TYPBYVAL, new.byval)
            .set(TYPTYPE, new.typtype)
            .set(TYPCATEGORY, new.category)
            .set(TYPISPREFERRED, new.preferred)
            .set(TYPISDEFINED, new.defined)
            .set(TYPDELIM, new.delim)
            .set(TYPRELID, new.relid)
            .set(TYPSUBSCRIPT, new.subscript)
            .set(TYPELEM, new.elem)
            .set(TYPARRAY, new.array)
            .set(TYPINPUT, new.input)
            .set(TYPOUTPUT, new.output)
            .set(TYPRECEIVE, new.receive)
            .set(TYPSEND, new.send)
            .set(TYPMODIN, new.modin)
            .set(TYPMODOUT, new.modout)
            .set(TYPANALYZE, new.analyze)
            .set(TYPALIGN, new.align)
            .set(TYPSTORAGE, new.storage)
            .set(TYPNOTNULL, new.not_null)
            .set(TYPBASETYPE, new.basetype)
            .set(TYPTYPMOD, new.typmod)
            .set(TYPNDIMS, new.ndims)
            .set(TYPCOLLATION, new.collation)
            .set(TYPDEFAULTBIN, new.default_bin.as_deref())
            .set(TYPDEFAULT, new.default.as_deref())
            .set(TYPACL, acl.as_deref().map(crate::acl::to_datum))
            .build();
        match shell {
            Some(_) => {
                let old = self.row_by_oid(RELID, oid)?.ok_or_else(|| {
                    error::PgError::internal(format!("cache lookup failed for type {oid}"))
                })?;
                self.update_row(RELID, &old, &row)?;
                self.delete_dependencies_of(ObjectAddress::typ(oid), None)?;
                self.delete_shared_dependencies(ObjectAddress::typ(oid), None)?;
            }
            None => self.insert_row(RELID, &row)?,
        }
        self.record_type_dependencies(oid, new)?;
        if let Some(acl) = &acl {
            self.record_acl(ObjectAddress::typ(oid), new.owner, Some(acl))?;
        }
        Ok(oid)
    }

    fn record_type_dependencies(&self, oid: Oid, new: &NewType) -> PgResult<()> {
        let this = ObjectAddress::typ(oid);
        let (normal, internal) = (DependencyKind::Normal, DependencyKind::Internal);
        if new.relid.is_valid() {
            // A table's row type belongs to the table; a composite type's relation belongs to the type.
            let relation = ObjectAddress::relation(new.relid);
            let kind = self.row_by_oid(pg_class::RELID, new.relid)?;
            let kind = kind.map(|row| crate::decode::Row(&row.values).char(pg_class::RELKIND));
            if kind != Some('c') {
                return self.record_dependency(this, relation, internal);
            }
            self.record_dependency(relation, this, internal)?;
        }
        if new.is_implicit_array {
            return self.record_dependency(this, ObjectAddress::typ(new.elem), internal);
        }
        self.record_dependency(this, ObjectAddress::namespace(new.namespace), normal)?;
        self.record_owner(this, new.owner)?;
        if new.relid.is_valid() {
            return Ok(());
        }
        for proc in [
            new.input,
            new.output,
            new.receive,
            new.send,
            new.modin,
            new.modout,
            new.analyze,
            new.subscript,
        ] {
            self.record_dependency(this, ObjectAddress::proc_(proc), normal)?;
        }
        self.record_dependency(this, ObjectAddress::typ(new.elem), normal)?;
        self.record_dependency(this, ObjectAddress::typ(new.basetype), normal)?;
        let collation = ObjectAddress::new(pg_collation::RELID, new.collation);
        self.record_dependency(this, collation, normal)
    }

    /// Makes a type and its array type; returns both OIDs.
    pub fn create_type_with_array(&self, new: &NewType) -> PgResult<(Oid, Oid)> {
        let array_oid = self.alloc_oid(pg_type::RELID)?;
        let oid = self.create_type(&NewType { array: array_oid, ..new.clone() })?;
        let name = self.array_type_name(new.namespace, &new.name)?;
        let array = NewType { oid: array_oid, ..NewType::array_of(new, name, oid) };
        self.create_type(&array)?;
        Ok((oid, array_oid))
    }

    /// The row type of a new relation, with its array type.
    pub(crate) fn create_row_type(&self, new: &NewRelation, relid: Oid, oid: Oid) -> PgResult<()> {
        let row_type = NewType {
            oid,
            len: -1,
            byval: false,
            typtype: 'c',
            category: 'C',
            defined: true,
            relid,
            input: RECORD_IN,
            output: RECORD_OUT,
            receive: RECORD_RECV,
            send: RECORD_SEND,
            align: 'd',
            storage: 'x',
            ..NewType::new(&new.name, new.namespace, new.owner)
        };
        self.create_type_with_array(&row_type)?;
        Ok(())
    }

    /// Renames a type, its array type with it.
    pub fn rename_type(&self, oid: Oid, new_name: &str) -> PgResult<()> {
        let typ = self.get_type(oid)?;
        self.make_room_for_type(typ.namespace, new_name)?;
        self.set_by_oid(pg_type::RELID, oid, &[(pg_type::TYPNAME, Datum::text(new_name))])?;
        if typ.array.is_valid() {
            let name = self.array_type_name(typ.namespace, new_name)?;
            self.set_by_oid(pg_type::RELID, typ.array, &[(pg_type::TYPNAME, Datum::text(&name))])?;
        }
        Ok(())
    }

    /// Adds the labels of a new enum. Their OIDs ascend in the order of the labels, with gaps, so that
    /// labels added in between later keep that: enums are compared by OID.
    pub fn add_enum_labels(&self, typ: Oid, labels: &[String]) -> PgResult<()> {
        for (i, label) in labels.iter().enumerate() {
            let oid = self.alloc_enum_oid()?;
            self.add_enum_label(oid, typ, (i + 1) as f32, label)?;
        }
        Ok(())
    }

    /// An OID greater than all before, that leaves a gap below it.
    fn alloc_enum_oid(&self) -> PgResult<Oid> {
        let mut oid = self.alloc_oid(pg_enum::RELID)?;
        for _ in 1..ENUM_OID_GAP {
            oid = self.alloc_oid(pg_enum::RELID)?;
        }
        Ok(oid)
    }

    /// Adds a label so that it becomes number `position` (from 0) of the enum's labels.
    pub fn insert_enum_label(&self, typ: Oid, label: &str, position: usize) -> PgResult<Oid> {
        let labels = self.enum_labels(typ)?;
        let before = position.checked_sub(1).and_then(|p| labels.get(p));
        let after = labels.get(position);
        let order = match (before, after) {
            (Some((_, before, _)), Some((_, after, _))) => {
                let middle = (before + after) / 2.0;
                if middle <= *before || middle >= *after {
                    self.renumber_enum(typ)?;
                    return self.insert_enum_label(typ, label, position);
                }
                middle
            }
            (Some((_, before, _)), None) => before + 1.0,
            (None, Some((_, after, _))) => after - 1.0,
            (None, None) => 1.0,
        };
        let oid = match after {
            None => self.alloc_enum_oid()?,
            Some((after, _, _)) => {
                let low = before.map_or(after.0.saturating_sub(ENUM_OID_GAP), |(oid, _, _)| oid.0);
                self.free_enum_oid(low, after.0)?
            }
        };
        self.add_enum_label(oid, typ, order, label)?;
        Ok(oid)
    }

    /// An unused OID strictly between two, from the middle outwards.
    fn free_enum_oid(&self, low: u32, high: u32) -> PgResult<Oid> {
        let middle = low + (high - low) / 2;
        let candidates = (middle..high).chain((low + 1..middle).rev()).take(ENUM_OID_GAP as usize);
        for candidate in candidates.filter(|c| *c > low).map(Oid) {
            if self.row_by_oid(pg_enum::RELID, candidate)?.is_none() {
                return Ok(candidate);
            }
        }
        Err(error::not_supported!("adding another enum label between these two"))
    }

    fn renumber_enum(&self, typ: Oid) -> PgResult<()> {
        let labels = self.enum_labels(typ)?;
        // From the end, so that no two have one number on the way.
        for (i, (oid, _, _)) in labels.iter().enumerate().rev() {
            let order = Datum::Float4((labels.len() + i + 1) as f32);
            self.set_by_oid(pg_enum::RELID, *oid, &[(pg_enum::ENUMSORTORDER, order)])?;
        }
        for (i, (oid, _, _)) in labels.iter().enumerate() {
            let order = Datum::Float4((i + 1) as f32);
            self.set_by_oid(pg_enum::RELID, *oid, &[(pg_enum::ENUMSORTORDER, order)])?;
        }
        Ok(())
    }

    /// Adds one label at a place in the sort order.
    pub fn add_enum_label(&self, oid: Oid, typ: Oid, order: f32, label: &str) -> PgResult<()> {
        RowBuilder::new(pg_enum::RELID)
            .set(pg_enum::OID, oid)
            .set(pg_enum::ENUMTYPID, typ)
            .set(pg_enum::ENUMSORTORDER, order)
            .set(pg_enum::ENUMLABEL, label)
            .insert(self)
    }
}
