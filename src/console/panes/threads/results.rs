//! Handles the results of requests about threads: clears the composer after a send, and keeps a draft that was not
//! saved.

use super::state::ThreadsPane;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::settings::Focus;
use crate::console::thread::composer::Composer;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::ids::ThreadId;
use crate::domain::message::content::Content;
use crate::domain::query::Query;
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::request_error::RequestError;

impl ThreadsPane {
    /// Handles the result of a request. Returns `None` if the result is not about a thread, or if it is only shown as
    /// a notice.
    pub(super) fn take_result(
        &mut self,
        cx: &Cx,
        request: &Request,
        result: &Result<Done, RequestError>,
    ) -> Option<Vec<Intent>> {
        match (request, result) {
            (Request::SaveDraft { thread, .. }, Err(why)) => {
                // The draft stays marked as unsaved, so that it is saved again.
                if let Some(composer) = self.composers.get_mut(thread) {
                    composer.dirty = true;
                }
                Some(vec![Intent::Warn(format!("Cannot save the draft: {why}"))])
            }
            (Request::SaveDraft { .. } | Request::MarkRead { .. }, Ok(_)) | (Request::UpdatePresence { .. }, _) => {
                Some(vec![])
            }
            (Request::Send { thread, content, .. }, Ok(done)) => {
                self.sent(*thread, content);
                Some(vec![Intent::Notice(done.message.clone())])
            }
            (Request::Agents(AgentRequest::Accept { run, instead }), result) => {
                self.proposal_decided(*run, instead.as_deref(), result.is_ok());
                None
            }
            (Request::TransferThread { thread, .. } | Request::AssignThread { thread, .. }, Ok(done)) => {
                let mut intents = vec![Intent::Notice(done.message.clone())];
                if self.handed_over(*thread) && cx.focus == Focus::Composer {
                    intents.push(Intent::Focus(Focus::Detail));
                }
                Some(intents)
            }
            (Request::UndoSend { thread }, Ok(done)) => {
                let thread = *thread;
                Some(vec![Intent::Notice(done.message.clone()), Intent::Ask(Query::Draft { thread })])
            }
            _ => None,
        }
    }

    /// Clears the composer only if its text is what was sent, because more may have been typed meanwhile.
    fn sent(&mut self, thread: ThreadId, content: &Content) {
        let Content::Text { body, .. } = content else { return };
        let sent = |composer: &&mut Composer| composer.text() == body.as_received();
        if let Some(composer) = self.composers.get_mut(&thread).filter(sent) {
            composer.clear();
        }
    }

    /// Makes the text from the external editor the draft. The quote and the suggested reply that it replaces stay.
    pub fn edited(&mut self, thread: ThreadId, text: &str) -> Vec<Intent> {
        let mut composer = Composer::new(thread, text.trim_end());
        composer.dirty = true;
        if let Some(before) = self.composers.get(&thread) {
            (composer.quote, composer.answers) = (before.quote.clone(), before.answers);
        }
        self.composers.insert(thread, composer);
        self.keep_drafts()
    }
}
