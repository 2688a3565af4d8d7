//! The commands, one role a file.

mod chores;
mod demo;
mod enter;
mod pass;
mod run;
mod runtime;
mod settings;
mod token;
mod verdict;

pub use run::run;
