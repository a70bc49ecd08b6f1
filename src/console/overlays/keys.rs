//! Keys while something stands in front.

use crate::console::commands::ready;
use crate::console::input::chord::Chord;
use crate::console::input::{KeyCode, KeyEvent, KeyModifiers, Typed, clean_paste};
use crate::console::overlays::{Overlay, Purpose, Reading, Then};
use crate::console::{Console, Effect};
use crate::domain::refusal::Done;
use crate::domain::request::Request;

/// Filters that are kept to be recalled.
const MAX_FILTERS: usize = 50;

impl Console {
    pub(in crate::console) fn overlay_key(&mut self, key: KeyEvent, chord: Chord) -> Vec<Effect> {
        let faulty = self.filter_fault().is_some();
        let Some(overlay) = &mut self.overlay else { return vec![] };
        match overlay {
            Overlay::Confirm { then, .. } => {
                let then = then.clone();
                self.confirm_key(key, chord, then)
            }
            Overlay::Palette { typed, at, all } => {
                let (words, position, all) = (typed.text().to_owned(), *at, *all);
                match key.code {
                    KeyCode::Esc => self.overlay = None,
                    KeyCode::Up => *at = at.saturating_sub(1),
                    KeyCode::Down => *at += 1,
                    KeyCode::Enter => {
                        let found = self.found(&words, all);
                        let destination = self.destination(&words);
                        self.overlay = None;
                        // What is named stands above the commands.
                        let position = match destination {
                            Some(destination) if position == 0 => return self.go_to(destination),
                            Some(_) => position - 1,
                            None => position,
                        };
                        if let Some(spec) = found.get(position.min(found.len().saturating_sub(1))) {
                            return self.start(spec);
                        }
                    }
                    _ => {
                        if typed.key(&key) == Typed::Changed {
                            *at = 0;
                        }
                    }
                }
                let count = match &self.overlay {
                    Some(Overlay::Palette { typed, all, .. }) => {
                        self.found(typed.text(), *all).len() + usize::from(self.destination(typed.text()).is_some())
                    }
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
                        if filter && !self.pane().list().filter.is_empty() {
                            self.list_mut().filter.clear();
                            return self.ask_rows(self.cx.pane);
                        }
                        return vec![];
                    }
                    // The fault stands under the field; the list is as it was.
                    KeyCode::Enter if faulty => return vec![],
                    KeyCode::Enter => {
                        let (typed, purpose) = (typed.text().to_owned(), purpose.clone());
                        if purpose == Purpose::Filter {
                            self.keep_filter(&typed);
                        }
                        self.overlay = purpose.question(&typed);
                        return vec![];
                    }
                    _ => {
                        typed.key(&key);
                    }
                }
                self.typed_in_overlay()
            }
            Overlay::Form(_) => self.form_key(key),
            Overlay::Finder(_) => self.finder_key(key),
            Overlay::Picture(_) => {
                self.overlay = None;
                self.loaded.picture = None;
                vec![]
            }
            Overlay::Editor(area) => {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Char('s') if control => {
                        let text = area.lines().join("\n");
                        self.overlay = None;
                        return self.script_is_back(text);
                    }
                    KeyCode::Esc => {
                        // What was written is kept for the next time.
                        let text = area.lines().join("\n");
                        if let Some(script) = &mut self.cx.script {
                            script.text = text;
                        }
                        self.overlay = None;
                    }
                    _ => drop(area.input(key)),
                }
                vec![]
            }
            Overlay::Reading { what, .. } => {
                let what = *what;
                let down = what.reads_down();
                if what == Reading::Findings
                    && let Some(letter) = chord.typed()
                    && let Some(effects) = self.finding_key(letter)
                {
                    return effects;
                }
                let Some(Overlay::Reading { scroll, .. }) = &mut self.overlay else { return vec![] };
                match (key.code, chord.typed()) {
                    (KeyCode::Esc, _) | (_, Some('q' | 'N' | 'i' | 'w' | 'M')) => self.overlay = None,
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

    /// A filter that was applied can be recalled.
    fn keep_filter(&mut self, typed: &str) {
        self.filters.retain(|known| known != typed);
        if !typed.trim().is_empty() {
            self.filters.push(typed.to_owned());
        }
        if self.filters.len() > MAX_FILTERS {
            self.filters.remove(0);
        }
    }

    /// A filter narrows while it is typed.
    pub(in crate::console) fn typed_in_overlay(&mut self) -> Vec<Effect> {
        if matches!(self.overlay, Some(Overlay::Finder(_))) {
            return self.finder_asks();
        }
        let Some(Overlay::Line { typed, purpose: Purpose::Filter, .. }) = &self.overlay else { return vec![] };
        let typed = typed.text().to_owned();
        if self.pane().list().filter == typed || self.filter_fault().is_some() {
            return vec![];
        }
        self.list_mut().filter = typed;
        self.narrowed()
    }

    pub(in crate::console) fn said_yes(&mut self, then: Then) -> Vec<Effect> {
        self.overlay = None;
        match then {
            Then::Perform(request) => vec![Effect::Perform(request)],
            // What it is about may have changed while the question stood.
            Then::Command(command) => match ready(&self.panes, &self.cx, command) {
                Ok(()) => self.run(command),
                Err(why) => {
                    self.cx.notice(why, true);
                    vec![]
                }
            },
        }
    }

    fn form_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if key.code == KeyCode::Tab
            && let Some(effects) = self.complete_path()
        {
            return effects;
        }
        let Some(Overlay::Form(form)) = &mut self.overlay else { return vec![] };
        let last = form.fields.len().saturating_sub(1);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => {
                // What was begun is kept for the next time, but for files.
                if let Some(Overlay::Form(form)) = self.overlay.take() {
                    self.begun_form = Some(*form).filter(|form| form.kind.is_kept());
                }
            }
            KeyCode::Char('s') if control => return self.submit_form(),
            KeyCode::Enter if form.at == last && !form.kind.needs_ctrl_s() => return self.submit_form(),
            KeyCode::Enter if form.at == last => {
                // A sentence ends with enter, and no sentence holds ctrl-s.
                form.at = 0;
                self.cx.notice("Press ctrl-s to submit; enter goes to the next field.", false);
                return self.look_at_file();
            }
            KeyCode::Enter | KeyCode::Down | KeyCode::Tab => {
                form.at = if form.at == last { 0 } else { form.at + 1 };
                return self.look_at_file();
            }
            KeyCode::Up | KeyCode::BackTab => {
                form.at = form.at.checked_sub(1).unwrap_or(last);
                return self.look_at_file();
            }
            _ => form.edit(&key),
        }
        vec![]
    }

