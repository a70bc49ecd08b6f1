//! A stage for each operation, on which it means something.

use std::time::Duration;

use wadeck::domain::access::role::Role;
use wadeck::domain::access::scope::Scope;
use wadeck::domain::access::token::TokenRequest;
use wadeck::domain::agents::assignment::Mode;
use wadeck::domain::agents::contract::Contract;
use wadeck::domain::agents::conversation::{Conversation, Expectation, Speaker, Turn};
use wadeck::domain::agents::requests::{AgentRequest, StopScope};
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::flow::FlowRequest;
use wadeck::domain::ids::{AlertId, AssignmentId, ConnectionId, ContactId, DeliveryId, EntryId, RunId, ThreadId};
use wadeck::domain::message::content::Content;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::outbox::job::BulkAction;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::{Request, SendContext};
use wadeck::simulator::{MediaFault, Person, Saying, SendFault};

use super::ben;
use super::provider_scenes::provider_scene;
use crate::numbers::{kapso, support};
use crate::stage::{CONFIG, SUPPORT, Stage, proposal, rosa};

/// A question that nobody answers.
pub(super) async fn asked() -> (Stage, ThreadId) {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&rosa(), "where is my order?").await;
    let thread = stage.thread().await.id;
    (stage, thread)
}

/// An answer that an agent suggests.
pub(super) async fn suggested() -> (Stage, RunId) {
    let config = CONFIG.replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"draft\"");
    let mut stage = Stage::with_config(&config).await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    (stage, RunId(1))
}

pub(super) fn send(thread: ThreadId, words: &str) -> Request {
    Request::Send { thread, content: Box::new(Content::text(words)), reply_to: None, at: None }
}

/// A message of ada's that is queued.
pub(super) async fn queued() -> (Stage, ThreadId, EntryId) {
    let (stage, thread) = asked().await;
    stage.act(send(thread, "soon")).await.expect("queued");
    let entry = stage.outbox().await[0].id;
    (stage, thread, entry)
}

/// A message of ada's whose answer was lost.
pub(super) async fn uncertain() -> (Stage, ThreadId, EntryId) {
    let (stage, thread) = asked().await;
    stage.simulator.next_send(SendFault::Vanish);
    stage.act(send(thread, "lost")).await.expect("queued");
    stage.send().await;
    let row = stage.outbox().await.remove(0);
    assert_eq!(row.state, EntryState::Uncertain);
    (stage, thread, row.id)
}

/// An assignment that waits for a decision.
pub(super) async fn proposed() -> (Stage, AssignmentId) {
    let (stage, _) = asked().await;
    stage.act(proposal(ConnectionId(1), "helper", Mode::Auto)).await.expect("proposed");
    (stage, AssignmentId(1))
}

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).expect("a number")
}

/// A stage on which an operation means something, and the request.
pub(super) async fn scene(name: &str) -> (Stage, Request) {
    match name {
        "within" => {
            let (stage, held) = Box::pin(scene("hold")).await;
            let scope = Scope::of("lumen", wadeck::domain::numbers::connection::Environment::Development).into();
            (stage, Request::Within { scope, request: Box::new(held) })
        }
        "send_with_context" => {
            let (stage, thread) = asked().await;
            let seen = stage.messages(thread).await.pop().map(|message| message.id);
            (stage, send(thread, "Tomorrow.").with_context(SendContext { seen, ..SendContext::default() }))
        }
        "send" => {
            let (stage, thread) = asked().await;
            (stage, send(thread, "soon"))
        }
        "send_file" => {
            let (stage, thread) = asked().await;
            let path = stage.outside.path().join("note.txt");
            std::fs::write(&path, "open at nine").expect("written");
            let upload = stage.upload(&path.display().to_string()).await;
            let caption = String::new();
            (stage, Request::SendFile { thread, upload, caption, pad: None, voice: false, reply_to: None, at: None })
        }
        "send_template" => {
            let stage = Stage::set().await;
            stage.simulator.add_template(serde_json::json!({ "id": "1", "name": "reminder", "language": "en",
                "category": "UTILITY", "status": "APPROVED",
                "components": [{ "type": "BODY", "text": "See you on {{1}}.", "example": { "body_text": [["Friday"]] } }] }));
            let (name, language) = ("reminder".to_owned(), "en".to_owned());
            let parameters = vec![("1".to_owned(), "Friday".to_owned())];
            let (connection, to) = (support(&stage).await, number("+15550100055"));
            (stage, Request::SendTemplate { connection, to, name, language, parameters, header: None, at: None })
        }
        "send_test" => {
            let config = CONFIG.replace("debounce_seconds = 4", "debounce_seconds = 4\ntester = \"+15550100002\"");
            let mut stage = Stage::with_config(&config).await;
            stage.says(&rosa(), "hello").await;
            let connection = support(&stage).await;
            (stage, Request::SendTest { connection })
        }
        "react" => {
            let (stage, thread) = asked().await;
            let message = stage.messages(thread).await[0].id;
            (stage, Request::React { message, emoji: Some("👍".into()) })
        }
        other => outbox_scene(other).await,
    }
}

