//! One action over everything that a filter finds: counted before, done in order, stopped.

use std::time::Duration;

use wadeck::domain::message::content::Content;
use wadeck::domain::outbox::job::{BulkAction, JobState};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::{Person, SendFault};

use crate::sitting::Sitting;
use crate::stage::{CONFIG, Stage};

/// Three people, to each of whom two messages failed; of one the window has closed, one opted out.
async fn failures() -> Stage {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&Person::new("Closed", "15550100031"), "hello").await;
    stage.pass(Duration::from_secs(23 * 3_600));
    for (name, phone) in [("Open", "15550100032"), ("Out", "15550100033")] {
        stage.says(&Person::new(name, phone), "hello").await;
    }
    for name in ["closed", "open", "out"] {
        let thread = stage.thread_of(name).await.id;
        for words in ["one", "two"] {
            stage
                .act(Request::Send { thread, content: Box::new(Content::text(words)), reply_to: None, at: None })
                .await
                .expect("queued");
            stage.simulator.next_send(SendFault::graph(400, 131_026, "Message undeliverable"));
            stage.send().await;
        }
    }
    stage.says(&Person::new("Out", "15550100033"), "STOP").await;
    stage.pass(Duration::from_secs(2 * 3_600));
    stage
}

async fn jobs(stage: &Stage) -> Vec<wadeck::domain::outbox::job::JobView> {
    match stage.ask(Query::Jobs).await {
        Answer::Jobs(jobs) => jobs,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_preview_counts_and_the_engine_does_what_it_said_in_order() {
    let stage = failures().await;
    let text = "status:failed".to_owned();
    let Answer::Bulk(preview) = stage.ask(Query::Bulk { action: BulkAction::Retry, text: text.clone() }).await else {
        panic!()
    };
    assert_eq!((preview.found, preview.will, preview.need_template, preview.opted_out), (6, 2, 2, 2), "{preview:?}");
    stage.act(Request::Bulk { action: BulkAction::Retry, text: String::new() }).await.expect_err("without a filter");
    stage
        .act(Request::Bulk { action: BulkAction::Retry, text: "status:failed num:999999".into() })
        .await
        .expect_err("nothing");
    stage.act(Request::Bulk { action: BulkAction::Retry, text }).await.expect("begun");
    while operations::step_job(&stage.system).await.expect("a step") {}
    stage.send().await;
    let sent: Vec<String> = stage.simulator.accepted().iter().map(|sent| sent.text.clone()).collect();
    assert_eq!(sent, ["one", "two"], "in order within the thread, and nobody else got anything");
    let job = jobs(&stage).await.remove(0);
    assert_eq!((job.state, job.done, job.refused), (JobState::Done, 2, 4));
    assert!(job.said.expect("a reason").contains("opted") || !job.terms.is_empty());
}

#[tokio::test]
async fn it_can_be_stopped_and_only_one_runs() {
    let stage = failures().await;
    let request = |action| Request::Bulk { action, text: "status:refused".into() };
    stage.act(request(BulkAction::Discard)).await.expect("begun");
    stage.act(request(BulkAction::Discard)).await.expect_err("one at a time");
    let job = jobs(&stage).await[0].id;
    stage.act(Request::StopJob { job }).await.expect("stopped");
    assert!(!operations::step_job(&stage.system).await.expect("a step"), "nothing more is done");
    assert_eq!(jobs(&stage).await[0].state, JobState::Stopped);
    stage.act(Request::StopJob { job }).await.expect_err("it does not run");
}

#[tokio::test]
async fn what_was_stopped_shows_how_far_it_came_and_goes_on_or_is_discarded() {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&Person::new("Rosa", "15550100032"), "hello").await;
    let thread = stage.thread_of("rosa").await.id;
    for at in 0..45 {
        let content = Box::new(Content::text(format!("number {at}")));
        stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
    }
    let discarded = async |stage: &Stage| {
        let Answer::Outbox(rows) =
            stage.ask(Query::Outbox { text: "status:discarded".into(), limit: 100, before: None }).await
        else {
            panic!("entries")
        };
        rows.len()
    };
    let begin = Request::Bulk { action: BulkAction::Discard, text: "status:queued".into() };
    stage.act(begin.clone()).await.expect("begun");
    assert!(operations::step_job(&stage.system).await.expect("a step"));
    let job = jobs(&stage).await[0].id;
    stage.act(Request::StopJob { job }).await.expect("stopped");
    let stopped = jobs(&stage).await.remove(0);
    let first = discarded(&stage).await;
    assert_eq!((stopped.state, stopped.done as usize, stopped.total), (JobState::Stopped, first, 45));
    assert!((1..45).contains(&first), "{first}");

    // In the console: how far it came, and what can be done with it.
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "3 g j").await;
    sitting.sees(&format!("{first} done, 0 refused of 45"));
    sitting.press(&stage, "enter").await;
    sitting.sees("Stopped bulk job");
    sitting.sees(&format!("continues where it stopped: {first} done"));
    sitting.press(&stage, "enter").await;
    sitting.sees("Resume job");
    sitting.press(&stage, "ctrl-y").await;
    assert_eq!(jobs(&stage).await[0].state, JobState::Running);
    while operations::step_job(&stage.system).await.expect("a step") {}
    let done = jobs(&stage).await.remove(0);
    assert_eq!((done.state, done.done, discarded(&stage).await), (JobState::Done, 45, 45));
    let again = stage.act(Request::ResumeJob { job }).await.expect_err("it is done");
    assert!(again.to_string().contains("is not stopped"), "{again}");

    // Another one is discarded: it is gone from the list, and what it did stays done.
    let begin = Request::Bulk { action: BulkAction::Retry, text: "status:discarded".into() };
    let job: i64 = stage.act(begin).await.expect("begun").created_id.expect("a number").parse().expect("a number");
    assert!(operations::step_job(&stage.system).await.expect("a step"));
    let still = stage.act(Request::DiscardJob { job }).await.expect_err("it runs");
    assert!(still.to_string().contains("is not stopped"), "{still}");
    stage.act(Request::StopJob { job }).await.expect("stopped");
    let before = discarded(&stage).await;
    sitting.press(&stage, "esc g j enter down enter").await;
    sitting.sees("Entries that it changed stay changed");
    sitting.press(&stage, "ctrl-y").await;
    assert!(jobs(&stage).await.iter().all(|one| one.id != job));
    assert_eq!(discarded(&stage).await, before);
    assert!(!operations::step_job(&stage.system).await.expect("a step"), "nothing goes on");
}

