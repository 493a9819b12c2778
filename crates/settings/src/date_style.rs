//! DateStyle: an output style and a field order, set by a list of words.
use crate::list::split_words;

/// How dates are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub enum DateOutput {
    #[default]
    Iso,
    Sql,
    Postgres,
    German,
}

/// How ambiguous dates are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub enum DateOrder {
    #[default]
    Mdy,
    Dmy,
    Ymd,
}

/// The setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct DateStyle {
    /// Output style.
    pub output: DateOutput,
    /// Field order.
    pub order: DateOrder,
}

/// Why a text is no DateStyle: the error's DETAIL.
pub type Detail = String;

impl DateStyle {
    /// Reads a list of words over the current value; `default` is what the word DEFAULT means.
    pub fn parse(text: &str, current: DateStyle, default: DateStyle) -> Result<DateStyle, Detail> {
        let words = split_words(text).ok_or_else(|| "List syntax is invalid.".to_owned())?;
        let mut output = None;
        let mut order = None;
        let mut conflict = false;
        for word in words {
            let lower = word.to_ascii_lowercase();
            let mut style = |o: DateOutput| {
                conflict |= output.is_some_and(|p| p != o);
                output = Some(o);
            };
            match lower.as_str() {
                "iso" => style(DateOutput::Iso),
                "sql" => style(DateOutput::Sql),
                "german" => {
                    style(DateOutput::German);
                    // German style implies its order unless one is given.
                    order.get_or_insert((DateOrder::Dmy, false));
                }
                w if w.starts_with("postgres") => style(DateOutput::Postgres),
                "default" => {
                    output.get_or_insert(default.output);
                    order.get_or_insert((default.order, false));
                }
                _ => {
                    let Some(o) = order_word(&lower) else {
                        return Err(format!("Unrecognized key word: \"{word}\"."));
                    };
                    conflict |= matches!(order, Some((p, true)) if p != o);
                    order = Some((o, true));
                }
            }
        }
        if conflict {
            return Err("Conflicting \"DateStyle\" specifications.".to_owned());
        }
        Ok(DateStyle {
            output: output.unwrap_or(current.output),
            order: order.map_or(current.order, |o| o.0),
        })
    }

    /// SHOW's form.
    pub fn as_text(self) -> String {
        let output = match self.output {
            DateOutput::Iso => "ISO",
            DateOutput::Sql => "SQL",
            DateOutput::Postgres => "Postgres",
            DateOutput::German => "German",
        };
        let order = match self.order {
            DateOrder::Mdy => "MDY",
            DateOrder::Dmy => "DMY",
            DateOrder::Ymd => "YMD",
        };
        format!("{output}, {order}")
    }
}

fn order_word(word: &str) -> Option<DateOrder> {
    match word {
        "ymd" => Some(DateOrder::Ymd),
        "dmy" => Some(DateOrder::Dmy),
        "mdy" | "us" => Some(DateOrder::Mdy),
        _ if word.starts_with("euro") => Some(DateOrder::Dmy),
        _ if word.starts_with("noneuro") => Some(DateOrder::Mdy),
        _ => None,
    }
}
