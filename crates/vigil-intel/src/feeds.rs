//! The catalogues by their sources.

use async_trait::async_trait;
use reqwest::Client;
use tokio::task::spawn_blocking;
use vigil_core::port::{Catalogues, Mark, NotRead, Reading};
use vigil_core::threat::{Catalogue, CatalogueKind};

use crate::decode::decode;
use crate::fetch::{Fetched, client, fetch};
use crate::file;
use crate::source::Source;

/// Where the catalogues are read from, those that are wanted.
#[derive(Debug, Clone)]
pub struct Feeds {
    kev: Option<Source>,
    epss: Option<Source>,
    client: Client,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("no TLS")]
pub struct NoFeeds(#[from] reqwest::Error);

impl Feeds {
    /// Feeds from these sources.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub fn new(kev: Option<Source>, epss: Option<Source>) -> Result<Self, NoFeeds> {
        Ok(Self { kev, epss, client: client()? })
    }

    fn of(&self, kind: CatalogueKind) -> Option<&Source> {
        match kind {
            CatalogueKind::Kev => self.kev.as_ref(),
            CatalogueKind::Epss => self.epss.as_ref(),
        }
    }

    async fn bytes(&self, source: &Source, mark: Option<&Mark>) -> Result<Fetched, String> {
        match source {
            Source::Web(url) => fetch(&self.client, url, mark).await,
            Source::File(path) => {
                let path = path.clone();
                let read = spawn_blocking(move || file::read(&path)).await;
                let bytes = read.map_err(|error| error.to_string())??;
                Ok(Fetched::Sent(bytes, None))
            }
        }
    }
}

#[async_trait]
impl Catalogues for Feeds {
    fn source(&self, kind: CatalogueKind) -> Option<String> {
        self.of(kind).map(ToString::to_string)
    }

    async fn read(&self, kind: CatalogueKind, mark: Option<&Mark>) -> Result<Reading, NotRead> {
        let not_read = |from: String, problem: String| NotRead { kind, from, problem };
        let Some(source) = self.of(kind) else {
            return Err(not_read("nowhere".to_owned(), "no source is set".to_owned()));
        };
        let wrong = |problem| not_read(source.to_string(), problem);
        match self.bytes(source, mark).await.map_err(wrong)? {
            Fetched::Same => Ok(Reading::Same),
            Fetched::Sent(bytes, mark) => {
                // Hundreds of thousands of lines: too long a work to hold up others.
                let decoded = spawn_blocking(move || decode(kind, bytes)).await;
                let decoded: Result<Catalogue, String> = decoded.map_err(|error| wrong(error.to_string()))?;
                Ok(Reading::Read(decoded.map_err(wrong)?, mark))
            }
        }
    }
}
