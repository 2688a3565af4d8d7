//! Settings as meant: every text parsed, every mistake told at once, before anything is opened.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::SignedDuration;
use vigil_aws::{Network, Target};
use vigil_core::CatalogueKind;
use vigil_core::image::Region;
use vigil_core::plan::Budget;
use vigil_core::policy::{Cadence, Exception, Exceptions, Gate, Owners, Selection, TagStatus, Thresholds};
use vigil_report::{Format, accepted_by_vex};

use super::exceptions;
use super::key::URL;
use super::raw::{Layers, Problem, Source};
use super::reader::Reader;
use super::tables::WrittenTarget;
use super::values::{
    AtLeastOne, Concurrency, KnownSeverity, Level, Likelihood, Limit, LogFormat, LogLevel, OptionalLimit,
    Place, Rate, Tags, Url, Warning,
};

/// All settings.
#[derive(Debug)]
pub struct Settings {
    /// The registries to look at; one without a region stands for the region of the AWS configuration.
    pub targets: Vec<Target>,
    /// Whether the targets were given, rather than taken from the AWS configuration.
    pub targets_given: bool,
    /// How AWS is reached.
    pub network: Network,
    /// Which images are looked at.
    pub selection: Selection,
    /// How often they are scanned.
    pub cadence: Cadence,
    /// How many scans may be started.
    pub budget: Budget,
    /// What is too bad.
    pub gate: Gate,
    /// What is accepted.
    pub exceptions: Exceptions,
    /// What VEX files state that cannot be accepted anywhere, in words.
    pub passed_over: Vec<String>,
    /// So many days before an exception lapses people are warned, if at all.
    pub exceptions_warn: Option<i64>,
    /// Who looks after which images.
    pub owners: Owners,
    /// Where it is read what is known of attacks.
    pub threats: ThreatSettings,
    /// How fast, and for how long.
    pub pace: Pace,
    /// How the report looks.
    pub format: Format,
    /// Where it goes; standard output if nowhere else.
    pub output: Option<PathBuf>,
    /// The log.
    pub log: LogSettings,
}

/// The sources of catalogues of threats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThreatSettings {
    /// Of the catalogue of known exploited vulnerabilities.
    pub kev: Option<vigil_intel::Source>,
    /// Of the EPSS scores.
    pub epss: Option<vigil_intel::Source>,
}

impl ThreatSettings {
    /// The source of this catalogue.
    pub fn source(&self, kind: CatalogueKind) -> Option<&vigil_intel::Source> {
        match kind {
            CatalogueKind::Kev => self.kev.as_ref(),
            CatalogueKind::Epss => self.epss.as_ref(),
        }
    }
}

/// How fast a pass goes, and for how long.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Calls in flight at once for each registry.
    pub concurrency: usize,
    /// The time for the whole pass.
    pub timeout: Option<SignedDuration>,
    /// The time for one scan.
    pub scan_timeout: SignedDuration,
    /// How soon a scan is first asked about.
    pub first_question: SignedDuration,
}

/// The log.
#[derive(Debug, Clone, Copy)]
pub struct LogSettings {
    /// From which level on.
    pub level: LogLevel,
    /// How it looks.
    pub format: LogFormat,
}

/// A line that nothing could ever cross is a mistake.
pub(super) const NO_SCORES: &str =
    "nothing has a score without epss.source: give a file or an address of EPSS scores";

