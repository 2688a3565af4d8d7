//! Measures the memory: how large it gets, and how long it takes to write a scan and to answer two questions.
//!
//! `measure [IMAGES [FINDINGS [PLACE]]]` stores 100,000 images of 100 findings each in a new SQLite file, or in an empty
//! database at PLACE. Believable, since what makes a memory large and slow is how findings are shared: a third of an
//! image's findings are its own, the others come with one of 200 base images; there are 5,000 vulnerabilities, of which
//! some are nearly everywhere.

#![expect(clippy::print_stdout, reason = "the measures are what it is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use vigil_core::evaluate::{Evaluation, evaluate};
use vigil_core::finding::{Counts, Finding, Package, Severity};
use vigil_core::image::{Digest, Image, Kind, RegistryId, RepositoryName, Storage};
use vigil_core::policy::{Exceptions, Gate};
use vigil_core::port::{Clock, Ledger};
use vigil_core::record::Entry;
use vigil_core::scan::{Scan, ScanState};
use vigil_store::{ImageFilter, ImageOrder, NewPass, PassLedger, Place, Scope, Slice, Store};

type Outcome<T> = Result<T, Box<dyn Error>>;

const BASES: u64 = 200;
const VULNERABILITIES: u64 = 5_000;
const IMAGES_IN_A_REPOSITORY: u64 = 20;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize, default| arguments.get(n).map_or(Ok(default), |text| text.parse());
    let (images, findings) = (number(0, 100_000u64)?, number(1, 100u64)?);
    let room = std::env::temp_dir().join(format!("vigil-measure-{}", std::process::id()));
    std::fs::create_dir_all(&room)?;
    let file = room.join("vigil.db");
    let place = arguments.get(2).map_or(Ok(Place::file(&file)), |text| text.parse())?;
    let store = Store::open(&place, Arc::new(Still)).await?;
    let measured = measure(&store, images, findings).await;
    drop(store);
    if let Ok(about) = std::fs::metadata(&file) {
        let (bytes, rows) = (about.len(), images * findings);
        println!("file: {} MiB, {} bytes a finding", bytes >> 20, bytes / rows.max(1));
    }
    std::fs::remove_dir_all(&room)?;
    measured
}

async fn measure(store: &Store, images: u64, findings: u64) -> Outcome<()> {
    let pass = NewPass {
        schedule: "measure".to_owned(),
        tick: None,
        trigger: "measure".to_owned(),
        request: None,
        at: start(),
    };
    let ledger = store.ledger(store.begin_pass(pass).await?, Vec::new());
    let began = stopwatch();
    let repositories = images.div_ceil(IMAGES_IN_A_REPOSITORY);
    for repository in 0..repositories {
        fill(&ledger, repository, findings).await?;
    }
    let took = began.elapsed();
    println!("stored {images} images with {} findings in {:.0} s", images * findings, took.as_secs_f64());
    let mut ingests = Vec::new();
    for n in 0..200 {
        ingests.push(ingest(&ledger, repositories + n, 500).await?);
    }
    tell("writing a scan with 500 findings", ingests);
    tell("where is a vulnerability that many images have", where_is(store, 0).await?);
    tell("where is a vulnerability that few images have", where_is(store, VULNERABILITIES - 200).await?);
    let mut lists = Vec::new();
    for n in 0..500 {
        let scope = Scope { registry: None, repository: Some(name(n % repositories)?.as_str().parse()?) };
        let filter = ImageFilter { scope, ..ImageFilter::default() };
        let began = stopwatch();
        let page = store.images(filter, ImageOrder::WorstFirst, Slice::first(100)).await?;
        lists.push(began.elapsed());
        assert_eq!(page.items.len() as u64, IMAGES_IN_A_REPOSITORY.min(images), "all of the repository");
    }
    tell("images of a repository, worst first", lists);
    Ok(())
}

async fn fill(ledger: &PassLedger, repository: u64, findings: u64) -> Outcome<()> {
    let first = repository * IMAGES_IN_A_REPOSITORY;
    let images: Vec<Image> = (first..first + IMAGES_IN_A_REPOSITORY).map(image).collect::<Outcome<_>>()?;
    let mut entries = vec![Entry::Listed(images.clone())];
    for (n, image) in (first..).zip(images) {
        entries.extend(scanned(&image, found(n, findings)));
    }
    Ok(ledger.record(&registry()?, &name(repository)?, start(), entries).await?)
}

async fn ingest(ledger: &PassLedger, repository: u64, findings: u64) -> Outcome<Duration> {
    let number = (1 << 40) + repository;
    let (image, name) = (image(number)?, name(repository)?);
    ledger.record(&registry()?, &name, start(), vec![Entry::Listed(vec![image.clone()])]).await?;
    let entries = scanned(&image, found(number, findings));
    let began = stopwatch();
    ledger.record(&registry()?, &name, start(), entries.into()).await?;
    Ok(began.elapsed())
}

