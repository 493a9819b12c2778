//! Publications and subscriptions.
use super::Parser;
use super::alter_object::RENAME_OWNER;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

/// An element as read: without TABLE or TABLES it is of the kind of the one before it.
struct Element {
    kind: Option<PublicationObjSpecType>,
    name: Option<String>,
    table: Option<PublicationTable>,
    location: ParseLoc,
}

impl Parser<'_> {
    pub(super) fn create_publication(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Publication)?;
        let pubname = self.name()?;
        let (mut for_all_tables, mut pubobjects) = (false, Vec::new());
        if self.eat(Kw::For) {
            if self.eat(Kw::All) {
                self.expect(Kw::Tables)?;
                for_all_tables = true;
            } else {
                pubobjects = self.publication_objects()?;
            }
        }
        let options = self.opt_definition()?;
        Ok(CreatePublicationStmt { pubname, options, pubobjects, for_all_tables }.into())
    }

    pub(super) fn alter_publication(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Publication)?;
        let pubname = self.name()?;
        let object = ObjectRef::Name(pubname.clone());
        let kind = ObjectType::Publication;
        if let Some(stmt) = self.opt_alter_common(kind, &object, RENAME_OWNER)? {
            return Ok(stmt);
        }
        let mut stmt = AlterPublicationStmt {
            pubname,
            options: Vec::new(),
            pubobjects: Vec::new(),
            for_all_tables: false,
            action: AlterPublicationAction::SetObjects,
        };
        match self.tok() {
            Tok::Kw(Kw::Set) => {
                self.advance();
                if self.at_char(b'(') {
                    stmt.options = self.definition()?;
                    return Ok(stmt.into());
                }
            }
            Tok::Kw(Kw::Add) => {
                self.advance();
                stmt.action = AlterPublicationAction::AddObjects;
            }
            Tok::Kw(Kw::Drop) => {
                self.advance();
                stmt.action = AlterPublicationAction::DropObjects;
            }
            _ => return Err(self.unexpected()),
        }
        stmt.pubobjects = self.publication_objects()?;
        Ok(stmt.into())
    }

    fn publication_objects(&mut self) -> PgResult<Vec<PublicationObjSpec>> {
        let elements = self.comma_list(Self::publication_element)?;
        resolve_elements(elements)
    }

    fn publication_element(&mut self) -> PgResult<Element> {
        use PublicationObjSpecType as Kind;
        let location = self.loc();
        let mut element = Element { kind: None, name: None, table: None, location };
        if self.eat(Kw::Table) {
            element.kind = Some(Kind::Table);
            let relation = self.relation_expr()?;
            element.table = Some(self.publication_table(relation)?);
            return Ok(element);
        }
        if self.at(Kw::Tables) && self.peek_is(1, Kw::In) {
            self.expect_all(&[Kw::Tables, Kw::In, Kw::Schema])?;
            element.location = self.loc();
            if self.eat(Kw::CurrentSchema) {
                element.kind = Some(Kind::TablesInCurSchema);
            } else {
                element.kind = Some(Kind::TablesInSchema);
                element.name = Some(self.col_id()?);
            }
            return Ok(element);
        }
        if self.eat(Kw::CurrentSchema) {
            return Ok(element);
        }
        let plain = !self.at(Kw::Only);
        let relation = self.relation_expr()?;
        let starred = self.tokens[self.pos - 1].tok == Tok::Char(b'*');
        let table = self.publication_table(relation)?;
        let bare = plain
            && !starred
            && table.relation.schemaname.is_none()
            && table.where_clause.is_none()
            && table.columns.is_empty();
        if bare {
            element.name = Some(table.relation.relname);
        } else {
            element.table = Some(table);
        }
        Ok(element)
    }

    fn publication_table(&mut self, relation: RangeVar) -> PgResult<PublicationTable> {
        let columns = self.opt_name_list()?;
        let where_clause =
            if self.eat(Kw::Where) { Some(self.parens(Self::a_expr)?) } else { None };
        Ok(PublicationTable { relation, where_clause, columns })
    }

    pub(super) fn create_subscription(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Subscription)?;
        let subname = self.name()?;
        self.expect(Kw::Connection)?;
        let conninfo = self.sconst()?;
        self.expect(Kw::Publication)?;
        let publication = self.name_list()?;
        let options = self.opt_definition()?;
        Ok(CreateSubscriptionStmt { subname, conninfo, publication, options }.into())
    }

    pub(super) fn alter_subscription(&mut self) -> PgResult<Stmt> {
        use AlterSubscriptionType as Kind;
        self.expect(Kw::Subscription)?;
        let subname = self.name()?;
        let object = ObjectRef::Name(subname.clone());
        let objtype = ObjectType::Subscription;
        if let Some(stmt) = self.opt_alter_common(objtype, &object, RENAME_OWNER)? {
            return Ok(stmt);
        }
        let mut stmt = AlterSubscriptionStmt {
            kind: Kind::Options,
            subname,
            conninfo: None,
            publication: Vec::new(),
            options: Vec::new(),
        };
        let loc = self.loc();
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        match kw {
            Kw::Set if self.peek(1) == Tok::Char(b'(') => {
                self.advance();
                stmt.options = self.definition()?;
            }
            Kw::Set | Kw::Add | Kw::Drop => {
                self.advance();
                self.expect(Kw::Publication)?;
                stmt.kind = match kw {
                    Kw::Set => Kind::SetPublication,
                    Kw::Add => Kind::AddPublication,
                    _ => Kind::DropPublication,
                };
                stmt.publication = self.name_list()?;
                stmt.options = self.opt_definition()?;
            }
            Kw::Connection => {
                self.advance();
                stmt.kind = Kind::Connection;
                stmt.conninfo = Some(self.sconst()?);
            }
            Kw::Refresh => {
                self.advance();
                self.expect(Kw::Publication)?;
                stmt.kind = Kind::Refresh;
                stmt.options = self.opt_definition()?;
            }
            Kw::Enable | Kw::Disable => {
                self.advance();
                stmt.kind = Kind::Enabled;
                let arg = DefArg::Boolean(kw == Kw::Enable);
                stmt.options = vec![DefElem::new("enabled", Some(arg), loc)];
            }
            Kw::Skip => {
                self.advance();
                stmt.kind = Kind::Skip;
                stmt.options = self.definition()?;
            }
            _ => return Err(self.unexpected()),
        }
        Ok(stmt.into())
    }
}

