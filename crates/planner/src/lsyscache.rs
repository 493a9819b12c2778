//! Small questions to the catalog about functions, operators and types.
//!
//! A lookup that fails answers as for an unknown object (volatile, not strict, no family): the error
//! itself surfaces when the object is used.
use crate::context::PlanContext;
use nodes::*;
use types::{Oid, PhysType, type_oid};

/// Access methods.
pub mod am {
    use types::Oid;
    pub const BTREE: Oid = Oid(403);
    pub const HASH: Oid = Oid(405);
    pub const GIST: Oid = Oid(783);
    pub const GIN: Oid = Oid(2742);
    pub const SPGIST: Oid = Oid(4000);
    pub const BRIN: Oid = Oid(3580);
}

/// btree strategies.
pub mod bt {
    pub const LESS: i16 = 1;
    pub const LESS_EQUAL: i16 = 2;
    pub const EQUAL: i16 = 3;
    pub const GREATER_EQUAL: i16 = 4;
    pub const GREATER: i16 = 5;
}

/// Operator families that the planner names.
pub mod family {
    use types::Oid;
    pub const BOOL_BTREE: Oid = Oid(424);
    pub const BOOL_HASH: Oid = Oid(2222);
    pub const TEXT_BTREE: Oid = Oid(1994);
    pub const TEXT_PATTERN_BTREE: Oid = Oid(2095);
    pub const BPCHAR_BTREE: Oid = Oid(426);
    pub const BPCHAR_PATTERN_BTREE: Oid = Oid(2097);
}

