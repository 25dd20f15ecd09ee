//! Which hosts a snippet may talk to, decided on the address connected to.
//!
//! A host name proves nothing: it resolves to whatever its owner likes. So every
//! question is asked twice, before the name is resolved (a name that no rule can
//! cover never reaches a DNS server) and again for each address. Nothing here
//! resolves or connects.

use std::{
    error::Error,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::IpNet;
use url::Host;

/// The rules of `--allow-net`. Without any, only what has a [`Standing`] of its
/// own is reachable.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    rules: Vec<Rule>,
}

/// One value of `--allow-net`: `host[:port]`, `*.suffix[:port]`, an address or
/// CIDR block (`[…]:port` for IPv6 with a port), or `*`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    target: Target,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq)]
enum Target {
    /// `*`: every public address.
    Anything,
    /// Every name below this one, at public addresses.
    Below(String),
    /// This name, wherever it resolves to.
    Name(String),
    /// These addresses, whatever name leads to them.
    Block(IpNet),
}

/// Where a request wants to go; the host in the one spelling we compare.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Destination {
    host: Host<String>,
    port: u16,
}

/// What a destination may claim besides the rules.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Nothing: a rule must allow it.
    Stranger,
    /// One of AWS's own S3 endpoints, asked for by the S3 client.
    AwsS3,
    /// An endpoint that the operator configured, asked for by the S3 client.
    Operator,
}

/// Why a snippet may not go there. Nothing was sent; other hosts still work.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// No rule covers the destination.
    NoRule(Destination),
    /// A rule covers the name, but not the inside of a network.
    Private(Destination, IpAddr),
    /// Credentials are served there; no rule can allow it.
    Metadata(Destination),
}

impl Policy {
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Policy {
        Policy { rules: rules.into_iter().collect() }
    }

    /// The rules, as they may be typed.
    pub fn rules(&self) -> Vec<String> {
        self.rules.iter().map(Rule::to_string).collect()
    }

    /// Whether it is worth resolving the name at all.
    pub fn check_name(&self, to: &Destination, standing: Standing) -> Result<(), Refusal> {
        if let Some(addr) = to.addr() {
            return self.check_addr(to, standing, addr);
        }
        let covered = standing != Standing::Stranger
            || self.rules.iter().any(|rule| {
                rule.covers_port(to.port)
                    && (rule.covers_name(to) || matches!(rule.target, Target::Block(_)))
            });
        if covered { Ok(()) } else { Err(Refusal::NoRule(to.clone())) }
    }

    /// Whether a connection to `addr`, found for `to`, may be made.
    pub fn check_addr(
        &self,
        to: &Destination,
        standing: Standing,
        addr: IpAddr,
    ) -> Result<(), Refusal> {
        let addr = embedded_v4(addr);
        if serves_credentials(addr) {
            return Err(Refusal::Metadata(to.clone()));
        }
        let is_public = is_public(addr);
        match standing {
            Standing::Operator => return Ok(()),
            // A VPC endpoint answers for these names at a private address.
            Standing::AwsS3 if is_public || is_site_private(addr) => return Ok(()),
            Standing::AwsS3 | Standing::Stranger => {}
        }
        let mut is_named = false;
        for rule in self.rules.iter().filter(|it| it.covers_port(to.port)) {
            match &rule.target {
                Target::Name(_) if rule.covers_name(to) => return Ok(()),
                Target::Anything | Target::Below(_) if rule.covers_name(to) => {
                    if is_public {
                        return Ok(());
                    }
                    is_named = true;
                }
                Target::Block(block) if block.contains(&addr) => {
                    if is_public || is_narrow(block) {
                        return Ok(());
                    }
                    is_named = true;
                }
                Target::Anything | Target::Below(_) | Target::Name(_) | Target::Block(_) => {}
            }
        }
        Err(match is_named {
            true => Refusal::Private(to.clone(), addr),
            false => Refusal::NoRule(to.clone()),
        })
    }
}

impl Rule {
    fn covers_port(&self, port: u16) -> bool {
        self.port.is_none_or(|it| it == port)
    }

    fn covers_name(&self, to: &Destination) -> bool {
        match (&self.target, &to.host) {
            (Target::Anything, _) => true,
            (Target::Below(suffix), Host::Domain(name)) => is_below(name, suffix),
            (Target::Name(it), Host::Domain(name)) => it == name,
            _ => false,
        }
    }
}

