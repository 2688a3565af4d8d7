//! A vulnerability that comes in many images, one after the other, such as on the day on which it becomes known, in a pass
//! that goes on for hours: it is told at once, and what else comes of it is told together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Change, RouteName};

/// In how many images a route has told a vulnerability lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tide {
    /// The route.
    pub route: RouteName,
    /// The vulnerability's id.
    pub vulnerability: Arc<str>,
    /// When it was told for the first time.
    pub since: Timestamp,
    /// Of how many images it was told since.
    pub images: u64,
}

/// In fewer images than these it comes from a push or two, and each of them is told at once.
const MANY: u64 = 10;

/// So long after it was told first, what has come since is told.
const PERIOD: SignedDuration = SignedDuration::from_hours(1);

impl Tide {
    /// Since when tides still count.
    pub fn counts_since(now: Timestamp) -> Timestamp {
        now.checked_sub(PERIOD).unwrap_or(now)
    }

    /// When that which comes of it now is told; `None`: at once.
    fn withholds_until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.since.checked_add(PERIOD).ok()?;
        (self.images >= MANY && now < until).then_some(until)
    }
}

/// Divides what a route tells into what is told at once, under `None`, and what is told later, with how the tides stand then.
pub fn withhold(
    known: &[Tide],
    route: &RouteName,
    changes: Vec<Change>,
    now: Timestamp,
) -> (BTreeMap<Option<Timestamp>, Vec<Change>>, Vec<Tide>) {
    let lately = |tide: &&Tide| tide.route == *route && tide.since > Tide::counts_since(now);
    let mut tides: BTreeMap<Arc<str>, Tide> =
        known.iter().filter(lately).map(|tide| (tide.vulnerability.clone(), tide.clone())).collect();
    let mut divided: BTreeMap<_, Vec<Change>> = BTreeMap::new();
    let mut images: BTreeMap<Arc<str>, BTreeSet<_>> = BTreeMap::new();
    for change in changes {
        let vulnerability = change.finding.id.clone();
        let until = tides.get(&vulnerability).and_then(|tide| tide.withholds_until(now));
        images
            .entry(vulnerability)
            .or_default()
            .insert((change.subject.registry.clone(), change.subject.digest));
        divided.entry(until).or_default().push(change);
    }
    let risen = images.into_iter().map(|(vulnerability, images)| {
        let fresh =
            || Tide { route: route.clone(), vulnerability: vulnerability.clone(), since: now, images: 0 };
        let tide = tides.remove(&vulnerability).unwrap_or_else(fresh);
        Tide { images: tide.images + images.len() as u64, ..tide }
    });
    let risen = risen.collect();
    (divided, risen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::news::ChangeKind;
    use crate::testing::{change, finding, now, subject};

    /// A vulnerability comes, at these minutes, in so many images: in which minute they are told.
    #[track_caller]
    fn check(comes: &[(i64, u64, &str)]) {
        let route: RouteName = "all".parse().unwrap();
        let mut tides = Vec::new();
        for (minute, images, expected) in comes {
            let at = now() + SignedDuration::from_mins(*minute);
            let changes = (0..*images).map(|n| {
                let image = subject("team/app", &["v1"], 1000 * minute.unsigned_abs() + n);
                change(1, ChangeKind::New, &image, &finding("CVE-1", "HIGH", "zlib"))
            });
            let (divided, risen) = withhold(&tides, &route, changes.collect(), at);
            tides = risen;
            let told = divided.into_iter().map(|(until, changes)| match until {
                Some(until) => {
                    format!("{} in minute {}", changes.len(), until.duration_since(now()).as_mins())
                }
                None => format!("{} at once", changes.len()),
            });
            assert_eq!(told.collect::<Vec<_>>(), [*expected], "minute {minute}");
        }
    }

    #[test]
    fn what_comes_in_a_few_images_is_told_at_once_each_time() {
        check(&[(0, 1, "1 at once"), (1, 3, "3 at once"), (2, 5, "5 at once")]);
    }

    #[test]
    fn what_comes_in_many_is_told_at_once_and_then_together_once_an_hour() {
        check(&[
            (0, 40, "40 at once"),
            (1, 40, "40 in minute 60"),
            (59, 1, "1 in minute 60"),
            (60, 40, "40 at once"),
            (61, 3, "3 in minute 120"),
        ]);
    }

    #[test]
    fn many_are_many_also_if_they_come_one_by_one() {
        let few = (0..10).map(|minute| (minute, 1, "1 at once"));
        check(&few.chain([(10, 1, "1 in minute 60"), (30, 2, "2 in minute 60")]).collect::<Vec<_>>());
    }
}
