//! Statements of `queries.sql` analysed: result columns, or the error as psql prints it, compared with
//! what PostgreSQL 18 answers (`queries.out`).
#![allow(clippy::unwrap_used)]
mod fixture;

use analyzer::{AnalyzeContext, ParamTypes, analyze};
use catalog::CatalogRead;
use error::PgError;
use fixture::{FixtureCatalog, TestSession};
use std::fmt::Write;

fn report(out: &mut String, sql: &str, e: &PgError) {
    let data = &e.0;
    writeln!(out, "ERROR:  {}", data.message).unwrap();
    if let Some(position) = data.position {
        let (line, column) = shortened(sql, sql[..position as usize].chars().count());
        writeln!(out, "LINE 1: {}", line.trim_end()).unwrap();
        writeln!(out, "{}^", " ".repeat(column + "LINE 1: ".len())).unwrap();
    }
    if let Some(detail) = &data.detail {
        writeln!(out, "DETAIL:  {detail}").unwrap();
    }
    if let Some(hint) = &data.hint {
        writeln!(out, "HINT:  {hint}").unwrap();
    }
}

/// The part of a line around a position that psql shows, and the position in it.
fn shortened(sql: &str, position: usize) -> (String, usize) {
    const WIDTH: usize = 60;
    const RIGHT: usize = 10;
    // psql's \\gdesc sends the blank before it too.
    let chars: Vec<char> = sql.chars().chain([' ']).collect();
    let (mut begin, mut end) = (0, chars.len());
    if end > WIDTH {
        if position + RIGHT <= WIDTH {
            end = WIDTH;
        } else {
            end = end.min(position + RIGHT);
            begin = end.saturating_sub(WIDTH);
        }
    }
    let mut line: String = chars[begin..end].iter().collect();
    let mut column = position - begin;
    if end < chars.len() {
        line.push_str("...");
    }
    if begin > 0 {
        line.insert_str(0, "...");
        column += 3;
    }
    (line, column)
}

fn describe(out: &mut String, catalog: &FixtureCatalog, session: &TestSession, sql: &str) {
    let result = parser::parse(sql, &Default::default()).and_then(|parsed| {
        let mut cx = AnalyzeContext::new(catalog, session, sql);
        cx.param_types = ParamTypes::Variable(Vec::new());
        let query = analyze(&mut cx, &parsed[0])?;
        let mut lines = String::new();
        let columns = match query.command_type {
            nodes::CmdType::Select => &query.target_list,
            _ => &query.returning_list,
        };
        {
            for te in columns.iter().filter(|te| !te.resjunk) {
                let name = te.resname.as_deref().unwrap_or("");
                let typ = catalog.format_type(te.expr.typ(), Some(te.expr.typmod()))?;
                writeln!(lines, "{name}|{typ}").unwrap();
            }
        }
        analyzer::rewrite::rewrite(&mut cx, query)?;
        Ok(lines)
    });
    match result {
        Ok(lines) => out.push_str(&lines),
        Err(e) => report(out, sql, &e),
    }
}

#[test]
fn statements_mean_what_they_mean_to_postgresql() {
    let catalog = FixtureCatalog::new();
    let session = TestSession::new(catalog.clone());
    let dir = env!("CARGO_MANIFEST_DIR");
    let sql = std::fs::read_to_string(format!("{dir}/tests/queries.sql")).unwrap();
    let expected = std::fs::read_to_string(format!("{dir}/tests/queries.out")).unwrap();
    let mut got = String::new();
    for line in sql.lines().filter(|line| !line.is_empty()) {
        writeln!(got, "-- {line}").unwrap();
        describe(&mut got, &catalog, &session, line);
    }
    if std::env::var("WRITE_RESULTS").is_ok() {
        std::fs::write(format!("{dir}/../../target/queries.got"), &got).unwrap();
    }
    let wanted: Vec<&str> = expected.split("\n-- ").collect();
    let found: Vec<&str> = got.split("\n-- ").collect();
    let wrong: Vec<String> = wanted
        .iter()
        .zip(&found)
        .filter(|(w, f)| w.trim_end() != f.trim_end())
        .map(|(w, f)| format!("wanted:\n{w}\ngot:\n{f}\n"))
        .collect();
    assert!(wrong.is_empty(), "{} statements differ\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(wanted.len(), found.len());
}

/// Views over every query that can be one, printed as `pg_get_viewdef` prints them in both layouts.
#[test]
fn views_read_as_in_postgresql() {
    let catalog = FixtureCatalog::new();
    let session = TestSession::new(catalog.clone());
    let dir = env!("CARGO_MANIFEST_DIR");
    let expected = std::fs::read_to_string(format!("{dir}/tests/views.out")).unwrap();
    let mut got = String::new();
    let mut wrong = Vec::new();
    for block in expected.split("\n-- ") {
        let block = block.trim_start_matches("-- ");
        let (sql, wanted) = block.split_once('\n').unwrap_or((block, ""));
        let result = parser::parse(sql, &Default::default()).and_then(|parsed| {
            let mut cx = AnalyzeContext::new(&catalog, &session, sql);
            let query = analyze(&mut cx, &parsed[0])?;
            let names: Vec<String> = query
                .target_list
                .iter()
                .filter(|te| !te.resjunk)
                .filter_map(|te| te.resname.clone())
                .collect();
            let plain = ruleutils::Pretty::INDENT;
            let full = ruleutils::Pretty::FULL;
            let first = ruleutils::query_def(&catalog, &session, &query, Some(&names), plain)?;
            let second = ruleutils::query_def(&catalog, &session, &query, Some(&names), full)?;
            Ok(format!("{first};\n{second};"))
        });
        let text = match result {
            Ok(text) => text,
            Err(e) => format!("{e}"),
        };
        writeln!(got, "-- {sql}\n{text}").unwrap();
        if text.trim_end() != wanted.trim_end() {
            wrong.push(format!("{sql}\nwanted:\n{wanted}\ngot:\n{text}\n"));
        }
    }
    if std::env::var("WRITE_RESULTS").is_ok() {
        std::fs::write(format!("{dir}/../../target/views.got"), &got).unwrap();
    }
    assert!(wrong.is_empty(), "{} views differ\n{}", wrong.len(), wrong.join("\n"));
}
