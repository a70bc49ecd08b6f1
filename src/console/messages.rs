//! The open thread: its messages, oldest first, with a cursor that stays on its message and on its
//! row of the screen while others come.

use super::composer::Composer;
use super::data::MESSAGES;
use super::{Console, Effect, Pane};
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::view::{MessageView, ThreadRow};

#[derive(Debug)]
pub(super) struct OpenThread {
    pub thread: ThreadId,
    pub row: Option<ThreadRow>,
    /// Oldest first.
    pub messages: Vec<MessageView>,
    /// The message under the cursor; none follows the newest.
    pub cursor: Option<MessageId>,
    /// The row of the screen on which the cursor's message begins.
    pub anchor: isize,
    /// How many messages are asked for: more when somebody scrolls up.
    pub wanted: u32,
    /// Older ones are there to be asked for.
    pub older: bool,
    loaded: bool,
}

impl OpenThread {
    pub fn new(thread: ThreadId, row: Option<ThreadRow>) -> Self {
        Self { thread, row, messages: vec![], cursor: None, anchor: 0, wanted: MESSAGES, older: false, loaded: false }
    }

    pub const fn is_loaded(&self) -> bool {
        self.loaded
    }

    pub fn index(&self) -> Option<usize> {
        let cursor = self.cursor?;
        self.messages.iter().position(|message| message.id == cursor)
    }

    /// The message that commands are about: under the cursor, else the newest.
    pub fn current(&self) -> Option<&MessageView> {
        match self.index() {
            Some(at) => self.messages.get(at),
            None => self.messages.last(),
        }
    }
}

impl Console {
    pub(super) fn query_of_messages(&self, thread: ThreadId) -> Query {
        let wanted = self.open.as_ref().filter(|open| open.thread == thread).map_or(MESSAGES, |open| open.wanted);
        Query::Messages { thread, limit: wanted, before: None }
    }

    /// Shows another thread beside the list. What was being written stays with its thread.
    pub(super) fn show_thread(&mut self, thread: ThreadId) -> Vec<Effect> {
        if self.open.as_ref().is_some_and(|open| open.thread == thread) {
            return vec![];
        }
        let mut effects = self.keep_drafts();
        let row = self.data.threads.iter().flatten().find(|row| row.id == thread).cloned();
        self.open = Some(OpenThread::new(thread, row));
        effects.extend(self.ask(Query::Thread { thread }));
        effects.extend(self.ask(self.query_of_messages(thread)));
        if !self.composers.contains_key(&thread) {
            effects.extend(self.ask(Query::Draft { thread }));
        }
        effects
    }

    /// What is beside the list goes along with the cursor.
    pub(super) fn follow_selection(&mut self) -> Vec<Effect> {
        if self.pane == Pane::Threads && self.focus == super::Focus::List {
            return match self.selected_thread().map(|row| row.id) {
                Some(thread) => self.show_thread(thread),
                None => vec![],
            };
        }
        if self.pane != Pane::Threads { self.ask_for_detail() } else { vec![] }
    }

    pub(super) fn take_thread_answer(&mut self, query: &Query, answer: Answer) -> Vec<Effect> {
        match (query, answer) {
            (Query::Thread { thread }, Answer::Thread(row)) => {
                if let Some(open) = self.open.as_mut().filter(|open| open.thread == *thread) {
                    open.row = row.map(|row| *row);
                }
            }
            (Query::Messages { thread, limit, .. }, Answer::Messages(mut messages)) => {
                if let Some(open) = self.open.as_mut().filter(|open| open.thread == *thread) {
                    open.older = messages.len() >= *limit as usize;
                    messages.reverse();
                    open.messages = messages;
                    open.loaded = true;
                }
            }
            (Query::Draft { thread }, Answer::Draft(text)) => {
                // What somebody has begun to write meanwhile is newer than what was kept.
                let begun = self.composers.get(thread).is_some_and(|composer| !composer.is_empty());
                if !begun {
                    self.composers.insert(*thread, Composer::new(*thread, &text));
                }
            }
            _ => {}
        }
        vec![]
    }

    /// Keeps whatever was written and not kept yet.
    pub(super) fn keep_drafts(&mut self) -> Vec<Effect> {
        let mut effects = vec![];
        for composer in self.composers.values_mut().filter(|composer| composer.dirty) {
            composer.dirty = false;
            effects.push(Effect::Perform(Request::SaveDraft { thread: composer.thread, text: composer.text() }));
        }
        effects
    }
}
