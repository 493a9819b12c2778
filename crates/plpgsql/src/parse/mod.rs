//! The parser of function bodies: tokens to statements, with names resolved to variables.
mod cursor;
mod declare;
mod name;
mod raise;
mod returns;
mod sql;
mod statement;

pub(crate) use declare::describe_type as declare_type;

use crate::{
    ast::{Block, DatumDef, Function, PlType, Resolve, RowDef, VarDef},
    namespace::{self, LabelKind, Namespace, NsKind},
    token::{self, Kind, Token},
};
use catalog::Catalog;
use error::{PgError, PgResult, err};
use fmgr::FnContext;
use parser::ParserOptions;
use types::{Oid, type_oid};

/// What compiling asks of its caller.
pub struct CompileContext<'a> {
    /// The session's catalog.
    pub catalog: &'a Catalog,
    /// The session.
    pub session: &'a dyn FnContext,
    /// How SQL text is read.
    pub options: ParserOptions,
    /// Check the syntax of SQL in the body at once (CREATE FUNCTION does).
    pub check_syntax: bool,
    /// Takes warnings whose positions are those of the body.
    pub warn: &'a dyn Fn(PgError),
    /// Set to how far the parser got, for errors without a position.
    pub reached: &'a std::cell::Cell<usize>,
}

