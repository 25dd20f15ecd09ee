//! The secret that a TCP port asks for, since the system does not say there who
//! is speaking: where it lies, and how it is compared. It is never printed.

use std::{
    env, fmt,
    fs::{self, File, OpenOptions},
    hint::black_box,
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Text that both sides know.
#[derive(Clone, Eq, PartialEq)]
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    pub fn new(text: String) -> Token {
        Token(text)
    }

    pub fn random() -> io::Result<Token> {
        let mut bytes = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Token(bytes.iter().map(|it| format!("{it:02x}")).collect()))
    }

    /// For the `auth` line.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Takes as long for a near miss as for a far one.
    pub fn matches(&self, given: &str) -> bool {
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        let mut difference = u8::from(own.len() != given.len());
        for (idx, byte) in own.iter().enumerate() {
            difference |= black_box(byte ^ given.get(idx).copied().unwrap_or(0));
        }
        difference == 0
    }
}

/// A token on disk, named by its port. Dropping it removes the file.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// Only this user can read it, from its first instant on.
    pub fn create(folder: &Path, port: u16, token: &Token) -> io::Result<TokenFile> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = path(folder, port);
        match fs::remove_file(&path) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(token.0.as_bytes())?;
        Ok(TokenFile { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        // It may be gone already; what matters is that it is.
        let _ = fs::remove_file(&self.path);
    }
}

/// The token that a kernel of this user left for `port`.
pub fn read(folder: &Path, port: u16) -> Option<Token> {
    let file = File::open(path(folder, port)).ok()?;
    let is_own = file.metadata().ok()?.uid() == rustix::process::geteuid().as_raw();
    let mut text = String::new();
    file.take(4_096).read_to_string(&mut text).ok()?;
    is_own.then(|| Token(text.trim_ascii().to_owned()))
}

/// `$XDG_RUNTIME_DIR`, else the user's cache folder.
pub fn default_folder() -> Option<PathBuf> {
    let folder = |name| env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    folder("XDG_RUNTIME_DIR")
        .or_else(|| folder("XDG_CACHE_HOME"))
        .or_else(|| Some(folder("HOME")?.join(".cache")))
        .map(|it| it.join("llm-kernel"))
}

fn path(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!("{port}.token"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::new("abc".to_owned());
        assert!(token.matches("abc"));
        for other in ["", "ab", "abd", "abcd", "abc\0"] {
            assert!(!token.matches(other), "{other:?}");
        }
    }

    #[test]
    fn a_token_file_is_private_and_goes_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let token = Token::random().unwrap();
        assert_eq!(token.reveal().len(), 64);
        let file = TokenFile::create(folder.path(), 9000, &token).unwrap();
        assert_eq!(fs::metadata(&file.path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(read(folder.path(), 9000), Some(token));
        assert_eq!(read(folder.path(), 9001), None);
        drop(file);
        assert_eq!(read(folder.path(), 9000), None);
    }
}
