//! What a manifest does not say about a generated image: tags, size, times, and the scan before the start.

use jiff::SignedDuration;

use super::generated::GeneratedRepository;
use super::image::{Image, PastScan};
use super::manifest::Blueprint;
use super::slots::{self, Role};
use crate::clock::Moment;
use crate::noise::Noise;

/// A day in milliseconds.
pub(super) const DAY: i64 = 24 * 60 * 60 * 1000;

impl GeneratedRepository<'_> {
    pub(super) fn tags(&self, index: u32, role: Role, blueprint: &Blueprint) -> Vec<String> {
        let suffix = match role {
            Role::Signature(_) => "sig",
            Role::CosignAttestation(_) => "att",
            Role::Plain | Role::Index(_) => return self.release_tags(index),
            Role::Chart => return vec![version(index).trim_start_matches('v').to_owned()],
            _ => return Vec::new(),
        };
        blueprint.subject.iter().map(|subject| format!("sha256-{}.{suffix}", subject.hex())).collect()
    }

    /// Version, branch or commit, as pipelines tag; unique in the repository because each is made of the index.
    fn release_tags(&self, index: u32) -> Vec<String> {
        let commit = || {
            // An odd factor permutes the 28 bits of a short commit id.
            let salt = self.noise.word("commit").value();
            format!("{:07x}", (u64::from(index).wrapping_mul(0x9e3_779b).wrapping_add(salt)) & 0xfff_ffff)
        };
        let mut tags = match self.noise.word("tags").with(u64::from(index)).below(10) {
            0..5 => vec![version(index)],
            5..7 => vec![format!("main-{}", commit())],
            7..9 => vec![commit()],
            _ => vec![version(index), commit()],
        };
        if index + 1 == self.active {
            tags.push("latest".to_owned());
        }
        tags
    }

    pub(super) fn size(&self, index: u32, role: Role) -> u64 {
        match role {
            Role::Attestation(_) | Role::Signature(_) | Role::CosignAttestation(_) | Role::Referrer(_) => {
                900 + self.noise.word("size").with(u64::from(index)).below(60_000)
            }
            Role::Chart => 4_000 + self.noise.word("size").with(u64::from(index)).below(90_000),
            // ECR says the largest of the children for an index.
            Role::Index(places) => {
                let sizes = places.iter().map(|place| slots::neighbour(index, *place));
                sizes.map(|at| self.size(at, self.role(at))).max().unwrap_or(0)
            }
            _ => {
                let typical = 20_000_000 + self.noise.word("size").below(400_000_000);
                typical + self.noise.word("size").with(u64::from(index)).below(typical / 20)
            }
        }
    }

    /// Older images first, the newest within a day before the start.
    pub(super) fn pushed_at(&self, index: u32) -> Moment {
        let span = (30 + self.noise.word("span").below(700)) * DAY as u64;
        let newest = self.noise.word("newest").below(DAY as u64);
        // Archived images come after the active ones in number, yet were pushed long ago.
        let rank = if index < self.active { self.active - 1 - index } else { self.active };
        let age = newest + span / u64::from(self.active.max(1)) * u64::from(rank);
        Moment::from_millis(self.of.start.millis() - millis(age))
    }

    pub(super) fn pulled_at(&self, own: Noise, pushed_at: Moment) -> Option<Moment> {
        let since = u64::try_from(self.of.start.millis() - pushed_at.millis()).unwrap_or(0);
        let noise = own.word("pull");
        noise
            .percent(75)
            .then(|| Moment::from_millis(pushed_at.millis() + millis(noise.with(1).below(since))))
    }

    pub(super) fn past_scan(&self, own: Noise, image: &Image) -> Option<PastScan> {
        let profile = &self.of.profile;
        let noise = own.word("scanned");
        if !image.kind.has_operating_system() || image.archived_at.is_some() {
            return None;
        }
        let hours_ago = profile.scanned_hours_ago_percent;
        let ago = if noise.percent(hours_ago) {
            noise.with(1).below(DAY as u64)
        } else if noise.percent(hours_ago.saturating_add(profile.scanned_days_ago_percent)) {
            DAY as u64 + noise.with(1).below(39 * DAY as u64)
        } else {
            return None;
        };
        let at = self.of.start.millis() - millis(ago);
        let completed_at = Moment::from_millis(at).max(image.pushed_at + SignedDuration::from_secs(90));
        (completed_at <= self.of.start).then_some(PastScan { completed_at })
    }
}

/// The version that follows from the number of releases before.
fn version(index: u32) -> String {
    format!("v{}.{}.{}", 1 + index / 400, index / 10 % 40, index % 10)
}

pub(super) fn millis(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}
