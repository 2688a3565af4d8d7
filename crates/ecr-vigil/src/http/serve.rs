//! The server: connections, TLS, and the end. Who listens where, and when it ends, is the caller's.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Layer;
use vigil_core::Stop;

use super::api::Api;
use super::options::Options;
use super::router::router;

/// How long a client may take to send the head of a request, or to ask for something else on the same connection.
/// Prometheus and feed readers ask at least that often if they want to keep the connection.
const HEAD_TIME: Duration = Duration::from_secs(60);

/// However few requests are answered at once, whoever is among so many is told why there is no room, and not hung up on.
const FEWEST_CONNECTIONS: usize = 256;

/// How often a silent HTTP/2 connection is asked whether anybody is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);

/// A certificate, as read from its files.
#[derive(Clone)]
pub struct Tls {
    config: RustlsConfig,
    certificate: PathBuf,
    key: PathBuf,
}

/// A certificate that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificate {certificate} with the key {key} cannot be used", certificate = certificate.display(), key = key.display())]
pub struct TlsUnusable {
    certificate: PathBuf,
    key: PathBuf,
    source: io::Error,
}

impl Tls {
    /// Reads a certificate chain and its private key, both PEM.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or they do not go together.
    pub async fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsUnusable> {
        match RustlsConfig::from_pem_file(&certificate, &key).await {
            Ok(config) => Ok(Self { config, certificate, key }),
            Err(source) => Err(TlsUnusable { certificate, key, source }),
        }
    }

    /// Reads the files again; connections made from now on use what is in them.
    ///
    /// # Errors
    ///
    /// As [`Tls::load`]; the certificate that was there stays in use.
    pub async fn reload(&self) -> Result<(), TlsUnusable> {
        let Self { config, certificate, key } = self;
        config.reload_from_pem_file(certificate, key).await.map_err(|source| TlsUnusable {
            certificate: certificate.clone(),
            key: key.clone(),
            source,
        })
    }
}

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
    let grace = options.grace;
    let connections = (2 * options.limits.concurrent + options.limits.watchers).max(FEWEST_CONNECTIONS);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let app = router(options, api, listener.local_addr()?, scheme, stop.clone());
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
    let room = Arc::new(Semaphore::new(connections));
    bound(server.http_builder());
    let answering = async {
        match tls {
            Some(tls) => {
                let secure = RustlsAcceptor::new(tls.config);
                server.acceptor(Bounded { acceptor: secure, room }).serve(app).await
            }
            None => server.map(|acceptor| Bounded { acceptor, room }).serve(app).await,
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
struct Bounded<A> {
    acceptor: A,
    room: Arc<Semaphore>,
}

/// A connection's place, kept by what answers on it.
#[derive(Clone)]
struct Place(#[expect(dead_code, reason = "it is there to be let go of")] Arc<OwnedSemaphorePermit>);

impl<A, I, S> Accept<I, S> for Bounded<A>
where
    A: Accept<I, S, Future: Send + 'static, Stream: Send, Service: Send>,
{
    type Stream = A::Stream;
    type Service = AddExtension<A::Service, Place>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let place = self.room.clone().try_acquire_owned();
        let accepting = self.acceptor.accept(stream, service);
        let accepting = async move {
            let place = place.map_err(io::Error::other)?;
            let (stream, service) = accepting.await?;
            Ok((stream, Extension(Place(Arc::new(place))).layer(service)))
        };
        accepting.boxed()
    }
}

/// Nobody holds a connection by saying nothing.
fn bound(builder: &mut Builder<TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(PING).keep_alive_timeout(PING);
}
