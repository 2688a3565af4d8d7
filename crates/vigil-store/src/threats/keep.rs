//! Catalogues as they were last read, kept so that a start without a network still knows them.

use jiff::Timestamp;
use vigil_core::port::Mark;
use vigil_core::threat::{Catalogue, CatalogueKind};

use super::encoded::{decode, encode};
use crate::sql::{DatabaseFault, Row, Session, Value};
use crate::store::Store;

/// A catalogue as it was last read.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptCatalogue {
    /// Where it was read from.
    pub source: String,
    /// By what the source tells whether it is still the same.
    pub mark: Option<Mark>,
    /// When it was last read there, or was found to be as it was.
    pub read_at: Timestamp,
    /// What it says.
    pub catalogue: Catalogue,
}

impl Store {
    /// The catalogue of this kind, if one is kept.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn catalogue(&self, kind: CatalogueKind) -> Result<Option<KeptCatalogue>, DatabaseFault> {
        self.read(kind, |session, kind| Box::pin(get(session, *kind))).await
    }

    /// Keeps a catalogue in place of the former one. What it says is taken over by [`Store::learn_threats`].
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn keep_catalogue(&self, kept: KeptCatalogue) -> Result<(), DatabaseFault> {
        self.write(kept, |session, kept| Box::pin(keep(session, kept))).await
    }

    /// Takes note that the catalogue was found to be as it was.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn catalogue_is_same(&self, kind: CatalogueKind, at: Timestamp) -> Result<(), DatabaseFault> {
        self.write((kind, at), |session, (kind, at)| Box::pin(is_same(session, *kind, *at))).await
    }

    /// Forgets the catalogue, whose source nobody wants any more: the next one of its kind is a first one again.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn forget_catalogue(&self, kind: CatalogueKind) -> Result<(), DatabaseFault> {
        self.write(kind, |session, kind| Box::pin(forget(session, *kind))).await
    }
}

async fn get(session: &mut dyn Session, kind: CatalogueKind) -> Result<Option<KeptCatalogue>, DatabaseFault> {
    let sql = "SELECT source, mark, read_at, content FROM catalogues WHERE kind = $1";
    let kept = |mut row: Row| -> Result<Option<KeptCatalogue>, DatabaseFault> {
        let (source, mark) = (row.take()?, row.take::<Option<String>>()?.map(Mark));
        let read_at = row.take()?;
        // What is no catalogue is as if there were none: it is read again.
        let catalogue = decode(kind, &row.take::<Vec<u8>>()?);
        Ok(catalogue.map(|catalogue| KeptCatalogue { source, mark, read_at, catalogue }))
    };
    session.row(sql, &[kind.code().into()]).await?.map_or(Ok(None), kept)
}

async fn keep(session: &mut dyn Session, kept: &KeptCatalogue) -> Result<(), DatabaseFault> {
    let KeptCatalogue { source, mark, read_at, catalogue } = kept;
    let values: [Value; 6] = [
        catalogue.kind().code().into(),
        source.into(),
        mark.as_ref().map(|Mark(mark)| mark.as_str()).into(),
        (catalogue.len() as u64).into(),
        encode(catalogue).into(),
        (*read_at).into(),
    ];
    let sql = "INSERT INTO catalogues (kind, source, mark, entries, content, read_at, is_first)
        VALUES ($1, $2, $3, $4, $5, $6, 1)
        ON CONFLICT (kind) DO UPDATE SET source = excluded.source, mark = excluded.mark,
          entries = excluded.entries, content = excluded.content, read_at = excluded.read_at";
    session.execute(sql, &values).await.map(drop)
}

async fn is_same(session: &mut dyn Session, kind: CatalogueKind, at: Timestamp) -> Result<(), DatabaseFault> {
    let sql = "UPDATE catalogues SET read_at = $2 WHERE kind = $1";
    session.execute(sql, &[kind.code().into(), at.into()]).await.map(drop)
}

async fn forget(session: &mut dyn Session, kind: CatalogueKind) -> Result<(), DatabaseFault> {
    session.execute("DELETE FROM catalogues WHERE kind = $1", &[kind.code().into()]).await.map(drop)
}
