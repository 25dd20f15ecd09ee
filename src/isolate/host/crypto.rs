//! Web Crypto's algorithms, over plain bytes.
//!
//! Keys are taken apart, put together and guarded by the prelude; here they are
//! arguments of one operation, and nothing outlives it. Hashes, MACs, derivation
//! and signatures are ring's, which this process needs for TLS anyway; AES is
//! RustCrypto's, because ring has neither CBC nor CTR. GCM is put together from
//! its two halves, counter mode and GHASH: as one piece it cannot be called off.

use std::num::NonZeroU32;

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser,
    KeyInit, KeyIvInit, StreamCipher, array::Array, block_padding::Pkcs7, consts::U16,
};
use ghash::{GHash, universal_hash::UniversalHash};
use ring::{
    digest, hkdf, hmac,
    rand::SystemRandom,
    rsa::{self, KeyPairComponents, PublicKeyComponents},
    signature::{self, EcdsaKeyPair, RsaKeyPair},
};

use super::{Arg, Reply};

/// Data is worked on in pieces of this size, between which the work may be called
/// off.
const SLICE_BYTES: usize = 256 << 10;
/// Of AES, of GHASH, and of the tag that GCM puts behind the data.
const BLOCK_BYTES: usize = 16;
/// HMACs between two looks at whether the work is still wanted: about a
/// millisecond.
const ROUNDS_AT_ONCE: u32 = 2048;
/// What one signature may be of: ring hashes it in one piece, which takes some
/// 30 ms and cannot be called off.
const MAX_SIGNED_BYTES: usize = 16 << 20;
/// A secret is hashed in one piece, for each block of what is derived from it.
const MAX_SECRET_BYTES: usize = 1 << 20;
/// Hashed for each of up to 255 blocks.
const MAX_INFO_BYTES: usize = 8 << 10;
/// What one derivation may give.
const MAX_DERIVED_BYTES: usize = 1 << 20;

/// One operation with its arguments.
pub(crate) enum Task {
    Digest {
        hash: Hash,
        data: Vec<u8>,
    },
    Hmac {
        hash: Hash,
        key: Vec<u8>,
        data: Vec<u8>,
    },
    Cbc {
        direction: Direction,
        key: Vec<u8>,
        iv: Vec<u8>,
        data: Vec<u8>,
    },
    Ctr {
        counter_bits: u32,
        key: Vec<u8>,
        counter: Vec<u8>,
        data: Vec<u8>,
    },
    Gcm {
        direction: Direction,
        key: Vec<u8>,
        iv: Vec<u8>,
        extra: Vec<u8>,
        data: Vec<u8>,
    },
    Pbkdf2 {
        hash: Hash,
        password: Vec<u8>,
        salt: Vec<u8>,
        rounds: u32,
        n_bytes: usize,
    },
    Hkdf {
        hash: Hash,
        secret: Vec<u8>,
        salt: Vec<u8>,
        info: Vec<u8>,
        n_bytes: usize,
    },
    EcGenerate {
        curve: Curve,
    },
    EcSign {
        curve: Curve,
        secret: Vec<u8>,
        point: Vec<u8>,
        data: Vec<u8>,
    },
    EcVerify {
        curve: Curve,
        point: Vec<u8>,
        signature: Vec<u8>,
        data: Vec<u8>,
    },
    RsaSign {
        scheme: Scheme,
        hash: Hash,
        key: Box<KeyPairComponents<Vec<u8>>>,
        data: Vec<u8>,
    },
    RsaVerify {
        scheme: Scheme,
        hash: Hash,
        n: Vec<u8>,
        e: Vec<u8>,
        signature: Vec<u8>,
        data: Vec<u8>,
    },
}

#[derive(Clone, Copy)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Direction {
    Encrypt,
    Decrypt,
}

/// A curve with the hash that ring has for it.
#[derive(Clone, Copy)]
pub(crate) enum Curve {
    P256,
    P384,
}

#[derive(Clone, Copy)]
pub(crate) enum Scheme {
    Pkcs1,
    /// With a salt as long as the hash.
    Pss,
}

