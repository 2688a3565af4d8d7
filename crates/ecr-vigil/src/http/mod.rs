//! The service over HTTP: the re-scan service's endpoints, and our own under `/api/v1`.
//!
//! Knows requests and answers; what they are about comes from the store, from the schedules and from the metrics.

mod accept;
mod api;
mod connection;
mod docs;
mod document;
mod fields;
mod frame;
mod health;
mod held;
mod members;
mod options;
mod problem;
mod rescan;
mod revised;
mod router;
mod schedules;
mod serve;
#[cfg(test)]
mod stories;
mod tls;
mod v1;
mod watch;

pub use api::{Api, Exposition, Policy};
pub use options::{Authentication, Door, Limits, OpenToStrangers, Options, Role, Token};
pub use schedules::{
    Made, NotPlanned, NotStarted, PassProgress, PassRequest, PassWatch, Planned, PlannedRepository, Planning,
    ScheduleState, Schedules,
};
pub use serve::serve;
pub use tls::{Tls, TlsUnusable};
