//! `orbctl completions`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{
    cli::Cli,
    failure::Failure,
    output::{Colour, Format, Printer},
};

/// Writes a completion script for a shell
///
/// For bash: orbctl completions bash > ~/.local/share/bash-completion/completions/orbctl
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "orbctl", &mut script);
    Ok(Printer::new(Format::Table, Colour::Never).raw(&script)?)
}
