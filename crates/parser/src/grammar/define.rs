//! CREATE AGGREGATE, OPERATOR, TYPE, COLLATION; operator classes and families.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    fn define(
        &self,
        kind: ObjectType,
        defnames: Vec<String>,
        definition: Vec<DefElem>,
        location: ParseLoc,
    ) -> DefineStmt {
        DefineStmt {
            kind,
            oldstyle: false,
            defnames,
            args: None,
            definition,
            if_not_exists: false,
            replace: false,
            location,
        }
    }

    pub(super) fn create_aggregate(&mut self, location: ParseLoc, replace: bool) -> PgResult<Stmt> {
        self.expect(Kw::Aggregate)?;
        let names = self.func_name()?;
        let mut stmt = self.define(ObjectType::Aggregate, names, Vec::new(), location);
        stmt.replace = replace;
        // The old form has only a definition, whose first element has `=`.
        if self.at_char(b'(') && self.peek(1) == Tok::Ident && self.peek(2) == Tok::Char(b'=') {
            stmt.oldstyle = true;
            stmt.definition = self.paren_list(|p| {
                let loc = p.loc();
                if p.tok() != Tok::Ident {
                    return Err(p.unexpected());
                }
                let name = p.take_name();
                p.expect_char(b'=')?;
                let arg = Some(p.def_arg()?);
                Ok(DefElem::new(name, arg, loc))
            })?;
            return Ok(stmt.into());
        }
        stmt.args = Some(self.aggr_args()?);
        stmt.definition = self.definition()?;
        Ok(stmt.into())
    }

    /// CREATE OPERATOR [CLASS | FAMILY].
    pub(super) fn create_operator(&mut self, location: ParseLoc) -> PgResult<Stmt> {
        self.expect(Kw::Operator)?;
        if self.at(Kw::Class) && self.peek(1) != Tok::Char(b'.') {
            return self.create_operator_class();
        }
        if self.at(Kw::Family) && self.peek(1) != Tok::Char(b'.') {
            self.advance();
            let opfamilyname = self.any_name()?;
            self.expect(Kw::Using)?;
            let amname = self.name()?;
            return Ok(CreateOpFamilyStmt { opfamilyname, amname }.into());
        }
        let names = self.any_operator()?;
        let definition = self.definition()?;
        Ok(self.define(ObjectType::Operator, names, definition, location).into())
    }

    fn create_operator_class(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Class)?;
        let opclassname = self.any_name()?;
        let is_default = self.eat(Kw::Default);
        self.expect_all(&[Kw::For, Kw::Type])?;
        let datatype = self.type_name()?;
        self.expect(Kw::Using)?;
        let amname = self.name()?;
        let opfamilyname = if self.eat(Kw::Family) { self.any_name()? } else { Vec::new() };
        self.expect(Kw::As)?;
        let items = self.comma_list(Self::opclass_item)?;
        Ok(CreateOpClassStmt { opclassname, opfamilyname, amname, datatype, items, is_default }
            .into())
    }

    fn opclass_item(&mut self) -> PgResult<CreateOpClassItem> {
        let mut item = CreateOpClassItem {
            itemtype: OpClassItemType::Operator,
            name: None,
            number: 0,
            order_family: Vec::new(),
            class_args: Vec::new(),
            storedtype: None,
        };
        if self.eat(Kw::Storage) {
            item.itemtype = OpClassItemType::StorageType;
            item.storedtype = Some(self.type_name()?);
            return Ok(item);
        }
        if self.eat(Kw::Function) {
            item.itemtype = OpClassItemType::Function;
            item.number = self.iconst()?;
            if self.at_char(b'(') {
                item.class_args = self.paren_list(Self::type_name)?;
            }
            item.name = Some(self.function_with_argtypes()?);
            return Ok(item);
        }
        self.expect(Kw::Operator)?;
        item.number = self.iconst()?;
        let objname = self.any_operator()?;
        let objargs = if self.at_char(b'(') { self.oper_argtypes()? } else { Vec::new() };
        item.name = Some(ObjectWithArgs {
            objname,
            args_unspecified: false,
            objargs,
            objfuncargs: Vec::new(),
        });
        if self.eat(Kw::For) && !self.eat(Kw::Search) {
            self.expect_all(&[Kw::Order, Kw::By])?;
            item.order_family = self.any_name()?;
        }
        Ok(item)
    }

    /// ALTER OPERATOR FAMILY … ADD or DROP, after its name.
    pub(super) fn alter_operator_family(&mut self, family: ObjectRef) -> PgResult<Stmt> {
        let ObjectRef::UsingMethod { name, amname } = family else {
            return Err(self.unexpected());
        };
        let is_drop = self.eat(Kw::Drop);
        let items = if is_drop {
            self.comma_list(Self::opclass_drop)?
        } else {
            self.expect(Kw::Add)?;
            self.comma_list(Self::opclass_item)?
        };
        Ok(AlterOpFamilyStmt { opfamilyname: name, amname, is_drop, items }.into())
    }

    fn opclass_drop(&mut self) -> PgResult<CreateOpClassItem> {
        let itemtype = if self.eat(Kw::Operator) {
            OpClassItemType::Operator
        } else {
            self.expect(Kw::Function)?;
            OpClassItemType::Function
        };
        let number = self.iconst()?;
        let class_args = self.paren_list(Self::type_name)?;
        Ok(CreateOpClassItem {
            itemtype,
            name: None,
            number,
            order_family: Vec::new(),
            class_args,
            storedtype: None,
        })
    }

    /// CREATE TYPE in all its forms, at TYPE.
    pub(super) fn create_type(&mut self, location: ParseLoc) -> PgResult<Stmt> {
        self.expect(Kw::Type)?;
        let name_loc = self.loc();
        let names = self.any_name()?;
        if self.at_char(b'(') {
            let definition = self.definition()?;
            return Ok(self.define(ObjectType::Type, names, definition, location).into());
        }
        if !self.eat(Kw::As) {
            return Ok(self.define(ObjectType::Type, names, Vec::new(), location).into());
        }
        if self.eat(Kw::Enum) {
            self.expect_char(b'(')?;
            let vals = if self.at_char(b')') { Vec::new() } else { self.comma_list(Self::sconst)? };
            self.expect_char(b')')?;
            return Ok(CreateEnumStmt { type_name: names, vals }.into());
        }
        if self.eat(Kw::Range) {
            let params = self.definition()?;
            return Ok(CreateRangeStmt { type_name: names, params }.into());
        }
        self.expect_char(b'(')?;
        let coldeflist = if self.at_char(b')') {
            Vec::new()
        } else {
            self.comma_list(Self::table_func_element)?
        };
        self.expect_char(b')')?;
        let typevar = super::name::range_var_of_names(names, name_loc)?;
        Ok(CompositeTypeStmt { typevar, coldeflist }.into())
    }

    pub(super) fn create_collation(&mut self, location: ParseLoc) -> PgResult<Stmt> {
        self.expect(Kw::Collation)?;
        let if_not_exists = self.opt_if_not_exists()?;
        let names = self.any_name()?;
        let mut definition = Vec::new();
        if self.eat(Kw::From) {
            let loc = self.loc();
            let source = DefArg::Names(self.any_name()?);
            definition.push(DefElem::new("from", Some(source), loc));
        } else {
            definition = self.definition()?;
        }
        let mut stmt = self.define(ObjectType::Collation, names, definition, location);
        stmt.if_not_exists = if_not_exists;
        Ok(stmt.into())
    }

    /// CREATE TEXT SEARCH …, at TEXT.
    pub(super) fn create_text_search(&mut self, location: ParseLoc) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Text, Kw::Search])?;
        let kind = self.text_search_kind()?;
        let names = self.any_name()?;
        let definition = self.definition()?;
        Ok(self.define(kind, names, definition, location).into())
    }
}
