//! Statement dispatch and lists of statements.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    /// Statements up to the end of the text.
    pub(crate) fn statements(&mut self) -> PgResult<Vec<RawStmt>> {
        let mut list: Vec<RawStmt> = Vec::new();
        loop {
            let stmt_location = self.loc();
            let stmt = match self.tok() {
                Tok::Kw(kw @ (Kw::Begin | Kw::End)) => Some(self.transaction_stmt(kw)?),
                _ => self.opt_stmt()?,
            };
            if let Some(stmt) = stmt {
                list.push(RawStmt { stmt, stmt_location, stmt_len: 0 });
            }
            match self.tok() {
                Tok::Char(b';') => {
                    let end = self.loc();
                    if let Some(last) = list.last_mut()
                        && last.stmt_len == 0
                    {
                        last.stmt_len = end - last.stmt_location;
                    }
                    self.advance();
                }
                Tok::Eof => return Ok(list),
                _ => return Err(self.unexpected()),
            }
        }
    }

    /// A statement, or nothing before a semicolon or the end.
    pub(super) fn opt_stmt(&mut self) -> PgResult<Option<Stmt>> {
        let kw = match self.tok() {
            Tok::Kw(kw) => kw,
            Tok::Char(b'(') => return Ok(Some(Stmt::SelectStmt(self.select_stmt()?))),
            Tok::WithLa => return Ok(Some(self.preparable_stmt()?)),
            Tok::Char(b';') | Tok::Eof => return Ok(None),
            _ => return Err(self.unexpected()),
        };
        let stmt = match kw {
            Kw::Select
            | Kw::Values
            | Kw::Table
            | Kw::With
            | Kw::Insert
            | Kw::Update
            | Kw::Delete
            | Kw::Merge => self.preparable_stmt(),
            Kw::Abort | Kw::Start | Kw::Commit | Kw::Rollback | Kw::Savepoint | Kw::Release => {
                self.transaction_stmt(kw)
            }
            Kw::Alter => self.alter_stmt(),
            Kw::Analyze | Kw::Analyse => self.analyze_stmt(),
            Kw::Call => self.call_stmt(),
            Kw::Checkpoint => {
                self.advance();
                Ok(Stmt::CheckPointStmt)
            }
            Kw::Close => self.close_stmt(),
            Kw::Cluster => self.cluster_stmt(),
            Kw::Comment => self.comment_stmt(),
            Kw::Copy => self.copy_stmt(),
            Kw::Create => self.create_stmt(),
            Kw::Deallocate => self.deallocate_stmt(),
            Kw::Declare => self.declare_cursor_stmt(),
            Kw::Discard => self.discard_stmt(),
            Kw::Do => self.do_stmt(),
            Kw::Drop => self.drop_stmt(),
            Kw::Execute => Ok(self.execute_stmt()?.into()),
            Kw::Explain => self.explain_stmt(),
            Kw::Fetch | Kw::Move => self.fetch_stmt(),
            Kw::Grant => self.grant_stmt(),
            Kw::Import => self.import_foreign_schema(),
            Kw::Listen => self.listen_stmt(),
            Kw::Load => self.load_stmt(),
            Kw::Lock => self.lock_stmt(),
            Kw::Notify => self.notify_stmt(),
            Kw::Prepare => self.prepare_stmt(),
            Kw::Reassign => self.reassign_owned_stmt(),
            Kw::Refresh => self.refresh_stmt(),
            Kw::Reindex => self.reindex_stmt(),
            Kw::Reset => Ok(self.reset_stmt()?.into()),
            Kw::Revoke => self.revoke_stmt(),
            Kw::Security => self.security_label_stmt(),
            Kw::Set => self.set_stmt(),
            Kw::Show => self.show_stmt(),
            Kw::Truncate => self.truncate_stmt(),
            Kw::Unlisten => self.unlisten_stmt(),
            Kw::Vacuum => self.vacuum_stmt(),
            _ => Err(self.unexpected()),
        };
        stmt.map(Some)
    }
}
