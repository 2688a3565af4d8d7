//! SQLite: one file, one writer on a thread of its own, a few readers.

mod engine;
mod file;
mod session;
mod writer;

pub(crate) use engine::Sqlite;
