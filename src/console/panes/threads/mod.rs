//! The Threads pane: the list of threads, with the open thread beside it.

pub(in crate::console) mod agents;
pub(in crate::console) mod commands;
mod details;
mod draw;
mod forms;
pub(in crate::console) mod handling;
mod labels;
pub(in crate::console) mod messages;
mod pickers;
mod replies;
mod results;
pub(in crate::console) mod sending;
pub(in crate::console) mod state;
pub(in crate::console) mod tabs;
mod tabs_refresh;
pub(in crate::console) mod writing;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use self::state::ThreadsPane;
use super::pane::Pane;
use super::retry::{HasEntry, retry};
use super::row::{Command, commands};
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::draw::row::{Row, Status};
use crate::console::draw::sheet::Sheet;
use crate::console::intent::Intent;
use crate::console::layout::TALL;
use crate::console::list::{ListState, MAX_ROWS};
use crate::console::pane_id::PaneId;
use crate::console::settings::Focus;
use crate::console::thread::composer::Composer;
use crate::console::thread::open::OpenThread;
use crate::console::user_error::UserError;
use crate::domain::agents::requests::{AgentQuery, AgentsAnswer};
use crate::domain::change::Change;
use crate::domain::filter::Filter;
use crate::domain::ids::{EntryId, ThreadId};
use crate::domain::message::conversation::ConversationRecord;
use crate::domain::numbers::connection::Environment;
use crate::domain::outbox::entry::EntryState;
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::request_error::RequestError;
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;

/// The command that retries the selected message.
pub(in crate::console) const RETRY: &[Command<ThreadsPane>] = &[retry("message.retry", Scope::Messages)];

impl ThreadsPane {
    /// Returns the open thread if it is this one.
    fn open_as(&mut self, thread: ThreadId) -> Option<&mut OpenThread> {
        self.open.as_mut().filter(|open| open.thread == thread)
    }

    fn follow_scope(row: &ThreadRow) -> Intent {
        Intent::FollowScope {
            organization: row.organization.clone(),
            environment: row.environment,
            what: row.id.to_string(),
        }
    }

    /// Stores the row of the open thread, and switches to its scope if Threads is open.
    fn take_thread(&mut self, cx: &Cx, thread: ThreadId, row: Option<ThreadRow>) -> Vec<Intent> {
        let open_pane = self.is_open(cx);
        let Some(open) = self.open_as(thread) else { return vec![] };
        open.row = row;
        // The scope follows only while Threads is open, not for a thread that stays loaded behind another pane.
        open.row.as_ref().filter(|_| open_pane).map(Self::follow_scope).into_iter().collect()
    }
}

commands!(
    ThreadsPane,
    commands::ROWS,
    handling::ROWS,
    tabs::ROWS,
    sending::ROWS,
    messages::ROWS,
    agents::ROWS,
    writing::ROWS,
    RETRY
);

impl HasEntry for ThreadsPane {
    fn selected_entry(&self) -> Option<(EntryId, EntryState)> {
        self.selected_entry()
    }
}

impl Pane for ThreadsPane {
    fn id(&self) -> PaneId {
        PaneId::Threads
    }

    fn list(&self) -> &ListState {
        &self.list
    }

    fn list_mut(&mut self) -> &mut ListState {
        &mut self.list
    }

    fn ids(&self, _: &Cx) -> Vec<String> {
        self.row_ids()
    }

    fn is_loaded(&self, _: &Cx) -> bool {
        self.rows.is_some()
    }

    fn query(&self) -> Query {
        Query::Threads { text: self.list.filter.clone(), limit: MAX_ROWS, before: None }
    }

    fn status(&self, cx: &Cx, status: &Status) -> (String, Style) {
        let Some(answer) = &cx.overview else { return (String::new(), Style::new()) };
        let lag = answer.lag(cx.now);
        let late = u32::from(lag.is_some());
        let parts = vec![lag, Status::part(answer.waiting, "waiting"), Status::part(answer.unread, "unread")];
        status.join_parts(parts, &format!("{} read", answer.threads), (late, answer.waiting))
    }

