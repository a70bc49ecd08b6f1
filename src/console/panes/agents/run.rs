//! Shows one run of an agent.

use super::run_facts::{Fact, run_facts};
use crate::console::cx::Cx;
use crate::console::intent::{Intent, OverlayEvent};
use crate::console::overlays::reading::{Reading, Text};
use crate::domain::agents::requests::{AgentQuery, AgentsAnswer, RunRecord};
use crate::domain::ids::{RunId, ThreadId};
use crate::domain::query::{Answer, Query};

/// A run and its record.
#[derive(Debug)]
pub(in crate::console) struct AgentRun {
    run: RunId,
    record: Option<RunRecord>,
}

impl AgentRun {
    /// Opens a run.
    pub fn open(run: RunId) -> Intent {
        Reading::open(Self { run, record: None })
    }

    /// Opens a run; without one, queries the latest run of the thread.
    pub fn show(thread: ThreadId, run: Option<RunId>) -> Intent {
        match run {
            Some(run) => Self::open(run),
            None => Intent::Ask(Query::Agent(AgentQuery::Runs { thread: Some(thread), limit: 1, before: None })),
        }
    }
}

impl Text for AgentRun {
    fn title(&self) -> &'static str {
        "Run"
    }

    fn opened(&mut self, _: &Cx) -> Vec<Intent> {
        vec![Intent::Ask(Query::Agent(AgentQuery::Run { run: self.run }))]
    }

    fn update(&mut self, _: &Cx, event: &OverlayEvent<'_>) -> Vec<Intent> {
        if let OverlayEvent::Answered(Query::Agent(AgentQuery::Run { run }), Answer::Agent(answer)) = event
            && let AgentsAnswer::Run(record) = &**answer
            && *run == self.run
        {
            self.record = record.as_deref().cloned();
        }
        vec![]
    }

    fn lines(&self, cx: &Cx) -> Vec<String> {
        let Some(record) = &self.record else { return vec!["Loading …".into()] };
        let mut lines = vec![];
        for fact in run_facts(cx, record) {
            match fact {
                Fact::Heading(text) => lines.extend([String::new(), text]),
                Fact::Field(label, text) | Fact::Trouble(label, text) => lines.push(format!("{label:<14}{text}")),
                Fact::Text(text) => lines.push(format!("  {text}")),
            }
        }
        lines
    }
}