/// Gives elements without a kind that of the element before, and checks that they fit it.
fn resolve_elements(elements: Vec<Element>) -> PgResult<Vec<PublicationObjSpec>> {
    use PublicationObjSpecType as Kind;
    let fault = |message: &str, loc| Err(err!(SYNTAX_ERROR, "{message}").at(loc));
    let mut previous = None;
    let mut specs = Vec::with_capacity(elements.len());
    for element in elements {
        let Element { kind, mut name, mut table, location } = element;
        let Some(mut kind) = kind.or(previous) else {
            return Err(err!(SYNTAX_ERROR, "invalid publication object list")
                .detail(
                    "One of TABLE or TABLES IN SCHEMA must be specified before a standalone \
                     table or schema name.",
                )
                .at(location));
        };
        if kind == Kind::Table {
            if let Some(name) = name.take() {
                table = Some(PublicationTable {
                    relation: RangeVar::new(None, name, location),
                    where_clause: None,
                    columns: Vec::new(),
                });
            } else if table.is_none() {
                return fault("invalid table name", location);
            }
        } else if let Some(table) = &table {
            return if table.where_clause.is_some() {
                fault("WHERE clause not allowed for schema", location)
            } else if !table.columns.is_empty() {
                fault("column specification not allowed for schema", location)
            } else {
                fault("invalid schema name", location)
            };
        } else if name.is_some() {
            kind = Kind::TablesInSchema;
        } else {
            kind = Kind::TablesInCurSchema;
        }
        previous = Some(kind);
        let pubtable = table.map(Box::new);
        specs.push(PublicationObjSpec { pubobjtype: kind, name, pubtable, location });
    }
    Ok(specs)
}
