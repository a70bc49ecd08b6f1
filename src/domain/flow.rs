//! Flows: forms inside the chat, kept by the provider. Every write is a version; what is shown carries
//! the time at which it was asked for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::ConnectionId;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// A Flow as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The provider's own id: what versions, endpoint and responses are asked for with.
    pub id: String,
    /// The id in the network below: what messages and templates name.
    pub network_id: String,
    pub name: Untrusted,
    /// `draft`, `published`, `deprecated`, `blocked`, `throttled`.
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
    pub fn is(&self, status: &str) -> bool {
        self.status.eq_ignore_ascii_case(status)
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowVersion {
    pub id: String,
    pub label: String,
    pub status: String,
    pub created_at: Option<Timestamp>,
    pub published_at: Option<Timestamp>,
    /// What the provider found in it.
    pub findings: Vec<ProviderFinding>,
    /// The JSON, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderFinding {
    /// `INVALID_PROPERTY_KEY` …
    pub code: String,
    pub said: Untrusted,
    pub line: Option<u32>,
}

/// The code behind a Flow that asks for data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowEndpoint {
    /// `none`, `draft`, `deployed` …
    pub status: String,
    pub url: Option<String>,
    pub deployed_at: Option<Timestamp>,
    pub registered: bool,
    pub code: String,
}

/// One answer that somebody gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowResponse {
    pub id: String,
    pub at: Option<Timestamp>,
    pub from: Untrusted,
    /// Names and values, in the order in which they came.
    pub fields: Vec<(Untrusted, Untrusted)>,
}

/// One line of the endpoint's log, or one call of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLogLine {
    pub at: Option<Timestamp>,
    /// `error`, `info`, or the status that a call was answered with.
    pub level: String,
    pub said: Untrusted,
    pub bad: bool,
}

/// A step of the way to a Flow that works, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowCheck {
    pub what: String,
    pub done: bool,
    /// What to do when it is not.
    pub instead: String,
}

/// Everything about one Flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowDetail {
    pub flow: Flow,
    /// The newest first.
    pub versions: Vec<FlowVersion>,
    pub endpoint: Option<FlowEndpoint>,
    pub checks: Vec<FlowCheck>,
}

/// The flows of one account, with the time of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowList {
    pub connection: ConnectionId,
    pub connection_name: String,
    pub fetched_at: Option<Timestamp>,
    pub flows: Vec<Flow>,
    pub trouble: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "flow", rename_all = "snake_case")]
pub enum FlowRequest {
    Refresh,
    Create {
        connection: ConnectionId,
        name: String,
        json: String,
    },
    /// A new version; what was is kept by the provider.
    Write {
        connection: ConnectionId,
        id: String,
        json: String,
    },
    Publish {
        connection: ConnectionId,
        id: String,
    },
    /// Nothing new is opened any more. The name has to be typed.
    Deprecate {
        connection: ConnectionId,
        id: String,
        typed: String,
    },
    /// Drafts only. The name has to be typed.
    Delete {
        connection: ConnectionId,
        id: String,
        typed: String,
    },
    SetCode {
        connection: ConnectionId,
        id: String,
        code: String,
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
    /// Send it in a thread: a draft is a test.
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum FlowQuery {
    /// The last picture of every account's list, with its age.
    List,
    Detail {
        connection: ConnectionId,
        id: String,
    },
    /// The JSON of a version; without one, of the newest.
    Json {
        connection: ConnectionId,
        id: String,
        version: Option<String>,
    },
    /// What differs between two versions, the older first.
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

/// What is missing on the way to a Flow that can be sent, in the order in which it is done.
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

/// What differs between two texts, line by line, with three lines around.
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

/// Answers as a table: every field that any of them has, a line each.
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
