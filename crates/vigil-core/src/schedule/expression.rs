//! When a schedule comes around, as people write it. Knows nothing of what is started then, nor whether it may be.

use std::fmt;
use std::str::FromStr;

use croner::Cron;
use croner::parser::CronParser;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::aws::parse_aws;
use super::wall::{first_moment, wall};

/// What is accepted, as it is said in errors.
pub const EXPRESSION_FORMS: &str = "six cron fields, seconds first, such as `0 0 0 * * *`; five without seconds, \
     such as `0 0 * * *`; @hourly, @daily, @weekly, @monthly or @yearly; and as AWS writes them, rate(12 hours), \
     rate(1 day) or cron(0 3 * * ? *)";

/// A cron expression or a rate. Each tick is a whole second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
    ticks: Ticks,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Ticks {
    /// Where the clock on the wall shows these times.
    Cron(Box<Cron>),
    /// Every so often, counted from the first second of 1970 in UTC, so that a restart does not shift it.
    Rate(SignedDuration),
}

/// A text that is no expression, or one that never comes around.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a schedule: {reason}")]
pub struct InvalidExpression {
    text: String,
    reason: String,
}

impl Expression {
    /// The first tick after a moment; `None` if there is none, because the years that the expression names are over.
    ///
    /// A time that the clock skips when it is put forward counts at the end of the gap; one that it shows twice counts
    /// the first time. Where every hour is meant, hours are real ones: none is left out, and none counts for two.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match &self.ticks {
            Ticks::Rate(every) => next_multiple(*every, after),
            Ticks::Cron(cron) if cron.pattern.hours.values().len() == 24 => next_in_hours(cron, after, zone),
            Ticks::Cron(cron) => next_on_wall(cron, after, zone),
        }
    }

    /// In words.
    pub fn describe(&self) -> String {
        match &self.ticks {
            Ticks::Rate(_) => {
                format!("Every {}.", self.text.trim_start_matches("rate(").trim_end_matches(')'))
            }
            Ticks::Cron(cron) => cron.describe(),
        }
    }
}

fn next_multiple(every: SignedDuration, after: Timestamp) -> Option<Timestamp> {
    let every = every.as_secs();
    let multiple = after.as_second().div_euclid(every).checked_add(1)?.checked_mul(every)?;
    Timestamp::from_second(multiple).ok()
}

fn next_in_hours(cron: &Cron, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    // Whole seconds: what the search starts from would otherwise count as behind its own second.
    let after = Timestamp::from_second(after.as_second()).ok()?;
    cron.find_next_occurrence(&after.to_zoned(zone.clone()), false).ok().map(|at| at.timestamp())
}

fn next_on_wall(cron: &Cron, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let mut shown = wall(after, zone);
    loop {
        shown = cron.find_next_occurrence(&shown, false).ok()?;
        let at = first_moment(shown, zone)?;
        // In the second half of a repeated hour its times are over.
        if at > after {
            return Some(at);
        }
    }
}

impl FromStr for Expression {
    type Err = InvalidExpression;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let invalid = |reason: String| InvalidExpression { text: text.to_owned(), reason };
        let inside = |name: &str| {
            let rest = text.get(name.len()..).filter(|_| text[..name.len()].eq_ignore_ascii_case(name))?;
            rest.trim_start().strip_prefix('(')?.strip_suffix(')').map(str::trim)
        };
        let ticks = if let Some(rate) = inside("rate") {
            Ticks::Rate(parse_rate(rate).map_err(invalid)?)
        } else if let Some(fields) = inside("cron") {
            Ticks::Cron(Box::new(parse_aws(fields).map_err(invalid)?))
        } else {
            Ticks::Cron(Box::new(parse_cron(text).map_err(invalid)?))
        };
        if let Ticks::Cron(cron) = &ticks
            && cron.find_next_occurrence(&DateTime::constant(1970, 1, 1, 0, 0, 0, 0), true).is_err()
        {
            return Err(invalid("it never comes around".into()));
        }
        Ok(Self { text: text.to_owned(), ticks })
    }
}

/// The longest rate: further apart nothing is a schedule, and no sum of seconds overflows.
const LONGEST_RATE_DAYS: i64 = 3650;

fn parse_rate(text: &str) -> Result<SignedDuration, String> {
    let (number, unit) = text
        .split_once(char::is_whitespace)
        .ok_or("a rate is a number and a unit, such as rate(12 hours)")?;
    let unit = unit.trim().to_ascii_lowercase();
    let (seconds, one) = match unit.strip_suffix('s').unwrap_or(&unit) {
        "minute" => (60, "minute"),
        "hour" => (3_600, "hour"),
        "day" => (86_400, "day"),
        _ => return Err(format!("`{unit}` is none of minutes, hours and days")),
    };
    let number: i64 = number.parse().map_err(|_| format!("`{number}` is not a number"))?;
    // AWS takes the one for the other nowhere.
    match (number, unit == one) {
        (1, false) => return Err(format!("AWS writes one {one} as rate(1 {one})")),
        (2.., true) => return Err(format!("AWS writes several as rate({number} {one}s)")),
        _ => {}
    }
    match number.checked_mul(seconds) {
        Some(total) if total > 0 && total <= LONGEST_RATE_DAYS * 86_400 => {
            Ok(SignedDuration::from_secs(total))
        }
        _ => Err(format!("it must be between 1 minute and {LONGEST_RATE_DAYS} days")),
    }
}

