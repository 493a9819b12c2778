//! Matching of clauses to index columns.
use crate::{
    clauses::*,
    lsyscache::{am, bool_const, bt, family},
    path::*,
    root::*,
    selectivity::like::{Prefix, greater_string, like_prefix, regex_prefix},
};
use nodes::*;
use std::rc::Rc;
use types::{Datum, Oid, type_oid};

/// Whether an expression is an index's column.
pub fn match_index_to_operand(operand: &Expr, col: usize, index: &IndexOptInfo) -> bool {
    let operand = strip_relabel(operand);
    if index.indexkeys[col] != 0 {
        matches!(operand, Expr::Var(v)
            if v.varno == index.relid
                && v.varattno == index.indexkeys[col]
                && v.varnullingrels.is_empty()
                && v.varlevelsup == 0)
    } else {
        strip_relabel(&index.columns[col]).equals(operand)
    }
}

/// The clause in the form that the index column uses it, if it can.
pub fn match_clause_to_indexcol(
    root: &PlannerInfo<'_>,
    rinfo: &Rc<RestrictInfo>,
    col: usize,
    index: &IndexOptInfo,
) -> Option<IndexClause> {
    if rinfo.pseudoconstant {
        return None;
    }
    let simple = |quals: Vec<Expr>, lossy: bool| {
        Some(IndexClause {
            rinfo: rinfo.clone(),
            quals,
            lossy,
            indexcol: col,
            indexcols: vec![col],
        })
    };
    let fam = index.opfamily[col];
    // A bare boolean column is `col = true`.
    if matches!(fam, family::BOOL_BTREE | family::BOOL_HASH) {
        if let Some(q) = match_boolean(root, &rinfo.clause, col, index) {
            return simple(vec![q], false);
        }
    }
    match &rinfo.clause {
        Expr::OpExpr(o) => {
            let q = match_opclause(root, rinfo, o, col, index)?;
            simple(q.0, q.1)
        }
        Expr::ScalarArrayOpExpr(s) => {
            if !s.use_or || !(index.amsearcharray || index.amhasgetbitmap) {
                return None;
            }
            if index.am != am::BTREE {
                return None;
            }
            if !match_index_to_operand(&s.args[0], col, index)
                || pull_varnos(Some(root), &s.args[1]).contains(index.relid)
                || root.cx().contain_volatile(&s.args[1])
                || !collation_ok(index.collations[col], s.inputcollid)
            {
                return None;
            }
            root.cx().op_in_family(s.opno, fam).then_some(())?;
            simple(vec![rinfo.clause.clone()], false)
        }
        Expr::RowCompareExpr(r) if index.am == am::BTREE => {
            match_row_compare(root, rinfo, r, col, index)
        }
        Expr::BoolExpr(b) if b.boolop == BoolExprType::Or => {
            let q = match_or_as_array(root, b, col, index)?;
            simple(vec![q], false)
        }
        Expr::NullTest(n) if index.amsearchnulls && !n.argisrow => {
            match_index_to_operand(&n.arg, col, index).then_some(())?;
            simple(vec![rinfo.clause.clone()], false)
        }
        _ => None,
    }
}

fn collation_ok(index: Oid, clause: Oid) -> bool {
    !index.is_valid() || index == clause
}

fn match_boolean(
    root: &PlannerInfo<'_>,
    clause: &Expr,
    col: usize,
    index: &IndexOptInfo,
) -> Option<Expr> {
    let make = |value: bool| {
        Some(make_opclause(
            root.cx(),
            Oid(91),
            index.columns[col].clone(),
            bool_const(Some(value)),
            Oid::INVALID,
            Oid::INVALID,
        ))
    };
    if match_index_to_operand(clause, col, index) {
        return make(true);
    }
    match clause {
        Expr::BoolExpr(b) if b.boolop == BoolExprType::Not => {
            match_index_to_operand(&b.args[0], col, index).then_some(())?;
            make(false)
        }
        Expr::BooleanTest(b) if match_index_to_operand(&b.arg, col, index) => {
            match b.booltesttype {
                BoolTestType::IsTrue => make(true),
                BoolTestType::IsFalse => make(false),
                _ => None,
            }
        }
        _ => None,
    }
}

fn match_opclause(
    root: &PlannerInfo<'_>,
    rinfo: &RestrictInfo,
    o: &OpExpr,
    col: usize,
    index: &IndexOptInfo,
) -> Option<(Vec<Expr>, bool)> {
    if o.args.len() != 2 {
        return None;
    }
    let cx = root.cx();
    let fam = index.opfamily[col];
    let rel = index.relid;
    if match_index_to_operand(&o.args[0], col, index)
        && !rinfo.right_relids.contains(rel)
        && !cx.contain_volatile(&o.args[1])
    {
        if collation_ok(index.collations[col], o.inputcollid) && cx.op_in_family(o.opno, fam) {
            return Some((vec![rinfo.clause.clone()], false));
        }
        return pattern_index_quals(root, o, col, index);
    }
    if match_index_to_operand(&o.args[1], col, index)
        && !rinfo.left_relids.contains(rel)
        && !cx.contain_volatile(&o.args[0])
        && collation_ok(index.collations[col], o.inputcollid)
    {
        let swapped = cx.commute_op(o)?;
        if cx.op_in_family(swapped.opno, fam) {
            return Some((vec![Expr::OpExpr(Box::new(swapped))], false));
        }
    }
    None
}

