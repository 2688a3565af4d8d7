//! From a request to its command.

use super::{chores, demo, pass, preview, report, serve, settings, token};
use crate::cli::Request;
use crate::exit::Exit;
use crate::service::Role;

/// Does what is asked for.
pub fn run(request: Request) -> Exit {
    match request {
        Request::Pass(request) => pass::run(&request),
        Request::ConfigShow(written) => settings::show(&written),
        Request::ConfigCheck(written) => settings::check(&written),
        Request::Serve(written) => serve::run(&written, Role::Serve),
        Request::Work(written) => serve::run(&written, Role::Work),
        Request::Demo(request) => demo::run(&request),
        Request::Report(request) => report::run(&request),
        Request::Preview(request) => preview::run(&request),
        Request::Token(request) => token::run(&request),
        Request::Completions(shell) => chores::completions(shell),
        Request::Man(directory) => chores::man(&directory),
    }
}
