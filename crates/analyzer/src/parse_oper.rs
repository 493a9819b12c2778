//! Operator resolution.
use crate::parse_func_candidates::Candidate;
use crate::parse_state::Analyzer;
use catalog::rows::PgOperator;
use error::{PgError, PgResult, err};
use nodes::{Expr, OpExpr, ScalarArrayOpExpr};
use std::sync::Arc;
use types::{Oid, type_oid as t};

/// Operators that sort and group a type.
#[derive(Clone, Copy, Debug, Default)]
pub struct SortGroupOperators {
    pub lt: Oid,
    pub eq: Oid,
    pub gt: Oid,
    pub hashable: bool,
}

const BTREE_AM: Oid = Oid(403);
const HASH_AM: Oid = Oid(405);

impl Analyzer<'_> {
    /// Candidate operators by name, first in the search path winning among equal signatures.
    fn operators_named(&self, names: &[String], kind: char) -> PgResult<Vec<Arc<PgOperator>>> {
        let (schema, name) = self.deconstruct_qualified_name(names)?;
        let all = self.catalog.operators_by_name(name)?;
        if let Some(schema) = schema {
            let Some(namespace) = (if schema == "pg_catalog" {
                Some(Oid(11))
            } else {
                Some(self.explicit_namespace(schema)?)
            }) else {
                return Ok(Vec::new());
            };
            return Ok(all
                .iter()
                .filter(|o| o.kind == kind && o.namespace == namespace)
                .cloned()
                .collect());
        }
        let path = self.catalog.search_path();
        let temp = self.catalog.temp_namespace();
        let mut found: Vec<(usize, Arc<PgOperator>)> = Vec::new();
        for oper in all.iter().filter(|o| o.kind == kind) {
            let Some(pos) = path.iter().position(|ns| *ns == oper.namespace && Some(*ns) != temp)
            else {
                continue;
            };
            match found.iter_mut().find(|(_, f)| f.left == oper.left && f.right == oper.right) {
                Some(previous) if previous.0 > pos => *previous = (pos, oper.clone()),
                Some(_) => {}
                None => found.push((pos, oper.clone())),
            }
        }
        Ok(found.into_iter().map(|(_, o)| o).collect())
    }

    /// The operator with exactly these operand types, INVALID if there is none.
    pub fn lookup_oper_name(&self, names: &[String], left: Oid, right: Oid) -> PgResult<Oid> {
        let kind = if left.is_valid() { 'b' } else { 'l' };
        Ok(self
            .operators_named(names, kind)?
            .iter()
            .find(|o| o.left == left && o.right == right)
            .map_or(Oid::INVALID, |o| o.oid))
    }

    /// The binary operator for operand types, `None` if there is none or none is best.
    pub fn oper_or_none(
        &self,
        names: &[String],
        left: Oid,
        right: Oid,
    ) -> PgResult<Option<Arc<PgOperator>>> {
        Ok(self.resolve_binary(names, left, right)?.ok())
    }

    /// The binary operator for operand types.
    pub fn oper(
        &self,
        names: &[String],
        left: Oid,
        right: Oid,
        location: i32,
    ) -> PgResult<Arc<PgOperator>> {
        let resolved =
            self.resolve_binary(names, left, right).map_err(|e| e.at_if_unset(location))?;
        match resolved {
            Ok(oper) => Ok(oper),
            Err(ambiguous) => Err(self.op_error(names, 'b', left, right, ambiguous, location)?),
        }
    }

    /// `Err(true)` means several candidates fit equally.
    fn resolve_binary(
        &self,
        names: &[String],
        left: Oid,
        right: Oid,
    ) -> PgResult<Result<Arc<PgOperator>, bool>> {
        let candidates = self.operators_named(names, 'b')?;
        let exact = |l: Oid, r: Oid| candidates.iter().find(|o| o.left == l && o.right == r);
        // An untyped operand is first taken to have the other's type.
        let (mut l, mut r) = (left, right);
        let mut was_unknown = false;
        if left == t::UNKNOWN && right.is_valid() {
            l = right;
            was_unknown = true;
        } else if right == t::UNKNOWN && left.is_valid() {
            r = left;
            was_unknown = true;
        }
        if let Some(found) = exact(l, r) {
            return Ok(Ok(found.clone()));
        }
        if was_unknown {
            let base = self.base_type(l)?;
            if base != l {
                if let Some(found) = exact(base, base) {
                    return Ok(Ok(found.clone()));
                }
            }
        }
        if candidates.is_empty() {
            return Ok(Err(false));
        }
        let inputs = [
            if left.is_valid() { left } else { right },
            if right.is_valid() { right } else { left },
        ];
        self.select_operator(&candidates, &inputs, |o| vec![o.left, o.right])
    }

    fn select_operator(
        &self,
        operators: &[Arc<PgOperator>],
        inputs: &[Oid],
        operands: impl Fn(&PgOperator) -> Vec<Oid>,
    ) -> PgResult<Result<Arc<PgOperator>, bool>> {
        let candidates = operators
            .iter()
            .enumerate()
            .map(|(i, o)| Candidate::plain(Oid(i as u32), operands(o)))
            .collect();
        let matching = self.match_argtypes(inputs, candidates)?;
        let chosen = match matching.len() {
            0 => return Ok(Err(false)),
            1 => matching.into_iter().next(),
            _ => self.select_candidate(inputs, matching)?,
        };
        Ok(match chosen {
            Some(c) => Ok(operators[c.oid.0 as usize].clone()),
            None => Err(true),
        })
    }

    /// The prefix operator for an operand type.
    pub(crate) fn left_oper(
        &self,
        names: &[String],
        arg: Oid,
        location: i32,
    ) -> PgResult<Arc<PgOperator>> {
        let candidates = self.operators_named(names, 'l').map_err(|e| e.at_if_unset(location))?;
        if let Some(found) = candidates.iter().find(|o| o.right == arg) {
            return Ok(found.clone());
        }
        match self.select_operator(&candidates, &[arg], |o| vec![o.right])? {
            Ok(found) => Ok(found),
            Err(ambiguous) => {
                Err(self.op_error(names, 'l', Oid::INVALID, arg, ambiguous, location)?)
            }
        }
    }

    /// `left op right` with types, as errors print it.
    pub(crate) fn op_signature(
        &self,
        names: &[String],
        kind: char,
        left: Oid,
        right: Oid,
    ) -> PgResult<String> {
        let name = names.join(".");
        Ok(match kind {
            'l' => format!("{name} {}", self.format_type(right)?),
            _ => format!("{} {name} {}", self.format_type(left)?, self.format_type(right)?),
        })
    }

    fn op_error(
        &self,
        names: &[String],
        kind: char,
        left: Oid,
        right: Oid,
        ambiguous: bool,
        location: i32,
    ) -> PgResult<PgError> {
        let signature = self.op_signature(names, kind, left, right)?;
        Ok(if ambiguous {
            err!(AMBIGUOUS_FUNCTION, "operator is not unique: {signature}").hint(
                "Could not choose a best candidate operator. You might need to add explicit type \
                 casts.",
            )
        } else if kind == 'l' {
            err!(UNDEFINED_FUNCTION, "operator does not exist: {signature}").hint(
                "No operator matches the given name and argument type. You might need to add an \
                 explicit type cast.",
            )
        } else {
            err!(UNDEFINED_FUNCTION, "operator does not exist: {signature}").hint(
                "No operator matches the given name and argument types. You might need to add \
                 explicit type casts.",
            )
        }
        .at(location))
    }

    /// An operator call on analysed operands.
    pub fn make_op(
        &mut self,
        names: &[String],
        left: Option<Expr>,
        right: Expr,
        location: i32,
    ) -> PgResult<Expr> {
        let right_type = right.typ();
        let (oper, left_type) = match &left {
            None => (self.left_oper(names, right_type, location)?, Oid::INVALID),
            Some(left) => (self.oper(names, left.typ(), right_type, location)?, left.typ()),
        };
        self.check_operator_usable(&oper, names, location)?;
        let (mut args, actual, mut declared) = match left {
            None => (vec![right], vec![right_type], vec![oper.right]),
            Some(left) => {
                (vec![left, right], vec![left_type, right_type], vec![oper.left, oper.right])
            }
        };
        let rettype = self
            .enforce_generic_type_consistency(&actual, &mut declared, oper.result, false)
            .map_err(|e| e.at_if_unset(-1))?;
        self.make_fn_arguments(&mut args, &actual, &declared)?;
        let retset = self.catalog.get_proc(oper.code)?.retset;
        if retset {
            let last = self.ps().srf_count;
            self.check_srf_call_placement(last, location)?;
            let ps = self.ps_mut();
            ps.srf_count += 1;
            ps.last_srf_location = location;
        }
        Ok(Expr::OpExpr(Box::new(OpExpr {
            opno: oper.oid,
            opfuncid: oper.code,
            opresulttype: rettype,
            opretset: retset,
            opcollid: Oid::INVALID,
            inputcollid: Oid::INVALID,
            args,
            location,
        })))
    }

    fn check_operator_usable(
        &self,
        oper: &PgOperator,
        names: &[String],
        location: i32,
    ) -> PgResult<()> {
        if !oper.code.is_valid() {
            return Err(err!(
                UNDEFINED_FUNCTION,
                "operator is only a shell: {}",
                self.op_signature(names, oper.kind, oper.left, oper.right)?
            )
            .at(location));
        }
        if oper.left == t::INTERNAL || oper.right == t::INTERNAL {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "functions accepting type \"internal\" cannot be called explicitly"
            )
            .at(location));
        }
        Ok(())
    }

    /// `scalar op ANY/ALL (array)`.
    pub(crate) fn make_scalar_array_op(
        &mut self,
        names: &[String],
        use_or: bool,
        left: Expr,
        right: Expr,
        location: i32,
    ) -> PgResult<Expr> {
        let (left_type, array_type) = (left.typ(), right.typ());
        // An untyped array literal tells nothing about its elements.
        let right_type = if array_type == t::UNKNOWN {
            t::UNKNOWN
        } else {
            let elem = self.base_element_type(array_type)?;
            if !elem.is_valid() {
                return Err(err!(
                    WRONG_OBJECT_TYPE,
                    "op ANY/ALL (array) requires array on right side"
                )
                .at(location));
            }
            elem
        };
        let oper = self.oper(names, left_type, right_type, location)?;
        if !oper.code.is_valid() {
            return Err(err!(
                UNDEFINED_FUNCTION,
                "operator is only a shell: {}",
                self.op_signature(names, oper.kind, oper.left, oper.right)?
            )
            .at(location));
        }
        let mut actual = vec![left_type, right_type];
        let mut declared = vec![oper.left, oper.right];
        let rettype =
            self.enforce_generic_type_consistency(&actual, &mut declared, oper.result, false)?;
        if rettype != t::BOOL {
            return Err(err!(
                WRONG_OBJECT_TYPE,
                "op ANY/ALL (array) requires operator to yield boolean"
            )
            .at(location));
        }
        if self.catalog.get_proc(oper.code)?.retset {
            return Err(err!(
                WRONG_OBJECT_TYPE,
                "op ANY/ALL (array) requires operator not to return a set"
            )
            .at(location));
        }
        // Back from element to array on the right side.
        declared[1] = if declared[1] == t::ANYELEMENT || declared[1] == t::ANYCOMPATIBLE {
            t::ANYARRAY
        } else {
            let array = self.array_type(declared[1])?;
            if !array.is_valid() {
                return Err(err!(
                    UNDEFINED_OBJECT,
                    "could not find array type for data type {}",
                    self.format_type(declared[1])?
                )
                .at(location));
            }
            array
        };
        actual[1] = array_type;
        let mut args = vec![left, right];
        self.make_fn_arguments(&mut args, &actual, &declared)?;
        let right = args.pop().expect("invariant: two arguments");
        let left = args.pop().expect("invariant: two arguments");
        Ok(Expr::ScalarArrayOpExpr(Box::new(ScalarArrayOpExpr {
            opno: oper.oid,
            opfuncid: oper.code,
            use_or,
            inputcollid: Oid::INVALID,
            args: [left, right],
            location,
        })))
    }

    /// Default comparison operators of a type; fields are INVALID where the type has none.
    pub fn lookup_sort_group_operators(&self, typ: Oid) -> PgResult<SortGroupOperators> {
        let base = self.base_type(typ)?;
        let mut ops = SortGroupOperators::default();
        if let Some(opclass) = self.catalog.default_opclass(base, BTREE_AM)? {
            let (family, input) = (opclass.family, opclass.intype);
            // Without a comparison function for the members an array or row has no order.
            if self.members_have(base, BTREE_AM)? {
                ops.lt = self.catalog.opfamily_member(family, input, input, 1)?;
                ops.gt = self.catalog.opfamily_member(family, input, input, 5)?;
            }
            if self.members_have(base, BTREE_AM)? || self.members_have(base, HASH_AM)? {
                ops.eq = self.catalog.opfamily_member(family, input, input, 3)?;
            }
        }
        if let Some(opclass) = self.catalog.default_opclass(base, HASH_AM)? {
            if self.members_have(base, HASH_AM)? {
                if !ops.eq.is_valid() {
                    let (family, input) = (opclass.family, opclass.intype);
                    ops.eq = self.catalog.opfamily_member(family, input, input, 1)?;
                }
                ops.hashable = ops.eq.is_valid();
            }
        }
        Ok(ops)
    }

    /// Whether the element or column types of a container can be compared (hashed).
    fn members_have(&self, typ: Oid, am: Oid) -> PgResult<bool> {
        if typ == t::RECORD {
            // Checked when the values are known.
            return Ok(true);
        }
        let row = self.catalog.get_type(typ)?;
        let member_has = |member: Oid| -> PgResult<bool> {
            let base = self.base_type(member)?;
            Ok(self.catalog.default_opclass(base, am)?.is_some() && self.members_have(base, am)?)
        };
        if row.is_array() {
            return member_has(row.elem);
        }
        match row.typtype {
            'c' => {
                let Some(attrs) = self.composite_attrs(typ)? else { return Ok(true) };
                for attr in attrs.iter().filter(|a| !a.dropped) {
                    if !member_has(attr.typ)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            'r' if am == HASH_AM => member_has(self.range_subtype(typ)?),
            'm' if am == HASH_AM => member_has(self.range_subtype(self.multirange_range(typ)?)?),
            _ => Ok(true),
        }
    }

    /// Comparison operators of a type; the ones asked for must exist.
    pub fn sort_group_operators(
        &self,
        typ: Oid,
        need_lt: bool,
        need_eq: bool,
        need_gt: bool,
    ) -> PgResult<SortGroupOperators> {
        let ops = self.lookup_sort_group_operators(typ)?;
        if need_lt && !ops.lt.is_valid() || need_gt && !ops.gt.is_valid() {
            return Err(err!(
                UNDEFINED_FUNCTION,
                "could not identify an ordering operator for type {}",
                self.format_type(typ)?
            )
            .hint("Use an explicit ordering operator or modify the query."));
        }
        if need_eq && !ops.eq.is_valid() {
            return Err(err!(
                UNDEFINED_FUNCTION,
                "could not identify an equality operator for type {}",
                self.format_type(typ)?
            ));
        }
        Ok(ops)
    }

    /// The operator a name means exactly or by binary-compatible operands (USING of ORDER BY,
    /// CREATE OPERATOR CLASS).
    pub(crate) fn compatible_oper(
        &self,
        names: &[String],
        left: Oid,
        right: Oid,
        location: i32,
    ) -> PgResult<Arc<PgOperator>> {
        let oper = self.oper(names, left, right, location)?;
        if self.is_binary_coercible(left, oper.left)?
            && self.is_binary_coercible(right, oper.right)?
        {
            return Ok(oper);
        }
        Err(err!(
            UNDEFINED_FUNCTION,
            "operator requires run-time type coercion: {}",
            self.op_signature(names, 'b', left, right)?
        )
        .at(location))
    }
}
