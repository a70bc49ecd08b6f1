//! Two at once: every operation is asked for twice at the same moment. What may happen once happens once; the
//! second is refused with a code, leaves no row in the audit and tells nobody of a change.

mod pairs;
mod provider_scenes;
mod scenes;

use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::access::token::TokenRequest;
use wadeck::domain::agents::requests::{AgentQuery, AgentRequest, AgentsAnswer};
use wadeck::domain::flow::FlowRequest;
use wadeck::domain::numbers::number::NumberRequest;
use wadeck::domain::numbers::registration::WebhookRequest;
use wadeck::domain::operation::Operation;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::refusal::Done;
use wadeck::domain::request::Request;
use wadeck::domain::templates::requests::TemplateRequest;
use wadeck::operations::{OperationError, perform};

use self::scenes::{harmless_scene, scene};
use crate::samples;
use crate::stage::{Stage, ada};

/// How often each pair is tried: they meet in another order each time.
const ROUNDS: usize = 2;

/// What becomes of two who ask for the same at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Twice {
    /// One does it, the other is refused with one of these codes.
    Once(&'static [&'static str]),
    /// Both do it, one after the other, and that is right; says why.
    Each(&'static str),
    /// The provider decides. Never two at a time; each success stands in the audit, each refusal does not.
    InTurn,
    /// Nobody may through a door: both are refused with this code.
    Never(&'static str),
    /// Nothing is changed, or only what belongs to whoever asks; says what.
    Harmless(&'static str),
}

use Twice::{Each, Harmless, InTurn, Never, Once};

macro_rules! operations {
    ($($pattern:pat => $name:literal, $twice:expr;)*) => {
        /// Every operation that can be asked for.
        const ALL: &[(&str, Twice)] = &[$(($name, $twice)),*];

        /// The match has no wildcard: a new operation has to be classified before this compiles.
        fn name_of(request: &Request) -> &'static str {
            match request { $($pattern => $name,)* }
        }
    };
}

operations! {
    Request::Within { .. } => "within", Once(&["not_retryable", "no_change"]);
    Request::SendWithContext { .. } => "send_with_context", Once(&["answered_meanwhile"]);
    Request::Send { .. } => "send", Once(&["duplicate_message"]);
    Request::SendFile { .. } => "send_file", Once(&["duplicate_message"]);
    Request::SendTemplate { .. } => "send_template", Once(&["duplicate_message"]);
    Request::SendTest { .. } => "send_test", Each("two tests are two messages");
    Request::React { .. } => "react", Each("the later reaction takes the place of the earlier one at the provider");
    Request::UndoSend { .. } => "undo_send", Once(&["nothing_to_undo"]);
    Request::RetryEntry { .. } => "retry", Once(&["not_retryable"]);
    Request::DiscardEntry { .. } => "discard", Once(&["not_discardable"]);
    Request::ConfirmArrived { .. } => "confirm_arrived", Once(&["not_uncertain"]);
    Request::HoldEntry { .. } => "hold", Once(&["no_change"]);
    Request::ReleaseEntry { .. } => "release_entry", Once(&["no_change"]);
    Request::Bulk { .. } => "bulk", Once(&["job_runs"]);
    Request::StopJob { .. } => "stop_job", Once(&["no_job"]);
    Request::ResumeJob { .. } => "resume_job", Once(&["not_stopped"]);
    Request::DiscardJob { .. } => "discard_job", Once(&["not_stopped", "not_found"]);
    Request::AddNote { .. } => "add_note", Each("two notes are two notes");
    Request::OptOut { .. } => "opt_out", Once(&["no_change"]);
    Request::TakeThread { .. } => "take_thread", Once(&["taken"]);
    Request::TransferThread { .. } => "transfer_thread", Once(&["taken", "no_change"]);
    Request::AssignThread { .. } => "assign_thread", Once(&["taken", "no_change"]);
    Request::ReleaseThread { .. } => "release_thread", Once(&["not_taken"]);
    Request::ResolveThread { .. } => "resolve_thread", Once(&["no_change"]);
    Request::ReopenThread { .. } => "reopen_thread", Once(&["no_change"]);
    Request::SaveReply { .. } => "save_reply", Once(&["no_change"]);
    Request::RemoveReply { .. } => "remove_reply", Once(&["not_found"]);
    Request::AddLabel { .. } => "add_label", Once(&["no_change"]);
    Request::RemoveLabel { .. } => "remove_label", Once(&["no_change"]);
    Request::SnoozeThread { .. } => "snooze_thread", Once(&["no_change"]);
    Request::UnsnoozeThread { .. } => "unsnooze_thread", Once(&["no_change"]);
    Request::AcceptRestored { .. } => "accept_restored", Once(&["nothing_to_accept"]);
    Request::AckAlert { .. } => "acknowledge", Once(&["already_acknowledged"]);
    Request::ReplayDelivery { .. } => "replay", Once(&["not_replayable"]);
    Request::FetchMedia { .. } => "fetch_media", Harmless("the file is asked for once more; nothing is kept of who asked");
    Request::AddContact { .. } => "add_contact", Once(&["contact_known"]);
    Request::RenameContact { .. } => "rename", Each("the later name stands, and both are in the audit");
    Request::MergeContacts { .. } => "merge", Once(&["not_found"]);
    Request::SplitContact { .. } => "split", Once(&["not_merged"]);
    Request::Token(TokenRequest::Create { .. }) => "token_create", Once(&["name_taken"]);
    Request::Token(TokenRequest::Revoke { .. }) => "token_revoke", Once(&["not_found"]);
    Request::Agents(AgentRequest::Propose(_)) => "propose", Each("each proposal is decided on its own");
    Request::Agents(AgentRequest::Approve { .. }) => "approve", Once(&["decided"]);
    Request::Agents(AgentRequest::Reject { .. }) => "reject", Once(&["decided"]);
    Request::Agents(AgentRequest::Restrict { .. }) => "restrict", Once(&["decided"]);
    Request::Agents(AgentRequest::Revoke { .. }) => "revoke", Once(&["not_in_force"]);
    Request::Agents(AgentRequest::Snooze { .. }) => "snooze", Each("the later time stands, and both are in the audit");
    Request::Agents(AgentRequest::Rehearse { .. }) => "rehearse", Once(&["rehearsal_runs"]);
    Request::Agents(AgentRequest::Accept { .. }) => "accept", Once(&["decided"]);
    Request::Agents(AgentRequest::Dismiss { .. }) => "dismiss", Once(&["decided"]);
    Request::Agents(AgentRequest::Stop { .. }) => "stop", Once(&["already_stopped"]);
    Request::Agents(AgentRequest::Resume { .. }) => "resume", Once(&["not_stopped"]);
    Request::Agents(AgentRequest::ResetContext { .. }) => "reset_context", Once(&["no_change"]);
    Request::Agents(AgentRequest::RehearseWritten { .. }) => "rehearse_written", Each("two rehearsals are two, with their results");
    Request::Agents(AgentRequest::Test { .. }) => "test_agent", Harmless("an agent is asked; nothing is sent or kept");
    Request::Number(NumberRequest::SetUp { .. }) => "set_up", Once(&["name_taken"]);
    Request::Number(NumberRequest::Adopt { .. }) => "adopt", Once(&["name_taken", "number_taken"]);
    Request::Number(NumberRequest::Resume { .. }) => "resume_setup", Once(&["setup_state"]);
    Request::Number(NumberRequest::NewLink { .. }) => "new_link", Once(&["setup_state"]);
    Request::Number(NumberRequest::Cancel { .. }) => "cancel", Once(&["setup_state"]);
    Request::Number(NumberRequest::Reconnect { .. }) => "reconnect", Once(&["setup_state"]);
    Request::Number(NumberRequest::Register { .. }) => "register", Once(&["setup_state", "in_progress"]);
    Request::Number(NumberRequest::Renew { .. }) => "renew", Once(&["setup_state"]);
    Request::Number(NumberRequest::Unregister { .. }) => "unregister", Once(&["in_progress", "not_found"]);
    Request::Number(NumberRequest::Disconnect { .. }) => "disconnect", Once(&["in_progress", "not_found"]);
    Request::Number(NumberRequest::SaveProfile { .. }) => "save_profile", InTurn;
    Request::Webhook(WebhookRequest::Create { .. }) => "webhook_create", Once(&["in_progress", "webhook_twice"]);
    Request::Webhook(WebhookRequest::Update { .. }) => "webhook_update", InTurn;
    Request::Webhook(WebhookRequest::Delete { .. }) => "webhook_delete", Once(&["in_progress", "not_found"]);
    Request::Webhook(WebhookRequest::Test { .. }) => "webhook_test", Harmless("two tests are two tests");
    Request::Template(TemplateRequest::Create { .. }) => "template_create", Once(&["in_progress", "lint", "provider"]);
    Request::Template(TemplateRequest::Update { .. }) => "template_update", InTurn;
    Request::Template(TemplateRequest::Delete { .. }) => "template_delete", InTurn;
    Request::Template(TemplateRequest::Sample { .. }) => "template_sample", InTurn;
    Request::Flow(FlowRequest::Create { .. }) => "flow_create", InTurn;
    Request::Flow(FlowRequest::Write { .. }) => "flow_write", InTurn;
    Request::Flow(FlowRequest::Publish { .. }) => "flow_publish", InTurn;
    Request::Flow(FlowRequest::Deprecate { .. }) => "flow_deprecate", Once(&["in_progress", "flow_state"]);
    Request::Flow(FlowRequest::Delete { .. }) => "flow_delete", Once(&["in_progress", "provider", "flow_state"]);
    Request::Flow(FlowRequest::SetCode { .. }) => "flow_code", InTurn;
    Request::Flow(FlowRequest::Deploy { .. }) => "flow_deploy", InTurn;
    Request::Flow(FlowRequest::Register { .. }) => "flow_register", InTurn;
    Request::Flow(FlowRequest::Encrypt { .. }) => "flow_encrypt", InTurn;
    Request::Flow(FlowRequest::Refresh) => "flow_refresh", Harmless("a list is fetched");
    Request::Flow(FlowRequest::Send { .. }) => "flow_send", Each("two invitations are two messages");
    Request::Call { .. } => "call", Each("whoever calls a provider by hand knows what it does twice");
    Request::Reconcile { .. } => "reconcile", Harmless("the provider is asked; what it shows settles the entry once");
    Request::QueryStatus { .. } => "query_status", Harmless("the provider is asked; what it says is merged");
    Request::UpdatePresence { .. } => "update_presence", Harmless("says where somebody is");
    Request::SaveView { .. } => "save_view", Harmless("a filter of one's own");
    Request::SaveDraft { .. } => "save_draft", Harmless("a draft of one's own");
    Request::MarkRead { .. } => "mark_read", Harmless("what is read is read");
    Request::OpenMedia { .. } => "open_media", Never("own_terminal_only");
    Request::RevealDelivery { .. } => "reveal", Each("both looked, and both are in the audit");
    Request::DryRunDelivery { .. } => "dry_run_delivery", Harmless("nothing is kept");
    Request::CheckConnection { .. } => "check_connection", Harmless("the provider is asked");
    Request::RefreshTemplates => "refresh_templates", Harmless("a list is fetched");
    Request::Canary { .. } => "canary", Harmless("two tests are two tests");
    Request::RefreshThread { .. } => "refresh_thread", Harmless("the provider is asked; what is there already is not filled in again");
    Request::Backfill { .. } => "backfill", Harmless("what is there already is not filled in again");
}

fn eve() -> Actor {
    Actor::Operator { name: "eve".into(), role: Role::Admin }
}

fn ben() -> Actor {
    Actor::Operator { name: "ben".into(), role: Role::Operator }
}

fn code(error: &OperationError) -> String {
    match error {
        OperationError::Refused(refusal) => refusal.code.to_string(),
        OperationError::Failed(error) => panic!("{error}"),
    }
}

type Outcome = Result<Done, OperationError>;

/// Both at the same moment, each on a thread of its own.
async fn both(stage: &Stage, first: (Actor, Request), second: (Actor, Request)) -> (Outcome, Outcome) {
    let start = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let ask = |(actor, request): (Actor, Request)| {
        let (system, start) = (stage.system.clone(), start.clone());
        tokio::spawn(async move {
            start.wait().await;
            perform(&system, &actor, request).await
        })
    };
    let (one, other) = tokio::join!(ask(first), ask(second));
    (one.expect("no panic"), other.expect("no panic"))
}

/// Rows of the audit, and events, so far.
async fn rows(stage: &Stage) -> (usize, usize) {
    let Answer::Agent(told) =
        stage.ask(Query::Agent(AgentQuery::Audit { subject: String::new(), limit: 1_000, before: None })).await
    else {
        panic!("the audit")
    };
    let AgentsAnswer::Audit(audit) = *told else { panic!("the audit") };
    let events = stage.system.store().events(None, 1_000).await.expect("events");
    // What a worker does is nobody's here.
    (audit.iter().filter(|row| row.actor != "system").count(), events.len())
}

/// Whether what was written since is the audit row and the event that the table of operations has for it.
async fn is_told_as_described(stage: &Stage, operation: &Operation, before: (usize, usize)) -> bool {
    let Answer::Agent(told) =
        stage.ask(Query::Agent(AgentQuery::Audit { subject: String::new(), limit: 1_000, before: None })).await
    else {
        panic!("the audit")
    };
    let AgentsAnswer::Audit(audit) = *told else { panic!("the audit") };
    let people = audit.iter().filter(|row| row.actor != "system");
    let written: Vec<&str> = people.rev().skip(before.0).map(|row| row.action.as_str()).collect();
    let events = stage.system.store().events(None, 1_000).await.expect("events");
    let told: Vec<&str> = events.iter().skip(before.1).map(|event| event.event.as_str()).collect();
    let audited = match operation.audit {
        Some(action) => written.iter().all(|word| *word == action.as_str()) && !written.is_empty(),
        None => written.is_empty(),
    };
    audited && operation.event.is_none_or(|event| told.contains(&event.as_str()))
}

/// Both at once in one round, and what was wrong with that.
async fn meet(name: &'static str, twice: Twice, round: usize) -> Result<(), String> {
    let (stage, request) = match harmless_scene(name).await {
        Some(scene) => scene,
        None => scene(name).await,
    };
    assert_eq!(name_of(&request), name, "the scene is about something else");
    // Nobody else can take back what ada wrote, or send what she uploaded: there it is two consoles of hers.
    let other = if matches!(name, "undo_send" | "send_file" | "template_sample") { ada() } else { eve() };
    let before = rows(&stage).await;
    let (one, two) = both(&stage, (ada(), request.clone()), (other.clone(), request.clone())).await;
    let after = rows(&stage).await;
    let written = after.0 - before.0;
    let done = usize::from(one.is_ok()) + usize::from(two.is_ok());
    let what = format!("{name}, round {round}: {one:?} and {two:?}, {written} rows");
    let holds = |yes: bool| if yes { Ok(()) } else { Err(what.clone()) };
    if done > 0
        && let Some(operation) = request.operation()
    {
        holds(is_told_as_described(&stage, operation, before).await)?;
    }
    match twice {
        Once(codes) => {
            // Narrowing ends one assignment and approves another.
            holds(done == 1 && written == if name == "restrict" { 2 } else { 1 })?;
            let loser = if one.is_err() { ada() } else { other };
            let refused = one.err().or(two.err()).ok_or_else(|| what.clone())?;
            holds(codes.contains(&code(&refused).as_str()))?;
            // And whoever comes a little later is refused in silence.
            let mut listener = stage.system.bus().subscribe();
            while listener.try_next().is_some() {}
            let before = rows(&stage).await;
            holds(perform(&stage.system, &loser, request).await.is_err())?;
            holds(rows(&stage).await == before && listener.try_next().is_none())
        }
        Each(_) => holds(done == 2 && (written == 2 || (name == "call" && written == 0))),
        InTurn => holds(done >= 1 && written == done),
        Never(code_of) => {
            let codes: Vec<String> = [one.err(), two.err()].iter().flatten().map(code).collect();
            holds(written == 0 && codes.len() == 2 && codes.iter().all(|code| code == code_of))
        }
        Harmless(_) => holds(written == 0 && after.1 == before.1),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_ask_for_the_same_one_does_it_and_the_other_is_told_so() {
    let mut wrong = vec![];
    for (name, twice) in ALL {
        let rounds = if matches!(twice, Once(_)) { ROUNDS } else { 1 };
        for round in 0..rounds {
            match tokio::spawn(Box::pin(meet(name, *twice, round))).await {
                Ok(Ok(())) => {}
                Ok(Err(what)) => wrong.push(what),
                Err(panic) => wrong.push(format!("{name}: {panic}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the type of requests says of itself is what is tried above: nothing is left out, nothing stands there twice.
#[test]
fn every_request_that_there_is_is_tried() {
    let there: std::collections::BTreeSet<&str> =
        samples::all::<Request>().iter().map(|(_, request)| name_of(request)).collect();
    let tried: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(there.len(), tried.len(), "each has a name of its own: {tried:?}");
    assert_eq!(tried.iter().copied().collect::<std::collections::BTreeSet<_>>(), there);
    let (mut templates, mut flows) = (0, 0);
    for name in &there {
        templates += usize::from(name.starts_with("template_"));
        flows += usize::from(name.starts_with("flow_"));
    }
    assert!(there.len() > 80 && templates >= 4 && flows >= 10, "{there:?}");
}
