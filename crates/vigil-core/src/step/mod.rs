//! The steps of a pass over one registry, in order: observe what is there, announce the plan, then pursue it: start, wait and
//! settle. And those that follow it: tell what has changed, and deliver it.
//! Beside them: heed what events ask for.

mod announce;
mod ask;
mod deliver;
mod flight;
mod heed;
mod observe;
mod patience;
mod pursue;
mod rhythm;
mod settle;
mod survey;
#[cfg(test)]
mod survey_stories;
mod tell;
mod waiting;

pub use announce::{announce, only_read};
use announce::{found, record, record_held};
pub use deliver::{Delivery, deliver};
pub use heed::{Heeded, give_back, heed};
pub use observe::{Observed, observe};
pub use pursue::{Pursued, pursue};
pub use settle::{Awaited, StartedBy};
pub use tell::{Told, tell};
