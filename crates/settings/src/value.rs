//! One setting's value and its check against the definition.
use crate::{
    definition::{SettingDef, VarType},
    units,
};
use error::{PgError, PgResult, err};
use std::sync::Arc;

/// A value of any setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// bool
    Bool(bool),
    /// integer, in the setting's base unit
    Int(i32),
    /// real, in the setting's base unit
    Real(f64),
    /// enum: index into the definition's spellings
    Enum(u16),
    /// string; `None` has never been set
    Str(Option<Arc<str>>),
}

impl Value {
    /// A string value.
    pub fn str(text: &str) -> Value {
        Value::Str(Some(Arc::from(text)))
    }

    /// The text of a string value, empty if unset.
    pub fn as_str(&self) -> &str {
        match self {
            Value::Str(Some(text)) => text,
            _ => "",
        }
    }

    /// Parses and range-checks `text` for `def`.
    pub fn parse(def: &SettingDef, text: &str) -> PgResult<Value> {
        match def.vartype {
            VarType::Bool => parse_bool(text).map(Value::Bool).ok_or_else(|| {
                err!(INVALID_PARAMETER_VALUE, "parameter \"{}\" requires a Boolean value", def.name)
            }),
            VarType::Int => {
                let v = units::parse_int(text, def.unit)
                    .map_err(|hint| invalid(def, text).hint_opt(hint))?;
                if (v as f64) < def.min || (v as f64) > def.max {
                    return Err(out_of_range(def, &v.to_string()));
                }
                Ok(Value::Int(v))
            }
            VarType::Real => {
                let v = units::parse_real(text, def.unit)
                    .map_err(|hint| invalid(def, text).hint_opt(hint))?;
                if v.is_nan() || v < def.min || v > def.max {
                    return Err(out_of_range(def, &units::format_g(v)));
                }
                Ok(Value::Real(v))
            }
            VarType::Enum => match def.enum_index(text) {
                Some(index) => Ok(Value::Enum(index)),
                None => Err(invalid(def, text)
                    .hint(format!("Available values: {}.", def.enum_values.join(", ")))),
            },
            VarType::Str => Ok(Value::str(text)),
        }
    }

    /// As SHOW prints it (`units`) or as pg_settings.setting has it.
    pub fn format(&self, def: &SettingDef, with_units: bool) -> String {
        match self {
            Value::Bool(b) => (if *b { "on" } else { "off" }).to_owned(),
            Value::Int(v) if def.is_octal() => format!("{v:04o}"),
            Value::Int(v) if with_units => units::format_int(*v, def.unit),
            Value::Int(v) => v.to_string(),
            Value::Real(v) if with_units => units::format_real(*v, def.unit),
            Value::Real(v) => units::format_g(*v),
            Value::Enum(i) => def.enum_name(*i).to_owned(),
            Value::Str(text) => text.as_deref().unwrap_or("").to_owned(),
        }
    }
}

trait HintOpt {
    fn hint_opt(self, hint: Option<&'static str>) -> Self;
}

impl HintOpt for PgError {
    fn hint_opt(self, hint: Option<&'static str>) -> Self {
        match hint {
            Some(text) => self.hint(text),
            None => self,
        }
    }
}

/// 22023 `invalid value for parameter`.
pub(crate) fn invalid(def: &SettingDef, text: &str) -> PgError {
    err!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"{}\": \"{text}\"", def.name)
}

fn out_of_range(def: &SettingDef, value: &str) -> PgError {
    let unit = match def.unit.suffix() {
        "" => String::new(),
        suffix => format!(" {suffix}"),
    };
    let bound = |b: f64| match def.vartype {
        VarType::Int => (b as i64).to_string(),
        _ => units::format_g(b),
    };
    err!(
        INVALID_PARAMETER_VALUE,
        "{value}{unit} is outside the valid range for parameter \"{}\" ({}{unit} .. {}{unit})",
        def.name,
        bound(def.min),
        bound(def.max)
    )
}

/// PostgreSQL's Boolean spellings: unique prefixes of true, false, yes, no; on, off (of); 1, 0.
pub fn parse_bool(text: &str) -> Option<bool> {
    let t = text.to_ascii_lowercase();
    let prefix = |word: &str, least: usize| t.len() >= least && word.starts_with(t.as_str());
    if prefix("true", 1) || prefix("yes", 1) || t == "on" || t == "1" {
        Some(true)
    } else if prefix("false", 1) || prefix("no", 1) || prefix("off", 2) || t == "0" {
        Some(false)
    } else {
        None
    }
}