fn parse_cron(text: &str) -> Result<Cron, String> {
    if text.starts_with('@') {
        return CronParser::new().parse(text).map_err(|_| "there is no such name".into());
    }
    let count = text.split_whitespace().count();
    // With seconds, a day must be right by both of its fields; in the five of Vixie's cron either is enough.
    let both_days = match count {
        5 => false,
        6 | 7 => true,
        0 => return Err("it is empty".into()),
        _ => return Err(format!("it has {count} field{}", if count == 1 { "" } else { "s" })),
    };
    let parser = CronParser::builder().dom_and_dow(both_days).build();
    let fields = if both_days { text.to_owned() } else { format!("0 {text}") };
    parser.parse(&fields).map_err(|_| blame(&parser, &fields))
}

/// Finds the field that is wrong: the one that is so without the others, too.
fn blame(parser: &CronParser, fields: &str) -> String {
    let names = [
        ("second", "0-59"),
        ("minute", "0-59"),
        ("hour", "0-23"),
        ("day of the month", "1-31, L or W"),
        ("month", "1-12 or JAN-DEC"),
        ("day of the week", "0-7 or SUN-SAT"),
        ("year", "a year"),
    ];
    for (place, ((name, form), field)) in names.into_iter().zip(fields.split_whitespace()).enumerate() {
        let alone: Vec<&str> = (0..7).map(|other| if other == place { field } else { "*" }).collect();
        if parser.parse(&alone.join(" ")).is_err() {
            return format!("its {name} is `{field}`, which is not {form}");
        }
    }
    "its fields do not fit together".into()
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The ticks of an expression after a moment, as the wall shows them.
    #[track_caller]
    fn check(expression: &str, zone: &str, after: &str, expected: &[&str]) {
        let zone = TimeZone::get(zone).unwrap();
        let parsed: Expression = expression.parse().unwrap();
        let mut at: Timestamp = after.parse().unwrap();
        for expected in expected {
            at = parsed.next(at, &zone).unwrap();
            assert_eq!(&at.to_zoned(zone.clone()).strftime("%F %T %z").to_string(), expected, "{expression}");
        }
    }

    const NOW: &str = "2026-03-27T12:00:01Z";

    #[test]
    fn every_accepted_form_comes_around() {
        let next = |expression, expected| check(expression, "UTC", NOW, &[expected]);
        next("0 0 0 * * *", "2026-03-28 00:00:00 +0000");
        next("0 0 * * *", "2026-03-28 00:00:00 +0000");
        next("*/5 * * * *", "2026-03-27 12:05:00 +0000");
        next("30 0 6 * * MON-FRI", "2026-03-30 06:00:30 +0000");
        next("0 0 12 L * ?", "2026-03-31 12:00:00 +0000");
        next("0 0 12 1 1 ? 2031", "2031-01-01 12:00:00 +0000");
        next("@hourly", "2026-03-27 13:00:00 +0000");
        next("@daily", "2026-03-28 00:00:00 +0000");
        next("@weekly", "2026-03-29 00:00:00 +0000");
        next("@Monthly", "2026-04-01 00:00:00 +0000");
        next("@yearly", "2027-01-01 00:00:00 +0000");
        next("rate(1 day)", "2026-03-28 00:00:00 +0000");
        next("rate(12 hours)", "2026-03-28 00:00:00 +0000");
        next("Rate( 5  minutes )", "2026-03-27 12:05:00 +0000");
    }

    #[test]
    fn aws_fields_mean_what_aws_says() {
        let next = |expression, expected| check(expression, "UTC", NOW, &[expected]);
        next("cron(0 3 * * ? *)", "2026-03-28 03:00:00 +0000");
        next("cron(0 10 ? * 1 *)", "2026-03-29 10:00:00 +0000");
        next("cron(0/15 8-17 ? * MON-FRI *)", "2026-03-27 12:15:00 +0000");
        next("cron(0 10 ? * 6L 2026-2028)", "2026-04-24 10:00:00 +0000");
        next("cron(0 10 ? * L *)", "2026-03-28 10:00:00 +0000");
        next("cron(0 10 ? * 2#1 *)", "2026-04-06 10:00:00 +0000");
        next("cron(0 10 LW * ? *)", "2026-03-31 10:00:00 +0000");
        next("CRON(0 8 1 * ? *)", "2026-04-01 08:00:00 +0000");
    }

    #[test]
    fn with_seconds_both_days_must_be_right_and_with_five_fields_either() {
        check("0 0 0 13 * FRI", "UTC", NOW, &["2026-11-13 00:00:00 +0000"]);
        check("0 0 13 * FRI", "UTC", NOW, &["2026-04-03 00:00:00 +0000"]);
        check("0 0 0 13 * ?", "UTC", NOW, &["2026-04-13 00:00:00 +0000"]);
    }

    #[test]
    fn a_time_that_the_clock_skips_comes_once_and_one_that_it_repeats_comes_once() {
        let spring = "2026-03-28T12:00:00Z";
        let berlin =
            |expression, after, expected: &[&str]| check(expression, "Europe/Berlin", after, expected);
        berlin("30 2 * * *", spring, &["2026-03-29 03:00:00 +0200", "2026-03-30 02:30:00 +0200"]);
        berlin("0,30 2,3 * * *", spring, &["2026-03-29 03:00:00 +0200", "2026-03-29 03:30:00 +0200"]);
        berlin(
            "@hourly",
            "2026-03-29T00:30:00Z",
            &["2026-03-29 03:00:00 +0200", "2026-03-29 04:00:00 +0200"],
        );
        let autumn = "2026-10-24T12:00:00Z";
        berlin("30 2 * * *", autumn, &["2026-10-25 02:30:00 +0200", "2026-10-26 02:30:00 +0100"]);
        berlin(
            "0 */2 * * *",
            "2026-10-24T23:30:00Z",
            &["2026-10-25 02:00:00 +0200", "2026-10-25 04:00:00 +0100"],
        );
        berlin(
            "@hourly",
            "2026-10-24T23:30:00Z",
            &["2026-10-25 02:00:00 +0200", "2026-10-25 02:00:00 +0100"],
        );
    }

    #[test]
    fn a_bad_expression_is_named_with_what_is_wrong() {
        let cases = [
            "",
            "soon",
            "* * *",
            "0 0 0 * * * * *",
            "60 * * * *",
            "0 60 * * * *",
            "0 0 25 * * *",
            "0 0 0 32 * *",
            "0 0 0 * 13 *",
            "0 0 0 * * 8",
            "0 0 0 31 2 *",
            "0 0 30 2 *",
            "0 0 0 1 1 ? 12x",
            "@often",
            "rate(1)",
            "rate(0 days)",
            "rate(-1 days)",
            "rate(1 week)",
            "rate(many days)",
            "rate(99999999999999999 days)",
            "rate(1 days)",
            "rate(2 hour)",
            "cron(0 3 * * * *)",
            "cron(0 3 1 * MON *)",
            "cron(0 3 * * *)",
            "cron(0 24 * * ? *)",
            "cron(0 3 ? * 8 *)",
            "0 12 * * ? *",
            "rate(1 day",
            "é",
            "cronä",
        ];
        let said = |text: &&str| text.parse::<Expression>().unwrap_err().to_string();
        insta::assert_snapshot!(cases.iter().map(said).collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn what_is_over_does_not_come_again() {
        let over: Expression = "0 0 12 1 1 ? 2020".parse().unwrap();
        assert_eq!(over.next(NOW.parse().unwrap(), &TimeZone::UTC), None);
    }

    #[test]
    fn an_expression_can_be_said_in_words() {
        let said = |text: &str| text.parse::<Expression>().unwrap().describe();
        let all = ["0 0 0 * * *", "30 2 * * MON-FRI", "*/5 * * * *", "rate(12 hours)", "cron(0 3 ? * 1 *)"];
        insta::assert_snapshot!(all.map(said).join("\n"));
    }

    proptest! {
        #[test]
        fn ticks_only_ever_come_later(
            seconds in 0i64..4_000_000_000, nanoseconds in 0i32..1_000_000_000,
            which in 0usize..7, zone in 0usize..4,
        ) {
            let zone = TimeZone::get(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"][zone]).unwrap();
            let texts = ["0 30 2 * * *", "@hourly", "*/7 * * * *", "rate(7 hours)", "0 0,30 1-3 * * *", "* 0 2 * * *", "15 */2 * * *"];
            let expression: Expression = texts[which].parse().unwrap();
            let after = Timestamp::new(seconds, nanoseconds).unwrap();
            let tick = expression.next(after, &zone).unwrap();
            prop_assert!(tick > after);
            // Nothing was passed over: from any moment before the tick, it is the next one.
            let before = Timestamp::from_second((tick.as_second() - 1).max(seconds)).unwrap();
            prop_assert_eq!(expression.next(before.max(after), &zone), Some(tick));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(cron\\(|rate\\(|@)?[0-9*/?,LW# a-z-]{0,20}\\)?") {
            if let Ok(expression) = text.parse::<Expression>() {
                let _ = expression.next(NOW.parse().unwrap(), &TimeZone::UTC);
            }
        }
    }
}
