//! Options of COPY, checked against each other.
use error::{PgResult, bail, err};
use parser::ast::{CopyStmt, DefArg, DefElem};

/// Form of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum CopyFormat {
    #[default]
    Text,
    Csv,
    Binary,
}

/// HEADER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Header {
    #[default]
    No,
    Yes,
    Match,
}

/// Columns that an option names.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) enum ColumnSet {
    #[default]
    None,
    All,
    Named(Vec<String>),
}

/// All options.
#[derive(Clone, Debug)]
pub(crate) struct CopyOptions {
    pub(crate) format: CopyFormat,
    pub(crate) header: Header,
    pub(crate) delimiter: u8,
    pub(crate) null: String,
    pub(crate) default: Option<String>,
    pub(crate) quote: u8,
    pub(crate) escape: u8,
    pub(crate) force_quote: ColumnSet,
    pub(crate) force_not_null: ColumnSet,
    pub(crate) force_null: ColumnSet,
    pub(crate) freeze: bool,
    pub(crate) ignore_errors: bool,
    pub(crate) reject_limit: Option<i64>,
    pub(crate) verbose: bool,
    pub(crate) silent: bool,
}

struct Given<'a> {
    format: Option<CopyFormat>,
    delimiter: Option<String>,
    null: Option<String>,
    quote: Option<String>,
    escape: Option<String>,
    seen: Vec<&'a str>,
}

impl CopyOptions {
    /// Reads and checks a statement's options.
    pub(crate) fn new(stmt: &CopyStmt) -> PgResult<CopyOptions> {
        let mut o = CopyOptions {
            format: CopyFormat::Text,
            header: Header::No,
            delimiter: b'\t',
            null: "\\N".to_owned(),
            default: None,
            quote: b'"',
            escape: b'"',
            force_quote: ColumnSet::None,
            force_not_null: ColumnSet::None,
            force_null: ColumnSet::None,
            freeze: false,
            ignore_errors: false,
            reject_limit: None,
            verbose: false,
            silent: false,
        };
        let mut given = Given {
            format: None,
            delimiter: None,
            null: None,
            quote: None,
            escape: None,
            seen: Vec::new(),
        };
        for item in &stmt.options {
            if given.seen.contains(&item.defname.as_str()) {
                return Err(
                    err!(SYNTAX_ERROR, "conflicting or redundant options").at(item.location)
                );
            }
            given.seen.push(&item.defname);
            read_option(&mut o, &mut given, item, stmt.is_from)?;
        }
        complete(&mut o, given, stmt.is_from)?;
        Ok(o)
    }
}

fn read_option(
    o: &mut CopyOptions,
    given: &mut Given<'_>,
    item: &DefElem,
    is_from: bool,
) -> PgResult<()> {
    match item.defname.as_str() {
        "format" => {
            let name = text(item)?;
            given.format = Some(match name.as_str() {
                "text" => CopyFormat::Text,
                "csv" => CopyFormat::Csv,
                "binary" => CopyFormat::Binary,
                _ => {
                    return Err(err!(
                        INVALID_PARAMETER_VALUE,
                        "COPY format \"{name}\" not recognized"
                    )
                    .at(item.location));
                }
            });
        }
        "freeze" => o.freeze = boolean(item)?,
        "delimiter" => given.delimiter = Some(text(item)?),
        "null" => given.null = Some(text(item)?),
        "default" => o.default = Some(text(item)?),
        "header" => {
            o.header = match &item.arg {
                Some(DefArg::String(s)) if s.eq_ignore_ascii_case("match") => {
                    if !is_from {
                        bail!(INVALID_PARAMETER_VALUE, "cannot use \"{s}\" with HEADER in COPY TO");
                    }
                    Header::Match
                }
                _ => match header_boolean(item)? {
                    true => Header::Yes,
                    false => Header::No,
                },
            };
        }
        "quote" => given.quote = Some(text(item)?),
        "escape" => given.escape = Some(text(item)?),
        "force_quote" => o.force_quote = columns(item)?,
        "force_not_null" => o.force_not_null = columns(item)?,
        "force_null" => o.force_null = columns(item)?,
        "encoding" => {
            let name = text(item)?;
            match settings::Encoding::from_name(&name) {
                Some(settings::Encoding::Utf8 | settings::Encoding::SqlAscii) => {}
                Some(_) => return Err(error::not_supported!("COPY in encoding {name}")),
                None => {
                    return Err(err!(
                        INVALID_PARAMETER_VALUE,
                        "argument to option \"encoding\" must be a valid encoding name"
                    )
                    .at(item.location));
                }
            }
        }
        "on_error" => {
            let value = text(item)?;
            if !is_from {
                return Err(err!(
                    INVALID_PARAMETER_VALUE,
                    "COPY ON_ERROR cannot be used with COPY TO"
                )
                .at(item.location));
            }
            o.ignore_errors = match value.to_ascii_lowercase().as_str() {
                "stop" => false,
                "ignore" => true,
                _ => {
                    return Err(err!(
                        INVALID_PARAMETER_VALUE,
                        "COPY ON_ERROR \"{value}\" not recognized"
                    )
                    .at(item.location));
                }
            };
        }
        "reject_limit" => {
            let limit = match &item.arg {
                Some(DefArg::Integer(n)) => i64::from(*n),
                _ => text(item)?.parse().unwrap_or(0),
            };
            if limit <= 0 {
                bail!(INVALID_PARAMETER_VALUE, "REJECT_LIMIT ({limit}) must be greater than zero");
            }
            o.reject_limit = Some(limit);
        }
        "log_verbosity" => {
            let value = text(item)?;
            match value.to_ascii_lowercase().as_str() {
                "silent" => o.silent = true,
                "default" => {}
                "verbose" => o.verbose = true,
                _ => {
                    return Err(err!(
                        INVALID_PARAMETER_VALUE,
                        "COPY LOG_VERBOSITY \"{value}\" not recognized"
                    )
                    .at(item.location));
                }
            }
        }
        "oids" => bail!(SYNTAX_ERROR, "option \"oids\" not recognized"),
        other => {
            return Err(err!(SYNTAX_ERROR, "option \"{other}\" not recognized").at(item.location));
        }
    }
    Ok(())
}

