//! CREATE FUNCTION and PROCEDURE, casts, transforms, languages; routines with arguments.
use super::Parser;
use super::type_name::is_const_type_keyword;
use crate::ast::*;
use crate::keyword::{Category, Kw};
use crate::token::Tok;
use error::{PgResult, err};

/// Whether a type may begin with `tok`.
fn starts_type(tok: Tok) -> bool {
    match tok {
        Tok::Ident => true,
        Tok::Kw(kw) => match kw.info().category {
            Category::Unreserved | Category::TypeFuncName => true,
            Category::ColName => {
                is_const_type_keyword(kw) || matches!(kw, Kw::Interval | Kw::Setof)
            }
            Category::Reserved => false,
        },
        _ => false,
    }
}

fn is_arg_class(tok: Tok) -> bool {
    matches!(tok, Tok::Kw(Kw::In | Kw::Out | Kw::Inout | Kw::Variadic))
}

impl Parser<'_> {
    fn opt_arg_class(&mut self) -> Option<FunctionParameterMode> {
        let mode = match self.tok() {
            Tok::Kw(Kw::In) => {
                self.advance();
                return Some(if self.eat(Kw::Out) {
                    FunctionParameterMode::InOut
                } else {
                    FunctionParameterMode::In
                });
            }
            Tok::Kw(Kw::Out) => FunctionParameterMode::Out,
            Tok::Kw(Kw::Inout) => FunctionParameterMode::InOut,
            Tok::Kw(Kw::Variadic) => FunctionParameterMode::Variadic,
            _ => return None,
        };
        self.advance();
        Some(mode)
    }

    /// `[mode] [name] type`, mode and name in any order.
    pub(super) fn func_arg(&mut self) -> PgResult<FunctionParameter> {
        let location = self.loc();
        let mut mode = self.opt_arg_class();
        let mut name = None;
        if self.tok().is_type_function_name() {
            if mode.is_none() && is_arg_class(self.peek(1)) {
                name = Some(self.take_name());
                mode = self.opt_arg_class();
            } else if starts_type(self.peek(1)) && !self.at_all(&[Kw::Double, Kw::Precision]) {
                name = Some(self.take_name());
            }
        }
        let arg_type = self.func_type()?;
        let mode = mode.unwrap_or(FunctionParameterMode::Default);
        Ok(FunctionParameter { name, arg_type, mode, defexpr: None, location })
    }

    fn func_arg_with_default(&mut self) -> PgResult<FunctionParameter> {
        let mut arg = self.func_arg()?;
        if self.eat(Kw::Default) || self.eat_char(b'=') {
            arg.defexpr = Some(self.a_expr()?);
        }
        Ok(arg)
    }

    /// `( args )`, perhaps none.
    fn func_args_of(
        &mut self,
        item: impl FnMut(&mut Self) -> PgResult<FunctionParameter>,
    ) -> PgResult<Vec<FunctionParameter>> {
        self.expect_char(b'(')?;
        let args = if self.at_char(b')') { Vec::new() } else { self.comma_list(item)? };
        self.expect_char(b')')?;
        Ok(args)
    }

    /// A function named with its argument types, or without.
    pub(super) fn function_with_argtypes(&mut self) -> PgResult<ObjectWithArgs> {
        let called = self.tok().is_type_function_name() && self.peek(1) == Tok::Char(b'(');
        let objname = if called || self.at_type_func_keyword() {
            vec![self.type_function_name()?]
        } else {
            let mut names = vec![self.col_id()?];
            names.extend(self.names_of_indirection()?);
            if names.len() == 1 && self.at_char(b'(') {
                return Err(self.unexpected());
            }
            names
        };
        if !self.at_char(b'(') {
            return Ok(ObjectWithArgs {
                objname,
                objargs: Vec::new(),
                objfuncargs: Vec::new(),
                args_unspecified: true,
            });
        }
        let args = self.func_args_of(Self::func_arg)?;
        Ok(with_args(objname, args))
    }

    /// Arguments of an aggregate.
    pub(super) fn aggr_args(&mut self) -> PgResult<AggrArgs> {
        self.expect_char(b'(')?;
        let mut args = AggrArgs { params: Vec::new(), num_direct: -1 };
        if !self.eat_char(b'*') {
            if !self.at(Kw::Order) {
                args.params = self.comma_list(Self::aggr_arg)?;
            }
            if self.eat_all(&[Kw::Order, Kw::By])? {
                let ordered = self.comma_list(Self::aggr_arg)?;
                args.num_direct = args.params.len() as i32;
                add_ordered_args(&mut args.params, ordered)?;
            }
        }
        self.expect_char(b')')?;
        Ok(args)
    }

    fn aggr_arg(&mut self) -> PgResult<FunctionParameter> {
        let loc = self.loc();
        let arg = self.func_arg()?;
        let input = matches!(
            arg.mode,
            FunctionParameterMode::Default
                | FunctionParameterMode::In
                | FunctionParameterMode::Variadic
        );
        if !input {
            return Err(
                err!(FEATURE_NOT_SUPPORTED, "aggregates cannot have output arguments").at(loc)
            );
        }
        Ok(arg)
    }

    pub(super) fn aggregate_with_argtypes(&mut self) -> PgResult<ObjectWithArgs> {
        let objname = self.func_name()?;
        let args = self.aggr_args()?;
        Ok(with_args(objname, args.params))
    }

    /// CREATE FUNCTION and PROCEDURE, at those words.
    pub(super) fn create_function(&mut self, location: ParseLoc, replace: bool) -> PgResult<Stmt> {
        let is_procedure = self.at(Kw::Procedure);
        self.advance();
        let funcname = self.func_name()?;
        let mut parameters = self.func_args_of(Self::func_arg_with_default)?;
        let mut return_type = None;
        if !is_procedure && self.at(Kw::Returns) && !self.peek_is(1, Kw::Null) {
            self.advance();
            if self.at(Kw::Table) && self.peek(1) == Tok::Char(b'(') {
                self.advance();
                return_type = Some(self.returns_table(&mut parameters)?);
            } else {
                return_type = Some(self.func_type()?);
            }
        }
        let mut options = Vec::new();
        while let Some(option) = self.opt_create_func_option()? {
            options.push(option);
        }
        let sql_body = self.opt_routine_body()?;
        Ok(CreateFunctionStmt {
            is_procedure,
            replace,
            funcname,
            parameters,
            return_type,
            options,
            sql_body,
            location,
        }
        .into())
    }

    /// `( name type, … )` of RETURNS TABLE: adds the columns as parameters.
    fn returns_table(&mut self, parameters: &mut Vec<FunctionParameter>) -> PgResult<TypeName> {
        let columns = self.paren_list(|p| {
            let location = p.loc();
            let name = Some(p.type_function_name()?);
            let arg_type = p.func_type()?;
            let mode = FunctionParameterMode::Table;
            Ok(FunctionParameter { name, arg_type, mode, defexpr: None, location })
        })?;
        let output = parameters
            .iter()
            .find(|p| matches!(p.mode, FunctionParameterMode::Out | FunctionParameterMode::InOut));
        if let Some(p) = output {
            return Err(err!(
                SYNTAX_ERROR,
                "OUT and INOUT arguments aren't allowed in TABLE functions"
            )
            .at(p.location));
        }
        let mut returned = match columns.as_slice() {
            [only] => only.arg_type.clone(),
            _ => TypeName::system("record", -1),
        };
        returned.setof = true;
        parameters.extend(columns);
        Ok(returned)
    }

    fn opt_create_func_option(&mut self) -> PgResult<Option<DefElem>> {
        let loc = self.loc();
        let Tok::Kw(kw) = self.tok() else { return Ok(None) };
        let (name, arg) = match kw {
            Kw::As => {
                self.advance();
                let mut parts = vec![self.sconst()?];
                if self.eat_char(b',') {
                    parts.push(self.sconst()?);
                }
                ("as", DefArg::Strings(parts))
            }
            Kw::Language => {
                self.advance();
                ("language", DefArg::String(self.non_reserved_word_or_sconst()?))
            }
            Kw::Transform => {
                self.advance();
                let types = self.comma_list(|p| {
                    p.expect_all(&[Kw::For, Kw::Type])?;
                    p.type_name()
                })?;
                ("transform", DefArg::Types(types))
            }
            Kw::Window => {
                self.advance();
                ("window", DefArg::Boolean(true))
            }
            _ => return self.opt_common_func_option(),
        };
        Ok(Some(DefElem::new(name, Some(arg), loc)))
    }

    /// An option that both CREATE and ALTER FUNCTION have.
    pub(super) fn opt_common_func_option(&mut self) -> PgResult<Option<DefElem>> {
        let loc = self.loc();
        let Tok::Kw(kw) = self.tok() else { return Ok(None) };
        let boolean = |name, value| Ok(Some(DefElem::new(name, Some(DefArg::Boolean(value)), loc)));
        let option = |name, arg| Ok(Some(DefElem::new(name, Some(arg), loc)));
        match kw {
            Kw::Set | Kw::Reset => {
                let set = self.set_reset_clause(true)?;
                return option("set", DefArg::VariableSet(Box::new(set)));
            }
            Kw::Called
            | Kw::Returns
            | Kw::Strict
            | Kw::Immutable
            | Kw::Stable
            | Kw::Volatile
            | Kw::External
            | Kw::Security
            | Kw::Leakproof
            | Kw::Not
            | Kw::Cost
            | Kw::Rows
            | Kw::Support
            | Kw::Parallel => self.advance(),
            _ => return Ok(None),
        }
        match kw {
            Kw::Called => {
                self.expect_all(&[Kw::On, Kw::Null, Kw::Input])?;
                boolean("strict", false)
            }
            Kw::Returns => {
                self.expect_all(&[Kw::Null, Kw::On, Kw::Null, Kw::Input])?;
                boolean("strict", true)
            }
            Kw::Strict => boolean("strict", true),
            Kw::Immutable | Kw::Stable | Kw::Volatile => {
                option("volatility", DefArg::String(kw.word().to_owned()))
            }
            Kw::External | Kw::Security => {
                if kw == Kw::External {
                    self.expect(Kw::Security)?;
                }
                let definer = self.eat(Kw::Definer);
                if !definer {
                    self.expect(Kw::Invoker)?;
                }
                boolean("security", definer)
            }
            Kw::Leakproof => boolean("leakproof", true),
            Kw::Not => {
                self.expect(Kw::Leakproof)?;
                boolean("leakproof", false)
            }
            Kw::Cost | Kw::Rows => option(kw.word(), self.numeric_only()?.into()),
            Kw::Support => option("support", DefArg::Names(self.any_name()?)),
            _ => option("parallel", DefArg::String(self.col_id()?)),
        }
    }

    /// `RETURN expr` or `BEGIN ATOMIC … END`.
    fn opt_routine_body(&mut self) -> PgResult<Option<SqlBody>> {
        if self.at(Kw::Return) {
            return Ok(Some(SqlBody::Return(Box::new(self.return_stmt()?))));
        }
        if !self.eat_all(&[Kw::Begin, Kw::Atomic])? {
            return Ok(None);
        }
        let mut stmts = Vec::new();
        while !self.eat(Kw::End) {
            if self.at(Kw::Return) {
                stmts.push(self.return_stmt()?);
            } else if let Some(stmt) = self.opt_stmt()? {
                stmts.push(stmt);
            }
            self.expect_char(b';')?;
        }
        Ok(Some(SqlBody::Atomic(stmts)))
    }

    fn return_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Return)?;
        Ok(ReturnStmt { returnval: self.a_expr()? }.into())
    }

    pub(super) fn create_cast(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Cast)?;
        let (sourcetype, targettype) = self.cast_types()?;
        let (mut func, mut inout) = (None, false);
        if self.eat(Kw::Without) {
            self.expect(Kw::Function)?;
        } else {
            self.expect(Kw::With)?;
            inout = self.eat(Kw::Inout);
            if !inout {
                self.expect(Kw::Function)?;
                func = Some(self.function_with_argtypes()?);
            }
        }
        let context = if !self.eat(Kw::As) {
            CoercionContext::Explicit
        } else if self.eat(Kw::Implicit) {
            CoercionContext::Implicit
        } else {
            self.expect(Kw::Assignment)?;
            CoercionContext::Assignment
        };
        Ok(CreateCastStmt { sourcetype, targettype, func, context, inout }.into())
    }

    pub(super) fn create_transform(&mut self, replace: bool) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Transform, Kw::For])?;
        let type_name = self.type_name()?;
        self.expect(Kw::Language)?;
        let lang = self.name()?;
        self.expect_char(b'(')?;
        let (mut fromsql, mut tosql) = (None, None);
        loop {
            let slot = if fromsql.is_none() && self.eat(Kw::From) {
                &mut fromsql
            } else if tosql.is_none() && self.eat(Kw::To) {
                &mut tosql
            } else {
                return Err(self.unexpected());
            };
            self.expect_all(&[Kw::Sql, Kw::With, Kw::Function])?;
            *slot = Some(self.function_with_argtypes()?);
            if !self.eat_char(b',') {
                break;
            }
        }
        self.expect_char(b')')?;
        Ok(CreateTransformStmt { replace, type_name, lang, fromsql, tosql }.into())
    }

    pub(super) fn create_language(&mut self, replace: bool) -> PgResult<Stmt> {
        let pltrusted = self.eat(Kw::Trusted);
        self.eat(Kw::Procedural);
        self.expect(Kw::Language)?;
        let mut stmt = CreatePLangStmt {
            replace,
            plname: self.name()?,
            plhandler: Vec::new(),
            plinline: Vec::new(),
            plvalidator: Vec::new(),
            pltrusted,
        };
        if !self.eat(Kw::Handler) {
            // Without a handler this is CREATE EXTENSION by its old name.
            let options = Vec::new();
            let if_not_exists = replace;
            return Ok(CreateExtensionStmt { extname: stmt.plname, if_not_exists, options }.into());
        }
        stmt.plhandler = self.handler_name()?;
        if self.eat(Kw::Inline) {
            stmt.plinline = self.handler_name()?;
        }
        if self.eat(Kw::Validator) {
            stmt.plvalidator = self.handler_name()?;
        } else {
            self.eat_all(&[Kw::No, Kw::Validator])?;
        }
        Ok(stmt.into())
    }
}

