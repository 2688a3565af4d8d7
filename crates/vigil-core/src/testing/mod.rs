//! For tests: builders of values, and ports that live in memory.

mod clock;
mod failing;
mod memory;
mod values;

pub use clock::PausedClock;
pub use failing::Failing;
pub use memory::{MemoryEcr, MemoryLedger};
pub use values::{digest, finding, image, now, scan};
