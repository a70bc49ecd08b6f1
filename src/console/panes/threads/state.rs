//! Threads as they were listed, the one that is open, and what is being written to each.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::list::ListState;
use crate::console::settings::Focus;
use crate::console::thread::composer::Composer;
use crate::console::thread::open::{MESSAGES, OpenThread};
use crate::domain::agents::requests::{AgentQuery, RunRecord};
use crate::domain::ids::{EntryId, MessageId, RunId, ThreadId};
use crate::domain::outbox::entry::EntryState;
use crate::domain::query::Query;
use crate::domain::request::{Request, SendContext};
use crate::domain::time::Timestamp;
use crate::domain::view::{MessageView, ThreadRow};

/// Colleagues are told once a minute that somebody is still there.
const STILL_HERE: Duration = Duration::from_secs(55);
/// Who writes says so this often.
const WRITES_AGAIN: Duration = Duration::from_secs(18);

#[derive(Debug, Default)]
pub(in crate::console) struct ThreadsPane {
    pub list: ListState,
    pub rows: Option<Vec<ThreadRow>>,
    pub open: Option<OpenThread>,
    pub composers: BTreeMap<ThreadId, Composer>,
    /// What colleagues were told last, and when.
    attended: (Option<ThreadId>, bool),
    attended_at: Option<Timestamp>,
}

impl ThreadsPane {
    pub fn row_ids(&self) -> Vec<String> {
        self.rows.iter().flatten().map(|row| row.id.to_string()).collect()
    }

    pub fn selected(&self) -> Option<&ThreadRow> {
        let rows = self.rows.as_ref()?;
        rows.get(self.list.index(&self.row_ids()).unwrap_or(0))
    }

    /// The thread that commands are about: the open one, else the one under the cursor.
    pub fn at_hand(&self, cx: &Cx) -> Option<&ThreadRow> {
        match (cx.focus, &self.open) {
            (Focus::List, _) => self.selected(),
            (_, Some(open)) => open.row.as_ref(),
            (_, None) => None,
        }
    }

    /// What is known of a thread, open or listed.
    pub fn row_of(&self, thread: ThreadId) -> Option<&ThreadRow> {
        let open = self.open.as_ref().and_then(|open| open.row.as_ref()).filter(|row| row.id == thread);
        open.or_else(|| self.listed(thread))
    }

    fn listed(&self, thread: ThreadId) -> Option<&ThreadRow> {
        self.rows.iter().flatten().find(|row| row.id == thread)
    }

    /// The message under the cursor of the open thread, else its newest.
    pub fn current(&self) -> Option<&MessageView> {
        self.open.as_ref()?.current()
    }

    /// The outbox entry of the message under the cursor.
    pub fn entry_at_hand(&self) -> Option<(EntryId, EntryState)> {
        self.current()?.entry.as_ref().map(|entry| (entry.id, entry.state))
    }

    /// The composer of the open thread.
    pub fn composer(&self) -> Option<&Composer> {
        self.open.as_ref().and_then(|open| self.composers.get(&open.thread))
    }

    pub fn composer_mut(&mut self) -> Option<&mut Composer> {
        let thread = self.open.as_ref()?.thread;
        self.composers.get_mut(&thread)
    }

    /// Whether something that was written is not kept yet.
    pub fn has_unsaved_drafts(&self) -> bool {
        self.composers.values().any(|composer| composer.dirty)
    }

    /// Keeps whatever was written and not kept yet.
    pub fn keep_drafts(&mut self) -> Vec<Intent> {
        let mut intents = vec![];
        for composer in self.composers.values_mut().filter(|composer| composer.dirty) {
            composer.dirty = false;
            intents.push(Intent::perform(Request::SaveDraft { thread: composer.thread, text: composer.text() }));
        }
        intents
    }

    /// A request that sends into the open thread, with the newest of its messages that was on the screen. A page
    /// from further up says nothing about that.
    pub fn as_seen(&self, request: Request) -> Request {
        let thread = match &request {
            Request::Send { thread, .. } | Request::SendFile { thread, .. } => *thread,
            _ => return request,
        };
        let open = self.open.as_ref().filter(|open| open.thread == thread && open.around.is_none());
        let seen = open.and_then(|open| open.messages.iter().map(|message| message.id).max());
        request.knowing(SendContext { seen, despite_owner: false })
    }