/// An object from its name and parameters.
fn with_args(objname: Vec<String>, objfuncargs: Vec<FunctionParameter>) -> ObjectWithArgs {
    let output = |p: &&FunctionParameter| {
        !matches!(p.mode, FunctionParameterMode::Out | FunctionParameterMode::Table)
    };
    let objargs = objfuncargs.iter().filter(output).map(|p| Some(p.arg_type.clone())).collect();
    ObjectWithArgs { objname, objargs, objfuncargs, args_unspecified: false }
}

/// Appends the arguments after ORDER BY. A variadic direct argument must be repeated there, and
/// is stored once.
fn add_ordered_args(
    direct: &mut Vec<FunctionParameter>,
    ordered: Vec<FunctionParameter>,
) -> PgResult<()> {
    let Some(last) = direct.last().filter(|p| p.mode == FunctionParameterMode::Variadic) else {
        direct.extend(ordered);
        return Ok(());
    };
    let same = ordered.len() == 1
        && ordered[0].mode == FunctionParameterMode::Variadic
        && TypeName { location: -1, ..ordered[0].arg_type.clone() }
            == TypeName { location: -1, ..last.arg_type.clone() };
    if same {
        return Ok(());
    }
    Err(err!(
        FEATURE_NOT_SUPPORTED,
        "an ordered-set aggregate with a VARIADIC direct argument must have one VARIADIC \
         aggregated argument of the same data type"
    )
    .at(ordered.first().map_or(-1, |p| p.location)))
}
