//! The two text formats that Prometheus reads, and which of them a request prefers.

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus's own, version 0.0.4: what is sent unless something else is asked for.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The format that an `Accept` header prefers. Where it wants neither, it gets the older one, as every exporter does.
    pub fn preferred(accept: Option<&str>) -> Self {
        let best = |media_type: &str| {
            let offers = accept.unwrap_or_default().split(',').filter_map(Offer::parse);
            offers.filter(|offer| offer.media_type == media_type).map(|offer| offer.quality).max()
        };
        let open_metrics = best("application/openmetrics-text");
        // A quality of nothing is a refusal, and at the same quality the newer format is preferred.
        match open_metrics.filter(|quality| *quality > 0) {
            Some(quality) if quality >= best("text/plain").unwrap_or(0) => Self::OpenMetrics,
            _ => Self::Text,
        }
    }

    /// The `Content-Type` of an answer in this format.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

struct Offer<'a> {
    media_type: &'a str,
    /// In thousandths.
    quality: u32,
}

impl<'a> Offer<'a> {
    /// Reads one offer; `None` for a version of OpenMetrics that is not ours.
    fn parse(offer: &'a str) -> Option<Self> {
        let mut parts = offer.split(';').map(str::trim);
        let media_type = parts.next()?;
        let mut quality = 1000;
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim() {
                "q" => quality = (value.trim().parse::<f32>().ok()?.clamp(0.0, 1.0) * 1000.0) as u32,
                "version" if media_type == "application/openmetrics-text" => {
                    ["1.0.0", "0.0.1"].contains(&value.trim()).then_some(())?;
                }
                _ => {}
            }
        }
        Some(Self { media_type, quality })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: Format) {
        assert_eq!(Format::preferred(Some(accept)), expected, "{accept}");
    }

    #[test]
    fn a_scraper_gets_what_it_prefers() {
        assert_eq!(Format::preferred(None), Format::Text);
        check("*/*", Format::Text);
        check("text/html, application/json", Format::Text);
        check("application/openmetrics-text", Format::OpenMetrics);
        check("application/openmetrics-text; version=1.0.0, text/plain; version=0.0.4", Format::OpenMetrics);
        check("application/openmetrics-text;version=2.0.0,text/plain;q=0.5", Format::Text);
        check("application/openmetrics-text;q=0.1,text/plain;q=0.5", Format::Text);
        check("application/openmetrics-text;q=0", Format::Text);
        // What Prometheus 2.42 sends.
        check(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            Format::OpenMetrics,
        );
    }
}
