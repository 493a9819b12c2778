//! Command line and paths.
use std::path::PathBuf;

/// What to run and where things are.
pub struct Options {
    /// Files asked for; empty: the whole schedule.
    pub files: Vec<String>,
    /// Show this file's diff from the last run instead of running.
    pub diff: Option<String>,
    /// Files of a group that run at the same time.
    pub jobs: usize,
    /// `src/test/regress` of PostgreSQL's source.
    pub suite: PathBuf,
    /// psql of PostgreSQL 18.
    pub psql: PathBuf,
    /// Our server.
    pub server: PathBuf,
    /// Port the server is started on.
    pub port: u16,
    /// Where outputs go.
    pub out: PathBuf,
    /// The `regress` folder of the repository.
    pub home: PathBuf,
    /// Seconds after which a file counts as hung.
    pub timeout: u64,
    /// Don't rewrite the committed score.
    pub keep_status: bool,
    /// Use a server that already runs on `port`.
    pub external: bool,
}

impl Options {
    /// Reads the arguments; paths come from the environment that `scripts/regress` sets.
    pub fn parse(args: impl Iterator<Item = String>) -> Result<Options, String> {
        let path = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).ok_or(format!("{name} is not set"))
        };
        let home = path("REGRESS_HOME")?;
        let mut options = Options {
            files: Vec::new(),
            diff: None,
            jobs: 1,
            suite: path("PG_SOURCE_DIR")?.join("src/test/regress"),
            psql: path("REGRESS_PSQL")?,
            server: path("REGRESS_SERVER")?,
            port: 5499,
            out: home.join("out"),
            home,
            timeout: 180,
            keep_status: false,
            external: false,
        };
        let mut args = args.peekable();
        while let Some(arg) = args.next() {
            let mut value = |what: &str| args.next().ok_or(format!("{what} needs a value"));
            match arg.as_str() {
                "--diff" => options.diff = Some(value("--diff")?),
                "--jobs" => options.jobs = number(&value("--jobs")?)?,
                "--port" => options.port = number(&value("--port")?)?,
                "--timeout" => options.timeout = number(&value("--timeout")?)?,
                "--keep-status" => options.keep_status = true,
                "--external" => options.external = true,
                flag if flag.starts_with('-') => return Err(format!("unknown option {flag}")),
                file => options.files.push(file.trim_end_matches(".sql").to_string()),
            }
        }
        Ok(options)
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}
