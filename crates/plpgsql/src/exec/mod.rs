//! Running a compiled function.
mod assign;
mod block;
mod cursor;
mod diagnostics;
mod expr;
mod loops;
mod query;
mod raise;
mod result;
pub(crate) mod value;

use crate::{
    ast::{Block, DatumDef, Function, Stmt, StmtKind, TriggerKind},
    host::{ContextEntry, Frame, Host, Place},
};
use error::{PgError, PgResult, SqlState, err};
use parking_lot::Mutex;
use std::sync::Arc;
use types::{ArrayValue, Datum, Oid, RecordDesc, RecordValue, type_oid as t};
use value::Variables;

/// How a statement ended.
pub(crate) enum Flow {
    Next,
    Exit(Option<String>),
    Continue(Option<String>),
    Return,
}

/// One run of a function.
pub(crate) struct Run<'r> {
    pub(crate) f: &'r Function,
    pub(crate) host: &'r dyn Host,
    pub(crate) vars: Variables<'r>,
    pub(crate) frame: Arc<Frame>,
    pub(crate) value: Datum,
    pub(crate) value_type: Oid,
    pub(crate) rows: Vec<Vec<Datum>>,
    /// Columns that a set's rows must have; none for a scalar result.
    pub(crate) columns: Option<Arc<RecordDesc>>,
    pub(crate) processed: u64,
    /// The errors that handlers around this place are about, innermost last.
    pub(crate) errors: Vec<Caught>,
    /// The error on its way has its context already.
    pub(crate) has_context: bool,
    pub(crate) params: Vec<Datum>,
}

/// An error that a handler is about.
pub(crate) struct Caught {
    pub(crate) error: PgError,
    /// How many lines of its context are of this function and those it called.
    pub(crate) own_lines: usize,
}

/// What a trigger's function is told.
pub struct TriggerCall<'a> {
    /// pg_trigger.tgname.
    pub name: &'a str,
    /// BEFORE, AFTER, INSTEAD OF.
    pub when: &'a str,
    /// ROW, STATEMENT.
    pub level: &'a str,
    /// INSERT, UPDATE, DELETE, TRUNCATE.
    pub op: &'a str,
    /// The table.
    pub relation: &'a catalog::RelationDesc,
    /// Its schema.
    pub schema: &'a str,
    /// Arguments of the trigger.
    pub args: &'a [String],
    /// Live columns of the old row.
    pub old: Option<Arc<RecordValue>>,
    /// Live columns of the new row.
    pub new: Option<Arc<RecordValue>>,
}

impl<'r> Run<'r> {
    fn new(f: &'r Function, host: &'r dyn Host) -> Self {
        let frame = Arc::new(Frame {
            signature: Arc::from(f.signature.as_str()),
            place: Mutex::new((0, Place::Nowhere)),
        });
        Run {
            f,
            host,
            vars: Variables::new(f, host.catalog()),
            frame,
            value: Datum::Null,
            value_type: Oid::INVALID,
            rows: Vec::new(),
            columns: None,
            processed: 0,
            errors: Vec::new(),
            has_context: false,
            params: Vec::new(),
        }
    }

    /// Runs something as this function: the context lines are there meanwhile.
    fn guarded<T>(&mut self, body: impl FnOnce(&mut Self) -> PgResult<T>) -> PgResult<T> {
        error::check_stack_depth()?;
        self.host.enter(ContextEntry::Frame(self.frame.clone()));
        let result = body(self);
        self.host.leave();
        result.map_err(|e| match std::mem::take(&mut self.has_context) {
            true => e,
            false => e.context(self.frame.line()),
        })
    }

    pub(crate) fn place(&self, line: u32, place: Place) {
        *self.frame.place.lock() = (line, place);
    }

    fn during(&self, text: &'static str) {
        self.place(0, Place::During(text));
    }

    /// The body to its RETURN.
    fn body(&mut self) -> PgResult<()> {
        self.during("during function entry");
        self.set_found(false);
        let f = self.f;
        let flow = self.top_block(&f.body)?;
        if matches!(flow, Flow::Return) {
            return Ok(());
        }
        self.place(0, Place::Nowhere);
        Err(err!(
            S_R_E_FUNCTION_EXECUTED_NO_RETURN_STATEMENT,
            "control reached end of function without RETURN"
        ))
    }

