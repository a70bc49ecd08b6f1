//! Commands generated from the table of operations.

use std::marker::PhantomData;

use clap::builder::{Str, ValueParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command, Error, FromArgMatches, Subcommand};
use serde_json::{Map, Value};

use super::reference;
use crate::app::{SystemClock, zone_offset};
use crate::domain::filter::when;
use crate::domain::operation::argument::{Argument, ArgumentKind, Place};
use crate::domain::operation::{OPERATIONS, Operation, Verb};
use crate::domain::request::Request;
use crate::domain::time::Clock;

/// A command group such as `threads`.
pub trait Noun {
    const NAME: &'static str;
}

macro_rules! nouns {
    ($($name:ident $word:literal;)*) => {$(
        #[derive(Debug)]
        pub enum $name {}

        impl Noun for $name {
            const NAME: &'static str = $word;
        }
    )*};
}

nouns! {
    OfAgents "agents";
    OfAlerts "alerts";
    OfAssignments "assignments";
    OfConnections "connections";
    OfContacts "contacts";
    OfDeliveries "deliveries";
    OfMessages "messages";
    OfOutbox "outbox";
    OfReplies "replies";
    OfThreads "threads";
    OfLabels "threads label";
}

/// A parsed operation of a command group: the request to perform.
#[derive(Debug)]
pub struct OperationVerb<N> {
    pub request: Request,
    noun: PhantomData<N>,
}

/// Returns the operations of a command group.
fn verbs(noun: &str) -> impl Iterator<Item = (&'static Operation, Verb)> {
    OPERATIONS
        .iter()
        .filter_map(|operation| Some((*operation, operation.verb?)))
        .filter(move |(_, verb)| verb.noun == noun)
}

/// Returns the parser of an argument kind. Names of threads and connections are resolved before the command runs.
fn parser(kind: ArgumentKind) -> ValueParser {
    match kind {
        ArgumentKind::Thread => {
            ValueParser::new(|text: &str| reference::thread(text).map(|thread| Value::from(thread.to_string())))
        }
        ArgumentKind::Connection => {
            ValueParser::new(|text: &str| reference::connection(text).map(|id| Value::from(id.to_string())))
        }
        ArgumentKind::Time => ValueParser::new(|text: &str| {
            let now = SystemClock.now();
            when(text, now, zone_offset(now)).map(|at| Value::from(at.to_string()))
        }),
        kind => ValueParser::new(move |text: &str| kind.read(text)),
    }
}

fn argument(argument: &Argument) -> Arg {
    let read = Arg::new(argument.name)
        .value_name(argument.value_name)
        .help(argument.help)
        .required(argument.required)
        .value_parser(parser(argument.kind));
    match argument.place {
        Place::Positional => read,
        Place::Option => read.long(argument.name),
    }
}

fn command(operation: &Operation, verb: Verb) -> Command {
    let example = format!("Examples:\n  wadeck {} {} {}", verb.noun, verb.name, verb.example);
    Command::new(Str::from(verb.name))
        .about(operation.summary)
        .after_help(example)
        .aliases(verb.aliases)
        .args(operation.arguments.iter().map(argument))
}

impl<N: Noun> Subcommand for OperationVerb<N> {
    fn augment_subcommands(command_of_noun: Command) -> Command {
        command_of_noun.subcommands(verbs(N::NAME).map(|(operation, verb)| command(operation, verb)))
    }

    fn augment_subcommands_for_update(command_of_noun: Command) -> Command {
        Self::augment_subcommands(command_of_noun)
    }

    fn has_subcommand(name: &str) -> bool {
        verbs(N::NAME).any(|(_, verb)| verb.name == name)
    }
}

impl<N: Noun> FromArgMatches for OperationVerb<N> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let found = matches.subcommand().and_then(|(name, given)| {
            verbs(N::NAME).find(|(_, verb)| verb.name == name).map(|(operation, _)| (operation, given))
        });
        let Some((operation, given)) = found else {
            return Err(Error::raw(ErrorKind::MissingSubcommand, format!("`wadeck {}` needs a verb.", N::NAME)));
        };
        let arguments: Map<String, Value> = operation
            .arguments
            .iter()
            .filter_map(|one| Some((one.name.to_owned(), given.get_one::<Value>(one.name)?.clone())))
            .collect();
        let request = operation.request(arguments).map_err(|error| Error::raw(ErrorKind::ValueValidation, error))?;
        Ok(Self { request, noun: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
