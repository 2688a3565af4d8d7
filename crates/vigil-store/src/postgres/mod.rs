//! PostgreSQL: a server that several processes share.

mod ending;
mod engine;
mod residence;
mod session;
mod tls;

pub(crate) use ending::Written;
pub(crate) use engine::Postgres;