    fn top_block(&mut self, block: &'r Block) -> PgResult<Flow> {
        self.place(self.f.body_line, Place::At("statement block"));
        self.block(block)
    }

    pub(crate) fn set_found(&mut self, found: bool) {
        self.vars.values[self.f.found] = Datum::Bool(found);
    }

    /// Stores the arguments of a call.
    fn store_args(&mut self, args: &mut [Datum]) -> PgResult<()> {
        self.during("while storing call arguments into local variables");
        for (dno, arg) in self.f.args.iter().zip(args.iter_mut()) {
            let value = arg.take();
            match self.f.datum(*dno) {
                DatumDef::Rec(v) => {
                    let typ = v.typ.oid;
                    if value.is_null() {
                        self.vars.values[*dno] = Datum::Null;
                    } else {
                        self.assign(*dno, value, typ, -1)?;
                    }
                }
                _ => self.vars.values[*dno] = value,
            }
        }
        Ok(())
    }

    /// Statements one after the other.
    pub(crate) fn statements(&mut self, list: &'r [Stmt]) -> PgResult<Flow> {
        for stmt in list {
            match self.statement(stmt)? {
                Flow::Next => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, stmt: &'r Stmt) -> PgResult<Flow> {
        let saved = {
            let mut place = self.frame.place.lock();
            std::mem::replace(&mut *place, (stmt.lineno, Place::At(stmt.type_name())))
        };
        self.host.check_interrupts()?;
        let flow = self.run_statement(stmt)?;
        *self.frame.place.lock() = saved;
        Ok(flow)
    }

    fn run_statement(&mut self, stmt: &'r Stmt) -> PgResult<Flow> {
        match &stmt.kind {
            StmtKind::Assign { target, expr } => {
                let (value, typ, typmod) = self.eval(expr)?;
                self.assign(*target, value, typ, typmod)?;
            }
            StmtKind::Block(block) => return self.block(block),
            StmtKind::If { whens, otherwise } => {
                for when in whens {
                    if self.eval_bool(&when.expr)? == Some(true) {
                        return self.statements(&when.body);
                    }
                }
                return self.statements(otherwise);
            }
            StmtKind::Case { test, whens, otherwise } => {
                return self.case(test.as_ref(), whens, otherwise.as_deref());
            }
            StmtKind::Loop(body) => return self.endless(body),
            StmtKind::While { cond, body } => return self.while_loop(cond, body),
            StmtKind::ForInteger { var, lower, upper, step, reverse, body } => {
                return self.for_integer(*var, [lower, upper], step.as_ref(), *reverse, body);
            }
            StmtKind::ForQuery { target, query, body } => {
                return self.for_query(*target, query, body);
            }
            StmtKind::ForCursor { target, cursor, args, body } => {
                return self.for_cursor(*target, *cursor, args.as_ref(), body);
            }
            StmtKind::Foreach { target, slice, expr, body } => {
                return self.foreach(*target, *slice, expr, body);
            }
            StmtKind::Exit { is_exit, label, cond } => {
                if let Some(cond) = cond
                    && self.eval_bool(cond)? != Some(true)
                {
                    return Ok(Flow::Next);
                }
                return Ok(match is_exit {
                    true => Flow::Exit(label.clone()),
                    false => Flow::Continue(label.clone()),
                });
            }
            StmtKind::Return { expr, var } => return self.return_value(expr.as_ref(), *var),
            StmtKind::ReturnNext { expr, var } => self.return_next(expr.as_ref(), *var)?,
            StmtKind::ReturnQuery(query) => self.return_query(query)?,
            StmtKind::Raise(raise) => self.raise(raise)?,
            StmtKind::Assert { cond, message } => self.assert(cond, message.as_ref())?,
            StmtKind::Sql { expr, into, strict } => self.sql(expr, *into, *strict)?,
            StmtKind::Execute { query, into, strict, params } => {
                self.execute(query, *into, *strict, params)?;
            }
            StmtKind::Diagnostics { stacked, items } => self.diagnostics(*stacked, items)?,
            StmtKind::Open { cursor, args, query, options } => {
                self.open(*cursor, args.as_ref(), query.as_ref(), *options)?;
            }
            StmtKind::Fetch { cursor, target, spec } => self.fetch(*cursor, *target, spec)?,
            StmtKind::Close { cursor } => self.close(*cursor)?,
            StmtKind::Perform(expr) => self.perform(expr)?,
            StmtKind::Call { expr, .. } => self.call(expr)?,
            StmtKind::Commit { chain } => self.host.end_transaction(true, *chain)?,
            StmtKind::Rollback { chain } => self.host.end_transaction(false, *chain)?,
            StmtKind::Null => {}
        }
        Ok(Flow::Next)
    }

    fn set_trigger_variables(&mut self, call: &TriggerCall<'_>) {
        let f = self.f;
        for (name, dno) in &f.trigger_vars.names {
            self.vars.values[*dno] = match *name {
                "tg_name" => Datum::text(call.name),
                "tg_when" => Datum::text(call.when),
                "tg_level" => Datum::text(call.level),
                "tg_op" => Datum::text(call.op),
                "tg_relid" => Datum::Oid(call.relation.oid),
                "tg_table_schema" => Datum::text(call.schema),
                "tg_nargs" => Datum::Int4(call.args.len() as i32),
                "tg_argv" => {
                    let elems = call.args.iter().map(|a| Datum::text(a)).collect();
                    // Its subscripts begin at 0.
                    Datum::Array(Arc::new(ArrayValue::with_lower(t::TEXT, elems, 0)))
                }
                _ => Datum::text(&call.relation.name),
            };
        }
        let shape = Arc::new(value::shape_of_relation(call.relation, call.relation.reltype));
        for (dno, row) in [(f.trigger_vars.new, &call.new), (f.trigger_vars.old, &call.old)] {
            self.vars.set_shape(dno, Some(shape.clone()));
            self.vars.values[dno] = match row {
                Some(row) => Datum::Record(row.clone()),
                None => Datum::Null,
            };
        }
    }
}

/// Calls a function for one value.
pub fn call(
    f: &Function,
    host: &dyn Host,
    args: &mut [Datum],
    column_types: &[Oid],
) -> PgResult<Datum> {
    let mut run = Run::new(f, host);
    run.guarded(|run| {
        run.store_args(args)?;
        run.body()?;
        run.during("while casting return value to function's return type");
        run.finish_value(column_types)
    })
}

/// Calls a function for its rows: one value each, or as many as the result has columns.
pub fn call_set(
    f: &Function,
    host: &dyn Host,
    args: &mut [Datum],
    column_types: &[Oid],
) -> PgResult<Vec<Vec<Datum>>> {
    let mut run = Run::new(f, host);
    run.guarded(|run| {
        run.prepare_set(column_types)?;
        run.store_args(args)?;
        run.body()?;
        Ok(std::mem::take(&mut run.rows))
    })
}

/// Runs a DO block.
pub fn call_block(f: &Function, host: &dyn Host) -> PgResult<()> {
    let mut run = Run::new(f, host);
    run.guarded(Run::body)
}

/// Calls a trigger's function: the row it returns.
pub fn call_trigger(
    f: &Function,
    host: &dyn Host,
    call: &TriggerCall<'_>,
) -> PgResult<Option<Arc<RecordValue>>> {
    debug_assert_eq!(f.trigger, TriggerKind::Dml);
    let mut run = Run::new(f, host);
    run.guarded(|run| {
        run.during("while storing call arguments into local variables");
        run.set_trigger_variables(call);
        run.body()?;
        run.during("during function exit");
        if !f.rettype.composite || f.returns_set {
            return Err(err!(DATATYPE_MISMATCH, "trigger procedure cannot return a set"));
        }
        run.finish_trigger(call.relation)
    })
}

/// An error that a run may look at by its code.
pub(crate) fn is_caught_by_others(state: SqlState) -> bool {
    !crate::condition::is_uncatchable(state)
}
