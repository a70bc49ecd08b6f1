//! The table of endpoints. Routes, request parsing and the OpenAPI description are generated from it.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::body::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::objects;
use super::bodies::{
    done, message, messages, object, objects, preview as preview_body, proposal, stop, thread, threads,
};
use super::read_bodies::{ProposalBody, StopBody};
use super::send_body::{AcceptBody, ReactionBody, SendBody, accept_schema, reaction_schema, schema as send_schema};
use crate::domain::access::permission::Permission;
use crate::domain::agents::requests::{AgentQuery, AgentRequest};
use crate::domain::code::Code;
use crate::domain::costs::sums::CostsQuery;
use crate::domain::ids::{MessageId, RunId, ThreadId};
use crate::domain::operation::Operation;
use crate::domain::operation::argument::schema;
use crate::domain::query::Query;
use crate::domain::refusal::Refusal;
use crate::domain::request::Request;

/// What a request asks the engine to do.
pub(in crate::api) enum Action {
    Query(Query),
    Perform(Box<Request>),
    Send(Box<SendBody>),
    /// The request is well-formed, but refused.
    Refuse(Refusal),
}

impl Action {
    /// Returns the permission that the caller needs; `None` if nothing is executed.
    pub fn required_right(&self) -> Option<Permission> {
        match self {
            Self::Query(query) => Some(query.required_right()),
            Self::Perform(request) => Some(request.required_right()),
            Self::Send(_) => Some(Permission::SendMessages),
            Self::Refuse(_) => None,
        }
    }
}

/// Why a request cannot be read.
#[derive(Debug)]
pub(super) struct Fault {
    pub code: Code,
    pub message: String,
}

/// A request before it is parsed.
pub(super) struct RawRequest {
    pub path: Vec<(String, String)>,
    pub query: String,
    pub body: Bytes,
}

impl RawRequest {
    /// Returns the values in the path, which identify the request's object.
    pub fn path_values(&self) -> String {
        self.path.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("/")
    }
}

/// A request with its query string parsed. Its methods return the parts, or the fault to report.
pub(super) struct RequestReader<'g> {
    raw: &'g RawRequest,
    query: BTreeMap<String, String>,
}

pub(super) type ReadResult = Result<Action, Fault>;

impl RequestReader<'_> {
    /// Parses an id in the path.
    pub(super) fn id<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<T, Fault> {
        let text = self.raw.path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
        text.parse().map_err(|error: T::Err| Fault { code: Code::Id, message: format!("{error}.") })
    }

    /// Returns a value of the path or of the query string; empty if it is missing.
    pub(super) fn text(&self, name: &str) -> String {
        let path = self.raw.path.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        path.or_else(|| self.query.get(name)).cloned().unwrap_or_default()
    }

    /// Parses an id in the query string; `None` if it is missing.
    fn cursor<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, Fault> {
        let parsed = self.query.get(name).map(|text| text.parse::<T>()).transpose();
        parsed.map_err(|error| Fault { code: Code::Parameter, message: format!("{name}: {error}.") })
    }

    /// Returns the maximum number of items, 1 to 500; 50 if it is missing.
    fn limit(&self) -> Result<u32, Fault> {
        match self.query.get("limit").map(|text| text.parse::<u32>()) {
            None => Ok(50),
            Some(Ok(limit @ 1..=500)) => Ok(limit),
            Some(_) => {
                Err(Fault { code: Code::Parameter, message: "`limit` is not a whole number from 1 to 500.".into() })
            }
        }
    }

    /// Parses the body.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let value = serde_json::from_slice::<Value>(&self.raw.body).map(normalize_integers);
        value
            .and_then(objects::read)
            .map_err(|error| Fault { code: Code::Body, message: format!("The body cannot be read: {error}.") })
    }

    /// Parses the body; returns the default if it is empty.
    pub(super) fn body_or_none<T: DeserializeOwned + Default>(&self) -> Result<T, Fault> {
        if self.raw.body.is_empty() { Ok(T::default()) } else { self.body() }
    }

    /// Returns the request of an operation, whose arguments are in the path and in the body.
    fn operation(&self, operation: &'static Operation) -> ReadResult {
        let takes_body = operation.body().next().is_some() && !self.raw.body.is_empty();
        let mut arguments: Map<String, Value> = if takes_body { self.body()? } else { Map::new() };
        for argument in operation.arguments.iter().filter(|argument| operation.is_in_path(argument)) {
            let value = argument.kind.read(&self.text(argument.name));
            let value = value.map_err(|error| Fault { code: Code::Id, message: format!("{error}.") })?;
            if arguments.insert(argument.name.to_owned(), value).is_some() {
                let message = format!("`{}` belongs in the path, not in the body.", argument.name);
                return Err(Fault { code: Code::Body, message });
            }
        }
        operation
            .request(arguments)
            .map(|request| Action::Perform(Box::new(request)))
            .map_err(|error| Fault { code: Code::Body, message: format!("The body cannot be read: {error}.") })
    }

    /// Returns the string in the only field of the body; empty if it is missing.
    pub(super) fn single_field(&self, name: &'static str) -> Result<String, Fault> {
        if self.raw.body.is_empty() {
            return Ok(String::new());
        }
        let mut fields: BTreeMap<String, String> = self.body()?;
        let value = fields.remove(name).unwrap_or_default();
        match fields.keys().next() {
            None => Ok(value),
            Some(other) => Err(Fault { code: Code::Body, message: format!("Unknown field `{other}`.") }),
        }
    }
}

