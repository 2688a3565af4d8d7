//! The store as an outbox.

use async_trait::async_trait;
use jiff::Timestamp;
use vigil_core::news::{Message, NotDelivered, RouteName, SinkName, round_up};
use vigil_core::port::{Next, NotKept, Outbox, Parcel};

use super::journal::not_kept;
use crate::sql::{DatabaseFault, DatabaseFaultKind, Row, Session, Statement, Value};
use crate::store::Store;

#[async_trait]
impl Outbox for Store {
    async fn next(&self, sink: &SinkName, now: Timestamp) -> Result<Next, NotKept> {
        loop {
            let given = (sink.clone(), now);
            let found =
                self.read_patiently(given, |session, (sink, now)| Box::pin(next(session, sink, *now)));
            let open = match found.await.map_err(not_kept)? {
                Found::Next(next) => return Ok(next),
                Found::Open(number) => number,
            };
            let closing = self.write_patiently(open, |session, open| {
                let sql = "UPDATE parcels SET closed = 1 WHERE number = $1";
                Box::pin(async move { session.execute(sql, &[(*open).into()]).await.map(drop) })
            });
            closing.await.map_err(not_kept)?;
        }
    }

    async fn delivered(&self, parcel: &Parcel, at: Timestamp) -> Result<(), NotKept> {
        self.end(parcel, "delivered_at = $2, attempts = attempts + 1", [at.into()]).await
    }

    async fn got_as_far(&self, parcel: &Parcel, reached: &str) -> Result<(), NotKept> {
        self.end(parcel, "reached = $2", [reached.into()]).await
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
        let set = "dead_at = $2, attempts = attempts + 1, failure = $3, reached = $4";
        let reached = failure.reached.clone().or_else(|| parcel.reached.clone());
        self.end(parcel, set, [at.into(), (&failure.reason).into(), reached.into()]).await
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
}

pub(super) const PARCEL: &str =
    "SELECT number, due_at, rounds_up = 1 AND closed = 0, id, route, sink, since, rounds_up, attempts, reached, failure, dead_at
    FROM parcels WHERE true";

/// What there is for a sink.
enum Found {
    Next(Next),
    /// A parcel that others may still put messages into.
    Open(i64),
}

async fn next(session: &mut dyn Session, sink: &SinkName, now: Timestamp) -> Result<Found, DatabaseFault> {
    let mut statement = Statement::new(PARCEL);
    let open = "AND sink = $ AND delivered_at IS NULL AND dead_at IS NULL ORDER BY due_at, number LIMIT 1";
    statement.with(open, [sink.as_str().into()]);
    let Some(mut row) = session.ask(&statement).await?.into_iter().next() else {
        return Ok(Found::Next(Next::Nothing));
    };
    let (number, due, is_open): (i64, Timestamp, bool) = (row.take()?, row.take()?, row.take()?);
    if due > now {
        return Ok(Found::Next(Next::Wait(due)));
    }
    if is_open {
        return Ok(Found::Open(number));
    }
    Ok(Found::Next(Next::Deliver(Box::new(parcel(session, number, &mut row).await?))))
}

pub(super) async fn parcel(
    session: &mut dyn Session,
    number: i64,
    row: &mut Row,
) -> Result<Parcel, DatabaseFault> {
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
    let message = match rounds_up {
        true => round_up(messages).map(Message::Roundup),
        false => messages.into_iter().map(|(_, message)| message).next(),
    };
    message.ok_or_else(|| broken("none".into()))
}
