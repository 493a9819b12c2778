//! Polymorphic arguments: whether actual types fit them, and what the others then become.
//!
//! The two families are solved separately: anyelement's members must agree exactly, anycompatible's
//! are promoted to a common type.
use crate::base_types::{is_polymorphic, is_polymorphic_family2};
use crate::parse_state::Analyzer;
use error::{PgError, PgResult, bail, err};
use nodes::CoercionContext;
use types::{Oid, type_oid as t};

/// What is known about both families' type variables; INVALID where unknown.
#[derive(Default)]
struct Solution {
    elem: Oid,
    array: Oid,
    range: Oid,
    multirange: Oid,
    have_nonarray: bool,
    have_enum: bool,
    have_family1: bool,
    family1_args: usize,
    /// The result type needs the element type of an argument declared anyarray.
    wants_element: bool,
    have_family2: bool,
    have_unknowns: bool,
    compat: Oid,
    compat_array: Oid,
    compat_range: Oid,
    compat_multirange: Oid,
    have_compat_nonarray: bool,
    have_compat_array: bool,
    have_compat_range: bool,
    have_compat_multirange: bool,
    compat_actuals: Vec<Oid>,
}

impl Analyzer<'_> {
    /// Whether actual types fit a call's polymorphic arguments.
    pub(crate) fn check_generic_type_consistency(
        &self,
        actual: &[Oid],
        declared: &[Oid],
    ) -> PgResult<bool> {
        let mut solution = Solution::default();
        match self.solve(&mut solution, actual, declared, false) {
            Ok(()) => Ok(true),
            Err(e) if e.sqlstate() == error::SqlState::DATATYPE_MISMATCH => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Replaces polymorphic declared types by actual ones and gives the actual result type.
    /// With `allow_poly` a polymorphic actual type (inside a polymorphic function's body) stands for
    /// itself.
    pub fn enforce_generic_type_consistency(
        &self,
        actual: &[Oid],
        declared: &mut [Oid],
        rettype: Oid,
        allow_poly: bool,
    ) -> PgResult<Oid> {
        if !declared.iter().any(|d| is_polymorphic(*d)) {
            return Ok(rettype);
        }
        let mut s = Solution {
            have_nonarray: rettype == t::ANYNONARRAY,
            wants_element: crate::base_types::is_polymorphic_family1(rettype)
                && rettype != t::ANYARRAY,
            have_enum: rettype == t::ANYENUM,
            have_compat_nonarray: rettype == t::ANYCOMPATIBLENONARRAY,
            have_compat_array: rettype == t::ANYCOMPATIBLEARRAY,
            have_compat_range: rettype == t::ANYCOMPATIBLERANGE,
            have_compat_multirange: rettype == t::ANYCOMPATIBLEMULTIRANGE,
            ..Solution::default()
        };
        if allow_poly {
            // Self-matching arguments add nothing.
            let pairs: Vec<(Oid, Oid)> = actual
                .iter()
                .copied()
                .zip(declared.iter().copied())
                .filter(|(a, d)| a != d || !is_polymorphic(*d))
                .collect();
            if !pairs.iter().any(|(_, d)| is_polymorphic(*d)) {
                return Ok(rettype);
            }
            let (a, d): (Vec<Oid>, Vec<Oid>) = pairs.into_iter().unzip();
            self.solve(&mut s, &a, &d, true)?;
        } else {
            self.solve(&mut s, actual, declared, true)?;
        }
        self.resolve_compatible(&mut s, allow_poly)?;
        let wants_array = declared.contains(&t::ANYARRAY) || rettype == t::ANYARRAY;
        if s.have_unknowns && s.elem.is_valid() && wants_array && !s.array.is_valid() {
            s.array = self.require_array_type(s.elem)?;
        }
        for (slot, actual) in declared.iter_mut().zip(actual) {
            if !is_polymorphic(*slot) || allow_poly && slot == actual {
                continue;
            }
            *slot = match self.substitute(&mut s, *slot)? {
                Some(typ) => typ,
                // An unconstrained variable leaves its argument as it is.
                None => *slot,
            };
        }
        if !is_polymorphic(rettype) {
            return Ok(rettype);
        }
        match self.substitute(&mut s, rettype)? {
            Some(typ) => Ok(typ),
            None if allow_poly => Ok(rettype),
            None => Err(undetermined_result(rettype)),
        }
    }

    fn require_array_type(&self, elem: Oid) -> PgResult<Oid> {
        let array = self.array_type(elem)?;
        if !array.is_valid() {
            bail!(
                UNDEFINED_OBJECT,
                "could not find array type for data type {}",
                self.format_type(elem)?
            );
        }
        Ok(array)
    }

    /// The actual type for one polymorphic type.
    fn substitute(&self, s: &mut Solution, typ: Oid) -> PgResult<Option<Oid>> {
        Ok(match typ {
            t::ANYELEMENT | t::ANYNONARRAY | t::ANYENUM => s.elem.valid(),
            t::ANYARRAY => {
                if !s.array.is_valid() && s.elem.is_valid() {
                    s.array = self.require_array_type(s.elem)?;
                }
                s.array.valid()
            }
            t::ANYRANGE | t::ANYMULTIRANGE => {
                let found = if typ == t::ANYRANGE { s.range } else { s.multirange };
                let found = match found.valid() {
                    None if typ == t::ANYMULTIRANGE && s.range.is_valid() => {
                        self.catalog.lookup_range(s.range)?.map_or(Oid::INVALID, |r| r.multitypid)
                    }
                    _ => found,
                };
                if !found.is_valid() && s.have_family1 {
                    return Err(unknown_input(if typ == t::ANYRANGE {
                        "anyrange"
                    } else {
                        "anymultirange"
                    }));
                }
                found.valid()
            }
            t::ANYCOMPATIBLE | t::ANYCOMPATIBLENONARRAY => s.compat.valid(),
            t::ANYCOMPATIBLEARRAY => {
                if !s.compat_array.is_valid() && s.compat.is_valid() {
                    s.compat_array = self.require_array_type(s.compat)?;
                }
                s.compat_array.valid()
            }
            t::ANYCOMPATIBLERANGE => s.compat_range.valid(),
            t::ANYCOMPATIBLEMULTIRANGE => match s.compat_multirange.valid() {
                None if s.compat_range.is_valid() => {
                    self.catalog.lookup_range(s.compat_range)?.and_then(|r| r.multitypid.valid())
                }
                found => found,
            },
            _ => None,
        })
    }

    /// Gathers constraints and checks them; every conflict is a DATATYPE_MISMATCH error.
    fn solve(
        &self,
        s: &mut Solution,
        actual: &[Oid],
        declared: &[Oid],
        enforcing: bool,
    ) -> PgResult<()> {
        for (&actual, &declared) in actual.iter().zip(declared) {
            if is_polymorphic(declared) {
                self.gather(s, actual, declared)?;
            }
        }
        self.tie_family1(s, enforcing)?;
        self.tie_family2(s, enforcing)
    }

    fn gather(&self, s: &mut Solution, actual: Oid, declared: Oid) -> PgResult<()> {
        if is_polymorphic_family2(declared) {
            return self.gather_compatible(s, actual, declared);
        }
        s.have_family1 = true;
        s.family1_args += 1;
        s.have_nonarray |= declared == t::ANYNONARRAY;
        s.have_enum |= declared == t::ANYENUM;
        if actual == t::UNKNOWN {
            s.have_unknowns = true;
            return Ok(());
        }
        let (slot, name, actual) = match declared {
            t::ANYARRAY => (&mut s.array, "anyarray", self.base_type(actual)?),
            t::ANYRANGE => (&mut s.range, "anyrange", self.base_type(actual)?),
            t::ANYMULTIRANGE => (&mut s.multirange, "anymultirange", self.base_type(actual)?),
            _ => (&mut s.elem, "anyelement", actual),
        };
        self.agree(slot, actual, name)
    }

    /// Sets a variable, or checks that it has that value already.
    fn agree(&self, slot: &mut Oid, actual: Oid, name: &str) -> PgResult<()> {
        if slot.is_valid() && *slot != actual {
            return Err(err!(DATATYPE_MISMATCH, "arguments declared \"{name}\" are not all alike")
                .detail(self.versus(*slot, actual)?));
        }
        *slot = actual;
        Ok(())
    }

    fn versus(&self, left: Oid, right: Oid) -> PgResult<String> {
        Ok(format!("{} versus {}", self.format_type(left)?, self.format_type(right)?))
    }

    fn gather_compatible(&self, s: &mut Solution, actual: Oid, declared: Oid) -> PgResult<()> {
        s.have_family2 = true;
        s.have_compat_nonarray |= declared == t::ANYCOMPATIBLENONARRAY;
        s.have_compat_array |= declared == t::ANYCOMPATIBLEARRAY;
        s.have_compat_range |= declared == t::ANYCOMPATIBLERANGE;
        s.have_compat_multirange |= declared == t::ANYCOMPATIBLEMULTIRANGE;
        if actual == t::UNKNOWN {
            return Ok(());
        }
        match declared {
            t::ANYCOMPATIBLEARRAY => {
                let actual = self.base_type(actual)?;
                let elem = self.element_type(actual)?;
                if !elem.is_valid() {
                    return Err(self.not_a("an array", "anycompatiblearray", actual)?);
                }
                s.compat_actuals.push(elem);
            }
            t::ANYCOMPATIBLERANGE => {
                let actual = self.base_type(actual)?;
                let first = !s.compat_range.is_valid();
                self.agree(&mut s.compat_range, actual, "anycompatiblerange")?;
                if first {
                    let subtype = self.range_subtype(actual)?;
                    if !subtype.is_valid() {
                        return Err(self.not_a("a range type", "anycompatiblerange", actual)?);
                    }
                    s.compat_actuals.push(subtype);
                }
            }
            t::ANYCOMPATIBLEMULTIRANGE => {
                let actual = self.base_type(actual)?;
                self.agree(&mut s.compat_multirange, actual, "anycompatiblemultirange")?;
                if !self.multirange_range(actual)?.is_valid() {
                    return Err(self.not_a(
                        "a multirange type",
                        "anycompatiblemultirange",
                        actual,
                    )?);
                }
            }
            _ => s.compat_actuals.push(actual),
        }
        Ok(())
    }

    fn not_a(&self, kind: &str, declared: &str, actual: Oid) -> PgResult<PgError> {
        Ok(err!(
            DATATYPE_MISMATCH,
            "argument declared {declared} is not {kind} but type {}",
            self.format_type(actual)?
        ))
    }

    /// Derives anyelement from its relatives and checks that they fit together.
    fn tie_family1(&self, s: &mut Solution, enforcing: bool) -> PgResult<()> {
        if s.array.is_valid() {
            let array_elem = if s.array == t::ANYARRAY {
                // Only statistics columns have this type; such a call can't know its element type.
                if enforcing {
                    if s.family1_args != 1 || s.wants_element {
                        return Err(err!(
                            DATATYPE_MISMATCH,
                            "cannot determine element type of \"anyarray\" argument"
                        ));
                    }
                    s.elem = t::ANYELEMENT;
                }
                Oid::INVALID
            } else {
                let elem = self.element_type(s.array)?;
                if !elem.is_valid() {
                    return Err(self.not_a("an array", "anyarray", s.array)?);
                }
                elem
            };
            self.tie(&mut s.elem, array_elem, "anyarray", "anyelement", s.array)?;
        }
        if s.multirange.is_valid() {
            let range = self.multirange_range(s.multirange)?;
            if !range.is_valid() {
                return Err(self.not_a("a multirange type", "anymultirange", s.multirange)?);
            }
            self.tie(&mut s.range, range, "anymultirange", "anyrange", s.multirange)?;
        }
        if s.range.is_valid() {
            let subtype = self.range_subtype(s.range)?;
            if !subtype.is_valid() {
                return Err(self.not_a("a range type", "anyrange", s.range)?);
            }
            self.tie(&mut s.elem, subtype, "anyrange", "anyelement", s.range)?;
        }
        if !s.elem.is_valid() && s.have_family1 {
            if enforcing {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "could not determine polymorphic type because input has type unknown"
                ));
            }
            // Nothing but untyped literals: fits anything so far.
            return Ok(());
        }
        if s.have_nonarray && s.elem != t::ANYELEMENT && self.base_element_type(s.elem)?.is_valid()
        {
            return Err(err!(
                DATATYPE_MISMATCH,
                "type matched to anynonarray is an array type: {}",
                self.format_type(s.elem)?
            ));
        }
        if s.have_enum && s.elem != t::ANYELEMENT && !self.type_is_enum(s.elem)? {
            return Err(err!(
                DATATYPE_MISMATCH,
                "type matched to anyenum is not an enum type: {}",
                self.format_type(s.elem)?
            ));
        }
        Ok(())
    }

    fn tie(
        &self,
        slot: &mut Oid,
        derived: Oid,
        container: &str,
        member: &str,
        container_type: Oid,
    ) -> PgResult<()> {
        if !derived.is_valid() {
            return Ok(());
        }
        if slot.is_valid() && *slot != derived {
            return Err(err!(
                DATATYPE_MISMATCH,
                "argument declared {container} is not consistent with argument declared {member}"
            )
            .detail(self.versus(container_type, *slot)?));
        }
        *slot = derived;
        Ok(())
    }

    fn tie_family2(&self, s: &mut Solution, enforcing: bool) -> PgResult<()> {
        if s.compat_multirange.is_valid() {
            let range = self.multirange_range(s.compat_multirange)?;
            if s.compat_range.is_valid() {
                self.tie(
                    &mut s.compat_range,
                    range,
                    "anycompatiblemultirange",
                    "anycompatiblerange",
                    s.compat_multirange,
                )?;
            } else {
                s.compat_range = range;
                s.compat_actuals.push(self.range_subtype(range)?);
            }
        }
        if s.compat_actuals.is_empty() {
            return Ok(());
        }
        let common = match self.common_type_of(&s.compat_actuals)? {
            Ok((typ, _)) => typ,
            Err((left, right, _)) if enforcing => {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "argument types {} and {} cannot be matched",
                    self.format_type(left)?,
                    self.format_type(right)?
                ));
            }
            Err(_) => return Err(err!(DATATYPE_MISMATCH, "no common type")),
        };
        for actual in &s.compat_actuals {
            if !self.can_coerce(*actual, common, CoercionContext::Implicit)? {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "arguments of anycompatible family cannot be cast to a common type"
                ));
            }
        }
        s.compat = common;
        if s.compat_range.is_valid() && self.range_subtype(s.compat_range)? != common {
            let (name, typ) = if s.compat_multirange.is_valid() && !s.have_compat_range {
                ("anycompatiblemultirange", s.compat_multirange)
            } else {
                ("anycompatiblerange", s.compat_range)
            };
            return Err(err!(
                DATATYPE_MISMATCH,
                "{name} type {} does not match anycompatible type {}",
                self.format_type(typ)?,
                self.format_type(common)?
            ));
        }
        if s.have_compat_nonarray && self.base_element_type(common)?.is_valid() {
            return Err(err!(
                DATATYPE_MISMATCH,
                "type matched to anycompatiblenonarray is an array type: {}",
                self.format_type(common)?
            ));
        }
        Ok(())
    }

    /// Fills in what only unknown inputs left open: text, unless ranges are asked for.
    fn resolve_compatible(&self, s: &mut Solution, allow_poly: bool) -> PgResult<()> {
        if !s.have_family2 {
            return Ok(());
        }
        if s.compat.is_valid() {
            if s.have_compat_array {
                s.compat_array = self.require_array_type(s.compat)?;
            }
            if s.have_compat_range && !s.compat_range.is_valid() {
                return Err(unknown_input("anycompatiblerange"));
            }
            if s.have_compat_multirange && !s.compat_multirange.is_valid() {
                s.compat_multirange = match s.compat_range.valid() {
                    Some(range) => {
                        self.catalog.lookup_range(range)?.map_or(Oid::INVALID, |r| r.multitypid)
                    }
                    None => Oid::INVALID,
                };
                if !s.compat_multirange.is_valid() {
                    return Err(unknown_input("anycompatiblemultirange"));
                }
            }
        } else if !allow_poly {
            s.compat = t::TEXT;
            s.compat_array = t::TEXT_ARRAY;
            if s.have_compat_range {
                return Err(unknown_input("anycompatiblerange"));
            }
            if s.have_compat_multirange {
                return Err(unknown_input("anycompatiblemultirange"));
            }
        }
        Ok(())
    }

    /// Why a result type cannot be computed from the argument types, if so (for CREATE FUNCTION).
    pub fn check_valid_polymorphic_signature(
        &self,
        rettype: Oid,
        declared: &[Oid],
    ) -> PgResult<Option<String>> {
        let name = |typ| self.format_type(typ);
        let has = |types: &[Oid]| declared.iter().any(|d| types.contains(d));
        let missing = match rettype {
            t::ANYRANGE | t::ANYMULTIRANGE if !has(&[t::ANYRANGE, t::ANYMULTIRANGE]) => {
                Some("anyrange or anymultirange")
            }
            t::ANYCOMPATIBLERANGE | t::ANYCOMPATIBLEMULTIRANGE
                if !has(&[t::ANYCOMPATIBLERANGE, t::ANYCOMPATIBLEMULTIRANGE]) =>
            {
                Some("anycompatiblerange or anycompatiblemultirange")
            }
            t::ANYELEMENT | t::ANYARRAY | t::ANYNONARRAY | t::ANYENUM
                if !declared.iter().any(|d| crate::base_types::is_polymorphic_family1(*d)) =>
            {
                Some("anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange")
            }
            t::ANYCOMPATIBLE | t::ANYCOMPATIBLEARRAY | t::ANYCOMPATIBLENONARRAY
                if !declared.iter().any(|d| is_polymorphic_family2(*d)) =>
            {
                Some(
                    "anycompatible, anycompatiblearray, anycompatiblenonarray, \
                     anycompatiblerange, or anycompatiblemultirange",
                )
            }
            _ => None,
        };
        match missing {
            Some(types) => Ok(Some(format!(
                "A result of type {} requires at least one input of type {types}.",
                name(rettype)?
            ))),
            None => Ok(None),
        }
    }
}

fn unknown_input(name: &str) -> PgError {
    err!(
        DATATYPE_MISMATCH,
        "could not determine polymorphic type {name} because input has type unknown"
    )
}

fn undetermined_result(rettype: Oid) -> PgError {
    match rettype {
        t::ANYARRAY => {
            err!(DATATYPE_MISMATCH, "cannot determine element type of \"anyarray\" argument")
        }
        _ => err!(
            DATATYPE_MISMATCH,
            "could not determine polymorphic type because input has type unknown"
        ),
    }
}
