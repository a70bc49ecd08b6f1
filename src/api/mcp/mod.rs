//! Tools for models by the Model Context Protocol: over HTTP with a token, and on standard input and output for users
//! of the socket. A tool call is executed like any other request, with the same roles, rules and refusals.

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
use thiserror::Error;

#[cfg(not(feature = "mcp"))]
pub use self::absent::{on_standard_io, service};
#[cfg(feature = "mcp")]
pub use self::protocol::{on_standard_io, service};
use self::tools::{find_tool, tools};
use super::http::{ApiResponse, execute};
use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::code::Code;
use crate::domain::ids::ThreadId;
use crate::domain::request_error::ErrorBody;
use crate::operations::{OperationError, System, use_tool};

/// Why the protocol on standard input and output ended with an error.
#[derive(Debug, Error)]
pub enum StandardIoError {
    /// The client did not begin as the protocol requires.
    #[cfg(feature = "mcp")]
    #[error(transparent)]
    Handshake(#[from] Box<rmcp::service::ServerInitializeError>),
    /// The task that serves the client failed.
    #[cfg(feature = "mcp")]
    #[error(transparent)]
    Task(#[from] tokio::task::JoinError),
    #[cfg(not(feature = "mcp"))]
    #[error("{}", absent::REASON)]
    NotBuiltIn,
}

/// A tool call, as it is sent through the socket.
#[derive(Debug, Serialize, Deserialize)]
pub struct Call {
    name: String,
    #[serde(default)]
    arguments: Map<String, Value>,
    /// Restricts the call to a scope within the caller's. `None`: the caller's whole scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<ScopeChoice>,
}

/// The outcome of a tool call: a result, or an error if `good` is `false`.
#[derive(Debug, Serialize, Deserialize)]
struct CallOutcome {
    good: bool,
    value: Value,
}

/// Executes a tool call as the actor: permission, names and arguments are checked first.
async fn execute_call(system: &System, actor: &Actor, call: Call) -> CallOutcome {
    if let Actor::Agent { name } = actor {
        return execute_under_contract(system, name, call).await;
    }
    let Some(tool) = find_tool(&call.name) else {
        let known: Vec<&str> = tools().map(|tool| tool.name).collect();
        return call_error(Code::Tool, "Unknown tool.", &format!("Use one of {}.", known.join(", ")));
    };
    if let Err(refusal) = actor.require(tool.permission) {
        return CallOutcome { good: false, value: super::refusal_json(&refusal) };
    }
    let mut arguments = call.arguments;
    match super::names::resolve(system, actor, &mut arguments).await {
        Ok(()) => {}
        Err(OperationError::Refused(refusal)) => {
            return CallOutcome { good: false, value: super::refusal_json(&refusal) };
        }
        Err(OperationError::Failed(failed)) => return failed_call(&failed),
    }
    match tool.read(arguments) {
        Err(error) => {
            let reason = format!("The arguments cannot be read: {error}.");
            call_error(Code::Arguments, &reason, "Send the arguments as the tool's schema says.")
        }
        Ok(action) => {
            let ApiResponse(status, value) = execute(system, actor, action).await;
            CallOutcome { good: status == StatusCode::OK, value }
        }
    }
}

/// The outcome of a call that is refused.
fn call_error(code: Code, reason: &str, remedy: &str) -> CallOutcome {
    CallOutcome { good: false, value: ErrorBody::new(code, reason, remedy).json() }
}

/// Executes a call of an agent with its own token: only the tools of its contract, each in a thread.
async fn execute_under_contract(system: &System, agent: &str, call: Call) -> CallOutcome {
    let thread = call.arguments.get("thread").cloned().unwrap_or_default();
    let Ok(thread) = serde_json::from_value::<ThreadId>(thread) else {
        return call_error(Code::Arguments, "The argument `thread` is missing.", "Give `thread`, such as t12.");
    };
    let arguments = Value::Object(call.arguments);
    match use_tool(system, agent, &call.name, thread, &arguments).await {
        Ok(Ok(value)) => CallOutcome { good: true, value },
        Ok(Err(why)) => call_error(Code::Refused, &why.0, "Do what the contract allows, or hand off to a person."),
        Err(OperationError::Refused(refusal)) => CallOutcome { good: false, value: super::refusal_json(&refusal) },
        Err(OperationError::Failed(failed)) => failed_call(&failed),
    }
}

/// The outcome of a call that failed in the engine.
fn failed_call(failed: &crate::store::StoreError) -> CallOutcome {
    CallOutcome { good: false, value: super::hidden_failure(failed).json() }
}

/// Handles a tool call through the socket, as the connected user.
pub async fn call(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    Json(call): Json<Value>,
) -> Response {
    let mut call: Call = match super::objects::read(call) {
        Ok(call) => call,
        Err(error) => {
            return Json(call_error(
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
    let outcome = match system {
        Ok(system) => execute_call(&system, &actor, call).await,
        Err(OperationError::Refused(refusal)) => CallOutcome { good: false, value: super::refusal_json(&refusal) },
        Err(OperationError::Failed(failed)) => failed_call(&failed),
    };
    Json(outcome).into_response()
}

/// Returns all tools with the permission they need, for `docs/roles.md`.
pub(super) fn tools_by_role() -> impl Iterator<Item = (String, Permission)> {
    tools().map(|tool| (tool.name.to_owned(), tool.permission))
}
