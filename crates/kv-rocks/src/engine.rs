//! The engine over one directory.
use crate::{
    RocksOptions, file::RocksFile, file::RocksFileWriter, io_error, options, rocks_error,
    snapshot::RocksSnapshot,
};
use error::{PgError, PgResult};
use kv::{
    BatchOp, Durability, Engine, EngineCounters, FileWriter, Snapshot, SortedFile, WriteBatch,
};
use rocksdb::{
    Cache, DB, IngestExternalFileOptions, Options, Range, WriteOptions, checkpoint::Checkpoint,
    properties, statistics::Ticker,
};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A RocksDB database.
pub struct RocksEngine {
    db: Arc<DB>,
    options: Options,
    file_options: Arc<Options>,
    cache: Cache,
    directory: PathBuf,
    synced: WriteOptions,
    logged: WriteOptions,
    volatile: WriteOptions,
    next_file: AtomicU64,
    writes: AtomicU64,
    /// A temporary database: removed when dropped, never synced.
    temporary: bool,
}

fn make_empty(path: &Path) -> PgResult<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(io_error("empty directory", path, error));
        }
        _ => {}
    }
    std::fs::create_dir_all(path).map_err(|error| io_error("create directory", path, error))
}

impl RocksEngine {
    /// Opens or creates the database in `directory`.
    pub fn open(directory: &Path, options: &RocksOptions) -> PgResult<RocksEngine> {
        let cache = Cache::new_lru_cache(options.block_cache);
        let database = options::database(options, &cache);
        let engine = Self::open_with(directory, database, cache, false)?;
        make_empty(&directory.join("scratch"))?;
        Ok(engine)
    }

    fn open_with(
        directory: &Path,
        options: Options,
        cache: Cache,
        temporary: bool,
    ) -> PgResult<RocksEngine> {
        let db = DB::open(&options, directory).map_err(rocks_error)?;
        make_empty(&directory.join("ingest"))?;
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        let mut volatile = WriteOptions::default();
        volatile.disable_wal(true);
        Ok(RocksEngine {
            db: Arc::new(db),
            options,
            file_options: Arc::new(options::sorted_file(&cache)),
            cache,
            directory: directory.to_owned(),
            synced,
            logged: WriteOptions::default(),
            volatile,
            next_file: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            temporary,
        })
    }

    fn property(&self, name: &properties::PropName) -> u64 {
        self.db.property_int_value(name).ok().flatten().unwrap_or(0)
    }
}

impl Engine for RocksEngine {
    fn write(&self, batch: &WriteBatch, durability: Durability) -> PgResult<()> {
        let mut rocks = rocksdb::WriteBatch::with_capacity_bytes(batch.byte_size() + 16);
        for op in batch.iter() {
            match op {
                BatchOp::Put(key, value) => rocks.put(key, value),
                BatchOp::Delete(key) => rocks.delete(key),
                BatchOp::DeleteRange(from, to) => {
                    if from < to {
                        rocks.delete_range(from, to);
                    }
                }
            }
        }
        self.writes.fetch_add(1, Ordering::Relaxed);
        let options = match durability {
            _ if self.temporary => &self.volatile,
            Durability::Synced => &self.synced,
            Durability::Logged => &self.logged,
            Durability::Volatile => &self.volatile,
        };
        self.db.write_opt(rocks, options).map_err(rocks_error)
    }

    fn sync_wal(&self) -> PgResult<()> {
        if self.temporary { Ok(()) } else { self.db.flush_wal(true).map_err(rocks_error) }
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(RocksSnapshot::new(&self.db))
    }

    fn file_writer(&self) -> PgResult<Box<dyn FileWriter>> {
        let number = self.next_file.fetch_add(1, Ordering::Relaxed);
        let path = self.directory.join("ingest").join(format!("{number}.sst"));
        Ok(Box::new(RocksFileWriter::create(&self.file_options, &path)?))
    }

    fn ingest(&self, files: Vec<SortedFile>) -> PgResult<()> {
        if files.is_empty() {
            return Ok(());
        }
        let mut owned = Vec::with_capacity(files.len());
        for file in files {
            match file.0.downcast::<RocksFile>() {
                Ok(file) => owned.push(file),
                Err(_) => return Err(PgError::internal("file of another engine")),
            }
        }
        let mut options = IngestExternalFileOptions::default();
        options.set_move_files(true);
        let paths: Vec<&PathBuf> = owned.iter().map(|file| &file.0).collect();
        self.db.ingest_external_file_opts(&options, paths).map_err(rocks_error)
    }

    fn approximate_size(&self, lower: &[u8], upper: &[u8]) -> u64 {
        if lower >= upper {
            return 0;
        }
        self.db.get_approximate_sizes(&[Range::new(lower, upper)]).iter().sum()
    }

    fn flush(&self) -> PgResult<()> {
        self.db.flush().map_err(rocks_error)
    }

    fn compact(&self, lower: &[u8], upper: &[u8]) -> PgResult<()> {
        self.db.compact_range(Some(lower), Some(upper));
        Ok(())
    }

    fn counters(&self) -> EngineCounters {
        let ticker = |ticker| self.options.get_ticker_count(ticker);
        EngineCounters {
            wal_bytes: ticker(Ticker::WalFileBytes),
            wal_syncs: ticker(Ticker::WalFileSynced),
            writes: self.writes.load(Ordering::Relaxed),
            gets: ticker(Ticker::NumberKeysRead),
            seeks: ticker(Ticker::NumberDbSeek),
            block_cache_hits: ticker(Ticker::BlockCacheHit),
            block_cache_misses: ticker(Ticker::BlockCacheMiss),
            block_cache_bytes: self.cache.get_usage() as u64,
            memtable_bytes: self.property(properties::CUR_SIZE_ALL_MEM_TABLES),
            bloom_useful: ticker(Ticker::BloomFilterUseful),
            bytes_read: ticker(Ticker::BytesRead),
            flush_bytes: ticker(Ticker::FlushWriteBytes),
            compaction_bytes: ticker(Ticker::CompactWriteBytes),
            stall_micros: ticker(Ticker::StallMicros),
            live_file_bytes: self.property(properties::LIVE_SST_FILES_SIZE),
        }
    }

    fn scratch(&self) -> PgResult<Arc<dyn Engine>> {
        let number = self.next_file.fetch_add(1, Ordering::Relaxed);
        let parent = self.directory.join("scratch");
        let path = parent.join(number.to_string());
        make_empty(&path)?;
        let options = options::scratch(&self.cache);
        Ok(Arc::new(Self::open_with(&path, options, self.cache.clone(), true)?))
    }

    fn checkpoint(&self, directory: &Path) -> PgResult<()> {
        let checkpoint = Checkpoint::new(self.db.as_ref()).map_err(rocks_error)?;
        checkpoint.create_checkpoint(directory).map_err(rocks_error)
    }
}

impl Drop for RocksEngine {
    fn drop(&mut self) {
        if self.temporary {
            self.db.cancel_all_background_work(true);
            // Cursors that still live hold the database; its open files outlive their names.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}
