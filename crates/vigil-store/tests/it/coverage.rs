//! Coverage: whose images are whose, and how they stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use vigil_core::coverage::{Aim, Aims, Place, coverage};
use vigil_core::due::Rest;
use vigil_core::image::{Image, Kind, Storage};
use vigil_core::policy::{LeftOut, Patterns};
use vigil_core::port::Ledger;
use vigil_core::record::{Decision, Ending, Entry};
use vigil_core::testing::{digest, image, scan};
use vigil_store::{ImageFilter, ImageOrder, Slice};

use crate::databases::stories;
use crate::stage::{Stage, name, registry};

stories!(
    of_two_schedules_the_strictest_decides_on_what_both_watch,
    what_one_schedule_leaves_out_stands_as_the_other_left_it,
    what_could_not_be_read_is_whose_it_was,
    what_a_schedule_leaves_out_is_its_own_no_more,
    a_repository_that_is_excluded_counts_no_more_before_any_pass,
    what_was_looked_up_by_name_is_watched_until_another_is_named,
    what_cannot_be_scanned_is_told_by_reason_and_what_is_no_image_is_not,
    a_pass_by_hand_makes_nothing_anybodys,
);

/// Schedules of today, each with its expiry and repositories that it leaves.
fn aims(schedules: &[(&str, &str, &[&str])]) -> Aims {
    let aim = |(schedule, expiry, exclude): &(&str, &str, &[&str])| {
        let exclude = exclude.iter().map(|pattern| pattern.parse().unwrap()).collect();
        Aim {
            schedule: schedule.parse().unwrap(),
            expiry: expiry.parse().unwrap(),
            selects: Some(Patterns { include: Vec::new(), exclude }),
            takes_named: false,
        }
    };
    Aims { schedules: schedules.iter().map(aim).collect(), places: vec![Place::default()], named: None }
}

fn running_and_rest() -> Aims {
    aims(&[("running", "1d", &[]), ("rest", "7d", &[])])
}

fn unwanted() -> Decision {
    Decision::LeaveOut(LeftOut::TagPatterns)
}

fn fresh(at: Timestamp) -> Decision {
    Decision::Rest(Rest::Fresh { ago: SignedDuration::ZERO, expiry: "7d".into(), next: at })
}

impl Stage {
    /// A pass of this schedule decides so.
    async fn decide(&self, schedule: &str, aims: &Aims, decided: &[(&Image, Decision)]) {
        let ledger = self.ledger().of_schedule(schedule.parse().unwrap(), Arc::new(aims.clone()));
        let decided = decided
            .iter()
            .map(|(image, decision)| Entry::Decided(Box::new((*image).clone()), decision.clone()));
        ledger.record(&registry(), &name("team/app"), self.now(), decided.collect()).await.unwrap();
    }

    /// What is told by these aims: `covered/scannable, never scanned, oldest scan in hours` and what cannot be scanned.
    async fn covered(&self, aims: &Aims) -> String {
        let since = aims.covered_since(&BTreeMap::new(), self.now());
        let standing = self.store.standings(since, self.now()).await.unwrap().remove(0);
        let sum = coverage(aims, &standing.registry, &standing.images);
        let oldest = sum.oldest_scan.map(|at| self.now().duration_since(at).as_hours());
        let oldest = oldest.map_or("-".to_owned(), |hours| format!("{hours}h"));
        let mut told = format!("{}/{}, {} never, {oldest}", sum.covered, sum.scannable, sum.never_scanned);
        sum.unscannable.iter().for_each(|(why, images)| told.push_str(&format!(", {images} {why}")));
        told
    }

    async fn stands(&self) -> Vec<String> {
        let images = self.store.images(ImageFilter::default(), ImageOrder::Name, Slice::first(9)).await;
        let stands = images.unwrap().items.into_iter().map(|row| {
            let standing = row.standing;
            format!("{} {}", standing.decision.unwrap_or_default(), standing.reason.unwrap_or_default())
        });
        stands.collect()
    }
}

