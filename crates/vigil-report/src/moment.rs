//! Times as every format for programs writes them: RFC 3339, in UTC, to the second.

use jiff::Timestamp;

/// Such as `2026-11-21T12:00:00Z`.
pub(crate) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_dropped() {
        assert_eq!(utc("2026-11-21T13:00:00.987+01:00".parse().unwrap()), "2026-11-21T12:00:00Z");
    }
}
