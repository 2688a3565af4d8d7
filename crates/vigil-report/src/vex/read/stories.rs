//! What is read back from VEX: our own reports, those of others, and what cannot be understood.

use serde_json::json;
use vigil_core::evaluate::evaluate;
use vigil_core::policy::{Exception, Exceptions, Gate};
use vigil_core::testing::{finding, image, now, scan};
use vigil_core::{Decision, Due, Ending, Evaluation, Finding, Package, Severity};

use super::{ReadVex, accepted_by_vex, read_vex};
use crate::stories::{decided, ended, judged, record, told_of};
use crate::{Closing, Format, PassKind};

/// What one document accepts by itself.
fn read_alone(document: &str) -> ReadVex {
    accepted_by_vex(&[("a.json".to_owned(), read_vex(document.as_bytes()).unwrap())])
}

fn in_manager(manager: &str, finding: Finding) -> Finding {
    let package = finding.package.map(|package| Package { manager: Some(manager.into()), ..package });
    Finding { package, ..finding }
}

/// Findings of an image by who accepts them: the vulnerability, the package and the reason.
fn accepted(findings: &[Finding], exceptions: Vec<Exception>) -> (Evaluation, Vec<String>) {
    let gate = Gate { detail: Severity::Undefined, ..Gate::default() };
    let app = image(1, &["v1"], 1);
    let scan = scan("COMPLETE", Some(now()), findings);
    let exceptions = Exceptions::new(exceptions);
    let evaluation = evaluate(&"team/app".parse().unwrap(), &app, scan, &gate, &exceptions, now());
    let line = |accepted: &vigil_core::Accepted| {
        let package = accepted.finding.package.as_ref().map_or("-", |package| &*package.name);
        format!("{} in {package}: {}", accepted.finding.id, accepted.reason)
    };
    let lines = evaluation.accepted.iter().map(line).collect();
    (evaluation, lines)
}

#[test]
fn what_our_own_reports_say_is_accepted_reads_back_as_the_same() {
    let findings = [
        finding("CVE-1", "HIGH", "libstdc++6"),
        finding("CVE-1", "HIGH", "zlib"),
        in_manager("PYTHONPKG", finding("CVE-2", "LOW", "Typing_Extensions")),
        in_manager("JAR", finding("CVE-3", "CRITICAL", "org.apache:log4j")),
        in_manager("NODEPKG", finding("CVE-4", "LOW", "@babel/core")),
    ];
    let accept = |id: &str, package: &str| Exception {
        package: Some(package.to_owned()),
        ..Exception::of(id, format!("{package} is not reachable: \"never\" called"))
    };
    let exceptions = vec![
        accept("CVE-1", "libstdc++6"),
        accept("CVE-2", "Typing_Extensions"),
        accept("CVE-3", "org.apache:log4j"),
        accept("CVE-4", "@babel/core"),
    ];
    let (evaluation, before) = accepted(&findings, exceptions);
    assert_eq!(before.len(), 4);
    let entries = vec![
        decided(image(1, &["v1"], 1), Decision::Scan(Due::NeverScanned)),
        judged(1, evaluation),
        ended(1, Ending::Scanned),
    ];
    for format in [Format::OpenVex, Format::CycloneDx] {
        let records = vec![record("eu-west-1", "team/app", entries.clone())];
        let document = told_of(format, PassKind::Scan, records, Closing::default());
        let ReadVex { exceptions, warnings } = read_alone(&document);
        assert_eq!(warnings, [""; 0]);
        assert!(exceptions.iter().all(|exception| exception.digest.is_some()), "each in one image");
        assert_eq!(accepted(&findings, exceptions).1, before, "{format:?}");
    }
}

/// Statements as `TIME STATUS VULNERABILITY PRODUCT [PACKAGE]`; what is accepted in the end, as `VULNERABILITY PACKAGE: why`.
#[track_caller]
fn check(statements: &[&str], expected: &[&str], warnings: usize) {
    let statement = |line: &&str| {
        let words: Vec<&str> = line.split(' ').collect();
        let parts: Vec<_> = words.get(4).map(|purl| json!({"@id": purl})).into_iter().collect();
        json!({
            "vulnerability": {"name": words[2], "aliases": [format!("GHSA-of-{}", words[2])]},
            "timestamp": format!("2026-11-{}T00:00:00Z", words[0]), "status": words[1],
            "justification": "vulnerable_code_not_present",
            "products": [{"@id": words[3], "subcomponents": parts}],
        })
    };
    let statements: Vec<_> = statements.iter().map(statement).collect();
    let document = json!({"@context": "https://openvex.dev/ns/v0.2.0", "statements": statements});
    let read = read_alone(&document.to_string());
    let line =
        |one: &Exception| format!("{} {}: {}", one.id, one.package.as_deref().unwrap_or("*"), one.reason);
    let told: Vec<String> = read.exceptions.iter().map(line).filter(|line| line.starts_with("CVE")).collect();
    assert_eq!(told, expected);
    assert_eq!(read.exceptions.len(), 2 * expected.len(), "and each by its other name");
    assert_eq!(read.warnings.len(), warnings, "{:?}", read.warnings);
}

