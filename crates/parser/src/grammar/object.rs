//! How statements name objects: COMMENT, SECURITY LABEL and what others share with them.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

impl Parser<'_> {
    /// A kind of object with possibly qualified names: TABLE, TEXT SEARCH PARSER …
    pub(super) fn opt_object_type_any_name(&mut self) -> PgResult<Option<ObjectType>> {
        let Tok::Kw(kw) = self.tok() else { return Ok(None) };
        let kind = match kw {
            Kw::Table => ObjectType::Table,
            Kw::Sequence => ObjectType::Sequence,
            Kw::View => ObjectType::View,
            Kw::Index => ObjectType::Index,
            Kw::Collation => ObjectType::Collation,
            Kw::Conversion => ObjectType::Conversion,
            Kw::Statistics => ObjectType::StatisticExt,
            Kw::Materialized => {
                self.advance();
                self.expect(Kw::View)?;
                return Ok(Some(ObjectType::MatView));
            }
            Kw::Foreign if self.peek_is(1, Kw::Table) => {
                self.advance();
                ObjectType::ForeignTable
            }
            Kw::Text => {
                self.advance();
                self.expect(Kw::Search)?;
                return Ok(Some(self.text_search_kind()?));
            }
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(kind))
    }

    /// PARSER, DICTIONARY, TEMPLATE or CONFIGURATION.
    pub(super) fn text_search_kind(&mut self) -> PgResult<ObjectType> {
        let kind = match self.tok() {
            Tok::Kw(Kw::Parser) => ObjectType::TsParser,
            Tok::Kw(Kw::Dictionary) => ObjectType::TsDictionary,
            Tok::Kw(Kw::Template) => ObjectType::TsTemplate,
            Tok::Kw(Kw::Configuration) => ObjectType::TsConfiguration,
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(kind)
    }

    /// A kind of object with plain names that DROP can name in lists.
    pub(super) fn opt_drop_type_name(&mut self) -> PgResult<Option<ObjectType>> {
        let Tok::Kw(kw) = self.tok() else { return Ok(None) };
        let kind = match kw {
            Kw::Extension => ObjectType::Extension,
            Kw::Publication => ObjectType::Publication,
            Kw::Schema => ObjectType::Schema,
            Kw::Server => ObjectType::ForeignServer,
            Kw::Language => ObjectType::Language,
            Kw::Procedural => {
                self.advance();
                self.expect(Kw::Language)?;
                return Ok(Some(ObjectType::Language));
            }
            Kw::Access => {
                self.advance();
                self.expect(Kw::Method)?;
                return Ok(Some(ObjectType::AccessMethod));
            }
            Kw::Event => {
                self.advance();
                self.expect(Kw::Trigger)?;
                return Ok(Some(ObjectType::EventTrigger));
            }
            Kw::Foreign => {
                self.advance();
                self.expect_all(&[Kw::Data, Kw::Wrapper])?;
                return Ok(Some(ObjectType::Fdw));
            }
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(kind))
    }

    /// A kind of object with plain names.
    pub(super) fn opt_object_type_name(&mut self) -> PgResult<Option<ObjectType>> {
        let kind = match self.tok() {
            Tok::Kw(Kw::Database) => ObjectType::Database,
            Tok::Kw(Kw::Role) => ObjectType::Role,
            Tok::Kw(Kw::Subscription) => ObjectType::Subscription,
            Tok::Kw(Kw::Tablespace) => ObjectType::Tablespace,
            _ => return self.opt_drop_type_name(),
        };
        self.advance();
        Ok(Some(kind))
    }

    /// POLICY, RULE, TRIGGER: `name ON relation`.
    pub(super) fn opt_object_type_on_relation(&mut self) -> Option<ObjectType> {
        let kind = match self.tok() {
            Tok::Kw(Kw::Policy) => ObjectType::Policy,
            Tok::Kw(Kw::Rule) => ObjectType::Rule,
            Tok::Kw(Kw::Trigger) => ObjectType::Trigger,
            _ => return None,
        };
        self.advance();
        Some(kind)
    }

    /// AGGREGATE, FUNCTION, PROCEDURE, ROUTINE, with arguments.
    pub(super) fn opt_routine_object(&mut self) -> PgResult<Option<(ObjectType, ObjectWithArgs)>> {
        let kind = match self.tok() {
            Tok::Kw(Kw::Aggregate) => ObjectType::Aggregate,
            Tok::Kw(Kw::Function) => ObjectType::Function,
            Tok::Kw(Kw::Procedure) => ObjectType::Procedure,
            Tok::Kw(Kw::Routine) => ObjectType::Routine,
            _ => return Ok(None),
        };
        self.advance();
        let object = if kind == ObjectType::Aggregate {
            self.aggregate_with_argtypes()?
        } else {
            self.function_with_argtypes()?
        };
        Ok(Some((kind, object)))
    }

    /// `CLASS name USING method` or FAMILY, after OPERATOR.
    pub(super) fn opt_operator_class(&mut self) -> PgResult<Option<(ObjectType, ObjectRef)>> {
        let kind = match self.tok() {
            Tok::Kw(Kw::Class) if self.peek(1) != Tok::Char(b'.') => ObjectType::OpClass,
            Tok::Kw(Kw::Family) if self.peek(1) != Tok::Char(b'.') => ObjectType::OpFamily,
            _ => return Ok(None),
        };
        self.advance();
        let name = self.any_name()?;
        self.expect(Kw::Using)?;
        let amname = self.name()?;
        Ok(Some((kind, ObjectRef::UsingMethod { name, amname })))
    }

    /// `( source AS target )` after CAST.
    pub(super) fn cast_types(&mut self) -> PgResult<(TypeName, TypeName)> {
        self.parens(|p| {
            let source = p.type_name()?;
            p.expect(Kw::As)?;
            Ok((source, p.type_name()?))
        })
    }

    /// `FOR type LANGUAGE name` after TRANSFORM.
    pub(super) fn transform_ref(&mut self) -> PgResult<ObjectRef> {
        self.expect(Kw::For)?;
        let type_name = Box::new(self.type_name()?);
        self.expect(Kw::Language)?;
        Ok(ObjectRef::Transform { type_name, lang: self.name()? })
    }

    pub(super) fn type_ref(&mut self) -> PgResult<ObjectRef> {
        Ok(ObjectRef::TypeName(Box::new(self.type_name()?)))
    }

    /// An operator with its argument types.
    pub(super) fn operator_with_argtypes(&mut self) -> PgResult<ObjectWithArgs> {
        let objname = self.any_operator()?;
        let objargs = self.oper_argtypes()?;
        Ok(ObjectWithArgs { objname, objargs, objfuncargs: Vec::new(), args_unspecified: false })
    }

    /// `(left, right)`, one of them perhaps NONE.
    pub(super) fn oper_argtypes(&mut self) -> PgResult<Vec<Option<TypeName>>> {
        self.parens(|p| {
            if p.eat(Kw::None) {
                p.expect_char(b',')?;
                return Ok(vec![None, Some(p.type_name()?)]);
            }
            let left = Some(p.type_name()?);
            let close = p.loc();
            if p.at_char(b')') {
                return Err(err!(SYNTAX_ERROR, "missing argument")
                    .hint("Use NONE to denote the missing argument of a unary operator.")
                    .at(close));
            }
            p.expect_char(b',')?;
            let right = if p.eat(Kw::None) { None } else { Some(p.type_name()?) };
            Ok(vec![left, right])
        })
    }

    /// What COMMENT, SECURITY LABEL and ALTER EXTENSION name. `comment` allows what only COMMENT
    /// does, `extension` what only ALTER EXTENSION does.
    fn described_object(&mut self, only: Only) -> PgResult<(ObjectType, ObjectRef)> {
        if let Some(kind) = self.opt_object_type_any_name()? {
            return Ok((kind, ObjectRef::AnyName(self.any_name()?)));
        }
        if let Some((kind, object)) = self.opt_routine_object()? {
            return Ok((kind, ObjectRef::WithArgs(Box::new(object))));
        }
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        let label = only == Only::SecurityLabel;
        match kw {
            Kw::Type | Kw::Domain => {
                self.advance();
                let kind = if kw == Kw::Type { ObjectType::Type } else { ObjectType::Domain };
                return Ok((kind, self.type_ref()?));
            }
            Kw::Column if only != Only::Extension => {
                self.advance();
                return Ok((ObjectType::Column, ObjectRef::AnyName(self.any_name()?)));
            }
            Kw::Large if only != Only::Extension => {
                self.advance();
                self.expect(Kw::Object)?;
                let id = self.numeric_only()?;
                return Ok((ObjectType::LargeObject, ObjectRef::LargeObject(id)));
            }
            Kw::Cast if !label => {
                self.advance();
                let (source, target) = self.cast_types()?;
                let object = ObjectRef::Cast(Box::new(source), Box::new(target));
                return Ok((ObjectType::Cast, object));
            }
            Kw::Transform if !label => {
                self.advance();
                return Ok((ObjectType::Transform, self.transform_ref()?));
            }
            Kw::Operator if !label => {
                self.advance();
                if let Some(found) = self.opt_operator_class()? {
                    return Ok(found);
                }
                let object = self.operator_with_argtypes()?;
                return Ok((ObjectType::Operator, ObjectRef::WithArgs(Box::new(object))));
            }
            Kw::Constraint if only == Only::Comment => {
                self.advance();
                return self.constraint_ref();
            }
            _ => {}
        }
        if only == Only::Comment
            && let Some(kind) = self.opt_object_type_on_relation()
        {
            let name = self.name()?;
            self.expect(Kw::On)?;
            let relation = self.any_name()?;
            return Ok((kind, ObjectRef::OnRelation { name, relation }));
        }
        match self.opt_object_type_name()? {
            Some(kind) => Ok((kind, ObjectRef::Name(self.name()?))),
            None => Err(self.unexpected()),
        }
    }

    /// `name ON [DOMAIN] relation` after CONSTRAINT.
    fn constraint_ref(&mut self) -> PgResult<(ObjectType, ObjectRef)> {
        let name = self.name()?;
        self.expect(Kw::On)?;
        if self.at(Kw::Domain) && self.peek(1).is_col_id() {
            self.advance();
            let location = self.loc();
            let type_name = Box::new(TypeName::from_names(self.any_name()?, location));
            return Ok((ObjectType::DomConstraint, ObjectRef::DomConstraint { type_name, name }));
        }
        let relation = self.any_name()?;
        Ok((ObjectType::TabConstraint, ObjectRef::OnRelation { name, relation }))
    }

    /// A string, or NULL.
    fn text_or_null(&mut self) -> PgResult<Option<String>> {
        if self.eat(Kw::Null) { Ok(None) } else { Ok(Some(self.sconst()?)) }
    }

    pub(super) fn comment_stmt(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Comment, Kw::On])?;
        let (objtype, object) = self.described_object(Only::Comment)?;
        self.expect(Kw::Is)?;
        let comment = self.text_or_null()?;
        Ok(CommentStmt { objtype, object, comment }.into())
    }

    pub(super) fn security_label_stmt(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Security, Kw::Label])?;
        let provider =
            if self.eat(Kw::For) { Some(self.non_reserved_word_or_sconst()?) } else { None };
        self.expect(Kw::On)?;
        let (objtype, object) = self.described_object(Only::SecurityLabel)?;
        self.expect(Kw::Is)?;
        let label = self.text_or_null()?;
        Ok(SecLabelStmt { objtype, object, provider, label }.into())
    }

    /// The object of ALTER EXTENSION ADD and DROP.
    pub(super) fn extension_member(&mut self) -> PgResult<(ObjectType, ObjectRef)> {
        self.described_object(Only::Extension)
    }
}

/// Statement that names an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Only {
    Comment,
    SecurityLabel,
    Extension,
}
