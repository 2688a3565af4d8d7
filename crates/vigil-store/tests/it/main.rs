//! Stories of the memory: each is lived through in SQLite and in a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "stories stop at the first surprise")]

mod clock;
mod databases;
mod lineages;
mod stage;
