//! State of the Threads pane: the listed threads, the open thread, and the composers.

use std::collections::BTreeMap;
use std::time::Duration;

use ratatui::layout::Rect;

use super::tabs_refresh::TabsRefresh;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::layout::COMPOSER_LINES;
use crate::console::list::ListState;
use crate::console::settings::Focus;
use crate::console::thread::composer::Composer;
use crate::console::thread::open::{MESSAGES, OpenThread};
use crate::domain::access::permission::Permission;
use crate::domain::agents::requests::{AgentQuery, RunRecord};
use crate::domain::ids::{EntryId, MessageId, RunId, ThreadId};
use crate::domain::message::canned::CannedReply;
use crate::domain::outbox::entry::EntryState;
use crate::domain::query::Query;
use crate::domain::request::{Request, SendContext};
use crate::domain::time::Timestamp;
use crate::domain::view::{MessageView, SavedView, ThreadRow};

/// Interval at which presence is reported while nothing changes.
const STILL_HERE: Duration = Duration::from_secs(55);
/// Interval at which presence is reported while the user writes.
const WRITES_AGAIN: Duration = Duration::from_secs(18);

/// State of the Threads pane.
#[derive(Debug, Default)]
pub(in crate::console) struct ThreadsPane {
    pub list: ListState,
    pub rows: Option<Vec<ThreadRow>>,
    pub open: Option<OpenThread>,
    pub composers: BTreeMap<ThreadId, Composer>,
    /// Filters with the number of threads that each finds: the tabs.
    pub views: Vec<SavedView>,
    /// Canned replies, as they were listed when the composer was opened.
    pub replies: Vec<CannedReply>,
    pub(super) tabs_refresh: TabsRefresh,
    /// The presence that was reported last: the open thread, and whether the user writes.
    attended: (Option<ThreadId>, bool),
    /// When presence was reported last.
    attended_at: Option<Timestamp>,
}

impl ThreadsPane {
    /// Returns the height of the composer in an area: its title, quote, reply preview and text.
    pub fn composer_height(&self, area: Rect) -> u16 {
        let quote = u16::from(self.composer().is_some_and(|composer| composer.quote.is_some()));
        let lines =
            self.composer().map_or(1, |composer| composer.wrapped(usize::from(area.width) - 2).lines.len() as u16);
        let preview = u16::from(!self.matching_replies().is_empty());
        1 + quote + preview + lines.clamp(1, COMPOSER_LINES).min(area.height / 3)
    }

    /// Marks the selected thread as read, if it has unread messages and the settings and permissions allow it.
    pub fn mark_selected_read(&self, cx: &Cx) -> Vec<Intent> {
        let may_mark = cx.settings.mark_read_on_open && cx.settings.actor.has(Permission::MarkThreadsRead);
        let unread = self.selected().filter(|row| may_mark && row.unread > 0);
        unread.map(|row| Intent::perform(Request::MarkRead { thread: row.id })).into_iter().collect()
    }

    pub fn row_ids(&self) -> Vec<String> {
        self.rows.iter().flatten().map(|row| row.id.to_string()).collect()
    }

    pub fn selected(&self) -> Option<&ThreadRow> {
        let rows = self.rows.as_ref()?;
        rows.get(self.list.index(&self.row_ids()).unwrap_or(0))
    }

    /// Returns the thread that commands act on: the selected one if the list has the focus, else the open one.
    pub fn at_hand(&self, cx: &Cx) -> Option<&ThreadRow> {
        match (cx.focus, &self.open) {
            (Focus::List, _) => self.selected(),
            (_, Some(open)) => open.row.as_ref(),
            (_, None) => None,
        }
    }

    /// Returns the row of a thread that is open or listed.
    pub fn row_of(&self, thread: ThreadId) -> Option<&ThreadRow> {
        let open = self.open.as_ref().and_then(|open| open.row.as_ref()).filter(|row| row.id == thread);
        open.or_else(|| self.listed(thread))
    }

