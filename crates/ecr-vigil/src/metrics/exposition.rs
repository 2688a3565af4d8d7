//! Writes families and their samples in either text format. It refuses to know what they mean.

use std::fmt::{self, Write as _};

use super::family::{Family, Kind};
use super::format::Format;

/// What has been written so far.
#[derive(Debug)]
pub struct Exposition {
    format: Format,
    text: String,
}

/// The samples of one family, being written.
pub struct Samples<'e> {
    text: &'e mut String,
    family: &'static Family,
}

/// A sample's number. Whole numbers are written whole, however large.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A whole number.
    Whole(i64),
    /// Any number.
    Real(f64),
}

impl Exposition {
    pub fn new(format: Format) -> Self {
        Self { format, text: String::new() }
    }

    /// One family: its head, also where there is nothing to tell yet, and then its samples.
    pub fn family(&mut self, family: &'static Family, write: impl FnOnce(&mut Samples<'_>)) {
        let (name, kind) = match self.format {
            Format::Text => (family.name, family.kind.in_text()),
            Format::OpenMetrics if family.kind == Kind::Counter => {
                (family.name.strip_suffix("_total").unwrap_or(family.name), family.kind.in_open_metrics())
            }
            Format::OpenMetrics => (family.name, family.kind.in_open_metrics()),
        };
        self.put(format_args!("# HELP {name} {}\n# TYPE {name} {kind}\n", family.help));
        write(&mut Samples { text: &mut self.text, family });
    }

    /// One family with one sample and no labels; without a number only its head.
    pub fn single(&mut self, family: &'static Family, value: Option<impl Into<Value>>) {
        self.family(family, |samples| {
            value.into_iter().for_each(|value| samples.put::<&str>(&[], value));
        });
    }

    /// The whole document.
    pub fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.text.write_fmt(text);
    }
}

impl Samples<'_> {
    /// One sample: the values of the family's labels, in their order, and the number.
    pub fn put<L: AsRef<str>>(&mut self, labels: &[L], value: impl Into<Value>) {
        self.put_line("", labels, None, value.into());
    }

    /// One line of a histogram.
    pub fn put_part<L: AsRef<str>>(
        &mut self,
        suffix: &str,
        labels: &[L],
        extra: Option<(&str, &str)>,
        value: impl Into<Value>,
    ) {
        self.put_line(suffix, labels, extra, value.into());
    }

    fn put_line<L: AsRef<str>>(
        &mut self,
        suffix: &str,
        labels: &[L],
        extra: Option<(&str, &str)>,
        value: Value,
    ) {
        debug_assert_eq!(labels.len(), self.family.labels.len(), "{}", self.family.name);
        self.text.push_str(self.family.name);
        self.text.push_str(suffix);
        let values = labels.iter().map(AsRef::as_ref);
        let mut separator = '{';
        for (label, value) in self.family.labels.iter().copied().zip(values).chain(extra) {
            self.text.push(separator);
            self.text.push_str(label);
            self.text.push_str("=\"");
            escape(self.text, value);
            self.text.push('"');
            separator = ',';
        }
        if separator == ',' {
            self.text.push('}');
        }
        // Writing to a string does not fail.
        let _ = writeln!(self.text, " {value}");
    }
}

fn escape(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(f),
            Self::Real(value) if value.is_nan() => f.write_str("NaN"),
            Self::Real(value) if value.is_infinite() => {
                f.write_str(if *value > 0.0 { "+Inf" } else { "-Inf" })
            }
            Self::Real(value) => value.fmt(f),
        }
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Real(value as f64), Self::Whole)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        (value as u64).into()
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<jiff::Timestamp> for Value {
    /// Seconds since 1970.
    fn from(at: jiff::Timestamp) -> Self {
        match at.subsec_nanosecond() {
            0 => Self::Whole(at.as_second()),
            _ => Self::Real(at.as_millisecond() as f64 / 1000.0),
        }
    }
}

impl From<jiff::SignedDuration> for Value {
    /// Seconds.
    fn from(duration: jiff::SignedDuration) -> Self {
        Self::Real(duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static COUNTER: Family =
        Family { name: "a_total", kind: Kind::Counter, labels: &["b"], help: "A counter." };
    static OLD: Family = Family { name: "old", kind: Kind::OldCounter, labels: &[], help: "An old counter." };

    fn written(format: Format) -> String {
        let mut exposition = Exposition::new(format);
        exposition.family(&COUNTER, |samples| samples.put(&["x\"\\\ny"], 1_u64));
        exposition.single(&OLD, Some(2_u64));
        exposition.finish()
    }

    #[test]
    fn both_formats_name_the_same_samples() {
        let samples = "a_total{b=\"x\\\"\\\\\\ny\"} 1\n";
        assert_eq!(
            written(Format::Text),
            format!(
                "# HELP a_total A counter.\n# TYPE a_total counter\n{samples}# HELP old An old counter.\n# TYPE old counter\nold 2\n"
            )
        );
        assert_eq!(
            written(Format::OpenMetrics),
            format!(
                "# HELP a A counter.\n# TYPE a counter\n{samples}# HELP old An old counter.\n# TYPE old unknown\nold 2\n# EOF\n"
            )
        );
    }

    #[test]
    fn numbers_are_written_as_prometheus_reads_them() {
        let check = |value: Value, expected: &str| assert_eq!(value.to_string(), expected);
        check(9_007_199_254_740_993_u64.into(), "9007199254740993");
        check(0.5.into(), "0.5");
        check(f64::INFINITY.into(), "+Inf");
        check(jiff::Timestamp::from_second(1_795_262_400).unwrap().into(), "1795262400");
        check(jiff::Timestamp::from_millisecond(1_500).unwrap().into(), "1.5");
    }
}
