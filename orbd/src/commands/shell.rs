//! `orbd man` and `orbd completions`: what a shell and its reader want to know of the command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::Shell;

/// Write the manual page, or with --out one page for each command; to read it: orbd man | man -l -
#[derive(Args, Clone, Debug)]
pub struct ManArgs {
    /// A folder for all pages; made if there is none
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Write a completion script for a shell
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    shell: Shell,
}

/// Returns the manual page of a command line, or writes all its pages into a folder.
///
/// # Errors
/// When the folder cannot be written.
pub fn man(args: &ManArgs, command: Command) -> anyhow::Result<String> {
    let Some(folder) = &args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        return Ok(String::from_utf8(page)?);
    };
    let failed = || format!("cannot write to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    clap_mangen::generate_to(command, folder).with_context(failed)?;
    Ok(format!("manual pages written to {}\n", folder.display()))
}

/// Returns the completion script of a command line.
///
/// # Errors
/// When the script is no text, which no script is.
pub fn completions(args: &CompletionsArgs, mut command: Command) -> anyhow::Result<String> {
    let (mut script, name) = (Vec::new(), command.get_name().to_owned());
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    Ok(String::from_utf8(script)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command::new("orbd").about("trades").subcommand(Command::new("run").about("day after day"))
    }

    #[test]
    fn each_command_has_its_page() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = man(&ManArgs { out: None }, command()).expect("a page");
        assert!(page.contains(".TH orbd 1") && page.contains("trades"), "{page}");
        let out = folder.path().join("man1");
        man(&ManArgs { out: Some(out.clone()) }, command()).expect("pages");
        let run = std::fs::read_to_string(out.join("orbd-run.1")).expect("a page");
        assert!(run.contains("day after day"), "{run}");
        let refused = man(&ManArgs { out: Some(out.join("orbd.1")) }, command()).expect_err("no folder");
        assert!(refused.to_string().starts_with("cannot write to "), "{refused}");
    }

    #[test]
    fn a_shell_is_told_the_commands() {
        let script = completions(&CompletionsArgs { shell: Shell::Bash }, command()).expect("a script");
        assert!(script.contains("orbd") && script.contains("run"), "{script}");
    }
}
