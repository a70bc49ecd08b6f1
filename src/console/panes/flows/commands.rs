//! Commands about Flows.

use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::overlays::form::FormKind;
use crate::console::overlays::platform_forms::PlatformForm;
use crate::console::panes::connections::commands::admin;
use crate::console::panes::flows::pickers::FlowFinder;
use crate::console::panes::templates::commands::operator_with_account;
use crate::console::panes::threads::commands::operator;
use crate::console::{Console, Effect, PaneId};
use crate::domain::flow::{FlowQuery, FlowRequest};
use crate::domain::ids::ConnectionId;
use crate::domain::request::Request;

const FLOWS: Scope = Scope::Pane(PaneId::Flows);

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "flows.new",
        title: "New",
        help: "Creates a draft from a starter; E edits it.",
        scope: FLOWS,
        keys: &["n"],
        hint: true,
        ready: operator_with_account,
        run: |console| console.open_flow_finder(FlowFinder::Starters),
        ..ROW
    },
    CommandSpec {
        id: "flows.edit",
        title: "Edit",
        help: "Fetches the JSON and opens it in the editor; the result is checked and uploaded as a new version.",
        scope: FLOWS,
        keys: &["E"],
        hint: true,
        ready: operator_with_one,
        run: |console| {
            with(console, |console, connection, id| {
                console.await_flow(FlowQuery::Json { connection, id, version: None })
            })
        },
        ..ROW
    },
    CommandSpec {
        id: "flows.publish",
        title: "Publish",
        short: "",
        help: "Publishes the newest version.",
        scope: FLOWS,
        keys: &["p"],
        hint: true,
        danger: Danger::Asks(|console| {
            let name = console.panes.flows.selected(&console.cx).map(|(_, flow)| flow.name.line()).unwrap_or_default();
            format!("Publish {name}? It can be sent to all contacts from then on.")
        }),
        ready: admin_with_one,
        run: |console| act(console, |connection, id| FlowRequest::Publish { connection, id }),
    },
    CommandSpec {
        id: "flows.test",
        title: "Send",
        help: "Sends the Flow to a contact who has written; a draft is sent as a test.",
        scope: FLOWS,
        keys: &["t"],
        hint: true,
        ready: operator_with_one,
        run: |console| {
            let Some((list, flow)) = console.panes.flows.selected(&console.cx) else { return vec![] };
            let (connection, id, name) = (list.connection, flow.id.clone(), flow.name.line());
            console.open_form(FormKind::Platform(PlatformForm::SendFlow { connection, id, name, to: String::new() }))
        },
        ..ROW
    },
    CommandSpec {
        id: "flows.endpoint",
        title: "Endpoint",
        help: "Sets up encryption, and uploads, deploys and registers the endpoint's code.",
        scope: FLOWS,
        keys: &["e"],
        hint: true,
        ready: admin_with_one,
        run: |console| {
            let intents = console.panes.flows.ask_detail(&console.cx);
            let mut effects = console.carry(intents);
            effects.extend(console.open_flow_finder(FlowFinder::Endpoint));
            effects
        },
        ..ROW
    },
    CommandSpec {
        id: "flows.versions",
        title: "Compare",
        help: "Compares the newest version with another one.",
        scope: FLOWS,
        keys: &["v"],
        ready: |console| match console.panes.flows.known(&console.cx).map(|detail| detail.value.versions.len()) {
            None => Err("Press enter first to fetch its versions.".into()),
            Some(0 | 1) => Err("There is only one version.".into()),
            Some(_) => Ok(()),
        },
        run: |console| console.open_flow_finder(FlowFinder::Versions),
        ..ROW
    },
    CommandSpec {
        id: "flows.answers",
        title: "Responses",
        help: "Lists the responses of contacts.",
        scope: FLOWS,
        keys: &["a"],
        hint: true,
        ready: operator_with_one,
        run: |console| {
            with(console, |console, connection, id| console.await_flow(FlowQuery::Responses { connection, id }))
        },
        ..ROW
    },
    CommandSpec {
        id: "flows.log",
        title: "Endpoint log",
        help: "Shows the log of the endpoint.",
        scope: FLOWS,
        keys: &["o"],
        ready: |console| chosen(console).map(|_| ()),
        run: |console| with(console, |console, connection, id| console.follow_flow(FlowQuery::Logs { connection, id })),
        ..ROW
    },
    CommandSpec {
        id: "flows.calls",
        title: "Endpoint calls",
        help: "Lists the calls of the endpoint with request and response.",
        scope: FLOWS,
        keys: &["i"],
        ready: |console| chosen(console).map(|_| ()),
        run: |console| {
            with(console, |console, connection, id| console.follow_flow(FlowQuery::Invocations { connection, id }))
        },
        ..ROW
    },
    CommandSpec {
        id: "flows.preview",
        title: "Copy preview URL",
        help: "Copies the URL of the preview.",
        scope: FLOWS,
        keys: &["Y"],
        ready: |console| match console.panes.flows.selected(&console.cx).and_then(|(_, flow)| flow.preview_url.as_ref())
        {
            Some(_) => Ok(()),
            None => Err("The provider returned no preview.".into()),
        },
        run: |console| {
            let url = console.panes.flows.selected(&console.cx).and_then(|(_, flow)| flow.preview_url.clone());
            console.cx.notice("Copied the URL of the preview.", false);
            url.map(Effect::Copy).into_iter().collect()
        },
        ..ROW
    },
    CommandSpec {
        id: "flows.deprecate",
        title: "Deprecate",
        help: "Deprecates the Flow: it can no longer be opened or sent. Asks for its name.",
        scope: FLOWS,
        keys: &["x"],
        ready: admin_with_one,
        run: |console| end(console, false),
        ..ROW
    },
    CommandSpec {
        id: "flows.delete",
        title: "Delete",
        help: "Deletes a draft. Asks for its name.",
        scope: FLOWS,
        keys: &["D"],
        ready: |console| {
            admin(console)?;
            match console.panes.flows.selected(&console.cx) {
                Some((_, flow)) if flow.is("draft") => Ok(()),
                Some((_, flow)) => Err(format!("It is {}, and only drafts can be deleted.", flow.status)),
                None => Err("Select a Flow first.".into()),
            }
        },
        run: |console| end(console, true),
        ..ROW
    },
    CommandSpec {
        id: "thread.flow",
        title: "Send a Flow",
        help: "Chooses a Flow and sends it into this thread.",
        scope: Scope::Messages,
        keys: &["f"],
        ready: operator,
        run: |console| console.open_flow_finder(FlowFinder::ToSend),
        ..ROW
    },
];

