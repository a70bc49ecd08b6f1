//! WhatsApp Flows, which the provider stores. Every write creates a version. Shown data carries the time at which it
//! was fetched.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::ConnectionId;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// A Flow as shown in lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The provider's id, for queries of versions, endpoint and responses.
    pub id: String,
    /// Meta's id, which messages and templates contain.
    pub network_id: String,
    pub name: Untrusted,
    /// `draft`, `published`, `deprecated`, `blocked` or `throttled`.
    pub status: String,
    pub json_version: Option<String>,
    pub data_api_version: Option<String>,
    pub preview_url: Option<String>,
    pub has_endpoint: bool,
    pub endpoint_url: Option<String>,
    pub encryption: bool,
    pub published_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

impl Flow {
    /// Returns `true` if the Flow has this status, ignoring case.
    pub fn is(&self, status: &str) -> bool {
        self.status.eq_ignore_ascii_case(status)
    }
}

/// A version of a Flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowVersion {
    pub id: String,
    pub label: String,
    pub status: String,
    pub created_at: Option<Timestamp>,
    pub published_at: Option<Timestamp>,
    /// Errors that the provider found in the version.
    pub findings: Vec<ProviderFinding>,
    /// The Flow JSON; `None` if it was not requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
}

/// An error that the provider found in a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderFinding {
    /// The provider's code, such as `INVALID_PROPERTY_KEY`.
    pub code: String,
    pub said: Untrusted,
    pub line: Option<u32>,
}

/// The endpoint code of a dynamic Flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowEndpoint {
    /// Status of the endpoint, such as `none`, `draft` or `deployed`.
    pub status: String,
    pub url: Option<String>,
    pub deployed_at: Option<Timestamp>,
    pub registered: bool,
    pub code: String,
}

/// A submitted response of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowResponse {
    pub id: String,
    pub at: Option<Timestamp>,
    pub from: Untrusted,
    /// Names and values, in the order of the response.
    pub fields: Vec<(Untrusted, Untrusted)>,
}

/// A line of the endpoint's log, or a call of the endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLogLine {
    pub at: Option<Timestamp>,
    /// `error`, `info`, or the HTTP status of a call.
    pub level: String,
    pub said: Untrusted,
    pub bad: bool,
}

/// A step on the way to a working Flow, with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowCheck {
    pub what: String,
    pub done: bool,
    /// What to do if the step is not done.
    pub instead: String,
}

/// A Flow in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowDetail {
    pub flow: Flow,
    /// Newest first.
    pub versions: Vec<FlowVersion>,
    pub endpoint: Option<FlowEndpoint>,
    pub checks: Vec<FlowCheck>,
}

/// The Flows of one account, with the time of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowList {
    pub connection: ConnectionId,
    pub connection_name: String,
    pub fetched_at: Option<Timestamp>,
    pub flows: Vec<Flow>,
    pub trouble: Option<String>,
}

/// Errors of the linter that a person accepts for one upload. The provider still checks what is uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedErrors {
    /// The rules whose errors are accepted, such as `F5`; at least one.
    pub rules: Vec<String>,
    /// Why, for the audit log; 1 to 200 characters.
    pub reason: String,
}

/// A request that changes Flows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "flow", rename_all = "snake_case")]
pub enum FlowRequest {
    Refresh,
    Create {
        connection: ConnectionId,
        name: String,
        json: String,
        /// Errors of the linter that are accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepted: Option<AcceptedErrors>,
    },
    /// Creates a new version; the provider keeps earlier ones.
    Write {
        connection: ConnectionId,
        id: String,
        json: String,
        /// Errors of the linter that are accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepted: Option<AcceptedErrors>,
    },
    Publish {
        connection: ConnectionId,
        id: String,
    },
    /// Deprecates a published Flow, so that it can no longer be opened. The name has to be typed.
    Deprecate {
        connection: ConnectionId,
        id: String,
        typed: String,
    },
    /// Deletes a draft. The name has to be typed.
    Delete {
        connection: ConnectionId,
        id: String,
        typed: String,
    },
    SetCode {
        connection: ConnectionId,
        id: String,
        code: String,
        /// Errors of the linter that are accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepted: Option<AcceptedErrors>,
    },
    Deploy {
        connection: ConnectionId,
        id: String,
    },
    Register {
        connection: ConnectionId,
        id: String,
    },
    Encrypt {
        connection: ConnectionId,
        id: String,
    },
    /// Sends the Flow to a contact; a draft is sent as a test.
    Send {
        connection: ConnectionId,
        id: String,
        to: PhoneNumber,
        body: String,
        button: String,
        #[serde(default)]
        screen: Option<String>,
    },
}

