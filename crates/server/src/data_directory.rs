//! The data directory: its creation, its lock, its configuration files and its storage.
use crate::{args::ServeOptions, unsynced::Unsynced};
use error::{PgError, PgResult, Severity, SqlState, err};
use settings::{ClusterSettings, Source, config_file};
use std::{
    fs::{self, File},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

const VERSION_FILE: &str = "PG_VERSION";
const LOCK_FILE: &str = "postmaster.pid";
const STORAGE: &str = "base";

/// An open, locked data directory.
pub struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Opens the directory and locks it; makes it first if it is missing or empty.
    pub fn open(path: &Path) -> PgResult<DataDirectory> {
        fs::create_dir_all(path).map_err(|e| io_error("create directory", path, e))?;
        let path = path.canonicalize().map_err(|e| io_error("open directory", path, e))?;
        let lock = lock(&path)?;
        let directory = DataDirectory { path, _lock: lock };
        if !directory.file(VERSION_FILE).exists() {
            directory.initialise()?;
        }
        Ok(directory)
    }

    /// Opens a directory that must be there.
    pub fn open_existing(path: &Path) -> PgResult<DataDirectory> {
        if !path.join(VERSION_FILE).exists() {
            return Err(fatal(err!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "directory \"{}\" is not a database directory",
                path.display()
            )));
        }
        Self::open(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn initialise(&self) -> PgResult<()> {
        let foreign = fs::read_dir(&self.path)
            .map_err(|e| io_error("open directory", &self.path, e))?
            .filter_map(Result::ok)
            .any(|entry| entry.file_name() != LOCK_FILE);
        if foreign {
            return Err(fatal(err!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "directory \"{}\" exists but is not a database directory",
                self.path.display()
            )));
        }
        self.write(config_file::FILE_NAME, INITIAL_CONFIGURATION)?;
        self.write(config_file::AUTO_FILE_NAME, &config_file::with_assignment(&[], "", None))?;
        self.write(VERSION_FILE, "18\n")
    }

    fn write(&self, name: &str, text: &str) -> PgResult<()> {
        let path = self.file(name);
        fs::write(&path, text).map_err(|e| io_error("write file", &path, e))
    }

    /// Settings of the files and the command line.
    pub fn settings(&self, options: &ServeOptions) -> PgResult<ClusterSettings> {
        let mut cluster = ClusterSettings::default();
        for name in [config_file::FILE_NAME, config_file::AUTO_FILE_NAME] {
            let path = self.file(name);
            if !path.exists() {
                continue;
            }
            for item in config_file::read(&path)? {
                cluster.set(&item.name, &item.value, Source::ConfigurationFile).map_err(|e| {
                    fatal(e).context(format!(
                        "configuration file \"{}\" line {}",
                        item.file.display(),
                        item.line
                    ))
                })?;
            }
        }
        cluster.preset("data_directory", &self.path.to_string_lossy());
        cluster.preset("config_file", &self.file(config_file::FILE_NAME).to_string_lossy());
        for (name, value) in &options.settings {
            cluster.set(name, value, Source::CommandLine).map_err(fatal)?;
        }
        Ok(cluster)
    }

    /// Opens the storage engine.
    pub fn open_storage(&self, cluster: &ClusterSettings) -> PgResult<Arc<dyn kv::Engine>> {
        // shared_buffers counts blocks of 8 kB.
        let options = kv_rocks::RocksOptions {
            block_cache: cluster.int("shared_buffers") as usize * 8192,
            ..kv_rocks::RocksOptions::default()
        };
        let engine = Arc::new(kv_rocks::RocksEngine::open(&self.file(STORAGE), &options)?);
        match cluster.flag("fsync") {
            true => Ok(engine),
            false => Ok(Arc::new(Unsynced(engine))),
        }
    }
}

fn lock(directory: &Path) -> PgResult<File> {
    let path = directory.join(LOCK_FILE);
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|e| io_error("open lock file", &path, e))?;
    if file.try_lock().is_err() {
        let mut owner = String::new();
        let _ = file.read_to_string(&mut owner);
        let pid = owner.lines().next().unwrap_or("?").to_owned();
        return Err(fatal(
            err!(LOCK_FILE_EXISTS, "lock file \"{LOCK_FILE}\" already exists").hint(format!(
                "Is another server (PID {pid}) running in data directory \"{}\"?",
                directory.display()
            )),
        ));
    }
    let text = format!("{}\n{}\n", std::process::id(), directory.display());
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(text.as_bytes()))
        .map_err(|e| io_error("write lock file", &path, e))?;
    Ok(file)
}

fn fatal(e: PgError) -> PgError {
    e.with_severity(Severity::Fatal)
}

fn io_error(action: &str, path: &Path, e: std::io::Error) -> PgError {
    fatal(PgError::new(
        SqlState::IO_ERROR,
        format!("could not {action} \"{}\": {e}", path.display()),
    ))
}

const INITIAL_CONFIGURATION: &str = "\
# Server configuration. Lines are `name = value`; what is not set has its default.
# Changes take effect at the next start or, where the parameter allows, on SIGHUP.

#listen_addresses = 'localhost'
#port = 5432
max_connections = 100
shared_buffers = 128MB
#fsync = on
#synchronous_commit = on
datestyle = 'iso, mdy'
timezone = 'UTC'
log_timezone = 'UTC'
default_text_search_config = 'pg_catalog.english'
";
