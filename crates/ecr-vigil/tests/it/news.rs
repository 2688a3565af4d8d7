//! News, as those hear it who were meant to: over HTTP, and through AWS as moto plays it.

use serde_json::{Value, json};
use vigil_sim::NewImage;

use crate::hearer::{Hearer, Says};
use crate::moto::moto;
use crate::python::script;
use crate::serving::Serving;
use crate::stage::{Stage, clean};

pub(crate) fn finding(cve: &str, severity: &str) -> Value {
    let attributes =
        json!([{"key": "package_name", "value": "zlib"}, {"key": "package_version", "value": "1.2"}]);
    json!({"name": cve, "severity": severity, "uri": format!("https://cve.example/{cve}"), "attributes": attributes})
}

pub(crate) fn image(findings: &[Value]) -> NewImage {
    NewImage { findings: Some(findings.to_vec()), ..NewImage::default() }
}

/// A service with these settings, which has seen the registry once, and told so.
pub(crate) async fn service(stage: &Stage, settings: &str) -> Serving {
    stage.write("vigil.toml", &format!("[news]\nsettle = \"none\"\n{settings}"));
    stage.push("team/app:latest", image(&[finding("CVE-1", "LOW")]));
    stage.serve("--expiry 1h").await
}

/// The next build of the image, and a pass that sees it.
pub(crate) async fn build(stage: &Stage, service: &Serving, findings: &[Value]) {
    stage.push("team/app:latest", image(findings));
    service.pass().await;
}

#[tokio::test]
async fn a_change_is_told_once_to_each_sink_that_a_route_leads_to() {
    let (stage, hook, slack) = (Stage::new().await, Hearer::new().await, Hearer::new().await);
    let settings = format!(
        "[[sink]]\nname = 'hook'\ntype = 'webhook'\nurl = '{}/secret'\nkey = 'shared'\n\
         [[sink]]\nname = 'team'\ntype = 'slack'\ntoken = 'xoxb-1'\nchannel = 'C1'\napi = '{}'\n\
         [[route]]\nname = 'all'\nsinks = ['hook']\n\
         [[route]]\nname = 'worst'\nsinks = ['team']\nseverity = 'CRITICAL'\n",
        hook.url, slack.url
    );
    let service = service(&stage, &settings).await;
    service.pass().await;
    let baseline = hook.taken(1).await[0].json();
    assert_eq!(baseline["message"]["kind"], "baseline", "{baseline}");
    build(&stage, &service, &[finding("CVE-1", "LOW"), finding("CVE-2", "HIGH")]).await;
    let heard = &hook.taken(2).await[1];
    let news = heard.json();
    assert_eq!(news["message"]["kind"], "image", "{news}");
    assert!(heard.body.contains("CVE-2") && !heard.body.contains("CVE-1\""), "{news}");
    assert!(heard.header("webhook-signature").is_some_and(|signature| signature.starts_with("v1,")));
    assert_eq!(heard.header("webhook-id"), news["id"].as_str());
    build(&stage, &service, &[finding("CVE-3", "CRITICAL")]).await;
    let told = slack.taken(2).await;
    assert!(told[1].body.contains("CVE-3") && told[1].body.contains("C1"), "{}", told[1].body);
    assert_eq!(hook.taken(3).await.len(), 3);
    service.end().await.code(0);
    assert_eq!((hook.all().len(), slack.all().len()), (3, 2), "and nothing twice");
}

