//! Connections and threads by whatever name a person has at hand: a connection by its id, name, phone number id
//! or phone number, a thread by its id or its contact's phone number.
//!
//! Arguments are read before anybody can be asked. What is no id is noted down while the command line is read,
//! looked up, and found when the same words are read again.

use std::cell::RefCell;
use std::collections::BTreeMap;

use clap::Parser;

use super::Cli;
use super::ask::Source;
use super::no_answer::NoAnswer;
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
    /// What names stand for, while a command line is read for the second time.
    static KNOWN: RefCell<BTreeMap<(Kind, String), i64>> = const { RefCell::new(BTreeMap::new()) };
    /// Names that were met and are not known.
    static UNKNOWN: RefCell<Vec<(Kind, String)>> = const { RefCell::new(Vec::new()) };
}

/// Reads a connection: an id, or a name that is looked up before the command runs.
pub(super) fn connection(text: &str) -> Result<ConnectionId, String> {
    match text.parse::<ConnectionId>() {
        Ok(id) => Ok(id),
        Err(_) if text.chars().any(char::is_alphanumeric) => Ok(ConnectionId(named(Kind::Connection, text))),
        Err(error) => Err(format!("{error}, or the connection's name, phone number id or phone number")),
    }
}

/// Reads a thread: an id, or the phone number of its contact.
pub(super) fn thread(text: &str) -> Result<ThreadId, String> {
    match ThreadName::read(text) {
        Ok(ThreadName::Id(id)) => Ok(id),
        Ok(ThreadName::Number(_)) => Ok(ThreadId(named(Kind::Thread, text))),
        Err(refusal) => Err(refusal.to_string()),
    }
}

/// Stands for a name that is not looked up yet: an id that can be written, and that nothing has.
const UNRESOLVED: i64 = i64::MAX;

/// The id behind a name; where it is not known yet, `UNRESOLVED`, and the name is noted down.
fn named(kind: Kind, text: &str) -> i64 {
    let key = (kind, text.to_owned());
    KNOWN.with_borrow(|known| known.get(&key).copied()).unwrap_or_else(|| {
        UNKNOWN.with_borrow_mut(|unknown| unknown.push(key));
        UNRESOLVED
    })
}

/// A command line, read with every name in it looked up at the engine, or in its database. Fails with what to do
/// where a name stands for nothing or for several.
pub(super) struct Reading(Vec<(Kind, String)>);

impl Reading {
    /// Starts before the command line is read.
    pub fn start() {
        UNKNOWN.with_borrow_mut(Vec::clear);
        KNOWN.with_borrow_mut(BTreeMap::clear);
    }

    /// The names that were met since the start.
    pub fn end() -> Self {
        Self(UNKNOWN.take())
    }

    /// The same command line with what its names stand for; `None` where it holds no name.
    pub async fn resolve(self, source: &Source, words: Vec<std::ffi::OsString>) -> Result<Option<Cli>, NoAnswer> {
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
        let read = Cli::try_parse_from(words);
        KNOWN.take();
        read.map(Some).map_err(|error| NoAnswer::new(Code::Usage, error.to_string(), "Use its id."))
    }
}

/// The connection that a text names.
pub(super) async fn find(source: &Source, text: &str) -> Result<ConnectionId, NoAnswer> {
    let Answer::Connections(list) = source.ask(&Query::Connections).await? else { return Err(NoAnswer::odd()) };
    let connections: Vec<_> = list.connected.into_iter().map(|row| row.connection).collect();
    find_connection(&connections, text).map(|found| found.id).map_err(NoAnswer::from)
}

/// The thread that a text names. The engine resolves it, as it does for programs.
pub(super) async fn thread_of(source: &Source, text: &str, connection: Option<String>) -> Result<ThreadId, NoAnswer> {
    let asked = Query::FindThread { text: text.to_owned(), connection };
    match source.ask(&asked).await? {
        Answer::Thread(Some(row)) => Ok(row.id),
        _ => Err(NoAnswer::odd()),
    }
}
