//! A registry made by hand that holds one of everything.

use serde_json::{Value, json};
use vigil_sim::{ImageKind, NewImage, PastScanOf, Platform, SimConfig};

use crate::stage::{Stage, clean, quick};

/// Scans that the first pass over [`one_of_everything`] starts: each scannable digest that is due, once.
pub(crate) const DUE: u64 = 8;

/// A finding, as basic scanning words it.
pub(crate) fn finding(id: &str, severity: &str, package: &str) -> Value {
    json!({
        "name": id,
        "severity": severity,
        "description": format!("{package} does what it should not."),
        "uri": format!("https://nvd.nist.gov/vuln/detail/{id}"),
        "attributes": [
            {"key": "package_name", "value": package},
            {"key": "package_version", "value": "1.2.3"},
            {"key": "CVSS3_SCORE", "value": "8.1"},
            {"key": "CVSS3_VECTOR", "value": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H"},
        ],
    })
}

/// An image with these findings.
pub(crate) fn vulnerable(findings: &[Value]) -> NewImage {
    NewImage { findings: Some(findings.to_vec()), ..NewImage::default() }
}

pub(crate) async fn one_of_everything() -> Stage {
    one_of_everything_in(quick()).await
}

pub(crate) async fn one_of_everything_in(config: SimConfig) -> Stage {
    let stage = Stage::with(config).await;
    let scanned = |hours| Some(PastScanOf { completed_at: stage.hours_ago(hours) });
    let of = |kind, refers_to: &[_]| NewImage { kind, refers_to: refers_to.to_vec(), ..clean() };

    let findings = [finding("CVE-2024-3094", "CRITICAL", "xz-utils"), finding("CVE-2023-1", "LOW", "zlib")];
    stage.push("team/app:v1", vulnerable(&findings));
    stage.push("team/app", clean());
    stage.push("team/app:five,tags,on,one,digest", clean());
    stage.push("team/app:scratch", NewImage { unsupported: true, ..clean() });
    let older = vulnerable(&[finding("CVE-2022-9", "HIGH", "curl")]);
    stage.push("team/app:last-week", NewImage { last_scan: scanned(9 * 24), ..older.clone() });
    stage.push("team/app:this-morning", NewImage { last_scan: scanned(3), ..older });
    let archived = stage.push("team/app:old", clean());
    stage.registry.archive_image("team/app", archived).unwrap();

    let amd64 = stage.push("team/web", of(ImageKind::OciImage, &[]));
    let arm64 = NewImage { platform: Platform::LinuxArm64, ..of(ImageKind::OciImage, &[]) };
    let arm64 = stage.push("team/web", arm64);
    let attested = [amd64, arm64].map(|child| stage.push("team/web", of(ImageKind::Attestation, &[child])));
    let children = [amd64, arm64, attested[0], attested[1]];
    let index = stage.push("team/web:v7,stable", of(ImageKind::OciIndex, &children));
    let docker = stage.push("team/web", clean());
    stage.push("team/web:docker-list", of(ImageKind::DockerManifestList, &[docker]));
    let hex = index.to_string().replace("sha256:", "");
    stage.push(&format!("team/web:sha256-{hex}.sig"), of(ImageKind::Signature, &[index]));
    stage.push("team/web", of(ImageKind::Referrer, &[index]));
    stage.push("charts/web:1.0.0", of(ImageKind::HelmChart, &[]));
    stage
}
