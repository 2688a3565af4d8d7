//! Passes that would overlap, and a service that is told to end while one is under way.

use jiff::SignedDuration;
use vigil_sim::{FaultAction, FaultRule};

use crate::stage::{Stage, frozen, quick};

#[tokio::test]
async fn while_a_pass_is_under_way_another_one_is_refused_and_the_first_is_named() {
    let stage = Stage::with_images(frozen(), 2).await;
    let service = stage.serve("").await;
    let begun = service.post("/api/v1/passes", "{}").await.status(202);
    let at = begun.header("Location").unwrap().to_owned();
    stage.sim.when_calls("StartImageScan", 2).await;
    for order in ["{}", r#"{"images": ["team/app:v1"]}"#] {
        let refused = service.post("/api/v1/passes", order).await.status(409);
        assert_eq!(refused.header("Location"), Some(&*at));
        assert_eq!(refused.json()["type"], "urn:ecr-vigil:problem:conflict");
    }
    stage.sim.clock().advance(SignedDuration::from_mins(5));
    service.until_ended(begun.json()["id"].as_str().unwrap()).await;
    service.pass().await;
    assert_eq!(stage.calls("StartImageScan"), 2);
    service.end().await.code(0);
}

#[tokio::test]
async fn two_schedules_pass_side_by_side_and_each_by_its_own_selection() {
    let stage = Stage::with_images(frozen(), 1).await;
    stage.push("team/web:v1", crate::stage::clean());
    let schedule = |name: &str| {
        format!("[[schedule]]\nname = '{name}'\ncron = '@yearly'\nrepositories = ['team/{name}']\n")
    };
    stage.write("vigil.toml", &(schedule("app") + &schedule("web")));
    let service = stage.serve("").await;
    let refused = service.post("/api/v1/passes", "{}").await.status(422);
    assert!(refused.body.contains("schedule"), "{refused:?}");
    for (n, name) in [(1, "app"), (2, "web")] {
        let order = format!(r#"{{"schedule": "{name}"}}"#);
        service.post("/api/v1/passes", &order).await.status(202);
        stage.sim.when_calls("StartImageScan", n).await;
        service.post("/api/v1/passes", &order).await.status(409);
    }
    service.end().await.code(0);
}

#[tokio::test]
async fn what_is_stuck_is_not_waited_for_longer_than_the_grace_and_goes_on_after_a_restart() {
    let stage = Stage::with_images(quick(), 2).await;
    let held = stage.sim.add_fault(FaultRule::on("StartImageScan", FaultAction::Hold));
    let service = stage.serve("--run-now --grace 1s").await;
    stage.sim.when_calls("StartImageScan", 2).await;
    service.end().await.code(5).complains("it goes on when the service is started again");
    stage.sim.remove_fault(held);
    let mut service = stage.serve("").await;
    service.until_logged("pass ended").await;
    let pass = service.last_pass().await;
    assert_eq!((&pass["outcome"], &pass["resumed"]), (&"complete".into(), &1.into()), "{pass}");
    service.end().await.code(0);
}
