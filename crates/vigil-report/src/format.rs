//! The formats by their names.

use std::fmt;
use std::str::FromStr;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A block for each image with its findings in detail.
    Text,
    /// A few lines for each image: how many findings of which severity.
    Summary,
    /// For programs; `docs/report-json.md` says what is in it.
    Json,
    /// A line for each image, for people.
    Table,
    /// For a comment of a pull request: the worst images, with their findings folded.
    Markdown,
    /// One page for a browser, with everything in it.
    Html,
    /// For spreadsheets: a row for each image and each finding.
    Csv,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit's XML: a case for each image, for pipelines.
    JUnit,
    /// OpenVEX 0.2.0: a statement for each finding.
    OpenVex,
    /// CycloneDX 1.6 in JSON: images as components, findings as vulnerabilities.
    CycloneDx,
    /// An Atom feed: an entry for each finding.
    Atom,
}

/// A text that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no report format")]
pub struct UnknownFormat(String);

impl Format {
    /// All formats.
    pub const ALL: [Self; 12] = [
        Self::Text,
        Self::Summary,
        Self::Json,
        Self::Table,
        Self::Markdown,
        Self::Html,
        Self::Csv,
        Self::Sarif,
        Self::JUnit,
        Self::OpenVex,
        Self::CycloneDx,
        Self::Atom,
    ];

    /// The name that people give it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Summary => "summary",
            Self::Json => "json",
            Self::Table => "table",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Sarif => "sarif",
            Self::JUnit => "junit",
            Self::OpenVex => "openvex",
            Self::CycloneDx => "cyclonedx",
            Self::Atom => "atom",
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_read_back_from_its_name() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!("yaml".parse::<Format>().unwrap_err().to_string(), "`yaml` is no report format");
    }
}