async fn outbox_scene(name: &str) -> (Stage, Request) {
    match name {
        "undo_send" => {
            let (stage, thread, _) = queued().await;
            (stage, Request::UndoSend { thread })
        }
        "retry" => {
            let (stage, _, entry) = queued().await;
            stage.act(Request::DiscardEntry { entry }).await.expect("discarded");
            (stage, Request::RetryEntry { entry })
        }
        "discard" => {
            let (stage, _, entry) = queued().await;
            (stage, Request::DiscardEntry { entry })
        }
        "confirm_arrived" => {
            let (stage, _, entry) = uncertain().await;
            (stage, Request::ConfirmArrived { entry })
        }
        "reconcile" => {
            let (stage, _, entry) = uncertain().await;
            (stage, Request::Reconcile { entry })
        }
        "hold" => {
            let (stage, _, entry) = queued().await;
            (stage, Request::HoldEntry { entry })
        }
        "release_entry" => {
            let (stage, _, entry) = queued().await;
            stage.act(Request::HoldEntry { entry }).await.expect("held");
            (stage, Request::ReleaseEntry { entry })
        }
        "bulk" => {
            let (stage, _, _) = queued().await;
            (stage, Request::Bulk { action: BulkAction::Discard, text: "soon".into() })
        }
        "stop_job" => {
            let (stage, _, _) = queued().await;
            let bulk = Request::Bulk { action: BulkAction::Discard, text: "soon".into() };
            let job = stage.act(bulk).await.expect("begun").created_id.expect("a number").parse().expect("a number");
            (stage, Request::StopJob { job })
        }
        "resume_job" | "discard_job" => {
            let (stage, stop) = Box::pin(scene("stop_job")).await;
            let Request::StopJob { job } = stop else { panic!("a job") };
            stage.act(stop).await.expect("stopped");
            (stage, if name == "resume_job" { Request::ResumeJob { job } } else { Request::DiscardJob { job } })
        }
        other => thread_scene(other).await,
    }
}

async fn thread_scene(name: &str) -> (Stage, Request) {
    match name {
        "add_note" => {
            let (stage, thread) = asked().await;
            (stage, Request::AddNote { thread, text: "a regular".into() })
        }
        "opt_out" => {
            let (stage, thread) = asked().await;
            (stage, Request::OptOut { thread, out: true })
        }
        "take_thread" => {
            let (stage, thread) = asked().await;
            (stage, Request::TakeThread { thread })
        }
        "release_thread" => {
            let (stage, thread) = asked().await;
            stage.act(Request::TakeThread { thread }).await.expect("taken");
            (stage, Request::ReleaseThread { thread })
        }
        "resolve_thread" => {
            let (stage, thread) = asked().await;
            (stage, Request::ResolveThread { thread, reason: "answered by phone".into() })
        }
        "reopen_thread" => {
            let (stage, thread) = asked().await;
            stage.act(Request::ResolveThread { thread, reason: String::new() }).await.expect("resolved");
            (stage, Request::ReopenThread { thread })
        }
        "accept_restored" => {
            let (stage, _) = asked().await;
            let lost = serde_json::json!({ "row": "u900", "digest": "ab".repeat(32), "at": "2026-06-01T08:00:00Z" });
            std::fs::write(stage.directory.path().join("audit.head"), format!("{lost}\n")).expect("written");
            (stage, Request::AcceptRestored { typed: "u900".into() })
        }
        "acknowledge" => {
            let mut stage = Stage::set().await;
            stage.says(&rosa(), "what is the price?").await;
            stage.answer().await;
            let Answer::Alerts(alerts) = stage.ask(Query::Alerts { open: true, limit: 10 }).await else {
                panic!("alerts")
            };
            let alert: AlertId = alerts[0].id;
            (stage, Request::AckAlert { alert })
        }
        "replay" => {
            let (stage, _) = asked().await;
            (stage, Request::ReplayDelivery { delivery: DeliveryId(1) })
        }
        "fetch_media" => {
            let (mut stage, thread) = asked().await;
            stage.simulator.next_media(MediaFault::Gone);
            stage.simulator.says(SUPPORT, &rosa(), &Saying::Image { caption: None });
            stage.deliver().await;
            stage.carry_files().await;
            let message = stage.messages(thread).await.pop().expect("there").id;
            (stage, Request::FetchMedia { message })
        }
        other => Box::pin(work_scene(other)).await,
    }
}

