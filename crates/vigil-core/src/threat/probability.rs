//! A probability, to the five digits in which EPSS gives it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Between 0 and 1, in hundred thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(u32);

/// A text or number that is no probability.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number from 0 to 1, such as 0.5")]
pub struct NotAProbability(String);

const ONE: u32 = 100_000;

impl Probability {
    /// So many hundred thousandths; `None` if that is more than one.
    pub fn of_parts(parts: u32) -> Option<Self> {
        (parts <= ONE).then_some(Self(parts))
    }

    /// How many hundred thousandths it is.
    pub fn parts(self) -> u32 {
        self.0
    }

    /// As people read it: `0.94358` as `94.4 %`.
    pub fn percent(self) -> String {
        format!("{:.1} %", f64::from(self) * 100.0)
    }
}

impl TryFrom<f64> for Probability {
    type Error = NotAProbability;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&value) {
            // Between 0 and 100,000, so nothing is cut off.
            Ok(Self((value * f64::from(ONE)).round() as u32))
        } else {
            Err(NotAProbability(value.to_string()))
        }
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        Self::from(probability.0) / Self::from(ONE)
    }
}

impl FromStr for Probability {
    type Err = NotAProbability;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let value: Option<f64> = text.trim().parse().ok();
        value.and_then(|value| value.try_into().ok()).ok_or_else(|| NotAProbability(text.to_owned()))
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(*self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_is_read_and_told_to_five_digits() {
        let told = |text: &str| text.parse::<Probability>().map(|read| read.to_string());
        assert_eq!(told("0.94358").as_deref(), Ok("0.94358"));
        assert_eq!(told("1").as_deref(), Ok("1"));
        assert_eq!(told("1e-05").as_deref(), Ok("0.00001"));
        for wrong in ["1.1", "-0.1", "NaN", "", "half"] {
            assert_eq!(told(wrong).unwrap_err(), NotAProbability(wrong.to_owned()));
        }
        assert_eq!("0.94358".parse::<Probability>().unwrap().percent(), "94.4 %");
    }
}
