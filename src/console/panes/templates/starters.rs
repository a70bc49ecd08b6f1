//! Starters for a new template. An unfinished text comes first.

use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::{PickerKind, Row};
use crate::console::script::{ScriptKind, ScriptStep};
use crate::domain::ids::ConnectionId;
use crate::domain::templates::starter;
use crate::domain::text::clean_line;

/// Lists the starters for a template.
#[derive(Debug)]
pub(super) struct TemplateStarters {
    /// The number whose account the template is created in.
    pub connection: ConnectionId,
}

impl PickerKind for TemplateStarters {
    fn title(&self) -> &'static str {
        "Starters"
    }

    fn empty_text(&self) -> &'static str {
        ""
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let begun = cx.script.as_ref().map(|script| {
            let text = script.text.lines().take(3).map(clean_line).collect::<Vec<_>>().join("  ");
            Row { right: script.kind.title().into(), ..Row::new("", "unfinished text", text) }
        });
        begun.into_iter().chain(starter::TEMPLATES.iter().map(|one| Row::new(one.name, one.name, one.what))).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let kind = ScriptKind::Template { connection: self.connection, id: None };
        vec![Intent::Script(match starter::template(&row.id) {
            Some(starter) => ScriptStep::Begin(kind, starter.text.to_owned()),
            None => ScriptStep::Again,
        })]
    }
}
