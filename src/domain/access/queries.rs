//! The permission that each query requires; `access/requests.rs` has those of requests. The matches have no wildcard,
//! so that a new query has to name its permission here. Every surface checks this table first.

use crate::domain::access::permission::Permission;
use crate::domain::agents::requests::AgentQuery;
use crate::domain::flow::FlowQuery;
use crate::domain::ids::RunId;
use crate::domain::numbers::number::NumberQuery;
use crate::domain::query::Query;
use crate::domain::templates::requests::TemplateQuery;

impl Query {
    /// Returns the permission that the query requires.
    pub fn required_right(&self) -> Permission {
        match self {
            Self::Within { query, .. } => query.required_right(),
            Self::Overview
            | Self::Connections
            | Self::Threads { .. }
            | Self::Thread { .. }
            | Self::FindThread { .. }
            | Self::NextWaiting { .. }
            | Self::Messages { .. }
            | Self::Message { .. }
            | Self::Contacts { .. }
            | Self::Radar { .. }
            | Self::Labels
            | Self::Replies
            | Self::Reply { .. }
            | Self::Views
            | Self::Bulk { .. }
            | Self::Jobs
            | Self::Alerts { .. }
            | Self::Statistics { .. }
            | Self::Costs(_)
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
            // Details of runs are visible only with the permission for runs.
            Self::Why { id } => {
                if id.trim().parse::<RunId>().is_ok() {
                    Permission::ViewRuns
                } else {
                    Permission::Look
                }
            }
            Self::Tokens => Permission::ManageTokens,
            Self::Export { .. } => Permission::ExportThreads,
            Self::File { .. } => Permission::UploadFiles,
            Self::Templates | Self::TemplatePreview { .. } => Permission::ViewTemplates,
            Self::Number(query) => query.required_right(),
            Self::Template(query) => query.required_right(),
            Self::Agent(query) => query.required_right(),
            Self::Flow(query) => query.required_right(),
        }
    }
}

impl AgentQuery {
    /// Returns the permission that the query requires.
    fn required_right(&self) -> Permission {
        match self {
            Self::Run { .. } | Self::Conversations { .. } | Self::Runs { .. } | Self::Waiting { .. } => {
                Permission::ViewRuns
            }
            Self::Assignments { .. } | Self::Assignment { .. } | Self::Stops { .. } | Self::Audit { .. } => {
                Permission::Look
            }
            Self::VerifyAudit { .. } => Permission::VerifyAudit,
            Self::Events { .. } | Self::LastEvent => Permission::ReadEvents,
        }
    }
}

impl NumberQuery {
    /// Returns the permission that the query requires.
    fn required_right(&self) -> Permission {
        match self {
            Self::List { .. } => Permission::ListProviderNumbers,
            Self::Health { .. } | Self::Profile { .. } | Self::Webhooks { .. } => Permission::Look,
        }
    }
}

impl TemplateQuery {
    /// Returns the permission that the query requires.
    fn required_right(&self) -> Permission {
        match self {
            Self::Text { .. } => Permission::EditTemplates,
            Self::Record { .. } | Self::Lint { .. } => Permission::ViewTemplates,
        }
    }
}

impl FlowQuery {
    /// Returns the permission that the query requires.
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
