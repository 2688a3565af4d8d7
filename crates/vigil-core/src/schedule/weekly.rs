//! Spans of the week and of the calendar, as people write them: `22:00-06:00`, `Mon-Fri 20:00-06:00`, `Sat,Sun`,
//! `2026-12-20..2027-01-02`.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

/// What a window accepts, as it is said in errors.
pub const WINDOW_FORMS: &str = "22:00-06:00, Mon-Fri 20:00-06:00 or Sat,Sun, several separated by ;";
/// What a blackout accepts, as it is said in errors.
pub const BLACKOUT_FORMS: &str =
    "2026-12-25, 2026-12-20..2027-01-02, 22:00-06:00, Mon-Fri 20:00-06:00 or Sat,Sun, several separated by ;";

pub(super) const MINUTES_OF_DAY: u16 = 24 * 60;
pub(super) const MINUTES_OF_WEEK: u16 = 7 * MINUTES_OF_DAY;

/// Hours on some days of every week. One that crosses midnight belongs to the day on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    text: String,
    /// From Monday on.
    days: [bool; 7],
    /// The minute of the day at which it begins.
    begins: u16,
    /// How many minutes it lasts, up to a day.
    lasts: u16,
}

/// Hours of every week, or days of the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blackout {
    /// Every week.
    Weekly(Window),
    /// From one day to another, both included.
    Dates(Date, Date),
}

/// A text that is no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a window: {reason}")]
pub struct InvalidWindow {
    text: String,
    reason: String,
}

/// A text that is no blackout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a blackout: {reason}")]
pub struct InvalidBlackout {
    text: String,
    reason: String,
}

impl Window {
    /// Its spans in minutes of the week, from Monday on; the one that crosses into the next week comes in two.
    pub(super) fn spans(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        let of_day = |day: u16| {
            let begins = day * MINUTES_OF_DAY + self.begins;
            let ends = begins + self.lasts;
            let rest = (ends > MINUTES_OF_WEEK).then(|| (0, ends - MINUTES_OF_WEEK));
            [Some((begins, ends.min(MINUTES_OF_WEEK))), rest].into_iter().flatten()
        };
        (0..7).filter(|day| self.days[usize::from(*day)]).flat_map(of_day)
    }
}

impl FromStr for Window {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (days, hours) = halves(text);
        let days = days.map_or(Ok([true; 7]), parse_days);
        let hours = hours.map_or(Ok((0, MINUTES_OF_DAY)), parse_hours);
        match (days, hours) {
            (Ok(days), Ok((begins, lasts))) => Ok(Self { text: text.to_owned(), days, begins, lasts }),
            (Err(reason), _) | (_, Err(reason)) => Err(InvalidWindow { text: text.to_owned(), reason }),
        }
    }
}

/// The days and the hours of a window, either of which may be missing. The hours are what begins with a digit.
fn halves(text: &str) -> (Option<&str>, Option<&str>) {
    let at = text.find(|letter: char| letter.is_ascii_digit()).unwrap_or(text.len());
    let (days, hours) = text.split_at(at);
    let present = |half: &'_ str| !half.trim().is_empty();
    // A text without anything is read as days, so that it is an error.
    let days = if present(days) || !present(hours) { Some(days.trim()) } else { None };
    (days, present(hours).then_some(hours.trim()))
}

fn parse_days(text: &str) -> Result<[bool; 7], String> {
    let mut days = [false; 7];
    if text.is_empty() {
        return Err("it is empty".into());
    }
    for item in text.split(',') {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last) = (parse_day(first)?, parse_day(last)?);
        // Saturday to Monday goes over the end of the week.
        let count = (last + 7 - first) % 7;
        (0..=count).for_each(|step| days[(first + step) % 7] = true);
    }
    Ok(days)
}

fn parse_day(text: &str) -> Result<usize, String> {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let day = text.trim().to_ascii_lowercase();
    let is_it = |name: &&str| *name == day || name[..3] == day;
    DAYS.iter().position(is_it).ok_or_else(|| format!("`{}` is no day from Mon to Sun", text.trim()))
}

