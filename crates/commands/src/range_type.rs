//! CREATE TYPE AS RANGE: the range type, its multirange type, their array types and constructors.
use crate::{UtilityContext, attribute, creation, object_address, user_type};
use analyzer::Analyzer;
use catalog::{
    CatalogRead, DependencyKind, NewType, ObjectAddress, PgCast, PgProc, RowBuilder,
    schema::{pg_cast, pg_collation, pg_range},
};
use error::{PgResult, bail, err};
use parser::ast::{CreateRangeStmt, DefElem, ObjectRef, ObjectType};
use std::sync::Arc;
use types::{Oid, type_oid as t};

const BTREE: Oid = Oid(403);
const LANG_INTERNAL: Oid = Oid(12);
const BOOTSTRAP_SUPERUSER: Oid = Oid(10);
/// Bytes of a name.
const NAME_MAX: usize = 63;

/// in, out, receive, send and typanalyze of all types of a kind.
const RANGE_IO: [Oid; 5] = [Oid(3834), Oid(3835), Oid(3836), Oid(3837), Oid(3916)];
const MULTIRANGE_IO: [Oid; 5] = [Oid(4231), Oid(4232), Oid(4233), Oid(4234), Oid(4242)];

/// What the attributes say.
#[derive(Default)]
struct Attributes {
    subtype: Option<Oid>,
    opclass: Option<Vec<String>>,
    collation: Option<Vec<String>>,
    canonical: Option<Vec<String>>,
    diff: Option<Vec<String>>,
    multirange: Option<(Oid, String)>,
}

/// The parts of a range type.
struct Parts {
    subtype: Oid,
    opclass: Oid,
    collation: Oid,
    canonical: Oid,
    diff: Oid,
}

/// Makes a range type.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &CreateRangeStmt) -> PgResult<()> {
    let (namespace, name) = creation::qualified_place(cx, &stmt.type_name)?;
    user_type::check_free(cx, namespace, &name)?;
    let shell = cx.catalog.lookup_type_by_name(namespace, &name)?.map(|shell| shell.oid);
    let given = attributes(cx, stmt)?;
    let parts = parts(cx, &given, shell)?;
    let subtype = cx.catalog.get_type(parts.subtype)?;
    let align = if subtype.align == 'd' { 'd' } else { 'i' };
    let template = |name: &str, namespace: Oid, typtype: char, io: [Oid; 5]| {
        let [input, output, receive, send, analyze] = io;
        NewType {
            len: -1,
            byval: false,
            typtype,
            category: 'R',
            defined: true,
            input,
            output,
            receive,
            send,
            analyze,
            align,
            storage: 'x',
            ..NewType::new(name, namespace, cx.user())
        }
    };
    let range = template(&name, namespace, 'r', RANGE_IO);
    let (range_oid, range_array) = cx.catalog.create_type_with_array(&range)?;
    let (multi_namespace, multi_name) = match given.multirange {
        Some((namespace, name)) => {
            user_type::check_free(cx, namespace, &name)?;
            (namespace, name)
        }
        None => (namespace, multirange_name(cx, namespace, &name)?),
    };
    let multi = template(&multi_name, multi_namespace, 'm', MULTIRANGE_IO);
    let (multi_oid, _) = cx.catalog.create_type_with_array(&multi)?;
    store_range(cx, range_oid, multi_oid, &parts)?;
    let constructors = Constructors { cx, namespace };
    let (sub, text) = (parts.subtype, t::TEXT);
    constructors.add(&name, range_oid, "range_constructor2", &[sub, sub], None)?;
    constructors.add(&name, range_oid, "range_constructor3", &[sub, sub, text], None)?;
    constructors.add(&multi_name, multi_oid, "multirange_constructor0", &[], None)?;
    let one = &[range_oid];
    let cast = constructors.add(&multi_name, multi_oid, "multirange_constructor1", one, None)?;
    let all = &[range_array];
    let variadic = Some(range_oid);
    constructors.add(&multi_name, multi_oid, "multirange_constructor2", all, variadic)?;
    let cast = PgCast {
        source: range_oid,
        target: multi_oid,
        func: cast,
        context: 'e',
        method: 'f',
        oid: Oid::INVALID,
    };
    let cast = ObjectAddress::new(pg_cast::RELID, cx.catalog.store_cast(&cast)?);
    let typ = ObjectAddress::typ(multi_oid);
    cx.catalog.record_dependency(cast, typ, DependencyKind::Internal)?;
    cx.services.command_counter_increment()
}

