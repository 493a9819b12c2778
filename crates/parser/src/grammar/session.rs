//! Transactions, SET, SHOW, RESET, LISTEN and other statements about the session.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

fn variable_set(kind: VariableSetKind, name: Option<&str>) -> VariableSetStmt {
    VariableSetStmt {
        kind,
        name: name.map(str::to_owned),
        args: Vec::new(),
        options: Vec::new(),
        is_local: false,
        location: -1,
    }
}

impl Parser<'_> {
    /// A transaction statement; `kw` is the current token.
    pub(super) fn transaction_stmt(&mut self, kw: Kw) -> PgResult<Stmt> {
        use TransactionStmtKind as Kind;
        let mut stmt = TransactionStmt {
            kind: Kind::Begin,
            options: Vec::new(),
            savepoint_name: None,
            gid: None,
            chain: false,
            location: -1,
        };
        self.advance();
        match kw {
            Kw::Begin => {
                self.opt_transaction();
                stmt.options = self.opt_transaction_modes()?;
            }
            Kw::Start => {
                self.expect(Kw::Transaction)?;
                stmt.kind = Kind::Start;
                stmt.options = self.opt_transaction_modes()?;
            }
            Kw::Savepoint => {
                stmt.kind = Kind::Savepoint;
                stmt.location = self.loc();
                stmt.savepoint_name = Some(self.col_id()?);
            }
            Kw::Release => {
                stmt.kind = Kind::Release;
                self.savepoint_reference(&mut stmt)?;
            }
            Kw::Prepare => {
                self.expect(Kw::Transaction)?;
                stmt.kind = Kind::Prepare;
                self.gid(&mut stmt)?;
            }
            _ => self.end_of_transaction(kw, &mut stmt)?,
        }
        Ok(stmt.into())
    }

    /// COMMIT, END, ROLLBACK, ABORT, after the word.
    fn end_of_transaction(&mut self, kw: Kw, stmt: &mut TransactionStmt) -> PgResult<()> {
        use TransactionStmtKind as Kind;
        let rollback = matches!(kw, Kw::Rollback | Kw::Abort);
        stmt.kind = if rollback { Kind::Rollback } else { Kind::Commit };
        if matches!(kw, Kw::Commit | Kw::Rollback) && self.eat(Kw::Prepared) {
            stmt.kind = if rollback { Kind::RollbackPrepared } else { Kind::CommitPrepared };
            return self.gid(stmt);
        }
        self.opt_transaction();
        if kw == Kw::Rollback && self.eat(Kw::To) {
            stmt.kind = Kind::RollbackTo;
            return self.savepoint_reference(stmt);
        }
        if self.eat(Kw::And) {
            stmt.chain = !self.eat(Kw::No);
            self.expect(Kw::Chain)?;
        }
        Ok(())
    }

    fn gid(&mut self, stmt: &mut TransactionStmt) -> PgResult<()> {
        stmt.location = self.loc();
        stmt.gid = Some(self.sconst()?);
        Ok(())
    }

    /// `[SAVEPOINT] name`
    fn savepoint_reference(&mut self, stmt: &mut TransactionStmt) -> PgResult<()> {
        if self.at(Kw::Savepoint) && self.peek(1).is_col_id() {
            self.advance();
        }
        stmt.location = self.loc();
        stmt.savepoint_name = Some(self.col_id()?);
        Ok(())
    }

    fn opt_transaction(&mut self) {
        if !self.eat(Kw::Work) {
            self.eat(Kw::Transaction);
        }
    }

    fn at_transaction_mode(&self) -> bool {
        matches!(self.tok(), Tok::Kw(Kw::Isolation | Kw::Read | Kw::Deferrable | Kw::Not))
    }

    fn opt_transaction_modes(&mut self) -> PgResult<Vec<DefElem>> {
        if self.at_transaction_mode() { self.transaction_modes() } else { Ok(Vec::new()) }
    }

    fn transaction_modes(&mut self) -> PgResult<Vec<DefElem>> {
        let mut modes = vec![self.transaction_mode()?];
        while self.eat_char(b',') || self.at_transaction_mode() {
            modes.push(self.transaction_mode()?);
        }
        Ok(modes)
    }

    fn transaction_mode(&mut self) -> PgResult<DefElem> {
        let loc = self.loc();
        let boolean = |name, value| Ok(DefElem::new(name, Some(DefArg::Boolean(value)), loc));
        if self.eat(Kw::Isolation) {
            self.expect(Kw::Level)?;
            let level = if self.eat(Kw::Serializable) {
                "serializable"
            } else if self.eat_all(&[Kw::Repeatable, Kw::Read])? {
                "repeatable read"
            } else {
                self.expect(Kw::Read)?;
                if self.eat(Kw::Committed) {
                    "read committed"
                } else {
                    self.expect(Kw::Uncommitted)?;
                    "read uncommitted"
                }
            };
            let arg = DefArg::String(level.to_owned());
            return Ok(DefElem::new("transaction_isolation", Some(arg), loc));
        }
        if self.eat(Kw::Read) {
            let only = self.eat(Kw::Only);
            if !only {
                self.expect(Kw::Write)?;
            }
            return boolean("transaction_read_only", only);
        }
        let not = self.eat(Kw::Not);
        self.expect(Kw::Deferrable)?;
        boolean("transaction_deferrable", !not)
    }

    /// SET, or SET CONSTRAINTS.
    pub(super) fn set_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Set)?;
        let constraints = self.at(Kw::Constraints)
            && !matches!(self.peek(1), Tok::Char(b'=' | b'.'))
            && !matches!(self.peek(1), Tok::Kw(Kw::To | Kw::From));
        if constraints {
            self.advance();
            let constraints =
                if self.eat(Kw::All) { Vec::new() } else { self.qualified_name_list()? };
            let deferred = self.eat(Kw::Deferred);
            if !deferred {
                self.expect(Kw::Immediate)?;
            }
            return Ok(ConstraintsSetStmt { constraints, deferred }.into());
        }
        // LOCAL and SESSION may also be a setting's name.
        let named = !self.peek(1).is_col_id();
        let local = self.at(Kw::Local) && !named;
        if local
            || (self.at(Kw::Session)
                && !named
                && !matches!(self.peek(1), Tok::Kw(Kw::Characteristics | Kw::Authorization)))
        {
            self.advance();
        }
        let mut stmt = self.set_rest()?;
        stmt.is_local = local;
        Ok(stmt.into())
    }

    /// After SET, LOCAL or SESSION.
    pub(super) fn set_rest(&mut self) -> PgResult<VariableSetStmt> {
        if self.at(Kw::Transaction) && !self.peek_is(1, Kw::Snapshot) && !self.names_setting() {
            self.advance();
            let mut stmt = variable_set(VariableSetKind::Multi, Some("TRANSACTION"));
            stmt.options = self.transaction_modes()?;
            return Ok(stmt);
        }
        if self.at(Kw::Session) && self.peek_is(1, Kw::Characteristics) {
            self.expect_all(&[Kw::Session, Kw::Characteristics, Kw::As, Kw::Transaction])?;
            let mut stmt = variable_set(VariableSetKind::Multi, Some("SESSION CHARACTERISTICS"));
            stmt.options = self.transaction_modes()?;
            return Ok(stmt);
        }
        self.set_rest_more()
    }

    /// Whether the current word is a setting's name: `=`, TO, FROM or a dot follows.
    fn names_setting(&self) -> bool {
        matches!(self.peek(1), Tok::Char(b'=' | b'.') | Tok::Kw(Kw::To | Kw::From))
    }

    /// The forms of SET that are also allowed for functions.
    pub(super) fn set_rest_more(&mut self) -> PgResult<VariableSetStmt> {
        if !self.names_setting()
            && let Tok::Kw(kw) = self.tok()
        {
            let special = matches!(
                kw,
                Kw::Time
                    | Kw::Catalog
                    | Kw::Schema
                    | Kw::Names
                    | Kw::Role
                    | Kw::Session
                    | Kw::Xml
                    | Kw::Transaction
            );
            if special {
                return self.set_special(kw);
            }
        }
        let name = self.var_name()?;
        if self.eat_all(&[Kw::From, Kw::Current])? {
            return Ok(variable_set(VariableSetKind::Current, Some(&name)));
        }
        self.set_value(name)
    }

    /// `TO value, …` or `TO DEFAULT` after a name.
    fn set_value(&mut self, name: String) -> PgResult<VariableSetStmt> {
        if !self.eat(Kw::To) {
            self.expect_char(b'=')?;
        }
        if self.eat(Kw::Default) {
            return Ok(variable_set(VariableSetKind::Default, Some(&name)));
        }
        let mut stmt = variable_set(VariableSetKind::Value, Some(&name));
        stmt.location = self.loc();
        stmt.args = self.comma_list(Self::var_value)?;
        Ok(stmt)
    }

    fn var_value(&mut self) -> PgResult<SetArg> {
        let loc = self.loc();
        if self.at_numeric_only() {
            return Ok(SetArg::Const(self.numeric_only()?, loc));
        }
        Ok(SetArg::Const(ConstValue::String(self.boolean_or_string()?), loc))
    }

    fn set_string(&mut self, name: &str, text: String, loc: ParseLoc) -> VariableSetStmt {
        let mut stmt = variable_set(VariableSetKind::Value, Some(name));
        stmt.args = vec![SetArg::Const(ConstValue::String(text), loc)];
        stmt.location = loc;
        stmt
    }

    /// SET forms of the SQL standard; `kw` is the current token.
    fn set_special(&mut self, kw: Kw) -> PgResult<VariableSetStmt> {
        self.advance();
        let mut loc = self.loc();
        match kw {
            Kw::Time => {
                self.expect(Kw::Zone)?;
                self.set_time_zone()
            }
            Kw::Catalog => {
                self.sconst()?;
                Err(err!(FEATURE_NOT_SUPPORTED, "current database cannot be changed").at(loc))
            }
            Kw::Schema => {
                let text = self.sconst()?;
                Ok(self.set_string("search_path", text, loc))
            }
            Kw::Names => {
                if self.tok() == Tok::SConst {
                    let text = self.take_string();
                    return Ok(self.set_string("client_encoding", text, loc));
                }
                self.eat(Kw::Default);
                Ok(variable_set(VariableSetKind::Default, Some("client_encoding")))
            }
            Kw::Role => {
                let text = self.non_reserved_word_or_sconst()?;
                Ok(self.set_string("role", text, loc))
            }
            Kw::Session => {
                self.expect(Kw::Authorization)?;
                if self.eat(Kw::Default) {
                    return Ok(variable_set(
                        VariableSetKind::Default,
                        Some("session_authorization"),
                    ));
                }
                loc = self.loc();
                let text = self.non_reserved_word_or_sconst()?;
                Ok(self.set_string("session_authorization", text, loc))
            }
            Kw::Xml => {
                self.expect(Kw::Option)?;
                loc = self.loc();
                let text = match self.document_or_content()? {
                    XmlOptionType::Document => "DOCUMENT",
                    XmlOptionType::Content => "CONTENT",
                };
                Ok(self.set_string("xmloption", text.to_owned(), loc))
            }
            _ => {
                self.expect(Kw::Snapshot)?;
                loc = self.loc();
                let text = self.sconst()?;
                let mut stmt = variable_set(VariableSetKind::Multi, Some("TRANSACTION SNAPSHOT"));
                stmt.args = vec![SetArg::Const(ConstValue::String(text), loc)];
                stmt.location = loc;
                Ok(stmt)
            }
        }
    }

    fn set_time_zone(&mut self) -> PgResult<VariableSetStmt> {
        let loc = self.loc();
        let mut stmt = variable_set(VariableSetKind::Value, Some("timezone"));
        let arg = match self.tok() {
            Tok::Kw(Kw::Default | Kw::Local) => {
                self.advance();
                stmt.kind = VariableSetKind::Default;
                return Ok(stmt);
            }
            Tok::SConst => SetArg::Const(ConstValue::String(self.take_string()), loc),
            Tok::Ident => SetArg::Const(ConstValue::String(self.take_name()), loc),
            Tok::Kw(Kw::Interval) => {
                let (type_name, value, _) = self.interval_literal()?;
                self.check_zone_interval(&type_name)?;
                SetArg::Interval { value, type_name }
            }
            _ => SetArg::Const(self.numeric_only()?, loc),
        };
        stmt.args = vec![arg];
        Ok(stmt)
    }

    fn check_zone_interval(&self, type_name: &TypeName) -> PgResult<()> {
        const HOUR_MINUTE: i32 = (1 << 10) | (1 << 11);
        const FULL_RANGE: i32 = 0x7fff;
        if let Some(Expr::AConst(AConst { val: ConstValue::Integer(mask), location })) =
            type_name.typmods.first()
            && *mask != FULL_RANGE
            && mask & !HOUR_MINUTE != 0
        {
            return Err(err!(SYNTAX_ERROR, "time zone interval must be HOUR or HOUR TO MINUTE")
                .at(*location));
        }
        Ok(())
    }

    /// RESET
    pub(super) fn reset_stmt(&mut self) -> PgResult<VariableSetStmt> {
        self.expect(Kw::Reset)?;
        if self.eat(Kw::All) {
            return Ok(variable_set(VariableSetKind::ResetAll, None));
        }
        let name = self.special_variable()?;
        Ok(variable_set(VariableSetKind::Reset, Some(&name)))
    }

    /// A setting's name, some spelled as words apart.
    fn special_variable(&mut self) -> PgResult<String> {
        Ok(if self.at_all(&[Kw::Time, Kw::Zone]) {
            self.expect_all(&[Kw::Time, Kw::Zone])?;
            "timezone".to_owned()
        } else if self.at(Kw::Transaction) && self.peek_is(1, Kw::Isolation) {
            self.expect_all(&[Kw::Transaction, Kw::Isolation, Kw::Level])?;
            "transaction_isolation".to_owned()
        } else if self.at(Kw::Session) && self.peek_is(1, Kw::Authorization) {
            self.expect_all(&[Kw::Session, Kw::Authorization])?;
            "session_authorization".to_owned()
        } else {
            self.var_name()?
        })
    }

    /// `SET …` or `RESET …` as part of ALTER ROLE, DATABASE, FUNCTION.
    pub(super) fn set_reset_clause(&mut self, function: bool) -> PgResult<VariableSetStmt> {
        if self.at(Kw::Reset) {
            return self.reset_stmt();
        }
        self.expect(Kw::Set)?;
        if function { self.set_rest_more() } else { self.set_rest() }
    }

    pub(super) fn show_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Show)?;
        let name = if self.eat(Kw::All) { "all".to_owned() } else { self.special_variable()? };
        Ok(VariableShowStmt { name }.into())
    }

    pub(super) fn alter_system(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::System)?;
        let setstmt = if self.eat(Kw::Reset) {
            if self.eat(Kw::All) {
                variable_set(VariableSetKind::ResetAll, None)
            } else {
                let name = self.var_name()?;
                variable_set(VariableSetKind::Reset, Some(&name))
            }
        } else {
            self.expect(Kw::Set)?;
            let name = self.var_name()?;
            self.set_value(name)?
        };
        Ok(AlterSystemStmt { setstmt }.into())
    }

    pub(super) fn discard_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Discard)?;
        let target = match self.tok() {
            Tok::Kw(Kw::All) => DiscardMode::All,
            Tok::Kw(Kw::Plans) => DiscardMode::Plans,
            Tok::Kw(Kw::Sequences) => DiscardMode::Sequences,
            Tok::Kw(Kw::Temp | Kw::Temporary) => DiscardMode::Temp,
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(DiscardStmt { target }.into())
    }

    /// NOTIFY
    pub(super) fn notify_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Notify)?;
        let conditionname = self.col_id()?;
        let payload = if self.eat_char(b',') { Some(self.sconst()?) } else { None };
        Ok(NotifyStmt { conditionname, payload }.into())
    }

    pub(super) fn listen_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Listen)?;
        Ok(ListenStmt { conditionname: self.col_id()? }.into())
    }

    pub(super) fn unlisten_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Unlisten)?;
        let conditionname = if self.eat_char(b'*') { None } else { Some(self.col_id()?) };
        Ok(UnlistenStmt { conditionname }.into())
    }

    pub(super) fn load_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Load)?;
        Ok(LoadStmt { filename: self.sconst()? }.into())
    }

    pub(super) fn call_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Call)?;
        Ok(CallStmt { funccall: self.plain_func_application()? }.into())
    }

    pub(super) fn do_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Do)?;
        let mut args = Vec::new();
        loop {
            let loc = self.loc();
            let (name, text) = if self.tok() == Tok::SConst {
                ("as", self.take_string())
            } else if self.eat(Kw::Language) {
                ("language", self.non_reserved_word_or_sconst()?)
            } else if args.is_empty() {
                return Err(self.unexpected());
            } else {
                return Ok(DoStmt { args }.into());
            };
            args.push(DefElem::new(name, Some(DefArg::String(text)), loc));
        }
    }
}
