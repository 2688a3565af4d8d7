//! The id of a vulnerability in the CVE list, small enough to hold all of them in memory.

use std::fmt;
use std::str::FromStr;

/// Such as `CVE-2024-3094`. In order of the year, then of the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CveId {
    year: u16,
    number: u32,
}

/// A text that is no id of the CVE list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id such as CVE-2024-3094")]
pub struct NotACve(String);

impl CveId {
    /// Year and number, as one.
    pub fn packed(self) -> u64 {
        u64::from(self.year) << 32 | u64::from(self.number)
    }

    /// The id that was packed so.
    pub fn of_packed(packed: u64) -> Option<Self> {
        let (year, number) = (u16::try_from(packed >> 32).ok()?, packed & u64::from(u32::MAX));
        Some(Self { year, number: u32::try_from(number).ok()? })
    }
}

impl FromStr for CveId {
    type Err = NotACve;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = || {
            let text = text.trim();
            let (word, rest) = text.split_at_checked(4)?;
            let (year, number) = rest.split_once('-')?;
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let is_id =
                word.eq_ignore_ascii_case("CVE-") && year.len() == 4 && digits(year) && digits(number);
            let id = Self { year: year.parse().ok()?, number: number.parse().ok()? };
            (is_id && number.len() >= 4).then_some(id)
        };
        parsed().ok_or_else(|| NotACve(text.chars().take(40).collect()))
    }
}

impl fmt::Display for CveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CVE-{}-{:04}", self.year, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_in_any_case_and_told_as_it_is_written() {
        for id in ["CVE-2024-3094", "CVE-1999-0001", "CVE-2021-44228", "CVE-2024-1234567"] {
            let read: CveId = id.parse().unwrap();
            assert_eq!(read.to_string(), id);
            assert_eq!(id.to_lowercase().parse(), Ok(read));
            assert_eq!(CveId::of_packed(read.packed()), Some(read));
        }
        for wrong in
            ["", "CVE-", "GHSA-2024-3094", "CVE-24-3094", "CVE-2024-1", "CVE-2024-12x4", "CVE-2024-ä234"]
        {
            assert!(wrong.parse::<CveId>().is_err(), "{wrong}");
        }
    }
}