const APP: &str = "pkg:oci/app?repository_url=123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app&tag=v1";

#[test]
fn the_last_statement_counts_and_what_is_no_image_of_ecr_is_told() {
    let why = "vulnerable code not present";
    check(&[&format!("01 not_affected CVE-1 {APP}")], &[&format!("CVE-1 *: {why}")], 0);
    check(&[&format!("01 fixed CVE-1 {APP} pkg:deb/debian/zlib1g")], &[&format!("CVE-1 zlib1g: {why}")], 0);
    check(&[&format!("01 affected CVE-1 {APP}"), &format!("02 under_investigation CVE-2 {APP}")], &[], 0);
    let [yes, no] = [format!("01 not_affected CVE-1 {APP}"), format!("02 affected CVE-1 {APP}")];
    check(&[&yes, &no], &[], 0);
    check(&[&no, &yes], &[], 0);
    let again = format!("03 not_affected CVE-1 {APP}");
    check(&[&again, &yes, &no], &[&format!("CVE-1 *: {why}")], 0);
    let [zlib, tar] = ["01 not_affected zlib", "02 affected tar"].map(|line| {
        let (said, package) = line.rsplit_once(' ').unwrap();
        format!("{said} CVE-1 {APP} pkg:deb/debian/{package}")
    });
    check(&[&zlib, &tar], &[&format!("CVE-1 zlib: {why}")], 0);
    check(&["01 not_affected CVE-1 pkg:oci/app", "01 not_affected CVE-2 pkg:apk/alpine/git@1"], &[], 2);
}

#[test]
fn what_an_exception_cannot_say_as_narrowly_is_not_accepted_and_is_told() {
    let repository = APP.replace("&tag=v1", "");
    let at = |version: &str| repository.replace("pkg:oci/app", &format!("pkg:oci/app@{version}"));
    let refused = |product: &str| {
        check(&[&format!("01 not_affected CVE-1 {product}")], &[], 1);
        // And yet it takes back whatever it may mean.
        let [yes, no] = [format!("01 fixed CVE-1 {APP}"), format!("02 affected CVE-1 {product}")];
        let is_in_part = product.contains("openssl");
        check(&[&yes, &no], &[], usize::from(is_in_part));
    };
    refused(&at("v1.2"));
    refused(&at("sha512:00"));
    refused(&at(&format!("sha256:{}", "A".repeat(64))));
    refused(&format!("{APP}&arch=arm64"));
    refused(&format!("{APP} pkg:deb/debian/openssl@3.0.9"));
    refused(&format!("{APP} pkg:deb"));
    let image = at(&format!("sha256:{}", "a".repeat(64)));
    let why = "vulnerable code not present";
    let of_one = format!("01 fixed CVE-1 {image}&arch=arm64 pkg:deb/debian/openssl@3.0.9");
    check(&[&of_one], &[&format!("CVE-1 openssl: {why}")], 0);
}

#[test]
fn what_is_said_later_of_a_part_or_of_the_whole_takes_back_what_it_overlaps() {
    let repository = APP.replace("&tag=v1", "");
    let image = repository.replace("pkg:oci/app", &format!("pkg:oci/app@sha256:{}", "a".repeat(64)));
    let other = APP.replace("v1", "v2");
    let said = |day: &str, what: &str, product: &str| format!("{day} {what} CVE-1 {product}");
    let why = "CVE-1 *: vulnerable code not present";
    let both = |earlier: &str, later: &str, expected: &[&str], warnings| {
        check(&[&said("01", "not_affected", earlier), &said("02", "affected", later)], expected, warnings);
    };
    both(&repository, &image, &[], 1);
    both(&image, &repository, &[], 0);
    both(&repository, APP, &[], 1);
    both(APP, &image, &[], 1);
    both(APP, &other, &[why], 0);
    both(&format!("{APP} Typing_Extensions"), &format!("{repository} typing-extensions"), &[], 0);
    both(APP, &format!("{APP} openssl"), &[], 1);
}

