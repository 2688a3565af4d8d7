//! How fast the program is, and how much it takes: measured side by side in one run, never by a test.

mod figures;
mod measured;
mod run;
mod scanner;
mod simulator;
mod store;

pub(crate) use measured::measure_child;
pub(crate) use run::{BenchOptions, run};
