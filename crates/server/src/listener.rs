//! Listening sockets, accepting, and the two ways to shut down.
use crate::{connection, log, socket::Socket};
use engine::Engine;
use error::{PgError, PgResult, Severity, err};
use settings::ClusterSettings;
use std::{
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    net::{TcpListener, UnixListener},
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

/// Where to listen.
pub struct Addresses {
    tcp: Vec<SocketAddr>,
    unix: Vec<PathBuf>,
}

impl Addresses {
    /// From the settings. Only loopback addresses pass: there is no authentication yet.
    pub fn resolve(cluster: &ClusterSettings) -> PgResult<Addresses> {
        let port = cluster.int("port") as u16;
        let mut tcp = Vec::new();
        for host in elements(cluster.text("listen_addresses")) {
            let found: Vec<SocketAddr> = (host, port)
                .to_socket_addrs()
                .map_err(|e| {
                    err!(
                        CONFIG_FILE_ERROR,
                        "could not translate host name \"{host}\", service \"{port}\" to address: {e}"
                    )
                })?
                .collect();
            for address in found {
                if !is_loopback(address.ip()) {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "listen address \"{host}\" is not a loopback address"
                    )
                    .detail(
                        "Connections are not authenticated yet, so only local ones are accepted.",
                    )
                    .hint("Set listen_addresses to \"localhost\"."));
                }
                tcp.push(address);
            }
        }
        let unix = elements(cluster.text("unix_socket_directories"))
            .map(|dir| PathBuf::from(dir).join(format!(".s.PGSQL.{port}")))
            .collect();
        Ok(Addresses { tcp, unix })
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.is_loopback()
}

fn elements(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|e| !e.is_empty())
}

/// Accepts connections until told to stop, then waits for the sessions to end.
pub async fn run(engine: Arc<Engine>, addresses: Addresses) -> PgResult<()> {
    let (sender, mut accepted) = mpsc::channel::<Socket>(64);
    let sockets = listen(&addresses, sender).await?;
    log::log("database system is ready to accept connections");
    let mut terminate = watch(SignalKind::terminate())?;
    let mut interrupt = watch(SignalKind::interrupt())?;
    let mut hangup = watch(SignalKind::hangup())?;
    let open = Arc::new(AtomicUsize::new(0));
    let (done_sender, mut done) = mpsc::channel::<()>(1);
    loop {
        tokio::select! {
            Some(socket) = accepted.recv() => {
                let (engine, open, done) = (engine.clone(), open.clone(), done_sender.clone());
                tokio::spawn(async move {
                    open.fetch_add(1, Ordering::Relaxed);
                    connection::serve(engine, socket, &open).await;
                    open.fetch_sub(1, Ordering::Relaxed);
                    drop(done);
                });
            }
            _ = hangup.recv() => {
                log::log("received SIGHUP, reloading configuration files");
                if let Err(e) = engine.reload_configuration() {
                    log::error(&e);
                }
            }
            _ = terminate.recv() => {
                log::log("received smart shutdown request");
                break;
            }
            _ = interrupt.recv() => {
                log::log("received fast shutdown request");
                engine.terminate_all();
                break;
            }
        }
    }
    drop(accepted);
    drop(done_sender);
    for path in sockets {
        let _ = std::fs::remove_file(path);
    }
    loop {
        tokio::select! {
            _ = done.recv() => return Ok(()),
            _ = interrupt.recv() => {
                log::log("received fast shutdown request");
                engine.terminate_all();
            }
        }
    }
}

fn watch(kind: SignalKind) -> PgResult<tokio::signal::unix::Signal> {
    signal(kind).map_err(|e| PgError::internal(format!("could not set signal handler: {e}")))
}

/// Opens the sockets and a task for each; returns the Unix sockets' paths.
async fn listen(addresses: &Addresses, sender: mpsc::Sender<Socket>) -> PgResult<Vec<PathBuf>> {
    let mut bound = 0;
    for address in &addresses.tcp {
        match TcpListener::bind(address).await {
            Ok(listener) => {
                log::log(&format!(
                    "listening on {} address, port {}",
                    describe(address.ip()),
                    address.port()
                ));
                bound += 1;
                tokio::spawn(accept_tcp(listener, sender.clone()));
            }
            Err(e) => log::error(
                &err!(
                    OBJECT_IN_USE,
                    "could not bind {} address \"{}\": {e}",
                    if address.is_ipv4() { "IPv4" } else { "IPv6" },
                    address.ip()
                )
                .with_severity(Severity::Warning)
                .hint(format!("Is another server already running on port {}?", address.port())),
            ),
        }
    }
    let mut paths = Vec::new();
    for path in &addresses.unix {
        // A socket that nobody listens on is left over from a crash.
        if std::os::unix::net::UnixStream::connect(path).is_err() {
            let _ = std::fs::remove_file(path);
        }
        match UnixListener::bind(path) {
            Ok(listener) => {
                log::log(&format!("listening on Unix socket \"{}\"", path.display()));
                bound += 1;
                paths.push(path.clone());
                tokio::spawn(accept_unix(listener, sender.clone()));
            }
            Err(e) => log::error(
                &err!(OBJECT_IN_USE, "could not bind Unix address \"{}\": {e}", path.display())
                    .with_severity(Severity::Warning),
            ),
        }
    }
    if bound == 0 {
        return Err(err!(OBJECT_IN_USE, "could not create any listening sockets")
            .with_severity(Severity::Fatal));
    }
    Ok(paths)
}

fn describe(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(_) => format!("IPv4 \"{ip}\""),
        IpAddr::V6(_) => format!("IPv6 \"{ip}\""),
    }
}

async fn accept_tcp(listener: TcpListener, sender: mpsc::Sender<Socket>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                if sender.send(Socket::Tcp(stream, peer)).await.is_err() {
                    return;
                }
            }
            Err(e) => pause_after(&e).await,
        }
    }
}

async fn accept_unix(listener: UnixListener, sender: mpsc::Sender<Socket>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if sender.send(Socket::Unix(stream)).await.is_err() {
                    return;
                }
            }
            Err(e) => pause_after(&e).await,
        }
    }
}

/// Out of descriptors: others must close theirs first.
async fn pause_after(e: &std::io::Error) {
    log::log(&format!("could not accept new connection: {e}"));
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}
