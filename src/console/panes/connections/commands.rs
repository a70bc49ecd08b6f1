//! Commands about numbers: set up, adopt, look at, give back.

use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::overlays::finder::FinderKind;
use crate::console::overlays::form::FormKind;
use crate::console::overlays::platform_forms::PlatformForm;
use crate::console::panes::connections::pickers::NumberFinder;
use crate::console::panes::connections::state::NumberRow;
use crate::console::{Console, Effect, PaneId};
use crate::domain::access::permission::Permission;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::life::NumberEvent;
use crate::domain::numbers::number::{NumberQuery, NumberRequest};
use crate::domain::query::Query;
use crate::domain::request::Request;

const NUMBERS: Scope = Scope::Pane(PaneId::Connections);

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "connections.new",
        title: "Set up",
        help: "Starts the setup of a new number with a link for its owner.",
        scope: NUMBERS,
        keys: &["n"],
        hint: true,
        ready: can_set_up,
        run: |console| {
            let Some(overview) = &console.cx.overview else { return vec![] };
            let Some(provider) = overview.sets_up.first().cloned() else { return vec![] };
            let (organization, environment) = (overview.organization.clone(), overview.environment);
            console.open_form(FormKind::Platform(PlatformForm::SetUp { provider, organization, environment }))
        },
        ..ROW
    },
    CommandSpec {
        id: "connections.adopt",
        title: "Adopt",
        help: "Lists the numbers at the provider and connects one of them.",
        scope: NUMBERS,
        keys: &["a"],
        hint: true,
        ready: can_set_up,
        run: |console| console.open_finder(FinderKind::Number(NumberFinder::List)),
        ..ROW
    },
    CommandSpec {
        id: "connections.health",
        title: "Health",
        help: "Shows the provider's health checks of the number with causes and remedies.",
        scope: NUMBERS,
        keys: &["H"],
        hint: true,
        ready: |console| connected(console).map(|_| ()),
        run: |console| with(console, Console::read_health),
        ..ROW
    },
    CommandSpec {
        id: "connections.webhooks",
        title: "Webhooks",
        help: "Lists the webhooks registered at the provider: test, enable, change, delete or create one.",
        scope: NUMBERS,
        keys: &["W"],
        hint: true,
        ready: |console| connected(console).map(|_| ()),
        run: |console| {
            with(console, |console, connection| {
                console.open_finder(FinderKind::Number(NumberFinder::Webhooks(connection)))
            })
        },
        ..ROW
    },
    CommandSpec {
        id: "connections.account",
        title: "Account",
        help: "Filters the list to numbers of the same account, or shows all.",
        scope: NUMBERS,
        keys: &["A"],
        ready: |console| match console.panes.connections.selected_connection(&console.cx) {
            Some(row) if row.connection.business_account_id.is_empty() => {
                Err("Its account is set in the environment and not known here.".into())
            }
            Some(_) => Ok(()),
            None => Err("This number is not connected.".into()),
        },
        run: |console| {
            let Some(row) = console.panes.connections.selected_connection(&console.cx) else { return vec![] };
            let filter = format!("account:{}", row.connection.business_account_id);
            let list = console.list_mut();
            list.filter = if list.filter == filter { String::new() } else { filter };
            vec![]
        },
        ..ROW
    },
    CommandSpec {
        id: "connections.copy",
        title: "Copy number",
        help: "Copies the phone number, or the id while there is no number.",
        scope: NUMBERS,
        keys: &["y"],
        ready: |console| {
            console.panes.connections.selected(&console.cx).map(|_| ()).ok_or_else(|| "The list is empty.".into())
        },
        run: |console| {
            let Some(row) = console.panes.connections.selected(&console.cx) else { return vec![] };
            let text = match row {
                NumberRow::Connected(row) => row.connection.phone_number.to_string(),
                NumberRow::Other(setup) => setup.id.to_string(),
            };
            console.cx.notice(format!("Copied {text}."), false);
            vec![Effect::Copy(text)]
        },
        ..ROW
    },
    CommandSpec {
        id: "connections.profile",
        title: "Profile",
        help: "Shows the business profile that contacts see, and changes it.",
        scope: NUMBERS,
        keys: &["P"],
        ready: |console| {
            admin(console)?;
            connected(console).map(|_| ())
        },
        run: |console| {
            with(console, |console, connection| {
                let query = Query::Number(NumberQuery::Profile { connection });
                console.cx.awaited = Some(query.clone());
                console.cx.notice("Fetching the profile from the provider …", false);
                console.ask(query)
            })
        },
        ..ROW
    },
    CommandSpec {
        id: "connections.resume",
        title: "Resume",
        help: "Resumes a setup: retries the failed step, or checks the pending one now; connects a disconnected number again.",
        scope: NUMBERS,
        keys: &["R"],
        hint: true,
        ready: |console| can(console, &[NumberEvent::GoOn, NumberEvent::Reconnect]).map(|_| ()),
        run: |console| {
            let Some(setup) = console.panes.connections.selected_setup(&console.cx).map(|setup| setup.id) else {
                return vec![];
            };
            match can(console, &[NumberEvent::GoOn, NumberEvent::Reconnect]) {
                Ok(NumberEvent::Reconnect) => act(NumberRequest::Reconnect { setup }),
                Ok(_) => act(NumberRequest::GoOn { setup }),
                Err(_) => vec![],
            }
        },
        ..ROW
    },
    CommandSpec {
        id: "connections.register",
        title: "Register",
        help: "Registers the number's webhook if it is missing, and verifies it with a test.",
        scope: NUMBERS,
        keys: &["r"],
        danger: Danger::Asks(|console| {
            let name = console
                .panes
                .connections
                .selected_connection(&console.cx)
                .map_or("", |row| row.connection.name.as_str());
            let one_address = console
                .panes
                .connections
                .selected_connection(&console.cx)
                .is_some_and(|row| row.capabilities.webhooks.is_one_address());
            let instead = if one_address { ", replacing any registered URL" } else { "" };
            format!("Register the webhook of {name} at the provider{instead}, and test it?")
        }),
        ready: |console| {
            admin(console)?;
            connected(console).map(|_| ())
        },
        run: |console| with(console, |_, connection| act(NumberRequest::Register { connection })),
        ..ROW
    },
    CommandSpec {
        id: "connections.link",
        title: "New link",
        help: "Creates a new setup link; for a connected number, one that renews its credentials.",
        scope: NUMBERS,
        keys: &["K"],
        danger: Danger::Asks(|console| match console.panes.connections.selected_setup(&console.cx) {
            Some(setup) => format!("Create a new link for {}? The previous one becomes invalid.", setup.name),
            None => {
                let name = console
                    .panes
                    .connections
                    .selected_connection(&console.cx)
                    .map_or("", |row| row.connection.name.as_str());
                format!("Create a link that renews the credentials of {name}? Its owner has to open it.")
            }
        }),
        ready: |console| {
            admin(console)?;
            match console.panes.connections.selected_setup(&console.cx) {
                Some(setup) if !setup.takes_a_link() => Err("It needs no link in its current state.".into()),
                Some(_) => can(console, &[NumberEvent::NewLink]).map(|_| ()),
                None => connected(console).map(|_| ()),
            }
        },
        run: |console| match console.panes.connections.selected_setup(&console.cx).map(|setup| setup.id) {
            Some(setup) => act(NumberRequest::NewLink { setup }),
            None => with(console, |_, connection| act(NumberRequest::Renew { connection })),
        },
        ..ROW
    },
    CommandSpec {
        id: "connections.copy_link",
        title: "Copy link",
        help: "Copies the setup link for the owner of the number.",
        scope: NUMBERS,
        keys: &["Y"],
        hint: true,
        ready: |console| match console
            .panes
            .connections
            .selected_setup(&console.cx)
            .and_then(|setup| setup.link.as_ref())
        {
            Some(_) => Ok(()),
            None => Err("There is no link to copy.".into()),
        },
        run: |console| {
            let link = console.panes.connections.selected_setup(&console.cx).and_then(|setup| setup.link.clone());
            let Some(link) = link else { return vec![] };
            console.cx.notice("Copied the link.", false);
            vec![Effect::Copy(link.url)]
        },
        ..ROW
    },
    CommandSpec {
        id: "connections.give_up",
        title: "Cancel setup",
        help: "Cancels the setup and revokes its link.",
        scope: NUMBERS,
        keys: &["X"],
        danger: Danger::Asks(|console| {
            let name = console.panes.connections.selected_setup(&console.cx).map_or("", |setup| setup.name.as_str());
            format!("Cancel the setup of {name}? Its link is revoked.")
        }),
        ready: |console| can(console, &[NumberEvent::GiveUp]).map(|_| ()),
        run: |console| {
            let setup = console.panes.connections.selected_setup(&console.cx).map(|setup| setup.id);
            setup.map(|setup| act(NumberRequest::Cancel { setup })).unwrap_or_default()
        },
        ..ROW
    },
    CommandSpec {
        id: "connections.unregister",
        title: "Unregister",
        help: "Removes our webhook registration; the number stays at the provider.",
        scope: NUMBERS,
        keys: &["U"],
        danger: Danger::Asks(|console| {
            let row = console.panes.connections.selected_connection(&console.cx);
            let name = row.map_or("", |row| row.connection.name.as_str());
            format!(
                "Unregister {name}? wadeck no longer receives or sends its messages. The number stays at the provider."
            )
        }),
        ready: |console| {
            admin(console)?;
            connected(console).map(|_| ())
        },
        run: |console| with(console, |_, connection| act(NumberRequest::Unregister { connection })),
        ..ROW
    },
    CommandSpec {
        id: "connections.disconnect",
        title: "Disconnect",
        help: "Disconnects the number at the provider. Asks for the number.",
        scope: NUMBERS,
        keys: &["D"],
        ready: |console| {
            admin(console)?;
            connected(console).map(|_| ())
        },
        run: |console| {
            let Some(row) = console.panes.connections.selected_connection(&console.cx) else { return vec![] };
            let (connection, name) = (row.connection.id, row.connection.name.clone());
            let number = row.connection.phone_number.to_string();
            let environment = row.connection.environment;
            console.open_form(FormKind::Platform(PlatformForm::Disconnect { connection, name, number, environment }))
        },
        ..ROW
    },
    CommandSpec {
        id: "connections.scope",
        title: "Environment",
        help: "Switches to the next organization or environment, or to all of them.",
        keys: &["E"],
        scope: NUMBERS,
        ready: |console| {
            if console.cx.scopes_known().len() > 1 {
                Ok(())
            } else {
                Err("There is only one organization and environment.".into())
            }
        },
        run: |console| {
            console.cx.next_scope();
            console.ask_in_scope()
        },
        ..ROW
    },
];

