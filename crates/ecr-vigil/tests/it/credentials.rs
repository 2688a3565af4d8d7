//! Without credentials, region or network nothing can be done, and the program says so at once and by name.

use vigil_sim::{FaultAction, FaultError, FaultRule};

use crate::stage::{Stage, quick};

fn refusal(code: &str) -> FaultAction {
    let message = "The security token included in the request is invalid.".to_owned();
    FaultAction::Error(FaultError { code: code.to_owned(), message, status: 400 })
}

#[tokio::test]
async fn refused_credentials_end_it_before_it_begins() {
    for code in [
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "ExpiredTokenException",
        "SignatureDoesNotMatch",
    ] {
        let stage = Stage::with_images(quick(), 1).await;
        stage.sim.add_fault(FaultRule::always(refusal(code)));
        stage.run("scan").await.code(4).complains("The security token included in the request is invalid.");
        assert_eq!(stage.calls("DescribeRepositories"), 0);
    }
}

#[tokio::test]
async fn credentials_that_expire_midway_leave_the_rest_named() {
    let stage = Stage::with_images(quick(), 5).await;
    stage.sim.add_fault(FaultRule::on("StartImageScan", refusal("ExpiredTokenException")).skip(2));
    let scan = stage.run("scan --format json --concurrency 1").await.code(3);
    // Nobody can be asked any more about the scans that were started; whether one was over by then is a race.
    assert_eq!(scan.count("scanned") + scan.count("fault"), 5, "{}", scan.outcomes());
    assert!(scan.count("fault") >= 3, "{}", scan.outcomes());
    assert_eq!(stage.calls("StartImageScan"), 3, "refused credentials are not tried again");
    let told = scan.outcomes().matches("credentials").count() as u64;
    assert_eq!(told, scan.count("fault"), "{}", scan.outcomes());
}

#[tokio::test]
async fn no_credentials_at_all() {
    let stage = Stage::new().await;
    let program = stage.program("scan").without_env("AWS_ACCESS_KEY_ID").without_env("AWS_SECRET_ACCESS_KEY");
    program.run().await.code(4).complains("credentials");
    stage.untouched();
}

#[tokio::test]
async fn no_region_says_how_to_give_one() {
    let stage = Stage::new().await;
    stage.program("scan").without_env("AWS_REGION").run().await.code(4).complains("AWS_REGION");
    stage.untouched();
}

#[tokio::test]
async fn nobody_at_the_endpoint() {
    let stage = Stage::new().await;
    // Bound and let go: nobody listens there.
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let program = stage.program("scan").env("AWS_ENDPOINT_URL", &format!("http://{nobody}"));
    program.run().await.code(4).complains("cannot sign in");
}
