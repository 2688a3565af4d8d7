//! Values of queries and bodies that are narrower than our nouns: each takes exactly what its pattern in the OpenAPI
//! document says.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use vigil_core::Severity;
use vigil_core::image::{AccountId, Partition, Region, RegistryId};
use vigil_core::lineage::FindingState;
use vigil_core::policy::Pattern;
use vigil_store::PassId;

/// A text that is not what is wanted.
#[derive(Debug)]
pub(in crate::http) struct NotThat {
    text: String,
    wanted: &'static str,
}

/// A registry as it is asked for: `account/region`.
#[derive(Debug, Clone)]
pub(super) struct RegistryKey(pub(super) RegistryId);

/// A glob for names of repositories.
#[derive(Debug, Clone)]
pub(super) struct RepositoryGlob(pub(super) Pattern);

/// A glob for tags.
#[derive(Debug, Clone)]
pub(super) struct TagGlob(pub(super) Pattern);

/// A severity that has a rank.
#[derive(Debug, Clone)]
pub(super) struct KnownSeverity(pub(super) Severity);

/// A name of something: printable ASCII, up to 200 characters.
#[derive(Debug, Clone)]
pub(super) struct Word(pub(super) String);

/// The state of a scan, in ECR's word.
#[derive(Debug, Clone)]
pub(super) struct StateWord(pub(super) String);

/// What somebody wants to say: up to 1,000 characters.
#[derive(Debug, Clone)]
pub(super) struct Said(pub(super) String);

/// A day: `2026-12-31`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day(pub(super) Date);

/// Yes or no.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flag(pub(super) bool);

/// How many items a page has at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit(pub(super) usize);

/// A moment: `2026-11-20T00:00:00Z`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(pub(super) Timestamp);

/// The id of a pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct PassKey(pub(super) PassId);

/// Finding states with commas between them.
#[derive(Debug, Clone)]
pub(super) struct States(pub(super) Vec<FindingState>);

/// The registry of an account in a region. Which partition it lies in follows from the region's name.
pub(in crate::http) fn registry_of(account: AccountId, region: Region) -> RegistryId {
    const ELSEWHERE: [(&str, Partition); 7] = [
        ("cn-", Partition::China),
        ("us-gov-", Partition::UsGov),
        ("eusc-", Partition::Eusc),
        ("us-iso-", Partition::Iso),
        ("us-isob-", Partition::IsoB),
        ("eu-isoe-", Partition::IsoE),
        ("us-isof-", Partition::IsoF),
    ];
    let partition = ELSEWHERE.iter().find(|(prefix, _)| region.as_str().starts_with(prefix));
    let partition = partition.map_or(Partition::Aws, |(_, partition)| *partition);
    RegistryId { partition, account, region }
}

fn not(text: &str, wanted: &'static str) -> NotThat {
    NotThat { text: text.to_owned(), wanted }
}

fn glob(
    text: &str,
    longest: usize,
    upper: bool,
    more: &[u8],
    wanted: &'static str,
) -> Result<Pattern, NotThat> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || (upper && byte.is_ascii_uppercase());
    let fits = |byte: u8| letter(byte) || byte.is_ascii_digit() || more.contains(&byte);
    let well_formed = (1..=longest).contains(&text.len()) && text.bytes().all(fits);
    text.parse().ok().filter(|_| well_formed).ok_or_else(|| not(text, wanted))
}

impl FromStr for RegistryKey {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text
            .split_once('/')
            .and_then(|(account, region)| Some(registry_of(account.parse().ok()?, region.parse().ok()?)));
        parts
            .map(Self)
            .ok_or_else(|| not(text, "a registry: account and region, such as `123456789012/eu-west-1`"))
    }
}

impl FromStr for RepositoryGlob {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        glob(text, 256, false, b"._/*?-", "a repository or a glob such as `team/*`").map(Self)
    }
}

impl FromStr for TagGlob {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        glob(text, 128, true, b"._*?-", "a tag or a glob such as `v*`").map(Self)
    }
}

impl FromStr for KnownSeverity {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Severity::KNOWN.into_iter().find(|severity| severity.as_str() == text);
        let wanted = "one of CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNTRIAGED, UNDEFINED";
        known.map(Self).ok_or_else(|| not(text, wanted))
    }
}

impl FromStr for Word {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let printable = text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        if (1..=200).contains(&text.len()) && printable {
            Ok(Self(text.to_owned()))
        } else {
            Err(not(text, "1 to 200 printable ASCII characters without blanks"))
        }
    }
}

impl FromStr for StateWord {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if (1..=64).contains(&text.len()) && well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(not(text, "the state of a scan, such as `COMPLETE`"))
        }
    }
}

impl FromStr for Said {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shown = text.chars().all(|c| c >= ' ' && c != '\u{7f}') && text.chars().any(|c| c != ' ');
        if shown && text.chars().count() <= 1000 {
            Ok(Self(text.to_owned()))
        } else {
            Err(not(text, "one line of 1 to 1,000 characters"))
        }
    }
}

impl FromStr for Day {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = Some(text).filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
        day.map(Self).ok_or_else(|| not(text, "a day such as `2026-12-31`"))
    }
}

impl FromStr for Flag {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| not(text, "`true` or `false`"))
    }
}

/// The most items that a page can have.
const MOST: usize = 1000;

impl FromStr for Limit {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
        limit.map(Self).ok_or_else(|| not(text, "a number from 1 to 1000"))
    }
}

impl FromStr for Moment {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| not(text, "a moment such as `2026-11-20T00:00:00Z`"))
    }
}

impl FromStr for PassKey {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| not(text, "the id of a pass: a UUID"))
    }
}

impl FromStr for States {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let state = |code: &str| FindingState::ALL.into_iter().find(|state| state.code() == code);
        let states: Option<Vec<FindingState>> = text.split(',').map(state).collect();
        states
            .map(Self)
            .ok_or_else(|| not(text, "a list, with commas, of new, open, worsened, fixed, excepted"))
    }
}

impl fmt::Display for NotThat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.text, self.wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_tells_its_partition() {
        for (region, partition) in
            [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-isob-east-1", "aws-iso-b")]
        {
            let registry = registry_of("123456789012".parse().unwrap(), region.parse().unwrap());
            assert_eq!(registry.partition.as_str(), partition);
        }
    }

    #[test]
    fn only_what_is_documented_is_taken() {
        assert!("team/*".parse::<RepositoryGlob>().is_ok() && "regex:a".parse::<RepositoryGlob>().is_err());
        assert!("2026-12-31".parse::<Day>().is_ok() && "2026-12-31T00:00".parse::<Day>().is_err());
        assert!("new,fixed".parse::<States>().is_ok() && "new,gone".parse::<States>().is_err());
        assert!("HIGH".parse::<KnownSeverity>().is_ok() && "high".parse::<KnownSeverity>().is_err());
        assert!("CVE-1".parse::<Word>().is_ok() && "a\u{0}".parse::<Word>().is_err());
        assert!("why not".parse::<Said>().is_ok() && " ".parse::<Said>().is_err());
    }
}