/// LIKE and anchored regular expressions over a C-ordered btree: a range by the fixed prefix.
fn pattern_index_quals(
    root: &PlannerInfo<'_>,
    o: &OpExpr,
    col: usize,
    index: &IndexOptInfo,
) -> Option<(Vec<Expr>, bool)> {
    let cx = root.cx();
    let Expr::Const(c) = &o.args[1] else { return None };
    let Datum::Bytes(b) = &c.value else { return None };
    let pattern = std::str::from_utf8(b.as_bytes()).ok()?;
    let (prefix, rest) = match o.opno.0 {
        // ~~ for text, name, bpchar; ~~* ; ~ ; ~* ; ^@
        1209 | 1207 | 1211 => like_prefix(pattern, false),
        1627 | 1625 | 1629 => like_prefix(pattern, true),
        641 | 639 | 1055 => regex_prefix(pattern, false),
        1228 | 1226 | 1234 => regex_prefix(pattern, true),
        3877 => (Prefix::Partial(pattern.to_owned()), 1.0),
        _ => return None,
    };
    if prefix == Prefix::None || index.am != am::BTREE {
        return None;
    }
    let fam = index.opfamily[col];
    let column = index.columns[col].clone();
    let (eq, ge, lt, const_type) = match fam {
        family::TEXT_BTREE => (Oid(98), Oid(667), Oid(664), type_oid::TEXT),
        family::TEXT_PATTERN_BTREE => (Oid(98), Oid(2317), Oid(2314), type_oid::TEXT),
        family::BPCHAR_BTREE => (Oid(1054), Oid(1061), Oid(1058), type_oid::BPCHAR),
        family::BPCHAR_PATTERN_BTREE => (Oid(1054), Oid(2329), Oid(2326), type_oid::BPCHAR),
        _ => return None,
    };
    let is_pattern_family =
        matches!(fam, family::TEXT_PATTERN_BTREE | family::BPCHAR_PATTERN_BTREE);
    let make = |op: Oid, text: &str| {
        let value = Expr::Const(Const {
            consttype: const_type,
            consttypmod: -1,
            constcollid: cx.type_collation(const_type),
            value: Datum::text(text),
            phys: types::PhysType::Bytes,
            location: -1,
        });
        make_opclause(cx, op, column.clone(), value, Oid::INVALID, index.collations[col])
    };
    let _ = rest;
    match &prefix {
        Prefix::Exact(text) => {
            if !is_pattern_family && !collation_ok(index.collations[col], o.inputcollid) {
                return None;
            }
            Some((vec![make(eq, text)], true))
        }
        Prefix::Partial(text) => {
            // Only an order by bytes keeps strings of one prefix together.
            if !is_pattern_family && !cx.collation_is_c(index.collations[col]) {
                return None;
            }
            let mut quals = vec![make(ge, text)];
            if let Some(next) = greater_string(text) {
                quals.push(make(lt, &next));
            }
            Some((quals, true))
        }
        Prefix::None => None,
    }
}

