//! The partition of a WindowAgg and the frames of its rows.
use crate::{
    Cx,
    batch::{RowView, Rows},
    expr::{CExpr, FnCall},
    store::RowStore,
};
use error::{PgResult, err};
use nodes::frame_option as opt;
use types::Datum;

/// RANGE with an offset.
pub(crate) struct RangeOffsets {
    /// Column of the input that ORDER BY sorts by.
    pub(crate) column: usize,
    pub(crate) start: Option<FnCall>,
    pub(crate) end: Option<FnCall>,
    pub(crate) asc: bool,
    pub(crate) nulls_first: bool,
}

/// What defines the frames.
pub(crate) struct FrameSpec {
    pub(crate) options: u32,
    pub(crate) start_offset: Option<CExpr>,
    pub(crate) end_offset: Option<CExpr>,
    pub(crate) range: Option<RangeOffsets>,
}

/// A frame: rows `[start, end)` without what the exclusion takes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The rows of one partition with their peer groups.
pub(crate) struct Partition {
    pub(crate) rows: RowStore,
    /// For each row the number of its peer group.
    pub(crate) group_of: Vec<u32>,
    /// First row of each group, and the number of rows at the end.
    pub(crate) group_start: Vec<usize>,
    pub(crate) start_value: Datum,
    pub(crate) end_value: Datum,
    last: Frame,
}

impl FrameSpec {
    pub(crate) fn has(&self, bits: u32) -> bool {
        self.options & bits != 0
    }

    /// Whether every frame starts at the partition's first row.
    pub(crate) fn starts_at_head(&self) -> bool {
        self.has(opt::START_UNBOUNDED_PRECEDING)
    }

    pub(crate) fn excludes(&self) -> bool {
        self.has(opt::EXCLUDE_CURRENT_ROW | opt::EXCLUDE_GROUP | opt::EXCLUDE_TIES)
    }

    /// Evaluates the offsets.
    pub(crate) fn offsets(&self, cx: &mut Cx<'_>) -> PgResult<(Datum, Datum)> {
        let mut one = |expr: &Option<CExpr>, which: &str| -> PgResult<Datum> {
            let Some(expr) = expr else { return Ok(Datum::Null) };
            let value = expr.eval(&Rows::NONE, cx)?;
            if value.is_null() {
                return Err(err!(NULL_VALUE_NOT_ALLOWED, "frame {which} offset must not be null"));
            }
            if self.has(opt::ROWS | opt::GROUPS) && integer(&value) < 0 {
                return Err(err!(
                    INVALID_PRECEDING_OR_FOLLOWING_SIZE,
                    "frame {which} offset must not be negative"
                ));
            }
            Ok(value)
        };
        Ok((one(&self.start_offset, "starting")?, one(&self.end_offset, "ending")?))
    }
}

fn integer(value: &Datum) -> i64 {
    match value {
        Datum::Int8(v) => *v,
        Datum::Int4(v) => i64::from(*v),
        Datum::Int2(v) => i64::from(*v),
        _ => 0,
    }
}

