//! Where an image stands: the last decision and ending, in codes and words. One that is as it was costs no write.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::due::Rest;
use vigil_core::image::Digest;
use vigil_core::record::{Decision, Ending, Entry, Unfinished};

use super::record::Known;
use super::watch::is_unwanted;
use crate::sql::{DatabaseFault, Session, Type, Value};

/// The last decision on an image, and what came of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Standing {
    pub(super) decision: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) detail: Option<String>,
    pub(super) next_at: Option<Timestamp>,
    pub(super) ending: Option<String>,
    pub(super) said: Option<String>,
}

impl Standing {
    fn rests_like(&self, other: &Self) -> bool {
        self.decision.as_deref() == Some("rest")
            && (&self.decision, &self.reason) == (&other.decision, &other.reason)
    }
}

/// Keeps what was decided and what came of it: at the images where it has changed, and at the pass.
pub(super) async fn keep_standings(
    session: &mut dyn Session,
    pass: Option<i64>,
    entries: &[Entry],
    known: &mut BTreeMap<Digest, Known>,
) -> Result<(), DatabaseFault> {
    let (mut after, mut decided_now, mut unwanted) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    for entry in entries {
        match entry {
            Entry::Decided(image, decision) => {
                let mut standing = decided(decision);
                // What rests as before comes to the same end as before, unless it is said otherwise.
                let before = known.get(&image.digest).map(|known| &known.standing);
                if let Some(before) = before.filter(|before| before.rests_like(&standing)) {
                    (standing.ending, standing.said) = (before.ending.clone(), before.said.clone());
                }
                decided_now.insert(image.digest);
                after.insert(image.digest, standing);
                if is_unwanted(decision) {
                    unwanted.insert(image.digest)
                } else {
                    unwanted.remove(&image.digest)
                };
            }
            Entry::Ended(digest, ending) => {
                let before = known.get(digest).map(|known| known.standing.clone()).unwrap_or_default();
                let standing = after.entry(*digest).or_insert(before);
                (standing.ending, standing.said) = (Some(ending_code(ending).to_owned()), said(ending));
            }
            _ => {}
        }
    }
    let (mut changed, mut notable, mut quiet) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (digest, standing) in after {
        let Some(image) = known.get_mut(&digest) else { continue };
        if is_notable(&standing) {
            notable.push(row(pass.unwrap_or_default(), image.id, &standing));
        } else if decided_now.contains(&digest) {
            quiet.insert(image.id, (standing.decision.clone(), standing.reason.clone()));
        }
        // What one pass does not want, others do: there it stands as they left it.
        let is_others = unwanted.contains(&digest) && !image.watchers.is_empty();
        if image.standing != standing && !is_others {
            changed.push(row(image.id, image.id, &standing));
            image.standing = standing;
        }
    }
    let sql = "UPDATE images SET decision = rows.decision, reason = rows.reason, detail = rows.detail,
          next_at = rows.next_at, ending = rows.ending, said = rows.said FROM {rows} WHERE images.id = rows.image";
    session.each(sql, &COLUMNS, changed).await?;
    if let Some(pass) = pass {
        keep_notable(session, notable).await?;
        count(session, pass, quiet).await?;
    }
    Ok(())
}

const COLUMNS: [(&str, Type); 8] = [
    ("pass", Type::Int),
    ("image", Type::Int),
    ("decision", Type::Text),
    ("reason", Type::Text),
    ("detail", Type::Text),
    ("next_at", Type::Int),
    ("ending", Type::Text),
    ("said", Type::Text),
];

fn row(pass: i64, image: i64, standing: &Standing) -> Vec<Value> {
    let Standing { decision, reason, detail, next_at, ending, said } = standing.clone();
    vec![
        pass.into(),
        image.into(),
        decision.into(),
        reason.into(),
        detail.into(),
        next_at.into(),
        ending.into(),
        said.into(),
    ]
}

async fn keep_notable(session: &mut dyn Session, notable: Vec<Vec<Value>>) -> Result<(), DatabaseFault> {
    let sql = "INSERT INTO pass_images (pass, image, decision, reason, detail, next_at, ending, said)
        SELECT pass, image, decision, reason, detail, next_at, ending, said FROM {rows} WHERE true
        ON CONFLICT (pass, image) DO UPDATE SET decision = excluded.decision, reason = excluded.reason,
          detail = excluded.detail, next_at = excluded.next_at, ending = excluded.ending, said = excluded.said";
    session.each(sql, &COLUMNS, notable).await.map(drop)
}

