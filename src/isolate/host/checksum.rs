//! The checksums that S3 knows, computed outside the engine.
//!
//! A loop over bytes in the interpreter costs a thousand times what it costs
//! here. Nothing in this module decides which request carries which checksum.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::CrcAlgorithm;
use sha2::Digest;

use super::{Arg, Reply, calls::Wanted};

/// Hashed between two looks at whether the run still wants it.
const SLICE_BYTES: usize = 256 << 10;

/// An algorithm by the name that S3 gives it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
    Md5,
}

impl Algorithm {
    /// What a response may be validated with, cheapest first.
    pub(crate) const VALIDATED: [Algorithm; 5] = [
        Algorithm::Crc64Nvme,
        Algorithm::Crc32c,
        Algorithm::Crc32,
        Algorithm::Sha1,
        Algorithm::Sha256,
    ];

    /// The header that carries the value, in base64.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "x-amz-checksum-crc32",
            Algorithm::Crc32c => "x-amz-checksum-crc32c",
            Algorithm::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Algorithm::Sha1 => "x-amz-checksum-sha1",
            Algorithm::Sha256 => "x-amz-checksum-sha256",
            Algorithm::Md5 => "content-md5",
        }
    }
}

impl FromStr for Algorithm {
    type Err = String;

    fn from_str(name: &str) -> Result<Algorithm, String> {
        Ok(match name {
            "CRC32" => Algorithm::Crc32,
            "CRC32C" => Algorithm::Crc32c,
            "CRC64NVME" => Algorithm::Crc64Nvme,
            "SHA1" => Algorithm::Sha1,
            "SHA256" => Algorithm::Sha256,
            "MD5" => Algorithm::Md5,
            _ => {
                return Err(format!(
                    "{name:?} is no checksum algorithm; \
                     use CRC32, CRC32C, CRC64NVME, SHA1, SHA256 or MD5"
                ));
            }
        })
    }
}

/// A checksum in the making.
pub(crate) enum Hasher {
    /// The low 32 bits count.
    Crc32(crc_fast::Digest),
    Crc64(crc_fast::Digest),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Md5(md5::Md5),
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Hasher {
        match algorithm {
            Algorithm::Crc32 => Hasher::Crc32(crc_fast::Digest::new(CrcAlgorithm::Crc32IsoHdlc)),
            Algorithm::Crc32c => Hasher::Crc32(crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi)),
            Algorithm::Crc64Nvme => Hasher::Crc64(crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme)),
            Algorithm::Sha1 => Hasher::Sha1(sha1::Sha1::new()),
            Algorithm::Sha256 => Hasher::Sha256(sha2::Sha256::new()),
            Algorithm::Md5 => Hasher::Md5(md5::Md5::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Crc32(it) | Hasher::Crc64(it) => it.update(bytes),
            Hasher::Sha1(it) => it.update(bytes),
            Hasher::Sha256(it) => it.update(bytes),
            Hasher::Md5(it) => it.update(bytes),
        }
    }

    /// The value as S3 writes it: big-endian bytes in base64.
    pub(crate) fn finish(self) -> String {
        match self {
            Hasher::Crc32(it) => BASE64_STANDARD.encode((it.finalize() as u32).to_be_bytes()),
            Hasher::Crc64(it) => BASE64_STANDARD.encode(it.finalize().to_be_bytes()),
            Hasher::Sha1(it) => BASE64_STANDARD.encode(it.finalize()),
            Hasher::Sha256(it) => BASE64_STANDARD.encode(it.finalize()),
            Hasher::Md5(it) => BASE64_STANDARD.encode(it.finalize()),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

/// The checksum of `bytes` in base64.
pub(crate) fn checksum_of(algorithm: Algorithm, bytes: &[u8]) -> String {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(bytes);
    hasher.finish()
}

/// Op `checksum(algorithm, bytes | text)`: the value in base64.
pub(crate) fn checksum(args: &[Arg<'_>], wanted: &Wanted) -> Reply {
    let (name, bytes) = match args {
        [Arg::Text(name), Arg::Text(text)] => (name, text.as_bytes()),
        [Arg::Text(name), Arg::Bytes(bytes)] => (name, *bytes),
        _ => return Reply::type_error("checksum takes an algorithm and bytes or text"),
    };
    let algorithm: Algorithm = match name.parse() {
        Ok(algorithm) => algorithm,
        Err(message) => return Reply::type_error(message),
    };
    let mut hasher = Hasher::new(algorithm);
    for slice in bytes.chunks(SLICE_BYTES) {
        if !wanted.is_wanted() {
            return Reply::Undefined;
        }
        hasher.update(slice);
    }
    Reply::Text(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(algorithm: &str, expected: &str) {
        let algorithm = algorithm.parse().unwrap();
        assert_eq!(checksum_of(algorithm, b"123456789"), expected);
    }

    /// Check values of the CRC catalogue; the others from another implementation.
    #[test]
    fn known_values() {
        check("CRC32", "y/Q5Jg==");
        check("CRC32C", "4waSgw==");
        check("CRC64NVME", "rosUhgp5mIg=");
        check("SHA1", "98O8HYCOBHMq32eZZczDTKeuNEE=");
        check("SHA256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=");
        check("MD5", "JfnnlDI7RTiF9RgfG2JNCw==");
    }

    #[test]
    fn an_unknown_algorithm_is_named() {
        let refusal = "CRC16".parse::<Algorithm>().unwrap_err();
        let message = "\"CRC16\" is no checksum algorithm; \
                       use CRC32, CRC32C, CRC64NVME, SHA1, SHA256 or MD5";
        assert_eq!(refusal, message);
    }
}
