//! Images by name: on the command line, from a file, from standard input.

use vigil_sim::{FaultAction, FaultRule, ImageKind, NewImage, Platform};

use crate::golden::golden;
use crate::stage::{Stage, clean, push};

const HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/// Two images and a third under an index in `team/app`, one in `team/web`.
async fn some_images() -> Stage {
    let stage = Stage::new().await;
    stage.push("team/app:v1", clean());
    stage.push("team/app:v2", clean());
    let arm64 = NewImage { kind: ImageKind::OciImage, platform: Platform::LinuxArm64, ..clean() };
    let child = stage.push("team/app", arm64);
    stage.push("team/app:multi", NewImage { kind: ImageKind::OciIndex, refers_to: vec![child], ..clean() });
    stage.push("team/web:v1", clean());
    stage
}

#[tokio::test]
async fn a_name_means_an_image_or_all_of_a_repository() {
    let digest = some_images().await.registry.images("team/app").unwrap()[1].digest;
    for (names, scanned) in [
        ("team/app".to_owned(), 3),
        ("team/app:v1".to_owned(), 1),
        (format!("team/app@{digest}"), 1),
        (format!("{HOST}/team/app:v2"), 1),
        (format!("{HOST}/team/app"), 3),
        ("team/app:multi".to_owned(), 1),
        (format!("team/app:v1 team/app:v1 team/app:v2 team/app@{digest} team/web"), 3),
    ] {
        let stage = some_images().await;
        let scan = stage.run(&format!("scan --format json {names}")).await.code(0);
        assert_eq!(scan.count("scanned"), scanned, "{names}: {}", scan.outcomes());
        assert_eq!(stage.calls("StartImageScan"), scanned, "{names}");
        assert_eq!(stage.calls("DescribeRepositories"), 0, "{names}: nobody asked for all");
    }
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let stage = some_images().await;
    let none = format!("sha256:{}", "0".repeat(64));
    let scan =
        stage.run(&format!("scan team/app:v1 team/app:v9 team/app@{none} no/such:v1 no/such")).await.code(3);
    golden("missing", &scan.stdout);
}

#[tokio::test]
async fn images_of_other_registries_are_left_alone_and_said_so() {
    let stage = some_images().await;
    stage.write("images.txt", "docker.io/library/nginx:1\npublic.ecr.aws/nginx/nginx:1\n");
    let scan = stage.run("scan --format json team/app:v1 --images-file images.txt").await.code(0);
    assert_eq!(scan.count("scanned"), 1);
    let warnings = scan.json()["warnings"].to_string();
    assert!(
        warnings.contains("docker.io/library/nginx:1") && warnings.contains("public.ecr.aws"),
        "{warnings}"
    );
}

#[tokio::test]
async fn only_images_of_other_registries_leave_nothing_to_do() {
    let stage = some_images().await;
    stage.write("images.txt", "docker.io/library/nginx:1");
    stage.run("scan --images-file images.txt").await.code(0).reports("docker.io/library/nginx:1");
    assert_eq!(stage.calls("DescribeImages"), 0);
}

#[tokio::test]
async fn an_argument_that_names_another_registry_is_a_mistake() {
    let stage = some_images().await;
    for foreign in ["docker.io/library/nginx:1", "my.team/app"] {
        let scan = stage.run(&format!("scan team/app:v1 {foreign}")).await.code(2).silent();
        scan.complains(&format!("`{foreign}` is not in a private ECR registry")).complains("repo@sha256:…");
    }
    // Eleven digits are no account.
    let mistyped = "12345678901.dkr.ecr.us-east-1.amazonaws.com/team/app:v1";
    stage.write("images.txt", mistyped);
    stage.run("scan --images-file images.txt").await.code(2).silent().complains(mistyped);
    stage.untouched();
}