/// The minute at which hours begin, and how many minutes they last.
fn parse_hours(text: &str) -> Result<(u16, u16), String> {
    let (begins, ends) = text.split_once('-').ok_or_else(|| format!("`{text}` has no end: 22:00-06:00"))?;
    let (begins, ends) = (parse_time(begins)?, parse_time(ends)?);
    if begins == ends {
        return Err("it ends when it begins; a whole day is 00:00-24:00".into());
    }
    if begins == MINUTES_OF_DAY {
        return Err("no day begins at 24:00".into());
    }
    Ok((begins, (ends + MINUTES_OF_DAY - begins - 1) % MINUTES_OF_DAY + 1))
}

fn parse_time(text: &str) -> Result<u16, String> {
    let text = text.trim();
    let two_digits = |part: &str| {
        let digits = part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = text.split_once(':').unwrap_or((text, "x"));
    match (two_digits(hour), two_digits(minute)) {
        (Some(24), Some(0)) => Ok(MINUTES_OF_DAY),
        (Some(hour @ 0..=23), Some(minute @ 0..=59)) => Ok(hour * 60 + minute),
        _ => Err(format!("`{text}` is no time from 00:00 to 24:00")),
    }
}

impl FromStr for Blackout {
    type Err = InvalidBlackout;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let invalid = |reason: String| InvalidBlackout { text: text.to_owned(), reason };
        // A date has a minus after four digits, where a time has a colon after two.
        let is_dated = text.bytes().take(4).filter(u8::is_ascii_digit).count() == 4;
        if !is_dated {
            return text.parse().map(Self::Weekly).map_err(|error: InvalidWindow| invalid(error.reason));
        }
        let date = |text: &str| {
            let date = text.trim().parse::<Date>();
            date.map_err(|_| invalid(format!("`{}` is no date such as 2026-12-25", text.trim())))
        };
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (date(first)?, date(last)?);
        if last < first {
            Err(invalid("it ends before it begins".into()))
        } else {
            Ok(Self::Dates(first, last))
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Blackout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weekly(window) => window.fmt(f),
            Self::Dates(first, last) if first == last => first.fmt(f),
            Self::Dates(first, last) => write!(f, "{first}..{last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(u16, u16)]) {
        let spans: Vec<_> = text.parse::<Window>().unwrap().spans().collect();
        assert_eq!(spans, expected, "{text}");
    }

    #[test]
    fn windows_cross_midnight_and_the_week() {
        check("Mon 08:00-17:30", &[(480, 1050)]);
        check("mon,Tuesday 20:00-06:00", &[(1200, 1800), (2640, 3240)]);
        check("Sat-Sun", &[(7200, 8640), (8640, 10080)]);
        check("Sat, Mon", &[(0, 1440), (7200, 8640)]);
        check("Sun 22:00-6:00", &[(9960, 10080), (0, 360)]);
        check("Sun-Mon 00:00-24:00", &[(0, 1440), (8640, 10080)]);
        check("Fri22:00-24:00", &[(7080, 7200)]);
        assert_eq!("22:00-06:00".parse::<Window>().unwrap().spans().count(), 8);
    }

    #[test]
    fn what_is_no_window_is_told_why() {
        let windows = [
            "",
            "Mo",
            "Mon-",
            "Mon-Fri 8",
            "25:00-26:00",
            "8:60-9:00",
            "08:00-08:00",
            "24:00-06:00",
            "08:00-",
            "Mon 08:00-09:00 10:00-11:00",
            "-1:00-2:00",
            "123:00-1:00",
            "22:00-06:00 Mon",
            "ä",
        ];
        let blackouts = ["2026-13-01", "2027-01-02..2026-12-20", "2026-12-20-2027-01-02", "soon", "2026"];
        let said = |text: &str| text.parse::<Window>().unwrap_err().to_string();
        let also = |text: &str| text.parse::<Blackout>().unwrap_err().to_string();
        let all: Vec<String> = windows.map(said).into_iter().chain(blackouts.map(also)).collect();
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn a_blackout_is_shown_as_it_is_read() {
        for text in ["2026-12-25", "2026-12-20..2027-01-02", "Mon-Fri 20:00-06:00"] {
            assert_eq!(text.parse::<Blackout>().unwrap().to_string(), text);
        }
    }
}
