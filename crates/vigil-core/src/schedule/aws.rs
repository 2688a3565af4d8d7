//! AWS's `cron()`: what Amazon EventBridge takes is taken here and means the same, and what it refuses is refused.
//!
//! Knows its grammar alone; when such an expression comes around, the parser of all others says.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// One of the six fields.
struct Field {
    name: &'static str,
    /// What is accepted, as it is said in errors.
    form: &'static str,
    least: u16,
    most: u16,
    /// Names of values, the least one first.
    names: &'static [&'static str],
    /// What else it takes.
    more: fn(&Field, &str) -> bool,
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// The week begins with Sunday, as 1.
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>
const FIELDS: [Field; 6] = [
    Field { name: "minute", form: "0-59 (with , - * /)", least: 0, most: 59, names: &[], more: step },
    Field { name: "hour", form: "0-23 (with , - * /)", least: 0, most: 23, names: &[], more: step },
    Field {
        name: "day of the month",
        form: "1-31 (with , - * / ? L W)",
        least: 1,
        most: 31,
        names: &[],
        more: day_of_month,
    },
    Field {
        name: "month",
        form: "1-12 or JAN-DEC (with , - * /)",
        least: 1,
        most: 12,
        names: &MONTHS,
        more: step,
    },
    Field {
        name: "day of the week",
        form: "1-7 or SUN-SAT (with , - * ? L #)",
        least: 1,
        most: 7,
        names: &WEEKDAYS,
        more: day_of_week,
    },
    Field { name: "year", form: "1970-2199 (with , - * /)", least: 1970, most: 2199, names: &[], more: step },
];

/// What stands between the parentheses: minutes first and years last.
pub(super) fn parse_aws(fields: &str) -> Result<Cron, String> {
    let upper = fields.to_ascii_uppercase();
    let given: Vec<&str> = upper.split_whitespace().collect();
    let [_, _, day_of_month, _, day_of_week, _] = given[..] else {
        let count = given.len();
        return Err(format!("AWS's cron() has six fields, from minutes to years, and it has {count}"));
    };
    if let Some((field, said)) = FIELDS.iter().zip(&given).find(|(field, said)| !field.takes(said)) {
        return Err(format!("its {} is `{said}`, which is not {}", field.name, field.form));
    }
    if (day_of_month == "?") == (day_of_week == "?") {
        let rule = "one of day of the month and day of the week must be `?` in AWS's cron(), and only one";
        return Err(format!("{rule}, such as in cron(0 3 * * ? *)"));
    }
    // By itself the last day of the week is Saturday, and not the last one of the month.
    let day_of_week = if day_of_week == "L" { "SAT" } else { day_of_week };
    // Every so many years are counted from AWS's first one.
    let years = given[5].split(',').map(|part| {
        part.strip_prefix("*/")
            .map_or(part.to_owned(), |step| format!("{}-{}/{step}", FIELDS[5].least, FIELDS[5].most))
    });
    let years = years.collect::<Vec<_>>().join(",");
    let fields = format!("0 {} {} {} {} {day_of_week} {years}", given[0], given[1], given[2], given[3]);
    let aws = CronParser::builder().seconds(Seconds::Required).year(Year::Required);
    let parser = aws.alternative_weekdays(true).sloppy_ranges(true).build();
    parser.parse(&fields).map_err(|_| "its fields do not fit together".into())
}

impl Field {
    fn takes(&self, text: &str) -> bool {
        let part = |part: &str| part == "*" || self.is_range(part) || (self.more)(self, part);
        // What is left open, or is the first to the fifth of its kind, stands alone.
        let fits_a_list = !text.contains(['?', '#']) || !text.contains(',');
        text.split(',').all(part) && fits_a_list
    }

    fn value(&self, text: &str) -> Option<u16> {
        let named = self.names.iter().position(|name| *name == text);
        let named = named.and_then(|place| u16::try_from(place).ok()).map(|place| place + self.least);
        named.or_else(|| number(text)).filter(|value| (self.least..=self.most).contains(value))
    }