async fn where_is(store: &Store, first: u64) -> Outcome<Vec<Duration>> {
    let mut took = Vec::new();
    for n in first..first + 200 {
        let began = stopwatch();
        store.images_with(&vulnerability(n), Scope::default(), Slice::first(100)).await?;
        took.push(began.elapsed());
    }
    Ok(took)
}

#[expect(clippy::disallowed_methods, reason = "what is measured is time")]
fn stopwatch() -> Instant {
    Instant::now()
}

fn tell(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |part: usize| took[(took.len() * part / 100).min(took.len() - 1)].as_secs_f64() * 1e3;
    println!("{what}: p50 {:.2} ms, p99 {:.2} ms", at(50), at(99));
}

fn scanned(image: &Image, findings: Vec<Finding>) -> [Entry; 2] {
    let scan = Scan {
        state: ScanState::Complete,
        description: None,
        completed_at: Some(start()),
        counts: Some(Counts::of(&findings)),
        findings,
    };
    [Entry::Found(image.digest, Box::new(scan.clone())), Entry::Judged(image.digest, judged(image, scan))]
}

fn judged(image: &Image, scan: Scan) -> Evaluation {
    // No exception is made, so that the repository does not matter.
    #[expect(clippy::expect_used, reason = "a constant")]
    let repository = "any/name".parse().expect("a name");
    evaluate(&repository, image, scan, &Gate::default(), &Exceptions::default(), start())
}

/// Two thirds come with the base image, the others are this image's own.
fn found(image: u64, findings: u64) -> Vec<Finding> {
    let shared = findings * 2 / 3;
    let base = mixed(image) % BASES;
    let of_base = (0..shared).map(|n| finding(mixed(base << 32 | n)));
    let own = (shared..findings).map(|n| finding(mixed((1 << 63) ^ (image << 20) ^ n)));
    of_base.chain(own).collect()
}

fn finding(drawn: u64) -> Finding {
    // Squared, so that low numbers are found far more often than high ones.
    let part = (drawn % 100_000) as f64 / 100_000.0;
    let number = (part * part * VULNERABILITIES as f64) as u64;
    let severity = match mixed(number) % 20 {
        0 => Severity::Critical,
        1..=4 => Severity::High,
        5..=11 => Severity::Medium,
        _ => Severity::Low,
    };
    // A vulnerability is in one of a few packages, in one of a few versions.
    let package = Package {
        name: format!("package-{}", (number * 7 + (drawn >> 20) % 2) % 800).into(),
        version: Some(format!("1.{}.{}", number % 9, (drawn >> 24) % 6).into()),
        fixed_in: (!number.is_multiple_of(3)).then(|| format!("2.{}", number % 9).into()),
        manager: Some("OS".into()),
        path: None,
    };
    Finding {
        id: vulnerability(number).into(),
        arn: None,
        severity,
        package: Some(package),
        scores: Vec::new(),
        description: Some("A flaw in the parser allows a remote attacker to read memory. ".repeat(5).into()),
        links: vec![format!("https://example.org/{}", vulnerability(number)).into()],
        exploit_known: None,
        suppressed: false,
    }
}

fn vulnerability(number: u64) -> String {
    format!("CVE-2025-{number:05}")
}

fn image(number: u64) -> Outcome<Image> {
    let mut hash = [0; 32];
    for (n, part) in (0..).zip(hash.chunks_mut(8)) {
        part.copy_from_slice(&mixed(number * 4 + n).to_le_bytes());
    }
    Ok(Image {
        digest: Digest::from(hash),
        tags: vec![format!("v{}", number % IMAGES_IN_A_REPOSITORY).parse()?],
        kind: Kind::Image,
        platform: None,
        index: None,
        pushed_at: Some(start()),
        pulled_at: None,
        size_bytes: Some(50_000_000),
        storage: Storage::Active,
    })
}

fn name(repository: u64) -> Outcome<RepositoryName> {
    Ok(format!("team-{}/service-{repository}", repository % 50).parse()?)
}

fn registry() -> Outcome<RegistryId> {
    Ok(RegistryId {
        partition: "aws".parse()?,
        account: "123456789012".parse()?,
        region: "eu-west-1".parse()?,
    })
}

/// SplitMix64: numbers that look drawn by chance and are the same each time.
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn start() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 20_000)
}

/// Nothing here depends on the time, and nobody waits.
struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        start()
    }

    async fn wait_until(&self, _: Timestamp) {}
}
