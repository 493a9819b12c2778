//! Runs psql the way PostgreSQL's own driver does.
use crate::{compare, options::Options, status::FileResult};
use std::{
    fs::File,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Database the suite runs in.
const DATABASE: &str = "regression";

fn command(options: &Options, database: &str) -> Command {
    let mut psql = Command::new(&options.psql);
    psql.args(["-X", "-q", "-d", database])
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", options.port.to_string())
        .env("PGUSER", "postgres")
        .env("PGTZ", "America/Los_Angeles")
        .env("PGDATESTYLE", "Postgres, MDY")
        .env("PGOPTIONS", "-c intervalstyle=postgres_verbose")
        .env("PGAPPNAME", "pg_regress")
        .env("PGCONNECT_TIMEOUT", "20")
        .env("LC_MESSAGES", "C")
        .env("PG_ABS_SRCDIR", &options.suite)
        .env("PG_ABS_BUILDDIR", &options.out)
        .env("PG_LIBDIR", &options.out)
        .env("PG_DLSUFFIX", ".so")
        .env_remove("PGCLIENTENCODING");
    psql
}

/// Makes the database and sets what the suite expects of it.
pub fn create_database(options: &Options) -> Result<(), String> {
    let settings = [
        "lc_messages TO 'C'",
        "lc_monetary TO 'C'",
        "lc_numeric TO 'C'",
        "lc_time TO 'C'",
        "bytea_output TO 'hex'",
        "timezone_abbreviations TO 'Default'",
    ];
    let mut sql = vec![format!("CREATE DATABASE \"{DATABASE}\" TEMPLATE=template0")];
    sql.extend(settings.iter().map(|s| format!("ALTER DATABASE \"{DATABASE}\" SET {s}")));
    for statement in &sql {
        let output = command(options, "postgres").args(["-c", statement]).output();
        let output = output.map_err(|e| format!("{}: {e}", options.psql.display()))?;
        if !output.status.success() {
            // The score shows what depends on it; the run goes on.
            eprintln!("{statement}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
    }
    Ok(())
}

/// Runs one file and compares.
pub fn run_file(options: &Options, name: &str) -> FileResult {
    let started = Instant::now();
    let sql_path = options.suite.join(format!("sql/{name}.sql"));
    let out_path = options.out.join(format!("results/{name}.out"));
    let hung = match spawn(options, &sql_path, &out_path) {
        Ok(hung) => hung,
        Err(message) => {
            eprintln!("{name}: {message}");
            true
        }
    };
    let sql = read(&sql_path);
    let actual = read(&out_path);
    let comparison = compare::best(&sql, &actual, &expected(options, name));
    FileResult {
        name: name.to_string(),
        matched: comparison.matched,
        total: comparison.total,
        identical: comparison.identical,
        hung,
        crashed: actual.contains("server closed the connection unexpectedly"),
        seconds: started.elapsed().as_secs_f64(),
        causes: crate::causes::count(&comparison.unexpected),
    }
}

/// Waits for psql; true if it had to be killed.
fn spawn(options: &Options, sql: &PathBuf, out: &PathBuf) -> Result<bool, String> {
    let stdin = File::open(sql).map_err(|e| e.to_string())?;
    let stdout = File::create(out).map_err(|e| e.to_string())?;
    let stderr = stdout.try_clone().map_err(|e| e.to_string())?;
    let mut child = command(options, DATABASE)
        .args(["-a", "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"])
        .stdin(stdin)
        .stdout(stdout)
        .stderr(Stdio::from(stderr))
        .spawn()
        .map_err(|e| e.to_string())?;
    let deadline = Instant::now() + Duration::from_secs(options.timeout);
    loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(_) => return Ok(false),
            None if Instant::now() > deadline => {
                let _ = child.kill();
                let _ = child.wait();
                return Ok(true);
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// All expected alternates of a file.
fn expected(options: &Options, name: &str) -> Vec<String> {
    let suffixes = std::iter::once(String::new()).chain((0..=9).map(|n| format!("_{n}")));
    suffixes
        .map(|s| options.suite.join(format!("expected/{name}{s}.out")))
        .filter(|path| path.exists())
        .map(|path| read(&path))
        .collect()
}

/// The suite has files that are not UTF-8; bytes outside it compare as replacement characters.
fn read(path: &PathBuf) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// Prints the diff of the last run against the closest alternate.
pub fn show_diff(options: &Options, name: &str) -> Result<(), String> {
    let name = name.trim_end_matches(".sql");
    let actual = read(&options.out.join(format!("results/{name}.out")));
    let sql = read(&options.suite.join(format!("sql/{name}.sql")));
    let alternates = expected(options, name);
    let best = compare::best(&sql, &actual, &alternates);
    let text = alternates.get(best.alternate).ok_or(format!("no expected output for {name}"))?;
    let diff = similar::TextDiff::from_lines(text.as_str(), actual.as_str());
    let mut unified = diff.unified_diff();
    let unified = unified.context_radius(3).header("expected", "actual");
    unified.to_writer(std::io::stdout()).map_err(|e| e.to_string())
}