impl Task {
    /// `(operation, …)`: what the prelude's crypto.js sends.
    pub(crate) fn of(args: &[Arg<'_>]) -> Result<Task, Reply> {
        let [Arg::Text(operation), rest @ ..] = args else { return Err(bad_args()) };
        use Arg::{Bytes, Number, Text};
        Ok(match (&**operation, rest) {
            ("digest", [Text(hash), Bytes(data)]) => {
                Task::Digest { hash: Hash::of(hash)?, data: data.to_vec() }
            }
            ("hmac", [Text(hash), Bytes(key), Bytes(data)]) => {
                Task::Hmac { hash: Hash::of(hash)?, key: short(key)?, data: data.to_vec() }
            }
            ("cbc", [Text(direction), Bytes(key), Bytes(iv), Bytes(data)]) => Task::Cbc {
                direction: Direction::of(direction)?,
                key: key.to_vec(),
                iv: iv.to_vec(),
                data: data.to_vec(),
            },
            ("ctr", [Number(counter_bits), Bytes(key), Bytes(counter), Bytes(data)]) => Task::Ctr {
                counter_bits: *counter_bits as u32,
                key: key.to_vec(),
                counter: counter.to_vec(),
                data: data.to_vec(),
            },
            ("gcm", [Text(direction), Bytes(key), Bytes(iv), Bytes(extra), Bytes(data)]) => {
                Task::Gcm {
                    direction: Direction::of(direction)?,
                    key: key.to_vec(),
                    iv: iv.to_vec(),
                    extra: extra.to_vec(),
                    data: data.to_vec(),
                }
            }
            (
                "pbkdf2",
                [Text(hash), Bytes(password), Bytes(salt), Number(rounds), Number(n_bytes)],
            ) => Task::Pbkdf2 {
                hash: Hash::of(hash)?,
                password: short(password)?,
                salt: salt.to_vec(),
                rounds: *rounds as u32,
                n_bytes: derived_bytes(*n_bytes)?,
            },
            ("hkdf", [Text(hash), Bytes(secret), Bytes(salt), Bytes(info), Number(n_bytes)]) => {
                Task::Hkdf {
                    hash: Hash::of(hash)?,
                    secret: short(secret)?,
                    salt: short(salt)?,
                    info: match info.len() {
                        0..=MAX_INFO_BYTES => info.to_vec(),
                        _ => return Err(failed("the info of HKDF has at most 8192 bytes here")),
                    },
                    n_bytes: derived_bytes(*n_bytes)?,
                }
            }
            ("ec-generate", [Text(curve)]) => Task::EcGenerate { curve: Curve::of(curve)? },
            ("ec-sign", [Text(curve), Bytes(secret), Bytes(point), Bytes(data)]) => Task::EcSign {
                curve: Curve::of(curve)?,
                secret: secret.to_vec(),
                point: point.to_vec(),
                data: signed(data)?,
            },
            ("ec-verify", [Text(curve), Bytes(point), Bytes(signature), Bytes(data)]) => {
                Task::EcVerify {
                    curve: Curve::of(curve)?,
                    point: point.to_vec(),
                    signature: signature.to_vec(),
                    data: signed(data)?,
                }
            }
            (
                "rsa-sign",
                [
                    Text(scheme),
                    Text(hash),
                    Bytes(data),
                    Bytes(n),
                    Bytes(e),
                    Bytes(d),
                    Bytes(p),
                    Bytes(q),
                    Bytes(dp),
                    Bytes(dq),
                    Bytes(qi),
                ],
            ) => Task::RsaSign {
                scheme: Scheme::of(scheme)?,
                hash: Hash::of(hash)?,
                key: Box::new(KeyPairComponents {
                    public_key: PublicKeyComponents { n: n.to_vec(), e: e.to_vec() },
                    d: d.to_vec(),
                    p: p.to_vec(),
                    q: q.to_vec(),
                    dP: dp.to_vec(),
                    dQ: dq.to_vec(),
                    qInv: qi.to_vec(),
                }),
                data: signed(data)?,
            },
            (
                "rsa-verify",
                [Text(scheme), Text(hash), Bytes(data), Bytes(n), Bytes(e), Bytes(signature)],
            ) => Task::RsaVerify {
                scheme: Scheme::of(scheme)?,
                hash: Hash::of(hash)?,
                n: n.to_vec(),
                e: e.to_vec(),
                signature: signature.to_vec(),
                data: signed(data)?,
            },
            _ => return Err(bad_args()),
        })
    }

    /// Does it. Between slices it asks whether the run that wants it is still there.
    pub(crate) fn perform(self, is_wanted: impl Fn() -> bool) -> Reply {
        match self {
            Task::Digest { hash, data } => {
                let mut context = digest::Context::new(hash.digest());
                for slice in data.chunks(SLICE_BYTES) {
                    if !is_wanted() {
                        return Reply::Undefined;
                    }
                    context.update(slice);
                }
                Reply::Bytes(context.finish().as_ref().to_vec())
            }
            Task::Hmac { hash, key, data } => {
                let mut context = hmac::Context::with_key(&hash.hmac_key(&key));
                for slice in data.chunks(SLICE_BYTES) {
                    if !is_wanted() {
                        return Reply::Undefined;
                    }
                    context.update(slice);
                }
                Reply::Bytes(context.sign().as_ref().to_vec())
            }
            Task::Cbc { direction, key, iv, data } => match key.len() {
                16 => cbc::<Aes128>(direction, &key, &iv, data, is_wanted),
                24 => cbc::<Aes192>(direction, &key, &iv, data, is_wanted),
                32 => cbc::<Aes256>(direction, &key, &iv, data, is_wanted),
                _ => bad_args(),
            },
            Task::Ctr { counter_bits, key, counter, data } => match (counter_bits, key.len()) {
                (128, 16) => stream::<ctr::Ctr128BE<Aes128>>(&key, &counter, data, is_wanted),
                (128, 24) => stream::<ctr::Ctr128BE<Aes192>>(&key, &counter, data, is_wanted),
                (128, 32) => stream::<ctr::Ctr128BE<Aes256>>(&key, &counter, data, is_wanted),
                (64, 16) => stream::<ctr::Ctr64BE<Aes128>>(&key, &counter, data, is_wanted),
                (64, 24) => stream::<ctr::Ctr64BE<Aes192>>(&key, &counter, data, is_wanted),
                (64, 32) => stream::<ctr::Ctr64BE<Aes256>>(&key, &counter, data, is_wanted),
                (32, 16) => stream::<ctr::Ctr32BE<Aes128>>(&key, &counter, data, is_wanted),
                (32, 24) => stream::<ctr::Ctr32BE<Aes192>>(&key, &counter, data, is_wanted),
                (32, 32) => stream::<ctr::Ctr32BE<Aes256>>(&key, &counter, data, is_wanted),
                _ => bad_args(),
            },
            Task::Gcm { direction, key, iv, extra, data } => match key.len() {
                16 => gcm::<Aes128>(direction, &key, &iv, &extra, data, is_wanted),
                24 => gcm::<Aes192>(direction, &key, &iv, &extra, data, is_wanted),
                32 => gcm::<Aes256>(direction, &key, &iv, &extra, data, is_wanted),
                _ => bad_args(),
            },
            Task::Pbkdf2 { hash, password, salt, rounds, n_bytes } => {
                let Some(rounds) = NonZeroU32::new(rounds) else { return bad_args() };
                pbkdf2(&hash.hmac_key(&password), &salt, rounds, n_bytes, is_wanted)
            }
            Task::Hkdf { hash, secret, salt, info, n_bytes } => {
                struct Length(usize);
                impl hkdf::KeyType for Length {
                    fn len(&self) -> usize {
                        self.0
                    }
                }
                let mut derived = vec![0; n_bytes];
                let key = hkdf::Salt::new(hash.hkdf(), &salt).extract(&secret);
                match key.expand(&[&info], Length(n_bytes)).and_then(|it| it.fill(&mut derived)) {
                    Ok(()) => Reply::Bytes(derived),
                    Err(_) => failed("HKDF gives at most 255 times the length of its hash"),
                }
            }
            Task::EcGenerate { curve } => {
                match EcdsaKeyPair::generate_pkcs8(curve.signing(), &SystemRandom::new()) {
                    Ok(document) => Reply::Bytes(document.as_ref().to_vec()),
                    Err(_) => failed("the system gave no random bytes"),
                }
            }
            Task::EcSign { curve, secret, point, data } => {
                let random = SystemRandom::new();
                let algorithm = curve.signing();
                let key = EcdsaKeyPair::from_private_key_and_public_key(
                    algorithm, &secret, &point, &random,
                );
                match key.map(|key| key.sign(&random, &data)) {
                    Ok(Ok(signature)) => Reply::Bytes(signature.as_ref().to_vec()),
                    Ok(Err(_)) => failed("the system gave no random bytes"),
                    Err(reason) => data_error(&reason),
                }
            }
            Task::EcVerify { curve, point, signature, data } => {
                let key = signature::UnparsedPublicKey::new(curve.verification(), point);
                Reply::Bool(key.verify(&data, &signature).is_ok())
            }
            Task::RsaSign { scheme, hash, key, data } => {
                let Some(padding) = scheme.signing(hash) else {
                    return unsupported("RSA signing with SHA-1");
                };
                let key = match RsaKeyPair::from_components(&key) {
                    Ok(key) => key,
                    Err(reason) => return data_error(&reason),
                };
                let mut signature = vec![0; key.public().modulus_len()];
                match key.sign(padding, &SystemRandom::new(), &data, &mut signature) {
                    Ok(()) => Reply::Bytes(signature),
                    Err(_) => failed("the key cannot sign this"),
                }
            }
            Task::RsaVerify { scheme, hash, n, e, signature, data } => {
                let Some(algorithm) = scheme.verification(hash) else {
                    return unsupported("RSA-PSS with SHA-1");
                };
                let key = rsa::PublicKeyComponents { n, e };
                Reply::Bool(key.verify(algorithm, &data, &signature).is_ok())
            }
        }
    }
}

fn cbc<C>(
    direction: Direction,
    key: &[u8],
    iv: &[u8],
    mut data: Vec<u8>,
    is_wanted: impl Fn() -> bool,
) -> Reply
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    // The last slice has the padding.
    let n_bytes = data.len();
    let last_at = n_bytes.saturating_sub(1) / SLICE_BYTES * SLICE_BYTES;
    let finished = match direction {
        Direction::Encrypt => {
            let Ok(mut cipher) = cbc::Encryptor::<C>::new_from_slices(key, iv) else {
                return bad_args();
            };
            data.resize(n_bytes + BLOCK_BYTES, 0);
            let (slices, last) = data.split_at_mut(last_at);
            for slice in slices.chunks_mut(SLICE_BYTES) {
                if !is_wanted() {
                    return Reply::Undefined;
                }
                cipher.encrypt_blocks(Array::slice_as_chunks_mut(slice).0);
            }
            cipher.encrypt_padded::<Pkcs7>(last, n_bytes - last_at).map(<[u8]>::len).ok()
        }
        Direction::Decrypt => {
            let Ok(mut cipher) = cbc::Decryptor::<C>::new_from_slices(key, iv) else {
                return bad_args();
            };
            let (slices, last) = data.split_at_mut(last_at);
            for slice in slices.chunks_mut(SLICE_BYTES) {
                if !is_wanted() {
                    return Reply::Undefined;
                }
                cipher.decrypt_blocks(Array::slice_as_chunks_mut(slice).0);
            }
            cipher.decrypt_padded::<Pkcs7>(last).map(<[u8]>::len).ok()
        }
    };
    let Some(last_bytes) = finished else { return failed(NOT_DECRYPTED) };
    data.truncate(last_at + last_bytes);
    Reply::Bytes(data)
}

