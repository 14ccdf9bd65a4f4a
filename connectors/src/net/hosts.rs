//! Which hosts may be reached: those that the configuration names, and a link-local address never.
//!
//! Link-local addresses are where clouds keep the keys of a machine (169.254.169.254) and where nothing is that an
//! agency could mean. A name may resolve to one at any moment, so addresses are looked at where the connection is made
//! ([`Names`]), not before.

use std::collections::BTreeSet;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Hosts with their ports.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    allowed: BTreeSet<(String, u16)>,
    /// Whether the server itself is spoken to through TLS; then nobody else is spoken to without.
    secure: bool,
}

/// Why an address may not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The configuration does not name its host (and port).
    NotNamed,
    /// A link-local address.
    LinkLocal,
    /// Neither `http` nor `https`, or `http` where the server is reached by `https`.
    Scheme,
}

impl Refused {
    /// The word by which the sentence of N009 tells them apart.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NotNamed => "host",
            Self::LinkLocal => "link-local",
            Self::Scheme => "scheme",
        }
    }
}

impl Hosts {
    /// The host of `base` and those that `further` names.
    pub(super) fn new(base: &Url, further: &[String]) -> Self {
        let usual = base.port_or_known_default().unwrap_or(443);
        let own = base.host_str().map(|host| (bare(host), usual));
        let secure = base.scheme() == "https";
        let standard: &[u16] = if secure { &[443] } else { &[443, 80] };
        let mut allowed: BTreeSet<(String, u16)> = own.into_iter().collect();
        for (host, port) in further.iter().filter_map(|text| parse(text)) {
            match port {
                Some(port) => allowed.extend([(host, port)]),
                None => allowed.extend(standard.iter().map(|port| (host.clone(), *port))),
            }
        }
        Self { allowed, secure }
    }

    /// Whether `url` may be reached, as far as it tells by itself.
    pub(super) fn check(&self, url: &Url) -> Result<(), Refused> {
        if !matches!(url.scheme(), "http" | "https") || (self.secure && url.scheme() == "http") {
            return Err(Refused::Scheme);
        }
        let host = bare(url.host_str().unwrap_or_default());
        if host.parse().is_ok_and(is_link_local) {
            return Err(Refused::LinkLocal);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if self.allowed.contains(&(host, port)) { Ok(()) } else { Err(Refused::NotNamed) }
    }
}

/// `files.agentura.lv`, `10.0.0.7:8443`, `[fd00::7]:8443`: the host and its port, if it is said.
pub(super) fn parse(text: &str) -> Option<(String, Option<u16>)> {
    if text.trim() != text || text.contains(['/', '@', '?', '#', '*', '\\']) {
        return None;
    }
    let text = if text.parse::<Ipv6Addr>().is_ok() { format!("[{text}]") } else { text.to_owned() };
    // `Url` drops a port that is usual for its scheme; none is usual for both.
    let (http, https) = (Url::parse(&format!("http://{text}")).ok()?, Url::parse(&format!("https://{text}")).ok()?);
    let port = http.port().or(https.port());
    http.host_str().filter(|host| !host.is_empty()).map(|host| (bare(host), port))
}

/// Host without the brackets of an IPv6 address and the dot that may end a name.
fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

/// `169.254.0.0/16` (RFC 3927) and `fe80::/10` (RFC 4291), also where IPv6 carries the former: mapped
/// (`::ffff:0:0/96`), compatible (`::/96`), translated (`64:ff9b::/96`, RFC 6052) or 6to4 (`2002::/16`).
pub(crate) fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || carried(v6).is_some_and(|v4| v4.is_link_local()),
    }
}

fn carried(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(v4(high, low))
        }
        _ => None,
    }
}

/// Looks names up and leaves link-local addresses out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names;

/// A name that has no other addresses than link-local ones.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to a link-local address")]
pub(super) struct LinkLocalName;

/// A name that is not known, or a name server that does not answer.
#[derive(Debug, thiserror::Error)]
#[error("the name cannot be resolved")]
pub(super) struct UnknownName;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            reachable(found.into_iter().flatten())
        })
    }
}

