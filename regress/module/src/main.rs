//! The server with the regression suite's C functions.
use std::process::ExitCode;

fn main() -> ExitCode {
    server::run(&[regress_module::MODULE])
}
