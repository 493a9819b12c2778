//! A client's socket, TCP or Unix.
use std::{io, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

/// A connected socket.
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

    /// Reads once into the spare capacity.
    pub async fn read_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Socket::Tcp(s, _) => s.read_buf(buffer).await,
            Socket::Unix(s) => s.read_buf(buffer).await,
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

    /// The client's address; none for a Unix socket.
    pub fn peer(&self) -> Option<SocketAddr> {
        match self {
            Socket::Tcp(_, peer) => Some(*peer),
            Socket::Unix(_) => None,
        }
    }
}
