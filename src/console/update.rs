//! From an event to what follows from it.

use std::time::Duration;

use super::cx::NOTICE;

use crate::console::command::{CommandSpec, Scope};
use crate::console::commands::{question, ready, run};
use crate::console::event::Edit;
use crate::console::input::KeyEvent;
use crate::console::input::chord::Chord;
use crate::console::input::keymap::Meaning;
use crate::console::layout::list_room;
use crate::console::overlays::{Overlay, Reading, Then};
use crate::console::{Console, Effect, Event, Focus, PaneId};
use crate::domain::access::actor::Actor;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::change::Change;
use crate::domain::ids::DeliveryId;
use crate::domain::message::content::Content;
use crate::domain::query::Query;
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::time::Timestamp;

/// How soon after the last key a draft is kept.
const DRAFT: Duration = Duration::from_secs(1);
/// How often a log that is read is asked for.
const FOLLOW: Duration = Duration::from_secs(5);
/// What was revealed is hidden again after this.
const REVEALED: Duration = Duration::from_secs(60);
/// A second ctrl-c within this time leaves.
const TWICE: Duration = Duration::from_secs(3);
/// So many keys are kept until a list has its rows.
const TYPED_AHEAD: usize = 64;
/// A paste that is longer is mentioned.
const LONG_PASTE: usize = 2_000;

