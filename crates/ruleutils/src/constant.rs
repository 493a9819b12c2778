//! Constants as literals.
use crate::deparser::Deparser;
use error::PgResult;
use nodes::Const;
use types::{Datum, type_oid as t};

/// Whether to add `::type`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShowType {
    Never,
    IfNeeded,
    Always,
}

/// A string literal as standard_conforming_strings reads it.
pub(crate) fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Deparser<'_> {
    pub(crate) fn constant(&mut self, c: &Const, show: ShowType) -> PgResult<()> {
        if let Datum::Null = c.value {
            self.put("NULL");
            if show != ShowType::Never {
                let name = self.type_name(c.consttype, c.consttypmod)?;
                self.put(&format!("::{name}"));
                self.const_collation(c)?;
            }
            return Ok(());
        }
        let mut bytes = Vec::new();
        self.session.type_output(c.consttype, &c.value, &mut bytes)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut need_label = false;
        match c.consttype {
            // A negative number would be read as an operator applied to a positive one.
            t::INT4 if !text.starts_with('-') => self.put(&text),
            t::INT4 => {
                self.put(&format!("'{text}'"));
                need_label = true;
            }
            t::NUMERIC
                if text.starts_with(|ch: char| ch.is_ascii_digit())
                    && text.contains(['e', 'E', '.']) =>
            {
                self.put(&text);
            }
            t::NUMERIC => {
                self.put(&format!("'{text}'"));
                need_label = true;
            }
            t::BOOL => self.put(if text == "t" { "true" } else { "false" }),
            _ => {
                let literal = quote_literal(&text);
                self.put(&literal);
            }
        }
        if show == ShowType::Never {
            return Ok(());
        }
        let label = match c.consttype {
            t::BOOL | t::UNKNOWN => false,
            t::INT4 => need_label,
            t::NUMERIC => need_label || c.consttypmod >= 0,
            _ => true,
        };
        if label || show == ShowType::Always {
            let name = self.type_name(c.consttype, c.consttypmod)?;
            self.put(&format!("::{name}"));
        }
        self.const_collation(c)
    }

    fn const_collation(&mut self, c: &Const) -> PgResult<()> {
        if c.constcollid.is_valid() {
            let own = self.catalog.get_type(c.consttype)?.collation;
            if c.constcollid != own {
                let name = self.collation_name(c.constcollid)?;
                self.put(&format!(" COLLATE {name}"));
            }
        }
        Ok(())
    }
}
