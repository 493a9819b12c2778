//! A server process on a temporary data directory, for tests.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// A running server, killed when dropped.
pub struct Cluster {
    directory: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Cluster {
    /// Starts a server on a new directory.
    pub fn start() -> Cluster {
        let directory = TempDir::new().expect("temporary directory");
        let mut cluster = Cluster { directory, port: free_port(), child: None };
        cluster.restart();
        cluster
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Starts the process (again) and waits until it listens.
    pub fn restart(&mut self) {
        let child = Command::new(env!("CARGO_BIN_EXE_pglitedb"))
            .arg("-D")
            .arg(self.directory.path().join("data"))
            .args(["-p", &self.port.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("server starts");
        self.child = Some(child);
        for _ in 0..1200 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            assert!(self.is_alive(), "the server ended at start");
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server does not listen");
    }

    /// Whether the process runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|c| matches!(c.try_wait(), Ok(None)))
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Compares every index with its heap, with the server down.
    pub fn check_indexes(&self) {
        let output = Command::new(env!("CARGO_BIN_EXE_pglitedb"))
            .arg("--check")
            .arg("-D")
            .arg(self.directory.path().join("data"))
            .output()
            .expect("check runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "check failed: {text}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Connects as postgres.
pub async fn connect(port: u16) -> Result<Client, tokio_postgres::Error> {
    let config = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
