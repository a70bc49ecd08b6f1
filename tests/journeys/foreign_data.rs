//! Replies with another contact's data: held for a person, whatever the datum; clean replies are sent.

use serde_json::json;
use wadeck::domain::agents::foreign_data::{data_in, names_in};
use wadeck::domain::agents::requests::{AgentQuery, AgentsAnswer};
use wadeck::domain::agents::run::RunState;
use wadeck::domain::query::{Answer, Query};
use wadeck::operations;
use wadeck::simulator::{Person, Saying};

use crate::cases::{post, text};
use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

/// A seeded generator (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[usize::try_from(self.below(of.len() as u64)).expect("an index")]
    }
}

const FIRST: [&str; 25] = [
    "Tom", "Maria", "Ahmed", "Yuki", "Priya", "Carlos", "Ingrid", "Fatima", "Oleg", "Chloe", "Mateus", "Wanjiru",
    "Sven", "Nadia", "Ravi", "Lucía", "Émile", "Zofia", "Hassan", "Mei", "Diego", "Aylin", "Kofi", "Birgit", "Paulo",
];
const LAST: [&str; 20] = [
    "Weber", "Ruiz", "Khalil", "Tanaka", "Sharma", "Mendes", "Larsen", "Haddad", "Petrov", "Dubois", "Okafor", "Novak",
    "Rossi", "Costa", "Müller", "Kimani", "Lindgren", "Yilmaz", "Moreau", "Castro",
];

/// An IBAN of this account, with its check digits.
fn iban(account: u64) -> String {
    let plain = format!("37040044{account:010}");
    let rest =
        format!("{plain}131400").chars().fold(0, |rest, digit| (rest * 10 + digit.to_digit(10).expect("a digit")) % 97);
    format!("DE{:02}{plain}", 98 - rest)
}

