//! Reading from one million messages in fifty thousand threads. The database is created once below `target/` and
//! kept.

use std::path::PathBuf;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use wadeck::domain::filter::Filter;
use wadeck::domain::ids::ThreadId;
use wadeck::domain::time::Timestamp;
use wadeck::store::{FilterQuery, Store};

use tokio::runtime::Runtime;

use crate::support::runtime;

const MESSAGES: i64 = 1_000_000;
const THREADS: i64 = 50_000;

/// Statements that fill the database, with rare and frequent words.
const FILL_STATEMENTS: &[&str] = &[
    "INSERT INTO connections (id, name, organization, environment, provider, phone_number, phone_number_id, business_account_id, settings)
     VALUES (1, 'support', 'bench', 'development', 'kapso', '15550100001', '1', '1', '{\"debounce\":{\"secs\":4,\"nanos\":0},\"hourly_policy\":true,\"messages_per_second\":80,\"read_marks\":true,\"api_key_env\":null}')",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
     INSERT INTO contacts (id, name, folded, created_at) SELECT i, 'Person ' || i, 'person ' || i || ' 1555' || (1000000 + i), 0 FROM n",
    "INSERT INTO addresses (kind, value, contact_id) SELECT 'phone', '1555' || (1000000 + id), id FROM contacts",
    "INSERT INTO threads (id, connection_id, contact_id, external_id, last_message_at) SELECT id, 1, id, 'whatsapp:1555' || (1000000 + id), 0 FROM contacts",
    // A thousand busy threads have half of the messages.
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
     INSERT INTO messages (id, thread_id, connection_id, direction, origin, kind, content, words, progress, created_at, received_at, provider_message_id, provider_key)
     SELECT i, 1 + CASE WHEN i % 2 = 0 THEN (i / 2) % 1000 ELSE (i * 7919) % 50000 END, 1, 'inbound', 'api', 'text',
        '{\"type\":\"text\",\"body\":\"hola\"}',
        'hola palabra' || (i % 86016) || ' pedido' || (i % 997) || ' gracias' || (i % 13) || ' numero' || i || ' buenos dias amigos',
        'received', 1700000000000 + i * 1000, 1700000000000 + i * 1000, 'wamid.' || i, randomblob(16) FROM n",
    "INSERT INTO message_words (rowid, words, tag) SELECT id, words, 't' || thread_id FROM messages",
    "UPDATE threads SET last_message_id = (SELECT m.id FROM messages m WHERE m.thread_id = threads.id ORDER BY m.created_at DESC LIMIT 1)",
    "UPDATE threads SET last_message_at = coalesce((SELECT created_at FROM messages WHERE id = threads.last_message_id), 0), unread = id % 3",
    // Outgoing messages: most accepted, some failed, a few queued.
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
     INSERT INTO messages (id, thread_id, connection_id, direction, origin, kind, content, words, progress, author, created_at, received_at, failure, failed_at)
     SELECT 1000000 + i, 1 + (i * 7919) % 50000, 1, 'outbound', 'api', CASE WHEN i % 10 = 0 THEN 'template' ELSE 'text' END,
        CASE WHEN i % 10 = 0 THEN '{\"type\":\"template\",\"name\":\"reminder\",\"language\":\"en\",\"parameters\":[]}' ELSE '{\"type\":\"text\",\"body\":\"si\"}' END,
        'respuesta' || i || ' hola', 'delivered', CASE WHEN i % 3 = 0 THEN 'ada' ELSE 'agent helper' END,
        1700000000000 + i * 5000, 1700000000000 + i * 5000,
        CASE WHEN i % 500 = 0 THEN '{\"code\":\"131026\",\"title\":\"x\",\"explanation\":\"x\",\"remedy\":\"x\",\"class\":\"recipient\",\"said\":\"x\"}' END,
        CASE WHEN i % 500 = 0 THEN 1700000000000 + i * 5000 END FROM n",
    "INSERT INTO outbox (message_id, thread_id, connection_id, state, reference, outgoing, business_initiated, freeform, due_at, created_at, settled_at, failure)
     SELECT id, thread_id, 1, CASE WHEN failed_at IS NOT NULL THEN 'refused' WHEN id % 20000 = 7 THEN 'queued' ELSE 'accepted' END,
        'w:' || id, '{}', 0, 1, created_at, created_at, created_at, failure FROM messages WHERE direction = 'outbound'",
    "INSERT INTO message_words (rowid, words, tag) SELECT id, words, 't' || thread_id FROM messages WHERE direction = 'outbound'",
    "UPDATE threads SET window_closes_at = 1701000000000 + id * 1000",
    "UPDATE threads SET waiting_since = 1700900000000 + id, waiting_reason = 'nobody' WHERE id % 40 = 0",
    "ANALYZE",
];

async fn database_directory() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("million");
    if directory.join("ready").exists() {
        return directory;
    }
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).expect("made");
    Store::open(&directory).await.expect("opened").close().await;
    let options = SqliteConnectOptions::new().filename(directory.join("wadeck.db"));
    let pool = SqlitePool::connect_with(options).await.expect("opened");
    for text in FILL_STATEMENTS {
        sqlx::query(*text).execute(&pool).await.expect("filled");
    }
    pool.close().await;
    std::fs::write(directory.join("ready"), "").expect("marked");
    directory
}

const NOW: Timestamp = Timestamp::from_millis(1_701_000_000_000);

