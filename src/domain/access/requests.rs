//! The permissions that requests about agents, numbers, webhooks, templates and Flows require. No match has a
//! wildcard.

use crate::domain::access::permission::Permission;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::flow::FlowRequest;
use crate::domain::numbers::number::NumberRequest;
use crate::domain::numbers::registration::WebhookRequest;
use crate::domain::templates::requests::TemplateRequest;

impl AgentRequest {
    /// Returns the permission that the request requires.
    pub(in crate::domain) fn required_right(&self) -> Permission {
        match self {
            Self::Propose(_) => Permission::ProposeAgents,
            Self::Approve { .. }
            | Self::Reject { .. }
            | Self::Restrict { .. }
            | Self::Revoke { .. }
            | Self::Snooze { .. } => Permission::DecideAssignments,
            Self::Rehearse { .. } | Self::RehearseWritten { .. } | Self::Test { .. } => Permission::RehearseAgents,
            Self::Accept { .. } | Self::Dismiss { .. } => Permission::DecideSuggestedReplies,
            Self::Stop { .. } => Permission::StopAgents,
            Self::Resume { .. } => Permission::ResumeAgents,
            Self::ResetContext { .. } => Permission::ResetAgentContext,
        }
    }
}

impl NumberRequest {
    /// Returns the permission that the request requires.
    pub(in crate::domain) fn required_right(&self) -> Permission {
        match self {
            Self::SetUp { .. }
            | Self::Adopt { .. }
            | Self::Resume { .. }
            | Self::NewLink { .. }
            | Self::Register { .. }
            | Self::Renew { .. } => Permission::SetUpNumbers,
            Self::Cancel { .. } => Permission::CancelSetups,
            Self::Reconnect { .. } => Permission::ReconnectNumbers,
            Self::Unregister { .. } => Permission::UnregisterNumbers,
            Self::Disconnect { .. } => Permission::DisconnectNumbers,
            Self::SaveProfile { .. } => Permission::ChangeBusinessProfiles,
        }
    }
}

impl WebhookRequest {
    /// Returns the permission that the request requires.
    pub(in crate::domain) fn required_right(&self) -> Permission {
        match self {
            Self::Create { .. } => Permission::RegisterWebhooks,
            Self::Update { .. } => Permission::ChangeWebhooks,
            Self::Delete { .. } => Permission::DeleteWebhooks,
            Self::Test { .. } => Permission::TestWebhooks,
        }
    }
}

impl TemplateRequest {
    /// Returns the permission that the request requires.
    pub(in crate::domain) fn required_right(&self) -> Permission {
        match self {
            Self::Create { .. } => Permission::SubmitTemplates,
            Self::Update { .. } => Permission::EditTemplates,
            Self::Delete { .. } => Permission::DeleteTemplates,
            Self::Sample { .. } => Permission::UploadSamples,
        }
    }
}

impl FlowRequest {
    /// Returns the permission that the request requires.
    pub(in crate::domain) fn required_right(&self) -> Permission {
        match self {
            Self::Refresh => Permission::Look,
            Self::Send { .. } | Self::Create { .. } | Self::Write { .. } => Permission::WriteFlows,
            Self::Publish { .. }
            | Self::Deprecate { .. }
            | Self::Delete { .. }
            | Self::SetCode { .. }
            | Self::Deploy { .. }
            | Self::Register { .. }
            | Self::Encrypt { .. } => Permission::PublishFlows,
        }
    }
}
