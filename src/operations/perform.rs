//! Maps a request of a console or command to its operation.

use crate::domain::access::actor::Actor;
use crate::domain::code::Code;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::request::{Request, SendContext};
use crate::operations::agents;
use crate::operations::inbound::backfill;
use crate::operations::inbound::dry_run;
use crate::operations::inbound::refresh_thread;
use crate::operations::inbound::replay_delivery;
use crate::operations::inbound::reveal;
use crate::operations::integrations::tokens;
use crate::operations::media::fetch_media;
use crate::operations::media::open_media;
use crate::operations::monitoring::accept_restored;
use crate::operations::monitoring::ack_alert;
use crate::operations::monitoring::reports;
use crate::operations::numbers;
use crate::operations::numbers::canary;
use crate::operations::numbers::check_connection;
use crate::operations::numbers::registrations;
use crate::operations::numbers::send_test;
use crate::operations::outbox::bulk;
use crate::operations::outbox::confirm_arrived;
use crate::operations::outbox::discard_entry;
use crate::operations::outbox::hold_entry;
use crate::operations::outbox::query_message_status;
use crate::operations::outbox::reconcile;
use crate::operations::outbox::retry_entry;
use crate::operations::outbox::send_file;
use crate::operations::outbox::send_file::OutgoingFile;
use crate::operations::outbox::send_message;
use crate::operations::outbox::send_message::SendMessage;
use crate::operations::outbox::send_template::{Filled, send_template};
use crate::operations::outbox::stopped_job;
use crate::operations::outbox::undo_send;
use crate::operations::templates;
use crate::operations::templates::flows;
use crate::operations::templates::refresh_templates;
use crate::operations::threads::add_note;
use crate::operations::threads::contacts;
use crate::operations::threads::labels;
use crate::operations::threads::mark_read;
use crate::operations::threads::opt_out;
use crate::operations::threads::replies;
use crate::operations::threads::resolve_thread;
use crate::operations::threads::save_draft;
use crate::operations::threads::snooze_thread;
use crate::operations::threads::take_thread;
use crate::operations::threads::transfer::{self, Reach};
use crate::operations::threads::update_presence::{PresenceUpdate, update_presence};
use crate::operations::{OperationError, Result, System, require};
use crate::provider::numbers::RawApiRequest;

/// Performs a request, or returns why it did not. The future is boxed, because some operations are long and would
/// enlarge all others.
pub async fn perform(system: &System, actor: &Actor, request: Request) -> Result<Done> {
    let done = Box::pin(allowed(system, actor, request)).await;
    if let Err(OperationError::Failed(error)) = &done {
        system.store().note_failure(error);
    }
    done
}

async fn allowed(system: &System, actor: &Actor, request: Request) -> Result<Done> {
    let actor = &system.as_now(actor);
    require(actor, request.required_right())?;
    // If the clock jumped, due times are corrected before new ones are stored.
    crate::operations::monitoring::pulse::clock(system).await?;
    let (seen, request) = Box::pin(system.reached_by(actor, request)).await?;
    let (request, context) = request.into_parts();
    for subject in request.subjects() {
        if !seen.store().exists(subject).await? {
            return Err(subject.not_found().into());
        }
    }
    Box::pin(done(system, &seen, actor, request, &context)).await
}

fn nested_request() -> Refusal {
    Refusal::new(Code::Request, "A request cannot contain another one.", "")
}

