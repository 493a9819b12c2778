//! Statements of a block.
use super::Parser;
use crate::{
    ast::{
        Condition, DatumDef, DiagItem, Exceptions, Handler, Loop, QuerySource, Stmt, StmtKind, When,
    },
    condition,
    namespace::{self, LabelKind, NsKind},
    token::{Kind, Token, UNRESERVED},
};
use error::{PgResult, SqlState, err};
use parser::RawParseMode;
use types::{Oid, type_oid};

impl Parser<'_> {
    /// Statements up to END, ELSE, WHEN or EXCEPTION.
    pub(crate) fn statements(&mut self) -> PgResult<Vec<Stmt>> {
        error::check_stack_depth()?;
        let mut out = Vec::new();
        loop {
            let t = self.tok();
            if t.is("end") || t.is("else") || t.is("when") || t.is("elsif") || t.is("elseif") {
                return Ok(out);
            }
            if t.is("exception") && !self.is_assignment() {
                return Ok(out);
            }
            if t.kind == Kind::Eof {
                return Err(self.syntax());
            }
            let stmt = self.statement()?;
            if !matches!(stmt.kind, StmtKind::Null) {
                out.push(stmt);
            }
        }
    }

    /// Whether the present word is the target of an assignment, whatever else it may mean.
    fn is_assignment(&self) -> bool {
        let next = self.peek(1);
        [":=", "=", "[", "."].iter().any(|p| next.is_punct(p))
    }

    fn statement(&mut self) -> PgResult<Stmt> {
        let start = self.tok().start;
        let lineno = self.line(start);
        let kind = self.statement_kind(start)?;
        Ok(match kind {
            StmtKind::Sql { expr, into, strict } => {
                Stmt { lineno, kind: StmtKind::Sql { expr, into, strict } }
            }
            kind => Stmt { lineno, kind },
        })
    }

    fn statement_kind(&mut self, start: usize) -> PgResult<StmtKind> {
        if self.at_punct("<<") {
            return self.labeled();
        }
        let t = self.tok().clone();
        if t.kind == Kind::Param {
            if self.variable_here().is_some() {
                return self.assignment();
            }
            return Err(self.syntax());
        }
        if t.kind != Kind::Word {
            return Err(self.syntax());
        }
        if t.is_reserved() {
            return self.reserved_statement(&t);
        }
        let keyword = !t.quoted && UNRESERVED.contains(&t.text.as_str());
        // At the start of a statement a name is a variable only if something is assigned to it.
        if self.is_assignment() && self.variable_here().is_some() {
            return self.assignment();
        }
        if keyword && let Some(kind) = self.unreserved_statement(&t, start)? {
            return Ok(kind);
        }
        if self.is_assignment() && !t.is("insert") && !t.is("merge") && !t.is("import") {
            return Err(self.unknown_variable());
        }
        Ok(self.exec_sql()?.kind)
    }

    fn labeled(&mut self) -> PgResult<StmtKind> {
        let label = self.block_label()?;
        let t = self.tok().clone();
        match t.text.as_str() {
            "declare" | "begin" => self.finish_block(label),
            "loop" => self.simple_loop(label),
            "while" => self.while_loop(label),
            "for" => self.for_loop(label),
            "foreach" => self.foreach(label),
            _ => Err(self.syntax()),
        }
    }

    fn finish_block(&mut self, label: Option<String>) -> PgResult<StmtKind> {
        let block = self.block(label)?;
        self.expect_punct(";")?;
        Ok(StmtKind::Block(block))
    }

    fn reserved_statement(&mut self, t: &Token) -> PgResult<StmtKind> {
        match t.text.as_str() {
            "begin" | "declare" => self.finish_block(None),
            "if" => self.if_statement(),
            "case" => self.case_statement(),
            "loop" => self.simple_loop(None),
            "while" => self.while_loop(None),
            "for" => self.for_loop(None),
            "foreach" => self.foreach(None),
            "execute" => self.execute(),
            "null" => {
                self.next();
                self.expect_punct(";")?;
                Ok(StmtKind::Null)
            }
            _ => Err(self.syntax()),
        }
    }

    fn unreserved_statement(&mut self, t: &Token, start: usize) -> PgResult<Option<StmtKind>> {
        Ok(Some(match t.text.as_str() {
            "exit" | "continue" => self.exit(t.text == "exit")?,
            "return" => self.return_statement(start)?,
            "raise" => self.raise()?,
            "assert" => {
                self.next();
                let cond = self.expr_until(&[",", ";"], ", or ;")?;
                let message = match self.eat_punct(",") {
                    true => Some(self.expr_until(&[";"], ";")?),
                    false => None,
                };
                self.expect_punct(";")?;
                StmtKind::Assert { cond, message }
            }
            "perform" => self.perform()?,
            "call" | "do" => {
                let is_call = t.text == "call";
                let expr = self.sql_to_semicolon()?;
                StmtKind::Call { expr, is_call }
            }
            "get" => self.diagnostics()?,
            "open" => self.open()?,
            "fetch" => self.fetch(false)?,
            "move" => self.fetch(true)?,
            "close" => {
                self.next();
                let cursor = self.cursor_variable()?;
                self.expect_punct(";")?;
                StmtKind::Close { cursor }
            }
            "commit" | "rollback" => {
                self.next();
                let mut chain = false;
                if self.eat_word("and") {
                    chain = !self.eat_word("no");
                    self.expect_word("chain")?;
                }
                self.expect_punct(";")?;
                match t.text.as_str() {
                    "commit" => StmtKind::Commit { chain },
                    _ => StmtKind::Rollback { chain },
                }
            }
            "insert" | "merge" | "import" => self.exec_sql()?.kind,
            _ => return Ok(None),
        }))
    }

    fn assignment(&mut self) -> PgResult<StmtKind> {
        let Some(found) = self.variable_here() else { return Err(self.unknown_variable()) };
        let start = self.tok().start;
        self.check_assignable(found.dno, start)?;
        let (from, end) = self.cut(&|t| t.is_punct(";"), ";", false)?;
        let query = &self.src[from..end];
        let mode = RawParseMode::PlpgsqlAssign(found.names as i32);
        self.check_sql(query, mode, from)?;
        let expr = self.expr_of(query, mode);
        self.next();
        Ok(StmtKind::Assign { target: found.dno, expr })
    }

    fn perform(&mut self) -> PgResult<StmtKind> {
        let (start, end) = self.cut(&|t| t.is_punct(";"), ";", false)?;
        // PERFORM is a SELECT by another name, one byte shorter.
        let query = format!("SELECT{}", &self.src[start + "perform".len()..end]);
        self.check_sql(&query, RawParseMode::Default, start + 1)?;
        let expr = self.expr_of(&query, RawParseMode::Default);
        self.next();
        Ok(StmtKind::Perform(expr))
    }

    fn if_statement(&mut self) -> PgResult<StmtKind> {
        self.next();
        let mut whens = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let expr = self.expr_until(&["then"], "THEN")?;
            self.next();
            let body = self.statements()?;
            whens.push(When { expr, body });
            if self.eat_word("elsif") || self.eat_word("elseif") {
                continue;
            }
            break;
        }
        if self.eat_word("else") {
            otherwise = self.statements()?;
        }
        self.expect_word("end")?;
        self.expect_word("if")?;
        self.expect_punct(";")?;
        Ok(StmtKind::If { whens, otherwise })
    }

    fn case_statement(&mut self) -> PgResult<StmtKind> {
        self.next();
        let outer = self.ns.clone();
        let mut test = None;
        if !self.at_word("when") {
            let expr = self.expr_until(&["when"], "WHEN")?;
            let name = format!("__Case__Variable_{}__", self.f.datums.len());
            let typ = Self::scalar_type(type_oid::INT4, Oid::INVALID);
            let dno = self.add_variable(&name, 0, typ, true);
            test = Some((expr, dno, name));
        }
        let mut whens = Vec::new();
        while self.eat_word("when") {
            let mut expr = self.expr_until(&["then"], "THEN")?;
            if let Some((_, _, name)) = &test {
                // The tested value is one of the list.
                let query = format!("\"{name}\" IN ({})", expr.query);
                expr = self.expr_of(&query, RawParseMode::PlpgsqlExpr);
            }
            self.next();
            let body = self.statements()?;
            whens.push(When { expr, body });
        }
        if whens.is_empty() {
            return Err(self.syntax());
        }
        let otherwise = match self.eat_word("else") {
            true => Some(self.statements()?),
            false => None,
        };
        self.expect_word("end")?;
        self.expect_word("case")?;
        self.expect_punct(";")?;
        self.ns = outer;
        Ok(StmtKind::Case { test: test.map(|(e, dno, _)| (e, dno)), whens, otherwise })
    }

    fn loop_label(&mut self, label: &Option<String>) {
        self.push_label(label.as_deref().unwrap_or_default(), LabelKind::Loop);
    }

    /// The body from LOOP to END LOOP.
    fn loop_body(&mut self, label: Option<String>) -> PgResult<Loop> {
        self.expect_word("loop")?;
        let body = self.statements()?;
        self.expect_word("end")?;
        self.expect_word("loop")?;
        self.end_label(label.as_deref())?;
        self.expect_punct(";")?;
        Ok(Loop { label, body })
    }

    fn simple_loop(&mut self, label: Option<String>) -> PgResult<StmtKind> {
        let outer = self.ns.clone();
        self.loop_label(&label);
        let body = self.loop_body(label)?;
        self.ns = outer;
        Ok(StmtKind::Loop(body))
    }

    fn while_loop(&mut self, label: Option<String>) -> PgResult<StmtKind> {
        let outer = self.ns.clone();
        self.loop_label(&label);
        self.next();
        let cond = self.expr_until(&["loop"], "LOOP")?;
        let body = self.loop_body(label)?;
        self.ns = outer;
        Ok(StmtKind::While { cond, body })
    }

    fn foreach(&mut self, label: Option<String>) -> PgResult<StmtKind> {
        let outer = self.ns.clone();
        self.loop_label(&label);
        self.next();
        let location = self.tok().start as i32;
        let Some(found) = self.variable_here() else {
            return Err(err!(
                SYNTAX_ERROR,
                "loop variable of FOREACH must be a known variable or list of variables"
            )
            .at(location));
        };
        let target = match self.f.datums[found.dno] {
            DatumDef::Rec(_) | DatumDef::Row(_) => {
                self.check_assignable(found.dno, location as usize)?;
                self.skip(found.tokens);
                found.dno
            }
            _ if self.peek(found.tokens).is_punct(",") => self.scalar_list()?,
            _ => {
                self.check_assignable(found.dno, location as usize)?;
                self.skip(found.tokens);
                found.dno
            }
        };
        let mut slice = 0;
        if self.eat_word("slice") {
            if self.tok().kind != Kind::Int {
                return Err(self.syntax());
            }
            slice = self.next().text.parse().unwrap_or(0);
        }
        self.expect_word("in")?;
        self.expect_word("array")?;
        let expr = self.expr_until(&["loop"], "LOOP")?;
        let body = self.loop_body(label)?;
        self.ns = outer;
        Ok(StmtKind::Foreach { target, slice, expr, body })
    }

    fn for_loop(&mut self, label: Option<String>) -> PgResult<StmtKind> {
        let outer = self.ns.clone();
        self.loop_label(&label);
        self.next();
        let first = self.tok().clone();
        let lineno = self.line(first.start);
        if first.kind != Kind::Word || first.is_reserved() {
            return Err(self.syntax());
        }
        let variable = self.variable_here();
        let mut list = false;
        let mut target = None;
        match variable {
            Some(found) if self.peek(found.tokens).is_punct(",") => {
                list = true;
                target = Some(self.scalar_list()?);
            }
            Some(found) => {
                target = Some(found.dno);
                self.skip(found.tokens);
            }
            None if self.peek(1).is_punct(",") => return Err(self.unknown_variable()),
            None => {
                let n = self.names_here().len();
                self.skip(n * 2 - 1);
            }
        }
        self.expect_word("in")?;
        let token = self.tok().clone();
        let name = first.text.clone();
        let kind = if self.eat_word("execute") {
            let query = self.expr_until(&["loop", "using"], "LOOP or USING")?;
            let params = self.using_list("loop")?;
            let target = self.loop_target(target, list, first.start, true)?;
            let query = QuerySource::Dynamic { query, params };
            let body = self.loop_body(label)?;
            StmtKind::ForQuery { target, query, body }
        } else if let Some(cursor) = self.cursor_here() {
            if list {
                return Err(err!(
                    SYNTAX_ERROR,
                    "cursor FOR loop must have only one target variable"
                )
                .at(first.start as i32));
            }
            let bound = matches!(&self.f.datums[cursor], DatumDef::Var(v) if v.cursor.is_some());
            if !bound {
                return Err(err!(SYNTAX_ERROR, "cursor FOR loop must use a bound cursor variable")
                    .at(token.start as i32));
            }
            self.next();
            let args = self.cursor_args(cursor, "loop")?;
            let target = self.add_variable(&name, lineno, Self::record_type(), true);
            let body = self.loop_body(label)?;
            StmtKind::ForCursor { target, cursor, args, body }
        } else {
            let reverse = self.eat_word("reverse");
            let stop = |t: &Token| t.is_punct("..") || t.is("loop");
            let (start, end) = self.cut(&stop, "LOOP", true)?;
            let text = self.src[start..end].to_owned();
            if self.eat_punct("..") {
                self.check_sql(&text, RawParseMode::PlpgsqlExpr, start)?;
                let lower = self.expr_of(&text, RawParseMode::PlpgsqlExpr);
                let upper = self.expr_until(&["loop", "by"], "LOOP")?;
                let step = match self.eat_word("by") {
                    true => Some(self.expr_until(&["loop"], "LOOP")?),
                    false => None,
                };
                if list {
                    return Err(err!(
                        SYNTAX_ERROR,
                        "integer FOR loop must have only one target variable"
                    )
                    .at(first.start as i32));
                }
                let typ = Self::scalar_type(type_oid::INT4, Oid::INVALID);
                let var = self.add_variable(&name, lineno, typ, true);
                let body = self.loop_body(label)?;
                StmtKind::ForInteger { var, lower, upper, step, reverse, body }
            } else {
                if reverse {
                    return Err(err!(SYNTAX_ERROR, "cannot specify REVERSE in query FOR loop")
                        .at(token.start as i32));
                }
                self.check_sql(&text, RawParseMode::Default, start)?;
                let query = QuerySource::Static(self.expr_of(&text, RawParseMode::Default));
                let target = self.loop_target(target, list, first.start, false)?;
                let body = self.loop_body(label)?;
                StmtKind::ForQuery { target, query, body }
            }
        };
        self.ns = outer;
        Ok(kind)
    }

    /// What the rows of a query loop go to.
    fn loop_target(
        &mut self,
        target: Option<usize>,
        list: bool,
        location: usize,
        dynamic: bool,
    ) -> PgResult<usize> {
        let Some(dno) = target else {
            let state = match dynamic {
                true => SqlState::DATATYPE_MISMATCH,
                false => SqlState::SYNTAX_ERROR,
            };
            let message = "loop variable of loop over rows must be a record variable or list of \
                           scalar variables";
            return Err(error::PgError::new(state, message).at(location as i32));
        };
        self.check_assignable(dno, location)?;
        if list || matches!(self.f.datums[dno], DatumDef::Rec(_) | DatumDef::Row(_)) {
            return Ok(dno);
        }
        let name = self.datum_name(dno);
        Ok(self.row("(unnamed row)", vec![(name, dno)]))
    }

    fn exit(&mut self, is_exit: bool) -> PgResult<StmtKind> {
        let start = self.tok().start as i32;
        self.next();
        let mut label = None;
        if self.tok().kind == Kind::Word && !self.at_word("when") {
            let location = self.tok().start as i32;
            let name = self.any_identifier()?;
            match namespace::lookup_label(&self.ns, &name) {
                None => {
                    return Err(err!(
                        SYNTAX_ERROR,
                        "there is no label \"{name}\" attached to any block or loop enclosing \
                         this statement"
                    )
                    .at(location));
                }
                Some(kind) if !is_exit && kind != LabelKind::Loop => {
                    return Err(err!(
                        SYNTAX_ERROR,
                        "block label \"{name}\" cannot be used in CONTINUE"
                    )
                    .at(location));
                }
                Some(_) => label = Some(name),
            }
        } else if !namespace::inside_loop(&self.ns) {
            let message = match is_exit {
                true => "EXIT cannot be used outside a loop, unless it has a label",
                false => "CONTINUE cannot be used outside a loop",
            };
            return Err(error::PgError::new(SqlState::SYNTAX_ERROR, message).at(start));
        }
        let cond = match self.eat_word("when") {
            true => Some(self.expr_until(&[";"], ";")?),
            false => None,
        };
        self.expect_punct(";")?;
        Ok(StmtKind::Exit { is_exit, label, cond })
    }

    fn execute(&mut self) -> PgResult<StmtKind> {
        self.next();
        let query = self.expr_until(&["into", "using", ";"], "INTO or USING or ;")?;
        let (mut into, mut strict, mut params) = (None, false, Vec::new());
        loop {
            if self.at_word("into") {
                if into.is_some() {
                    return Err(self.syntax());
                }
                self.next();
                strict = self.eat_word("strict");
                into = Some(self.target_of_into()?);
            } else if self.at_word("using") {
                if !params.is_empty() {
                    return Err(self.syntax());
                }
                self.next();
                loop {
                    params.push(self.expr_until(&[",", ";", "into"], ", or ; or INTO")?);
                    if !self.eat_punct(",") {
                        break;
                    }
                }
            } else {
                self.expect_punct(";")?;
                return Ok(StmtKind::Execute { query, into, strict, params });
            }
        }
    }

    fn diagnostics(&mut self) -> PgResult<StmtKind> {
        self.next();
        let stacked = self.eat_word("stacked");
        if !stacked {
            self.eat_word("current");
        }
        self.expect_word("diagnostics")?;
        let mut items = Vec::new();
        loop {
            let location = self.tok().start;
            let Some(found) = self.variable_here() else { return Err(self.unknown_variable()) };
            if matches!(self.f.datums[found.dno], DatumDef::Rec(_) | DatumDef::Row(_)) {
                let name = self.datum_name(found.dno);
                return Err(
                    err!(SYNTAX_ERROR, "\"{name}\" is not a scalar variable").at(location as i32)
                );
            }
            self.check_assignable(found.dno, location)?;
            self.skip(found.tokens);
            if !(self.eat_punct(":=") || self.eat_punct("=")) {
                return Err(self.syntax());
            }
            let Some(item) = diagnostics_item(&self.tok().text) else {
                return Err(self.fault("unrecognized GET DIAGNOSTICS item"));
            };
            let name = self.next().text.to_ascii_uppercase();
            let current = matches!(item, DiagItem::RowCount | DiagItem::RoutineOid);
            if current && stacked {
                return Err(err!(
                    SYNTAX_ERROR,
                    "diagnostics item {name} is not allowed in GET STACKED DIAGNOSTICS"
                )
                .at(location as i32));
            }
            if !current && item != DiagItem::Context && !stacked {
                return Err(err!(
                    SYNTAX_ERROR,
                    "diagnostics item {name} is not allowed in GET CURRENT DIAGNOSTICS"
                )
                .at(location as i32));
            }
            items.push((item, found.dno));
            if !self.eat_punct(",") {
                break;
            }
        }
        self.expect_punct(";")?;
        Ok(StmtKind::Diagnostics { stacked, items })
    }

    /// EXCEPTION WHEN … THEN …
    pub(crate) fn exceptions(&mut self) -> PgResult<Exceptions> {
        self.f.has_exceptions = true;
        let lineno = self.line_here();
        self.next();
        let text = || Self::scalar_type(type_oid::TEXT, Oid(100));
        let sqlstate_var = self.add_variable("sqlstate", lineno, text(), true);
        let sqlerrm_var = self.add_variable("sqlerrm", lineno, text(), true);
        for dno in [sqlstate_var, sqlerrm_var] {
            if let DatumDef::Var(v) = &mut self.f.datums[dno] {
                v.constant = true;
            }
        }
        let mut handlers = Vec::new();
        while self.eat_word("when") {
            let mut conditions = Vec::new();
            loop {
                conditions.extend(self.condition()?);
                if !self.eat_word("or") {
                    break;
                }
            }
            self.expect_word("then")?;
            let body = self.statements()?;
            handlers.push(Handler { conditions, body });
        }
        if handlers.is_empty() {
            return Err(self.syntax());
        }
        Ok(Exceptions { sqlstate_var, sqlerrm_var, handlers })
    }

    fn condition(&mut self) -> PgResult<Vec<Condition>> {
        let name = self.any_identifier()?;
        if name == "sqlstate" && self.tok().kind == Kind::Str {
            let code = &self.tok().text;
            let Some(state) = SqlState::from_code(code).filter(|_| code.len() == 5) else {
                return Err(self.fault("invalid SQLSTATE code"));
            };
            self.next();
            return Ok(vec![Condition::State(state)]);
        }
        if name == "others" {
            return Ok(vec![Condition::Others]);
        }
        let found = condition::by_name(&name)?;
        Ok(found.into_iter().map(Condition::State).collect())
    }

    /// A cursor variable at the present token.
    fn cursor_here(&mut self) -> Option<usize> {
        let found = self.variable_here().filter(|f| f.tokens == 1)?;
        match &self.f.datums[found.dno] {
            DatumDef::Var(v) if v.typ.oid == type_oid::REFCURSOR => Some(found.dno),
            _ => None,
        }
    }

    /// What a name stands for, for the compiler.
    pub(crate) fn bind(&mut self, kind: NsKind, name: &str) {
        namespace::push(&mut self.ns, kind, name);
    }
}

fn diagnostics_item(name: &str) -> Option<DiagItem> {
    Some(match name {
        "row_count" => DiagItem::RowCount,
        "pg_routine_oid" => DiagItem::RoutineOid,
        "pg_context" => DiagItem::Context,
        "pg_exception_context" => DiagItem::ErrorContext,
        "pg_exception_detail" => DiagItem::ErrorDetail,
        "pg_exception_hint" => DiagItem::ErrorHint,
        "returned_sqlstate" => DiagItem::ReturnedSqlstate,
        "column_name" => DiagItem::ColumnName,
        "constraint_name" => DiagItem::ConstraintName,
        "pg_datatype_name" => DiagItem::DatatypeName,
        "message_text" => DiagItem::MessageText,
        "table_name" => DiagItem::TableName,
        "schema_name" => DiagItem::SchemaName,
        _ => return None,
    })
}
