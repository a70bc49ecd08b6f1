//! The table of operations. Each request is described by a row, or offered by hand if it needs more than named
//! arguments. The match over requests has no wildcard, so that a new request has to be added here.

use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::access::token::TokenRequest;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::event_name::EventName;
use crate::domain::operation::Operation;
use crate::domain::operation::argument::{Argument, ArgumentKind};
use crate::domain::request::Request;
use crate::domain::subject::Subject;

const THREAD: Argument =
    Argument::positional("thread", ArgumentKind::Thread, "Thread id, or the contact's phone number");
const MESSAGE: Argument = Argument::positional("message", ArgumentKind::Message, "Message id");
const ENTRY: Argument = Argument::positional("entry", ArgumentKind::Entry, "Outbox entry id");
const CONTACT: Argument = Argument::positional("contact", ArgumentKind::Contact, "Contact id, such as p4");
const LABEL: Argument =
    Argument::positional("label", ArgumentKind::Text, "Label: letters, digits, - and _, up to 24 characters")
        .called("LABEL");
const SHORT: Argument =
    Argument::positional("short", ArgumentKind::Text, "Short name, typed as /hello in the composer").called("SHORT");
const REPLY_TEXT: Argument = Argument::positional(
    "text",
    ArgumentKind::Text,
    "Text, up to 1024 characters, with {{contact}}, {{me}} and {{window_end}}",
);
const CONNECTION: Argument =
    Argument::positional("connection", ArgumentKind::Connection, "Connection: id, name or phone number");
const ALERT: Argument = Argument::positional("alert", ArgumentKind::Alert, "Alert id");
const DELIVERY: Argument = Argument::positional("delivery", ArgumentKind::Delivery, "Delivery id");
const ASSIGNMENT: Argument = Argument::positional("assignment", ArgumentKind::Assignment, "Assignment id");
const JOB: Argument = Argument::positional("job", ArgumentKind::Job, "Job number, as `wadeck outbox jobs` lists it");

/// Permission and objects of a request that surfaces offer by hand.
struct ByHand {
    permission: Permission,
    subjects: Vec<Subject>,
}

fn by_hand(permission: Permission, subjects: impl IntoIterator<Item = Subject>) -> ByHand {
    ByHand { permission, subjects: subjects.into_iter().collect() }
}

macro_rules! operations {
    (
        described { $($row:ident: $pattern:pat = $operation:expr;)* }
        by_hand { $($hand:pat => $what:expr;)* }
    ) => {
        $(static $row: Operation = $operation;)*

        /// All described operations.
        pub static OPERATIONS: &[&Operation] = &[$(&$row,)*];

        /// Returns the operation of a request, or what is needed to offer it by hand.
        fn find(request: &Request) -> Result<&'static Operation, ByHand> {
            match request {
                $($pattern => Ok(&$row),)*
                Request::SendWithContext { request, .. } | Request::Within { request, .. } => find(request),
                $($hand => Err($what),)*
            }
        }
    };
}

