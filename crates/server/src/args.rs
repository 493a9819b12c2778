//! The command line, in the manner of `postgres`.
use error::{PgResult, err};
use std::path::PathBuf;

/// What to do.
pub enum Command {
    /// Run the server.
    Serve(ServeOptions),
    /// Compare all indexes with their tables and leave.
    Check(ServeOptions),
    /// Print a text and leave.
    Print(String),
}

/// How to run the server.
pub struct ServeOptions {
    /// `-D`.
    pub directory: PathBuf,
    /// Settings of the command line, in order.
    pub settings: Vec<(String, String)>,
}

const USAGE: &str = "\
pglitedb is a PostgreSQL-compatible database server.

Usage:
  pglitedb -D DATADIR [OPTION]...

Options:
  -D DATADIR         database directory; created if it does not exist
  -p PORT            port number to listen on (default 5432)
  --listen ADDRESS   addresses to listen on, comma-separated (loopback only)
  -c NAME=VALUE      set a run-time parameter
  --NAME=VALUE       set a run-time parameter
  -F                 turn fsync off
  --check            compare all indexes with their tables, then exit
  -V, --version      print the version, then exit
  -?, --help         show this help, then exit
";

/// Reads the arguments.
pub fn parse(args: impl Iterator<Item = String>) -> PgResult<Command> {
    let mut args = args.peekable();
    let mut directory = std::env::var_os("PGDATA").map(PathBuf::from);
    let mut settings = Vec::new();
    let mut check = false;
    while let Some(arg) = args.next() {
        let mut value = |name: &str| {
            args.next().ok_or_else(|| err!(SYNTAX_ERROR, "option requires an argument -- '{name}'"))
        };
        match arg.as_str() {
            "-D" => directory = Some(PathBuf::from(value("D")?)),
            "-p" => settings.push(("port".to_owned(), value("p")?)),
            "-h" | "--listen" => settings.push(("listen_addresses".to_owned(), value("listen")?)),
            "-k" => settings.push(("unix_socket_directories".to_owned(), value("k")?)),
            "-N" => settings.push(("max_connections".to_owned(), value("N")?)),
            "--check" => check = true,
            "-F" => settings.push(("fsync".to_owned(), "off".to_owned())),
            "-c" => settings.push(assignment(&value("c")?, "-c ")?),
            "-V" | "--version" => {
                return Ok(Command::Print(format!(
                    "pglitedb (PGLiteDB) {}",
                    env!("CARGO_PKG_VERSION")
                )));
            }
            "-?" | "--help" => return Ok(Command::Print(USAGE.trim_end().to_owned())),
            _ => match arg.strip_prefix("--").or_else(|| arg.strip_prefix("-c")) {
                Some(setting) => settings.push(assignment(setting, "--")?),
                None => {
                    return Err(err!(SYNTAX_ERROR, "invalid argument: \"{arg}\"")
                        .hint("Try \"pglitedb --help\" for more information."));
                }
            },
        }
    }
    let Some(directory) = directory else {
        return Err(err!(
            INVALID_PARAMETER_VALUE,
            "pglitedb does not know where to find the database directory"
        )
        .hint("Give it with -D DATADIR or in the environment variable PGDATA."));
    };
    let options = ServeOptions { directory, settings };
    Ok(if check { Command::Check(options) } else { Command::Serve(options) })
}

fn assignment(text: &str, option: &str) -> PgResult<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.replace('-', "_"), value.to_owned())),
        None => Err(err!(SYNTAX_ERROR, "{option}{text} requires a value")),
    }
}
