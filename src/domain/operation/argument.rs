//! Arguments of operations: names, kinds and parsing.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Value, json};
use thiserror::Error;

use crate::domain::ids::{
    AlertId, AssignmentId, BadId, ConnectionId, ContactId, DeliveryId, EntryId, MessageId, RunId, ThreadId,
};
use crate::domain::subject::Subject;
use crate::domain::time::Timestamp;

/// The kind of an argument's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    Thread,
    Message,
    Entry,
    Contact,
    Connection,
    Alert,
    Delivery,
    Assignment,
    Run,
    /// Number of a bulk job.
    Job,
    /// A time. JSON has it as RFC 3339; the command line reads what `--at` does.
    Time,
    Text,
}

impl ArgumentKind {
    /// Returns the first letter of ids of this kind; `None` if values are not ids.
    const fn letter(self) -> Option<char> {
        Some(match self {
            Self::Thread => 't',
            Self::Message => 'm',
            Self::Entry => 'o',
            Self::Contact => 'p',
            Self::Connection => 'c',
            Self::Alert => 'a',
            Self::Delivery => 'd',
            Self::Assignment => 'g',
            Self::Run => 'r',
            Self::Job | Self::Time | Self::Text => return None,
        })
    }

    /// Returns the placeholder in the command line's help.
    const fn value_name(self) -> &'static str {
        match self {
            Self::Thread => "THREAD",
            Self::Message => "MESSAGE",
            Self::Entry => "ENTRY",
            Self::Contact => "CONTACT",
            Self::Connection => "CONNECTION",
            Self::Alert => "ALERT",
            Self::Delivery => "DELIVERY",
            Self::Assignment => "ASSIGNMENT",
            Self::Run => "RUN",
            Self::Job => "JOB",
            Self::Time => "TIME",
            Self::Text => "TEXT",
        }
    }

    /// Returns the JSON Schema of a value.
    pub fn schema(self, help: &str) -> Value {
        match self.letter() {
            Some(letter) => {
                json!({ "type": "string", "pattern": format!("^{letter}[1-9][0-9]{{0,17}}$"), "description": help })
            }
            None if self == Self::Time => {
                json!({ "type": "string", "format": "date-time", "description": help })
            }
            None if self == Self::Job => json!({ "type": "integer", "minimum": 1, "description": help }),
            None => json!({ "type": "string", "description": help }),
        }
    }

    /// Parses a value from a path or a command line. Fails with a readable error if it is not of this kind.
    pub fn read(self, text: &str) -> Result<Value, BadArgument> {
        fn id<T: FromStr<Err = BadId> + Display>(text: &str) -> Result<Value, BadArgument> {
            Ok(Value::from(text.parse::<T>()?.to_string()))
        }
        match self {
            Self::Thread => id::<ThreadId>(text),
            Self::Message => id::<MessageId>(text),
            Self::Entry => id::<EntryId>(text),
            Self::Contact => id::<ContactId>(text),
            Self::Connection => id::<ConnectionId>(text),
            Self::Alert => id::<AlertId>(text),
            Self::Delivery => id::<DeliveryId>(text),
            Self::Assignment => id::<AssignmentId>(text),
            Self::Run => id::<RunId>(text),
            Self::Job => text.parse::<u32>().map(Value::from).map_err(|_| BadArgument::Job(text.to_owned())),
            Self::Time => {
                let at = Timestamp::parse(text).ok_or_else(|| BadArgument::Time(text.to_owned()))?;
                Ok(Value::from(at.to_string()))
            }
            Self::Text => Ok(Value::from(text)),
        }
    }

    /// Returns the object that a value refers to; `None` for texts.
    pub(super) fn subject(self, value: &Value) -> Option<Subject> {
        fn id<T: FromStr>(value: &Value) -> Option<T> {
            value.as_str()?.parse().ok()
        }
        Some(match self {
            Self::Thread => Subject::Thread(id(value)?),
            Self::Message => Subject::Message(id(value)?),
            Self::Entry => Subject::Entry(id(value)?),
            Self::Contact => Subject::Contact(id(value)?),
            Self::Connection => Subject::Connection(id(value)?),
            Self::Alert => Subject::Alert(id(value)?),
            Self::Delivery => Subject::Delivery(id(value)?),
            Self::Assignment => Subject::Assignment(id(value)?),
            Self::Run => Subject::Run(id(value)?),
            Self::Job => Subject::Job(value.as_i64()?),
            Self::Time | Self::Text => return None,
        })
    }
}

/// A text that is not of the argument's kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadArgument {
    #[error(transparent)]
    Id(#[from] BadId),
    #[error("`{0}` is not the number of a bulk job: those have digits only, such as 4")]
    Job(String),
    #[error("`{0}` is not a time: those look like 2026-06-02T09:00:00Z")]
    Time(String),
}

/// How the command line takes an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Positional, such as `t12`.
    Positional,
    /// By name, such as `--reason TEXT`.
    Option,
}

/// An argument of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// Field name in the request's JSON.
    pub name: &'static str,
    pub kind: ArgumentKind,
    pub required: bool,
    pub place: Place,
    /// Placeholder in the command line's help, such as `THREAD`.
    pub value_name: &'static str,
    /// Help text in one line.
    pub help: &'static str,
}

impl Argument {
    /// Returns a required positional argument.
    pub(super) const fn positional(name: &'static str, kind: ArgumentKind, help: &'static str) -> Self {
        Self { name, kind, required: true, place: Place::Positional, value_name: kind.value_name(), help }
    }

    /// Returns an optional argument by name.
    pub(super) const fn option(name: &'static str, kind: ArgumentKind, help: &'static str) -> Self {
        Self { name, kind, required: false, place: Place::Option, value_name: kind.value_name(), help }
    }

    /// Returns the argument as required.
    pub(super) const fn needed(self) -> Self {
        Self { required: true, ..self }
    }

    /// Returns the argument with another placeholder for the command line's help.
    pub(super) const fn called(self, value_name: &'static str) -> Self {
        Self { value_name, ..self }
    }

    /// Returns `true` if a part of a route, such as `{thread}`, is this argument.
    pub(super) fn is_placeholder(&self, part: &str) -> bool {
        part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) == Some(self.name)
    }
}

/// Returns the JSON Schema of an object with exactly these arguments.
pub fn schema<'a>(arguments: impl Iterator<Item = &'a Argument>) -> Value {
    let arguments: Vec<&Argument> = arguments.collect();
    let properties: serde_json::Map<String, Value> =
        arguments.iter().map(|one| (one.name.to_owned(), one.kind.schema(one.help))).collect();
    let required: Vec<&str> = arguments.iter().filter(|one| one.required).map(|one| one.name).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}