    fn listed(&self, thread: ThreadId) -> Option<&ThreadRow> {
        self.rows.iter().flatten().find(|row| row.id == thread)
    }

    /// Returns the selected message of the open thread, else its newest.
    pub fn current(&self) -> Option<&MessageView> {
        self.open.as_ref()?.current()
    }

    /// Returns the outbox entry of the selected message, with its state.
    pub fn selected_entry(&self) -> Option<(EntryId, EntryState)> {
        self.current()?.entry.as_ref().map(|entry| (entry.id, entry.state))
    }

    /// Returns the composer of the open thread.
    pub fn composer(&self) -> Option<&Composer> {
        self.open.as_ref().and_then(|open| self.composers.get(&open.thread))
    }

    pub fn composer_mut(&mut self) -> Option<&mut Composer> {
        let thread = self.open.as_ref()?.thread;
        self.composers.get_mut(&thread)
    }

    /// Returns `true` if a draft is not saved.
    pub fn has_unsaved_drafts(&self) -> bool {
        self.composers.values().any(|composer| composer.dirty)
    }

    /// Saves every unsaved draft.
    pub fn keep_drafts(&mut self) -> Vec<Intent> {
        let mut intents = vec![];
        for composer in self.composers.values_mut().filter(|composer| composer.dirty) {
            composer.dirty = false;
            intents.push(Intent::perform(Request::SaveDraft { thread: composer.thread, text: composer.text() }));
        }
        intents
    }

    /// Adds to a sending request the newest message of the open thread that was on the screen. Adds none while an
    /// older page is shown, because the newest message is not on it.
    pub fn as_seen(&self, request: Request) -> Request {
        let thread = match &request {
            Request::Send { thread, .. } | Request::SendFile { thread, .. } => *thread,
            _ => return request,
        };
        let open = self.open.as_ref().filter(|open| open.thread == thread && open.around.is_none());
        let seen = open.and_then(|open| open.messages.iter().map(|message| message.id).max());
        request.with_context(SendContext { seen, ..SendContext::default() })
    }

    /// Returns the query for a thread's messages, at its current page size and position.
    pub fn query_of_messages(&self, thread: ThreadId) -> Query {
        let open = self.open.as_ref().filter(|open| open.thread == thread);
        let wanted = open.map_or(MESSAGES, |open| open.wanted);
        Query::Messages { thread, limit: wanted, before: None, around: open.and_then(|open| open.around) }
    }

    /// Queries the open thread, its messages and its suggested reply.
    pub fn ask_open(&self) -> Vec<Intent> {
        let Some(thread) = self.open.as_ref().map(|open| open.thread) else { return vec![] };
        vec![
            Intent::Ask(Query::Thread { thread }),
            Intent::Ask(self.query_of_messages(thread)),
            Intent::Ask(Query::Agent(AgentQuery::Waiting { thread })),
        ]
    }

    /// Opens a thread beside the list. Drafts stay with their threads.
    pub fn show(&mut self, cx: &Cx, thread: ThreadId) -> Vec<Intent> {
        if self.open.as_ref().is_some_and(|open| open.thread == thread) {
            return vec![];
        }
        let mut intents = self.keep_drafts();
        self.open = Some(OpenThread::new(thread, self.listed(thread).cloned()));
        intents.push(Intent::Ask(Query::Thread { thread }));
        intents.push(Intent::Ask(self.query_of_messages(thread)));
        intents.push(Intent::Ask(Query::Notes { thread }));
        intents.push(Intent::Ask(Query::Agent(AgentQuery::Waiting { thread })));
        intents.extend(self.ask_for_draft(cx, thread));
        intents
    }

    /// Closes the thread that followed the list's cursor, because the scope changes. A thread with the focus stays
    /// open.
    pub fn close_previewed_thread(&mut self, cx: &Cx) {
        if cx.focus == Focus::List {
            self.open = None;
        }
    }

