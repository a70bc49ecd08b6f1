//! The open thread: its messages, oldest first, with a cursor that stays on its message and on its
//! row of the screen while others come.

use crate::console::data::MESSAGES;
use crate::console::thread::composer::Composer;
use crate::console::{Console, Effect, Focus, Pane, words};
use crate::domain::agents::requests::{AgentQuery, RunRecord};
use crate::domain::ids::{ConnectionId, MessageId, ThreadId};
use crate::domain::message::note::Note;
use crate::domain::message::status_view::impossible;
use crate::domain::query::{Answer, Query};
use crate::domain::request::{Request, SendContext};
use crate::domain::text::clean_line;
use crate::domain::view::{MessageDetail, MessageView, ThreadRow};

#[derive(Debug)]
pub(in crate::console) struct OpenThread {
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
    /// The page around this message is shown, wherever in the thread it stands.
    pub around: Option<MessageId>,
    /// What colleagues noted, oldest first.
    pub notes: Vec<Note>,
    /// What its agent proposes to say.
    pub proposal: Option<RunRecord>,
}

impl OpenThread {
    pub fn new(thread: ThreadId, row: Option<ThreadRow>) -> Self {
        Self {
            thread,
            row,
            messages: vec![],
            cursor: None,
            anchor: 0,
            wanted: MESSAGES,
            older: false,
            loaded: false,
            around: None,
            notes: vec![],
            proposal: None,
        }
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
    /// A request that sends into the open thread, with the newest of its messages that was on the screen. A page
    /// from further up says nothing about that.
    pub(in crate::console) fn as_seen(&self, request: Request) -> Request {
        let thread = match &request {
            Request::Send { thread, .. } | Request::SendFile { thread, .. } => *thread,
            _ => return request,
        };
        let open = self.open.as_ref().filter(|open| open.thread == thread && open.around.is_none());
        let seen = open.and_then(|open| open.messages.iter().map(|message| message.id).max());
        request.knowing(SendContext { seen, despite_owner: false })
    }

    pub(in crate::console) fn query_of_messages(&self, thread: ThreadId) -> Query {
        let open = self.open.as_ref().filter(|open| open.thread == thread);
        let wanted = open.map_or(MESSAGES, |open| open.wanted);
        Query::Messages { thread, limit: wanted, before: None, around: open.and_then(|open| open.around) }
    }

    /// Shows another thread beside the list. What was being written stays with its thread.
    pub(in crate::console) fn show_thread(&mut self, thread: ThreadId) -> Vec<Effect> {
        if self.open.as_ref().is_some_and(|open| open.thread == thread) {
            return vec![];
        }
        let mut effects = self.keep_drafts();
        let row = self.data.threads.iter().flatten().find(|row| row.id == thread).cloned();
        self.open = Some(OpenThread::new(thread, row));
        effects.extend(self.ask(Query::Thread { thread }));
        effects.extend(self.ask(self.query_of_messages(thread)));
        effects.extend(self.ask(Query::Notes { thread }));
        effects.extend(self.ask(Query::Desk(AgentQuery::Waiting { thread })));
        effects.extend(self.ask_for_draft(thread));
        effects
    }

    /// What is kept of a draft, where nothing stands: a colleague may have handed theirs over.
    pub(in crate::console) fn ask_for_draft(&mut self, thread: ThreadId) -> Vec<Effect> {
        let empty = |composer: &Composer| composer.is_empty() && !composer.dirty;
        let wanted = self.composers.get(&thread).is_none_or(empty) && self.focus != crate::console::Focus::Composer;
        if wanted { self.ask(Query::Draft { thread }) } else { vec![] }
    }

    /// What is beside the list goes along with the cursor.
    pub(in crate::console) fn follow_selection(&mut self) -> Vec<Effect> {
        if self.pane == Pane::Threads && self.focus == crate::console::Focus::List {
            return match self.selected_thread().map(|row| row.id) {
                Some(thread) => self.show_thread(thread),
                None => vec![],
            };
        }
        if self.pane != Pane::Threads { self.ask_for_detail() } else { vec![] }
    }

    pub(in crate::console) fn take_thread_answer(&mut self, query: &Query, answer: Answer) -> Vec<Effect> {
        match (query, answer) {
            (Query::Thread { thread }, Answer::Thread(row)) => {
                if let Some(open) = self.open.as_mut().filter(|open| open.thread == *thread) {
                    open.row = row.map(|row| *row);
                    // A thread that stays open behind another pane is not what was gone to.
                    if let Some(row) = open.row.clone().filter(|_| self.pane == Pane::Threads) {
                        return self.follow_thread(&row);
                    }
                }
            }
            (Query::FindThread { .. }, Answer::Thread(Some(row)))
                if self.data.awaited.take_if(|awaited| awaited == query).is_some() =>
            {
                let mut effects = self.go_to_thread(row.id);
                if let Some(open) = self.open.as_mut().filter(|open| open.thread == row.id) {
                    open.row = Some((*row).clone());
                }
                effects.extend(self.follow_thread(&row));
                return effects;
            }
            (Query::Notes { thread }, Answer::Notes(notes)) => {
                if let Some(open) = self.open.as_mut().filter(|open| open.thread == *thread) {
                    open.notes = notes;
                }
            }
            (Query::Messages { thread, limit, around, .. }, Answer::Messages(mut messages)) => {
                let same = |open: &&mut OpenThread| open.thread == *thread && open.around == *around;
                if let Some(open) = self.open.as_mut().filter(same) {
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

    /// Everything about one message, line by line: what it is, what it holds, what became of it.
    pub(in crate::console) fn message_sheet(&self, detail: &MessageDetail) -> Vec<String> {
        let message = &detail.message;
        let field = |label: &str, text: String| format!("{label:<14}{text}");
        let mut lines = vec![
            field("message", message.id.to_string()),
            field("kind", clean_line(&message.kind)),
            field("direction", message.direction.name().to_owned()),
            field("status", message.status.name().to_owned()),
            field("written", words::exact(message.created_at, self.zone())),
            field("came", words::exact(detail.received_at, self.zone())),
            field("origin", clean_line(message.origin.name())),
        ];
        lines.extend(message.provider_message_id.as_deref().map(|id| field("provider id", clean_line(id))));
        lines.extend(message.author.as_deref().map(|author| field("author", clean_line(author))));
        lines.extend(detail.delivery.map(|id| field("delivery", id.to_string())));
        lines.extend(message.run.map(|id| field("agent run", id.to_string())));
        if message.test {
            lines.push(field("test", "a test of the provider: never answered over the network".to_owned()));
        }
        if !detail.route.is_empty() {
            lines.extend([String::new(), "Routing".to_owned()]);
            lines.extend(detail.route.iter().map(|step| format!("  {}", clean_line(step))));
        }
        lines.push(String::new());
        for (label, value) in detail.details() {
            for (number, line) in value.lines().into_iter().enumerate() {
                lines.push(field(if number == 0 { label } else { "" }, line));
            }
        }
        let row = self.open.as_ref().and_then(|open| open.row.as_ref());
        if let Some(told) = row.and_then(|row| row.conversation.as_ref())
            && let Some(count) = told.messages_count
        {
            let here = told.stored.map(|here| format!("; {here} are here")).unwrap_or_default();
            lines.push(field("conversation", format!("the provider counts {count} messages{here}")));
        }
        if let Some(error) = &message.error {
            lines.extend([String::new(), error.line(), error.explanation.to_string(), error.remedy.to_string()]);
        }
        if !detail.statuses.is_empty() {
            lines.extend([String::new(), "Statuses, in order of arrival".to_owned()]);
            for status in &detail.statuses {
                let (at, odd) = (words::exact(status.at, self.zone()), impossible(status.told_at));
                lines.push(format!("{} at {at}{odd}", status.status.name()));
                lines.push(status.raw.line());
            }
        }
        for status in &detail.other_statuses {
            let (at, odd) = (words::exact(status.at, self.zone()), impossible(status.told_at));
            lines.push(format!("{} (unknown status) at {at}{odd}", status.word.line()));
            lines.push(status.raw.line());
        }
        for attempt in &detail.tries {
            let outcome = attempt.outcome.as_deref().unwrap_or("in flight");
            let at = words::exact(attempt.started_at, self.zone());
            lines.extend([String::new(), format!("Attempt {}.{} {at} {outcome}", attempt.series, attempt.number)]);
            lines.extend(attempt.request.lines());
            lines.extend(attempt.response.lines());
        }
        lines
    }

    /// Keeps whatever was written and not kept yet.
    pub(in crate::console) fn keep_drafts(&mut self) -> Vec<Effect> {
        let mut effects = vec![];
        for composer in self.composers.values_mut().filter(|composer| composer.dirty) {
            composer.dirty = false;
            effects.push(Effect::Perform(Request::SaveDraft { thread: composer.thread, text: composer.text() }));
        }
        effects
    }

    /// Opens a thread, wherever the list stands.
    pub(in crate::console) fn go_to_thread(&mut self, thread: ThreadId) -> Vec<Effect> {
        let mut effects = crate::console::commands::open_pane(self, Pane::Threads);
        self.list_mut().filter.clear();
        self.list_mut().selected = Some(thread.to_string());
        self.focus = Focus::Detail;
        effects.extend(self.show_thread(thread));
        effects.extend(self.attend(false));
        effects
    }

    /// Opens a connection, wherever the list stands; its scope is shown with it.
    pub(in crate::console) fn go_to_connection(&mut self, id: ConnectionId) -> Vec<Effect> {
        let mut effects = crate::console::commands::open_pane(self, Pane::Connections);
        self.list_mut().filter.clear();
        let list = self.data.connections.iter().flat_map(|list| &list.connected);
        let found = list.map(|row| &row.connection).find(|one| one.id == id);
        if let Some((organization, environment)) = found.map(|one| (one.organization.clone(), one.environment)) {
            effects.extend(self.keep_drafts());
            self.open = None;
            effects.extend(self.follow_scope(&organization, environment, &id.to_string()));
        }
        self.list_mut().selected = Some(id.to_string());
        effects.extend(self.ask_for_detail());
        effects
    }

    /// Opens the place in its thread where a message stands.
    pub(in crate::console) fn go_to_message(&mut self, message: MessageId) -> Vec<Effect> {
        let Some(thread) =
            self.data.found.iter().find(|one| one.message.id == message).map(|one| one.message.thread_id)
        else {
            return vec![];
        };
        let mut effects = self.keep_drafts();
        effects.extend(crate::console::commands::open_pane(self, Pane::Threads));
        self.list_mut().filter.clear();
        self.list_mut().selected = Some(thread.to_string());
        self.focus = Focus::Detail;
        let row = self.data.threads.iter().flatten().find(|row| row.id == thread).cloned();
        let mut open = OpenThread::new(thread, row);
        open.around = Some(message);
        open.cursor = Some(message);
        open.anchor = 3;
        self.open = Some(open);
        effects.extend(self.ask_for_detail());
        effects.extend(self.attend(false));
        effects
    }
}
