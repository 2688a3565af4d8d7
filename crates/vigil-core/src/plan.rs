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
    /// ECR says that the registry's quota is used up.
    RegistryQuota {
        /// In ECR's words.
        said: String,
    },
    /// ECR says that it scans this registry by itself.
    ScansByItself {
        /// In ECR's words.
        said: String,
    },
}

/// The best candidates so far: as many as may be started, never more.
#[derive(Debug)]
pub struct Shortlist {
    budget: Budget,
    now: Timestamp,
    used: u64,
    /// The last in order is on top, since it is the first to go.
    best: BinaryHeap<Ranked>,
}

/// Plans a set of due images of one registry; `scanned` are the times of known scans there, which used the budget too.
pub fn plan(due: Vec<Candidate>, scanned: &[Timestamp], budget: Budget, now: Timestamp) -> Plan {
    let mut shortlist = Shortlist::new(budget, now);
    scanned.iter().for_each(|at| shortlist.count_scan(*at));
    let mut held: Vec<Held> = due.into_iter().filter_map(|candidate| shortlist.offer(candidate)).collect();
    let plan = shortlist.into_plan();
    held.extend(plan.held);
    held.sort_by(|a, b| a.candidate.rank().cmp(&b.candidate.rank()));
    Plan { held, ..plan }
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
        self.give_up_last()
    }

    /// How many scans may be started.
    fn room(&self) -> u64 {
        self.budget.daily.saturating_sub(self.used).min(self.budget.per_pass.unwrap_or(u64::MAX))
    }

    fn give_up_last(&mut self) -> Option<Held> {
        if self.best.len() as u64 <= self.room() {
            return None;
        }
        let Ranked(candidate) = self.best.pop()?;
        Some(Held { candidate, why: self.why_held() })
    }

    fn why_held(&self) -> Hold {
        match self.budget.per_pass {
            Some(cap) if cap <= self.budget.daily.saturating_sub(self.used) => Hold::PassCap { cap },
            _ => Hold::DailyBudget {
                daily: self.budget.daily,
                // What is started in this pass falls out of the window a day from now; what was before, earlier.
                next: self.now.saturating_add(IMAGE_QUOTA_WINDOW).unwrap_or(Timestamp::MAX),
            },
        }
    }

    /// The plan for everything that was offered, less what was handed back before.
    pub fn into_plan(mut self) -> Plan {
        let held = std::iter::from_fn(|| self.give_up_last()).collect();
        let starts = self.best.into_sorted_vec().into_iter().map(|Ranked(candidate)| candidate).collect();
        Plan { starts, held }
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
            Self::RegistryQuota { .. } => "registry_quota",
            Self::ScansByItself { .. } => "scans_by_itself",
        }
    }

    /// From when there is room, where that is known.
    pub fn next(&self) -> Option<Timestamp> {
        match self {
            Self::DailyBudget { next, .. } => Some(*next),
            Self::PassCap { .. } | Self::RegistryQuota { .. } | Self::ScansByItself { .. } => None,
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DailyBudget { daily, next } => {
                let next = next.strftime("%F %H:%MZ");
                write!(f, "over the budget of {daily} scans in 24 h, next by {next} at the latest")
            }
            Self::PassCap { cap } => write!(f, "over the cap of {cap} scans a pass"),
            Self::RegistryQuota { said } => write!(f, "the registry's scan quota is used up: {said}"),
            Self::ScansByItself { said } => write!(f, "ECR starts scans in this registry by itself: {said}"),
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

    #[test]
    fn never_scanned_comes_first_then_the_oldest() {
        let due = vec![candidate(1, Some(8)), candidate(2, None), candidate(3, Some(30)), candidate(4, None)];
        let plan = plan(due, &[], Budget { daily: 3, per_pass: None }, now());
        let expected = [candidate(2, None), candidate(4, None), candidate(3, Some(30))];
        assert_eq!(plan.starts, expected);
        assert_eq!(plan.held.len(), 1);
        assert_eq!(
            plan.held[0].why.to_string(),
            "over the budget of 3 scans in 24 h, next by 2026-11-22 12:00Z at the latest"
        );
    }

    #[test]
    fn scans_of_the_last_day_use_the_budget_and_older_ones_do_not() {
        let hours_ago = |hours| now() - SignedDuration::from_hours(hours);
        let scanned = [hours_ago(1), hours_ago(23), hours_ago(25)];
        let due = (0..5).map(|n| candidate(n, None)).collect();
        assert_eq!(plan(due, &scanned, Budget { daily: 4, per_pass: None }, now()).starts.len(), 2);
    }

    #[test]
    fn the_tighter_of_two_limits_is_named() {
        let due = vec![candidate(1, None), candidate(2, None)];
        let plan = plan(due, &[], Budget { daily: 100, per_pass: Some(1) }, now());
        assert_eq!(plan.held[0].why.to_string(), "over the cap of 1 scans a pass");
    }

    proptest! {
        #[test]
        fn never_over_budget_and_nothing_lost(
            due in prop::collection::vec(prop::option::of(0i64..60), 0..60),
            scanned in prop::collection::vec(0i64..48, 0..30),
            daily in 0u64..60,
            per_pass in prop::option::of(0u64..60),
        ) {
            let total = due.len();
            let due: Vec<_> = due.into_iter().enumerate().map(|(n, days)| candidate(n as u64, days)).collect();
            let scanned: Vec<_> = scanned.into_iter().map(|hours| now() - SignedDuration::from_hours(hours)).collect();
            let used = scanned.iter().filter(|at| now().duration_since(**at) < IMAGE_QUOTA_WINDOW).count() as u64;
            let plan = plan(due, &scanned, Budget { daily, per_pass }, now());
            prop_assert!(plan.starts.len() as u64 + used <= daily || plan.starts.is_empty());
            prop_assert!(plan.starts.len() as u64 <= per_pass.unwrap_or(u64::MAX));
            prop_assert_eq!(plan.starts.len() + plan.held.len(), total);
            let last_start = plan.starts.last().map(Candidate::rank);
            let first_held = plan.held.first().map(|held| held.candidate.rank());
            prop_assert!(last_start.is_none() || first_held.is_none() || last_start <= first_held);
        }
    }
}
