//! Which permission each query takes; requests are beside it, in `access_requests`. There is no wildcard in these matches: whoever adds
//! a query or a request has to say here who may ask for it. Every door asks this table before anything else.

use crate::domain::access::permission::Right;
use crate::domain::agents::requests::AgentQuery;
use crate::domain::flow::FlowQuery;
use crate::domain::ids::RunId;
use crate::domain::numbers::number::NumberQuery;
use crate::domain::query::Query;
use crate::domain::templates::requests::TemplateQuery;

impl Query {
    /// What whoever asks this has to be permitted.
    pub fn required_right(&self) -> Right {
        match self {
            Self::Within { query, .. } => query.required_right(),
            Self::Overview
            | Self::Connections
            | Self::Threads { .. }
            | Self::Thread { .. }
            | Self::Messages { .. }
            | Self::Message { .. }
            | Self::Contacts { .. }
            | Self::Radar { .. }
            | Self::Views
            | Self::Bulk { .. }
            | Self::Jobs
            | Self::Alerts { .. }
            | Self::Gauges { .. }
            | Self::Picture { .. }
            | Self::Notes { .. }
            | Self::Search { .. }
            | Self::Outbox { .. }
            | Self::Entry { .. }
            | Self::Agents
            | Self::Deliveries { .. }
            | Self::Delivery { .. }
            | Self::Activity { .. }
            | Self::Draft { .. }
            | Self::Log { .. } => Right::Look,
            // A run is told nowhere to somebody who may not look at runs.
            Self::Why { id } => {
                if id.trim().parse::<RunId>().is_ok() {
                    Right::LookAtRuns
                } else {
                    Right::Look
                }
            }
            Self::Tokens => Right::MakeTokens,
            Self::Export { .. } => Right::ExportThreads,
            Self::File { .. } => Right::UploadFiles,
            Self::Templates => Right::LookAtTemplates,
            Self::Number(query) => query.required_right(),
            Self::Template(query) => query.required_right(),
            Self::Desk(query) => query.required_right(),
            Self::Flow(query) => query.required_right(),
        }
    }
}

impl AgentQuery {
    fn required_right(&self) -> Right {
        match self {
            Self::Run { .. } | Self::Runs { .. } | Self::Waiting { .. } => Right::LookAtRuns,
            Self::Assignments { .. } | Self::Assignment { .. } | Self::Stops { .. } | Self::Audit { .. } => Right::Look,
            Self::VerifyAudit { .. } => Right::VerifyTheAudit,
            Self::Events { .. } | Self::LastEvent => Right::ReadEvents,
        }
    }
}

impl NumberQuery {
    fn required_right(&self) -> Right {
        match self {
            Self::List { .. } => Right::ListTheProvidersNumbers,
            Self::Health { .. } | Self::Profile { .. } | Self::Webhooks { .. } => Right::Look,
        }
    }
}

impl TemplateQuery {
    fn required_right(&self) -> Right {
        match self {
            Self::Text { .. } => Right::EditTemplates,
            Self::Record { .. } | Self::Lint { .. } => Right::LookAtTemplates,
        }
    }
}

impl FlowQuery {
    fn required_right(&self) -> Right {
        match self {
            Self::List
            | Self::Detail { .. }
            | Self::Json { .. }
            | Self::Diff { .. }
            | Self::Logs { .. }
            | Self::Invocations { .. } => Right::Look,
            Self::Responses { .. } => Right::ReadAnswers,
        }
    }
}