operations! {
    described {
        TAKE_THREAD: Request::TakeThread { .. } = Operation::new(
            "take_thread", "Take a thread: its agent stops answering",
            Permission::TakeThreads, &[THREAD],
        )
        .audited(AuditAction::Take).with_event(EventName::ThreadTaken).route("/threads/{thread}/take")
        .verb("threads", "take", "t12").tool("threads.take");

        TRANSFER_THREAD: Request::TransferThread { .. } = Operation::new(
            "transfer_thread", "Transfer a thread to a colleague who is online, with a draft",
            Permission::TakeThreads,
            &[THREAD, Argument::positional("to", ArgumentKind::Text, "Colleague's user name").called("USER")],
        )
        .audited(AuditAction::TransferThread).with_event(EventName::ThreadHandedOver)
        .route("/threads/{thread}/hand-over").verb("threads", "transfer", "t12 ada")
        .aliases(&["hand-over"]);

        ASSIGN_THREAD: Request::AssignThread { .. } = Operation::new(
            "assign_thread", "Assign a thread to a colleague, who may be offline, with your draft",
            Permission::TakeThreads,
            &[THREAD, Argument::option("to", ArgumentKind::Text, "Colleague's user name").called("USER").needed()],
        )
        .audited(AuditAction::TransferThread).with_event(EventName::ThreadHandedOver).route("/threads/{thread}/assign")
        .verb("threads", "assign", "t12 --to ada").tool("threads.assign");

        RELEASE_THREAD: Request::ReleaseThread { .. } = Operation::new(
            "release_thread", "Release a thread: its agent answers again",
            Permission::ReleaseThreads, &[THREAD],
        )
        .audited(AuditAction::Release).with_event(EventName::ThreadReleased).route("/threads/{thread}/release")
        .verb("threads", "release", "t12").tool("threads.release");

        RESOLVE_THREAD: Request::ResolveThread { .. } = Operation::new(
            "resolve_thread", "Resolve a thread: nothing is left to do until the contact writes again",
            Permission::ResolveThreads,
            &[THREAD, Argument::option("reason", ArgumentKind::Text, "Outcome, up to 500 characters")],
        )
        .audited(AuditAction::Resolve).with_event(EventName::ThreadResolved).route("/threads/{thread}/resolve")
        .verb("threads", "resolve", "t12 --reason \"Refund sent\"").tool("threads.resolve");

        REOPEN_THREAD: Request::ReopenThread { .. } = Operation::new(
            "reopen_thread", "Reopen a resolved thread",
            Permission::ResolveThreads, &[THREAD],
        )
        .audited(AuditAction::Reopen).with_event(EventName::ThreadReopened).route("/threads/{thread}/reopen")
        .verb("threads", "reopen", "t12").tool("threads.reopen");

        SNOOZE_THREAD: Request::SnoozeThread { .. } = Operation::new(
            "snooze_thread", "Snooze a thread: it does not wait for a person until a time, or until the contact writes again",
            Permission::SnoozeThreads,
            &[THREAD, Argument::option("until", ArgumentKind::Time, "Time at which it returns, up to a year ahead").needed()],
        )
        .audited(AuditAction::SnoozeThread).with_event(EventName::ThreadSnoozed).route("/threads/{thread}/snooze")
        .verb("threads", "snooze", "t12 --until \"tomorrow 09:00\"").tool("threads.snooze");

        UNSNOOZE_THREAD: Request::UnsnoozeThread { .. } = Operation::new(
            "unsnooze_thread", "End the snooze of a thread now",
            Permission::SnoozeThreads, &[THREAD],
        )
        .audited(AuditAction::UnsnoozeThread).with_event(EventName::ThreadUnsnoozed).route("/threads/{thread}/unsnooze")
        .verb("threads", "unsnooze", "t12").tool("threads.unsnooze");

        ADD_LABEL: Request::AddLabel { .. } = Operation::new(
            "add_label", "Add a label to a thread", Permission::LabelThreads, &[THREAD, LABEL],
        )
        .audited(AuditAction::AddLabel).with_event(EventName::ThreadLabeled).route("/threads/{thread}/labels")
        .verb("threads label", "add", "t12 vip").tool("threads.label");

        REMOVE_LABEL: Request::RemoveLabel { .. } = Operation::new(
            "remove_label", "Remove a label from a thread", Permission::LabelThreads, &[THREAD, LABEL],
        )
        .audited(AuditAction::RemoveLabel).with_event(EventName::ThreadUnlabeled).route("/threads/{thread}/labels/remove")
        .verb("threads label", "remove", "t12 vip").tool("threads.unlabel");

        SAVE_REPLY: Request::SaveReply { shared: false, .. } = Operation::new(
            "save_reply", "Save a canned reply for yourself", Permission::SaveReplies, &[SHORT, REPLY_TEXT],
        )
        .fixed("shared", false).audited(AuditAction::SaveReply).route("/replies")
        .verb("replies", "add", "hello \"Hello {{contact}}, this is {{me}}.\"").tool("replies.add");

        SHARE_REPLY: Request::SaveReply { shared: true, .. } = Operation::new(
            "save_reply", "Save a canned reply for everybody", Permission::ShareReplies, &[SHORT, REPLY_TEXT],
        )
        .fixed("shared", true).audited(AuditAction::SaveReply).route("/replies/shared")
        .verb("replies", "share", "hello \"Hello {{contact}}, this is {{me}}.\"").tool("replies.share");

        REMOVE_REPLY: Request::RemoveReply { .. } = Operation::new(
            "remove_reply", "Remove your canned reply, or a shared one where you have none of that name",
            Permission::SaveReplies, &[SHORT],
        )
        .audited(AuditAction::RemoveReply).route("/replies/remove").verb("replies", "remove", "hello").tool("replies.remove");

        MARK_READ: Request::MarkRead { .. } = Operation::new("mark_read", "Mark a thread as read", Permission::MarkThreadsRead, &[THREAD])
        .route("/threads/{thread}/read").verb("threads", "read", "t12");

        REFRESH_THREAD: Request::RefreshThread { .. } = Operation::new(
            "refresh_thread", "Compare a thread with its conversation at the provider now, and add what is missing",
            Permission::Backfill, &[THREAD],
        )
        .route("/threads/{thread}/refresh").verb("threads", "refresh", "t12");

        ADD_NOTE: Request::AddNote { .. } = Operation::new(
            "add_note", "Add an internal note; notes are never sent",
            Permission::WriteNotes, &[THREAD, Argument::positional("text", ArgumentKind::Text, "Text of the note")],
        )
        .audited(AuditAction::Note).route("/threads/{thread}/notes")
        .verb("threads", "note", "t12 \"Asked twice about the invoice.\"").tool("threads.note");

        UNDO_SEND: Request::UndoSend { .. } = Operation::new(
            "undo_send", "Undo your last message in a thread, as long as it has not been sent",
            Permission::UndoSends, &[THREAD],
        )
        .audited(AuditAction::UndoSend).route("/threads/{thread}/undo-send")
        .verb("threads", "undo-send", "t12").aliases(&["take-back"]);

        OPT_OUT: Request::OptOut { out: true, .. } = Operation::new(
            "opt_out", "Record an opt-out: nothing is sent to the thread's contact any more",
            Permission::ManageOptOuts, &[THREAD],
        )
        .fixed("out", true).audited(AuditAction::OptOut).route("/threads/{thread}/opt-out")
        .verb("contacts", "opt-out", "t12");

        OPT_IN: Request::OptOut { out: false, .. } = Operation::new(
            "opt_out", "Record an opt-in: the thread's contact accepts messages again",
            Permission::ManageOptOuts, &[THREAD],
        )
        .fixed("out", false).audited(AuditAction::OptIn).route("/threads/{thread}/opt-in")
        .verb("contacts", "opt-in", "t12");

        RENAME_CONTACT: Request::RenameContact { .. } = Operation::new(
            "rename_contact", "Rename a contact",
            Permission::NameContacts,
            &[CONTACT, Argument::positional("name", ArgumentKind::Text, "New name; it replaces the name that the contact gave").called("NAME")],
        )
        .audited(AuditAction::Rename).route("/contacts/{contact}/name")
        .verb("contacts", "rename", "p4 \"Rosa Field\"");

        MERGE_CONTACTS: Request::MergeContacts { .. } = Operation::new(
            "merge_contacts", "Merge two contacts that are the same person",
            Permission::MergeContacts,
            &[ Argument::positional("keep", ArgumentKind::Contact, "Contact that remains").called("KEEP"), Argument::positional("gone", ArgumentKind::Contact, "Contact that is merged into it").called("GONE"), ],
        )
        .audited(AuditAction::Merge).route("/contacts/{keep}/merge").verb("contacts", "merge", "p4 p9");

        SPLIT_CONTACT: Request::SplitContact { .. } = Operation::new(
            "split_contact", "Undo the last merge of a contact",
            Permission::SplitContacts,
            &[Argument::positional("contact", ArgumentKind::Contact, "Contact that another one was merged into")],
        )
        .audited(AuditAction::Split).route("/contacts/{contact}/split").verb("contacts", "split", "p4");

        FETCH_MEDIA: Request::FetchMedia { .. } = Operation::new(
            "fetch_media", "Download the file of a message again, if its download failed",
            Permission::FetchFiles, &[MESSAGE],
        )
        .route("/messages/{message}/fetch").verb("messages", "fetch", "m345");

        QUERY_STATUS: Request::QueryStatus { .. } = Operation::new(
            "query_status", "Query the provider for the delivery status of a message",
            Permission::ReconcileMessages, &[MESSAGE],
        )
        .route("/messages/{message}/query-status").verb("messages", "query-status", "m345")
        .aliases(&["ask"]);

        RETRY_ENTRY: Request::RetryEntry { .. } = Operation::new(
            "retry_entry", "Retry a failed outbox entry with a new series of attempts",
            Permission::RetryMessages, &[ENTRY],
        )
        .audited(AuditAction::Retry).route("/outbox/{entry}/retry").verb("outbox", "retry", "o3");

        DISCARD_ENTRY: Request::DiscardEntry { .. } = Operation::new(
            "discard_entry", "Discard an outbox entry: it will not be sent",
            Permission::DiscardMessages, &[ENTRY],
        )
        .audited(AuditAction::Discard).route("/outbox/{entry}/discard").verb("outbox", "discard", "o3")
        .aliases(&["cancel"]);

        CONFIRM_ARRIVED: Request::ConfirmArrived { .. } = Operation::new(
            "confirm_arrived", "Mark an uncertain outbox entry as arrived: you know that the contact has the message",
            Permission::SettleMessages, &[ENTRY],
        )
        .audited(AuditAction::ConfirmArrived).route("/outbox/{entry}/arrived")
        .verb("outbox", "arrived", "o3");

        RECONCILE: Request::Reconcile { .. } = Operation::new(
            "reconcile", "Query the provider whether an uncertain outbox entry was sent",
            Permission::ReconcileMessages, &[ENTRY],
        )
        .route("/outbox/{entry}/reconcile").verb("outbox", "reconcile", "o3").aliases(&["look-up"]);

        HOLD_ENTRY: Request::HoldEntry { .. } = Operation::new(
            "hold_entry", "Hold a queued outbox entry until it is released",
            Permission::HoldMessages, &[ENTRY],
        )
        .audited(AuditAction::Hold).route("/outbox/{entry}/hold").verb("outbox", "hold", "o3");

        RELEASE_ENTRY: Request::ReleaseEntry { .. } = Operation::new(
            "release_entry", "Release a held outbox entry",
            Permission::HoldMessages, &[ENTRY],
        )
        .audited(AuditAction::Release).route("/outbox/{entry}/release").verb("outbox", "release", "o3");

        STOP_JOB: Request::StopJob { .. } = Operation::new(
            "stop_job", "Stop a bulk job; entries that it changed stay changed",
            Permission::StopBulkJobs, &[JOB],
        )
        .audited(AuditAction::StopJob).route("/jobs/{job}/stop").verb("outbox", "stop", "4");

        RESUME_JOB: Request::ResumeJob { .. } = Operation::new(
            "resume_job", "Resume a stopped bulk job",
            Permission::RunBulkJobs, &[JOB],
        )
        .audited(AuditAction::ResumeJob).route("/jobs/{job}/resume").verb("outbox", "resume", "4");

        DISCARD_JOB: Request::DiscardJob { .. } = Operation::new(
            "discard_job", "Discard a stopped bulk job; entries that it changed stay changed",
            Permission::StopBulkJobs, &[JOB],
        )
        .audited(AuditAction::DiscardJob).route("/jobs/{job}/discard").verb("outbox", "discard-job", "4");

        ACK_ALERT: Request::AckAlert { .. } = Operation::new("ack_alert", "Acknowledge an alert", Permission::AcknowledgeAlerts, &[ALERT])
        .audited(AuditAction::Acknowledge).route("/alerts/{alert}/ack").verb("alerts", "ack", "a9");

        REPLAY_DELIVERY: Request::ReplayDelivery { .. } = Operation::new(
            "replay_delivery", "Apply a stored delivery again",
            Permission::ReplayDeliveries, &[DELIVERY],
        )
        .audited(AuditAction::Replay).route("/deliveries/{delivery}/replay")
        .verb("deliveries", "replay", "d40");

        CHECK_CONNECTION: Request::CheckConnection { .. } = Operation::new(
            "check_connection", "Check a number with the provider now",
            Permission::CheckConnections, &[CONNECTION],
        )
        .route("/connections/{connection}/check").verb("connections", "check", "support")
        .aliases(&["refresh"]);

        CANARY: Request::Canary { .. } = Operation::new(
            "canary", "Request a test webhook from the provider and verify that it arrives",
            Permission::RequestTestWebhook, &[CONNECTION],
        )
        .route("/connections/{connection}/canary").verb("connections", "canary", "support");

        SEND_TEST: Request::SendTest { .. } = Operation::new(
            "send_test", "Send a test message to the number's `tester`",
            Permission::SendMessages, &[CONNECTION],
        )
        .audited(AuditAction::Send).route("/connections/{connection}/test")
        .verb("connections", "test", "support");

        BACKFILL: Request::Backfill { .. } = Operation::new(
            "backfill", "Backfill messages whose webhooks never arrived",
            Permission::Backfill, &[CONNECTION],
        )
        .route("/connections/{connection}/backfill").verb("connections", "backfill", "support")
        .aliases(&["fill"]);

        APPROVE: Request::Agents(AgentRequest::Approve { .. }) = Operation::new(
            "agents", "Approve a proposed assignment, or a stale one again (admins)",
            Permission::DecideAssignments, &[ASSIGNMENT],
        )
        .nested("agents", "approve").audited(AuditAction::Approve).with_event(EventName::AssignmentApproved)
        .route("/assignments/{assignment}/approve").verb("assignments", "approve", "g2");

        REJECT: Request::Agents(AgentRequest::Reject { .. }) = Operation::new(
            "agents", "Reject a proposed assignment (admins)",
            Permission::DecideAssignments,
            &[ASSIGNMENT, Argument::option("reason", ArgumentKind::Text, "Reason, for the proposer and the audit log").needed()],
        )
        .nested("agents", "reject").audited(AuditAction::Reject).with_event(EventName::AssignmentRejected)
        .route("/assignments/{assignment}/reject")
        .verb("assignments", "reject", "g2 --reason \"Not rehearsed\"");

        REVOKE: Request::Agents(AgentRequest::Revoke { .. }) = Operation::new(
            "agents", "Revoke an active assignment (admins)",
            Permission::DecideAssignments,
            &[ASSIGNMENT, Argument::option("reason", ArgumentKind::Text, "Reason, for the audit log")],
        )
        .nested("agents", "revoke").audited(AuditAction::Revoke).with_event(EventName::AssignmentRevoked)
        .route("/assignments/{assignment}/revoke")
        .verb("assignments", "revoke", "g2 --reason \"Campaign is over\"");

        DISMISS: Request::Agents(AgentRequest::Dismiss { .. }) = Operation::new(
            "agents", "Dismiss the reply that an agent suggested",
            Permission::DecideSuggestedReplies,
            &[ Argument::positional("run", ArgumentKind::Run, "Run id"), Argument::option("reason", ArgumentKind::Text, "Reason, for the audit log"), ],
        )
        .nested("agents", "dismiss").audited(AuditAction::Dismiss).route("/runs/{run}/dismiss")
        .verb("agents", "dismiss", "r5 --reason \"Wrong opening hours\"");
    }
    by_hand {
        Request::Send { thread, reply_to, .. } | Request::SendFile { thread, reply_to, .. } => {
            let quoted = reply_to.map(Subject::Message);
            by_hand(Permission::SendMessages, [Subject::Thread(*thread)].into_iter().chain(quoted))
        };
        Request::SaveDraft { thread, .. } => by_hand(Permission::SendMessages, [Subject::Thread(*thread)]);
        Request::SendTemplate { connection, .. } => {
            by_hand(Permission::SendMessages, [Subject::Connection(*connection)])
        };
        Request::React { message, .. } => by_hand(Permission::ReactToMessages, [Subject::Message(*message)]);
        // Consoles on other machines cannot open files, so that no object is checked.
        Request::OpenMedia { .. } => by_hand(Permission::OpenFiles, []);
        Request::UpdatePresence { thread, .. } => by_hand(Permission::Look, thread.map(Subject::Thread));
        Request::Bulk { .. } => by_hand(Permission::RunBulkJobs, []);
        Request::AddContact { connection, .. } => {
            by_hand(Permission::AddContacts, [Subject::Connection(*connection)])
        };
        Request::SaveView { .. } => by_hand(Permission::SaveFilters, []);
        Request::AcceptRestored { .. } => by_hand(Permission::AcceptRestoredDatabase, []);
        Request::Token(TokenRequest::Create { .. } | TokenRequest::Revoke { .. }) => {
            by_hand(Permission::ManageTokens, [])
        };
        Request::RevealDelivery { delivery } => {
            by_hand(Permission::RevealWebhookBodies, [Subject::Delivery(*delivery)])
        };
        Request::DryRunDelivery { delivery, .. } => by_hand(Permission::DryRunDeliveries, [Subject::Delivery(*delivery)]);
        Request::RefreshTemplates => by_hand(Permission::ViewTemplates, []);
        Request::Agents(request) => by_hand(request.required_right(), request.subjects());
        Request::Number(request) => by_hand(request.required_right(), request.subject());
        Request::Webhook(request) => {
            by_hand(request.required_right(), [Subject::Connection(request.connection())])
        };
        Request::Template(request) => {
            by_hand(request.required_right(), [Subject::Connection(request.connection())])
        };
        Request::Flow(request) => by_hand(request.required_right(), request.connection().map(Subject::Connection));
        // GET requires an operator; changes require an admin.
        Request::Call { method, connection, .. } => {
            let looks = method.eq_ignore_ascii_case("GET");
            let permission = if looks { Permission::QueryProvider } else { Permission::ChangeProviderRecords };
            by_hand(permission, connection.map(Subject::Connection))
        };
    }
}

impl Request {
    /// Returns the operation that describes this request; `None` if it is offered by hand.
    pub fn operation(&self) -> Option<&'static Operation> {
        find(self).ok()
    }

    /// Returns the required permission. Some requests require a higher one for other people's work: only an admin
    /// releases a colleague's thread.
    pub fn required_right(&self) -> Permission {
        find(self).map_or_else(|by_hand| by_hand.permission, |operation| operation.permission)
    }

    /// Returns the objects that have to exist for this request.
    pub fn subjects(&self) -> Vec<Subject> {
        if let Self::SendWithContext { request, .. } | Self::Within { request, .. } = self {
            return request.subjects();
        }
        find(self).map_or_else(|by_hand| by_hand.subjects, |operation| operation.subjects(self))
    }
}
