//! HTTP: connections in, replies out. The caller owns the socket and decides when it ends.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::control;
use crate::front::{self, Dropped, Reply};
use crate::sim::Sim;

/// No request of the operations here comes near it; added images with many findings do.
const LARGEST_REQUEST: usize = 64 * 1024 * 1024;

impl Sim {
    /// Serves requests on `listener` until `shutdown` completes; open connections end with it.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                accepted = listener.accept() => {
                    // A connection that breaks while it is accepted is the client's concern.
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(connection(Arc::clone(&self), stream));
                    }
                }
                // Keeps the set from growing with every connection there ever was.
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

async fn connection(sim: Arc<Sim>, stream: TcpStream) {
    // Without it, small answers wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let sim = Arc::clone(&sim);
        async move { serve_request(&sim, request).await }
    });
    // A connection ends with an error when we dropped it, or the client did: both are as they should be.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn serve_request(sim: &Arc<Sim>, request: Request<Incoming>) -> Result<Response<ReplyBody>, Dropped> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_REQUEST).collect().await else { return Err(Dropped) };
    let body = body.to_bytes();
    let reply = if parts.uri.path().starts_with(control::ROOT) {
        control::answer(sim, &parts.method, &parts.uri, &body).await
    } else {
        front::answer(sim, &parts.headers, &body).await?
    };
    Ok(response(reply))
}

fn response(reply: Reply) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::new(reply.body, reply.truncated));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    let texts = [("x-amzn-requestid", reply.request_id), ("x-amzn-errortype", reply.error_code)];
    for (name, text) in texts {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// A body that announces its whole length and may break off half-way.
struct ReplyBody {
    announced: u64,
    bytes: Option<Bytes>,
    truncated: bool,
    /// The half that is sent has had its chance to leave.
    flushed: bool,
}

impl ReplyBody {
    fn new(body: Vec<u8>, truncated: bool) -> Self {
        let announced = body.len() as u64;
        let mut bytes = Bytes::from(body);
        if truncated {
            bytes.truncate(bytes.len() / 2);
        }
        Self { announced, bytes: Some(bytes), truncated, flushed: false }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        let this = self.get_mut();
        match this.bytes.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            // An error at once would throw away what is still in the buffer.
            None if this.truncated && !this.flushed => {
                this.flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None if this.truncated => Poll::Ready(Some(Err(Dropped))),
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.bytes {
            Some(_) => SizeHint::with_exact(self.announced),
            None => SizeHint::with_exact(0),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none() && !self.truncated
    }
}
