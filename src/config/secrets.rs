//! Secrets come from the environment, or from a file that `NAME_FILE` names; never from the
//! configuration file and never from the database.

use secrecy::SecretString;

/// The secret behind a name. A file's trailing line end does not belong to it.
pub fn secret(name: &str) -> Option<SecretString> {
    if let Ok(value) = std::env::var(name)
        && !value.is_empty()
    {
        return Some(value.into());
    }
    let path = std::env::var(format!("{name}_FILE")).ok()?;
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned().into()),
        Err(error) => {
            tracing::error!(name, path, %error, "the file that should hold a secret cannot be read");
            None
        }
    }
}