/// Documents as `NAME: STATUS VULNERABILITY [ALIAS] …` of the same image, each made on the day of its name; what is accepted.
#[track_caller]
fn together(documents: &[(&str, &[&str])], expected: &[&str]) {
    let document = |(day, lines): &(&str, &[&str])| {
        let statement = |line: &&str| {
            let words: Vec<&str> = line.split(' ').collect();
            json!({"vulnerability": {"name": words[1], "aliases": words[2..]}, "status": words[0], "products": [{"@id": APP}]})
        };
        let statements: Vec<_> = lines.iter().map(statement).collect();
        let time = (*day != "undated").then(|| format!("2026-11-{day}T00:00:00Z"));
        let document = json!({
            "@context": "https://openvex.dev/ns/v0.2.0", "timestamp": time, "statements": statements,
        });
        ((*day).to_owned(), read_vex(document.to_string().as_bytes()).unwrap())
    };
    let documents: Vec<_> = documents.iter().map(document).collect();
    let ReadVex { exceptions, warnings } = accepted_by_vex(&documents);
    let told: Vec<&str> = exceptions.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(told, expected);
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn all_documents_are_weighed_together_and_a_vulnerability_is_one_by_whichever_name() {
    together(&[("01", &["fixed CVE-1"]), ("02", &["fixed CVE-2"])], &["CVE-1", "CVE-2"]);
    together(&[("01", &["fixed CVE-1 GHSA-1"]), ("02", &["affected GHSA-1"])], &[]);
    together(&[("01", &["fixed CVE-1"]), ("02", &["affected GHSA-1 CVE-1"])], &[]);
    together(
        &[("01", &["fixed CVE-1"]), ("02", &["fixed CVE-2"]), ("03", &["affected ghsa-1"])],
        &["CVE-1", "CVE-2"],
    );
    together(&[("01", &["fixed CVE-1", "affected GO-1 CVE-1 GHSA-1"]), ("03", &["affected GHSA-1"])], &[]);
    together(&[("02", &["affected CVE-1"]), ("01", &["fixed CVE-1"])], &[]);
    together(&[("02", &["fixed CVE-1"]), ("01", &["affected CVE-1"])], &["CVE-1"]);
    together(&[("undated", &["affected CVE-1"]), ("01", &["fixed CVE-1 GHSA-1", "fixed CVE-2"])], &["CVE-2"]);
    together(&[("undated", &["affected CVE-1", "fixed CVE-1"])], &["CVE-1"]);
    together(&[("undated", &["fixed CVE-1"]), ("01", &["affected CVE-1"])], &[]);
}

#[test]
fn a_cyclonedx_analysis_is_of_an_image_or_of_a_package_in_the_image_that_the_document_is_about() {
    let one = |id: &str, state: &str, reference: &str| json!({"id": id, "analysis": {"state": state, "justification": "code_not_reachable"}, "affects": [{"ref": reference}]});
    let document = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5",
        "metadata": {"component": {"type": "container", "bom-ref": "app", "name": "app", "purl": APP}},
        "components": [{"type": "library", "bom-ref": "one", "name": "openssl", "version": "3"}, {"type": "library", "bom-ref": "z", "name": "zlib1g", "purl": "pkg:deb/debian/zlib1g"}],
        "vulnerabilities": [
            one("CVE-1", "not_affected", "app"), one("CVE-2", "false_positive", "z"),
            one("CVE-3", "exploitable", "app"), one("CVE-4", "resolved", "urn:cdx:1/1#app"),
            one("CVE-5", "resolved", "nobody"), one("CVE-7", "resolved", "one"), {"id": "CVE-6", "affects": [{"ref": "app"}]}
        ],
    });
    let read = read_alone(&document.to_string());
    let line = |one: &Exception| format!("{} {}", one.id, one.package.as_deref().unwrap_or("*"));
    let told: Vec<String> = read.exceptions.iter().map(line).collect();
    assert_eq!(told, ["CVE-1 *", "CVE-2 zlib1g", "CVE-4 *"]);
    assert!(read.exceptions.iter().all(|one| one.reason == "code not reachable"));
    assert_eq!(read.warnings.len(), 2);
    assert!(read.warnings[1].contains("CVE-7 in `one` is not accepted: `3` is of one version"));
    assert!(
        read.warnings[0].starts_with("`a.json`: vulnerabilities[4]") && read.warnings[0].contains("CVE-5")
    );
}

#[test]
fn what_cannot_be_understood_is_named_with_its_place() {
    let check = |document: &str, expected: &str| {
        let error = read_vex(document.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let vex = |statement: &str| {
        format!(r#"{{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{statement}]}}"#)
    };
    check("nothing", "not JSON");
    check("{}", "neither OpenVEX");
    check(
        r#"{"bomFormat":"CycloneDX","specVersion":"1.2"}"#,
        "`specVersion` is `1.2`: expected 1.4, 1.5 or 1.6",
    );
    check(r#"{"@context":"https://openvex.dev/ns/v9"}"#, "expected https://openvex.dev/ns/v0.2.0");
    check(&vex(r#"{"status":"fixed"}"#), "statements[0].vulnerability.name: it is missing");
    check(
        &vex(r#"{"vulnerability":{"name":"CVE-1"},"status":"fine"}"#),
        "statements[0].status: it is `fine`: expected",
    );
    check(
        &vex(r#"{"vulnerability":{"name":"CVE-1"},"status":"fixed"}"#),
        "statements[0].products: it is empty",
    );
    check(&vex(r#"{"vulnerability":{"name":"CVE-1"},"timestamp":"soon"}"#), "`soon` is no time");
}
