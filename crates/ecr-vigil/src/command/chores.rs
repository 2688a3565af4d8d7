//! Completion scripts and man pages, made from the command line's own definition.

use std::io::Write;
use std::path::Path;

use clap_complete::Shell;

use super::settings::tell;
use crate::cli;
use crate::exit::Exit;

/// Prints the completion script for a shell.
pub fn completions(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "ecr-vigil", &mut script);
    match std::io::stdout().write_all(&script) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Exit::NothingDone,
        _ => Exit::Clean,
    }
}

/// Writes a man page for the program and for each of its commands.
pub fn man(directory: &Path) -> Exit {
    let written =
        std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(cli::command(), directory));
    match written {
        Ok(()) => Exit::Clean,
        Err(error) => {
            tell(&format!(
                "ecr-vigil: the man pages cannot be written to {}: {error}\n",
                directory.display()
            ));
            Exit::NothingDone
        }
    }
}