async fn of_two_schedules_the_strictest_decides_on_what_both_watch(stage: Stage) {
    let (v1, v2, v3) = (image(1, &["v1"], 9), image(2, &["v2"], 9), image(3, &["v3"], 9));
    let aims = running_and_rest();
    stage.list(&[v1.clone(), v2.clone(), v3.clone()]).await;
    assert_eq!(stage.covered(&aims).await, "0/0, 0 never, -", "nobody has looked at them");
    for image in [&v1, &v2] {
        stage.scanned(image, &[]).await;
    }
    stage.decide("rest", &aims, &[(&v1, Decision::Wait), (&v2, Decision::Wait), (&v3, Decision::Wait)]).await;
    stage.decide("running", &aims, &[(&v1, Decision::Wait), (&v2, unwanted())]).await;
    stage.clock.hours(23);
    assert_eq!(stage.covered(&aims).await, "2/3, 1 never, 23h");
    stage.clock.hours(2);
    assert_eq!(stage.covered(&aims).await, "1/3, 1 never, 25h", "v1 runs, and must be scanned daily");
    let without_running = self::aims(&[("rest", "7d", &[])]);
    assert_eq!(stage.covered(&without_running).await, "2/3, 1 never, 25h", "that schedule is gone");
    stage.clock.hours(7 * 24);
    assert_eq!(stage.covered(&without_running).await, "0/3, 1 never, 193h");
    assert_eq!(stage.covered(&self::aims(&[])).await, "0/0, 0 never, -");
}

async fn what_one_schedule_leaves_out_stands_as_the_other_left_it(stage: Stage) {
    let app = image(1, &["v1"], 9);
    let (aims, next) = (running_and_rest(), stage.now());
    stage.list(std::slice::from_ref(&app)).await;
    stage.decide("running", &aims, &[(&app, unwanted())]).await;
    assert_eq!(stage.stands().await, ["leave_out tag_patterns"], "nobody else wants it");
    stage.decide("rest", &aims, &[(&app, fresh(next))]).await;
    stage.decide("running", &aims, &[(&app, unwanted())]).await;
    assert_eq!(stage.stands().await, ["rest fresh"]);
    // The other one does not look into this repository any more.
    let elsewhere = self::aims(&[("running", "1d", &[]), ("rest", "7d", &["team/*"])]);
    stage.decide("running", &elsewhere, &[(&app, unwanted())]).await;
    assert_eq!(stage.stands().await, ["leave_out tag_patterns"]);
    assert_eq!(stage.covered(&elsewhere).await, "0/0, 0 never, -");
    assert_eq!(
        stage.covered(&aims).await,
        "0/1, 1 never, -",
        "should it look there again, it is as it left it"
    );
}

async fn what_a_schedule_leaves_out_is_its_own_no_more(stage: Stage) {
    let app = image(1, &["v1"], 9);
    let aims = running_and_rest();
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &[]).await;
    for schedule in ["running", "rest"] {
        stage.decide(schedule, &aims, &[(&app, Decision::Undecided)]).await;
    }
    stage.clock.hours(25);
    assert_eq!(stage.covered(&aims).await, "0/1, 0 never, 25h");
    stage.decide("running", &aims, &[(&app, unwanted())]).await;
    assert_eq!(stage.covered(&aims).await, "1/1, 0 never, 25h");
    stage.list(&[]).await;
    assert_eq!(stage.covered(&aims).await, "0/0, 0 never, -", "it is gone");
    stage.list(std::slice::from_ref(&app)).await;
    assert_eq!(stage.covered(&aims).await, "1/1, 0 never, 25h", "it is back");
}

async fn a_repository_that_is_excluded_counts_no_more_before_any_pass(stage: Stage) {
    let app = image(1, &["v1"], 9);
    let aims = self::aims(&[("daily", "1d", &[])]);
    stage.list(std::slice::from_ref(&app)).await;
    stage.decide("daily", &aims, &[(&app, Decision::Wait)]).await;
    assert_eq!(stage.covered(&aims).await, "0/1, 1 never, -");
    let excluded = self::aims(&[("daily", "1d", &["team/app"])]);
    assert_eq!(stage.covered(&excluded).await, "0/0, 0 never, -");
    let elsewhere = Place { account: None, region: Some("us-east-1".parse().unwrap()) };
    assert_eq!(stage.covered(&Aims { places: vec![elsewhere], ..aims }).await, "0/0, 0 never, -");
}