fn attributes(cx: &UtilityContext<'_>, stmt: &CreateRangeStmt) -> PgResult<Attributes> {
    fn once<T>(slot: &mut Option<T>, item: &DefElem, value: T) -> PgResult<()> {
        if slot.replace(value).is_some() {
            return Err(err!(SYNTAX_ERROR, "conflicting or redundant options").at(item.location));
        }
        Ok(())
    }
    let mut a = Attributes::default();
    for item in &stmt.params {
        let name = || attribute::qualified_name(item);
        match item.defname.as_str() {
            "subtype" => {
                let typ = object_address::resolve_type(cx, &attribute::type_name(item)?)?.0;
                once(&mut a.subtype, item, typ)?;
            }
            "subtype_opclass" => once(&mut a.opclass, item, name()?)?,
            "collation" => once(&mut a.collation, item, name()?)?,
            "canonical" => once(&mut a.canonical, item, name()?)?,
            "subtype_diff" => once(&mut a.diff, item, name()?)?,
            "multirange_type_name" => {
                let place = creation::qualified_place(cx, &name()?)?;
                once(&mut a.multirange, item, place)?;
            }
            other => bail!(SYNTAX_ERROR, "type attribute \"{other}\" not recognized"),
        }
    }
    Ok(a)
}

fn parts(cx: &UtilityContext<'_>, a: &Attributes, shell: Option<Oid>) -> PgResult<Parts> {
    let Some(subtype) = a.subtype else {
        bail!(SYNTAX_ERROR, "type attribute \"subtype\" is required");
    };
    let row = cx.catalog.get_type(subtype)?;
    if row.typtype == 'p' {
        let name = cx.catalog.format_type(subtype, None)?;
        bail!(DATATYPE_MISMATCH, "range subtype cannot be {name}");
    }
    attribute::check_usage(cx, subtype)?;
    let opclass = opclass(cx, a.opclass.as_deref(), subtype)?;
    let collation = match &a.collation {
        Some(name) if row.collation.is_valid() => {
            let name = ObjectRef::AnyName(name.clone());
            object_address::resolve(cx, ObjectType::Collation, &name, 1)?.address.object
        }
        Some(_) => bail!(
            WRONG_OBJECT_TYPE,
            "range collation specified but subtype does not support collation"
        ),
        None => row.collation,
    };
    let canonical = match (&a.canonical, shell) {
        (None, _) => Oid::INVALID,
        (Some(name), Some(typ)) => {
            let kind = "canonical function";
            function(cx, name, &[typ], typ, kind, "range type")?
        }
        (Some(_), None) => {
            return Err(err!(
                INVALID_OBJECT_DEFINITION,
                "cannot specify a canonical function without a pre-created shell type"
            )
            .hint(
                "Create the type as a shell type, then create its canonicalization function, \
                 then do a full CREATE TYPE.",
            ));
        }
    };
    let diff = match &a.diff {
        None => Oid::INVALID,
        Some(name) => {
            let kind = "subtype diff function";
            let args = [subtype, subtype];
            function(cx, name, &args, t::FLOAT8, kind, "type double precision")?
        }
    };
    Ok(Parts { subtype, opclass, collation, canonical, diff })
}

/// The btree operator class that orders the bounds.
fn opclass(cx: &UtilityContext<'_>, name: Option<&[String]>, subtype: Oid) -> PgResult<Oid> {
    let Some(name) = name else {
        return match cx.catalog.default_opclass(subtype, BTREE)? {
            Some(class) => Ok(class.oid),
            None => Err(err!(
                UNDEFINED_OBJECT,
                "data type {} has no default operator class for access method \"btree\"",
                cx.catalog.format_type(subtype, None)?
            )
            .hint(
                "You must specify an operator class for the range type or define a default \
                 operator class for the subtype.",
            )),
        };
    };
    let (schemas, last) = object_address::search_in(cx, name)?;
    let classes = cx.catalog.opclasses_of_am(BTREE)?;
    let found =
        schemas.iter().find_map(|ns| classes.iter().find(|c| c.namespace == *ns && c.name == last));
    let dotted = name.join(".");
    let Some(class) = found else {
        bail!(
            UNDEFINED_OBJECT,
            "operator class \"{dotted}\" does not exist for access method \"btree\""
        );
    };
    let mut acx = cx.analyze_context();
    if !Analyzer::new(&mut acx).is_binary_coercible(subtype, class.intype)? {
        let typ = cx.catalog.format_type(subtype, None)?;
        bail!(DATATYPE_MISMATCH, "operator class \"{dotted}\" does not accept data type {typ}");
    }
    Ok(class.oid)
}

