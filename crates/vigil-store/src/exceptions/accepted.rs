//! By whom a finding is accepted.

use vigil_core::finding::Severity;

use super::ExceptionId;
use crate::sql::{DatabaseFault, Session, Value};

/// Who accepts a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Acceptance {
    /// An exception that is kept here.
    Exception { id: ExceptionId, reason: String, severity: Option<Severity> },
    /// An exception that only the settings of the pass know, by what it says.
    Settings { exception: String, reason: String, severity: Option<Severity> },
    /// A suppression rule of Amazon Inspector.
    Inspector { reason: String },
}

/// The row of this acceptance, made if there is none.
pub(crate) async fn acceptance_id(
    session: &mut dyn Session,
    acceptance: &Acceptance,
) -> Result<i64, DatabaseFault> {
    let (source, exception, reason, severity) = match acceptance {
        Acceptance::Exception { id, reason, severity } => ("exception", id.to_string(), reason, severity),
        Acceptance::Settings { exception, reason, severity } => {
            ("settings", exception.clone(), reason, severity)
        }
        Acceptance::Inspector { reason } => ("inspector", String::new(), reason, &None),
    };
    let values: [Value; 3] = [source.into(), exception.into(), reason.into()];
    let known = "SELECT id FROM acceptances WHERE source = $1 AND exception = $2 AND reason = $3";
    if let Some(mut row) = session.row(known, &values).await? {
        return row.take();
    }
    let sql = "INSERT INTO acceptances (source, exception, reason, severity) VALUES ($1, $2, $3, $4)
        ON CONFLICT (source, exception, reason) DO UPDATE SET source = excluded.source RETURNING id";
    let [source, exception, reason] = values;
    let severity = severity.as_ref().map(Severity::to_string);
    let row = session.row(sql, &[source, exception, reason, severity.into()]).await?;
    row.map_or(Ok(0), |mut row| row.take())
}
