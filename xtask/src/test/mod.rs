//! `cargo xtask test`: prepare what the tests need, run them all, say how it went in one line.

mod ambient;
mod doc_tests;
mod environment;
mod invocation;
mod run;
mod tally;

pub(crate) use run::run;
