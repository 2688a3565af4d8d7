//! A catalogue in few bytes: 3 hundred thousand scores take 4 MB.

use jiff::civil::Date;
use vigil_core::threat::{Catalogue, CatalogueKind, CveId, Epss, KnownExploited, Probability};

use crate::trend::{date_of, day_of};

/// An entry of CISA's: the id, the day it was listed, the day by which it is to be mended, and whether ransomware uses it.
const LISTED: usize = 8 + 4 + 4 + 1;
/// A score: the id, the score and its percentile.
const SCORED: usize = 8 + 3 + 3;
/// No day by which it is to be mended.
const NEVER: i32 = i32::MIN;

/// As it is kept.
pub(super) fn encode(catalogue: &Catalogue) -> Vec<u8> {
    let mut bytes = Vec::new();
    match catalogue {
        Catalogue::Kev(listing) => {
            for (id, KnownExploited { since, due, ransomware }) in listing {
                bytes.extend(id.packed().to_le_bytes());
                bytes.extend(day(*since).to_le_bytes());
                bytes.extend(due.map_or(NEVER, day).to_le_bytes());
                bytes.push(u8::from(*ransomware));
            }
        }
        Catalogue::Epss(scores) => {
            for (id, Epss { score, percentile }) in scores.iter() {
                bytes.extend(id.packed().to_le_bytes());
                // At most 100,000, so three bytes of the four.
                bytes.extend(&score.parts().to_le_bytes()[..3]);
                bytes.extend(&percentile.parts().to_le_bytes()[..3]);
            }
        }
    }
    bytes
}

/// As it was kept; `None` if it is no catalogue of this kind.
pub(super) fn decode(kind: CatalogueKind, bytes: &[u8]) -> Option<Catalogue> {
    let width = if kind == CatalogueKind::Kev { LISTED } else { SCORED };
    if !bytes.len().is_multiple_of(width) {
        return None;
    }
    let entries = bytes.chunks_exact(width);
    match kind {
        CatalogueKind::Kev => entries.map(listed).collect::<Option<_>>().map(Catalogue::Kev),
        CatalogueKind::Epss => entries.map(scored).collect::<Option<_>>().map(Catalogue::Epss),
    }
}

fn listed(entry: &[u8]) -> Option<(CveId, KnownExploited)> {
    let (id, rest) = entry.split_first_chunk()?;
    let (since, rest) = rest.split_first_chunk()?;
    let (due, rest) = rest.split_first_chunk()?;
    let due = Some(i32::from_le_bytes(*due)).filter(|due| *due != NEVER);
    let since = date_of(i32::from_le_bytes(*since).into());
    let due = due.map(|due| date_of(due.into()));
    let listed = KnownExploited { since, due, ransomware: rest == [1] };
    Some((CveId::of_packed(u64::from_le_bytes(*id))?, listed))
}

fn scored(entry: &[u8]) -> Option<(CveId, Epss)> {
    let (id, rest) = entry.split_first_chunk()?;
    let (score, percentile) = rest.split_at_checked(3)?;
    let epss = Epss { score: probability(score)?, percentile: probability(percentile)? };
    Some((CveId::of_packed(u64::from_le_bytes(*id))?, epss))
}

fn probability(bytes: &[u8]) -> Option<Probability> {
    Probability::of_parts(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

/// Days since 1970, which a calendar of 20,000 years does not exceed.
fn day(date: Date) -> i32 {
    i32::try_from(day_of(date)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_as_it_was() {
        let id = |text: &str| text.parse::<CveId>().unwrap();
        let date = |text: &str| text.parse::<Date>().unwrap();
        let log4j =
            KnownExploited { since: date("2021-12-10"), due: Some(date("2021-12-24")), ransomware: true };
        let xz = KnownExploited { since: date("1969-04-01"), due: None, ransomware: false };
        let kev = Catalogue::Kev([(id("CVE-2021-44228"), log4j), (id("CVE-2024-3094"), xz)].into());
        let epss = |score: &str, percentile: &str| Epss {
            score: score.parse().unwrap(),
            percentile: percentile.parse().unwrap(),
        };
        let scores = [("CVE-1999-0001", epss("0.00043", "1")), ("CVE-2024-1234567", epss("1", "0"))];
        let scores = Catalogue::Epss(scores.map(|(name, epss)| (id(name), epss)).into_iter().collect());
        for catalogue in [kev, scores] {
            let bytes = encode(&catalogue);
            assert_eq!(decode(catalogue.kind(), &bytes).as_ref(), Some(&catalogue));
            assert_eq!(decode(catalogue.kind(), &bytes[1..]), None);
        }
    }
}
