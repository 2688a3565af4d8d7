//! What is wrong with a sink is told when the settings are checked, and not when the first message waits.

use crate::program::Ended;
use crate::stage::Stage;

async fn checked(stage: &Stage, sinks: &str) -> Ended {
    let names: Vec<&str> = sinks.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
    let route = format!("[[route]]\nname = 'all'\nsinks = [{}]\n", names.join(", "));
    stage.write("vigil.toml", &format!("{sinks}{route}"));
    stage.run("config check").await
}

#[tokio::test]
async fn every_mistake_in_a_sink_is_told_at_once_with_what_would_be_right() {
    let stage = Stage::new().await;
    stage.write("mine.txt", "{{ message.kind");
    stage.write("empty.pem", "nothing\n");
    stage.write("token", "xoxb-1 # the bot's\n");
    let ended = checked(
        &stage,
        "[[sink]]\nname = 'hook'\ntype = 'webhook'\nurl = 'https://example.com/'\nkey = 'whsec_hush!'\n\
         template = 'mine.txt'\nheaders = { 'X Key' = 'hush', 'X-Other' = \"hush\\nhush\" }\ncontent_type = 'json'\n\
         ca_file = 'empty.pem'\n\
         [[sink]]\nname = 'chat'\ntype = 'slack'\nchannel = 'C1'\ntoken_file = 'token'\n\
         [[sink]]\nname = 'mail'\ntype = 'email'\nhost = 'mail.example.com'\nfrom = 'vigil@ex_ample.com'\n\
         to = ['team@example.com', 'team at example.com']\n",
    )
    .await
    .code(2)
    .silent();
    assert!(!ended.stderr.contains("hush") && !ended.stderr.contains("xoxb-1 #"), "{}", ended.stderr);
    for complaint in [
        "sink[0].key (file vigil.toml): what follows `whsec_` is not base64",
        "sink[0].template (file vigil.toml): template mine.txt, line 1:",
        "sink[0].headers (file vigil.toml): `X Key` is not the name of a header",
        "sink[0].headers (file vigil.toml): the value of `X-Other` cannot be sent",
        "sink[0].content_type (file vigil.toml): `json` is not a content type such as `application/json`",
        "sink[0].ca_file (file vigil.toml): `empty.pem`: the certificates cannot be read",
        "sink[1].token (file vigil.toml): it is no token",
        "sink[2].from (file vigil.toml): `ex_ample.com` is not a domain such as `example.com`",
        "sink[2].to (file vigil.toml): `team at example.com` is not a mail address, such as",
    ] {
        assert!(ended.stderr.contains(complaint), "{complaint}\n{}", ended.stderr);
    }
}

#[tokio::test]
async fn what_is_right_is_not_complained_of() {
    let stage = Stage::new().await;
    stage.write("mine.txt", "{{ message.kind }}");
    stage.write("right.pem", include_str!("../../src/http/stories/tls/first.crt"));
    checked(
        &stage,
        "[[sink]]\nname = 'hook'\ntype = 'webhook'\nurl = 'https://example.com/'\nkey = 'whsec_aHVzaA=='\n\
         template = 'mine.txt'\nheaders = { X-Key = 'a value' }\ncontent_type = 'text/plain; charset=utf-8'\n\
         ca_file = 'right.pem'\n\
         [[sink]]\nname = 'chat'\ntype = 'slack'\nchannel = 'C1'\ntoken = 'xoxb-1-2-abc'\n\
         [[sink]]\nname = 'mail'\ntype = 'email'\nhost = 'mail.example.com'\nfrom = 'ecr-vigil <vigil@example.com>'\n\
         to = ['team@example.com', 'Team <team@localhost>']\n",
    )
    .await
    .code(0);
    let token = stage.program("config check").env("SLACK_TOKEN", "xoxb-1\nx").env("SLACK_CHANNEL_ID", "C1");
    stage.write("vigil.toml", "");
    token.run().await.code(2).complains("slack.token (environment SLACK_TOKEN): it is no token");
}

#[tokio::test]
async fn a_member_of_another_type_is_named_with_what_it_should_be() {
    let stage = Stage::new().await;
    let complaints = [
        (
            "[[route]]\nname = 'r'\nsinks = []\ncritical = -1\n",
            "expected a number of findings, such as 5, or \"off\" in `critical`",
        ),
        ("[[route]]\nname = 'r'\nsinks = []\nfixable = 'yes'\n", "expected a boolean in `fixable`"),
        ("[[sink]]\nname = 's'\ntype = 'email'\nhost = 5\n", "expected a string in `host`"),
    ];
    for (settings, complaint) in complaints {
        stage.write("vigil.toml", settings);
        stage.run("config check").await.code(2).complains(complaint);
    }
}
