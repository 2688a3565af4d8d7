//! What the program says about itself: help, completions, man pages.

use crate::golden::golden;
use crate::program::Program;
use crate::stage::Stage;

#[tokio::test]
async fn every_command_has_its_help() {
    let stage = Stage::new().await;
    for command in [
        "",
        "scan",
        "plan",
        "report",
        "config",
        "config show",
        "config check",
        "demo",
        "token",
        "completions",
    ] {
        let help = Program::new(&format!("{command} --help"), stage.home.path()).run().await.code(0);
        golden(&format!("help {command}").trim().replace(' ', "_"), &help.stdout);
    }
}

#[tokio::test]
async fn the_exit_codes_of_the_readme_are_those_of_the_help() {
    let help = Stage::new().await.run("--help").await.code(0).stdout;
    let listed =
        help.split("Exit codes:\n").nth(1).unwrap().lines().filter_map(|line| line.trim().split_once("  "));
    let table =
        include_str!("../../../../README.md").split("| exit code | meaning |\n|---|---|\n").nth(1).unwrap();
    let rows = table.lines().map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows, listed.collect::<Vec<_>>());
    assert_eq!(rows.len(), 6);
}

#[tokio::test]
async fn a_command_that_is_none_is_a_mistake() {
    let stage = Stage::new().await;
    stage.run("").await.code(2).silent().complains("Usage: ecr-vigil");
    stage.run("scna").await.code(2).silent().complains("'scan'");
    stage.run("config").await.code(2).silent().complains("show");
    stage.run("--version").await.code(0).reports(env!("CARGO_PKG_VERSION"));
    stage.untouched();
}

#[tokio::test]
async fn shells_complete_commands_and_flags() {
    let stage = Stage::new().await;
    for shell in ["bash", "zsh", "fish"] {
        let script = stage.run(&format!("completions {shell}")).await.code(0);
        for word in ["images-file", "first-question", "demo"] {
            assert!(script.stdout.contains(word), "{shell} does not know {word}");
        }
    }
    stage.run("completions tcsh").await.code(2);
}

#[tokio::test]
async fn every_command_has_its_man_page() {
    let stage = Stage::new().await;
    stage.run("man --out pages/man1").await.code(0).silent();
    let mut pages: Vec<String> = std::fs::read_dir(stage.home.path().join("pages/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    golden("man_pages", &pages.join("\n"));
    let page = std::fs::read_to_string(stage.home.path().join("pages/man1/ecr-vigil-scan.1")).unwrap();
    assert!(page.contains("images\\-file") && page.contains("Exit codes"));

    stage.write("file", "");
    stage.run("man --out file/man1").await.code(4).complains("file/man1");
}