fn stream<C: KeyIvInit + StreamCipher>(
    key: &[u8],
    counter: &[u8],
    mut data: Vec<u8>,
    is_wanted: impl Fn() -> bool,
) -> Reply {
    let Ok(mut cipher) = C::new_from_slices(key, counter) else { return bad_args() };
    for slice in data.chunks_mut(SLICE_BYTES) {
        if !is_wanted() {
            return Reply::Undefined;
        }
        if cipher.try_apply_keystream(slice).is_err() {
            return failed("the data is longer than the counter allows");
        }
    }
    Reply::Bytes(data)
}

/// NIST SP 800-38D, sections 7.1 and 7.2, with a tag of 128 bits.
fn gcm<C>(
    direction: Direction,
    key: &[u8],
    iv: &[u8],
    extra: &[u8],
    mut data: Vec<u8>,
    is_wanted: impl Fn() -> bool,
) -> Reply
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
    ctr::Ctr32BE<C>: KeyIvInit + StreamCipher,
{
    let Ok(cipher) = C::new_from_slice(key) else { return bad_args() };
    let mut hash_key = ghash::Key::default();
    cipher.encrypt_block(&mut hash_key);
    let ghash = GHash::new(&hash_key);

    let mut counter = ghash::Block::default();
    if let Ok(iv) = <&[u8; 12]>::try_from(iv) {
        counter[..12].copy_from_slice(iv);
        counter[15] = 1;
    } else {
        let mut ghash = ghash.clone();
        ghash.update_padded(iv);
        ghash.update(&[lengths(0, iv.len())]);
        counter = ghash.finalize();
    }
    let Ok(mut stream) = ctr::Ctr32BE::<C>::new_from_slices(key, &counter) else {
        return bad_args();
    };
    let mut mask = ghash::Block::default();
    stream.apply_keystream(&mut mask);

    let mut sum = ghash;
    for slice in extra.chunks(SLICE_BYTES) {
        if !is_wanted() {
            return Reply::Undefined;
        }
        sum.update_padded(slice);
    }
    let n_bytes = match direction {
        Direction::Encrypt => data.len(),
        Direction::Decrypt => match data.len().checked_sub(BLOCK_BYTES) {
            Some(n_bytes) => n_bytes,
            None => return failed(NOT_DECRYPTED),
        },
    };
    // The sum is that of the encrypted data. A counter of 32 bits is enough for
    // 64 GiB, more than a run can have.
    for slice in data[..n_bytes].chunks_mut(SLICE_BYTES) {
        if !is_wanted() {
            return Reply::Undefined;
        }
        if direction == Direction::Encrypt {
            stream.apply_keystream(slice);
        }
        sum.update_padded(slice);
    }
    sum.update(&[lengths(extra.len(), n_bytes)]);
    match direction {
        Direction::Encrypt => {
            let tag = sum.finalize();
            data.extend(tag.iter().zip(&mask).map(|(byte, mask)| byte ^ mask));
        }
        Direction::Decrypt => {
            let mut expected = mask;
            expected.iter_mut().zip(&data[n_bytes..]).for_each(|(byte, tag)| *byte ^= tag);
            // In constant time, and before anything is decrypted.
            if sum.verify(&expected).is_err() {
                return failed(NOT_DECRYPTED);
            }
            data.truncate(n_bytes);
            for slice in data.chunks_mut(SLICE_BYTES) {
                if !is_wanted() {
                    return Reply::Undefined;
                }
                stream.apply_keystream(slice);
            }
        }
    }
    Reply::Bytes(data)
}