impl Console {
    /// Takes one event in, and says what is wanted.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        let before = self.cx.pane;
        let effects = self.take_event(event);
        self.note_question();
        self.cx.chosen.clone_from(&self.panes.connections.list.selected);
        if self.cx.pane != before {
            self.list_mut().show_again();
        }
        // Once somebody has moved there is nothing to settle, and no need to list the ids.
        if self.pane().list().selected.is_none() {
            let (ids, room) = (self.pane().ids(&self.cx), list_room(&self.cx, self.pane()));
            self.list_mut().settle(&ids, room);
        }
        effects
    }

    fn take_event(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Key(key) => self.key(key),
            Event::Paste(text) => {
                // A paste comes as a whole: a key before it was pressed on purpose.
                let mut effects = self.run_held();
                effects.extend(self.paste(&text));
                effects
            }
            Event::Closing => self.keep_drafts(),
            Event::Resize { columns, rows } => {
                (self.cx.columns, self.cx.rows) = (columns, rows);
                vec![]
            }
            Event::Time(now) => self.time(now),
            Event::Changed(change) => self.changed(change),
            Event::Actor(actor) => self.has_role_of(actor),
            Event::Answered { query, answer } => {
                let mut effects = self.take_answer(&query, *answer);
                effects.extend(self.go_on_typing(&query));
                effects
            }
            Event::NotAnswered { query, why } => {
                self.not_answered(&query, why);
                self.go_on_typing(&query)
            }
            Event::Performed { request, result } => self.performed(&request.apart().0, result),
            Event::WantsYes { request, why, then } => {
                self.wants_yes(&request.apart().0, &why, then);
                vec![]
            }
            Event::Edited { what, text } => self.edited(what, text),
            Event::Uploaded { path, result } => self.uploaded(&path, result),
            Event::Completed { path, to, choices } => self.completed(&path, &to, choices),
            Event::Saved(result) => self.saved(result),
        }
    }

    /// The person may other things from now on: what could not be asked for before is asked for now.
    fn has_role_of(&mut self, actor: Actor) -> Vec<Effect> {
        if let Some(role) = actor.role() {
            self.cx.notice(format!("Your role is now {}.", role.name()), false);
        }
        self.cx.settings.actor = actor;
        self.changed(Change::Everything)
    }

    /// When the console wants to be told the time: for what is written and not kept, for a notice
    /// that has stood long enough, and at the next minute, when ages change.
    pub fn next_tick(&self) -> Timestamp {
        let minute = Timestamp::from_millis((self.cx.now.millis().div_euclid(60_000) + 1) * 60_000);
        let notice = self.cx.notices.last().map(|notice| notice.at.plus(NOTICE)).filter(|at| *at > self.cx.now);
        let draft = self.has_unsaved_drafts().then(|| self.cx.now.plus(DRAFT));
        let followed = self.followed_at.map(|at| at.plus(FOLLOW)).filter(|_| self.follows());
        let pane = self.pane().next_tick(&self.cx);
        [Some(minute), notice, draft, followed, pane, self.typing_due()].into_iter().flatten().min().unwrap_or(minute)
    }

    fn time(&mut self, now: Timestamp) -> Vec<Effect> {
        let due = self.has_unsaved_drafts() && now.since(self.cx.now) >= DRAFT;
        self.cx.now = now;
        let mut effects = if due { self.keep_drafts() } else { vec![] };
        effects.extend(self.typing_rests());
        effects.extend(self.follow_again());
        self.hide_again();
        let intents = self.panes.get_mut(self.cx.pane).tick(&self.cx);
        effects.extend(self.carry(intents));
        let again = self.panes.threads.attend_again(&self.cx);
        effects.extend(self.carry(again.into_iter().collect()));
        effects
    }

    /// Shows what was revealed, or puts a copy of it into the editor.
    fn revealed(&mut self, delivery: DeliveryId, said: String, body: &str) -> Vec<Effect> {
        let value = serde_json::from_str::<serde_json::Value>(body).ok();
        let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
        let text = pretty.unwrap_or_else(|| body.to_owned());
        if self.panes.activity.edits.take_if(|edits| *edits == delivery).is_some() {
            return vec![Effect::Edit { what: Edit::Delivery(delivery), text }];
        }
        self.cx.notice(said, false);
        self.loaded.told = text;
        self.loaded.revealed_at = Some(self.cx.now);
        self.overlay = Some(Overlay::reading(Reading::Revealed));
        vec![]
    }

    fn hide_again(&mut self) {
        let Some(at) = self.loaded.revealed_at else { return };
        let shown = matches!(self.overlay, Some(Overlay::Reading { what: Reading::Revealed, .. }));
        if !shown || self.cx.now.since(at) >= REVEALED {
            self.loaded.revealed_at = None;
            self.loaded.told.clear();
            if shown {
                self.overlay = None;
            }
        }
    }

    fn follows(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Reading { what: Reading::FlowLog, .. }))
    }

    /// What is followed is asked for again while it is in front.
    fn follow_again(&mut self) -> Vec<Effect> {
        if !self.follows() {
            self.followed_at = None;
            return vec![];
        }
        let since = *self.followed_at.get_or_insert(self.cx.now);
        match self.panes.flows.followed.clone().filter(|_| self.cx.now.since(since) >= FOLLOW) {
            Some(query) => {
                self.followed_at = Some(self.cx.now);
                self.ask(query)
            }
            None => vec![],
        }
    }

    /// Where keys mean something, the nearest first.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        match (self.cx.focus, self.cx.pane) {
            (Focus::Composer, _) => vec![Scope::Composer],
            (Focus::Detail, PaneId::Threads) => vec![Scope::Messages, Scope::Pane(PaneId::Threads), Scope::Everywhere],
            (Focus::Detail, pane) => vec![Scope::Detail, Scope::Pane(pane), Scope::Everywhere],
            (Focus::List, pane) => vec![Scope::Pane(pane), Scope::List, Scope::Everywhere],
        }
    }

    /// Does what a key means where the keys go now.
    pub(super) fn press(&mut self, key: KeyEvent) -> Vec<Effect> {
        let chord = Chord::of(&key);
        if self.overlay.is_some() {
            return self.overlay_key(key, chord);
        }
        if self.narrowing.is_some() && self.cx.focus == Focus::List {
            if self.ahead.len() < TYPED_AHEAD {
                self.ahead.push(key);
            }
            return vec![];
        }
        self.pending.push(chord);
        match self.cx.settings.keymap.meaning(&self.pending, &self.scopes()) {
            Meaning::Command(spec) => {
                self.pending.clear();
                self.start(spec)
            }
            Meaning::Begun if self.cx.focus != Focus::Composer => vec![],
            Meaning::Begun | Meaning::Nothing => {
                self.pending.clear();
                if self.cx.focus == Focus::Composer
                    && let Some(composer) = self.panes.threads.composer_mut()
                {
                    composer.key(key);
                    return self.attend(true);
                }
                vec![]
            }
        }
    }

    /// Asks for the rows of a list whose filter is another now. What is typed before they are there is
    /// about them, not about the rows that still stand.
    pub(super) fn narrowed(&mut self) -> Vec<Effect> {
        self.list_mut().go_top();
        let query = self.pane().query();
        let asked = self.pane().is_narrowed_by_engine();
        self.narrowing = asked.then(|| query.clone());
        self.ask(query)
    }

    /// The rows are there: what was typed ahead is done, in order.
    fn go_on_typing(&mut self, query: &Query) -> Vec<Effect> {
        let query = match query {
            Query::Within { query, .. } => query,
            query => query,
        };
        if self.narrowing.take_if(|narrowing| narrowing == query).is_none() {
            return vec![];
        }
        std::mem::take(&mut self.ahead).into_iter().flat_map(|key| self.press(key)).collect()
    }

    /// Runs a command, or says why it cannot run now, or asks first.
    pub(super) fn start(&mut self, spec: &'static CommandSpec) -> Vec<Effect> {
        if let Err(why) = ready(&self.panes, &self.cx, spec) {
            self.cx.notice(why, true);
            return vec![];
        }
        match question(&self.panes, &self.cx, spec) {
            None => self.run(spec),
            Some(question) => {
                self.overlay = Some(Overlay::Confirm { question, then: Then::Command(spec) });
                vec![]
            }
        }
    }

    /// Does what a command does.
    pub(super) fn run(&mut self, spec: &CommandSpec) -> Vec<Effect> {
        let intents = run(&mut self.panes, &self.cx, spec);
        self.carry(intents)
    }

    /// ctrl-c takes back what has been begun; twice it leaves, and what was written is kept.
    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        self.pending.clear();
        self.ahead.clear();
        self.narrowing = None;
        let again = self.cancelled_at.is_some_and(|at| self.cx.now.since(at) < TWICE);
        self.cancelled_at = Some(self.cx.now);
        if again {
            let mut effects = self.keep_drafts();
            effects.push(Effect::Quit);
            return effects;
        }
        if self.overlay.take().is_none() && self.cx.focus == Focus::Composer {
            self.cx.focus = Focus::Detail;
        }
        self.cx.notice("Press ctrl-c again to quit.", false);
        self.keep_drafts()
    }

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        if self.overlay.is_some() && self.paste_in_overlay(text) {
            return self.typed_in_overlay();
        }
        if self.cx.focus != Focus::Composer || self.overlay.is_some() {
            // Pasted text never runs as keys.
            self.cx.notice("Pasted text runs no commands. Press c to write, then paste.", true);
            return vec![];
        }
        let cut = self.panes.threads.composer_mut().is_some_and(|composer| composer.paste(text));
        if cut {
            self.cx.notice("The pasted text was cut: a draft holds up to 60 KB.", true);
        } else if text.chars().count() > LONG_PASTE {
            self.cx.notice(
                format!("Pasted {} characters. Nothing is sent until you send it.", text.chars().count()),
                false,
            );
        }
        vec![]
    }

    fn performed(&mut self, request: &Request, result: Result<Done, String>) -> Vec<Effect> {
        self.answer_form(&result);
        self.script_answered(request, result.as_ref().err().map(String::as_str));
        match (request, result) {
            (Request::SaveDraft { thread, .. }, Err(why)) => {
                // It is still here, and is tried again.
                if let Some(composer) = self.panes.threads.composers.get_mut(thread) {
                    composer.dirty = true;
                }
                self.cx.notice(format!("Cannot save the draft: {why}"), true);
            }
            (Request::SaveDraft { .. } | Request::MarkRead { .. }, Ok(_)) | (Request::Attend { .. }, _) => {}
            (Request::Send { thread, content, .. }, Ok(done)) => {
                // Only what was sent is taken out: more may have been written meanwhile.
                let sent = |composer: &&mut crate::console::thread::composer::Composer| matches!(&**content, Content::Text { body, .. } if composer.text() == body.as_received());
                if let Some(composer) = self.panes.threads.composers.get_mut(thread).filter(sent) {
                    composer.clear();
                }
                self.cx.notice(done.message, false);
            }
            (Request::Agents(AgentRequest::Accept { run, instead }), result) => {
                self.panes.threads.proposal_decided(*run, instead.as_deref(), result.is_ok());
                let bad = result.is_err();
                self.cx.notice(result.map_or_else(|why| why, |done| done.message), bad);
            }
            (Request::Agents(AgentRequest::Stop { .. }), Ok(done)) => {
                self.cx.notice(done.message, false);
                return self.show_stops();
            }
            (Request::HandOver { thread, .. }, Ok(done)) => {
                self.cx.notice(done.message, false);
                if self.panes.threads.handed_over(*thread) && self.cx.focus == Focus::Composer {
                    self.cx.focus = Focus::Detail;
                }
            }
            (Request::TakeBack { thread }, Ok(done)) => {
                self.cx.notice(done.message, false);
                let thread = *thread;
                return self.ask(crate::domain::query::Query::Draft { thread });
            }
            (Request::RevealDelivery { delivery }, Ok(Done { message: said, created_id: Some(body) })) => {
                return self.revealed(*delivery, said, &body);
            }
            (Request::TryDelivery { .. } | Request::Agents(AgentRequest::Test { .. }), Ok(done)) => {
                self.loaded.told = done.message;
                self.overlay = Some(Overlay::reading(Reading::Told));
            }
            (
                Request::OpenMedia { .. }
                | Request::Template(crate::domain::templates::requests::TemplateRequest::Sample { .. }),
                Ok(Done { message: said, created_id: Some(path) }),
            ) => {
                self.cx.notice(said, false);
                return vec![Effect::Copy(path)];
            }
            (_, Ok(done)) => self.cx.notice(done.message, false),
            (_, Err(why)) => self.cx.notice(why, true),
        }
        vec![]
    }

    /// What came back from the editor.
    fn edited(&mut self, what: Edit, text: Result<String, String>) -> Vec<Effect> {
        match (what, text) {
            (_, Err(why)) => {
                self.cx.notice(why, true);
                vec![]
            }
            (Edit::Draft(thread), Ok(text)) => {
                let mut composer = crate::console::thread::composer::Composer::new(thread, text.trim_end());
                composer.dirty = true;
                if let Some(before) = self.panes.threads.composers.get(&thread) {
                    (composer.quote, composer.answers) = (before.quote.clone(), before.answers);
                }
                self.panes.threads.composers.insert(thread, composer);
                self.keep_drafts()
            }
            (Edit::Script, Ok(text)) => self.script_is_back(text),
            (Edit::Delivery(delivery), Ok(body)) => {
                vec![Effect::Perform(Request::TryDelivery { delivery, body: Some(body) })]
            }
        }
    }
}