/// Those of the addresses that may be connected to.
pub(super) fn reachable(found: impl Iterator<Item = SocketAddr>) -> Result<Addrs, Box<dyn Error + Send + Sync>> {
    let all: Vec<SocketAddr> = found.collect();
    let kept: Vec<SocketAddr> = all.iter().copied().filter(|address| !is_link_local(address.ip())).collect();
    match (all.is_empty(), kept.is_empty()) {
        (true, _) => Err(UnknownName.into()),
        (false, true) => Err(LinkLocalName.into()),
        (false, false) => Ok(Box::new(kept.into_iter())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn only_named_hosts_and_ports() {
        let further = ["files.agentura.lv", "10.0.0.7:8443", "[fd00::7]", "fd00::8"].map(str::to_owned);
        let hosts = Hosts::new(&url("https://redmine.agentura.lv/x/"), &further);
        for (address, expected) in [
            ("https://redmine.agentura.lv/issues.json", Ok(())),
            ("https://REDMINE.agentura.lv.:443/", Ok(())),
            ("https://redmine.agentura.lv:8443/", Err(Refused::NotNamed)),
            ("http://redmine.agentura.lv/", Err(Refused::Scheme)),
            ("ftp://redmine.agentura.lv/", Err(Refused::Scheme)),
            ("https://files.agentura.lv/a", Ok(())),
            ("https://files.agentura.lv:444/a", Err(Refused::NotNamed)),
            ("https://files.agentura.lv.evil.example/", Err(Refused::NotNamed)),
            ("https://10.0.0.7:8443/", Ok(())),
            ("https://10.0.0.7/", Err(Refused::NotNamed)),
            ("https://[fd00::7]/", Ok(())),
            ("https://[fd00::8]/", Ok(())),
            ("https://169.254.169.254/latest/meta-data", Err(Refused::LinkLocal)),
            ("https://2852039166/", Err(Refused::LinkLocal)),
            ("https://0xa9.0xfe.0xa9.0xfe/", Err(Refused::LinkLocal)),
            ("https://[fe80::1]/", Err(Refused::LinkLocal)),
            ("https://[::ffff:169.254.169.254]/", Err(Refused::LinkLocal)),
            ("https://[64:ff9b::a9fe:a9fe]/", Err(Refused::LinkLocal)),
        ] {
            assert_eq!(hosts.check(&url(address)), expected, "{address}");
        }
        let plain = Hosts::new(&url("http://127.0.0.1:3000/"), &["files.agentura.lv".to_owned()]);
        assert_eq!(plain.check(&url("http://127.0.0.1:3000/a")), Ok(()));
        assert_eq!(plain.check(&url("http://files.agentura.lv/a")), Ok(()));
        assert_eq!(plain.check(&url("https://files.agentura.lv/a")), Ok(()));
        assert_eq!(plain.check(&url("http://127.0.0.1:3001/a")), Err(Refused::NotNamed));
        assert_eq!(plain.check(&url("http://localhost:3000/a")), Err(Refused::NotNamed));
    }

    #[test]
    fn a_link_local_host_is_refused_even_where_it_is_named() {
        let hosts = Hosts::new(&url("http://169.254.169.254/"), &["[fe80::1]".to_owned()]);
        assert_eq!(hosts.check(&url("http://169.254.169.254/latest")), Err(Refused::LinkLocal));
        assert_eq!(hosts.check(&url("http://[fe80::1]/")), Err(Refused::LinkLocal));
    }

    #[test]
    fn hosts_as_they_are_written() {
        for (text, expected) in [
            ("files.agentura.lv", Some(("files.agentura.lv", None))),
            ("Files.Agentura.LV:80", Some(("files.agentura.lv", Some(80)))),
            ("files.agentura.lv:443", Some(("files.agentura.lv", Some(443)))),
            ("[fd00::7]:8443", Some(("fd00::7", Some(8443)))),
            ("fd00::7", Some(("fd00::7", None))),
            ("https://files.agentura.lv", None),
            ("files.agentura.lv/a", None),
            ("*.agentura.lv", None),
            ("a@b", None),
            ("", None),
            ("files.agentura.lv:99999", None),
        ] {
            let expected = expected.map(|(host, port)| (host.to_owned(), port));
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_name_resolves_to_is_looked_at() {
        let found = |addresses: &[&str]| -> Vec<SocketAddr> {
            addresses.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect()
        };
        let kept = |addresses: &[&str]| match reachable(found(addresses).into_iter()) {
            Ok(kept) => Ok(kept.map(|address| address.ip().to_string()).collect::<Vec<_>>()),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(kept(&["10.0.0.7", "169.254.169.254", "fe80::1", "127.0.0.1"]).unwrap(), ["10.0.0.7", "127.0.0.1"]);
        for only in
            ["169.254.0.1", "fe80::1", "febf::1", "::ffff:169.254.169.254", "::169.254.169.254", "2002:a9fe:a9fe::1"]
        {
            assert_eq!(kept(&[only]), Err(LinkLocalName.to_string()), "{only}");
        }
        assert_eq!(kept(&[]), Err(UnknownName.to_string()));
    }
}
