//! What is written for the provider at length, a template or a Flow: its text, and what stands in its way. It is handed
//! to an editor, checked when it comes back, and kept until it was taken.

use crate::domain::flow::FlowRequest;
use crate::domain::ids::ConnectionId;
use crate::domain::lint::{Finding, flow, flow_code, passes, template};
use crate::domain::request::Request;
use crate::domain::templates::form;
use crate::domain::templates::requests::TemplateRequest;
use crate::domain::templates::template::TemplateList;

/// A step of writing for the provider.
#[derive(Debug)]
pub(in crate::console) enum ScriptStep {
    /// Hand a text to the editor.
    Begin(ScriptKind, String),
    /// Check the text that came back, and show what was found.
    Check(String),
    /// Keep the text for the next time.
    Keep(String),
    /// Write on what was begun.
    Again,
    /// Fix what can be fixed.
    Mend,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::console) enum ScriptKind {
    /// A new one, or one that is there.
    Template {
        connection: ConnectionId,
        id: Option<String>,
    },
    Flow {
        connection: ConnectionId,
        id: String,
    },
    /// The code that is asked for data.
    FlowCode {
        connection: ConnectionId,
        id: String,
    },
}

impl ScriptKind {
    pub fn title(&self) -> &'static str {
        match self {
            Self::Template { id: None, .. } => "New template",
            Self::Template { .. } => "Edit the template",
            Self::Flow { .. } => "Edit the Flow",
            Self::FlowCode { .. } => "Code of the endpoint",
        }
    }
}

#[derive(Debug, Clone)]
pub(in crate::console) struct Script {
    pub kind: ScriptKind,
    pub text: String,
    pub findings: Vec<Finding>,
    /// It cannot be read, or the provider refused it.
    pub fault: Option<String>,
}

impl Script {
    pub fn new(kind: ScriptKind, text: String) -> Self {
        Self { kind, text, findings: vec![], fault: None }
    }

    pub fn passes(&self) -> bool {
        self.fault.is_none() && passes(&self.findings)
    }

    /// Checks it as the operation does; a template also against those that are there.
    pub fn check(&mut self, lists: &[TemplateList]) {
        let read = match &self.kind {
            ScriptKind::Flow { .. } => Ok(flow::lint(&self.text)),
            ScriptKind::FlowCode { .. } => Ok(flow_code::lint(&self.text)),
            ScriptKind::Template { connection, id } => form::read(&self.text).map(|value| {
                let list = lists.iter().find(|list| list.connection == *connection);
                let known = list.map(|list| list.templates.as_slice()).unwrap_or_default();
                let mut findings = template::lint(&value, known, id.as_deref());
                if let Some(old) = known.iter().find(|one| Some(one.id.as_str()) == id.as_deref()) {
                    template::check_edit(&mut findings, old, &value);
                }
                findings
            }),
        };
        match read {
            Ok(findings) => (self.findings, self.fault) = (findings, None),
            Err(refusal) => (self.findings, self.fault) = (vec![], Some(refusal.to_string())),
        }
    }

    /// Takes the text of a step in, or fixes what can be fixed, and checks it. Returns what is said about that.
    pub fn take_step(&mut self, step: ScriptStep, lists: &[TemplateList]) -> Option<Result<String, String>> {
        let said = match step {
            ScriptStep::Begin(..) | ScriptStep::Again => return None,
            ScriptStep::Keep(text) => {
                self.text = text;
                return None;
            }
            ScriptStep::Check(text) => {
                self.text = text;
                None
            }
            ScriptStep::Mend => Some(self.fix()),
        };
        self.check(lists);
        said
    }

    /// Fixes what can be fixed. Says how much, or why nothing was.
    fn fix(&mut self) -> Result<String, String> {
        if !matches!(self.kind, ScriptKind::Template { .. }) {
            return Err("Nothing here can be fixed automatically.".to_owned());
        }
        let mut value = form::read(&self.text).map_err(|refusal| refusal.to_string())?;
        let fixed = template::fix(&mut value, &self.findings);
        self.text = serde_json::to_string_pretty(&value).unwrap_or_default();
        Ok(format!("Fixed {fixed}. Check the examples before you submit it."))
    }

    /// What submits it.
    pub fn request(&self) -> Request {
        let text = self.text.clone();
        match self.kind.clone() {
            ScriptKind::Template { connection, id: None } => {
                Request::Template(TemplateRequest::Create { connection, text })
            }
            ScriptKind::Flow { connection, id } => Request::Flow(FlowRequest::Write { connection, id, json: text }),
            ScriptKind::FlowCode { connection, id } => {
                Request::Flow(FlowRequest::SetCode { connection, id, code: text })
            }
            ScriptKind::Template { connection, id: Some(id) } => {
                Request::Template(TemplateRequest::Update { connection, id, text })
            }
        }
    }
}
