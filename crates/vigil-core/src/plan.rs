//! Which of the due images are scanned in this pass, and which are held because they do not fit.
//!
//! The plan leaves nothing to choose: its starts are made in its order. To plan a million images without holding them,
//! candidates are offered one by one to a [`Shortlist`], which hands back what cannot be among the starts any more.

use std::collections::BinaryHeap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::due::{Due, IMAGE_QUOTA_WINDOW};
use crate::image::{Image, RepositoryName};

/// How many scans may be started in one registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// In 24 hours, scans on push and by hand together. ECR's quota is 100,000 for an account and region.
    pub daily: u64,
    /// In one pass.
    pub per_pass: Option<u64>,
}

/// A due image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is.
    pub repository: RepositoryName,
    /// The image.
    pub image: Image,
    /// Why it is due.
    pub why: Due,
}

/// What is to be done in one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Scans to start, in this order.
    pub starts: Vec<Candidate>,
    /// Due images that do not fit.
    pub held: Vec<Held>,
}

/// A due image that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The image.
    pub candidate: Candidate,
    /// What it does not fit into.
    pub why: Hold,
}

/// Why a due image is not scanned now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// The scans of 24 hours are used up.
    DailyBudget {
        /// The budget.
        daily: u64,
        /// When, at the latest, there is room again.
        next: Timestamp,
    },
    /// The pass may start no more.
    PassCap {
        /// The cap.
        cap: u64,
    },
    /// The time in which scans may be started is over.
    Closed {
        /// When it begins again, if it ever does.
        next: Option<Timestamp>,
    },
    /// ECR says that the registry's quota is used up.
    RegistryQuota {
        /// In ECR's words.
        said: String,
    },
}

/// The best candidates so far: as many as the limits admit, whatever of the day is used up already. That is known for
/// sure only at the end; so neither the plan nor its reasons depend on the order in which ECR's answers arrive.
#[derive(Debug)]
pub struct Shortlist {
    budget: Budget,
    now: Timestamp,
    used: u64,
    /// The last in order is on top, since it is the first to go.
    best: BinaryHeap<Ranked>,
}

impl Default for Budget {
    /// ECR's own quota.
    fn default() -> Self {
        Self { daily: 100_000, per_pass: None }
    }
}

impl Shortlist {
    /// An empty one.
    pub fn new(budget: Budget, now: Timestamp) -> Self {
        Self { budget, now, used: 0, best: BinaryHeap::new() }
    }

    /// Takes note of a scan that was completed at this time: if it lies within 24 hours it used the daily budget.
    pub fn count_scan(&mut self, completed_at: Timestamp) {
        if self.now.duration_since(completed_at) < IMAGE_QUOTA_WINDOW {
            self.used += 1;
        }
    }

    /// Offers a due image. Hands back one that is held for good, if there is no room for all.
    pub fn offer(&mut self, candidate: Candidate) -> Option<Held> {
        self.best.push(Ranked(candidate));
        match self.budget.per_pass {
            Some(cap) if cap <= self.budget.daily => self.give_up_beyond(cap, &Hold::PassCap { cap }),
            _ => self.give_up_beyond(self.budget.daily, &self.over_daily_budget()),
        }
    }

    /// The plan for everything that was offered, less what was handed back before.
    pub fn into_plan(mut self) -> Plan {
        let (left, why) = (self.budget.daily.saturating_sub(self.used), self.over_daily_budget());
        let held = std::iter::from_fn(|| self.give_up_beyond(left, &why)).collect();
        let starts = self.best.into_sorted_vec().into_iter().map(|Ranked(candidate)| candidate).collect();
        Plan { starts, held }
    }

    /// Gives up the last in order, if there are more than this.
    fn give_up_beyond(&mut self, room: u64, why: &Hold) -> Option<Held> {
        if self.best.len() as u64 <= room {
            return None;
        }
        let Ranked(candidate) = self.best.pop()?;
        Some(Held { candidate, why: why.clone() })
    }

    fn over_daily_budget(&self) -> Hold {
        // What is started in this pass falls out of the window a day from now; what was before, earlier.
        let next = self.now.saturating_add(IMAGE_QUOTA_WINDOW).unwrap_or(Timestamp::MAX);
        Hold::DailyBudget { daily: self.budget.daily, next }
    }
}

