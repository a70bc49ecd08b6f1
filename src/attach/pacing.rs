//! Decides when a console draws and queries: at once after user input, and at limited intervals for changes by
//! others.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::console::Event;
use crate::domain::change::Change;

/// Minimum time between two frames.
pub(super) const MIN_FRAME_INTERVAL: Duration = Duration::from_millis(33);
/// Time during which changes are collected before the console queries again.
pub(super) const GATHER_TIME: Duration = Duration::from_millis(80);
/// The same while changes follow one another without a pause.
const BUSY_GATHER_TIME: Duration = Duration::from_millis(500);
/// Answers to one key press that are drawn at once.
pub(super) const IMMEDIATE_ANSWERS: u8 = 4;

/// Decides when the next frame is drawn.
pub(super) struct Frames {
    /// A frame is due at once, because the user did something.
    pub(super) is_immediate: bool,
    /// A frame is due when the rate limit allows it, because of a change by others.
    pub(super) changed: bool,
    /// The surface has not displayed the last frame yet.
    pub(super) busy: bool,
    pub(super) drawn_at: Instant,
    /// The rate limit for changes by others: the next frame is not drawn before this time.
    pub(super) not_before: Instant,
    /// Remaining answers to the last key press that are drawn at once.
    pub(super) immediate_answers: u8,
}

impl Frames {
    /// Returns when the next frame may be drawn.
    pub(super) fn due(&self) -> Instant {
        let next = self.drawn_at + MIN_FRAME_INTERVAL;
        if self.is_immediate { next } else { next.max(self.not_before) }
    }

    /// Returns `true` if a frame is due and the surface is ready for it.
    pub(super) fn is_pending(&self) -> bool {
        (self.is_immediate || self.changed) && !self.busy
    }

    /// Returns `true` if the events contain one of the first answers to the user's last input, which are drawn at
    /// once.
    pub(super) fn contains_immediate_answer(&mut self, events: &[Event]) -> bool {
        let has_answer = events
            .iter()
            .any(|event| matches!(event, Event::Performed { .. } | Event::WantsYes { .. } | Event::Answered { .. }));
        let is_immediate = has_answer && self.immediate_answers > 0;
        self.immediate_answers -= u8::from(is_immediate);
        is_immediate
    }
}

/// Changes that are collected, so that the console queries once for all of them.
#[derive(Default)]
pub(super) struct GatheredChanges {
    changes: Vec<Change>,
    seen: HashSet<Change>,
    /// When the collected changes are passed on. `None` if there are none.
    pub(super) until: Option<Instant>,
    /// When changes were passed on last.
    passed_on: Option<Instant>,
}

impl GatheredChanges {
    pub(super) fn add(&mut self, change: Change) {
        if self.seen.insert(change) {
            self.changes.push(change);
        }
        if self.until.is_none() {
            let now = Instant::now();
            let is_busy = self.passed_on.is_some_and(|at| now < at + GATHER_TIME);
            self.until = Some(now + if is_busy { BUSY_GATHER_TIME } else { GATHER_TIME });
        }
    }

    /// Passes changes on soon if a request of the user has ended, because they may contain its result.
    pub(super) fn hurry_after(&mut self, events: &[Event]) {
        if events.iter().any(|event| matches!(event, Event::Performed { .. })) {
            self.passed_on = None;
            self.until = self.until.map(|until| until.min(Instant::now() + GATHER_TIME));
        }
    }

    /// Returns the collected changes and those that have arrived since.
    pub(super) fn take(&mut self, arrived: impl FnMut() -> Option<Change>) -> Vec<Event> {
        for change in std::iter::from_fn(arrived) {
            self.add(change);
        }
        self.until = None;
        self.passed_on = Some(Instant::now());
        self.seen.clear();
        self.changes.drain(..).map(Event::Changed).collect()
    }
}
