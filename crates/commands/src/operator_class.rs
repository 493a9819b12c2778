//! CREATE OPERATOR CLASS and CREATE OPERATOR FAMILY.
use crate::{UtilityContext, attribute, creation, object_address, relation_name};
use catalog::{
    CatalogRead, RowBuilder, acl,
    depend::{DependencyKind, ObjectAddress},
    schema::{pg_am, pg_amop, pg_amproc, pg_opclass, pg_operator, pg_opfamily},
};
use error::{PgError, PgResult, bail, err, not_supported};
use parser::ast::{
    CreateOpClassItem, CreateOpClassStmt, CreateOpFamilyStmt, ObjectWithArgs, OpClassItemType,
};
use types::{Datum, Oid, type_oid as t};

/// The access methods whose indexes and partition keys use operator classes that users make.
const BTREE: Oid = Oid(403);
const HASH: Oid = Oid(405);

/// Strategies and support functions that an access method knows.
fn limits(am: Oid) -> Option<(i32, i32)> {
    match am {
        BTREE => Some((5, 6)),
        HASH => Some((1, 3)),
        _ => None,
    }
}

/// A member of a family.
struct Member {
    number: i32,
    left: Oid,
    right: Oid,
    object: Oid,
}

fn check_superuser(cx: &UtilityContext<'_>, what: &str) -> PgResult<()> {
    if !acl::is_superuser(cx.catalog, cx.user())? {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to create an operator {what}");
    }
    Ok(())
}

fn access_method(cx: &UtilityContext<'_>, name: &str) -> PgResult<Oid> {
    match cx.catalog.lookup_am(name)? {
        Some((oid, _)) => Ok(oid),
        None => Err(err!(UNDEFINED_OBJECT, "access method \"{name}\" does not exist")),
    }
}

/// CREATE OPERATOR FAMILY.
pub(crate) fn execute_family(cx: &UtilityContext<'_>, stmt: &CreateOpFamilyStmt) -> PgResult<()> {
    let (namespace, name) = creation::qualified_place(cx, &stmt.opfamilyname)?;
    let am = access_method(cx, &stmt.amname)?;
    check_superuser(cx, "family")?;
    create_family(cx, am, &stmt.amname, namespace, &name).map(|_| ())
}

fn find_family(
    cx: &UtilityContext<'_>,
    am: Oid,
    name: &str,
    namespace: Oid,
) -> PgResult<Option<Oid>> {
    let key = [Datum::Oid(am), Datum::text(name), Datum::Oid(namespace)];
    let by = catalog::schema::index::PG_OPFAMILY_AM_NAME_NSP_INDEX;
    Ok(cx.catalog.row_by_index(by, &key)?.map(|row| row.oid(pg_opfamily::OID)))
}

fn create_family(
    cx: &UtilityContext<'_>,
    am: Oid,
    am_name: &str,
    namespace: Oid,
    name: &str,
) -> PgResult<Oid> {
    if find_family(cx, am, name, namespace)?.is_some() {
        bail!(
            DUPLICATE_OBJECT,
            "operator family \"{name}\" for access method \"{am_name}\" already exists"
        );
    }
    let oid = cx.catalog.alloc_oid(pg_opfamily::RELID)?;
    RowBuilder::new(pg_opfamily::RELID)
        .set(pg_opfamily::OID, oid)
        .set(pg_opfamily::OPFMETHOD, am)
        .set(pg_opfamily::OPFNAME, name)
        .set(pg_opfamily::OPFNAMESPACE, namespace)
        .set(pg_opfamily::OPFOWNER, cx.user())
        .insert(cx.catalog)?;
    let this = ObjectAddress::new(pg_opfamily::RELID, oid);
    let auto = DependencyKind::Auto;
    cx.catalog.record_dependency(this, ObjectAddress::new(pg_am::RELID, am), auto)?;
    let normal = DependencyKind::Normal;
    cx.catalog.record_dependency(this, ObjectAddress::namespace(namespace), normal)?;
    cx.catalog.record_owner(this, cx.user())?;
    cx.services.command_counter_increment()?;
    Ok(oid)
}

