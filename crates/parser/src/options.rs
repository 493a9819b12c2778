//! Settings that change how SQL text is read.

/// `backslash_quote`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BackslashQuote {
    /// `\'` is refused.
    Off,
    /// `\'` is allowed.
    On,
    /// Allowed unless the client's encoding embeds ASCII bytes in characters.
    #[default]
    SafeEncoding,
}

/// Settings of the session that the lexer obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParserOptions {
    /// `standard_conforming_strings`: backslashes are ordinary in `'…'`.
    pub standard_conforming_strings: bool,
    /// `escape_string_warning`.
    pub escape_string_warning: bool,
    /// `backslash_quote`.
    pub backslash_quote: BackslashQuote,
    /// The client's encoding is one of those (SJIS, BIG5 …) that no server uses.
    pub client_only_encoding: bool,
}

impl Default for ParserOptions {
    fn default() -> Self {
        ParserOptions {
            standard_conforming_strings: true,
            escape_string_warning: true,
            backslash_quote: BackslashQuote::SafeEncoding,
            client_only_encoding: false,
        }
    }
}

/// What [`crate::parse_mode`] expects the text to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RawParseMode {
    /// Statements separated by semicolons.
    #[default]
    Default,
    /// One PL/pgSQL expression: a SELECT without the keyword.
    PlpgsqlExpr,
    /// A PL/pgSQL assignment whose target has this many names.
    PlpgsqlAssign(i32),
}
