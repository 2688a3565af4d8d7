//! Stories of what a pass does with each image: what ECR answers, what is remembered, and what fits.

use super::stage::{days_ago, pass, tell, tell_from};
use crate::fault::FaultKind;
use crate::image::{Child, Image, ImageName, Kind, Pick, Platform};
use crate::pass::{Pass, Scope};
use crate::plan::Budget;
use crate::policy::{Cadence, Patterns, Selection};
use crate::port::{Ledger, Mode, Registry, Start};
use crate::record::Entry;
use crate::stop::Stop;
use crate::testing::{Failing, MemoryEcr, MemoryLedger, PausedClock, digest, finding, image, now, scan};

#[tokio::test(start_paused = true)]
async fn a_first_pass_scans_what_is_due_and_a_second_starts_nothing() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    ecr.add("team/app", image(1, &["v1"], 30), Some(scan("COMPLETE", Some(days_ago(9)), &[])));
    ecr.add("team/app", image(2, &["v2"], 3), None);
    ecr.add("team/app", image(3, &["v3", "latest"], 2), Some(scan("COMPLETE", Some(days_ago(2)), &[])));
    ecr.add("team/web", image(4, &[], 1), Some(scan("IN_PROGRESS", None, &[])));
    ecr.add(
        "team/web",
        image(5, &["scratch"], 1),
        Some(crate::Scan {
            description: Some("UnsupportedImageError: no package manager".into()),
            ..scan("FAILED", None, &[])
        }),
    );
    ecr.set_findings(digest(2), vec![finding("CVE-2024-1", "HIGH", "zlib")]);

    insta::assert_snapshot!(tell(&ecr, &clock, &pass(), &Stop::never()).await);
    let starts = ecr.starts().len();

    insta::assert_snapshot!(tell(&ecr, &clock, &pass(), &Stop::never()).await);
    assert_eq!(ecr.starts().len(), starts, "the second pass starts nothing");

    tokio::time::advance(std::time::Duration::from_secs(8 * 86_400)).await;
    ecr.add("team/web", image(6, &["new"], 0), None);
    let plan = Pass { act: false, budget: Budget { daily: 2, per_pass: None }, ..pass() };
    insta::assert_snapshot!(tell(&ecr, &clock, &plan, &Stop::never()).await);
    assert_eq!(ecr.starts().len(), starts, "a plan starts nothing");
}

#[tokio::test(start_paused = true)]
async fn an_index_is_scanned_by_its_children_each_digest_once() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    let child = |n, architecture: &str, attestation| {
        let platform = Platform { os: "linux".into(), architecture: architecture.into(), variant: None };
        Child { digest: digest(n), platform: Some(platform), attestation }
    };
    let index = |n, tags: &[&str]| Image { kind: Kind::Index, ..image(n, tags, 1) };
    ecr.add("team/app", index(1, &["v1", "latest"]), None);
    ecr.add("team/app", index(2, &["v1-debug"]), None);
    for n in 3..=5 {
        ecr.add("team/app", image(n, &[], 1), None);
    }
    ecr.set_children(
        digest(1),
        vec![child(3, "amd64", false), child(4, "arm64", false), child(5, "unknown", true)],
    );
    ecr.set_children(digest(2), vec![child(3, "amd64", false)]);

    insta::assert_snapshot!(tell(&ecr, &clock, &pass(), &Stop::never()).await);
    assert_eq!(ecr.starts().len(), 2, "each digest once, whatever its tags");
    // The same by name: the children come with their index.
    let named = Scope::named(vec![match "team/app:latest".parse().unwrap() {
        crate::image::Reference::Ecr(name) => name,
        other => panic!("{other:?}"),
    }]);
    insta::assert_snapshot!(tell(&ecr, &clock, &Pass { scope: named, ..pass() }, &Stop::never()).await);
}

