//! Bulk actions: how far each is, and what can be done with one that runs or was stopped.

use crate::console::event::Effect;
use crate::console::overlays::finder_kind::{FinderKind, Row};
use crate::console::{Console, words};
use crate::domain::monitoring::gauge::bar;
use crate::domain::outbox::job::{JobState, JobView};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

impl Console {
    /// Each with its progress; what is done cannot be picked.
    pub(in crate::console) fn job_rows(&self) -> Vec<Row> {
        let row = |job: &JobView| {
            let bar = self.job_bar(job);
            let said = job.said.as_deref().map(|said| format!(": {}", clean_line(said))).unwrap_or_default();
            Row {
                id: job.id.to_string(),
                head: format!("{bar} {}", job.action.name()),
                tail: format!("{}{said}", job.words()),
                right: format!("{} {}", job.state.name(), words::age(job.created_at, self.cx.now)),
                off: (job.state == JobState::Done).then(|| "It is already done.".to_owned()),
                warn: job.state != JobState::Done,
            }
        };
        self.loaded.jobs.iter().map(row).collect()
    }

    fn job_bar(&self, job: &JobView) -> String {
        let (done, total) = (f64::from(job.done + job.refused), f64::from(job.total.max(1)));
        bar(done, total, 12, self.cx.settings.theme.ascii)
    }

    /// What can be done with one that was stopped, with how far it came.
    pub(in crate::console) fn stopped_job_rows(&self, job: i64) -> Vec<Row> {
        let far = self.loaded.jobs.iter().find(|one| one.id == job).map(JobView::words).unwrap_or_default();
        let row = |id: &str, head: &str, tail: String| Row { id: id.into(), head: head.into(), tail, ..Row::default() };
        vec![
            row("resume", "Resume", format!("continues where it stopped: {far}")),
            row("discard", "Discard", "removes the job; entries that it changed stay changed".into()),
        ]
    }

    pub(in crate::console) fn pick_job(&mut self, row: &Row) -> Vec<Effect> {
        let Ok(job) = row.id.parse() else { return vec![] };
        if self.loaded.jobs.iter().any(|one| one.id == job && one.state == JobState::Stopped) {
            return self.open_finder(FinderKind::StoppedJob(job));
        }
        self.ask_first(
            format!("Stop {}? Entries that it changed stay changed.", row.head.trim()),
            Request::StopJob { job },
        );
        vec![]
    }

    pub(in crate::console) fn pick_for_stopped_job(&mut self, job: i64, what: &str) -> Vec<Effect> {
        let (question, request) = match what {
            "resume" => (format!("Resume job {job} where it stopped?"), Request::ResumeJob { job }),
            _ => (format!("Discard job {job}? Entries that it changed stay changed."), Request::DiscardJob { job }),
        };
        self.ask_first(question, request);
        vec![]
    }
}
