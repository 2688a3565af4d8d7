//! The log: to standard error, in the chosen format. Standard output belongs to the report.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, LogLevel, LogSettings};

/// Starts logging. `bars` is told of every line, so that a progress display can step aside for it.
pub fn start(settings: LogSettings, bars: &indicatif::MultiProgress) {
    let level = match settings.level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    // The libraries below speak of their own affairs; only their warnings are ours.
    let ours = ["ecr_vigil", "vigil_core", "vigil_aws", "vigil_report", "vigil_sim"];
    let filter = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(ours.map(|name| (name, level)));
    let bars = bars.clone();
    let writer = move || Aside(bars.clone());
    let layer = match settings.format {
        LogFormat::Text => tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer).boxed(),
        LogFormat::Logfmt => tracing_logfmt::builder().layer().with_writer(writer).boxed(),
        LogFormat::Json => {
            tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(writer).boxed()
        }
    };
    // A second start, as in a test, keeps the first.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
}

/// Standard error, while the progress display steps aside.
struct Aside(indicatif::MultiProgress);

impl std::io::Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.suspend(|| std::io::stderr().write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}
