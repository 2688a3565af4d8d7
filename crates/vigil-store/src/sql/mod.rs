//! The little that both databases have in common: values, rows, sessions, statements, and what can go wrong.

mod fault;
mod session;
mod statement;
mod value;

pub use fault::{DatabaseFault, DatabaseFaultKind};
pub(crate) use session::{Act, Session};
pub(crate) use statement::Statement;
pub(crate) use value::{Field, Row, Type, Value, micros, timestamp};
