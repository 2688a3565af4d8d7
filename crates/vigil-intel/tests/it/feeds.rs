//! What is read as a catalogue, and what is refused.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use vigil_core::port::{Catalogues, Mark, NotRead, Reading};
use vigil_core::threat::{Catalogue, CatalogueKind, Threats};
use vigil_intel::Feeds;

use crate::server::{Answer, Server};

const KEV: &str = r#"{"title": "KEV", "catalogVersion": "2025.08.25", "count": 2, "vulnerabilities": [
    {"cveID": "CVE-2021-44228", "vendorProject": "Apache", "dateAdded": "2021-12-10", "dueDate": "2021-12-24",
     "knownRansomwareCampaignUse": "Known", "cwes": ["CWE-20"]},
    {"cveID": "CVE-2025-48384", "dateAdded": "2025-08-25", "knownRansomwareCampaignUse": "Unknown"}]}"#;

const EPSS: &str = "#model_version:v2025.03.14,score_date:2026-11-21T12:55:00Z\ncve,epss,percentile\n\
    CVE-1999-0001,0.0114,0.77638\nCVE-2021-44228,0.94358,0.9996\r\n";

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn feeds(source: &str) -> Feeds {
    let source = || source.parse().ok();
    Feeds::new(source(), source()).unwrap()
}

async fn read(kind: CatalogueKind, answer: Answer) -> Result<Reading, NotRead> {
    let server = Server::new(vec![answer]).await;
    feeds(&server.url).read(kind, None).await
}

fn ok(body: impl Into<Vec<u8>>) -> Answer {
    Answer { status: "200 OK", body: body.into(), ..Answer::default() }
}

fn catalogue(reading: Result<Reading, NotRead>) -> Catalogue {
    match reading.unwrap() {
        Reading::Read(catalogue, _) => catalogue,
        Reading::Same => panic!("nothing was known before"),
    }
}

/// The answer is refused, with this in the reason; and so is the same in a file, if it came whole.
#[track_caller]
fn refused(kind: CatalogueKind, answer: Answer, expected: &str) -> impl Future<Output = ()> {
    let expected = expected.to_owned();
    async move {
        if answer.status == "200 OK" && answer.stops_at.is_none() {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&answer.body).unwrap();
            let told = feeds(file.path().to_str().unwrap()).read(kind, None).await.unwrap_err().to_string();
            assert!(told.contains(&expected), "{told}");
        }
        let told = read(kind, answer).await.unwrap_err().to_string();
        assert!(told.contains(&expected) && told.contains("cannot be read from http://127.0.0.1"), "{told}");
    }
}

