//! `report`: what the memory knows now, in any format. AWS is not asked, and the memory is only read.

use std::sync::Arc;

use indicatif::MultiProgress;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::task::{JoinError, spawn_blocking};
use vigil_core::port::Clock;
use vigil_report::{Closing, Header, PassKind, RenderError, Totals, render};
use vigil_store::{NotOpened, Unanswered};

use super::runtime::block_on;
use super::settings::{complain, layers};
use crate::cli::ReportRequest;
use crate::config::{ServiceSettings, Settings};
use crate::enter::chain;
use crate::exit::Exit;
use crate::output::Output;
use crate::recall::{Recall, Records};
use crate::{accepted, compose, telemetry};

/// A report that could not be made.
#[derive(Debug, thiserror::Error)]
enum NotReported {
    #[error("the memory cannot be opened")]
    Memory(#[from] NotOpened),
    #[error("the memory cannot be read")]
    Records(#[source] Unanswered),
    #[error("the report cannot be written to {0}")]
    Output(String, #[source] std::io::Error),
    #[error("the report was not finished")]
    Broken(#[from] JoinError),
}

/// Reports what is remembered.
pub fn run(request: &ReportRequest) -> Exit {
    let settings = match ServiceSettings::from_layers(&layers(&request.written), compose::clock().now()) {
        Ok(settings) => settings,
        Err(problems) => return complain(&problems),
    };
    telemetry::start(settings.general.log, &MultiProgress::new());
    block_on(async {
        match report(settings, request.new).await {
            Ok(totals) if totals.crossing > 0 => Exit::ThresholdsCrossed,
            Ok(_) => Exit::Clean,
            Err(error) => {
                tracing::error!("{}", chain(&error));
                Exit::NothingDone
            }
        }
    })
}

async fn report(settings: ServiceSettings, only_new: bool) -> Result<Totals, NotReported> {
    let clock = compose::shared_clock();
    let store = compose::memory(&settings.store, clock.clone()).await?;
    let general = Arc::new(settings.general);
    let recall = Recall { store, settings: general.clone(), now: clock.now(), only_new };
    let records = Records::new(recall, Handle::current());
    // What is rendered waits for one page after the other, so it has a thread of its own.
    spawn_blocking(move || write(&general, &*clock, records)).await?
}

fn write(settings: &Settings, clock: &dyn Clock, records: Records) -> Result<Totals, NotReported> {
    let place = settings.output.as_ref().map_or("standard output".into(), |path| path.display().to_string());
    let no_place = |error| NotReported::Output(place.clone(), error);
    let mut output = Output::open(settings.output.as_deref()).map_err(no_place)?;
    let header = Header {
        title: "Container security updates".into(),
        as_of: clock.now(),
        detail: settings.gate.detail.clone(),
        kind: PassKind::Scan,
        named: false,
        width: output.width(),
    };
    let closing = |totals: &Totals| closing(settings, totals, header.as_of);
    let written = render(settings.format, &header, records, closing, &mut output);
    match written.and_then(|totals| Ok(output.finish().map(|()| totals)?)) {
        Ok(totals) => Ok(totals),
        Err(RenderError::Write(error)) => Err(no_place(error)),
        Err(RenderError::Records(error)) => Err(NotReported::Records(error)),
    }
}

fn closing(settings: &Settings, totals: &Totals, now: Timestamp) -> Closing {
    let nothing = "nothing is remembered of the repositories that are asked for";
    let mut warnings = if totals.repositories == 0 { vec![nothing.to_owned()] } else { Vec::new() };
    warnings.extend(settings.passed_over.iter().cloned());
    // Another pass may have found what this selection leaves out.
    warnings.extend(accepted::warnings(&settings.exceptions, settings.exceptions_warn, None, now));
    Closing { warnings, ..Closing::default() }
}
