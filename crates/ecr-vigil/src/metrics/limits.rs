//! How many series the images may have: every image under a tag is some ten of them, and a registry has many tags.

use vigil_core::{RegistryId, RepositoryName, Severity};

use super::gathered::ImageSeries;

/// The limits, as the settings have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Of each repository the images under its newest tags.
    pub newest_tags: usize,
    /// Findings of this severity and worse.
    pub least: Severity,
    /// Images under a tag, all together.
    pub images: usize,
}

impl Default for Limits {
    /// The companion exporter told of three tags, where it was limited at all; a scrape of 20,000 images is some 20 MB.
    fn default() -> Self {
        Self { newest_tags: 3, least: Severity::Undefined, images: 20_000 }
    }
}

/// What the limits leave, and how much they do not.
#[derive(Debug, PartialEq)]
pub struct Limited<'a> {
    /// What is told of.
    pub images: Vec<&'a ImageSeries>,
    /// Images left out since there are too many of them.
    pub over_cap: u64,
}

/// Applies the limits to images that stand together by repository, the newest first. With too many repositories the newest
/// image of each comes before the second of any: all of them are told of before one is told of in full.
pub fn limited<'a>(images: &'a [ImageSeries], limits: &Limits) -> Limited<'a> {
    let mut ranked: Vec<(usize, &ImageSeries)> = Vec::with_capacity(images.len());
    let mut place: Option<(&RegistryId, &RepositoryName)> = None;
    let mut rank = 0;
    for image in images {
        let here = Some((&image.registry, &image.repository));
        rank = if place == here { rank + 1 } else { 0 };
        place = here;
        ranked.push((rank, image));
    }
    ranked.retain(|(rank, _)| *rank < limits.newest_tags);
    let over_cap = ranked.len().saturating_sub(limits.images);
    if over_cap > 0 {
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.truncate(limits.images);
    }
    let images = ranked.into_iter().map(|(_, image)| image).collect();
    Limited { images, over_cap: over_cap as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::image_series;

    #[track_caller]
    fn check(newest_tags: usize, images: usize, expected: &[&str], dropped: u64) {
        let all = ["app:v3", "app:v2", "app:v1", "web:v2", "web:v1"].map(image_series);
        let limited = limited(&all, &Limits { newest_tags, images, ..Limits::default() });
        let told: Vec<String> =
            limited.images.iter().map(|image| format!("{}:{}", image.repository, image.tag)).collect();
        assert_eq!(told, expected);
        assert_eq!(limited.over_cap, dropped);
    }

    #[test]
    fn every_repository_is_told_of_before_one_is_told_of_in_full() {
        check(9, 9, &["app:v3", "app:v2", "app:v1", "web:v2", "web:v1"], 0);
        check(2, 9, &["app:v3", "app:v2", "web:v2", "web:v1"], 0);
        check(9, 3, &["app:v3", "web:v2", "app:v2"], 2);
        check(2, 2, &["app:v3", "web:v2"], 2);
        check(0, 9, &[], 0);
    }
}
