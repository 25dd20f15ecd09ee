//! Where a kernel listens: a Unix path or a TCP address. Parsing only; names
//! are looked up and sockets opened by `kernel` and `client`.

use std::{fmt, path::PathBuf, str::FromStr};

/// Where a kernel is found when nobody says otherwise.
pub const DEFAULT_SOCKET: &str = "/tmp/llm-kernel.sock";

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Endpoint {
    Unix(PathBuf),
    /// `host` without the brackets of IPv6.
    Tcp {
        host: String,
        port: u16,
    },
}

/// A text that names no endpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParseError(String);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; an endpoint is `/path`, `unix:/path`, `tcp://host:port`, `host:port` or `port`",
            self.0
        )
    }
}

impl std::error::Error for ParseError {}

impl FromStr for Endpoint {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Endpoint, ParseError> {
        let error = |why: &str| ParseError(format!("`{text}` {why}"));
        if let Some(path) = text.strip_prefix("unix:") {
            // `unix:///path` is what a URL looks like.
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(error("names no path"))
            } else {
                Ok(Endpoint::Unix(path.into()))
            };
        }
        let (address, is_url) = match text.strip_prefix("tcp://") {
            Some(rest) => (rest.strip_suffix('/').unwrap_or(rest), true),
            None => (text, false),
        };
        if !is_url && text.contains("://") {
            return Err(error("has a scheme that is neither `unix:` nor `tcp://`"));
        }
        if !is_url && address.contains('/') {
            return Ok(Endpoint::Unix(address.into()));
        }
        let (host, port) = match address.rsplit_once(':') {
            Some(split) => split,
            None if !is_url && address.bytes().all(|it| it.is_ascii_digit()) => {
                ("127.0.0.1", address)
            }
            None => return Err(error("has no port")),
        };
        let is_number = port.bytes().all(|it| it.is_ascii_digit());
        let port = match port.parse() {
            Ok(port) if is_number => port,
            _ => return Err(error("has no port between 0 and 65535")),
        };
        let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let host = match bare {
            Some(host) if !host.contains(['[', ']']) => host,
            Some(_) => return Err(error("has brackets within brackets")),
            None if host.contains([':', '[', ']']) => {
                return Err(error("has an IPv6 address without brackets"));
            }
            None => host,
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(error("has no host"));
        }
        Ok(Endpoint::Tcp { host: host.to_owned(), port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Unix(path) => {
                let path = path.display().to_string();
                // `name` and `a://b` are paths that have to say so.
                match path.parse().as_ref() == Ok(self) {
                    true => f.write_str(&path),
                    false => write!(f, "unix://{path}"),
                }
            }
            Endpoint::Tcp { host, port } if host.contains(':') => {
                write!(f, "tcp://[{host}]:{port}")
            }
            Endpoint::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let endpoint: Endpoint = text.parse().unwrap();
        assert_eq!(endpoint.to_string(), expected);
        assert_eq!(expected.parse::<Endpoint>().unwrap(), endpoint);
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        let error = text.parse::<Endpoint>().unwrap_err();
        let forms =
            "an endpoint is `/path`, `unix:/path`, `tcp://host:port`, `host:port` or `port`";
        assert_eq!(error.to_string(), format!("{expected}; {forms}"));
    }

    #[test]
    fn every_form_of_the_readme() {
        check("/tmp/x.sock", "/tmp/x.sock");
        check("./x.sock", "./x.sock");
        check("unix:x.sock", "unix://x.sock");
        check("unix:9000", "unix://9000");
        check("unix:/tmp/x.sock", "/tmp/x.sock");
        check("unix:///tmp/x.sock", "/tmp/x.sock");
        check("tcp://127.0.0.1:9000", "tcp://127.0.0.1:9000");
        check("tcp://localhost:9000/", "tcp://localhost:9000");
        check("localhost:9000", "tcp://localhost:9000");
        check("9000", "tcp://127.0.0.1:9000");
        check("[::1]:9000", "tcp://[::1]:9000");
        check("tcp://[::1]:9000", "tcp://[::1]:9000");
    }

    #[test]
    fn what_names_no_endpoint_is_refused() {
        check_error("", "`` has no port between 0 and 65535");
        check_error("x", "`x` has no port");
        check_error("unix:", "`unix:` names no path");
        check_error("tcp://9000", "`tcp://9000` has no port");
        check_error("tcp://h:", "`tcp://h:` has no port between 0 and 65535");
        check_error("h:65536", "`h:65536` has no port between 0 and 65535");
        check_error("h:+1", "`h:+1` has no port between 0 and 65535");
        check_error(":9000", "`:9000` has no host");
        check_error("::1:9000", "`::1:9000` has an IPv6 address without brackets");
        check_error("[1]1]:9000", "`[1]1]:9000` has brackets within brackets");
        check_error("http://h:1", "`http://h:1` has a scheme that is neither `unix:` nor `tcp://`");
    }
}
