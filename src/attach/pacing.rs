//! When a console draws and queries: at once after a key press, and at bounded intervals for what changes by itself.

use std::time::Duration;

use tokio::time::Instant;

use crate::console::Event;
use crate::domain::change::Change;

/// Two frames are at least this far apart.
pub(super) const MIN_FRAME_INTERVAL: Duration = Duration::from_millis(33);
/// Changes are gathered this long before the console queries again.
pub(super) const GATHER_TIME: Duration = Duration::from_millis(80);
/// How many answers to a key press are drawn at once.
pub(super) const IMMEDIATE_ANSWERS: u8 = 4;

/// When the next frame is drawn.
pub(super) struct Frames {
    /// A frame is drawn at once, because somebody did something.
    pub(super) at_once: bool,
    /// A frame is drawn when the line has rested, because something changed by itself.
    pub(super) changed: bool,
    /// The surface has not taken the last frame yet.
    pub(super) busy: bool,
    pub(super) drawn_at: Instant,
    pub(super) rests_until: Instant,
    /// How many more answers to the last key press are drawn at once.
    pub(super) immediate_answers: u8,
}

impl Frames {
    pub(super) fn due(&self) -> Instant {
        let next = self.drawn_at + MIN_FRAME_INTERVAL;
        if self.at_once { next } else { next.max(self.rests_until) }
    }

    pub(super) fn is_pending(&self) -> bool {
        (self.at_once || self.changed) && !self.busy
    }

    /// Returns `true` if the events hold one of the first answers to what somebody did: it is drawn at once, too.
    pub(super) fn answers_somebody(&mut self, events: &[Event]) -> bool {
        let answers = events
            .iter()
            .any(|event| matches!(event, Event::Performed { .. } | Event::WantsYes { .. } | Event::Answered { .. }));
        let at_once = answers && self.immediate_answers > 0;
        self.immediate_answers -= u8::from(at_once);
        at_once
    }
}

/// Changes that wait for others, so that the console queries once for all of them.
#[derive(Default)]
pub(super) struct GatheredChanges {
    changes: Vec<Change>,
    pub(super) until: Option<Instant>,
}

impl GatheredChanges {
    pub(super) fn add(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
        self.until.get_or_insert_with(|| Instant::now() + GATHER_TIME);
    }

    pub(super) fn take(&mut self) -> Vec<Event> {
        self.until = None;
        self.changes.drain(..).map(Event::Changed).collect()
    }
}
