//! Errors that are one sentence for a person. Each feature has its own type, so that they cannot be mixed up.

/// Declares an error type that holds its sentence.
macro_rules! error_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[error("{0}")]
        pub struct $name(pub String);

        impl From<String> for $name {
            fn from(sentence: String) -> Self {
                Self(sentence)
            }
        }

        impl From<&str> for $name {
            fn from(sentence: &str) -> Self {
                Self(sentence.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(error: $name) -> Self {
                error.0
            }
        }
    };
}

pub(crate) use error_text;
