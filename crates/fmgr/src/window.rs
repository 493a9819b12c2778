//! What a window function may ask of the WindowAgg node (PostgreSQL's windowapi.h).
use crate::CallContext;
use error::PgResult;
use std::any::Any;
use types::Datum;

/// Origin of a relative row position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SeekOrigin {
    Current,
    Head,
    Tail,
}

/// Body of a window function, called once for each row of its partition in order.
pub type PgWindowFunction = fn(&mut CallContext<'_>, &mut dyn WindowContext) -> PgResult<Datum>;

/// The partition and frame around the current row.
pub trait WindowContext {
    /// State of this function for this partition; `None` at the partition's first row.
    fn partition_state(&mut self) -> &mut Option<Box<dyn Any + Send>>;
    /// 0-based position of the current row in its partition.
    fn current_position(&self) -> i64;
    /// Number of rows in the partition.
    fn partition_row_count(&mut self) -> PgResult<i64>;
    /// Whether two rows (positions in the partition) are peers under ORDER BY.
    fn rows_are_peers(&mut self, pos1: i64, pos2: i64) -> PgResult<bool>;
    /// Argument `argno` evaluated at a row relative to the partition; outer `None`: no such row.
    fn arg_in_partition(
        &mut self,
        argno: usize,
        relpos: i64,
        origin: SeekOrigin,
    ) -> PgResult<Option<Datum>>;
    /// Argument `argno` evaluated at a row relative to the frame, exclusion honoured.
    fn arg_in_frame(
        &mut self,
        argno: usize,
        relpos: i64,
        origin: SeekOrigin,
    ) -> PgResult<Option<Datum>>;
    /// Argument `argno` at the current row.
    fn arg_current(&mut self, argno: usize) -> PgResult<Datum>;
    /// Number of arguments.
    fn arg_count(&self) -> usize;
}
