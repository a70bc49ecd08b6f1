//! Commands for Flows.

use super::forms::{EndFlowForm, FlowEnd, SendFlowForm};
use super::log::EndpointLog;
use super::pickers::{EndpointMenu, FETCHING, FlowStarters, FlowVersions};
use super::state::FlowsPane;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::picker::Picker;
use crate::console::overlays::reading::Reading;
use crate::console::pane_id::PaneId;
use crate::console::panes::row::{Command, Danger};
use crate::console::user_error::UserError;
use crate::domain::flow::{FlowQuery, FlowRequest};
use crate::domain::ids::ConnectionId;
use crate::domain::query::Query;
use crate::domain::request::Request;

const FLOWS: Scope = Scope::Pane(PaneId::Flows);

pub(in crate::console) const ROWS: &[Command<FlowsPane>] = &[
    Command {
        id: "flows.new",
        title: "New",
        help: "Creates a draft from a starter; E edits it.",
        scope: FLOWS,
        keys: &["n"],
        hint: true,
        ready: operator_with_account,
        run: |pane, cx| match account(pane, cx) {
            Some(connection) => vec![Picker::open(FlowStarters { connection })],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "flows.edit",
        title: "Edit",
        help: "Fetches the JSON and opens it in the editor; the result is checked and uploaded as a new version.",
        scope: FLOWS,
        keys: &["E"],
        hint: true,
        ready: operator_with_one,
        run: |pane, cx| with(pane, cx, |_, connection, id| fetch(FlowQuery::Json { connection, id, version: None })),
        ..Command::ROW
    },
    Command {
        id: "flows.publish",
        title: "Publish",
        short: "",
        help: "Publishes the newest version.",
        scope: FLOWS,
        keys: &["p"],
        hint: true,
        danger: Danger::Asks(|pane, cx| {
            let name = pane.selected(cx).map(|(_, flow)| flow.name.line()).unwrap_or_default();
            format!("Publish {name}? It can be sent to all contacts from then on.")
        }),
        ready: admin_with_one,
        run: |pane, cx| act(pane, cx, |connection, id| FlowRequest::Publish { connection, id }),
    },
    Command {
        id: "flows.test",
        title: "Send",
        help: "Sends the Flow to a contact who has written; a draft is sent as a test.",
        scope: FLOWS,
        keys: &["t"],
        hint: true,
        ready: operator_with_one,
        run: |pane, cx| {
            let Some((list, flow)) = pane.selected(cx) else { return vec![] };
            let (connection, id, name) = (list.connection, flow.id.clone(), flow.name.line());
            vec![Form::open(SendFlowForm { connection, id, name, to: String::new() })]
        },
        ..Command::ROW
    },
    Command {
        id: "flows.endpoint",
        title: "Endpoint",
        help: "Sets up encryption, and uploads, deploys and registers the endpoint's code.",
        scope: FLOWS,
        keys: &["e"],
        hint: true,
        ready: admin_with_one,
        run: |pane, cx| pane.one(cx).map(|one| Picker::open(EndpointMenu(one))).into_iter().collect(),
        ..Command::ROW
    },
    Command {
        id: "flows.versions",
        title: "Compare",
        help: "Compares the newest version with another one.",
        scope: FLOWS,
        keys: &["v"],
        ready: |pane, cx| match pane.known(cx).map(|detail| detail.value.versions.len()) {
            None => Err("Press enter first to fetch its versions.".into()),
            Some(0 | 1) => Err("There is only one version.".into()),
            Some(_) => Ok(()),
        },
        run: |pane, cx| pane.one(cx).map(|one| Picker::open(FlowVersions(one))).into_iter().collect(),
        ..Command::ROW
    },
    Command {
        id: "flows.answers",
        title: "Responses",
        help: "Lists the responses of contacts.",
        scope: FLOWS,
        keys: &["a"],
        hint: true,
        ready: operator_with_one,
        run: |pane, cx| with(pane, cx, |_, connection, id| fetch(FlowQuery::Responses { connection, id })),
        ..Command::ROW
    },
    Command {
        id: "flows.log",
        title: "Endpoint log",
        help: "Shows the log of the endpoint.",
        scope: FLOWS,
        keys: &["o"],
        ready: |pane, cx| chosen(pane, cx).map(|_| ()),
        run: |pane, cx| with(pane, cx, |_, connection, id| follow(FlowQuery::Logs { connection, id })),
        ..Command::ROW
    },
    Command {
        id: "flows.calls",
        title: "Endpoint calls",
        help: "Lists the calls of the endpoint with request and response.",
        scope: FLOWS,
        keys: &["i"],
        ready: |pane, cx| chosen(pane, cx).map(|_| ()),
        run: |pane, cx| with(pane, cx, |_, connection, id| follow(FlowQuery::Invocations { connection, id })),
        ..Command::ROW
    },
    Command {
        id: "flows.preview",
        title: "Copy preview URL",
        help: "Copies the URL of the preview.",
        scope: FLOWS,
        keys: &["Y"],
        ready: |pane, cx| match pane.selected(cx).and_then(|(_, flow)| flow.preview_url.as_ref()) {
            Some(_) => Ok(()),
            None => Err("The provider returned no preview.".into()),
        },
        run: |pane, cx| {
            let url = pane.selected(cx).and_then(|(_, flow)| flow.preview_url.clone());
            let mut intents = vec![Intent::Notice("Copied the URL of the preview.".to_owned())];
            intents.extend(url.map(|url| Intent::Effect(Effect::Copy(url))));
            intents
        },
        ..Command::ROW
    },
    Command {
        id: "flows.deprecate",
        title: "Deprecate",
        help: "Deprecates the Flow: it can no longer be opened or sent. Asks for its name.",
        scope: FLOWS,
        keys: &["x"],
        ready: admin_with_one,
        run: |pane, cx| end(pane, cx, FlowEnd::Deprecate),
        ..Command::ROW
    },
    Command {
        id: "flows.delete",
        title: "Delete",
        help: "Deletes a draft. Asks for its name.",
        scope: FLOWS,
        keys: &["D"],
        ready: |pane, cx| {
            cx.admin()?;
            match pane.selected(cx) {
                Some((_, flow)) if flow.is("draft") => Ok(()),
                Some((_, flow)) => Err(format!("It is {}, and only drafts can be deleted.", flow.status).into()),
                None => Err("Select a Flow first.".into()),
            }
        },
        run: |pane, cx| end(pane, cx, FlowEnd::Delete),
        ..Command::ROW
    },
];

fn operator_with_one(pane: &FlowsPane, cx: &Cx) -> Result<(), UserError> {
    cx.operator()?;
    chosen(pane, cx).map(|_| ())
}

fn admin_with_one(pane: &FlowsPane, cx: &Cx) -> Result<(), UserError> {
    cx.admin()?;
    chosen(pane, cx).map(|_| ())
}

fn chosen(pane: &FlowsPane, cx: &Cx) -> Result<(ConnectionId, String), UserError> {
    pane.at_hand(cx).ok_or_else(|| "Select a Flow first.".into())
}

fn with(pane: &mut FlowsPane, cx: &Cx, run: fn(&mut FlowsPane, ConnectionId, String) -> Vec<Intent>) -> Vec<Intent> {
    match chosen(pane, cx) {
        Ok((connection, id)) => run(pane, connection, id),
        Err(_) => vec![],
    }
}

fn act(pane: &FlowsPane, cx: &Cx, request: fn(ConnectionId, String) -> FlowRequest) -> Vec<Intent> {
    match chosen(pane, cx) {
        Ok((connection, id)) => vec![Intent::perform(Request::Flow(request(connection, id)))],
        Err(_) => vec![],
    }
}

fn end(pane: &FlowsPane, cx: &Cx, end: FlowEnd) -> Vec<Intent> {
    let Some((list, flow)) = pane.selected(cx) else { return vec![] };
    let (connection, id, name) = (list.connection, flow.id.clone(), flow.name.as_received().to_owned());
    vec![Form::open(EndFlowForm { connection, id, name, end })]
}

/// Queries something about a Flow that opens when its answer arrives.
fn fetch(query: FlowQuery) -> Vec<Intent> {
    vec![Intent::Await(Query::Flow(query), Some(FETCHING))]
}

/// Opens the log or the calls of an endpoint, and refreshes them while they are open.
fn follow(query: FlowQuery) -> Vec<Intent> {
    vec![Reading::open(EndpointLog::new(query))]
}

/// Returns the number whose account a new Flow is created in.
fn account(pane: &FlowsPane, cx: &Cx) -> Option<ConnectionId> {
    cx.account_for_new(pane.selected(cx).map(|(list, _)| list.connection))
}

fn operator_with_account(pane: &FlowsPane, cx: &Cx) -> Result<(), UserError> {
    cx.operator()?;
    match account(pane, cx) {
        Some(_) => Ok(()),
        None => Err("There is no number to create the Flow for.".into()),
    }
}
