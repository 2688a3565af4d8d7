//! How far a pass has come: a line that moves on a terminal, a log line now and then elsewhere.

use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use vigil_core::RegistryId;
use vigil_core::port::{Milestone, Progress};

/// Shows the progress of one or more registries together.
pub struct Display {
    bar: ProgressBar,
    listed: AtomicUsize,
    read: AtomicUsize,
    planned: AtomicUsize,
    started: AtomicUsize,
    settled: AtomicUsize,
}

/// Without a terminal, one line is logged for so many images.
const LOG_EVERY: usize = 10_000;

impl Display {
    /// A display among these bars; it hides itself where standard error is no terminal.
    pub fn new(bars: &MultiProgress) -> Self {
        let bar = bars.add(ProgressBar::new_spinner());
        let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(style);
        let zero = || AtomicUsize::new(0);
        Self { bar, listed: zero(), read: zero(), planned: zero(), started: zero(), settled: zero() }
    }

    /// Takes the display away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn message(&self) -> String {
        let get = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        let (listed, read) = (get(&self.listed), get(&self.read));
        let (planned, started, settled) = (get(&self.planned), get(&self.started), get(&self.settled));
        match planned {
            0 => format!("looked at {read} of {listed} images"),
            _ => format!("looked at {read} images, started {started} scans, {settled} of {planned} done"),
        }
    }
}

impl Progress for Display {
    fn reached(&self, registry: &RegistryId, milestone: Milestone) {
        let add = |counter: &AtomicUsize, n| counter.fetch_add(n, Ordering::Relaxed) + n;
        let count = match milestone {
            Milestone::Listed { images } => {
                add(&self.listed, images);
                0
            }
            Milestone::Read => add(&self.read, 1),
            Milestone::Planned { starts, under_way } => {
                add(&self.planned, starts + under_way);
                tracing::info!(%registry, starts, under_way, "planned");
                0
            }
            Milestone::Started => {
                add(&self.started, 1);
                0
            }
            Milestone::RateLimited | Milestone::NotStarted => 0,
            Milestone::Settled => add(&self.settled, 1),
        };
        if count > 0 && count % LOG_EVERY == 0 && self.bar.is_hidden() {
            tracing::info!("{}", self.message());
        }
        self.bar.set_message(self.message());
        self.bar.tick();
    }
}
