//! Flows in the console: the list, what one consists of, and what can be done with its endpoint.

pub(in crate::console) mod commands;
pub(in crate::console) mod draw;

use crate::console::overlays::finder::{FinderKind, Row};
use crate::console::overlays::form::FormKind;
use crate::console::overlays::platform_forms::PlatformForm;
use crate::console::overlays::script::ScriptKind;
use crate::console::overlays::{Overlay, Reading};
use crate::console::{Console, Effect, Pane, words};
use crate::domain::flow::{Flow, FlowAnswer, FlowDetail, FlowList, FlowQuery, FlowRequest, table};
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::registration::Fetched;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::templates::starter;
use crate::domain::text::clean_line;

/// What is picked from about a Flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum FlowFinder {
    Starters,
    /// Versions, to compare with the newest.
    Versions,
    Endpoint,
    /// Flows that can be sent in the open thread.
    ToSend,
}

impl Console {
    pub(in crate::console) fn flows(&self) -> Vec<(&FlowList, &Flow)> {
        let filter = self.lists[Pane::Flows as usize].filter.to_lowercase();
        let shown = |list: &&FlowList| {
            let known = self.data.connections.iter().flat_map(|known| &known.connected).map(|row| &row.connection);
            let of = known.into_iter().find(|one| one.id == list.connection);
            of.is_none_or(|one| self.in_scope(&one.organization, one.environment))
        };
        let lists = self.data.flows.iter().flatten().filter(shown);
        let all = lists.flat_map(|list| list.flows.iter().map(move |flow| (list, flow)));
        all.filter(|(_, flow)| {
            let text = format!("{} {}", flow.name.line(), flow.status).to_lowercase();
            filter.split_whitespace().all(|word| text.contains(word.trim_start_matches("status:")))
        })
        .collect()
    }

    pub(in crate::console) fn selected_flow(&self) -> Option<(&FlowList, &Flow)> {
        let rows = self.flows();
        let ids: Vec<String> = rows.iter().map(|(_, flow)| flow.id.clone()).collect();
        let at = self.lists[Pane::Flows as usize].index(&ids).unwrap_or(0);
        rows.get(at).copied()
    }

    /// The one under the cursor, by connection and id.
    pub(in crate::console) fn flow_at_hand(&self) -> Option<(ConnectionId, String)> {
        self.selected_flow().map(|(list, flow)| (list.connection, flow.id.clone()))
    }

    /// What is known of the Flow under the cursor beyond the list, with its time.
    pub(in crate::console) fn flow_detail(&self) -> Option<&Fetched<FlowDetail>> {
        let (_, flow) = self.selected_flow()?;
        self.data.flow.as_ref().filter(|detail| detail.value.flow.id == flow.id)
    }

    pub(in crate::console) fn ask_flow_detail(&mut self) -> Vec<Effect> {
        match self.flow_at_hand() {
            Some((connection, id)) => self.ask(Query::Flow(FlowQuery::Detail { connection, id })),
            None => vec![],
        }
    }

    pub(in crate::console) fn take_flow_answer(&mut self, query: &FlowQuery, told: Fetched<FlowAnswer>) -> Vec<Effect> {
        let awaited = self.data.awaited.take_if(|awaited| *awaited == Query::Flow(query.clone())).is_some();
        match (query, told.value) {
            (_, FlowAnswer::List(lists)) => self.data.flows = Some(lists),
            (_, FlowAnswer::Detail(detail)) => {
                self.data.flow = Some(Fetched { fetched_at: told.fetched_at, value: *detail });
            }
            (FlowQuery::Json { connection, id, .. }, FlowAnswer::Json(text)) if awaited => {
                return self.edit_script(ScriptKind::Flow { connection: *connection, id: id.clone() }, text);
            }
            (_, FlowAnswer::Diff(lines)) if awaited => self.read_flow(lines),
            (_, FlowAnswer::Responses(list)) if awaited => {
                let (head, rows) = table(&list);
                let lines = if rows.is_empty() { vec!["No responses.".to_owned()] } else { aligned(&head, &rows) };
                self.read_flow(lines);
            }
            (_, FlowAnswer::Lines(lines)) => {
                let shown = lines.iter().map(|line| {
                    let at = line.at.map(|at| words::clock_to_the_second(at, self.zone())).unwrap_or_default();
                    let sign = if line.bad { self.settings.theme.pick("✗", "x") } else { " " };
                    format!("{at} {sign} {}  {}", line.level, line.said.line())
                });
                let shown: Vec<String> = shown.collect();
                let shown = if shown.is_empty() { vec!["No log entries.".to_owned()] } else { shown };
                if awaited || matches!(self.overlay, Some(Overlay::Reading { what: Reading::FlowLog, .. })) {
                    self.data.flow_lines = shown;
                }
            }
            _ => {}
        }
        vec![]
    }

    fn read_flow(&mut self, lines: Vec<String>) {
        self.data.flow_lines = lines;
        self.overlay = Some(Overlay::reading(Reading::Flow));
    }

    /// Asks for something about a Flow that opens when it comes.
    pub(in crate::console) fn await_flow(&mut self, query: FlowQuery) -> Vec<Effect> {
        let query = Query::Flow(query);
        self.data.awaited = Some(query.clone());
        self.notice("Fetching from the provider …", false);
        self.ask(query)
    }