#[tokio::test(start_paused = true)]
async fn whatever_ecr_answers_is_a_result_of_that_image_alone() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    for n in 1..=5 {
        ecr.add("team/app", image(n, &[&format!("v{n}")], 1), None);
    }
    ecr.answer_start(digest(1), Start::OnceADay);
    ecr.add("team/app", image(8, &["v8"], 30), Some(scan("COMPLETE", Some(days_ago(9)), &[])));
    ecr.answer_start(digest(8), Start::OnceADay);
    ecr.answer_start(
        digest(2),
        Start::Unsupported("An artifact with media type 'x' cannot be scanned.".into()),
    );
    ecr.answer_start(digest(3), Start::Archived);
    ecr.add("gone", image(6, &["v6"], 1), None);
    ecr.add("secret", image(7, &["v7"], 1), None);
    let faults = vec![("images", "gone", FaultKind::RepositoryGone), ("start", "secret", FaultKind::Denied)];
    let ecr = Failing::new(ecr, faults);
    insta::assert_snapshot!(tell(&ecr, &clock, &pass(), &Stop::never()).await);
}

#[tokio::test(start_paused = true)]
async fn a_page_of_repositories_that_fails_does_not_stop_those_that_are_known() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    for n in 1..=3 {
        ecr.add(&format!("team/app{n}"), image(n, &["v1"], 1), None);
    }
    let ecr = Failing::new(ecr, vec![("repositories", "2", FaultKind::Throttled)]);
    insta::assert_snapshot!(tell(&ecr, &clock, &pass(), &Stop::never()).await);
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_by_name_and_not_there_is_named_once() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    ecr.add("team/app", image(1, &["v1"], 1), None);
    let name = |text: &str| match text.parse().unwrap() {
        crate::image::Reference::Ecr(name) => name,
        other => panic!("{other:?}"),
    };
    let names = ["team/app:v1", "team/app:v9", "team/app:v9", "team/app"].map(name);
    let whole = Pass { scope: Scope::named(names.to_vec()), ..pass() };
    insta::assert_snapshot!(tell(&ecr, &clock, &whole, &Stop::never()).await);
    let picked = Pass { scope: Scope::named(names[..3].to_vec()), ..pass() };
    insta::assert_snapshot!(tell(&ecr, &clock, &picked, &Stop::never()).await);
}

#[tokio::test(start_paused = true)]
async fn a_used_up_registry_holds_the_rest_and_says_so() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    for n in 1..=4 {
        ecr.add("team/app", image(n, &[&format!("v{n}")], 1), None);
    }
    ecr.answer_start(digest(2), Start::RegistryQuota("no more today".into()));
    let one_by_one = Pass { concurrency: 1, ..pass() };
    insta::assert_snapshot!(tell(&ecr, &clock, &one_by_one, &Stop::never()).await);
    assert_eq!(ecr.starts().len(), 2, "nothing is started after the refusal");
}

#[tokio::test(start_paused = true)]
async fn an_enhanced_registry_is_only_read() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    ecr.set_mode(Mode::ByItself);
    ecr.add(
        "team/app",
        image(1, &["v1"], 1),
        Some(scan("ACTIVE", Some(days_ago(40)), &[finding("CVE-1", "HIGH", "a")])),
    );
    ecr.add("team/app", image(2, &["v2"], 1), None);
    ecr.add("team/app", image(3, &["v3"], 1), Some(scan("SCAN_ELIGIBILITY_EXPIRED", None, &[])));
    insta::assert_snapshot!(tell(&ecr, &clock, &pass(), &Stop::never()).await);
    // Without the permission to ask for the mode, the first refusal tells.
    ecr.answer_start(digest(2), disabled());
    ecr.set_mode(Mode::OnRequest);
    let ecr = Failing::new(ecr, vec![("mode", "*", FaultKind::Denied)]);
    let one_by_one = Pass { concurrency: 1, ..pass() };
    insta::assert_snapshot!(tell(&ecr, &clock, &one_by_one, &Stop::never()).await);
    assert_eq!(ecr.inner.starts().len(), 1, "nothing is asked for after the refusal");
    // What was held before the refusal is only read, too.
    let capped = Pass { budget: Budget { daily: 9, per_pass: Some(1) }, ..one_by_one };
    insta::assert_snapshot!(tell(&ecr, &clock, &capped, &Stop::never()).await);
}

