//! The steps of a pass over one registry, in order: observe what is there, announce the plan, then pursue it: dispatch and
//! collect.

mod announce;
mod collect;
mod flight;
mod observe;
mod patience;
mod pursue;
mod survey;

pub use announce::announce;
use announce::{record, record_held};
pub use collect::{Awaited, Reading, settle};
pub use observe::{Observed, observe};
pub use patience::Patience;
pub use pursue::{Pursued, pursue};
