//! Tools for a model that is not ours, by the Model Context Protocol: over HTTP for whoever has a token,
//! and on standard input and output for whoever may open the socket. What a tool does is what any other
//! request does: the same role, the same rules, the same words where they refuse.

#[cfg(not(feature = "mcp"))]
mod absent;
#[cfg(feature = "mcp")]
mod lines;
#[cfg(feature = "mcp")]
mod protocol;
mod tools;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(not(feature = "mcp"))]
pub use self::absent::{on_standard_io, service};
#[cfg(feature = "mcp")]
pub use self::protocol::{on_standard_io, service};
use self::tools::{named, tools};
use super::ErrorBody;
use super::http::{Said, done};
use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::code::Code;
use crate::domain::ids::ThreadId;
use crate::operations::{OperationError, System, use_tool};

/// A tool, as it is called through the socket.
#[derive(Debug, Serialize, Deserialize)]
pub struct Call {
    name: String,
    #[serde(default)]
    arguments: Map<String, Value>,
    /// What it may see and reach of what the caller reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<ScopeChoice>,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
struct Came {
    good: bool,
    value: Value,
}

async fn called(system: &System, actor: &Actor, call: Call) -> Came {
    if let Actor::Agent { name } = actor {
        return under_contract(system, name, call).await;
    }
    let Some(tool) = named(&call.name) else {
        let known: Vec<&str> = tools().map(|tool| tool.name).collect();
        return wrong(Code::Tool, "Unknown tool.", &format!("Use one of {}.", known.join(", ")));
    };
    if let Err(refusal) = actor.may(tool.right) {
        return Came { good: false, value: super::refusal_json(&refusal) };
    }
    let mut arguments = call.arguments;
    match super::names::resolve(system, actor, &mut arguments).await {
        Ok(()) => {}
        Err(OperationError::Refused(refusal)) => return Came { good: false, value: super::refusal_json(&refusal) },
        Err(OperationError::Failed(failed)) => return failed_call(&failed),
    }
    match tool.read(arguments) {
        Err(error) => {
            let reason = format!("The arguments cannot be read: {error}.");
            wrong(Code::Arguments, &reason, "Send the arguments as the tool's schema says.")
        }
        Ok(ask) => {
            let Said(status, value) = done(system, actor, ask).await;
            Came { good: status == StatusCode::OK, value }
        }
    }
}

fn wrong(code: Code, reason: &str, remedy: &str) -> Came {
    Came { good: false, value: ErrorBody::new(code, reason, remedy).json() }
}

/// An agent that came with a token of its own: its tools, each in a thread, under its contract.
async fn under_contract(system: &System, agent: &str, call: Call) -> Came {
    let thread = call.arguments.get("thread").cloned().unwrap_or_default();
    let Ok(thread) = serde_json::from_value::<ThreadId>(thread) else {
        return wrong(Code::Arguments, "The argument `thread` is missing.", "Give `thread`, such as t12.");
    };
    let arguments = Value::Object(call.arguments);
    match use_tool(system, agent, &call.name, thread, &arguments).await {
        Ok(Ok(value)) => Came { good: true, value },
        Ok(Err(why)) => wrong(Code::Refused, &why.0, "Do what the contract allows, or hand off to a person."),
        Err(OperationError::Refused(refusal)) => Came { good: false, value: super::refusal_json(&refusal) },
        Err(OperationError::Failed(failed)) => failed_call(&failed),
    }
}

/// Something broke that the caller cannot do anything about.
fn failed_call(failed: &crate::store::StoreError) -> Came {
    Came { good: false, value: super::hidden_failure(failed).json() }
}

/// One call through the socket, as the user at its other end.
pub async fn call(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    Json(call): Json<Value>,
) -> Response {
    let mut call: Call = match super::objects::read(call) {
        Ok(call) => call,
        Err(error) => {
            return Json(wrong(
                Code::Body,
                &format!("Cannot read the call: {error}."),
                "Use the version of the engine.",
            ))
            .into_response();
        }
    };
    let system = match call.scope.take() {
        Some(scope) => system.confined(&actor, scope).await,
        None => Ok(system),
    };
    let came = match system {
        Ok(system) => called(&system, &actor, call).await,
        Err(OperationError::Refused(refusal)) => Came { good: false, value: super::refusal_json(&refusal) },
        Err(OperationError::Failed(failed)) => failed_call(&failed),
    };
    Json(came).into_response()
}

/// Every tool with who may call it, for the document about roles.
pub(super) fn tools_by_role() -> impl Iterator<Item = (String, Permission)> {
    tools().map(|tool| (tool.name.to_owned(), tool.right))
}
