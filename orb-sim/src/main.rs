//! The `orb-sim` command.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match orb_sim::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "error: {}", orb_sim::cli::sentence(&error));
            ExitCode::FAILURE
        }
    }
}
