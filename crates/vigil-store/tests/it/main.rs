//! Stories of the memory: each is lived through in SQLite and in a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "stories stop at the first surprise")]

mod answers;
mod clock;
mod coverage;
mod databases;
mod exceptions;
mod file;
mod forgetting;
mod lineages;
mod listings;
mod news;
mod passes;
mod residence;
mod server;
mod stage;
mod threats;
mod unheard;
