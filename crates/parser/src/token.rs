//! Tokens as the lexer hands them to the grammar.
use crate::keyword::{Category, Kw};

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tok {
    /// Identifier that is no keyword, or a quoted one.
    Ident,
    /// Character string literal.
    SConst,
    /// `B'…'`
    BConst,
    /// `X'…'`
    XConst,
    /// Integer that fits an i32.
    IConst,
    /// Any other number.
    FConst,
    /// `$n`
    Param,
    /// Operator without a token of its own.
    Op,
    /// A single character.
    Char(u8),
    /// `::`
    TypeCast,
    /// `..`
    DotDot,
    /// `:=`
    ColonEquals,
    /// `=>`
    EqualsGreater,
    /// `<=`
    LessEquals,
    /// `>=`
    GreaterEquals,
    /// `<>` or `!=`
    NotEquals,
    /// Keyword.
    Kw(Kw),
    /// NOT before BETWEEN, IN, LIKE, ILIKE, SIMILAR.
    NotLa,
    /// NULLS before FIRST, LAST.
    NullsLa,
    /// WITH before TIME, ORDINALITY.
    WithLa,
    /// WITHOUT before TIME.
    WithoutLa,
    /// FORMAT before JSON.
    FormatLa,
    /// The lexer failed here; its error is raised when the grammar gets here.
    Error,
    /// End of the text.
    Eof,
}

impl Tok {
    /// Name of a column, table …
    #[inline]
    pub fn is_col_id(self) -> bool {
        match self {
            Tok::Ident => true,
            Tok::Kw(k) => {
                matches!(k.info().category, Category::Unreserved | Category::ColName)
            }
            _ => false,
        }
    }

    /// Name of a type or function.
    #[inline]
    pub fn is_type_function_name(self) -> bool {
        match self {
            Tok::Ident => true,
            Tok::Kw(k) => {
                matches!(k.info().category, Category::Unreserved | Category::TypeFuncName)
            }
            _ => false,
        }
    }

    /// Any word but a reserved one.
    #[inline]
    pub fn is_non_reserved_word(self) -> bool {
        match self {
            Tok::Ident => true,
            Tok::Kw(k) => k.info().category != Category::Reserved,
            _ => false,
        }
    }

    /// Label after AS.
    #[inline]
    pub fn is_col_label(self) -> bool {
        matches!(self, Tok::Ident | Tok::Kw(_))
    }

    /// Label without AS.
    #[inline]
    pub fn is_bare_col_label(self) -> bool {
        match self {
            Tok::Ident => true,
            Tok::Kw(k) => k.info().bare_label,
            _ => false,
        }
    }

    /// Reserved keyword.
    pub fn is_reserved(self) -> bool {
        matches!(self, Tok::Kw(k) if k.info().category == Category::Reserved)
    }
}

/// `val` of a token whose value is its text.
pub const NO_VALUE: u32 = u32::MAX;

/// A token: its kind, place and, for some kinds, value.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// Kind.
    pub tok: Tok,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Integer's or parameter's value; index of a decoded string; [`NO_VALUE`] where the value is
    /// the text itself (without its quotes).
    pub val: u32,
}
