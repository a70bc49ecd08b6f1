//! Operations as data: everything that command line, HTTP API and MCP server need to know of a request in order to offer
//! it. They make their verbs, routes and tools from the table in `table`.

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

/// A verb of the command line, such as `threads take`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verb {
    pub noun: &'static str,
    pub name: &'static str,
    /// Earlier names, which are still read.
    pub aliases: &'static [&'static str],
    /// Arguments of the example in its help.
    pub example: &'static str,
}

/// A request, described once for everybody who offers it.
#[derive(Debug)]
pub struct Operation {
    /// The member `do` of the request's JSON.
    pub name: &'static str,
    /// A second member that names it, where the request contains one of a feature: `agents` is `approve`.
    pub nested: Option<(&'static str, &'static str)>,
    /// A member of the request's JSON that this operation fixes: `opt_out` and `opt_in` are one request.
    pub fixed: Option<(&'static str, bool)>,
    /// What it does, in one line without a full stop.
    pub summary: &'static str,
    /// What whoever asks has to be permitted.
    pub permission: Permission,
    pub arguments: &'static [Argument],
    /// The action that the audit log records; none where nothing is recorded.
    pub audit: Option<AuditAction>,
    /// The event that other programs hear of.
    pub event: Option<EventName>,
    /// The path of the HTTP API that it is posted to. Arguments that do not stand in it come in the body.
    pub route: Option<&'static str>,
    pub verb: Option<Verb>,
    /// The name of its tool in the MCP server.
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

    const fn nested(self, tag: &'static str, name: &'static str) -> Self {
        Self { nested: Some((tag, name)), ..self }
    }

    const fn fixed(self, name: &'static str, value: bool) -> Self {
        Self { fixed: Some((name, value)), ..self }
    }

    const fn audited(self, action: AuditAction) -> Self {
        Self { audit: Some(action), ..self }
    }

    const fn tells(self, event: EventName) -> Self {
        Self { event: Some(event), ..self }
    }

    const fn route(self, path: &'static str) -> Self {
        Self { route: Some(path), ..self }
    }

    const fn verb(self, noun: &'static str, name: &'static str, example: &'static str) -> Self {
        Self { verb: Some(Verb { noun, name, aliases: &[], example }), ..self }
    }

    /// The verb has earlier names.
    const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        let verb = match self.verb {
            Some(verb) => Some(Verb { aliases, ..verb }),
            None => None,
        };
        Self { verb, ..self }
    }

    const fn tool(self, name: &'static str) -> Self {
        Self { tool: Some(name), ..self }
    }

    /// Whether an argument stands in the path of the route.
    pub fn is_in_path(&self, argument: &Argument) -> bool {
        self.route.is_some_and(|route| route.split('/').any(|part| argument.is_placeholder(part)))
    }

    /// The arguments that come in the body of an HTTP request.
    pub fn body(&self) -> impl Iterator<Item = &'static Argument> {
        self.arguments.iter().filter(|argument| !self.is_in_path(argument))
    }

    /// Makes the request from its arguments by name. Fails, in words for whoever sent them, where one is missing, unknown
    /// or of the wrong kind.
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

    /// The items that a request of this operation is about: its arguments that are ids.
    fn subjects(&self, request: &Request) -> Vec<Subject> {
        // Requests are written as JSON everywhere; one that could not be would reach nobody.
        let Ok(Value::Object(members)) = serde_json::to_value(request) else { return vec![] };
        let of = |argument: &Argument| members.get(argument.name).and_then(|value| argument.kind.subject(value));
        self.arguments.iter().filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests;