/// CREATE OPERATOR CLASS.
pub(crate) fn execute_class(cx: &UtilityContext<'_>, stmt: &CreateOpClassStmt) -> PgResult<()> {
    let (namespace, name) = creation::qualified_place(cx, &stmt.opclassname)?;
    let am = access_method(cx, &stmt.amname)?;
    let Some((strategies, functions)) = limits(am) else {
        return Err(not_supported!("operator classes of access method \"{}\"", stmt.amname));
    };
    check_superuser(cx, "class")?;
    let (typ, _) = object_address::resolve_type(cx, &stmt.datatype)?;
    let family = match stmt.opfamilyname.as_slice() {
        [] => find_family(cx, am, &name, namespace)?,
        names => Some(named_family(cx, am, &stmt.amname, names)?),
    };
    let (mut operators, mut procs) = (Vec::new(), Vec::new());
    for item in &stmt.items {
        match item.itemtype {
            OpClassItemType::Operator => {
                add(cx, &mut operators, operator(cx, item, typ, strategies)?, "operator")?;
            }
            OpClassItemType::Function => {
                add(cx, &mut procs, function(cx, item, typ, am, functions)?, "function")?;
            }
            OpClassItemType::StorageType => {
                bail!(
                    INVALID_OBJECT_DEFINITION,
                    "storage type cannot be different from data type for access method \"{}\"",
                    stmt.amname
                );
            }
        }
    }
    check_free(cx, stmt, am, namespace, &name, typ)?;
    let family = match family {
        Some(family) => family,
        None => create_family(cx, am, &stmt.amname, namespace, &name)?,
    };
    let oid = cx.catalog.alloc_oid(pg_opclass::RELID)?;
    RowBuilder::new(pg_opclass::RELID)
        .set(pg_opclass::OID, oid)
        .set(pg_opclass::OPCMETHOD, am)
        .set(pg_opclass::OPCNAME, &name)
        .set(pg_opclass::OPCNAMESPACE, namespace)
        .set(pg_opclass::OPCOWNER, cx.user())
        .set(pg_opclass::OPCFAMILY, family)
        .set(pg_opclass::OPCINTYPE, typ)
        .set(pg_opclass::OPCDEFAULT, stmt.is_default)
        .set(pg_opclass::OPCKEYTYPE, Oid::INVALID)
        .insert(cx.catalog)?;
    let this = ObjectAddress::new(pg_opclass::RELID, oid);
    let (normal, auto) = (DependencyKind::Normal, DependencyKind::Auto);
    cx.catalog.record_dependency(this, ObjectAddress::namespace(namespace), normal)?;
    let on = ObjectAddress::new(pg_opfamily::RELID, family);
    cx.catalog.record_dependency(this, on, auto)?;
    cx.catalog.record_dependency(this, ObjectAddress::typ(typ), normal)?;
    cx.catalog.record_owner(this, cx.user())?;
    for member in &operators {
        let row = cx.catalog.alloc_oid(pg_amop::RELID)?;
        RowBuilder::new(pg_amop::RELID)
            .set(pg_amop::OID, row)
            .set(pg_amop::AMOPFAMILY, family)
            .set(pg_amop::AMOPLEFTTYPE, member.left)
            .set(pg_amop::AMOPRIGHTTYPE, member.right)
            .set(pg_amop::AMOPSTRATEGY, member.number as i16)
            .set(pg_amop::AMOPPURPOSE, 's')
            .set(pg_amop::AMOPOPR, member.object)
            .set(pg_amop::AMOPMETHOD, am)
            .set(pg_amop::AMOPSORTFAMILY, Oid::INVALID)
            .insert(cx.catalog)?;
        let entry = ObjectAddress::new(pg_amop::RELID, row);
        let on = ObjectAddress::new(pg_operator::RELID, member.object);
        tie(cx, entry, this, on)?;
    }
    for member in &procs {
        let row = cx.catalog.alloc_oid(pg_amproc::RELID)?;
        RowBuilder::new(pg_amproc::RELID)
            .set(pg_amproc::OID, row)
            .set(pg_amproc::AMPROCFAMILY, family)
            .set(pg_amproc::AMPROCLEFTTYPE, member.left)
            .set(pg_amproc::AMPROCRIGHTTYPE, member.right)
            .set(pg_amproc::AMPROCNUM, member.number as i16)
            .set(pg_amproc::AMPROC, member.object)
            .insert(cx.catalog)?;
        let entry = ObjectAddress::new(pg_amproc::RELID, row);
        tie(cx, entry, this, ObjectAddress::proc_(member.object))?;
    }
    cx.services.command_counter_increment()
}

