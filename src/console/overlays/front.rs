//! What stands in front says: destinations and commands of the palette, faults of a filter, lines of a text.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::console::command::CommandSpec;
use crate::console::commands::table;
use crate::console::thread::facts::message_facts;
use crate::console::{Console, Effect};
use crate::domain::contacts::thread_name::ThreadName;
use crate::domain::filter::Filter;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::lookup::find_connection;
use crate::domain::query::Query;
use crate::domain::request::Request;

use crate::console::overlays::{Destination, Overlay, Purpose, Reading, Then};

impl Console {
    /// Asks before a request that was picked is made.
    pub(in crate::console) fn ask_first(&mut self, question: String, request: Request) {
        self.overlay = Some(Overlay::Confirm { question, then: Then::Perform(request) });
    }

    /// Where what is typed leads, where it names something: a connection by any of its names, else a thread by its
    /// id or its contact's number.
    pub(in crate::console) fn destination(&self, typed: &str) -> Option<Destination> {
        let typed = typed.trim();
        let list = self.cx.connections.iter().flat_map(|list| &list.connected);
        let connections: Vec<Connection> = list.map(|row| row.connection.clone()).collect();
        if let Ok(one) = find_connection(&connections, typed) {
            return Some(Destination::Connection(one.id, one.name.clone()));
        }
        ThreadName::read(typed).ok().map(|_| Destination::Thread(typed.to_owned()))
    }

    /// Goes there. What the engine has to look for is gone to when it is found.
    pub(in crate::console) fn go_to(&mut self, destination: Destination) -> Vec<Effect> {
        match destination {
            Destination::Thread(text) => {
                let query = Query::FindThread { text, connection: None };
                self.cx.awaited = Some(query.clone());
                self.ask(query)
            }
            Destination::Connection(id, _) => self.go_to_connection(id),
        }
    }

    /// Commands that fit what is typed: those that are valid here, best first; with `all`, also those
    /// of other places that can be gone to.
    pub(in crate::console) fn found(&self, typed: &str, all: bool) -> Vec<&'static CommandSpec> {
        let scopes = self.scopes();
        let valid = table().filter(|spec| scopes.contains(&spec.scope));
        if typed.trim().is_empty() {
            // The nearest first: what is special here before what is valid everywhere.
            let mut specs: Vec<_> = valid.collect();
            let rank = |spec: &CommandSpec| scopes.iter().position(|scope| *scope == spec.scope);
            specs.sort_by_key(|spec| rank(spec));
            return specs;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = vec![];
        let mut scored: Vec<(u32, &'static CommandSpec)> = valid
            .filter_map(|spec| {
                let text = format!("{} {} {}", spec.title, spec.id, if all { "" } else { spec.help });
                Some((pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?, spec))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, spec)| spec).collect()
    }

    /// Why what is typed as a filter cannot be read.
    pub(in crate::console) fn filter_fault(&self) -> Option<String> {
        let Some(Overlay::Line { typed, purpose: Purpose::Filter, .. }) = &self.overlay else { return None };
        self.pane().check_filter(&self.cx, typed.text()).err()
    }

    /// Whether a filter that was kept cannot be read any more; says so.
    pub(in crate::console) fn refuses_filter(&mut self, text: &str) -> bool {
        let refusal = Filter::read(text, self.cx.now).err();
        if let Some(refusal) = &refusal {
            self.cx.notice(refusal.to_string(), true);
        }
        refusal.is_some()
    }

    /// What stands under the field of a line.
    pub(in crate::console) fn line_hint(&self) -> String {
        let Some(Overlay::Line { purpose: Purpose::Filter, .. }) = &self.overlay else {
            return "enter searches, esc closes".to_owned();
        };
        let takes = self.pane().filter_hint();
        format!("{takes}; enter applies, esc clears")
    }

    /// The lines of a reading overlay.
    pub(in crate::console) fn reading_lines(&self, what: Reading) -> Vec<String> {
        match what {
            Reading::Message(id) => match &self.loaded.message {
                Some(detail) if detail.message.id == id => {
                    let row = self.panes.threads.open.as_ref().and_then(|open| open.row.as_ref());
                    message_facts(&self.cx, row, detail)
                }
                _ => vec!["Loading …".into()],
            },
            Reading::Why => self.why_lines(),
            Reading::Gauges => self.gauge_lines(),
            Reading::Findings => self.finding_lines(),
            Reading::Run => self.run_lines(),
            Reading::Difference => self.difference_lines(),
            Reading::Stops => self.stop_lines(),
            Reading::Flow | Reading::FlowLog => self.panes.flows.lines.clone(),
            Reading::Health(connection) => self.health_lines(connection),
            Reading::Told | Reading::Elsewhere | Reading::Revealed => {
                self.loaded.told.lines().map(crate::domain::text::clean_line).collect()
            }
            Reading::Notices if self.cx.notices.is_empty() => vec!["No notices.".into()],
            Reading::Notices => {
                let told = |notice: &crate::console::Notice| {
                    format!("{}  {}", crate::console::words::clock(notice.at, self.cx.zone()), notice.text)
                };
                self.cx.notices.iter().map(told).collect()
            }
        }
    }
}
