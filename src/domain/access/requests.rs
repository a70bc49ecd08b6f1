//! Which permission each request takes: the other half of the table, without a wildcard either.

use crate::domain::access::permission::Right;
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
    pub fn required_right(&self) -> Right {
        match self {
            Self::SendKnowing { request, .. } | Self::Within { request, .. } => request.required_right(),
            Self::Send { .. }
            | Self::SendFile { .. }
            | Self::SendTemplate { .. }
            | Self::SendTest { .. }
            | Self::SaveDraft { .. } => Right::WriteToPeople,
            Self::AcceptRestored { .. } => Right::AcceptARestoredDatabase,
            Self::OpenMedia { .. } => Right::OpenFiles,
            Self::FetchMedia { .. } => Right::FetchFiles,
            Self::React { .. } => Right::ReactToMessages,
            Self::TakeBack { .. } => Right::TakeMessagesBack,
            Self::RetryEntry { .. } => Right::RetryAMessage,
            Self::DiscardEntry { .. } => Right::DiscardAMessage,
            Self::SettleArrived { .. } => Right::SettleAMessage,
            Self::LookUp { .. } | Self::AskAbout { .. } => Right::AskTheProviderAboutAMessage,
            Self::AddNote { .. } => Right::WriteNotes,
            Self::OptOut { .. } => Right::SayWhoMayBeWrittenTo,
            Self::Attend { .. } => Right::Look,
            Self::HoldEntry { .. } | Self::ReleaseEntry { .. } => Right::HoldMessages,
            Self::Bulk { .. } | Self::ResumeJob { .. } => Right::ActOnManyMessagesAtOnce,
            Self::StopJob { .. } | Self::DiscardJob { .. } => Right::StopABulkAction,
            Self::AddContact { .. } => Right::AddContacts,
            Self::RenameContact { .. } => Right::NameContacts,
            Self::MergeContacts { .. } => Right::MergeContacts,
            Self::SplitContact { .. } => Right::SplitContacts,
            Self::SaveView { .. } => Right::KeepFilters,
            Self::MarkRead { .. } => Right::MarkThreadsAsRead,
            Self::TakeThread { .. } | Self::HandOver { .. } => Right::TakeAThread,
            Self::ReleaseThread { .. } => Right::ReleaseAThread,
            Self::Agents(request) => request.required_right(),
            Self::AckAlert { .. } => Right::AcknowledgeAlerts,
            Self::ReplayDelivery { .. } => Right::ReplayADelivery,
            Self::Canary { .. } => Right::AskForATestDelivery,
            Self::FillGap { .. } => Right::FillGaps,
            Self::Token(TokenRequest::Make { .. } | TokenRequest::Revoke { .. }) => Right::MakeTokens,
            Self::RevealDelivery { .. } => Right::RevealWhatAProviderSent,
            Self::TryDelivery { .. } => Right::TryADelivery,
            Self::CheckConnection { .. } => Right::CheckAConnection,
            Self::RefreshTemplates => Right::LookAtTemplates,
            Self::Number(request) => request.required_right(),
            Self::Webhook(request) => request.required_right(),
            Self::Template(request) => request.required_right(),
            Self::Flow(request) => request.required_right(),
            // Looking takes an operator, changing an admin.
            Self::Call { method, .. } if method.eq_ignore_ascii_case("GET") => Right::AskAProvider,
            Self::Call { .. } => Right::ChangeAProvidersRecords,
        }
    }
}

impl AgentRequest {
    fn required_right(&self) -> Right {
        match self {
            Self::Propose(_) => Right::ProposeAnAgent,
            Self::Approve { .. }
            | Self::Reject { .. }
            | Self::Narrow { .. }
            | Self::Revoke { .. }
            | Self::Snooze { .. } => Right::DecideAboutAgents,
            Self::Rehearse { .. } | Self::Test { .. } => Right::RehearseAnAgent,
            Self::Accept { .. } | Self::Dismiss { .. } => Right::DecideAboutProposedAnswers,
            Self::Stop { .. } => Right::StopAgents,
            Self::Resume { .. } => Right::LetAgentsGoOn,
            Self::Forget { .. } => Right::ResetAnAgentsMemoryOfAThread,
        }
    }
}

impl NumberRequest {
    fn required_right(&self) -> Right {
        match self {
            Self::SetUp { .. }
            | Self::Adopt { .. }
            | Self::GoOn { .. }
            | Self::NewLink { .. }
            | Self::Register { .. }
            | Self::Renew { .. } => Right::SetNumbersUp,
            Self::Cancel { .. } => Right::GiveSetupsUp,
            Self::Reconnect { .. } => Right::ConnectNumbersAgain,
            Self::Unregister { .. } => Right::UnregisterNumbers,
            Self::Disconnect { .. } => Right::DisconnectNumbers,
            Self::SaveProfile { .. } => Right::ChangeWhatContactsSee,
        }
    }
}

impl WebhookRequest {
    fn required_right(&self) -> Right {
        match self {
            Self::Create { .. } => Right::RegisterWebhooks,
            Self::Update { .. } => Right::ChangeWebhooks,
            Self::Delete { .. } => Right::DeleteWebhooks,
            Self::Test { .. } => Right::TryWebhooks,
        }
    }
}

impl TemplateRequest {
    fn required_right(&self) -> Right {
        match self {
            Self::Create { .. } => Right::SubmitTemplates,
            Self::Update { .. } => Right::EditTemplates,
            Self::Delete { .. } => Right::DeleteTemplates,
            Self::Sample { .. } => Right::UploadSamples,
        }
    }
}

impl FlowRequest {
    fn required_right(&self) -> Right {
        match self {
            Self::Refresh => Right::Look,
            Self::Send { .. } | Self::Create { .. } | Self::Write { .. } => Right::WriteFlows,
            Self::Publish { .. }
            | Self::Deprecate { .. }
            | Self::Delete { .. }
            | Self::SetCode { .. }
            | Self::Deploy { .. }
            | Self::Register { .. }
            | Self::Encrypt { .. } => Right::PublishFlows,
        }
    }
}
