//! Handles an event and returns the effects.

use std::time::Duration;

use super::beneath::scene;
use super::commands::custom;
use super::cx::NOTICE;
use super::intent::{Intent, OverlayEvent, Then};
use super::layout::list_room;
use super::overlays::question::Question;
use super::overlays::reading::Reading;
use super::overlays::readings::findings::Findings;
use super::script::ScriptStep;
use crate::console::event::Edit;
use crate::console::{Console, Effect, Event, Focus, PaneId};
use crate::domain::change::Change;
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::request_error::RequestError;
use crate::domain::templates::requests::TemplateRequest;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// Delay between the last key and saving a draft.
const DRAFT: Duration = Duration::from_secs(1);
/// A second ctrl-c within this time quits.
const TWICE: Duration = Duration::from_secs(3);
/// A longer paste, in characters, adds a notice.
const LONG_PASTE: usize = 2_000;

impl Console {
    /// Handles an event. Returns the effects to perform.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        let before = self.cx.pane;
        let effects = self.take_event(event);
        self.cx.chosen.clone_from(&self.panes.connections.list.selected);
        if self.cx.pane != before {
            self.list_mut().show_again();
        }
        // Once the user has moved the cursor, `settle` has no effect, and listing the ids would be wasted.
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
                // A held key before a paste was pressed by hand, so it is handled as a key.
                let held = self.typing.take_held();
                let mut effects = self.press_all(held);
                effects.extend(self.paste(&text));
                effects
            }
            Event::Closing => self.apply_intent(Intent::KeepDrafts),
            Event::Resize { columns, rows } => {
                (self.cx.columns, self.cx.rows) = (columns, rows);
                vec![]
            }
            Event::Time(now) => self.time(now),
            Event::Changed(change) => self.changed(change),
            Event::Actor(actor) => {
                // The new role may allow queries that were not allowed before, so everything is queried again.
                if let Some(role) = actor.role() {
                    self.cx.notice(format!("Your role is now {}.", role.name()), false);
                }
                self.cx.settings.actor = actor;
                self.changed(Change::Everything)
            }
            Event::Answered { query, answer } => {
                let mut effects = self.take_answer(&query, *answer);
                effects.extend(self.handle_held_keys(&query));
                effects
            }
            Event::NotAnswered { query, why } => {
                let mut effects = self.not_answered(&query, &why);
                effects.extend(self.handle_held_keys(&query));
                effects
            }
            Event::Performed { request, result } => self.performed(&request.into_parts().0, &result),
            Event::WantsYes { request, why, then } => self.confirm_before_send(&request.into_parts().0, &why, then),
            Event::Edited { what, text } => {
                let intents = match (what, text) {
                    (_, Err(why)) => vec![Intent::Warn(why.to_string())],
                    (Edit::Draft(thread), Ok(text)) => self.panes.threads.edited(thread, &text),
                    (Edit::Script, Ok(text)) => vec![Intent::Script(ScriptStep::Check(text))],
                    (Edit::Delivery(delivery), Ok(body)) => {
                        vec![Intent::perform(Request::DryRunDelivery { delivery, body: Some(body) })]
                    }
                };
                self.carry(intents)
            }
            Event::Uploaded { path, result } => self.notify_overlay(&OverlayEvent::Uploaded(&path, &result)),
            Event::Completed { path, to, choices } => {
                self.notify_overlay(&OverlayEvent::Completed(&path, &to, &choices))
            }
            Event::CommandEnded { title, result } => {
                let intents = custom::ended(&self.cx, &title, result);
                self.carry(intents)
            }
            Event::Saved(result) => {
                let mut effects = self.notify_overlay(&OverlayEvent::Saved(&result));
                effects.extend(self.carry(match result {
                    Ok(path) => {
                        vec![Intent::Notice(format!("Saved as {path}.")), Intent::Effect(Effect::Copy(path))]
                    }
                    Err(why) => vec![Intent::Warn(why.to_string())],
                }));
                effects
            }
        }
    }

    /// Passes an event to the open overlay.
    pub(super) fn notify_overlay(&mut self, event: &OverlayEvent<'_>) -> Vec<Effect> {
        let intents = self.front.update(&scene(&self.cx, &self.panes), event);
        self.carry(intents)
    }

    /// Returns when the console needs the next `Event::Time`: to save drafts, to remove a notice, for the overlay or
    /// the pane, and at the next minute, when ages change.
    pub fn next_tick(&self) -> Timestamp {
        let minute = Timestamp::from_millis((self.cx.now.millis().div_euclid(60_000) + 1) * 60_000);
        let notice = self.cx.notices.last().map(|notice| notice.at.plus(NOTICE)).filter(|at| *at > self.cx.now);
        let draft = self.panes.threads.has_unsaved_drafts().then(|| self.cx.now.plus(DRAFT));
        let pane = self.pane().next_tick(&self.cx);
        let all = [Some(minute), notice, draft, self.front.next_tick(), pane, self.typing.due()];
        all.into_iter().flatten().min().unwrap_or(minute)
    }

    /// Stores the time, and starts what is due: saving drafts, held keys, and ticks.
    fn time(&mut self, now: Timestamp) -> Vec<Effect> {
        let due = self.panes.threads.has_unsaved_drafts() && now.since(self.cx.now) >= DRAFT;
        self.cx.now = now;
        let mut effects = if due { self.apply_intent(Intent::KeepDrafts) } else { vec![] };
        let keys = self.typing.release_held(now);
        effects.extend(self.press_all(keys));
        effects.extend(self.notify_overlay(&OverlayEvent::Tick));
        let mut intents = self.panes.get_mut(self.cx.pane).tick(&self.cx);
        intents.extend(self.panes.threads.renew_presence(&self.cx));
        effects.extend(self.carry(intents));
        effects
    }

    /// Handles ctrl-c: closes the overlay or leaves the composer. A second one saves the drafts and quits.
    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        self.pending.clear();
        self.ahead.clear();
        self.narrowing = None;
        let again = self.cancelled_at.is_some_and(|at| self.cx.now.since(at) < TWICE);
        self.cancelled_at = Some(self.cx.now);
        if again {
            let mut effects = self.apply_intent(Intent::KeepDrafts);
            effects.push(Effect::Quit);
            return effects;
        }
        if !self.front.clear() && self.cx.focus == Focus::Composer {
            self.cx.focus = Focus::Detail;
        }
        self.cx.notice("Press ctrl-c again to quit.", false);
        self.apply_intent(Intent::KeepDrafts)
    }

    /// Handles pasted text: it goes to the overlay or the composer, and is dropped elsewhere.
    fn paste(&mut self, text: &str) -> Vec<Effect> {
        match self.front.takes_text() {
            Some(true) => {
                let intents = self.front.paste(&scene(&self.cx, &self.panes), text);
                return self.carry(intents);
            }
            None if self.cx.focus == Focus::Composer => {}
            _ => {
                // Pasted text is never handled as keys.
                self.cx.notice("Pasted text runs no commands. Press c to write, then paste.", true);
                return vec![];
            }
        }
        let cut = self.panes.threads.composer_mut().is_some_and(|composer| composer.paste(text));
        let count = text.chars().count();
        if cut {
            self.cx.notice("The pasted text was cut: a draft holds up to 60 KB.", true);
        } else if count > LONG_PASTE {
            self.cx.notice(format!("Pasted {count} characters. Nothing is sent until you send it."), false);
        }
        vec![]
    }

    /// Passes the result of a request to the open overlay, then to the pane that handles it.
    fn performed(&mut self, request: &Request, result: &Result<Done, RequestError>) -> Vec<Effect> {
        let mut effects = self.notify_overlay(&OverlayEvent::Performed(request, result));
        if self.cx.script_answered(request, result.as_ref().err().map(ToString::to_string).as_deref()) {
            effects.extend(self.carry(vec![Reading::open(Findings)]));
        }
        let of_pane = |pane| self.panes.get_mut(pane).performed(&self.cx, request, result);
        let intents = PaneId::ALL.into_iter().find_map(of_pane).unwrap_or_else(|| notice_for(request, result));
        effects.extend(self.carry(intents));
        effects
    }

    /// Shows the confirmation that a rule requires before a message is sent. A form stays open behind the question.
    fn confirm_before_send(&mut self, request: &Request, why: &str, then: Request) -> Vec<Effect> {
        self.cx.script_answered(request, Some(why));
        let question = format!("{} Send it anyway?", clean_line(why));
        let question = Box::new(Question::new(question, Then::Perform(then)));
        let intents = self.front.cover(&scene(&self.cx, &self.panes), question);
        self.carry(intents)
    }
}

/// Returns the notice for a result that no pane handles.
fn notice_for(request: &Request, result: &Result<Done, RequestError>) -> Vec<Intent> {
    match (request, result) {
        (
            Request::OpenMedia { .. } | Request::Template(TemplateRequest::Sample { .. }),
            Ok(Done { message: said, created_id: Some(path) }),
        ) => vec![Intent::Notice(said.clone()), Intent::Effect(Effect::Copy(path.clone()))],
        (_, Ok(done)) => vec![Intent::Notice(done.message.clone())],
        (_, Err(why)) => vec![Intent::Warn(why.to_string())],
    }
}
