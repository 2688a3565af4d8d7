//! `demo`: everything without an AWS account. An ECR in a box on loopback, a pass over it through the real SDK, and the
//! service that remembers it.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use indicatif::MultiProgress;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use vigil_aws::{AccessKey, Network, Target};
use vigil_core::policy::{ScanConfig, ScanRequest};
use vigil_core::port::{Clock, ScanConfigs};
use vigil_intel::Source;
use vigil_sim::{DEFAULT_REGION, Profile, ScanBehaviour, Sim, SimConfig};
use vigil_store::{DatabaseFault, ImageFilter, ImageOrder, NewPass, Place, Slice, Store};

use super::pass::{PassRun, run_pass, threats};
use super::runtime::block_on;
use super::settings::{complain, service, tell};
use crate::cli::{BoxContent, DemoRequest};
use crate::config::{Layers, ServiceSettings, Settings, StoreSettings, ThreatSettings};
use crate::enter::chain;
use crate::exit::Exit;
use crate::service::{Door, House, Role, aims};
use crate::{compose, shutdown, telemetry};

/// Runs the demo.
pub fn run(request: &DemoRequest) -> Exit {
    let settings = match service(&Layers::of_demo(request.flags.clone())) {
        Ok(settings) => settings,
        Err(problems) => return complain(&problems),
    };
    let bars = MultiProgress::new();
    telemetry::start(settings.general.log, &bars);
    block_on(async {
        let address = request.listen.as_deref().unwrap_or("127.0.0.1:0");
        match TcpListener::bind(address).await {
            Ok(listener) if request.listen.is_some() => serve(request, listener).await,
            Ok(listener) => live_in_box(request, listener, settings, bars).await,
            Err(error) => {
                tell(&format!(
                    "ecr-vigil: cannot listen at `{address}`, which should be ADDRESS:PORT: {error}\n"
                ));
                Exit::Usage
            }
        }
    })
}

fn sim(request: &DemoRequest) -> Arc<Sim> {
    let profile = match request.content {
        BoxContent::Lifelike => Profile::lifelike(),
        BoxContent::Plain => Profile::plain(),
    };
    // Short scans: nobody wants to wait for a demo.
    let scans = ScanBehaviour { min_seconds: 1.0, max_seconds: 4.0, ..ScanBehaviour::default() };
    let DemoRequest { seed, repositories, images, .. } = *request;
    Sim::new(SimConfig { seed, repositories, images, profile, scans, ..SimConfig::default() })
}

/// Serves just the box until a signal ends it.
async fn serve(request: &DemoRequest, listener: TcpListener) -> Exit {
    let (Ok(address), Ok(stop)) = (listener.local_addr(), shutdown::stop(compose::clock(), None)) else {
        return Exit::NothingDone;
    };
    tell(&format!(
        "An ECR in a box listens at http://{address}, with {} images in {} repositories of {DEFAULT_REGION}.\n\
         Any AWS client can be pointed at it, with any credentials:\n\
         \n  export AWS_ENDPOINT_URL=http://{address} AWS_REGION={DEFAULT_REGION} \
         AWS_DEFAULT_REGION={DEFAULT_REGION} AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo\n  \
         ecr-vigil scan\n\
         \nBoto3 and the AWS CLI read AWS_DEFAULT_REGION, the other SDKs AWS_REGION.\n\
         \nhttp://{address}/_sim says how it is steered. Ctrl-C ends it.\n",
        request.images, request.repositories,
    ));
    sim(request)
        .serve(listener, async move {
            // Whatever ends it, it ends.
            let _ = stop.stopped().await;
        })
        .await;
    Exit::Clean
}

/// Makes a pass over the box, reports, and goes on as a service until a signal ends it. What is found in the box is
/// invented, so thresholds that it crosses are no failure.
async fn live_in_box(
    request: &DemoRequest,
    listener: TcpListener,
    settings: ServiceSettings,
    bars: MultiProgress,
) -> Exit {
    match try_to_live(request, listener, settings, bars).await {
        Ok(exit) => exit,
        Err(error) => {
            tell(&format!("ecr-vigil: {}\n", chain(&*error)));
            Exit::NothingDone
        }
    }
}

async fn try_to_live(
    request: &DemoRequest,
    listener: TcpListener,
    settings: ServiceSettings,
    bars: MultiProgress,
) -> Result<Exit, Box<dyn Error>> {
    let stop = shutdown::stop(compose::clock(), None)?;
    let home = tempfile::tempdir()?;
    let address = listener.local_addr()?;
    let settings = in_box(settings, address, home.path())?;
    let door = if request.once { None } else { Some(Door::open(&settings.http).await?) };
    tell(&format!(
        "An ECR in a box on http://{address}: {} images in {} repositories. One pass over it:\n",
        request.images, request.repositories
    ));
    let server = tokio::spawn(sim(request).serve(listener, std::future::pending()));
    let clock = compose::shared_clock();
    let store = compose::store(&settings.store, clock.clone()).await?;
    let exit = first_pass(&settings, &store, &*clock, bars).await?;
    if let Some(door) = door
        && exit == Exit::Clean
    {
        let url = door.url();
        let feed = make_scan_config(&store, &*clock).await?;
        let house = House::open(door, Role::Serve, settings, store, clock, stop).await?;
        tell(&invitation(&url, feed.as_ref()));
        house.end(PATIENCE).await;
    }
    server.abort();
    Ok(exit)
}

