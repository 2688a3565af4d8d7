//! For tests: builders of values, and ports that live in memory.

#![expect(clippy::expect_used, reason = "a test that builds a wrong value should stop there")]

mod clock;
mod failing;
mod memory;
mod outbox;
mod scan_configs;
mod values;

pub use clock::PausedClock;
pub use failing::Failing;
pub use memory::{MemoryEcr, MemoryLedger};
pub use outbox::{MemoryOutbox, MemorySink};
pub use scan_configs::{MemoryScanConfigs, contract_of_scan_configs, scan_config};
pub use values::{change, digest, finding, image, now, scan, sighting, subject};
