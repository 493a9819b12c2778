//! Type names.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

/// Bits of `interval` fields in its typmod.
mod interval_mask {
    pub(super) const MONTH: i32 = 1 << 1;
    pub(super) const YEAR: i32 = 1 << 2;
    pub(super) const DAY: i32 = 1 << 3;
    pub(super) const HOUR: i32 = 1 << 10;
    pub(super) const MINUTE: i32 = 1 << 11;
    pub(super) const SECOND: i32 = 1 << 12;
    /// No restriction of fields.
    pub(super) const FULL_RANGE: i32 = 0x7fff;
}

fn int_const(value: i32, location: ParseLoc) -> Expr {
    Expr::AConst(AConst { val: ConstValue::Integer(value), location })
}

impl Parser<'_> {
    /// A complete type name: `SETOF t[3]`.
    pub(super) fn type_name(&mut self) -> PgResult<TypeName> {
        error::check_stack_depth()?;
        let setof = self.eat(Kw::Setof);
        let mut t = self.simple_type_name()?;
        t.setof = setof;
        if self.eat(Kw::Array) {
            let mut bound = -1;
            if self.eat_char(b'[') {
                bound = self.iconst()?;
                self.expect_char(b']')?;
            }
            t.array_bounds.push(bound);
        } else {
            self.array_bounds(&mut t)?;
        }
        Ok(t)
    }

    fn array_bounds(&mut self, t: &mut TypeName) -> PgResult<()> {
        while self.eat_char(b'[') {
            let bound = if self.at_char(b']') { -1 } else { self.iconst()? };
            self.expect_char(b']')?;
            t.array_bounds.push(bound);
        }
        Ok(())
    }

    /// A type name without SETOF and array bounds.
    pub(super) fn simple_type_name(&mut self) -> PgResult<TypeName> {
        let loc = self.loc();
        let Tok::Kw(kw) = self.tok() else { return self.generic_type() };
        match kw {
            Kw::Bit => {
                // Without a length `bit` is any length here, but bit(1) in a column.
                let varying_or_long =
                    self.peek_is(1, Kw::Varying) || self.peek(1) == Tok::Char(b'(');
                let mut t = self.const_type_name(kw)?;
                if !varying_or_long {
                    t.typmods = vec![int_const(1, -1)];
                }
                Ok(t)
            }
            Kw::Char | Kw::Character | Kw::Varchar | Kw::National | Kw::Nchar => {
                self.character_type(false)
            }
            Kw::Interval => {
                self.advance();
                let mut t = TypeName::system("interval", loc);
                if self.at_char(b'(') {
                    let (precision, ploc) = self.paren_iconst()?;
                    t.typmods =
                        vec![int_const(interval_mask::FULL_RANGE, -1), int_const(precision, ploc)];
                } else {
                    t.typmods = self.opt_interval()?;
                }
                Ok(t)
            }
            Kw::Double if !self.peek_is(1, Kw::Precision) => self.generic_type(),
            _ if is_const_type_keyword(kw) => self.const_type_name(kw),
            _ => self.generic_type(),
        }
    }

    fn generic_type(&mut self) -> PgResult<TypeName> {
        let loc = self.loc();
        let mut names = vec![self.type_function_name()?];
        self.attrs(&mut names)?;
        let mut t = TypeName::from_names(names, loc);
        t.typmods = self.opt_type_modifiers()?;
        Ok(t)
    }

    pub(super) fn opt_type_modifiers(&mut self) -> PgResult<Vec<Expr>> {
        if self.at_char(b'(') { self.paren_list(Self::a_expr) } else { Ok(Vec::new()) }
    }

    /// `(n)`
    fn paren_iconst(&mut self) -> PgResult<(i32, ParseLoc)> {
        self.parens(|p| {
            let loc = p.loc();
            Ok((p.iconst()?, loc))
        })
    }

    /// A type spelled with keywords, also before a literal. `kw` is the current token.
    pub(super) fn const_type_name(&mut self, kw: Kw) -> PgResult<TypeName> {
        let loc = self.loc();
        if matches!(kw, Kw::Char | Kw::Character | Kw::Varchar | Kw::National | Kw::Nchar) {
            return self.character_type(true);
        }
        self.advance();
        let name = match kw {
            Kw::Int | Kw::Integer => "int4",
            Kw::Smallint => "int2",
            Kw::Bigint => "int8",
            Kw::Real => "float4",
            Kw::Boolean => "bool",
            Kw::Json => "json",
            Kw::Double => {
                self.expect(Kw::Precision)?;
                "float8"
            }
            Kw::Float => self.opt_float()?,
            Kw::Decimal | Kw::Dec | Kw::Numeric => {
                let mut t = TypeName::system("numeric", loc);
                t.typmods = self.opt_type_modifiers()?;
                return Ok(t);
            }
            Kw::Bit => {
                let name = if self.eat(Kw::Varying) { "varbit" } else { "bit" };
                let mut t = TypeName::system(name, loc);
                if self.at_char(b'(') {
                    t.typmods = self.paren_list(Self::a_expr)?;
                }
                return Ok(t);
            }
            Kw::Time | Kw::Timestamp => return self.datetime_type(kw, loc),
            _ => return Err(self.unexpected()),
        };
        Ok(TypeName::system(name, loc))
    }

    fn opt_float(&mut self) -> PgResult<&'static str> {
        if !self.at_char(b'(') {
            return Ok("float8");
        }
        let (precision, loc) = self.paren_iconst()?;
        match precision {
            ..1 => Err(err!(
                INVALID_PARAMETER_VALUE,
                "precision for type float must be at least 1 bit"
            )
            .at(loc)),
            1..=24 => Ok("float4"),
            25..=53 => Ok("float8"),
            _ => Err(err!(
                INVALID_PARAMETER_VALUE,
                "precision for type float must be less than 54 bits"
            )
            .at(loc)),
        }
    }

    /// `char` is char(1) in general but of any length before a literal.
    fn character_type(&mut self, literal: bool) -> PgResult<TypeName> {
        let loc = self.loc();
        if self.eat(Kw::National) {
            if !self.eat(Kw::Character) {
                self.expect(Kw::Char)?;
            }
        } else if self.eat(Kw::Varchar) {
            let mut t = TypeName::system("varchar", loc);
            t.typmods = self.opt_character_length()?;
            return Ok(t);
        } else {
            self.advance();
        }
        let varying = self.eat(Kw::Varying);
        let mut t = TypeName::system(if varying { "varchar" } else { "bpchar" }, loc);
        t.typmods = self.opt_character_length()?;
        if t.typmods.is_empty() && !varying && !literal {
            t.typmods = vec![int_const(1, -1)];
        }
        Ok(t)
    }

    fn opt_character_length(&mut self) -> PgResult<Vec<Expr>> {
        if !self.at_char(b'(') {
            return Ok(Vec::new());
        }
        let (length, loc) = self.paren_iconst()?;
        Ok(vec![int_const(length, loc)])
    }

    fn datetime_type(&mut self, kw: Kw, loc: ParseLoc) -> PgResult<TypeName> {
        let mut typmods = Vec::new();
        if self.at_char(b'(') {
            let (precision, ploc) = self.paren_iconst()?;
            typmods.push(int_const(precision, ploc));
        }
        let zoned = match self.tok() {
            Tok::WithLa if self.peek_is(1, Kw::Time) => {
                self.advance();
                self.expect_all(&[Kw::Time, Kw::Zone])?;
                true
            }
            Tok::WithoutLa => {
                self.advance();
                self.expect_all(&[Kw::Time, Kw::Zone])?;
                false
            }
            _ => false,
        };
        let name = match (kw, zoned) {
            (Kw::Time, false) => "time",
            (Kw::Time, true) => "timetz",
            (_, false) => "timestamp",
            (_, true) => "timestamptz",
        };
        let mut t = TypeName::system(name, loc);
        t.typmods = typmods;
        Ok(t)
    }

    /// Fields of an interval: `HOUR TO SECOND(3)`.
    pub(super) fn opt_interval(&mut self) -> PgResult<Vec<Expr>> {
        use interval_mask::*;
        let loc = self.loc();
        let Tok::Kw(from) = self.tok() else { return Ok(Vec::new()) };
        let fields: &[(Kw, i32)] = match from {
            Kw::Year => &[(Kw::Year, YEAR), (Kw::Month, MONTH)],
            Kw::Month => &[(Kw::Month, MONTH)],
            Kw::Day => {
                &[(Kw::Day, DAY), (Kw::Hour, HOUR), (Kw::Minute, MINUTE), (Kw::Second, SECOND)]
            }
            Kw::Hour => &[(Kw::Hour, HOUR), (Kw::Minute, MINUTE), (Kw::Second, SECOND)],
            Kw::Minute => &[(Kw::Minute, MINUTE), (Kw::Second, SECOND)],
            Kw::Second => &[(Kw::Second, SECOND)],
            _ => return Ok(Vec::new()),
        };
        self.advance();
        let mut mask = fields[0].1;
        let mut last = from;
        if fields.len() > 1 && self.eat(Kw::To) {
            let Some(to) = fields[1..].iter().position(|f| self.at(f.0)) else {
                return Err(self.unexpected());
            };
            last = fields[to + 1].0;
            self.advance();
            mask = fields[..=to + 1].iter().fold(0, |m, f| m | f.1);
        }
        let mut typmods = vec![int_const(mask, loc)];
        if last == Kw::Second && self.at_char(b'(') {
            let (precision, ploc) = self.paren_iconst()?;
            typmods.push(int_const(precision, ploc));
        }
        Ok(typmods)
    }

    /// `INTERVAL` before a literal: fields after it, or a precision before it.
    pub(super) fn interval_literal(&mut self) -> PgResult<(TypeName, String, ParseLoc)> {
        let mut t = TypeName::system("interval", self.loc());
        self.advance();
        if self.at_char(b'(') {
            let (precision, ploc) = self.paren_iconst()?;
            t.typmods = vec![int_const(interval_mask::FULL_RANGE, -1), int_const(precision, ploc)];
            let loc = self.loc();
            return Ok((t, self.sconst()?, loc));
        }
        let loc = self.loc();
        let text = self.sconst()?;
        t.typmods = self.opt_interval()?;
        Ok((t, text, loc))
    }

    /// A type, or `name%TYPE`.
    pub(super) fn func_type(&mut self) -> PgResult<TypeName> {
        let (at, setof) = if self.at(Kw::Setof) { (1, true) } else { (0, false) };
        if self.peek(at).is_type_function_name() && self.is_percent_type(at) {
            self.pos += at;
            let loc = self.loc();
            let mut names = vec![self.take_name()];
            self.attrs(&mut names)?;
            self.expect_char(b'%')?;
            self.expect(Kw::Type)?;
            let mut t = TypeName::from_names(names, loc);
            t.pct_type = true;
            t.setof = setof;
            return Ok(t);
        }
        self.type_name()
    }

    /// Whether `name.attrs%TYPE` begins `at` tokens ahead.
    fn is_percent_type(&self, mut at: usize) -> bool {
        at += 1;
        let mut dotted = false;
        while self.peek(at) == Tok::Char(b'.') && self.peek(at + 1).is_col_label() {
            dotted = true;
            at += 2;
        }
        dotted && self.peek(at) == Tok::Char(b'%')
    }
}

/// Keywords that begin a type's SQL spelling.
pub(super) fn is_const_type_keyword(kw: Kw) -> bool {
    matches!(
        kw,
        Kw::Int
            | Kw::Integer
            | Kw::Smallint
            | Kw::Bigint
            | Kw::Real
            | Kw::Float
            | Kw::Double
            | Kw::Decimal
            | Kw::Dec
            | Kw::Numeric
            | Kw::Boolean
            | Kw::Bit
            | Kw::Character
            | Kw::Char
            | Kw::Varchar
            | Kw::National
            | Kw::Nchar
            | Kw::Timestamp
            | Kw::Time
            | Kw::Json
    )
}
