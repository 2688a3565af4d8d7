//! Measures the memory: how large it gets, and how long it takes to write scans and to answer what is asked most.
//!
//! `measure [IMAGES [FINDINGS [PLACE]]]` stores 100,000 images of 100 findings each in a new SQLite file, or in a database
//! at PLACE, and prints one line of JSON: what was measured, in seconds of wall and of CPU time, and bytes. Believable,
//! since what makes a memory large and slow is how findings are shared: a third of an image's findings are its own, the
//! others come with one of 200 base images; there are 5,000 vulnerabilities, of which some are nearly everywhere.

#![expect(clippy::print_stdout, reason = "the measures are what it is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Map, Value, json};
use vigil_core::evaluate::{Evaluation, evaluate};
use vigil_core::finding::{Counts, Finding, Package, Severity};
use vigil_core::image::{Digest, Image, Kind, RegistryId, RepositoryName, Storage};
use vigil_core::policy::{Exceptions, Gate};
use vigil_core::port::{Clock, Ledger};
use vigil_core::record::{Decision, Entry};
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
    let place = arguments.get(2).map_or(Ok(Place::file(room.join("vigil.db"))), |text| text.parse())?;
    let store = Store::open(&place, Arc::new(Still)).await?;
    let measured = measure(&store, images, findings).await;
    drop(store);
    std::fs::remove_dir_all(&room)?;
    println!("{}", Value::Object(measured?));
    Ok(())
}

async fn measure(store: &Store, images: u64, findings: u64) -> Outcome<Map<String, Value>> {
    let pass = NewPass {
        schedule: "measure".to_owned(),
        tick: None,
        trigger: "measure".to_owned(),
        request: None,
        at: start(),
    };
    let ledger = store.ledger(store.begin_pass(pass).await?, Vec::new());
    let ledger = ledger.of_schedule("measure".parse()?, Arc::default());
    let mut measured = Map::new();
    let mut tell = |what: &str, took: &[Took]| measured.insert(what.to_owned(), summed(took));
    let repositories = images.div_ceil(IMAGES_IN_A_REPOSITORY);
    let filling = Stopwatch::start();
    for repository in 0..repositories {
        fill(&ledger, repository, findings).await?;
    }
    tell("fill", &[filling.stop()]);
    let size = store.size().await?;
    tell("ingest", &ingests(&ledger, repositories, 500).await?);
    tell("reread", &rereads(&ledger, repositories, findings).await?);
    tell("where_many", &where_is(store, 0).await?);
    tell("where_few", &where_is(store, VULNERABILITIES - 200).await?);
    tell("worst_first", &worst_first(store, repositories).await?);
    tell("coverage", &coverage(store).await?);
    tell("exported", &exported(store).await?);
    measured.insert("findings".to_owned(), (images * findings).into());
    measured.insert("bytes".to_owned(), size.into());
    Ok(measured)
}

/// Sorted, so that the middle and the slowest hundredth can be told.
fn summed(took: &[Took]) -> Value {
    let part = |of: fn(&Took) -> Duration, hundredths: usize| {
        let mut all: Vec<Duration> = took.iter().map(of).collect();
        all.sort();
        all.get((all.len() * hundredths / 100).min(all.len() - 1)).map_or(0.0, Duration::as_secs_f64)
    };
    let (wall, cpu) = (|took: &Took| took.wall, |took: &Took| took.cpu);
    json!({
        "wall_p50": part(wall, 50), "wall_p99": part(wall, 99), "cpu_p50": part(cpu, 50), "cpu_p99": part(cpu, 99),
    })
}

/// How long something took, by the clock and of the processors.
struct Took {
    wall: Duration,
    cpu: Duration,
}

struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "what is measured is time")]
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu() }
    }

    fn stop(&self) -> Took {
        Took { wall: self.wall.elapsed(), cpu: cpu().saturating_sub(self.cpu) }
    }
}

