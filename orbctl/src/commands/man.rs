//! `orbctl man`.

use std::{fs, path::PathBuf};

use clap::CommandFactory as _;

use crate::{
    cli::Cli,
    failure::{Failure, Kind, note},
    output::{Colour, Format, Printer},
};

/// Writes the manual page, or with --out one page for each command
///
/// To read it: orbctl man | man -l -
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// A folder for all pages, such as ~/.local/share/man/man1; made if there is none
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let command = Cli::command().name("orbctl");
    match &args.out {
        Some(folder) => {
            let failed = |error| Failure::new(Kind::Local, format!("cannot write to {}: {error}", folder.display()));
            fs::create_dir_all(folder).map_err(failed)?;
            clap_mangen::generate_to(command, folder).map_err(failed)?;
            note(&format!("manual pages written to {}", folder.display()));
            Ok(())
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            Ok(Printer::new(Format::Table, Colour::Never).raw(&page)?)
        }
    }
}