    /// A value, or one and a later one.
    fn is_range(&self, text: &str) -> bool {
        match text.split_once('-') {
            Some((from, to)) => self.value(from).zip(self.value(to)).is_some_and(|(from, to)| from <= to),
            None => self.value(text).is_some(),
        }
    }
}

/// Digits alone: no sign.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Every so many from a value on, or within a range.
fn step(field: &Field, text: &str) -> bool {
    text.split_once('/').is_some_and(|(from, every)| {
        (from == "*" || field.is_range(from)) && number(every).is_some_and(|every| every > 0)
    })
}

/// The last one, or the weekday that is next to one.
fn day_of_month(field: &Field, text: &str) -> bool {
    let next_to = |text: &str| text.strip_suffix('W').is_some_and(|day| field.value(day).is_some());
    matches!(text, "?" | "L" | "LW") || next_to(text) || step(field, text)
}

/// The last one of the month, or the first to the fifth.
fn day_of_week(field: &Field, text: &str) -> bool {
    let last = |text: &str| text.strip_suffix('L').is_some_and(|day| field.value(day).is_some());
    let nth = |text: &str| {
        text.split_once('#').is_some_and(|(day, nth)| {
            field.value(day).is_some() && number(nth).is_some_and(|nth| (1..=5).contains(&nth))
        })
    };
    matches!(text, "?" | "L") || last(text) || nth(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fields: &str, said: &str) {
        let refused = parse_aws(fields).err().unwrap_or_default();
        assert!(refused.contains(said) && refused.is_empty() == said.is_empty(), "{fields}: {refused}");
    }

    #[test]
    fn the_examples_of_awss_own_document_are_taken() {
        for fields in [
            "0 10 * * ? *",
            "15 12 * * ? *",
            "0 18 ? * MON-FRI *",
            "0 8 1 * ? *",
            "0/15 * * * ? *",
            "0/10 * ? * MON-FRI *",
            "0/5 8-17 ? * MON-FRI *",
            "0/30 20-23 ? * MON-FRI *",
            "0 9 ? * 2#1 *",
            "0 10 ? * 6L 2022-2023",
            "15,30 4 3W,L JAN,feb ? 2026-2030",
        ] {
            check(fields, "");
        }
    }

    #[test]
    fn one_day_is_left_open_and_only_one() {
        check("0 3 * * * *", "one of day of the month and day of the week must be `?`");
        check("0 3 1 * MON *", "one of day of the month and day of the week must be `?`");
        check("0 3 ? * ? *", "one of day of the month and day of the week must be `?`");
        check("0 3 ?,1 * ? *", "its day of the month is `?,1`");
        check("? 3 * * ? *", "its minute is `?`");
    }

    #[test]
    fn every_field_keeps_to_its_values_and_its_signs() {
        check("60 3 * * ? *", "its minute is `60`, which is not 0-59");
        check("0 24 * * ? *", "its hour is `24`");
        check("0 17-8 * * ? *", "its hour is `17-8`");
        check("0,,5 3 * * ? *", "its minute is `0,,5`");
        check("/5 3 * * ? *", "its minute is `/5`");
        check("0/0 3 * * ? *", "its minute is `0/0`");
        check("+5 3 * * ? *", "its minute is `+5`");
        check("L 3 * * ? *", "its minute is `L`");
        check("0 3 32 * ? *", "its day of the month is `32`");
        check("0 3 W * ? *", "its day of the month is `W`");
        check("0 3 6#1 * ? *", "its day of the month is `6#1`");
        check("0 3 * 13 ? *", "its month is `13`");
        check("0 3 * MON ? *", "its month is `MON`");
        check("0 3 ? * 0 *", "its day of the week is `0`, which is not 1-7 or SUN-SAT");
        check("0 3 ? * 3W *", "its day of the week is `3W`");
        check("0 3 ? * MON/2 *", "its day of the week is `MON/2`");
        check("0 3 ? * 2#6 *", "its day of the week is `2#6`");
        check("0 3 ? * 3#1,6#3 *", "its day of the week is `3#1,6#3`");
        check("0 3 * * ? 1969", "its year is `1969`, which is not 1970-2199");
        check("0 3 * * ? 2200", "its year is `2200`");
        check("0 3 * * ?", "has six fields");
    }
}
