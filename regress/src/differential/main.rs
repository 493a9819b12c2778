//! `differential`: the same random calls on PostgreSQL 18 and on our server, and what differs.
//!
//! # What
//! Functions, aggregates, operators and casts come from the reference's catalog, argument values from
//! edge cases and a seeded generator. Each call runs on both servers; values, result types, SQLSTATEs
//! and messages are compared.
//!
//! # Data
//! ```text
//! DIFFERENTIAL_REFERENCE=host:port/database   PostgreSQL 18      (--reference)
//! DIFFERENTIAL_SUBJECT=host:port/database     our server         (--subject)
//! differential.known   callable TAB reason    differences that are accepted
//! ```
//!
//! # Invariants
//! A seed gives the same calls again. A difference that is not listed fails the run.
#![expect(clippy::print_stdout, reason = "its findings are its output")]

mod calls;
mod client;
mod random;
mod values;

use calls::Callable;
use client::{Answer, Client};
use random::Random;
use std::{collections::BTreeMap, process::ExitCode};

struct Options {
    reference: String,
    subject: String,
    user: String,
    seed: u64,
    calls: usize,
    only: Option<String>,
    known: Option<String>,
    examples: usize,
}

fn options() -> Result<Options, String> {
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut o = Options {
        reference: env("DIFFERENTIAL_REFERENCE"),
        subject: env("DIFFERENTIAL_SUBJECT"),
        user: "postgres".to_string(),
        seed: clock.map_or(0, |d| d.as_secs()),
        calls: 200_000,
        only: None,
        known: None,
        examples: 2,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("not a number: {value}"));
        match arg.as_str() {
            "--reference" => o.reference = value,
            "--subject" => o.subject = value,
            "--user" => o.user = value,
            "--seed" => o.seed = number()?,
            "--calls" => o.calls = number()? as usize,
            "--examples" => o.examples = number()? as usize,
            "--only" => o.only = Some(value),
            "--known" => o.known = Some(value),
            _ => return Err(format!("unknown option {arg}")),
        }
    }
    if o.reference.is_empty() || o.subject.is_empty() {
        return Err("DIFFERENTIAL_REFERENCE and DIFFERENTIAL_SUBJECT name the servers".to_string());
    }
    Ok(o)
}

fn main() -> ExitCode {
    match options().and_then(|o| run(&o)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("differential: {message}");
            ExitCode::from(2)
        }
    }
}

/// Callables whose differences are accepted, from a file of `callable TAB reason`.
fn known(path: Option<&String>) -> Result<Vec<String>, String> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let lines = text.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    Ok(lines.map(|l| l.split('\t').next().unwrap_or(l).to_string()).collect())
}

#[derive(Default)]
struct Difference {
    count: usize,
    examples: Vec<String>,
}

/// Settings that change what values look like; drawn anew now and then.
fn settings(rng: &mut Random) -> String {
    let zone = rng.pick(&["UTC", "America/Los_Angeles", "Asia/Kolkata", "Europe/Berlin"]);
    let date =
        rng.pick(&["ISO, MDY", "ISO, DMY", "SQL, DMY", "Postgres, MDY", "German, DMY", "ISO, YMD"]);
    let interval = rng.pick(&["postgres", "postgres_verbose", "sql_standard", "iso_8601"]);
    let digits = rng.pick(&["1", "1", "0", "3", "-5"]);
    let bytea = rng.pick(&["hex", "escape"]);
    format!(
        "SET TimeZone = '{zone}'; SET DateStyle = '{date}'; SET IntervalStyle = '{interval}'; \
         SET extra_float_digits = {digits}; SET bytea_output = '{bytea}'; SET statement_timeout = '5s'"
    )
}

const SETTINGS_EVERY: usize = 500;
/// The query was cancelled: how long it takes is not compared.
const CANCELLED: &str = "57014";

fn run(o: &Options) -> Result<bool, String> {
    println!("seed {}", o.seed);
    let mut reference = Client::connect(&o.reference, &o.user)?;
    let mut subject = Client::connect(&o.subject, &o.user)?;
    let mut all = calls::load(&mut reference)?;
    if let Some(only) = &o.only {
        all.retain(|c| c.key.contains(only.as_str()));
    }
    if all.is_empty() {
        return Err("nothing to call".to_string());
    }
    let known = known(o.known.as_ref())?;
    let mut rng = Random(o.seed);
    let mut differences: BTreeMap<String, Difference> = BTreeMap::new();
    let (mut same, mut accepted) = (0usize, 0usize);
    let mut current = String::new();
    for n in 0..o.calls {
        if n % SETTINGS_EVERY == 0 {
            current = settings(&mut rng);
            reference.query(&current)?;
            subject.query(&current)?;
        }
        let callable: &Callable = &all[rng.below(all.len())];
        let sql = callable.statement(&mut rng);
        reference.send(&sql)?;
        let sent = subject.send(&sql);
        let want = reference.answer().map_err(|e| format!("reference: {e}: {sql}"))?;
        let got = match sent.and_then(|()| subject.answer()) {
            Ok(got) => got,
            // It hangs or has crashed; the rest runs on a new connection.
            Err(e) => {
                eprintln!("no answer: {sql}: {e}");
                subject = reconnect(o)?;
                subject.query(&current)?;
                Answer::Error("no answer".to_string(), e)
            }
        };
        if want == got || is_cancelled(&want) || is_cancelled(&got) {
            same += 1;
        } else if known.contains(&callable.key) {
            accepted += 1;
        } else {
            let difference = differences.entry(callable.key.clone()).or_default();
            difference.count += 1;
            if difference.examples.len() < o.examples {
                let example = format!("{sql};\n    want {}\n    got  {}", show(&want), show(&got));
                difference.examples.push(example);
            }
        }
    }
    for (key, difference) in &differences {
        println!("{key}  {}x", difference.count);
        for example in &difference.examples {
            println!("  {example}");
        }
    }
    let unlisted: usize = differences.values().map(|d| d.count).sum();
    println!(
        "{} calls of {} callables: {same} same, {accepted} known, {unlisted} different in {} callables",
        o.calls,
        all.len(),
        differences.len()
    );
    Ok(unlisted == 0)
}

/// A new connection; a server that is busy or starts again gets some time.
fn reconnect(o: &Options) -> Result<Client, String> {
    const ATTEMPTS: usize = 20;
    let mut last = String::new();
    for _ in 0..ATTEMPTS {
        match Client::connect(&o.subject, &o.user) {
            Ok(client) => return Ok(client),
            Err(e) => last = e,
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    Err(last)
}

fn is_cancelled(answer: &Answer) -> bool {
    matches!(answer, Answer::Error(state, _) if state == CANCELLED)
}

fn show(answer: &Answer) -> String {
    const MAX: usize = 300;
    let text = match answer {
        Answer::Error(state, message) => format!("{state} {message}"),
        Answer::Rows(types, rows) => format!("{types:?} {rows:?}"),
    };
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
