//! Who hears what, and where: the tables `[[route]]` and `[[sink]]`.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::Deserialize;
use vigil_core::Probability;
use vigil_core::lineage::FindingState;
use vigil_core::news::{RoundUp, Route, RouteName, SinkName, Wanted};
use vigil_core::policy::{Pattern, Patterns, Thresholds};

use super::reader::{Reader, with_member};
use super::service_values::Zone;
use super::settings::NO_SCORES;
use super::sinks::SinkSettings;
use super::values::{KnownSeverity, Level, OptionalLimit};

/// Who hears what, and where.
#[derive(Debug, Clone)]
pub struct NewsSettings {
    /// Who hears what.
    pub routes: Vec<Route>,
    /// Where.
    pub sinks: Vec<SinkSettings>,
    /// How long nothing more must have been noticed before it is told.
    pub settled: SignedDuration,
}

/// A route, as the file gives it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenRoute {
    name: Option<String>,
    sinks: Vec<String>,
    accounts: Vec<String>,
    exclude_accounts: Vec<String>,
    regions: Vec<String>,
    exclude_regions: Vec<String>,
    repositories: Vec<String>,
    exclude_repositories: Vec<String>,
    tags: Vec<String>,
    exclude_tags: Vec<String>,
    owners: Vec<String>,
    exclude_owners: Vec<String>,
    severity: Option<String>,
    changes: Option<Vec<String>>,
    fixable: bool,
    exploited: bool,
    epss: Option<f64>,
    failures: Option<bool>,
    exceptions: Option<bool>,
    critical: Option<Threshold>,
    high: Option<Threshold>,
    medium: Option<Threshold>,
    low: Option<Threshold>,
    digest: Option<String>,
    time_zone: Option<String>,
}

/// A number of findings, or `off`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a number of findings, such as 5, or \"off\"")]
enum Threshold {
    Number(u64),
    Word(String),
}

/// The names of the sinks that the environment alone can give, and of the route to them.
pub(super) const FROM_ENVIRONMENT: &str = "default";

impl Reader<'_> {
    pub(super) fn news(&mut self) -> Option<NewsSettings> {
        let sinks = self.sinks();
        let names: Vec<SinkName> = sinks.iter().flatten().map(|sink| sink.name.clone()).collect();
        let mut routes: Vec<Option<Route>> = Vec::new();
        for (place, table) in self.layers.routes.clone().into_iter().enumerate() {
            let key = format!("route[{place}]");
            let written: Result<WrittenRoute, _> = table.try_into();
            let written = written.map_err(|error| self.complain_of_table(&key, with_member(&error))).ok();
            let route = written.and_then(|written| {
                // A sink that is wrong is told for itself.
                let known = sinks.as_ref().map(|_| names.as_slice());
                self.route(&key, written, &routes, known)
            });
            routes.push(route);
        }
        if self.layers.routes.is_empty() && !names.is_empty() {
            routes.push(self.only_route(names));
        }
        let (routes, sinks): (Option<Vec<Route>>, _) = (routes.into_iter().collect(), sinks);
        let settled: Option<OptionalLimit> = self.one("news.settle");
        let settings =
            NewsSettings { routes: routes?, sinks: sinks?, settled: settled?.0.unwrap_or_default() };
        for sink in settings.unheard() {
            let problem = "no route leads to it: name it in the `sinks` of one";
            self.complain_of_table(&format!("sink `{sink}`"), problem);
        }
        Some(settings)
    }

    /// Without any being written, all sinks hear everything that reaches a threshold of the gate.
    fn only_route(&mut self, sinks: Vec<SinkName>) -> Option<Route> {
        let gate = self.thresholds()?;
        let wanted = Wanted { thresholds: Some(gate), ..Wanted::default() };
        Some(Route { name: FROM_ENVIRONMENT.parse().ok()?, wanted, sinks, round_up: None })
    }

    fn route(
        &mut self,
        key: &str,
        written: WrittenRoute,
        before: &[Option<Route>],
        sinks: Option<&[SinkName]>,
    ) -> Option<Route> {
        let mut table = InTable { reader: self, key };
        let name: Option<RouteName> = table.name(written.name);
        if let Some(name) =
            name.as_ref().filter(|name| before.iter().flatten().any(|other| other.name == **name))
        {
            table.complain("name", format!("`{name}` is another route's already"));
        }
        let to: Vec<SinkName> = table.all("sinks", written.sinks);
        if to.is_empty() {
            table.complain("sinks", "it is missing: the names of the sinks that are told");
        }
        for unknown in to.iter().filter(|name| sinks.is_some_and(|sinks| !sinks.contains(name))) {
            table.complain("sinks", format!("there is no sink `{unknown}`"));
        }
        let (include, exclude) = (written.accounts, written.exclude_accounts);
        let accounts = table.patterns("accounts", include, exclude);
        let regions = table.patterns("regions", written.regions, written.exclude_regions);
        let repositories = table.patterns("repositories", written.repositories, written.exclude_repositories);
        let tags = table.patterns("tags", written.tags, written.exclude_tags);
        let owners = table.patterns("owners", written.owners, written.exclude_owners);
        let severity = written.severity.map(|text| table.one::<KnownSeverity>("severity", &text));
        let changes = written.changes.map(|words| table.changes(words));
        let thresholds = table.thresholds([written.critical, written.high, written.medium, written.low]);
        let epss = written.epss.map(|least| table.one::<Probability>("epss", &least.to_string()));
        if epss.is_some() && table.reader.written("epss.source").is_none() {
            table.complain("epss", NO_SCORES);
        }
        let round_up = table.round_up(written.digest, written.time_zone);
        let all = Wanted::default();
        let wanted = Wanted {
            accounts,
            regions,
            repositories,
            tags,
            owners,
            severity: severity.map_or(Some(all.severity), |severity| severity.map(|KnownSeverity(s)| s))?,
            changes: changes.unwrap_or(Some(all.changes))?,
            fixable: written.fixable,
            exploited: written.exploited,
            epss: epss.map_or(Some(None), |epss| epss.map(Some))?,
            thresholds: thresholds?,
            failures: written.failures.unwrap_or(true),
            exceptions: written.exceptions.unwrap_or(true),
        };
        Some(Route { name: name?, wanted, sinks: to, round_up: round_up? })
    }
}

