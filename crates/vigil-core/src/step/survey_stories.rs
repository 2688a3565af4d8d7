//! Stories of what is looked at by name alone, and of what becomes of it when it is not there any more.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::survey::doubted;
use crate::cycle::cycle;
use crate::fault::FaultKind;
use crate::image::{Digest, Reference, RepositoryName};
use crate::pass::{Pass, Ports, Scope};
use crate::policy::Selection;
use crate::port::{Ledger, Registry, Scanner, Silent};
use crate::stop::Stop;
use crate::testing::{Failing, MemoryEcr, MemoryLedger, PausedClock, digest, image, now};

/// Makes a pass over what is named, or over all if nothing is; and says which images are taken to be there then.
async fn there<P: Registry + Scanner>(ledger: &MemoryLedger, ecr: &P, names: &[&str]) -> Vec<u64> {
    let clock = PausedClock::new();
    let named = names.iter().map(|name| match name.parse().unwrap() {
        Reference::Ecr(name) => name,
        foreign => panic!("{foreign:?}"),
    });
    let selection = names.is_empty().then(Selection::default);
    let pass = Pass { scope: Scope { selection, named: named.collect(), wishes: None }, ..Pass::default() };
    let ports = Ports { registry: ecr, scanner: ecr, ledger, clock: &clock, progress: &Silent };
    cycle(ports, &pass, &Stop::never()).await.unwrap();
    let repository: RepositoryName = "team/app".parse().unwrap();
    let found = ledger.unlisted(ecr.id(), &repository, Timestamp::MAX).await.unwrap();
    (0..100).filter(|n| found.contains(&digest(*n))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_tag_and_a_digest_that_are_not_there_any_more_are_gone() {
    let (ledger, ecr) = (MemoryLedger::remembering(), MemoryEcr::new(PausedClock::new()));
    for (n, tag) in [(1, "v1"), (2, "v2"), (3, "v3")] {
        ecr.add("team/app", image(n, &[tag], 1), None);
    }
    let third = format!("team/app@{}", digest(3));
    let names = ["team/app:v1", "team/app:v2", third.as_str()];
    assert_eq!(there(&ledger, &ecr, &names).await, [1, 2, 3]);
    ecr.remove("team/app", digest(2));
    ecr.remove("team/app", digest(3));
    assert_eq!(there(&ledger, &ecr, &names).await, [1]);
    ecr.remove("team/app", digest(1));
    assert_eq!(there(&ledger, &ecr, &names).await, [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_image_whose_tag_has_moved_is_gone_once_it_is_not_there() {
    let (ledger, ecr) = (MemoryLedger::remembering(), MemoryEcr::new(PausedClock::new()));
    let names = ["team/app:latest"];
    ecr.add("team/app", image(1, &["latest"], 2), None);
    assert_eq!(there(&ledger, &ecr, &names).await, [1]);
    ecr.remove("team/app", digest(1));
    ecr.add("team/app", image(1, &[], 2), None);
    ecr.add("team/app", image(2, &["latest"], 1), None);
    assert_eq!(there(&ledger, &ecr, &names).await, [1, 2], "it is there, under no name");
    ecr.remove("team/app", digest(1));
    assert_eq!(there(&ledger, &ecr, &names).await, [2]);
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_is_not_there_any_more_is_gone() {
    let (ledger, ecr) = (MemoryLedger::remembering(), MemoryEcr::new(PausedClock::new()));
    ecr.add("team/app", image(1, &["v1"], 1), None);
    assert_eq!(there(&ledger, &ecr, &["team/app:v1"]).await, [1]);
    ecr.remove_repository("team/app");
    assert_eq!(there(&ledger, &ecr, &["team/app:v1"]).await, [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_says_nothing_of_what_is_gone() {
    for kind in [FaultKind::Throttled, FaultKind::Denied, FaultKind::Credentials] {
        let (ledger, ecr) = (MemoryLedger::remembering(), MemoryEcr::new(PausedClock::new()));
        ecr.add("team/app", image(1, &["v1"], 1), None);
        ecr.add("team/app", image(2, &["v2"], 1), None);
        assert_eq!(there(&ledger, &ecr, &["team/app:v1", "team/app:v2"]).await, [1, 2]);
        ecr.remove("team/app", digest(2));
        let ecr = Failing::new(ecr, vec![("named", "team/app", kind), ("images", "team/app", kind)]);
        for name in ["team/app:v2", "team/app", &format!("team/app@{}", digest(2))] {
            assert_eq!(there(&ledger, &ecr, &[name]).await, [1, 2], "{kind:?} {name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_listed_lately_is_left_to_the_next_listing() {
    let (ledger, ecr) = (MemoryLedger::remembering(), MemoryEcr::new(PausedClock::new()));
    ecr.add("team/app", image(1, &["v1"], 1), None);
    ecr.add("team/app", image(2, &[], 1), None);
    assert_eq!(there(&ledger, &ecr, &[]).await, [1, 2]);
    ecr.remove("team/app", digest(2));
    assert_eq!(there(&ledger, &ecr, &["team/app:v1"]).await, [1, 2]);
    assert_eq!(there(&ledger, &ecr, &[]).await, [1]);
}

#[test]
fn a_look_asks_about_a_callful_and_in_time_about_all() {
    let unlisted: BTreeSet<Digest> = (0..250).map(digest).collect();
    let seen: BTreeSet<Digest> = (0..10).map(digest).collect();
    for days in [1, 2, 3, 7] {
        let mut asked = BTreeSet::new();
        for look in 0..12 {
            let some = doubted(&unlisted, &seen, now() + SignedDuration::from_hours(24 * days * look));
            assert_eq!(some.len(), 100);
            asked.extend(some);
        }
        assert_eq!(asked, unlisted.difference(&seen).copied().collect(), "a look every {days} days");
    }
    assert_eq!(doubted(&seen, &seen, now()), []);
}
