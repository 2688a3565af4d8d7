//! The values that only settings of the service can have, parsed from what was written.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use vigil_core::policy::{Age, InvalidAge};
use vigil_core::schedule::Spread;
use vigil_report::feed::BaseUrl;
use vigil_store::Place;

use super::values::{AtLeastOne, Limit, Url};
use crate::http::Door;

/// A time zone by its name in the tz database.
pub(super) struct Zone(pub(super) TimeZone);
pub(super) struct SpreadOver(pub(super) Spread);
/// Where to listen.
pub(super) struct Host(pub(super) IpAddr);
pub(super) struct Port(pub(super) u16);
/// A file that can be read.
pub(super) struct Readable(pub(super) PathBuf);
/// A file that can be written, or be made.
pub(super) struct DatabaseFile(pub(super) PathBuf);
pub(super) struct Origin(pub(super) String);
pub(super) struct PublicUrl(pub(super) BaseUrl);
/// A number of bytes.
pub(super) struct Size(pub(super) usize);
pub(super) struct HttpPath(pub(super) String);
/// The SHA-256 of a token.
pub(super) struct Hash(pub(super) [u8; 32]);
/// A number of things, of which `all` is the most.
pub(super) struct Most(pub(super) usize);
/// How long something is kept; `None`: for ever.
pub(super) struct Keep(pub(super) Option<SignedDuration>);
/// A PostgreSQL database. Its password is shown by nothing.
#[derive(Debug)]
pub(super) struct DatabaseAddress(pub(super) Place);
/// Who may see something that machines ask for.
pub(super) struct OpenTo(pub(super) Door);

/// The address of a database without anything that may be a secret: who signs in, and all parameters. A password may hold
/// any letter, so everything before the last `@` counts as one, and so does a text that is no address.
pub(super) fn masked_database(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return "(secret)".to_owned() };
    let (who, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| ("(secret)@", rest));
    let (place, parameters) = rest.split_once('?').map_or((rest, ""), |(place, _)| (place, "?(secret)"));
    format!("{scheme}://{who}{place}{parameters}")
}

impl FromStr for DatabaseAddress {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let place = rest.filter(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
        let place = place.and_then(|_| text.parse().ok()).map(Self);
        place
            .ok_or_else(|| format!("`{}` is not the address of a PostgreSQL database", masked_database(text)))
    }
}

impl FromStr for OpenTo {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| format!("`{text}` is not known"))
    }
}

/// The budget counts the scans of 24 hours, a pass may take a day, and whoever has started it wants to read of it.
const LEAST_KEPT: SignedDuration = SignedDuration::from_hours(48);

impl FromStr for Keep {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "forever" {
            return Ok(Self(None));
        }
        let age: Age = text.parse().map_err(|error: InvalidAge| error.to_string())?;
        // Nobody counts on the day: the months are those that the calendar began with.
        let kept = age.after(Timestamp::UNIX_EPOCH).duration_since(Timestamp::UNIX_EPOCH);
        if kept < LEAST_KEPT {
            return Err(format!("`{text}` is too short"));
        }
        Ok(Self(Some(kept)))
    }
}

impl FromStr for DatabaseFile {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err("it is empty".into()),
            text if text.contains("://") => {
                Err(format!("`{}` is an address, for store.database_url", masked_database(text)))
            }
            text if std::path::Path::new(text).is_dir() => Err(format!("`{text}` is a directory")),
            text => Ok(Self(text.into())),
        }
    }
}

impl FromStr for Zone {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        TimeZone::get(text).map(Self).map_err(|_| format!("`{text}` is not a time zone"))
    }
}

impl FromStr for SpreadOver {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self(Spread::No)),
            "window" => Ok(Self(Spread::Window)),
            text => text.parse().map(|Limit(duration)| Self(Spread::Over(duration))),
        }
    }
}

impl FromStr for Host {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        match bare {
            name if name.eq_ignore_ascii_case("localhost") => Ok(Self(Ipv4Addr::LOCALHOST.into())),
            address => address.parse().map(Self).map_err(|_| format!("`{text}` is not an address")),
        }
    }
}

impl FromStr for Port {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| format!("`{text}` is not a port"))
    }
}

impl FromStr for Readable {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        std::fs::read(text)
            .map(|_| Self(text.into()))
            .map_err(|error| format!("`{text}` cannot be read: {error}"))
    }
}

impl FromStr for Origin {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter);
        match host.filter(|host| !host.is_empty() && host.chars().all(allowed)) {
            None => Err(format!("`{text}` is not an origin")),
            Some(_) => Ok(Self(text.to_ascii_lowercase())),
        }
    }
}

