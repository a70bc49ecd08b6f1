//! What is picked and read about a Flow.

use super::picker_kinds::FlowFinder;
use crate::console::overlays::finder_kind::Row;
use crate::console::overlays::form::FormKind;
use crate::console::overlays::platform_forms::PlatformForm;
use crate::console::script::ScriptKind;
use crate::console::{Console, Effect, words};
use crate::domain::flow::{FlowQuery, FlowRequest};
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::templates::starter;

impl Console {
    /// Asks for something about a Flow that opens when it comes.
    pub(in crate::console) fn await_flow(&mut self, query: FlowQuery) -> Vec<Effect> {
        let query = Query::Flow(query);
        self.cx.awaited = Some(query.clone());
        self.cx.notice("Fetching from the provider …", false);
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
                let rows = self.panes.flows.shown(&self.cx).into_iter().map(|(_, flow)| Row {
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
                let versions =
                    self.panes.flows.known(&self.cx).map(|detail| detail.value.versions.as_slice()).unwrap_or_default();
                let rows = versions.iter().skip(1).map(|one| Row {
                    id: one.id.clone(),
                    head: one.label.clone(),
                    tail: one.status.clone(),
                    right: one.created_at.map(|at| words::age(at, self.cx.now)).unwrap_or_default(),
                    ..Row::default()
                });
                rows.collect()
            }
            FlowFinder::Endpoint => {
                let code = self
                    .panes
                    .flows
                    .known(&self.cx)
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
            FlowFinder::Starters => match (self.account_for_new(), starter::flow(&row.id)) {
                (Some(connection), Some(starter)) => {
                    let form =
                        PlatformForm::NewFlow { connection, starter: starter.name, json: starter.text.to_owned() };
                    self.open_form(FormKind::Platform(form))
                }
                _ => vec![],
            },
            FlowFinder::ToSend => {
                let Some((name, flow)) = self
                    .panes
                    .flows
                    .shown(&self.cx)
                    .into_iter()
                    .find(|(_, flow)| flow.id == row.id)
                    .map(|(_, flow)| (flow.name.line(), flow.id.clone()))
                else {
                    return vec![];
                };
                let Some(open) = self.panes.threads.open.as_ref().and_then(|open| open.row.as_ref()) else {
                    return vec![];
                };
                let to = open.contact.phone_number.as_ref().map(ToString::to_string).unwrap_or_default();
                let form = PlatformForm::SendFlow { connection: open.connection_id, id: flow, name, to };
                self.open_form(FormKind::Platform(form))
            }
            FlowFinder::Versions => {
                let Some((connection, id)) = self.panes.flows.at_hand(&self.cx) else { return vec![] };
                let newest = self
                    .panes
                    .flows
                    .known(&self.cx)
                    .and_then(|detail| detail.value.versions.first())
                    .map(|one| one.id.clone());
                let Some(new) = newest else { return vec![] };
                self.await_flow(FlowQuery::Diff { connection, id, old: row.id.clone(), new })
            }
            FlowFinder::Endpoint => {
                let Some((connection, id)) = self.panes.flows.at_hand(&self.cx) else { return vec![] };
                let request = match row.id.as_str() {
                    "encrypt" => FlowRequest::Encrypt { connection, id },
                    "deploy" => FlowRequest::Deploy { connection, id },
                    "register" => FlowRequest::Register { connection, id },
                    _ => {
                        let known = self
                            .panes
                            .flows
                            .known(&self.cx)
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
}
