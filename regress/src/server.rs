//! Starts and watches the server under test.
use crate::options::Options;
use std::{
    fs::File,
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A running server, killed on drop.
pub struct Server {
    child: Option<Child>,
    binary: PathBuf,
    data: PathBuf,
    log: PathBuf,
    port: u16,
}

impl Server {
    /// Starts a server on a new data directory and waits until it accepts connections.
    pub fn start(options: &Options) -> Result<Server, String> {
        let data = options.out.join("data");
        let mut server = Server {
            child: None,
            binary: options.server.clone(),
            log: options.out.join("server.log"),
            port: options.port,
            data,
        };
        std::fs::create_dir_all(options.out.join("results")).map_err(|e| e.to_string())?;
        if options.external {
            return Ok(server);
        }
        if server.data.exists() {
            std::fs::remove_dir_all(&server.data).map_err(|e| e.to_string())?;
        }
        server.restart()?;
        server.add_dictionaries(options)?;
        Ok(server)
    }

    /// Copies the sample dictionaries of PostgreSQL's source to where the server looks for such files.
    fn add_dictionaries(&self, options: &Options) -> Result<(), String> {
        let source = options.suite.join("../../backend/tsearch/dicts");
        let target = self.data.join("tsearch_data");
        let copy = || -> std::io::Result<()> {
            std::fs::create_dir_all(&target)?;
            for entry in std::fs::read_dir(&source)? {
                let entry = entry?;
                std::fs::copy(entry.path(), target.join(entry.file_name()))?;
            }
            Ok(())
        };
        copy().map_err(|e| format!("{}: {e}", source.display()))
    }

    /// Starts the process again on the same data.
    pub fn restart(&mut self) -> Result<(), String> {
        if let Some(mut old) = self.child.take() {
            let _ = old.kill();
            let _ = old.wait();
        }
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.map_err(|e| e.to_string())?;
        let child = Command::new(&self.binary)
            .arg("-D")
            .arg(&self.data)
            .args(["-p", &self.port.to_string()])
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|e| e.to_string())?)
            .stderr(log)
            .spawn()
            .map_err(|e| format!("{}: {e}", self.binary.display()))?;
        self.child = Some(child);
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            if !self.is_alive() {
                return Err(format!("the server ended at start, see {}", self.log.display()));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err("the server does not accept connections".to_string())
    }

    /// Whether the process still runs.
    pub fn is_alive(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => TcpStream::connect(("127.0.0.1", self.port)).is_ok(),
        }
    }

    /// Ends it.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