#[tokio::test]
async fn a_file_names_images_as_a_list_or_line_by_line() {
    for (list, scanned) in [
        (r#"["team/app:v1", "team/web"]"#, 2),
        (" [ ]", 0),
        ("# running\nteam/app:v1\n\n  team/app:v2  \n", 2),
        ("\u{feff}team/app:v1\r\n", 1),
        ("docker-pullable://123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:v1", 1),
    ] {
        let stage = some_images().await;
        stage.write("images.txt", list);
        let scan = stage.run("scan --format json --images-file images.txt").await.code(0);
        assert_eq!(scan.count("scanned"), scanned, "{list}");
        let stage = some_images().await;
        let scan = stage.program("scan --format json --images-file -").stdin(list).run().await.code(0);
        assert_eq!(scan.count("scanned"), scanned, "{list} on standard input");
    }
}

/// The program that should have written the list may have failed, and nobody hears of that through a pipe.
#[tokio::test]
async fn a_file_without_a_name_is_not_taken_for_an_empty_list() {
    let stage = some_images().await;
    for list in ["", "\n\n", "# running\n"] {
        let scan = stage.program("scan --images-file -").stdin(list).run().await.code(2).silent();
        scan.complains("`-`: it names no image");
        stage.write("images.txt", list);
        stage.run("scan --images-file images.txt team/app:v1").await.code(2).complains("it names no image");
    }
    stage.untouched();
}

#[tokio::test]
async fn what_was_named_and_not_looked_at_does_not_read_as_clean() {
    let stage = some_images().await;
    stage.push("team/app:scratch", NewImage { unsupported: true, ..clean() });
    stage.run("scan --format json --scans-per-pass 0 team/app:v1").await.code(3).reports("\"held\"");
    stage.run("scan --scans-per-pass 0 --repositories team/app").await.code(0);
    stage.run("scan --format json team/app:scratch").await.code(3).reports("\"unscannable\"");
    stage.sim.add_fault(FaultRule::always(FaultAction::AccessDenied).repository("team/web"));
    stage.run("scan team/web:v1").await.code(4).reports("denied");
    stage.run("scan team/web:v1 team/app:v1").await.code(3);
}

#[tokio::test]
async fn a_named_image_that_cannot_be_scanned_at_all_is_told_with_the_reason_in_every_format() {
    let stage = some_images().await;
    stage.push("charts/web:1.0.0", NewImage { kind: ImageKind::HelmChart, ..clean() });
    for format in ["text", "table", "summary", "json"] {
        let scan = stage.run(&format!("scan charts/web:1.0.0 --format {format}")).await.code(3);
        scan.reports("charts/web:1.0.0").reports("Helm chart");
    }
    stage.run("scan charts/no:1").await.code(3).reports("charts/no:1").reports("there is no such image");
}

#[tokio::test]
async fn names_that_are_none_are_told_all_at_once() {
    let stage = some_images().await;
    stage.write("images.txt", "team/app:v1\nApp\nteam/app:\n");
    let scan = stage.run("scan --images-file images.txt b@sha256:12").await.code(2).silent();
    golden("bad_names", &scan.stderr);
    stage.untouched();
    stage.write("images.txt", "[1]");
    stage.run("scan --images-file images.txt").await.code(2).complains("not a JSON list of texts");
}

#[tokio::test]
async fn a_uri_of_another_region_gets_its_own_registry() {
    let stage = some_images().await;
    push(&stage.sim.registry("123456789012", "eu-west-1"), "team/far:v1", clean());
    let far = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/far:v1";
    let scan = stage.run(&format!("scan --format json {far} {HOST}/team/app:v1 team/web:v1")).await.code(0);
    assert_eq!(scan.count("scanned"), 3, "{}", scan.outcomes());
    let regions: Vec<String> = scan.json()["registries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["registry"]["region"].to_string())
        .collect();
    assert_eq!(regions, ["\"eu-west-1\"", "\"us-east-1\""]);
}

/// It must not be looked up in the region of another name.
#[tokio::test]
async fn a_bare_name_without_a_region_is_looked_up_nowhere() {
    let stage = some_images().await;
    let scan = stage.program(&format!("scan --format json {HOST}/team/app:v1 team/web:v1"));
    let scan = scan.without_env("AWS_REGION").run().await.code(3);
    assert_eq!(scan.count("scanned"), 1, "{}", scan.outcomes());
    golden("bare_unmatched", &format!("{:#}", scan.json()["not_entered"]));
}

#[tokio::test]
async fn a_uri_of_an_account_without_a_target_is_named() {
    let stage = some_images().await;
    let elsewhere = "999999999999.dkr.ecr.us-east-1.amazonaws.com/team/app:v1";
    let scan = stage.run(&format!("scan --format json {elsewhere} team/app:v1")).await.code(3);
    assert_eq!(scan.count("scanned"), 1);
    golden("unmatched", &scan.json()["not_entered"].to_string());
}