impl NewsSettings {
    /// Sinks to which no route leads.
    fn unheard(&self) -> impl Iterator<Item = &SinkName> {
        let heard: BTreeSet<&SinkName> = self.routes.iter().flat_map(|route| &route.sinks).collect();
        self.sinks.iter().map(|sink| &sink.name).filter(move |name| !heard.contains(name))
    }
}

/// One table of several, while it is read: what is wrong is told with its place.
pub(super) struct InTable<'a, 'r> {
    pub(super) reader: &'a mut Reader<'r>,
    pub(super) key: &'a str,
}

impl InTable<'_, '_> {
    pub(super) fn complain(&mut self, member: &str, problem: impl Into<String>) {
        self.reader.complain_of_table(&format!("{}.{member}", self.key), problem);
    }

    pub(super) fn name<T: FromStr<Err: Display>>(&mut self, written: Option<String>) -> Option<T> {
        match written {
            Some(name) => self.one("name", &name),
            None => {
                self.complain("name", "it is missing");
                None
            }
        }
    }

    pub(super) fn one<T: FromStr<Err: Display>>(&mut self, member: &str, text: &str) -> Option<T> {
        text.parse().map_err(|error: T::Err| self.complain(member, error.to_string())).ok()
    }

    pub(super) fn all<T: FromStr<Err: Display>>(&mut self, member: &str, texts: Vec<String>) -> Vec<T> {
        texts.iter().filter_map(|text| self.one(member, text)).collect()
    }

    pub(super) fn patterns(&mut self, member: &str, include: Vec<String>, exclude: Vec<String>) -> Patterns {
        let exclude = self.all::<Pattern>(&format!("exclude_{member}"), exclude);
        Patterns { include: self.all::<Pattern>(member, include), exclude }
    }

    fn changes(&mut self, words: Vec<String>) -> Option<BTreeSet<FindingState>> {
        const TOLD: [FindingState; 3] = [FindingState::New, FindingState::Worsened, FindingState::Fixed];
        let state = |word: &String| TOLD.into_iter().find(|state| state.code() == word).ok_or(word.clone());
        let (states, unknown): (Vec<_>, Vec<_>) = words.iter().map(state).partition(Result::is_ok);
        for word in unknown.iter().filter_map(|word| word.as_ref().err()) {
            self.complain("changes", format!("`{word}` is not known; expected new, worsened or fixed"));
        }
        if words.is_empty() {
            self.complain("changes", "it is empty; expected some of new, worsened and fixed");
        }
        Some(states.into_iter().flatten().collect()).filter(|_| unknown.is_empty() && !words.is_empty())
    }

    /// Without any, every finding is told; with some, those that are not given are off.
    fn thresholds(&mut self, levels: [Option<Threshold>; 4]) -> Option<Option<Thresholds>> {
        if levels.iter().all(Option::is_none) {
            return Some(None);
        }
        let names = ["critical", "high", "medium", "low"];
        let mut read = Vec::new();
        for (name, level) in names.into_iter().zip(levels) {
            read.push(match level {
                None => Some(None),
                Some(Threshold::Number(number)) => Some(Some(number)),
                Some(Threshold::Word(word)) => self.one::<Level>(name, &word).map(|Level(level)| level),
            });
        }
        let read: Option<Vec<Option<u64>>> = read.into_iter().collect();
        let [critical, high, medium, low] = read?.try_into().ok()?;
        Some(Some(Thresholds { critical, high, medium, low }))
    }

    fn round_up(&mut self, cron: Option<String>, zone: Option<String>) -> Option<Option<RoundUp>> {
        let zone = zone.map(|text| self.one::<Zone>("time_zone", &text));
        let Some(cron) = cron else {
            if zone.is_some() {
                self.complain("time_zone", "there is no digest whose clock it would be");
            }
            return Some(None);
        };
        let cron = self.one("digest", &cron);
        let time_zone = zone.map_or(Some(jiff::tz::TimeZone::UTC), |zone| zone.map(|Zone(zone)| zone));
        Some(Some(RoundUp { cron: cron?, time_zone: time_zone? }))
    }
}
