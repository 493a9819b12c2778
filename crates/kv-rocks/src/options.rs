//! How RocksDB is set up.
use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, DBCompressionType, DataBlockIndexType, Options,
    statistics::StatsLevel,
};

/// What the server decides about the engine.
#[derive(Clone, Debug)]
pub struct RocksOptions {
    /// Bytes of the block cache, which all reads share.
    pub block_cache: usize,
    /// Bytes of one memtable.
    pub write_buffer: usize,
    /// Threads that flush and compact.
    pub background_jobs: i32,
}

impl Default for RocksOptions {
    fn default() -> Self {
        RocksOptions { block_cache: 256 << 20, write_buffer: 64 << 20, background_jobs: 2 }
    }
}

fn table_options(cache: &Cache) -> BlockBasedOptions {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_block_size(8 << 10);
    table.set_bloom_filter(10.0, false);
    table.set_whole_key_filtering(true);
    table.set_format_version(6);
    table.set_index_type(BlockBasedIndexType::BinarySearch);
    table.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
    table.set_data_block_hash_ratio(0.75);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_pin_top_level_index_and_filter(true);
    table
}

/// Options of the database proper.
pub(crate) fn database(options: &RocksOptions, cache: &Cache) -> Options {
    let mut rocks = Options::default();
    rocks.create_if_missing(true);
    rocks.set_block_based_table_factory(&table_options(cache));
    rocks.set_write_buffer_size(options.write_buffer);
    rocks.set_max_write_buffer_number(4);
    rocks.set_min_write_buffer_number_to_merge(1);
    rocks.set_max_background_jobs(options.background_jobs);
    rocks.set_level_compaction_dynamic_level_bytes(true);
    rocks.set_target_file_size_base(64 << 20);
    rocks.set_max_bytes_for_level_base(256 << 20);
    rocks.set_compression_type(DBCompressionType::Lz4);
    // Blocks are small: ZSTD would take most of the CPU of scans and compactions for a sixth less space.
    rocks.set_compression_per_level(&[
        DBCompressionType::None,
        DBCompressionType::None,
        DBCompressionType::Lz4,
        DBCompressionType::Lz4,
        DBCompressionType::Lz4,
        DBCompressionType::Lz4,
        DBCompressionType::Lz4,
    ]);
    rocks.set_bottommost_compression_type(DBCompressionType::Lz4);
    // A negative point read (a unique check) of the memtable costs a filter probe, not a skip-list walk.
    rocks.set_memtable_prefix_bloom_ratio(0.02);
    rocks.set_memtable_whole_key_filtering(true);
    rocks.set_max_open_files(-1);
    rocks.set_bytes_per_sync(1 << 20);
    rocks.set_max_total_wal_size(1 << 30);
    rocks.set_keep_log_file_num(4);
    rocks.set_avoid_unnecessary_blocking_io(true);
    rocks.enable_statistics();
    rocks.set_statistics_level(StatsLevel::ExceptHistogramOrTimers);
    rocks
}

/// Options of a temporary database: no log to replay, little memory.
pub(crate) fn scratch(cache: &Cache) -> Options {
    let mut rocks = Options::default();
    rocks.create_if_missing(true);
    rocks.set_block_based_table_factory(&table_options(cache));
    rocks.set_write_buffer_size(16 << 20);
    rocks.set_max_write_buffer_number(2);
    rocks.set_compression_type(DBCompressionType::Lz4);
    rocks.set_level_zero_file_num_compaction_trigger(16);
    rocks.set_level_zero_slowdown_writes_trigger(64);
    rocks.set_level_zero_stop_writes_trigger(128);
    rocks.set_max_open_files(256);
    rocks.set_keep_log_file_num(1);
    rocks
}

/// Options of files to be ingested.
pub(crate) fn sorted_file(cache: &Cache) -> Options {
    let mut rocks = Options::default();
    rocks.set_block_based_table_factory(&table_options(cache));
    rocks.set_compression_type(DBCompressionType::Lz4);
    rocks
}