/// Parses a query string. Fails if a name occurs twice.
pub(super) fn parameters(query: &str) -> Result<BTreeMap<String, String>, Fault> {
    let mut found = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if found.insert(name.to_string(), value.to_string()).is_some() {
            return Err(Fault { code: Code::Parameter, message: format!("The parameter `{name}` is given twice.") });
        }
    }
    Ok(found)
}

/// Converts numbers such as `3.0` to integers: they are integers in JSON.
fn normalize_integers(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15);
            whole.map_or(Value::Number(number), |float| Value::from(float as i64))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(normalize_integers).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, one)| (name, normalize_integers(one))).collect())
        }
        other => other,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "rows of the table read alike, and some may fail")]
pub(super) fn query(query: Query) -> ReadResult {
    Ok(Action::Query(query))
}

#[expect(clippy::unnecessary_wraps, reason = "rows of the table read alike, and some may fail")]
pub(super) fn perform(request: Request) -> ReadResult {
    Ok(Action::Perform(Box::new(request)))
}

pub(super) fn perform_agent_request(request: AgentRequest) -> ReadResult {
    perform(Request::Agents(request))
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
}

impl Method {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }
}

/// An endpoint of the HTTP API.
#[derive(Clone, Copy)]
pub(super) struct Endpoint {
    pub method: Method,
    pub path: &'static str,
    pub summary: &'static str,
    /// The names of the query parameters.
    pub query_parameters: &'static [&'static str],
    /// The JSON Schema of a successful response.
    pub answer: fn() -> Value,
    /// The permission that the caller needs. It is checked before the request is parsed.
    pub permission: Permission,
    source: EndpointSource,
}

