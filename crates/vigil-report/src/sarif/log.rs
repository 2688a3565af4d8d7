//! The document: runs of results, each as long as GitHub takes them.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;
use vigil_core::record::{ImageRecord, RepositoryRecord};

use super::notice::Notices;
use super::result::{ResultView, Subject, lineage};
use super::rule::{RuleView, Rules};
use crate::closing::Closing;
use crate::json::Each;
use crate::layout::{Header, Layout};
use crate::moment::utc;
use crate::name::Place;
use crate::status::status;
use crate::totals::Totals;

/// GitHub refuses a run with more results, or more rules. It also refuses a file with more than twenty runs, but others
/// read it: nothing is left out.
const RESULTS_A_RUN: usize = 25_000;

const HEAD: &str =
    "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[";

/// A SARIF log on its way.
pub(crate) struct Log {
    header: Header,
    results_a_run: usize,
    /// How many runs were begun.
    runs: usize,
    run: Run,
    /// The findings of a repository that only their versions or digests tell apart, by what they share.
    twins: HashMap<String, usize>,
    /// One result's line: the serialiser writes in many small pieces.
    line: Vec<u8>,
}

/// What is kept until a run ends.
#[derive(Default)]
struct Run {
    results: usize,
    rules: Rules,
    notices: Notices,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    full_name: &'a str,
    semantic_version: &'static str,
    rules: Each<'a, super::rule::Rule, RuleView<'a>>,
}

impl Log {
    pub(crate) fn new(header: Header) -> Self {
        Self {
            header,
            results_a_run: RESULTS_A_RUN,
            runs: 0,
            run: Run::default(),
            twins: HashMap::new(),
            line: Vec::new(),
        }
    }

    /// Begins a run. GitHub tells analyses apart by what stands before the last slash of the id: two runs of one file must
    /// not have the same.
    fn open(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.runs += 1;
        self.run = Run::default();
        let comma = if self.runs == 1 { "" } else { "," };
        let number = if self.runs == 1 { String::new() } else { format!("-{}", self.runs) };
        write!(out, "{comma}\n{{\"automationDetails\":{{\"id\":\"ecr-vigil{number}/\"}},\"results\":[")
    }

    fn close(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let rules = Each(self.run.rules.as_slice(), RuleView::of);
        let driver = Driver {
            name: "ecr-vigil",
            full_name: &self.header.title,
            semantic_version: env!("CARGO_PKG_VERSION"),
            rules,
        };
        let tool = serde_json::to_string(&Tool { driver })?;
        let invocation = serde_json::to_string(&self.run.notices.invocation(utc(self.header.as_of)))?;
        write!(out, "\n],\n\"invocations\":[{invocation}],\n\"tool\":{tool}}}")
    }

    fn image(&mut self, out: &mut dyn Write, place: &Place<'_>, record: &ImageRecord) -> io::Result<()> {
        let Some(evaluation) = &record.evaluation else { return Ok(()) };
        let subject = Subject { place, image: &record.image, earlier: !status(record).is_settled() };
        let open = evaluation.details.iter().map(|finding| (finding, None));
        let accepted = evaluation.accepted.iter().map(|accepted| (&accepted.finding, Some(accepted)));
        for (finding, accepted) in open.chain(accepted) {
            if self.run.results == self.results_a_run {
                self.close(out)?;
                self.open(out)?;
            }
            let lineage = lineage(&subject, finding);
            let twin = self.twins.entry(lineage.clone()).or_default();
            *twin += 1;
            let fingerprint = format!("{lineage}:{twin}");
            let rule = self.run.rules.place(finding);
            let view = ResultView::of(&subject, finding, rule, fingerprint);
            let view = match accepted {
                Some(accepted) => view.suppressed(accepted),
                None => view,
            };
            self.line.clear();
            self.line.extend_from_slice(if self.run.results == 0 { b"\n" } else { b",\n" });
            serde_json::to_writer(&mut self.line, &view)?;
            out.write_all(&self.line)?;
            self.run.results += 1;
        }
        Ok(())
    }
}

impl Layout for Log {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(HEAD.as_bytes())?;
        self.open(out)
    }

    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        // A repository that fits into a run is not torn apart: an alert would be closed in one and opened in the other.
        let coming = record.images.iter().map(results).sum::<usize>();
        if self.run.results > 0 && self.run.results + coming > self.results_a_run {
            self.close(out)?;
            self.open(out)?;
        }
        self.twins.clear();
        for image in &record.images {
            self.run.notices.image(place, image);
            self.image(out, place, image)?;
        }
        self.run.notices.gaps(place, record);
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, _: &Totals, closing: &Closing) -> io::Result<()> {
        self.run.notices.closing(closing);
        self.close(out)?;
        out.write_all(b"\n]}\n")
    }
}

fn results(image: &ImageRecord) -> usize {
    image.evaluation.as_ref().map_or(0, |told| told.details.len() + told.accepted.len())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use vigil_core::testing::{finding, image, now};
    use vigil_core::{Decision, Due};

    use super::*;
    use crate::PassKind;
    use crate::stories::{decided, found, judged, record};

    /// How many results and rules each run has, for repositories with so many findings.
    fn runs(repositories: &[usize], results_a_run: usize) -> Vec<(usize, usize)> {
        let title = String::new();
        let detail = vigil_core::Severity::Low;
        let kind = PassKind::Scan;
        let mut log = Log::new(Header { title, as_of: now(), detail, kind, named: false, width: None });
        log.results_a_run = results_a_run;
        let mut out = Vec::new();
        log.begin(&mut out).unwrap();
        for findings in repositories {
            let findings: Vec<_> =
                (0..*findings).map(|n| finding(&format!("CVE-{n}"), "HIGH", "zlib")).collect();
            let entries = vec![
                decided(image(1, &["v1"], 1), Decision::Scan(Due::NeverScanned)),
                judged(1, found(now(), &findings)),
            ];
            let Ok((registry, repository, record)) = record("eu-west-1", "team/app", entries);
            log.repository(&mut out, &Place::new(&registry, &repository), &record).unwrap();
        }
        log.end(&mut out, &Totals::default(), &Closing::default()).unwrap();
        let told: Value = serde_json::from_slice(&out).unwrap();
        let lengths = |run: &Value| {
            let length = |value: &Value| value.as_array().unwrap().len();
            (length(&run["results"]), length(&run["tool"]["driver"]["rules"]))
        };
        told["runs"].as_array().unwrap().iter().map(lengths).collect()
    }

    #[test]
    fn a_run_ends_where_no_more_is_taken_and_keeps_repositories_whole_where_they_fit() {
        assert_eq!(runs(&[], 10), [(0, 0)]);
        assert_eq!(runs(&[4, 6], 10), [(10, 6)]);
        assert_eq!(runs(&[4, 7, 2], 10), [(4, 4), (9, 7)]);
        assert_eq!(runs(&[25, 3], 10), [(10, 10), (10, 10), (8, 8)]);
    }
}
