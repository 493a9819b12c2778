//! The undo of one setting: what each open transaction level found, and whether it stays.
use crate::{session::Source, value::Value};

/// A value and where it came from.
pub(crate) type Sourced = (Value, Source);

/// How the current value of a level came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Restored at the level's end in any case (a function's SET clause).
    Save,
    /// Kept at commit.
    Set,
    /// Restored at the end of the transaction.
    Local,
    /// SET and then SET LOCAL: at commit the SET's value stays.
    SetLocal,
}

#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) level: u32,
    state: State,
    prior: Sourced,
    masked: Option<Sourced>,
}

/// Frames of rising level.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stack(Vec<Frame>);

impl Stack {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes the value that is about to be replaced.
    pub(crate) fn push(&mut self, level: u32, state: State, current: &Sourced) {
        if let Some(top) = self.0.last_mut()
            && top.level >= level
        {
            match (state, top.state) {
                (State::Set, State::SetLocal) => {
                    top.masked = None;
                    top.state = State::Set;
                }
                (State::Set, _) => top.state = State::Set,
                (State::Local, State::Set) => {
                    top.masked = Some(current.clone());
                    top.state = State::SetLocal;
                }
                _ => {}
            }
            return;
        }
        self.0.push(Frame { level, state, prior: current.clone(), masked: None });
    }

    /// Ends all levels from `level` on; returns the value to put back, if any.
    pub(crate) fn end_level(&mut self, level: u32, commit: bool) -> Option<Sourced> {
        let mut restored = None;
        while let Some(top) = self.0.last() {
            if top.level < level {
                break;
            }
            let below = self.0.len().checked_sub(2).and_then(|i| self.0.get(i));
            // A committed subtransaction's change now belongs to the level around it.
            let adopt = commit
                && top.state != State::Save
                && top.level > 1
                && below.is_none_or(|b| b.level < top.level - 1);
            if adopt {
                if let Some(top) = self.0.last_mut() {
                    top.level -= 1;
                }
                continue;
            }
            let Some(top) = self.0.pop() else { break };
            if !commit || top.state == State::Save {
                restored = Some(top.prior);
            } else if top.level <= 1 {
                match top.state {
                    State::Local => restored = Some(top.prior),
                    State::SetLocal => restored = top.masked,
                    State::Set | State::Save => {}
                }
            } else if let Some(below) = self.0.last_mut() {
                merge(below, top);
            }
        }
        restored
    }
}

/// Lets `below` take over what a committed level above it did.
fn merge(below: &mut Frame, top: Frame) {
    match top.state {
        State::Set => {
            below.masked = None;
            below.state = if below.state == State::Save { State::Save } else { State::Set };
        }
        State::Local => {
            if below.state == State::Set {
                below.masked = Some(top.prior);
                below.state = State::SetLocal;
            }
        }
        State::SetLocal => {
            below.masked = top.masked;
            below.state = State::SetLocal;
        }
        State::Save => {}
    }
}