/// What is left to do in a thread, and what helps to answer it.
async fn work_scene(name: &str) -> (Stage, Request) {
    match name {
        "save_reply" | "remove_reply" => {
            let (stage, _) = asked().await;
            let save = Request::SaveReply { short: "hello".into(), text: "Hello.".into(), shared: true };
            if name == "save_reply" {
                return (stage, save);
            }
            stage.act(save).await.expect("saved");
            (stage, Request::RemoveReply { short: "hello".into() })
        }
        "add_label" | "remove_label" => {
            let (stage, thread) = asked().await;
            let label = "vip".to_owned();
            if name == "add_label" {
                return (stage, Request::AddLabel { thread, label });
            }
            stage.act(Request::AddLabel { thread, label: label.clone() }).await.expect("labeled");
            (stage, Request::RemoveLabel { thread, label })
        }
        "snooze_thread" | "unsnooze_thread" => {
            let (stage, thread) = asked().await;
            let until = stage.now().plus(Duration::from_secs(3_600));
            let snooze = Request::SnoozeThread { thread, until };
            if name == "snooze_thread" {
                return (stage, snooze);
            }
            stage.act(snooze).await.expect("snoozed");
            (stage, Request::UnsnoozeThread { thread })
        }
        other => Box::pin(contact_scene(other)).await,
    }
}

async fn contact_scene(name: &str) -> (Stage, Request) {
    match name {
        "add_contact" => {
            let stage = Stage::set().await;
            let connection = support(&stage).await;
            (stage, Request::AddContact { connection, name: "Kim".into(), number: number("+15550100044"), note: None })
        }
        "rename" => {
            let (stage, _) = asked().await;
            (stage, Request::RenameContact { contact: ContactId(1), name: "Rosa F.".into() })
        }
        "merge" | "split" => {
            let (mut stage, _) = asked().await;
            stage.says(&Person::new("Kim", "15550100044"), "hi").await;
            let merge = Request::MergeContacts { keep: ContactId(1), gone: ContactId(2) };
            if name == "merge" {
                return (stage, merge);
            }
            stage.act(merge).await.expect("merged");
            (stage, Request::SplitContact { contact: ContactId(1) })
        }
        "token_create" | "token_revoke" => {
            let (stage, _) = asked().await;
            let make = TokenRequest::Create {
                name: "shop".into(),
                role: Role::Operator,
                agent: None,
                expires_at: None,
                scope: Scope::ALL,
            };
            if name == "token_create" {
                return (stage, Request::Token(make));
            }
            stage.act(Request::Token(make)).await.expect("made");
            (stage, Request::Token(TokenRequest::Revoke { name: "shop".into() }))
        }
        other => agents_scene(other).await,
    }
}

