//! Where the report goes: whole or not at all, and never among the log.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::images::{finding, vulnerable};
use crate::program::Program;
use crate::stage::{Stage, quick};

#[tokio::test]
async fn a_file_holds_the_whole_report_and_nothing_is_left_beside_it() {
    let stage = Stage::with_images(quick(), 1).await;
    stage.write("report.json", "the one before");
    stage.run("scan --format json --output report.json").await.code(0).silent();
    let report = std::fs::read_to_string(stage.home.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["totals"]["by_status"]["scanned"], 1);
    assert_eq!(std::fs::read_dir(stage.home.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_report_that_cannot_be_written_leaves_the_one_before() {
    let stage = Stage::with_images(quick(), 1).await;
    stage.write("report.txt", "the one before");
    // A file of not one byte, and the signal about it ignored: writing fails as on a full disk.
    let no_room = "trap '' XFSZ; ulimit -f 0";
    let program = Program::within_shell(no_room, "scan --output report.txt", stage.home.path());
    stage.surround(program).run().await.code(4).complains("report.txt");
    let report = std::fs::read_to_string(stage.home.path().join("report.txt")).unwrap();
    assert_eq!(report, "the one before");
    assert_eq!(std::fs::read_dir(stage.home.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_ends_it_before_any_call() {
    let stage = Stage::with_images(quick(), 1).await;
    stage.write("file", "");
    let too_long = "a".repeat(300);
    for place in ["no/such/directory/report.txt", "file/report.txt", ".", &too_long] {
        stage.run(&format!("scan --output {place}")).await.code(4).complains(place);
    }
    stage.untouched();
}

#[tokio::test]
async fn a_dash_is_standard_output() {
    let stage = Stage::with_images(quick(), 1).await;
    stage.run("scan -o -").await.code(0).reports("team/app:v1");
    stage
        .program("scan --output -")
        .env("VIGIL_OUTPUT", "report.txt")
        .run()
        .await
        .code(0)
        .reports("team/app:v1");
    assert_eq!(std::fs::read_dir(stage.home.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_full_device_is_no_place_for_a_report() {
    let stage = Stage::with_images(quick(), 1).await;
    for format in ["text", "json", "table", "summary"] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let scan = stage.program(&format!("scan --format {format}")).stdout_to(full).run().await;
        scan.code(4).complains("standard output");
    }
}

#[tokio::test]
async fn who_stops_reading_causes_no_panic() {
    // A report of these does not fit into a pipe.
    let stage = Stage::with_images(quick(), 2_000).await;
    stage.push("team/web:v1", vulnerable(&[finding("CVE-2024-3094", "CRITICAL", "xz-utils")]));
    let large = ["plan --format table", "plan --format json"];
    for command in
        large.into_iter().chain(["plan --format summary", "config show", "completions bash", "--help"])
    {
        let mut running = stage.program(command).start().await;
        running.stop_reading();
        running.end().await.code(0);
    }
    for format in ["text", "json"] {
        let mut running = stage.program(&format!("scan --format {format} team/web")).start().await;
        running.stop_reading();
        running.end().await.code(1);
    }
}

#[tokio::test]
async fn a_missing_temporary_directory_is_missed_only_by_large_passes() {
    let stage = Stage::with_images(quick(), 2).await;
    let small = stage.program("scan").env("TMPDIR", "/no/such/directory").run().await.code(0);
    small
        .complains("WARN")
        .complains("a large pass will end early: the pass's temporary file in `/no/such/directory`");
    // More than what is kept in memory.
    for n in 1..=3 {
        let mut long = finding(&format!("CVE-2024-{n}"), "CRITICAL", "xz-utils");
        long["description"] = "long ".repeat(1 << 20).into();
        stage.push(&format!("team/large:v{n}"), vulnerable(&[long]));
    }
    let scan = async |arguments| stage.program(arguments).env("TMPDIR", "/no/such/directory").run().await;
    let partial = scan("scan --format json --critical off").await.code(5).complains("temporary file");
    assert!(partial.json()["not_entered"][0]["reason"].to_string().contains("temporary file"));
    assert!(partial.count("scanned") > 0, "what was found before is told: {}", partial.outcomes());
    assert_eq!(partial.count("planned"), 0, "the pass is over: {}", partial.outcomes());
    // What was found is true.
    scan("scan").await.code(1).reports("Error: registry 123456789012/us-east-1: ended early");
    stage.program("scan --format json").run().await.code(1);
}

#[tokio::test]
async fn others_may_read_the_report_and_a_link_to_it_stays_a_link() {
    let stage = Stage::with_images(quick(), 1).await;
    stage.write("there.txt", "the one before");
    std::os::unix::fs::symlink("there.txt", stage.home.path().join("here.txt")).unwrap();
    let program = Program::within_shell("umask 022", "scan --output here.txt", stage.home.path());
    stage.surround(program).run().await.code(0);
    assert!(stage.home.path().join("here.txt").is_symlink());
    let there = stage.home.path().join("there.txt");
    assert!(std::fs::read_to_string(&there).unwrap().contains("team/app:v1"));
    assert_eq!(std::fs::metadata(there).unwrap().permissions().mode() & 0o777, 0o644);
}

#[tokio::test]
async fn who_may_read_a_report_that_is_replaced_may_read_the_new_one() {
    let stage = Stage::with_images(quick(), 1).await;
    stage.write("report.txt", "the one before");
    let report = stage.home.path().join("report.txt");
    for mode in [0o600, 0o666] {
        std::fs::set_permissions(&report, Permissions::from_mode(mode)).unwrap();
        let program = Program::within_shell("umask 022", "plan --output report.txt", stage.home.path());
        stage.surround(program).run().await.code(0);
        assert_eq!(std::fs::metadata(&report).unwrap().permissions().mode() & 0o777, mode);
    }
}

#[tokio::test]
async fn a_device_is_written_to_and_not_replaced() {
    let stage = Stage::with_images(quick(), 1).await;
    // By way of links in a directory of our own: a program that replaced what it is given would replace those.
    for (device, code) in [("/dev/stdout", 0), ("/dev/full", 4)] {
        let link = stage.home.path().join(device.trim_start_matches("/dev/"));
        std::os::unix::fs::symlink(device, &link).unwrap();
        let scan = stage.program("scan --output").arg(&link).run().await.code(code);
        assert_eq!(scan.stdout.contains("team/app:v1"), code == 0);
        assert!(link.is_symlink());
    }
    assert_eq!(std::fs::read_dir(stage.home.path()).unwrap().count(), 2);
}
