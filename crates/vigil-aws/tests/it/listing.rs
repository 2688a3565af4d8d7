//! Repositories, images, and what indexes list.

use serde_json::{Value, json};
use vigil_core::fault::FaultKind;
use vigil_core::image::{Child, Image, Kind, Pick, Platform, Storage};
use vigil_core::port::{Cursor, Registry};

use super::stub::{Answer, Stub, digest, repository, signed_in};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn detail(digit: char, tags: &[&str]) -> Value {
    json!({
        "imageDigest": digest(digit).to_string(), "imageTags": tags, "imagePushedAt": 1700000000.5,
        "imageManifestMediaType": MANIFEST, "artifactMediaType": CONFIG, "imageStatus": "ACTIVE"
    })
}

#[tokio::test]
async fn images_are_listed_with_the_archived_ones() {
    let stub = Stub::start(signed_in(|_, _, _| {
        Answer::json(json!({ "nextToken": "more", "imageDetails": [
            detail('a', &["v2", "latest"]),
            { "imageDigest": digest('b').to_string(), "imageManifestMediaType": INDEX, "imageStatus": "ARCHIVED",
              "imagePushedAt": 1700000000, "lastRecordedPullTime": 1700003600 },
            { "imageDigest": "sha512:1", "imageManifestMediaType": MANIFEST }
        ]}))
    }))
    .await;
    let cursor = Some(Cursor("page 2".into()));
    let page = stub.registry().await.images(&repository(), cursor).await.unwrap();
    assert_eq!(page.next, Some(Cursor("more".into())));
    let pushed_at: jiff::Timestamp = "2023-11-14T22:13:20.5Z".parse().unwrap();
    assert_eq!(page.items.len(), 2, "an image that cannot be named is left out");
    assert_eq!(
        page.items[0],
        Image {
            digest: digest('a'),
            tags: vec!["latest".parse().unwrap(), "v2".parse().unwrap()],
            kind: Kind::Image,
            platform: None,
            index: None,
            pushed_at: Some(pushed_at),
            pulled_at: None,
            size_bytes: None,
            storage: Storage::Active,
        }
    );
    assert_eq!((&page.items[1].kind, page.items[1].storage), (&Kind::Index, Storage::Archived));
    assert_eq!(page.items[1].pulled_at, Some("2023-11-14T23:13:20Z".parse().unwrap()));
    assert_eq!(
        stub.requests("DescribeImages"),
        [json!({ "repositoryName": "team/app", "maxResults": 1000, "nextToken": "page 2",
                 "filter": { "imageStatus": "ANY" } })]
    );
}

/// A registry that holds an image `a` under two tags, and image `b`; it refuses a question that names any other.
fn holds_two_images(_: &str, request: &Value, _: usize) -> Answer {
    let (a, b) = (digest('a').to_string(), digest('b').to_string());
    let ids = request["imageIds"].as_array().unwrap();
    let find = |id: &Value| match (id["imageDigest"].as_str(), id["imageTag"].as_str()) {
        (_, Some("v1" | "v2")) => Some(detail('a', &["v1", "v2"])),
        (Some(digest), _) if digest == a => Some(detail('a', &["v1", "v2"])),
        (Some(digest), _) if digest == b => Some(detail('b', &[])),
        _ => None,
    };
    match ids.iter().map(find).collect::<Option<Vec<Value>>>() {
        Some(found) => Answer::json(json!({ "imageDetails": found })),
        None => Answer::error("ImageNotFoundException", "The image with imageId … does not exist"),
    }
}

#[tokio::test]
async fn one_unknown_image_does_not_hide_the_others() {
    let stub = Stub::start(signed_in(holds_two_images)).await;
    let registry = stub.registry().await;
    let tag = |tag: &str| Pick::Tag(tag.parse().unwrap());
    let picks = [tag("v1"), tag("gone"), Pick::Digest(digest('a')), Pick::Digest(digest('b')), tag("v2")];
    let images = registry.named(&repository(), &picks).await.unwrap();
    let digests: Vec<_> = images.iter().map(|image| image.digest).collect();
    assert_eq!(digests, [digest('a'), digest('b')], "an image named three times is there once");
    let gone = registry.named(&repository(), &[tag("gone")]).await;
    assert_eq!(gone, Ok(Vec::new()), "absence is not a fault");
}

#[tokio::test]
async fn a_question_names_at_most_a_hundred_images() {
    let stub = Stub::start(signed_in(|_, _, _| Answer::json(json!({ "imageDetails": [] })))).await;
    let picks: Vec<Pick> = (0..250).map(|n| Pick::Tag(format!("v{n}").parse().unwrap())).collect();
    stub.registry().await.named(&repository(), &picks).await.unwrap();
    let sizes: Vec<usize> = stub
        .requests("DescribeImages")
        .iter()
        .map(|request| request["imageIds"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
}

#[tokio::test]
async fn an_index_is_opened_with_its_attestations() {
    let manifest = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [
        { "digest": digest('1').to_string(), "platform": { "os": "linux", "architecture": "arm", "variant": "v7" } },
        { "digest": digest('2').to_string(), "platform": { "os": "unknown", "architecture": "unknown" },
          "annotations": { "vnd.docker.reference.type": "attestation-manifest" } },
        { "digest": digest('3').to_string() },
        { "digest": "sha512:00" }
    ]});
    let image = |digit, manifest: String| {
        json!({ "imageId": { "imageDigest": digest(digit).to_string(), "imageTag": "latest" },
                "imageManifest": manifest, "imageManifestMediaType": INDEX })
    };
    let answer = json!({
        "images": [image('b', "{".into()), image('a', manifest.to_string()), image('a', manifest.to_string())],
        "failures": [{ "imageId": { "imageDigest": digest('c').to_string() }, "failureCode": "ImageNotFound",
                       "failureReason": "Requested image not found" }]
    });
    let stub = Stub::start(signed_in(move |_, _, _| Answer::json(answer.clone()))).await;
    let asked = ['a', 'b', 'c', 'd'].map(digest);
    let answers = stub.registry().await.children(&repository(), &asked).await.unwrap();
    assert_eq!(answers.iter().map(|(digest, _)| *digest).collect::<Vec<_>>(), asked);
    let child = |digit, platform, attestation| Child { digest: digest(digit), platform, attestation };
    let platform = |os: &str, architecture: &str, variant: Option<&str>| {
        Some(Platform {
            os: os.into(),
            architecture: architecture.into(),
            variant: variant.map(str::to_owned),
        })
    };
    assert_eq!(
        answers[0].1,
        Ok(vec![
            child('1', platform("linux", "arm", Some("v7")), false),
            child('2', platform("unknown", "unknown", None), true),
            child('3', None, false),
        ])
    );
    let kinds: Vec<_> = answers[1..].iter().map(|(_, answer)| answer.clone().unwrap_err().kind).collect();
    assert_eq!(kinds, [FaultKind::Refused, FaultKind::ImageGone, FaultKind::Refused]);
}
