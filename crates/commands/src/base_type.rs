//! CREATE TYPE of a base type: its input and output functions, how it is held, its array type; shell types
//! as arguments and results of the functions that come first.
use crate::{UtilityContext, creation, object_address, relation_name};
use analyzer::Analyzer;
use catalog::{CatalogRead, NewType, PgProc, PgType, acl};
use error::{PgError, PgResult, SqlState, bail, err};
use parser::ast::{DefArg, DefElem, DefineStmt, TypeName};
use std::sync::Arc;
use types::{Oid, type_oid as t};

/// Subscripting of fixed-length types with elements.
const RAW_ARRAY_SUBSCRIPT: Oid = Oid(6180);

/// The options of the statement.
const OPTIONS: &[&str] = &[
    "like",
    "internallength",
    "input",
    "output",
    "receive",
    "send",
    "typmod_in",
    "typmod_out",
    "analyze",
    "subscript",
    "category",
    "preferred",
    "delimiter",
    "element",
    "default",
    "passedbyvalue",
    "alignment",
    "storage",
    "collatable",
];

/// Makes a base type of a shell.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &DefineStmt) -> PgResult<()> {
    if !acl::is_superuser(cx.catalog, cx.user())? {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to create a base type");
    }
    let (namespace, name) = creation::qualified_place(cx, &stmt.defnames)?;
    cx.catalog.make_room_for_type(namespace, &name)?;
    let shell = match cx.catalog.lookup_type_by_name(namespace, &name)? {
        Some(found) if found.defined => {
            bail!(DUPLICATE_OBJECT, "type \"{name}\" already exists")
        }
        Some(shell) => shell,
        None => {
            return Err(err!(UNDEFINED_OBJECT, "type \"{name}\" does not exist").hint(
                "Create the type as a shell type, then create its I/O functions, then do a full \
                 CREATE TYPE.",
            ));
        }
    };
    let options = options(cx, &stmt.definition)?;
    let mut new = NewType {
        typtype: 'b',
        category: 'U',
        defined: true,
        len: -1,
        byval: false,
        align: 'i',
        storage: 'p',
        ..NewType::new(&name, namespace, cx.user())
    };
    let maker = Maker { cx, shell, options };
    maker.like(&mut new)?;
    maker.layout(&mut new)?;
    maker.meaning(&mut new)?;
    maker.functions(&mut new)?;
    cx.catalog.create_type_with_array(&new)?;
    cx.services.command_counter_increment()
}

/// The options by name; unknown ones are warned of.
fn options<'s>(
    cx: &UtilityContext<'_>,
    definition: &'s [DefElem],
) -> PgResult<Vec<(&'static str, &'s DefElem)>> {
    let mut found: Vec<(&'static str, &DefElem)> = Vec::new();
    for option in definition {
        let name = if option.defname == "analyse" { "analyze" } else { &option.defname };
        let Some(known) = OPTIONS.iter().find(|o| **o == name) else {
            let mut warning = PgError::warning(
                SqlState::SYNTAX_ERROR,
                format!("type attribute \"{}\" not recognized", option.defname),
            );
            warning = warning.at(option.location);
            cx.notice(warning);
            continue;
        };
        if found.iter().any(|(n, _)| n == known) {
            return Err(err!(SYNTAX_ERROR, "conflicting or redundant options").at(option.location));
        }
        found.push((known, option));
    }
    Ok(found)
}

/// One statement at work.
struct Maker<'m, 'u, 's> {
    cx: &'m UtilityContext<'u>,
    shell: Arc<PgType>,
    options: Vec<(&'static str, &'s DefElem)>,
}

