//! The store as an outbox.

use async_trait::async_trait;
use jiff::Timestamp;
use vigil_core::news::{Message, NotDelivered, Roundup, RouteName, SinkName};
use vigil_core::port::{Next, NotKept, Outbox, Parcel};

use super::journal::not_kept;
use crate::page::{Key, Page, Slice, Unanswered, page};
use crate::sql::{DatabaseFault, DatabaseFaultKind, Row, Session, Statement, Value};
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

#[async_trait]
impl Outbox for Store {
    async fn next(&self, sink: &SinkName, now: Timestamp) -> Result<Next, NotKept> {
        let given = (sink.clone(), now);
        let next = self.read_patiently(given, |session, (sink, now)| Box::pin(next(session, sink, *now)));
        next.await.map_err(not_kept)
    }

    async fn delivered(&self, parcel: &Parcel, at: Timestamp) -> Result<(), NotKept> {
        self.end(parcel, "delivered_at = $2, attempts = attempts + 1", [at.into()]).await
    }

    async fn put_off(
        &self,
        parcel: &Parcel,
        failure: &NotDelivered,
        until: Timestamp,
    ) -> Result<(), NotKept> {
        let set = "due_at = $2, attempts = $3, reached = $4, failure = $5";
        let attempts = i64::from(parcel.attempts.saturating_add(1));
        let reached = failure.reached.clone().or_else(|| parcel.reached.clone());
        self.end(parcel, set, [until.into(), attempts.into(), reached.into(), (&failure.reason).into()]).await
    }

    async fn give_up(&self, parcel: &Parcel, failure: &NotDelivered, at: Timestamp) -> Result<(), NotKept> {
        let set = "dead_at = $2, attempts = attempts + 1, failure = $3";
        self.end(parcel, set, [at.into(), (&failure.reason).into()]).await
    }
}

impl Store {
    async fn end<const N: usize>(
        &self,
        parcel: &Parcel,
        set: &str,
        values: [Value; N],
    ) -> Result<(), NotKept> {
        let sql =
            format!("UPDATE parcels SET {set} WHERE id = $1 AND delivered_at IS NULL AND dead_at IS NULL");
        let values: Vec<Value> = std::iter::once(parcel.id.clone().into()).chain(values).collect();
        let done = self.write_patiently((sql, values), |session, (sql, values)| {
            Box::pin(async move { session.execute(sql, values).await.map(drop) })
        });
        done.await.map_err(not_kept)
    }

    /// What waits for each sink that anything waits for, or that has dead letters.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn sink_queues(&self, now: Timestamp) -> Result<Vec<SinkQueue>, DatabaseFault> {
        self.read(now, |session, now| Box::pin(queues(session, *now))).await
    }

    /// The messages that were given up, newest first.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn dead_letters(&self, slice: Slice) -> Result<Page<DeadLetter>, Unanswered> {
        const NAME: &str = "dead letters";
        let key = slice.key(NAME, &[0.into()])?;
        let given = (slice.limit, key);
        let found =
            self.read(given, |session, (limit, key)| Box::pin(dead(session, *limit, key.clone()))).await?;
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
                let sql = "UPDATE parcels SET dead_at = NULL, due_at = $2, since = $2 WHERE id = $1 AND dead_at IS NOT NULL";
                Ok(session.execute(sql, &[id.clone().into(), (*at).into()]).await? > 0)
            })
        })
        .await
    }
}

const PARCEL: &str =
    "SELECT number, due_at, id, route, sink, since, rounds_up, attempts, reached, failure, dead_at
    FROM parcels WHERE true";

async fn next(session: &mut dyn Session, sink: &SinkName, now: Timestamp) -> Result<Next, DatabaseFault> {
    let mut statement = Statement::new(PARCEL);
    let open = "AND sink = $ AND delivered_at IS NULL AND dead_at IS NULL ORDER BY due_at, number LIMIT 1";
    statement.with(open, [sink.as_str().into()]);
    let Some(mut row) = session.ask(&statement).await?.into_iter().next() else { return Ok(Next::Nothing) };
    let (number, due): (i64, Timestamp) = (row.take()?, row.take()?);
    if due > now {
        return Ok(Next::Wait(due));
    }
    Ok(Next::Deliver(Box::new(parcel(session, number, &mut row).await?)))
}

async fn last(session: &mut dyn Session, sink: &SinkName) -> Result<Option<Parcel>, DatabaseFault> {
    let mut statement = Statement::new(PARCEL);
    statement.with("AND sink = $ ORDER BY number DESC LIMIT 1", [sink.as_str().into()]);
    let Some(mut row) = session.ask(&statement).await?.into_iter().next() else { return Ok(None) };
    let (number, _): (i64, Timestamp) = (row.take()?, row.take()?);
    parcel(session, number, &mut row).await.map(Some)
}

async fn parcel(session: &mut dyn Session, number: i64, row: &mut Row) -> Result<Parcel, DatabaseFault> {
    let id = row.take()?;
    let (route, sink): (RouteName, SinkName) = (row.take()?, row.take()?);
    let (since, rounds_up): (Timestamp, bool) = (row.take()?, row.take()?);
    let attempts: u64 = row.take()?;
    let reached = row.take()?;
    let message = message(session, number, rounds_up).await?;
    let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    Ok(Parcel { id, route, sink, message, since, attempts, reached })
}

async fn message(session: &mut dyn Session, number: i64, rounds_up: bool) -> Result<Message, DatabaseFault> {
    let broken = |said: String| DatabaseFault::new(DatabaseFaultKind::Corrupt, format!("a message: {said}"));
    let sql = "SELECT at, message FROM parcel_messages WHERE parcel = $1 ORDER BY place";
    let mut messages = Vec::new();
    for mut row in session.rows(sql, &[number.into()]).await? {
        let (at, text): (Timestamp, String) = (row.take()?, row.take()?);
        let message: Message = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        messages.push((at, message));
    }
    let times = || messages.iter().map(|(at, _)| *at);
    let (Some(since), Some(until)) = (times().min(), times().max()) else {
        return Err(broken("none".into()));
    };
    let mut messages = messages.into_iter().map(|(_, message)| message);
    match rounds_up {
        true => Ok(Message::Roundup(Roundup { since, until, messages: messages.collect() })),
        false => messages.next().ok_or_else(|| broken("none".into())),
    }
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
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<(Key, DeadLetter)>, DatabaseFault> {
    let mut statement = Statement::new(PARCEL);
    statement.with("AND dead_at IS NOT NULL", []);
    if let Some([number]) = key.and_then(|key| <[_; 1]>::try_from(key).ok()) {
        statement.with("AND number < $", [number]);
    }
    let limit = limit as u64 + 1;
    statement.with("ORDER BY number DESC LIMIT $", [limit.into()]);
    let mut letters = Vec::new();
    for mut row in session.ask(&statement).await? {
        let (number, _): (i64, Timestamp) = (row.take()?, row.take()?);
        let parcel = parcel(session, number, &mut row).await?;
        let (failure, at) = (row.take::<Option<String>>()?.unwrap_or_default(), row.take()?);
        letters.push((vec![number.into()], DeadLetter { parcel, at, failure }));
    }
    Ok(letters)
}
