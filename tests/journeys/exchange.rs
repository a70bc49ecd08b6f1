//! Whole exchanges: texts from new people, agents' replies, sends and statuses. What many of them cost together.

use std::time::Duration;

use futures::future::join_all;
use wadeck::domain::message::status::DeliveryStatus;
use wadeck::operations;

use crate::one_commit::{phone, reported, says, status, together};
use crate::stage::Stage;

/// The statements of so many exchanges in each of their steps, in transactions and beside them.
async fn statements_for_exchanges(count: usize) -> Vec<(&'static str, u64)> {
    let mut stage = crate::cases::stage().await;
    stage.apply().await;
    for at in 0..count {
        stage.simulator.heard(crate::cases::ONE, &phone(at));
    }
    let mut steps = vec![];
    let mut last = counted(&stage);
    let mut step = |stage: &Stage, name| {
        let now = counted(stage);
        steps.push((name, now - last));
        last = now;
    };
    together(&mut stage, (0..count).map(|at| says(at, &format!("wamid.{at}"), "hello")).collect()).await;
    step(&stage, "texts");
    stage.pass(Duration::from_secs(10));
    let runs = operations::claim_runs(&stage.system, count).await.expect("claimed");
    assert_eq!(runs.len(), count);
    step(&stage, "claims of runs");
    for ended in join_all(runs.into_iter().map(|run| operations::complete_run(&stage.system, run))).await {
        ended.expect("ended");
    }
    step(&stage, "ends of runs");
    let sends = operations::claim_sends(&stage.system, count).await.expect("claimed");
    assert_eq!(sends.len(), count);
    step(&stage, "claims of sends");
    for sent in join_all(sends.into_iter().map(|send| operations::send_claimed(&stage.system, send, ()))).await {
        sent.expect("sent");
    }
    step(&stage, "settlements");
    stage.simulator.forget_webhooks();
    let mut ids = vec![];
    for thread in stage.threads().await {
        let messages = stage.messages(thread.id).await;
        assert_eq!(messages.len(), 2, "each was answered once");
        let to = thread.external_id.trim_start_matches("whatsapp:").to_owned();
        ids.push((messages[1].provider_message_id.clone().expect("accepted"), to));
    }
    assert_eq!(ids.len(), count);
    step(&stage, "(the test)");
    for name in ["sent", "delivered", "read"] {
        together(&mut stage, ids.iter().map(|(id, to)| reported(vec![status(id, name, to)])).collect()).await;
        step(&stage, name);
    }
    for thread in stage.threads().await {
        assert_eq!(stage.messages(thread.id).await[1].status, DeliveryStatus::Read);
    }
    steps.retain(|(name, _)| *name != "(the test)");
    steps
}

fn counted(stage: &Stage) -> u64 {
    stage.system.store().statements() + stage.system.store().reads()
}

/// Agents' answers and providers' responses arrive one by one, and are recorded in as many transactions as it happens.
/// They have bounds of their own.
#[tokio::test]
async fn exchanges_that_run_together_cost_few_statements_each() {
    let many = 16;
    let (steps, alone) = (statements_for_exchanges(many).await, statements_for_exchanges(1).await);
    let varies = |name: &str| ["ends of runs", "settlements"].contains(&name);
    let sum = |steps: &[(&str, u64)]| steps.iter().map(|(_, count)| count).sum::<u64>();
    let fixed: u64 = steps.iter().filter(|(name, _)| !varies(name)).map(|(_, count)| count).sum();
    assert!(fixed <= 56, "{fixed} statements for {many} exchanges: {steps:?}");
    assert!(sum(&steps) <= 10 * many as u64, "{steps:?}");
    assert!(sum(&alone) <= 76, "{alone:?}");
}
