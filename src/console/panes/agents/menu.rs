//! Actions for the agent of a thread.

use super::proposing::ProposePicker;
use super::run::AgentRun;
use super::stopping::{StopPicker, scopes_of_thread};
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::{Picker, PickerKind, Row};
use crate::console::pane_id::PaneId;
use crate::console::words;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::ids::RunId;
use crate::domain::request::Request;
use crate::domain::view::ThreadRow;

/// The actions for the agent of one thread.
#[derive(Debug)]
pub(in crate::console) struct AgentMenu {
    thread: ThreadRow,
    /// The run to show; `None` for the latest.
    run: Option<RunId>,
}

impl AgentMenu {
    pub fn new(thread: ThreadRow, run: Option<RunId>) -> Self {
        Self { thread, run }
    }

    /// Returns `true` if the agent's memory of the thread is cleared, according to the row on the screen.
    fn is_context_cleared(&self) -> bool {
        self.thread.context_from.is_some_and(|from| from >= self.thread.last_message_at)
    }
}

impl PickerKind for AgentMenu {
    fn title(&self) -> &'static str {
        "Agent of this thread"
    }

    fn empty_text(&self) -> &'static str {
        ""
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let memory = if self.is_context_cleared() { "Restore its memory" } else { "Clear its memory" };
        let back = self.thread.paused_until(cx.now).map(|until| {
            let left = words::left(until, cx.now);
            let tail = format!("a person wrote, so it stays silent for {left} more");
            Row::new("back", "Answer again now", tail)
        });
        let rows = [
            Row::new("propose", "Propose an agent for this thread", "only for this contact; an admin decides"),
            Row::new("forget", memory, "earlier messages are no longer passed to it; can be undone"),
            Row::new("run", "The last run", "its input, tool calls and reply"),
            Row::new("runs", "All runs", "in Agents, filtered by this contact"),
            Row::new("stop", "Stop or resume", "this thread, this agent, or all"),
        ];
        back.into_iter().chain(rows).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let thread = self.thread.id;
        vec![match row.id.as_str() {
            "propose" => Picker::open(ProposePicker::for_thread(self.thread.clone())),
            "forget" => {
                // The row shows whether the memory is cleared, so the request does what the row offers.
                let request = Request::Agents(AgentRequest::ResetContext { thread, undo: self.is_context_cleared() });
                Intent::ask_first(format!("{}?", row.head.trim_end_matches('.')), request)
            }
            "back" => Intent::perform(Request::ReleaseThread { thread }),
            "run" => AgentRun::show(thread, self.run),
            "runs" => Intent::ShowFiltered(PaneId::Agents, self.thread.contact.display_name()),
            _ => Picker::open(StopPicker::new(scopes_of_thread(Some(&self.thread)))),
        }]
    }
}