/// The last block of a sum: two lengths, in bits.
fn lengths(first: usize, second: usize) -> ghash::Block {
    let mut block = ghash::Block::default();
    block[..8].copy_from_slice(&(first as u64 * 8).to_be_bytes());
    block[8..].copy_from_slice(&(second as u64 * 8).to_be_bytes());
    block
}

/// ring's own cannot be called off, and a million rounds take a second.
fn pbkdf2(
    key: &hmac::Key,
    salt: &[u8],
    rounds: NonZeroU32,
    n_bytes: usize,
    is_wanted: impl Fn() -> bool,
) -> Reply {
    let mut derived = Vec::with_capacity(n_bytes);
    for block_number in 1_u32.. {
        if derived.len() >= n_bytes {
            break;
        }
        let mut context = hmac::Context::with_key(key);
        for slice in salt.chunks(SLICE_BYTES) {
            if !is_wanted() {
                return Reply::Undefined;
            }
            context.update(slice);
        }
        context.update(&block_number.to_be_bytes());
        let mut last = context.sign();
        let mut block = last.as_ref().to_vec();
        for round in 1..rounds.get() {
            if round % ROUNDS_AT_ONCE == 0 && !is_wanted() {
                return Reply::Undefined;
            }
            last = hmac::sign(key, last.as_ref());
            for (sum, byte) in block.iter_mut().zip(last.as_ref()) {
                *sum ^= byte;
            }
        }
        derived.extend_from_slice(&block);
    }
    derived.truncate(n_bytes);
    Reply::Bytes(derived)
}

