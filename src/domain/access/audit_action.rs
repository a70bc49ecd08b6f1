//! Actions that the audit log records.

use crate::domain::outbox::job::BulkAction;

macro_rules! actions {
    ($(#[doc = $meaning:literal] $variant:ident $wire:literal;)*) => {
        /// An action of the audit log. Its string is stored and is part of the row's digest; it never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AuditAction {
            $(#[doc = $meaning] $variant,)*
        }

        impl AuditAction {
            /// Every action, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the stored string.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }
        }
    };
}

actions! {
    /// A message was queued by a person.
    Send "send";
    /// A template was queued by a person.
    SendTemplate "send_template";
    /// A Flow was sent by a person.
    SendFlow "send_flow";
    /// The last message of a thread was canceled before it was sent.
    UndoSend "take_back";
    /// A failed outbox entry was queued again.
    Retry "retry";
    /// An outbox entry was discarded.
    Discard "discard";
    /// An uncertain outbox entry was marked as arrived.
    ConfirmArrived "settle_arrived";
    /// A custom command was run.
    RunCommand "run_command";
    /// An outbox entry was held.
    Hold "hold";
    /// A held outbox entry, or a thread, was released.
    Release "release";
    /// A bulk job was started that retries entries.
    BulkRetry "bulk_retry";
    /// A bulk job was started that discards entries.
    BulkDiscard "bulk_discard";
    /// A bulk job was started that holds entries.
    BulkHold "bulk_hold";
    /// A bulk job was started that releases entries.
    BulkRelease "bulk_release";
    /// A bulk job was started that queries the provider about uncertain entries.
    BulkReconcile "bulk_look_up";
    /// A bulk job was started that marks uncertain entries as arrived.
    BulkArrived "bulk_arrived";
    /// A bulk job was stopped.
    StopJob "stop_job";
    /// A stopped bulk job was resumed.
    ResumeJob "resume_job";
    /// A stopped bulk job was discarded.
    DiscardJob "discard_job";
    /// A thread was taken.
    Take "take";
    /// A thread was transferred to a colleague.
    TransferThread "hand over";
    /// A thread was resolved.
    Resolve "resolve";
    /// A resolved thread was opened again.
    Reopen "reopen";
    /// A thread was snoozed.
    SnoozeThread "snooze thread";
    /// The snooze of a thread was ended by hand.
    UnsnoozeThread "unsnooze thread";
    /// A label was added to a thread.
    AddLabel "add label";
    /// A label was removed from a thread.
    RemoveLabel "remove label";
    /// A canned reply was saved.
    SaveReply "save reply";
    /// A canned reply was removed.
    RemoveReply "remove reply";
    /// An internal note was added.
    Note "note";
    /// A thread was exported.
    Export "export";
    /// A contact was added.
    AddContact "add_contact";
    /// A contact was renamed.
    Rename "rename";
    /// Two contacts were merged.
    Merge "merge";
    /// A merge of contacts was undone.
    Split "split";
    /// An opt-out was recorded.
    OptOut "opt_out";
    /// An opt-in was recorded.
    OptIn "opt_in";
    /// A contact stopped marketing messages.
    MarketingStop "marketing_stop";
    /// A contact accepts marketing messages again.
    MarketingResume "marketing_resume";
    /// A file of a message was saved.
    SaveFile "save_file";
    /// A file was uploaded.
    Upload "upload";
    /// An assignment was proposed.
    Propose "propose";
    /// The first of two approvals was given.
    ApproveFirst "approve_first";
    /// An assignment was approved.
    Approve "approve";
    /// An assignment was rejected.
    Reject "reject";
    /// An assignment was approved with a smaller contract.
    Restrict "narrow";
    /// An assignment was revoked.
    Revoke "revoke";
    /// The decision about an assignment was postponed.
    Snooze "snooze";
    /// An assignment expired.
    Expire "expire";
    /// The agent of an assignment has changed since it was approved.
    Stale "stale";
    /// A rehearsal was started.
    Rehearse "rehearse";
    /// A rehearsal failed, and an assignment was lowered from `auto` to `draft`.
    DropToDraft "drop_to_draft";
    /// A suggested reply was sent.
    Accept "accept";
    /// A suggested reply was sent with other words.
    AcceptEdited "accept_edited";
    /// A suggested reply was dismissed.
    Dismiss "dismiss";
    /// Agents were stopped.
    Stop "stop";
    /// Agents were resumed.
    Resume "resume";
    /// An agent's memory of a thread was reset.
    ResetContext "forget";
    /// The reset of an agent's memory was undone.
    RestoreContext "remember";
    /// The setup of a number was started.
    SetUp "set_up";
    /// A setup was resumed.
    ResumeSetup "go_on";
    /// A setup got a new link.
    NewLink "new_link";
    /// A setup was canceled.
    CancelSetup "cancel_setup";
    /// The setup link of a number was opened and used.
    LinkUsed "link_used";
    /// The state of a setup was repaired at start.
    RepairSetup "mend_setup";
    /// A number was connected.
    Connected "connected";
    /// A number was reconnected.
    Reconnect "reconnect";
    /// A number was registered.
    Register "register";
    /// The webhook of a number was registered again.
    Renew "renew";
    /// The webhook of a number was removed.
    Unregister "unregister";
    /// The disconnection of a number was requested.
    Disconnect "disconnect";
    /// A number was disconnected.
    Disconnected "disconnected";
    /// The business profile of a number was changed.
    Profile "profile";
    /// A webhook was registered at the provider.
    RegisterWebhook "register_webhook";
    /// A webhook was changed at the provider.
    ChangeWebhook "change_webhook";
    /// A webhook was deleted at the provider.
    DeleteWebhook "delete_webhook";
    /// A request was sent to a provider's API by hand.
    Call "call";
    /// A template was submitted.
    CreateTemplate "create_template";
    /// A template was edited.
    EditTemplate "edit_template";
    /// A template was deleted.
    DeleteTemplate "delete_template";
    /// The provider changed the state of a template.
    TemplateChanged "template_changed";
    /// A sample file was uploaded for a template.
    UploadSample "upload_sample";
    /// A Flow was created.
    CreateFlow "create_flow";
    /// The definition of a Flow was replaced.
    WriteFlow "write_flow";
    /// A Flow was published.
    PublishFlow "publish_flow";
    /// A Flow was deprecated.
    DeprecateFlow "deprecate_flow";
    /// A Flow was deleted.
    DeleteFlow "delete_flow";
    /// The code behind a Flow was replaced.
    SetFlowCode "set_flow_code";
    /// The code behind a Flow was deployed.
    DeployFlowCode "deploy_flow_code";
    /// The endpoint of a Flow was registered.
    RegisterFlowEndpoint "register_flow_endpoint";
    /// The encryption key of a number's Flows was registered.
    EncryptFlow "encrypt_flow";
    /// A stored delivery was applied again.
    Replay "replay";
    /// The body of a delivery was shown as received.
    Reveal "reveal";
    /// An alert was acknowledged.
    Acknowledge "acknowledge";
    /// A token was created.
    CreateToken "make_token";
    /// A token was revoked.
    RevokeToken "revoke_token";
    /// The loss of audit rows by a restored copy of the database was accepted.
    AcceptRestored "accept_restored";
}

impl AuditAction {
    /// Returns the action that records the start of a bulk job.
    pub const fn of_bulk(action: BulkAction) -> Self {
        match action {
            BulkAction::Retry => Self::BulkRetry,
            BulkAction::Discard => Self::BulkDiscard,
            BulkAction::Hold => Self::BulkHold,
            BulkAction::Release => Self::BulkRelease,
            BulkAction::Reconcile => Self::BulkReconcile,
            BulkAction::Arrived => Self::BulkArrived,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<&str> = AuditAction::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(words.len(), AuditAction::ALL.len());
        for action in BulkAction::ALL {
            assert_eq!(AuditAction::of_bulk(action).as_str(), format!("bulk_{}", action.name()));
        }
    }
}
