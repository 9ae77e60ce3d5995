//! The `orbd` command.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match orbd::cli::run() {
        Ok(code) => code,
        Err(error) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "error: {}", orbd::cli::sentence(&error));
            ExitCode::FAILURE
        }
    }
}