    /// Stores the row of the open thread, and switches to its scope.
    pub fn found(&mut self, row: ThreadRow) -> Intent {
        let (organization, environment, what) = (row.organization.clone(), row.environment, row.id.to_string());
        if let Some(open) = self.open.as_mut().filter(|open| open.thread == row.id) {
            open.row = Some(row);
        }
        Intent::FollowScope { organization, environment, what }
    }

    /// Opens a thread at a message.
    pub fn show_message(&mut self, thread: ThreadId, message: MessageId) {
        let mut open = OpenThread::new(thread, self.listed(thread).cloned());
        open.around = Some(message);
        open.cursor = Some(message);
        open.anchor = 3;
        self.open = Some(open);
    }

    /// Queries the stored draft if the composer is empty and has no focus. A colleague may have transferred the
    /// thread with a draft.
    pub fn ask_for_draft(&self, cx: &Cx, thread: ThreadId) -> Option<Intent> {
        let empty = |composer: &Composer| composer.is_empty() && !composer.dirty;
        let wanted = self.composers.get(&thread).is_none_or(empty) && cx.focus != Focus::Composer;
        wanted.then_some(Intent::Ask(Query::Draft { thread }))
    }

    /// Returns the suggested reply of the open thread.
    pub fn proposal(&self) -> Option<&RunRecord> {
        self.open.as_ref()?.proposal.as_ref()
    }

    /// Copies the suggested reply into the composer. The edited text will be sent instead of it.
    pub fn edit_proposal(&mut self) {
        let Some(record) = self.proposal() else { return };
        let (run, thread) = (record.run.id, record.run.thread_id);
        let text = record.words.iter().map(|one| one.text.trim()).collect::<Vec<_>>().join("\n\n");
        let mut composer = Composer::new(thread, "");
        composer.paste(&text);
        composer.answers = Some(run);
        self.composers.insert(thread, composer);
    }

    /// Handles the decision about a suggested reply. Clears the composer if its text was sent instead of the reply;
    /// otherwise the text becomes an ordinary draft.
    pub fn proposal_decided(&mut self, run: RunId, instead: Option<&str>, done: bool) {
        if let Some(open) = self.open.as_mut().filter(|_| done) {
            open.proposal = open.proposal.take().filter(|record| record.run.id != run);
        }
        let Some(composer) = self.composers.values_mut().find(|composer| composer.answers == Some(run)) else { return };
        composer.answers = None;
        if done && instead == Some(composer.text().as_str()) {
            composer.clear();
        }
    }

    /// Removes the draft after the thread was transferred, because the colleague has it now. Returns `false` and
    /// keeps the text if there is none or if it has unsaved changes.
    pub fn handed_over(&mut self, thread: ThreadId) -> bool {
        if self.composers.get(&thread).is_none_or(|composer| composer.dirty) {
            return false;
        }
        self.composers.remove(&thread);
        true
    }

    /// Reports the user's presence to colleagues, and a typing indicator to the contact if that is enabled. Returns
    /// `None` if nothing has changed since the last report and it is recent.
    pub fn attend(&mut self, cx: &Cx, writes: bool) -> Option<Intent> {
        let thread = self.open.as_ref().filter(|_| cx.focus != Focus::List).map(|open| open.thread);
        let told = (thread, writes);
        let again = if writes { WRITES_AGAIN } else { STILL_HERE };
        let fresh = self.attended_at.is_some_and(|at| cx.now.since(at) < again);
        if fresh && self.attended == told {
            return None;
        }
        self.attended = told;
        self.attended_at = thread.map(|_| cx.now);
        Some(Intent::perform(Request::UpdatePresence { thread, writes, typing: cx.settings.typing }))
    }

    /// Reports presence again if the last report is older than `STILL_HERE`.
    pub fn renew_presence(&mut self, cx: &Cx) -> Option<Intent> {
        let due = self.attended_at.is_some_and(|at| cx.now.since(at) >= STILL_HERE);
        if due { self.attend(cx, false) } else { None }
    }
}
