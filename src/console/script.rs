//! What is written for the provider at length, a template or a Flow: its text, and what stands in its way.

use crate::domain::flow::FlowRequest;
use crate::domain::ids::ConnectionId;
use crate::domain::lint::{Finding, passes};
use crate::domain::request::Request;
use crate::domain::templates::requests::TemplateRequest;

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
    pub fn passes(&self) -> bool {
        self.fault.is_none() && passes(&self.findings)
    }
}

/// What submits it.
pub(in crate::console) fn script_request(script: &Script) -> Request {
    let text = script.text.clone();
    match script.kind.clone() {
        ScriptKind::Template { connection, id: None } => {
            Request::Template(TemplateRequest::Create { connection, text })
        }
        ScriptKind::Flow { connection, id } => Request::Flow(FlowRequest::Write { connection, id, json: text }),
        ScriptKind::FlowCode { connection, id } => Request::Flow(FlowRequest::SetCode { connection, id, code: text }),
        ScriptKind::Template { connection, id: Some(id) } => {
            Request::Template(TemplateRequest::Update { connection, id, text })
        }
    }
}