impl Reader<'_> {
    fn targets(&mut self) -> Vec<Target> {
        let regions: Vec<Region> = self.many("regions");
        if !regions.is_empty() && !self.layers.targets.is_empty() {
            self.complain("regions", "the file names registries by [[target]] too: give one or the other");
        }
        let mut targets: Vec<Target> =
            regions.into_iter().map(|region| Target { region: Some(region), ..Target::default() }).collect();
        for (place, written) in self.layers.targets.iter().enumerate() {
            targets.push(self.target(place, written));
        }
        if targets.is_empty() {
            targets.push(Target::default());
        }
        targets
    }

    fn target(&mut self, place: usize, written: &WrittenTarget) -> Target {
        let mut complain = |member: &str, problem: String| {
            self.complain_of_table(&format!("target[{place}].{member}"), problem);
        };
        let region = parsed(written.region.as_ref(), |problem| complain("region", problem));
        let role_arn = parsed(written.role_arn.as_ref(), |problem| complain("role_arn", problem));
        if written.external_id.is_some() && written.role_arn.is_none() {
            complain("external_id", "there is no role_arn that would ask for it".into());
        }
        Target { region, role_arn, external_id: written.external_id.clone(), account: None }
    }

    fn network(&mut self) -> Option<Network> {
        let endpoint_url: Option<Url> = self.one("aws.endpoint_url");
        let (fips, dual_stack) = (self.one("aws.fips"), self.one("aws.dual_stack"));
        let aws_own = fips == Some(true) || dual_stack == Some(true);
        if endpoint_url.is_some() && aws_own {
            self.complain("aws.endpoint_url", OWN_ENDPOINT);
        }
        if !self.is_given("aws.endpoint_url") {
            self.aws_endpoints(aws_own);
        }
        let attempt_timeout: Option<Limit> = self.one("aws.call_timeout");
        let rates =
            self.many("aws.calls_per_second").into_iter().map(|Rate(operation, rate)| (operation, rate));
        let rates = rates.collect();
        Some(Network {
            endpoint_url: endpoint_url.map(|Url(url)| url),
            fips: fips?,
            dual_stack: dual_stack?,
            attempt_timeout: attempt_timeout?.0.unsigned_abs(),
            rates,
            ..Network::default()
        })
    }

    /// Sees whether the SDK can use what it finds in the environment, and leaves it there: it has rules of its own.
    fn aws_endpoints(&mut self, aws_own: bool) {
        for (variable, url) in &self.layers.aws_endpoints {
            let problem = match url.parse::<Url>() {
                Err(error) => format!("{error}; expected {URL}"),
                Ok(_) if aws_own => OWN_ENDPOINT.to_owned(),
                Ok(_) => continue,
            };
            let source = Source::Environment((*variable).to_owned());
            self.tell("aws.endpoint_url", source, problem);
        }
    }

    pub(super) fn selection(&mut self) -> Option<Selection> {
        let repositories = self.patterns("select.repositories", "select.exclude_repositories");
        let tags = self.patterns("select.tags", "select.exclude_tags");
        let tag_status: Option<Tags> = self.one("select.tag_status");
        if let Some(Tags(TagStatus::Untagged)) = tag_status
            && !tags.include.is_empty()
        {
            self.complain(
                "select.tags",
                "untagged images have no tags: with select.tag_status = untagged nothing would be left",
            );
        }
        let newest: Option<AtLeastOne> = self.one("select.newest");
        Some(Selection {
            repositories,
            tags,
            tag_status: tag_status?.0,
            newest: newest.map(|AtLeastOne(n)| n),
            pushed_within: self.one("select.pushed_within"),
            pulled_within: self.one("select.pulled_within"),
        })
    }

    pub(super) fn cadence(&mut self) -> Option<Cadence> {
        let (expiry, retry_failed) = (self.one("cadence.expiry"), self.one("cadence.retry_failed"));
        Some(Cadence { expiry: expiry?, retry_failed: retry_failed? })
    }

    pub(super) fn budget(&mut self) -> Option<Budget> {
        let (daily, per_pass) = (self.one("budget.scans_per_day"), self.one("budget.scans_per_pass"));
        Some(Budget { daily: daily?, per_pass })
    }

    fn gate(&mut self) -> Option<Gate> {
        let (thresholds, detail) = (self.thresholds(), self.one("gate.severity_threshold"));
        let (exploited, epss) = (self.one("gate.exploited"), self.one("gate.epss"));
        let (KnownSeverity(detail), Likelihood(epss)) = (detail?, epss?);
        if epss.is_some() && self.written("epss.source").is_none() {
            self.complain("gate.epss", NO_SCORES);
        }
        Some(Gate { thresholds: thresholds?, exploited: exploited?, epss, detail })
    }

    pub(super) fn thresholds(&mut self) -> Option<Thresholds> {
        let mut level = |name: &str| self.one::<Level>(name).map(|Level(n)| n);
        let levels = [level("gate.critical"), level("gate.high"), level("gate.medium"), level("gate.low")];
        let [critical, high, medium, low] = levels;
        Some(Thresholds { critical: critical?, high: high?, medium: medium?, low: low? })
    }

    /// Whose credentials serve what is AWS and no registry.
    pub(super) fn first_target(&mut self) -> Target {
        let mut targets = self.targets();
        targets.truncate(1);
        targets.pop().unwrap_or_default()
    }

    /// Those of the file first, then what VEX files state; and what of these is passed over.
    fn exceptions(&mut self) -> (Exceptions, Vec<String>) {
        let mut accepted: Vec<Exception> = Vec::new();
        if let Some(file) = self.one::<String>("gate.exceptions") {
            match exceptions::read(&file) {
                Ok(read) => accepted
                    .extend((read.iter().cloned()).map(|one| Exception { file: Some(file.clone()), ..one })),
                Err(problems) => {
                    problems.into_iter().for_each(|problem| self.complain("gate.exceptions", problem));
                }
            }
        }
        let mut documents = Vec::new();
        for file in self.many::<String>("exceptions.vex") {
            match exceptions::read_vex(&file) {
                Ok(document) => documents.push((file, document)),
                Err(problem) => self.complain("exceptions.vex", problem),
            }
        }
        let stated = accepted_by_vex(&documents);
        accepted.extend(stated.exceptions);
        (Exceptions::new(accepted), stated.warnings)
    }

    fn pace(&mut self) -> Option<Pace> {
        let concurrency: Option<Concurrency> = self.one("pass.concurrency");
        let timeout: Option<OptionalLimit> = self.one("pass.timeout");
        let scan_timeout: Option<Limit> = self.one("pass.scan_timeout");
        let first_question: Option<Limit> = self.one("pass.first_question");
        Some(Pace {
            concurrency: concurrency?.0,
            timeout: timeout?.0,
            scan_timeout: scan_timeout?.0,
            first_question: first_question?.0,
        })
    }

    pub(super) fn settings(&mut self) -> Option<Settings> {
        let targets = self.targets();
        let targets_given = targets.iter().any(|target| target.region.is_some() || target.role_arn.is_some());
        // Each is read before any is missed, so that every mistake is found.
        let (network, selection, gate) = (self.network(), self.selection(), self.gate());
        let ((exceptions, passed_over), pace, owners) = (self.exceptions(), self.pace(), self.owners());
        let exceptions_warn: Option<Warning> = self.one("exceptions.warn");
        let threats = ThreatSettings { kev: self.one("kev.source"), epss: self.one("epss.source") };
        let (cadence, budget) = (self.cadence(), self.budget());
        let (level, log_format) = (self.one("log.level"), self.one("log.format"));
        let (format, output) = (self.one("report.format"), self.one("report.output"));
        Some(Settings {
            targets,
            targets_given,
            network: network?,
            selection: selection?,
            cadence: cadence?,
            budget: budget?,
            gate: gate?,
            exceptions,
            passed_over,
            exceptions_warn: exceptions_warn?.0,
            owners,
            threats,
            pace: pace?,
            format: format?,
            output: output.and_then(|Place(file)| file),
            log: LogSettings { level: level?, format: log_format? },
        })
    }
}

const OWN_ENDPOINT: &str =
    "with an endpoint of one's own, aws.fips and aws.dual_stack mean nothing: give one or the other";

/// The value of a text that may be missing or wrong.
fn parsed<T: FromStr<Err: Display>>(text: Option<&String>, complain: impl FnOnce(String)) -> Option<T> {
    text?.parse().map_err(|error: T::Err| complain(error.to_string())).ok()
}

impl Settings {
    /// Makes sense of what was written.
    ///
    /// # Errors
    ///
    /// All that is wrong, at once.
    pub fn from_layers(layers: &Layers) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(layers);
        let settings = reader.settings();
        match settings {
            Some(settings) if reader.problems.is_empty() => Ok(settings),
            _ => Err(reader.problems),
        }
    }
}
