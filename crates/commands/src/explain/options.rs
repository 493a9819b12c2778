//! Options of EXPLAIN.
use error::{PgResult, bail, err, not_supported};
use parser::ast::{DefArg, DefElem};

/// Output formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ExplainFormat {
    #[default]
    Text,
    Xml,
    Json,
    Yaml,
}

/// SERIALIZE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ExplainSerialize {
    #[default]
    None,
    Text,
    Binary,
}

/// What to show.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct ExplainOptions {
    pub verbose: bool,
    pub analyze: bool,
    pub costs: bool,
    pub wal: bool,
    pub timing: bool,
    pub summary: bool,
    pub memory: bool,
    pub settings: bool,
    pub generic: bool,
    pub serialize: ExplainSerialize,
    pub format: ExplainFormat,
}

fn boolean(o: &DefElem) -> PgResult<bool> {
    let bad = || err!(SYNTAX_ERROR, "{} requires a Boolean value", o.defname);
    match &o.arg {
        None => Ok(true),
        Some(DefArg::Boolean(b)) => Ok(*b),
        Some(DefArg::Integer(0)) => Ok(false),
        Some(DefArg::Integer(1)) => Ok(true),
        _ => match word(o).as_deref() {
            Some("true" | "on") => Ok(true),
            Some("false" | "off") => Ok(false),
            _ => Err(bad()),
        },
    }
}

fn word(o: &DefElem) -> Option<String> {
    match &o.arg {
        Some(DefArg::String(s)) => Some(s.to_ascii_lowercase()),
        Some(DefArg::Names(n)) => n.last().map(|s| s.to_ascii_lowercase()),
        Some(DefArg::TypeName(t)) => t.names.last().map(|s| s.to_ascii_lowercase()),
        _ => None,
    }
}

impl ExplainOptions {
    /// Reads the option list.
    pub fn parse(list: &[DefElem]) -> PgResult<Self> {
        let mut out = ExplainOptions { costs: true, ..ExplainOptions::default() };
        let (mut timing, mut summary) = (None, None);
        for o in list {
            match o.defname.as_str() {
                "analyze" => out.analyze = boolean(o)?,
                "verbose" => out.verbose = boolean(o)?,
                "costs" => out.costs = boolean(o)?,
                // There are no shared buffers to count: what ANALYZE implies prints nothing, what is
                // asked for is refused.
                "buffers" => {
                    if boolean(o)? {
                        return Err(not_supported!("EXPLAIN (BUFFERS)"));
                    }
                }
                "wal" => out.wal = boolean(o)?,
                "settings" => out.settings = boolean(o)?,
                "generic_plan" => out.generic = boolean(o)?,
                "timing" => timing = Some(boolean(o)?),
                "summary" => summary = Some(boolean(o)?),
                "memory" => out.memory = boolean(o)?,
                "serialize" => {
                    out.serialize = match word(o).as_deref() {
                        None if o.arg.is_none() => ExplainSerialize::Text,
                        Some("off" | "none") => ExplainSerialize::None,
                        Some("text") => ExplainSerialize::Text,
                        Some("binary") => ExplainSerialize::Binary,
                        other => return Err(unrecognized(o, other)),
                    };
                }
                "format" => {
                    out.format = match word(o).as_deref() {
                        Some("text") => ExplainFormat::Text,
                        Some("xml") => ExplainFormat::Xml,
                        Some("json") => ExplainFormat::Json,
                        Some("yaml") => ExplainFormat::Yaml,
                        other => return Err(unrecognized(o, other)),
                    };
                }
                other => {
                    return Err(err!(SYNTAX_ERROR, "unrecognized EXPLAIN option \"{other}\"")
                        .at(o.location));
                }
            }
        }
        let need = |on: bool, name: &str| -> PgResult<()> {
            if on && !out.analyze {
                bail!(INVALID_PARAMETER_VALUE, "EXPLAIN option {name} requires ANALYZE");
            }
            Ok(())
        };
        need(out.wal, "WAL")?;
        need(timing == Some(true), "TIMING")?;
        need(out.serialize != ExplainSerialize::None, "SERIALIZE")?;
        if out.generic && out.analyze {
            bail!(
                INVALID_PARAMETER_VALUE,
                "EXPLAIN options ANALYZE and GENERIC_PLAN cannot be used together"
            );
        }
        out.timing = timing.unwrap_or(out.analyze);
        out.summary = summary.unwrap_or(out.analyze);
        Ok(out)
    }
}

fn unrecognized(o: &DefElem, value: Option<&str>) -> error::PgError {
    err!(
        INVALID_PARAMETER_VALUE,
        "unrecognized value for EXPLAIN option \"{}\": \"{}\"",
        o.defname,
        value.unwrap_or_default()
    )
    .at(o.location)
}
