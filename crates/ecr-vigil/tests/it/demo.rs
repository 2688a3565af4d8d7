//! The demo: a pass without an AWS account, and the box alone for any AWS client.

use crate::program::Program;
use crate::python::script;
use crate::serving::ask;
use crate::stage::Stage;

#[tokio::test]
async fn the_demo_makes_a_whole_pass_and_needs_nothing() {
    let stage = Stage::new().await;
    let demo = "demo --once --repositories 3 --images 12 --first-question 500ms";
    let demo = Program::new(demo, stage.home.path()).run().await.code(0).complains("An ECR in a box");
    assert!(demo.stdout.contains("IMAGE"), "{}", demo.stdout);
    stage.untouched();
}

/// What people have set for AWS, and what they have broken: the box is not AWS.
#[tokio::test]
async fn the_demo_does_not_care_how_aws_is_reached() {
    let stage = Stage::new().await;
    stage.write("broken", "[profile");
    // Nobody listens at port 1.
    let environment = [
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("AWS_PROFILE", "no-such-profile"),
        ("AWS_CONFIG_FILE", "broken"),
        ("AWS_SHARED_CREDENTIALS_FILE", "broken"),
        ("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1"),
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("http_proxy", "http://127.0.0.1:1"),
        ("ALL_PROXY", "http://127.0.0.1:1"),
        ("VIGIL_SPEED", "11"),
    ];
    let demo = "demo --once --repositories 3 --images 12 --first-question 500ms --format json";
    let demo = environment
        .into_iter()
        .fold(Program::new(demo, stage.home.path()), |demo, (name, value)| demo.env(name, value));
    let demo = demo.run().await.code(0);
    assert_eq!(demo.count("fault"), 0, "{}", demo.stdout);
    assert!(demo.count("scanned") > 0, "{}", demo.stdout);
}

#[tokio::test]
async fn the_demo_goes_on_as_a_service_and_says_what_to_open() {
    let stage = Stage::new().await;
    let demo = "demo --http-port 0 --repositories 3 --images 12 --first-question 500ms";
    let mut demo = Program::new(demo, stage.home.path()).start().await;
    let line = demo.until("/docs").await;
    let url = line.split_whitespace().next().unwrap().trim_end_matches("/docs");
    let address = url.trim_start_matches("http://").parse().unwrap();
    for path in ["/docs", "/api/v1/images", "/summary", "/metrics"] {
        ask(address, "GET", path, "", "").await.unwrap().status(200);
    }
    demo.signal("TERM");
    demo.end().await.code(0);
}

#[tokio::test]
async fn boto3_pages_through_the_box() {
    let stage = Stage::new().await;
    let demo = "demo --listen 127.0.0.1:0 --repositories 150 --images 2500";
    let mut demo = Program::new(demo, stage.home.path()).start().await;
    // What it says is all that a client needs.
    let line = demo.until("export ").await;
    let variables = line.split_whitespace().filter_map(|word| word.split_once('='));
    let client = script("page_with_boto3.py", "", stage.home.path());
    let client = variables.fold(client, |client, (name, value)| client.env(name, value));
    client.run().await.code(0).reports("150 repositories, 2500 images");
    demo.signal("TERM");
    demo.end().await.code(0).silent();
}

#[tokio::test]
async fn an_address_that_is_none_is_a_mistake() {
    let stage = Stage::new().await;
    stage.run("demo --listen nowhere").await.code(2).complains("ADDRESS:PORT");
    stage.run(&format!("demo --listen {}", stage.address)).await.code(2).complains("cannot listen");
}
