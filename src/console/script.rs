//! A template or Flow that is edited as text, with its findings. The text goes to an editor, is checked when it
//! returns, and is kept until the provider has accepted it.

use crate::console::user_error::UserError;
use crate::domain::flow::FlowRequest;
use crate::domain::ids::ConnectionId;
use crate::domain::lint::{Finding, flow, flow_code, passes, template};
use crate::domain::request::Request;
use crate::domain::templates::form;
use crate::domain::templates::requests::TemplateRequest;
use crate::domain::templates::template::TemplateList;

/// A step of editing a script.
#[derive(Debug)]
pub(in crate::console) enum ScriptStep {
    /// Open a text in the editor.
    Begin(ScriptKind, String),
    /// Check the text that the editor returned, and show the findings.
    Check(String),
    /// Keep the text for the next time.
    Keep(String),
    /// Continue editing the kept text.
    Again,
    /// Apply the automatic fixes.
    Mend,
}

/// What a script is submitted as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::console) enum ScriptKind {
    /// A template: `id` is `None` for a new one.
    Template {
        connection: ConnectionId,
        id: Option<String>,
    },
    Flow {
        connection: ConnectionId,
        id: String,
    },
    /// The code of a Flow's data endpoint.
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

/// A text that is being edited, with the result of its last check.
#[derive(Debug, Clone)]
pub(in crate::console) struct Script {
    pub kind: ScriptKind,
    pub text: String,
    pub findings: Vec<Finding>,
    /// Why the text cannot be read, or why the provider rejected it.
    pub fault: Option<String>,
}

impl Script {
    pub fn new(kind: ScriptKind, text: String) -> Self {
        Self { kind, text, findings: vec![], fault: None }
    }

    /// Returns `true` if the text can be submitted.
    pub fn passes(&self) -> bool {
        self.fault.is_none() && passes(&self.findings)
    }

    /// Checks the text with the operation's rules; a template is also compared with the account's existing templates.
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

    /// Applies a step: stores its text or applies fixes, then checks. Returns the message to show, if there is one.
    pub fn take_step(&mut self, step: ScriptStep, lists: &[TemplateList]) -> Option<Result<String, UserError>> {
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

    /// Applies the automatic fixes. Returns how many were applied, or why none was.
    fn fix(&mut self) -> Result<String, UserError> {
        if !matches!(self.kind, ScriptKind::Template { .. }) {
            return Err("Nothing here can be fixed automatically.".into());
        }
        let mut value = form::read(&self.text)?;
        let fixed = template::fix(&mut value, &self.findings);
        self.text = serde_json::to_string_pretty(&value).unwrap_or_default();
        Ok(format!("Fixed {fixed}. Check the examples before you submit it."))
    }

    /// Returns the request that submits the text.
    pub fn request(&self) -> Request {
        let text = self.text.clone();
        match self.kind.clone() {
            ScriptKind::Template { connection, id: None } => {
                Request::Template(TemplateRequest::Create { connection, text })
            }
            ScriptKind::Flow { connection, id } => {
                Request::Flow(FlowRequest::Write { connection, id, json: text, accepted: None })
            }
            ScriptKind::FlowCode { connection, id } => {
                Request::Flow(FlowRequest::SetCode { connection, id, code: text, accepted: None })
            }
            ScriptKind::Template { connection, id: Some(id) } => {
                Request::Template(TemplateRequest::Update { connection, id, text })
            }
        }
    }
}