    /// The answer to a form that waits: gone when it was done, with the reason when it was not.
    /// A rule asks before a message goes. What was written stays where it is, a form behind the question.
    pub(in crate::console) fn wants_yes(&mut self, request: &Request, why: &str, then: Request) {
        self.script_answered(request, Some(why));
        let question = format!("{} Send it anyway?", crate::domain::text::clean_line(why));
        let ask = Overlay::Confirm { question, then: Then::Perform(then) };
        self.behind = match self.overlay.replace(ask) {
            Some(Overlay::Form(form)) if form.waits => Some(form),
            _ => None,
        };
    }

    pub(in crate::console) fn answer_form(&mut self, result: &Result<Done, String>) {
        let Some(Overlay::Form(form)) = &mut self.overlay else { return };
        if !form.waits {
            return;
        }
        match result {
            Ok(_) => self.overlay = None,
            Err(why) => {
                form.waits = false;
                form.fault = Some(crate::domain::text::clean_line(why));
            }
        }
    }

    fn finder_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Overlay::Finder(finder)) = &mut self.overlay else { return vec![] };
        match key.code {
            KeyCode::Esc => self.overlay = None,
            KeyCode::Enter => return self.finder_picks(),
            KeyCode::Up => finder.at = finder.at.saturating_sub(1),
            KeyCode::Down => finder.at += 1,
            KeyCode::PageUp => finder.at = finder.at.saturating_sub(10),
            KeyCode::PageDown => finder.at += 10,
            _ => {
                if finder.typed.key(&key) == Typed::Changed {
                    finder.at = 0;
                    return self.finder_asks();
                }
            }
        }
        if let Some(Overlay::Finder(finder)) = &self.overlay {
            let count = self.finder_rows(finder).len();
            if let Some(Overlay::Finder(finder)) = &mut self.overlay {
                finder.at = finder.at.min(count.saturating_sub(1));
            }
        }
        vec![]
    }

    /// Pasted into what stands in front, where it takes words. `false` where it does not.
    pub(in crate::console) fn paste_in_overlay(&mut self, text: &str) -> bool {
        match &mut self.overlay {
            Some(
                Overlay::Line { typed, .. }
                | Overlay::Palette { typed, .. }
                | Overlay::Finder(crate::console::overlays::finder_kind::Finder { typed, .. }),
            ) => {
                typed.paste(text);
                true
            }
            Some(Overlay::Form(form)) => {
                form.paste(text);
                true
            }
            Some(Overlay::Editor(area)) => {
                area.insert_str(clean_paste(text).replace('\t', "  "));
                true
            }
            _ => false,
        }
    }
}