/// The CPU time of all threads of this process.
fn cpu() -> Duration {
    let micros = |time: nix::sys::time::TimeVal| (time.tv_sec() * 1_000_000 + time.tv_usec()).unsigned_abs();
    let used = getrusage(UsageWho::RUSAGE_SELF);
    used.map_or(Duration::ZERO, |used| {
        Duration::from_micros(micros(used.user_time()) + micros(used.system_time()))
    })
}

/// Scans of images that were not seen before, each in a repository of its own.
async fn ingests(ledger: &PassLedger, first: u64, findings: u64) -> Outcome<Vec<Took>> {
    let mut took = Vec::new();
    for repository in first..first + 200 {
        let number = (1 << 40) + repository;
        let (image, name) = (image(number)?, name(repository)?);
        ledger.record(&registry()?, &name, start(), vec![Entry::Listed(vec![image.clone()])]).await?;
        let entries = scanned(&image, found(number, findings));
        let stopwatch = Stopwatch::start();
        ledger.record(&registry()?, &name, start(), entries.into()).await?;
        took.push(stopwatch.stop());
    }
    Ok(took)
}

/// Scans that are as they were: what a pass finds at nearly all images.
async fn rereads(ledger: &PassLedger, repositories: u64, findings: u64) -> Outcome<Vec<Took>> {
    let mut took = Vec::new();
    for n in 0..1000 {
        let repository = n * 7 % repositories;
        let number = repository * IMAGES_IN_A_REPOSITORY;
        let entries = scanned(&image(number)?, found(number, findings));
        let (registry, name) = (registry()?, name(repository)?);
        let stopwatch = Stopwatch::start();
        ledger.record(&registry, &name, start(), entries.into()).await?;
        took.push(stopwatch.stop());
    }
    Ok(took)
}

async fn where_is(store: &Store, first: u64) -> Outcome<Vec<Took>> {
    let mut took = Vec::new();
    for n in first..first + 200 {
        let stopwatch = Stopwatch::start();
        store.images_with(&vulnerability(n), Scope::default(), Slice::first(100)).await?;
        took.push(stopwatch.stop());
    }
    Ok(took)
}

async fn worst_first(store: &Store, repositories: u64) -> Outcome<Vec<Took>> {
    let mut took = Vec::new();
    for n in 0..500 {
        let scope = Scope { registry: None, repository: Some(name(n % repositories)?.as_str().parse()?) };
        let filter = ImageFilter { scope, ..ImageFilter::default() };
        let stopwatch = Stopwatch::start();
        let page = store.images(filter, ImageOrder::WorstFirst, Slice::first(100)).await?;
        took.push(stopwatch.stop());
        assert!(!page.items.is_empty(), "all of the repository");
    }
    Ok(took)
}

async fn coverage(store: &Store) -> Outcome<Vec<Took>> {
    let mut took = Vec::new();
    for _ in 0..20 {
        let stopwatch = Stopwatch::start();
        store.standings(vec![start() - SignedDuration::from_hours(24)], start()).await?;
        took.push(stopwatch.stop());
    }
    Ok(took)
}

async fn exported(store: &Store) -> Outcome<Vec<Took>> {
    let mut took = Vec::new();
    for _ in 0..5 {
        let stopwatch = Stopwatch::start();
        store.exported_images(Some(3)).await?;
        took.push(stopwatch.stop());
    }
    Ok(took)
}

async fn fill(ledger: &PassLedger, repository: u64, findings: u64) -> Outcome<()> {
    let first = repository * IMAGES_IN_A_REPOSITORY;
    let images: Vec<Image> = (first..first + IMAGES_IN_A_REPOSITORY).map(image).collect::<Outcome<_>>()?;
    let mut entries = vec![Entry::Listed(images.clone())];
    for (n, image) in (first..).zip(images) {
        entries.push(Entry::Decided(Box::new(image.clone()), Decision::Observe));
        entries.extend(scanned(&image, found(n, findings)));
    }
    Ok(ledger.record(&registry()?, &name(repository)?, start(), entries).await?)
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
        threat: Default::default(),
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
