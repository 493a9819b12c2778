//! `regress`: runs PostgreSQL's regression files through psql and keeps the score.
//!
//! # What
//! Each file of the parallel schedule is fed to psql exactly as PostgreSQL's own driver does, against
//! our server; the output is compared byte for byte with every expected alternate. The score
//! (statements whose output matches) goes to `regress/status.toml` and may only rise.
//!
//! # Data
//! ```text
//! schedule ─▶ groups ─▶ psql -a -q < sql/x.sql > out/x.out ─▶ diff with expected/x{,_1..9}.out
//!          ─▶ per statement: matched or not ─▶ status.toml, README.md (causes by kind)
//! ```
//!
//! # Invariants
//! Upstream files are never edited. A file that gets worse, a crash or a hang fails the run.

mod causes;
mod compare;
mod options;
mod psql;
mod schedule;
mod server;
mod statements;
mod status;

use options::Options;
use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("regress: {message}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("regress: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what was asked for; false if the score dropped, or the server crashed or hung.
fn run(options: &Options) -> Result<bool, String> {
    if let Some(name) = &options.diff {
        return psql::show_diff(options, name).map(|()| true);
    }
    let groups = schedule::groups(options)?;
    let mut server = server::Server::start(options)?;
    psql::create_database(options)?;
    let results = Mutex::new(Vec::new());
    for group in &groups {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..options.jobs.min(group.len()) {
                scope.spawn(|| {
                    while let Some(name) = group.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let result = psql::run_file(options, name);
                        report_line(&result);
                        results.lock().unwrap_or_else(|e| e.into_inner()).push(result);
                    }
                });
            }
        });
        if !server.is_alive() {
            mark_crash(&results, group);
            server.restart()?;
        }
    }
    server.stop();
    let results = results.into_inner().unwrap_or_else(|e| e.into_inner());
    status::finish(options, results)
}

fn report_line(result: &status::FileResult) {
    let verdict = match (result.pass(), result.hung) {
        (_, true) => "HANG",
        (true, _) => "ok",
        (false, _) => "fail",
    };
    eprintln!(
        "{:<28} {:<5} {:>5}/{:<5} {:>6.1} s",
        result.name, verdict, result.matched, result.total, result.seconds
    );
}

fn mark_crash(results: &Mutex<Vec<status::FileResult>>, group: &[String]) {
    eprintln!("server is gone after group: {}", group.join(" "));
    for result in results.lock().unwrap_or_else(|e| e.into_inner()).iter_mut() {
        if group.contains(&result.name) {
            result.crashed = true;
        }
    }
}
