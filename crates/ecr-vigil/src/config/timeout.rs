//! Durations of seconds, minutes and hours, or none: the time limits.

use std::str::FromStr;

use jiff::SignedDuration;

/// A positive duration, such as `90s`, `30m` or `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit(pub(super) SignedDuration);

/// A limit, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OptionalLimit(pub(super) Option<SignedDuration>);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<SignedDuration>() {
            Ok(duration) if duration.is_positive() => Ok(Self(duration)),
            Ok(_) => Err(format!("`{text}` is not longer than zero")),
            Err(_) => Err(format!("`{text}` is not a duration")),
        }
    }
}

impl FromStr for OptionalLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self(None)),
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
        for text in ["", "90", "0s", "-5s", "soon", "1d"] {
            assert!(text.parse::<Limit>().unwrap_err().contains(&format!("`{text}`")));
        }
        assert_eq!("none".parse::<OptionalLimit>().unwrap().0, None);
    }
}