/// The rules as they were given, or nothing.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (idx, rule) in self.rules.iter().enumerate() {
            let lead = if idx == 0 { "" } else { ", " };
            write!(f, "{lead}{rule}")?;
        }
        Ok(())
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Rule, String> {
        let bad = |why: &str| {
            format!("{text:?} is not host[:port], *.suffix, an address, a CIDR block or *: {why}")
        };
        let any_port = |target| Ok(Rule { target, port: None });
        if let Ok(block) = text.parse::<IpNet>() {
            return any_port(Target::Block(block.trunc()));
        }
        if let Ok(addr) = text.parse::<IpAddr>() {
            return any_port(Target::Block(embedded_v4(addr).into()));
        }
        let (name, port) = match text.rsplit_once(':') {
            // The colons of `[::1]` are its own.
            Some((name, port)) if !text.ends_with(']') => {
                let port = port.parse().map_err(|_| bad("the port is not a number"))?;
                if port == 0 {
                    return Err(bad("port 0 cannot be connected to"));
                }
                (name, Some(port))
            }
            _ => (text, None),
        };
        if name == "*" {
            return Ok(Rule { target: Target::Anything, port });
        }
        if let Ok(block) = name.parse::<IpNet>() {
            return Ok(Rule { target: Target::Block(block.trunc()), port });
        }
        let (name, is_suffix) = match name.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let target =
            match (normal_host(name).ok_or_else(|| bad("no such host can exist"))?, is_suffix) {
                (Host::Domain(name), true) => Target::Below(name),
                (Host::Domain(name), false) => Target::Name(name),
                (_, true) => return Err(bad("an address has no names below it")),
                (Host::Ipv4(addr), false) => Target::Block(IpAddr::from(addr).into()),
                (Host::Ipv6(addr), false) => Target::Block(embedded_v4(addr.into()).into()),
            };
        Ok(Rule { target, port })
    }
}

impl Destination {
    /// `None` when no such host can exist.
    pub fn new(host: &str, port: u16) -> Option<Destination> {
        Some(Destination { host: normal_host(host)?, port })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lower case, punycode, no trailing dot; IPv6 in brackets.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    /// The address, when the host is one.
    pub fn addr(&self) -> Option<IpAddr> {
        match self.host {
            Host::Domain(_) => None,
            Host::Ipv4(addr) => Some(addr.into()),
            Host::Ipv6(addr) => Some(addr.into()),
        }
    }

    /// Whether this is `other`, or a bucket of it: `bucket.other`, same port.
    pub fn is_at_or_below(&self, other: &Destination) -> bool {
        self.port == other.port
            && (self.host == other.host
                || match (&self.host, &other.host) {
                    (Host::Domain(name), Host::Domain(suffix)) => is_below(name, suffix),
                    _ => false,
                })
    }
}

/// As it may be typed.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.target, self.port) {
            (Target::Anything, _) => f.write_str("*")?,
            (Target::Below(name), _) => write!(f, "*.{name}")?,
            (Target::Name(name), _) => f.write_str(name)?,
            (Target::Block(IpNet::V6(block)), Some(_)) => write!(f, "[{}]", block.addr())?,
            (Target::Block(block), _) if block.prefix_len() == block.max_prefix_len() => {
                write!(f, "{}", block.addr())?;
            }
            (Target::Block(block), _) => write!(f, "{block}")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoRule(to) => {
                write!(
                    f,
                    "snippets may not connect to {to}; the operator can allow it with --allow-net {to}"
                )
            }
            Refusal::Private(to, addr) => write!(
                f,
                "snippets may not connect to {to}: it is at {addr}, inside a private network, \
                 which no wildcard covers; the operator can name it with --allow-net {to}"
            ),
            Refusal::Metadata(to) => write!(
                f,
                "snippets may not connect to {to}: it serves the machine's own credentials, \
                 and no --allow-net changes that"
            ),
        }
    }
}

impl Error for Refusal {}

fn normal_host(host: &str) -> Option<Host<String>> {
    let host = host.strip_suffix('.').unwrap_or(host);
    // A second trailing dot, or an empty label, is no name that DNS can hold.
    if host.is_empty() || host.ends_with('.') || host.starts_with('.') {
        return None;
    }
    Host::parse(host).ok()
}

