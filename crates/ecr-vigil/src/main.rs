//! ecr-vigil: keeps every Amazon ECR image that matters scanned, and tells what is new and serious.

#![allow(unreachable_pub, reason = "a program exports nothing: here pub means used outside of its module")]

mod accepted;
mod cli;
mod command;
mod compose;
mod config;
mod connections;
mod enter;
mod exit;
mod http;
mod intake;
mod ledgers;
mod metrics;
mod news;
mod output;
mod pass_report;
mod progress;
mod recall;
mod service;
mod shutdown;
mod spool;
mod telemetry;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run(cli::Request::from_args()).into()
}
