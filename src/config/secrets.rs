//! Reads secrets from environment variables, or from files that `NAME_FILE` variables name. They are never in the
//! configuration file or the database.

use secrecy::{ExposeSecret, SecretString};

/// Returns a secret by the name of its variable, without a trailing line end. `None` if it is not set or its file
/// cannot be read.
pub fn secret(name: &str) -> Option<SecretString> {
    if let Ok(value) = std::env::var(name)
        && !value.is_empty()
    {
        return Some(value.into());
    }
    let path = std::env::var(format!("{name}_FILE")).ok().filter(|path| !path.is_empty())?;
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned().into()),
        Err(error) => {
            tracing::error!(name, path, %error, "the file that should hold a secret cannot be read");
            None
        }
    }
}

/// Returns why a secret cannot be used, with what to do. `None` if it can.
pub fn secret_fault(name: &str) -> Option<(String, String)> {
    let variable = std::env::var(name).ok().filter(|value| !value.is_empty());
    let file = std::env::var(format!("{name}_FILE")).ok().filter(|path| !path.is_empty());
    let (value, place) = match (variable, file) {
        (Some(value), _) => (value, name.to_owned()),
        (None, Some(path)) => match std::fs::read_to_string(&path) {
            Ok(text) => (text, format!("{path}, which {name}_FILE names,")),
            Err(error) => {
                let remedy = format!("Let the engine's user read {path}, or name another file in {name}_FILE.");
                return Some((format!("{path}, which {name}_FILE names, cannot be read: {error}"), remedy));
            }
        },
        (None, None) => {
            let remedy = format!("Set {name}, or {name}_FILE to a file that holds it.");
            return Some((format!("{name} is not set"), remedy));
        }
    };
    // A variable may hold several secrets, separated by commas, while one replaces another.
    let empty = value.split(',').all(|part| part.trim().is_empty());
    empty.then(|| (format!("{place} is empty"), format!("Write the secret there, or set {name}.")))
}

/// Returns `true` if two secrets are equal, or if one of them is not set.
pub fn secrets_agree(one: &str, other: &str) -> bool {
    match (secret(one), secret(other)) {
        (Some(one), Some(other)) => one.expose_secret().trim() == other.expose_secret().trim(),
        _ => true,
    }
}