impl Partition {
    pub(crate) fn new(rows: RowStore) -> Self {
        Partition {
            rows,
            group_of: Vec::new(),
            group_start: Vec::new(),
            start_value: Datum::Null,
            end_value: Datum::Null,
            last: Frame::default(),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.group_of.clear();
        self.group_start.clear();
        self.last = Frame::default();
    }

    pub(crate) fn len(&self) -> usize {
        self.group_of.len()
    }

    /// Adds a row; `new_group` says it is no peer of the one before.
    pub(crate) fn push(&mut self, row: RowView<'_>, new_group: bool) -> PgResult<()> {
        if new_group {
            self.group_start.push(self.len());
        }
        self.group_of.push(self.group_start.len() as u32 - 1);
        self.rows.push(row)
    }

    pub(crate) fn group(&self, row: usize) -> usize {
        self.group_of[row] as usize
    }

    /// First row of a group; the end of the partition for a group after the last.
    pub(crate) fn start_of(&self, group: usize) -> usize {
        self.group_start.get(group).copied().unwrap_or(self.len())
    }

    /// The frame of a row. Rows have to be asked for in order.
    pub(crate) fn frame(
        &mut self,
        spec: &FrameSpec,
        row: usize,
        cx: &mut Cx<'_>,
    ) -> PgResult<Frame> {
        let start = self.frame_start(spec, row, cx)?;
        let end = self.frame_end(spec, row, cx)?;
        let frame = Frame { start: start.min(self.len()), end: end.min(self.len()) };
        self.last = frame;
        Ok(Frame { start: frame.start, end: frame.end.max(frame.start) })
    }

    fn frame_start(&mut self, spec: &FrameSpec, row: usize, cx: &mut Cx<'_>) -> PgResult<usize> {
        if spec.has(opt::START_UNBOUNDED_PRECEDING) {
            return Ok(0);
        }
        let group = self.group(row);
        if spec.has(opt::START_CURRENT_ROW) {
            return Ok(if spec.has(opt::ROWS) { row } else { self.start_of(group) });
        }
        let preceding = spec.has(opt::START_OFFSET_PRECEDING);
        let offset = integer(&self.start_value);
        if spec.has(opt::ROWS) {
            return Ok(shift(row, offset, preceding).unwrap_or(0));
        }
        if spec.has(opt::GROUPS) {
            return Ok(shift(group, offset, preceding).map_or(0, |g| self.start_of(g)));
        }
        let mut at = self.last.start;
        while at < self.len() {
            if self.in_range(spec, at, row, true, preceding, cx)? {
                break;
            }
            at += 1;
        }
        Ok(at)
    }

    fn frame_end(&mut self, spec: &FrameSpec, row: usize, cx: &mut Cx<'_>) -> PgResult<usize> {
        if spec.has(opt::END_UNBOUNDED_FOLLOWING) {
            return Ok(self.len());
        }
        let group = self.group(row);
        if spec.has(opt::END_CURRENT_ROW) {
            return Ok(if spec.has(opt::ROWS) { row + 1 } else { self.start_of(group + 1) });
        }
        let preceding = spec.has(opt::END_OFFSET_PRECEDING);
        let offset = integer(&self.end_value);
        if spec.has(opt::ROWS) {
            return Ok(shift(row, offset, preceding).map_or(0, |r| r.saturating_add(1)));
        }
        if spec.has(opt::GROUPS) {
            return Ok(
                shift(group, offset, preceding).map_or(0, |g| self.start_of(g.saturating_add(1)))
            );
        }
        let mut at = self.last.end;
        while at < self.len() {
            if !self.in_range(spec, at, row, false, preceding, cx)? {
                break;
            }
            at += 1;
        }
        Ok(at)
    }

    /// For the start: whether row `at` is not before the frame of `row`. For the end: whether it is not
    /// after it.
    fn in_range(
        &mut self,
        spec: &FrameSpec,
        at: usize,
        row: usize,
        start: bool,
        preceding: bool,
        cx: &mut Cx<'_>,
    ) -> PgResult<bool> {
        let Some(range) = &spec.range else { return Ok(true) };
        let base = self.rows.get(row)?[range.column].clone();
        let value = self.rows.get(at)?[range.column].clone();
        if base.is_null() || value.is_null() {
            if base.is_null() && value.is_null() {
                return Ok(true);
            }
            // Rows with NULL come before all others, or after them.
            let value_first = value.is_null() == range.nulls_first;
            return Ok(if start { !value_first } else { value_first });
        }
        let call = if start { &range.start } else { &range.end };
        let Some(call) = call else { return Ok(true) };
        let offset = if start { &self.start_value } else { &self.end_value };
        let (sub, less) = match range.asc {
            true => (preceding, !start),
            false => (!preceding, start),
        };
        let mut args = [value, base, offset.clone(), Datum::Bool(sub), Datum::Bool(less)];
        Ok(matches!(call.call(cx, &mut args)?, Datum::Bool(true)))
    }

    /// Whether the exclusion takes a row of the frame out.
    pub(crate) fn is_excluded(&self, spec: &FrameSpec, at: usize, row: usize) -> bool {
        if spec.has(opt::EXCLUDE_CURRENT_ROW) {
            return at == row;
        }
        if spec.has(opt::EXCLUDE_GROUP) {
            return self.group_of[at] == self.group_of[row];
        }
        spec.has(opt::EXCLUDE_TIES) && at != row && self.group_of[at] == self.group_of[row]
    }
}

/// `at` moved by an offset; `None` if that is before the first.
fn shift(at: usize, offset: i64, preceding: bool) -> Option<usize> {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    if preceding { at.checked_sub(offset) } else { Some(at.saturating_add(offset)) }
}