#[tokio::test]
async fn the_owner_of_an_image_is_known_from_its_tags_or_the_settings_and_hears_of_it() {
    let (stage, blue, green) = (Stage::new().await, Hearer::new().await, Hearer::new().await);
    let sink = |name: &str, hearer: &Hearer| {
        format!("[[sink]]\nname = '{name}'\ntype = 'webhook'\nurl = '{}'\n", hearer.url)
    };
    let settings = format!(
        "{}{}[[owner]]\nname = 'green'\nrepositories = ['shop/*']\n\
         [[route]]\nname = 'blue'\nsinks = ['blue']\nowners = ['blue']\n\
         [[route]]\nname = 'green'\nsinks = ['green']\nowners = ['green']\n",
        sink("blue", &blue),
        sink("green", &green)
    );
    stage.push("shop/cart:latest", image(&[]));
    for repository in ["team/app", "shop/cart"] {
        stage.registry.add_repository(repository).ok();
        stage.registry.tag_repository(repository, &[("Owner", "blue")]).unwrap();
    }
    let service = service(&stage, &settings).await;
    service.pass().await;
    stage.sim.when_calls("ListTagsForResource", 2).await;
    blue.taken(1).await;
    green.taken(1).await;
    stage.push("shop/cart:latest", image(&[finding("CVE-2", "HIGH")]));
    build(&stage, &service, &[finding("CVE-1", "LOW"), finding("CVE-3", "HIGH")]).await;
    for (hearer, owner, cve) in [(&blue, "blue", "CVE-3"), (&green, "green", "CVE-2")] {
        let news = hearer.taken(2).await[1].json();
        assert_eq!(news["message"]["image"]["owner"], owner, "{news}");
        assert_eq!(news["message"]["changes"][0]["finding"]["id"], cve, "{news}");
    }
    let owners = |items: Value| {
        let of = |item: &Value| format!("{} {}", item["repository"], item["owner"]);
        items.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let known = [r#""shop/cart" "green""#, r#""team/app" "blue""#];
    assert_eq!(owners(service.items("repositories").await), known);
    let mut images = owners(service.items("images?sort=name").await);
    images.dedup();
    assert_eq!(images, known);
    service.end().await.code(0);
    assert_eq!(stage.calls("ListTagsForResource"), 2, "once a day");
}

#[tokio::test]
async fn an_exception_lapses_by_itself_when_the_severity_rises_and_that_is_news() {
    let (stage, hook) = (Stage::new().await, Hearer::new().await);
    stage.write("accepted.toml", "[[exception]]\nvulnerability = 'CVE-1'\nreason = 'never called'\n");
    let settings = format!(
        "[gate]\nexceptions = 'accepted.toml'\n\
         [[sink]]\nname = 'hook'\ntype = 'webhook'\nurl = '{}'\n\
         [[route]]\nname = 'all'\nsinks = ['hook']\n",
        hook.url
    );
    let service = service(&stage, &settings).await;
    service.pass().await;
    hook.taken(1).await;
    build(&stage, &service, &[finding("CVE-1", "LOW"), finding("CVE-2", "LOW")]).await;
    hook.taken(2).await;
    let accepted = async || {
        let images = service.items("images?tag=latest").await;
        (images[0]["accepted"].clone(), images[0]["counts"].clone())
    };
    assert_eq!(accepted().await, (json!(1), json!({"LOW": 1})));
    build(&stage, &service, &[finding("CVE-1", "CRITICAL"), finding("CVE-2", "LOW")]).await;
    let news = hook.taken(3).await[2].json();
    let changes = news["message"]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{news}");
    assert_eq!(changes[0]["change"], "worsened");
    assert_eq!(changes[0]["worse"]["severity_before"], "LOW");
    assert_eq!(changes[0]["worse"]["accepted_before"], "never called");
    assert_eq!(accepted().await, (json!(0), json!({"CRITICAL": 1, "LOW": 1})));
    build(&stage, &service, &[finding("CVE-1", "LOW"), finding("CVE-2", "LOW")]).await;
    assert_eq!(accepted().await, (json!(0), json!({"LOW": 2})), "it stays so");
    service.end().await.code(0);
}

#[tokio::test]
async fn an_exception_is_news_before_it_lapses_and_once_nothing_matches_it() {
    let (stage, hook) = (Stage::new().await, Hearer::new().await);
    let today = stage.hours_ago(0).to_zoned(jiff::tz::TimeZone::UTC).date();
    let until = today.checked_add(jiff::Span::new().days(10)).unwrap();
    let accepted = format!(
        "[[exception]]\nvulnerability = 'CVE-1'\nrepository = 'team/*'\nreason = 'never called'\nuntil = {until}\n"
    );
    stage.write("accepted.toml", &accepted);
    let settings = format!(
        "[gate]\nexceptions = 'accepted.toml'\n\
         [[sink]]\nname = 'hook'\ntype = 'webhook'\nurl = '{}'\n\
         [[route]]\nname = 'all'\nsinks = ['hook']\nchanges = ['fixed']\n",
        hook.url
    );
    let service = service(&stage, &settings).await;
    service.pass().await;
    let mut told = hook.taken(2).await.into_iter().map(|heard| heard.json()["message"].clone());
    let news = told.find(|message| message["kind"] == "exception").unwrap();
    let days = news["lapses_in_days"].as_i64().unwrap();
    assert!((9..=10).contains(&days), "{news}");
    assert_eq!((&news["notice"], &news["findings"]), (&json!("lapses"), &json!(1)), "{news}");
    assert_eq!(news["accepted_in"][0]["repository"], "team/app", "{news}");
    let listed = service.items("exceptions").await[0].clone();
    assert_eq!((&listed["matches"], &listed["images"]), (&json!(1), &json!(1)), "{listed}");
    assert_eq!(listed["lapses_in_days"], news["lapses_in_days"]);
    let before = service.items("images").await[0]["digest"].as_str().unwrap().parse().unwrap();
    stage.registry.delete_image("team/app", before).unwrap();
    build(&stage, &service, &[]).await;
    let idle = hook.taken(3).await[2].json()["message"].clone();
    assert_eq!((&idle["kind"], &idle["notice"]), (&json!("exception"), &json!("idle")), "{idle}");
    service.end().await.code(0);
    let report = stage.run("report --format json").await.code(0);
    let warned = report.json()["warnings"].to_string();
    assert!(warned.contains("never called") && warned.contains(&until.to_string()), "{warned}");
}

#[tokio::test]
async fn a_sink_that_is_away_holds_back_no_other_and_hears_everything_in_the_end() {
    let (stage, away, there) = (Stage::new().await, Hearer::new().await, Hearer::new().await);
    let settings = format!(
        "[[sink]]\nname = 'away'\ntype = 'webhook'\nurl = '{}'\n\
         [[sink]]\nname = 'there'\ntype = 'webhook'\nurl = '{}'\n\
         [[route]]\nname = 'all'\nsinks = ['away', 'there']\n",
        away.url, there.url
    );
    away.will_say(&[Says::Status(500)]);
    let mut service = service(&stage, &settings).await;
    service.pass().await;
    there.taken(1).await;
    service.until_logged("message not delivered").await;
    let once_more = away.taken(1).await;
    assert_eq!(once_more[0].header("webhook-id"), away.all()[0].header("webhook-id"), "the same message");
    service.end().await.code(0);
}

#[tokio::test]
async fn the_scan_reporters_variables_alone_tell_its_topic_what_reaches_a_threshold() {
    let stage = Stage::new().await;
    let (moto, holds) = moto(&stage).await;
    let endpoint = holds["endpoint"].as_str().unwrap();
    let queue = script("topic.py", &format!("make {endpoint}"), stage.home.path()).run().await.code(0).json();
    stage.push("team/app:latest", clean());
    let program = stage.program("serve --http-port 0 --expiry 1h --news-settle none");
    let program = program.env("ECR_SNS_REPORT_TOPIC_ARN", queue["topic"].as_str().unwrap());
    let mut service =
        program.env("AWS_ENDPOINT_URL_SNS", endpoint).env("HIGH", "2").env("LOW", "off").serve().await;
    service.pass().await;
    service.until_logged("message delivered").await;
    build(&stage, &service, &[finding("CVE-1", "HIGH")]).await;
    build(&stage, &service, &[finding("CVE-1", "HIGH"), finding("CVE-2", "HIGH")]).await;
    service.until_logged("message delivered").await;
    let read = script(
        "topic.py",
        &format!("read {endpoint} {} 2", queue["queue"].as_str().unwrap()),
        stage.home.path(),
    );
    let heard = read.run().await.code(0).json();
    let last = &heard[1];
    assert!(last["Subject"].as_str().unwrap().contains("team/app"), "{last}");
    let text = last["Message"].as_str().unwrap();
    assert!(text.starts_with("Vulnerabilities found above threshold for team/app@latest"), "{text}");
    assert!(
        text.contains("CVE-2") && !text.contains("CVE-1\n"),
        "what was below the threshold was no news: {text}"
    );
    service.end().await.code(0);
    moto.end().await.code(0);
}

/// So often in all: between the record of a change and its telling, and between that and the sink's answer.
const KILLS: usize = 100;

#[tokio::test]
async fn killed_a_hundred_times_between_record_and_answer_it_tells_every_change_once() {
    let (stage, hook) = (Stage::new().await, Hearer::new().await);
    let settings = format!(
        "[[sink]]\nname = 'hook'\ntype = 'webhook'\nurl = '{}'\n[[route]]\nname = 'all'\nsinks = ['hook']\n",
        hook.url
    );
    let mut service = service(&stage, &settings).await;
    service.pass().await;
    hook.taken(1).await;
    let mut findings = vec![finding("CVE-1", "LOW")];
    let mut kills = 0;
    while kills < KILLS {
        hook.keep_silent(true);
        for n in 0..5 {
            findings.push(finding(&format!("CVE-{}", 100 + kills), "HIGH"));
            build(&stage, &service, &findings).await;
            service.kill().await;
            // It tells at once what it finds untold: killed now, or somewhere on the way, or in the middle of its words.
            let asked = hook.all().len();
            service = stage.serve("--expiry 1h").await;
            match n {
                0 | 1 => hook.asked(asked + 1).await,
                n => {
                    for _ in 0..n * 100 {
                        tokio::task::yield_now().await;
                    }
                }
            }
            service.kill().await;
            service = stage.serve("--expiry 1h").await;
            kills += 2;
        }
        hook.keep_silent(false);
        // Its note of an answer is waited for: a kill before it would have the message brought again.
        while service.items("sinks").await[0]["waiting"] != 0 || times_told(&hook, findings.len() - 2) == 0 {
            service.until_logged("message delivered").await;
        }
    }
    service.end().await.code(0);
    for n in (0..KILLS).step_by(2) {
        assert_eq!(times_told(&hook, n / 2), 1, "change {n}");
    }
}

/// In how many messages that the place has answered the change of this number is told.
fn times_told(hook: &Hearer, change: usize) -> usize {
    let cve = format!("\"CVE-{}\"", 100 + 2 * change);
    hook.answered().iter().filter(|heard| heard.body.contains(&cve)).count()
}

#[tokio::test]
async fn a_message_is_shown_as_its_sink_would_be_sent_it() {
    let (stage, hook) = (Stage::new().await, Hearer::new().await);
    let settings = format!(
        "[news]\nsettle = \"none\"\n\
         [[sink]]\nname = 'hook'\ntype = 'webhook'\nurl = '{}'\ntemplate = 'news.txt'\n\
         [[route]]\nname = 'all'\nsinks = ['hook']\n",
        hook.url
    );
    stage.write("vigil.toml", &settings);
    stage.write("news.txt", "{{ message.kind }}: {{ message.headline }}");
    stage
        .run("report preview --sink hook")
        .await
        .code(0)
        .reports("image: 1 new CRITICAL in example/app:v1.2.3");
    stage
        .run("report preview --sink other")
        .await
        .code(2)
        .complains("there is no sink `other` in the settings; there are: hook");
    let service = service(&stage, &settings.replace("[news]\nsettle = \"none\"\n", "")).await;
    service.pass().await;
    let heard = hook.taken(1).await[0].body.clone();
    assert!(heard.starts_with("baseline: "), "{heard}");
    stage.run("report preview --sink hook").await.code(0).reports(&heard);
    service.end().await.code(0);
    assert_eq!(hook.all().len(), 1, "nothing was sent but by the service");
}
