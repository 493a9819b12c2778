//! CREATE OPERATOR: the operator, shells for a commutator or negator to come, and links back from them.
use crate::{UtilityContext, attribute, creation, object_address};
use analyzer::Analyzer;
use catalog::{CatalogRead, PgOperator, acl, schema::pg_operator};
use error::{PgResult, bail, err};
use parser::ast::{DefElem, DefineStmt, TypeName};
use types::{Datum, Oid, type_oid as t};

/// OIDs below are of functions that come with the server.
const FIRST_GENERATED: Oid = Oid(10_000);

/// What the attributes say.
#[derive(Default)]
struct Attributes {
    left: Option<TypeName>,
    right: Option<TypeName>,
    function: Option<Vec<String>>,
    commutator: Option<Vec<String>>,
    negator: Option<Vec<String>>,
    restrict: Option<Vec<String>>,
    join: Option<Vec<String>>,
    hashes: bool,
    merges: bool,
}

/// Makes an operator, or fills the shell of its name.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &DefineStmt) -> PgResult<()> {
    let (namespace, name) = creation::qualified_place(cx, &stmt.defnames)?;
    let a = attributes(cx, stmt)?;
    let fault = |text: &str| err!(INVALID_FUNCTION_DEFINITION, "{text}");
    let Some(function) = &a.function else {
        return Err(fault("operator function must be specified"));
    };
    let left = operand(cx, a.left.as_ref())?;
    let right = operand(cx, a.right.as_ref())?;
    let types = match (left.is_valid(), right.is_valid()) {
        (false, false) => return Err(fault("operator argument types must be specified")),
        (true, false) => {
            return Err(fault("operator right argument type must be specified")
                .detail("Postfix operators are not supported."));
        }
        (false, true) => vec![right],
        (true, true) => vec![left, right],
    };
    for typ in &types {
        attribute::check_usage(cx, *typ)?;
    }
    let f = attribute::exact_function(cx, function, &types)?;
    attribute::check_execute(cx, &f)?;
    attribute::check_usage(cx, f.rettype)?;
    let restrict = [t::INTERNAL, t::OID, t::INTERNAL, t::INT4];
    let rest = estimator(cx, a.restrict.as_deref(), "restriction", &restrict)?;
    let join = estimator(
        cx,
        a.join.as_deref(),
        "join",
        &[t::INTERNAL, t::OID, t::INTERNAL, t::INT2, t::INTERNAL],
    )?;
    check_attributes(&a, types.len() == 2, f.rettype == t::BOOL)?;
    let all = cx.catalog.operators_by_name(&name)?;
    let same = |o: &&std::sync::Arc<PgOperator>| {
        o.namespace == namespace && o.left == left && o.right == right
    };
    let shell = all.iter().find(same).cloned();
    if let Some(shell) = &shell {
        if shell.code.is_valid() {
            bail!(DUPLICATE_FUNCTION, "operator {name} already exists");
        }
        check_owner(cx, shell.oid, &name)?;
    }
    let mut new = PgOperator {
        oid: shell.as_ref().map_or(Oid::INVALID, |s| s.oid),
        name,
        namespace,
        owner: cx.user(),
        kind: if left.is_valid() { 'b' } else { 'l' },
        can_merge: a.merges,
        can_hash: a.hashes,
        left,
        right,
        result: f.rettype,
        commutator: Oid::INVALID,
        negator: Oid::INVALID,
        code: f.oid,
        rest,
        join,
    };
    let mut own_commutator = false;
    if let Some(other) = &a.commutator {
        new.commutator = other_operator(cx, other, (right, left), &new)?;
        own_commutator = !new.commutator.is_valid();
    }
    if let Some(other) = &a.negator {
        new.negator = other_operator(cx, other, (left, right), &new)?;
        if !new.negator.is_valid() || new.negator == new.oid {
            return Err(fault("operator cannot be its own negator"));
        }
    }
    let oid = cx.catalog.store_operator(&new, shell.is_some())?;
    cx.services.command_counter_increment()?;
    let commutator = if own_commutator { oid } else { new.commutator };
    link(cx, commutator, oid, pg_operator::OPRCOM, "commutator")?;
    link(cx, new.negator, oid, pg_operator::OPRNEGATE, "negator")
}

fn attributes(cx: &UtilityContext<'_>, stmt: &DefineStmt) -> PgResult<Attributes> {
    let mut a = Attributes::default();
    for item in &stmt.definition {
        let name = || attribute::qualified_name(item).map(Some);
        match item.defname.as_str() {
            "leftarg" => a.left = Some(operand_type(item)?),
            "rightarg" => a.right = Some(operand_type(item)?),
            "function" | "procedure" => a.function = name()?,
            "commutator" => a.commutator = name()?,
            "negator" => a.negator = name()?,
            "restrict" => a.restrict = name()?,
            "join" => a.join = name()?,
            "hashes" => a.hashes = attribute::boolean(item)?,
            "merges" => a.merges = attribute::boolean(item)?,
            // What merging was called before.
            "sort1" | "sort2" | "ltcmp" | "gtcmp" => a.merges = true,
            _ => attribute::unrecognized(cx, "operator", item),
        }
    }
    Ok(a)
}

