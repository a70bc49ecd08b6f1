//! From a request, as a console or a command makes it, to the operation that does it.

use super::decide_assignment::{Decision, decide_assignment};
use super::send_template::{Filled, send_template};
use super::{
    Result, System, ack_alert, check_connection, discard_entry, look_up, mark_read, propose_assignment,
    refresh_templates, replay_delivery, require, retry_entry, save_draft, send_text, settle_arrived, take_thread,
};
use crate::domain::request::{Done, Request};
use crate::domain::role::{Actor, Role};

/// Does what is asked, or says why not.
pub async fn perform(system: &System, actor: &Actor, request: Request) -> Result<Done> {
    match request {
        Request::SendText { thread, text, reply_to } => {
            send_text::send_text(system, actor, thread, text, reply_to).await
        }
        Request::SendTemplate { connection, to, name, language, parameters } => {
            send_template(system, actor, Filled { connection, to, name, language, parameters }).await
        }
        Request::RetryEntry { entry } => retry_entry::retry_entry(system, actor, entry).await,
        Request::DiscardEntry { entry } => discard_entry::discard_entry(system, actor, entry).await,
        Request::SettleArrived { entry } => settle_arrived::settle_arrived(system, actor, entry).await,
        Request::LookUp { entry } => look_up::look_up(system, actor, entry).await,
        Request::SaveDraft { thread, text } => save_draft::save_draft(system, actor, thread, &text).await,
        Request::MarkRead { thread } => mark_read::mark_read(system, actor, thread).await,
        Request::TakeThread { thread } => take_thread::take_thread(system, actor, thread).await,
        Request::ReleaseThread { thread } => take_thread::release_thread(system, actor, thread).await,
        Request::ApproveAssignment { assignment } => {
            decide_assignment(system, actor, assignment, Decision::Approve).await
        }
        Request::RejectAssignment { assignment, reason } => {
            decide_assignment(system, actor, assignment, Decision::Reject { reason }).await
        }
        Request::ProposeAssignment { connection, agent, mode } => {
            propose_assignment::propose_assignment(system, actor, connection, &agent, mode).await
        }
        Request::AckAlert { alert } => ack_alert::ack_alert(system, actor, alert).await,
        Request::ReplayDelivery { delivery } => replay_delivery::replay_delivery(system, actor, delivery).await,
        Request::CheckConnection { connection } => check_connection::check_connection(system, actor, connection).await,
        Request::RefreshTemplates => {
            require(actor, Role::Viewer, "look at templates")?;
            refresh_templates::refresh_templates(system).await
        }
    }
}
