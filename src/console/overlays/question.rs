//! Questions in front, and what answers them: never a letter that was meant for something else.

use std::time::Duration;

use crate::console::command::Scope;
use crate::console::input::chord::Chord;
use crate::console::input::{KeyCode, KeyEvent, KeyModifiers};
use crate::console::overlays::{Overlay, Then};
use crate::console::{Console, Effect};

/// A question is answered by `y` this long after it was asked and after any other key. People type
/// sentences faster than that.
const CONSIDERED: Duration = Duration::from_millis(600);

impl Console {
    /// The form that sends waits on behind the question while its request is done.
    fn said_yes_to(&mut self, then: Then) -> Vec<Effect> {
        let form = self.behind.take();
        let effects = self.said_yes(then);
        if let Some(form) = form {
            self.overlay = Some(Overlay::Form(form));
        }
        effects
    }

    /// Back to what stood behind the question.
    fn leave_question(&mut self) {
        self.overlay = self.behind.take().map(|mut form| {
            form.waits = false;
            Overlay::Form(form)
        });
    }

    /// Notes when a question came up, so that a letter that was meant for something else does not answer it.
    pub(in crate::console) fn note_question(&mut self) {
        if !matches!(self.overlay, Some(Overlay::Confirm { .. })) {
            self.typing.asked_at = None;
        } else if self.typing.asked_at.is_none() {
            self.typing.asked_at = Some(self.cx.now);
        }
    }

    /// A key under a question. `y` does it, once the question has stood for a moment without another key;
    /// ctrl-y does it at once, since no sentence holds it.
    pub(in crate::console) fn confirm_key(&mut self, key: KeyEvent, chord: Chord, then: Then) -> Vec<Effect> {
        // A letter is held until none follows: what counts is when it was pressed.
        let pressed_at = self.typing.pressed_at().unwrap_or(self.cx.now);
        let asked_at = self.typing.asked_at.replace(pressed_at);
        // Leaving can be taken back by coming again.
        let grave = !matches!(&then, Then::Command(spec) if spec.scope == Scope::Everywhere);
        let considered = !grave || asked_at.is_some_and(|at| pressed_at.since(at) >= CONSIDERED);
        let at_once = key.code == KeyCode::Char('y') && key.modifiers == KeyModifiers::CONTROL;
        match chord.typed() {
            Some('y') if considered => self.said_yes_to(then),
            _ if at_once => self.said_yes_to(then),
            Some('y') => {
                self.cx.notice("Read the question first, then press y, or press ctrl-y at once.", true);
                vec![]
            }
            Some('n' | 'N' | 'q') => {
                self.leave_question();
                vec![]
            }
            Some(_) => {
                self.leave_question();
                self.cx.notice("Canceled: only y confirms.", true);
                vec![]
            }
            None => {
                if key.code == KeyCode::Esc {
                    self.leave_question();
                }
                vec![]
            }
        }
    }
}
