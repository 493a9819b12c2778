//! ALTER TABLE and its commands, also for views, indexes and sequences.
use super::Parser;
use super::constraint::attribute;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use AlterTableType as At;
use error::{PgResult, err};

fn named(subtype: At, name: String, loc: ParseLoc) -> AlterTableCmd {
    AlterTableCmd { name: Some(name), ..AlterTableCmd::new(subtype, loc) }
}

impl Parser<'_> {
    /// ALTER TABLE, INDEX, SEQUENCE, VIEW, MATERIALIZED VIEW, FOREIGN TABLE, after those words.
    pub(super) fn alter_relation(&mut self, objtype: ObjectType) -> PgResult<Stmt> {
        let movable =
            matches!(objtype, ObjectType::Table | ObjectType::Index | ObjectType::MatView);
        if movable && self.at(Kw::All) {
            return self.alter_table_move_all(objtype);
        }
        let missing_ok = self.opt_if_exists()?;
        let relation = match objtype {
            ObjectType::Table | ObjectType::ForeignTable => self.relation_expr()?,
            _ => self.qualified_name()?,
        };
        if self.at(Kw::Rename) {
            return self.rename_relation(objtype, relation, missing_ok);
        }
        if self.at(Kw::Set) && self.peek_is(1, Kw::Schema) && objtype != ObjectType::Index {
            self.expect_all(&[Kw::Set, Kw::Schema])?;
            let newschema = self.name()?;
            return Ok(AlterObjectSchemaStmt {
                object_type: objtype,
                relation: Some(relation),
                object: None,
                newschema,
                missing_ok,
            }
            .into());
        }
        let depends = matches!(objtype, ObjectType::Index | ObjectType::MatView) && !missing_ok;
        if depends && (self.at(Kw::Depends) || self.at_all(&[Kw::No, Kw::Depends])) {
            return self.alter_depends(objtype, Some(relation), None);
        }
        if objtype == ObjectType::Sequence && self.at_seq_option() {
            let options = self.seq_options()?;
            return Ok(AlterSeqStmt { sequence: relation, options, missing_ok }.into());
        }
        let partition = match objtype {
            ObjectType::Table => self.at(Kw::Attach) || self.at(Kw::Detach),
            ObjectType::Index => self.at(Kw::Attach) && !missing_ok,
            _ => false,
        };
        let cmds = if partition {
            vec![self.partition_cmd(objtype)?]
        } else {
            self.comma_list(Self::alter_table_cmd)?
        };
        Ok(AlterTableStmt { relation, cmds, objtype, missing_ok }.into())
    }

    /// `ALL IN TABLESPACE …`
    fn alter_table_move_all(&mut self, objtype: ObjectType) -> PgResult<Stmt> {
        self.expect_all(&[Kw::All, Kw::In, Kw::Tablespace])?;
        let orig_tablespacename = self.name()?;
        let roles =
            if self.eat_all(&[Kw::Owned, Kw::By])? { self.role_list()? } else { Vec::new() };
        self.expect_all(&[Kw::Set, Kw::Tablespace])?;
        let new_tablespacename = self.name()?;
        let nowait = self.eat(Kw::Nowait);
        Ok(AlterTableMoveAllStmt {
            orig_tablespacename,
            objtype,
            roles,
            new_tablespacename,
            nowait,
        }
        .into())
    }

    fn partition_cmd(&mut self, objtype: ObjectType) -> PgResult<AlterTableCmd> {
        let loc = self.loc();
        let attach = self.eat(Kw::Attach);
        if !attach {
            self.expect(Kw::Detach)?;
        }
        self.expect(Kw::Partition)?;
        let mut part =
            PartitionCmd { name: self.qualified_name()?, bound: None, concurrent: false };
        let subtype = if attach {
            if objtype == ObjectType::Table {
                part.bound = Some(self.partition_bound_spec()?);
            }
            At::AttachPartition
        } else if self.eat(Kw::Finalize) {
            At::DetachPartitionFinalize
        } else {
            part.concurrent = self.eat(Kw::Concurrently);
            At::DetachPartition
        };
        let def = Some(AlterTableDef::PartitionCmd(Box::new(part)));
        Ok(AlterTableCmd { def, ..AlterTableCmd::new(subtype, loc) })
    }

    fn alter_table_cmd(&mut self) -> PgResult<AlterTableCmd> {
        let loc = self.loc();
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        match kw {
            Kw::Add => self.add_cmd(loc),
            Kw::Alter => self.alter_cmd(loc),
            Kw::Drop => self.drop_cmd(loc),
            Kw::Set => self.set_cmd(loc),
            Kw::Enable | Kw::Disable => self.enable_cmd(loc),
            Kw::Options => {
                let def = Some(AlterTableDef::Options(self.alter_generic_options()?));
                Ok(AlterTableCmd { def, ..AlterTableCmd::new(At::GenericOptions, loc) })
            }
            _ => {
                self.advance();
                self.other_cmd(kw, loc)
            }
        }
    }

    /// Commands that their first word, just taken, decides.
    fn other_cmd(&mut self, kw: Kw, loc: ParseLoc) -> PgResult<AlterTableCmd> {
        let plain = |subtype| Ok(AlterTableCmd::new(subtype, loc));
        let with =
            |subtype, def| Ok(AlterTableCmd { def: Some(def), ..AlterTableCmd::new(subtype, loc) });
        match kw {
            Kw::Validate => {
                self.expect(Kw::Constraint)?;
                Ok(named(At::ValidateConstraint, self.name()?, loc))
            }
            Kw::Cluster => {
                self.expect(Kw::On)?;
                Ok(named(At::ClusterOn, self.name()?, loc))
            }
            Kw::Inherit => {
                let parent = self.qualified_name()?;
                with(At::AddInherit, AlterTableDef::RangeVar(parent))
            }
            Kw::No if self.eat(Kw::Force) => {
                self.expect_all(&[Kw::Row, Kw::Level, Kw::Security])?;
                plain(At::NoForceRowSecurity)
            }
            Kw::No => {
                self.expect(Kw::Inherit)?;
                let parent = self.qualified_name()?;
                with(At::DropInherit, AlterTableDef::RangeVar(parent))
            }
            Kw::Force => {
                self.expect_all(&[Kw::Row, Kw::Level, Kw::Security])?;
                plain(At::ForceRowSecurity)
            }
            Kw::Of => {
                let location = self.loc();
                let type_name = TypeName::from_names(self.any_name()?, location);
                with(At::AddOf, AlterTableDef::TypeName(type_name))
            }
            Kw::Not => {
                self.expect(Kw::Of)?;
                plain(At::DropOf)
            }
            Kw::Owner => {
                self.expect(Kw::To)?;
                let newowner = Some(self.role_spec()?);
                Ok(AlterTableCmd { newowner, ..AlterTableCmd::new(At::ChangeOwner, loc) })
            }
            Kw::Reset => {
                let options = self.reloptions()?;
                with(At::ResetRelOptions, AlterTableDef::Options(options))
            }
            Kw::Replica => {
                self.expect(Kw::Identity)?;
                let identity = self.replica_identity()?;
                with(At::ReplicaIdentity, AlterTableDef::ReplicaIdentity(identity))
            }
            _ => {
                self.pos -= 1;
                Err(self.unexpected())
            }
        }
    }

    fn replica_identity(&mut self) -> PgResult<ReplicaIdentityStmt> {
        let identity_type = match self.tok() {
            Tok::Kw(Kw::Nothing) => ReplicaIdentityType::Nothing,
            Tok::Kw(Kw::Full) => ReplicaIdentityType::Full,
            Tok::Kw(Kw::Default) => ReplicaIdentityType::Default,
            _ => {
                self.expect_all(&[Kw::Using, Kw::Index])?;
                let name = Some(self.name()?);
                return Ok(ReplicaIdentityStmt { identity_type: ReplicaIdentityType::Index, name });
            }
        };
        self.advance();
        Ok(ReplicaIdentityStmt { identity_type, name: None })
    }

    fn add_cmd(&mut self, loc: ParseLoc) -> PgResult<AlterTableCmd> {
        self.expect(Kw::Add)?;
        if self.at_table_constraint() {
            let def = AlterTableDef::Constraint(Box::new(self.table_constraint()?));
            return Ok(AlterTableCmd {
                def: Some(def),
                ..AlterTableCmd::new(At::AddConstraint, loc)
            });
        }
        self.eat(Kw::Column);
        let missing_ok = self.opt_if_not_exists()?;
        let def = Some(AlterTableDef::ColumnDef(Box::new(self.column_def()?)));
        Ok(AlterTableCmd { def, missing_ok, ..AlterTableCmd::new(At::AddColumn, loc) })
    }

    fn drop_cmd(&mut self, loc: ParseLoc) -> PgResult<AlterTableCmd> {
        self.expect(Kw::Drop)?;
        let subtype = if self.eat(Kw::Constraint) {
            At::DropConstraint
        } else {
            self.eat(Kw::Column);
            At::DropColumn
        };
        let missing_ok = self.at_all(&[Kw::If, Kw::Exists]) && self.opt_if_exists()?;
        let name = self.col_id()?;
        let behavior = self.opt_drop_behavior();
        Ok(AlterTableCmd { missing_ok, behavior, ..named(subtype, name, loc) })
    }

    /// SET for the whole relation.
    fn set_cmd(&mut self, loc: ParseLoc) -> PgResult<AlterTableCmd> {
        self.expect(Kw::Set)?;
        let plain = |subtype| Ok(AlterTableCmd::new(subtype, loc));
        if self.at_char(b'(') {
            let def = Some(AlterTableDef::Options(self.reloptions()?));
            return Ok(AlterTableCmd { def, ..AlterTableCmd::new(At::SetRelOptions, loc) });
        }
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        self.advance();
        match kw {
            Kw::Without => {
                if self.eat(Kw::Oids) {
                    return plain(At::DropOids);
                }
                self.expect(Kw::Cluster)?;
                plain(At::DropCluster)
            }
            Kw::Logged => plain(At::SetLogged),
            Kw::Unlogged => plain(At::SetUnLogged),
            Kw::Access => {
                self.expect(Kw::Method)?;
                let default = self.at(Kw::Default);
                let name = self.col_id_or_default()?;
                // No name stands for the default access method.
                Ok(AlterTableCmd {
                    name: (!default).then_some(name),
                    ..AlterTableCmd::new(At::SetAccessMethod, loc)
                })
            }
            Kw::Tablespace => Ok(named(At::SetTableSpace, self.name()?, loc)),
            _ => {
                self.pos -= 1;
                Err(self.unexpected())
            }
        }
    }

    fn enable_cmd(&mut self, loc: ParseLoc) -> PgResult<AlterTableCmd> {
        let enable = self.eat(Kw::Enable);
        if !enable {
            self.expect(Kw::Disable)?;
        }
        if self.eat(Kw::Row) {
            self.expect_all(&[Kw::Level, Kw::Security])?;
            let subtype = if enable { At::EnableRowSecurity } else { At::DisableRowSecurity };
            return Ok(AlterTableCmd::new(subtype, loc));
        }
        let always = enable && self.eat(Kw::Always);
        let replica = enable && !always && self.eat(Kw::Replica);
        if self.eat(Kw::Rule) {
            let subtype = match (enable, always, replica) {
                (_, true, _) => At::EnableAlwaysRule,
                (_, _, true) => At::EnableReplicaRule,
                (true, ..) => At::EnableRule,
                (false, ..) => At::DisableRule,
            };
            return Ok(named(subtype, self.name()?, loc));
        }
        self.expect(Kw::Trigger)?;
        if !always && !replica {
            if self.eat(Kw::All) {
                let subtype = if enable { At::EnableTrigAll } else { At::DisableTrigAll };
                return Ok(AlterTableCmd::new(subtype, loc));
            }
            if self.eat(Kw::User) {
                let subtype = if enable { At::EnableTrigUser } else { At::DisableTrigUser };
                return Ok(AlterTableCmd::new(subtype, loc));
            }
        }
        let subtype = match (enable, always, replica) {
            (_, true, _) => At::EnableAlwaysTrig,
            (_, _, true) => At::EnableReplicaTrig,
            (true, ..) => At::EnableTrig,
            (false, ..) => At::DisableTrig,
        };
        Ok(named(subtype, self.name()?, loc))
    }

    /// ALTER CONSTRAINT and ALTER COLUMN.
    fn alter_cmd(&mut self, loc: ParseLoc) -> PgResult<AlterTableCmd> {
        self.expect(Kw::Alter)?;
        if self.eat(Kw::Constraint) {
            return self.alter_constraint(loc);
        }
        self.eat(Kw::Column);
        let column_loc = self.loc();
        if self.tok() == Tok::IConst {
            let number = self.iconst()?;
            self.expect_all(&[Kw::Set, Kw::Statistics])?;
            let def = self.statistics_value()?.map(AlterTableDef::Integer);
            let Some(num) = i16::try_from(number).ok().filter(|n| *n > 0) else {
                return Err(err!(
                    INVALID_PARAMETER_VALUE,
                    "column number must be in range from 1 to {}",
                    i16::MAX
                )
                .at(column_loc));
            };
            return Ok(AlterTableCmd { num, def, ..AlterTableCmd::new(At::SetStatistics, loc) });
        }
        let name_loc = self.loc();
        let column = self.col_id()?;
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        match kw {
            Kw::Set if self.peek_is(1, Kw::Data) => {
                self.advance();
                self.advance();
                self.alter_column_type(column, name_loc)
            }
            Kw::Type => self.alter_column_type(column, name_loc),
            Kw::Set => self.alter_column_set(column, loc),
            Kw::Drop => self.alter_column_drop(column, loc),
            Kw::Reset => {
                self.advance();
                let def = Some(AlterTableDef::Options(self.reloptions()?));
                Ok(AlterTableCmd { def, ..named(At::ResetOptions, column, loc) })
            }
            Kw::Add => {
                self.advance();
                let at = self.loc();
                self.expect(Kw::Generated)?;
                let mut c = Constraint::new(ConstrType::Identity, at);
                c.generated_when = Some(self.generated_when()?);
                self.expect_all(&[Kw::As, Kw::Identity])?;
                c.options = self.opt_parenthesized_seq_options()?;
                let def = Some(AlterTableDef::Constraint(Box::new(c)));
                Ok(AlterTableCmd { def, ..named(At::AddIdentity, column, loc) })
            }
            Kw::Options => {
                let def = Some(AlterTableDef::Options(self.alter_generic_options()?));
                Ok(AlterTableCmd { def, ..named(At::AlterColumnGenericOptions, column, loc) })
            }
            Kw::Restart => self.alter_identity(column, loc),
            _ => Err(self.unexpected()),
        }
    }

    fn alter_constraint(&mut self, loc: ParseLoc) -> PgResult<AlterTableCmd> {
        let mut c = ATAlterConstraint {
            conname: self.name()?,
            alter_enforceability: false,
            is_enforced: false,
            alter_deferrability: false,
            deferrable: false,
            initdeferred: false,
            alter_inheritability: false,
            noinherit: false,
        };
        if self.eat(Kw::Inherit) {
            c.alter_inheritability = true;
        } else {
            use attribute::*;
            let spec = self.constraint_attributes()?;
            let deferral = NOT_DEFERRABLE | DEFERRABLE | INITIALLY_IMMEDIATE | INITIALLY_DEFERRED;
            c.alter_enforceability = spec.has(ENFORCED | NOT_ENFORCED);
            c.alter_deferrability = spec.has(deferral);
            c.alter_inheritability = spec.has(NO_INHERIT);
            if spec.has(NOT_VALID) {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "constraints cannot be altered to be NOT VALID"
                )
                .at(spec.location()));
            }
            c.deferrable = spec.deferrable();
            c.initdeferred = spec.initdeferred();
            c.is_enforced = !spec.has(NOT_ENFORCED);
            c.noinherit = spec.has(NO_INHERIT);
        }
        let def = Some(AlterTableDef::AlterConstraint(c));
        Ok(AlterTableCmd { def, ..AlterTableCmd::new(At::AlterConstraint, loc) })
    }

    fn alter_column_type(&mut self, column: String, loc: ParseLoc) -> PgResult<AlterTableCmd> {
        self.expect(Kw::Type)?;
        let type_name = Some(self.type_name()?);
        let coll_clause = self.opt_collate_clause()?;
        let raw_default = if self.eat(Kw::Using) { Some(self.a_expr()?) } else { None };
        let def = ColumnDef {
            colname: column.clone(),
            type_name,
            compression: None,
            storage_name: None,
            coll_clause,
            constraints: Vec::new(),
            fdwoptions: Vec::new(),
            raw_default,
            location: loc,
        };
        let def = Some(AlterTableDef::ColumnDef(Box::new(def)));
        Ok(AlterTableCmd { def, ..named(At::AlterColumnType, column, loc) })
    }

    /// A statistics target; None for DEFAULT.
    pub(super) fn statistics_value(&mut self) -> PgResult<Option<i32>> {
        if self.eat(Kw::Default) { Ok(None) } else { Ok(Some(self.signed_iconst()?)) }
    }

    fn alter_column_set(&mut self, column: String, loc: ParseLoc) -> PgResult<AlterTableCmd> {
        match self.peek(1) {
            Tok::Kw(
                Kw::Default
                | Kw::Not
                | Kw::Expression
                | Kw::Statistics
                | Kw::Storage
                | Kw::Compression,
            )
            | Tok::Char(b'(') => self.advance(),
            _ => return self.alter_identity(column, loc),
        }
        if self.at_char(b'(') {
            let def = Some(AlterTableDef::Options(self.reloptions()?));
            return Ok(AlterTableCmd { def, ..named(At::SetOptions, column, loc) });
        }
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        self.advance();
        let (subtype, def) = match kw {
            Kw::Default => {
                let e = self.a_expr()?;
                (At::ColumnDefault, Some(AlterTableDef::Expr(Box::new(e))))
            }
            Kw::Not => {
                self.expect(Kw::Null)?;
                (At::SetNotNull, None)
            }
            Kw::Expression => {
                self.expect(Kw::As)?;
                let e = self.parens(Self::a_expr)?;
                (At::SetExpression, Some(AlterTableDef::Expr(Box::new(e))))
            }
            Kw::Statistics => {
                (At::SetStatistics, self.statistics_value()?.map(AlterTableDef::Integer))
            }
            Kw::Storage => (At::SetStorage, Some(AlterTableDef::Name(self.col_id_or_default()?))),
            _ => (At::SetCompression, Some(AlterTableDef::Name(self.col_id_or_default()?))),
        };
        Ok(AlterTableCmd { def, ..named(subtype, column, loc) })
    }

    fn alter_column_drop(&mut self, column: String, loc: ParseLoc) -> PgResult<AlterTableCmd> {
        self.expect(Kw::Drop)?;
        let subtype = match self.tok() {
            Tok::Kw(Kw::Default) => At::ColumnDefault,
            Tok::Kw(Kw::Not) => {
                self.expect_all(&[Kw::Not, Kw::Null])?;
                return Ok(named(At::DropNotNull, column, loc));
            }
            Tok::Kw(Kw::Expression) => At::DropExpression,
            Tok::Kw(Kw::Identity) => At::DropIdentity,
            _ => return Err(self.unexpected()),
        };
        self.advance();
        let missing_ok = subtype != At::ColumnDefault && self.opt_if_exists()?;
        Ok(AlterTableCmd { missing_ok, ..named(subtype, column, loc) })
    }

    /// RESTART, SET GENERATED and SET of sequence options.
    fn alter_identity(&mut self, column: String, loc: ParseLoc) -> PgResult<AlterTableCmd> {
        let mut options = Vec::new();
        loop {
            let at = self.loc();
            if self.at(Kw::Restart) {
                options.extend(self.opt_seq_option()?);
            } else if self.eat(Kw::Set) {
                if self.eat(Kw::Generated) {
                    let when = match self.generated_when()? {
                        GeneratedWhen::Always => "a",
                        GeneratedWhen::ByDefault => "d",
                    };
                    let arg = DefArg::String(when.to_owned());
                    options.push(DefElem::new("generated", Some(arg), at));
                    continue;
                }
                let option_loc = self.loc();
                let Some(mut option) = self.opt_seq_option()? else {
                    return Err(self.unexpected());
                };
                if matches!(option.defname.as_str(), "as" | "restart" | "owned_by") {
                    return Err(err!(
                        SYNTAX_ERROR,
                        "sequence option \"{}\" not supported here",
                        option.defname
                    )
                    .at(option_loc));
                }
                option.location = option_loc;
                options.push(option);
            } else if options.is_empty() {
                return Err(self.unexpected());
            } else {
                break;
            }
        }
        let def = Some(AlterTableDef::Options(options));
        Ok(AlterTableCmd { def, ..named(At::SetIdentity, column, loc) })
    }
}
