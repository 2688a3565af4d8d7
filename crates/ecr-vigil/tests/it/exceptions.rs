//! Accepted vulnerabilities and thresholds: what is too bad, and what somebody has decided to live with.

use crate::golden::golden;
use crate::images::{finding, vulnerable};
use crate::stage::Stage;

async fn two_findings() -> Stage {
    let stage = Stage::new().await;
    let findings =
        [finding("CVE-2024-3094", "CRITICAL", "xz-utils"), finding("CVE-2023-1", "MEDIUM", "zlib")];
    stage.push("team/app:v1", vulnerable(&findings));
    stage
}

#[tokio::test]
async fn what_is_accepted_is_listed_apart_and_what_has_expired_or_matched_nothing_is_warned_about() {
    let stage = two_findings().await;
    let accepted = "[[exception]]\nid = 'CVE-2024-3094'\nreason = 'not linked into our sshd'\nrepository = 'team/*'\n\
                    [[exception]]\nid = 'CVE-2023-1'\nreason = 'until the spring'\nexpires = 2020-04-01\n\
                    [[exception]]\nid = 'CVE-1999-1'\nreason = 'old times'\n";
    stage.write("accepted.toml", accepted);
    let scan = stage.run("scan --exceptions accepted.toml --medium off").await.code(0);
    golden("exceptions", &scan.stdout);
    // What has expired counts again.
    stage.run("scan --exceptions accepted.toml").await.code(1);
}

#[tokio::test]
async fn a_wrong_file_of_exceptions_is_a_wrong_setting() {
    let stage = two_findings().await;
    stage.write("accepted.toml", "[[exception]]\nid = 'CVE-1'\nexpires = 'soon'\n");
    stage.run("scan --exceptions accepted.toml").await.code(2).silent().complains("`reason` is missing");
    stage.untouched();
}

#[tokio::test]
async fn thresholds_decide_the_exit_code() {
    let stage = two_findings().await;
    stage.run("scan").await.code(1);
    for (flags, code) in [
        ("--critical off --high off --medium off --low off", 0),
        ("--critical 2 --medium 2", 0),
        ("--critical 2 --medium 1", 1),
        ("--critical off", 1),
        ("--critical 1 --medium off", 1),
    ] {
        stage.run(&format!("scan {flags}")).await.code(code);
    }
}

#[tokio::test]
async fn the_severity_threshold_decides_only_what_is_told_in_detail() {
    let stage = two_findings().await;
    stage.run("scan").await.code(1);
    let high = stage.run("scan --severity-threshold HIGH").await.code(1);
    assert!(high.stdout.contains("CRITICAL: CVE-2024-3094") && !high.stdout.contains("CVE-2023-1"));
    stage.run("scan -s MEDIUM").await.code(1).reports("MEDIUM: CVE-2023-1");
}

#[tokio::test]
async fn a_service_warns_of_exceptions_that_accept_nothing_too() {
    let stage = Stage::new().await;
    stage.push("team/app:v1", vulnerable(&[finding("CVE-1", "HIGH", "zlib")]));
    let exception = |id: &str, more: &str| format!("[[exception]]\nid = '{id}'\nreason = 'known'\n{more}\n");
    let file = ["CVE-1", "CVE-2"].map(|id| exception(id, "")).concat();
    stage.write("accepted.toml", &format!("{file}{}", exception("CVE-3", "until = 2020-01-01")));
    let mut service = stage.serve("--exceptions accepted.toml --run-now").await;
    service.until_logged("the exception for CVE-2 (known) matched nothing in this pass").await;
    service.until_logged("the exception for CVE-3 (known) has expired").await;
    let ended = service.end().await.code(0);
    assert!(!ended.stderr.contains("the exception for CVE-1"), "{}", ended.stderr);
}

#[tokio::test]
async fn what_a_report_states_as_vex_is_accepted_where_it_is_read() {
    let stage = Stage::new().await;
    let findings = [("CVE-1", "libstdc++6"), ("CVE-1", "zlib"), ("CVE-2", "tar")];
    let findings = findings.map(|(id, package)| finding(id, "HIGH", package));
    stage.push("team/app:v1", vulnerable(&findings));
    let file = "[[exception]]\nid = 'CVE-1'\npackage = 'libstdc++6'\nreason = 'never called'\n\
                [[exception]]\nid = 'CVE-2'\nreason = 'not in the path'\nuntil = 2999-12-31\n";
    stage.write("accepted.toml", file);
    let accepted = |report: &serde_json::Value| report["images"][0]["accepted"].clone();
    let before = stage.run("scan --exceptions accepted.toml --format json").await.code(1).json();
    for format in ["openvex", "cyclonedx"] {
        let said = format!("scan --exceptions accepted.toml --format {format} --output vex.json");
        stage.run(&said).await.code(1);
        let after = stage.run("scan --vex vex.json --format json").await.code(1).json();
        let facts = |report: &serde_json::Value| {
            let all = accepted(report);
            let fact = |one: &serde_json::Value| (one["finding"]["id"].clone(), one["reason"].clone());
            all.as_array().unwrap().iter().map(fact).collect::<Vec<_>>()
        };
        assert_eq!(facts(&after), facts(&before), "{format}");
        assert_eq!(facts(&after).len(), 2);
        assert_eq!(after["images"][0]["counts"], before["images"][0]["counts"]);
    }
    stage.write(
        "other.json",
        r#"{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{"status":"fixed",
        "vulnerability":{"name":"CVE-1"},"products":[{"@id":"pkg:deb/debian/zlib1g@1"}]}]}"#,
    );
    let warned = stage.run("scan --vex other.json").await.code(1);
    assert!(
        warned.stdout.contains("`other.json`: statements[0]: what is stated of CVE-1"),
        "{}",
        warned.stdout
    );
    stage.write(
        "other.json",
        r#"{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{"status":"fine"}]}"#,
    );
    stage.run("scan --vex other.json").await.code(2).silent().complains("statements[0].vulnerability.name");
}
