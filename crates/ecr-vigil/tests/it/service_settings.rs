//! Settings of the service: schedules, the memory, and who may ask; told in full, checked at once, and without secrets.

use sha2::{Digest, Sha256};

use crate::golden::golden;
use crate::program::Program;
use crate::stage::Stage;

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn bare(stage: &Stage, arguments: &str) -> Program {
    stage.program(arguments).without_env("VIGIL_FIRST_QUESTION")
}

/// The settings are right with these flags, or wrong with these words.
async fn check(stage: &Stage, flags: &[&str], complaint: Option<&str>) {
    let program = flags.iter().fold(bare(stage, "config check"), |program, flag| program.arg(flag));
    let ended = program.run().await;
    match complaint {
        None => drop(ended.code(0).reports("the settings are right")),
        Some(complaint) => drop(ended.code(2).silent().complains(complaint)),
    }
}

#[tokio::test]
async fn schedules_are_shown_whole_and_can_be_read_back() {
    let stage = Stage::new().await;
    let file = format!(
        "[cadence]\nexpiry = '14d'\n[http]\nhost = '0.0.0.0'\n\
         [[schedule]]\nname = 'nightly'\ncron = '0 30 2 * * MON-FRI'\ntime_zone = 'Europe/Berlin'\njitter = '10m'\n\
         windows = ['Mon-Fri 22:00-06:00', 'Sat,Sun']\nblackouts = '2026-12-20..2027-01-02; Wed 00:00-01:00'\n\
         spread = 'window'\nexclude_repositories = ['prod/*']\ntimeout = '4h'\n\
         [[schedule]]\nname = 'prod'\ncron = 'rate(6 hours)'\nrepositories = ['prod/*']\ntags = 'v*'\nnewest = 5\n\
         expiry = '1d'\nscans_per_pass = 500\nscan_configs = 'off'\n\
         [[http.token]]\nname = 'grafana'\nrole = 'read'\nsha256 = '{HASH}'\n"
    );
    stage.write("mine.toml", &file);
    let program = bare(&stage, "config show --config mine.toml").env("VIGIL_TAG_STATUS", "tagged");
    let shown = program.without_env("AWS_ENDPOINT_URL").run().await.code(0);
    let schedules = shown.stdout.find("[[schedule]]").unwrap();
    golden("config_show_schedules", &shown.stdout[schedules..]);
    stage.write("vigil.toml", &shown.stdout);
    check(&stage, &[], None).await;
}

#[tokio::test]
async fn everything_wrong_with_the_service_is_told_at_once() {
    let stage = Stage::new().await;
    let file = "[store]\ndatabase = ''\nkeep_passes = 'long'\n[http]\nport = 'http'\nhost = 'example.com'\n\
         tls_key = 'none.pem'\ncors_origins = ['board']\nbody_limit = '1TB'\nmetrics_path = '/api/metrics'\n\
         health = 'shut'\npublic_url = 'me'\nconcurrent_requests = 0\n[metrics]\nnewest_tags = 0\n\
         minimum_severity = 'bad'\nimage_series = 'few'\n[scan_configs]\nbucket = 'B!'\nregion = 'Mars'\n\
         [lineage]\ntags = ['regex:(']\n[service]\ngrace = '-1s'\n\
         [[schedule]]\ncron = '0 0 25 * * *'\nwindows = 'Sat'\nblackouts = ['Fri-Sun', '2026-02-30']\n\
         [[schedule]]\nname = 'a b'\ntime_zone = 'Mars/Olympus'\njitter = 'some'\nspread = 'window'\ncolour = 'red'\n\
         [[schedule]]\nname = 'twice'\nwindows = ['night']\ntags = ['v*']\ntag_status = 'untagged'\n\
         [[schedule]]\nname = 'twice'\ncron = '0 0 0 31 2 *'\nnewest = true\nscan_configs = 'maybe'\n\
         [[http.token]]\nname = 'a'\nrole = 'root'\nsha256 = 'do-not-print-me'\nhash = 'x'\n";
    stage.write("vigil.toml", file);
    let program = bare(&stage, "config check --expiry soon --http-authentication some");
    let checked = program.env("AWS_ECR_SCAN_CRON_SCHEDULE", "0 0 * *").run().await.code(2).silent();
    assert!(!checked.stderr.contains("do-not-print-me"));
    golden("config_check_service", &checked.stderr);
}

