//! DECLARE: variables, aliases, cursors, and their types.
use super::Parser;
use crate::{
    ast::{CursorDef, DatumDef, Expr, PlType},
    namespace::{self, NsKind},
    token::Kind,
};
use analyzer::{AnalyzeContext, Analyzer};
use catalog::{Catalog, CatalogRead};
use error::{PgResult, bail, err};
use parser::{RawParseMode, ast::cursor_options};
use types::{Oid, type_oid};

/// A type as variables have it.
pub(crate) fn describe_type(catalog: &Catalog, oid: Oid, typmod: i32) -> PgResult<PlType> {
    let row = catalog.get_type(oid)?;
    if !row.defined {
        bail!(UNDEFINED_OBJECT, "type \"{}\" is only a shell", catalog.format_type(oid, None)?);
    }
    let mut base = row.clone();
    while base.typtype == 'd' {
        base = catalog.get_type(base.basetype)?;
    }
    Ok(PlType {
        oid,
        typmod,
        collation: row.collation,
        composite: base.typtype == 'c' || oid == type_oid::RECORD,
        domain: row.typtype == 'd',
    })
}

impl Parser<'_> {
    /// Declarations up to BEGIN.
    pub(crate) fn declarations(&mut self) -> PgResult<()> {
        loop {
            if self.at_word("begin") {
                return Ok(());
            }
            if self.eat_word("declare") {
                continue;
            }
            if self.at_punct("<<") {
                return Err(err!(
                    SYNTAX_ERROR,
                    "block label must be placed before DECLARE, not after"
                )
                .at(self.tok().start as i32));
            }
            self.declaration()?;
        }
    }

    fn declaration(&mut self) -> PgResult<()> {
        let location = self.tok().start;
        let (name, lineno) = self.declared_name()?;
        if self.at_word("alias") {
            return self.alias(&name);
        }
        if self.at_cursor() {
            return self.cursor_declaration(&name, lineno);
        }
        let constant = self.eat_word("constant");
        let mut typ = self.data_type()?;
        if self.eat_word("collate") {
            let names = self.names_here();
            if names.is_empty() {
                return Err(self.syntax());
            }
            self.skip(names.len() * 2 - 1);
            let mut acx = AnalyzeContext::new(self.cx.catalog, self.cx.session, self.src);
            let collation = Analyzer::new(&mut acx).lookup_collation(&names, -1)?;
            if !typ.collation.is_valid() {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "collations are not supported by type {}",
                    self.cx.catalog.format_type(typ.oid, None)?
                )
                .at(location as i32));
            }
            typ.collation = collation;
        }
        let not_null_at = self.tok().start;
        let not_null = match self.eat_word("not") {
            true => {
                self.expect_word("null")?;
                true
            }
            false => false,
        };
        let default = self.default_expr()?;
        if not_null && default.is_none() {
            return Err(err!(
                NULL_VALUE_NOT_ALLOWED,
                "variable \"{name}\" must have a default value, since it's declared NOT NULL"
            )
            .at(not_null_at as i32));
        }
        let dno = self.add_variable(&name, lineno, typ, true);
        if let DatumDef::Var(v) | DatumDef::Rec(v) = &mut self.f.datums[dno] {
            v.constant = constant;
            v.not_null = not_null;
            v.default = default;
        }
        Ok(())
    }

    fn default_expr(&mut self) -> PgResult<Option<Expr>> {
        if self.eat_punct(";") {
            return Ok(None);
        }
        if !(self.eat_punct(":=") || self.eat_punct("=") || self.eat_word("default")) {
            return Err(self.syntax());
        }
        self.expr_to_semicolon().map(Some)
    }

    fn declared_name(&mut self) -> PgResult<(String, u32)> {
        let lineno = self.line_here();
        if self.tok().kind != Kind::Word || self.tok().is_reserved() {
            return Err(self.syntax());
        }
        let name = self.tok().text.clone();
        if namespace::lookup(&self.ns, true, &[&name]).is_some() {
            return Err(self.fault("duplicate declaration"));
        }
        self.check_shadowing(&name)?;
        self.next();
        Ok((name, lineno))
    }

    /// plpgsql.extra_warnings and extra_errors: shadowed_variables.
    fn check_shadowing(&self, name: &str) -> PgResult<()> {
        let (warn, fail) = crate::compile::extra_checks(self.cx.session, "shadowed_variables");
        if !(warn || fail) || namespace::lookup(&self.ns, false, &[name]).is_none() {
            return Ok(());
        }
        let e = err!(DUPLICATE_ALIAS, "variable \"{name}\" shadows a previously defined variable")
            .at(self.tok().start as i32);
        if fail {
            return Err(e);
        }
        crate::compile::warn_in_body(self.cx, e);
        Ok(())
    }

    fn alias(&mut self, name: &str) -> PgResult<()> {
        self.next();
        self.expect_word("for")?;
        let names = self.names_here();
        if names.is_empty() {
            return Err(self.syntax());
        }
        let words: Vec<&str> = names.iter().map(String::as_str).collect();
        let location = self.tok().start as i32;
        let Some((kind, _)) = namespace::lookup(&self.ns, false, &words) else {
            bail_at(location, &names.join("."))?;
            return Ok(());
        };
        self.skip(names.len() * 2 - 1);
        self.expect_punct(";")?;
        namespace::push(&mut self.ns, kind, name);
        Ok(())
    }

    fn at_cursor(&self) -> bool {
        let word = |n: usize, w: &str| self.peek(n).is(w);
        let at = match () {
            () if word(0, "no") && word(1, "scroll") => 2,
            () if word(0, "scroll") => 1,
            () => 0,
        };
        word(at, "cursor")
    }

    fn cursor_declaration(&mut self, name: &str, lineno: u32) -> PgResult<()> {
        let mut options = cursor_options::FAST_PLAN;
        if self.eat_word("no") {
            self.next();
            options |= cursor_options::NO_SCROLL;
        } else if self.eat_word("scroll") {
            options |= cursor_options::SCROLL;
        }
        self.next();
        let outer = self.ns.clone();
        self.push_label(name, namespace::LabelKind::Other);
        let mut args = None;
        if self.eat_punct("(") {
            let mut fields = Vec::new();
            loop {
                let (arg, line) = self.declared_name()?;
                let typ = self.data_type()?;
                let dno = self.add_variable(&arg, line, typ, true);
                fields.push((arg, dno));
                if !self.eat_punct(",") {
                    break;
                }
            }
            self.expect_punct(")")?;
            args = Some(self.row("(unnamed row)", fields));
        }
        if !(self.eat_word("is") || self.eat_word("for")) {
            return Err(self.syntax());
        }
        let query = self.sql_to_semicolon()?;
        self.ns = outer;
        let typ = Self::scalar_type(type_oid::REFCURSOR, Oid(100));
        let dno = self.add_variable(name, lineno, typ, true);
        if let DatumDef::Var(v) = &mut self.f.datums[dno] {
            v.cursor = Some(CursorDef { query, args, options });
        }
        Ok(())
    }

    /// The type of a declaration, up to what may follow it.
    pub(crate) fn data_type(&mut self) -> PgResult<PlType> {
        let start = self.tok().start;
        if let Some(typ) = self.percent_type()? {
            return self.array_of(typ);
        }
        let mut depth = 0;
        let mut end = start;
        loop {
            let t = self.tok();
            if t.is_punct(";") {
                break;
            }
            if t.kind == Kind::Eof {
                return Err(self.fault(match depth {
                    0 => "incomplete data type declaration",
                    _ => "mismatched parentheses",
                }));
            }
            let follows = t.is("collate")
                || t.is("not")
                || t.is("default")
                || t.is_punct("=")
                || t.is_punct(":=")
                || (depth == 0 && (t.is_punct(",") || t.is_punct(")")));
            if follows {
                break;
            }
            if t.is_punct("(") {
                depth += 1;
            } else if t.is_punct(")") {
                depth -= 1;
            }
            end = t.end;
            self.next();
        }
        let text = &self.src[start..end];
        if text.is_empty() {
            return Err(self.fault("missing data type declaration"));
        }
        let moved = |mut e: error::PgError| {
            e.0.position = Some(e.0.position.unwrap_or(0) + start as u32);
            e
        };
        let name = parser::parse_type_name(text, &self.cx.options).map_err(moved)?;
        let mut acx = AnalyzeContext::new(self.cx.catalog, self.cx.session, text);
        let found = Analyzer::new(&mut acx).typename_oid_and_typmod(&name);
        let (oid, typmod) = found.map_err(moved)?;
        let row = self.cx.catalog.get_type(oid)?;
        if row.typtype == 'p' && oid != type_oid::RECORD {
            let name = self.cx.catalog.format_type(oid, None)?;
            bail!(
                FEATURE_NOT_SUPPORTED,
                "variable \"{}\" has pseudo-type {name}",
                self.declaring()
            );
        }
        describe_type(self.cx.catalog, oid, typmod)
    }

    /// The name that the type is read for.
    fn declaring(&self) -> String {
        let mut at = self.position();
        while at > 0 {
            at -= 1;
            let t = &self.tokens[at];
            if t.is_punct(";") || t.is("declare") || t.is_punct(",") || t.is_punct("(") {
                return self.tokens.get(at + 1).map_or(String::new(), |t| t.text.clone());
            }
        }
        String::new()
    }

    /// `name%TYPE` and `name%ROWTYPE`; nothing is read if it is neither.
    fn percent_type(&mut self) -> PgResult<Option<PlType>> {
        let names = self.names_here();
        if names.is_empty() {
            return Ok(None);
        }
        let after = names.len() * 2 - 1;
        if !self.peek(after).is_punct("%") {
            return Ok(None);
        }
        let location = self.tok().start as i32;
        let rowtype = match self.peek(after + 1) {
            t if t.is("type") => false,
            t if t.is("rowtype") => true,
            _ => return Ok(None),
        };
        let words: Vec<&str> = names.iter().map(String::as_str).collect();
        let typ = match rowtype {
            true => self.row_type_of(&words)?,
            false => self.type_of(&words, location)?,
        };
        self.skip(after + 2);
        Ok(Some(typ))
    }

    fn type_of(&mut self, names: &[&str], _location: i32) -> PgResult<PlType> {
        match namespace::lookup(&self.ns, false, names) {
            Some((NsKind::Var(dno), _)) => {
                if let DatumDef::Var(v) = &self.f.datums[dno] {
                    return Ok(v.typ.clone());
                }
            }
            Some((NsKind::Rec(dno), used)) => {
                if let DatumDef::Rec(v) = &self.f.datums[dno] {
                    match names.get(used) {
                        None => return Ok(v.typ.clone()),
                        Some(field) if v.typ.oid != type_oid::RECORD => {
                            return self.field_type(v.typ.oid, field);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        let (Some((column, table)), true) = (names.split_last(), names.len() > 1) else {
            bail!(UNDEFINED_OBJECT, "variable \"{}\" does not exist", names.join("."));
        };
        let relid = self.relation_named(table)?;
        let relation = self.cx.catalog.get_relation(relid)?;
        match relation.attr_by_name(column) {
            Some(attr) => {
                let mut typ = describe_type(self.cx.catalog, attr.typ, attr.typmod)?;
                typ.collation = attr.collation;
                Ok(typ)
            }
            None => Err(err!(
                UNDEFINED_COLUMN,
                "column \"{column}\" of relation \"{}\" does not exist",
                relation.name
            )),
        }
    }

    fn field_type(&self, composite: Oid, field: &str) -> PgResult<PlType> {
        let mut row = self.cx.catalog.get_type(composite)?;
        while row.typtype == 'd' {
            row = self.cx.catalog.get_type(row.basetype)?;
        }
        let relation = self.cx.catalog.get_relation(row.relid)?;
        match relation.attr_by_name(field) {
            Some(attr) => describe_type(self.cx.catalog, attr.typ, attr.typmod),
            None => Err(err!(
                UNDEFINED_COLUMN,
                "column \"{field}\" of relation \"{}\" does not exist",
                relation.name
            )),
        }
    }

    fn row_type_of(&mut self, names: &[&str]) -> PgResult<PlType> {
        let relid = self.relation_named(names)?;
        let relation = self.cx.catalog.get_relation(relid)?;
        if !relation.reltype.is_valid() {
            bail!(
                WRONG_OBJECT_TYPE,
                "relation \"{}\" does not have a composite type",
                relation.name
            );
        }
        describe_type(self.cx.catalog, relation.reltype, -1)
    }

    fn relation_named(&self, names: &[&str]) -> PgResult<Oid> {
        let found = match names {
            [name] => self.cx.catalog.relation_in_path(name)?,
            [.., schema, name] => match self.cx.catalog.lookup_namespace(schema)? {
                Some(namespace) => self.cx.catalog.lookup_relation(namespace, name)?,
                None => bail!(INVALID_SCHEMA_NAME, "schema \"{schema}\" does not exist"),
            },
            [] => None,
        };
        match found {
            Some(oid) => Ok(oid),
            None => Err(err!(UNDEFINED_TABLE, "relation \"{}\" does not exist", names.join("."))),
        }
    }

    /// Array decoration after `%TYPE`: `[]`, `[3]`, ARRAY.
    fn array_of(&mut self, typ: PlType) -> PgResult<PlType> {
        let mut is_array = false;
        if self.eat_word("array") {
            is_array = true;
            if self.eat_punct("[") {
                self.next();
                self.expect_punct("]")?;
            }
        }
        while self.eat_punct("[") {
            is_array = true;
            if self.tok().kind == Kind::Int {
                self.next();
            }
            if !self.eat_punct("]") {
                return Err(self.fault("syntax error, expected \"]\""));
            }
        }
        if !is_array {
            return Ok(typ);
        }
        let row = self.cx.catalog.get_type(typ.oid)?;
        if row.is_array() {
            return Ok(typ);
        }
        if !row.array.is_valid() {
            bail!(
                UNDEFINED_OBJECT,
                "could not find array type for data type {}",
                self.cx.catalog.format_type(typ.oid, None)?
            );
        }
        let mut array = describe_type(self.cx.catalog, row.array, typ.typmod)?;
        array.collation = typ.collation;
        Ok(array)
    }

    /// A SELECT of an expression, as cursor arguments are.
    pub(crate) fn select_of(&self, text: &str) -> Expr {
        self.expr_of(text, RawParseMode::PlpgsqlExpr)
    }
}

fn bail_at(location: i32, name: &str) -> PgResult<()> {
    Err(err!(UNDEFINED_OBJECT, "variable \"{name}\" does not exist").at(location))
}
