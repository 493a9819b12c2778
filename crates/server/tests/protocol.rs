//! The server over real sockets: messages in and out, malformed ones, pipelines, COPY, cancel, shutdown.
#![allow(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]
use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

/// A running server and its directory.
struct Server {
    child: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Server {
    fn start(settings: &[&str]) -> Server {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let directory = tempfile::tempdir().unwrap();
        for _ in 0..50 {
            let offset = NEXT.fetch_add(1, Ordering::Relaxed);
            let port = 20_000 + (std::process::id() as u16 % 20_000) + offset;
            let mut command = Command::new(env!("CARGO_BIN_EXE_pglitedb"));
            command
                .args(["-D", directory.path().to_str().unwrap(), "-k", "", "-F"])
                .args(["-p", &port.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped());
            for setting in settings {
                command.args(["-c", setting]);
            }
            let mut child = command.spawn().unwrap();
            if wait_until_ready(&mut child) {
                return Server { child, port, _directory: directory };
            }
            let _ = child.wait();
        }
        panic!("no free port");
    }

    fn connect(&self) -> Client {
        let mut client = Client::open(self.port);
        client.startup(&[("user", "postgres"), ("database", "postgres")]);
        client.until_ready();
        client
    }

    fn signal(&self, signal: &str) {
        let status =
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

/// Reads the log until the server accepts connections; false if it gives up.
fn wait_until_ready(child: &mut Child) -> bool {
    use std::io::BufRead;
    let stderr = child.stderr.take().unwrap();
    let mut lines = std::io::BufReader::new(stderr).lines();
    let ready = lines.by_ref().map_while(Result::ok).any(|l| l.contains("ready to accept"));
    // Keep draining, so that the server's log never blocks it.
    std::thread::spawn(move || lines.for_each(drop));
    ready
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that tests share while any of them holds it.
fn server() -> Arc<Server> {
    static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = Arc::new(Server::start(&[]));
    *shared = Arc::downgrade(&server);
    server
}

/// A client that knows frames and nothing else.
struct Client {
    stream: TcpStream,
}

type Message = (u8, Vec<u8>);

impl Client {
    fn open(port: u16) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Client { stream }
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn startup(&mut self, parameters: &[(&str, &str)]) {
        self.startup_version(196_608, parameters);
    }

    fn startup_version(&mut self, version: u32, parameters: &[(&str, &str)]) {
        let mut body = version.to_be_bytes().to_vec();
        for (name, value) in parameters {
            body.extend(format!("{name}\0{value}\0").bytes());
        }
        body.push(0);
        self.raw(&(body.len() as u32 + 4).to_be_bytes());
        self.raw(&body);
    }

    fn send(&mut self, tag: u8, body: &[u8]) {
        self.raw(&frame(tag, body));
    }

    fn query(&mut self, sql: &str) -> Vec<Message> {
        self.send(b'Q', format!("{sql}\0").as_bytes());
        self.until_ready()
    }

    /// The next message; none at the end of the stream.
    fn receive(&mut self) -> Option<Message> {
        let mut header = [0; 5];
        self.stream.read_exact(&mut header).ok()?;
        let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
        let mut body = vec![0; length - 4];
        self.stream.read_exact(&mut body).ok()?;
        Some((header[0], body))
    }

    fn until_ready(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        loop {
            let message = self.receive().expect("connection stays open");
            let ready = message.0 == b'Z';
            messages.push(message);
            if ready {
                return messages;
            }
        }
    }

    /// Everything up to the end of the stream.
    fn rest(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.receive()).collect()
    }
}

fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    out.extend((body.len() as u32 + 4).to_be_bytes());
    out.extend(body);
    out
}

fn tags(messages: &[Message]) -> String {
    messages.iter().map(|m| m.0 as char).collect()
}

fn field(messages: &[Message], code: u8) -> String {
    let error = messages.iter().find(|m| m.0 == b'E').expect("an error");
    let found = error.1.split(|b| *b == 0).find(|f| f.first() == Some(&code));
    String::from_utf8(found.map_or(Vec::new(), |f| f[1..].to_vec())).unwrap()
}

fn rows(messages: &[Message]) -> Vec<Vec<Option<String>>> {
    let row = |body: &[u8]| {
        let mut rest = &body[2..];
        let mut values = Vec::new();
        while !rest.is_empty() {
            let length = i32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]);
            rest = &rest[4..];
            if length < 0 {
                values.push(None);
            } else {
                let (value, tail) = rest.split_at(length as usize);
                values.push(Some(String::from_utf8(value.to_vec()).unwrap()));
                rest = tail;
            }
        }
        values
    };
    messages.iter().filter(|m| m.0 == b'D').map(|m| row(&m.1)).collect()
}

fn parse(name: &str, sql: &str) -> Vec<u8> {
    frame(b'P', format!("{name}\0{sql}\0\0\0").as_bytes())
}

fn bind(portal: &str, statement: &str, params: &[&str]) -> Vec<u8> {
    let mut body = format!("{portal}\0{statement}\0").into_bytes();
    body.extend([0, 0]);
    body.extend((params.len() as u16).to_be_bytes());
    for p in params {
        body.extend((p.len() as u32).to_be_bytes());
        body.extend(p.bytes());
    }
    body.extend([0, 0]);
    frame(b'B', &body)
}

fn execute(portal: &str, rows: i32) -> Vec<u8> {
    let mut body = format!("{portal}\0").into_bytes();
    body.extend(rows.to_be_bytes());
    frame(b'E', &body)
}

fn sync() -> Vec<u8> {
    frame(b'S', b"")
}

#[test]
fn a_session_starts_with_its_parameters() {
    let s = server();
    let mut c = Client::open(s.port);
    c.startup(&[("user", "postgres"), ("database", "postgres"), ("application_name", "me")]);
    let messages = c.until_ready();
    assert!(tags(&messages).starts_with("RSSSSSSSSSSSSSSSKZ"), "{}", tags(&messages));
    assert!(messages.iter().any(|m| m.1 == b"application_name\0me\0"));
    assert!(messages.iter().any(|m| m.1 == b"server_encoding\0UTF8\0"));
}

#[test]
fn encryption_requests_are_declined() {
    let s = server();
    let mut c = Client::open(s.port);
    for code in [80_877_104u32, 80_877_103] {
        c.raw(&8u32.to_be_bytes());
        c.raw(&code.to_be_bytes());
        let mut answer = [0];
        c.stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, *b"N");
    }
    c.startup(&[("user", "postgres")]);
    c.until_ready();
}

