//! Of how many images each route has told a vulnerability lately.

use jiff::Timestamp;
use vigil_core::news::Tide;

use crate::sql::{DatabaseFault, Session, Type};

/// Reads all that is kept.
pub(super) async fn read(session: &mut dyn Session) -> Result<Vec<Tide>, DatabaseFault> {
    let mut tides = Vec::new();
    for mut row in session.rows("SELECT route, vulnerability, since, images FROM tides", &[]).await? {
        let (route, vulnerability): (_, String) = (row.take()?, row.take()?);
        tides.push(Tide {
            route,
            vulnerability: vulnerability.into(),
            since: row.take()?,
            images: row.take()?,
        });
    }
    Ok(tides)
}

/// Keeps these, and forgets what does not count any more.
pub(super) async fn keep(
    session: &mut dyn Session,
    tides: &[Tide],
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    session.execute("DELETE FROM tides WHERE since <= $1", &[Tide::counts_since(now).into()]).await?;
    let row = |tide: &Tide| {
        let Tide { route, vulnerability, since, images } = tide;
        vec![route.as_str().into(), (&**vulnerability).into(), (*since).into(), (*images).into()]
    };
    let columns =
        [("route", Type::Text), ("vulnerability", Type::Text), ("since", Type::Int), ("images", Type::Int)];
    let sql = "INSERT INTO tides (route, vulnerability, since, images)
        SELECT route, vulnerability, since, images FROM {rows} WHERE true
        ON CONFLICT (route, vulnerability) DO UPDATE SET since = excluded.since, images = excluded.images
        RETURNING images";
    session.each(sql, &columns, tides.iter().map(row).collect()).await.map(drop)
}
