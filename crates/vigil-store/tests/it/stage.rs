//! What a story plays on: a store, a pass in it, one repository, and short ways to say what ECR shows.

use std::sync::Arc;

use jiff::Timestamp;
use vigil_core::evaluate::evaluate;
use vigil_core::finding::Finding;
use vigil_core::image::{Image, RegistryId, RepositoryName};
use vigil_core::policy::{Exceptions, Gate, Pattern};
use vigil_core::port::{Clock, Ledger};
use vigil_core::record::{Ending, Entry};
use vigil_core::scan::Scan;
use vigil_core::testing::{finding, scan};
use vigil_store::{ChangeFilter, FindingFilter, FindingOrder, NewPass, PassId, PassLedger, Slice, Store};

use crate::clock::StillClock;
use crate::databases::Database;

/// A store with a pass under way.
pub(crate) struct Stage {
    pub(crate) database: Database,
    pub(crate) store: Store,
    pub(crate) clock: Arc<StillClock>,
    pub(crate) pass: PassId,
    pub(crate) patterns: Vec<Pattern>,
}

impl Stage {
    pub(crate) async fn new(database: Database) -> Self {
        let clock = Arc::new(StillClock::new());
        let store = Store::open(&database.place, clock.clone()).await.unwrap();
        let pass = store.begin_pass(new_pass("daily", clock.now())).await.unwrap();
        Self { database, store, clock, pass, patterns: Vec::new() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn ledger(&self) -> PassLedger {
        self.store.ledger(self.pass, self.patterns.clone())
    }

    pub(crate) async fn record(&self, repository: &str, entries: Vec<Entry>) {
        self.ledger().record(&registry(), &name(repository), self.now(), entries).await.unwrap();
    }

    pub(crate) async fn list(&self, images: &[Image]) {
        self.record("team/app", vec![Entry::Listed(images.to_vec())]).await;
    }

    /// A scan of an image of `team/app` finds these: `CVE SEVERITY package`, each; and is judged.
    pub(crate) async fn scanned(&self, image: &Image, findings: &[&str]) {
        let found: Vec<Finding> = findings.iter().map(|text| parse(text)).collect();
        self.found(image, scan("COMPLETE", Some(self.now()), &found)).await;
    }

    pub(crate) async fn found(&self, image: &Image, scan: Scan) {
        self.record("team/app", self.judged(image, scan)).await;
    }

    /// What a pass writes down of a scan that it judges without any exceptions of its own.
    pub(crate) fn judged(&self, image: &Image, scan: Scan) -> Vec<Entry> {
        let exceptions = Exceptions::default();
        let evaluation =
            evaluate(&name("team/app"), image, scan.clone(), &Gate::default(), &exceptions, self.now());
        vec![
            Entry::Found(image.digest, Box::new(scan)),
            Entry::Judged(image.digest, evaluation),
            Entry::Ended(image.digest, Ending::Scanned),
        ]
    }

    /// The findings along all lineages, in a line each.
    pub(crate) async fn findings(&self, filter: FindingFilter) -> Vec<String> {
        let order = FindingOrder::WorstFirst;
        let found = self.store.findings(filter, order, Slice::first(100)).await.unwrap().items;
        let age = |since: Timestamp| self.now().duration_since(since).as_hours();
        found
            .iter()
            .map(|finding| {
                let package = finding.package.as_deref().unwrap_or("-");
                let (state, age) = (finding.state.code(), age(finding.first_seen));
                format!("{} {} {package} {state} {age}h", finding.lineage, finding.vulnerability)
            })
            .collect()
    }

    /// All changes, oldest first, in a line each.
    pub(crate) async fn changes(&self) -> Vec<String> {
        let found = self.store.changes(ChangeFilter::default(), Slice::first(100)).await.unwrap().items;
        let line = |change: &vigil_store::Change| {
            format!("{} {} {}", change.lineage, change.vulnerability, change.kind.code())
        };
        found.iter().rev().map(line).collect()
    }
}

pub(crate) fn new_pass(schedule: &str, at: Timestamp) -> NewPass {
    NewPass {
        schedule: schedule.to_owned(),
        tick: Some(at),
        trigger: "schedule".to_owned(),
        request: Some("abc".to_owned()),
        at,
    }
}

pub(crate) fn registry() -> RegistryId {
    RegistryId {
        partition: "aws".parse().unwrap(),
        account: "123456789012".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
    }
}

pub(crate) fn name(repository: &str) -> RepositoryName {
    repository.parse().unwrap()
}

/// `CVE SEVERITY package`, and `fixable` or `exploit` behind.
pub(crate) fn parse(text: &str) -> Finding {
    let words: Vec<&str> = text.split(' ').collect();
    let mut found = finding(words[0], words[1], words[2]);
    found.description = Some(format!("About {}.", words[0]).into());
    if words.contains(&"fixable") {
        found.package.as_mut().unwrap().fixed_in = Some("2.0".into());
    }
    found.exploit_known = words.contains(&"exploit").then_some(true);
    found
}
