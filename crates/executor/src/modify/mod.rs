//! Changing rows: targets with their constraints and indexes, foreign keys, ON CONFLICT, MERGE, re-checks.
mod constraints;
mod describe;
mod epq;
mod foreign_key;
mod index_entries;
mod merge;
mod modify_table;
mod on_conflict;
mod partition;
mod referential_action;
mod row_change;
mod same_datum;
mod target;

pub(crate) use constraints::CheckOption;
pub(crate) use describe::{describe_key, describe_row};
pub(crate) use epq::{EpqRows, RecheckRel, epq_row, recheck};
pub(crate) use foreign_key::ForeignKey;
pub use foreign_key::{AfterStatement, DeferredChecks};
pub(crate) use foreign_key::{flush, run_check};
pub(crate) use index_entries::TargetIndex;
pub(crate) use merge::{MergeActionSpec, MergeDo};
pub(crate) use modify_table::{ModifyTableSpec, ResultRel};
pub(crate) use on_conflict::OnConflictSpec;
pub(crate) use partition::{convert_row, fits_partition, route};
pub(crate) use row_change::{ChangeOutcome, is_repeatable, serialization_failure, wait_context};
pub(crate) use same_datum::same_datum;
pub(crate) use target::{Target, slot_of};