fn operator_with_one(console: &Console) -> Result<(), String> {
    operator(console)?;
    chosen(console).map(|_| ())
}

fn admin_with_one(console: &Console) -> Result<(), String> {
    admin(console)?;
    chosen(console).map(|_| ())
}

fn chosen(console: &Console) -> Result<(ConnectionId, String), String> {
    console.panes.flows.at_hand(&console.cx).ok_or_else(|| "Select a Flow first.".into())
}

fn with(console: &mut Console, run: fn(&mut Console, ConnectionId, String) -> Vec<Effect>) -> Vec<Effect> {
    match chosen(console) {
        Ok((connection, id)) => run(console, connection, id),
        Err(_) => vec![],
    }
}

fn act(console: &Console, request: fn(ConnectionId, String) -> FlowRequest) -> Vec<Effect> {
    match chosen(console) {
        Ok((connection, id)) => vec![Effect::Perform(Request::Flow(request(connection, id)))],
        Err(_) => vec![],
    }
}

fn end(console: &mut Console, delete: bool) -> Vec<Effect> {
    let Some((list, flow)) = console.panes.flows.selected(&console.cx) else { return vec![] };
    let (connection, id, name) = (list.connection, flow.id.clone(), flow.name.as_received().to_owned());
    console.open_form(FormKind::Platform(PlatformForm::EndFlow { connection, id, name, delete }))
}
