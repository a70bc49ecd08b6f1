//! Permissions and the role that each requires, as one table. Operations check it, the console checks it before it
//! offers a command, and `docs/roles.md` is generated from it.

use crate::domain::access::role::Role;

/// Declares the table: permission, its description as the end of a sentence, and the required role.
macro_rules! rights {
    ($($name:ident, $what:literal, $role:ident;)*) => {
        /// A permission.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Permission {
            $(#[doc = concat!("To ", $what, ".")] $name,)*
        }

        impl Permission {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns what the permission allows, as the end of "may not …".
            pub const fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }

            /// Returns the lowest role that has the permission.
            pub const fn role(self) -> Role {
                match self { $(Self::$name => Role::$role,)* }
            }
        }
    };
}

rights! {
    KeepFilters, "save filters", Viewer;
    Look, "look", Viewer;
    LookAtTemplates, "look at templates", Viewer;
    OpenFiles, "open files", Viewer;
    VerifyTheAudit, "verify the audit", Viewer;
    AcknowledgeAlerts, "acknowledge alerts", Operator;
    ActOnManyMessagesAtOnce, "run bulk jobs", Operator;
    AskAProvider, "query a provider's API", Operator;
    AskForATestDelivery, "request a test webhook", Operator;
    AskTheProviderAboutAMessage, "query the delivery status of a message", Operator;
    CheckAConnection, "check a connection", Operator;
    DecideAboutProposedAnswers, "accept or dismiss suggested replies", Operator;
    DiscardAMessage, "discard a message", Operator;
    EditTemplates, "edit templates", Operator;
    ExportThreads, "export threads", Operator;
    FetchFiles, "fetch files", Operator;
    FillGaps, "backfill messages", Operator;
    HoldMessages, "hold messages", Operator;
    LabelThreads, "label threads", Operator;
    LetAgentsGoOn, "resume agents", Operator;
    ListTheProvidersNumbers, "list the provider's numbers", Operator;
    LookAtRuns, "look at runs", Operator;
    MarkThreadsAsRead, "mark threads as read", Operator;
    MergeContacts, "merge contacts", Operator;
    NameContacts, "rename contacts", Operator;
    ProposeAnAgent, "propose an agent", Operator;
    ReactToMessages, "react to messages", Operator;
    ReadAnswers, "read answers", Operator;
    ReadEvents, "read events", Operator;
    RehearseAnAgent, "rehearse an agent", Operator;
    ReleaseAThread, "release a thread", Operator;
    ReplayADelivery, "replay a delivery", Operator;
    ResetAnAgentsMemoryOfAThread, "reset an agent's memory of a thread", Operator;
    ResolveThreads, "resolve and reopen threads", Operator;
    RetryAMessage, "retry a message", Operator;
    SaveFiles, "save files", Operator;
    SaveReplies, "save canned replies", Operator;
    SayWhoMayBeWrittenTo, "record opt-outs and opt-ins", Operator;
    SettleAMessage, "mark a message as arrived", Operator;
    ShareReplies, "share canned replies", Operator;
    SnoozeThreads, "snooze threads", Operator;
    SplitContacts, "split contacts", Operator;
    StopABulkAction, "stop a bulk job", Operator;
    StopAgents, "stop agents", Operator;
    SubmitTemplates, "submit templates", Operator;
    TakeAThread, "take a thread", Operator;
    TakeMessagesBack, "undo sending", Operator;
    TryADelivery, "dry-run a delivery", Operator;
    TryWebhooks, "try webhooks", Operator;
    UploadFiles, "upload files", Operator;
    UploadSamples, "upload samples", Operator;
    WriteFlows, "write Flows", Operator;
    WriteNotes, "write notes", Operator;
    WriteToPeople, "send messages", Operator;
    AcceptARestoredDatabase, "accept a restored database", Admin;
    AddContacts, "add contacts", Admin;
    ChangeAProvidersRecords, "change a provider's records", Admin;
    ChangeWebhooks, "change webhooks", Admin;
    ChangeWhatContactsSee, "change business profiles", Admin;
    ConnectNumbersAgain, "reconnect numbers", Admin;
    DecideAboutAgents, "decide about agents", Admin;
    DeleteTemplates, "delete templates", Admin;
    DeleteWebhooks, "delete webhooks", Admin;
    DisconnectNumbers, "disconnect numbers", Admin;
    GiveSetupsUp, "cancel setups", Admin;
    MakeTokens, "create and revoke tokens", Admin;
    PublishFlows, "publish Flows", Admin;
    RegisterWebhooks, "register webhooks", Admin;
    ReleaseAColleaguesThread, "release a colleague's thread", Admin;
    RevealWhatAProviderSent, "reveal webhook bodies", Admin;
    SetNumbersUp, "set up numbers", Admin;
    UnregisterNumbers, "unregister numbers", Admin;
}

/// Returns the table as the Markdown of `docs/roles.md`.
pub fn markdown() -> String {
    let mut text = "# Roles\n\nPrinted by `wadeck roles --markdown` from the table that every operation checks. Admins have\nall permissions of operators, and operators all permissions of viewers. Agents have no role: their contract says what they may do.\n"
        .to_owned();
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        text.push_str(&format!("\n## From {} on\n\n", role.name()));
        for right in Permission::ALL.iter().filter(|right| right.role() == role) {
            text.push_str(&format!("- {}\n", right.what()));
        }
    }
    text
}