    fn rows(&self, cx: &Cx, index: usize, height: usize) -> Vec<Row> {
        match self.rows.as_ref().and_then(|rows| rows.get(index)) {
            Some(row) if height == 2 => vec![Self::thread_head(cx, row), Self::thread_tail(cx, row)],
            Some(row) => vec![Self::thread_head(cx, row)],
            None => vec![],
        }
    }

    /// A row has two lines if the screen is high enough.
    fn row_height(&self, cx: &Cx) -> usize {
        if cx.rows >= TALL { 2 } else { 1 }
    }

    fn empty_text(&self, cx: &Cx) -> String {
        let listening = cx.overview.as_ref().map(|answer| answer.listening_on.clone()).unwrap_or_default();
        format!("No threads. Webhooks are received at {listening}; `wadeck doctor` checks the connection.")
    }

    fn selected_name(&self, _: &Cx) -> Option<String> {
        self.open.as_ref()?.row.as_ref().map(|row| row.contact.display_name())
    }

    fn detail_title(&self, _: &Cx) -> Option<String> {
        None
    }

    fn sheet(&self, _: &Cx, _: &mut Sheet) {}

    fn draw_detail(&self, cx: &Cx, buffer: &mut Buffer, area: Rect) -> bool {
        self.draw_thread(cx, buffer, area);
        true
    }

    fn banner(&self, cx: &Cx) -> Option<String> {
        let row = self.open.as_ref()?.row.as_ref()?;
        if let Some(other) = row.held_by_other(cx.now) {
            let who = other.who().replacen("another", "Another", 1);
            return Some(format!("{who} owns this thread. Sending takes it over."));
        }
        let missing = row.conversation.as_ref().map_or(0, ConversationRecord::missing);
        let messages = if missing == 1 { "message" } else { "messages" };
        (missing > 0).then(|| {
            format!(
                "The provider has {missing} {messages} that are missing here. Backfill {} in Connections.",
                row.connection
            )
        })
    }

    fn draw_tabs(&self, cx: &Cx, buffer: &mut Buffer, area: Rect) {
        self.draw_filter_tabs(cx, buffer, area);
    }

    fn has_tabs(&self) -> bool {
        !self.views.is_empty()
    }

    fn below(&self, area: Rect) -> u16 {
        if self.open.is_none() || area.height < 6 {
            return 0;
        }
        self.composer_height(area)
    }

    fn detail(&self, cx: &Cx) -> Vec<Intent> {
        let tabs = self.is_open(cx).then_some(Intent::Ask(Query::Views));
        self.ask_open().into_iter().chain(tabs).collect()
    }

    /// The thread beside the list follows the cursor.
    fn follow(&mut self, cx: &Cx) -> Vec<Intent> {
        if cx.focus != Focus::List {
            return vec![];
        }
        match self.selected().map(|row| row.id) {
            Some(thread) => self.show(cx, thread),
            None => vec![],
        }
    }

    fn opened(&mut self, cx: &Cx) -> Vec<Intent> {
        self.mark_selected_read(cx)
    }

    fn changed(&mut self, cx: &Cx, change: Change) -> Vec<Intent> {
        let Change::Thread(thread) = change else { return vec![] };
        let mut intents = vec![];
        if self.open_as(thread).is_some() {
            intents.push(Intent::Ask(Query::Thread { thread }));
            intents.push(Intent::Ask(self.query_of_messages(thread)));
            intents.push(Intent::Ask(Query::Notes { thread }));
            intents.push(Intent::Ask(Query::Agent(AgentQuery::Waiting { thread })));
            intents.extend(self.ask_for_draft(cx, thread));
        }
        if self.is_open(cx) {
            intents.push(Intent::Ask(self.query()));
            intents.extend(self.tabs_refresh.request(cx.now));
        }
        intents
    }

    fn next_tick(&self, cx: &Cx) -> Option<Timestamp> {
        self.tabs_refresh.due().filter(|_| self.is_open(cx))
    }

    fn tick(&mut self, cx: &Cx) -> Vec<Intent> {
        self.tabs_refresh.tick(cx.now).into_iter().collect()
    }

