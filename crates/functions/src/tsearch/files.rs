//! Files of words that dictionaries read: the data directory's `tsearch_data`, then what is built in.
use error::{PgError, PgResult, bail, err};
use fmgr::CallContext;
use std::path::Path;

/// The stop words that come with the server.
const STOP_WORDS: &[(&str, &str)] = &[
    ("danish", include_str!("../../data/tsearch/stop/danish.stop")),
    ("dutch", include_str!("../../data/tsearch/stop/dutch.stop")),
    ("english", include_str!("../../data/tsearch/stop/english.stop")),
    ("finnish", include_str!("../../data/tsearch/stop/finnish.stop")),
    ("french", include_str!("../../data/tsearch/stop/french.stop")),
    ("german", include_str!("../../data/tsearch/stop/german.stop")),
    ("hungarian", include_str!("../../data/tsearch/stop/hungarian.stop")),
    ("italian", include_str!("../../data/tsearch/stop/italian.stop")),
    ("nepali", include_str!("../../data/tsearch/stop/nepali.stop")),
    ("norwegian", include_str!("../../data/tsearch/stop/norwegian.stop")),
    ("portuguese", include_str!("../../data/tsearch/stop/portuguese.stop")),
    ("russian", include_str!("../../data/tsearch/stop/russian.stop")),
    ("spanish", include_str!("../../data/tsearch/stop/spanish.stop")),
    ("swedish", include_str!("../../data/tsearch/stop/swedish.stop")),
    ("turkish", include_str!("../../data/tsearch/stop/turkish.stop")),
];

/// A file that has been read.
pub(super) struct ConfigFile {
    path: String,
    text: String,
}

impl ConfigFile {
    /// Reads `base.extension`; `kind` is what the error calls it.
    pub fn open(
        cx: &CallContext<'_>,
        base: &str,
        extension: &str,
        kind: &str,
    ) -> PgResult<ConfigFile> {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
        if !base.bytes().all(plain) {
            bail!(
                INVALID_PARAMETER_VALUE,
                "invalid text search configuration file name \"{base}\""
            );
        }
        let directory = cx.session.get_setting("data_directory").unwrap_or_default();
        let path = Path::new(&directory).join("tsearch_data").join(format!("{base}.{extension}"));
        let shown = path.display().to_string();
        let fault = match std::fs::read(&path) {
            Ok(bytes) => {
                let text = types::text::validate(&bytes)?.to_owned();
                return Ok(ConfigFile { path: shown, text });
            }
            Err(fault) => fault,
        };
        let built_in = STOP_WORDS.iter().find(|s| extension == "stop" && s.0 == base);
        if let Some((_, text)) = built_in {
            return Ok(ConfigFile { path: shown, text: (*text).to_owned() });
        }
        let reason = match fault.kind() {
            std::io::ErrorKind::NotFound => "No such file or directory".to_owned(),
            std::io::ErrorKind::PermissionDenied => "Permission denied".to_owned(),
            _ => fault.to_string(),
        };
        Err(err!(CONFIG_FILE_ERROR, "could not open {kind} file \"{shown}\": {reason}"))
    }

    /// Its lines without their ends.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }

    /// Adds the line (from 0) to an error about it.
    pub fn at_line(&self, e: PgError, number: usize) -> PgError {
        let line = self.text.split_inclusive('\n').nth(number).unwrap_or("");
        e.context(format!(
            "line {} of configuration file \"{}\": \"{line}\"",
            number + 1,
            self.path
        ))
    }
}

/// A list of stop words, lower-cased and ordered.
pub(super) fn stop_words(cx: &CallContext<'_>, base: &str) -> PgResult<Vec<String>> {
    if base.is_empty() {
        return Ok(Vec::new());
    }
    let file = ConfigFile::open(cx, base, "stop", "stop-word")?;
    let first = |line: &str| {
        let end = line.find(|c: char| c.is_ascii_whitespace()).unwrap_or(line.len());
        line[..end].to_ascii_lowercase()
    };
    let mut words: Vec<String> = file.lines().map(first).filter(|w| !w.is_empty()).collect();
    words.sort_unstable();
    Ok(words)
}
