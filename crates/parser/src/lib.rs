//! PostgreSQL SQL text to raw parse trees with source positions.
//!
//! # What
//! [`parse`] reads statements, [`parse_type_name`] a type, [`parse_expr`] an expression,
//! [`parse_mode`] what PL/pgSQL needs. [`lexer`] and [`keyword`] serve others that read SQL words.
//!
//! # Data
//! ```text
//! &str --lexer--> Vec<Token>, decoded strings --grammar--> Vec<ast::RawStmt>
//! ```
//!
//! # Invariants
//! Nothing here knows a catalog: every tree is what the text says, no more. Errors are PostgreSQL's
//! with the same position. Nesting is bounded by the stack (54001), never by luck.
//!
//! # Not here
//! What names mean: `analyzer`.
//!
//! # PostgreSQL
//! `src/backend/parser/{gram.y,scan.l,parser.c}`, `src/include/nodes/parsenodes.h`

pub mod ast;
mod grammar;
pub mod keyword;
pub mod lexer;
pub mod normalize;
pub mod options;
pub mod token;

#[cfg(test)]
mod tests;

pub use keyword::quote_identifier;
pub use options::{BackslashQuote, ParserOptions, RawParseMode};

use ast::{Expr, RawStmt, Stmt, TypeName};
use error::{PgError, PgResult};
use grammar::Parser;

/// Statements of a text, notices dropped.
pub fn parse(source: &str, options: &ParserOptions) -> PgResult<Vec<RawStmt>> {
    parse_with_notices(source, options, &mut Vec::new())
}

/// Statements of a text. Warnings go to `notices`, also when the parse fails.
pub fn parse_with_notices(
    source: &str,
    options: &ParserOptions,
    notices: &mut Vec<PgError>,
) -> PgResult<Vec<RawStmt>> {
    let mut parser = Parser::new(source, lexer::lex(source, options));
    let result = parser.statements();
    notices.append(&mut parser.notices);
    result
}

/// The statement of a PL/pgSQL expression or assignment, or those of a plain text.
pub fn parse_mode(
    source: &str,
    mode: RawParseMode,
    options: &ParserOptions,
) -> PgResult<Vec<RawStmt>> {
    let mut parser = Parser::new(source, lexer::lex(source, options));
    let stmt = match mode {
        RawParseMode::Default => return parser.statements(),
        RawParseMode::PlpgsqlExpr => Stmt::SelectStmt(parser.plpgsql_expr()?),
        RawParseMode::PlpgsqlAssign(nnames) => parser.plassign_stmt(nnames)?.into(),
    };
    parser.expect_end()?;
    Ok(vec![RawStmt { stmt, stmt_location: 0, stmt_len: 0 }])
}

/// A type's name, with modifiers and array bounds.
pub fn parse_type_name(source: &str, options: &ParserOptions) -> PgResult<TypeName> {
    let mut parser = Parser::new(source, lexer::lex(source, options));
    let type_name = parser.whole_type_name()?;
    parser.expect_end()?;
    Ok(type_name)
}

/// One expression.
pub fn parse_expr(source: &str, options: &ParserOptions) -> PgResult<Expr> {
    let mut parser = Parser::new(source, lexer::lex(source, options));
    let expr = parser.whole_expr()?;
    parser.expect_end()?;
    Ok(expr)
}