fn is_below(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|it| it.len() > 1 && it.ends_with('.'))
}

/// A block so wide that naming it names no network in particular.
fn is_narrow(block: &IpNet) -> bool {
    match block {
        IpNet::V4(it) => it.prefix_len() >= 8,
        IpNet::V6(it) => it.prefix_len() >= 7,
    }
}

/// The IPv4 address that an IPv6 one carries (mapped, translated, compatible, NAT64,
/// 6to4): it is where the packets end up.
fn embedded_v4(addr: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = addr else { return addr };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |hi: u16, lo: u16| IpAddr::V4(Ipv4Addr::from(u32::from(hi) << 16 | u32::from(lo)));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0, 0, 0, 0, 0xffff, 0] | [0x64, 0xff9b, 0, 0, 0, 0] => v4(g, h),
        [0, 0, 0, 0, 0, 0] if g != 0 => v4(g, h),
        [0x2002, hi, lo, ..] => v4(hi, lo),
        _ => addr,
    }
}

/// Instance and container metadata of the clouds that we know.
fn serves_credentials(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(it) => matches!(
            it.octets(),
            [169, 254, 169, 254]
                | [169, 254, 170, 2 | 23]
                | [100, 100, 100, 200]
                | [168, 63, 129, 16]
        ),
        IpAddr::V6(it) => matches!(it.segments(), [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254 | 0x23]),
    }
}

/// RFC 1918 and its IPv6 kin: where a VPC keeps its endpoints.
fn is_site_private(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(it) => it.is_private() || matches!(it.octets(), [100, 64..=127, ..]),
        IpAddr::V6(it) => it.is_unique_local(),
    }
}

fn is_public(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(it) => {
            !(it.is_private()
                || it.is_loopback()
                || it.is_link_local()
                || it.is_broadcast()
                || it.is_documentation()
                || it.is_multicast()
                || matches!(
                    it.octets(),
                    [0, ..]
                        | [100, 64..=127, ..]
                        | [192, 0, 0, _]
                        | [198, 18 | 19, ..]
                        | [240..=255, ..]
                ))
        }
        IpAddr::V6(it) => is_public_v6(it),
    }
}

