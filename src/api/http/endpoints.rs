//! Endpoints, once: routes, reading and the description are made from this table.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::body::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::objects;
use super::bodies::{done, message, messages, object, objects, proposal, stop, thread, threads};
use super::letter::{AcceptBody, ReactionBody, SendBody, emoji, instead, schema as letter};
use super::read_bodies::{ProposalBody, StopBody};
use crate::domain::access::permission::Permission;
use crate::domain::agents::requests::{AgentQuery, AgentRequest};
use crate::domain::code::Code;
use crate::domain::ids::{MessageId, RunId, ThreadId};
use crate::domain::operation::Operation;
use crate::domain::operation::argument::schema;
use crate::domain::query::Query;
use crate::domain::refusal::Refusal;
use crate::domain::request::Request;

/// What a request comes down to.
pub(in crate::api) enum Ask {
    Look(Query),
    Act(Box<Request>),
    Send(Box<SendBody>),
    /// It was asked for as described, and makes no sense.
    Refuse(Refusal),
}

impl Ask {
    /// What whoever asks has to be permitted; none where nothing is done.
    pub fn required_right(&self) -> Option<Permission> {
        match self {
            Self::Look(query) => Some(query.required_right()),
            Self::Act(request) => Some(request.required_right()),
            Self::Send(_) => Some(Permission::WriteToPeople),
            Self::Refuse(_) => None,
        }
    }
}

/// What is wrong with how it was asked.
#[derive(Debug)]
pub(super) struct Fault {
    pub code: Code,
    pub message: String,
}

/// What came along.
pub(super) struct Given {
    pub path: Vec<(String, String)>,
    pub query: String,
    pub body: Bytes,
}

impl Given {
    /// What the path names, for telling one request from another.
    pub fn named(&self) -> String {
        self.path.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("/")
    }
}

/// The same, read as far as it is the same everywhere.
pub(super) struct Read<'g> {
    given: &'g Given,
    query: BTreeMap<String, String>,
}

pub(super) type Reading = Result<Ask, Fault>;

impl Read<'_> {
    pub(super) fn id<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<T, Fault> {
        let text = self.given.path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
        text.parse().map_err(|error: T::Err| Fault { code: Code::Id, message: format!("{error}.") })
    }

    pub(super) fn text(&self, name: &str) -> String {
        let path = self.given.path.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        path.or_else(|| self.query.get(name)).cloned().unwrap_or_default()
    }

    fn cursor<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, Fault> {
        let parsed = self.query.get(name).map(|text| text.parse::<T>()).transpose();
        parsed.map_err(|error| Fault { code: Code::Parameter, message: format!("{name}: {error}.") })
    }

    fn limit(&self) -> Result<u32, Fault> {
        match self.query.get("limit").map(|text| text.parse::<u32>()) {
            None => Ok(50),
            Some(Ok(limit @ 1..=500)) => Ok(limit),
            Some(_) => {
                Err(Fault { code: Code::Parameter, message: "`limit` is not a whole number from 1 to 500.".into() })
            }
        }
    }

    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let whole = serde_json::from_slice::<Value>(&self.given.body).map(integral);
        whole
            .and_then(objects::read)
            .map_err(|error| Fault { code: Code::Body, message: format!("The body cannot be read: {error}.") })
    }

    /// The body, which may be left out.
    pub(super) fn body_or_none<T: DeserializeOwned + Default>(&self) -> Result<T, Fault> {
        if self.given.body.is_empty() { Ok(T::default()) } else { self.body() }
    }

    /// The request of an operation: its arguments stand in the path and in the body.
    fn operation(&self, operation: &'static Operation) -> Reading {
        let takes_body = operation.body().next().is_some() && !self.given.body.is_empty();
        let mut arguments: Map<String, Value> = if takes_body { self.body()? } else { Map::new() };
        for argument in operation.arguments.iter().filter(|argument| operation.is_in_path(argument)) {
            let value = argument.kind.read(&self.text(argument.name));
            let value = value.map_err(|error| Fault { code: Code::Id, message: format!("{error}.") })?;
            if arguments.insert(argument.name.to_owned(), value).is_some() {
                let message = format!("`{}` stands in the path, and not in the body.", argument.name);
                return Err(Fault { code: Code::Body, message });
            }
        }
        operation
            .request(arguments)
            .map(|request| Ask::Act(Box::new(request)))
            .map_err(|error| Fault { code: Code::Body, message: format!("The body cannot be read: {error}.") })
    }

    /// A word in the body's one field, or nothing.
    pub(super) fn word(&self, name: &'static str) -> Result<String, Fault> {
        if self.given.body.is_empty() {
            return Ok(String::new());
        }
        let mut fields: BTreeMap<String, String> = self.body()?;
        let word = fields.remove(name).unwrap_or_default();
        match fields.keys().next() {
            None => Ok(word),
            Some(other) => Err(Fault { code: Code::Body, message: format!("Unknown field `{other}`.") }),
        }
    }
}

