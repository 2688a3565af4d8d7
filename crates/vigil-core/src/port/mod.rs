//! What the steps need from the outside, in our nouns. Each port says what is *not* a fault.

mod clock;
mod ledger;
mod progress;
mod registry;
mod scan_configs;
mod scanner;

pub use clock::Clock;
pub use ledger::{Ledger, NotRecorded, NullLedger};
pub use progress::{Milestone, Progress, Silent};
pub use registry::{Cursor, Page, Registry};
pub use scan_configs::{ConfigsUnreachable, ScanConfigs};
pub use scanner::{Mode, Scanner, Start};