#[tokio::test]
async fn a_table_is_a_table() {
    let stage = Stage::new().await;
    for (file, complaint) in [
        ("schedule = 5\n", "schedule (file vigil.toml): expected a table, or a list of tables: [[schedule]]"),
        ("http = 'open'\n", "http (file vigil.toml): expected a table"),
        ("[http]\ntoken = 'x'\n", "http.token (file vigil.toml): expected a list of tables: [[http.token]]"),
        ("schedule = ['x']\n", "schedule[0] (file vigil.toml): expected a table: [[schedule]]"),
    ] {
        stage.write("vigil.toml", file);
        check(&stage, &[], Some(complaint)).await;
    }
}

#[tokio::test]
async fn every_form_of_a_schedule_is_understood_and_a_bad_one_shows_them() {
    let stage = Stage::new().await;
    for good in ["0 0 0 * * *", "0 3 * * MON", "@weekly", "rate(12 hours)", "cron(0 3 * * ? *)"] {
        check(&stage, &["--schedule", good], None).await;
    }
    for bad in ["never", "0 0 0 31 2 *", "@reboot", "cron(0 3 * * *)", "rate(1 fortnight)"] {
        check(
            &stage,
            &["--schedule", bad],
            Some(&format!("schedule.cron (flag --schedule): `{bad}` is not a schedule")),
        )
        .await;
        check(
            &stage,
            &["--schedule", bad],
            Some("expected six cron fields, seconds first, such as `0 0 0 * * *`"),
        )
        .await;
    }
    for over in ["cron(0 3 * * ? 2020)", "0 0 3 * * * 2024-2025"] {
        let complaint = format!("schedule.cron (flag --schedule): `{over}` never comes around again");
        check(&stage, &["--schedule", over], Some(&complaint)).await;
    }
    check(&stage, &["--windows", "Mon,Tue 20:00-06:00; Sat", "--spread", "window"], None).await;
    check(&stage, &["--blackouts", "Mon-Sun"], Some("with these blackouts no window ever opens")).await;
    check(
        &stage,
        &["--spread", "window"],
        Some("schedule.spread (flag --spread): there is no window that closes"),
    )
    .await;
    check(&stage, &["--time-zone", "America/St_Johns"], None).await;
}

#[tokio::test]
async fn strangers_come_in_only_if_somebody_says_so() {
    let stage = Stage::new().await;
    let strangers = ["--http-host", "0.0.0.0"];
    check(&stage, &strangers, Some("http.host (flag --http-host): others than this machine can reach it"))
        .await;
    check(&stage, &["--http-host", "0.0.0.0", "--http-authentication", "none"], None).await;
    check(&stage, &["--http-host", "::1"], None).await;
    let nobody = "http.authentication (flag --http-authentication): there is no [[http.token]] in the file";
    check(&stage, &["--http-authentication", "token"], Some(nobody)).await;
    check(&stage, &["--metrics", "token"], Some("http.metrics (flag --metrics): no token is asked for"))
        .await;
    let token = format!("[[http.token]]\nname = 'a'\nrole = 'operate'\nsha256 = '{HASH}'\n");
    stage.write("vigil.toml", &token);
    check(&stage, &strangers, None).await;
    check(&stage, &["--metrics", "token"], None).await;
    stage.write("vigil.toml", &token.repeat(2));
    check(&stage, &[], Some("http.token[1].name (file vigil.toml): `a` is another token's already")).await;
}

#[tokio::test]
async fn a_token_has_one_name_and_one_role() {
    let stage = Stage::new().await;
    let token =
        |name: &str, role| format!("[[http.token]]\nname = \"{name}\"\nrole = '{role}'\nsha256 = '{HASH}'\n");
    stage.write("vigil.toml", &(token("a", "read") + &token("b", "operate")));
    check(&stage, &[], Some("http.token[1].sha256 (file vigil.toml): it is the token of `a` already")).await;
    stage.write("vigil.toml", &token("a\\nb", "read"));
    check(&stage, &[], Some("http.token[0].name (file vigil.toml): it is not one line")).await;
    let named = bare(&stage, "token --role read").arg("--name").arg("a\nb");
    named.run().await.code(2).complains("--name is not one line");
}