impl Candidate {
    /// The order of a plan: never scanned first, then the oldest scan; then by name, so that it never depends on chance.
    fn rank(&self) -> impl Ord + '_ {
        (self.why.scanned_at(), &self.repository, self.image.digest)
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Ranked(Candidate);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.rank().cmp(&other.0.rank())
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Hold {
    /// The reason's name in machine-readable output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DailyBudget { .. } => "daily_budget",
            Self::PassCap { .. } => "pass_cap",
            Self::Closed { .. } => "window_closed",
            Self::RegistryQuota { .. } => "registry_quota",
        }
    }

    /// From when there is room, where that is known.
    pub fn next(&self) -> Option<Timestamp> {
        match self {
            Self::DailyBudget { daily: 0, .. } => None,
            Self::DailyBudget { next, .. } => Some(*next),
            Self::Closed { next } => *next,
            Self::PassCap { .. } | Self::RegistryQuota { .. } => None,
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DailyBudget { daily: 0, .. } => f.write_str("over the budget of 0 scans in 24 h"),
            Self::DailyBudget { daily, next } => {
                let next = next.strftime("%F %H:%MZ");
                write!(f, "over the budget of {daily} scans in 24 h, which has room again by {next}")
            }
            Self::Closed { next: None } => f.write_str("the window for starts is closed"),
            Self::Closed { next: Some(next) } => {
                write!(f, "the window for starts is closed until {}", next.strftime("%F %H:%MZ"))
            }
            Self::PassCap { cap } => write!(f, "over the cap of {cap} scans a pass"),
            Self::RegistryQuota { said } => write!(f, "the registry's scan quota is used up: {said}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{image, now};

    fn candidate(n: u64, scanned_days_ago: Option<i64>) -> Candidate {
        let why = scanned_days_ago.map_or(Due::NeverScanned, |days| {
            let ago = SignedDuration::from_hours(24 * days);
            Due::Expired { scanned_at: now() - ago, ago, expiry: "7d".into() }
        });
        Candidate { repository: "team/app".parse().unwrap(), image: image(n, &[], 1), why }
    }

    /// What a look at a registry comes upon.
    #[derive(Debug, Clone)]
    enum Seen {
        Due(Box<Candidate>),
        ScannedAt(Timestamp),
    }

    /// Plans what is seen in this order. Held images come in the order of a plan.
    fn plan(seen: Vec<Seen>, budget: Budget) -> Plan {
        let mut shortlist = Shortlist::new(budget, now());
        let mut held = Vec::new();
        for seen in seen {
            match seen {
                Seen::Due(candidate) => held.extend(shortlist.offer(*candidate)),
                Seen::ScannedAt(at) => shortlist.count_scan(at),
            }
        }
        let plan = shortlist.into_plan();
        held.extend(plan.held);
        held.sort_by(|a, b| a.candidate.rank().cmp(&b.candidate.rank()));
        Plan { held, ..plan }
    }

    fn due(n: u64, scanned_days_ago: Option<i64>) -> Seen {
        Seen::Due(Box::new(candidate(n, scanned_days_ago)))
    }

    fn scanned(hours_ago: i64) -> Seen {
        Seen::ScannedAt(now() - SignedDuration::from_hours(hours_ago))
    }

    #[test]
    fn never_scanned_comes_first_then_the_oldest() {
        let seen = vec![due(1, Some(8)), due(2, None), due(3, Some(30)), due(4, None)];
        let plan = plan(seen, Budget { daily: 3, per_pass: None });
        let expected = [candidate(2, None), candidate(4, None), candidate(3, Some(30))];
        assert_eq!(plan.starts, expected);
        assert_eq!(plan.held.len(), 1);
        assert_eq!(
            plan.held[0].why.to_string(),
            "over the budget of 3 scans in 24 h, which has room again by 2026-11-22 12:00Z"
        );
    }

    #[test]
    fn scans_of_the_last_day_use_the_budget_and_older_ones_do_not() {
        let seen = [1, 23, 25].into_iter().map(scanned).chain((0..5).map(|n| due(n, None))).collect();
        assert_eq!(plan(seen, Budget { daily: 4, per_pass: None }).starts.len(), 2);
    }

    #[test]
    fn each_held_image_names_the_limit_that_it_is_over() {
        let seen = (1..=6).map(|n| due(n, None)).chain((0..3).map(scanned)).collect();
        let plan = plan(seen, Budget { daily: 6, per_pass: Some(5) });
        let why: Vec<_> = plan.held.iter().map(|held| held.why.code()).collect();
        assert_eq!((plan.starts.len(), why), (3, vec!["daily_budget", "daily_budget", "pass_cap"]));
        assert_eq!(plan.held[2].why.to_string(), "over the cap of 5 scans a pass");
    }

    fn sights() -> impl Strategy<Value = Vec<Seen>> {
        let candidates = prop::collection::vec(prop::option::of(0i64..60), 0..60);
        let scans = prop::collection::vec(0i64..48, 0..30);
        (candidates, scans).prop_map(|(candidates, scans)| {
            let candidates = candidates.into_iter().zip(0..).map(|(days, n)| due(n, days));
            candidates.chain(scans.into_iter().map(scanned)).collect()
        })
    }

    proptest! {
        #[test]
        fn never_over_budget_nothing_lost_and_whatever_the_order(
            (seen, shuffled) in sights().prop_flat_map(|seen| (Just(seen.clone()), Just(seen).prop_shuffle())),
            daily in 0u64..60,
            per_pass in prop::option::of(0u64..60),
        ) {
            let total = seen.iter().filter(|seen| matches!(seen, Seen::Due(_))).count();
            let within_a_day = |at: &Timestamp| now().duration_since(*at) < IMAGE_QUOTA_WINDOW;
            let used = seen.iter().filter(|seen| matches!(seen, Seen::ScannedAt(at) if within_a_day(at))).count();
            let budget = Budget { daily, per_pass };
            let planned = plan(seen, budget);
            prop_assert_eq!(&planned, &plan(shuffled, budget));
            prop_assert!((planned.starts.len() + used) as u64 <= daily || planned.starts.is_empty());
            prop_assert!(planned.starts.len() as u64 <= per_pass.unwrap_or(u64::MAX));
            prop_assert_eq!(planned.starts.len() + planned.held.len(), total);
            let last_start = planned.starts.last().map(Candidate::rank);
            let first_held = planned.held.first().map(|held| held.candidate.rank());
            prop_assert!(last_start.is_none() || first_held.is_none() || last_start <= first_held);
        }
    }
}
