//! What stands in front: help, the palette, a question, a line to fill in, a text to read.

pub(in crate::console) mod bulk_jobs;
pub(in crate::console) mod draw;
pub(in crate::console) mod draw_fill;
pub(in crate::console) mod finder;
pub(in crate::console) mod form;
pub(in crate::console) mod form_files;
pub(in crate::console) mod gauges;
pub(in crate::console) mod here;
mod keys;
pub(in crate::console) mod loaded;
pub(in crate::console) mod picks;
pub(in crate::console) mod picture;
pub(in crate::console) mod platform_forms;
pub(in crate::console) mod question;
pub(in crate::console) mod script;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::console::command::{CommandSpec, table};
use crate::console::input::{MAX_LINE, TextField};
use crate::console::overlays::finder::Finder;
use crate::console::overlays::form::Form;
use crate::console::thread::facts::message_facts;
use crate::console::{Console, Effect};
use crate::domain::agents::requests::AgentRequest;
use crate::domain::contacts::thread_name::ThreadName;
use crate::domain::filter::Filter;
use crate::domain::ids::{AssignmentId, ConnectionId, MessageId};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::lookup::find_connection;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::clean_line;

#[derive(Debug)]
pub(in crate::console) enum Overlay {
    /// What can be done here; typing narrows it.
    Palette {
        typed: TextField,
        at: usize,
        all: bool,
    },
    /// A question; `y` does it.
    Confirm {
        question: String,
        then: Then,
    },
    Form(Box<Form>),
    Finder(Finder),
    /// A picture in its own pixels.
    Picture(MessageId),
    Line {
        title: String,
        typed: TextField,
        purpose: Purpose,
    },
    /// The editor that is built in.
    Editor(Box<ratatui_textarea::TextArea<'static>>),
    /// A text that scrolls.
    Reading {
        what: Reading,
        scroll: usize,
    },
}

/// What follows a yes.
#[derive(Debug, Clone)]
pub(in crate::console) enum Then {
    Command(&'static CommandSpec),
    Perform(Request),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum Reading {
    /// Everything about one message.
    Message(MessageId),
    Notices,
    /// Why something is as it is.
    Why,
    /// Statistics of the last 24 hours.
    Gauges,
    /// What was told at length: a dry run.
    Told,
    /// How files are sent and saved by whoever's files are not here.
    Elsewhere,
    /// What a provider sent, as it came, for a while.
    Revealed,
    /// What the provider says about a number.
    Health(ConnectionId),
    /// What stands in the way of what is being written.
    Findings,
    /// Answers, or what differs.
    Flow,
    /// An endpoint's log, asked again while it is read.
    FlowLog,
    /// One run of an agent, whole.
    Run,
    /// A contract, as a difference from today.
    Difference,
    /// What stops caught.
    Stops,
}

impl Reading {
    /// Read from its beginning; everything else from its end.
    pub const fn reads_down(self) -> bool {
        !matches!(self, Self::Notices)
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Message(_) => "Message",
            Self::Notices => "Notices",
            Self::Why => "Why",
            Self::Gauges => "Statistics of the last 24 hours",
            Self::Told => "Dry run",
            Self::Elsewhere => "Files",
            Self::Revealed => "Body as received",
            Self::Health(_) => "Health",
            Self::Findings => "Check before submitting",
            Self::Flow => "Flow",
            Self::FlowLog => "Endpoint",
            Self::Run => "Run",
            Self::Difference => "Compare with current",
            Self::Stops => "Canceled replies, and replies that had already left",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::console) enum Purpose {
    Filter,
    Reject(AssignmentId),
}

impl Overlay {
    pub fn help() -> Self {
        Self::Palette { typed: TextField::new("", MAX_LINE), at: 0, all: false }
    }

    pub fn palette() -> Self {
        Self::Palette { typed: TextField::new("", MAX_LINE), at: 0, all: true }
    }

    pub fn filter(current: &str, earlier: &[String]) -> Self {
        let typed = TextField::new(current, MAX_LINE).with_history(earlier);
        Self::Line { title: "Filter".to_owned(), typed, purpose: Purpose::Filter }
    }

    pub fn line(title: &str, typed: &str, purpose: Purpose) -> Self {
        Self::Line { title: title.to_owned(), typed: TextField::new(typed, MAX_LINE), purpose }
    }

    pub fn message(id: MessageId) -> Self {
        Self::Reading { what: Reading::Message(id), scroll: 0 }
    }

    pub fn notices() -> Self {
        Self::reading(Reading::Notices)
    }

    pub fn reading(what: Reading) -> Self {
        Self::Reading { what, scroll: 0 }
    }
}

impl Purpose {
    /// What is asked when the line is filled in. A sentence ends with enter, so that enter alone decides
    /// nothing.
    pub fn question(&self, typed: &str) -> Option<Overlay> {
        match self {
            Self::Filter => None,
            Self::Reject(assignment) => {
                let assignment = *assignment;
                let request = AgentRequest::Reject { assignment, reason: typed.to_owned() };
                let question = format!("Reject {assignment}: \"{}\"?", crate::domain::text::clean_line(typed));
                Some(Overlay::Confirm { question, then: Then::Perform(Request::Agents(request)) })
            }
        }
    }
}

/// Where the palette leads besides commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::console) enum Destination {
    /// A thread, as it was typed.
    Thread(String),
    Connection(ConnectionId, String),
}

impl Destination {
    pub fn words(&self) -> String {
        match self {
            Self::Thread(text) => format!("Go to thread {}", clean_line(text)),
            Self::Connection(id, name) => format!("Go to connection {} ({id})", clean_line(name)),
        }
    }
}

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
        let valid = table().iter().filter(|spec| scopes.contains(&spec.scope));
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
