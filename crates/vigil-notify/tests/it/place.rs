//! A place that answers what a story wants, and remembers what it was told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use vigil_notify::{Courier, CourierOptions};

/// What a place answers.
#[derive(Clone)]
pub(crate) enum Says {
    /// This status, with these headers and this body.
    Answer(u16, &'static [(&'static str, &'static str)], &'static str),
    /// Nothing: it hangs up.
    HangsUp,
    /// Nothing: it keeps the caller waiting.
    Nothing,
}

/// What a place was told.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) path: String,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: String,
}

/// A server on this machine.
pub(crate) struct Place {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

/// With nothing more to say it answers this.
const OK: Says = Says::Answer(200, &[], r#"{"ok":true,"ts":"1503435956.000247"}"#);

impl Place {
    pub(crate) async fn that(says: impl IntoIterator<Item = Says>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let says: Arc<Mutex<VecDeque<Says>>> = Arc::new(Mutex::new(says.into_iter().collect()));
        let told = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (told, says) = (told.clone(), says.clone());
                tokio::spawn(async move {
                    let answer = service_fn(|request| answer(request, told.clone(), says.clone()));
                    let server = hyper::server::conn::http1::Builder::new();
                    let _ = server.serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
        Self { url, heard }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn answer(
    request: Request<Incoming>,
    told: Arc<Mutex<Vec<Heard>>>,
    says: Arc<Mutex<VecDeque<Says>>>,
) -> Result<Response<http_body_util::Full<Bytes>>, std::io::Error> {
    use http_body_util::BodyExt;
    let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
    let body = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
    told.lock().unwrap().push(Heard { path, headers, body: String::from_utf8_lossy(&body).into_owned() });
    let next = says.lock().unwrap().pop_front().unwrap_or(OK);
    match next {
        Says::Answer(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            response.body(body.into()).map_err(std::io::Error::other)
        }
        Says::HangsUp => Err(std::io::Error::other("as the story wants it")),
        Says::Nothing => {
            std::future::pending::<Result<_, Infallible>>().await.map_err(|never| match never {})
        }
    }
}

pub(crate) fn courier() -> Courier {
    let options = CourierOptions { time: SignedDuration::from_millis(500), ca: None };
    Courier::new(&options).unwrap()
}
