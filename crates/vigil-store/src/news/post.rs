//! Puts messages into the outbox.

use jiff::Timestamp;
use uuid::Uuid;
use vigil_core::port::Posting;

use crate::sql::{DatabaseFault, DatabaseFaultKind, Session};

/// Posts them, each to its sink; what a route tells all at once joins what is there already for the same time.
pub(super) async fn post(
    session: &mut dyn Session,
    postings: &[Posting],
    at: Timestamp,
) -> Result<(), DatabaseFault> {
    for posting in postings {
        let parcel = match posting.round_up_at {
            Some(due) => match rounding_up(session, posting, due).await? {
                Some(parcel) => parcel,
                None => parcel(session, posting, due).await?,
            },
            None => parcel(session, posting, at).await?,
        };
        let unwritable =
            |error: serde_json::Error| DatabaseFault::new(DatabaseFaultKind::Refused, error.to_string());
        let message = serde_json::to_string(&posting.message).map_err(unwritable)?;
        let sql = "INSERT INTO parcel_messages (parcel, place, at, message)
            SELECT $1, coalesce(max(place), 0) + 1, $2, $3 FROM parcel_messages WHERE parcel = $1";
        let size = message.len() as u64;
        session.execute(sql, &[parcel.into(), at.into(), message.into()]).await?;
        let sql = "UPDATE parcels SET size = size + $2 WHERE number = $1";
        session.execute(sql, &[parcel.into(), size.into()]).await?;
    }
    Ok(())
}

async fn rounding_up(
    session: &mut dyn Session,
    posting: &Posting,
    due: Timestamp,
) -> Result<Option<i64>, DatabaseFault> {
    // It is read as a whole when it is delivered: one that is too large for that is followed by another.
    let sql = "SELECT number FROM parcels WHERE sink = $1 AND route = $2 AND since = $3 AND rounds_up = 1
        AND closed = 0 AND size < 16000000";
    let of = [posting.sink.as_str().into(), posting.route.as_str().into(), due.into()];
    session.row(sql, &of).await?.map(|mut row| row.take()).transpose()
}

async fn parcel(session: &mut dyn Session, posting: &Posting, due: Timestamp) -> Result<i64, DatabaseFault> {
    let sql = "INSERT INTO parcels (id, route, sink, since, rounds_up, due_at, attempts)
        VALUES ($1, $2, $3, $4, $5, $4, 0) RETURNING number";
    let values = [
        Uuid::new_v4().to_string().into(),
        posting.route.as_str().into(),
        posting.sink.as_str().into(),
        due.into(),
        posting.round_up_at.is_some().into(),
    ];
    let none = || DatabaseFault::new(DatabaseFaultKind::Corrupt, "a new row has no number");
    session.row(sql, &values).await?.ok_or_else(none)?.take()
}