const NOT_DECRYPTED: &str =
    "the data cannot be decrypted: wrong key, wrong parameters, or it was changed";

/// For arguments that the prelude never sends: a bug in it.
fn bad_args() -> Reply {
    Reply::type_error("the prelude asked for an unknown operation of crypto.subtle")
}

fn failed(message: &str) -> Reply {
    Reply::throw("OperationError", message)
}

fn data_error(reason: &ring::error::KeyRejected) -> Reply {
    Reply::throw("DataError", format!("the key is not usable: {reason}"))
}

fn unsupported(what: &str) -> Reply {
    Reply::throw("NotSupportedError", format!("{what} is not available here"))
}

fn signed(data: &[u8]) -> Result<Vec<u8>, Reply> {
    if data.len() <= MAX_SIGNED_BYTES {
        Ok(data.to_vec())
    } else {
        Err(failed("at most 16 MiB can be signed or verified at once; sign a digest of it"))
    }
}

fn short(secret: &[u8]) -> Result<Vec<u8>, Reply> {
    if secret.len() <= MAX_SECRET_BYTES {
        Ok(secret.to_vec())
    } else {
        Err(failed("a secret or the salt of HKDF has at most 1 MiB here"))
    }
}

fn derived_bytes(n: f64) -> Result<usize, Reply> {
    if n <= MAX_DERIVED_BYTES as f64 {
        Ok(n as usize)
    } else {
        Err(failed("at most 1 MiB can be derived at once"))
    }
}