#[test]
fn data_ahead_of_an_encryption_answer_is_refused() {
    let s = server();
    let mut c = Client::open(s.port);
    let mut bytes = 8u32.to_be_bytes().to_vec();
    bytes.extend(80_877_103u32.to_be_bytes());
    bytes.extend(b"plain text");
    c.raw(&bytes);
    let messages = c.rest();
    assert_eq!(field(&messages, b'C'), "08P01");
}

#[test]
fn newer_protocols_are_negotiated_down() {
    let s = server();
    let mut c = Client::open(s.port);
    c.startup_version(196_608 + 9999, &[("user", "postgres"), ("_pq_.x", "1")]);
    let messages = c.until_ready();
    assert_eq!(messages[0].0, b'v');
    assert_eq!(messages[0].1[..4], 196_610u32.to_be_bytes());
    let key = messages.iter().find(|m| m.0 == b'K').unwrap();
    assert_eq!(key.1.len(), 4 + 32);
}

#[test]
fn refusals_at_startup_are_fatal() {
    for (parameters, state) in [
        (vec![("user", "nobody")], "28000"),
        (vec![("user", "postgres"), ("database", "nowhere")], "3D000"),
        (vec![("database", "postgres")], "28000"),
        (vec![("user", "postgres"), ("nonsense", "1")], "42704"),
    ] {
        let s = server();
        let mut c = Client::open(s.port);
        c.startup(&parameters);
        let messages = c.rest();
        assert_eq!(tags(&messages), "E", "{parameters:?}");
        assert_eq!(field(&messages, b'S'), "FATAL");
        assert_eq!(field(&messages, b'C'), state);
    }
}

#[test]
fn nothing_but_a_startup_packet_opens_a_session() {
    for bytes in [&b"GET / HTTP/1.0\r\n\r\n"[..], &[0, 0, 0, 4], &[0xff; 8]] {
        let s = server();
        let mut c = Client::open(s.port);
        c.raw(bytes);
        let messages = c.rest();
        assert!(messages.is_empty() || tags(&messages) == "E");
    }
}

#[test]
fn simple_queries_answer_in_order() {
    let s = server();
    let mut c = s.connect();
    let messages = c.query("SELECT 1 AS a, NULL; SELECT 'x'; ;");
    assert_eq!(tags(&messages), "TDCTDCZ");
    assert_eq!(rows(&messages)[0], [Some("1".to_owned()), None]);
    assert_eq!(tags(&c.query("")), "IZ");
    assert_eq!(tags(&c.query("-- nothing")), "IZ");
}