/// The parser and what it has found so far.
pub(crate) struct Parser<'a> {
    pub(crate) cx: &'a CompileContext<'a>,
    pub(crate) src: &'a str,
    tokens: Vec<Token>,
    at: usize,
    lexer_error: Option<PgError>,
    pub(crate) ns: Namespace,
    pub(crate) f: Function,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(cx: &'a CompileContext<'a>, src: &'a str, f: Function) -> PgResult<Self> {
        let (tokens, lexer_error) = token::tokens(src, &cx.options)?;
        Ok(Parser { cx, src, tokens, at: 0, lexer_error, ns: None, f })
    }

    // ---- tokens ----

    pub(crate) fn tok(&self) -> &Token {
        &self.tokens[self.at]
    }

    pub(crate) fn peek(&self, n: usize) -> &Token {
        &self.tokens[(self.at + n).min(self.tokens.len() - 1)]
    }

    /// Goes past a token.
    pub(crate) fn next(&mut self) -> Token {
        let token = self.tokens[self.at].clone();
        self.cx.reached.set(token.start);
        if token.kind != Kind::Eof {
            self.at += 1;
        }
        token
    }

    pub(crate) fn at_word(&self, word: &str) -> bool {
        self.tok().is(word)
    }

    pub(crate) fn at_punct(&self, text: &str) -> bool {
        self.tok().is_punct(text)
    }

    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.at += 1;
        }
        found
    }

    pub(crate) fn eat_punct(&mut self, text: &str) -> bool {
        let found = self.at_punct(text);
        if found {
            self.at += 1;
        }
        found
    }

    pub(crate) fn expect_word(&mut self, word: &str) -> PgResult<()> {
        if self.eat_word(word) { Ok(()) } else { Err(self.syntax()) }
    }

    pub(crate) fn expect_punct(&mut self, text: &str) -> PgResult<()> {
        if self.eat_punct(text) { Ok(()) } else { Err(self.syntax()) }
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    // ---- errors ----

    /// "syntax error at or near" the present token.
    #[cold]
    pub(crate) fn syntax(&self) -> PgError {
        self.fault("syntax error")
    }

    /// A message about the present token.
    #[cold]
    pub(crate) fn fault(&self, message: &str) -> PgError {
        let token = self.tok();
        if token.kind == Kind::Eof {
            if let Some(e) = &self.lexer_error {
                return e.clone();
            }
            return err!(SYNTAX_ERROR, "{message} at end of input").at(self.src.len() as i32);
        }
        let near = &self.src[token.start..token.end];
        err!(SYNTAX_ERROR, "{message} at or near \"{near}\"").at(token.start as i32)
    }

    pub(crate) fn line(&self, offset: usize) -> u32 {
        token::line_of(self.src, offset)
    }

    pub(crate) fn line_here(&self) -> u32 {
        self.line(self.tok().start)
    }

    // ---- variables ----

    pub(crate) fn push_label(&mut self, name: &str, kind: LabelKind) {
        namespace::push(&mut self.ns, NsKind::Label(kind), name);
    }

    pub(crate) fn add(&mut self, datum: DatumDef) -> usize {
        self.f.datums.push(datum);
        self.f.datums.len() - 1
    }

    /// A variable of a type, a record where the type is composite.
    pub(crate) fn add_variable(
        &mut self,
        name: &str,
        lineno: u32,
        typ: PlType,
        in_scope: bool,
    ) -> usize {
        let composite = typ.composite;
        let def = VarDef {
            name: name.to_owned(),
            lineno,
            typ,
            constant: false,
            not_null: false,
            default: None,
            cursor: None,
        };
        let dno = self.add(if composite { DatumDef::Rec(def) } else { DatumDef::Var(def) });
        if in_scope {
            let kind = if composite { NsKind::Rec(dno) } else { NsKind::Var(dno) };
            namespace::push(&mut self.ns, kind, name);
        }
        dno
    }

    /// The field of a record variable.
    pub(crate) fn field(&mut self, rec: usize, name: &str) -> usize {
        let found = self.f.datums.iter().position(
            |d| matches!(d, DatumDef::Field { rec: r, name: n } if *r == rec && n == name),
        );
        match found {
            Some(dno) => dno,
            None => self.add(DatumDef::Field { rec, name: name.to_owned() }),
        }
    }

    pub(crate) fn row(&mut self, name: &str, fields: Vec<(String, usize)>) -> usize {
        self.add(DatumDef::Row(RowDef { name: name.to_owned(), fields }))
    }

    pub(crate) fn scalar_type(oid: Oid, collation: Oid) -> PlType {
        PlType { oid, typmod: -1, collation, composite: false, domain: false }
    }

    pub(crate) fn record_type() -> PlType {
        PlType {
            oid: type_oid::RECORD,
            typmod: -1,
            collation: Oid::INVALID,
            composite: true,
            domain: false,
        }
    }

    /// Reads the whole body.
    pub(crate) fn function(mut self) -> PgResult<Function> {
        self.options()?;
        let label = self.block_label()?;
        let line = self.line_here();
        let block = self.block(label)?;
        self.eat_punct(";");
        if self.tok().kind != Kind::Eof || self.lexer_error.is_some() {
            return Err(self.syntax());
        }
        self.f.body_line = line;
        self.f.body = block;
        Ok(self.f)
    }

    /// `#option`s before the block.
    fn options(&mut self) -> PgResult<()> {
        while self.eat_punct("#") {
            let name = self.next();
            let value = self.next();
            let value = value.text.as_str();
            match (name.text.as_str(), value) {
                ("option", "dump") => {}
                ("print_strict_params", "on") => self.f.print_strict_params = true,
                ("print_strict_params", "off") => self.f.print_strict_params = false,
                ("print_strict_params", other) => {
                    return Err(err!(
                        SYNTAX_ERROR,
                        "unrecognized print_strict_params option {other}"
                    ));
                }
                ("variable_conflict", "error") => self.f.resolve = Resolve::Error,
                ("variable_conflict", "use_variable") => self.f.resolve = Resolve::Variable,
                ("variable_conflict", "use_column") => self.f.resolve = Resolve::Column,
                _ => {
                    self.at = self.at.saturating_sub(2);
                    return Err(self.syntax());
                }
            }
        }
        Ok(())
    }

    /// `<<label>>`
    pub(crate) fn block_label(&mut self) -> PgResult<Option<String>> {
        if !self.eat_punct("<<") {
            return Ok(None);
        }
        let name = self.any_identifier()?;
        self.expect_punct(">>")?;
        Ok(Some(name))
    }

    /// A name, keyword or not.
    pub(crate) fn any_identifier(&mut self) -> PgResult<String> {
        if self.tok().kind != Kind::Word || self.tok().is_reserved() {
            return Err(self.syntax());
        }
        Ok(self.next().text)
    }

    /// The label after END, which must be the one before the block.
    pub(crate) fn end_label(&mut self, start: Option<&str>) -> PgResult<()> {
        if self.tok().kind != Kind::Word {
            return Ok(());
        }
        let location = self.tok().start as i32;
        let end = self.any_identifier()?;
        match start {
            None => Err(err!(SYNTAX_ERROR, "end label \"{end}\" specified for unlabeled block")
                .at(location)),
            Some(start) if start != end => Err(err!(
                SYNTAX_ERROR,
                "end label \"{end}\" differs from block's label \"{start}\""
            )
            .at(location)),
            Some(_) => Ok(()),
        }
    }

    /// DECLARE … BEGIN … EXCEPTION … END, after its label.
    pub(crate) fn block(&mut self, label: Option<String>) -> PgResult<Block> {
        let outer = self.ns.clone();
        self.push_label(label.as_deref().unwrap_or_default(), LabelKind::Block);
        let first = self.f.datums.len();
        if self.eat_word("declare") {
            self.declarations()?;
        }
        let vars = (first..self.f.datums.len())
            .filter(|dno| matches!(self.f.datums[*dno], DatumDef::Var(_) | DatumDef::Rec(_)))
            .collect();
        self.expect_word("begin")?;
        let body = self.statements()?;
        let exceptions = if self.at_word("exception") { Some(self.exceptions()?) } else { None };
        self.expect_word("end")?;
        self.end_label(label.as_deref())?;
        self.ns = outer;
        Ok(Block { label, vars, body, exceptions })
    }
}
