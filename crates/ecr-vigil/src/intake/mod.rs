//! Events on their way in: received from a queue, gathered for a moment, and heeded.
//!
//! What an event says is an adapter's, how it is heeded the core's; here they are joined with the service.

mod listening;

pub use listening::{Intake, listen};