#[test]
fn a_failing_statement_ends_its_text() {
    let s = server();
    let mut c = s.connect();
    let messages = c.query("SELECT 1; SELECT 1/0; SELECT 2");
    assert_eq!(tags(&messages), "TDCEZ");
    assert_eq!(field(&messages, b'C'), "22012");
    assert_eq!(messages.last().unwrap().1, b"I");
}

#[test]
fn pipelines_skip_to_sync_after_an_error() {
    let s = server();
    let mut c = s.connect();
    let mut bytes = parse("", "SELECT nothing");
    bytes.extend(bind("", "", &[]));
    bytes.extend(execute("", 0));
    bytes.extend(sync());
    bytes.extend(parse("", "SELECT 7"));
    bytes.extend(bind("", "", &[]));
    bytes.extend(execute("", 0));
    bytes.extend(sync());
    c.raw(&bytes);
    assert_eq!(tags(&c.until_ready()), "EZ");
    let messages = c.until_ready();
    assert_eq!(tags(&messages), "12DCZ");
    assert_eq!(rows(&messages)[0][0].as_deref(), Some("7"));
}

#[test]
fn a_pipeline_is_one_transaction() {
    let s = server();
    let mut c = s.connect();
    c.query("CREATE TABLE IF NOT EXISTS pipeline_t (a int)");
    let mut bytes = Vec::new();
    for sql in ["INSERT INTO pipeline_t VALUES (1)", "SELECT 1/0"] {
        bytes.extend(parse("", sql));
        bytes.extend(bind("", "", &[]));
        bytes.extend(execute("", 0));
    }
    bytes.extend(sync());
    c.raw(&bytes);
    let messages = c.until_ready();
    assert_eq!(field(&messages, b'C'), "22012");
    assert_eq!(rows(&c.query("SELECT count(*) FROM pipeline_t"))[0][0].as_deref(), Some("0"));
}

#[test]
fn portals_are_suspended_at_their_limit() {
    let s = server();
    let mut c = s.connect();
    let mut bytes = parse("s", "SELECT * FROM generate_series(1, 5)");
    bytes.extend(bind("p", "s", &[]));
    bytes.extend(execute("p", 2));
    bytes.extend(execute("p", 2));
    bytes.extend(execute("p", 2));
    bytes.extend(sync());
    c.raw(&bytes);
    let messages = c.until_ready();
    assert_eq!(tags(&messages), "12DDsDDsDCZ");
    // The pipeline's end was the transaction's, and the portal's with it.
    let mut bytes = execute("p", 0);
    bytes.extend(sync());
    c.raw(&bytes);
    assert_eq!(field(&c.until_ready(), b'C'), "34000");
}

#[test]
fn unnamed_portals_live_on_inside_a_block() {
    let s = server();
    let mut c = s.connect();
    c.query("BEGIN");
    let mut bytes = parse("", "SELECT * FROM generate_series(1, 3)");
    bytes.extend(bind("", "", &[]));
    bytes.extend(execute("", 2));
    bytes.extend(sync());
    c.raw(&bytes);
    assert_eq!(tags(&c.until_ready()), "12DDsZ");
    let mut bytes = execute("", i32::MAX);
    bytes.extend(sync());
    c.raw(&bytes);
    assert_eq!(tags(&c.until_ready()), "DCZ");
    c.query("COMMIT");
}

#[test]
fn row_limits_allocate_nothing() {
    let s = server();
    let mut c = s.connect();
    for limit in [i32::MAX, -1] {
        let mut bytes = parse("", "SELECT 1");
        bytes.extend(bind("", "", &[]));
        bytes.extend(execute("", limit));
        bytes.extend(sync());
        c.raw(&bytes);
        assert_eq!(tags(&c.until_ready()), "12DCZ");
    }
}

