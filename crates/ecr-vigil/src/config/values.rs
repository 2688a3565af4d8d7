//! The values that settings can have, parsed from what was written.

use std::borrow::Cow;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::SignedDuration;
use vigil_aws::Operation;
use vigil_core::Probability;
use vigil_core::finding::Severity;
use vigil_core::policy::TagStatus;

words! {
    /// A level of the log.
    LogLevel {
        /// Everything.
        Debug = "debug" | "trace",
        /// What happens.
        Info = "info",
        /// What should not happen.
        Warn = "warn" | "warning",
        /// What must not happen.
        Error = "error" | "fatal" | "panic",
    }
}
words! {
    /// A format of the log.
    LogFormat {
        /// For people.
        Text = "text",
        /// `key=value`.
        Logfmt = "logfmt",
        /// One object a line.
        Json = "json",
    }
}

pub(super) struct Tags(pub(super) TagStatus);
pub(super) struct Level(pub(super) Option<u64>);
pub(super) struct KnownSeverity(pub(super) Severity);
pub(super) struct Url(pub(super) String);
pub(super) struct Rate(pub(super) Operation, pub(super) f64);
pub(super) struct AtLeastOne(pub(super) usize);
pub(super) struct Concurrency(pub(super) usize);
/// A place for the report: a file, or nothing for standard output.
pub(super) struct Place(pub(super) Option<PathBuf>);

impl FromStr for Tags {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "any" => Ok(Self(TagStatus::Any)),
            "tagged" => Ok(Self(TagStatus::Tagged)),
            "untagged" => Ok(Self(TagStatus::Untagged)),
            _ => Err(format!("`{text}` is not known")),
        }
    }
}

impl FromStr for Level {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self(None)),
            text => text
                .parse()
                .map(|n| Self(Some(n)))
                .map_err(|_| format!("`{text}` is neither a number nor off")),
        }
    }
}

impl FromStr for KnownSeverity {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Severity::from(text.to_ascii_uppercase().as_str()) {
            Severity::Unknown(_) => Err(format!("`{text}` is not a severity")),
            severity => Ok(Self(severity)),
        }
    }
}

impl FromStr for Url {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        match rest.filter(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace)) {
            Some(_) if masked(text) != text => {
                Err(format!("`{}` holds a password, and none is used", masked(text)))
            }
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(format!("`{}` is not a URL", masked(text))),
        }
    }
}

/// A text without the user and password of the URL that it may be.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let start = text.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at(start);
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rfind('@') {
        Some(at) => Cow::Owned(format!("{scheme}(secret){}", &rest[at..])),
        None => Cow::Borrowed(text),
    }
}

impl FromStr for Rate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (operation, rate) = text.split_once('=').ok_or_else(|| format!("`{text}` has no ="))?;
        let operation: Operation = operation.trim().parse().map_err(|error| format!("{error}"))?;
        let rate = rate.trim().parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
        Ok(Self(operation, rate.ok_or_else(|| format!("`{text}` gives no rate above zero"))?))
    }
}

impl FromStr for AtLeastOne {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().ok().filter(|n| *n > 0).map(Self).ok_or_else(|| format!("`{text}` is not such a number"))
    }
}

impl FromStr for Concurrency {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .ok()
            .filter(|n| (1..=1000).contains(n))
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not such a number"))
    }
}

impl FromStr for Place {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "-" => Ok(Self(None)),
            "" => Err("it is empty".to_owned()),
            text if text.ends_with('/') => Err(format!("`{text}` is a directory")),
            text => Ok(Self(Some(text.into()))),
        }
    }
}

/// From which EPSS score on a finding is over the line, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Likelihood(pub(super) Option<Probability>);

impl FromStr for Likelihood {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self(None)),
            text => text.parse().map(|least| Self(Some(least))).map_err(|error| format!("{error}")),
        }
    }
}

/// A positive duration, such as `90s`, `30m` or `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit(pub(super) SignedDuration);

/// How many days ahead people are warned, if at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Warning(pub(super) Option<i64>);

/// A limit, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OptionalLimit(pub(super) Option<SignedDuration>);

/// Nobody waits longer, and clocks can count it.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // As in ages: who writes an M may mean months.
        if text.contains(|letter: char| letter.is_ascii_uppercase()) {
            return Err(format!("`{text}` is not a duration: its units are lower-case letters"));
        }
        match text.parse::<SignedDuration>() {
            Ok(duration) if duration > LONGEST => Err(format!("`{text}` is longer than a year")),
            Ok(duration) if duration.is_positive() => Ok(Self(duration)),
            Ok(_) => Err(format!("`{text}` is not longer than zero")),
            Err(_) => Err(format!("`{text}` is not a duration")),
        }
    }
}

impl FromStr for Warning {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let days = text.strip_suffix('d').and_then(|days| days.parse::<u16>().ok());
        match (text, days) {
            ("none", _) => Ok(Self(None)),
            (_, Some(days)) => Ok(Self(Some(i64::from(days)))),
            _ => Err(format!("`{text}` is no number of days")),
        }
    }
}

impl FromStr for OptionalLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            text if text.eq_ignore_ascii_case("none") => Ok(Self(None)),
            text => text.parse().map(|Limit(limit)| Self(Some(limit))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_understood_and_nonsense_is_named() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1.5h", 5400)] {
            assert_eq!(text.parse::<Limit>().unwrap().0.as_secs(), seconds, "{text}");
        }
        for text in ["", "90", "0s", "-5s", "soon", "1d", "1M", "1H", "PT1H", "9999999999h"] {
            assert!(text.parse::<Limit>().unwrap_err().contains(&format!("`{text}`")));
            assert!(text.parse::<OptionalLimit>().is_err());
        }
        for none in ["none", "None", "NONE"] {
            assert_eq!(none.parse::<OptionalLimit>().unwrap().0, None);
        }
    }
}
