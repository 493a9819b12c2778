//! Template patterns of numbers, split into nodes and summed up.
use error::{PgResult, bail, err};

/// What a pattern stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Nine,
    Zero,
    Comma,
    Group,
    Point,
    LocalPoint,
    Exponent,
    FillMode,
    Blank,
    Currency,
    Minus,
    Plus,
    Angle,
    Roman,
    LowerRoman,
    Sign,
    SignGroup,
    Spelled,
    UpperOrdinal,
    LowerOrdinal,
    Shift,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Node {
    Pattern(Key),
    Char(char),
}

/// Where a locale's sign goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SignPlace {
    #[default]
    None,
    Before,
    After,
}

/// What the whole template says.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    pub nodes: Vec<Node>,
    /// Digits before and after the point.
    pub pre: usize,
    pub post: usize,
    /// Digits after V.
    pub shift: usize,
    pub sign: SignPlace,
    pre_at_sign: usize,
    /// First position of a forced zero, and the one after the last.
    pub zero_start: usize,
    pub zero_end: usize,
    pub decimal: bool,
    pub zero: bool,
    pub blank: bool,
    pub fill_mode: bool,
    pub locale_sign: bool,
    pub minus: bool,
    pub plus: bool,
    pub angle: bool,
    pub roman: bool,
    pub multi: bool,
    pub exponent: bool,
}

/// Spellings, each before its prefixes.
const TABLE: &[(&str, Key)] = &[
    (",", Key::Comma),
    (".", Key::Point),
    ("0", Key::Zero),
    ("9", Key::Nine),
    ("B", Key::Blank),
    // A keyword that stands for nothing.
    ("C", Key::Spelled),
    ("D", Key::LocalPoint),
    ("EEEE", Key::Exponent),
    ("FM", Key::FillMode),
    ("G", Key::Group),
    ("L", Key::Currency),
    ("MI", Key::Minus),
    ("PL", Key::Plus),
    ("PR", Key::Angle),
    ("RN", Key::Roman),
    ("SG", Key::SignGroup),
    ("SP", Key::Spelled),
    ("S", Key::Sign),
    ("TH", Key::UpperOrdinal),
    ("V", Key::Shift),
    ("b", Key::Blank),
    ("c", Key::Spelled),
    ("d", Key::LocalPoint),
    ("eeee", Key::Exponent),
    ("fm", Key::FillMode),
    ("g", Key::Group),
    ("l", Key::Currency),
    ("mi", Key::Minus),
    ("pl", Key::Plus),
    ("pr", Key::Angle),
    ("rn", Key::LowerRoman),
    ("sg", Key::SignGroup),
    ("sp", Key::Spelled),
    ("s", Key::Sign),
    ("th", Key::LowerOrdinal),
    ("v", Key::Shift),
];

