//! The tokens of a function body, over the lexer of SQL.
use error::{PgError, PgResult};
use parser::{ParserOptions, lexer, token::Tok};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Identifier or keyword.
    Word,
    /// Integer that fits an i32.
    Int,
    /// Any other number, bit string.
    Number,
    /// String literal.
    Str,
    /// `$n`
    Param,
    /// Operator or punctuation.
    Punct,
    /// End of the body.
    Eof,
}

/// A token and its place in the body.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// A word in lower case (quoted ones as they are), a string's value, else the text.
    pub(crate) text: String,
    pub(crate) quoted: bool,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    /// Whether it is that keyword.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && !self.quoted && self.text == word
    }

    /// Whether it is that operator or punctuation.
    pub(crate) fn is_punct(&self, text: &str) -> bool {
        self.kind == Kind::Punct && self.text == text
    }

    /// A keyword that cannot be a name.
    pub(crate) fn is_reserved(&self) -> bool {
        self.kind == Kind::Word && !self.quoted && RESERVED.contains(&self.text.as_str())
    }
}

/// Words that PL/pgSQL reserves.
const RESERVED: &[&str] = &[
    "all", "begin", "by", "case", "declare", "else", "end", "execute", "for", "foreach", "from",
    "if", "in", "into", "loop", "not", "null", "or", "strict", "then", "to", "using", "when",
    "while",
];

/// Words that begin a statement or a part of one, but may be names.
pub(crate) const UNRESERVED: &[&str] = &[
    "absolute",
    "alias",
    "and",
    "array",
    "assert",
    "backward",
    "call",
    "chain",
    "close",
    "collate",
    "column",
    "column_name",
    "commit",
    "constant",
    "constraint",
    "constraint_name",
    "continue",
    "current",
    "cursor",
    "datatype",
    "debug",
    "default",
    "detail",
    "diagnostics",
    "do",
    "dump",
    "elseif",
    "elsif",
    "errcode",
    "error",
    "exception",
    "exit",
    "fetch",
    "first",
    "forward",
    "get",
    "hint",
    "import",
    "info",
    "insert",
    "is",
    "last",
    "log",
    "merge",
    "message",
    "message_text",
    "move",
    "next",
    "no",
    "notice",
    "open",
    "option",
    "perform",
    "pg_context",
    "pg_datatype_name",
    "pg_exception_context",
    "pg_exception_detail",
    "pg_exception_hint",
    "pg_routine_oid",
    "print_strict_params",
    "prior",
    "query",
    "raise",
    "relative",
    "return",
    "returned_sqlstate",
    "reverse",
    "rollback",
    "row_count",
    "rowtype",
    "schema",
    "schema_name",
    "scroll",
    "slice",
    "sqlstate",
    "stacked",
    "table",
    "table_name",
    "type",
    "use_column",
    "use_variable",
    "variable_conflict",
    "warning",
];

/// Splits a body; a fault of the lexer is kept for when the parser gets there.
pub(crate) fn tokens(
    body: &str,
    options: &ParserOptions,
) -> PgResult<(Vec<Token>, Option<PgError>)> {
    let lexed = lexer::lex(body, options);
    let mut out = Vec::with_capacity(lexed.tokens.len());
    for t in &lexed.tokens {
        let (start, end) = (t.start as usize, t.end as usize);
        let raw = body.get(start..end).unwrap_or_default();
        let value = || match lexed.values.get(t.val as usize) {
            Some(value) => value.clone(),
            None => raw.to_owned(),
        };
        let (kind, text) = match t.tok {
            Tok::Ident => match lexed.values.get(t.val as usize) {
                Some(value) => (Kind::Word, value.clone()),
                None if raw.starts_with('"') => (Kind::Word, raw.trim_matches('"').to_owned()),
                None => (Kind::Word, raw.to_lowercase()),
            },
            Tok::Kw(k) => (Kind::Word, k.info().word.to_owned()),
            Tok::NotLa => (Kind::Word, "not".to_owned()),
            Tok::NullsLa => (Kind::Word, "nulls".to_owned()),
            Tok::WithLa => (Kind::Word, "with".to_owned()),
            Tok::WithoutLa => (Kind::Word, "without".to_owned()),
            Tok::FormatLa => (Kind::Word, "format".to_owned()),
            Tok::SConst => match lexed.values.get(t.val as usize) {
                Some(value) => (Kind::Str, value.clone()),
                None => (Kind::Str, unquoted(raw).to_owned()),
            },
            Tok::IConst => (Kind::Int, raw.to_owned()),
            Tok::FConst => (Kind::Number, raw.to_owned()),
            Tok::BConst | Tok::XConst => (Kind::Number, value()),
            Tok::Param => (Kind::Param, raw.to_owned()),
            Tok::Error | Tok::Eof => (Kind::Eof, String::new()),
            _ => (Kind::Punct, raw.to_owned()),
        };
        let quoted = raw.starts_with('"') || raw.starts_with("U&\"") || raw.starts_with("u&\"");
        out.push(Token { kind, text, quoted, start, end });
    }
    Ok((out, lexed.error))
}

/// The inside of a string literal that needs no decoding.
fn unquoted(raw: &str) -> &str {
    if let Some(rest) = raw.strip_prefix('$') {
        let tag = rest.find('$').map_or(0, |at| at + 2);
        return raw.get(tag..raw.len().saturating_sub(tag)).unwrap_or_default();
    }
    let inner = raw.trim_start_matches(|c: char| c != '\'');
    inner.strip_prefix('\'').and_then(|s| s.strip_suffix('\'')).unwrap_or(inner)
}

/// 1-based line of an offset.
pub(crate) fn line_of(body: &str, offset: usize) -> u32 {
    body.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() as u32 + 1
}
