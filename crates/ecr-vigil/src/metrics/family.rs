//! What a family of metrics is: its name, its kind, its labels and what it means.

/// A family. Its samples differ in the values of its labels alone.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name, with the `_total` of a counter.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// Its labels, in the order in which they are written.
    pub labels: &'static [&'static str],
    /// What it means, in one sentence.
    pub help: &'static str,
}

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It only grows, under a name from before counters had to end in `_total`. OpenMetrics would append that to a counter,
    /// and with it break every dashboard: there its type is unknown.
    OldCounter,
    /// It goes up and down.
    Gauge,
    /// How many observations lie below each bound.
    Histogram,
}

impl Kind {
    /// The word in Prometheus's text format.
    pub fn in_text(self) -> &'static str {
        match self {
            Self::Counter | Self::OldCounter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }

    /// The word in OpenMetrics.
    pub fn in_open_metrics(self) -> &'static str {
        match self {
            Self::OldCounter => "unknown",
            other => other.in_text(),
        }
    }
}