/// `(a, b) > (x, y)`: the leading columns that are index columns.
fn match_row_compare(
    root: &PlannerInfo<'_>,
    rinfo: &Rc<RestrictInfo>,
    r: &RowCompareExpr,
    col: usize,
    index: &IndexOptInfo,
) -> Option<IndexClause> {
    let cx = root.cx();
    let rel = index.relid;
    let usable = |e: &Expr| !pull_varnos(Some(root), e).contains(rel) && !cx.contain_volatile(e);
    let (on_left, first_op) =
        if match_index_to_operand(&r.largs[0], col, index) && usable(&r.rargs[0]) {
            (true, r.opnos[0])
        } else if match_index_to_operand(&r.rargs[0], col, index) && usable(&r.largs[0]) {
            (false, cx.commutator(r.opnos[0]))
        } else {
            return None;
        };
    if !collation_ok(index.collations[col], r.inputcollids[0]) {
        return None;
    }
    let (strategy, ..) = cx.op_strategy(first_op, index.opfamily[col])?;
    if strategy == bt::EQUAL {
        return None;
    }
    let (var_args, other_args) = if on_left { (&r.largs, &r.rargs) } else { (&r.rargs, &r.largs) };
    let mut cols = vec![col];
    let mut ops = vec![first_op];
    for i in 1..var_args.len() {
        if !usable(&other_args[i]) {
            break;
        }
        let op = if on_left { r.opnos[i] } else { cx.commutator(r.opnos[i]) };
        let found = (0..index.nkeycolumns).find(|c| {
            match_index_to_operand(&var_args[i], *c, index)
                && cx.op_strategy(op, index.opfamily[*c]).is_some_and(|s| s.0 == strategy)
                && collation_ok(index.collations[*c], r.inputcollids[i])
        });
        match found {
            Some(c) => {
                cols.push(c);
                ops.push(op);
            }
            None => break,
        }
    }
    let n = cols.len();
    let lossy = n < var_args.len();
    let qual = if n == 1 {
        // One column alone: the inclusive comparison.
        let inclusive = match strategy {
            bt::LESS => bt::LESS_EQUAL,
            bt::GREATER => bt::GREATER_EQUAL,
            s => s,
        };
        let (_, lt, rt) = cx.op_strategy(first_op, index.opfamily[col])?;
        let op = if lossy {
            cx.opfamily_member(index.opfamily[col], lt, rt, inclusive)
        } else {
            first_op
        };
        if !op.is_valid() {
            return None;
        }
        make_opclause(
            cx,
            op,
            var_args[0].clone(),
            other_args[0].clone(),
            Oid::INVALID,
            r.inputcollids[0],
        )
    } else if n == var_args.len() && on_left {
        rinfo.clause.clone()
    } else {
        let mut opnos = ops;
        let cmptype = match (strategy, lossy) {
            (bt::LESS, false) => CompareType::Lt,
            (bt::LESS, true) | (bt::LESS_EQUAL, _) => CompareType::Le,
            (bt::GREATER, false) => CompareType::Gt,
            _ => CompareType::Ge,
        };
        if lossy {
            let want = if cmptype == CompareType::Le { bt::LESS_EQUAL } else { bt::GREATER_EQUAL };
            for (i, op) in opnos.iter_mut().enumerate() {
                let fam = index.opfamily[cols[i]];
                let (_, lt, rt) = cx.op_strategy(*op, fam)?;
                *op = cx.opfamily_member(fam, lt, rt, want);
            }
        }
        Expr::RowCompareExpr(Box::new(RowCompareExpr {
            cmptype,
            opnos,
            opfamilies: r.opfamilies[..n].to_vec(),
            inputcollids: r.inputcollids[..n].to_vec(),
            largs: var_args[..n].to_vec(),
            rargs: other_args[..n].to_vec(),
        }))
    };
    Some(IndexClause {
        rinfo: rinfo.clone(),
        quals: vec![qual],
        lossy,
        indexcol: col,
        indexcols: cols,
    })
}

/// `a = 1 OR a = 2` as `a = ANY ('{1,2}')`.
fn match_or_as_array(
    root: &PlannerInfo<'_>,
    b: &BoolExpr,
    col: usize,
    index: &IndexOptInfo,
) -> Option<Expr> {
    if !index.amsearcharray {
        return None;
    }
    let cx = root.cx();
    let mut opno = Oid::INVALID;
    let mut collation = Oid::INVALID;
    let mut consts: Vec<Expr> = Vec::new();
    let mut column: Option<Expr> = None;
    for arm in &b.args {
        let Expr::OpExpr(o) = arm else { return None };
        if o.args.len() != 2 {
            return None;
        }
        let (op, var, value) = if match_index_to_operand(&o.args[0], col, index) {
            (o.opno, &o.args[0], &o.args[1])
        } else if match_index_to_operand(&o.args[1], col, index) {
            (cx.commutator(o.opno), &o.args[1], &o.args[0])
        } else {
            return None;
        };
        if !op.is_valid() || opno.is_valid() && (op != opno || o.inputcollid != collation) {
            return None;
        }
        if contain_vars(value) || cx.contain_volatile(value) || value.typ() == type_oid::RECORD {
            return None;
        }
        if !(matches!(value, Expr::Const(_)) || matches!(value, Expr::Param(_))) {
            return None;
        }
        if consts.first().is_some_and(|f: &Expr| f.typ() != value.typ()) {
            return None;
        }
        opno = op;
        collation = o.inputcollid;
        column.get_or_insert_with(|| var.clone());
        consts.push(value.clone());
    }
    if !cx.op_in_family(opno, index.opfamily[col])
        || !collation_ok(index.collations[col], collation)
    {
        return None;
    }
    let elem = consts.first()?.typ();
    let array_type = cx.catalog.lookup_type(elem).ok().flatten()?.array;
    if !array_type.is_valid() {
        return None;
    }
    let array = Expr::ArrayExpr(Box::new(ArrayExpr {
        array_typeid: array_type,
        array_collid: consts[0].collation(),
        element_typeid: elem,
        elements: consts,
        multidims: false,
        location: -1,
    }));
    let array = crate::prep::const_fold::eval_const_expressions(cx, array).ok()?;
    Some(Expr::ScalarArrayOpExpr(Box::new(ScalarArrayOpExpr {
        opno,
        opfuncid: cx.opcode(opno),
        use_or: true,
        inputcollid: collation,
        args: [column?, array],
        location: -1,
    })))
}
