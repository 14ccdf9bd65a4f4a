//! An HTTP/1.1 server on loopback that answers as a test tells it to, also wrongly.
//!
//! It is written out here because the servers that crates offer cannot misbehave: break off in the middle of a body,
//! promise more than they send, say nothing.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and parameters.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// How many requests for this method and target came before.
    pub(crate) before: usize,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

/// What is done about a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, headers, body; the length is told.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// These bytes, then the connection is closed.
    Raw(Vec<u8>),
    /// The head and so many bytes of the body are sent, then the connection is closed.
    Break(u16, Vec<(&'static str, String)>, Vec<u8>, usize),
    /// Nothing for so long, then the connection is closed.
    Hang(Duration),
    /// The head of an endless answer, then a blank after each such pause, so many times.
    Drip(Duration, usize),
}

impl Reply {
    pub(crate) fn json(body: impl Into<String>) -> Self {
        Self::Answer(200, vec![("Content-Type", "application/json".to_owned())], body.into().into_bytes())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), Vec::new())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::Answer(status, vec![("Content-Type", "text/plain".to_owned())], body.as_bytes().to_vec())
    }

    pub(crate) fn bytes(body: impl Into<Vec<u8>>) -> Self {
        Self::Answer(200, Vec::new(), body.into())
    }

    pub(crate) fn to(status: u16, location: impl Into<String>) -> Self {
        Self::Answer(status, vec![("Location", location.into())], Vec::new())
    }

    pub(crate) fn body(self, body: &[u8]) -> Self {
        match self {
            Self::Answer(status, headers, _) => Self::Answer(status, headers, body.to_vec()),
            other => other,
        }
    }

    pub(crate) fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Answer(status, mut headers, body) => {
                headers.push((name, value.into()));
                Self::Answer(status, headers, body)
            }
            other => other,
        }
    }
}

type Handler = dyn Fn(&Asked) -> Reply + Send + Sync;

pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    log: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(None, Arc::new(handler))
    }

    pub(crate) fn start_tls(config: ServerConfig, handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(Some(Arc::new(config)), Arc::new(handler))
    }

    fn listen(tls: Option<Arc<ServerConfig>>, handler: Arc<Handler>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (log, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (seen, stopped) = (Arc::clone(&log), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                // Head and body are sent apart: without this the second waits for the client's word of the first, 40 ms.
                stream.set_nodelay(true).unwrap();
                let (tls, handler, seen) = (tls.clone(), Arc::clone(&handler), Arc::clone(&seen));
                // What a client breaks off is no fault of the server.
                std::thread::spawn(move || match tls {
                    None => serve(stream, &*handler, &seen),
                    Some(config) => {
                        let connection = ServerConnection::new(config).unwrap();
                        serve(StreamOwned::new(connection, stream), &*handler, &seen)
                    }
                });
            }
        });
        Self { address, scheme, log, stop }
    }

    /// Base address, with a name where there is TLS, since that is what certificates are for.
    pub(crate) fn url(&self) -> String {
        let host = if self.scheme == "https" { "localhost" } else { "127.0.0.1" };
        format!("{}://{host}:{}/", self.scheme, self.address.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request that came.
    pub(crate) fn log(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    /// Method and target of every request that came.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.log().iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve<S: Read + Write>(stream: S, handler: &Handler, log: &Mutex<Vec<Asked>>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    // Somebody who wants to speak TLS where none is spoken.
    if stream.fill_buf()?.first() == Some(&0x16) {
        return stream.get_mut().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    }
    while let Some(mut asked) = read(&mut stream)? {
        {
            let mut log = log.lock().unwrap();
            let alike = |other: &&Asked| other.method == asked.method && other.target == asked.target;
            asked.before = log.iter().filter(alike).count();
            log.push(asked.clone());
        }
        let reply = handler(&asked);
        let out = stream.get_mut();
        match reply {
            Reply::Answer(status, headers, body) => {
                out.write_all(&head(status, &headers, body.len()))?;
                if asked.method != "HEAD" && status != 304 {
                    out.write_all(&body)?;
                }
                out.flush()?;
            }
            Reply::Raw(bytes) => {
                out.write_all(&bytes)?;
                return out.flush();
            }
            Reply::Break(status, headers, body, sent) => {
                out.write_all(&head(status, &headers, body.len()))?;
                out.write_all(&body[..sent])?;
                return out.flush();
            }
            Reply::Drip(pause, times) => {
                out.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
                for _ in 0..times {
                    std::thread::sleep(pause);
                    out.write_all(b" ")?;
                    out.flush()?;
                }
                return Ok(());
            }
            Reply::Hang(time) => {
                std::thread::sleep(time);
                return Ok(());
            }
        }
    }
    Ok(())
}

fn head(status: u16, headers: &[(&str, String)], length: usize) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Status\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if status != 304 {
        head += &format!("Content-Length: {length}\r\n");
    }
    (head + "\r\n").into_bytes()
}

fn read(stream: &mut impl BufRead) -> io::Result<Option<Asked>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut first = line.split_whitespace().map(str::to_owned);
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, length)| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    let body = String::from_utf8(body).unwrap();
    Ok(Some(Asked { method, target, headers, body, before: 0 }))
}

/// An authority of the test's own and what it certifies.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "vienkop test authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    /// Its own certificate.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A server's certificate for `name`, valid in those years.
    pub(crate) fn certify(&self, name: &str, years: std::ops::Range<i32>) -> ServerConfig {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        versions.with_no_client_auth().with_single_cert(chain, key).unwrap()
    }
}
