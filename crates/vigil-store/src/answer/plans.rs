//! How SQLite goes about the questions: what is rare is found by an index, and what is common in the order of the list.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use vigil_core::finding::Severity;
use vigil_core::lineage::FindingState;
use vigil_core::testing::PausedClock;

use super::{ChangeFilter, FindingFilter, FindingOrder, ImageFilter, ImageOrder, Scope};
use super::{changes, findings, images};
use crate::page::Slice;
use crate::place::Place;
use crate::sql::{Act, DatabaseFault, Row, Session, Type, Value};
use crate::store::Store;

/// Writes down how each question is gone about, and asks it.
struct Explaining<'s> {
    session: &'s mut dyn Session,
    plans: Vec<String>,
}

#[async_trait]
impl Session for Explaining<'_> {
    async fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseFault> {
        for mut step in self.session.rows(&format!("EXPLAIN QUERY PLAN {sql}"), parameters).await? {
            let _: [i64; 3] = [step.take()?, step.take()?, step.take()?];
            self.plans.push(step.take()?);
        }
        self.session.rows(sql, parameters).await
    }

    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseFault> {
        self.session.execute(sql, parameters).await
    }

    async fn each(
        &mut self,
        sql: &str,
        columns: &[(&str, Type)],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, DatabaseFault> {
        self.session.each(sql, columns, rows).await
    }

    async fn script(&mut self, sql: &str) -> Result<(), DatabaseFault> {
        self.session.script(sql).await
    }

    async fn lock(&mut self, key: i64) -> Result<(), DatabaseFault> {
        self.session.lock(key).await
    }

    async fn share(&mut self, key: i64) -> Result<(), DatabaseFault> {
        self.session.share(key).await
    }
}

/// One question, and how it is asked.
trait Question: Send + Sync + Sized + 'static {
    fn ask<'s>(&'s self, session: &'s mut dyn Session) -> BoxFuture<'s, Result<(), DatabaseFault>>;

    async fn plan(self, store: &Store) -> Vec<String> {
        let explain: Act<Self, Vec<String>> = |session, question| {
            Box::pin(async move {
                let mut explaining = Explaining { session, plans: Vec::new() };
                question.ask(&mut explaining).await?;
                Ok(explaining.plans)
            })
        };
        store.read(self, explain).await.unwrap()
    }
}

impl Question for (ImageFilter, ImageOrder) {
    fn ask<'s>(&'s self, session: &'s mut dyn Session) -> BoxFuture<'s, Result<(), DatabaseFault>> {
        Box::pin(async move { images::list(session, &self.0, self.1, 100, None).await.map(drop) })
    }
}

impl Question for (FindingFilter, FindingOrder) {
    fn ask<'s>(&'s self, session: &'s mut dyn Session) -> BoxFuture<'s, Result<(), DatabaseFault>> {
        Box::pin(async move { findings::list(session, &self.0, self.1, 100, None).await.map(drop) })
    }
}

impl Question for ChangeFilter {
    fn ask<'s>(&'s self, session: &'s mut dyn Session) -> BoxFuture<'s, Result<(), DatabaseFault>> {
        Box::pin(async move { changes::list(session, self, 100, None).await.map(drop) })
    }
}

/// Three thousand repositories with an image, a tag `latest`, its lineage, and a finding of `zlib` in each.
const COMMON: &str = "
    INSERT INTO registries (id, partition_name, account, region) VALUES (1, 'aws', '123456789012', 'eu-west-1');
    INSERT INTO vulnerabilities (id, name, severity, links, first_seen) VALUES (1, 'CVE-1', 6, '[]', 0);
    INSERT INTO packages (id, name) VALUES (1, 'zlib');
    INSERT INTO contents (id, hash, vulnerability, package, severity, suppressed, grouped)
      VALUES (1, x'00', 1, 1, 6, 0, 0);
    CREATE TEMP TABLE numbers AS
      WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3000) SELECT x FROM n;
    INSERT INTO repositories (id, registry, name, first_seen) SELECT x, 1, 'team/' || x, 0 FROM numbers;
    INSERT INTO images (id, repository, digest, kind, storage, first_seen, decision)
      SELECT x, x, randomblob(32), 'image', 'standard', 0, 'hold' FROM numbers;
    INSERT INTO tags (image, name, since) SELECT x, 'latest', 0 FROM numbers;
    INSERT INTO lineages (id, repository, name, platform, image, followed_image)
      SELECT x, x, 'latest', '', x, x FROM numbers;
    INSERT INTO image_findings (image, content, vulnerability, first_seen) SELECT x, 1, 1, 0 FROM numbers;
    INSERT INTO lineage_findings
        (lineage, vulnerability, package, state, severity, fixable, exploited, first_seen, changed_at)
      SELECT x, 1, 1, 1, 6, 0, 0, 0, 0 FROM numbers;";

