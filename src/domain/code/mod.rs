//! All error codes. An error on any surface (HTTP, tools for models, the socket, `--json`) has the shape `{code,
//! reason, remedy}`. Its code is one of these and determines the HTTP status and the exit code.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Maps an HTTP status; `none` marks codes that only the command line uses.
macro_rules! status {
    (none) => {
        None
    };
    ($status:literal) => {
        Some($status)
    };
}

/// Declares the enum and its table: meaning, variant, wire string, HTTP status, exit code, typical remedy.
macro_rules! codes {
    ($(= $section:literal $(
        #[doc = $meaning:literal] $variant:ident $wire:literal $http:tt $exit:literal $remedy:literal;
    )*)*) => {
        /// The code of an error: what the caller did wrong, or which state prevents the request.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $meaning] $variant,)*)*
        }

        impl Code {
            /// Every code, in the order of the list.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// The sections of the list: title and codes.
            pub const SECTIONS: &'static [(&'static str, &'static [Self])] =
                &[$(($section, &[$(Self::$variant,)*]),)*];

            /// Returns the wire string; it never changes.
            pub const fn as_str(self) -> &'static str {
                match self { $($(Self::$variant => $wire,)*)* }
            }

            /// Returns the name of the variant in the source.
            pub const fn variant(self) -> &'static str {
                match self { $($(Self::$variant => stringify!($variant),)*)* }
            }

            /// Returns one sentence about what the caller did wrong, or which state prevents the request.
            pub const fn meaning(self) -> &'static str {
                match self { $($(Self::$variant => $meaning.trim_ascii(),)*)* }
            }

            /// Returns the HTTP status; `None` for codes that only the command line uses.
            pub const fn http_status(self) -> Option<u16> {
                match self { $($(Self::$variant => status!($http),)*)* }
            }

            /// Returns the exit code of a command: 1 failed, 2 wrong usage, 3 refused, 5 uncertain.
            pub const fn exit_code(self) -> u8 {
                match self { $($(Self::$variant => $exit,)*)* }
            }

            /// Returns the typical remedy, for errors that name no better one. It fits every surface.
            pub const fn remedy(self) -> &'static str {
                match self { $($(Self::$variant => $remedy,)*)* }
            }
        }
    };
}

mod list;
mod markdown;

pub use self::list::Code;
pub use self::markdown::codes_markdown;

impl Code {
    /// Returns the code with this wire string; `None` for codes of other versions.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }

    /// Returns `remedy`, or the code's typical remedy if it is empty.
    pub fn remedy_or(self, remedy: String) -> String {
        if remedy.trim().is_empty() { self.remedy().to_owned() } else { remedy }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A code of another version deserializes as [`Code::Refused`]; its reason and remedy explain the error.
impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::parse(&text).unwrap_or(Self::Refused))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_its_own_string_and_reads_back() {
        let strings: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(strings.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(*code));
            let json = serde_json::to_string(code).expect("JSON");
            assert_eq!(serde_json::from_str::<Code>(&json).expect("a code"), *code);
        }
        assert_eq!(serde_json::from_str::<Code>("\"of_another_version\"").expect("a code"), Code::Refused);
    }

    #[test]
    fn every_code_says_what_it_means_and_what_to_do() {
        for code in Code::ALL {
            for text in [code.meaning(), code.remedy()] {
                assert!(text.ends_with('.') && text.len() > 7, "{code}: {text}");
            }
            assert!(matches!(code.exit_code(), 1 | 2 | 3 | 5), "{code}");
            // HTTP clients have no keys and may have no shell.
            let odd = ["press", "ctrl-", "`wadeck"].into_iter().find(|word| code.remedy().contains(word));
            assert!(code.http_status().is_none() || odd.is_none(), "{code}: {odd:?}");
        }
    }
}
