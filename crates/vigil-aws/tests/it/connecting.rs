//! Who we are, and what stands in the way of knowing it.

use vigil_aws::{ConnectError, Network, connect};
use vigil_core::fault::FaultKind;
use vigil_core::port::Registry;

use super::stub::{Answer, Stub, identity, target};

#[tokio::test]
async fn the_partition_is_the_one_that_sts_says() {
    let stub = Stub::start(|_, _, _| identity("aws-us-gov")).await;
    let id = stub.registry().await.id().clone();
    assert_eq!((id.partition.as_str(), id.to_string().as_str()), ("aws-us-gov", "123456789012/eu-west-1"));
}

#[tokio::test]
async fn a_role_is_assumed_with_its_external_id() {
    let stub = Stub::start(|_, form, _| match form.as_str() {
        Some(form) if form.contains("Action=AssumeRole") => Answer::text(200, ASSUMED),
        _ => identity("aws"),
    })
    .await;
    let mut target = target();
    target.role_arn = Some("arn:aws:iam::123456789012:role/scanner".parse().unwrap());
    target.external_id = Some("only-for-us".into());
    connect(&target, &stub.network()).await.unwrap();
    let forms = stub.requests("STS");
    let form = forms[0].as_str().unwrap();
    for part in ["Action=AssumeRole", "RoleSessionName=ecr-vigil", "ExternalId=only-for-us", "role%2Fscanner"]
    {
        assert!(form.contains(part), "{form}");
    }
    assert!(!format!("{target:?} {:?}", stub.network()).contains("only-for-us"));
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_named_with_the_reason() {
    let stub = Stub::start(|_, _, _| Answer::text(403, REFUSED)).await;
    let mut target = target();
    target.role_arn = Some("arn:aws:iam::123456789012:role/scanner".parse().unwrap());
    let error = connect(&target, &stub.network()).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot sign in to eu-west-1 as arn:aws:iam::123456789012:role/scanner");
    let ConnectError::SignIn { fault, .. } = error else { panic!("{error}") };
    assert_eq!(fault.kind, FaultKind::Denied);
    let said = "AccessDenied: User: arn:aws:iam::123456789012:user/x is not authorized to perform: sts:AssumeRole on \
                resource: arn:aws:iam::123456789012:role/scanner";
    assert_eq!(fault.message, said);
}

#[tokio::test]
async fn fips_and_a_given_endpoint_exclude_each_other() {
    let network =
        Network { fips: true, endpoint_url: Some("http://127.0.0.1:1".into()), ..Network::default() };
    let error = connect(&target(), &network).await.unwrap_err();
    assert!(matches!(error, ConnectError::Contradiction("fips")), "{error}");
}

#[tokio::test]
async fn secrets_are_not_printed() {
    let stub = Stub::start(|_, _, _| identity("aws")).await;
    let registry = stub.registry().await;
    let printed = format!("{registry:?} {:?}", stub.network());
    assert!(!printed.contains("not a secret"), "{printed}");
}

const ASSUMED: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
    <AssumedRoleUser><AssumedRoleId>AROA:ecr-vigil</AssumedRoleId>\
    <Arn>arn:aws:sts::123456789012:assumed-role/scanner/ecr-vigil</Arn></AssumedRoleUser>\
    <Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
    <SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>\
    </AssumeRoleResponse>";

const REFUSED: &str = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
    <Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/x is not authorized to perform: \
    sts:AssumeRole on resource: arn:aws:iam::123456789012:role/scanner</Message></Error></ErrorResponse>";
