//! `cargo xtask test`: prepare what the tests need, run them all, say how it went in one line.

mod ambient;
mod debian;
mod doc_tests;
mod environment;
mod invocation;
mod keeper;
mod launcher;
mod needs;
mod programs;
mod run;
mod servers;
mod tally;

pub(crate) use keeper::run as keep_postgres;
pub(crate) use run::run;
