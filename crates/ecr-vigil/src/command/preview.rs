//! `ecr-vigil report preview`: a message as a sink would be sent it. Nothing is sent.

use std::io::Write as _;

use indicatif::MultiProgress;
use vigil_core::news::SinkName;
use vigil_core::port::Parcel;
use vigil_store::{DatabaseFault, NotOpened};

use super::runtime::block_on;
use super::settings::{complain, layers, service};
use crate::cli::PreviewRequest;
use crate::config::ServiceSettings;
use crate::enter::chain;
use crate::exit::Exit;
use crate::news::{self, NoHearer};
use crate::{compose, telemetry};

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
enum NotShown {
    #[error("there is no sink `{0}` in the settings; there are: {1}")]
    NoSink(String, String),
    #[error(transparent)]
    Unusable(#[from] NoHearer),
    #[error("the memory cannot be opened")]
    Memory(#[from] NotOpened),
    #[error("the memory cannot be read")]
    Unread(#[from] DatabaseFault),
    #[error("the message cannot be written for this sink: {0}")]
    Unwritten(String),
    #[error("it cannot be shown")]
    Output(#[from] std::io::Error),
}

/// Shows a message.
pub fn run(request: &PreviewRequest) -> Exit {
    let settings = match service(&layers(&request.written)) {
        Ok(settings) => settings,
        Err(problems) => return complain(&problems),
    };
    telemetry::start(settings.general.log, &MultiProgress::new());
    block_on(async {
        match show(&settings, &request.sink).await {
            Ok(()) => Exit::Clean,
            Err(error) => {
                tracing::error!("{}", chain(&error));
                if matches!(error, NotShown::NoSink(..)) { Exit::Usage } else { Exit::NothingDone }
            }
        }
    })
}

async fn show(settings: &ServiceSettings, sink: &str) -> Result<(), NotShown> {
    let names = || {
        let names: Vec<&str> = settings.news.sinks.iter().map(|sink| sink.name.as_str()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let known = settings.news.sinks.iter().find(|known| known.name.as_str() == sink);
    let known = known.ok_or_else(|| NotShown::NoSink(sink.to_owned(), names()))?;
    let mouth = news::mouth(settings, known).await?;
    let parcel = match last(settings, &known.name).await? {
        Some(parcel) => Some(parcel),
        None => news::example(&known.name, compose::shared_clock().now()),
    };
    let Some(parcel) = parcel else { return Ok(()) };
    let text = mouth.written(&parcel).map_err(|failure| NotShown::Unwritten(failure.reason))?;
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// The last message of the sink; none, if there is no memory yet.
async fn last(settings: &ServiceSettings, sink: &SinkName) -> Result<Option<Parcel>, NotShown> {
    match compose::memory(&settings.store, compose::shared_clock()).await {
        Ok(store) => Ok(store.last_message(sink.clone()).await?),
        Err(NotOpened::Unreachable(_, error)) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