#[tokio::test]
async fn both_catalogues_are_read_plain_and_compressed() {
    use CatalogueKind::{Epss, Kev};
    let marked = |text: &str| format!("\u{feff}{text}");
    let (plain, packed) = ((KEV.as_bytes().to_vec(), EPSS.as_bytes().to_vec()), (gz(KEV), gz(EPSS)));
    let edited = (marked(KEV).into_bytes(), gz(&marked(EPSS)));
    for (kev, epss) in [plain, packed, edited] {
        let (kev, epss) = (catalogue(read(Kev, ok(kev)).await), catalogue(read(Epss, ok(epss)).await));
        assert_eq!((kev.len(), epss.len()), (2, 2));
        let threats = Threats::default().with(kev).with(epss);
        let log4j = threats.of("CVE-2021-44228");
        let listed = log4j.known_exploited.unwrap();
        assert_eq!((listed.since.to_string(), listed.ransomware), ("2021-12-10".to_owned(), true));
        assert_eq!(log4j.epss.unwrap().score.to_string(), "0.94358");
        assert!(!threats.of("CVE-2025-48384").known_exploited.unwrap().ransomware);
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let not_modified = Answer { status: "304 Not Modified", ..Answer::default() };
    let tagged =
        Answer { headers: "etag: \"abc\"\r\nlast-modified: Sat, 21 Nov 2026 00:00:00 GMT\r\n", ..ok(KEV) };
    let dated = Answer { headers: "last-modified: Sat, 21 Nov 2026 00:00:00 GMT\r\n", ..ok(KEV) };
    let server = Server::new(vec![tagged, not_modified.clone(), dated, not_modified]).await;
    let feeds = feeds(&server.url);
    for _ in 0..2 {
        let Reading::Read(_, mark) = feeds.read(CatalogueKind::Kev, None).await.unwrap() else { panic!() };
        let mark: Mark = mark.unwrap();
        assert_eq!(feeds.read(CatalogueKind::Kev, Some(&mark)).await, Ok(Reading::Same));
    }
    let asked = server.asked();
    assert!(!asked[0].contains("if-") && asked[1].contains("if-none-match: \"abc\"\r\n"), "{asked:?}");
    assert!(asked[3].contains("if-modified-since: sat, 21 nov 2026 00:00:00 gmt\r\n"), "{asked:?}");
}

#[tokio::test]
async fn whatever_is_no_whole_catalogue_is_refused_with_what_would_be_right() {
    use CatalogueKind::{Epss, Kev};
    let page = || ok("\n<!DOCTYPE html><html>maintenance</html>");
    refused(Kev, page(), "it is a web page; expected CISA's JSON").await;
    refused(Epss, page(), "it is a web page; expected FIRST's CSV (cve,epss,percentile)").await;
    let failed = Answer { status: "500 Internal Server Error", ..ok(KEV) };
    refused(Kev, failed, "the answer is 500 Internal Server Error").await;
    refused(Kev, ok(""), "it is not the catalogue: EOF").await;
    refused(Epss, ok(""), "it holds nothing").await;
    refused(Kev, ok(r#"{"count": 0, "vulnerabilities": []}"#), "it holds nothing").await;
    refused(Kev, ok(r#"{"count": 3, "vulnerabilities": []}"#), "it says that it has 3 entries, and has 0")
        .await;
    refused(Kev, ok(&KEV[..300]), "it is not the catalogue").await;
    refused(Kev, ok(KEV.replace("2021-12-10", "soon")), "`soon` of CVE-2021-44228 is not a date").await;
    refused(Epss, ok("cve,epss,percentile\n"), "it holds nothing").await;
    refused(Epss, ok(KEV), "line 1 is not the heading cve,epss,percentile").await;
    refused(Epss, ok(EPSS.replace("0.0114", "1.14")), "line 3: `1.14` is not a number from 0 to 1").await;
    refused(Epss, ok(EPSS.replace(",0.77638", "")), "line 3: it does not have three cells").await;
    refused(Epss, ok("x".repeat(5000)), "a line is longer than 1000 bytes").await;
    let whole = gz(EPSS);
    refused(Epss, ok(&whole[..whole.len() - 9]), "expected FIRST's CSV").await;
    refused(Epss, ok(vec![b'\n'; (32 << 20) + 1]), "it is larger than 32 MiB").await;
    // A few bytes that would fill the memory.
    let bomb = gz(&format!("#{}\n", "0".repeat(900)).repeat(150_000));
    refused(Epss, ok(bomb), "it is larger than 128 MiB").await;
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let answer = Answer { stops_at: Some(100), ..ok(KEV) };
    let server = Server::new(vec![answer]).await;
    let feeds = feeds(&server.url);
    tokio::time::pause();
    let told = feeds.read(CatalogueKind::Kev, None).await.unwrap_err().to_string();
    assert!(told.ends_with("no answer in time"), "{told}");
}

#[tokio::test]
async fn a_file_or_a_server_that_is_not_there_is_named() {
    let told = feeds("/nowhere/kev.json").read(CatalogueKind::Kev, None).await.unwrap_err().to_string();
    assert!(told.contains("(KEV) cannot be read from /nowhere/kev.json: No such file"), "{told}");
    let closed =
        format!("http://{}/kev", std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let told = feeds(&closed).read(CatalogueKind::Epss, None).await.unwrap_err().to_string();
    assert!(told.contains(&format!("the EPSS scores cannot be read from {closed}: ")), "{told}");
}
