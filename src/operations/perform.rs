//! From a request, as a console or a command makes it, to the operation that does it.

use super::send::Letter;
use super::send_file::Parcel;
use super::send_template::{Filled, send_template};
use super::{
    Result, System, ack_alert, add_note, agent_desk, ask_about, attend, bulk, canary, check_connection, contacts,
    discard_entry, fetch_media, fill_gap, flows, hand_over, hold_entry, look_up, mark_read, numbers, open_media,
    opt_out, refresh_templates, registrations, replay_delivery, require, retry_entry, reveal, save_draft, send,
    send_file, settle_arrived, shift, take_back, take_thread, templates, tokens, try_delivery,
};
use crate::domain::request::{Done, Refusal, Request, SendContext};
use crate::domain::role::Actor;
use crate::provider::numbers::FreeCall;

/// Does what is asked, or says why not. What talks to the provider at length is kept apart: everybody
/// else's requests stay small.
pub async fn perform(system: &System, actor: &Actor, request: Request) -> Result<Done> {
    let actor = &system.as_now(actor);
    require(actor, request.required_right())?;
    let (seen, request) = Box::pin(system.reached_by(actor, request)).await?;
    let (request, context) = request.apart();
    for subject in request.subjects() {
        if !seen.store().exists(subject).await? {
            return Err(subject.not_found().into());
        }
    }
    Box::pin(done(system, &seen, actor, request, &context)).await
}

/// Does it, now that it is known to be allowed and to be about what there is.
async fn done(system: &System, seen: &System, actor: &Actor, request: Request, context: &SendContext) -> Result<Done> {
    match request {
        Request::SendKnowing { .. } | Request::Within { .. } => {
            Err(Refusal::new("request", "A request holds one request.", "").into())
        }
        Request::Send { thread, content, reply_to, at } => {
            send::send(system, actor, thread, Letter { content: *content, reply_to, at }, context).await
        }
        Request::SendFile { thread, upload, caption, pad, voice, reply_to, at } => {
            let parcel = Parcel { upload, caption, pad, voice, reply_to, at };
            send_file::send_file(system, actor, thread, parcel, context).await
        }
        Request::OpenMedia { .. } => Err(open_media::not_on_this_terminal().into()),
        Request::FetchMedia { message } => fetch_media::fetch_again(system, actor, message).await,
        Request::React { message, emoji } => send::react(system, actor, message, emoji, context).await,
        Request::TakeBack { thread } => take_back::take_back(system, actor, thread).await,
        Request::AddNote { thread, text } => add_note::add_note(system, actor, thread, &text).await,
        Request::OptOut { thread, out } => opt_out::opt_out(system, actor, thread, out).await,
        Request::Attend { thread, writes, typing } => attend::attend(system, actor, thread, writes, typing).await,
        Request::HoldEntry { entry } => hold_entry::hold_entry(system, actor, entry, true).await,
        Request::ReleaseEntry { entry } => hold_entry::hold_entry(system, actor, entry, false).await,
        Request::SendTemplate { connection, to, name, language, parameters, header, at } => {
            let filled = Filled { connection, to, name, language, parameters, header, at };
            send_template(system, actor, filled, context).await
        }
        Request::RetryEntry { entry } => retry_entry::retry_entry(system, actor, entry).await,
        Request::DiscardEntry { entry } => discard_entry::discard_entry(system, actor, entry).await,
        Request::SettleArrived { entry } => settle_arrived::settle_arrived(system, actor, entry).await,
        Request::AskAbout { message } => ask_about::ask_about(system, actor, message).await,
        Request::LookUp { entry } => look_up::look_up(system, actor, entry).await,
        Request::Bulk { action, text } => bulk::begin(seen, actor, action, &text).await,
        Request::StopJob { job } => bulk::stop(system, actor, job).await,
        Request::AddContact { connection, name, number } => {
            contacts::add(system, actor, connection, &name, number).await
        }
        Request::RenameContact { contact, name } => contacts::rename(system, actor, contact, &name).await,
        Request::MergeContacts { keep, gone } => contacts::merge(system, actor, keep, gone).await,
        Request::SplitContact { contact } => contacts::split(system, actor, contact).await,
        Request::SaveView { name, terms } => shift::save_view(system, actor, &name, &terms).await,
        Request::SaveDraft { thread, text } => save_draft::save_draft(system, actor, thread, &text).await,
        Request::MarkRead { thread } => mark_read::mark_read(system, actor, thread).await,
        Request::TakeThread { thread } => take_thread::take_thread(system, actor, thread).await,
        Request::HandOver { thread, to } => hand_over::hand_over(system, actor, thread, &to).await,
        Request::ReleaseThread { thread } => take_thread::release_thread(system, actor, thread).await,
        Request::Agents(request) => Box::pin(agent_desk::perform(system, actor, request, context)).await,
        Request::AckAlert { alert } => ack_alert::ack_alert(system, actor, alert).await,
        Request::ReplayDelivery { delivery } => replay_delivery::replay_delivery(system, actor, delivery).await,
        Request::SendTest { connection } => super::send_test::send_test(system, actor, connection).await,
        Request::Canary { connection } => canary::canary(system, actor, connection).await,
        Request::FillGap { connection } => fill_gap::fill_now(system, actor, connection).await,
        Request::Token(request) => tokens::perform(seen, actor, request).await,
        Request::RevealDelivery { delivery } => reveal::reveal(system, actor, delivery).await,
        Request::TryDelivery { delivery, body } => try_delivery::try_delivery(system, actor, delivery, body).await,
        Request::CheckConnection { connection } => check_connection::check_connection(system, actor, connection).await,
        Request::RefreshTemplates => refresh_templates::refresh_templates(system).await,
        Request::Number(request) => Box::pin(numbers::perform(system, actor, request)).await,
        Request::Flow(request) => Box::pin(flows::perform(system, actor, request, context)).await,
        Request::Template(request) => Box::pin(templates::perform(system, actor, request)).await,
        Request::Webhook(request) => Box::pin(registrations::perform(system, actor, request)).await,
        Request::Call { provider, method, path, body, connection } => {
            let body = body.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| {
                let why = format!("The body is no JSON: {error}.");
                Refusal::new("body", why, "Write one JSON value.")
            })?;
            let call = FreeCall { method: method.to_ascii_uppercase(), path, body };
            Box::pin(numbers::call(system, actor, &provider, call, connection)).await
        }
    }
}
