//! PostgreSQL: a server that several processes share.

mod engine;
mod residence;
mod session;
mod tls;

pub(crate) use engine::Postgres;
