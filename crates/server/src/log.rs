//! Log lines on standard error, as PostgreSQL writes them.
use error::{PgError, Severity};
use std::{
    io::Write,
    time::{SystemTime, UNIX_EPOCH},
};

/// Writes a line to standard output.
pub fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A LOG line of the server itself.
pub fn log(message: &str) {
    line(std::process::id() as i32, "LOG", message);
}

/// An error of the server itself.
pub fn error(e: &PgError) {
    record(std::process::id() as i32, e, None);
}

/// An error or notice of a session, with the statement that caused it.
pub fn record(pid: i32, e: &PgError, statement: Option<&str>) {
    let e = &e.0;
    let severity = match e.severity {
        Severity::Notice | Severity::Info => e.severity.as_str(),
        other => other.as_str(),
    };
    line(pid, severity, &e.message);
    for (label, text) in [("DETAIL", &e.detail), ("HINT", &e.hint)] {
        if let Some(text) = text {
            line(pid, label, text);
        }
    }
    if !e.context.is_empty() {
        line(pid, "CONTEXT", &e.context.join("\n"));
    }
    if let Some(statement) = statement.filter(|s| !s.is_empty()) {
        line(pid, "STATEMENT", statement);
    }
}

fn line(pid: i32, label: &str, message: &str) {
    let text = message.replace('\n', "\n\t");
    let out = format!("{} [{pid}] {label}:  {text}\n", timestamp(SystemTime::now()));
    // A log that cannot be written must not stop the server.
    let _ = std::io::stderr().write_all(out.as_bytes());
}

fn timestamp(now: SystemTime) -> String {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days as i64);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}.{:03} UTC",
        second / 3600,
        second / 60 % 60,
        second % 60,
        since.subsec_millis()
    )
}

/// Year, month and day of a day number counted from 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_000), (2024, 10, 4));
        assert_eq!(civil(-1), (1969, 12, 31));
    }
}