/// Performs a request whose permission and subjects were checked. Each group of requests has a function of its own, so
/// that the stack frame of one does not hold the futures of all.
async fn done(system: &System, seen: &System, actor: &Actor, request: Request, context: &SendContext) -> Result<Done> {
    match request {
        request @ (Request::Send { .. }
        | Request::SendFile { .. }
        | Request::SendTemplate { .. }
        | Request::React { .. }
        | Request::UndoSend { .. }
        | Request::AddNote { .. }
        | Request::OptOut { .. }
        | Request::SaveDraft { .. }
        | Request::MarkRead { .. }
        | Request::FetchMedia { .. }
        | Request::OpenMedia { .. }) => Box::pin(messages(system, actor, request, context)).await,
        request @ (Request::HoldEntry { .. }
        | Request::ReleaseEntry { .. }
        | Request::RetryEntry { .. }
        | Request::DiscardEntry { .. }
        | Request::ConfirmArrived { .. }
        | Request::QueryStatus { .. }
        | Request::Reconcile { .. }
        | Request::Bulk { .. }
        | Request::StopJob { .. }
        | Request::ResumeJob { .. }
        | Request::DiscardJob { .. }) => Box::pin(outbox(system, seen, actor, request)).await,
        request @ (Request::RenameContact { .. }
        | Request::MergeContacts { .. }
        | Request::SplitContact { .. }
        | Request::AddContact { .. }
        | Request::SaveView { .. }) => Box::pin(contacts_and_views(system, actor, request)).await,
        request @ (Request::AckAlert { .. }
        | Request::AcceptRestored { .. }
        | Request::ReplayDelivery { .. }
        | Request::SendTest { .. }
        | Request::Canary { .. }
        | Request::Backfill { .. }
        | Request::RefreshThread { .. }
        | Request::RevealDelivery { .. }
        | Request::DryRunDelivery { .. }
        | Request::CheckConnection { .. }
        | Request::RefreshTemplates) => Box::pin(monitoring(system, actor, request)).await,
        request @ (Request::UpdatePresence { .. }
        | Request::TransferThread { .. }
        | Request::AssignThread { .. }
        | Request::ReleaseThread { .. }
        | Request::ResolveThread { .. }
        | Request::SaveReply { .. }
        | Request::RemoveReply { .. }
        | Request::AddLabel { .. }
        | Request::RemoveLabel { .. }
        | Request::SnoozeThread { .. }
        | Request::UnsnoozeThread { .. }
        | Request::ReopenThread { .. }
        | Request::TakeThread { .. }) => Box::pin(perform_thread_request(system, actor, request)).await,
        Request::SendWithContext { .. } | Request::Within { .. } => Err(nested_request().into()),
        Request::Agents(request) => Box::pin(agents::requests::perform(system, actor, request, context)).await,
        Request::Token(request) => tokens::perform(seen, actor, request).await,
        Request::Number(request) => Box::pin(numbers::requests::perform(system, actor, request)).await,
        Request::Flow(request) => Box::pin(flows::perform(system, actor, request, context)).await,
        Request::Template(request) => Box::pin(templates::requests::perform(system, actor, request)).await,
        Request::Webhook(request) => Box::pin(registrations::perform(system, actor, request)).await,
        Request::Call { provider, method, path, body, connection } => {
            let body = body.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| {
                let why = format!("The body is not valid JSON: {error}.");
                Refusal::new(Code::Body, why, "Send one JSON value.")
            })?;
            let call = RawApiRequest { method: method.to_ascii_uppercase(), path, body };
            Box::pin(numbers::requests::call(system, actor, &provider, call, connection)).await
        }
    }
}

/// Sends, annotates or reads messages.
async fn messages(system: &System, actor: &Actor, request: Request, context: &SendContext) -> Result<Done> {
    match request {
        Request::Send { thread, content, reply_to, at } => {
            send_message::send(system, actor, thread, SendMessage { content: *content, reply_to, at }, context).await
        }
        Request::SendFile { thread, upload, caption, pad, voice, reply_to, at } => {
            let parcel = OutgoingFile { upload, caption, pad, voice, reply_to, at };
            send_file::send_file(system, actor, thread, parcel, context).await
        }
        Request::SendTemplate { connection, to, name, language, parameters, header, at } => {
            let filled = Filled { connection, to, name, language, parameters, header, at };
            send_template(system, actor, filled, context).await
        }
        Request::React { message, emoji } => send_message::react(system, actor, message, emoji, context).await,
        Request::UndoSend { thread } => undo_send::undo_send(system, actor, thread).await,
        Request::AddNote { thread, text } => add_note::add_note(system, actor, thread, &text).await,
        Request::OptOut { thread, out } => opt_out::opt_out(system, actor, thread, out).await,
        Request::SaveDraft { thread, text } => save_draft::save_draft(system, actor, thread, &text).await,
        Request::MarkRead { thread } => mark_read::mark_read(system, actor, thread).await,
        Request::FetchMedia { message } => fetch_media::fetch_again(system, actor, message).await,
        Request::OpenMedia { .. } => Err(open_media::not_on_this_terminal().into()),
        _ => Err(nested_request().into()),
    }
}

