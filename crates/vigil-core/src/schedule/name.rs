//! What a schedule is called, in settings, logs, metrics and addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A schedule's name: up to 64 letters, digits, `-`, `_` and `.`, so that it can stand anywhere unquoted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScheduleName(String);

/// A text that is no name of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name: up to 64 letters, digits, -, _ and .")]
pub struct InvalidScheduleName(String);

impl Default for ScheduleName {
    /// Of the one schedule that there is without any being named.
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl FromStr for ScheduleName {
    type Err = InvalidScheduleName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        match text {
            "" => Err(InvalidScheduleName(text.to_owned())),
            text if text.len() <= 64 && text.bytes().all(allowed) => Ok(Self(text.to_owned())),
            text => Err(InvalidScheduleName(text.to_owned())),
        }
    }
}

impl TryFrom<String> for ScheduleName {
    type Error = InvalidScheduleName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ScheduleName> for String {
    fn from(name: ScheduleName) -> Self {
        name.0
    }
}

impl fmt::Display for ScheduleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_needs_no_quotes_anywhere() {
        for good in ["default", "nightly-eu.1", "A_b"] {
            assert_eq!(good.parse::<ScheduleName>().unwrap().to_string(), good);
        }
        for bad in ["", "a b", "ä", "a/b", &"x".repeat(65)] {
            assert!(bad.parse::<ScheduleName>().is_err(), "{bad}");
        }
    }
}
