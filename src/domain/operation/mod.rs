//! Operations as data: everything that the command line, the HTTP API and the MCP server need to offer a request.
//! They generate their verbs, routes and tools from the table in `table`.

pub mod argument;
mod table;

use serde_json::{Map, Value};

use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::event_name::EventName;
use crate::domain::operation::argument::Argument;
use crate::domain::request::Request;
use crate::domain::subject::Subject;

pub use self::table::OPERATIONS;

/// A command of the command line, such as `threads take`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verb {
    pub noun: &'static str,
    pub name: &'static str,
    /// Earlier names, which still work.
    pub aliases: &'static [&'static str],
    /// Arguments of the example in its help.
    pub example: &'static str,
}

/// The description of a request, shared by all surfaces.
#[derive(Debug)]
pub struct Operation {
    /// Value of the field `do` in the request's JSON.
    pub name: &'static str,
    /// A second tag and its value, for requests of a feature: `agents` is `approve`.
    pub nested: Option<(&'static str, &'static str)>,
    /// A field that this operation fixes: `opt_out` and `opt_in` are one request.
    pub fixed: Option<(&'static str, bool)>,
    /// What it does, in one line without a full stop.
    pub summary: &'static str,
    /// Required permission.
    pub permission: Permission,
    pub arguments: &'static [Argument],
    /// Action in the audit log; `None` if nothing is recorded.
    pub audit: Option<AuditAction>,
    /// Event for other programs.
    pub event: Option<EventName>,
    /// Path in the HTTP API, for POST. Arguments that are not in the path come in the body.
    pub route: Option<&'static str>,
    pub verb: Option<Verb>,
    /// Name of its tool in the MCP server.
    pub tool: Option<&'static str>,
}

impl Operation {
    const fn new(
        name: &'static str,
        summary: &'static str,
        permission: Permission,
        arguments: &'static [Argument],
    ) -> Self {
        Self {
            name,
            nested: None,
            fixed: None,
            summary,
            permission,
            arguments,
            audit: None,
            event: None,
            route: None,
            verb: None,
            tool: None,
        }
    }

    /// Adds a second tag with its value.
    const fn nested(self, tag: &'static str, name: &'static str) -> Self {
        Self { nested: Some((tag, name)), ..self }
    }

    /// Adds a fixed field.
    const fn fixed(self, name: &'static str, value: bool) -> Self {
        Self { fixed: Some((name, value)), ..self }
    }

    /// Adds an action of the audit log.
    const fn audited(self, action: AuditAction) -> Self {
        Self { audit: Some(action), ..self }
    }

    /// Adds an event.
    const fn with_event(self, event: EventName) -> Self {
        Self { event: Some(event), ..self }
    }

    /// Adds a path of the HTTP API.
    const fn route(self, path: &'static str) -> Self {
        Self { route: Some(path), ..self }
    }

    /// Adds a command of the command line.
    const fn verb(self, noun: &'static str, name: &'static str, example: &'static str) -> Self {
        Self { verb: Some(Verb { noun, name, aliases: &[], example }), ..self }
    }

    /// Adds earlier names of the command.
    const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        let verb = match self.verb {
            Some(verb) => Some(Verb { aliases, ..verb }),
            None => None,
        };
        Self { verb, ..self }
    }

    /// Adds a tool of the MCP server.
    const fn tool(self, name: &'static str) -> Self {
        Self { tool: Some(name), ..self }
    }

    /// Returns `true` if an argument is part of the route's path.
    pub fn is_in_path(&self, argument: &Argument) -> bool {
        self.route.is_some_and(|route| route.split('/').any(|part| argument.is_placeholder(part)))
    }

    /// Returns the arguments in the body of an HTTP request.
    pub fn body(&self) -> impl Iterator<Item = &'static Argument> {
        self.arguments.iter().filter(|argument| !self.is_in_path(argument))
    }

    /// Builds the request from arguments by name. Fails with a readable error if one is missing, unknown or of the
    /// wrong kind.
    pub fn request(&self, mut arguments: Map<String, Value>) -> Result<Request, serde_json::Error> {
        use serde::de::Error as _;
        if let Some(unknown) = arguments.keys().find(|name| self.arguments.iter().all(|known| known.name != *name)) {
            return Err(serde_json::Error::custom(format!("unknown field `{unknown}`")));
        }
        if let Some(missing) = self.arguments.iter().find(|known| known.required && !arguments.contains_key(known.name))
        {
            return Err(serde_json::Error::custom(format!("missing field `{}`", missing.name)));
        }
        for (tag, word) in [("do", self.name)].into_iter().chain(self.nested) {
            arguments.insert(tag.to_owned(), Value::from(word));
        }
        if let Some((name, value)) = self.fixed {
            arguments.insert(name.to_owned(), Value::from(value));
        }
        serde_json::from_value(Value::Object(arguments))
    }

    /// Returns the objects that a request of this operation refers to: its arguments that are ids.
    fn subjects(&self, request: &Request) -> Vec<Subject> {
        // Requests always serialize to an object, because every surface sends them as JSON.
        let Ok(Value::Object(members)) = serde_json::to_value(request) else { return vec![] };
        let of = |argument: &Argument| members.get(argument.name).and_then(|value| argument.kind.subject(value));
        self.arguments.iter().filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests;
