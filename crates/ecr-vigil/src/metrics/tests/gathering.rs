//! From what a pass writes into the store to what is told of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use vigil_core::coverage::{self, Aim, Aims};
use vigil_core::policy::Patterns;
use vigil_core::port::{Clock, Ledger, Silent};
use vigil_core::testing::{MemoryEcr, PausedClock, digest, finding, image, now};
use vigil_core::{Counts, Pass, Ports, Stop, cycle};
use vigil_store::{NewPass, Place, Store};

use crate::ledgers::Witnessed;
use crate::metrics::gather::{Kept, Wanted, gather};
use crate::metrics::gathered::Gathered;
use crate::metrics::{CountedEntries, Limits, Metrics};

fn wanted() -> Wanted {
    let aim = Aim {
        schedule: "nightly".parse().unwrap(),
        selects: Some(Patterns::default()),
        takes_named: false,
        expiry: "7d".parse().unwrap(),
    };
    let aims = Aims { schedules: vec![aim], places: vec![coverage::Place::default()], named: None };
    Wanted { aims, looked: BTreeMap::new(), sinks: Vec::new(), daily: 100 }
}

async fn pass(store: &Store, ecr: &MemoryEcr, clock: &PausedClock) {
    let (schedule, trigger) = ("nightly".to_owned(), "schedule".to_owned());
    let new = NewPass { schedule, tick: None, trigger, request: None, at: now() };
    let id = store.begin_pass(new).await.unwrap();
    let memory =
        store.ledger(id, Vec::new()).of_schedule("nightly".parse().unwrap(), Arc::new(wanted().aims));
    let metrics = Metrics::default();
    let counted = CountedEntries::new(&metrics, "nightly");
    let ledger = Witnessed { ledger: &memory, witnesses: &[&counted] };
    assert!(ledger.remembers(), "what has witnesses is asked what the ledger itself would be asked");
    let ports = Ports { registry: ecr, scanner: ecr, ledger: &ledger, clock, progress: &Silent };
    cycle(ports, &Pass::default(), &Stop::never()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_pass_found_is_told_and_what_is_gone_is_not() {
    let room = tempfile::tempdir().unwrap();
    let clock = PausedClock::new();
    let place = Place::file(room.path().join("vigil.db"));
    let store = Store::open(&place, Arc::new(clock)).await.unwrap();
    let (kept, limits) = (Kept::default(), Limits::default());
    assert_eq!(gather(&store, &kept, &limits, &wanted(), clock.now()).await.unwrap(), Gathered::default());

    let ecr = MemoryEcr::new(clock);
    ecr.add("team/app", image(1, &["v1"], 2), None);
    ecr.add("team/app", image(2, &["v2"], 1), None);
    ecr.add("team/web", image(3, &[], 1), None);
    ecr.set_findings(digest(2), vec![finding("CVE-1", "HIGH", "zlib")]);
    pass(&store, &ecr, &clock).await;

    let soon = clock.now();
    let now = soon + SignedDuration::from_mins(2);
    let gathered = gather(&store, &kept, &limits, &wanted(), now).await.unwrap();
    let state = &gathered.registries[0];
    assert_eq!(
        (state.repositories, state.coverage.scannable, state.coverage.covered, state.coverage.never_scanned),
        (2, 3, 3, 0)
    );
    assert_eq!((state.scans_used, state.scans_budget), (3, 100));
    let high: Counts = [("HIGH".into(), 1)].into_iter().collect();
    assert_eq!(state.open, high);
    let told = |gathered: &Gathered| -> Vec<String> {
        let images = gathered.images.iter();
        images
            .map(|image| format!("{}:{} {}", image.repository, image.tag, image.scanned.is_some()))
            .collect()
    };
    assert_eq!(told(&gathered), ["team/app:v2 true", "team/app:v1 true"]);

    let emptied = MemoryEcr::new(clock);
    emptied.add("team/web", image(3, &[], 1), None);
    pass(&store, &emptied, &clock).await;
    let at_once = gather(&store, &kept, &limits, &wanted(), now).await.unwrap();
    assert_eq!(told(&at_once).len(), 2, "a pass changes much, and all images are not read for each change");
    let later = now + SignedDuration::from_mins(2);
    let gathered = gather(&store, &kept, &limits, &wanted(), later).await.unwrap();
    assert_eq!((told(&gathered), gathered.registries[0].coverage.scannable), (Vec::new(), 1));
}
