//! How a lineage begins: with a baseline, or after the image that was pushed before.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::follow::there;
use super::{FindingKey, FindingState, Followed, Seen, Sighting, Step};

/// What the first scan of a lineage is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// Nothing: what it holds is open, and none of it new.
    Baseline,
    /// The image of the repository that was pushed before it: a build under a tag of its own follows the one before.
    Predecessor,
    /// Nothing, and all that it holds is new: there was no image before it.
    New,
}

/// What the first scan of a lineage is held against, by when its image was pushed and when the registry was seen for the
/// first time. Images that were there before that are no news, however late they are looked at.
pub fn beginning(
    pushed_at: Option<Timestamp>,
    seen_at: Option<Timestamp>,
    has_predecessor: bool,
) -> Beginning {
    match (pushed_at, seen_at) {
        (Some(pushed), Some(seen)) if pushed > seen && has_predecessor => Beginning::Predecessor,
        (Some(pushed), Some(seen)) if pushed > seen => Beginning::New,
        _ => Beginning::Baseline,
    }
}

/// Takes a new lineage to its first scan, and returns all that it then has. `inherited`: the findings of the predecessor,
/// each since when it had them.
pub fn begin(
    beginning: Beginning,
    inherited: &BTreeMap<FindingKey, (Sighting, Timestamp)>,
    seen: &Seen,
    at: Timestamp,
) -> BTreeMap<FindingKey, Followed> {
    let known = |(key, (sight, first_seen)): (&FindingKey, &(Sighting, Timestamp))| {
        (key.clone(), sight.followed(FindingState::Open, *first_seen))
    };
    match beginning {
        Beginning::Baseline => there(&BTreeMap::new(), seen, Step::First, at).collect(),
        Beginning::New => there(&BTreeMap::new(), seen, Step::Next, at).collect(),
        Beginning::Predecessor => {
            there(&inherited.iter().map(known).collect(), seen, Step::Next, at).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::seen;
    use super::*;
    use crate::testing::{now, sighting};

    #[test]
    fn a_build_under_a_tag_of_its_own_follows_the_one_before() {
        let hours = |n| Some(now() + SignedDuration::from_hours(n));
        assert_eq!(beginning(hours(0), hours(1), true), Beginning::Baseline, "it was there before");
        assert_eq!(beginning(hours(2), None, true), Beginning::Baseline, "nobody was told of the registry");
        assert_eq!(beginning(hours(2), hours(1), true), Beginning::Predecessor);
        assert_eq!(beginning(hours(2), hours(1), false), Beginning::New);
        let seen = seen([sighting("CVE-1 HIGH zlib"), sighting("CVE-2 LOW tar")]);
        let inherited = [sighting("CVE-1 HIGH zlib"), sighting("CVE-3 LOW gone")];
        let inherited = inherited.into_iter().map(|(key, sight)| (key, (sight, now()))).collect();
        let told = |beginning| -> Vec<String> {
            let all = begin(beginning, &inherited, &seen, now() + SignedDuration::from_hours(24));
            let line = |(key, followed): (FindingKey, Followed)| {
                let since = followed.first_seen.duration_since(now()).as_hours();
                format!("{} {} since hour {since}", key.vulnerability, followed.state.code())
            };
            all.into_iter().map(line).collect()
        };
        assert_eq!(told(Beginning::Baseline), ["CVE-1 open since hour 24", "CVE-2 open since hour 24"]);
        assert_eq!(told(Beginning::New), ["CVE-1 new since hour 24", "CVE-2 new since hour 24"]);
        assert_eq!(told(Beginning::Predecessor), ["CVE-1 open since hour 0", "CVE-2 new since hour 24"]);
    }
}
