//! The command that retries a failed message, for Delivery and for a thread.

use super::row::{Command, Danger};
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::user_error::UserError;
use crate::domain::ids::EntryId;
use crate::domain::outbox::entry::EntryState;
use crate::domain::request::Request;

pub(super) const NOT_SENT: &str = "This message was not sent from here.";

/// A pane with a selected outbox entry.
pub(super) trait HasEntry {
    /// Returns the selected entry with its state.
    fn selected_entry(&self) -> Option<(EntryId, EntryState)>;
}

fn question<P: HasEntry>(pane: &P, _: &Cx) -> String {
    match pane.selected_entry() {
        Some((entry, EntryState::Uncertain)) => {
            format!("Retry {entry}? If it did arrive, the contact gets it twice.")
        }
        Some((entry, _)) => format!("Send {entry} again?"),
        None => String::new(),
    }
}

fn ready<P: HasEntry>(pane: &P, cx: &Cx) -> Result<(), UserError> {
    cx.operator()?;
    match pane.selected_entry().ok_or(NOT_SENT)? {
        (_, state) if state.can_retry() => Ok(()),
        (_, state) => Err(format!("It is {}, so it cannot be retried.", state.name()).into()),
    }
}

fn run<P: HasEntry>(pane: &mut P, _: &Cx) -> Vec<Intent> {
    let entry = pane.selected_entry();
    entry.map(|(entry, _)| Intent::perform(Request::RetryEntry { entry })).into_iter().collect()
}

/// Returns the row of the command that retries the selected entry.
pub(super) const fn retry<P: HasEntry>(id: &'static str, scope: Scope) -> Command<P> {
    Command {
        id,
        title: "Retry",
        short: "",
        help: "Retries a failed message with a new series of attempts; asks first if it may arrive twice.",
        scope,
        keys: &["R"],
        hint: true,
        danger: Danger::Asks(question::<P>),
        ready: ready::<P>,
        run: run::<P>,
    }
}