#[test]
fn names_that_are_taken_or_missing_are_errors() {
    let s = server();
    let mut c = s.connect();
    let mut ask = |messages: Vec<Vec<u8>>| {
        c.raw(&messages.concat());
        c.raw(&sync());
        let answer = c.until_ready();
        match answer.iter().any(|m| m.0 == b'E') {
            true => field(&answer, b'C'),
            false => String::new(),
        }
    };
    assert_eq!(ask(vec![parse("a", "SELECT 1"), parse("a", "SELECT 1")]), "42P05");
    assert_eq!(ask(vec![bind("", "nope", &[])]), "26000");
    assert_eq!(
        ask(vec![parse("b", "SELECT 1"), bind("p", "b", &[]), bind("p", "b", &[])]),
        "42P03"
    );
    assert_eq!(ask(vec![execute("nope", 0)]), "34000");
    assert_eq!(ask(vec![frame(b'D', b"Snope\0")]), "26000");
    assert_eq!(ask(vec![frame(b'C', b"Snope\0")]), "");
    assert_eq!(ask(vec![parse("c", "SELECT $1::int"), bind("", "c", &[])]), "08P01");
    assert_eq!(ask(vec![parse("d", "SELECT 1; SELECT 2")]), "42601");
}

#[test]
fn describe_says_no_data_for_statements_without_result() {
    let s = server();
    let mut c = s.connect();
    c.query("CREATE TABLE IF NOT EXISTS describe_t (a int)");
    let mut bytes = parse("i", "INSERT INTO describe_t VALUES ($1)");
    bytes.extend(frame(b'D', b"Si\0"));
    bytes.extend(parse("s", "SELECT $1::int AS x"));
    bytes.extend(frame(b'D', b"Ss\0"));
    bytes.extend(sync());
    c.raw(&bytes);
    let messages = c.until_ready();
    assert_eq!(tags(&messages), "1tn1tTZ");
    assert_eq!(messages[1].1, [0, 1, 0, 0, 0, 23]);
}

#[test]
fn malformed_messages_are_errors_and_the_stream_goes_on() {
    let s = server();
    let mut c = s.connect();
    // A NUL inside a query hides no second message.
    c.send(b'Q', b"SELECT 1\0Q\0\0\0\x0dSELECT 2\0");
    let messages = c.until_ready();
    assert_eq!(tags(&messages), "EZ");
    assert_eq!(field(&messages, b'C'), "08P01");
    // A truncated Bind: skipped until Sync.
    c.send(b'B', b"p\0s\0\0\x01");
    c.raw(&sync());
    assert_eq!(field(&c.until_ready(), b'C'), "08P01");
    c.send(b'Q', b"SELECT '\xff'\0");
    assert_eq!(field(&c.until_ready(), b'C'), "22021");
    assert_eq!(tags(&c.query("SELECT 1")), "TDCZ");
}

#[test]
fn impossible_frames_end_the_connection_with_an_error() {
    for bytes in [&b"Q\0\0\0\x03"[..], b"Q\x7f\xff\xff\xff", b"!\0\0\0\x04", b"S\0\0\x40\0"] {
        let s = server();
        let mut c = s.connect();
        c.raw(bytes);
        let messages = c.rest();
        assert_eq!(tags(&messages), "E");
        assert_eq!(field(&messages, b'S'), "FATAL");
        assert_eq!(field(&messages, b'C'), "08P01");
    }
}

#[test]
fn copy_goes_both_ways() {
    let s = server();
    let mut c = s.connect();
    c.query("CREATE TABLE IF NOT EXISTS copy_t (a int, b text)");
    c.query("TRUNCATE copy_t");
    c.send(b'Q', b"COPY copy_t FROM STDIN\0");
    assert_eq!(c.receive().unwrap().0, b'G');
    // Pieces need not end where lines do; Flush and Sync are ignored.
    c.send(b'd', b"1\tone\n2\t");
    c.send(b'H', b"");
    c.raw(&sync());
    c.send(b'd', b"\\N\n");
    c.send(b'c', b"");
    let messages = c.until_ready();
    assert_eq!((tags(&messages).as_str(), &messages[0].1[..]), ("CZ", &b"COPY 2\0"[..]));
    let messages = c.query("COPY copy_t TO STDOUT (FORMAT csv)");
    assert_eq!(tags(&messages), "HddcCZ");
    assert_eq!((&messages[1].1[..], &messages[2].1[..]), (&b"1,one\n"[..], &b"2,\n"[..]));
}

#[test]
fn a_failed_copy_leaves_nothing() {
    let s = server();
    let mut c = s.connect();
    c.query("CREATE TABLE IF NOT EXISTS copy_fail_t (a int)");
    c.send(b'Q', b"COPY copy_fail_t FROM STDIN\0");
    c.receive();
    c.send(b'd', b"1\n");
    c.send(b'f', b"no more\0");
    let messages = c.until_ready();
    assert_eq!(field(&messages, b'C'), "57014");
    assert_eq!(field(&messages, b'M'), "COPY from stdin failed: no more");
    c.send(b'Q', b"COPY copy_fail_t FROM STDIN\0");
    c.receive();
    // What was on its way when the error was met is dropped.
    c.send(b'd', b"x\n");
    c.send(b'd', b"2\n");
    c.send(b'c', b"");
    assert_eq!(field(&c.until_ready(), b'C'), "22P02");
    assert_eq!(rows(&c.query("SELECT count(*) FROM copy_fail_t"))[0][0].as_deref(), Some("0"));
}

