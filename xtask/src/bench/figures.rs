//! How figures are printed: one block a run, each bound beside the figure that it is a bound of.

use std::time::Duration;

use super::measured::Measured;
use super::simulator::Calls;

/// Prints the head of a run.
pub(super) fn title(text: &str) {
    println!("\n{text}");
}

/// Prints one figure.
pub(super) fn figure(name: &str, value: impl std::fmt::Display) {
    println!("  {name:<44} {value}");
}

/// Prints one figure that has a bound, and whether it keeps it.
pub(super) fn bounded(name: &str, value: f64, bound: f64, unit: &str) {
    let kept = if value <= bound { "kept" } else { "MISSED" };
    figure(name, format!("{value:.3}{unit}  (at most {bound}{unit}: {kept})"));
}

/// Prints what a pass took and which calls it made.
pub(super) fn pass(measured: &Measured, calls: &Calls, images: u64) {
    figure("wall", format!("{:.1} s", measured.wall.as_secs_f64()));
    figure("exit code", measured.exit_code);
    for (operation, (arrived, throttled)) in &calls.0 {
        let throttled = if *throttled > 0 { format!(" ({throttled} throttled)") } else { String::new() };
        figure(&format!("calls of {operation}"), format!("{arrived}{throttled}"));
    }
    figure("peak memory of the program", format!("{:.1} MiB", mebibytes(measured)));
    figure("CPU time of the program", format!("{:.1} s", measured.cpu.as_secs_f64()));
    figure("CPU time an image", format!("{:.0} µs", per(measured.cpu, images)));
    figure("CPU time a call", format!("{:.0} µs", per(measured.cpu, calls.total())));
}

/// Peak memory.
pub(super) fn mebibytes(measured: &Measured) -> f64 {
    measured.peak_memory as f64 / 1024.0
}

fn per(time: Duration, number: u64) -> f64 {
    time.as_secs_f64() * 1e6 / number.max(1) as f64
}
