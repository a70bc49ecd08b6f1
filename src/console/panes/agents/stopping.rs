//! Stops and resumes agents, and shows what the latest stops canceled.

use crate::console::cx::Cx;
use crate::console::intent::{Intent, OverlayEvent};
use crate::console::overlays::picker::{PickerKind, Row};
use crate::console::overlays::reading::{Reading, Text};
use crate::console::words;
use crate::domain::agents::requests::{AgentQuery, AgentRequest, AgentsAnswer, AgentsView, StopScope, StopView};
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::domain::view::ThreadRow;

/// What can be stopped, with its name.
pub(in crate::console) type Scopes = Vec<(StopScope, String)>;

/// Returns what can be stopped from a thread, the most specific first.
pub(in crate::console) fn scopes_of_thread(row: Option<&ThreadRow>) -> Scopes {
    let thread = row.map(|row| (StopScope::Thread(row.id), format!("the agent of {}", row.contact.display_name())));
    let agent = row.and_then(|row| row.assignment.as_ref()).map(|one| of_agent(&one.agent));
    thread.into_iter().chain(agent).chain([of_all()]).collect()
}

pub(super) fn of_agent(agent: &str) -> (StopScope, String) {
    (StopScope::Agent(agent.to_owned()), format!("{} everywhere", clean_line(agent)))
}

pub(super) fn of_all() -> (StopScope, String) {
    (StopScope::All, "every agent".to_owned())
}

/// Lists what can be stopped or resumed.
#[derive(Debug)]
pub(in crate::console) struct StopPicker {
    scopes: Scopes,
    view: Option<AgentsView>,
}

impl StopPicker {
    /// Creates a picker for these scopes, which are ordered from the most specific.
    pub fn new(scopes: Scopes) -> Self {
        Self { scopes, view: None }
    }

    fn is_stopped(&self, what: &StopScope) -> bool {
        let mut stops = self.view.iter().flat_map(|view| &view.stops);
        stops.any(|stop| stop.what == *what && stop.lifted.is_none())
    }
}

impl PickerKind for StopPicker {
    fn title(&self) -> &'static str {
        "Stop or resume"
    }

    fn empty_text(&self) -> &'static str {
        ""
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Agents)
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Agents(view) = answer {
            self.view = Some((**view).clone());
        }
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        let mut rows = vec![];
        for (number, (what, words)) in self.scopes.iter().enumerate() {
            let stopped = self.is_stopped(what);
            if stopped {
                let head = format!("Resume: {words}");
                rows.push(Row::new(format!("resume {number}"), head, "from the next message on"));
            }
            let head = format!("{}: {words}", if stopped { "Stop again" } else { "Stop" });
            let tail = "cancel replies that have not left yet";
            rows.push(Row { warn: !stopped, ..Row::new(format!("stop {number}"), head, tail) });
        }
        rows.push(Row::new("list", "Canceled replies", "of the last stops, and replies that had already left"));
        rows
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        if row.id == "list" {
            return vec![RecentStops::open()];
        }
        let Some((verb, number)) = row.id.split_once(' ') else { return vec![] };
        let scope = number.parse::<usize>().ok().and_then(|number| self.scopes.get(number));
        let Some(what) = scope.map(|(what, _)| what.clone()) else { return vec![] };
        let request = match verb {
            "resume" => AgentRequest::Resume { what },
            _ => AgentRequest::Stop { what, reason: String::new() },
        };
        let question = format!("{}?", row.head.trim_end_matches('.'));
        vec![Intent::ask_first(question, Request::Agents(request))]
    }
}

/// The replies that the latest stops canceled, and those that had already left.
#[derive(Debug, Default)]
pub(super) struct RecentStops {
    stops: Option<Vec<StopView>>,
}

impl RecentStops {
    /// Opens the list.
    pub fn open() -> Intent {
        Reading::open(Self::default())
    }
}

impl Text for RecentStops {
    fn title(&self) -> &'static str {
        "Canceled replies, and replies that had already left"
    }

    fn opened(&mut self, _: &Cx) -> Vec<Intent> {
        vec![Intent::Ask(Query::Agent(AgentQuery::Stops { limit: 20 }))]
    }

    fn update(&mut self, _: &Cx, event: &OverlayEvent<'_>) -> Vec<Intent> {
        if let OverlayEvent::Answered(Query::Agent(AgentQuery::Stops { .. }), Answer::Agent(answer)) = event
            && let AgentsAnswer::Stops(stops) = &**answer
        {
            self.stops = Some(stops.clone());
        }
        vec![]
    }

    fn lines(&self, cx: &Cx) -> Vec<String> {
        let Some(stops) = &self.stops else { return vec!["Loading …".into()] };
        let mut lines = vec![];
        for stop in stops {
            let until = match &stop.lifted {
                None => "active".to_owned(),
                Some((by, at)) => format!("lifted {} by {}", words::exact(*at, cx.zone()), clean_line(by)),
            };
            let at = words::exact(stop.at, cx.zone());
            lines.push(format!("{at}  {} by {} ({until})", stop.what.words(), clean_line(&stop.by)));
            lines.push(format!("  {} run(s) canceled", stop.runs));
            for (what, list) in [("canceled", &stop.caught), ("already left", &stop.departed)] {
                if list.is_empty() {
                    lines.push(format!("  {what:<13}none"));
                }
                for one in list {
                    let said = format!("{} to {}: {}", one.entry, clean_line(&one.contact), one.text.line());
                    lines.push(format!("  {what:<13}{said}"));
                }
            }
            lines.push(String::new());
        }
        if lines.is_empty() { vec!["No stops.".into()] } else { lines }
    }
}