/// A family's entry goes with the class it was made for, and needs its operator or function.
fn tie(
    cx: &UtilityContext<'_>,
    entry: ObjectAddress,
    class: ObjectAddress,
    on: ObjectAddress,
) -> PgResult<()> {
    cx.catalog.record_dependency(entry, on, DependencyKind::Normal)?;
    cx.catalog.record_dependency(entry, class, DependencyKind::Internal)
}

fn check_free(
    cx: &UtilityContext<'_>,
    stmt: &CreateOpClassStmt,
    am: Oid,
    namespace: Oid,
    name: &str,
    typ: Oid,
) -> PgResult<()> {
    let classes = cx.catalog.opclasses_of_am(am)?;
    if classes.iter().any(|c| c.namespace == namespace && c.name == name) {
        bail!(
            DUPLICATE_OBJECT,
            "operator class \"{name}\" for access method \"{}\" already exists",
            stmt.amname
        );
    }
    let default = classes.iter().find(|c| c.is_default && c.intype == typ);
    match default.filter(|_| stmt.is_default) {
        Some(other) => Err(err!(
            DUPLICATE_OBJECT,
            "could not make operator class \"{name}\" be default for type {}",
            cx.catalog.format_type(typ, None)?
        )
        .detail(format!("Operator class \"{}\" already is the default.", other.name))),
        None => Ok(()),
    }
}

fn named_family(
    cx: &UtilityContext<'_>,
    am: Oid,
    am_name: &str,
    names: &[String],
) -> PgResult<Oid> {
    let Some((name, schema)) = names.split_last() else {
        return Err(PgError::internal("operator family without a name"));
    };
    let namespaces = match schema.last() {
        Some(schema) => vec![relation_name::namespace(cx.catalog, schema)?],
        None => cx.catalog.search_path().to_vec(),
    };
    for namespace in namespaces {
        if let Some(oid) = find_family(cx, am, name, namespace)? {
            return Ok(oid);
        }
    }
    bail!(
        UNDEFINED_OBJECT,
        "operator family \"{}\" does not exist for access method \"{am_name}\"",
        names.join(".")
    )
}

fn add(
    cx: &UtilityContext<'_>,
    list: &mut Vec<Member>,
    member: Member,
    what: &str,
) -> PgResult<()> {
    let same =
        |m: &Member| (m.number, m.left, m.right) == (member.number, member.left, member.right);
    if list.iter().any(same) {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "{what} number {} for ({},{}) appears more than once",
            member.number,
            cx.catalog.format_type(member.left, None)?,
            cx.catalog.format_type(member.right, None)?
        );
    }
    list.push(member);
    Ok(())
}

fn check_number(what: &str, number: i32, max: i32) -> PgResult<()> {
    if number < 1 || number > max {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "invalid {what} number {number}, must be between 1 and {max}"
        );
    }
    Ok(())
}

