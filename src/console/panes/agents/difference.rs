//! Shows the contract of an assignment as a difference from the active one.

use crate::console::cx::Cx;
use crate::console::intent::{Intent, OverlayEvent};
use crate::console::overlays::reading::Text;
use crate::domain::agents::requests::{AgentQuery, AgentsAnswer, AssignmentDetail};
use crate::domain::ids::AssignmentId;
use crate::domain::query::{Answer, Query};
use crate::domain::text::clean_line;

/// The comparison of one assignment.
#[derive(Debug)]
pub(super) struct Difference {
    assignment: AssignmentId,
    detail: Option<AssignmentDetail>,
}

impl Difference {
    /// Creates the comparison for an assignment, with the detail that is already loaded, if there is any.
    pub fn new(assignment: AssignmentId, known: Option<AssignmentDetail>) -> Self {
        Self { assignment, detail: known }
    }
}

impl Text for Difference {
    fn title(&self) -> &'static str {
        "Compare with current"
    }

    fn opened(&mut self, _: &Cx) -> Vec<Intent> {
        vec![Intent::Ask(Query::Agent(AgentQuery::Assignment { assignment: self.assignment }))]
    }

    fn update(&mut self, _: &Cx, event: &OverlayEvent<'_>) -> Vec<Intent> {
        if let OverlayEvent::Answered(Query::Agent(AgentQuery::Assignment { assignment }), Answer::Agent(answer)) =
            event
            && let AgentsAnswer::Assignment(detail) = &**answer
            && *assignment == self.assignment
        {
            self.detail = detail.as_deref().cloned();
        }
        vec![]
    }

    fn lines(&self, _: &Cx) -> Vec<String> {
        let Some(detail) = &self.detail else { return vec!["Loading …".into()] };
        let mut lines = match &detail.instead_of {
            Some(today) => vec![format!("{} is active there now ({}).", clean_line(&today.agent), today.id)],
            None => vec!["No agent is active there now: every term is new.".to_owned()],
        };
        lines.push(String::new());
        for term in detail.terms() {
            match (&detail.instead_of, term.today) {
                (None, _) => lines.push(format!("+ {:<12}{}", term.name, term.value)),
                (Some(_), None) => lines.push(format!("  {:<12}{}", term.name, term.value)),
                (Some(_), Some(today)) => {
                    lines.push(format!("- {:<12}{today}", term.name));
                    lines.push(format!("+ {:<12}{}", term.name, term.value));
                }
            }
        }
        lines
    }
}