fn text(item: &DefElem) -> PgResult<String> {
    match &item.arg {
        Some(DefArg::String(s) | DefArg::Float(s)) => Ok(s.clone()),
        Some(DefArg::Integer(i)) => Ok(i.to_string()),
        Some(DefArg::Boolean(b)) => Ok((if *b { "true" } else { "false" }).to_owned()),
        Some(DefArg::TypeName(t)) => Ok(t.names.last().cloned().unwrap_or_default()),
        Some(DefArg::Names(names) | DefArg::Strings(names)) => {
            Ok(names.last().cloned().unwrap_or_default())
        }
        _ => Err(err!(SYNTAX_ERROR, "{} requires a parameter", item.defname)),
    }
}

fn boolean(item: &DefElem) -> PgResult<bool> {
    let value = match &item.arg {
        None => Some(true),
        Some(DefArg::Boolean(b)) => Some(*b),
        Some(DefArg::Integer(0)) => Some(false),
        Some(DefArg::Integer(1)) => Some(true),
        _ => match text(item)?.to_ascii_lowercase().as_str() {
            "true" | "on" => Some(true),
            "false" | "off" => Some(false),
            _ => None,
        },
    };
    value.ok_or_else(|| err!(SYNTAX_ERROR, "{} requires a Boolean value", item.defname))
}

fn header_boolean(item: &DefElem) -> PgResult<bool> {
    boolean(item)
        .map_err(|_| err!(SYNTAX_ERROR, "{} requires a Boolean value or \"match\"", item.defname))
}

fn columns(item: &DefElem) -> PgResult<ColumnSet> {
    match &item.arg {
        Some(DefArg::Star) => Ok(ColumnSet::All),
        Some(DefArg::Strings(names) | DefArg::Names(names)) => Ok(ColumnSet::Named(names.clone())),
        Some(DefArg::List(items)) => {
            Ok(ColumnSet::Named(items.iter().map(|i| i.defname.clone()).collect()))
        }
        _ => Err(err!(
            INVALID_PARAMETER_VALUE,
            "argument to option \"{}\" must be a list of column names",
            item.defname
        )
        .at(item.location)),
    }
}

