//! From an event to what follows from it.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::chord::Chord;
use super::command::{CommandSpec, Danger, Scope};
use super::keys::Meaning;
use super::overlay::{Overlay, Purpose};
use super::{Console, Effect, Event, Focus, Pane};
use crate::domain::request::{Done, Request};
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;

/// How long a notice stands in the last line.
const NOTICE: Duration = Duration::from_secs(6);
/// How soon after the last key a draft is kept.
const DRAFT: Duration = Duration::from_secs(1);
/// A second ctrl-c within this time leaves.
const TWICE: Duration = Duration::from_secs(3);
/// A paste that is longer is mentioned.
const LONG_PASTE: usize = 2_000;

impl Console {
    /// Takes one event in, and says what is wanted.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => vec![],
            Event::Key(key) => self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Resize { columns, rows } => {
                (self.columns, self.rows) = (columns, rows);
                vec![]
            }
            Event::Time(now) => self.time(now),
            Event::Changed(change) => self.changed(change),
            Event::Answered { query, answer } => self.take_answer(&query, *answer),
            Event::NotAnswered { query, why } => self.not_answered(&query, why),
            Event::Performed { request, result } => self.performed(&request, result),
        }
    }

    /// When the console wants to be told the time: for what is written and not kept, for a notice
    /// that has stood long enough, and at the next minute, when ages change.
    pub fn next_tick(&self) -> Timestamp {
        let minute = Timestamp::from_millis((self.now.millis().div_euclid(60_000) + 1) * 60_000);
        let notice = self.notices.last().map(|notice| notice.at.plus(NOTICE)).filter(|at| *at > self.now);
        let draft = self.has_unsaved_drafts().then(|| self.now.plus(DRAFT));
        [Some(minute), notice, draft].into_iter().flatten().min().unwrap_or(minute)
    }

    /// The notice that stands in the last line now.
    pub(super) fn standing_notice(&self) -> Option<&super::Notice> {
        self.notices.last().filter(|notice| self.now.since(notice.at) < NOTICE)
    }

    fn time(&mut self, now: Timestamp) -> Vec<Effect> {
        let due = self.has_unsaved_drafts() && now.since(self.now) >= DRAFT;
        self.now = now;
        if due { self.keep_drafts() } else { vec![] }
    }

    /// Where keys mean something, the nearest first.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        match (self.focus, self.pane) {
            (Focus::Composer, _) => vec![Scope::Composer],
            (Focus::Detail, Pane::Threads) => vec![Scope::Messages, Scope::Pane(Pane::Threads), Scope::Everywhere],
            (Focus::Detail, pane) => vec![Scope::Detail, Scope::Pane(pane), Scope::Everywhere],
            (Focus::List, pane) => vec![Scope::Pane(pane), Scope::List, Scope::Everywhere],
        }
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let chord = Chord::of(&key);
        if key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL {
            return self.cancel();
        }
        if self.overlay.is_some() {
            return self.overlay_key(key, chord);
        }
        self.pending.push(chord);
        match self.settings.keymap.meaning(&self.pending, &self.scopes()) {
            Meaning::Command(spec) => {
                self.pending.clear();
                self.start(spec)
            }
            Meaning::Begun if self.focus != Focus::Composer => vec![],
            Meaning::Begun | Meaning::Nothing => {
                self.pending.clear();
                if self.focus == Focus::Composer
                    && let Some(composer) = self.composer_mut()
                {
                    composer.key(key);
                }
                vec![]
            }
        }
    }

    /// Runs a command, or says why it cannot run now, or asks first.
    pub(super) fn start(&mut self, spec: &'static CommandSpec) -> Vec<Effect> {
        if let Err(why) = (spec.ready)(self) {
            self.notice(why, true);
            return vec![];
        }
        match spec.danger {
            Danger::None => (spec.run)(self),
            Danger::Asks(question) => {
                self.overlay = Some(Overlay::Confirm { question: question(self), command: spec });
                vec![]
            }
        }
    }

    /// ctrl-c takes back what has been begun; twice it leaves, and what was written is kept.
    fn cancel(&mut self) -> Vec<Effect> {
        self.pending.clear();
        let again = self.cancelled_at.is_some_and(|at| self.now.since(at) < TWICE);
        self.cancelled_at = Some(self.now);
        if again {
            let mut effects = self.keep_drafts();
            effects.push(Effect::Quit);
            return effects;
        }
        if self.overlay.take().is_none() && self.focus == Focus::Composer {
            self.focus = Focus::Detail;
        }
        self.notice("Press ctrl-c again to leave.", false);
        self.keep_drafts()
    }

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        if let Some(Overlay::Line { typed, .. } | Overlay::Palette { typed, .. }) = &mut self.overlay {
            typed.extend(text.chars().filter(|c| !c.is_control()).take(200));
            return self.typed_in_overlay();
        }
        if self.focus != Focus::Composer || self.overlay.is_some() {
            // Pasted text never runs as keys.
            self.notice("Pasted text is not run as keys. Press c to write, then paste.", true);
            return vec![];
        }
        let cut = self.composer_mut().is_some_and(|composer| composer.paste(text));
        if cut {
            self.notice("The paste was cut: a draft holds 60 KB.", true);
        } else if text.chars().count() > LONG_PASTE {
            self.notice(
                format!("{} characters were pasted. Nothing is sent before you send it.", text.chars().count()),
                false,
            );
        }
        vec![]
    }

    fn overlay_key(&mut self, key: KeyEvent, chord: Chord) -> Vec<Effect> {
        let Some(overlay) = &mut self.overlay else { return vec![] };
        match overlay {
            Overlay::Confirm { command, .. } => {
                let command = *command;
                match chord.typed() {
                    Some('y' | 'Y') => {
                        self.overlay = None;
                        // What it is about may have changed while the question stood.
                        match (command.ready)(self) {
                            Ok(()) => (command.run)(self),
                            Err(why) => {
                                self.notice(why, true);
                                vec![]
                            }
                        }
                    }
                    _ if key.code == KeyCode::Esc || matches!(chord.typed(), Some('n' | 'N' | 'q')) => {
                        self.overlay = None;
                        vec![]
                    }
                    _ => vec![],
                }
            }
            Overlay::Palette { typed, at, all } => {
                let (words, position, all) = (typed.clone(), *at, *all);
                match key.code {
                    KeyCode::Esc => self.overlay = None,
                    KeyCode::Up => *at = at.saturating_sub(1),
                    KeyCode::Down => *at += 1,
                    KeyCode::Backspace => {
                        typed.pop();
                        *at = 0;
                    }
                    KeyCode::Enter => {
                        let found = self.found(&words, all);
                        self.overlay = None;
                        if let Some(spec) = found.get(position.min(found.len().saturating_sub(1))) {
                            return self.start(spec);
                        }
                    }
                    _ => {
                        if let Some(letter) = chord.typed() {
                            typed.push(letter);
                            *at = 0;
                        }
                    }
                }
                let count = match &self.overlay {
                    Some(Overlay::Palette { typed, all, .. }) => self.found(typed, *all).len(),
                    _ => 0,
                };
                if let Some(Overlay::Palette { at, .. }) = &mut self.overlay {
                    *at = (*at).min(count.saturating_sub(1));
                }
                vec![]
            }
            Overlay::Line { typed, purpose, .. } => {
                match key.code {
                    KeyCode::Esc => {
                        let filter = *purpose == Purpose::Filter;
                        self.overlay = None;
                        if filter && !self.list().filter.is_empty() {
                            self.list_mut().filter.clear();
                            return self.ask(self.query_of(self.pane));
                        }
                        return vec![];
                    }
                    KeyCode::Enter => {
                        let (typed, purpose) = (std::mem::take(typed), purpose.clone());
                        self.overlay = None;
                        return purpose.done(typed);
                    }
                    KeyCode::Backspace => {
                        typed.pop();
                    }
                    _ => {
                        if let Some(letter) = chord.typed().filter(|_| typed.chars().count() < 200) {
                            typed.push(letter);
                        }
                    }
                }
                self.typed_in_overlay()
            }
            Overlay::Reading { what, scroll } => {
                let what = *what;
                // A message is read from its beginning, everything else from its end.
                let down = matches!(what, super::overlay::Reading::Message(_));
                match (key.code, chord.typed()) {
                    (KeyCode::Esc, _) | (_, Some('q' | 'L' | 'N' | 'i')) => self.overlay = None,
                    (KeyCode::Up, _) | (_, Some('k')) => {
                        *scroll = scroll.saturating_add_signed(if down { -1 } else { 1 });
                    }
                    (KeyCode::Down, _) | (_, Some('j')) => {
                        *scroll = scroll.saturating_add_signed(if down { 1 } else { -1 });
                    }
                    (KeyCode::PageUp, _) => *scroll = scroll.saturating_add_signed(if down { -10 } else { 10 }),
                    (KeyCode::PageDown, _) => *scroll = scroll.saturating_add_signed(if down { 10 } else { -10 }),
                    _ => {}
                }
                let lines = self.reading_lines(what).len();
                if let Some(Overlay::Reading { scroll, .. }) = &mut self.overlay {
                    *scroll = (*scroll).min(lines.saturating_sub(1));
                }
                vec![]
            }
        }
    }

    /// A filter narrows while it is typed.
    fn typed_in_overlay(&mut self) -> Vec<Effect> {
        let Some(Overlay::Line { typed, purpose: Purpose::Filter, .. }) = &self.overlay else { return vec![] };
        let typed = typed.clone();
        if self.list().filter == typed {
            return vec![];
        }
        self.list_mut().filter = typed;
        self.list_mut().go_top();
        self.ask(self.query_of(self.pane))
    }

    fn performed(&mut self, request: &Request, result: Result<Done, String>) -> Vec<Effect> {
        match (request, result) {
            (Request::SaveDraft { thread, .. }, Err(why)) => {
                // It is still here, and is tried again.
                if let Some(composer) = self.composers.get_mut(thread) {
                    composer.dirty = true;
                }
                self.notice(format!("The draft could not be kept: {why}"), true);
            }
            (Request::SaveDraft { .. } | Request::MarkRead { .. }, Ok(_)) => {}
            (Request::SendText { thread, text, .. }, Ok(done)) => {
                // Only what was sent is taken out: more may have been written meanwhile.
                if let Some(composer) = self.composers.get_mut(thread).filter(|composer| composer.text() == *text) {
                    composer.clear();
                }
                self.notice(done.said, false);
            }
            (_, Ok(done)) => self.notice(done.said, false),
            (_, Err(why)) => self.notice(why, true),
        }
        vec![]
    }

    /// The thread that commands are about: the open one, else the one under the cursor.
    pub(super) fn thread_at_hand(&self) -> Option<&ThreadRow> {
        match (self.focus, &self.open) {
            (Focus::List, _) => self.selected_thread(),
            (_, Some(open)) => open.row.as_ref(),
            (_, None) => None,
        }
    }
}
