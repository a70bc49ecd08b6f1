//! Shows the log or the calls of an endpoint, and refreshes them while they are open.

use std::time::Duration;

use super::pickers::FETCHING;
use crate::console::cx::Cx;
use crate::console::intent::{Intent, OverlayEvent};
use crate::console::overlays::reading::Text;
use crate::console::words;
use crate::domain::flow::{FlowAnswer, FlowLogLine, FlowQuery};
use crate::domain::query::{Answer, Query};
use crate::domain::time::Timestamp;

/// Interval at which an open log is queried.
const FOLLOW: Duration = Duration::from_secs(5);

/// The log or the calls of an endpoint.
#[derive(Debug)]
pub(super) struct EndpointLog {
    query: Query,
    asked_at: Option<Timestamp>,
    lines: Option<Vec<FlowLogLine>>,
}

impl EndpointLog {
    pub fn new(query: FlowQuery) -> Self {
        Self { query: Query::Flow(query), asked_at: None, lines: None }
    }
}

impl Text for EndpointLog {
    fn title(&self) -> &'static str {
        "Endpoint"
    }

    fn opened(&mut self, cx: &Cx) -> Vec<Intent> {
        self.asked_at = Some(cx.now);
        vec![Intent::Ask(self.query.clone())]
    }

    fn next_tick(&self) -> Option<Timestamp> {
        self.asked_at.map(|at| at.plus(FOLLOW))
    }

    fn update(&mut self, cx: &Cx, event: &OverlayEvent<'_>) -> Vec<Intent> {
        match event {
            OverlayEvent::Answered(query, Answer::Flow(told)) if **query == self.query => {
                if let FlowAnswer::Lines(lines) = &told.value {
                    self.lines = Some(lines.clone());
                }
            }
            OverlayEvent::Tick if self.asked_at.is_some_and(|at| cx.now.since(at) >= FOLLOW) => {
                return self.opened(cx);
            }
            _ => {}
        }
        vec![]
    }

    fn lines(&self, cx: &Cx) -> Vec<String> {
        let Some(lines) = &self.lines else { return vec![FETCHING.to_owned()] };
        let line = |line: &FlowLogLine| {
            let at = line.at.map(|at| words::clock_to_the_second(at, cx.zone())).unwrap_or_default();
            let sign = if line.bad { cx.settings.theme.pick("✗", "x") } else { " " };
            format!("{at} {sign} {}  {}", line.level, line.said.line())
        };
        if lines.is_empty() { vec!["No log entries.".to_owned()] } else { lines.iter().map(line).collect() }
    }
}
