//! CREATE TABLE in all its forms, also AS and foreign.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

impl Parser<'_> {
    /// TEMP, UNLOGGED and the like before TABLE, SEQUENCE, VIEW.
    pub(super) fn opt_temp(&mut self) -> RelPersistence {
        match self.tok() {
            Tok::Kw(Kw::Temporary | Kw::Temp) => {
                self.advance();
                RelPersistence::Temp
            }
            Tok::Kw(Kw::Local | Kw::Global) => {
                // Without TEMP the next word is the one at fault.
                if matches!(self.peek(1), Tok::Kw(Kw::Temporary | Kw::Temp)) {
                    self.warn_global();
                    self.advance();
                }
                self.advance();
                RelPersistence::Temp
            }
            Tok::Kw(Kw::Unlogged) => {
                self.advance();
                RelPersistence::Unlogged
            }
            _ => RelPersistence::Permanent,
        }
    }

    /// CREATE TABLE at TABLE, or CREATE TABLE AS.
    pub(super) fn create_table(&mut self, persistence: RelPersistence) -> PgResult<Stmt> {
        self.expect(Kw::Table)?;
        let if_not_exists = self.opt_if_not_exists()?;
        let mut relation = self.qualified_name()?;
        relation.relpersistence = persistence;
        // A bare word and a comma or parenthesis can only be a column of CREATE TABLE AS.
        let columns_of_as = self.at_char(b'(')
            && self.peek(1).is_col_id()
            && matches!(self.peek(2), Tok::Char(b',' | b')'));
        let plain = self.at_char(b'(') && !columns_of_as;
        if !(plain || self.at(Kw::Of) || self.at(Kw::Partition)) {
            return self.create_table_as(relation, if_not_exists);
        }
        let mut stmt = self.create_stmt_base(relation, if_not_exists)?;
        if plain {
            stmt.inh_relations = self.opt_inherit()?;
        }
        stmt.partspec = self.opt_partition_spec()?;
        if self.eat(Kw::Using) {
            stmt.access_method = Some(self.name()?);
        }
        stmt.options = self.opt_with()?;
        stmt.oncommit = self.on_commit_option()?;
        stmt.tablespacename = self.opt_tablespace()?;
        Ok(stmt.into())
    }

    /// The columns: `( … )`, `OF type`, or `PARTITION OF parent`.
    fn create_stmt_base(
        &mut self,
        relation: RangeVar,
        if_not_exists: bool,
    ) -> PgResult<CreateStmt> {
        let mut stmt = CreateStmt {
            relation,
            table_elts: Vec::new(),
            inh_relations: Vec::new(),
            partbound: None,
            partspec: None,
            of_typename: None,
            options: Vec::new(),
            oncommit: OnCommitAction::Noop,
            tablespacename: None,
            access_method: None,
            if_not_exists,
        };
        if self.eat_all(&[Kw::Partition, Kw::Of])? {
            stmt.inh_relations = vec![self.qualified_name()?];
            stmt.table_elts = self.opt_typed_table_elements()?;
            stmt.partbound = Some(self.partition_bound_spec()?);
        } else if self.eat(Kw::Of) {
            let location = self.loc();
            stmt.of_typename = Some(TypeName::from_names(self.any_name()?, location));
            stmt.table_elts = self.opt_typed_table_elements()?;
        } else {
            self.expect_char(b'(')?;
            if !self.at_char(b')') {
                stmt.table_elts = self.comma_list(Self::table_element)?;
            }
            self.expect_char(b')')?;
        }
        Ok(stmt)
    }

    /// CREATE FOREIGN TABLE at TABLE.
    pub(super) fn create_foreign_table(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Table)?;
        let if_not_exists = self.opt_if_not_exists()?;
        let relation = self.qualified_name()?;
        if !self.at_char(b'(') && !self.at(Kw::Partition) {
            return Err(self.unexpected());
        }
        let plain = self.at_char(b'(');
        let mut base = self.create_stmt_base(relation, if_not_exists)?;
        if plain {
            base.inh_relations = self.opt_inherit()?;
        }
        self.expect(Kw::Server)?;
        let servername = self.name()?;
        let options = self.create_generic_options()?;
        Ok(CreateForeignTableStmt { base, servername, options }.into())
    }

    /// After the name of CREATE TABLE AS.
    fn create_table_as(&mut self, rel: RangeVar, if_not_exists: bool) -> PgResult<Stmt> {
        let mut into = IntoClause {
            rel,
            col_names: self.opt_name_list()?,
            access_method: None,
            options: Vec::new(),
            on_commit: OnCommitAction::Noop,
            table_space_name: None,
            skip_data: false,
        };
        if self.eat(Kw::Using) {
            into.access_method = Some(self.name()?);
        }
        into.options = self.opt_with()?;
        into.on_commit = self.on_commit_option()?;
        into.table_space_name = self.opt_tablespace()?;
        self.expect(Kw::As)?;
        let query = if self.at(Kw::Execute) {
            self.execute_stmt()?.into()
        } else {
            Stmt::SelectStmt(self.select_stmt()?)
        };
        into.skip_data = !self.opt_with_data()?;
        Ok(CreateTableAsStmt {
            query: Box::new(query),
            into,
            objtype: ObjectType::Table,
            is_select_into: false,
            if_not_exists,
        }
        .into())
    }

    /// `WITH [NO] DATA`
    pub(super) fn opt_with_data(&mut self) -> PgResult<bool> {
        if !self.eat(Kw::With) {
            return Ok(true);
        }
        let no = self.eat(Kw::No);
        self.expect(Kw::Data)?;
        Ok(!no)
    }

    fn opt_inherit(&mut self) -> PgResult<Vec<RangeVar>> {
        if self.eat(Kw::Inherits) { self.paren_list(Self::qualified_name) } else { Ok(Vec::new()) }
    }

    /// `WITH (…)` or `WITHOUT OIDS`.
    fn opt_with(&mut self) -> PgResult<Vec<DefElem>> {
        if self.eat_all(&[Kw::Without, Kw::Oids])? {
            return Ok(Vec::new());
        }
        self.opt_reloptions()
    }

    fn on_commit_option(&mut self) -> PgResult<OnCommitAction> {
        if !self.eat_all(&[Kw::On, Kw::Commit])? {
            return Ok(OnCommitAction::Noop);
        }
        if self.eat(Kw::Drop) {
            return Ok(OnCommitAction::Drop);
        }
        if self.eat_all(&[Kw::Delete, Kw::Rows])? {
            return Ok(OnCommitAction::DeleteRows);
        }
        self.expect_all(&[Kw::Preserve, Kw::Rows])?;
        Ok(OnCommitAction::PreserveRows)
    }

    pub(super) fn opt_tablespace(&mut self) -> PgResult<Option<String>> {
        if self.eat(Kw::Tablespace) { Ok(Some(self.name()?)) } else { Ok(None) }
    }

    fn table_element(&mut self) -> PgResult<TableElement> {
        if self.at_table_constraint() {
            return Ok(TableElement::Constraint(Box::new(self.table_constraint()?)));
        }
        if self.at(Kw::Like) {
            return Ok(TableElement::TableLikeClause(self.table_like_clause()?));
        }
        Ok(TableElement::ColumnDef(Box::new(self.column_def()?)))
    }

    fn table_like_clause(&mut self) -> PgResult<TableLikeClause> {
        self.expect(Kw::Like)?;
        let relation = self.qualified_name()?;
        let mut options = 0;
        loop {
            let including = self.at(Kw::Including);
            if !including && !self.at(Kw::Excluding) {
                return Ok(TableLikeClause { relation, options });
            }
            self.advance();
            let bits = match self.tok() {
                Tok::Kw(Kw::Comments) => table_like::COMMENTS,
                Tok::Kw(Kw::Compression) => table_like::COMPRESSION,
                Tok::Kw(Kw::Constraints) => table_like::CONSTRAINTS,
                Tok::Kw(Kw::Defaults) => table_like::DEFAULTS,
                Tok::Kw(Kw::Identity) => table_like::IDENTITY,
                Tok::Kw(Kw::Generated) => table_like::GENERATED,
                Tok::Kw(Kw::Indexes) => table_like::INDEXES,
                Tok::Kw(Kw::Statistics) => table_like::STATISTICS,
                Tok::Kw(Kw::Storage) => table_like::STORAGE,
                Tok::Kw(Kw::All) => table_like::ALL,
                _ => return Err(self.unexpected()),
            };
            self.advance();
            options = if including { options | bits } else { options & !bits };
        }
    }

    /// `name type …`
    pub(super) fn column_def(&mut self) -> PgResult<ColumnDef> {
        let location = self.loc();
        let colname = self.col_id()?;
        let type_name = Some(self.type_name()?);
        let storage_name =
            if self.eat(Kw::Storage) { Some(self.col_id_or_default()?) } else { None };
        let compression =
            if self.eat(Kw::Compression) { Some(self.col_id_or_default()?) } else { None };
        let fdwoptions = self.create_generic_options()?;
        let (constraints, coll_clause) = self.col_qual_list()?;
        Ok(ColumnDef {
            colname,
            type_name,
            compression,
            storage_name,
            coll_clause,
            constraints,
            fdwoptions,
            raw_default: None,
            location,
        })
    }

    /// A word, or DEFAULT.
    pub(super) fn col_id_or_default(&mut self) -> PgResult<String> {
        if self.at(Kw::Default) { Ok(self.take_name()) } else { self.col_id() }
    }

    fn opt_typed_table_elements(&mut self) -> PgResult<Vec<TableElement>> {
        if !self.at_char(b'(') {
            return Ok(Vec::new());
        }
        self.paren_list(|p| {
            if p.at_table_constraint() {
                return Ok(TableElement::Constraint(Box::new(p.table_constraint()?)));
            }
            let location = p.loc();
            let colname = p.col_id()?;
            if p.eat(Kw::With) {
                p.expect(Kw::Options)?;
            }
            let (constraints, coll_clause) = p.col_qual_list()?;
            Ok(TableElement::ColumnDef(Box::new(ColumnDef {
                colname,
                type_name: None,
                compression: None,
                storage_name: None,
                coll_clause,
                constraints,
                fdwoptions: Vec::new(),
                raw_default: None,
                location,
            })))
        })
    }

    fn opt_partition_spec(&mut self) -> PgResult<Option<PartitionSpec>> {
        let location = self.loc();
        if !self.eat_all(&[Kw::Partition, Kw::By])? {
            return Ok(None);
        }
        let strategy_loc = self.loc();
        let word = self.col_id()?;
        let part_params = self.paren_list(Self::part_elem)?;
        let strategy = match word.to_ascii_lowercase().as_str() {
            "list" => PartitionStrategy::List,
            "range" => PartitionStrategy::Range,
            "hash" => PartitionStrategy::Hash,
            _ => {
                return Err(err!(
                    INVALID_PARAMETER_VALUE,
                    "unrecognized partitioning strategy \"{word}\""
                )
                .at(strategy_loc));
            }
        };
        Ok(Some(PartitionSpec { strategy, part_params, location }))
    }

    fn part_elem(&mut self) -> PgResult<PartitionElem> {
        let location = self.loc();
        let (name, expr) = self.name_or_expr()?;
        let collation = if self.eat(Kw::Collate) { self.any_name()? } else { Vec::new() };
        let opclass = if self.tok().is_col_id() { self.any_name()? } else { Vec::new() };
        Ok(PartitionElem { name, expr, collation, opclass, location })
    }

    /// FOR VALUES … or DEFAULT.
    pub(super) fn partition_bound_spec(&mut self) -> PgResult<PartitionBoundSpec> {
        let location = self.loc();
        let mut spec = PartitionBoundSpec {
            strategy: None,
            is_default: false,
            modulus: -1,
            remainder: -1,
            listdatums: Vec::new(),
            lowerdatums: Vec::new(),
            upperdatums: Vec::new(),
            location,
        };
        if self.eat(Kw::Default) {
            spec.is_default = true;
            return Ok(spec);
        }
        self.expect_all(&[Kw::For, Kw::Values])?;
        let kind_loc = self.loc();
        if self.eat(Kw::In) {
            spec.strategy = Some(PartitionStrategy::List);
            spec.location = kind_loc;
            spec.listdatums = self.paren_list(Self::a_expr)?;
        } else if self.eat(Kw::From) {
            spec.strategy = Some(PartitionStrategy::Range);
            spec.location = kind_loc;
            spec.lowerdatums = self.paren_list(Self::a_expr)?;
            self.expect(Kw::To)?;
            spec.upperdatums = self.paren_list(Self::a_expr)?;
        } else {
            self.expect(Kw::With)?;
            spec.strategy = Some(PartitionStrategy::Hash);
            spec.location = kind_loc;
            self.hash_bound(&mut spec, kind_loc)?;
        }
        Ok(spec)
    }

    fn hash_bound(&mut self, spec: &mut PartitionBoundSpec, loc: ParseLoc) -> PgResult<()> {
        let elements = self.paren_list(|p| {
            let at = p.loc();
            Ok((p.non_reserved_word()?, p.iconst()?, at))
        })?;
        for (name, value, at) in elements {
            let slot = match name.as_str() {
                "modulus" => &mut spec.modulus,
                "remainder" => &mut spec.remainder,
                _ => {
                    return Err(err!(
                        SYNTAX_ERROR,
                        "unrecognized hash partition bound specification \"{name}\""
                    )
                    .at(at));
                }
            };
            if *slot != -1 {
                return Err(err!(
                    DUPLICATE_OBJECT,
                    "{name} for hash partition provided more than once"
                )
                .at(at));
            }
            *slot = value;
        }
        for (name, value) in [("modulus", spec.modulus), ("remainder", spec.remainder)] {
            if value == -1 {
                return Err(
                    err!(SYNTAX_ERROR, "{name} for hash partition must be specified").at(loc)
                );
            }
        }
        Ok(())
    }
}
