//! Commands for templates.

use super::forms::{DeleteTemplateForm, SampleForm};
use super::starters::TemplateStarters;
use super::state::TemplatesPane;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::picker::Picker;
use crate::console::pane_id::PaneId;
use crate::console::panes::row::Command;
use crate::console::user_error::UserError;
use crate::domain::ids::ConnectionId;
use crate::domain::query::Query;
use crate::domain::templates::requests::TemplateQuery;
use crate::domain::templates::template::Template;

const TEMPLATES: Scope = Scope::Pane(PaneId::Templates);

pub(in crate::console) const ROWS: &[Command<TemplatesPane>] = &[
    Command {
        id: "templates.new",
        title: "New",
        help: "Creates a template from a starter or from an unfinished text.",
        scope: TEMPLATES,
        keys: &["n"],
        hint: true,
        ready: operator_with_account,
        run: |pane, cx| match account(pane, cx) {
            Some(connection) => vec![Picker::open(TemplateStarters { connection })],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "templates.edit",
        title: "Edit",
        help: "Fetches the template and opens it in the editor; the change is reviewed again.",
        scope: TEMPLATES,
        keys: &["E"],
        hint: true,
        ready: operator_with_one,
        run: |pane, cx| {
            let Ok((connection, template)) = chosen(pane, cx) else { return vec![] };
            let query = Query::Template(TemplateQuery::Text { connection, id: template.id.clone() });
            vec![Intent::Await(query, Some("Fetching the template from the provider …"))]
        },
        ..Command::ROW
    },
    Command {
        id: "templates.delete",
        title: "Delete",
        help: "Deletes the template in this language. Asks for its name.",
        scope: TEMPLATES,
        keys: &["D"],
        ready: admin_with_one,
        run: |pane, cx| {
            let Ok((connection, template)) = chosen(pane, cx) else { return vec![] };
            let (name, language) = (template.name.as_received().to_owned(), template.language.line());
            let id = Some(template.id.clone());
            vec![Form::open(DeleteTemplateForm { connection, name, language, id })]
        },
        ..Command::ROW
    },
    Command {
        id: "templates.delete_all",
        title: "Delete all languages",
        help: "Deletes all languages of the template. Asks for its name.",
        scope: TEMPLATES,
        keys: &["X"],
        ready: admin_with_one,
        run: |pane, cx| {
            let Ok((connection, template)) = chosen(pane, cx) else { return vec![] };
            let name = template.name.as_received().to_owned();
            let language = "all languages".to_owned();
            vec![Form::open(DeleteTemplateForm { connection, name, language, id: None })]
        },
        ..Command::ROW
    },
    Command {
        id: "templates.sample",
        title: "Upload a sample",
        help: "Uploads a sample file for a header and copies its handle.",
        scope: TEMPLATES,
        keys: &["u"],
        ready: operator_with_account,
        run: |pane, cx| match account(pane, cx) {
            Some(connection) => vec![Form::open(SampleForm { connection })],
            None => vec![],
        },
        ..Command::ROW
    },
];

/// Fails if the actor is no operator, or if there is no account to create a template in.
fn operator_with_account(pane: &TemplatesPane, cx: &Cx) -> Result<(), UserError> {
    cx.operator()?;
    match account(pane, cx) {
        Some(_) => Ok(()),
        None => Err("There is no number to create the template for.".into()),
    }
}

fn operator_with_one(pane: &TemplatesPane, cx: &Cx) -> Result<(), UserError> {
    cx.operator()?;
    chosen(pane, cx).map(|_| ())
}

fn admin_with_one(pane: &TemplatesPane, cx: &Cx) -> Result<(), UserError> {
    cx.admin()?;
    chosen(pane, cx).map(|_| ())
}

fn chosen<'p>(pane: &'p TemplatesPane, cx: &Cx) -> Result<(ConnectionId, &'p Template), UserError> {
    pane.selected(cx).map(|(list, one)| (list.connection, one)).ok_or_else(|| "Select a template first.".into())
}

/// Returns the number whose account a new template is created in.
fn account(pane: &TemplatesPane, cx: &Cx) -> Option<ConnectionId> {
    cx.account_for_new(pane.selected(cx).map(|(list, _)| list.connection))
}
