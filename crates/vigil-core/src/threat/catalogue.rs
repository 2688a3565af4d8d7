//! The catalogues themselves, held in memory: a few megabytes for all that is known.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{CveId, Epss, KnownExploited, Threat};

/// One of the catalogues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CatalogueKind {
    /// CISA's catalogue of known exploited vulnerabilities.
    Kev,
    /// FIRST's scores.
    Epss,
}

/// All of CISA's catalogue.
pub type KevListing = BTreeMap<CveId, KnownExploited>;

/// All of FIRST's scores. A sorted list takes a third of what a map would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EpssScores(Vec<(CveId, Epss)>);

/// A catalogue as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Catalogue {
    /// CISA's.
    Kev(KevListing),
    /// FIRST's.
    Epss(EpssScores),
}

/// Both catalogues. Copies share them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Threats {
    kev: Arc<KevListing>,
    epss: Arc<EpssScores>,
}

impl CatalogueKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Kev, Self::Epss];

    /// Its name in settings, logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Kev => "kev",
            Self::Epss => "epss",
        }
    }
}

impl EpssScores {
    /// The score of this vulnerability.
    pub fn get(&self, id: CveId) -> Option<Epss> {
        let at = self.0.binary_search_by_key(&id, |(known, _)| *known).ok()?;
        self.0.get(at).map(|(_, epss)| *epss)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &(CveId, Epss)> {
        self.0.iter()
    }
}

impl FromIterator<(CveId, Epss)> for EpssScores {
    /// Of what is there twice the first counts.
    fn from_iter<I: IntoIterator<Item = (CveId, Epss)>>(scores: I) -> Self {
        let mut scores: Vec<_> = scores.into_iter().collect();
        scores.sort_by_key(|(id, _)| *id);
        scores.dedup_by_key(|(id, _)| *id);
        scores.shrink_to_fit();
        Self(scores)
    }
}

impl Catalogue {
    /// Which one it is.
    pub fn kind(&self) -> CatalogueKind {
        match self {
            Self::Kev(_) => CatalogueKind::Kev,
            Self::Epss(_) => CatalogueKind::Epss,
        }
    }

    /// Of how many vulnerabilities it knows.
    pub fn len(&self) -> usize {
        match self {
            Self::Kev(listing) => listing.len(),
            Self::Epss(scores) => scores.0.len(),
        }
    }

    /// Whether it can only be a part of what had so many entries when it was last read from the same place. CISA's says
    /// itself how many there are. Scores do not, but there are more of them from day to day.
    pub fn is_part_of(&self, before: usize) -> bool {
        matches!(self, Self::Epss(_)) && self.len() * 2 < before
    }

    /// Whether it knows nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Threats {
    /// These, with this catalogue in place of the former one.
    pub fn with(&self, catalogue: Catalogue) -> Self {
        match catalogue {
            Catalogue::Kev(kev) => Self { kev: Arc::new(kev), ..self.clone() },
            Catalogue::Epss(epss) => Self { epss: Arc::new(epss), ..self.clone() },
        }
    }

    /// Of which kinds there is one.
    pub fn kinds(&self) -> Vec<CatalogueKind> {
        let is_there = |kind: &CatalogueKind| match kind {
            CatalogueKind::Kev => !self.kev.is_empty(),
            CatalogueKind::Epss => !self.epss.0.is_empty(),
        };
        CatalogueKind::ALL.into_iter().filter(is_there).collect()
    }

    /// What they say of the vulnerability of this name; nothing, if it is of another list than CVE.
    pub fn of(&self, vulnerability: &str) -> Threat {
        let Ok(id) = vulnerability.parse::<CveId>() else { return Threat::default() };
        Threat { known_exploited: self.kev.get(&id).copied(), epss: self.epss.get(id) }
    }
}

impl fmt::Display for CatalogueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kev => "the catalogue of known exploited vulnerabilities (KEV)",
            Self::Epss => "the EPSS scores",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threats_are_found_by_the_name_of_the_vulnerability() {
        let since = "2024-04-01".parse().unwrap();
        let listed = KnownExploited { since, due: None, ransomware: false };
        let epss = |score: &str| Epss { score: score.parse().unwrap(), percentile: "0.9".parse().unwrap() };
        let id = |text: &str| text.parse::<CveId>().unwrap();
        let scores = [("CVE-2024-3094", "0.8"), ("CVE-1999-0001", "0.1"), ("CVE-2024-3094", "0.2")];
        let scores = scores.map(|(name, score)| (id(name), epss(score))).into_iter().collect();
        let threats = Threats::default()
            .with(Catalogue::Kev([(id("CVE-2024-3094"), listed)].into()))
            .with(Catalogue::Epss(scores));
        assert_eq!(threats.kinds(), CatalogueKind::ALL);
        let both = Threat { known_exploited: Some(listed), epss: Some(epss("0.8")) };
        assert_eq!(threats.of("cve-2024-3094"), both);
        assert_eq!(threats.of("CVE-1999-0001").epss, Some(epss("0.1")));
        assert!(threats.of("CVE-2024-3095").is_unknown());
        assert!(threats.of("ALAS2-2024-2494").is_unknown());
    }
}
