//! Parses environment variables that stand for options. Boolean words are accepted; an empty variable counts as unset.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};

/// Parses `WADECK_READONLY`.
pub(super) fn read_only(word: &str) -> Result<bool, String> {
    switch("WADECK_READONLY", word)
}

/// Parses `WADECK_PLAIN`.
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

/// Returns a parser of paths that accepts an empty value.
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