    fn takes(&self, query: &Query) -> bool {
        matches!(
            query,
            Query::Threads { .. }
                | Query::Thread { .. }
                | Query::FindThread { .. }
                | Query::NextWaiting { .. }
                | Query::Views
                | Query::Notes { .. }
                | Query::Messages { .. }
                | Query::Draft { .. }
                | Query::Replies
                | Query::Reply { .. }
                | Query::Agent(AgentQuery::Waiting { .. })
        )
    }

    fn answer(&mut self, cx: &Cx, query: &Query, answer: Answer) -> Vec<Intent> {
        match (query, answer) {
            (Query::Threads { text, .. }, Answer::Threads(rows)) if *text == self.list.filter => {
                self.rows = Some(rows);
                return if self.is_open(cx) { self.follow(cx) } else { vec![] };
            }
            (Query::Thread { thread }, Answer::Thread(row)) => {
                return self.take_thread(cx, *thread, row.map(|row| *row));
            }
            (Query::Views, Answer::Views(views)) => self.views = views,
            (Query::NextWaiting { .. }, Answer::Thread(None)) if cx.awaits(query) => {
                return vec![Intent::Notice("No other thread waits for a person.".to_owned())];
            }
            (Query::FindThread { .. } | Query::NextWaiting { .. }, Answer::Thread(Some(row))) if cx.awaits(query) => {
                return vec![Intent::GoToThread(row.id), Intent::FoundThread(row)];
            }
            (Query::Notes { thread }, Answer::Notes(notes)) => {
                if let Some(open) = self.open_as(*thread) {
                    open.notes = notes;
                }
            }
            (Query::Messages { thread, limit, around, .. }, Answer::Messages(mut messages)) => {
                if let Some(open) = self.open_as(*thread).filter(|open| open.around == *around) {
                    open.older = messages.len() >= *limit as usize;
                    messages.reverse();
                    open.messages = messages;
                    open.loaded = true;
                }
            }
            (Query::Replies, Answer::Replies(rows)) => self.replies = rows,
            (Query::Reply { thread, .. }, Answer::Reply(text)) => {
                let composer = self.composers.entry(*thread).or_insert_with(|| Composer::new(*thread, ""));
                composer.paste(&text);
            }
            (Query::Draft { thread }, Answer::Draft(text)) => {
                // Text that was typed meanwhile is newer than the stored draft.
                let begun = self.composers.get(thread).is_some_and(|composer| !composer.is_empty());
                if !begun {
                    self.composers.insert(*thread, Composer::new(*thread, &text));
                }
            }
            (Query::Agent(AgentQuery::Waiting { thread }), Answer::Agent(answer)) => {
                if let (AgentsAnswer::Waiting(run), Some(open)) = (*answer, self.open_as(*thread)) {
                    open.proposal = run.map(|one| *one);
                }
            }
            _ => {}
        }
        vec![]
    }

    fn performed(&mut self, cx: &Cx, request: &Request, result: &Result<Done, RequestError>) -> Option<Vec<Intent>> {
        self.take_result(cx, request, result)
    }

    fn forget(&mut self) {
        self.rows = None;
    }

    fn why(&self, cx: &Cx) -> Option<String> {
        if cx.focus == Focus::List {
            return self.selected().map(|row| row.id.to_string());
        }
        let open = self.open.as_ref()?;
        open.current().map(|message| message.id.to_string()).or_else(|| Some(open.thread.to_string()))
    }

    fn environment(&self, cx: &Cx) -> Option<Environment> {
        let of_open = self.open.as_ref().and_then(|open| self.row_of(open.thread));
        of_open.or_else(|| self.at_hand(cx)).map(|row| row.environment)
    }

    fn check_filter(&self, cx: &Cx, text: &str) -> Result<(), UserError> {
        Filter::read(text, cx.now).map(|_| ()).map_err(UserError::from)
    }

    fn filter_hint(&self) -> &'static str {
        "words, and terms: is:unread num:4567 conn:support since:2h"
    }

    fn is_narrowed_by_engine(&self) -> bool {
        true
    }
}
