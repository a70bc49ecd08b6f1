//! Parses environment variables that stand for options. Boolean words are accepted; an empty variable counts as unset.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};

use super::argument_error::ArgumentError;

/// Parses `WADECK_READONLY`.
pub(super) fn read_only(word: &str) -> Result<bool, ArgumentError> {
    switch("WADECK_READONLY", word)
}

/// Parses `WADECK_PLAIN`.
pub(super) fn plain(word: &str) -> Result<bool, ArgumentError> {
    switch("WADECK_PLAIN", word)
}

fn switch(name: &'static str, word: &str) -> Result<bool, ArgumentError> {
    match word.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(ArgumentError::NoSwitch(name)),
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
            assert!(read_only(word).is_ok_and(|on| on), "{word}");
        }
        for word in ["0", "false", "no", "off", "", " "] {
            assert!(plain(word).is_ok_and(|on| !on), "{word}");
        }
        assert!(read_only("maybe").is_err_and(|why| why.to_string().contains("WADECK_READONLY")));
        assert!(plain("2").is_err_and(|why| why.to_string().contains("WADECK_PLAIN")));
    }
}
