//! Places that take messages, each as it really is, and on bad days.

use serde_json::{Value, json};

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
async fn a_place_that_is_slow_broken_or_gone_hears_everything_once_it_is_well_again() {
    let stage = Stage::new().await;
    let bad_days = [
        ("slow", Says::Nothing, "no answer in time"),
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
    settings += "[[route]]\nname = 'all'\nsinks = ['well', 'slow', 'broken', 'closed']\n";
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
        // Receivers refuse what was signed long ago.
        let [first, second] = [&heard[0], &heard[1]]
            .map(|heard| heard.header("webhook-timestamp").unwrap().parse::<i64>().unwrap());
        assert!(second - first >= 5, "{name}: {first} {second}: the time is that of the attempt");
    }
}

#[tokio::test]
async fn a_place_that_names_a_wait_is_left_alone_for_so_long() {
    let (stage, place) = (Stage::new().await, Hearer::new().await);
    place.will_say(&[Says::Wait(600)]);
    let settings = hook("limited", &place, "") + "[[route]]\nname = 'all'\nsinks = ['limited']\n";
    let mut service = service(&stage, &settings).await;
    service.pass().await;
    let line = service.until_logged("message not delivered, tried again").await;
    assert!(line.contains("429 Too Many Requests"), "{line}");
    let time = |text: &str| text.parse::<jiff::Timestamp>().unwrap_or_else(|error| panic!("{error}: {line}"));
    let until = line.split("until=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    let wait = time(until).duration_since(time(line.split_whitespace().next().unwrap()));
    assert!((595..=600).contains(&wait.as_secs()), "{line}");
    service.end().await.code(0);
    assert_eq!(place.all().len(), 1);
}

#[tokio::test]
async fn killed_between_two_posts_of_a_message_it_goes_on_with_the_second() {
    let (stage, slack) = (Stage::new().await, Hearer::new().await);
    // The first sight, and the first post of what comes then.
    slack.will_say(&[Says::Status(200), Says::Status(200), Says::Nothing]);
    let settings = format!(
        "[[sink]]\nname = 'team'\ntype = 'slack'\ntoken = 'xoxb-1'\nchannel = 'C1'\napi = '{}'\n\
         [[route]]\nname = 'all'\nsinks = ['team']\n",
        slack.url
    );
    let service = service(&stage, &settings).await;
    service.pass().await;
    slack.taken(1).await;
    // More than fifty blocks.
    let many: Vec<Value> = (0..80).map(|n| finding(&format!("CVE-{}", 100 + n), "HIGH")).collect();
    build(&stage, &service, &many).await;
    slack.asked(3).await;
    service.kill().await;
    let service = stage.serve("--expiry 1h").await;
    let posts: Vec<Value> = slack.taken(3).await.iter().map(|post| post.json()).collect();
    service.end().await.code(0);
    assert_eq!(posts.len(), 3, "nothing that was answered is posted again: {posts:?}");
    assert!(posts[2]["text"].as_str().unwrap().ends_with("(2 of 2)"), "{}", posts[2]["text"]);
    assert_eq!((&posts[1]["thread_ts"], &posts[2]["thread_ts"]), (&Value::Null, &"1503435956.000247".into()));
    let told = posts[1].to_string() + &posts[2].to_string();
    for n in 0..80 {
        assert!(told.contains(&format!("CVE-{}", 100 + n)), "{told}");
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
async fn mail_is_taken_after_starttls_and_a_login_by_everybody_who_is_there_once() {
    let stage = Stage::new().await;
    let (mut server, port) = mail_server(&stage).await;
    // Whatever fails is a dead letter at once, and can be brought again as soon as the settings are mended.
    let settings = |to: [&str; 2], password: &str| {
        format!(
            "[[sink]]\nname = 'mail'\ntype = 'email'\nhost = '127.0.0.1'\nport = {port}\nca_file = 'server.crt'\n\
             user = 'vigil'\npassword = '{password}'\nfrom = 'ecr-vigil <vigil@example.com>'\nto = {to:?}\n\
             deadline = '1ms'\n[[route]]\nname = 'all'\nsinks = ['mail']\n"
        )
    };
    let [nobody, somebody, team] = ["nobody", "somebody", "team"].map(|name| format!("{name}@example.com"));
    let mut service = service(&stage, &settings([&nobody, &team], "wrong")).await;
    service.pass().await;
    let line = service.until_logged("message given up").await;
    assert!(line.contains("535") && !line.contains("wrong"), "{line}");
    reread(&stage, &mut service, &settings([&nobody, &team], "a secret")).await;
    bring_again(&service, 1).await;
    build(&stage, &service, &[finding("CVE-2", "CRITICAL")]).await;
    let mails = mails(&mut server, 2).await;
    assert_eq!(mails.iter().map(|mail| &mail["to"]).collect::<Vec<_>>(), [&json!([team]); 2]);
    let (first, second) = (&mails[0]["mail"], &mails[1]["mail"]);
    assert!(first["Subject"].as_str().unwrap().contains("First look at"), "{first}");
    assert!(second["Subject"].as_str().unwrap().contains("team/app:latest"), "{second}");
    assert!(second["Message-ID"].as_str().unwrap().ends_with("@example.com>"), "{second}");
    assert_eq!(
        (&second["To"], &mails[1]["hello"]),
        (&json!(format!("{nobody}, {team}")), &json!("example.com"))
    );
    for kind in ["plain", "html"] {
        assert!(mails[1]["body"][kind].as_str().unwrap().contains("CVE-2"), "{}", mails[1]);
    }
    for _ in 0..2 {
        let line = service.until_logged("message given up").await;
        assert!(line.contains("nobody@example.com: ") && line.contains("no such user"), "{line}");
    }
    reread(&stage, &mut service, &settings([&somebody, &team], "a secret")).await;
    bring_again(&service, 2).await;
    build(&stage, &service, &[finding("CVE-3", "CRITICAL")]).await;
    let mails = self::mails(&mut server, 4).await;
    let got = |who: &String| mails.iter().filter(|mail| mail["to"] == json!([who])).count();
    assert_eq!((got(&somebody), got(&team)), (3, 1), "who has a mail does not get it again: {mails:?}");
    service.end().await.code(0);
    server.end().await.code(0);
}

/// Has dead letters brought again: with the next that comes, or when the outbox is looked at.
async fn bring_again(service: &Serving, letters: usize) {
    let dead = service.items("dead-letters?sink=mail").await;
    let ids = dead.as_array().unwrap().iter().map(|letter| letter["id"].as_str().unwrap());
    let ids: Vec<&str> = ids.collect();
    assert_eq!(ids.len(), letters, "{dead}");
    for id in ids {
        service.post(&format!("/api/v1/dead-letters/{id}/retry"), "").await.status(204);
    }
}

/// The next mails that the server takes.
async fn mails(server: &mut Running, number: usize) -> Vec<Value> {
    let mut mails = Vec::new();
    for _ in 0..number {
        mails.push(serde_json::from_str(&server.until("{\"mail\"").await).unwrap());
    }
    mails
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
