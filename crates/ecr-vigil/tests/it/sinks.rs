//! Places that take messages, each as it really is, and on bad days.

use serde_json::Value;

use crate::hearer::{Hearer, Says};
use crate::moto::moto;
use crate::news::{build, finding, image, service};
use crate::program::Running;
use crate::python::script;
use crate::serving::Serving;
use crate::stage::Stage;

const FIRST: [&str; 2] = [
    include_str!("../../src/http/stories/tls/first.crt"),
    include_str!("../../src/http/stories/tls/first.key"),
];
const SECOND: &str = include_str!("../../src/http/stories/tls/second.crt");

/// A webhook at this place.
fn hook(name: &str, place: &Hearer, more: &str) -> String {
    format!("[[sink]]\nname = '{name}'\ntype = 'webhook'\nurl = '{}'\n{more}\n", place.url)
}

#[tokio::test]
async fn a_place_that_is_slow_limited_broken_or_gone_hears_everything_once_it_is_well_again() {
    let stage = Stage::new().await;
    let bad_days = [
        ("slow", Says::Nothing, "no answer in time"),
        ("limited", Says::Wait(1), "429 Too Many Requests"),
        ("broken", Says::Status(500), "500 Internal Server Error"),
        ("closed", Says::HangsUp, "connection"),
    ];
    let well = Hearer::new().await;
    let mut settings = hook("well", &well, "");
    let mut places = Vec::new();
    for (name, says, reason) in bad_days {
        let place = Hearer::new().await;
        place.will_say(&[says]);
        settings += &hook(name, &place, "timeout = '1s'");
        places.push((name, place, reason));
    }
    settings += "[[route]]\nname = 'all'\nsinks = ['well', 'slow', 'limited', 'broken', 'closed']\n";
    let service = service(&stage, &settings).await;
    service.pass().await;
    let told = well.taken(1).await[0].json()["message"].clone();
    for (_, place, _) in &places {
        assert_eq!(place.taken(1).await[0].json()["message"], told);
    }
    let log = service.end().await.code(0).stderr;
    for (name, place, reason) in &places {
        let line =
            log.lines().find(|line| line.contains("tried again") && line.contains(&format!("sink={name}")));
        assert!(line.is_some_and(|line| line.contains(reason)), "{name}: {reason}:\n{log}");
        let heard = place.all();
        assert_eq!(heard.len(), 2, "{name} was asked once more, and not again: {heard:?}");
        assert_eq!(heard[0].header("webhook-id"), heard[1].header("webhook-id"), "{name}: the same message");
    }
}

#[tokio::test]
async fn nothing_is_told_to_a_place_with_another_certificate() {
    let stage = Stage::new().await;
    let place = Hearer::with_certificate(FIRST[0], FIRST[1]).await;
    stage.write("wrong.pem", SECOND);
    stage.write("right.pem", FIRST[0]);
    let settings = |ca: &str| {
        let route = "[[route]]\nname = 'all'\nsinks = ['safe']\n";
        hook("safe", &place, &format!("ca_file = '{ca}'")) + route
    };
    let mut service = service(&stage, &settings("wrong.pem")).await;
    service.pass().await;
    let line = service.until_logged("message not delivered").await;
    assert!(line.contains("certificate"), "{line}");
    assert!(place.all().is_empty(), "nothing was said");
    reread(&stage, &mut service, &settings("right.pem")).await;
    assert_eq!(place.taken(1).await.len(), 1);
    service.end().await.code(0);
}

/// Gives a service other settings.
async fn reread(stage: &Stage, service: &mut Serving, settings: &str) {
    stage.write("vigil.toml", &format!("[news]\nsettle = \"none\"\n{settings}"));
    service.signal("HUP");
    service.until_logged("the settings were read again").await;
}

#[tokio::test]
async fn settings_of_which_one_sink_is_wrong_are_refused_as_a_whole() {
    let stage = Stage::new().await;
    let [one, other] = [Hearer::new().await, Hearer::new().await];
    let route = |sink: &str| format!("[[route]]\nname = 'all'\nsinks = ['{sink}']\n");
    let mut service = service(&stage, &(hook("one", &one, "") + &route("one"))).await;
    service.pass().await;
    assert_eq!(one.taken(1).await.len(), 1);
    let settings = hook("other", &other, "template = 'mine.txt'") + &route("other");
    stage.write("mine.txt", "{{ message.kind");
    stage.write("vigil.toml", &format!("[news]\nsettle = \"none\"\n{settings}"));
    service.signal("HUP");
    let line = service.until_logged("the settings are refused").await;
    assert!(line.contains("mine.txt") && line.contains("line 1"), "{line}");
    build(&stage, &service, &[finding("CVE-2", "CRITICAL")]).await;
    assert_eq!(one.taken(2).await.len(), 2, "the old route leads to the old sink");
    stage.write("mine.txt", "{{ message.kind }}");
    reread(&stage, &mut service, &settings).await;
    build(&stage, &service, &[finding("CVE-3", "CRITICAL")]).await;
    assert_eq!(other.taken(1).await[0].body, "image");
    assert_eq!(one.all().len(), 2);
    service.end().await.code(0);
}

async fn mail_server(stage: &Stage) -> (Running, u64) {
    stage.write("server.crt", FIRST[0]);
    stage.write("server.key", FIRST[1]);
    let mut server =
        script("serve_smtp.py", "server.crt server.key", stage.home.path()).keep_stdin().start().await;
    let said: Value = serde_json::from_str(&server.until("{\"port\"").await).unwrap();
    let port = said["port"].as_u64().unwrap();
    (server, port)
}