fn operand_type(item: &DefElem) -> PgResult<TypeName> {
    let name = attribute::type_name(item)?;
    if name.setof {
        bail!(INVALID_FUNCTION_DEFINITION, "SETOF type not allowed for operator argument");
    }
    Ok(name)
}

fn operand(cx: &UtilityContext<'_>, name: Option<&TypeName>) -> PgResult<Oid> {
    match name {
        Some(name) => Ok(object_address::resolve_type(cx, name)?.0),
        None => Ok(Oid::INVALID),
    }
}

/// A selectivity estimator.
fn estimator(
    cx: &UtilityContext<'_>,
    name: Option<&[String]>,
    what: &str,
    types: &[Oid],
) -> PgResult<Oid> {
    let Some(name) = name else { return Ok(Oid::INVALID) };
    let f = match attribute::exact_function(cx, name, types) {
        // Join estimators of before took no description of the join.
        Err(e) if types.len() == 5 => {
            attribute::exact_function(cx, name, &types[..4]).map_err(|_| e)?
        }
        found => found?,
    };
    let dotted = name.join(".");
    if f.rettype != t::FLOAT8 {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "{what} estimator function {dotted} must return type float8"
        );
    }
    if f.oid < FIRST_GENERATED {
        attribute::check_execute(cx, &f)?;
    } else if !acl::is_superuser(cx.catalog, cx.user())? {
        bail!(
            INSUFFICIENT_PRIVILEGE,
            "must be superuser to specify a non-built-in {what} estimator function"
        );
    }
    Ok(f.oid)
}

fn check_attributes(a: &Attributes, binary: bool, is_bool: bool) -> PgResult<()> {
    let fault = |text: String| Err(err!(INVALID_FUNCTION_DEFINITION, "{text}"));
    let given = [
        (a.commutator.is_some(), "have commutators", true, false),
        (a.negator.is_some(), "have negators", false, true),
        (a.restrict.is_some(), "have restriction selectivity", false, true),
        (a.join.is_some(), "have join selectivity", true, true),
        (a.merges, "merge join", true, true),
        (a.hashes, "hash", true, true),
    ];
    if let Some((_, what, ..)) = given.iter().find(|g| g.0 && g.2 && !binary) {
        return fault(format!("only binary operators can {what}"));
    }
    if let Some((_, what, ..)) = given.iter().find(|g| g.0 && g.3 && !is_bool) {
        return fault(format!("only boolean operators can {what}"));
    }
    Ok(())
}

fn check_owner(cx: &UtilityContext<'_>, oid: Oid, name: &str) -> PgResult<()> {
    let owner = cx.catalog.get_operator(oid)?.owner;
    if cx.catalog.has_role_privileges(cx.user(), owner)? {
        return Ok(());
    }
    Err(err!(INSUFFICIENT_PRIVILEGE, "must be owner of operator {name}"))
}

/// A commutator or negator: there, or made as a shell. INVALID if it is the operator itself.
fn other_operator(
    cx: &UtilityContext<'_>,
    name: &[String],
    (left, right): (Oid, Oid),
    this: &PgOperator,
) -> PgResult<Oid> {
    let found = {
        let mut acx = cx.analyze_context();
        Analyzer::new(&mut acx).lookup_oper_name(name, left, right)?
    };
    if found.is_valid() {
        check_owner(cx, found, &name.join("."))?;
        return Ok(found);
    }
    let (namespace, last) = creation::qualified_place(cx, name)?;
    let is_this = last == this.name
        && namespace == this.namespace
        && (left, right) == (this.left, this.right);
    if is_this {
        return Ok(this.oid);
    }
    let shell = PgOperator {
        oid: Oid::INVALID,
        name: last,
        namespace,
        owner: cx.user(),
        kind: if left.is_valid() { 'b' } else { 'l' },
        can_merge: false,
        can_hash: false,
        left,
        right,
        result: Oid::INVALID,
        commutator: Oid::INVALID,
        negator: Oid::INVALID,
        code: Oid::INVALID,
        rest: Oid::INVALID,
        join: Oid::INVALID,
    };
    let oid = cx.catalog.store_operator(&shell, false)?;
    cx.services.command_counter_increment()?;
    Ok(oid)
}

/// Makes the other operator point back.
fn link(cx: &UtilityContext<'_>, other: Oid, this: Oid, column: usize, what: &str) -> PgResult<()> {
    if !other.is_valid() {
        return Ok(());
    }
    let row = cx.catalog.get_operator(other)?;
    let linked = if what == "negator" { row.negator } else { row.commutator };
    if linked == this {
        return Ok(());
    }
    if linked.is_valid() {
        let third = match cx.catalog.lookup_operator(linked)? {
            Some(third) => third.name.clone(),
            None => linked.to_string(),
        };
        bail!(
            INVALID_FUNCTION_DEFINITION,
            "{what} operator {} is already the {what} of operator {third}",
            row.name
        );
    }
    cx.catalog.set_by_oid(pg_operator::RELID, other, &[(column, Datum::Oid(this))])?;
    cx.services.command_counter_increment()
}