impl Maker<'_, '_, '_> {
    fn get(&self, name: &str) -> Option<&DefElem> {
        self.options.iter().find(|(n, _)| *n == name).map(|(_, o)| *o)
    }

    /// An option as a word.
    fn word(&self, name: &str) -> PgResult<Option<String>> {
        let Some(option) = self.get(name) else { return Ok(None) };
        Ok(Some(match &option.arg {
            Some(DefArg::String(s) | DefArg::Float(s)) => s.clone(),
            Some(DefArg::Integer(n)) => n.to_string(),
            Some(DefArg::Boolean(b)) => if *b { "true" } else { "false" }.to_owned(),
            Some(DefArg::TypeName(name)) => analyzer_name(name),
            Some(DefArg::Names(names)) => names.join("."),
            _ => bail!(SYNTAX_ERROR, "{name} requires a parameter"),
        }))
    }

    fn flag(&self, name: &str) -> PgResult<Option<bool>> {
        let Some(option) = self.get(name) else { return Ok(None) };
        if option.arg.is_none() {
            return Ok(Some(true));
        }
        let word = self.word(name)?.unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "true" | "on" | "1" => Ok(Some(true)),
            "false" | "off" | "0" => Ok(Some(false)),
            _ => bail!(SYNTAX_ERROR, "{name} requires a Boolean value"),
        }
    }

    fn type_named(&self, name: &str) -> PgResult<Option<Arc<PgType>>> {
        let Some(option) = self.get(name) else { return Ok(None) };
        let type_name = match &option.arg {
            Some(DefArg::TypeName(name)) => (**name).clone(),
            Some(DefArg::String(word)) => TypeName::from_names(vec![word.clone()], -1),
            Some(DefArg::Names(names)) => TypeName::from_names(names.clone(), -1),
            _ => bail!(SYNTAX_ERROR, "argument of {name} must be a type name"),
        };
        let (oid, _) = object_address::resolve_type(self.cx, &type_name)?;
        self.cx.catalog.get_type(oid).map(Some)
    }

    /// LIKE: another type's layout.
    fn like(&self, new: &mut NewType) -> PgResult<()> {
        if let Some(model) = self.type_named("like")? {
            new.len = model.len;
            new.byval = model.byval;
            new.align = model.align;
            new.storage = model.storage;
        }
        Ok(())
    }

    fn layout(&self, new: &mut NewType) -> PgResult<()> {
        if let Some(option) = self.get("internallength") {
            new.len = match &option.arg {
                Some(DefArg::Integer(n)) => i16::try_from(*n).unwrap_or(-1),
                _ => match self.word("internallength")?.as_deref() {
                    Some("variable") => -1,
                    _ => bail!(SYNTAX_ERROR, "internallength requires an integer value"),
                },
            };
        }
        if let Some(byval) = self.flag("passedbyvalue")? {
            new.byval = byval;
        }
        if let Some(word) = self.word("alignment")? {
            new.align = match word.to_ascii_lowercase().as_str() {
                "double" | "float8" | "pg_catalog.float8" | "double precision" => 'd',
                "int4" | "integer" | "pg_catalog.int4" => 'i',
                "int2" | "smallint" | "pg_catalog.int2" => 's',
                "char" | "pg_catalog.bpchar" | "pg_catalog.char" => 'c',
                _ => bail!(INVALID_PARAMETER_VALUE, "alignment \"{word}\" not recognized"),
            };
        }
        if let Some(word) = self.word("storage")? {
            new.storage = match word.to_ascii_lowercase().as_str() {
                "plain" => 'p',
                "external" => 'e',
                "extended" => 'x',
                "main" => 'm',
                _ => bail!(INVALID_PARAMETER_VALUE, "storage \"{word}\" not recognized"),
            };
        }
        self.check_layout(new)
    }

    fn check_layout(&self, new: &NewType) -> PgResult<()> {
        let invalid =
            |message: String| Err(PgError::new(SqlState::INVALID_OBJECT_DEFINITION, message));
        let len = new.len;
        if !(len > 0 || len == -1 || len == -2) {
            return invalid(format!("invalid type internal size {len}"));
        }
        if new.byval {
            let wanted = match len {
                1 => 'c',
                2 => 's',
                4 => 'i',
                8 => 'd',
                _ => {
                    return invalid(format!(
                        "internal size {len} is invalid for passed-by-value type"
                    ));
                }
            };
            if new.align != wanted {
                return invalid(format!(
                    "alignment \"{}\" is invalid for passed-by-value type of size {len}",
                    new.align
                ));
            }
        } else {
            if len == -1 && !matches!(new.align, 'i' | 'd') {
                return invalid(format!(
                    "alignment \"{}\" is invalid for variable-length type",
                    new.align
                ));
            }
            if len == -2 && new.align != 'c' {
                return invalid(format!(
                    "alignment \"{}\" is invalid for variable-length type",
                    new.align
                ));
            }
        }
        if new.storage != 'p' && len != -1 {
            return invalid("fixed-size types must have storage PLAIN".to_owned());
        }
        Ok(())
    }

    fn meaning(&self, new: &mut NewType) -> PgResult<()> {
        if let Some(word) = self.word("category")? {
            new.category = match word.bytes().next() {
                Some(c @ 32..=126) => c as char,
                _ => bail!(
                    INVALID_PARAMETER_VALUE,
                    "invalid type category \"{word}\": must be simple ASCII"
                ),
            };
        }
        if let Some(preferred) = self.flag("preferred")? {
            new.preferred = preferred;
        }
        if let Some(word) = self.word("delimiter")? {
            new.delim = word.chars().next().unwrap_or(',');
        }
        if let Some(elem) = self.type_named("element")? {
            if elem.typtype == 'p' {
                bail!(
                    DATATYPE_MISMATCH,
                    "array element type cannot be {}",
                    self.cx.catalog.format_type(elem.oid, None)?
                );
            }
            new.elem = elem.oid;
            new.subscript = RAW_ARRAY_SUBSCRIPT;
        }
        new.default = self.word("default")?;
        if self.flag("collatable")? == Some(true) {
            new.collation = Oid(100);
        }
        if self.get("subscript").is_some() {
            return Err(error::not_supported!("SUBSCRIPT of a type"));
        }
        Ok(())
    }

    fn names(&self, option: &str) -> PgResult<Option<Vec<String>>> {
        let Some(found) = self.get(option) else { return Ok(None) };
        Ok(Some(match &found.arg {
            Some(DefArg::TypeName(name)) => name.names.clone(),
            Some(DefArg::String(word)) => vec![word.clone()],
            Some(DefArg::Names(names)) => names.clone(),
            _ => bail!(SYNTAX_ERROR, "{option} requires a parameter"),
        }))
    }

    /// The function of that name with one of some argument lists.
    fn find(&self, names: &[String], lists: &[&[Oid]]) -> PgResult<Arc<PgProc>> {
        let (schemas, name) = object_address::search_in(self.cx, names)?;
        let candidates = self.cx.catalog.procs_by_name(&name)?;
        for args in lists {
            for schema in &schemas {
                let fits = |p: &&Arc<PgProc>| p.namespace == *schema && p.argtypes == *args;
                if let Some(found) = candidates.iter().find(fits) {
                    return Ok(found.clone());
                }
            }
        }
        let mut args = Vec::new();
        for arg in lists.first().copied().unwrap_or_default() {
            args.push(self.cx.catalog.format_type(*arg, None)?);
        }
        Err(err!(
            UNDEFINED_FUNCTION,
            "function {}({}) does not exist",
            relation_name::dotted(names),
            args.join(", ")
        ))
    }

    /// A support function, which must return a type.
    fn support(&self, option: &str, what: &str, lists: &[&[Oid]], result: Oid) -> PgResult<Oid> {
        let Some(names) = self.names(option)? else { return Ok(Oid::INVALID) };
        let proc = self.find(&names, lists)?;
        if proc.rettype != result {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "{what} function {} must return type {}",
                relation_name::dotted(&names),
                self.cx.catalog.format_type(result, None)?
            );
        }
        if proc.volatile == 'v' && option != "analyze" {
            self.cx.notice(PgError::warning(
                SqlState::INVALID_OBJECT_DEFINITION,
                format!("{what} function {} should not be volatile", relation_name::dotted(&names)),
            ));
        }
        Ok(proc.oid)
    }

    fn functions(&self, new: &mut NewType) -> PgResult<()> {
        let this = self.shell.oid;
        let cstrings = Oid(1263);
        for (option, noun) in [("input", "input"), ("output", "output")] {
            if self.get(option).is_none() {
                bail!(INVALID_OBJECT_DEFINITION, "type {noun} function must be specified");
            }
        }
        if self.get("typmod_out").is_some() && self.get("typmod_in").is_none() {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "type modifier output function is useless without a type modifier input function"
            );
        }
        let input: &[&[Oid]] = &[&[t::CSTRING], &[t::CSTRING, t::OID, t::INT4]];
        new.input = self.support("input", "type input", input, this)?;
        new.output = self.support("output", "type output", &[&[this]], t::CSTRING)?;
        let receive: &[&[Oid]] = &[&[t::INTERNAL], &[t::INTERNAL, t::OID, t::INT4]];
        new.receive = self.support("receive", "type receive", receive, this)?;
        new.send = self.support("send", "type send", &[&[this]], t::BYTEA)?;
        new.modin = self.support("typmod_in", "typmod_in", &[&[cstrings]], t::INT4)?;
        new.modout = self.support("typmod_out", "typmod_out", &[&[t::INT4]], t::CSTRING)?;
        new.analyze = self.support("analyze", "type analyze", &[&[t::INTERNAL]], t::BOOL)?;
        Ok(())
    }
}

