//! Pickers for Flows: a starter, a version, an endpoint action, and a Flow to send.

use super::forms::{NewFlowForm, SendFlowForm};
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::picker::{PickerKind, Row};
use crate::console::script::{ScriptKind, ScriptStep};
use crate::console::words;
use crate::domain::flow::{Flow, FlowAnswer, FlowDetail, FlowList, FlowQuery, FlowRequest};
use crate::domain::ids::ConnectionId;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::templates::starter;
use crate::domain::view::ThreadRow;

/// The text that is shown while the provider is queried.
pub(super) const FETCHING: &str = "Fetching from the provider …";

/// Starters for a new Flow.
#[derive(Debug)]
pub(super) struct FlowStarters {
    /// The number whose account the Flow is created in.
    pub connection: ConnectionId,
}

impl PickerKind for FlowStarters {
    fn title(&self) -> &'static str {
        "Starters"
    }

    fn empty_text(&self) -> &'static str {
        ""
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        starter::FLOWS.iter().map(|one| Row::new(one.name, one.name, one.what)).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let Some(starter) = starter::flow(&row.id) else { return vec![] };
        vec![Form::open(NewFlowForm { connection: self.connection, starter: starter.name, json: starter.text })]
    }
}

/// Flows that can be sent in a thread.
#[derive(Debug)]
pub(in crate::console) struct FlowToSend {
    connection: ConnectionId,
    to: String,
    lists: Option<Vec<FlowList>>,
}

impl FlowToSend {
    pub fn into_thread(row: &ThreadRow) -> Self {
        let to = row.contact.phone_number.as_ref().map(ToString::to_string).unwrap_or_default();
        Self { connection: row.connection_id, to, lists: None }
    }

    /// Returns the Flows of the shown scope.
    fn flows(&self, cx: &Cx) -> impl Iterator<Item = &Flow> {
        let lists = self.lists.iter().flatten().filter(|list| cx.shows_connection(list.connection));
        lists.flat_map(|list| &list.flows)
    }
}

impl PickerKind for FlowToSend {
    fn title(&self) -> &'static str {
        "Send a Flow"
    }

    fn empty_text(&self) -> &'static str {
        if self.lists.is_none() { "Loading …" } else { "No Flows. Press ctrl-r in Flows to fetch them." }
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Flow(FlowQuery::List))
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Flow(told) = answer
            && let FlowAnswer::List(lists) = &told.value
        {
            self.lists = Some(lists.clone());
        }
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let row = |flow: &Flow| Row {
            right: flow.status.clone(),
            off: (!flow.is("draft") && !flow.is("published")).then(|| format!("It is {}.", flow.status)),
            warn: flow.is("draft"),
            ..Row::new(flow.id.clone(), flow.name.line(), if flow.is("draft") { "a draft: sent as a test" } else { "" })
        };
        self.flows(cx).map(row).collect()
    }

    fn pick(&self, cx: &Cx, row: &Row) -> Vec<Intent> {
        let Some(flow) = self.flows(cx).find(|flow| flow.id == row.id) else { return vec![] };
        let (id, name, to) = (flow.id.clone(), flow.name.line(), self.to.clone());
        vec![Form::open(SendFlowForm { connection: self.connection, id, name, to })]
    }
}

/// A Flow with its details, if they were fetched.
#[derive(Debug)]
pub(super) struct OneFlow {
    pub connection: ConnectionId,
    pub id: String,
    pub detail: Option<FlowDetail>,
}

impl OneFlow {
    fn query(&self) -> Query {
        Query::Flow(FlowQuery::Detail { connection: self.connection, id: self.id.clone() })
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Flow(told) = answer
            && let FlowAnswer::Detail(detail) = &told.value
        {
            self.detail = Some((**detail).clone());
        }
    }
}

/// Versions of a Flow, to compare one with the newest.
#[derive(Debug)]
pub(super) struct FlowVersions(pub OneFlow);

impl PickerKind for FlowVersions {
    fn title(&self) -> &'static str {
        "Compare the newest version with"
    }

    fn empty_text(&self) -> &'static str {
        "There is only one version."
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let versions = self.0.detail.iter().flat_map(|detail| &detail.versions);
        let rows = versions.skip(1).map(|one| Row {
            right: one.created_at.map(|at| words::age(at, cx.now)).unwrap_or_default(),
            ..Row::new(one.id.clone(), one.label.clone(), one.status.clone())
        });
        rows.collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let newest = self.0.detail.as_ref().and_then(|detail| detail.versions.first());
        let Some(new) = newest.map(|one| one.id.clone()) else { return vec![] };
        let (connection, id, old) = (self.0.connection, self.0.id.clone(), row.id.clone());
        vec![Intent::Await(Query::Flow(FlowQuery::Diff { connection, id, old, new }), Some(FETCHING))]
    }
}

/// Actions on the endpoint of a Flow.
#[derive(Debug)]
pub(super) struct EndpointMenu(pub OneFlow);

impl EndpointMenu {
    /// Returns the endpoint's code; `None` if it has none.
    fn code(&self) -> Option<String> {
        let endpoint = self.0.detail.as_ref()?.endpoint.as_ref()?;
        Some(endpoint.code.clone()).filter(|code| !code.is_empty())
    }
}

impl PickerKind for EndpointMenu {
    fn title(&self) -> &'static str {
        "Endpoint"
    }

    fn empty_text(&self) -> &'static str {
        ""
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(self.0.query())
    }

    fn take(&mut self, answer: &Answer) {
        self.0.take(answer);
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        let code = if self.code().is_some() { "Edit code" } else { "Create code" };
        vec![
            Row::new("encrypt", "Set up encryption", "once per number"),
            Row::new("code", code, "code that answers the Flow's requests"),
            Row::new("deploy", "Deploy", "runs the uploaded code"),
            Row::new("register", "Register", "lets the Flow call the endpoint"),
        ]
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let (connection, id) = (self.0.connection, self.0.id.clone());
        let request = match row.id.as_str() {
            "encrypt" => FlowRequest::Encrypt { connection, id },
            "deploy" => FlowRequest::Deploy { connection, id },
            "register" => FlowRequest::Register { connection, id },
            _ => {
                let code = self.code().unwrap_or_else(|| starter::FLOW_CODE.to_owned());
                return vec![Intent::Script(ScriptStep::Begin(ScriptKind::FlowCode { connection, id }, code))];
            }
        };
        let question = format!("{}?", row.head.trim_end_matches('.'));
        vec![Intent::ask_first(question, Request::Flow(request))]
    }
}