/// A query about Flows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum FlowQuery {
    /// The stored list of every account, with its age.
    List,
    Detail {
        connection: ConnectionId,
        id: String,
    },
    /// The JSON of a version, or of the newest one.
    Json {
        connection: ConnectionId,
        id: String,
        version: Option<String>,
    },
    /// The differences between two versions, the older one first.
    Diff {
        connection: ConnectionId,
        id: String,
        old: String,
        new: String,
    },
    Responses {
        connection: ConnectionId,
        id: String,
    },
    Logs {
        connection: ConnectionId,
        id: String,
    },
    Invocations {
        connection: ConnectionId,
        id: String,
    },
}

/// The result of a [`FlowQuery`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "told", rename_all = "snake_case")]
pub enum FlowAnswer {
    List(Vec<FlowList>),
    Detail(Box<FlowDetail>),
    Json(String),
    Diff(Vec<String>),
    Responses(Vec<FlowResponse>),
    Lines(Vec<FlowLogLine>),
}

/// Returns the steps on the way to a Flow that can be sent, in order, each with its state.
pub fn checks(flow: &Flow, newest: Option<&FlowVersion>, endpoint: Option<&FlowEndpoint>) -> Vec<FlowCheck> {
    let check = |what: &str, done: bool, instead: &str| FlowCheck { what: what.into(), done, instead: instead.into() };
    let valid = newest.is_none_or(|version| version.findings.is_empty());
    let mut all = vec![check("the JSON is valid", valid, "Edit it; the version shows the provider's findings.")];
    let dynamic = flow.data_api_version.is_some()
        || newest.and_then(|version| version.json.as_ref()).is_some_and(|json| json["data_api_version"].is_string());
    if dynamic {
        let code = endpoint.is_some_and(|endpoint| !endpoint.code.is_empty());
        let deployed = endpoint.is_some_and(|endpoint| endpoint.status.eq_ignore_ascii_case("deployed"));
        let registered = endpoint.is_some_and(|endpoint| endpoint.registered) || flow.endpoint_url.is_some();
        all.push(check(
            "encryption is set up",
            flow.encryption,
            "Set it up. Without encryption Meta cannot call the endpoint.",
        ));
        all.push(check(
            "the endpoint's code is uploaded",
            code,
            "Upload it. Without an endpoint the preview of a dynamic Flow says \"flow_token is missing\".",
        ));
        all.push(check("the code is deployed", deployed, "Deploy it."));
        all.push(check("the endpoint is registered", registered, "Register it, after it was deployed."));
    }
    all.push(check(
        "it is published",
        flow.is("published"),
        "Publish it. On error 139000 verify the WhatsApp account in Meta's security center.",
    ));
    all
}

/// Returns the differing lines of two texts, with three lines of context.
pub fn diff(old: &str, new: &str) -> Vec<String> {
    let compared = similar::TextDiff::from_lines(old, new);
    let mut lines = vec![];
    for (at, group) in compared.grouped_ops(3).iter().enumerate() {
        if at > 0 {
            lines.push("…".to_owned());
        }
        for change in group.iter().flat_map(|op| compared.iter_changes(op)) {
            let sign = match change.tag() {
                similar::ChangeTag::Delete => '-',
                similar::ChangeTag::Insert => '+',
                similar::ChangeTag::Equal => ' ',
            };
            lines.push(format!("{sign} {}", crate::domain::text::clean_line(change.value().trim_end())));
        }
    }
    if lines.is_empty() {
        lines.push("No differences.".to_owned());
    }
    lines
}

/// Returns responses as a table: column names, then one row per response.
pub fn table(responses: &[FlowResponse]) -> (Vec<String>, Vec<Vec<String>>) {
    let mut names: Vec<String> = vec![];
    for (name, _) in responses.iter().flat_map(|one| &one.fields) {
        if !names.contains(&name.line()) {
            names.push(name.line());
        }
    }
    let rows = responses.iter().map(|one| {
        let at = one.at.map(|at| at.to_string()).unwrap_or_default();
        let value = |name: &String| {
            one.fields
                .iter()
                .find(|(known, _)| known.line() == *name)
                .map(|(_, value)| value.line())
                .unwrap_or_default()
        };
        [at, one.from.line()].into_iter().chain(names.iter().map(value)).collect()
    });
    let rows = rows.collect();
    (["at".to_owned(), "from".to_owned()].into_iter().chain(names).collect(), rows)
}