#[tokio::test]
async fn what_is_no_toml_is_told_once() {
    let stage = Stage::new().await;
    stage.write("vigil.toml", "[http]\nx\n");
    let checked = bare(&stage, "config check").run().await.code(2);
    assert!(!checked.stderr.contains("there is no such setting"), "{}", checked.stderr);
    checked.complains("the file is not TOML: line 2");
}

#[tokio::test]
async fn a_certificate_needs_its_key() {
    let stage = Stage::new().await;
    stage.write("tls.pem", "");
    let alone = "http.tls_certificate (flag --tls-certificate): there is no http.tls_key for it";
    check(&stage, &["--tls-certificate", "tls.pem"], Some(alone)).await;
    check(&stage, &["--tls-key", "tls.pem"], Some("there is no http.tls_certificate for it")).await;
    check(
        &stage,
        &["--tls-certificate", "none.pem", "--tls-key", "tls.pem"],
        Some("`none.pem` cannot be read"),
    )
    .await;
    let with = async |certificate: &str, key: &str, complaint| {
        let place = |name: &str| format!("{}/src/http/stories/tls/{name}", env!("CARGO_MANIFEST_DIR"));
        let [certificate, key] = [certificate, key].map(place);
        check(&stage, &["--tls-certificate", &certificate, "--tls-key", &key], complaint).await;
    };
    with("first.crt", "first.key", None).await;
    with("first.crt", "second.key", Some("the key is not that of the certificate")).await;
    with("first.key", "first.key", Some("there is no certificate in ")).await;
    with("first.crt", "first.crt", Some("there is no private key in ")).await;
}

#[tokio::test]
async fn the_password_of_a_database_is_never_shown() {
    let stage = Stage::new().await;
    let silent = |ended: crate::program::Ended| {
        assert!(!ended.stdout.contains("hush") && !ended.stderr.contains("hush"), "{ended:?}");
        ended
    };
    for variable in ["VIGIL_DATABASE_URL", "DATABASE_URL"] {
        let url = "postgres://vigil:hu/hush@db.example/vigil?password=hush";
        let shown = bare(&stage, "config show").env(variable, url).run().await;
        silent(shown).code(0).reports("database_url = \"postgres://(secret)@db.example/vigil?(secret)\"");
    }
    for bad in ["mysql://root:hush@db/vigil", "host=db password=hush", "postgres://vigil:hush @db"] {
        let shown = bare(&stage, "config show").env("DATABASE_URL", bad).run().await.code(2);
        silent(shown)
            .complains("is not the address of a PostgreSQL database; expected postgres://user:password@");
    }
    let shown = bare(&stage, "config show --database postgres://vigil:hush@db/vigil").run().await.code(2);
    silent(shown).complains("`postgres://(secret)@db/vigil` is an address, for store.database_url");
    check(&stage, &["--database", "a.db", "--database-url", "postgres://db"], Some("give one or the other"))
        .await;
}

/// What other programs have put into the environment must not keep a pass from being made.
#[tokio::test]
async fn a_pass_knows_nothing_of_the_services_settings() {
    let stage = Stage::new().await;
    let plan = stage.program("plan").env("DATABASE_URL", "mysql://db").env("AWS_ECR_SCAN_WEB_PORT", "http");
    plan.run().await.code(0);
    for flag in ["--http-port 1", "--schedule @daily", "--database x.db"] {
        stage.run(&format!("scan {flag}")).await.code(2).complains("unexpected argument");
    }
}

#[tokio::test]
async fn a_token_is_made_with_the_table_that_lets_it_in() {
    let stage = Stage::new().await;
    let made = stage.run("token --name grafana --role operate").await.code(0);
    let (token, rest) = made.stdout.split_once('\n').unwrap();
    assert!(token.starts_with("vigil_") && token.len() == 70, "{token}");
    let table = &rest[rest.find("[[http.token]]").unwrap()..];
    let hash: String = Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    golden("token", &made.stdout.replace(token, "(token)").replace(&hash, "(its hash)"));
    stage.write("vigil.toml", table);
    check(&stage, &["--http-host", "0.0.0.0", "--metrics", "token"], None).await;

    let another = stage.run("token").await.code(0).reports("name = \"me\"\nrole = \"read\"");
    assert!(!another.stdout.contains(token));
    stage.run("token --role root").await.code(2).complains("root");
    stage.run("token --name=").await.code(2).silent().complains("--name is empty");
}
