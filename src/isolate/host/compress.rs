//! Deflate, zlib and gzip, in pieces that the prelude's streams ask for.
//!
//! A piece of input goes in, and pieces of output of bounded size come out until
//! there is none: how much a bomb unpacks is for the isolate's heap to end, since
//! nothing is kept here. Streams that a run leaves open go with it.

use std::collections::HashMap;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Arg, Op, Reply};

/// What one pull gives at most; unpacking it takes less than a millisecond.
const OUTPUT_BYTES: usize = 256 << 10;
/// What one push takes at most; packing it takes about a millisecond.
const INPUT_BYTES: usize = 64 << 10;
/// A packer holds about 300 KiB.
const MAX_STREAMS: usize = 256;
const WINDOW_BITS: u8 = 15;

/// The streams of one run, by number.
#[derive(Debug, Default)]
pub(crate) struct Flates {
    open: HashMap<u32, Flate>,
    last_id: u32,
}

#[derive(Debug)]
struct Flate {
    codec: Codec,
    input: Vec<u8>,
    /// Of `input`, already used.
    n_used: usize,
}

#[derive(Debug)]
enum Codec {
    Pack(Compress),
    Unpack(Decompress),
}

impl Flates {
    /// `(format, unpack)`; the number of a new stream.
    pub(crate) fn open(&mut self, args: &[Arg<'_>]) -> Reply {
        let [Arg::Text(format), Arg::Bool(unpack)] = args else {
            return Reply::bad_args(Op::FlateOpen);
        };
        if self.open.len() == MAX_STREAMS {
            return Reply::throw(
                "RangeError",
                format!("more than {MAX_STREAMS} compression streams are open; finish some first"),
            );
        }
        let level = Compression::default();
        let codec = match (&**format, unpack) {
            ("gzip", false) => Codec::Pack(Compress::new_gzip(level, WINDOW_BITS)),
            ("deflate", false) => Codec::Pack(Compress::new(level, true)),
            ("deflate-raw", false) => Codec::Pack(Compress::new(level, false)),
            ("gzip", true) => Codec::Unpack(Decompress::new_gzip(WINDOW_BITS)),
            ("deflate", true) => Codec::Unpack(Decompress::new(true)),
            ("deflate-raw", true) => Codec::Unpack(Decompress::new(false)),
            _ => return Reply::bad_args(Op::FlateOpen),
        };
        self.last_id += 1;
        self.open.insert(self.last_id, Flate { codec, input: Vec::new(), n_used: 0 });
        Reply::Number(f64::from(self.last_id))
    }

    /// `(stream, bytes)`; they are taken, nothing happens yet.
    pub(crate) fn push(&mut self, args: &[Arg<'_>]) -> Reply {
        let &[Arg::Number(id), Arg::Bytes(bytes)] = args else {
            return Reply::bad_args(Op::FlatePush);
        };
        let Some(flate) = self.open.get_mut(&(id as u32)) else {
            return Reply::type_error("the compressed data ended before: something follows it");
        };
        if bytes.len() > INPUT_BYTES || flate.n_used < flate.input.len() {
            return Reply::bad_args(Op::FlatePush);
        }
        flate.input.clear();
        flate.input.extend_from_slice(bytes);
        flate.n_used = 0;
        Reply::Undefined
    }

    /// `(stream, at the end)`; bytes, or nothing before the next push.
    pub(crate) fn pull(&mut self, args: &[Arg<'_>]) -> Reply {
        let &[Arg::Number(id), Arg::Bool(is_end)] = args else {
            return Reply::bad_args(Op::FlatePull);
        };
        let id = id as u32;
        let Some(flate) = self.open.get_mut(&id) else { return Reply::Undefined };
        match flate.pull(is_end) {
            Ok((output, is_over)) => {
                if is_over {
                    self.open.remove(&id);
                }
                if output.is_empty() { Reply::Undefined } else { Reply::Bytes(output) }
            }
            Err(message) => {
                self.open.remove(&id);
                Reply::type_error(message)
            }
        }
    }
}

impl Flate {
    /// Output, and whether the stream is over.
    fn pull(&mut self, is_end: bool) -> Result<(Vec<u8>, bool), &'static str> {
        let input = &self.input[self.n_used..];
        let mut output = Vec::with_capacity(OUTPUT_BYTES);
        match &mut self.codec {
            Codec::Pack(codec) => {
                let before = codec.total_in();
                let flush = if is_end { FlushCompress::Finish } else { FlushCompress::None };
                let status = codec
                    .compress_vec(input, &mut output, flush)
                    .map_err(|_| "the data cannot be compressed")?;
                self.n_used += (codec.total_in() - before) as usize;
                Ok((output, status == Status::StreamEnd))
            }
            Codec::Unpack(codec) => {
                let before = codec.total_in();
                let status = codec
                    .decompress_vec(input, &mut output, FlushDecompress::None)
                    .map_err(|_| "the compressed data is not valid")?;
                self.n_used += (codec.total_in() - before) as usize;
                let is_over = status == Status::StreamEnd;
                if is_over && self.n_used < self.input.len() {
                    return Err("the compressed data ended before: something follows it");
                }
                if is_end && !is_over && output.is_empty() {
                    return Err("the compressed data is cut short");
                }
                Ok((output, is_over))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that comes out of `input`, or what is wrong with it.
    fn through(format: &str, unpack: bool, input: &[u8]) -> Result<Vec<u8>, Reply> {
        let mut flates = Flates::default();
        let Reply::Number(id) = flates.open(&[Arg::Text(format.into()), Arg::Bool(unpack)]) else {
            panic!("not opened");
        };
        let mut output = Vec::new();
        for slice in input.chunks(INPUT_BYTES).map(Some).chain([None]) {
            if let Some(bytes) = slice
                && let refused @ Reply::Throw { .. } =
                    flates.push(&[Arg::Number(id), Arg::Bytes(bytes)])
            {
                return Err(refused);
            }
            loop {
                match flates.pull(&[Arg::Number(id), Arg::Bool(slice.is_none())]) {
                    Reply::Bytes(bytes) => {
                        assert!(bytes.len() <= OUTPUT_BYTES);
                        output.extend_from_slice(&bytes);
                    }
                    Reply::Undefined => break,
                    refused => return Err(refused),
                }
            }
        }
        assert!(flates.open.is_empty());
        Ok(output)
    }

    #[test]
    fn every_format_goes_both_ways() {
        let text: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        for format in ["gzip", "deflate", "deflate-raw"] {
            for input in [&text[..], b"", b"a"] {
                let packed = through(format, false, input).unwrap();
                assert_eq!(through(format, true, &packed).unwrap(), input, "{format}");
            }
        }
    }

    #[test]
    fn what_is_no_stream_is_refused() {
        let packed = through("gzip", false, b"hello").unwrap();
        let refusal = |message: &str| Err(Reply::type_error(message));
        assert_eq!(
            through("gzip", true, &packed[..packed.len() - 1]),
            refusal("the compressed data is cut short")
        );
        assert_eq!(
            through("gzip", true, b"hello, world"),
            refusal("the compressed data is not valid")
        );
        let mut longer = packed;
        longer.push(0);
        assert_eq!(
            through("gzip", true, &longer),
            refusal("the compressed data ended before: something follows it")
        );
        assert_eq!(through("deflate", true, b""), refusal("the compressed data is cut short"));
    }

    #[test]
    fn a_bomb_comes_out_in_pieces() {
        let packed = through("gzip", false, &vec![0; 64 << 20]).unwrap();
        assert!(packed.len() < 128 << 10);
        assert_eq!(through("gzip", true, &packed).unwrap().len(), 64 << 20);
    }
}
