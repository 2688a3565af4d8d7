//! The log: to standard error, in the chosen format, one line an event. Standard output belongs to the report.
//!
//! `docs/logging.md` lists the fields.

use std::borrow::Cow;
use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
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
    let ours = ["ecr_vigil", "vigil_core", "vigil_aws", "vigil_report", "vigil_sim", "vigil_store"];
    // The pool tells of each connection that is lost; that the database is away is told once, by the memory.
    let filter = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("deadpool", level.min(LevelFilter::ERROR))
        .with_targets(ours.map(|name| (name, level)));
    let bars = bars.clone();
    let writer = move || Aside(bars.clone());
    let layer = layer(settings.format, writer).with_filter(filter);
    // A second start, as in a test, keeps the first.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

/// What writes events in a format.
fn layer<S, W>(format: LogFormat, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer();
    match format {
        LogFormat::Text => layer.with_ansi(false).with_writer(writer).boxed(),
        LogFormat::Logfmt => tracing_logfmt::builder().layer().with_writer(writer).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_writer(writer).boxed(),
    }
}

/// Standard error, while the progress display steps aside.
struct Aside(indicatif::MultiProgress);

impl io::Write for Aside {
    /// Takes one event, which the layers hand over whole.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write_all(&one_line(event)))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The event on one line, whatever stands in its values: the text format writes them as they are.
fn one_line(event: &[u8]) -> Cow<'_, [u8]> {
    let text = event.strip_suffix(b"\n").unwrap_or(event);
    if !text.iter().any(u8::is_ascii_control) {
        return Cow::Borrowed(event);
    }
    let mut line = Vec::with_capacity(event.len() + 16);
    for byte in text {
        if byte.is_ascii_control() {
            line.extend(byte.escape_ascii());
        } else {
            line.push(*byte);
        }
    }
    line.push(b'\n');
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was written, event by event, each made one line as on standard error.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, event: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(&one_line(event));
            Ok(event.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Written {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[track_caller]
    fn check(format: LogFormat, expected: &[&str]) {
        let written = Written::default();
        let subscriber = tracing_subscriber::registry().with(layer(format, written.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("pass", pass = "p-7", of = "a\nb").entered();
            tracing::info!(said = %"c\r\nd\u{1b}[31m", error = "e\nf", "g\nh\n");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text:?}");
        assert!(text.ends_with('\n') && !text.trim_end().chars().any(char::is_control), "{text:?}");
        for expected in expected {
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn an_event_is_one_line_in_every_format_and_says_what_it_belongs_to() {
        check(LogFormat::Text, &[r"c\r\nd\x1b[31m", r#"pass="p-7""#]);
        check(LogFormat::Logfmt, &[r#"said="c\r\nd\u{1b}[31m""#, " pass=p-7 "]);
        check(LogFormat::Json, &[r#""said":"c\r\nd\u001b[31m""#, r#""span":{"#, r#""pass":"p-7""#]);
    }
}
