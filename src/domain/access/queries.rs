//! Which permission each query takes; requests are beside it, in `access_requests`. There is no wildcard in these matches: whoever adds
//! a query or a request has to say here who may ask for it. Every door asks this table before anything else.

use crate::domain::access::permission::Permission;
use crate::domain::agents::requests::AgentQuery;
use crate::domain::flow::FlowQuery;
use crate::domain::ids::RunId;
use crate::domain::numbers::number::NumberQuery;
use crate::domain::query::Query;
use crate::domain::templates::requests::TemplateQuery;

impl Query {
    /// What whoever asks this has to be permitted.
    pub fn required_right(&self) -> Permission {
        match self {
            Self::Within { query, .. } => query.required_right(),
            Self::Overview
            | Self::Connections
            | Self::Threads { .. }
            | Self::Thread { .. }
            | Self::FindThread { .. }
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
            | Self::Log { .. } => Permission::Look,
            // A run is told nowhere to somebody who may not look at runs.
            Self::Why { id } => {
                if id.trim().parse::<RunId>().is_ok() {
                    Permission::LookAtRuns
                } else {
                    Permission::Look
                }
            }
            Self::Tokens => Permission::MakeTokens,
            Self::Export { .. } => Permission::ExportThreads,
            Self::File { .. } => Permission::UploadFiles,
            Self::Templates => Permission::LookAtTemplates,
            Self::Number(query) => query.required_right(),
            Self::Template(query) => query.required_right(),
            Self::Desk(query) => query.required_right(),
            Self::Flow(query) => query.required_right(),
        }
    }
}

impl AgentQuery {
    fn required_right(&self) -> Permission {
        match self {
            Self::Run { .. } | Self::Runs { .. } | Self::Waiting { .. } => Permission::LookAtRuns,
            Self::Assignments { .. } | Self::Assignment { .. } | Self::Stops { .. } | Self::Audit { .. } => {
                Permission::Look
            }
            Self::VerifyAudit { .. } => Permission::VerifyTheAudit,
            Self::Events { .. } | Self::LastEvent => Permission::ReadEvents,
        }
    }
}

impl NumberQuery {
    fn required_right(&self) -> Permission {
        match self {
            Self::List { .. } => Permission::ListTheProvidersNumbers,
            Self::Health { .. } | Self::Profile { .. } | Self::Webhooks { .. } => Permission::Look,
        }
    }
}

impl TemplateQuery {
    fn required_right(&self) -> Permission {
        match self {
            Self::Text { .. } => Permission::EditTemplates,
            Self::Record { .. } | Self::Lint { .. } => Permission::LookAtTemplates,
        }
    }
}

impl FlowQuery {
    fn required_right(&self) -> Permission {
        match self {
            Self::List
            | Self::Detail { .. }
            | Self::Json { .. }
            | Self::Diff { .. }
            | Self::Logs { .. }
            | Self::Invocations { .. } => Permission::Look,
            Self::Responses { .. } => Permission::ReadAnswers,
        }
    }
}