impl Template {
    /// Splits and checks a template.
    pub(super) fn parse(text: &str) -> PgResult<Template> {
        let mut t = Template::default();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some((name, key)) = TABLE.iter().find(|(name, _)| rest.starts_with(name)) {
                rest = &rest[name.len()..];
                t.note(*key)?;
                t.nodes.push(Node::Pattern(*key));
                continue;
            }
            let mut chars = rest.chars();
            match chars.next() {
                Some('"') => {
                    while let Some(c) = chars.next() {
                        match c {
                            '"' => break,
                            '\\' => t.nodes.extend(chars.next().map(Node::Char)),
                            c => t.nodes.push(Node::Char(c)),
                        }
                    }
                }
                Some('\\') if chars.as_str().starts_with('"') => {
                    chars.next();
                    t.nodes.push(Node::Char('"'));
                }
                Some(c) => t.nodes.push(Node::Char(c)),
                None => break,
            }
            rest = chars.as_str();
        }
        if t.roman {
            t.check_roman()?;
        }
        if !t.plus && !t.minus && t.sign == SignPlace::Before && t.pre == t.pre_at_sign {
            // A sign right after the last digit before the point follows the number.
            t.sign = SignPlace::After;
        }
        Ok(t)
    }

    fn check_roman(&self) -> PgResult<()> {
        let alone = !(self.zero
            || self.blank
            || self.decimal
            || self.locale_sign
            || self.minus
            || self.plus
            || self.angle
            || self.multi
            || self.exponent);
        if !alone {
            return Err(err!(SYNTAX_ERROR, "\"RN\" is incompatible with other formats")
                .detail("\"RN\" may only be used together with \"FM\"."));
        }
        Ok(())
    }

    fn note(&mut self, key: Key) -> PgResult<()> {
        if self.exponent && key != Key::Exponent {
            bail!(SYNTAX_ERROR, "\"EEEE\" must be the last pattern used");
        }
        let together = "cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together";
        match key {
            Key::Nine => {
                if self.angle {
                    bail!(SYNTAX_ERROR, "\"9\" must be ahead of \"PR\"");
                }
                if self.multi {
                    self.shift += 1;
                } else if self.decimal {
                    self.post += 1;
                } else {
                    self.pre += 1;
                }
            }
            Key::Zero => {
                if self.angle {
                    bail!(SYNTAX_ERROR, "\"0\" must be ahead of \"PR\"");
                }
                if !self.zero && !self.decimal {
                    self.zero = true;
                    self.zero_start = self.pre;
                }
                if self.decimal {
                    self.post += 1;
                } else {
                    self.pre += 1;
                }
                self.zero_end = self.pre + self.post;
            }
            Key::Blank => self.blank |= self.pre == 0 && self.post == 0 && !self.zero,
            Key::Point | Key::LocalPoint => {
                if self.decimal {
                    bail!(SYNTAX_ERROR, "multiple decimal points");
                }
                if self.multi {
                    bail!(SYNTAX_ERROR, "cannot use \"V\" and decimal point together");
                }
                self.decimal = true;
            }
            Key::FillMode => self.fill_mode = true,
            Key::Sign => {
                if self.locale_sign {
                    bail!(SYNTAX_ERROR, "cannot use \"S\" twice");
                }
                if self.plus || self.minus || self.angle {
                    bail!(SYNTAX_ERROR, "{together}");
                }
                if !self.decimal {
                    self.sign = SignPlace::Before;
                    self.pre_at_sign = self.pre;
                    self.locale_sign = true;
                } else if self.sign == SignPlace::None {
                    self.sign = SignPlace::After;
                    self.locale_sign = true;
                }
            }
            Key::Minus | Key::Plus | Key::SignGroup => {
                if self.locale_sign {
                    let name = match key {
                        Key::Minus => "MI",
                        Key::Plus => "PL",
                        _ => "SG",
                    };
                    bail!(SYNTAX_ERROR, "cannot use \"S\" and \"{name}\" together");
                }
                self.minus |= key != Key::Plus;
                self.plus |= key != Key::Minus;
            }
            Key::Angle => {
                if self.locale_sign || self.plus || self.minus {
                    bail!(
                        SYNTAX_ERROR,
                        "cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together"
                    );
                }
                self.angle = true;
            }
            Key::Roman | Key::LowerRoman => {
                if self.roman {
                    bail!(SYNTAX_ERROR, "cannot use \"RN\" twice");
                }
                self.roman = true;
            }
            Key::Shift => {
                if self.decimal {
                    bail!(SYNTAX_ERROR, "cannot use \"V\" and decimal point together");
                }
                self.multi = true;
            }
            Key::Exponent => self.note_exponent()?,
            _ => {}
        }
        Ok(())
    }

    fn note_exponent(&mut self) -> PgResult<()> {
        if self.exponent {
            bail!(SYNTAX_ERROR, "cannot use \"EEEE\" twice");
        }
        let others = self.blank
            || self.fill_mode
            || self.locale_sign
            || self.angle
            || self.minus
            || self.plus
            || self.roman
            || self.multi;
        if others {
            return Err(err!(SYNTAX_ERROR, "\"EEEE\" is incompatible with other formats").detail(
                "\"EEEE\" may only be used together with digit and decimal point patterns.",
            ));
        }
        self.exponent = true;
        Ok(())
    }
}
