//! What the service of a story remembers: two passes, a day apart, over one repository.

use jiff::{SignedDuration, Timestamp};
use vigil_core::image::Image;
use vigil_core::policy::{Exceptions, Gate};
use vigil_core::port::Ledger;
use vigil_core::record::{Decision, Ending, Entry};
use vigil_core::testing::{finding, image, now, scan};
use vigil_core::{Due, Finding, Hold, RegistryId, evaluate};
use vigil_store::{NewPass, PassId, PassLedger, Store};

/// The passes, the first one first.
pub(super) struct Remembered {
    pub(super) passes: [PassId; 2],
}

/// In the first pass `v1` was scanned; in the second `v1` and `v2`, while a third image was held and `new` just listed.
pub(super) async fn remember(store: &Store) -> Remembered {
    let [first, second, held, new] = [
        image(1, &["v1", "latest"], 9),
        image(2, &["v2"], 2),
        image(3, &["old"], 300),
        image(4, &["new"], 1),
    ];
    let yesterday = now() - SignedDuration::from_hours(24);
    let one = begin(store, yesterday).await;
    write(store, one, yesterday, vec![Entry::Listed(vec![first.clone()])]).await;
    let found = [finding("CVE-2024-1", "HIGH", "zlib"), finding("CVE-2024-2", "LOW", "tar")];
    write(store, one, yesterday, judged(&first, &found, yesterday)).await;
    store.end_pass(one, yesterday, "complete", None).await.unwrap();
    let two = begin(store, now()).await;
    write(store, two, now(), vec![Entry::Listed(vec![first.clone(), second.clone(), held.clone(), new])])
        .await;
    let found = [fixable("CVE-2024-1"), finding("CVE-2024-3", "CRITICAL", "xz-utils")];
    write(store, two, now(), judged(&first, &found, now())).await;
    write(store, two, now(), judged(&second, &[], now())).await;
    let why = Hold::PassCap { cap: 2 };
    let decision = Decision::Hold(Due::NeverScanned, why);
    write(store, two, now(), vec![Entry::Decided(Box::new(held), decision)]).await;
    store.end_pass(two, now(), "complete", None).await.unwrap();
    Remembered { passes: [one, two] }
}

pub(super) fn registry() -> RegistryId {
    RegistryId {
        partition: "aws".parse().unwrap(),
        account: "123456789012".parse().unwrap(),
        region: "us-west-2".parse().unwrap(),
    }
}

/// Makes an image whose scan finds so much.
pub(super) async fn scanned(store: &Store, pass: PassId, n: u64, findings: &[Finding]) {
    let image = image(n, &[&format!("n{n}")], 1);
    let mut entries = vec![Entry::Listed(vec![image.clone()])];
    entries.extend(judged(&image, findings, now()));
    let ledger = store.ledger(pass, Vec::new());
    let name = format!("busy/app{n}").parse().unwrap();
    ledger.record(&registry(), &name, now(), entries).await.unwrap();
}

pub(super) async fn begin(store: &Store, at: Timestamp) -> PassId {
    let schedule = "default".to_owned();
    let pass = NewPass { schedule, tick: Some(at), trigger: "schedule".to_owned(), request: None, at };
    store.begin_pass(pass).await.unwrap()
}

async fn write(store: &Store, pass: PassId, at: Timestamp, entries: Vec<Entry>) {
    let ledger: PassLedger = store.ledger(pass, Vec::new());
    ledger.record(&registry(), &"team/app".parse().unwrap(), at, entries).await.unwrap();
}

fn judged(image: &Image, findings: &[Finding], at: Timestamp) -> Vec<Entry> {
    let scan = scan("COMPLETE", Some(at), findings);
    let repository = "team/app".parse().unwrap();
    let evaluation = evaluate(&repository, image, scan.clone(), &Gate::default(), &Exceptions::default(), at);
    vec![
        Entry::Decided(Box::new(image.clone()), Decision::Scan(Due::NeverScanned)),
        Entry::Found(image.digest, Box::new(scan)),
        Entry::Judged(image.digest, evaluation),
        Entry::Ended(image.digest, Ending::Scanned),
    ]
}

fn fixable(id: &str) -> Finding {
    let mut finding = finding(id, "HIGH", "zlib");
    if let Some(package) = &mut finding.package {
        package.fixed_in = Some("1.1".into());
    }
    finding
}