/// Defaults that depend on the format, and which options go together.
fn complete(o: &mut CopyOptions, given: Given<'_>, is_from: bool) -> PgResult<()> {
    o.format = given.format.unwrap_or_default();
    let csv = o.format == CopyFormat::Csv;
    let binary = o.format == CopyFormat::Binary;
    let not_in_binary = |is_given: bool, name: &str| match is_given && binary {
        true => Err(err!(SYNTAX_ERROR, "cannot specify {name} in BINARY mode")),
        false => Ok(()),
    };
    not_in_binary(given.delimiter.is_some(), "DELIMITER")?;
    not_in_binary(given.null.is_some(), "NULL")?;
    not_in_binary(o.default.is_some(), "DEFAULT")?;
    if csv {
        o.delimiter = b',';
        o.null = String::new();
    }
    o.null = given.null.unwrap_or_else(|| o.null.clone());
    let one_byte = |value: &str, name: &str| match value.as_bytes() {
        [b] => Ok(*b),
        _ => Err(err!(FEATURE_NOT_SUPPORTED, "COPY {name} must be a single one-byte character")),
    };
    if let Some(d) = &given.delimiter {
        o.delimiter = one_byte(d, "delimiter")?;
    }
    if matches!(o.delimiter, b'\n' | b'\r') {
        bail!(INVALID_PARAMETER_VALUE, "COPY delimiter cannot be newline or carriage return");
    }
    if o.null.contains(['\n', '\r']) {
        bail!(
            INVALID_PARAMETER_VALUE,
            "COPY null representation cannot use newline or carriage return"
        );
    }
    if !csv && b"\\.abcdefghijklmnopqrstuvwxyz0123456789".contains(&o.delimiter) {
        bail!(INVALID_PARAMETER_VALUE, "COPY delimiter cannot be \"{}\"", char::from(o.delimiter));
    }
    not_in_binary(o.header != Header::No, "HEADER")?;
    let only_csv = |is_given: bool, name: &str| match is_given && !csv {
        true => Err(err!(FEATURE_NOT_SUPPORTED, "COPY {name} requires CSV mode")),
        false => Ok(()),
    };
    only_csv(given.quote.is_some(), "QUOTE")?;
    if let Some(q) = &given.quote {
        o.quote = one_byte(q, "quote")?;
    }
    if csv && o.delimiter == o.quote {
        bail!(INVALID_PARAMETER_VALUE, "COPY delimiter and quote must be different");
    }
    only_csv(given.escape.is_some(), "ESCAPE")?;
    o.escape = match &given.escape {
        Some(e) => one_byte(e, "escape")?,
        None => o.quote,
    };
    let direction = |is_given: bool, name: &str, wanted_from: bool| {
        if is_given && is_from != wanted_from {
            let other = if is_from { "FROM" } else { "TO" };
            bail!(INVALID_PARAMETER_VALUE, "COPY {name} cannot be used with COPY {other}");
        }
        Ok(())
    };
    only_csv(o.force_quote != ColumnSet::None, "FORCE_QUOTE")?;
    direction(o.force_quote != ColumnSet::None, "FORCE_QUOTE", false)?;
    only_csv(o.force_not_null != ColumnSet::None, "FORCE_NOT_NULL")?;
    direction(o.force_not_null != ColumnSet::None, "FORCE_NOT_NULL", true)?;
    only_csv(o.force_null != ColumnSet::None, "FORCE_NULL")?;
    direction(o.force_null != ColumnSet::None, "FORCE_NULL", true)?;
    if o.null.as_bytes().contains(&o.delimiter) {
        bail!(
            INVALID_PARAMETER_VALUE,
            "COPY delimiter character must not appear in the NULL specification"
        );
    }
    if csv && o.null.as_bytes().contains(&o.quote) {
        bail!(
            INVALID_PARAMETER_VALUE,
            "CSV quote character must not appear in the NULL specification"
        );
    }
    direction(o.freeze, "FREEZE", true)?;
    if let Some(default) = &o.default {
        direction(true, "DEFAULT", true)?;
        if default.contains(['\n', '\r']) {
            bail!(
                INVALID_PARAMETER_VALUE,
                "COPY default representation cannot use newline or carriage return"
            );
        }
        if default.as_bytes().contains(&o.delimiter) {
            bail!(
                INVALID_PARAMETER_VALUE,
                "COPY delimiter character must not appear in the DEFAULT specification"
            );
        }
        if csv && default.as_bytes().contains(&o.quote) {
            bail!(
                INVALID_PARAMETER_VALUE,
                "CSV quote character must not appear in the DEFAULT specification"
            );
        }
        if *default == o.null {
            bail!(
                INVALID_PARAMETER_VALUE,
                "NULL specification and DEFAULT specification cannot be the same"
            );
        }
    }
    if binary && o.ignore_errors {
        bail!(SYNTAX_ERROR, "only ON_ERROR STOP is allowed in BINARY mode");
    }
    if o.reject_limit.is_some() && !o.ignore_errors {
        bail!(INVALID_PARAMETER_VALUE, "COPY REJECT_LIMIT requires ON_ERROR to be set to IGNORE");
    }
    Ok(())
}
