//! Stories of passes that end before everything is done: at a deadline, by a signal, out of patience or credentials.

use std::sync::Mutex;

use jiff::SignedDuration;
use tokio::sync::oneshot;

use super::stage::{days_ago, pass, tell};
use crate::cycle::cycle;
use crate::fault::FaultKind;
use crate::image::RegistryId;
use crate::pass::{Closes, Pacing, Pass, Ports};
use crate::port::{Clock, Milestone, Progress};
use crate::record::{Ending, Unfinished};
use crate::schedule::Spread;
use crate::stop::{Halt, Stop};
use crate::testing::{Failing, MemoryEcr, MemoryLedger, PausedClock, image, now, scan};

#[tokio::test(start_paused = true)]
async fn at_the_deadline_everything_finished_stands_and_the_rest_is_named() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    ecr.add("team/app", image(1, &["done"], 1), Some(scan("COMPLETE", Some(days_ago(1)), &[])));
    ecr.add("team/app", image(2, &["stuck"], 1), Some(scan("SOMETHING_NEW", None, &[])));
    let wait = clock;
    let deadline = Stop::when(async move {
        wait.wait_until(now() + SignedDuration::from_mins(2)).await;
        Halt::Deadline
    });
    insta::assert_snapshot!(tell(&ecr, &clock, &pass(), &deadline).await);
}

#[tokio::test(start_paused = true)]
async fn no_scan_is_waited_for_longer_than_our_patience() {
    for seconds in [4, 10, 30] {
        let clock = PausedClock::new();
        let ecr = MemoryEcr::new(clock);
        ecr.add("team/app", image(1, &["stuck"], 1), Some(scan("IN_PROGRESS", None, &[])));
        let scan_patience = SignedDuration::from_secs(seconds);
        let story = tell(&ecr, &clock, &Pass { scan_patience, ..pass() }, &Stop::never()).await;
        assert!(story.contains("Unfinished(Running { state: Some(InProgress) })"), "{story}");
        assert_eq!(clock.now(), now() + scan_patience);
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_look_names_what_it_did_not_come_to() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    for n in 1..=3 {
        ecr.add(&format!("team/app{n}"), image(n, &["v1"], 1), None);
    }
    let stop = Stop::when(async { Halt::Interrupted });
    insta::assert_snapshot!(tell(&ecr, &clock, &Pass { concurrency: 1, ..pass() }, &stop).await);
    assert_eq!(ecr.starts(), [""; 0]);
}

/// Stops the pass as soon as it is planned.
struct StopWhenPlanned(Mutex<Option<oneshot::Sender<()>>>);

impl Progress for StopWhenPlanned {
    fn reached(&self, _: &RegistryId, milestone: Milestone) {
        if matches!(milestone, Milestone::Planned { .. }) {
            self.0.lock().unwrap().take().unwrap().send(()).unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_is_stopped_before_its_first_start_starts_nothing() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    ecr.add("team/app", image(1, &["v1"], 1), None);
    let (planned, is_planned) = oneshot::channel();
    let progress = StopWhenPlanned(Mutex::new(Some(planned)));
    let ledger = MemoryLedger::default();
    let ports = Ports { registry: &ecr, scanner: &ecr, ledger: &ledger, clock: &clock, progress: &progress };
    let stop = Stop::when(async {
        is_planned.await.unwrap();
        Halt::Interrupted
    });
    let report = cycle(ports, &pass(), &stop).await.unwrap();
    assert_eq!((report.started, report.halted), (0, Some(Halt::Interrupted)));
    assert_eq!(ecr.starts(), [""; 0]);
    let (_, record) = ledger.records().into_iter().next().unwrap();
    assert_eq!(record.images[0].ending, Some(Ending::Unfinished(Unfinished::NotStarted)));
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_end_the_pass_with_one_call() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    for n in 1..=20 {
        ecr.add("team/app", image(n, &[&format!("v{n:02}")], 1), None);
    }
    let ecr = Failing::new(ecr, vec![("start", "*", FaultKind::Credentials)]);
    let story = tell(&ecr, &clock, &Pass { concurrency: 1, ..pass() }, &Stop::never()).await;
    assert_eq!(story.matches("kind: Credentials").count(), 20, "{story}");
    assert_eq!(ecr.failed(), 1);
    let ecr = Failing::new(ecr.inner, vec![("mode", "*", FaultKind::Credentials)]);
    insta::assert_snapshot!(tell(&ecr, &clock, &pass(), &Stop::never()).await);
}

#[tokio::test(start_paused = true)]
async fn starts_are_spread_and_end_with_the_time_for_them() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    (1..=4).for_each(|n| ecr.add("team/app", image(n, &[], 1), None));
    let hour = SignedDuration::from_hours(1);
    let spread = Pass { pacing: Pacing { spread: Spread::Over(hour), closes: None }, ..pass() };
    tell(&ecr, &clock, &spread, &Stop::never()).await;
    let minutes = clock.now().duration_since(now()).as_mins();
    assert!((45..60).contains(&minutes), "the fourth start comes after three quarters: {minutes} min");

    (5..=6).for_each(|n| ecr.add("team/app", image(n, &[], 1), None));
    let closes = Closes { at: clock.now(), opens: Some(clock.now() + hour) };
    let closed = Pass { pacing: Pacing { spread: Spread::Over(hour), closes: Some(closes) }, ..pass() };
    insta::assert_snapshot!(tell(&ecr, &clock, &closed, &Stop::never()).await);
}
