//! The commands, one role a file.

mod chores;
mod demo;
mod pass;
mod preview;
mod report;
mod run;
mod runtime;
mod serve;
mod settings;
mod token;
mod verdict;

pub use run::run;