impl Hash {
    fn of(name: &str) -> Result<Hash, Reply> {
        Ok(match name {
            "SHA-1" => Hash::Sha1,
            "SHA-256" => Hash::Sha256,
            "SHA-384" => Hash::Sha384,
            "SHA-512" => Hash::Sha512,
            _ => return Err(bad_args()),
        })
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn hmac_key(self, key: &[u8]) -> hmac::Key {
        hmac::Key::new(self.hmac(), key)
    }

    fn hkdf(self) -> hkdf::Algorithm {
        match self {
            Hash::Sha1 => hkdf::HKDF_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => hkdf::HKDF_SHA256,
            Hash::Sha384 => hkdf::HKDF_SHA384,
            Hash::Sha512 => hkdf::HKDF_SHA512,
        }
    }
}

impl Direction {
    fn of(name: &str) -> Result<Direction, Reply> {
        match name {
            "encrypt" => Ok(Direction::Encrypt),
            "decrypt" => Ok(Direction::Decrypt),
            _ => Err(bad_args()),
        }
    }
}

impl Curve {
    fn of(name: &str) -> Result<Curve, Reply> {
        match name {
            "P-256" => Ok(Curve::P256),
            "P-384" => Ok(Curve::P384),
            _ => Err(bad_args()),
        }
    }

    fn signing(self) -> &'static signature::EcdsaSigningAlgorithm {
        match self {
            Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        }
    }

    fn verification(self) -> &'static signature::EcdsaVerificationAlgorithm {
        match self {
            Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
        }
    }
}

impl Scheme {
    fn of(name: &str) -> Result<Scheme, Reply> {
        match name {
            "RSASSA-PKCS1-v1_5" => Ok(Scheme::Pkcs1),
            "RSA-PSS" => Ok(Scheme::Pss),
            _ => Err(bad_args()),
        }
    }