fn named(item: &CreateOpClassItem) -> PgResult<&ObjectWithArgs> {
    item.name.as_ref().ok_or_else(|| PgError::internal("operator class item without a name"))
}

fn operator(
    cx: &UtilityContext<'_>,
    item: &CreateOpClassItem,
    typ: Oid,
    max: i32,
) -> PgResult<Member> {
    check_number("operator", item.number, max)?;
    if !item.order_family.is_empty() {
        bail!(INVALID_OBJECT_DEFINITION, "access method does not support ordering operators");
    }
    let name = named(item)?;
    let mut types = Vec::new();
    for arg in name.objargs.iter().flatten() {
        types.push(object_address::resolve_type(cx, arg)?.0);
    }
    let (left, right) = match types.as_slice() {
        [left, right] => (*left, *right),
        _ => (typ, typ),
    };
    let Some((last, schema)) = name.objname.split_last() else {
        return Err(PgError::internal("operator without a name"));
    };
    let namespaces = match schema.last() {
        Some(schema) => vec![relation_name::namespace(cx.catalog, schema)?],
        None => cx.catalog.search_path().to_vec(),
    };
    let all = cx.catalog.operators_by_name(last)?;
    let found = namespaces.iter().find_map(|ns| {
        all.iter().find(|o| o.namespace == *ns && o.left == left && o.right == right)
    });
    let Some(operator) = found else {
        bail!(
            UNDEFINED_FUNCTION,
            "operator does not exist: {} {} {}",
            cx.catalog.format_type(left, None)?,
            name.objname.join("."),
            cx.catalog.format_type(right, None)?
        );
    };
    if operator.result != t::BOOL {
        bail!(INVALID_OBJECT_DEFINITION, "index search operators must return boolean");
    }
    Ok(Member { number: item.number, left, right, object: operator.oid })
}

fn function(
    cx: &UtilityContext<'_>,
    item: &CreateOpClassItem,
    typ: Oid,
    am: Oid,
    max: i32,
) -> PgResult<Member> {
    check_number("function", item.number, max)?;
    let name = named(item)?;
    let mut types = Vec::new();
    for arg in name.objargs.iter().flatten() {
        types.push(object_address::resolve_type(cx, arg)?.0);
    }
    let f = attribute::exact_function(cx, &name.objname, &types)?;
    let given: Vec<Oid> = item
        .class_args
        .iter()
        .map(|a| object_address::resolve_type(cx, a).map(|(typ, _)| typ))
        .collect::<PgResult<_>>()?;
    let fault = |text: &str| PgError::new(error::SqlState::INVALID_OBJECT_DEFINITION, text);
    let (mut left, mut right) = match given.as_slice() {
        [one] => (*one, *one),
        [left, right] => (*left, *right),
        _ => (Oid::INVALID, Oid::INVALID),
    };
    let args = f.argtypes.as_slice();
    match (am, item.number) {
        (BTREE, 1) => {
            let [a, b] = args else {
                return Err(fault("ordering comparison functions must have two arguments"));
            };
            if f.rettype != t::INT4 {
                return Err(fault("ordering comparison functions must return integer"));
            }
            if !left.is_valid() {
                (left, right) = (*a, *b);
            }
        }
        (HASH, 1) => {
            if args.len() != 1 {
                return Err(fault("hash function 1 must have one argument"));
            }
            if f.rettype != t::INT4 {
                return Err(fault("hash function 1 must return integer"));
            }
        }
        (HASH, 2) => {
            if args.len() != 2 {
                return Err(fault("hash function 2 must have two arguments"));
            }
            if f.rettype != t::INT8 {
                return Err(fault("hash function 2 must return bigint"));
            }
        }
        _ => {}
    }
    if !left.is_valid() {
        left = if am == HASH { args.first().copied().unwrap_or(typ) } else { typ };
        right = left;
    }
    Ok(Member { number: item.number, left, right, object: f.oid })
}