/// Nobody waits long for a demo to end.
const PATIENCE: SignedDuration = SignedDuration::from_secs(5);

/// The settings, with the box as the only registry and the memory where it does no harm.
fn in_box(settings: ServiceSettings, address: SocketAddr, home: &Path) -> io::Result<ServiceSettings> {
    let key = AccessKey { id: "demo".into(), secret: "demo".into() };
    let general = Settings {
        targets: vec![Target { region: DEFAULT_REGION.parse().ok(), ..Target::default() }],
        network: Network {
            endpoint_url: Some(format!("http://{address}")),
            access_key: Some(key),
            ..settings.general.network
        },
        threats: with_catalogues(settings.general.threats, home)?,
        ..settings.general
    };
    let store = StoreSettings { place: Place::file(home.join("vigil.db")), ..settings.store };
    Ok(ServiceSettings { general, store, ..settings })
}

/// The catalogues that the user names, or those of the demo: of what the box has, some is known to be exploited.
fn with_catalogues(named: ThreatSettings, home: &Path) -> io::Result<ThreatSettings> {
    let put = |name: &str, text: &str| {
        let file = home.join(name);
        std::fs::write(&file, text)?;
        Ok(Some(Source::File(file)))
    };
    let ThreatSettings { kev, epss } = named;
    let or_ours = |named: Option<Source>, name: &str, text: &str| match named {
        Some(named) => Ok::<_, io::Error>(Some(named)),
        None => put(name, text),
    };
    Ok(ThreatSettings {
        kev: or_ours(kev, "kev.json", include_str!("../../demo/kev.json"))?,
        epss: or_ours(epss, "epss.csv", include_str!("../../demo/epss.csv"))?,
    })
}

/// A pass that is reported as `scan` would, and remembered.
async fn first_pass(
    settings: &ServiceSettings,
    store: &Store,
    clock: &dyn Clock,
    bars: MultiProgress,
) -> Result<Exit, DatabaseFault> {
    let threats = match threats(&settings.general.threats).await {
        Ok(threats) => threats,
        Err(exit) => return Ok(exit),
    };
    let begins = NewPass {
        schedule: "default".to_owned(),
        tick: None,
        trigger: "demo".to_owned(),
        request: None,
        at: clock.now(),
    };
    let pass = store.begin_pass(begins).await?;
    let aims = Arc::new(aims(settings, &[], None));
    let memory = store.ledger(pass, settings.lineage_tags.clone()).of_schedule(Default::default(), aims);
    let memory = Some(memory);
    let settings = &settings.general;
    let run = PassRun { settings, act: true, named: None, threats, memory, bars };
    let exit = match run_pass(run).await {
        Exit::ThresholdsCrossed | Exit::SomeFailed => Exit::Clean,
        other => other,
    };
    store.end_pass(pass, clock.now(), "complete", None).await?;
    Ok(exit)
}

/// A scan configuration for one of the repositories, so that the summary and a feed have something to show.
async fn make_scan_config(store: &Store, clock: &dyn Clock) -> Result<Option<ScanConfig>, Box<dyn Error>> {
    let images = store.images(ImageFilter::default(), ImageOrder::WorstFirst, Slice::first(1)).await?;
    let Some(image) = images.items.into_iter().next() else { return Ok(None) };
    let (region, registry) = (image.registry.region, image.registry.account);
    let config = ScanConfig {
        id: uuid::Uuid::new_v4().to_string().parse()?,
        created: clock.now(),
        request: ScanRequest::new(region, registry, image.repository, Vec::new()),
    };
    store.put(&config).await?;
    Ok(Some(config))
}

fn invitation(url: &str, config: Option<&ScanConfig>) -> String {
    let feed =
        config.map(|config| format!("\n  {url}/findings/{:<37} the Atom feed of one repository", config.id));
    format!(
        "\nWhat was found is remembered, and answered until Ctrl-C:\n\
         \n  {url}/docs                      all that can be asked\
         \n  {url}/api/v1/images             images, worst first\
         \n  {url}/api/v1/vulnerabilities    vulnerabilities, and where they are\
         \n  {url}/api/v1/schedules          when the next passes come\
         \n  {url}/summary                   the findings of scan configurations{}\
         \n  {url}/metrics                   for Prometheus\n\n",
        feed.unwrap_or_default(),
    )
}
