//! Several accounts and regions: each with its own credentials, none held up by another.

use vigil_sim::{FaultAction, FaultRule, SimConfig};

use crate::golden::golden;
use crate::stage::{Stage, clean, push, quick};

const THERE: &str = "210987654321";

const TARGETS: &str = "\
[[target]]
region = 'us-east-1'

[[target]]
region = 'eu-west-1'
role_arn = 'arn:aws:iam::210987654321:role/scanner'
external_id = 'hush'
";

/// One image here, one there, and a role that leads there for whoever knows the word.
async fn here_and_there() -> Stage {
    let external_ids = [(THERE.to_owned(), "hush".to_owned())].into();
    let stage = Stage::with(SimConfig { external_ids, ..quick() }).await;
    stage.push("team/here:v1", clean());
    push(&stage.sim.registry(THERE, "eu-west-1"), "team/there:v1", clean());
    stage.write("vigil.toml", TARGETS);
    stage
}

#[tokio::test]
async fn a_role_leads_into_another_account() {
    let stage = here_and_there().await;
    let scan = stage.run("scan --log-level debug").await.code(0);
    golden("two_targets", &scan.stdout);
    assert!(!scan.stderr.contains("hush"), "the external id is a secret");
    // Bare names could be in any of the two.
    let scan = stage.run("scan team/here team/there").await.code(2).silent();
    scan.complains("`team/here` could be in any of 2 targets: write the full")
        .complains("`team/there` could");
    let uri = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/there:v1";
    let plan = stage.run(&format!("plan --format json {uri}")).await.code(0);
    assert_eq!(plan.count("current"), 1, "{}", plan.outcomes());
}

#[tokio::test]
async fn a_wrong_external_id_is_the_trouble_of_its_target() {
    let stage = here_and_there().await;
    stage.write("vigil.toml", &TARGETS.replace("hush", "guess"));
    let scan = stage.run("scan --format json").await.code(3).complains("sts:AssumeRole");
    assert_eq!(scan.count("scanned"), 1);
    golden("role_refused", &format!("{:#}", scan.json()["not_entered"]));
}

/// A pod's short names are Docker Hub's: nobody has mistyped them.
#[tokio::test]
async fn a_list_may_hold_names_that_could_be_anywhere() {
    let stage = here_and_there().await;
    let uri = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/there:v1";
    stage.write("images.json", &format!(r#"["nginx:1.25", "{uri}", "nginx:1.25"]"#));
    let scan = stage.run("scan --format json --images-file images.json").await.code(0);
    assert_eq!(scan.count("scanned"), 1, "{}", scan.outcomes());
    let warned = "nginx:1.25 (without a host) is not in a private ECR registry: not looked at";
    assert_eq!(scan.json()["warnings"], serde_json::json!([warned]));
}

/// Where a full URI cannot be, no trouble is of interest.
#[tokio::test]
async fn a_named_image_needs_no_target_of_another_region() {
    let stage = here_and_there().await;
    stage.write("vigil.toml", &TARGETS.replace("hush", "guess"));
    let here = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/here:v1";
    let there = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/there:v1";
    stage.run(&format!("scan {here}")).await.code(0);
    stage.run(&format!("scan {there}")).await.code(4).complains("sts:AssumeRole");
    stage.run(&format!("scan {here} {there}")).await.code(3);
    // Without a region it may be any.
    stage.write("vigil.toml", &TARGETS.replace("hush", "guess").replace("region = 'eu-west-1'", ""));
    stage.run(&format!("scan {here}")).await.code(3);
}

#[tokio::test]
async fn a_region_that_fails_does_not_stop_the_other() {
    let denied =
        || FaultRule { region: Some("eu-west-1".into()), ..FaultRule::always(FaultAction::AccessDenied) };
    for rule in [denied(), FaultRule { operation: Some("DescribeRepositories".into()), ..denied() }] {
        let stage = here_and_there().await;
        stage.sim.add_fault(rule);
        let scan = stage.run("scan --format json").await.code(3).reports("eu-west-1");
        assert_eq!(scan.count("scanned"), 1, "{}", scan.stdout);
    }
}

#[tokio::test]
async fn regions_that_all_fail_leave_nothing_done() {
    let stage = here_and_there().await;
    stage.sim.add_fault(FaultRule::on("DescribeRepositories", FaultAction::AccessDenied));
    stage.run("scan").await.code(4).reports("DescribeRepositories");
}

#[tokio::test]
async fn several_regions_with_the_credentials_at_hand() {
    let stage = Stage::with_images(quick(), 1).await;
    push(&stage.sim.registry("123456789012", "eu-west-1"), "team/far:v1", clean());
    let scan = stage.run("scan --format json --region us-east-1,eu-west-1 --region us-east-1").await.code(0);
    assert_eq!(scan.count("scanned"), 2, "{}", scan.outcomes());
}

#[tokio::test]
async fn other_partitions_have_hosts_names_and_links_of_their_own() {
    for region in ["us-gov-west-1", "cn-north-1", "eusc-de-east-1"] {
        let stage = Stage::new().await;
        push(&stage.sim.registry("123456789012", region), "team/app:v1", clean());
        let scan = stage.run(&format!("scan --format json --region {region}")).await.code(0);
        let image = &scan.json()["images"][0];
        let told = ["uri", "repository_arn", "console_url"].map(|member| image[member].to_string());
        golden(&format!("partition_{region}"), &told.join("\n"));
    }
}