impl PlanContext<'_> {
    /// pg_proc.provolatile.
    pub fn func_volatile(&self, func: Oid) -> char {
        self.catalog.lookup_proc(func).ok().flatten().map_or('v', |p| p.volatile)
    }

    /// pg_proc.proisstrict.
    pub fn func_strict(&self, func: Oid) -> bool {
        self.catalog.lookup_proc(func).ok().flatten().is_some_and(|p| p.strict)
    }

    /// pg_proc.proleakproof.
    pub fn func_leakproof(&self, func: Oid) -> bool {
        self.catalog.lookup_proc(func).ok().flatten().is_some_and(|p| p.leakproof)
    }

    /// pg_proc.procost.
    pub fn func_cost(&self, func: Oid) -> f64 {
        self.catalog.lookup_proc(func).ok().flatten().map_or(1.0, |p| p.cost as f64)
    }

    /// pg_proc.prorows.
    pub fn func_rows(&self, func: Oid) -> f64 {
        self.catalog.lookup_proc(func).ok().flatten().map_or(1000.0, |p| p.rows as f64)
    }

    /// pg_operator.oprcode.
    pub fn opcode(&self, op: Oid) -> Oid {
        self.catalog.lookup_operator(op).ok().flatten().map_or(Oid::INVALID, |o| o.code)
    }

    /// Operator name.
    pub fn op_name(&self, op: Oid) -> String {
        self.catalog.lookup_operator(op).ok().flatten().map_or(String::new(), |o| o.name.clone())
    }

    /// Whether the operator's function is strict.
    pub fn op_strict(&self, op: Oid) -> bool {
        self.func_strict(self.opcode(op))
    }

    /// Volatility of the operator's function.
    pub fn op_volatile(&self, op: Oid) -> char {
        self.func_volatile(self.opcode(op))
    }

    /// pg_operator.oprcom.
    pub fn commutator(&self, op: Oid) -> Oid {
        self.catalog.lookup_operator(op).ok().flatten().map_or(Oid::INVALID, |o| o.commutator)
    }

    /// pg_operator.oprnegate.
    pub fn negator(&self, op: Oid) -> Oid {
        self.catalog.lookup_operator(op).ok().flatten().map_or(Oid::INVALID, |o| o.negator)
    }

    /// Operand types.
    pub fn op_input_types(&self, op: Oid) -> (Oid, Oid) {
        match self.catalog.lookup_operator(op).ok().flatten() {
            Some(o) => (o.left, o.right),
            None => (Oid::INVALID, Oid::INVALID),
        }
    }

    /// Selectivity estimators (restriction, join).
    pub fn op_estimators(&self, op: Oid) -> (Oid, Oid) {
        match self.catalog.lookup_operator(op).ok().flatten() {
            Some(o) => (o.rest, o.join),
            None => (Oid::INVALID, Oid::INVALID),
        }
    }

    /// Whether the operator may drive a merge join.
    pub fn op_mergejoinable(&self, op: Oid, _input: Oid) -> bool {
        match self.catalog.lookup_operator(op).ok().flatten() {
            // Arrays and records merge only if their parts have an order; the catalog's flag says
            // what is possible, the sort operator lookup at run time decides.
            Some(o) => o.can_merge,
            None => false,
        }
    }

    /// Whether the operator may drive a hash join.
    pub fn op_hashjoinable(&self, op: Oid, input: Oid) -> bool {
        let Some(o) = self.catalog.lookup_operator(op).ok().flatten() else { return false };
        if op == Oid(1070) || op == Oid(2988) {
            // array_eq and record_eq hash only if their element types do.
            return self.type_is_hashable(input);
        }
        o.can_hash
    }

    /// Whether a type has a default hash operator class (elements included).
    pub fn type_is_hashable(&self, typ: Oid) -> bool {
        let Some(t) = self.catalog.lookup_type(typ).ok().flatten() else { return false };
        if t.typtype == 'd' {
            return self.type_is_hashable(t.basetype);
        }
        if t.is_array() {
            return self.type_is_hashable(t.elem);
        }
        if t.typtype == 'c' {
            return self.catalog.relation(t.relid).ok().flatten().is_some_and(|r| {
                r.attrs.iter().all(|a| a.dropped || self.type_is_hashable(a.typ))
            });
        }
        if typ == type_oid::RECORD {
            return false;
        }
        self.catalog.default_opclass(typ, am::HASH).ok().flatten().is_some()
    }

    /// Whether a type has a default btree operator class.
    pub fn type_is_sortable(&self, typ: Oid) -> bool {
        self.catalog.default_opclass(typ, am::BTREE).ok().flatten().is_some()
    }

    /// btree families in which the operator is equality.
    pub fn mergejoin_opfamilies(&self, op: Oid) -> Vec<Oid> {
        let Ok(amops) = self.catalog.amops_of_operator(op) else { return Vec::new() };
        amops
            .iter()
            .filter(|a| a.method == am::BTREE && a.purpose == 's' && a.strategy == bt::EQUAL)
            .map(|a| a.family)
            .collect()
    }

    /// Family, input type and direction of an ordering operator.
    pub fn ordering_op(&self, op: Oid) -> Option<(Oid, Oid, bool)> {
        let amops = self.catalog.amops_of_operator(op).ok()?;
        amops
            .iter()
            .find(|a| {
                a.method == am::BTREE
                    && a.purpose == 's'
                    && a.left == a.right
                    && (a.strategy == bt::LESS || a.strategy == bt::GREATER)
            })
            .map(|a| (a.family, a.left, a.strategy == bt::GREATER))
    }

    /// Member of a family by strategy.
    pub fn opfamily_member(&self, fam: Oid, left: Oid, right: Oid, strategy: i16) -> Oid {
        self.catalog.opfamily_member(fam, left, right, strategy).unwrap_or(Oid::INVALID)
    }

    /// The equality operator that goes with an ordering operator.
    pub fn equality_for_ordering(&self, op: Oid) -> Oid {
        match self.ordering_op(op) {
            Some((fam, typ, _)) => self.opfamily_member(fam, typ, typ, bt::EQUAL),
            None => Oid::INVALID,
        }
    }

    /// An ordering operator that goes with an equality operator.
    pub fn ordering_for_equality(&self, op: Oid, use_lhs: bool) -> Oid {
        let Ok(amops) = self.catalog.amops_of_operator(op) else { return Oid::INVALID };
        for a in amops.iter().filter(|a| a.method == am::BTREE && a.strategy == bt::EQUAL) {
            let typ = if use_lhs { a.left } else { a.right };
            let found = self.opfamily_member(a.family, typ, typ, bt::LESS);
            if found.is_valid() {
                return found;
            }
        }
        Oid::INVALID
    }

    /// Strategy of an operator in a family, for searching.
    pub fn op_strategy(&self, op: Oid, fam: Oid) -> Option<(i16, Oid, Oid)> {
        let amops = self.catalog.amops_of_operator(op).ok()?;
        amops
            .iter()
            .find(|a| a.family == fam && a.purpose == 's')
            .map(|a| (a.strategy, a.left, a.right))
    }

    /// Whether an operator is in a family, for searching.
    pub fn op_in_family(&self, op: Oid, fam: Oid) -> bool {
        self.op_strategy(op, fam).is_some()
    }

    /// Hash equality operators for each side of a cross-type hash equality.
    pub fn compatible_hash_operators(&self, op: Oid) -> Option<(Oid, Oid)> {
        let amops = self.catalog.amops_of_operator(op).ok()?;
        for a in amops.iter().filter(|a| a.method == am::HASH && a.strategy == 1) {
            if a.left == a.right {
                return Some((op, op));
            }
            let lhs = self.opfamily_member(a.family, a.left, a.left, 1);
            let rhs = self.opfamily_member(a.family, a.right, a.right, 1);
            if lhs.is_valid() && rhs.is_valid() {
                return Some((lhs, rhs));
            }
        }
        None
    }

    /// Whether two equality operators agree on what is equal (share a family).
    pub fn equality_ops_compatible(&self, a: Oid, b: Oid) -> bool {
        if a == b {
            return true;
        }
        let (Ok(x), Ok(y)) = (self.catalog.amops_of_operator(a), self.catalog.amops_of_operator(b))
        else {
            return false;
        };
        x.iter().any(|p| {
            (p.method == am::BTREE || p.method == am::HASH)
                && y.iter().any(|q| q.family == p.family)
        })
    }

    /// The default btree equality and less-than operators of a type.
    pub fn sort_group_operators(&self, typ: Oid) -> Option<(Oid, Oid, bool)> {
        let class = self.catalog.default_opclass(typ, am::BTREE).ok().flatten()?;
        let lt = self.opfamily_member(class.family, class.intype, class.intype, bt::LESS);
        let eq = self.opfamily_member(class.family, class.intype, class.intype, bt::EQUAL);
        Some((lt, eq, self.op_hashjoinable(eq, typ)))
    }

    /// Type length (-1 variable).
    pub fn type_len(&self, typ: Oid) -> i16 {
        self.catalog.lookup_type(typ).ok().flatten().map_or(-1, |t| t.len)
    }

    /// How values of a type are held.
    pub fn type_phys(&self, typ: Oid) -> PhysType {
        self.catalog.lookup_type(typ).ok().flatten().map_or(PhysType::Bytes, |t| t.phys)
    }

    /// A type's collation.
    pub fn type_collation(&self, typ: Oid) -> Oid {
        self.catalog.lookup_type(typ).ok().flatten().map_or(Oid::INVALID, |t| t.collation)
    }

    /// Average width of a type's values, as guessed without statistics.
    pub fn type_avg_width(&self, typ: Oid, typmod: i32) -> i32 {
        let len = self.type_len(typ);
        if len > 0 {
            return len as i32;
        }
        match max_width(typ, typmod) {
            Some(max) if typ == type_oid::BPCHAR || max <= 32 => max,
            Some(max) if max < 1000 => 32 + (max - 32) / 2,
            Some(_) => 32 + (1000 - 32) / 2,
            None => 32,
        }
    }

    /// Element type of a true array type.
    pub fn element_type(&self, typ: Oid) -> Oid {
        match self.catalog.lookup_type(typ).ok().flatten() {
            Some(t) if t.typtype == 'd' => self.element_type(t.basetype),
            Some(t) if t.is_array() => t.elem,
            _ => Oid::INVALID,
        }
    }

    /// The base type of a domain, else the type itself.
    pub fn base_type(&self, typ: Oid) -> Oid {
        match self.catalog.lookup_type(typ).ok().flatten() {
            Some(t) if t.typtype == 'd' => self.base_type(t.basetype),
            _ => typ,
        }
    }

    /// Whether a collation is deterministic.
    pub fn collation_deterministic(&self, coll: Oid) -> bool {
        !coll.is_valid()
            || self.catalog.lookup_collation(coll).ok().flatten().is_none_or(|c| c.deterministic)
    }

    /// Whether a collation orders by bytes.
    pub fn collation_is_c(&self, coll: Oid) -> bool {
        if coll == Oid(950) || coll == Oid(951) {
            return true;
        }
        match self.catalog.lookup_collation(coll).ok().flatten() {
            Some(c) if c.provider == 'd' => {
                let db = self.catalog.lookup_database(self.catalog.database()).ok().flatten();
                db.is_some_and(|d| {
                    matches!(d.collate.as_str(), "C" | "POSIX" | "C.UTF-8" | "C.utf8" | "PG_C_UTF8")
                })
            }
            Some(c) => {
                let names = [c.collate.as_deref(), c.locale.as_deref()];
                c.provider == 'b'
                    || names.iter().flatten().any(|n| matches!(*n, "C" | "POSIX" | "C.UTF-8"))
            }
            None => false,
        }
    }
}

