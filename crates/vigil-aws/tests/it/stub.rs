//! A server that answers each call as a test says, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vigil_aws::{AccessKey, AwsRegistry, Network, Target, connect};
use vigil_core::image::{Digest, RepositoryName};

/// What is answered to one call.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    body: String,
    headers: String,
    /// How much of the body is sent, if not all.
    cut_at: Option<usize>,
}

type Script = dyn Fn(&str, &Value, usize) -> Answer + Send + Sync;

/// A running server. It ends with the test's runtime.
pub(crate) struct Stub {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Stub {
    /// Starts a server. `script` is given the operation (of S3: method and path), the request (of S3: its head), and how often the operation was called before.
    pub(crate) async fn start(
        script: impl Fn(&str, &Value, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (script, seen): (Arc<Script>, _) = (Arc::new(script), calls.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(tokio::spawn(serve(stream, script.clone(), seen.clone())));
            }
        });
        Self { url, calls }
    }

    /// A registry whose every call goes to this server.
    pub(crate) async fn registry(&self) -> AwsRegistry {
        connect(&target(), &self.network()).await.unwrap()
    }

    pub(crate) fn network(&self) -> Network {
        let access_key = Some(AccessKey { id: "AKIDEXAMPLE".into(), secret: "not a secret".into() });
        Network { endpoint_url: Some(self.url.clone()), access_key, ..Network::default() }
    }

    /// All requests, in order.
    pub(crate) fn calls(&self) -> Vec<(String, Value)> {
        self.calls.lock().unwrap().clone()
    }

    /// The requests of one operation, in order.
    pub(crate) fn requests(&self, operation: &str) -> Vec<Value> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(name, _)| name == operation).map(|(_, request)| request.clone()).collect()
    }
}

impl Answer {
    pub(crate) fn json(body: Value) -> Self {
        Self::text(200, body.to_string())
    }

    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), headers: String::new(), cut_at: None }
    }

    pub(crate) fn error(code: &str, message: &str) -> Self {
        Self::text(400, json!({ "__type": code, "message": message }).to_string())
    }

    pub(crate) fn with_header(self, name: &str, value: &str) -> Self {
        Self { headers: format!("{}{name}: {value}\r\n", self.headers), ..self }
    }

    pub(crate) fn cut_in_half(self) -> Self {
        Self { cut_at: Some(self.body.len() / 2), ..self }
    }
}

pub(crate) fn target() -> Target {
    Target { region: Some("eu-west-1".parse().unwrap()), ..Target::default() }
}

pub(crate) fn repository() -> RepositoryName {
    "team/app".parse().unwrap()
}

/// A digest made of one hexadecimal digit.
pub(crate) fn digest(digit: char) -> Digest {
    format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
}

async fn serve(
    mut stream: TcpStream,
    script: Arc<Script>,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
) -> std::io::Result<()> {
    let (head, body) = read_request(&mut stream).await?;
    let answer = match head.lines().find_map(|line| line.strip_prefix("x-amz-target: ")) {
        Some(target) => {
            let operation = target.rsplit('.').next().unwrap().to_owned();
            let request: Value = serde_json::from_slice(&body).unwrap();
            let before = {
                let mut calls = calls.lock().unwrap();
                calls.push((operation.clone(), request.clone()));
                calls.iter().filter(|(name, _)| *name == operation).count() - 1
            };
            script(&operation, &request, before)
        }
        // S3 says by method and path what is to be done, and the rest in headers.
        None if !head.starts_with("POST / ") => {
            let call = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
            calls.lock().unwrap().push((call.clone(), Value::String(head.clone())));
            script(&call, &Value::String(head), 0)
        }
        None => {
            let form = String::from_utf8(body).unwrap();
            calls.lock().unwrap().push(("STS".into(), Value::String(form.clone())));
            script("STS", &Value::String(form), 0)
        }
    };
    let sent = &answer.body[..answer.cut_at.unwrap_or(answer.body.len())];
    let head = format!(
        "HTTP/1.1 {} X\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n{}connection: close\r\n\r\n",
        answer.status,
        answer.body.len(),
        answer.headers
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(sent.as_bytes()).await?;
    stream.shutdown().await
}

async fn read_request(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase_names();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = bytes.split_off(end + 4);
        while body.len() < length.unwrap_or(0) {
            if stream.read_buf(&mut body).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        return Ok((head, body));
    }
}

trait HeaderNames {
    fn to_ascii_lowercase_names(&self) -> String;
}

impl HeaderNames for str {
    /// Header names in lower case, as HTTP says that their case does not matter.
    fn to_ascii_lowercase_names(&self) -> String {
        let lower = |line: &str| match line.split_once(':') {
            Some((name, value)) => format!("{}:{value}\n", name.to_ascii_lowercase()),
            None => format!("{line}\n"),
        };
        self.lines().map(lower).collect()
    }
}

/// What STS says of the account that all tests use, in a partition.
pub(crate) fn identity(partition: &str) -> Answer {
    Answer::text(
        200,
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:{partition}:sts::123456789012:assumed-role/scanner/ecr-vigil</Arn><UserId>AROA:x</UserId>\
             <Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId>\
             </ResponseMetadata></GetCallerIdentityResponse>"
        ),
    )
}

/// Answers STS, and leaves everything else to `script`.
pub(crate) fn signed_in(
    script: impl Fn(&str, &Value, usize) -> Answer + Send + Sync + 'static,
) -> impl Fn(&str, &Value, usize) -> Answer + Send + Sync + 'static {
    move |operation, request, before| match operation {
        "STS" => identity("aws"),
        _ => script(operation, request, before),
    }
}
