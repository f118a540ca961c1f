//! A real Redis or Valkey, started for one test.
//!
//! `CLERK_REDIS_SERVER` names the program, otherwise it is `redis-server` or `valkey-server`. Without one, tests are skipped
//! and say so; with `CLERK_REDIS=required` they fail.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread::sleep,
    time::Duration,
};

/// A server on a loopback port of its own, with nothing in it, in a temporary folder. It ends when it is dropped.
#[derive(Debug)]
pub struct RedisServer {
    child: Option<Child>,
    port: u16,
    folder: PathBuf,
    options: Vec<String>,
}

impl RedisServer {
    /// Starts a server with these options of its command line besides. Returns `None` if none is installed: then the test
    /// is skipped.
    #[must_use]
    pub fn start(options: &[&str]) -> Option<Self> {
        program()?;
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("clerk-redis-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut server = Self { child: None, port: 0, folder, options };
        // Another process may take the port before the server does.
        for _ in 0..5 {
            server.port = free_port();
            if server.try_restart() {
                return Some(server);
            }
        }
        panic!("the server does not start: {}", server.log());
    }

    /// Returns the port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the folder of the server, for certificates and sockets.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Returns the URL without a user.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends the server at once, as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts the server again on the same port, with nothing in it.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.try_restart(), "the server does not start again: {}", self.log());
    }

    /// Makes the server stand still: it keeps its connections and answers nothing.
    pub fn stop(&self) {
        self.signal("-STOP");
    }

    /// Lets the server go on.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    /// Runs a command on a connection of its own, and returns the response as text: one line for each element.
    ///
    /// # Panics
    /// If there is no response.
    pub fn run(&self, command: &[&str]) -> String {
        self.try_run(command).unwrap()
    }

    fn try_run(&self, command: &[&str]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut request = format!("*{}\r\n", command.len());
        for part in command {
            request.push_str(&format!("${}\r\n{part}\r\n", part.len()));
        }
        stream.write_all(request.as_bytes())?;
        response(&mut BufReader::new(stream))
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("the server runs").id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    fn try_restart(&mut self) -> bool {
        let log = fs::File::create(self.folder.join("log")).unwrap();
        let port = self.port.to_string();
        let child = Command::new(program().unwrap())
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(&self.folder)
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let child = self.child.insert(child);
        for _ in 0..1000 {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            // With a password, PING is answered with an error, which is as good.
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
            if let Ok(stream) = &mut stream
                && stream.write_all(b"PING\r\n").is_ok()
                && stream.read(&mut [0]).is_ok_and(|length| length == 1)
            {
                return true;
            }
            sleep(Duration::from_millis(10));
        }
        false
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The program, looked for once.
fn program() -> Option<&'static str> {
    static PROGRAM: OnceLock<Option<String>> = OnceLock::new();
    PROGRAM.get_or_init(find).as_deref()
}

fn find() -> Option<String> {
    let named = env::var("CLERK_REDIS_SERVER").ok();
    let names = named.as_deref().map_or_else(|| vec!["redis-server", "valkey-server"], |name| vec![name]);
    let runs = |name: &&str| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    let found = names.into_iter().find(runs).map(str::to_owned);
    if found.is_none() {
        assert!(env::var("CLERK_REDIS").as_deref() != Ok("required"), "redis-server is not installed");
        println!("SKIPPED: redis-server is not installed");
    }
    found
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn response(reader: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let (kind, rest) = line.trim_end().split_at_checked(1).unwrap_or_default();
    let length = rest.parse::<usize>();
    match (kind, length) {
        ("$", Ok(length)) => {
            let mut bytes = vec![0; length + 2];
            reader.read_exact(&mut bytes)?;
            bytes.truncate(length);
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        ("*", Ok(count)) => {
            let elements: Result<Vec<_>, _> = (0..count).map(|_| response(reader)).collect();
            Ok(elements?.join("\n"))
        }
        ("", _) => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(rest.to_owned()),
    }
}
