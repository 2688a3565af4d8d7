//! Settings: where they come from, which wins, and everything that is wrong with them told at once.

use crate::golden::golden;
use crate::program::Program;
use crate::stage::Stage;

/// Without any setting but those of the story.
fn bare(stage: &Stage, arguments: &str) -> Program {
    stage.program(arguments).without_env("VIGIL_FIRST_QUESTION")
}

#[tokio::test]
async fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
    let stage = Stage::new().await;
    stage.write("vigil.toml", "[pass]\nconcurrency = 2\ntimeout = '1h'\n[gate]\nhigh = 5\nlow = 'off'\n");
    let program = bare(&stage, "config show --concurrency 4 --fips --repositories a/*,regex:b{1,2}")
        .without_env("AWS_ENDPOINT_URL");
    let shown =
        program.env("VIGIL_CONCURRENCY", "3").env("VIGIL_HIGH", "6").env("VIGIL_TAGS", "").run().await;
    golden("config_show", &shown.code(0).stdout);
    stage.untouched();
}

#[tokio::test]
async fn what_is_shown_can_be_read_back_and_shows_no_secret() {
    let stage = Stage::new().await;
    let role = "arn:aws:iam::210987654321:role/scanner";
    let target = format!("[[target]]\nregion = 'eu-west-1'\nrole_arn = '{role}'\nexternal_id = 'hush'\n");
    stage.write("mine.toml", &format!("[pass]\nconcurrency = 2\n{target}"));
    let shown = bare(&stage, "config show --config mine.toml").run().await.code(0).reports("(secret)");
    for secret in ["hush", "do-not-print-me"] {
        assert!(!shown.stdout.contains(secret) && !shown.stderr.contains(secret));
    }
    stage.write("vigil.toml", &shown.stdout);
    bare(&stage, "config check").run().await.code(0).reports("the settings are right");
}

#[tokio::test]
async fn a_file_that_is_not_toml_is_told_by_line_and_its_text_is_kept() {
    let stage = Stage::new().await;
    let file = "[[target]]\nregion = 'eu-west-1'\nexternal_id = \"s3cr3t\n[pass]\nconcurrency = 0\n[gate]\nhigh = off\n";
    stage.write("vigil.toml", file);
    let checked = bare(&stage, "config check").run().await.code(2).silent();
    assert!(!checked.stderr.contains("s3cr3t"), "{}", checked.stderr);
    golden("not_toml", &checked.stderr);
}

#[tokio::test]
async fn everything_wrong_is_told_at_once_with_key_source_and_form() {
    let stage = Stage::new().await;
    let file = "sped = 3\n[gate]\nmedium = 'many'\nexceptions = 'none.toml'\n[pass]\nconcurency = 1\nconcurrency = 0\n\
                [select]\nnewest = 0\nrepositories = ['regex:(']\n[report]\nformat = 'xml'\noutput = 'reports/'\n\
                [[target]]\nregion = 'Mars'\nexternal_id = 'x'\nrole_arn = 'root'\ncolour = 'red'\n";
    stage.write("vigil.toml", file);
    let program = bare(
        &stage,
        "config check --expiry soon --high -3 --endpoint-url ftp://x --fips --timeout 5 --region eu-west-1",
    )
    .env("VIGIL_LOG_LEVEL", "loud")
    .env("VIGIL_SPEED", "11")
    .env("VIGIL_CALLS_PER_SECOND", "StartImageScan=0,Sing=1")
    .env("VIGIL_TAG_STATUS", "untagged")
    .env("VIGIL_TAGS", "v*")
    .env("LOW", "-1");
    let checked = program.run().await.code(2).silent();
    golden("config_check", &checked.stderr);
}

#[tokio::test]
async fn a_password_in_a_url_is_refused_and_never_shown() {
    let stage = Stage::new().await;
    for url in
        ["https://user:hush@aws.example", "http://hush@aws.example/path", "ftp://user:hush@aws.example"]
    {
        let shown = bare(&stage, &format!("config show --endpoint-url {url}")).run().await.code(2);
        let shown = shown.reports("://(secret)@aws.example").complains("://(secret)@aws.example");
        assert!(!shown.stdout.contains("hush") && !shown.stderr.contains("hush"));
    }
}

/// What the SDK finds there is its affair, but it must not fail of it later, target by target.
#[tokio::test]
async fn an_endpoint_of_the_environment_is_checked_and_not_taken_over() {
    let stage = Stage::new().await;
    for command in ["config check", "scan", "plan"] {
        let run = async |flags: &str, variable, url| {
            stage.program(&format!("{command} {flags}")).env(variable, url).run().await
        };
        let bad = run("", "AWS_ENDPOINT_URL", "foo").await.code(2).silent();
        bad.complains(
            "aws.endpoint_url (environment AWS_ENDPOINT_URL): `foo` is not a URL; expected an http",
        );
        let bad = run("", "AWS_ENDPOINT_URL_ECR", "foo").await.code(2);
        bad.complains("(environment AWS_ENDPOINT_URL_ECR): `foo` is not a URL");
        for contradiction in ["--fips", "--dual-stack"] {
            let checked = run(contradiction, "TIMEOUT", "5m").await.code(2).silent();
            checked
                .complains("aws.endpoint_url (environment AWS_ENDPOINT_URL): with an endpoint of one's own");
        }
    }
    stage.untouched();
    // Where another is given, and where they are told to be ignored, nobody looks at it.
    let check = |flags| bare(&stage, &format!("config check {flags}")).env("AWS_ENDPOINT_URL", "foo");
    check("--endpoint-url http://127.0.0.1:1").run().await.code(0);
    check("--fips").env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true").run().await.code(0);
    bare(&stage, "config show").run().await.code(0).reports("# endpoint_url =  # default: not set");
}