    fn signing(self, hash: Hash) -> Option<&'static dyn signature::RsaEncoding> {
        Some(match (self, hash) {
            (_, Hash::Sha1) => return None,
            (Scheme::Pkcs1, Hash::Sha256) => &signature::RSA_PKCS1_SHA256,
            (Scheme::Pkcs1, Hash::Sha384) => &signature::RSA_PKCS1_SHA384,
            (Scheme::Pkcs1, Hash::Sha512) => &signature::RSA_PKCS1_SHA512,
            (Scheme::Pss, Hash::Sha256) => &signature::RSA_PSS_SHA256,
            (Scheme::Pss, Hash::Sha384) => &signature::RSA_PSS_SHA384,
            (Scheme::Pss, Hash::Sha512) => &signature::RSA_PSS_SHA512,
        })
    }

    fn verification(self, hash: Hash) -> Option<&'static signature::RsaParameters> {
        Some(match (self, hash) {
            (Scheme::Pss, Hash::Sha1) => return None,
            (Scheme::Pkcs1, Hash::Sha1) => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Scheme::Pkcs1, Hash::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Scheme::Pkcs1, Hash::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Scheme::Pkcs1, Hash::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Scheme::Pss, Hash::Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
            (Scheme::Pss, Hash::Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
            (Scheme::Pss, Hash::Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use aes_gcm::{
        AesGcm,
        aead::{
            AeadInOut, Nonce,
            array::{ArraySize, typenum::U12},
        },
    };

    use super::*;

    #[test]
    fn work_that_nobody_wants_ends_early() {
        let started = std::time::Instant::now();
        let task = Task::Pbkdf2 {
            hash: Hash::Sha512,
            password: b"password".to_vec(),
            salt: b"salt".to_vec(),
            rounds: u32::MAX,
            n_bytes: 1 << 20,
        };
        assert_eq!(task.perform(|| false), Reply::Undefined);
        assert!(started.elapsed().as_secs() < 5);
    }

    /// Every operation whose input can be large: that it asks before each slice,
    /// and ends when nobody wants it any more.
    #[test]
    fn work_on_much_data_can_be_called_off_at_every_slice() {
        let data = vec![7; 2 * SLICE_BYTES + 5];
        let padded = vec![7; 3 * SLICE_BYTES];
        let (key, iv) = (vec![1; 32], vec![2; 16]);
        let cbc = |direction, data: &[u8]| Task::Cbc {
            direction,
            key: key.clone(),
            iv: iv.clone(),
            data: data.to_vec(),
        };
        let gcm = |direction, extra: &[u8], data: &[u8]| Task::Gcm {
            direction,
            key: key.clone(),
            iv: iv.clone(),
            extra: extra.to_vec(),
            data: data.to_vec(),
        };
        let Reply::Bytes(sealed) = gcm(Direction::Encrypt, b"", &data).perform(|| true) else {
            panic!("not encrypted")
        };
        let tasks: [(&str, &dyn Fn() -> Task, usize); 8] = [
            ("digest", &|| Task::Digest { hash: Hash::Sha1, data: data.clone() }, 3),
            ("hmac", &|| Task::Hmac { hash: Hash::Sha1, key: key.clone(), data: data.clone() }, 3),
            ("cbc, encrypting", &|| cbc(Direction::Encrypt, &data), 2),
            ("cbc, decrypting", &|| cbc(Direction::Decrypt, &padded), 2),
            (
                "ctr",
                &|| Task::Ctr {
                    counter_bits: 64,
                    key: key.clone(),
                    counter: iv.clone(),
                    data: data.clone(),
                },
                3,
            ),
            ("gcm, encrypting", &|| gcm(Direction::Encrypt, b"", &data), 3),
            ("gcm, decrypting", &|| gcm(Direction::Decrypt, b"", &sealed), 6),
            ("gcm, only extra data", &|| gcm(Direction::Encrypt, &data, b""), 3),
        ];
        for (name, task, n_slices) in tasks {
            for n_wanted in [0, n_slices - 1, n_slices] {
                let n_asked = Cell::new(0);
                let reply = task().perform(|| {
                    n_asked.set(n_asked.get() + 1);
                    n_asked.get() <= n_wanted
                });
                let is_done = n_wanted == n_slices;
                assert_eq!(reply != Reply::Undefined, is_done, "{name}, slice {n_wanted}");
                assert_eq!(n_asked.get(), n_wanted + usize::from(!is_done), "{name}");
            }
        }
    }

    /// Against RustCrypto's own, which work in one piece.
    #[test]
    fn sliced_ciphers_give_what_whole_ones_give() {
        for n_bytes in [0, 15, 16, 17, SLICE_BYTES - 1, SLICE_BYTES, SLICE_BYTES + 1] {
            let data: Vec<u8> = (0..n_bytes).map(|n| (n * 31 % 251) as u8).collect();
            check_gcm::<Aes128, U12>(&data, b"");
            check_gcm::<Aes192, U16>(&data, b"extra");
            check_gcm::<Aes256, U12>(&data[..n_bytes.min(40)], &data);
            check_cbc::<Aes128>(&data);
            check_cbc::<Aes192>(&data);
            check_cbc::<Aes256>(&data);
        }
    }

    fn check_gcm<C, N>(data: &[u8], extra: &[u8])
    where
        AesGcm<C, N>: KeyInit + AeadInOut,
        C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
        N: ArraySize,
    {
        let key = vec![3; C::key_size()];
        let iv = vec![0xf5; N::USIZE];
        let task = |direction, data: &[u8], extra: &[u8]| Task::Gcm {
            direction,
            key: key.clone(),
            iv: iv.clone(),
            extra: extra.to_vec(),
            data: data.to_vec(),
        };
        let mut whole = data.to_vec();
        let nonce = Nonce::<AesGcm<C, N>>::try_from(&iv[..]).unwrap();
        let cipher = AesGcm::<C, N>::new_from_slice(&key).unwrap();
        cipher.encrypt_in_place(&nonce, extra, &mut whole).unwrap();
        let sliced = task(Direction::Encrypt, data, extra).perform(|| true);
        assert!(sliced == Reply::Bytes(whole.clone()), "{} bytes", data.len());
        let back = task(Direction::Decrypt, &whole, extra).perform(|| true);
        assert!(back == Reply::Bytes(data.to_vec()), "{} bytes", data.len());

        let refused = failed(NOT_DECRYPTED);
        assert_eq!(task(Direction::Decrypt, &whole, b"other").perform(|| true), refused);
        assert_eq!(task(Direction::Decrypt, &whole[..15], extra).perform(|| true), refused);
        for at in [0, whole.len() / 2, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert_eq!(task(Direction::Decrypt, &changed, extra).perform(|| true), refused);
        }
    }

    fn check_cbc<C>(data: &[u8])
    where
        C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
    {
        let (key, iv) = (vec![3; C::key_size()], vec![4; 16]);
        let task = |direction, data: &[u8]| Task::Cbc {
            direction,
            key: key.clone(),
            iv: iv.clone(),
            data: data.to_vec(),
        };
        let whole = cbc::Encryptor::<C>::new_from_slices(&key, &iv).unwrap();
        let whole = whole.encrypt_padded_vec::<Pkcs7>(data);
        let sliced = task(Direction::Encrypt, data).perform(|| true);
        assert!(sliced == Reply::Bytes(whole.clone()), "{} bytes", data.len());
        let back = task(Direction::Decrypt, &whole).perform(|| true);
        assert!(back == Reply::Bytes(data.to_vec()), "{} bytes", data.len());
        for cut in [&whole[..0], &whole[..15], &whole[..whole.len() - 1]] {
            assert_eq!(task(Direction::Decrypt, cut).perform(|| true), failed(NOT_DECRYPTED));
        }
    }

    #[test]
    fn what_cannot_be_called_off_is_bounded() {
        let refused = |n_bytes: usize| {
            let data = vec![0; n_bytes];
            let args = [Arg::Text("ec-verify".into()), Arg::Text("P-256".into())]
                .into_iter()
                .chain([Arg::Bytes(b""), Arg::Bytes(b""), Arg::Bytes(&data)]);
            Task::of(&args.collect::<Vec<_>>()).err()
        };
        assert_eq!(refused(MAX_SIGNED_BYTES), None);
        let message = "at most 16 MiB can be signed or verified at once; sign a digest of it";
        assert_eq!(refused(MAX_SIGNED_BYTES + 1), Some(failed(message)));
    }

    #[test]
    fn unknown_operations_are_refused() {
        let args = [Arg::Text("digest".into()), Arg::Text("MD5".into()), Arg::Bytes(b"")];
        assert_eq!(Task::of(&args).err(), Some(bad_args()));
        assert_eq!(Task::of(&[Arg::Text("sign".into())]).err(), Some(bad_args()));
    }
}
