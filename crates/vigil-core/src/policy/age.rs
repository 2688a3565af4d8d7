//! How long ago is too long: `7d`, `2w1d`, `1m2w`, `12h`.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A calendar duration of months, weeks, days and hours. A month is a calendar month, counted in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Age {
    text: String,
    months: i32,
    days: i32,
    hours: i32,
}

/// A text that is no age.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration: {reason}")]
pub struct InvalidAge {
    text: String,
    reason: &'static str,
}

impl Age {
    /// So many days.
    pub fn days(days: u16) -> Self {
        Self { text: format!("{days}d"), months: 0, days: days.into(), hours: 0 }
    }

    /// The moment this long before `now`; the earliest there is when that lies before the calendar.
    pub fn before(&self, now: Timestamp) -> Timestamp {
        let now = now.to_zoned(TimeZone::UTC);
        now.checked_sub(self.span()).map_or(Timestamp::MIN, |then| then.timestamp())
    }

    /// The moment this long after `then`; the latest there is when that lies beyond the calendar.
    pub fn after(&self, then: Timestamp) -> Timestamp {
        let then = then.to_zoned(TimeZone::UTC);
        then.checked_add(self.span()).map_or(Timestamp::MAX, |at| at.timestamp())
    }

    fn span(&self) -> Span {
        // In range: `from_str` admits no more than `LIMIT` of any unit.
        Span::new().months(self.months).days(self.days).hours(self.hours)
    }
}

/// Nothing in a registry is older than this many of any unit; it keeps sums of weeks and days within a calendar span.
const LIMIT: i32 = 100_000;

impl FromStr for Age {
    type Err = InvalidAge;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |reason| InvalidAge { text: text.to_owned(), reason };
        let mut age = Self { text: text.to_owned(), months: 0, days: 0, hours: 0 };
        let mut seen = String::new();
        let mut rest = text;
        if rest.is_empty() {
            return Err(invalid("it is empty"));
        }
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits == 0 {
                return Err(invalid("a number is missing"));
            }
            let (number, tail) = rest.split_at(digits);
            let unit = tail.chars().next().ok_or_else(|| invalid("a unit is missing"))?;
            let number = number
                .parse()
                .ok()
                .filter(|n| *n <= LIMIT)
                .ok_or_else(|| invalid("a number is too large"))?;
            if seen.contains(unit) {
                return Err(invalid("a unit is given twice"));
            }
            match unit {
                'm' => age.months = number,
                'w' => age.days += number * 7,
                'd' => age.days += number,
                'h' => age.hours = number,
                _ => return Err(invalid("a unit is not known")),
            }
            seen.push(unit);
            rest = &tail[unit.len_utf8()..];
        }
        Ok(age)
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let now: Timestamp = "2026-03-31T12:00:00Z".parse().unwrap();
        assert_eq!(text.parse::<Age>().unwrap().before(now).to_string(), expected, "{text}");
    }

    #[test]
    fn any_number_of_digits_in_any_order() {
        check("7d", "2026-03-24T12:00:00Z");
        check("14d", "2026-03-17T12:00:00Z");
        check("2w1d", "2026-03-16T12:00:00Z");
        check("1d2w", "2026-03-16T12:00:00Z");
        check("12h", "2026-03-31T00:00:00Z");
        check("030d", "2026-03-01T12:00:00Z");
    }

    #[test]
    fn a_month_is_a_calendar_month() {
        check("1m", "2026-02-28T12:00:00Z");
        check("1m2w", "2026-02-14T12:00:00Z");
    }

    #[test]
    fn anything_else_is_an_error_that_names_the_text() {
        for text in
            ["", "7", "d", "7D", "abc", "1y", "7d ", " 7d", "-7d", "1.5d", "7d7d", "999999999999999d", "7dé"]
        {
            let error = text.parse::<Age>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is not a duration")), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9mwdh]{0,12}", seconds in -200_000_000_000i64..200_000_000_000) {
            if let Ok(age) = text.parse::<Age>() {
                let now = Timestamp::from_second(seconds).unwrap();
                prop_assert!(age.before(now) <= now && now <= age.after(now));
            }
        }
    }
}