#[tokio::test]
async fn an_empty_flag_or_list_widens_nothing() {
    let stage = Stage::new().await;
    stage.write("vigil.toml", "[select]\nrepositories = ['team/*']\n");
    for flag in ["--repositories=", "--repositories=,", "--tags="] {
        bare(&stage, &format!("plan {flag}")).run().await.code(2).complains("it is empty; expected globs");
    }
    for variable in ["VIGIL_REPOSITORIES", "VIGIL_TAGS"] {
        let plan = bare(&stage, "plan").env(variable, " , ").run().await.code(2);
        plan.complains(&format!("(environment {variable}): it is empty; expected globs"));
    }
    stage.untouched();
}

#[tokio::test]
async fn wrong_settings_open_nothing() {
    let stage = Stage::new().await;
    for wrong in
        ["--expiry soon", "--config none.toml", "--exceptions none.toml", "A/Bad", "--images-file none.txt"]
    {
        for command in ["scan --output report.txt", "plan --output report.txt"] {
            stage.run(&format!("{command} {wrong}")).await.code(2).silent();
        }
    }
    for command in ["config check", "scan", "plan"] {
        stage
            .run(&format!("{command} --output="))
            .await
            .code(2)
            .silent()
            .complains("it is empty; expected a file");
    }
    stage.run("scan --no-such-flag").await.code(2).complains("--no-such-flag");
    stage.program("scan").env("VIGIL_SPEED", "11").run().await.code(2).complains("VIGIL_SPEED");
    stage.untouched();
    assert_eq!(std::fs::read_dir(stage.home.path()).unwrap().count(), 0);
}

/// Every variable of other programs that the documentation promises to understand.
const OTHERS: [(&str, &str); 21] = [
    ("AWS_ECR_SCAN_CRON_SCHEDULE", "0 0 */6 * * *"),
    ("AWS_ECR_SCAN_WEB_HOST", "::1"),
    ("AWS_ECR_SCAN_WEB_PORT", "9090"),
    ("AWS_ECR_SCAN_METRICS_PATH", "/prometheus"),
    ("AWS_ECR_EXPORTER_LIMITS_IMAGE_TAGS_COUNT", "5"),
    ("ECR_SCAN_CONFIG_BUCKET", "ecr-continuous-scan-config"),
    ("DATABASE_URL", "postgres://db.example/vigil"),
    ("AWS_ECR_SCAN_LOG_FORMAT", "logfmt"),
    ("AWS_ECR_SCAN_LOG_LEVEL", "WARNING"),
    ("AWS_ECR_SCAN_IMAGES_FILTER_TAG_STATUS", "TAGGED"),
    ("REPOSITORIES_FILTER_REGEXP", "team/(app|web){1,2}"),
    ("ECR_IMAGES_DURATION_DELTA", "2w1d"),
    ("CRITICAL", "1"),
    ("HIGH", "2"),
    ("MEDIUM", "3"),
    ("LOW", "4"),
    ("CONCURRENCY", "5"),
    ("SEVERITY_THRESHOLD", "MEDIUM"),
    ("TIMEOUT", "10m"),
    ("FORMAT", "SUMMARY"),
    ("VIGIL_OUTPUT", "report.txt"),
];

#[tokio::test]
async fn the_variables_of_other_programs_are_understood() {
    let stage = Stage::new().await;
    let program =
        OTHERS.iter().fold(bare(&stage, "config show"), |program, (name, value)| program.env(name, value));
    let shown = program.run().await.code(0);
    golden("config_show_others", &shown.stdout);
    let documented = include_str!("../../../../docs/settings.md");
    let table = documented.split("## Moving over").nth(1).unwrap().split("\n## ").next().unwrap();
    let first_column = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    for name in first_column.flat_map(|cell| cell.split(", ")) {
        let name = name.trim().trim_matches('`');
        assert!(shown.stdout.contains(&format!("# environment {name}\n")), "{name} is promised");
    }
}

#[tokio::test]
async fn our_own_variable_wins_over_that_of_another_program() {
    let stage = Stage::new().await;
    let program = bare(&stage, "config show").env("VIGIL_HIGH", "7").env("HIGH", "8").env("LOW", "");
    let shown = program.run().await.code(0).reports("high = 7  # environment VIGIL_HIGH");
    assert!(shown.stdout.contains("low = 0  # default"), "an empty variable counts as not set");
}

#[tokio::test]
async fn the_variables_of_other_programs_steer_a_pass() {
    let stage = crate::images::one_of_everything().await;
    let program =
        stage.program("plan").env("REPOSITORIES_FILTER_REGEXP", "team/(web|api)").env("FORMAT", "json");
    assert_eq!(program.run().await.code(0).count("planned"), 3);
}