fn is_public_v6(addr: Ipv6Addr) -> bool {
    !(addr.is_loopback()
        || addr.is_unspecified()
        || addr.is_unique_local()
        || addr.is_unicast_link_local()
        || addr.is_multicast()
        || matches!(
            addr.segments(),
            // Documentation, the old site-local block, local NAT64, discard, and what
            // wraps an address that we do not look into (Teredo).
            [0x2001, 0xdb8, ..]
                | [0x3fff, ..]
                | [0xfec0..=0xfeff, ..]
                | [0x64, 0xff9b, 1, ..]
                | [0x100, 0, ..]
                | [0x2001, 0, ..]
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    use Standing::{AwsS3, Operator, Stranger};

    #[derive(Debug, PartialEq)]
    enum Verdict {
        Allowed,
        NoRule,
        Private,
        Metadata,
        NoHost,
    }
    use Verdict::{Allowed, Metadata, NoHost, NoRule, Private};

    /// What happens when `host:port` is asked for and resolves to `addr`.
    fn verdict(rules: &str, standing: Standing, host: &str, port: u16, addr: &str) -> Verdict {
        let policy = Policy::new(rules.split_whitespace().map(|it| it.parse().unwrap()));
        let Some(to) = Destination::new(host, port) else { return NoHost };
        // The name must pass before the address is looked at, as in a connection.
        let addr = to.addr().unwrap_or_else(|| addr.parse().unwrap());
        match policy.check_name(&to, standing).and_then(|()| policy.check_addr(&to, standing, addr))
        {
            Ok(()) => Allowed,
            Err(Refusal::NoRule(_)) => NoRule,
            Err(Refusal::Private(..)) => Private,
            Err(Refusal::Metadata(_)) => Metadata,
        }
    }

    #[test]
    fn rules_decide_on_name_port_and_address() {
        const PUBLIC: &str = "93.184.216.34";
        let table = [
            // Rules, standing, host, port, where it resolves to, verdict.
            ("", Stranger, "example.com", 443, PUBLIC, NoRule),
            ("example.com", Stranger, "example.com", 443, PUBLIC, Allowed),
            ("example.com", Stranger, "EXAMPLE.com.", 80, PUBLIC, Allowed),
            ("EXAMPLE.com.", Stranger, "example.com", 80, PUBLIC, Allowed),
            ("example.com", Stranger, "www.example.com", 443, PUBLIC, NoRule),
            ("example.com", Stranger, "example.com.evil.net", 443, PUBLIC, NoRule),
            ("example.com:443", Stranger, "example.com", 443, PUBLIC, Allowed),
            ("example.com:443", Stranger, "example.com", 80, PUBLIC, NoRule),
            ("example.com", Stranger, "example.com", 443, "10.0.0.7", Allowed),
            ("*.example.com", Stranger, "www.example.com", 443, PUBLIC, Allowed),
            ("*.example.com", Stranger, "a.b.example.com", 443, PUBLIC, Allowed),
            ("*.example.com", Stranger, "example.com", 443, PUBLIC, NoRule),
            ("*.example.com", Stranger, "notexample.com", 443, PUBLIC, NoRule),
            ("*.example.com", Stranger, "www.example.com", 443, "192.168.1.1", Private),
            ("*.example.com:8443", Stranger, "www.example.com", 443, PUBLIC, NoRule),
            ("*", Stranger, "example.com", 443, PUBLIC, Allowed),
            ("*", Stranger, "93.184.216.34", 443, "", Allowed),
            ("*", Stranger, "example.com", 443, "127.0.0.1", Private),
            ("*", Stranger, "127.0.0.1", 80, "", Private),
            ("*", Stranger, "localhost", 80, "::1", Private),
            ("*", Stranger, "0.0.0.0", 80, "", Private),
            ("*", Stranger, "[::]", 80, "", Private),
            ("*", Stranger, "[::1]", 80, "", Private),
            ("*", Stranger, "[::ffff:127.0.0.1]", 80, "", Private),
            ("*", Stranger, "[::ffff:7f00:1]", 80, "", Private),
            ("*", Stranger, "[::127.0.0.1]", 80, "", Private),
            ("*", Stranger, "[::ffff:0:127.0.0.1]", 80, "", Private),
            ("*", Stranger, "[2001:0:a00:1::5ef5:79fd]", 80, "", Private),
            ("*", Stranger, "[fe80::1%25eth0]", 80, "", NoHost),
            ("*", Stranger, "example.com@10.0.0.1", 80, "", NoHost),
            ("*", Stranger, "example.com/10.0.0.1", 80, "", NoHost),
            ("*", Stranger, "127%2E0.0.1", 80, "", Private),
            ("*", Stranger, "127。0。0。1", 80, "", Private),
            ("*", Stranger, "[64:ff9b::10.0.0.1]", 80, "", Private),
            ("*", Stranger, "[2002:0a00:0001::]", 80, "", Private),
            ("*", Stranger, "[fe80::1]", 80, "", Private),
            ("*", Stranger, "[fc00::1]", 80, "", Private),
            ("*", Stranger, "2130706433", 80, "", Private),
            ("*", Stranger, "0x7f000001", 80, "", Private),
            ("*", Stranger, "0177.0.0.1", 80, "", Private),
            ("*", Stranger, "127.1", 80, "", Private),
            ("*", Stranger, "100.64.0.1", 80, "", Private),
            ("*", Stranger, "[2606:2800:220:1::1]", 443, "", Allowed),
            ("*:443", Stranger, "example.com", 80, PUBLIC, NoRule),
            ("localhost", Stranger, "localhost", 9000, "127.0.0.1", Allowed),
            ("127.0.0.1:9000", Stranger, "127.0.0.1", 9000, "", Allowed),
            ("127.0.0.1:9000", Stranger, "127.0.0.1", 9001, "", NoRule),
            ("127.0.0.1", Stranger, "2130706433", 80, "", Allowed),
            ("127.0.0.1", Stranger, "localhost", 80, "127.0.0.1", Allowed),
            ("127.0.0.1", Stranger, "[::ffff:127.0.0.1]", 80, "", Allowed),
            ("[::1]:9000", Stranger, "[::1]", 9000, "", Allowed),
            ("::1", Stranger, "localhost", 80, "::1", Allowed),
            ("10.0.0.0/8", Stranger, "minio.corp", 9000, "10.1.2.3", Allowed),
            ("10.0.0.0/8", Stranger, "minio.corp", 9000, "11.1.2.3", NoRule),
            ("10.0.0.0/8:9000", Stranger, "10.0.0.1", 80, "", NoRule),
            ("0.0.0.0/0", Stranger, "example.com", 443, PUBLIC, Allowed),
            ("0.0.0.0/0", Stranger, "10.0.0.1", 80, "", Private),
            ("fd00::/8", Stranger, "[fd12::1]", 80, "", Allowed),
            ("bücher.example", Stranger, "xn--bcher-kva.example", 443, PUBLIC, Allowed),
            ("xn--bcher-kva.example", Stranger, "BÜCHER.example", 443, PUBLIC, Allowed),
            ("*", Stranger, "example.com..", 443, PUBLIC, NoHost),
            ("*", Stranger, "", 443, PUBLIC, NoHost),
            ("*", Stranger, "a b", 443, PUBLIC, NoHost),
            // Metadata: never, not even when named.
            ("169.254.169.254", Stranger, "169.254.169.254", 80, "", Metadata),
            ("169.254.0.0/16", Stranger, "169.254.170.2", 80, "", Metadata),
            ("imds.evil.net", Stranger, "imds.evil.net", 80, "169.254.169.254", Metadata),
            ("*", Stranger, "[::ffff:169.254.169.254]", 80, "", Metadata),
            ("*", Stranger, "[::ffff:0:169.254.169.254]", 80, "", Metadata),
            ("*", Stranger, "[64:ff9b::a9fe:a9fe]", 80, "", Metadata),
            ("*", Stranger, "2852039166", 80, "", Metadata),
            ("*", Stranger, "0xa9.0376.169.0xfe", 80, "", Metadata),
            ("*", Stranger, "169.254.43518", 80, "", Metadata),
            ("[fd00:ec2::254]", Stranger, "[fd00:ec2::254]", 80, "", Metadata),
            ("", Operator, "169.254.169.254", 80, "", Metadata),
            // What needs no rule.
            ("", AwsS3, "b.s3.eu-west-1.amazonaws.com", 443, "52.218.0.1", Allowed),
            ("", AwsS3, "b.s3.eu-west-1.amazonaws.com", 443, "10.0.0.9", Allowed),
            ("", AwsS3, "b.s3.eu-west-1.amazonaws.com", 443, "127.0.0.1", NoRule),
            ("", Operator, "minio.corp", 9000, "127.0.0.1", Allowed),
        ];
        for (rules, standing, host, port, addr, expected) in table {
            let got = verdict(rules, standing, host, port, addr);
            assert_eq!(
                got, expected,
                "--allow-net {rules:?}: {standing:?} {host}:{port} at {addr:?}"
            );
        }
    }

    #[test]
    fn a_name_that_no_rule_covers_is_not_resolved() {
        let policy = Policy::new(["example.com".parse().unwrap()]);
        let to = Destination::new("secret.evil.net", 443).unwrap();
        assert_eq!(policy.check_name(&to, Stranger), Err(Refusal::NoRule(to.clone())));
    }

    #[test]
    fn refusals_name_host_and_flag() {
        let to = Destination::new("minio.corp", 9000).unwrap();
        assert_eq!(
            [
                Refusal::NoRule(to.clone()).to_string(),
                Refusal::Private(to.clone(), Ipv4Addr::LOCALHOST.into()).to_string(),
                Refusal::Metadata(to).to_string(),
            ],
            [
                "snippets may not connect to minio.corp:9000; the operator can allow it with --allow-net minio.corp:9000",
                "snippets may not connect to minio.corp:9000: it is at 127.0.0.1, inside a private network, which no wildcard covers; the operator can name it with --allow-net minio.corp:9000",
                "snippets may not connect to minio.corp:9000: it serves the machine's own credentials, and no --allow-net changes that",
            ]
        );
    }

    #[test]
    fn nonsense_is_no_rule() {
        for text in ["", "a:b", "example.com:0", "example.com:70000", "*.10.0.0.1", "a b", "*."] {
            assert!(text.parse::<Rule>().is_err(), "{text:?} became a rule");
        }
    }
}
