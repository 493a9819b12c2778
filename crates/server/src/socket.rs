//! A client's socket, TCP or Unix: asynchronous while its session is idle, blocking while it is served.
use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

/// How long a thread waits for its client's next message before it leaves the socket to the runtime. Also the
/// longest that a notification to a session that was active a moment ago may take.
const READ_PATIENCE: Duration = Duration::from_millis(20);
/// How often a thread that waits for its client to read looks whether the session was told to end.
const WRITE_PATIENCE: Duration = Duration::from_millis(500);

/// A connected socket that the runtime watches.
pub enum Socket {
    /// TCP.
    Tcp(TcpStream, SocketAddr),
    /// Unix domain.
    Unix(UnixStream),
}

impl Socket {
    /// Waits until there may be something to read. No memory is held for it meanwhile.
    pub async fn readable(&self) -> io::Result<()> {
        match self {
            Socket::Tcp(s, _) => s.readable().await,
            Socket::Unix(s) => s.readable().await,
        }
    }

    /// Reads once.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(s, _) => s.read(buffer).await,
            Socket::Unix(s) => s.read(buffer).await,
        }
    }

    /// Writes everything.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Socket::Tcp(s, _) => s.write_all(bytes).await,
            Socket::Unix(s) => s.write_all(bytes).await,
        }
    }

    /// Says that nothing more will be sent.
    pub async fn shutdown(&mut self) {
        let _ = match self {
            Socket::Tcp(s, _) => s.shutdown().await,
            Socket::Unix(s) => s.shutdown().await,
        };
    }

    /// The same socket for a thread of its own.
    pub fn into_blocking(self) -> io::Result<BlockingSocket> {
        Ok(match self {
            Socket::Tcp(s, peer) => {
                let s = s.into_std()?;
                s.set_nonblocking(false)?;
                s.set_read_timeout(Some(READ_PATIENCE))?;
                s.set_write_timeout(Some(WRITE_PATIENCE))?;
                BlockingSocket::Tcp(s, peer)
            }
            Socket::Unix(s) => {
                let s = s.into_std()?;
                s.set_nonblocking(false)?;
                s.set_read_timeout(Some(READ_PATIENCE))?;
                s.set_write_timeout(Some(WRITE_PATIENCE))?;
                BlockingSocket::Unix(s)
            }
        })
    }
}

/// A connected socket that one thread serves.
pub enum BlockingSocket {
    /// TCP.
    Tcp(std::net::TcpStream, SocketAddr),
    /// Unix domain.
    Unix(std::os::unix::net::UnixStream),
}

impl BlockingSocket {
    /// Reads once; `WouldBlock` after [`READ_PATIENCE`].
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            BlockingSocket::Tcp(s, _) => s.read(buffer),
            BlockingSocket::Unix(s) => s.read(buffer),
        }
    }

    /// Writes once; `WouldBlock` after [`WRITE_PATIENCE`] without room.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            BlockingSocket::Tcp(s, _) => s.write(bytes),
            BlockingSocket::Unix(s) => s.write(bytes),
        }
    }

    /// A last message to a client that is refused; whether it arrives is not waited for.
    pub fn write_last(&mut self, bytes: &[u8]) {
        let _ = match self {
            BlockingSocket::Tcp(s, _) => s.write_all(bytes),
            BlockingSocket::Unix(s) => s.write_all(bytes),
        };
    }

    /// The client's address; none for a Unix socket.
    pub fn peer(&self) -> Option<SocketAddr> {
        match self {
            BlockingSocket::Tcp(_, peer) => Some(*peer),
            BlockingSocket::Unix(_) => None,
        }
    }

    /// The same socket for the runtime to watch; to be called inside it.
    pub fn into_watched(self) -> io::Result<Socket> {
        Ok(match self {
            BlockingSocket::Tcp(s, peer) => {
                s.set_nonblocking(true)?;
                Socket::Tcp(TcpStream::from_std(s)?, peer)
            }
            BlockingSocket::Unix(s) => {
                s.set_nonblocking(true)?;
                Socket::Unix(UnixStream::from_std(s)?)
            }
        })
    }
}
