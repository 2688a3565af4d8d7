//! The server: connections and the end. Who listens where, and when it ends, is the caller's.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::RustlsAcceptor;
use futures::future::{BoxFuture, ready};
use futures::{FutureExt, TryFutureExt};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::sync::Semaphore;
use vigil_core::Stop;

use super::api::Api;
use super::connection::{Attended, Connection, Counted};
use super::options::Options;
use super::router::router;
use super::tls::Tls;

/// However few requests are answered at once, whoever is among so many is told why there is no room, and not hung up on.
const FEWEST_CONNECTIONS: usize = 256;

/// How often a silent HTTP/2 connection is asked whether anybody is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);

/// Answers on this listener until the stop, and then whatever is under way, for as long as the options allow.
///
/// # Errors
///
/// If the listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    options: Options,
    api: Api,
    stop: Stop,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let (grace, patience) = (options.grace, options.limits.time);
    let connections = (2 * options.limits.concurrent + options.limits.watchers).max(FEWEST_CONNECTIONS);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let app = router(options, api, listener.local_addr()?, scheme, stop.clone());
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
    let (room, until) = (Arc::new(Semaphore::new(connections)), stop.clone());
    bound(server.http_builder(), patience);
    let answering = async {
        match tls {
            Some(tls) => {
                let acceptor = RustlsAcceptor::new(tls.config).handshake_timeout(patience);
                server.acceptor(Attending { acceptor, room, patience, stop: until }).serve(app).await
            }
            None => {
                let attending = |acceptor| Attending { acceptor, room, patience, stop: until };
                server.map(attending).serve(app).await
            }
        }
    };
    let end = async {
        stop.stopped().await;
        handle.graceful_shutdown(Some(grace));
        std::future::pending().await
    };
    tokio::select! {
        ended = answering => ended,
        ended = end => ended,
    }
}

/// Takes so many connections at once, and hangs up on one more: each holds a descriptor, which the store needs too.
#[derive(Clone)]
struct Attending<A> {
    acceptor: A,
    room: Arc<Semaphore>,
    patience: Duration,
    stop: Stop,
}

impl<A, I, S> Accept<I, S> for Attending<A>
where
    A: Accept<Attended<I>, S, Future: Send + 'static, Stream: Send + 'static, Service: Send + 'static>,
{
    type Stream = A::Stream;
    type Service = Counted<A::Service>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let place = match self.room.clone().try_acquire_owned() {
            Ok(place) => place,
            Err(full) => return ready(Err(io::Error::other(full))).boxed(),
        };
        let connection = Connection::new(place);
        let stream = connection.attend(stream, self.patience, self.stop.clone());
        let accepting = self.acceptor.accept(stream, service);
        accepting.map_ok(|(stream, service)| (stream, connection.count(service))).boxed()
    }
}

/// Nobody holds a connection by saying half of something, or nothing.
fn bound(builder: &mut Builder<TokioExecutor>, patience: Duration) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(PING).keep_alive_timeout(PING);
}