#[tokio::test]
async fn mail_is_taken_by_a_server_after_starttls_and_a_login() {
    let stage = Stage::new().await;
    let (mut server, port) = mail_server(&stage).await;
    let settings = |to: &str, password: &str| {
        format!(
            "[[sink]]\nname = 'mail'\ntype = 'email'\nhost = '127.0.0.1'\nport = {port}\nca_file = 'server.crt'\n\
             user = 'vigil'\npassword = '{password}'\nfrom = 'ecr-vigil <vigil@example.com>'\nto = ['{to}']\n\
             [[route]]\nname = 'all'\nsinks = ['mail']\n"
        )
    };
    let mut service = service(&stage, &settings("team@example.com", "wrong")).await;
    service.pass().await;
    let line = service.until_logged("message not delivered").await;
    assert!(line.contains("535") && !line.contains("wrong"), "{line}");
    reread(&stage, &mut service, &settings("team@example.com", "a secret")).await;
    let mail: Value = serde_json::from_str(&server.until("{\"mail\"").await).unwrap();
    assert!(mail["mail"]["Subject"].as_str().unwrap().contains("First look at"), "{mail}");
    build(&stage, &service, &[finding("CVE-2", "CRITICAL")]).await;
    let mail: Value = serde_json::from_str(&server.until("{\"mail\"").await).unwrap();
    assert_eq!(mail["to"], serde_json::json!(["team@example.com"]));
    let head = |name: &str| mail["mail"][name].as_str().unwrap().to_owned();
    assert!(head("Subject").contains("team/app:latest"), "{mail}");
    assert!(head("Message-ID").ends_with("@example.com>"), "{mail}");
    for kind in ["plain", "html"] {
        assert!(mail["body"][kind].as_str().unwrap().contains("CVE-2"), "{mail}");
    }
    reread(&stage, &mut service, &settings("nobody@example.com", "a secret")).await;
    build(&stage, &service, &[finding("CVE-3", "CRITICAL")]).await;
    let line = service.until_logged("message given up").await;
    assert!(line.contains("no such user"), "{line}");
    let letters = service.items("dead-letters?sink=mail").await;
    assert_eq!(letters.as_array().unwrap().len(), 1, "{letters}");
    service.end().await.code(0);
    server.end().await.code(0);
}

/// A service that tells moto.
async fn service_of(stage: &Stage, endpoint: &str, settings: &str) -> Serving {
    stage.write("vigil.toml", &format!("[news]\nsettle = \"none\"\n{settings}"));
    stage.push("team/app:latest", image(&[finding("CVE-1", "LOW")]));
    let program = stage.program("serve --http-port 0 --expiry 1h");
    let program = program.env("AWS_ENDPOINT_URL_EVENTBRIDGE", endpoint);
    program.env("AWS_ENDPOINT_URL_SECURITYHUB", endpoint).serve().await
}

#[tokio::test]
async fn an_event_bus_hands_on_what_it_is_told() {
    let stage = Stage::new().await;
    let (moto, holds) = moto(&stage).await;
    let endpoint = holds["endpoint"].as_str().unwrap();
    let rule = script("bus.py", &format!("rule {endpoint}"), stage.home.path()).run().await.code(0).json();
    let settings = "[[sink]]\nname = 'bus'\ntype = 'eventbridge'\nbus = 'security'\n\
                    [[route]]\nname = 'all'\nsinks = ['bus']\n";
    let mut service = service_of(&stage, endpoint, settings).await;
    service.pass().await;
    service.until_logged("message delivered").await;
    build(&stage, &service, &[finding("CVE-2", "HIGH")]).await;
    service.until_logged("message delivered").await;
    let queue = rule["queue"].as_str().unwrap();
    let heard = script("topic.py", &format!("read {endpoint} {queue} 2"), stage.home.path());
    let heard = heard.run().await.code(0).json();
    let details: Vec<&Value> = heard.as_array().unwrap().iter().map(|event| &event["detail"]).collect();
    let kinds: Vec<&Value> = details.iter().map(|detail| &detail["message"]["kind"]).collect();
    assert_eq!(kinds, ["baseline", "image"], "{heard}");
    assert!(details[1].to_string().contains("CVE-2"), "{heard}");
    service.end().await.code(0);
    moto.end().await.code(0);
}

#[tokio::test]
async fn security_hub_holds_what_is_open_and_archives_what_was_fixed() {
    let stage = Stage::new().await;
    let (moto, holds) = moto(&stage).await;
    let endpoint = holds["endpoint"].as_str().unwrap();
    let hub = |what: &str| script("bus.py", &format!("{what} {endpoint}"), stage.home.path());
    hub("hub").run().await.code(0);
    let settings =
        "[[sink]]\nname = 'hub'\ntype = 'security_hub'\n[[route]]\nname = 'all'\nsinks = ['hub']\n";
    let mut service = service_of(&stage, endpoint, settings).await;
    service.pass().await;
    // More than one call takes.
    let many: Vec<Value> = (0..150).map(|n| finding(&format!("CVE-{}", 100 + n), "HIGH")).collect();
    service.until_logged("message delivered").await;
    build(&stage, &service, &many).await;
    service.until_logged("message delivered").await;
    let open = hub("findings").run().await.code(0).json();
    let states = |findings: &Value, state: &str| {
        findings.as_array().unwrap().iter().filter(|finding| finding["RecordState"] == state).count()
    };
    assert_eq!((states(&open, "ACTIVE"), states(&open, "ARCHIVED")), (150, 1), "{open:.2000}");
    build(&stage, &service, &many[..149]).await;
    service.until_logged("message delivered").await;
    let after = hub("findings").run().await.code(0).json();
    assert_eq!((states(&after, "ACTIVE"), states(&after, "ARCHIVED")), (149, 2), "{after:.2000}");
    service.end().await.code(0);
    moto.end().await.code(0);
}
