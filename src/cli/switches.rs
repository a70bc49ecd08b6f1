//! What the environment says instead of an option: the usual words for yes and no, and nothing at all for
//! what is not set.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};

/// `--read-only` by its variable.
pub(super) fn read_only(word: &str) -> Result<bool, String> {
    switch("WADECK_READONLY", word)
}

/// `--plain` by its variable.
pub(super) fn plain(word: &str) -> Result<bool, String> {
    switch("WADECK_PLAIN", word)
}

fn switch(name: &str, word: &str) -> Result<bool, String> {
    match word.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(format!("the variable {name} is one of 1, true, yes, on, 0, false, no and off, or empty")),
    }
}

/// A path, which may be empty: a variable that is set to nothing is not set.
pub(super) fn place() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_words_are_read_and_others_named() {
        for word in ["1", "true", "TRUE", "yes", "On", " on "] {
            assert_eq!(read_only(word), Ok(true), "{word}");
        }
        for word in ["0", "false", "no", "off", "", " "] {
            assert_eq!(plain(word), Ok(false), "{word}");
        }
        assert!(read_only("maybe").is_err_and(|why| why.contains("WADECK_READONLY")));
        assert!(plain("2").is_err_and(|why| why.contains("WADECK_PLAIN")));
    }
}