/// A support function, checked.
fn function(
    cx: &UtilityContext<'_>,
    name: &[String],
    args: &[Oid],
    result: Oid,
    kind: &str,
    result_name: &str,
) -> PgResult<Oid> {
    let found = attribute::exact_function(cx, name, args)?;
    let signature = || attribute::signature(cx, name, args);
    if found.rettype != result {
        bail!(INVALID_OBJECT_DEFINITION, "range {kind} {} must return {result_name}", signature()?);
    }
    if found.volatile != 'i' {
        bail!(INVALID_OBJECT_DEFINITION, "range {kind} {} must be immutable", signature()?);
    }
    attribute::check_execute(cx, &found)?;
    Ok(found.oid)
}

/// A name for the multirange type: `multirange` where the range's says `range`.
fn multirange_name(cx: &UtilityContext<'_>, namespace: Oid, range: &str) -> PgResult<String> {
    let clipped = |text: &str, max: usize| {
        let end = (0..=max.min(text.len())).rev().find(|e| text.is_char_boundary(*e));
        text[..end.unwrap_or(0)].to_owned()
    };
    let name = match range.find("range") {
        Some(at) => format!("{}multi{}", &range[..at], &range[at..]),
        None => format!("{}_multirange", clipped(range, NAME_MAX - 11)),
    };
    let name = clipped(&name, NAME_MAX);
    if cx.catalog.lookup_type_by_name(namespace, &name)?.is_some() {
        return Err(err!(DUPLICATE_OBJECT, "type \"{name}\" already exists")
            .detail(format!("Failed while creating a multirange type for type \"{range}\"."))
            .hint(
                "You can manually specify a multirange type name using the \
                 \"multirange_type_name\" attribute.",
            ));
    }
    Ok(name)
}

fn store_range(cx: &UtilityContext<'_>, range: Oid, multi: Oid, p: &Parts) -> PgResult<()> {
    RowBuilder::new(pg_range::RELID)
        .set(pg_range::RNGTYPID, range)
        .set(pg_range::RNGSUBTYPE, p.subtype)
        .set(pg_range::RNGMULTITYPID, multi)
        .set(pg_range::RNGCOLLATION, p.collation)
        .set(pg_range::RNGSUBOPC, p.opclass)
        .set(pg_range::RNGCANONICAL, p.canonical)
        .set(pg_range::RNGSUBDIFF, p.diff)
        .insert(cx.catalog)?;
    let this = ObjectAddress::typ(range);
    let on = [
        ObjectAddress::typ(p.subtype),
        ObjectAddress::new(catalog::schema::pg_opclass::RELID, p.opclass),
        ObjectAddress::new(pg_collation::RELID, p.collation),
        ObjectAddress::proc_(p.canonical),
        ObjectAddress::proc_(p.diff),
    ];
    for object in on {
        cx.catalog.record_dependency(this, object, DependencyKind::Normal)?;
    }
    let multi = ObjectAddress::typ(multi);
    cx.catalog.record_dependency(multi, this, DependencyKind::Internal)
}

struct Constructors<'a, 'c> {
    cx: &'a UtilityContext<'c>,
    namespace: Oid,
}

impl Constructors<'_, '_> {
    /// A function named like its type; `variadic` is the element type of its last argument.
    fn add(
        &self,
        name: &str,
        result: Oid,
        source: &str,
        args: &[Oid],
        variadic: Option<Oid>,
    ) -> PgResult<Oid> {
        let proc = PgProc {
            oid: Oid::INVALID,
            name: name.to_owned(),
            namespace: self.namespace,
            owner: BOOTSTRAP_SUPERUSER,
            lang: LANG_INTERNAL,
            cost: 1.0,
            rows: 0.0,
            variadic: variadic.unwrap_or(Oid::INVALID),
            support: Oid::INVALID,
            kind: 'f',
            secdef: false,
            leakproof: false,
            // A range may be unbounded, which NULL says.
            strict: !source.starts_with("range_"),
            retset: false,
            volatile: 'i',
            parallel: 's',
            nargdefaults: 0,
            rettype: result,
            argtypes: args.to_vec(),
            allargtypes: if variadic.is_some() { args.to_vec() } else { Vec::new() },
            argmodes: if variadic.is_some() { vec!['v'] } else { Vec::new() },
            argnames: Vec::new(),
            argdefaults: Arc::new(Vec::new()),
            src: source.to_owned(),
            bin: None,
            sqlbody: None,
            config: Vec::new(),
            acl: None,
        };
        let oid = self.cx.catalog.store_proc(&proc, false, &[])?;
        self.cx.catalog.record_dependency(
            ObjectAddress::proc_(oid),
            ObjectAddress::typ(result),
            DependencyKind::Internal,
        )?;
        Ok(oid)
    }
}