fn spaced(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// A contact with a datum, what was said of it, and a reply that leaks it.
struct Planted {
    person: Person,
    says: String,
    leak: String,
    datum: String,
    title: &'static str,
}

fn planted(dice: &mut Dice, at: u64) -> Planted {
    let name = format!("{} {}", FIRST[(at % 25) as usize], LAST[((at / 25) % 20) as usize]);
    let number = format!("4930{:08}", 10_000_000 + at * 7_919);
    let person = Person::new(&name, &number);
    let (says, leak, datum, title) = match at % 5 {
        0 => ("Hello, is anybody there?".to_owned(), format!("That was booked by {name} already."), name, "name"),
        1 => {
            let local = format!("030 {} {}", &number[4..8], &number[8..]);
            ("Good morning".to_owned(), format!("Please call {local} about it."), local, "phone number")
        }
        2 => {
            let (area, rest) = (170 + dice.below(9), 1_000_000 + dice.below(8_999_999));
            let said = format!("My other number is 0{area} {rest}, thanks");
            let leak = format!("You reach her on +49 {area}-{rest}.");
            (said, leak, format!("+49 {area}-{rest}"), "phone number")
        }
        3 => {
            let iban = iban(dice.below(9_999_999_999));
            (
                format!("Please refund to {iban}"),
                format!("We paid it to {} today.", spaced(&iban)),
                spaced(&iban),
                "IBAN",
            )
        }
        _ => {
            let order = format!("{}-{}", dice.one(&["ORD", "LUM", "INV"]), 100_000 + at * 31);
            let said = format!("Where is my order {order}?");
            (said, format!("Order {} ships on Monday.", order.to_lowercase()), order.to_lowercase(), "order number")
        }
    };
    Planted { person, says, leak, datum, title }
}

/// A configuration whose helper answers `k12k` with the twelfth of these replies.
fn leaking(replies: &[String], more: &str) -> String {
    let head = CONFIG.split("[[agents]]").next().expect("a head");
    let rules = replies.iter().enumerate().map(|(at, reply)| format!("{{ when = [\"k{at}k\"], reply = [{reply:?}] }}"));
    let rules = rules.collect::<Vec<_>>().join(",\n  ");
    format!("{head}{more}\n[[agents]]\nname = \"helper\"\nkind = \"scripted\"\nrules = [\n  {rules},\n  {{ }}\n]\n")
}

async fn write_all(stage: &mut Stage, sayings: impl Iterator<Item = (Person, String)>) {
    for (person, words) in sayings {
        stage.simulator.says(SUPPORT, &person, &Saying::text(words.as_str()));
    }
    stage.deliver().await;
}

fn asker(at: usize) -> Person {
    Person::new("Rosa Field", &format!("15552{at:06}"))
}

#[tokio::test]
async fn of_500_foreign_data_none_reaches_a_contact() {
    let mut dice = Dice(11);
    let all: Vec<Planted> = (0..500).map(|at| planted(&mut dice, at)).collect();
    let leaks: Vec<String> = all.iter().map(|one| one.leak.clone()).collect();
    let mut stage = Stage::with_config(&leaking(&leaks, "")).await;
    write_all(&mut stage, all.iter().map(|one| (one.person.clone(), one.says.clone()))).await;
    stage.answer().await;
    write_all(&mut stage, (0..all.len()).map(|at| (asker(at), format!("k{at}k please")))).await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 0, "{:?}", stage.simulator.accepted().first());
    let runs = match stage.ask(Query::Agent(AgentQuery::Runs { thread: None, limit: 500, before: None })).await {
        Answer::Agent(told) => match *told {
            AgentsAnswer::Runs(runs) => runs,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(runs.len(), 500);
    for run in &runs {
        assert_eq!(run.state, RunState::Proposed);
        let said = run.said.as_ref().expect("said").line();
        let one = all.iter().find(|one| one.leak == said).expect("planted");
        let reasons = run.breaches.join("; ");
        assert!(reasons.contains(&format!("it contains the {} of another contact (t", one.title)), "{said}: {reasons}");
    }
    let Answer::Alerts(alerts) = stage.ask(Query::Alerts { open: true, limit: 500 }).await else { panic!("alerts") };
    let held: Vec<String> =
        alerts.iter().filter(|alert| alert.kind == "foreign_data").map(|alert| alert.said.line()).collect();
    assert_eq!(held.len(), 500);
    for text in &held {
        assert!(all.iter().all(|one| !text.contains(&one.datum)), "{text}");
    }
}

/// Something that a business says to its own customers.
fn clean_reply(dice: &mut Dice, at: u64) -> String {
    let day = format!("{:02}.{:02}.2026", 1 + dice.below(28), 1 + dice.below(12));
    let time = format!("{:02}:{:02}", 8 + dice.below(10), dice.below(6) * 10);
    match at % 12 {
        0 => format!("Hi Rosa, your appointment is on {day} at {time}."),
        1 => format!("Your order LUM-{} is on its way.", 900_000 + at),
        2 => format!("It costs {} EUR, including delivery.", 10_000 + dice.below(90_000)),
        3 => "We open Monday to Friday from 09:00 to 18:00.".to_owned(),
        4 => format!("The Lumen Lamp 3000 weighs {} g and is 120 cm high.", 500 + dice.below(900)),
        5 => "You find us at Hauptstrasse 12, 10115 Berlin.".to_owned(),
        6 => format!("Gracias Rosa, su pedido {} llega el {day}.", 700_000 + at),
        7 => "Call us on +1 555-010-0001 at any time.".to_owned(),
        8 => format!("We have {} in stock; article SKU-4711.", dice.below(5_000)),
        9 => format!("Thanks Rosa Field! See you on 2026-{:02}-{:02}.", 1 + dice.below(12), 1 + dice.below(28)),
        10 => format!("You have collected {} points.", 10_000 + dice.below(90_000)),
        _ => format!("Ihre Rechnung über {},00 € ist bezahlt. Guten Tag!", 100 + dice.below(900)),
    }
}

#[tokio::test]
async fn of_10000_clean_replies_at_most_one_percent_is_held() {
    let mut dice = Dice(12);
    let mut stage = Stage::with_config(&leaking(&["Yes.".to_owned()], "")).await;
    let all: Vec<Planted> = (0..500).map(|at| planted(&mut dice, at)).collect();
    write_all(&mut stage, all.iter().map(|one| (one.person.clone(), one.says.clone()))).await;
    // What others write is of the same days, prices and articles.
    let mut others = vec![];
    for at in 0..600 {
        let text = clean_reply(&mut dice, at % 12).replace("Rosa Field", "you").replace("Rosa", "there");
        others.push((all[usize::try_from(at % 500).expect("an index")].person.clone(), text));
    }
    write_all(&mut stage, others.into_iter()).await;
    stage.says(&rosa(), "hello, I am Rosa").await;
    let thread = stage.thread_of("Rosa").await.id;
    operations::index_identifiers(&stage.system).await.expect("indexed");
    let mut write = stage.system.store().write().await.expect("a transaction");
    let mut held = vec![];
    for at in 0..10_000 {
        let reply = clean_reply(&mut dice, at + 12_000);
        let found = write.foreign_data(thread, &data_in(&reply), &names_in(&reply)).await.expect("looked up");
        if !found.is_empty() {
            held.push(reply);
        }
    }
    assert!(held.len() <= 100, "{} are held, such as {:?}", held.len(), &held[..10]);
}

async fn reply_to(stage: &mut Stage, person: &Person, words: &str) -> Vec<String> {
    stage.says(person, words).await;
    stage.answer().await;
    stage.simulator.accepted().into_iter().map(|sent| sent.text).collect()
}

#[tokio::test]
async fn what_the_contact_said_itself_and_what_is_changed_is_compared_as_it_is_now() {
    let replies = ["Order LUM-77123 ships today.".to_owned(), "Order LUM-55123 ships today.".to_owned()];
    let mut stage = Stage::with_config(&leaking(&replies, "")).await;
    let tom = Person::new("Tom Weber", "15550100077");
    let first = stage.says(&tom, "order LUM-11111").await;
    stage.answer().await;
    // The contact's own order number may be said, although another contact wrote it, too.
    stage.says(&tom, "order LUM-77123").await;
    stage.says(&rosa(), "order lum 77123").await;
    stage.says(&rosa(), "LUM-77123").await;
    assert_eq!(reply_to(&mut stage, &rosa(), "k0k").await, [replies[0].clone()]);
    // A message that was edited is compared with its new text.
    let mut edit = text("wamid.E", "15550100077", "");
    edit["type"] = "edit".into();
    edit["edit"] = json!({ "original_message_id": first,
        "message": { "type": "text", "text": { "body": "order LUM-55123" } } });
    edit["kapso"] = json!({ "direction": "inbound" });
    let body = json!({ "message": edit, "phone_number_id": SUPPORT }).to_string();
    post(&mut stage, "/webhook/kapso/messages", &[], &body).await;
    assert_eq!(reply_to(&mut stage, &asker(9), "k1k").await.len(), 1, "held");
}

#[tokio::test]
async fn the_guard_is_off_where_the_contract_says_so() {
    let reply = ["Tom Weber has it.".to_owned()];
    for (more, sent) in
        [("[connections.contract]\nguard = \"off\"\n", 1), ("[connections.contract]\nguard = \"hold\"\n", 0)]
    {
        let mut stage = Stage::with_config(&leaking(&reply, more)).await;
        stage.says(&Person::new("Tom Weber", "15550100077"), "hello").await;
        assert_eq!(reply_to(&mut stage, &rosa(), "k0k").await.len(), sent, "{more}");
    }
    let own = leaking(&reply, "").replace("kind = \"scripted\"", "kind = \"scripted\"\nguard = \"off\"");
    let mut stage = Stage::with_config(&own).await;
    stage.says(&Person::new("Tom Weber", "15550100077"), "hello").await;
    assert_eq!(reply_to(&mut stage, &rosa(), "k0k").await.len(), 1);
}
