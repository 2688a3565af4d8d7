//! What waits for each sink, and what was given up.

use jiff::Timestamp;
use vigil_core::news::SinkName;
use vigil_core::port::Parcel;

use super::outbox::{PARCEL, parcel};
use crate::page::{Key, Page, Slice, Unanswered, page};
use crate::sql::{DatabaseFault, Row, Session, Statement};
use crate::store::Store;

/// What waits for one sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkQueue {
    /// The sink.
    pub sink: SinkName,
    /// How many messages wait, those included whose time has not come.
    pub waiting: u64,
    /// Since when the first of those waits whose time has come.
    pub oldest: Option<Timestamp>,
    /// How many were given up.
    pub dead: u64,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// The message.
    pub parcel: Parcel,
    /// When it was given up.
    pub at: Timestamp,
    /// What the sink said last.
    pub failure: String,
}

/// Why a message was given up that nobody tried to deliver.
const STRAY: &str = "the settings have no sink of this name any more";

impl Store {
    /// What waits for each sink that anything waits for, or that has dead letters.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn sink_queues(&self, now: Timestamp) -> Result<Vec<SinkQueue>, DatabaseFault> {
        self.read(now, |session, now| Box::pin(queues(session, *now))).await
    }

    /// The messages that were given up, newest first; all, or those for one sink.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn dead_letters(
        &self,
        sink: Option<SinkName>,
        slice: Slice,
    ) -> Result<Page<DeadLetter>, Unanswered> {
        const NAME: &str = "dead letters";
        let key = slice.key(NAME, &[0.into()])?;
        let given = (sink, slice.limit, key);
        let found = self
            .read(given, |session, (sink, limit, key)| {
                Box::pin(dead(session, sink.as_ref(), *limit, key.clone()))
            })
            .await?;
        Ok(page(found, &slice, NAME))
    }

    /// The last message that was meant for a sink, delivered or not.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn last_message(&self, sink: SinkName) -> Result<Option<Parcel>, DatabaseFault> {
        self.read(sink, |session, sink| Box::pin(last(session, sink))).await
    }

    /// Has a dead letter delivered after all. Returns whether there is one with this id.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn revive(&self, id: String, at: Timestamp) -> Result<bool, DatabaseFault> {
        self.write((id, at), |session, (id, at)| {
            Box::pin(async move {
                let sql = "UPDATE parcels SET dead_at = NULL, attempts = 0, due_at = $2, since = $2 WHERE id = $1 AND dead_at IS NOT NULL";
                Ok(session.execute(sql, &[id.clone().into(), (*at).into()]).await? > 0)
            })
        })
        .await
    }

    /// Gives up what was to be delivered before this time to sinks that are none of these. Returns how many messages.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn give_up_strays(
        &self,
        known: Vec<SinkName>,
        before: Timestamp,
        at: Timestamp,
    ) -> Result<u64, DatabaseFault> {
        let given = (known, before, at);
        let done = self.write(given, |session, (known, before, at)| {
            Box::pin(async move {
                let mut strays = 0;
                let sql = "SELECT DISTINCT sink FROM parcels WHERE delivered_at IS NULL AND dead_at IS NULL";
                for mut row in session.rows(sql, &[]).await? {
                    let sink: SinkName = row.take()?;
                    if !known.contains(&sink) {
                        let sql = "UPDATE parcels SET dead_at = $1, failure = $2
                            WHERE sink = $3 AND delivered_at IS NULL AND dead_at IS NULL AND since < $4";
                        let of = [(*at).into(), STRAY.into(), sink.as_str().into(), (*before).into()];
                        strays += session.execute(sql, &of).await?;
                    }
                }
                Ok(strays)
            })
        });
        done.await
    }
}

async fn last(session: &mut dyn Session, sink: &SinkName) -> Result<Option<Parcel>, DatabaseFault> {
    let mut statement = Statement::new(PARCEL);
    statement.with("AND sink = $ ORDER BY number DESC LIMIT 1", [sink.as_str().into()]);
    let Some(mut row) = session.ask(&statement).await?.into_iter().next() else { return Ok(None) };
    let (number, _, _): (i64, Timestamp, bool) = (row.take()?, row.take()?, row.take()?);
    parcel(session, number, &mut row).await.map(Some)
}

async fn queues(session: &mut dyn Session, now: Timestamp) -> Result<Vec<SinkQueue>, DatabaseFault> {
    let sql = "SELECT sink, count(CASE WHEN dead_at IS NULL THEN 1 END),
          min(CASE WHEN dead_at IS NULL AND since <= $1 THEN since END), count(dead_at)
        FROM parcels WHERE delivered_at IS NULL GROUP BY sink ORDER BY sink";
    let queue = |mut row: Row| {
        Ok(SinkQueue { sink: row.take()?, waiting: row.take()?, oldest: row.take()?, dead: row.take()? })
    };
    session.rows(sql, &[now.into()]).await?.into_iter().map(queue).collect()
}

async fn dead(
    session: &mut dyn Session,
    sink: Option<&SinkName>,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<(Key, DeadLetter)>, DatabaseFault> {
    let mut statement = Statement::new(PARCEL);
    statement.with("AND dead_at IS NOT NULL", []);
    if let Some(sink) = sink {
        statement.with("AND sink = $", [sink.as_str().into()]);
    }
    if let Some([number]) = key.and_then(|key| <[_; 1]>::try_from(key).ok()) {
        statement.with("AND number < $", [number]);
    }
    let limit = limit as u64 + 1;
    statement.with("ORDER BY number DESC LIMIT $", [limit.into()]);
    let mut letters = Vec::new();
    for mut row in session.ask(&statement).await? {
        let (number, _, _): (i64, Timestamp, bool) = (row.take()?, row.take()?, row.take()?);
        let parcel = parcel(session, number, &mut row).await?;
        let (failure, at) = (row.take::<Option<String>>()?.unwrap_or_default(), row.take()?);
        letters.push((vec![number.into()], DeadLetter { parcel, at, failure }));
    }
    Ok(letters)
}
