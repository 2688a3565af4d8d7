//! By whom a finding is accepted.

use super::ExceptionId;
use crate::sql::{DatabaseFault, Session, Value};

/// Who accepts a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Acceptance {
    /// An exception that is kept here.
    Exception { id: ExceptionId, reason: String },
    /// An exception that only the settings of the pass know, by what it says.
    Settings { exception: String, reason: String },
    /// A suppression rule of Amazon Inspector.
    Inspector { reason: String },
}

/// The row of this acceptance, made if there is none.
pub(crate) async fn acceptance_id(
    session: &mut dyn Session,
    acceptance: &Acceptance,
) -> Result<i64, DatabaseFault> {
    let (source, exception, reason) = match acceptance {
        Acceptance::Exception { id, reason } => ("exception", id.to_string(), reason),
        Acceptance::Settings { exception, reason } => ("settings", exception.clone(), reason),
        Acceptance::Inspector { reason } => ("inspector", String::new(), reason),
    };
    let values: [Value; 3] = [source.into(), exception.into(), reason.into()];
    let known = "SELECT id FROM acceptances WHERE source = $1 AND exception = $2 AND reason = $3";
    if let Some(mut row) = session.row(known, &values).await? {
        return row.take();
    }
    let sql = "INSERT INTO acceptances (source, exception, reason) VALUES ($1, $2, $3)
        ON CONFLICT (source, exception, reason) DO UPDATE SET source = excluded.source RETURNING id";
    let row = session.row(sql, &values).await?;
    row.map_or(Ok(0), |mut row| row.take())
}
