//! What happens to a request before any operation sees it: it is counted, throttled, and perhaps spoilt on purpose.

mod buckets;
mod calls;
mod faults;

pub(crate) use buckets::Buckets;
pub use buckets::RateLimit;
pub use calls::Calls;
pub(crate) use calls::{CallLog, Ending};
pub(crate) use faults::{Aim, Faults, Spoiling};
pub use faults::{FaultAction, FaultError, FaultId, FaultRule};