#[tokio::test]
async fn what_wants_attention_stands_first_and_the_marks_are_counted() {
    let mut stage = failures().await;
    stage.says(&Person::new("Open", "15550100032"), "still there?").await;
    let thread = stage.thread_of("open").await.id;
    stage
        .act(Request::Send { thread, content: Box::new(Content::text("fine")), reply_to: None, at: None })
        .await
        .expect("queued");
    stage.send().await;
    stage.pass(Duration::from_secs(60));
    stage.deliver().await;
    stage.simulator.next_send(SendFault::Vanish);
    stage
        .act(Request::Send { thread, content: Box::new(Content::text("lost")), reply_to: None, at: None })
        .await
        .expect("queued");
    stage.send().await;
    let states: Vec<String> = stage.outbox().await.iter().map(|row| row.state.name().to_owned()).collect();
    assert_eq!(states, ["failed", "failed", "failed", "failed", "failed", "failed", "uncertain", "accepted"]);
    let Answer::Statistics(view) = stage.ask(Query::Statistics { hours: 24 }).await else { panic!("gauges") };
    let support = view.metrics.iter().find(|gauge| gauge.name == "support").expect("there");
    assert_eq!((support.delivered, support.failed), (1, 6));
    assert!(support.delivery_rate().expect("a rate") < 20.0);
    assert!(view.hours.iter().map(|bar| bar.inbound).sum::<u32>() >= 3);
}