/// What stands behind the question mark, each name once.
pub(super) fn parameters(query: &str) -> Result<BTreeMap<String, String>, Fault> {
    let mut found = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if found.insert(name.to_string(), value.to_string()).is_some() {
            return Err(Fault { code: Code::Parameter, message: format!("The parameter `{name}` is given twice.") });
        }
    }
    Ok(found)
}

/// `3.0` is the whole number 3 to JSON: it is taken for one.
fn integral(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15);
            whole.map_or(Value::Number(number), |float| Value::from(float as i64))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(integral).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, one)| (name, integral(one))).collect()),
        other => other,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "rows of the table read alike, and some may fail")]
pub(super) fn look(query: Query) -> Reading {
    Ok(Ask::Look(query))
}

#[expect(clippy::unnecessary_wraps, reason = "rows of the table read alike, and some may fail")]
pub(super) fn act(request: Request) -> Reading {
    Ok(Ask::Act(Box::new(request)))
}

pub(super) fn agents(request: AgentRequest) -> Reading {
    act(Request::Agents(request))
}

/// How it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
}

impl Verb {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }
}

/// One endpoint.
#[derive(Clone, Copy)]
pub(super) struct Endpoint {
    pub verb: Verb,
    pub path: &'static str,
    pub summary: &'static str,
    /// Parameters behind the question mark.
    pub takes: &'static [&'static str],
    pub answer: fn() -> Value,
    /// Who may ask: checked before anything of the request is read.
    pub right: Permission,
    source: EndpointSource,
}

