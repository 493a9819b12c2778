//! Blocks: their variables, exception handlers as subtransactions; CASE.
use super::{Caught, Flow, Run};
use crate::{
    ast::{Block, Condition, DatumDef, Exceptions, Expr, Stmt, When},
    condition,
    host::Place,
};
use error::{PgError, PgResult, err};
use types::{Datum, type_oid};

impl<'r> Run<'r> {
    pub(crate) fn block(&mut self, block: &'r Block) -> PgResult<Flow> {
        let at = *self.frame.place.lock();
        self.initialize(block)?;
        *self.frame.place.lock() = at;
        let flow = match &block.exceptions {
            None => self.statements(&block.body)?,
            Some(exceptions) => self.protected(block, exceptions)?,
        };
        // EXIT of this block's label ends it.
        Ok(match flow {
            Flow::Exit(Some(label)) if Some(&label) == block.label.as_ref() => Flow::Next,
            flow => flow,
        })
    }

    fn initialize(&mut self, block: &'r Block) -> PgResult<()> {
        let f = self.f;
        for dno in &block.vars {
            let (DatumDef::Var(v) | DatumDef::Rec(v)) = f.datum(*dno) else { continue };
            self.place(
                v.lineno,
                Place::During("during statement block local variable initialization"),
            );
            self.vars.values[*dno] = Datum::Null;
            match &v.default {
                Some(expr) => {
                    let (value, typ, typmod) = self.eval(expr)?;
                    self.assign(*dno, value, typ, typmod)?;
                }
                None => {
                    self.vars.set_shape(*dno, None);
                    if v.typ.domain {
                        // The domain may refuse NULL.
                        self.assign(*dno, Datum::Null, type_oid::UNKNOWN, -1)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A block whose errors are caught.
    fn protected(&mut self, block: &'r Block, exceptions: &'r Exceptions) -> PgResult<Flow> {
        let at = *self.frame.place.lock();
        let depth = self.errors.len();
        self.place(0, Place::During("during statement block entry"));
        let sub = self.host.begin_sub()?;
        *self.frame.place.lock() = at;
        let result = self.statements(&block.body).and_then(|flow| {
            // The returned value must be one that outlives the subtransaction: it is.
            self.host.release_sub(sub).map(|()| flow)
        });
        let error = match result {
            Ok(flow) => return Ok(flow),
            Err(e) => e,
        };
        self.errors.truncate(depth);
        let Some(handler) = self.handler_of(exceptions, &error) else {
            self.host.rollback_sub(sub)?;
            return Err(error);
        };
        let caught = self.with_context(error);
        let own_lines = caught.1;
        let caught = caught.0;
        self.place(0, Place::During("during exception cleanup"));
        self.host.rollback_sub(sub)?;
        *self.frame.place.lock() = at;
        self.has_context = false;
        self.vars.values[exceptions.sqlstate_var] = Datum::text(caught.sqlstate().as_str());
        self.vars.values[exceptions.sqlerrm_var] = Datum::text(caught.message());
        self.errors.push(Caught { error: caught, own_lines });
        let flow = self.statements(handler)?;
        self.errors.truncate(depth);
        Ok(flow)
    }

    fn handler_of(&self, exceptions: &'r Exceptions, e: &PgError) -> Option<&'r [Stmt]> {
        let state = e.sqlstate();
        exceptions
            .handlers
            .iter()
            .find(|h| {
                h.conditions.iter().any(|c| match c {
                    Condition::Others => super::is_caught_by_others(state),
                    Condition::State(wanted) => condition::matches(state, *wanted),
                })
            })
            .map(|h| h.body.as_slice())
    }

    /// An error with all lines of its context.
    fn with_context(&self, mut e: PgError) -> (PgError, usize) {
        let outer = self.host.contexts();
        let own = if self.has_context { 1 } else { 0 };
        let own_lines = e.0.context.len() + 1 - own;
        for line in outer.into_iter().skip(own) {
            e = e.context(line);
        }
        (e, own_lines)
    }

    pub(crate) fn case(
        &mut self,
        test: Option<&'r (Expr, usize)>,
        whens: &'r [When],
        otherwise: Option<&'r [Stmt]>,
    ) -> PgResult<Flow> {
        if let Some((expr, var)) = test {
            let (value, typ, typmod) = self.eval(expr)?;
            self.vars.set_type(*var, typ, typmod)?;
            self.vars.values[*var] = value;
        }
        for when in whens {
            if self.eval_bool(&when.expr)? == Some(true) {
                return self.statements(&when.body);
            }
        }
        match otherwise {
            Some(body) => self.statements(body),
            None => {
                Err(err!(CASE_NOT_FOUND, "case not found")
                    .hint("CASE statement is missing ELSE part."))
            }
        }
    }
}
