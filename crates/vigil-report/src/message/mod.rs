//! How a message looks in each place where it is told: values that a transport sends as they are.
//!
//! Every function is pure: the same message gives the same bytes. What is sent where, and what became of it, is not known
//! here.

pub mod asff;
mod cut;
pub mod email;
mod entry;
mod events;
#[cfg(test)]
mod golden;
mod outline;
#[cfg(test)]
mod samples;
pub mod slack;
mod sns;
mod teams;
mod template;
mod text;
mod webhook;
mod words;

pub use cut::Limits;
pub use events::{EVENT_SOURCE, Event, event};
pub use sns::{SnsMessage, SnsOptions, sns};
pub use teams::teams;
pub use template::{Template, TemplateFault};
pub use text::{TEXT_LIMITS, Text, text};
pub use webhook::webhook;
pub use words::headline;
