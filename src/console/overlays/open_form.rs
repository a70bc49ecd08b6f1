//! Opening a form, and the question that stands in its place where it says nothing new.

use crate::console::overlays::form::{Form, FormKind};
use crate::console::overlays::form_files::FormFile;
use crate::console::overlays::{Overlay, Then};
use crate::console::panes::agents::forms::AgentForm;
use crate::console::{Console, Effect};
use crate::domain::agents::assignment::AssignmentState;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::request::Request;
use crate::domain::time::Timestamp;

impl Console {
    /// Opens a form, with what was begun in it before.
    pub(in crate::console) fn open_form(&mut self, kind: FormKind) -> Vec<Effect> {
        if self.files_are_elsewhere(&kind) {
            return vec![];
        }
        let mut form = Form::new(kind);
        if let Some(begun) = self.begun_form.take_if(|begun| begun.is_like(&form)) {
            for (new, old) in form.fields.iter_mut().zip(begun.fields) {
                new.input = old.input;
            }
        }
        self.loaded.file = None;
        self.loaded.form_file = FormFile::default();
        self.overlay = Some(crate::console::overlays::Overlay::Form(Box::new(form)));
        vec![]
    }

    /// An assignment narrowed to what it says already is approved like any other: with the same question.
    /// Where it is in force, nothing is done.
    pub(in crate::console) fn approval_instead(&mut self, now: Timestamp, zone_offset: i64) -> Option<Vec<Effect>> {
        let Some(Overlay::Form(form)) = &mut self.overlay else { return None };
        let FormKind::Agent(kind) = &form.kind else { return None };
        let AgentForm::Narrow { assignment, whom } = &**kind else { return None };
        match form.request(now, zone_offset, None) {
            Ok(Request::Agents(AgentRequest::Narrow { proposal, .. })) if assignment.says_the_same(&proposal) => {}
            _ => return None,
        }
        if assignment.state == AssignmentState::Active && assignment.stale_since.is_none() {
            form.fault = Some("It is already active.".to_owned());
            return Some(vec![]);
        }
        let (one, whom) = (assignment.clone(), whom.clone());
        let question = self.panes.agents.approval_question(&one, &whom);
        let then = Then::Perform(Request::Agents(AgentRequest::Approve { assignment: one.id }));
        self.overlay = Some(Overlay::Confirm { question, then });
        Some(vec![])
    }
}