/// Counts what is not told image by image. Who was told of already is not counted beside that.
async fn count(
    session: &mut dyn Session,
    pass: i64,
    mut quiet: BTreeMap<i64, (Option<String>, Option<String>)>,
) -> Result<(), DatabaseFault> {
    let asked = quiet.keys().map(|image| vec![pass.into(), (*image).into()]).collect();
    let told = "SELECT n.image FROM {rows} JOIN pass_images n ON n.pass = rows.pass AND n.image = rows.image";
    for mut row in session.each(told, &COLUMNS[..2], asked).await? {
        quiet.remove(&row.take::<i64>()?);
    }
    let mut counted = BTreeMap::new();
    for of in quiet.into_values() {
        *counted.entry(of).or_insert(0i64) += 1;
    }
    let rows = counted.into_iter().map(|((decision, reason), images)| {
        vec![pass.into(), decision.into(), reason.unwrap_or_default().into(), images.into()]
    });
    let columns =
        [("pass", Type::Int), ("decision", Type::Text), ("reason", Type::Text), ("images", Type::Int)];
    let sql = "INSERT INTO pass_counts (pass, decision, reason, images)
        SELECT pass, decision, reason, images FROM {rows} WHERE true
        ON CONFLICT (pass, decision, reason) DO UPDATE SET images = pass_counts.images + excluded.images";
    session.each(sql, &columns, rows.collect()).await.map(drop)
}

/// What was held is only read: ECR turned out to start scans there by itself.
pub(super) async fn only_read(
    session: &mut dyn Session,
    repository: i64,
    pass: Option<i64>,
) -> Result<(), DatabaseFault> {
    let set = format!(
        "decision = 'observe', reason = '{BY_ITSELF}', detail = NULL, next_at = NULL,
        ending = CASE WHEN images.scan_state IS NULL THEN 'never_scanned' ELSE 'read' END"
    );
    if let Some(pass) = pass {
        let set = set.replace("images.", "i.");
        let sql = format!(
            "UPDATE pass_images SET {set} FROM images i WHERE i.id = pass_images.image
               AND i.repository = $1 AND pass_images.pass = $2 AND pass_images.decision = 'hold'"
        );
        session.execute(&sql, &[repository.into(), pass.into()]).await?;
    }
    let sql = format!("UPDATE images SET {set} WHERE repository = $1 AND decision = 'hold'");
    session.execute(&sql, &[repository.into()]).await.map(drop)
}

/// Why images are only read, as reports say it.
const BY_ITSELF: &str = "by_itself";

fn decided(decision: &Decision) -> Standing {
    let (code, reason, detail, next_at) = match decision {
        Decision::Scan(why) => ("scan", Some(why.code()), Some(why.to_string()), None),
        Decision::Wait => ("wait", Some("under_way"), None, None),
        // How long ago it was scanned would be another text each time; when it was is known.
        Decision::Rest(rest @ (Rest::Fresh { .. } | Rest::ImageQuota { .. })) => {
            ("rest", Some(rest.code()), None, rest.next())
        }
        Decision::Rest(rest) => ("rest", Some(rest.code()), Some(rest.to_string()), rest.next()),
        Decision::Hold(_, hold) => ("hold", Some(hold.code()), Some(hold.to_string()), hold.next()),
        Decision::Observe => ("observe", Some(BY_ITSELF), None, None),
        Decision::LeaveOut(why) => ("leave_out", Some(why.code()), Some(why.to_string()), None),
        Decision::Undecided => ("undecided", Some("undecided"), None, None),
    };
    Standing {
        decision: Some(code.to_owned()),
        reason: reason.map(str::to_owned),
        detail,
        next_at,
        ending: None,
        said: None,
    }
}

fn ending_code(ending: &Ending) -> &'static str {
    match ending {
        Ending::Scanned => "scanned",
        Ending::Read => "read",
        Ending::OnceADay => "once_a_day",
        Ending::NeverScanned => "never_scanned",
        Ending::Failed { .. } => "failed",
        Ending::Unscannable { .. } => "unscannable",
        Ending::Unavailable { .. } => "unavailable",
        Ending::Fault(_) => "fault",
        Ending::Unfinished(how) => match how {
            Unfinished::NotRead => "not_read",
            Unfinished::NotStarted => "not_started",
            Unfinished::Starting => "starting",
            Unfinished::Started => "started",
            Unfinished::Running { .. } => "still_running",
        },
    }
}

fn said(ending: &Ending) -> Option<String> {
    match ending {
        Ending::Scanned | Ending::Read | Ending::OnceADay | Ending::NeverScanned => None,
        Ending::Failed { said } | Ending::Unscannable { said } | Ending::Unavailable { said } => {
            Some(said.clone())
        }
        Ending::Fault(fault) => Some(fault.to_string()),
        Ending::Unfinished(how) => Some(how.to_string()),
    }
}

/// What a pass did or could not do is told image by image; what rests or was left out is only counted.
fn is_notable(standing: &Standing) -> bool {
    let rests = matches!(standing.decision.as_deref(), Some("rest" | "leave_out" | "observe"));
    let quiet = matches!(standing.ending.as_deref(), None | Some("read" | "scanned"));
    standing.decision.is_some() && !(rests && quiet)
}
