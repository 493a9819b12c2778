//! A client of the simple query protocol, as small as the comparison needs.
use std::{
    io::{BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// What a statement gave: its columns' types and its rows, or its error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Type OIDs, then rows of texts (`None`: NULL).
    Rows(Vec<u32>, Vec<Vec<Option<String>>>),
    /// SQLSTATE and message.
    Error(String, String),
}

/// A connection.
pub struct Client {
    read: BufReader<TcpStream>,
    write: TcpStream,
}

impl Client {
    /// Connects as `user` without password to `host:port/database`.
    pub fn connect(address: &str, user: &str) -> Result<Client, String> {
        let (host, database) = address.split_once('/').unwrap_or((address, "postgres"));
        let stream = TcpStream::connect(host).map_err(|e| format!("{host}: {e}"))?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(15))).map_err(|e| e.to_string())?;
        let mut client = Client {
            read: BufReader::with_capacity(1 << 16, stream.try_clone().map_err(|e| e.to_string())?),
            write: stream,
        };
        let mut body = 196_608u32.to_be_bytes().to_vec();
        for (name, value) in [("user", user), ("database", database), ("client_encoding", "UTF8")] {
            for text in [name, value] {
                body.extend_from_slice(text.as_bytes());
                body.push(0);
            }
        }
        body.push(0);
        let mut message = (body.len() as u32 + 4).to_be_bytes().to_vec();
        message.extend_from_slice(&body);
        client.write.write_all(&message).map_err(|e| e.to_string())?;
        match client.answer()? {
            Answer::Error(state, message) => Err(format!("{address}: {state} {message}")),
            Answer::Rows(..) => Ok(client),
        }
    }

    /// Sends a statement; [`Self::answer`] takes what comes back.
    pub fn send(&mut self, sql: &str) -> Result<(), String> {
        let mut message = vec![b'Q'];
        message.extend_from_slice(&(sql.len() as u32 + 5).to_be_bytes());
        message.extend_from_slice(sql.as_bytes());
        message.push(0);
        self.write.write_all(&message).map_err(|e| e.to_string())
    }

    /// Sends a statement and waits for its answer.
    pub fn query(&mut self, sql: &str) -> Result<Answer, String> {
        self.send(sql)?;
        self.answer()
    }

    /// Everything up to ReadyForQuery.
    pub fn answer(&mut self) -> Result<Answer, String> {
        let (mut types, mut rows, mut error) = (Vec::new(), Vec::new(), None);
        loop {
            let mut head = [0; 5];
            self.read.read_exact(&mut head).map_err(|e| e.to_string())?;
            let len = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            let mut body = vec![0; len.saturating_sub(4)];
            self.read.read_exact(&mut body).map_err(|e| e.to_string())?;
            match head[0] {
                b'T' => types = column_types(&body),
                b'D' => rows.push(row(&body)),
                b'E' => error = Some(error_fields(&body)),
                b'R' if body[..4] != [0; 4] => return Err("a password is asked for".to_string()),
                b'Z' => break,
                _ => {}
            }
        }
        Ok(match error {
            Some((state, message)) => Answer::Error(state, message),
            None => Answer::Rows(types, rows),
        })
    }
}

fn column_types(body: &[u8]) -> Vec<u32> {
    let count = u16::from_be_bytes([body[0], body[1]]);
    let mut rest = &body[2..];
    let mut types = Vec::new();
    for _ in 0..count {
        let name = rest.iter().position(|b| *b == 0).unwrap_or(0);
        let fields = &rest[name + 1..];
        types.push(u32::from_be_bytes([fields[6], fields[7], fields[8], fields[9]]));
        rest = &fields[18..];
    }
    types
}

fn row(body: &[u8]) -> Vec<Option<String>> {
    let count = u16::from_be_bytes([body[0], body[1]]);
    let mut rest = &body[2..];
    let mut values = Vec::new();
    for _ in 0..count {
        let len = i32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]);
        rest = &rest[4..];
        match usize::try_from(len) {
            Ok(len) => {
                values.push(Some(String::from_utf8_lossy(&rest[..len]).into_owned()));
                rest = &rest[len..];
            }
            Err(_) => values.push(None),
        }
    }
    values
}

fn error_fields(body: &[u8]) -> (String, String) {
    let (mut state, mut message) = (String::new(), String::new());
    for field in body.split(|b| *b == 0).filter(|f| !f.is_empty()) {
        let text = String::from_utf8_lossy(&field[1..]).into_owned();
        match field[0] {
            b'C' => state = text,
            b'M' => message = text,
            _ => {}
        }
    }
    (state, message)
}
