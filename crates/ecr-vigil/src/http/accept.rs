//! Which form of an answer the asker wants, as RFC 9110 weighs it (section 12.5.1).

use axum::http::{HeaderMap, header};

use super::problem::{Problem, ProblemKind};

/// One range of the `Accept` header.
struct Range<'a> {
    kind: &'a str,
    part: &'a str,
    /// Thousandths.
    quality: u32,
}

/// The first of these media types that the asker likes best. Whoever does not say what is acceptable takes anything.
///
/// # Errors
///
/// If nothing fits.
pub(super) fn choose<'a>(headers: &HeaderMap, offers: &[&'a str]) -> Result<&'a str, Problem> {
    let said: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let said = said.join(",");
    let ranges: Vec<Range<'_>> = said.split(',').filter_map(Range::parse).collect();
    if ranges.is_empty() {
        return offers.first().copied().ok_or_else(|| not_acceptable(offers));
    }
    let quality = |offer: &str| {
        let fitting = ranges.iter().filter_map(|range| Some((range.fits(offer)?, range.quality)));
        // The most specific range decides, not the kindest.
        fitting.max().map_or(0, |(_, quality)| quality)
    };
    let best = offers.iter().rev().max_by_key(|offer| quality(offer));
    best.copied().filter(|offer| quality(offer) > 0).ok_or_else(|| not_acceptable(offers))
}

fn not_acceptable(offers: &[&str]) -> Problem {
    Problem::new(ProblemKind::NotAcceptable, format!("this is given as {}", offers.join(" or ")))
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, part) = parts.next()?.split_once('/')?;
        let weight =
            parts.find_map(|parameter| parameter.strip_prefix("q=").or(parameter.strip_prefix("Q=")));
        let quality = weight.map_or(1.0, |weight| weight.parse::<f64>().unwrap_or(0.0)).clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
        Some(Self { kind, part, quality: (quality * 1000.0) as u32 })
    }

    /// How specifically it speaks of this media type.
    fn fits(&self, offer: &str) -> Option<u8> {
        let (kind, part) = offer.split(';').next()?.split_once('/')?;
        match (self.kind, self.part) {
            ("*", "*") => Some(0),
            (same, "*") if same.eq_ignore_ascii_case(kind) => Some(1),
            (same, also) if same.eq_ignore_ascii_case(kind) && also.eq_ignore_ascii_case(part) => Some(2),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: Option<&str>) {
        let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
        let chosen = choose(&headers, &["text/plain; charset=utf-8", "application/json"]).ok();
        assert_eq!(chosen.and_then(|chosen| chosen.split(';').next()), expected, "{accept}");
    }

    #[test]
    fn the_best_weighed_form_is_chosen() {
        check("*/*", Some("text/plain"));
        check("", Some("text/plain"));
        check("application/json", Some("application/json"));
        check("Application/JSON", Some("application/json"));
        check("text/*;q=0.5, application/*", Some("application/json"));
        check("text/html,application/xhtml+xml,*/*;q=0.8", Some("text/plain"));
        check("text/plain;q=0, */*", Some("application/json"));
        check("application/json;q=0.1, text/plain; charset=utf-8; q=0.05", Some("application/json"));
    }

    #[test]
    fn where_nothing_fits_nothing_is_forced_on_anybody() {
        check("image/png", None);
        check("text/plain;q=0, application/json;q=0", None);
        check("*/*;q=0", None);
    }
}
