//! SSH keys: the host key, and the public keys of users.

use std::io::Write;
use std::path::Path;

use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::{PrivateKey, PublicKey};

use super::SshError;

/// A public key with the name of its user.
#[derive(Debug, Clone)]
pub struct KnownKey {
    pub key: PublicKey,
    pub name: String,
}

/// Parses an authorized-keys file, in which each key's comment names its user. Returns the keys, and a message for
/// each invalid line.
pub fn known_keys(text: &str) -> (Vec<KnownKey>, Vec<String>) {
    let (mut known, mut faults) = (vec![], vec![]);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match PublicKey::from_openssh(line) {
            Ok(key) => {
                let name = key.comment().to_string();
                known.push(KnownKey { key, name: name.trim().to_owned() });
            }
            Err(error) => faults.push(format!("line {} is not a public key: {error}", number + 1)),
        }
    }
    (known, faults)
}

/// Reads the host key; if the file is missing, creates it from the seed, accessible to its owner only. Fails if it
/// cannot be read, parsed or written.
pub(super) fn host_key(path: &Path, seed: [u8; 32]) -> Result<PrivateKey, SshError> {
    let host_key_error = |why: String| SshError::HostKey { path: path.to_owned(), why };
    match std::fs::read_to_string(path) {
        Ok(text) => PrivateKey::from_openssh(text).map_err(|error| host_key_error(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed));
            let key = PrivateKey::new(pair, "wadeck").map_err(|error| host_key_error(error.to_string()))?;
            let text = key.to_openssh(LineEnding::LF).map_err(|error| host_key_error(error.to_string()))?;
            write_private(path, text.as_bytes()).map_err(|error| host_key_error(error.to_string()))?;
            Ok(key)
        }
        Err(error) => Err(host_key_error(error.to_string())),
    }
}

/// Writes a new file that only its owner can access. Fails if it exists.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_key_is_created_once_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("host_key");
        let created = host_key(&path, [7; 32]).expect("made");
        let again = host_key(&path, [8; 32]).expect("read");
        assert_eq!(created.public_key(), again.public_key());
        assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "nonsense").expect("written");
        assert!(host_key(&path, [9; 32]).expect_err("refused").to_string().contains("Remove it"));
    }

    #[test]
    fn authorized_keys_are_parsed_with_users_and_faults() {
        let one = PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&[1; 32])), "ada").expect("a key");
        let line = one.public_key().to_openssh().expect("text");
        let (known, faults) = known_keys(&format!("# people\n\n{line}\nssh-ed25519 nonsense\n"));
        assert_eq!((known.len(), known[0].name.as_str()), (1, "ada"));
        assert!(faults[0].starts_with("line 4 is not a public key"), "{faults:?}");
    }
}