fn analyzer_name(name: &TypeName) -> String {
    name.names.join(".")
}

/// The type of a function's argument, which may be a shell.
pub(crate) fn argument_type(
    cx: &UtilityContext<'_>,
    name: &TypeName,
    language: &str,
) -> PgResult<Oid> {
    match shell_named(cx, name)? {
        Some(_) if language == "sql" => bail!(
            INVALID_FUNCTION_DEFINITION,
            "SQL function cannot accept shell type {}",
            analyzer_name(name)
        ),
        Some(shell) => {
            let text = format!("argument type {} is only a shell", analyzer_name(name));
            cx.notice(PgError::notice(text).with_sqlstate(SqlState::WRONG_OBJECT_TYPE));
            Ok(shell)
        }
        None => Ok(object_address::resolve_type(cx, name)?.0),
    }
}

/// The type of a function's result, which may be a shell, or become one.
pub(crate) fn result_type(
    cx: &UtilityContext<'_>,
    name: &TypeName,
    language: &str,
) -> PgResult<Oid> {
    if let Some(shell) = shell_named(cx, name)? {
        if language == "sql" {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "SQL function cannot return shell type {}",
                analyzer_name(name)
            );
        }
        let text = format!("return type {} is only a shell", analyzer_name(name));
        cx.notice(PgError::notice(text).with_sqlstate(SqlState::WRONG_OBJECT_TYPE));
        return Ok(shell);
    }
    let plain = !name.pct_type && name.array_bounds.is_empty() && name.typmods.is_empty();
    let mut acx = cx.analyze_context();
    let known = Analyzer::new(&mut acx).lookup_type_name(name)?.is_some();
    if known || !plain || !matches!(language, "internal" | "c") {
        return Ok(object_address::resolve_type(cx, name)?.0);
    }
    cx.notice(
        PgError::notice(format!("type \"{}\" is not yet defined", analyzer_name(name)))
            .with_sqlstate(SqlState::UNDEFINED_OBJECT)
            .detail("Creating a shell type definition."),
    );
    let (namespace, type_name) = creation::qualified_place(cx, &name.names)?;
    let oid = cx.catalog.create_type(&NewType::new(&type_name, namespace, cx.user()))?;
    cx.services.command_counter_increment()?;
    Ok(oid)
}

/// The OID of a shell type of that name.
fn shell_named(cx: &UtilityContext<'_>, name: &TypeName) -> PgResult<Option<Oid>> {
    if name.pct_type || !name.array_bounds.is_empty() {
        return Ok(None);
    }
    let mut acx = cx.analyze_context();
    let found = Analyzer::new(&mut acx).lookup_type_name(name)?;
    Ok(found.filter(|t| !t.defined).map(|t| t.oid))
}