async fn what_was_looked_up_by_name_is_watched_until_another_is_named(stage: Stage) {
    let (v1, v2) = (image(1, &["v1"], 9), image(2, &["v2"], 9));
    let mut aims = self::aims(&[("daily", "1d", &["team/*"])]);
    (aims.schedules[0].takes_named, aims.named) = (true, None);
    let looked_up = async |image: &Image| {
        let ledger = stage.ledger().of_schedule("daily".parse().unwrap(), Arc::new(aims.clone()));
        let decided = Entry::Decided(Box::new(image.clone()), Decision::Wait);
        let entries = vec![Entry::Seen(vec![image.clone()]), decided];
        ledger.record(&registry(), &name("team/app"), stage.now(), entries).await.unwrap();
    };
    looked_up(&v1).await;
    assert_eq!(stage.covered(&aims).await, "0/1, 1 never, -");
    looked_up(&v2).await;
    assert_eq!(stage.covered(&aims).await, "0/1, 1 never, -", "it is v2 now, and v1 no more");
    let nothing = Aims { named: Some(Default::default()), ..aims.clone() };
    assert_eq!(stage.covered(&nothing).await, "0/0, 0 never, -");
}

async fn what_cannot_be_scanned_is_told_by_reason_and_what_is_no_image_is_not(stage: Stage) {
    let (good, odd, refused) = (image(1, &["v1"], 9), image(2, &["v2"], 9), image(3, &["v3"], 9));
    let archived = Image { storage: Storage::Archived, ..image(4, &["v4"], 9) };
    let chart = Image { kind: Kind::HelmChart, ..image(5, &["v5"], 9) };
    let archived_chart = Image { storage: Storage::Archived, ..chart.clone() };
    let aims = self::aims(&[("daily", "1d", &[])]);
    stage.list(&[good.clone(), odd.clone(), refused.clone(), archived.clone(), chart.clone()]).await;
    stage.scanned(&good, &[]).await;
    stage.found(&odd, scan("UNSUPPORTED_IMAGE", None, &[])).await;
    let out = |why| Decision::LeaveOut(why);
    let decided = [
        (&good, Decision::Wait),
        (&odd, Decision::Wait),
        (&refused, Decision::Rest(Rest::Unscannable { said: "no layers".into() })),
        (&archived, out(LeftOut::Archived)),
        (&chart, out(LeftOut::HelmChart)),
        (&archived_chart, out(LeftOut::Archived)),
    ];
    stage.decide("daily", &aims, &decided).await;
    let said = "UNSUPPORTED_IMAGE".to_owned();
    stage.record("team/app", vec![Entry::Ended(digest(2), Ending::Unscannable { said })]).await;
    let told = "1/1, 0 never, 0h, 1 archived, 1 refused, 1 unsupported_image";
    assert_eq!(stage.covered(&aims).await, told);
    let used = async || stage.store.standings(vec![], stage.now()).await.unwrap()[0].scanned_today;
    assert_eq!(used().await, 1);
    stage.record("team/app", vec![Entry::Decided(Box::new(good), Decision::Observe)]).await;
    assert_eq!(used().await, 0, "what ECR scans by itself uses nothing up");
}

async fn a_pass_by_hand_makes_nothing_anybodys(stage: Stage) {
    let (app, other) = (image(1, &["v1"], 9), image(2, &["v2"], 9));
    let aims = self::aims(&[("daily", "1d", &[])]);
    stage.list(&[app.clone(), other.clone()]).await;
    stage.record("team/app", vec![Entry::Decided(Box::new(app.clone()), Decision::Wait)]).await;
    assert_eq!(stage.covered(&aims).await, "0/0, 0 never, -");
    stage.decide("daily", &aims, &[(&app, Decision::Wait), (&other, fresh(stage.now()))]).await;
    let beside = Decision::LeaveOut(LeftOut::TagStatus);
    stage.record("team/app", vec![Entry::Decided(Box::new(other.clone()), beside)]).await;
    assert_eq!(stage.covered(&aims).await, "0/2, 2 never, -");
    assert_eq!(
        stage.stands().await,
        ["wait under_way", "rest fresh"],
        "what was only listed on the way stands as before"
    );
}

async fn what_could_not_be_read_is_whose_it_was(stage: Stage) {
    let app = image(1, &["v1"], 9);
    let aims = running_and_rest();
    stage.list(std::slice::from_ref(&app)).await;
    stage.decide("rest", &aims, &[(&app, Decision::Wait)]).await;
    assert_eq!(stage.covered(&aims).await, "0/1, 1 never, -");
    let fault = vigil_core::Fault::new(vigil_core::FaultKind::Throttled, "DescribeImages", "too fast");
    let ledger = stage.ledger().of_schedule("rest".parse().unwrap(), std::sync::Arc::new(aims.clone()));
    let unread = vec![Entry::Seen(Vec::new()), Entry::Unread(fault)];
    ledger.record(&registry(), &name("team/app"), stage.now(), unread).await.unwrap();
    assert_eq!(stage.covered(&aims).await, "0/1, 1 never, -", "it is overdue still");
}
