//! The outbox: claim, send over real HTTP to the simulator, settle.

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::filter::Filter;
use wadeck::domain::request::Request;
use wadeck::domain::time::Timestamp;
use wadeck::operations::{apply_pending, commit_pending_deliveries, perform, send_next};
use wadeck::simulator::{Person, Saying};
use wadeck::store::FilterQuery;
use wadeck::webhook::{Limits, Listener, routes};

use crate::support::{SUPPORT, now, runtime, simulator, system};

pub fn outbox(criterion: &mut Criterion) {
    let runtime = runtime();
    let directory = tempfile::tempdir().expect("a directory");
    let (system, threads, _simulator) = runtime.block_on(async {
        let simulator = simulator().await;
        let (system, mut inbox) = system(directory.path(), &simulator).await;
        let door = Listener::bind(([127, 0, 0, 1], 0).into(), Limits::new(64)).await.expect("a port");
        simulator.subscribe(&format!("http://{}", door.address().expect("an address")));
        tokio::spawn(door.serve(
            routes(&system, Limits::new(512)),
            tokio_util::task::TaskTracker::new(),
            tokio_util::sync::CancellationToken::new(),
        ));
        for number in 0..400 {
            simulator.says(SUPPORT, &Person::new("Somebody", &format!("1555{number:07}")), &Saying::text("hello"));
        }
        tokio::select! {
            _ = simulator.step(now()) => {}
            () = async { while commit_pending_deliveries(&system, &mut inbox).await {} } => {}
        }
        while apply_pending(&system).await.expect("applied") > 0 {}
        let threads = system
            .store()
            .threads(&FilterQuery { filter: &Filter::default(), me: "bench", now: Timestamp::EPOCH }, 400, None)
            .await
            .expect("listed");
        (system, threads, simulator)
    });
    let ada = Actor::Operator { name: "ada".into(), role: Role::Admin };
    let mut group = criterion.benchmark_group("outbox");
    group.throughput(Throughput::Elements(1));
    let mut next = 0;
    group.bench_function("claim, send, settle", |bencher| {
        bencher.iter_custom(|iterations| {
            let mut took = Duration::ZERO;
            for _ in 0..iterations {
                let thread = threads[next % threads.len()].id;
                next += 1;
                let request = Request::Send {
                    thread,
                    content: Box::new(wadeck::domain::message::content::Content::text("answer")),
                    reply_to: None,
                    at: None,
                };
                runtime.block_on(perform(&system, &ada, request)).expect("queued");
                let began = Instant::now();
                runtime.block_on(send_next(&system)).expect("sent");
                took += began.elapsed();
            }
            took
        });
    });
    group.finish();
}
