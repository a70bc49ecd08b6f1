//! Resolves references: a connection by id, name, phone number id or phone number, a thread by id or its contact's
//! phone number.
//!
//! clap parses synchronously, so the first pass collects names that are not ids; they are resolved at the engine, and a
//! second pass parses the same arguments with the ids.

use std::cell::RefCell;
use std::collections::BTreeMap;

use clap::Parser;

use crate::cli::argument_error::ArgumentError;
use crate::cli::client::error::CliError;
use crate::cli::client::source::Source;
use crate::domain::code::Code;
use crate::domain::contacts::thread_name::ThreadName;
use crate::domain::ids::{ConnectionId, ThreadId};
use crate::domain::numbers::lookup::find_connection;
use crate::domain::query::{Answer, Query};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Connection,
    Thread,
}

thread_local! {
    /// Ids of the names, during the second pass.
    static KNOWN: RefCell<BTreeMap<(Kind, String), i64>> = const { RefCell::new(BTreeMap::new()) };
    /// Names collected in the first pass.
    static UNKNOWN: RefCell<Vec<(Kind, String)>> = const { RefCell::new(Vec::new()) };
}

/// Parses a connection: an id, or a name to resolve.
pub(in crate::cli) fn connection(text: &str) -> Result<ConnectionId, ArgumentError> {
    match text.parse::<ConnectionId>() {
        Ok(id) => Ok(id),
        Err(_) if text.chars().any(char::is_alphanumeric) => Ok(ConnectionId(named(Kind::Connection, text))),
        Err(error) => Err(ArgumentError::NoConnection(error)),
    }
}

/// Parses a thread: an id, or the phone number of its contact to resolve.
pub(in crate::cli) fn thread(text: &str) -> Result<ThreadId, ArgumentError> {
    match ThreadName::read(text) {
        Ok(ThreadName::Id(id)) => Ok(id),
        Ok(ThreadName::Number(_)) => Ok(ThreadId(named(Kind::Thread, text))),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Placeholder id of a name in the first pass.
const UNRESOLVED: i64 = i64::MAX;

/// Returns the id of a name, or `UNRESOLVED` after collecting the name.
fn named(kind: Kind, text: &str) -> i64 {
    let key = (kind, text.to_owned());
    KNOWN.with_borrow(|known| known.get(&key).copied()).unwrap_or_else(|| {
        UNKNOWN.with_borrow_mut(|unknown| unknown.push(key));
        UNRESOLVED
    })
}

/// Names collected from a command line. Resolution fails if a name matches nothing or several objects.
pub(in crate::cli) struct NameResolver(Vec<(Kind, String)>);

impl NameResolver {
    /// Clears the collected names before the first pass.
    pub fn start() {
        UNKNOWN.with_borrow_mut(Vec::clear);
        KNOWN.with_borrow_mut(BTreeMap::clear);
    }

    /// Returns the names collected since `start`.
    pub fn end() -> Self {
        Self(UNKNOWN.take())
    }

    /// Parses the same command line again with the ids of its names; `None` where it holds no name.
    pub async fn resolve<C: Parser>(
        self,
        source: &Source,
        words: Vec<std::ffi::OsString>,
    ) -> Result<Option<C>, CliError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let mut known = BTreeMap::new();
        for (kind, text) in self.0 {
            let id = match kind {
                Kind::Connection => find(source, &text).await?.0,
                Kind::Thread => thread_of(source, &text, None).await?.0,
            };
            known.insert((kind, text), id);
        }
        KNOWN.set(known);
        let read = C::try_parse_from(words);
        KNOWN.take();
        read.map(Some).map_err(|error| CliError::new(Code::Usage, error.to_string(), "Use its id."))
    }
}

/// Resolves a connection.
pub(in crate::cli) async fn find(source: &Source, text: &str) -> Result<ConnectionId, CliError> {
    let Answer::Connections(list) = source.ask(&Query::Connections).await? else {
        return Err(CliError::unexpected_answer());
    };
    let connections: Vec<_> = list.connected.into_iter().map(|row| row.connection).collect();
    find_connection(&connections, text).map(|found| found.id).map_err(CliError::from)
}

/// Resolves a thread at the engine, as the API does.
pub(in crate::cli) async fn thread_of(
    source: &Source,
    text: &str,
    connection: Option<String>,
) -> Result<ThreadId, CliError> {
    let asked = Query::FindThread { text: text.to_owned(), connection };
    match source.ask(&asked).await? {
        Answer::Thread(Some(row)) => Ok(row.id),
        _ => Err(CliError::unexpected_answer()),
    }
}