    /// Log or calls, followed as long as they are in front.
    pub(in crate::console) fn follow_flow(&mut self, query: FlowQuery) -> Vec<Effect> {
        self.data.flow_lines = vec!["Fetching from the provider …".to_owned()];
        self.overlay = Some(Overlay::reading(Reading::FlowLog));
        let query = Query::Flow(query);
        self.data.followed = Some(query.clone());
        self.ask(query)
    }

    pub(in crate::console) fn flow_finder_rows(&self, kind: FlowFinder) -> Vec<Row> {
        let row = |id: &str, head: &str, tail: &str| Row {
            id: id.into(),
            head: head.into(),
            tail: tail.into(),
            ..Row::default()
        };
        match kind {
            FlowFinder::Starters => starter::FLOWS.iter().map(|one| row(one.name, one.name, one.what)).collect(),
            FlowFinder::ToSend => {
                let rows = self.flows().into_iter().map(|(_, flow)| Row {
                    id: flow.id.clone(),
                    head: flow.name.line(),
                    tail: if flow.is("draft") { "a draft: sent as a test".into() } else { String::new() },
                    right: flow.status.clone(),
                    off: (!flow.is("draft") && !flow.is("published")).then(|| format!("It is {}.", flow.status)),
                    warn: flow.is("draft"),
                });
                rows.collect()
            }
            FlowFinder::Versions => {
                let versions = self.flow_detail().map(|detail| detail.value.versions.as_slice()).unwrap_or_default();
                let rows = versions.iter().skip(1).map(|one| Row {
                    id: one.id.clone(),
                    head: one.label.clone(),
                    tail: one.status.clone(),
                    right: one.created_at.map(|at| words::age(at, self.now)).unwrap_or_default(),
                    ..Row::default()
                });
                rows.collect()
            }
            FlowFinder::Endpoint => {
                let code = self
                    .flow_detail()
                    .and_then(|detail| detail.value.endpoint.as_ref())
                    .is_some_and(|one| !one.code.is_empty());
                vec![
                    row("encrypt", "Set up encryption", "once per number"),
                    row(
                        "code",
                        if code { "Edit code" } else { "Create code" },
                        "code that answers the Flow's requests",
                    ),
                    row("deploy", "Deploy", "runs the uploaded code"),
                    row("register", "Register", "lets the Flow call the endpoint"),
                ]
            }
        }
    }

    pub(in crate::console) fn flow_picks(&mut self, kind: FlowFinder, row: &Row) -> Vec<Effect> {
        match kind {
            FlowFinder::Starters => match (self.template_account(), starter::flow(&row.id)) {
                (Some(connection), Some(starter)) => {
                    let form =
                        PlatformForm::NewFlow { connection, starter: starter.name, json: starter.text.to_owned() };
                    self.open_form(FormKind::Platform(form))
                }
                _ => vec![],
            },
            FlowFinder::ToSend => {
                let Some((name, flow)) = self
                    .flows()
                    .into_iter()
                    .find(|(_, flow)| flow.id == row.id)
                    .map(|(_, flow)| (flow.name.line(), flow.id.clone()))
                else {
                    return vec![];
                };
                let Some(open) = self.open.as_ref().and_then(|open| open.row.as_ref()) else { return vec![] };
                let to = open.contact.phone_number.as_ref().map(ToString::to_string).unwrap_or_default();
                let form = PlatformForm::SendFlow { connection: open.connection_id, id: flow, name, to };
                self.open_form(FormKind::Platform(form))
            }
            FlowFinder::Versions => {
                let Some((connection, id)) = self.flow_at_hand() else { return vec![] };
                let newest =
                    self.flow_detail().and_then(|detail| detail.value.versions.first()).map(|one| one.id.clone());
                let Some(new) = newest else { return vec![] };
                self.await_flow(FlowQuery::Diff { connection, id, old: row.id.clone(), new })
            }
            FlowFinder::Endpoint => {
                let Some((connection, id)) = self.flow_at_hand() else { return vec![] };
                let request = match row.id.as_str() {
                    "encrypt" => FlowRequest::Encrypt { connection, id },
                    "deploy" => FlowRequest::Deploy { connection, id },
                    "register" => FlowRequest::Register { connection, id },
                    _ => {
                        let known = self
                            .flow_detail()
                            .and_then(|detail| detail.value.endpoint.as_ref())
                            .map(|one| one.code.clone());
                        let code =
                            known.filter(|code| !code.is_empty()).unwrap_or_else(|| starter::FLOW_CODE.to_owned());
                        return self.edit_script(ScriptKind::FlowCode { connection, id }, code);
                    }
                };
                self.ask_first(format!("{}?", row.head.trim_end_matches('.')), Request::Flow(request));
                vec![]
            }
        }
    }

    pub(in crate::console) fn open_flow_finder(&mut self, kind: FlowFinder) -> Vec<Effect> {
        self.open_finder(FinderKind::Flow(kind))
    }
}

/// Columns as wide as what they hold.
fn aligned(head: &[String], rows: &[Vec<String>]) -> Vec<String> {
    let wide = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).chain(head.get(at));
        cells.map(|cell| words::width(cell)).max().unwrap_or(0).min(30)
    };
    let widths: Vec<usize> = (0..head.len()).map(wide).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, wide)| words::pad(&clean_line(cell), *wide, "…"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    std::iter::once(line(&head.to_vec())).chain(rows.iter().map(line)).collect()
}