async fn store(filled: bool) -> (tempfile::TempDir, Store) {
    let room = tempfile::tempdir().unwrap();
    let place = Place::file(room.path().join("vigil.db"));
    let store = Store::open(&place, Arc::new(PausedClock::new())).await.unwrap();
    if filled {
        let fill: Act<(), ()> = |session, ()| session.script(COMMON);
        store.write((), fill).await.unwrap();
    }
    (room, store)
}

#[derive(Debug)]
enum Way {
    /// What is meant is found, and then sorted.
    Found,
    /// The list is read in its order.
    InOrder,
}

/// Each large table is entered by an index; and what is read in order is not sorted.
async fn check(question: impl Question, filled: bool, way: Way, by: &str) {
    let (_room, store) = store(filled).await;
    let plan = question.plan(&store).await;
    let said = plan.join("\n");
    let large = ["i", "f", "c", "t", "g", "j", "l", "n", "images", "tags", "lineages", "changes"];
    for step in &plan {
        let scans = large.iter().any(|table| *step == format!("SCAN {table}"));
        assert!(!scans, "a table is read through:\n{said}");
    }
    assert!(said.contains(by), "not by {by}:\n{said}");
    let sorts = said.contains("TEMP B-TREE FOR ORDER BY") || said.contains("TEMP B-TREE FOR LAST");
    assert_eq!(sorts, matches!(way, Way::Found), "{way:?}:\n{said}");
}

const RARE: bool = false;
const OFTEN: bool = true;

fn images(set: fn(&mut ImageFilter)) -> (ImageFilter, ImageOrder) {
    let mut filter = ImageFilter::default();
    set(&mut filter);
    (filter, ImageOrder::WorstFirst)
}

fn findings(set: fn(&mut FindingFilter)) -> (FindingFilter, FindingOrder) {
    let mut filter = FindingFilter::default();
    set(&mut filter);
    (filter, FindingOrder::WorstFirst)
}

fn changes(set: fn(&mut ChangeFilter)) -> ChangeFilter {
    let mut filter = ChangeFilter::default();
    set(&mut filter);
    filter
}

#[tokio::test]
async fn images_are_found_by_what_is_rare() {
    use Way::{Found, InOrder};
    check(images(|_| ()), OFTEN, InOrder, "SCAN i USING INDEX images_worst").await;
    check(images(|i| i.tag = "v1".parse().ok()), RARE, Found, "tags_name").await;
    check(images(|i| i.tag = "latest".parse().ok()), OFTEN, InOrder, "SCAN i USING INDEX images_worst").await;
    check(images(|i| i.tag = "v1.*".parse().ok()), RARE, Found, "tags_name").await;
    check(images(|i| i.tag = "*-prod".parse().ok()), OFTEN, InOrder, "SCAN i USING INDEX images_worst").await;
    check(images(|i| i.decision = Some("hold".into())), RARE, Found, "images_decided").await;
    check(images(|i| i.decision = Some("hold".into())), OFTEN, InOrder, "SCAN i USING INDEX images_worst")
        .await;
}

