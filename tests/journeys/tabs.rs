//! Filters as tabs above the list of threads, the thread that waits next, and ids in the palette.

use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::simulator::Person;

use crate::sitting::Sitting;
use crate::stage::{CONFIG, Stage, rosa};

async fn three_who_wait() -> Stage {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    for (name, number) in [("Ana", "15550100041"), ("Bo", "15550100042")] {
        stage.says(&Person::new(name, number), "hello").await;
        stage.pass(std::time::Duration::from_secs(60));
    }
    stage.says(&rosa(), "where is my order?").await;
    stage
}

#[tokio::test]
async fn tabs_count_and_narrow_the_list() {
    let stage = three_who_wait().await;
    stage.act(Request::SaveView { name: "bo alone".into(), terms: "bo".into() }).await.expect("saved");
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut sitting = Sitting::down(&stage, columns, rows).await;
        sitting.press(&stage, "2").await;
        sitting.sees("needs a person 3");
        sitting.press(&stage, "}").await;
        sitting.sees("/is:waiting");
        sitting.press(&stage, "{ {").await;
        sitting.sees("bo alone 1");
        sitting.sees("/bo");
        sitting.does_not_see("Rosa Field");
        sitting.press(&stage, "}").await;
        sitting.sees("Rosa Field");
    }
}

#[tokio::test]
async fn threads_of_an_agent_are_apart_from_those_that_need_a_person() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let count = async |stage: &Stage, filter: &str| match stage
        .ask(Query::Threads { text: filter.into(), limit: 5, before: None })
        .await
    {
        Answer::Threads(rows) => rows.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!((count(&stage, "is:agent").await, count(&stage, "is:waiting").await), (1, 0), "it works on it");
    stage.answer().await;
    assert_eq!((count(&stage, "is:agent").await, count(&stage, "is:waiting").await), (1, 0), "it answered");
    let thread = stage.thread().await.id;
    stage.act(Request::ResolveThread { thread, reason: "done".into() }).await.expect("resolved");
    assert_eq!(count(&stage, "is:agent").await, 0, "nothing is left to do");
}

#[tokio::test]
async fn one_key_goes_from_one_waiting_thread_to_the_next() {
    let stage = three_who_wait().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2").await;
    let mut met = vec![];
    for _ in 0..3 {
        sitting.press(&stage, "ctrl-n").await;
        let line = sitting.screen().lines().next().unwrap_or_default().to_owned();
        met.extend(["Ana", "Bo", "Rosa Field"].into_iter().filter(|name| line.contains(name)));
    }
    let mut all = met.clone();
    all.sort_unstable();
    assert_eq!(all, ["Ana", "Bo", "Rosa Field"], "{met:?}");
}

#[tokio::test]
async fn the_palette_goes_to_any_id() {
    let stage = three_who_wait().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, ":").await;
    sitting.types(&stage, "m1").await;
    sitting.sees("Go to message m1 in its thread");
    sitting.press(&stage, "enter").await;
    sitting.sees("Ana");
    sitting.press(&stage, "esc esc :").await;
    sitting.types(&stage, "m99").await;
    sitting.press(&stage, "enter").await;
    sitting.sees("No message m99 found.");
    for (id, words) in
        [("d1", "Explain delivery d1"), ("r5", "Explain run r5"), ("o7", "outbox entry o7"), ("t2", "Go to thread t2")]
    {
        sitting.press(&stage, ":").await;
        sitting.types(&stage, id).await;
        sitting.sees(words);
        sitting.press(&stage, "esc").await;
    }
    sitting.press(&stage, ":").await;
    sitting.types(&stage, "d1").await;
    sitting.press(&stage, "enter").await;
    sitting.does_not_see("Explain delivery d1");
    sitting.sees("d1");
}
