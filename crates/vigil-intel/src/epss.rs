//! FIRST's scores, as they are published in CSV: a comment that names the model, a heading, and a line for each CVE.

use std::io::BufRead;

use vigil_core::threat::{CveId, Epss, EpssScores};

const HEADING: &str = "cve,epss,percentile";

/// No line of it is longer; one that is belongs to something else.
const LONGEST: u64 = 1000;

/// Reads all of them, line by line.
pub(crate) fn read(text: &mut impl BufRead) -> Result<EpssScores, String> {
    let mut scores = Vec::new();
    let mut heading_seen = false;
    let mut place = 0u64;
    while let Some(line) = next_line(text)? {
        place += 1;
        let line = line.trim();
        match (line, heading_seen) {
            ("", _) => {}
            (comment, false) if comment.starts_with('#') => {}
            (HEADING, false) => heading_seen = true,
            (_, false) => return Err(format!("line {place} is not the heading {HEADING}")),
            (line, true) => {
                scores.push(score(line).map_err(|problem| format!("line {place}: {problem}"))?);
            }
        }
    }
    Ok(scores.into_iter().collect())
}

fn next_line(text: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut line = Vec::new();
    let mut some = std::io::Read::take(&mut *text, LONGEST);
    let count = some.read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
    if count as u64 == LONGEST {
        return Err(format!("a line is longer than {LONGEST} bytes"));
    }
    Ok((count > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
}

fn score(line: &str) -> Result<(CveId, Epss), String> {
    let mut cells = line.split(',').map(|cell| cell.trim().trim_matches('"'));
    let (Some(id), Some(score), Some(percentile), None) =
        (cells.next(), cells.next(), cells.next(), cells.next())
    else {
        return Err("it does not have three cells".to_owned());
    };
    let id = id.parse().map_err(|error| format!("{error}"))?;
    let number = |text: &str| text.parse().map_err(|error| format!("{error}"));
    Ok((id, Epss { score: number(score)?, percentile: number(percentile)? }))
}
