//! Distinguishes queries over many objects from queries for one named object: a default scope restricts only the
//! former. The matches have no wildcard, so that a new query has to be classified here.

use crate::domain::access::token::TokenRequest;
use crate::domain::agents::requests::AgentQuery;
use crate::domain::flow::FlowQuery;
use crate::domain::query::Query;
use crate::domain::request::Request;

impl Query {
    /// Returns `true` for queries that list, count or search.
    pub const fn is_of_many(&self) -> bool {
        match self {
            Self::Overview
            | Self::Tokens
            | Self::Connections
            | Self::Threads { .. }
            | Self::FindThread { .. }
            | Self::NextWaiting { .. }
            | Self::Contacts { .. }
            | Self::Radar { .. }
            | Self::Labels
            | Self::Replies
            | Self::Views
            | Self::Bulk { .. }
            | Self::Jobs
            | Self::Alerts { .. }
            | Self::Statistics { .. }
            | Self::Costs(_)
            | Self::Search { .. }
            | Self::Outbox { .. }
            | Self::Templates
            | Self::Agents
            | Self::Deliveries { .. }
            | Self::Activity { .. }
            | Self::Flow(FlowQuery::List) => true,
            Self::Agent(query) => match query {
                AgentQuery::Runs { thread: None, .. }
                | AgentQuery::Assignments { .. }
                | AgentQuery::Stops { .. }
                | AgentQuery::Audit { .. }
                | AgentQuery::Events { .. } => true,
                AgentQuery::Run { .. }
                | AgentQuery::Conversations { .. }
                | AgentQuery::Runs { thread: Some(_), .. }
                | AgentQuery::Assignment { .. }
                | AgentQuery::Waiting { .. }
                | AgentQuery::VerifyAudit { .. }
                | AgentQuery::LastEvent => false,
            },
            Self::Within { .. }
            | Self::Thread { .. }
            | Self::Reply { .. }
            | Self::Messages { .. }
            | Self::Message { .. }
            | Self::Why { .. }
            | Self::Export { .. }
            | Self::File { .. }
            | Self::Picture { .. }
            | Self::Notes { .. }
            | Self::Entry { .. }
            | Self::Delivery { .. }
            | Self::Draft { .. }
            | Self::Log { .. }
            | Self::Number(_)
            | Self::Template(_)
            | Self::TemplatePreview { .. }
            | Self::Flow(_) => false,
        }
    }
}

impl Request {
    /// Returns `true` for requests that act on all matches of a filter, or create an object with a scope.
    pub const fn is_of_many(&self) -> bool {
        matches!(self, Self::Bulk { .. } | Self::Token(TokenRequest::Create { .. }))
    }
}