/// How an endpoint is defined.
#[derive(Clone, Copy)]
enum EndpointSource {
    /// Written out in this table.
    Written { body: Option<fn() -> Value>, needs_body: bool, read: fn(&RequestReader<'_>) -> ReadResult },
    /// Generated from the table of operations.
    Operation(&'static Operation),
}

impl Endpoint {
    /// Returns the endpoint of an operation; `None` if the operation has no route.
    pub fn of(operation: &'static Operation) -> Option<Self> {
        Some(Self {
            method: Method::Post,
            path: operation.route?,
            summary: operation.summary,
            query_parameters: &[],
            answer: done,
            permission: operation.permission,
            source: EndpointSource::Operation(operation),
        })
    }

    /// Returns the JSON Schema of a path parameter; `None` if the endpoint is written out here.
    pub fn path_schema(&self, name: &str) -> Option<Value> {
        match self.source {
            EndpointSource::Written { .. } => None,
            EndpointSource::Operation(operation) => {
                let argument = operation.arguments.iter().find(|argument| argument.name == name)?;
                Some(argument.kind.schema(argument.help))
            }
        }
    }

    /// Returns the JSON Schema of the body, and whether the body is required. `None` if there is no body.
    pub fn body(&self) -> Option<(Value, bool)> {
        match self.source {
            EndpointSource::Written { body, needs_body, .. } => body.map(|body| (body(), needs_body)),
            EndpointSource::Operation(operation) => {
                operation.body().next()?;
                Some((schema(operation.body()), operation.body().any(|argument| argument.required)))
            }
        }
    }

    /// Parses a request. Fails on unknown parameters.
    pub fn read(&self, raw: &RawRequest) -> ReadResult {
        let query = parameters(&raw.query)?;
        if let Some(unknown) = query.keys().find(|name| !self.query_parameters.contains(&name.as_str())) {
            let known =
                if self.query_parameters.is_empty() { "none".to_owned() } else { self.query_parameters.join(", ") };
            let message = format!("Unknown parameter `{unknown}`. Known parameters: {known}.");
            return Err(Fault { code: Code::Parameter, message });
        }
        let read = RequestReader { raw, query };
        match self.source {
            EndpointSource::Written { read: function, .. } => function(&read),
            EndpointSource::Operation(operation) => read.operation(operation),
        }
    }
}

/// Defines a GET endpoint with permission `Look`.
pub(super) const fn get_endpoint(
    path: &'static str,
    summary: &'static str,
    query_parameters: &'static [&'static str],
    answer: fn() -> Value,
    read: fn(&RequestReader<'_>) -> ReadResult,
) -> Endpoint {
    let source = EndpointSource::Written { body: None, needs_body: false, read };
    Endpoint { method: Method::Get, path, summary, query_parameters, answer, permission: Permission::Look, source }
}

/// Defines a POST endpoint without a body.
pub(super) const fn post_endpoint(
    path: &'static str,
    summary: &'static str,
    permission: Permission,
    read: fn(&RequestReader<'_>) -> ReadResult,
) -> Endpoint {
    let source = EndpointSource::Written { body: None, needs_body: false, read };
    Endpoint { method: Method::Post, path, summary, query_parameters: &[], answer: done, permission, source }
}

/// Sets a permission other than `Look`.
const fn with_permission(permission: Permission, endpoint: Endpoint) -> Endpoint {
    Endpoint { permission, ..endpoint }
}

/// Adds a body to a POST endpoint.
pub(super) const fn with_body(body: fn() -> Value, needs_body: bool, endpoint: Endpoint) -> Endpoint {
    let source = match endpoint.source {
        EndpointSource::Written { read, .. } => EndpointSource::Written { body: Some(body), needs_body, read },
        operation @ EndpointSource::Operation(_) => operation,
    };
    Endpoint { source, ..endpoint }
}

const LIST_PARAMETERS: &[&str] = &["filter", "limit", "before"];
const LIMIT_PARAMETER: &[&str] = &["limit"];

pub(super) static ENDPOINTS: &[Endpoint] = &[
    get_endpoint("/overview", "Counts of all components, and who is online", &[], object, |_| query(Query::Overview)),
    get_endpoint(
        "/threads",
        "List threads, newest first; `filter` as in the console",
        LIST_PARAMETERS,
        threads,
        |read| {
            query(Query::Threads { text: read.text("filter"), limit: read.limit()?, before: read.cursor("before")? })
        },
    ),
    get_endpoint("/threads/{thread}", "Get a thread", &[], thread, |read| {
        query(Query::Thread { thread: read.id("thread")? })
    }),
    get_endpoint(
        "/threads/{thread}/messages",
        "List the messages of a thread, newest first",
        &["limit", "before"],
        messages,
        |read| {
            let (limit, before) = (read.limit()?, read.cursor("before")?);
            query(Query::Messages { thread: read.id("thread")?, limit, before, around: None })
        },
    ),
    get_endpoint("/messages", "Search all messages", LIST_PARAMETERS, objects, |read| {
        query(Query::Search { text: read.text("filter"), limit: read.limit()?, before: read.cursor("before")? })
    }),
    with_body(
        send_schema,
        true,
        post_endpoint("/messages", "Send a message", Permission::SendMessages, |read| {
            Ok(Action::Send(Box::new(read.body()?)))
        }),
    ),
    get_endpoint("/messages/{message}", "Get a message with its attempts and statuses", &[], message, |read| {
        query(Query::Message { message: read.id::<MessageId>("message")? })
    }),
    with_body(
        reaction_schema,
        false,
        post_endpoint("/messages/{message}/reaction", "React to a message", Permission::ReactToMessages, |read| {
            let body: ReactionBody = read.body_or_none()?;
            let (context, emoji) = (body.context(), Some(body.emoji).filter(|emoji| !emoji.is_empty()));
            perform(Request::React { message: read.id("message")?, emoji }.with_context(context))
        }),
    ),
    get_endpoint("/outbox", "Outgoing messages and their states", LIST_PARAMETERS, objects, |read| {
        query(Query::Outbox { text: read.text("filter"), limit: read.limit()?, before: read.cursor("before")? })
    }),
    get_endpoint("/outbox/{entry}", "Get an outbox entry with its attempts", &[], object, |read| {
        query(Query::Entry { entry: read.id("entry")? })
    }),
    get_endpoint("/contacts", "List contacts by name or number", &["filter", "limit"], objects, |read| {
        query(Query::Contacts { text: read.text("filter"), limit: read.limit()? })
    }),
    with_permission(
        Permission::ViewTemplates,
        get_endpoint("/templates", "List templates, with the time of the last fetch", &[], objects, |_| {
            query(Query::Templates)
        }),
    ),
    Endpoint {
        answer: object,
        ..with_body(
            preview_body,
            true,
            post_endpoint(
                "/templates/preview",
                "Show a template as its recipient will see it: a source that is being written, or a listed one with values",
                Permission::ViewTemplates,
                |read| query(Query::TemplatePreview { shown: read.body()? }),
            ),
        )
    },
    get_endpoint("/replies", "List the canned replies that you can use", &[], objects, |_| query(Query::Replies)),
    get_endpoint("/labels", "List labels with the number of their threads", &[], objects, |_| query(Query::Labels)),
    get_endpoint(
        "/threads/expiring",
        "List threads whose service window closes while the contact waits",
        LIMIT_PARAMETER,
        objects,
        |read| query(Query::Radar { limit: read.limit()? }),
    ),
    get_endpoint("/radar", "Earlier path of `/threads/expiring`", LIMIT_PARAMETER, objects, |read| {
        query(Query::Radar { limit: read.limit()? })
    }),
    get_endpoint("/stats/costs", "What messages of a period cost", &["by", "hours", "from", "to"], object, |read| {
        let costs = CostsQuery::read(&read.text("by"), &read.text("hours"), &read.text("from"), &read.text("to"));
        query(Query::Costs(costs.map_err(|error| Fault { code: Code::Parameter, message: error.0 })?))
    }),
    get_endpoint("/alerts", "List alerts", LIMIT_PARAMETER, objects, |read| {
        query(Query::Alerts { open: false, limit: read.limit()? })
    }),
    get_endpoint("/agents", "List agents with their statistics", &[], object, |_| query(Query::Agents)),
    get_endpoint("/assignments", "List assignments", LIMIT_PARAMETER, objects, |read| {
        query(Query::Agent(AgentQuery::Assignments { limit: read.limit()? }))
    }),
    with_body(
        proposal,
        true,
        post_endpoint("/assignments", "Propose an assignment", Permission::ProposeAgents, |read| {
            read.body::<ProposalBody>()?.into_action()
        }),
    ),
    get_endpoint(
        "/assignments/{assignment}",
        "Get an assignment with its changes and rehearsal",
        &[],
        object,
        |read| query(Query::Agent(AgentQuery::Assignment { assignment: read.id("assignment")? })),
    ),
    with_permission(
        Permission::ViewRuns,
        get_endpoint("/runs", "List agent runs", &["limit", "before", "thread"], objects, |read| {
            let (thread, before) = (read.cursor::<ThreadId>("thread")?, read.cursor::<RunId>("before")?);
            query(Query::Agent(AgentQuery::Runs { thread, limit: read.limit()?, before }))
        }),
    ),
    with_permission(
        Permission::ViewRuns,
        get_endpoint("/runs/{run}", "Get an agent run", &[], object, |read| {
            query(Query::Agent(AgentQuery::Run { run: read.id("run")? }))
        }),
    ),
    with_body(
        accept_schema,
        false,
        post_endpoint("/runs/{run}/accept", "Send a suggested reply", Permission::DecideSuggestedReplies, |read| {
            let body: AcceptBody = read.body_or_none()?;
            let (context, instead) = (body.context(), Some(body.instead).filter(|text| !text.is_empty()));
            perform(Request::Agents(AgentRequest::Accept { run: read.id("run")?, instead }).with_context(context))
        }),
    ),
    get_endpoint("/stops", "List stops of agents", LIMIT_PARAMETER, objects, |read| {
        query(Query::Agent(AgentQuery::Stops { limit: read.limit()? }))
    }),
    with_body(
        stop,
        true,
        post_endpoint("/stops", "Stop agents", Permission::StopAgents, |read| {
            read.body::<StopBody>()?.into_action(|what, reason| AgentRequest::Stop { what, reason })
        }),
    ),
    with_body(
        stop,
        true,
        post_endpoint("/stops/lift", "Resume agents", Permission::ResumeAgents, |read| {
            read.body::<StopBody>()?.into_action(|what, _| AgentRequest::Resume { what })
        }),
    ),
    get_endpoint("/deliveries", "List webhook deliveries", &["event", "limit", "before"], objects, |read| {
        let event = Some(read.text("event")).filter(|event| !event.is_empty());
        query(Query::Deliveries { state: None, event, limit: read.limit()?, before: read.cursor("before")? })
    }),
    get_endpoint("/audit", "List audit entries", &["limit", "before", "subject"], objects, |read| {
        let (limit, before) = (read.limit()?, read.cursor("before")?);
        query(Query::Agent(AgentQuery::Audit { subject: read.text("subject"), limit, before }))
    }),
    get_endpoint("/why/{id}", "Explain the state of an item", &[], object, |read| {
        query(Query::Why { id: read.text("id") })
    }),
];
