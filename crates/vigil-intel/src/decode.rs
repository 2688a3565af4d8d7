//! From bytes to a catalogue: uncompressed where it is compressed, and never more of it than a catalogue can be.

use std::io::{BufRead, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;
use vigil_core::threat::{Catalogue, CatalogueKind};

use crate::{epss, kev};

/// Ten times what the larger of them has in 2026: memory stays bounded whatever a source sends.
const LARGEST: u64 = 128 << 20;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The catalogue that these bytes are.
pub(crate) fn decode(kind: CatalogueKind, bytes: Vec<u8>) -> Result<Catalogue, String> {
    let start = bytes.get(..2).unwrap_or_default() == GZIP;
    let read: Box<dyn Read> =
        if start { Box::new(MultiGzDecoder::new(Cursor::new(bytes))) } else { Box::new(Cursor::new(bytes)) };
    let mut text = BufReader::new(Bounded { inner: read, left: LARGEST });
    let begins_with = beginning(&mut text).map_err(|error| said(kind, &error.to_string()))?;
    if begins_with.starts_with('<') {
        return Err(said(kind, "it is a web page"));
    }
    let catalogue = match kind {
        CatalogueKind::Kev => kev::read(&mut text).map(Catalogue::Kev),
        CatalogueKind::Epss => epss::read(&mut text).map(Catalogue::Epss),
    };
    let catalogue = catalogue.map_err(|problem| said(kind, &problem))?;
    if catalogue.is_empty() { Err(said(kind, "it holds nothing")) } else { Ok(catalogue) }
}

/// What some editors put in front of a text.
const UTF_8: &[u8] = "\u{feff}".as_bytes();

/// What it begins with, white space left out. The mark of UTF-8 is taken away.
fn beginning(text: &mut impl BufRead) -> std::io::Result<String> {
    if text.fill_buf()?.starts_with(UTF_8) {
        text.consume(UTF_8.len());
    }
    let start = text.fill_buf()?;
    let start = String::from_utf8_lossy(&start[..start.len().min(64)]).into_owned();
    Ok(start.trim_start().to_owned())
}

fn said(kind: CatalogueKind, problem: &str) -> String {
    let expected = match kind {
        CatalogueKind::Kev => "CISA's JSON, plain or compressed by gzip",
        CatalogueKind::Epss => "FIRST's CSV (cve,epss,percentile), plain or compressed by gzip",
    };
    format!("{problem}; expected {expected}")
}

/// Ends with an error where more comes than can be meant.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| std::io::Error::other(format!("it is larger than {} MiB", LARGEST >> 20)))?;
        Ok(count)
    }
}
