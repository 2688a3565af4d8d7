//! The settings of the service as meant: those of its passes, its schedules, its memory, and who may ask it.

use jiff::{SignedDuration, Timestamp};
use vigil_aws::{Bucket, BucketName};
use vigil_core::CatalogueKind;
use vigil_core::policy::{Exceptions, Pattern};
use vigil_store::{Place, Retention};

use super::events::EventSettings;
use super::http::HttpSettings;
use super::raw::{Layers, Problem};
use super::reader::Reader;
use super::routes::NewsSettings;
use super::schedules::ScheduleSettings;
use super::service_values::{DatabaseAddress, DatabaseFile, Keep, Most};
use super::settings::Settings;
use super::values::{KnownSeverity, Limit};
use crate::metrics::Limits;

/// All settings of the service.
#[derive(Debug)]
pub struct ServiceSettings {
    /// What holds for every pass, where its schedule says nothing else.
    pub general: Settings,
    /// When passes begin; at least one.
    pub schedules: Vec<ScheduleSettings>,
    /// Whether it begins with a pass of every schedule.
    pub run_now: bool,
    /// How long a signal to end waits for what is under way.
    pub grace: SignedDuration,
    /// The memory.
    pub store: StoreSettings,
    /// Tags whose images follow one another.
    pub lineage_tags: Vec<Pattern>,
    /// The HTTP side.
    pub http: HttpSettings,
    /// Of what there are metrics.
    pub metrics: Limits,
    /// Who hears what, and where.
    pub news: NewsSettings,
    /// The tags of a repository that say who looks after it, the first that it has counts; none: they are not read.
    pub owner_tags: Vec<String>,
    /// How often the catalogue of known exploited vulnerabilities is read again.
    pub kev_refresh: SignedDuration,
    /// How often the EPSS scores are.
    pub epss_refresh: SignedDuration,
    /// Where scan configurations are kept, if not in the memory.
    pub scan_configs: Option<Bucket>,
    /// Where events come in by, if they do.
    pub events: Option<EventSettings>,
}

/// The memory: where it is, and how far back it goes.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// Where it is.
    pub place: Place,
    /// How long what is in it is kept.
    pub retention: Retention,
}

/// The file in which everything is remembered, if none is named.
const DATABASE_FILE: &str = "vigil.db";

impl Reader<'_> {
    fn service(&mut self, now: Timestamp) -> Option<ServiceSettings> {
        // Each is read before any is missed, so that every mistake is found.
        let (general, schedules) = (self.settings(), self.schedules(now));
        let (run_now, grace) = (self.one("service.run_now"), self.one("service.grace"));
        let (store, lineage_tags) = (self.store(), self.many("lineage.tags"));
        let (http, metrics, scan_configs) = (self.http(), self.metrics(), self.bucket());
        let (news, owner_tags, events) = (self.news(), self.owner_tags(), self.events());
        let (kev_refresh, epss_refresh) = (self.one("kev.refresh"), self.one("epss.refresh"));
        let (Limit(grace), Limit(kev_refresh), Limit(epss_refresh)) = (grace?, kev_refresh?, epss_refresh?);
        Some(ServiceSettings {
            general: general?,
            schedules: schedules?,
            run_now: run_now?,
            grace,
            store: store?,
            lineage_tags,
            http: http?,
            metrics: metrics?,
            news: news?,
            owner_tags,
            kev_refresh,
            epss_refresh,
            scan_configs,
            events,
        })
    }

    fn store(&mut self) -> Option<StoreSettings> {
        let (file, address) = (self.one("store.database"), self.one("store.database_url"));
        if self.is_given("store.database") && self.is_given("store.database_url") {
            self.complain("store.database", "there is a store.database_url too: give one or the other");
        }
        let mut keep = |what: &str| self.one::<Keep>(&format!("store.keep_{what}"));
        let [passes, changes, scans, fixed, gone] =
            ["passes", "changes", "scans", "fixed", "gone"].map(&mut keep);
        let file = file.map_or_else(|| DATABASE_FILE.into(), |DatabaseFile(file)| file);
        let retention = Retention {
            passes: passes?.0,
            changes: changes?.0,
            scans: scans?.0,
            fixed: fixed?.0,
            gone: gone?.0,
        };
        let place = address.map_or_else(|| Place::file(file), |DatabaseAddress(place)| place);
        Some(StoreSettings { place, retention })
    }

    fn metrics(&mut self) -> Option<Limits> {
        let newest_tags: Option<Most> = self.one("metrics.newest_tags");
        if let Some(Most(0)) = newest_tags {
            self.complain(
                "metrics.newest_tags",
                "without any there is nothing to tell; see metrics.image_series",
            );
        }
        let least: Option<KnownSeverity> = self.one("metrics.minimum_severity");
        let images: Option<Most> = self.one("metrics.image_series");
        Some(Limits { newest_tags: newest_tags?.0, least: least?.0, images: images?.0 })
    }

    fn bucket(&mut self) -> Option<Bucket> {
        let name: Option<BucketName> = self.one("scan_configs.bucket");
        let region = self.one("scan_configs.region");
        if self.is_given("scan_configs.region") && !self.is_given("scan_configs.bucket") {
            self.complain("scan_configs.region", "there is no scan_configs.bucket that would be in it");
        }
        name.map(|name| Bucket { name, region, owner: None })
    }
}

impl ServiceSettings {
    /// The schedule of this name.
    pub fn schedule(&self, name: &str) -> Option<&ScheduleSettings> {
        self.schedules.iter().find(|settings| settings.schedule.name.to_string() == name)
    }

    /// How often this catalogue is read again.
    pub fn refresh(&self, kind: CatalogueKind) -> SignedDuration {
        match kind {
            CatalogueKind::Kev => self.kev_refresh,
            CatalogueKind::Epss => self.epss_refresh,
        }
    }

    /// What is accepted, and how many days before that lapses people are warned.
    pub fn on_exceptions(&self) -> (Exceptions, Option<i64>) {
        (self.general.exceptions.clone(), self.general.exceptions_warn)
    }

    /// Makes sense of what was written, as it is now. It can be read again and again: nothing is opened.
    ///
    /// # Errors
    ///
    /// All that is wrong, at once.
    pub fn from_layers(layers: &Layers, now: Timestamp) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(layers);
        match reader.service(now) {
            Some(settings) if reader.problems.is_empty() => Ok(settings),
            _ => Err(reader.problems),
        }
    }
}
