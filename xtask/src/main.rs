//! The chores of the project. It knows the workspace as files and commands, and nothing of what the program does:
//! no crate of ours is linked here, so a chore works even while the crates do not build.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a chore talks to the person who runs it, and the environment, the files and the clock are what it works on"
)]

mod bench;
mod cli;
mod generate;
mod test;
mod tidy;
mod workspace;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(&cli::Cli::parse())
}