#[test]
fn running_statements_can_be_cancelled() {
    let s = server();
    let mut c = Client::open(s.port);
    c.startup(&[("user", "postgres")]);
    let key = c.until_ready().into_iter().find(|m| m.0 == b'K').unwrap().1;
    c.send(b'Q', b"SELECT pg_sleep(60)\0");
    // The statement may not have begun when the request comes: ask until the answer comes.
    c.stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut first = [0];
    loop {
        let mut cancel = Client::open(s.port);
        cancel.raw(&16u32.to_be_bytes());
        cancel.raw(&80_877_102u32.to_be_bytes());
        cancel.raw(&key);
        assert!(cancel.rest().is_empty());
        if c.stream.peek(&mut first).is_ok() {
            break;
        }
    }
    c.stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let messages = c.until_ready();
    assert_eq!(field(&messages, b'C'), "57014");
    assert_eq!(field(&messages, b'M'), "canceling statement due to user request");
}

#[test]
fn notifications_reach_idle_sessions() {
    let s = server();
    let (mut a, mut b) = (s.connect(), s.connect());
    a.query("LISTEN ch");
    b.query("NOTIFY ch, 'hello'");
    let (tag, body) = a.receive().unwrap();
    assert_eq!((tag, &body[4..]), (b'A', &b"ch\0hello\0"[..]));
}

#[test]
fn idle_sessions_can_be_terminated() {
    let s = server();
    let (mut a, mut b) = (s.connect(), s.connect());
    let pid = rows(&a.query("SELECT pg_backend_pid()"))[0][0].clone().unwrap();
    b.query(&format!("SELECT pg_terminate_backend({pid})"));
    let messages = a.rest();
    assert_eq!(field(&messages, b'C'), "57P01");
    assert_eq!(field(&messages, b'S'), "FATAL");
}

#[test]
fn statement_timeouts_cancel() {
    let s = server();
    let mut c = s.connect();
    c.query("SET statement_timeout = '50ms'");
    let messages = c.query("SELECT pg_sleep(60)");
    assert_eq!(field(&messages, b'M'), "canceling statement due to statement timeout");
    c.query("SET statement_timeout = 0");
    assert_eq!(tags(&c.query("SELECT 1")), "TDCZ");
}

#[test]
fn idle_in_transaction_timeouts_end_the_session() {
    let s = server();
    let mut c = s.connect();
    c.query("SET idle_in_transaction_session_timeout = '50ms'");
    c.query("BEGIN");
    let messages = c.rest();
    assert_eq!(field(&messages, b'C'), "25P03");
}

#[test]
fn too_many_clients_are_told_so() {
    let s = Server::start(&["max_connections=2", "superuser_reserved_connections=0"]);
    let (_a, _b) = (s.connect(), s.connect());
    let mut c = Client::open(s.port);
    c.startup(&[("user", "postgres")]);
    let messages = c.rest();
    assert_eq!(field(&messages, b'C'), "53300");
}

#[test]
fn fast_shutdown_ends_idle_sessions() {
    let mut s = Server::start(&[]);
    let mut c = s.connect();
    s.signal("-INT");
    assert_eq!(field(&c.rest(), b'C'), "57P01");
    assert!(s.child.wait().unwrap().success());
}

#[test]
fn smart_shutdown_waits_for_sessions() {
    let mut s = Server::start(&[]);
    let mut c = s.connect();
    s.signal("-TERM");
    assert_eq!(tags(&c.query("SELECT 1")), "TDCZ");
    c.send(b'X', b"");
    assert!(s.child.wait().unwrap().success());
}

#[test]
fn the_data_directory_is_locked() {
    let s = Server::start(&[]);
    let directory = s._directory.path().to_str().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pglitedb"))
        .args(["-D", directory, "-p", "1", "-k", ""])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("lock file \"postmaster.pid\" already exists"), "{log}");
}

#[test]
fn only_loopback_addresses_are_listened_on() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pglitedb"))
        .args(["-D", directory.path().to_str().unwrap(), "--listen", "0.0.0.0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("is not a loopback address"), "{log}");
}
