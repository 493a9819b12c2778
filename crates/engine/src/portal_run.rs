//! Running a portal: its start, its rows into the sink, its tag.
use crate::{
    context::StatementContext,
    portal::{Portal, Run},
    session_core::SessionCore,
    sink::ResultSink,
    type_io,
};
use error::{PgError, PgResult};
use std::sync::Arc;
use types::Datum;

/// How far a portal ran.
pub(crate) enum Outcome {
    /// To its end, with this tag; none for an empty statement.
    Complete(Option<String>),
    /// The row limit was reached.
    Suspended,
    /// The sink is full.
    Full,
    /// COPY data is expected.
    CopyIn,
}

/// Runs a portal until its end or the sink is full.
pub(crate) fn run_portal(
    core: &Arc<SessionCore>,
    portal: &mut Portal,
    limit: u64,
    describe: bool,
    sink: &mut dyn ResultSink,
) -> PgResult<Outcome> {
    let mut left = limit;
    run_portal_counting(core, portal, &mut left, describe, sink)
}

/// The same, counting down the rows that may still be sent.
pub(crate) fn run_portal_counting(
    core: &Arc<SessionCore>,
    portal: &mut Portal,
    left: &mut u64,
    describe: bool,
    sink: &mut dyn ResultSink,
) -> PgResult<Outcome> {
    if let Run::New = portal.run {
        let outcome = start(core, portal, sink)?;
        if describe && let Some(columns) = &portal.columns {
            sink.row_description(columns, &portal.formats);
        }
        if let Some(outcome) = outcome {
            return Ok(outcome);
        }
    }
    step(core, portal, left, sink)
}

/// Plans a query, or does a utility statement's work.
fn start(
    core: &Arc<SessionCore>,
    portal: &mut Portal,
    sink: &mut dyn ResultSink,
) -> PgResult<Option<Outcome>> {
    use crate::statement::Body;
    let statement = portal.statement.clone();
    match statement.body {
        Body::Empty => {
            portal.run = Run::Done;
            Ok(Some(Outcome::Complete(None)))
        }
        Body::Queries(_) => {
            let cx = core.context();
            let params = portal.params.clone();
            portal.run =
                Run::Query(crate::query_run::QueryRun::start_pooled(&cx, &statement, params)?);
            Ok(None)
        }
        Body::Utility => crate::utility::run(core, portal, sink),
    }
}

fn step(
    core: &Arc<SessionCore>,
    portal: &mut Portal,
    left: &mut u64,
    sink: &mut dyn ResultSink,
) -> PgResult<Outcome> {
    let cx = core.context();
    let tag = portal.tag;
    portal.started = true;
    match &mut portal.run {
        Run::Query(run) => {
            loop {
                let want = (*left).min(1024) as usize;
                // With the limit reached the statement is suspended, even if no row may be left.
                if *left == 0 {
                    return Ok(Outcome::Suspended);
                }
                if !run.fill(&cx, want)? {
                    break;
                }
                let (batch, from) = run.rows();
                let n = (batch.len() - from).min(want);
                let mut sent = 0;
                for row in from..from + n {
                    send_row(&cx, &portal.outputs, |i| batch.get(row, i), sink)?;
                    sent += 1;
                    if sink.is_full() {
                        break;
                    }
                }
                run.consume(sent);
                if *left != u64::MAX {
                    *left -= sent as u64;
                }
                if sink.is_full() {
                    return Ok(Outcome::Full);
                }
            }
            let tag = run.tag(tag);
            if let Run::Query(run) = std::mem::replace(&mut portal.run, Run::Done) {
                run.retire(&portal.statement);
            }
            Ok(Outcome::Complete(Some(tag)))
        }
        Run::Rows { rows, tag } => {
            while *left > 0 {
                let Some(row) = rows.pop_front() else {
                    let tag = std::mem::take(tag);
                    portal.run = Run::Done;
                    return Ok(Outcome::Complete(Some(tag)));
                };
                send_row(&cx, &portal.outputs, |i| &row[i], sink)?;
                if *left != u64::MAX {
                    *left -= 1;
                }
                if sink.is_full() {
                    return Ok(Outcome::Full);
                }
            }
            Ok(Outcome::Suspended)
        }
        Run::Fetch(run) => {
            while *left > 0 {
                let Some(row) = run.next() else {
                    let tag = run.tag();
                    portal.run = Run::Done;
                    return Ok(Outcome::Complete(Some(tag)));
                };
                send_row(&cx, &portal.outputs, |i| &row[i], sink)?;
                if *left != u64::MAX {
                    *left -= 1;
                }
                if sink.is_full() {
                    return Ok(Outcome::Full);
                }
            }
            Ok(Outcome::Suspended)
        }
        Run::CopyOut(run) => loop {
            if !run.step(&cx, sink)? {
                let rows = run.rows();
                sink.copy_done();
                portal.run = Run::Done;
                return Ok(Outcome::Complete(Some(format!("COPY {rows}"))));
            }
            if sink.is_full() {
                return Ok(Outcome::Full);
            }
        },
        Run::CopyIn(_) => Ok(Outcome::CopyIn),
        // A portal that is run again has nothing more to send.
        Run::Done => Ok(Outcome::Complete(Some(finished_tag(tag)))),
        Run::New => Err(PgError::internal("portal was not started")),
    }
}

fn finished_tag(tag: &str) -> String {
    match tag {
        "SELECT" | "UPDATE" | "DELETE" | "MERGE" | "FETCH" | "MOVE" => format!("{tag} 0"),
        "INSERT" => "INSERT 0 0".to_owned(),
        other => other.to_owned(),
    }
}

#[inline]
fn send_row<'r>(
    cx: &StatementContext<'_>,
    outputs: &[type_io::ColumnOutput],
    value: impl Fn(usize) -> &'r Datum,
    sink: &mut dyn ResultSink,
) -> PgResult<()> {
    if sink.wants_values() {
        sink.values_row((0..outputs.len()).map(|i| value(i).clone()).collect());
        return Ok(());
    }
    sink.begin_row(outputs.len());
    for (i, output) in outputs.iter().enumerate() {
        match value(i) {
            Datum::Null => sink.null_field(),
            datum => {
                let out = sink.begin_field();
                if let Err(e) = output.write(datum, cx, out) {
                    sink.abandon_row();
                    return Err(e);
                }
                sink.end_field();
            }
        }
    }
    sink.end_row();
    Ok(())
}
