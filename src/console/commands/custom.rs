//! Runs custom commands on the selected item, and shows their output.

use crate::console::cx::Cx;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::overlays::reading::Reading;
use crate::console::overlays::readings::plain::PlainText;
use crate::console::panes::Panes;
use crate::console::user_error::UserError;
use crate::console::{Focus, PaneId};
use crate::domain::contacts::view::ContactView;
use crate::domain::custom_command::{CommandOutput, CustomCommand, OutputTarget, Values, fill_in};
use crate::domain::request_error::RequestError;
use crate::domain::text::clean_line;

/// Returns the values of the selected item, by placeholder.
fn values(panes: &Panes, cx: &Cx) -> Values {
    match cx.pane {
        PaneId::Threads => panes.threads.at_hand(cx).map(|row| {
            let mut values = contact_values(cx, &row.contact, &row.connection);
            values.extend([("id", row.id.to_string()), ("thread", row.id.to_string())]);
            values.insert("contact", row.contact_id.to_string());
            let message = panes.threads.current().filter(|_| cx.focus == Focus::Detail);
            values.extend(message.map(|message| ("message", message.id.to_string())));
            values
        }),
        PaneId::Delivery => panes.delivery.selected().map(|row| {
            let mut values = contact_values(cx, &row.contact, &row.connection);
            values.extend([("id", row.id.to_string()), ("thread", row.thread_id.to_string())]);
            values.insert("message", row.message_id.to_string());
            values
        }),
        PaneId::Connections => panes.connections.selected(cx).map(|row| {
            let connection = panes.connections.selected_connection(cx);
            let mut values = connection.map(|row| number_values(cx, &row.connection.name)).unwrap_or_default();
            values.insert("id", row.id());
            values
        }),
        pane => panes.get(pane).list().selected.clone().map(|id| Values::from([("id", id)])),
    }
    .unwrap_or_default()
}

fn contact_values(cx: &Cx, contact: &ContactView, connection: &str) -> Values {
    let mut values = number_values(cx, connection);
    values.insert("name", contact.display_name());
    values.extend(contact.phone_number.as_ref().map(|number| ("phone", number.to_string())));
    values
}

fn number_values(cx: &Cx, connection: &str) -> Values {
    let row = cx.connected().find(|row| row.connection.name == connection);
    let number = row.map(|row| ("number", row.connection.phone_number.to_string()));
    [("connection", connection.to_owned())].into_iter().chain(number).collect()
}

/// Fails with the reason if a custom command cannot run now.
pub(in crate::console) fn ready(panes: &Panes, cx: &Cx, command: &CustomCommand) -> Result<(), UserError> {
    if cx.settings.actor.role().is_none_or(|role| role < command.role) {
        return Err(format!("Only for the role {} or above.", command.role.name()).into());
    }
    let values = values(panes, cx);
    fill_in(&command.command, &values).map(|_| ()).map_err(|error| error.to_string().into())
}

/// Returns the question before a custom command runs; `None` if it asks none.
pub(in crate::console) fn question(panes: &Panes, cx: &Cx, command: &CustomCommand) -> Option<String> {
    let values = values(panes, cx);
    let filled = fill_in(&command.command, &values).unwrap_or_default().join(" ");
    command.confirm.then(|| format!("Run “{}”? {filled}", command.title))
}

/// Runs a custom command on the selected item.
pub(in crate::console) fn run(panes: &Panes, cx: &Cx, command: &CustomCommand) -> Vec<Intent> {
    let values = values(panes, cx);
    vec![
        Intent::Notice(format!("Running “{}”.", command.title)),
        Intent::Effect(Effect::RunCommand { title: command.title.clone(), values }),
    ]
}

/// Returns what becomes of the output of a custom command.
pub(in crate::console) fn ended(cx: &Cx, title: &str, result: Result<CommandOutput, RequestError>) -> Vec<Intent> {
    let Some((spec, command)) = cx.settings.commands.titled(title) else { return vec![] };
    let output = match result {
        Ok(output) => output,
        Err(why) => return vec![Intent::Warn(why.to_string())],
    };
    let cut = if output.is_truncated { " The output was longer and was cut." } else { "" };
    match command.output {
        OutputTarget::Overlay if output.text.trim().is_empty() => {
            vec![Intent::Notice(format!("“{title}” ended without output."))]
        }
        OutputTarget::Overlay => {
            let text = if output.is_truncated { format!("{}\n…{cut}", output.text) } else { output.text };
            vec![Reading::open(PlainText::new(spec.title, text))]
        }
        OutputTarget::Notice => {
            let first = output.text.lines().map(clean_line).find(|line| !line.trim().is_empty());
            vec![Intent::Notice(first.unwrap_or_else(|| format!("“{title}” ended without output.")))]
        }
        OutputTarget::Clipboard => {
            let text = output.text.trim_end().to_owned();
            let notice = format!("Copied the output of “{title}”, {} characters.{cut}", text.chars().count());
            vec![Intent::Effect(Effect::Copy(text)), Intent::Notice(notice)]
        }
        OutputTarget::Nowhere => vec![Intent::Notice(format!("“{title}” ended."))],
    }
}