pub(in crate::console) fn admin(console: &Console) -> Result<(), String> {
    if console.cx.settings.actor.has(Permission::SetNumbersUp) {
        Ok(())
    } else {
        Err("This needs the role admin.".into())
    }
}

fn can_set_up(console: &Console) -> Result<(), String> {
    admin(console)?;
    match console.cx.overview.as_ref().map(|overview| overview.sets_up.is_empty()) {
        Some(false) => Ok(()),
        _ => Err("No configured provider supports setup. Declare the number in the configuration.".into()),
    }
}

fn connected(console: &Console) -> Result<ConnectionId, String> {
    console
        .panes
        .connections
        .selected_connection(&console.cx)
        .map(|row| row.connection.id)
        .ok_or_else(|| "This number is not connected.".into())
}

/// Which of these can happen to the setup under the cursor, or why none can.
fn can(console: &Console, events: &[NumberEvent]) -> Result<NumberEvent, String> {
    admin(console)?;
    let (Some(setup), Some(list)) = (console.panes.connections.selected_setup(&console.cx), &console.cx.connections)
    else {
        return Err("No number is being set up.".into());
    };
    let state = setup.life(list.presence(setup));
    let event = events.iter().find(|event| state.after(**event).is_some());
    event.copied().ok_or_else(|| state.refuse(&setup.name).to_string())
}

fn act(request: NumberRequest) -> Vec<Effect> {
    vec![Effect::Perform(Request::Number(request))]
}

fn with(console: &mut Console, run: fn(&mut Console, ConnectionId) -> Vec<Effect>) -> Vec<Effect> {
    match connected(console) {
        Ok(connection) => run(console, connection),
        Err(_) => vec![],
    }
}