impl FromStr for PublicUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Url(url) = text.parse()?;
        url.parse().map(Self).map_err(|_| format!("`{url}` has something behind its path"))
    }
}

impl FromStr for Size {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let unit = match unit.trim() {
            "" | "B" => Some(1),
            "kB" | "KB" => Some(1_000),
            "MB" => Some(1_000_000),
            "KiB" | "kiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            _ => None,
        };
        let size = number.parse::<usize>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
        size.filter(|size| *size > 0).map(Self).ok_or_else(|| format!("`{text}` is not a size above zero"))
    }
}

/// First parts of paths at which something else is.
const TAKEN: [&str; 8] =
    ["api", "configs", "summary", "findings", "healthz", "readyz", "openapi.json", "docs"];

impl FromStr for HttpPath {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.strip_prefix('/').map(|rest| rest.split('/'));
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        // What clients take away before they ask is never asked for.
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(allowed);
        match parts {
            Some(mut parts) if parts.clone().all(is_part) => match parts.next() {
                Some(first) if TAKEN.contains(&first) => Err(format!("at `/{first}` is something else")),
                _ => Ok(Self(text.to_owned())),
            },
            _ => Err(format!("`{text}` is not such a path")),
        }
    }
}

impl FromStr for Hash {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The text is not told: somebody may have written the token itself.
        let invalid =
            || "it is not 64 hexadecimal digits; `ecr-vigil token` makes a token with its hash".to_owned();
        let digits: Vec<u8> = text
            .chars()
            .map(|digit| digit.to_digit(16).map(|digit| digit as u8))
            .collect::<Option<_>>()
            .ok_or_else(invalid)?;
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        <[u8; 32]>::try_from(bytes).ok().filter(|_| digits.len() == 64).map(Self).ok_or_else(invalid)
    }
}

impl FromStr for Most {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" | "true" => Ok(Self(usize::MAX)),
            "none" | "false" => Ok(Self(0)),
            text => text.parse().map(|AtLeastOne(number)| Self(number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(masked_database(text), expected);
        assert!(!format!("{:?}", text.parse::<DatabaseAddress>()).contains("hush"));
    }

    #[test]
    fn no_password_of_a_database_is_ever_shown() {
        check("postgres://vigil:hush@db/vigil", "postgres://(secret)@db/vigil");
        check("postgres://vigil:hu/hush@hush@db/vigil", "postgres://(secret)@db/vigil");
        check("postgresql://db/vigil?user=a&password=hush", "postgresql://db/vigil?(secret)");
        check("postgres://db:5432/vigil", "postgres://db:5432/vigil");
        check("host=db password=hush", "(secret)");
        check("mysql://root:hush@db/vigil", "mysql://(secret)@db/vigil");
    }

    #[test]
    fn what_is_kept_is_kept_for_an_age_or_for_ever() {
        let days = |text: &str| text.parse::<Keep>().map(|Keep(time)| time.map(|time| time.as_hours() / 24));
        assert_eq!(days("forever"), Ok(None));
        assert_eq!(days("2w1d"), Ok(Some(15)));
        assert_eq!(days("12m"), Ok(Some(365)));
        assert_eq!(days("2d"), Ok(Some(2)));
        for bad in ["long", "0d", "1d"] {
            assert!(days(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("65536", 65_536), ("64KiB", 65_536), ("64 kB", 64_000), ("1MiB", 1 << 20)] {
            assert_eq!(text.parse::<Size>().map(|Size(bytes)| bytes), Ok(bytes), "{text}");
        }
        for text in ["", "0", "-1", "KiB", "1GB", "99999999999999999999", "99999999999999999MiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_path_for_the_metrics_takes_no_others_place() {
        for good in ["/metrics", "/a/b", "/prometheus.txt"] {
            assert!(good.parse::<HttpPath>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "metrics",
            "/api/metrics",
            "/configs",
            "/a//b",
            "/a/",
            "/{id}",
            "/a b",
            "/a?b",
            "/a/../configs",
            "/./a",
        ] {
            assert!(bad.parse::<HttpPath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_hash_is_64_digits() {
        let hash: Hash = format!("{}{}", "0a".repeat(31), "Ff").parse().unwrap_or(Hash([0; 32]));
        assert_eq!((hash.0[0], hash.0[31]), (10, 255));
        for bad in ["", "0a", &"0a".repeat(33), &"0g".repeat(32), &"a".repeat(63)] {
            assert!(bad.parse::<Hash>().is_err_and(|error| !error.contains("0a")), "{bad}");
        }
    }
}
