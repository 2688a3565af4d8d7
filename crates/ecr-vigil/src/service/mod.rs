//! The running service: schedules that come around, passes that remember, and what others may ask of them.
//!
//! Knows the ports and how they are joined; rules are the core's, rows the store's, and HTTP is beside it.

mod aims;
mod end;
mod exceptions;
mod history;
mod house;
mod look;
mod noted;
mod order;
mod owners;
mod pass;
mod planning;
mod recalled;
mod schedules;
mod scope;
mod scraped;
#[expect(clippy::module_inception, reason = "the file is named after the noun it defines")]
mod service;
mod sightings;
mod threats;
mod timed;
mod timekeeper;
#[cfg(test)]
mod week;

pub use aims::aims;
pub use house::{Door, Ended, House, NotOpenedUp, Role};
pub use service::Service;