    pub fn query_of_messages(&self, thread: ThreadId) -> Query {
        let open = self.open.as_ref().filter(|open| open.thread == thread);
        let wanted = open.map_or(MESSAGES, |open| open.wanted);
        Query::Messages { thread, limit: wanted, before: None, around: open.and_then(|open| open.around) }
    }

    /// Shows another thread beside the list. What was being written stays with its thread.
    pub fn show(&mut self, cx: &Cx, thread: ThreadId) -> Vec<Intent> {
        if self.open.as_ref().is_some_and(|open| open.thread == thread) {
            return vec![];
        }
        let mut intents = self.keep_drafts();
        self.open = Some(OpenThread::new(thread, self.listed(thread).cloned()));
        intents.push(Intent::Ask(Query::Thread { thread }));
        intents.push(Intent::Ask(self.query_of_messages(thread)));
        intents.push(Intent::Ask(Query::Notes { thread }));
        intents.push(Intent::Ask(Query::Desk(AgentQuery::Waiting { thread })));
        intents.extend(self.ask_for_draft(cx, thread));
        intents
    }

    /// Lets go of the thread that lay under the cursor of the list: in another scope it is not gone after.
    pub fn leave_listed(&mut self, cx: &Cx) {
        if cx.focus == Focus::List {
            self.open = None;
        }
    }

    /// Takes in what is known of the thread that was gone to, and shows its scope.
    pub fn found(&mut self, row: ThreadRow) -> Intent {
        let (organization, environment, what) = (row.organization.clone(), row.environment, row.id.to_string());
        if let Some(open) = self.open.as_mut().filter(|open| open.thread == row.id) {
            open.row = Some(row);
        }
        Intent::FollowScope { organization, environment, what }
    }

    /// Opens the place in its thread where a message stands.
    pub fn show_message(&mut self, thread: ThreadId, message: MessageId) {
        let mut open = OpenThread::new(thread, self.listed(thread).cloned());
        open.around = Some(message);
        open.cursor = Some(message);
        open.anchor = 3;
        self.open = Some(open);
    }

    /// What is kept of a draft, where nothing stands: a colleague may have handed theirs over.
    pub fn ask_for_draft(&self, cx: &Cx, thread: ThreadId) -> Option<Intent> {
        let empty = |composer: &Composer| composer.is_empty() && !composer.dirty;
        let wanted = self.composers.get(&thread).is_none_or(empty) && cx.focus != Focus::Composer;
        wanted.then_some(Intent::Ask(Query::Draft { thread }))
    }

    /// The answer that waits for a person in the open thread.
    pub fn proposal(&self) -> Option<&RunRecord> {
        self.open.as_ref()?.proposal.as_ref()
    }

    /// Puts the words of the answer that waits into the composer, to be sent instead of it.
    pub fn edit_proposal(&mut self) {
        let Some(record) = self.proposal() else { return };
        let (run, thread) = (record.run.id, record.run.thread_id);
        let text = record.words.iter().map(|one| one.text.trim()).collect::<Vec<_>>().join("\n\n");
        let mut composer = Composer::new(thread, "");
        composer.paste(&text);
        composer.answers = Some(run);
        self.composers.insert(thread, composer);
    }

    /// What was written instead of an answer has gone; or it waits no more, and the words are a draft
    /// like any other.
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

    /// It is somebody else's: what was begun here is theirs, too. What was written meanwhile stays. Returns `true` if
    /// the draft has gone.
    pub fn handed_over(&mut self, thread: ThreadId) -> bool {
        if self.composers.get(&thread).is_none_or(|composer| composer.dirty) {
            return false;
        }
        self.composers.remove(&thread);
        true
    }

    /// Says where this person is, for colleagues; while they write, also to the contact where that is wanted. Not more
    /// often than it tells something.
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
        Some(Intent::perform(Request::Attend { thread, writes, typing: cx.settings.typing }))
    }

    /// Says again that somebody is still there, when it is time.
    pub fn attend_again(&mut self, cx: &Cx) -> Option<Intent> {
        let due = self.attended_at.is_some_and(|at| cx.now.since(at) >= STILL_HERE);
        if due { self.attend(cx, false) } else { None }
    }
}
