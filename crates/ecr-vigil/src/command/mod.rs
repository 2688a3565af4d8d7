//! The commands, one role a file.

mod chores;
mod demo;
mod pass;
mod run;
mod settings;

pub use run::run;
