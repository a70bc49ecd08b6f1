//! Drawing at 200×60 with the most threads that a console holds, and the bytes written for a key press, a changed
//! line and no change.

use criterion::Criterion;
use wadeck::attach::ByteScreen;
use wadeck::console::{
    Console, CustomCommands, Effect, Event, KeyCode, KeyEvent, KeyModifiers, Keymap, Settings, Theme,
};
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::contacts::view::ContactView;
use wadeck::domain::ids::{ConnectionId, MessageId, ThreadId};
use wadeck::domain::inbound::event::{Direction, Origin};
use wadeck::domain::message::status::DeliveryStatus;
use wadeck::domain::numbers::connection::Environment;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::time::Timestamp;
use wadeck::domain::view::{MessageView, ThreadRow};

fn thread(number: i64) -> ThreadRow {
    ThreadRow {
        new: false,
        conversation: None,
        costs: None,
        held_elsewhere: None,
        contact_id: wadeck::domain::ids::ContactId(1),
        id: ThreadId(number),
        external_id: format!("whatsapp:1555{number:07}"),
        connection: "support".into(),
        connection_id: ConnectionId(1),
        environment: Environment::Development,
        organization: "acme".into(),
        contact: ContactView {
            name: Some(format!("Person number {number}").into()),
            phone_number: None,
            user_id: None,
        },
        unread: (number % 4) as u32,
        last_message_at: Timestamp::from_seconds(1_780_304_400 - number),
        last_text: "Are you open on Saturday, and if so until when?".into(),
        last_direction: Direction::Inbound,
        last_status: DeliveryStatus::Received,
        window_closes_at: Some(Timestamp::from_seconds(1_780_390_000)),
        assignment: None,
        taken_by: None,
        taken_until: None,
        waiting: None,
        opted_out: false,
        no_marketing: false,
        handed_off_at: None,
        resolved: None,
        snoozed: None,
        labels: vec![],
        context_from: None,
        person_wrote_at: None,
        pause_seconds: 0,
        present: vec![],
        run: None,
    }
}

fn message(number: i64) -> MessageView {
    MessageView {
        dry_run: None,
        repeats: 0,
        id: MessageId(number),
        thread_id: ThreadId(1),
        rendered: None,
        organization: "acme".into(),
        environment: Some(Environment::Development),
        phone_number: wadeck::domain::contacts::phone::PhoneNumber::parse("+15550100002").ok(),
        direction: if number % 2 == 0 { Direction::Inbound } else { Direction::Outbound },
        kind: "text".into(),
        text: "A message of a usual length, which is wrapped once on most screens that people use for their work."
            .into(),
        status: DeliveryStatus::Read,
        provider_message_id: Some("wamid.X".into()),
        created_at: Timestamp::from_seconds(1_780_300_000 + number),
        error: None,
        attempts: 1,
        origin: Origin::Api,
        author: Some("ada".into()),
        quotes: None,
        reactions: vec![],
        test: false,
        contradictory: false,
        media: None,
        run: None,
        entry: None,
    }
}

fn console(columns: u16, rows: u16) -> Console {
    let settings = Settings {
        theme: Theme { colour: true, ascii: false },
        zone: jiff::tz::TimeZone::UTC,
        actor: Actor::Operator { name: "ada".into(), role: Role::Admin },
        enter_sends: true,
        mark_read_on_open: true,
        typing: false,
        pictures: wadeck::domain::message::picture::Pictures::Off,
        files: wadeck::console::FilePlace::Here,
        editor: true,
        keymap: Keymap::default(),
        commands: CustomCommands::default(),
        scope: wadeck::domain::access::scope_choice::ScopeChoice::default(),
        quitting_ends: None,
        greeting: None,
    };
    let (mut console, mut effects) = Console::new(settings, columns, rows, Timestamp::from_seconds(1_780_304_400));
    while let Some(effect) = effects.pop() {
        let Effect::Ask(query) = effect else { continue };
        let answer = match &query {
            Query::Threads { .. } => Answer::Threads((1..=200).map(thread).collect()),
            Query::Thread { .. } => Answer::Thread(Some(Box::new(thread(1)))),
            Query::Messages { .. } => Answer::Messages((0..60).rev().map(message).collect()),
            Query::Draft { .. } => Answer::Draft(String::new()),
            _ => continue,
        };
        effects.extend(console.update(Event::Answered { query, answer: Box::new(answer) }));
    }
    console
}

fn key(console: &mut Console, letter: char) {
    console.update(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
}

#[expect(clippy::print_stdout, reason = "bytes are a measure too, and criterion has no place for them")]
pub fn drawing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("drawing at 200x60");
    let mut console = console(200, 60);
    let mut screen = ByteScreen::new(200, 60).expect("a screen");
    let first = screen.draw(&console).expect("drawn").len();
    let nothing = screen.draw(&console).expect("drawn").len();
    key(&mut console, 'j');
    key(&mut console, 'j');
    screen.draw(&console).expect("drawn");
    key(&mut console, 'j');
    let moved = screen.draw(&console).expect("drawn").len();
    let mut messages: Vec<MessageView> = (0..60).rev().map(message).collect();
    let query = Query::Messages { thread: ThreadId(3), limit: 60, before: None, around: None };
    console.update(Event::Answered { query, answer: Box::new(Answer::Messages(messages.clone())) });
    screen.draw(&console).expect("drawn");
    messages[0].status = DeliveryStatus::Delivered;
    let query = Query::Messages { thread: ThreadId(3), limit: 60, before: None, around: None };
    console.update(Event::Answered { query, answer: Box::new(Answer::Messages(messages)) });
    let changed = screen.draw(&console).expect("drawn").len();
    println!(
        "bytes at 200x60: first frame {first}, nothing changed {nothing}, cursor moved {moved}, one message changed {changed}"
    );

    group.bench_function("a frame, nothing changed", |bencher| bencher.iter(|| screen.draw(&console).expect("drawn")));
    group.bench_function("a frame, cursor moved", |bencher| {
        let mut down = false;
        bencher.iter(|| {
            down = !down;
            key(&mut console, if down { 'j' } else { 'k' });
            screen.draw(&console).expect("drawn")
        });
    });
    group.finish();
}