fn disabled() -> Start {
    Start::ByItself("This feature is disabled".into())
}

#[tokio::test(start_paused = true)]
async fn in_a_registry_of_basic_scanning_a_refusing_repository_is_asked_once_and_told_in_its_words() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    for n in 1..=3 {
        ecr.add("closed", image(n, &[&format!("v{n}")], 1), None);
        ecr.answer_start(digest(n), disabled());
    }
    ecr.add("closed", image(4, &["v4"], 1), Some(scan("COMPLETE", Some(days_ago(40)), &[])));
    ecr.add("open", image(5, &["v5"], 1), None);
    let one_by_one = Pass { concurrency: 1, ..pass() };
    insta::assert_snapshot!(tell(&ecr, &clock, &one_by_one, &Stop::never()).await);
    assert_eq!(ecr.starts().len(), 2, "one is refused, the other repository goes on");
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_of_failures_and_refusals_decides_when_they_are_tried_again() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    let ledger = MemoryLedger::remembering();
    ecr.add("team/app", image(1, &["v1"], 30), Some(scan("FAILED", None, &[])));
    ecr.add("team/app", image(2, &["v2"], 30), None);
    ecr.answer_start(digest(2), Start::Unsupported("no layers".into()));
    let mut story = String::new();
    for days in [0, 1, 7] {
        tokio::time::advance(std::time::Duration::from_secs(days * 86_400)).await;
        story += &tell_from(&ledger, &ecr, &clock, &pass(), &Stop::never()).await;
    }
    insta::assert_snapshot!(story);
}

#[tokio::test(start_paused = true)]
async fn a_failed_scan_that_was_asked_for_before_a_kill_is_not_asked_for_again_within_the_day() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    let ledger = MemoryLedger::remembering();
    ecr.add("team/app", image(1, &["v1"], 30), Some(scan("FAILED", None, &[])));
    let asked = Entry::Asked(digest(1), now());
    let found = Entry::Found(digest(1), Box::new(scan("FAILED", None, &[])));
    ledger.record(ecr.id(), &"team/app".parse().unwrap(), now(), vec![asked, found]).await.unwrap();
    let retry = Cadence { retry_failed: true, ..Cadence::default() };
    let pass = Pass { cadence: retry, ..pass() };
    insta::assert_snapshot!(tell_from(&ledger, &ecr, &clock, &pass, &Stop::never()).await);
    assert!(ecr.starts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_named_is_looked_at_beside_what_is_selected_once() {
    let clock = PausedClock::new();
    let ecr = MemoryEcr::new(clock);
    ecr.add("team/app", image(1, &["v1"], 1), None);
    ecr.add("team/app", image(2, &["dev"], 1), None);
    ecr.add("team/app", image(3, &["nightly"], 1), None);
    ecr.add("other/web", image(4, &["v1"], 1), None);
    ecr.add("other/web", image(5, &[], 1), None);
    let patterns = |include: &str| Patterns { include: vec![include.parse().unwrap()], exclude: Vec::new() };
    let selection =
        Selection { repositories: patterns("team/*"), tags: patterns("v*"), ..Selection::default() };
    let name =
        |repository: &str, pick| ImageName { host: None, repository: repository.parse().unwrap(), pick };
    let tag = |tag: &str| Pick::Tag(tag.parse().unwrap());
    let named =
        vec![name("team/app", tag("dev")), name("team/gone", Pick::Tagged), name("other/web", Pick::Tagged)];
    let pass = Pass { scope: Scope { selection: Some(selection), named, wishes: None }, ..pass() };
    insta::assert_snapshot!(tell(&ecr, &clock, &pass, &Stop::never()).await);
    assert_eq!(ecr.starts().len(), 3, "each once");
}
