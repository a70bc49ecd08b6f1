//! Commands about templates.

use crate::console::command::{CommandSpec, ROW, Scope};
use crate::console::overlays::finder::FinderKind;
use crate::console::overlays::form::FormKind;
use crate::console::overlays::platform_forms::PlatformForm;
use crate::console::panes::connections::commands::admin;
use crate::console::panes::threads::commands::operator;
use crate::console::{Console, PaneId};
use crate::domain::ids::ConnectionId;
use crate::domain::query::Query;
use crate::domain::templates::requests::TemplateQuery;
use crate::domain::templates::template::Template;

const TEMPLATES: Scope = Scope::Pane(PaneId::Templates);

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "templates.new",
        title: "New",
        help: "Creates a template from a starter or from an unfinished text.",
        scope: TEMPLATES,
        keys: &["n"],
        hint: true,
        ready: operator_with_account,
        run: |console| console.open_finder(FinderKind::Starters),
        ..ROW
    },
    CommandSpec {
        id: "templates.edit",
        title: "Edit",
        help: "Fetches the template and opens it in the editor; the change is reviewed again.",
        scope: TEMPLATES,
        keys: &["E"],
        hint: true,
        ready: operator_with_one,
        run: |console| {
            let Ok((connection, template)) = chosen(console) else { return vec![] };
            let query = Query::Template(TemplateQuery::Text { connection, id: template.id.clone() });
            console.cx.awaited = Some(query.clone());
            console.cx.notice("Fetching the template from the provider …", false);
            console.ask(query)
        },
        ..ROW
    },
    CommandSpec {
        id: "templates.delete",
        title: "Delete",
        help: "Deletes the template in this language. Asks for its name.",
        scope: TEMPLATES,
        keys: &["D"],
        ready: admin_with_one,
        run: |console| {
            let Ok((connection, template)) = chosen(console) else { return vec![] };
            let (name, language) = (template.name.as_received().to_owned(), template.language.line());
            let id = Some(template.id.clone());
            console.open_form(FormKind::Platform(PlatformForm::DeleteTemplate { connection, name, language, id }))
        },
        ..ROW
    },
    CommandSpec {
        id: "templates.delete_all",
        title: "Delete all languages",
        help: "Deletes all languages of the template. Asks for its name.",
        scope: TEMPLATES,
        keys: &["X"],
        ready: admin_with_one,
        run: |console| {
            let Ok((connection, template)) = chosen(console) else { return vec![] };
            let name = template.name.as_received().to_owned();
            let language = "all languages".to_owned();
            console.open_form(FormKind::Platform(PlatformForm::DeleteTemplate { connection, name, language, id: None }))
        },
        ..ROW
    },
    CommandSpec {
        id: "templates.sample",
        title: "Upload a sample",
        help: "Uploads a sample file for a header and copies its handle.",
        scope: TEMPLATES,
        keys: &["u"],
        ready: operator_with_account,
        run: |console| match console.account_for_new() {
            Some(connection) => console.open_form(FormKind::Platform(PlatformForm::Sample { connection })),
            None => vec![],
        },
        ..ROW
    },
];

/// Whether there is an account that something new could belong to.
pub(in crate::console) fn operator_with_account(console: &Console) -> Result<(), String> {
    operator(console)?;
    match console.account_for_new() {
        Some(_) => Ok(()),
        None => Err("There is no number to create the template for.".into()),
    }
}

fn operator_with_one(console: &Console) -> Result<(), String> {
    operator(console)?;
    chosen(console).map(|_| ())
}

fn admin_with_one(console: &Console) -> Result<(), String> {
    admin(console)?;
    chosen(console).map(|_| ())
}

fn chosen(console: &Console) -> Result<(ConnectionId, &Template), String> {
    console
        .panes
        .templates
        .selected(&console.cx)
        .map(|(list, one)| (list.connection, one))
        .ok_or_else(|| "Select a template first.".into())
}
