//! Mail that no server takes. One that does is in the program's own stories.

use jiff::SignedDuration;
use tokio::net::TcpListener;
use vigil_core::news::Retry;
use vigil_notify::{Mail, MailServer, Mailer, TlsMode};

fn server() -> MailServer {
    MailServer {
        host: "127.0.0.1".into(),
        port: Some(9),
        tls: TlsMode::None,
        user: None,
        time: SignedDuration::from_secs(1),
        ca: None,
        from: "ecr-vigil <vigil@example.com>".parse().unwrap(),
        to: vec!["team@example.com".parse().unwrap()],
    }
}

async fn check(server: MailServer, reason: &str) {
    let mail = Mail {
        subject: "news".into(),
        text: "plain".into(),
        html: "<p>rich</p>".into(),
        message_id: "<1@example.com>".into(),
        headers: Vec::new(),
    };
    let failure = Mailer::new(server).unwrap().send(&mail, None).await.unwrap_err();
    assert_eq!(failure.retry, Retry::Later(None), "{failure}");
    assert!(failure.reason.contains(reason), "{failure}");
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_again() {
    check(server(), "refused").await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_when_its_time_is_over() {
    // Whoever connects is let in, and never spoken to.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = Some(silent.local_addr().unwrap().port());
    let time = SignedDuration::from_millis(200);
    check(MailServer { port, time, ..server() }, "no answer in time").await;
}