/// Changes outbox entries and bulk jobs.
async fn outbox(system: &System, seen: &System, actor: &Actor, request: Request) -> Result<Done> {
    match request {
        Request::HoldEntry { entry } => hold_entry::hold_entry(system, actor, entry, true).await,
        Request::ReleaseEntry { entry } => hold_entry::hold_entry(system, actor, entry, false).await,
        Request::RetryEntry { entry } => retry_entry::retry_entry(system, actor, entry).await,
        Request::DiscardEntry { entry } => discard_entry::discard_entry(system, actor, entry).await,
        Request::ConfirmArrived { entry } => confirm_arrived::confirm_arrived(system, actor, entry).await,
        Request::QueryStatus { message } => query_message_status::query_message_status(system, actor, message).await,
        Request::Reconcile { entry } => reconcile::request_reconcile(system, actor, entry).await,
        Request::Bulk { action, text } => bulk::begin(seen, actor, action, &text).await,
        Request::StopJob { job } => bulk::stop(system, actor, job).await,
        Request::ResumeJob { job } => stopped_job::resume(system, actor, job).await,
        Request::DiscardJob { job } => stopped_job::discard(system, actor, job).await,
        _ => Err(nested_request().into()),
    }
}

/// Changes contacts and saved filters.
async fn contacts_and_views(system: &System, actor: &Actor, request: Request) -> Result<Done> {
    match request {
        Request::RenameContact { contact, name } => contacts::rename(system, actor, contact, &name).await,
        Request::MergeContacts { keep, gone } => contacts::merge(system, actor, keep, gone).await,
        Request::SplitContact { contact } => contacts::split(system, actor, contact).await,
        Request::AddContact { connection, name, number, note } => {
            contacts::add(system, actor, connection, &name, number, note.as_deref()).await
        }
        Request::SaveView { name, terms } => reports::save_view(system, actor, &name, &terms).await,
        _ => Err(nested_request().into()),
    }
}

/// Handles alerts, webhook deliveries and checks.
async fn monitoring(system: &System, actor: &Actor, request: Request) -> Result<Done> {
    match request {
        Request::AckAlert { alert } => ack_alert::ack_alert(system, actor, alert).await,
        Request::AcceptRestored { typed } => accept_restored::accept_restored(system, actor, &typed).await,
        Request::ReplayDelivery { delivery } => replay_delivery::replay_delivery(system, actor, delivery).await,
        Request::SendTest { connection } => send_test::send_test(system, actor, connection).await,
        Request::Canary { connection } => canary::canary(system, actor, connection).await,
        Request::Backfill { connection } => backfill::fill_now(system, actor, connection).await,
        Request::RefreshThread { thread } => refresh_thread::refresh_thread(system, actor, thread).await,
        Request::RevealDelivery { delivery } => reveal::reveal(system, actor, delivery).await,
        Request::DryRunDelivery { delivery, body } => dry_run::try_delivery(system, actor, delivery, body).await,
        Request::CheckConnection { connection } => check_connection::check_connection(system, actor, connection).await,
        Request::RefreshTemplates => refresh_templates::refresh_templates(system).await,
        _ => Err(nested_request().into()),
    }
}

/// Changes who works on a thread and its state, and canned replies.
async fn perform_thread_request(system: &System, actor: &Actor, request: Request) -> Result<Done> {
    match request {
        Request::UpdatePresence { thread, writes, typing } => {
            update_presence(system, actor, PresenceUpdate { thread, writes, typing }).await
        }
        Request::TransferThread { thread, to } => transfer::transfer(system, actor, thread, &to, Reach::Online).await,
        Request::AssignThread { thread, to } => transfer::transfer(system, actor, thread, &to, Reach::Anybody).await,
        Request::ReleaseThread { thread } => take_thread::release_thread(system, actor, thread).await,
        Request::ResolveThread { thread, reason } => {
            resolve_thread::resolve_thread(system, actor, thread, &reason).await
        }
        Request::SaveReply { short, text, shared } => replies::save_reply(system, actor, &short, &text, shared).await,
        Request::RemoveReply { short } => replies::remove_reply(system, actor, &short).await,
        Request::AddLabel { thread, label } => labels::add_label(system, actor, thread, &label).await,
        Request::RemoveLabel { thread, label } => labels::remove_label(system, actor, thread, &label).await,
        Request::SnoozeThread { thread, until } => snooze_thread::snooze_thread(system, actor, thread, until).await,
        Request::UnsnoozeThread { thread } => snooze_thread::unsnooze_thread(system, actor, thread).await,
        Request::ReopenThread { thread } => resolve_thread::reopen_thread(system, actor, thread).await,
        Request::TakeThread { thread } => take_thread::take_thread(system, actor, thread).await,
        _ => Err(nested_request().into()),
    }
}
