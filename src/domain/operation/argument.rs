//! Arguments of operations: what they are called, what they hold, and how that is written.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Value, json};
use thiserror::Error;

use crate::domain::ids::{
    AlertId, AssignmentId, BadId, ConnectionId, ContactId, DeliveryId, EntryId, MessageId, RunId, ThreadId,
};
use crate::domain::subject::Subject;

/// What an argument holds.
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
    /// The number of a bulk job.
    Job,
    Text,
}

impl ArgumentKind {
    /// The letter that ids of this kind begin with.
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
            Self::Job | Self::Text => return None,
        })
    }

    /// What the command line's help calls a value of this kind.
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
            Self::Text => "TEXT",
        }
    }

    /// The JSON Schema of a value.
    pub fn schema(self, help: &str) -> Value {
        match self.letter() {
            Some(letter) => {
                json!({ "type": "string", "pattern": format!("^{letter}[1-9][0-9]{{0,17}}$"), "description": help })
            }
            None if self == Self::Job => json!({ "type": "integer", "minimum": 1, "description": help }),
            None => json!({ "type": "string", "description": help }),
        }
    }

    /// Reads a value as it stands in a path or on a command line. Fails, in words, where it is not of this kind.
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
            Self::Text => Ok(Value::from(text)),
        }
    }

    /// The item that a value of this kind names; none for texts.
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
            Self::Text => return None,
        })
    }
}

/// A text that is not of the kind that an argument has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadArgument {
    #[error(transparent)]
    Id(#[from] BadId),
    #[error("`{0}` is not the number of a bulk job: those have digits only, such as 4")]
    Job(String),
}

/// How the command line takes an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// By its place, such as `t12`.
    Positional,
    /// By its name, such as `--reason TEXT`.
    Option,
}

/// One argument of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// The member of the request's JSON.
    pub name: &'static str,
    pub kind: ArgumentKind,
    pub required: bool,
    pub place: Place,
    /// What the command line's help calls it, such as `THREAD`.
    pub value_name: &'static str,
    /// What it is, as one line of help.
    pub help: &'static str,
}

impl Argument {
    pub(super) const fn positional(name: &'static str, kind: ArgumentKind, help: &'static str) -> Self {
        Self { name, kind, required: true, place: Place::Positional, value_name: kind.value_name(), help }
    }

    pub(super) const fn option(name: &'static str, kind: ArgumentKind, help: &'static str) -> Self {
        Self { name, kind, required: false, place: Place::Option, value_name: kind.value_name(), help }
    }

    /// The same, which has to be given.
    pub(super) const fn needed(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, called otherwise by the command line's help.
    pub(super) const fn called(self, value_name: &'static str) -> Self {
        Self { value_name, ..self }
    }

    /// Whether a part of a route, such as `{thread}`, stands for it.
    pub(super) fn is_placeholder(&self, part: &str) -> bool {
        part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) == Some(self.name)
    }
}

/// The JSON Schema of an object with these arguments and no others.
pub fn schema<'a>(arguments: impl Iterator<Item = &'a Argument>) -> Value {
    let arguments: Vec<&Argument> = arguments.collect();
    let properties: serde_json::Map<String, Value> =
        arguments.iter().map(|one| (one.name.to_owned(), one.kind.schema(one.help))).collect();
    let required: Vec<&str> = arguments.iter().filter(|one| one.required).map(|one| one.name).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}