pub fn reading(criterion: &mut Criterion) {
    let runtime = runtime();
    let store = runtime.block_on(async { Store::open(&database_directory().await).await.expect("opened") });
    let mut group = criterion.benchmark_group(format!("reading, {MESSAGES} messages in {THREADS} threads"));
    group.bench_function("open a busy thread", |bencher| {
        let mut thread = 0;
        bencher.iter(|| {
            thread = thread % 1_000 + 1;
            runtime.block_on(store.messages(ThreadId(thread), 60, None)).expect("read")
        });
    });
    group.bench_function("open a quiet thread", |bencher| {
        let mut thread = 2_000;
        bencher.iter(|| {
            thread = thread % 48_000 + 2_000;
            runtime.block_on(store.messages(ThreadId(thread), 60, None)).expect("read")
        });
    });
    group.bench_function("list 50 threads", |bencher| {
        bencher.iter(|| {
            runtime
                .block_on(store.threads(
                    &FilterQuery { filter: &Filter::default(), me: "bench", now: Timestamp::EPOCH },
                    50,
                    None,
                ))
                .expect("read")
        });
    });
    group.bench_function("list 50 threads, as written first: GROUP BY", |bencher| {
        let options = SqliteConnectOptions::new().filename(store.path());
        let pool = runtime.block_on(SqlitePool::connect_with(options)).expect("opened");
        bencher.iter(|| {
            let query = sqlx::query(
                "SELECT thread_id, max(created_at) AS at, count(*) FROM messages GROUP BY thread_id ORDER BY at DESC LIMIT 50",
            );
            runtime.block_on(query.fetch_all(&pool)).expect("read")
        });
    });
    searches(&runtime, &store, &mut group);
    filters(&runtime, &store, &mut group);
    counts(&runtime, &store, &mut group);
    group.finish();
}

fn searches(runtime: &Runtime, store: &Store, group: &mut BenchmarkGroup<'_, WallTime>) {
    for (name, words) in [("a rare word", "palabra4711"), ("a common word", "hola"), ("two words", "pedido11 gracias7")]
    {
        group.bench_function(format!("search {name}"), |bencher| {
            bencher.iter(|| {
                {
                    let filter = Filter::read(words, Timestamp::EPOCH).expect("a filter");
                    let query = FilterQuery { filter: &filter, me: "bench", now: Timestamp::EPOCH };
                    runtime.block_on(store.search(&query, 50, None))
                }
                .expect("found")
            });
        });
    }
    group.bench_function("search a rare word, as written first: LIKE", |bencher| {
        let options = SqliteConnectOptions::new().filename(store.path());
        let pool = runtime.block_on(SqlitePool::connect_with(options)).expect("opened");
        bencher.iter(|| {
            let query =
                sqlx::query("SELECT id FROM messages WHERE words LIKE '%palabra4711 %' ORDER BY id DESC LIMIT 50");
            runtime.block_on(query.fetch_all(&pool)).expect("read")
        });
    });
}

fn filters(runtime: &Runtime, store: &Store, group: &mut BenchmarkGroup<'_, WallTime>) {
    let now = NOW;
    for text in
        ["is:unread", "is:waiting", "num:1023456", "person 4711", "person", "palabra4711", "pe", "is:open since:400d"]
    {
        group.bench_function(format!("threads with {text}"), |bencher| {
            let filter = Filter::read(text, now).expect("a filter");
            bencher.iter(|| {
                runtime
                    .block_on(store.threads(&FilterQuery { filter: &filter, me: "bench", now }, 50, None))
                    .expect("found")
            });
        });
    }
    for text in
        ["status:failed", "code:131026", "hola dir:out", "palabra4711 dir:in", "tpl:reminder", "by:ada num:1001234"]
    {
        group.bench_function(format!("search {text}"), |bencher| {
            let filter = Filter::read(text, now).expect("a filter");
            bencher.iter(|| {
                runtime
                    .block_on(store.search(&FilterQuery { filter: &filter, me: "bench", now }, 50, None))
                    .expect("found")
            });
        });
    }
    for text in ["", "status:failed", "code:131026", "since:400d"] {
        group.bench_function(format!("delivery with {text:?}"), |bencher| {
            let filter = Filter::read(text, now).expect("a filter");
            bencher.iter(|| {
                runtime
                    .block_on(store.entries(&FilterQuery { filter: &filter, me: "bench", now }, 200, None))
                    .expect("found")
            });
        });
    }
}

fn counts(runtime: &Runtime, store: &Store, group: &mut BenchmarkGroup<'_, WallTime>) {
    let now = NOW;
    group.bench_function("expiring windows", |bencher| {
        bencher.iter(|| runtime.block_on(store.closing(now, 50)).expect("found"));
    });
    group.bench_function("find a contact", |bencher| {
        bencher.iter(|| runtime.block_on(store.contacts("pson4711", 50)).expect("found"));
    });
    group.bench_function("count what is unread", |bencher| {
        let filter = Filter::read("is:unread", now).expect("a filter");
        bencher.iter(|| {
            runtime.block_on(store.count_threads(&FilterQuery { filter: &filter, me: "bench", now })).expect("counted")
        });
    });
    group.bench_function("the place of a message", |bencher| {
        bencher.iter(|| {
            let around = store.messages_around(ThreadId(4), wadeck::domain::ids::MessageId(500_006), 60);
            runtime.block_on(around).expect("read")
        });
    });
}
