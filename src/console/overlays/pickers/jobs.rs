//! Bulk jobs with their progress; a running job can be stopped, a stopped one resumed or discarded.

use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::{Picker, PickerKind, Row};
use crate::console::words;
use crate::domain::change::Change;
use crate::domain::monitoring::gauge::bar;
use crate::domain::outbox::job::{JobState, JobView};
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// Lists bulk jobs with their progress; a finished job cannot be picked.
#[derive(Debug, Default)]
pub(in crate::console) struct Jobs {
    jobs: Option<Vec<JobView>>,
}

fn progress(cx: &Cx, job: &JobView) -> String {
    let (done, total) = (f64::from(job.done + job.refused), f64::from(job.total.max(1)));
    bar(done, total, 12, cx.settings.theme.ascii)
}

impl PickerKind for Jobs {
    fn title(&self) -> &'static str {
        "Bulk jobs"
    }

    fn hint(&self) -> &'static str {
        "enter stops a job, or resumes or discards a stopped one; esc closes"
    }

    fn empty_text(&self) -> &'static str {
        if self.jobs.is_none() { "Loading …" } else { "No bulk jobs." }
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Jobs)
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Jobs(rows) = answer {
            self.jobs = Some(rows.clone());
        }
    }

    fn is_touched_by(&self, change: Change) -> bool {
        matches!(change, Change::Outbox)
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let row = |job: &JobView| {
            let said = job.said.as_deref().map(|said| format!(": {}", clean_line(said))).unwrap_or_default();
            let head = format!("{} {}", progress(cx, job), job.action.name());
            Row {
                right: format!("{} {}", job.state.name(), words::age(job.created_at, cx.now)),
                off: (job.state == JobState::Done).then(|| "It is already done.".to_owned()),
                warn: job.state != JobState::Done,
                ..Row::new(job.id.to_string(), head, format!("{}{said}", job.words()))
            }
        };
        self.jobs.iter().flatten().map(row).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let Some(job) = self.jobs.iter().flatten().find(|job| job.id.to_string() == row.id) else { return vec![] };
        if job.state == JobState::Stopped {
            return vec![Picker::open(StoppedJob { job: job.clone() })];
        }
        let question = format!("Stop {}? Entries that it changed stay changed.", row.head.trim());
        vec![Intent::ask_first(question, Request::StopJob { job: job.id })]
    }

    fn forget(&mut self) {
        self.jobs = None;
    }
}

/// Offers to resume or discard a stopped job.
#[derive(Debug)]
struct StoppedJob {
    job: JobView,
}

impl PickerKind for StoppedJob {
    fn title(&self) -> &'static str {
        "Stopped bulk job"
    }

    fn empty_text(&self) -> &'static str {
        ""
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        vec![
            Row::new("resume", "Resume", format!("continues where it stopped: {}", self.job.words())),
            Row::new("discard", "Discard", "removes the job; entries that it changed stay changed"),
        ]
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let job = self.job.id;
        let (question, request) = match row.id.as_str() {
            "resume" => (format!("Resume job {job} where it stopped?"), Request::ResumeJob { job }),
            _ => (format!("Discard job {job}? Entries that it changed stay changed."), Request::DiscardJob { job }),
        };
        vec![Intent::ask_first(question, request)]
    }
}
