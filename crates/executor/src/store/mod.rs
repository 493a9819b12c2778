//! Where nodes keep rows: in memory up to work_mem, then in temporary files.
mod quicksort;
mod row_store;
mod sorter;
mod spill_file;

pub(crate) use row_store::{RowStore, datum_size};
pub(crate) use sorter::{Comparer, SortColumn, Sorter, compare_rows};
pub(crate) use spill_file::SpillFile;
