//! Which permission each request takes: the other half of the table, without a wildcard either.

use crate::domain::access::permission::Permission;
use crate::domain::access::token::TokenRequest;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::flow::FlowRequest;
use crate::domain::numbers::number::NumberRequest;
use crate::domain::numbers::registration::WebhookRequest;
use crate::domain::request::Request;
use crate::domain::templates::requests::TemplateRequest;

impl Request {
    /// What whoever asks for this has to be permitted. Some requests take more where they meet somebody
    /// else's work: a colleague's thread is released by an admin.
    pub fn required_right(&self) -> Permission {
        match self {
            Self::SendKnowing { request, .. } | Self::Within { request, .. } => request.required_right(),
            Self::Send { .. }
            | Self::SendFile { .. }
            | Self::SendTemplate { .. }
            | Self::SendTest { .. }
            | Self::SaveDraft { .. } => Permission::WriteToPeople,
            Self::AcceptRestored { .. } => Permission::AcceptARestoredDatabase,
            Self::OpenMedia { .. } => Permission::OpenFiles,
            Self::FetchMedia { .. } => Permission::FetchFiles,
            Self::React { .. } => Permission::ReactToMessages,
            Self::TakeBack { .. } => Permission::TakeMessagesBack,
            Self::RetryEntry { .. } => Permission::RetryAMessage,
            Self::DiscardEntry { .. } => Permission::DiscardAMessage,
            Self::SettleArrived { .. } => Permission::SettleAMessage,
            Self::LookUp { .. } | Self::AskAbout { .. } => Permission::AskTheProviderAboutAMessage,
            Self::AddNote { .. } => Permission::WriteNotes,
            Self::OptOut { .. } => Permission::SayWhoMayBeWrittenTo,
            Self::Attend { .. } => Permission::Look,
            Self::HoldEntry { .. } | Self::ReleaseEntry { .. } => Permission::HoldMessages,
            Self::Bulk { .. } | Self::ResumeJob { .. } => Permission::ActOnManyMessagesAtOnce,
            Self::StopJob { .. } | Self::DiscardJob { .. } => Permission::StopABulkAction,
            Self::AddContact { .. } => Permission::AddContacts,
            Self::RenameContact { .. } => Permission::NameContacts,
            Self::MergeContacts { .. } => Permission::MergeContacts,
            Self::SplitContact { .. } => Permission::SplitContacts,
            Self::SaveView { .. } => Permission::KeepFilters,
            Self::MarkRead { .. } => Permission::MarkThreadsAsRead,
            Self::TakeThread { .. } | Self::HandOver { .. } => Permission::TakeAThread,
            Self::ReleaseThread { .. } => Permission::ReleaseAThread,
            Self::Agents(request) => request.required_right(),
            Self::AckAlert { .. } => Permission::AcknowledgeAlerts,
            Self::ReplayDelivery { .. } => Permission::ReplayADelivery,
            Self::Canary { .. } => Permission::AskForATestDelivery,
            Self::FillGap { .. } | Self::RefreshThread { .. } => Permission::FillGaps,
            Self::Token(TokenRequest::Make { .. } | TokenRequest::Revoke { .. }) => Permission::MakeTokens,
            Self::RevealDelivery { .. } => Permission::RevealWhatAProviderSent,
            Self::TryDelivery { .. } => Permission::TryADelivery,
            Self::CheckConnection { .. } => Permission::CheckAConnection,
            Self::RefreshTemplates => Permission::LookAtTemplates,
            Self::Number(request) => request.required_right(),
            Self::Webhook(request) => request.required_right(),
            Self::Template(request) => request.required_right(),
            Self::Flow(request) => request.required_right(),
            // Looking takes an operator, changing an admin.
            Self::Call { method, .. } if method.eq_ignore_ascii_case("GET") => Permission::AskAProvider,
            Self::Call { .. } => Permission::ChangeAProvidersRecords,
        }
    }
}

impl AgentRequest {
    fn required_right(&self) -> Permission {
        match self {
            Self::Propose(_) => Permission::ProposeAnAgent,
            Self::Approve { .. }
            | Self::Reject { .. }
            | Self::Narrow { .. }
            | Self::Revoke { .. }
            | Self::Snooze { .. } => Permission::DecideAboutAgents,
            Self::Rehearse { .. } | Self::Test { .. } => Permission::RehearseAnAgent,
            Self::Accept { .. } | Self::Dismiss { .. } => Permission::DecideAboutProposedAnswers,
            Self::Stop { .. } => Permission::StopAgents,
            Self::Resume { .. } => Permission::LetAgentsGoOn,
            Self::Forget { .. } => Permission::ResetAnAgentsMemoryOfAThread,
        }
    }
}

impl NumberRequest {
    fn required_right(&self) -> Permission {
        match self {
            Self::SetUp { .. }
            | Self::Adopt { .. }
            | Self::GoOn { .. }
            | Self::NewLink { .. }
            | Self::Register { .. }
            | Self::Renew { .. } => Permission::SetNumbersUp,
            Self::Cancel { .. } => Permission::GiveSetupsUp,
            Self::Reconnect { .. } => Permission::ConnectNumbersAgain,
            Self::Unregister { .. } => Permission::UnregisterNumbers,
            Self::Disconnect { .. } => Permission::DisconnectNumbers,
            Self::SaveProfile { .. } => Permission::ChangeWhatContactsSee,
        }
    }
}

impl WebhookRequest {
    fn required_right(&self) -> Permission {
        match self {
            Self::Create { .. } => Permission::RegisterWebhooks,
            Self::Update { .. } => Permission::ChangeWebhooks,
            Self::Delete { .. } => Permission::DeleteWebhooks,
            Self::Test { .. } => Permission::TryWebhooks,
        }
    }
}

impl TemplateRequest {
    fn required_right(&self) -> Permission {
        match self {
            Self::Create { .. } => Permission::SubmitTemplates,
            Self::Update { .. } => Permission::EditTemplates,
            Self::Delete { .. } => Permission::DeleteTemplates,
            Self::Sample { .. } => Permission::UploadSamples,
        }
    }
}

impl FlowRequest {
    fn required_right(&self) -> Permission {
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
