//! `demo`: everything without an AWS account. An ECR in a box on loopback, and a pass over it through the real SDK.

use std::sync::Arc;

use indicatif::MultiProgress;
use tokio::net::TcpListener;
use vigil_aws::{AccessKey, Network, Target};
use vigil_sim::{DEFAULT_REGION, Profile, ScanBehaviour, Sim, SimConfig};

use super::pass::{PassRun, run_pass};
use super::runtime::block_on;
use super::settings::{complain, tell};
use crate::cli::{BoxContent, DemoRequest};
use crate::config::{Layers, Settings};
use crate::exit::Exit;
use crate::{compose, shutdown, telemetry};

/// Runs the demo.
pub fn run(request: &DemoRequest) -> Exit {
    let settings = match Settings::from_layers(&Layers::of_demo(request.flags.clone())) {
        Ok(settings) => settings,
        Err(problems) => return complain(&problems),
    };
    let bars = MultiProgress::new();
    telemetry::start(settings.log, &bars);
    block_on(async {
        let address = request.listen.as_deref().unwrap_or("127.0.0.1:0");
        match TcpListener::bind(address).await {
            Ok(listener) if request.listen.is_some() => serve(request, listener).await,
            Ok(listener) => pass_over_box(request, listener, settings, bars).await,
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

/// Makes a pass over the box. Its findings are invented, so thresholds that they cross are no failure.
async fn pass_over_box(
    request: &DemoRequest,
    listener: TcpListener,
    settings: Settings,
    bars: MultiProgress,
) -> Exit {
    let Ok(address) = listener.local_addr() else { return Exit::NothingDone };
    tell(&format!(
        "An ECR in a box on http://{address}: {} images in {} repositories. One pass over it:\n",
        request.images, request.repositories
    ));
    let server = tokio::spawn(sim(request).serve(listener, std::future::pending()));
    let key = AccessKey { id: "demo".into(), secret: "demo".into() };
    let settings = Settings {
        targets: vec![Target { region: DEFAULT_REGION.parse().ok(), ..Target::default() }],
        network: Network {
            endpoint_url: Some(format!("http://{address}")),
            access_key: Some(key),
            ..settings.network
        },
        ..settings
    };
    let exit = run_pass(PassRun { settings: &settings, act: true, named: None, bars }).await;
    server.abort();
    match exit {
        Exit::ThresholdsCrossed | Exit::SomeFailed => Exit::Clean,
        other => other,
    }
}