pub(super) async fn agents_scene(name: &str) -> (Stage, Request) {
    let agents = |request: AgentRequest| Request::Agents(request);
    match name {
        "propose" => {
            let (stage, _) = asked().await;
            (stage, proposal(ConnectionId(1), "helper", Mode::Auto))
        }
        "approve" => {
            let (stage, assignment) = proposed().await;
            (stage, agents(AgentRequest::Approve { assignment }))
        }
        "reject" => {
            let (stage, assignment) = proposed().await;
            (stage, agents(AgentRequest::Reject { assignment, reason: "not yet".into() }))
        }
        "restrict" => {
            let (stage, assignment) = proposed().await;
            let Request::Agents(AgentRequest::Propose(mut terms)) = proposal(ConnectionId(1), "helper", Mode::Auto)
            else {
                panic!("a proposal")
            };
            terms.contract = Contract { max_per_hour: 2, ..Contract::default() };
            (stage, agents(AgentRequest::Restrict { assignment, proposal: terms }))
        }
        "revoke" => {
            let (stage, assignment) = proposed().await;
            stage.agents(AgentRequest::Approve { assignment }).await.expect("approved");
            (stage, agents(AgentRequest::Revoke { assignment, reason: "enough".into() }))
        }
        "snooze" => {
            let (stage, assignment) = proposed().await;
            let until = stage.now().plus(Duration::from_secs(3_600));
            (stage, agents(AgentRequest::Snooze { assignment, until }))
        }
        "rehearse" => {
            let (stage, assignment) = proposed().await;
            let thread = stage.thread().await.id;
            stage.act(send(thread, "At nine.")).await.expect("queued");
            stage.send().await;
            (stage, agents(AgentRequest::Rehearse { assignment, exchanges: 5 }))
        }
        "accept" => {
            let (stage, run) = suggested().await;
            (stage, agents(AgentRequest::Accept { run, instead: None }))
        }
        "dismiss" => {
            let (stage, run) = suggested().await;
            (stage, agents(AgentRequest::Dismiss { run, reason: String::new() }))
        }
        "stop" | "resume" => {
            let (stage, _) = suggested().await;
            let stop = AgentRequest::Stop { what: StopScope::All, reason: "odd".into() };
            if name == "stop" {
                return (stage, agents(stop));
            }
            stage.agents(stop).await.expect("stopped");
            (stage, agents(AgentRequest::Resume { what: StopScope::All }))
        }
        "reset_context" => {
            let (stage, thread) = asked().await;
            (stage, agents(AgentRequest::ResetContext { thread, undo: false }))
        }
        "rehearse_written" => {
            let (stage, _) = asked().await;
            let turns = vec![Turn { from: Speaker::Contact, text: "hello".into() }];
            let one = Conversation { name: "greeting".into(), turns, expect: Expectation::default() };
            let (agent, conversations) = ("helper".into(), vec![one]);
            (stage, agents(AgentRequest::RehearseWritten { agent, conversations, keep: true }))
        }
        "test_agent" => {
            let (stage, _) = asked().await;
            (stage, agents(AgentRequest::Test { agent: "helper".into(), words: "hello".into() }))
        }
        other => transfer_scene(other).await,
    }
}

/// Transfers of a thread to a colleague.
async fn transfer_scene(name: &str) -> (Stage, Request) {
    match name {
        "assign_thread" => {
            let (stage, thread) = asked().await;
            std::mem::forget(stage.system.arrives(&ben(), "here"));
            (stage, Request::AssignThread { thread, to: "ben".into() })
        }
        "transfer_thread" => {
            let (stage, thread) = asked().await;
            // Whoever takes it is here, for as long as the stage stands.
            std::mem::forget(stage.system.arrives(&ben(), "here"));
            (stage, Request::TransferThread { thread, to: "ben".into() })
        }
        other => provider_scene(other).await,
    }
}

/// What is asked for on its own: nothing else has to be there first.
pub(super) async fn harmless_scene(name: &str) -> Option<(Stage, Request)> {
    let (stage, thread) = asked().await;
    let connection = support(&stage).await;
    let message = stage.messages(thread).await[0].id;
    let delivery = DeliveryId(1);
    let request = match name {
        "update_presence" => Request::UpdatePresence { thread: Some(thread), writes: false, typing: false },
        "save_view" => Request::SaveView { name: "mine".into(), terms: "rosa".into() },
        "save_draft" => Request::SaveDraft { thread, text: "half a".into() },
        "mark_read" => Request::MarkRead { thread },
        "reveal" => Request::RevealDelivery { delivery },
        "dry_run_delivery" => Request::DryRunDelivery { delivery, body: None },
        "check_connection" => Request::CheckConnection { connection },
        "refresh_templates" => Request::RefreshTemplates,
        "flow_refresh" => Request::Flow(FlowRequest::Refresh),
        "canary" => Request::Canary { connection },
        "backfill" => Request::Backfill { connection },
        "refresh_thread" => Request::RefreshThread { thread },
        "query_status" => Request::QueryStatus { message },
        "open_media" => Request::OpenMedia { message },
        "call" => Request::Call {
            provider: kapso(),
            method: "GET".into(),
            path: "/platform/v1/customers".into(),
            body: None,
            connection: None,
        },
        _ => return None,
    };
    Some((stage, request))
}