fn max_width(typ: Oid, typmod: i32) -> Option<i32> {
    if typmod < 0 {
        return None;
    }
    match typ {
        type_oid::BPCHAR | type_oid::VARCHAR => Some(typmod.min(10_485_764)),
        type_oid::NUMERIC => {
            let precision = ((typmod - 4) >> 16) & 0xffff;
            Some(5 + 2 * ((precision + 2 * 4) / 4))
        }
        type_oid::VARBIT | type_oid::BIT => Some((typmod + 7) / 8 + 8),
        _ => None,
    }
}

/// A boolean constant.
pub fn bool_const(value: Option<bool>) -> Expr {
    Expr::Const(Const {
        consttype: type_oid::BOOL,
        consttypmod: -1,
        constcollid: Oid::INVALID,
        value: value.map_or(types::Datum::Null, types::Datum::Bool),
        phys: PhysType::Bool,
        location: -1,
    })
}

/// A NULL constant of a type.
pub fn null_const(typ: Oid, typmod: i32, collation: Oid, phys: PhysType) -> Expr {
    Expr::Const(Const {
        consttype: typ,
        consttypmod: typmod,
        constcollid: collation,
        value: types::Datum::Null,
        phys,
        location: -1,
    })
}

/// An int8 constant.
pub fn int8_const(value: i64) -> Expr {
    Expr::Const(Const {
        consttype: type_oid::INT8,
        consttypmod: -1,
        constcollid: Oid::INVALID,
        value: types::Datum::Int8(value),
        phys: PhysType::Int8,
        location: -1,
    })
}