/// Where an endpoint comes from.
#[derive(Clone, Copy)]
enum EndpointSource {
    /// It is written out here.
    Written { body: Option<fn() -> Value>, needs_body: bool, read: fn(&Read<'_>) -> Reading },
    /// It is made from the table of operations.
    Operation(&'static Operation),
}

impl Endpoint {
    /// The endpoint of an operation; none where it has no route.
    pub fn of(operation: &'static Operation) -> Option<Self> {
        Some(Self {
            verb: Verb::Post,
            path: operation.route?,
            summary: operation.summary,
            takes: &[],
            answer: done,
            right: operation.permission,
            source: EndpointSource::Operation(operation),
        })
    }

    /// The JSON Schema of a part of the path; none where the endpoint is written out.
    pub fn path_schema(&self, name: &str) -> Option<Value> {
        match self.source {
            EndpointSource::Written { .. } => None,
            EndpointSource::Operation(operation) => {
                let argument = operation.arguments.iter().find(|argument| argument.name == name)?;
                Some(argument.kind.schema(argument.help))
            }
        }
    }

    /// The schema of the body, and whether one has to be sent; none where it takes no body.
    pub fn body(&self) -> Option<(Value, bool)> {
        match self.source {
            EndpointSource::Written { body, needs_body, .. } => body.map(|body| (body(), needs_body)),
            EndpointSource::Operation(operation) => {
                operation.body().next()?;
                Some((schema(operation.body()), operation.body().any(|argument| argument.required)))
            }
        }
    }

    pub fn read(&self, given: &Given) -> Reading {
        let query = parameters(&given.query)?;
        if let Some(strange) = query.keys().find(|name| !self.takes.contains(&name.as_str())) {
            let known = if self.takes.is_empty() { "none".to_owned() } else { self.takes.join(", ") };
            let message = format!("Unknown parameter `{strange}`. Known parameters: {known}.");
            return Err(Fault { code: Code::Parameter, message });
        }
        let read = Read { given, query };
        match self.source {
            EndpointSource::Written { read: function, .. } => function(&read),
            EndpointSource::Operation(operation) => read.operation(operation),
        }
    }
}

pub(super) const fn gets(
    path: &'static str,
    summary: &'static str,
    takes: &'static [&'static str],
    answer: fn() -> Value,
    read: fn(&Read<'_>) -> Reading,
) -> Endpoint {
    let source = EndpointSource::Written { body: None, needs_body: false, read };
    Endpoint { verb: Verb::Get, path, summary, takes, answer, right: Permission::Look, source }
}

pub(super) const fn posts(
    path: &'static str,
    summary: &'static str,
    right: Permission,
    read: fn(&Read<'_>) -> Reading,
) -> Endpoint {
    let source = EndpointSource::Written { body: None, needs_body: false, read };
    Endpoint { verb: Verb::Post, path, summary, takes: &[], answer: done, right, source }
}

/// For something that is not told to everybody who may look.
const fn only(right: Permission, endpoint: Endpoint) -> Endpoint {
    Endpoint { right, ..endpoint }
}

pub(super) const fn with(body: fn() -> Value, needed: bool, endpoint: Endpoint) -> Endpoint {
    let source = match endpoint.source {
        EndpointSource::Written { read, .. } => EndpointSource::Written { body: Some(body), needs_body: needed, read },
        operation @ EndpointSource::Operation(_) => operation,
    };
    Endpoint { source, ..endpoint }
}

const LIST: &[&str] = &["filter", "limit", "before"];
const LIMIT: &[&str] = &["limit"];

pub(super) static ENDPOINTS: &[Endpoint] = &[
    gets("/overview", "Counts of all components, and who is online", &[], object, |_| look(Query::Overview)),
    gets("/threads", "List threads, newest first; `filter` as in the console", LIST, threads, |read| {
        look(Query::Threads { text: read.text("filter"), limit: read.limit()?, before: read.cursor("before")? })
    }),
    gets("/threads/{thread}", "Get a thread", &[], thread, |read| look(Query::Thread { thread: read.id("thread")? })),
    gets(
        "/threads/{thread}/messages",
        "List the messages of a thread, newest first",
        &["limit", "before"],
        messages,
        |read| {
            let (limit, before) = (read.limit()?, read.cursor("before")?);
            look(Query::Messages { thread: read.id("thread")?, limit, before, around: None })
        },
    ),
    gets("/messages", "Search all messages", LIST, objects, |read| {
        look(Query::Search { text: read.text("filter"), limit: read.limit()?, before: read.cursor("before")? })
    }),
    with(
        letter,
        true,
        posts("/messages", "Send a message", Permission::WriteToPeople, |read| Ok(Ask::Send(Box::new(read.body()?)))),
    ),
    gets("/messages/{message}", "Get a message with its attempts and statuses", &[], message, |read| {
        look(Query::Message { message: read.id::<MessageId>("message")? })
    }),
    with(
        emoji,
        false,
        posts("/messages/{message}/reaction", "React to a message", Permission::ReactToMessages, |read| {
            let body: ReactionBody = read.body_or_none()?;
            let (context, emoji) = (body.context(), Some(body.emoji).filter(|emoji| !emoji.is_empty()));
            act(Request::React { message: read.id("message")?, emoji }.knowing(context))
        }),
    ),
    gets("/outbox", "Outgoing messages and their states", LIST, objects, |read| {
        look(Query::Outbox { text: read.text("filter"), limit: read.limit()?, before: read.cursor("before")? })
    }),
    gets("/outbox/{entry}", "Get an outbox entry with its attempts", &[], object, |read| {
        look(Query::Entry { entry: read.id("entry")? })
    }),
    gets("/contacts", "List contacts by name or number", &["filter", "limit"], objects, |read| {
        look(Query::Contacts { text: read.text("filter"), limit: read.limit()? })
    }),
    only(
        Permission::LookAtTemplates,
        gets("/templates", "List templates, with the time of the last fetch", &[], objects, |_| look(Query::Templates)),
    ),
    gets(
        "/threads/expiring",
        "List threads whose service window closes while the contact waits",
        LIMIT,
        objects,
        |read| look(Query::Radar { limit: read.limit()? }),
    ),
    gets("/radar", "Earlier path of `/threads/expiring`", LIMIT, objects, |read| {
        look(Query::Radar { limit: read.limit()? })
    }),
    gets("/alerts", "List alerts", LIMIT, objects, |read| look(Query::Alerts { open: false, limit: read.limit()? })),
    gets("/agents", "List agents with their statistics", &[], object, |_| look(Query::Agents)),
    gets("/assignments", "List assignments", LIMIT, objects, |read| {
        look(Query::Desk(AgentQuery::Assignments { limit: read.limit()? }))
    }),
    with(
        proposal,
        true,
        posts("/assignments", "Propose an assignment", Permission::ProposeAnAgent, |read| {
            read.body::<ProposalBody>()?.ask()
        }),
    ),
    gets("/assignments/{assignment}", "Get an assignment with its changes and rehearsal", &[], object, |read| {
        look(Query::Desk(AgentQuery::Assignment { assignment: read.id("assignment")? }))
    }),
    only(
        Permission::LookAtRuns,
        gets("/runs", "List agent runs", &["limit", "before", "thread"], objects, |read| {
            let (thread, before) = (read.cursor::<ThreadId>("thread")?, read.cursor::<RunId>("before")?);
            look(Query::Desk(AgentQuery::Runs { thread, limit: read.limit()?, before }))
        }),
    ),
    only(
        Permission::LookAtRuns,
        gets("/runs/{run}", "Get an agent run", &[], object, |read| {
            look(Query::Desk(AgentQuery::Run { run: read.id("run")? }))
        }),
    ),
    with(
        instead,
        false,
        posts("/runs/{run}/accept", "Send a suggested reply", Permission::DecideAboutProposedAnswers, |read| {
            let body: AcceptBody = read.body_or_none()?;
            let (context, instead) = (body.context(), Some(body.instead).filter(|text| !text.is_empty()));
            act(Request::Agents(AgentRequest::Accept { run: read.id("run")?, instead }).knowing(context))
        }),
    ),
    gets("/stops", "List stops of agents", LIMIT, objects, |read| {
        look(Query::Desk(AgentQuery::Stops { limit: read.limit()? }))
    }),
    with(
        stop,
        true,
        posts("/stops", "Stop agents", Permission::StopAgents, |read| {
            read.body::<StopBody>()?.then(|what, reason| AgentRequest::Stop { what, reason })
        }),
    ),
    with(
        stop,
        true,
        posts("/stops/lift", "Resume agents", Permission::LetAgentsGoOn, |read| {
            read.body::<StopBody>()?.then(|what, _| AgentRequest::Resume { what })
        }),
    ),
    gets("/deliveries", "List webhook deliveries", &["event", "limit", "before"], objects, |read| {
        let event = Some(read.text("event")).filter(|event| !event.is_empty());
        look(Query::Deliveries { state: None, event, limit: read.limit()?, before: read.cursor("before")? })
    }),
    gets("/audit", "List audit entries", &["limit", "before", "subject"], objects, |read| {
        let (limit, before) = (read.limit()?, read.cursor("before")?);
        look(Query::Desk(AgentQuery::Audit { subject: read.text("subject"), limit, before }))
    }),
    gets("/why/{id}", "Explain the state of an item", &[], object, |read| look(Query::Why { id: read.text("id") })),
];
