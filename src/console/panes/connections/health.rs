//! Shows the health of a number as the provider reports it, with causes and remedies.

use crate::console::cx::Cx;
use crate::console::intent::{Intent, OverlayEvent};
use crate::console::overlays::reading::Text;
use crate::console::words;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::health::{Health, HealthCheck};
use crate::domain::numbers::number::{NumberAnswer, NumberQuery};
use crate::domain::numbers::registration::Fetched;
use crate::domain::query::{Answer, Query};
use crate::domain::text::{Untrusted, clean_line};

/// The health of one number.
#[derive(Debug)]
pub(super) struct HealthText {
    connection: ConnectionId,
    health: Option<Fetched<Health>>,
}

impl HealthText {
    pub fn new(connection: ConnectionId) -> Self {
        Self { connection, health: None }
    }

    fn query(&self) -> Query {
        Query::Number(NumberQuery::Health { connection: self.connection })
    }
}

impl Text for HealthText {
    fn title(&self) -> &'static str {
        "Health"
    }

    fn opened(&mut self, _: &Cx) -> Vec<Intent> {
        vec![Intent::Ask(self.query())]
    }

    fn update(&mut self, _: &Cx, event: &OverlayEvent<'_>) -> Vec<Intent> {
        match event {
            OverlayEvent::Answered(query, Answer::Number(told)) if **query == self.query() => {
                if let NumberAnswer::Health(health) = &told.value {
                    let (fetched_at, value) = (told.fetched_at, (**health).clone());
                    self.health = Some(Fetched { fetched_at, value });
                }
            }
            // The notice shows the reason.
            OverlayEvent::NotAnswered(query) if **query == self.query() => return vec![Intent::Close],
            _ => {}
        }
        vec![]
    }

    fn lines(&self, cx: &Cx) -> Vec<String> {
        let Some(Fetched { fetched_at, value: health }) = &self.health else {
            return vec![cx.trouble.as_deref().map_or_else(|| "Checking with the provider …".to_owned(), clean_line)];
        };
        let at = words::exact(*fetched_at, cx.zone());
        let mut lines = vec![format!("{}, as reported by the provider at {at}", clean_line(&health.status))];
        lines.extend(health.error.as_ref().map(Untrusted::line));
        lines.extend(health.checks.iter().flat_map(|check| check_lines(cx, check)));
        lines
    }
}

fn check_lines(cx: &Cx, check: &HealthCheck) -> Vec<String> {
    let theme = cx.settings.theme;
    let arrow = theme.pick("→", ">");
    let sign = if check.passed { theme.pick("✓", "+") } else { theme.pick("✗", "x") };
    let mut lines = vec![String::new(), format!("{sign} {}: {}", check.name.replace('_', " "), check.meaning())];
    lines.extend(check.error.as_ref().map(|error| format!("    {}", error.line())));
    lines.extend(check.facts.iter().map(|(name, fact)| format!("    {name}: {}", fact.line())));
    for entity in &check.entities {
        let kind = entity.kind.to_lowercase().replace('_', " ");
        lines.push(format!("    {kind} {} {}", entity.id, entity.can_send.to_lowercase()));
        lines.extend(entity.notes.iter().map(|note| format!("      {}", note.line())));
        for error in &entity.errors {
            lines.push(format!("      {} {}", error.code, error.said.line()));
            lines.extend(error.remedy.as_ref().map(|remedy| format!("      {arrow} {}", remedy.line())));
        }
    }
    if !check.passed {
        lines.push(format!("    {arrow} {}", check.remedy()));
    }
    lines
}
