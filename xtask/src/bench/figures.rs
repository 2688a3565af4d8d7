//! How figures are printed: one block a run, each bound beside the figure that it is a bound of.

use std::{fmt::Display, process::ExitCode, time::Duration};

use super::measured::Measured;
use super::simulator::Calls;

/// What has been printed: it remembers which bounds were missed.
#[derive(Debug, Default)]
pub(super) struct Figures {
    run: String,
    missed: Vec<String>,
}

/// A pass that was measured.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) images: u64,
    pub(super) measured: Measured,
    pub(super) calls: Calls,
    /// The fewest calls that could have told as much.
    pub(super) least_calls: u64,
}

impl Figures {
    /// Prints the head of a run.
    pub(super) fn title(&mut self, text: &str) {
        println!("\n{text}");
        text.clone_into(&mut self.run);
    }

    /// Prints one figure that has a bound, and whether it keeps it.
    pub(super) fn bounded(&mut self, name: &str, value: f64, bound: f64, unit: &str) {
        let kept = value <= bound;
        let word = if kept { "kept" } else { "MISSED" };
        figure(name, format!("{value:.3}{unit}  (at most {bound}{unit}: {word})"));
        if !kept {
            self.missed.push(format!("{name}, of {}", self.run));
        }
    }

    /// Names the bounds that were missed; the exit code tells whether there are any.
    pub(super) fn close(&self) -> ExitCode {
        if self.missed.is_empty() {
            return ExitCode::SUCCESS;
        }
        println!("\nBounds missed");
        for missed in &self.missed {
            println!("  {missed}");
        }
        ExitCode::FAILURE
    }
}

/// Prints one figure.
pub(super) fn figure(name: &str, value: impl Display) {
    println!("  {name:<44} {value}");
}

impl Passed {
    /// Prints what the pass took and which calls it made.
    pub(super) fn print(&self) {
        let Self { images, measured, calls, least_calls } = self;
        figure("wall", format!("{:.1} s", measured.wall.as_secs_f64()));
        figure("exit code", measured.exit_code);
        for (operation, (arrived, throttled)) in &calls.0 {
            let throttled = if *throttled > 0 { format!(" ({throttled} throttled)") } else { String::new() };
            figure(&format!("calls of {operation}"), format!("{arrived}{throttled}"));
        }
        figure("calls", calls.total());
        figure("least calls for the same answer", least_calls);
        figure("peak memory of the program", format!("{:.1} MiB", self.mebibytes()));
        figure(
            "peak memory an image",
            format!("{:.0} B", per(measured.peak_memory as f64 * 1024.0, *images)),
        );
        figure("CPU time of the program", format!("{:.1} s", measured.cpu.as_secs_f64()));
        figure("CPU time an image", format!("{:.0} µs", per(micros(measured.cpu), *images)));
        figure("CPU time a call", format!("{:.0} µs", per(micros(measured.cpu), calls.total())));
    }

    /// Peak memory.
    pub(super) fn mebibytes(&self) -> f64 {
        self.measured.peak_memory as f64 / 1024.0
    }

    /// Calls for each that was needed.
    pub(super) fn calls_over_least(&self) -> f64 {
        self.calls.total() as f64 / self.least_calls as f64
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn per(amount: f64, number: u64) -> f64 {
    amount / number.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_bound_is_remembered_with_its_run() {
        let mut figures = Figures::default();
        figures.title("scan");
        figures.bounded("calls", 1.0, 1.0, "");
        figures.bounded("wall", 1.2, 1.1, "");
        figures.bounded("share of nothing", f64::NAN, 1.0, "");
        assert_eq!(figures.missed, ["wall, of scan", "share of nothing, of scan"]);
    }
}
