//! The commands `man` and `completions`: what a shell and its reader want to know of a command line.
//!
//! Of any command line made with clap: `orb-sim` and `orbd` have both.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::Shell;

/// Write the manual page, for a reader like `man -l -`, or with --out one page for each command
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
    use clap::CommandFactory as _;

    use super::super::Cli;
    use super::*;

    #[test]
    fn each_command_has_its_page_and_what_cannot_be_written_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = man(&ManArgs { out: None }, Cli::command()).expect("a page");
        assert!(page.contains(".TH orb-sim 1") && page.contains("local Alpaca"), "{page}");
        let out = folder.path().join("man1");
        man(&ManArgs { out: Some(out.clone()) }, Cli::command()).expect("pages");
        let serve = std::fs::read_to_string(out.join("orb-sim-serve.1")).expect("a page");
        assert!(serve.contains("ORB_SIM_SECRET") && serve.contains("synthetic"), "{serve}");
        let refused = man(&ManArgs { out: Some(out.join("orb-sim.1")) }, Cli::command()).expect_err("no folder");
        assert!(refused.to_string().starts_with("cannot write to "), "{refused}");
    }

    #[test]
    fn a_shell_is_told_the_commands_and_their_flags() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completions(&CompletionsArgs { shell }, Cli::command()).expect("a script");
            assert!(script.contains("serve") && script.contains("synthetic"), "{shell}: {script}");
        }
    }
}
