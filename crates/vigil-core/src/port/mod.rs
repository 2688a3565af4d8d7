//! What the steps need from the outside, in our nouns. Each port says what is *not* a fault.

mod catalogues;
mod clock;
mod event_queue;
mod journal;
mod ledger;
mod outbox;
mod progress;
mod registry;
mod scan_configs;
mod scanner;
mod sink;

pub use catalogues::{Catalogues, Mark, NotRead, Reading};
pub use clock::Clock;
pub use event_queue::{EventMessage, EventQueue, HIDDEN_FOR, Looked, Lookout, Receipt};
pub use journal::{Journal, NotKept, Posting, Telling, Untold};
pub use ledger::{Ledger, NotRecorded, NullLedger};
pub use outbox::{Next, Outbox, Parcel};
pub use progress::{Milestone, Progress, Silent};
pub use registry::{Cursor, Page, Registry};
pub use scan_configs::{ConfigsUnreachable, ScanConfigs};
pub use scanner::{Mode, Scanner, Start};
pub use sink::{Sink, Taken};