#[tokio::test]
async fn findings_are_found_by_what_is_rare() {
    use Way::{Found, InOrder};
    let worst = "SCAN f USING INDEX lineage_findings_worst";
    check(findings(|_| ()), OFTEN, InOrder, worst).await;
    check(findings(|f| f.package = Some("xz".into())), RARE, Found, "SEARCH f USING PRIMARY KEY").await;
    check(findings(|f| f.package = Some("zlib".into())), OFTEN, InOrder, worst).await;
    check(findings(|f| f.lineage = Some("v*".into())), RARE, Found, "SEARCH f USING PRIMARY KEY").await;
    check(findings(|f| f.lineage = Some("latest".into())), OFTEN, InOrder, worst).await;
    check(findings(|f| f.scope = team()), RARE, Found, "SEARCH f USING PRIMARY KEY").await;
    check(findings(|f| f.scope = team()), OFTEN, InOrder, worst).await;
    check(findings(|f| f.reaches = Some(Severity::High)), OFTEN, InOrder, worst).await;
    check(findings(|f| f.exploit_known = Some(true)), OFTEN, InOrder, "lineage_findings_exploited").await;
    check(findings(|f| f.known_exploited = Some(true)), OFTEN, InOrder, "lineage_findings_listed").await;
    check(findings(|f| f.min_epss = "0.5".parse().ok()), OFTEN, Found, "SEARCH f USING PRIMARY KEY").await;
    let likeliest = (FindingFilter::default(), FindingOrder::LikeliestFirst);
    let plans = likeliest.plan(&store(OFTEN).await.1).await.join("\n");
    assert!(plans.contains("SCAN v USING INDEX vulnerabilities_likeliest"), "{plans}");
    assert!(plans.contains("SEARCH f USING PRIMARY KEY") && !plans.contains("SCAN f"), "{plans}");
    let fixed = "SCAN f USING INDEX lineage_findings_fixed_worst";
    check(findings(|f| f.states = vec![FindingState::Fixed]), OFTEN, InOrder, fixed).await;
    let mixed = vec![FindingState::New, FindingState::Fixed];
    let mixed = FindingFilter { states: mixed, ..FindingFilter::default() };
    let plans = (mixed, FindingOrder::WorstFirst).plan(&store(OFTEN).await.1).await.join("\n");
    assert!(plans.contains("lineage_findings_notable") && plans.contains(fixed), "{plans}");
}

#[tokio::test]
async fn changes_are_found_by_what_is_rare() {
    use Way::{Found, InOrder};
    check(changes(|_| ()), OFTEN, InOrder, "SCAN c USING INDEX changes_at").await;
    check(changes(|c| c.lineage = Some("v*".into())), RARE, Found, "changes_of_lineage").await;
    check(changes(|c| c.lineage = Some("latest".into())), OFTEN, InOrder, "SCAN c USING INDEX changes_at")
        .await;
    check(changes(|c| c.scope = team()), RARE, Found, "changes_of_lineage").await;
    check(changes(|c| c.scope = team()), OFTEN, InOrder, "SCAN c USING INDEX changes_at").await;
}

fn team() -> Scope {
    Scope { registry: None, repository: "team/*".parse().ok() }
}

/// More images than are looked at for a page; every ten thousandth has a tag that ends in `-prod`.
const MANY: &str = "
    INSERT INTO registries (id, partition_name, account, region)
      VALUES (1, 'aws', '123456789012', 'eu-west-1');
    INSERT INTO repositories (id, registry, name, first_seen) VALUES (1, 1, 'team/app', 0);
    INSERT INTO images (id, repository, digest, kind, storage, first_seen)
      WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 45000)
      SELECT x, 1, randomblob(32), 'image', 'standard', 0 FROM n;
    INSERT INTO tags (image, name, since) SELECT id, id || '-test', 0 FROM images;
    INSERT INTO tags (image, name, since) SELECT id, id || '-prod', 0 FROM images WHERE id % 10000 = 0;";

#[tokio::test]
async fn a_page_of_a_pattern_looks_at_so_much_and_the_next_one_goes_on() {
    let (_room, store) = store(RARE).await;
    let fill: Act<(), ()> = |session, ()| session.script(MANY);
    store.write((), fill).await.unwrap();
    let filter = ImageFilter { tag: "*-prod".parse().ok(), ..ImageFilter::default() };
    let (mut slice, mut pages) = (Slice::first(100), Vec::new());
    loop {
        let page = store.images(filter.clone(), ImageOrder::Name, slice.clone()).await.unwrap();
        pages.push(page.items.len());
        match page.next {
            Some(next) => slice.after = Some(next),
            None => break,
        }
    }
    assert_eq!(pages, [2, 2, 0]);
    let first = store.images(filter, ImageOrder::Name, Slice::first(1)).await.unwrap();
    assert_eq!((first.items.len(), first.next.is_some()), (1, true), "a full page looks no further");
}
