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
    SaveFilters, "save filters", Viewer;
    Look, "look", Viewer;
    ViewTemplates, "look at templates", Viewer;
    OpenFiles, "open files", Viewer;
    VerifyAudit, "verify the audit", Viewer;
    AcknowledgeAlerts, "acknowledge alerts", Operator;
    RunBulkJobs, "run bulk jobs", Operator;
    QueryProvider, "query a provider's API", Operator;
    RequestTestWebhook, "request a test webhook", Operator;
    ReconcileMessages, "query the delivery status of a message", Operator;
    CheckConnections, "check a connection", Operator;
    DecideSuggestedReplies, "accept or dismiss suggested replies", Operator;
    DiscardMessages, "discard a message", Operator;
    EditTemplates, "edit templates", Operator;
    ExportThreads, "export threads", Operator;
    FetchFiles, "fetch files", Operator;
    Backfill, "backfill messages", Operator;
    HoldMessages, "hold messages", Operator;
    LabelThreads, "label threads", Operator;
    ResumeAgents, "resume agents", Operator;
    ListProviderNumbers, "list the provider's numbers", Operator;
    ViewRuns, "look at runs", Operator;
    MarkThreadsRead, "mark threads as read", Operator;
    MergeContacts, "merge contacts", Operator;
    NameContacts, "rename contacts", Operator;
    ProposeAgents, "propose an agent", Operator;
    ReactToMessages, "react to messages", Operator;
    ReadAnswers, "read answers", Operator;
    ReadEvents, "read events", Operator;
    RehearseAgents, "rehearse an agent", Operator;
    ReleaseThreads, "release a thread", Operator;
    ReplayDeliveries, "replay a delivery", Operator;
    ResetAgentContext, "reset an agent's memory of a thread", Operator;
    ResolveThreads, "resolve and reopen threads", Operator;
    RetryMessages, "retry a message", Operator;
    SaveFiles, "save files", Operator;
    SaveReplies, "save canned replies", Operator;
    ManageOptOuts, "record opt-outs and opt-ins", Operator;
    SettleMessages, "mark a message as arrived", Operator;
    ShareReplies, "share canned replies", Operator;
    SnoozeThreads, "snooze threads", Operator;
    SplitContacts, "split contacts", Operator;
    StopBulkJobs, "stop a bulk job", Operator;
    StopAgents, "stop agents", Operator;
    SubmitTemplates, "submit templates", Operator;
    TakeThreads, "take a thread", Operator;
    UndoSends, "undo sending", Operator;
    DryRunDeliveries, "dry-run a delivery", Operator;
    TestWebhooks, "try webhooks", Operator;
    UploadFiles, "upload files", Operator;
    UploadSamples, "upload samples", Operator;
    WriteFlows, "write Flows", Operator;
    WriteNotes, "write notes", Operator;
    SendMessages, "send messages", Operator;
    AcceptRestoredDatabase, "accept a restored database", Admin;
    AddContacts, "add contacts", Admin;
    ChangeProviderRecords, "change a provider's records", Admin;
    ChangeWebhooks, "change webhooks", Admin;
    ChangeBusinessProfiles, "change business profiles", Admin;
    ReconnectNumbers, "reconnect numbers", Admin;
    DecideAssignments, "decide about agents", Admin;
    DeleteTemplates, "delete templates", Admin;
    DeleteWebhooks, "delete webhooks", Admin;
    DisconnectNumbers, "disconnect numbers", Admin;
    CancelSetups, "cancel setups", Admin;
    ManageTokens, "create and revoke tokens", Admin;
    PublishFlows, "publish Flows", Admin;
    RegisterWebhooks, "register webhooks", Admin;
    ReleaseColleaguesThreads, "release a colleague's thread", Admin;
    RevealWebhookBodies, "reveal webhook bodies", Admin;
    SetUpNumbers, "set up numbers", Admin;
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
