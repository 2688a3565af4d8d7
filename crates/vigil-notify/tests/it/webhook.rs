//! Webhooks, and whoever checks their signatures.

use jiff::Timestamp;
use vigil_core::news::Retry;
use vigil_notify::{ContentType, Header, Signer, Webhook};

use super::place::{Place, Says, courier};

fn webhook(place: &Place) -> Webhook {
    Webhook {
        courier: courier(),
        url: format!("{}/hook", place.url).into(),
        headers: vec![Header::new("x-api-key", &"k1".into()).unwrap()],
        signer: Some(Signer::new(&"a shared key".into()).unwrap()),
    }
}

const AT: Timestamp = Timestamp::UNIX_EPOCH;

#[tokio::test]
async fn a_body_arrives_as_it_is_with_an_id_and_a_signature_over_both() {
    let place = Place::that([]).await;
    let webhook = webhook(&place);
    webhook.post("7", AT, &ContentType::json(), b"{\"a\":1}".to_vec()).await.unwrap();
    let heard = &place.heard()[0];
    assert_eq!(heard.body, "{\"a\":1}");
    let header = |name: &str| heard.headers[name].to_str().unwrap().to_owned();
    assert_eq!(
        [header("content-type"), header("idempotency-key"), header("webhook-id"), header("x-api-key")],
        ["application/json", "7", "7", "k1"]
    );
    let signed = webhook.signer.unwrap().sign("7", AT, heard.body.as_bytes());
    assert_eq!((header("webhook-signature"), header("webhook-timestamp")), (signed, "0".into()));
}

#[tokio::test]
async fn what_it_cannot_take_is_not_offered_again_and_all_else_is() {
    let place = Place::that([
        Says::Answer(400, &[], "bad"),
        Says::Answer(413, &[], ""),
        Says::Answer(302, &[("location", "http://127.0.0.1:9/")], ""),
        Says::Answer(500, &[], "sorry"),
        Says::HangsUp,
    ])
    .await;
    let expected = [Retry::Never, Retry::Never, Retry::Later(None), Retry::Later(None), Retry::Later(None)];
    for retry in expected {
        let failure = webhook(&place).post("7", AT, &ContentType::json(), Vec::new()).await.unwrap_err();
        assert_eq!(failure.retry, retry, "{failure}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_without_the_address() {
    let webhook = Webhook { url: "http://127.0.0.1:9/secret-path".into(), ..webhook(&Place::that([]).await) };
    let failure = webhook.post("7", AT, &ContentType::json(), Vec::new()).await.unwrap_err();
    assert!(failure.reason.contains("refused") && !failure.reason.contains("secret-path"), "{failure}");
}
