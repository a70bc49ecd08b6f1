//! The story of the demo: contacts, their messages, and when they write. The same seed plays the same story.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::{Number, Person, Saying, SendFault, Simulator};

/// Ids of the simulator's numbers in the demo.
pub const SUPPORT: &str = "106540352242922";
pub const BILLING: &str = "106540352242923";
/// The number of the simulated Twilio account.
pub const CLINIC: &str = "15550100300";
const ACCOUNT: &str = "102290129340398";
const HOUR_MS: i64 = 3_600_000;

/// The demo's story, driven by a seeded random generator.
#[derive(Debug)]
pub struct Story {
    rng: StdRng,
}

/// The steps of one contact.
struct Contact {
    number: &'static str,
    person: Person,
    steps: Vec<Step>,
}

enum Step {
    /// Waits this many milliseconds.
    Wait(u64),
    Say(Saying),
    /// Reacts to the last message to the contact.
    React(&'static str),
    /// Sets the fault of the next send request.
    Fault(SendFault),
    /// Waits up to 12 s for a message to the contact.
    AwaitReply,
}

use Step::{AwaitReply, Fault, React, Say, Wait};

impl Story {
    pub fn new(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed) }
    }

    /// Adds numbers, templates, and the message history.
    pub fn set_up(&self, simulator: &Simulator) {
        numbers(simulator);
        templates(simulator);
        clinic(simulator);
        simulator.unreachable("15550100017", 131_026);
        simulator.unreachable("919820000034", 63_024);
        simulator.unreachable("15550100028", 131_026);
        history(simulator);
    }

    /// Follows each setup link after a while, as the owner of a number would.
    pub async fn follow_setup_links(simulator: Arc<Simulator>) {
        let mut seen = 0;
        loop {
            let millis = simulator.shared.scaled(12_000);
            tokio::time::sleep(Duration::from_millis(millis.unsigned_abs())).await;
            let links = simulator.links().len();
            // A new link is left alone for one round, so that a person can look at it.
            if links > 0 && links == seen {
                simulator.follow_link();
            }
            seen = links;
        }
    }

    /// Plays the story in a loop. The seed decides the order of contacts and the pauses.
    pub async fn play(mut self, simulator: Arc<Simulator>) {
        let contacts = contacts();
        let mut order: Vec<usize> = (0..contacts.len()).collect();
        loop {
            for index in 0..order.len() {
                let other = self.rng.random_range(index..order.len());
                // The first contacts keep their places, so that a new user soon sees an answered and a waiting
                // conversation.
                if index > 2 {
                    order.swap(index, other);
                }
            }
            for index in &order {
                let contact = &contacts[*index];
                self.play_contact(&simulator, contact).await;
                let pause = self.rng.random_range(600..2_500);
                self.pause(&simulator, pause).await;
            }
            self.pause(&simulator, 20_000).await;
        }
    }

    async fn play_contact(&mut self, simulator: &Simulator, contact: &Contact) {
        for step in &contact.steps {
            match step {
                Wait(millis) => self.pause(simulator, *millis).await,
                Say(saying) => {
                    simulator.says(contact.number, &contact.person, saying);
                    let typing = self.rng.random_range(250..900);
                    self.pause(simulator, typing).await;
                }
                React(emoji) => {
                    if let Some(last) = last_message_to(simulator, &contact.person) {
                        let saying = Saying::Reaction { to: last, emoji: Some((*emoji).to_owned()) };
                        simulator.says(contact.number, &contact.person, &saying);
                    }
                }
                Fault(fault) => simulator.next_send(fault.clone()),
                AwaitReply => {
                    let before = last_message_to(simulator, &contact.person);
                    for _ in 0..24 {
                        self.pause(simulator, 500).await;
                        if last_message_to(simulator, &contact.person) != before {
                            break;
                        }
                    }
                }
            }
        }
    }

    async fn pause(&self, simulator: &Simulator, millis: u64) {
        let millis = simulator.shared.scaled(millis.cast_signed());
        tokio::time::sleep(Duration::from_millis(millis.unsigned_abs())).await;
    }
}

/// Adds the templates of the clinic's account, three approved and one pending.
fn clinic(simulator: &Simulator) {
    simulator.add_sender(CLINIC, false);
    let reply = |label: &str, at: usize| json!({ "type": "QUICK_REPLY", "title": label, "id": format!("reply_{at}") });
    for (place, name, status, body, variables, replies) in [
        (
            1,
            "appointment_confirmation",
            "approved",
            "Hello {{first_name}}, your appointment with {{practitioner}} is on {{date}} at {{time}}. Please tell us whether that suits you.",
            json!({ "first_name": "Asha", "practitioner": "Dr. Iyer", "date": "2 June", "time": "16:30" }),
            vec!["It suits me", "Another time"],
        ),
        (
            2,
            "session_reminder",
            "approved",
            "Hello {{first_name}}, your session begins today at {{time}}. Please come five minutes early, or answer here if you cannot.",
            json!({ "first_name": "Asha", "time": "16:30" }),
            vec!["I will be there", "I cannot come"],
        ),
        (
            3,
            "follow_up",
            "approved",
            "Hello {{first_name}}, you were with us on {{date}}. How are you now? Answer here and a colleague will read it.",
            json!({ "first_name": "Asha", "date": "2 June" }),
            vec!["I am well", "I have a question"],
        ),
        (
            4,
            "mood_check_in",
            "pending",
            "Hello {{first_name}}, this is the check-in that you asked for. How do you feel today?",
            json!({ "first_name": "Asha" }),
            vec!["Good", "So-so", "I need help"],
        ),
    ] {
        let actions: Vec<_> = replies.iter().enumerate().map(|(at, label)| reply(label, at + 1)).collect();
        simulator.add_content(json!({ "sid": format!("HX{place:032x}"), "account_sid": super::ACCOUNT, "friendly_name": name, "language": "en",
            "variables": variables, "types": { "twilio/quick-reply": { "body": body, "actions": actions } },
            "approval_requests": { "name": name, "category": "UTILITY", "status": status, "rejection_reason": "" } }));
    }
}

fn numbers(simulator: &Simulator) {
    for (id, display, name) in
        [(SUPPORT, "+1 555-010-0001", "Lumen Dental"), (BILLING, "+1 555-010-0009", "Lumen Billing")]
    {
        simulator.add_number(Number {
            phone_number_id: id.into(),
            business_account_id: ACCOUNT.into(),
            display: display.into(),
            name: name.into(),
            kind: "production".into(),
            customer: None,
            direct: false,
        });
    }
}

fn templates(simulator: &Simulator) {
    for (id, name, category, status, body, reason) in [
        (
            "594425479261596",
            "appointment_reminder",
            "UTILITY",
            "APPROVED",
            "Hello {{1}}, your appointment is on {{2}}. Reply here to change it.",
            "NONE",
        ),
        (
            "594425479261597",
            "order_status_update",
            "UTILITY",
            "APPROVED",
            "Hello {{customer_name}}, your order is {{status}}. Thanks!",
            "NONE",
        ),
        (
            "594425479261598",
            "spring_check_up",
            "MARKETING",
            "PENDING",
            "Spring is here, {{1}}: time for a check-up?",
            "NONE",
        ),
        (
            "594425479261599",
            "invoice_overdue",
            "UTILITY",
            "REJECTED",
            "Your invoice {{1}} is overdue!!!",
            "INVALID_FORMAT",
        ),
        ("594425479261600", "weekend_offer", "MARKETING", "PAUSED", "This weekend only: {{1}} off.", "NONE"),
    ] {
        simulator.add_template(json!({ "id": id, "name": name, "language": "en_US", "category": category, "status": status,
            "parameter_format": if body.contains("customer_name") { "NAMED" } else { "POSITIONAL" }, "rejected_reason": reason,
            "components": [ { "type": "BODY", "text": body }, { "type": "FOOTER", "text": "Lumen Dental" } ] }));
    }
}

/// Adds the message history from before the demo starts.
fn history(simulator: &Simulator) {
    let now = simulator.shared.now();
    let before = |hours: i64, minutes: i64| now - hours * HOUR_MS - minutes * 60_000;
    let say = |number: &str, person: &Person, words: &str, at: i64| {
        simulator.says_at(number, person, &Saying::text(words), at);
    };
    for (name, phone, question, answer, hours) in [
        (
            "Hanna Lindqvist",
            "15550100041",
            "When is invoice 2210 due?",
            "Invoice 2210 is due on the 30th. The payment link is on its second page.",
            75,
        ),
        (
            "Omar Haddad",
            "15550100042",
            "Can I pay invoice 2231 in two parts?",
            "Yes: half now and half next month. Reply YES and we send both links.",
            52,
        ),
        (
            "Grace Mbeki",
            "15550100043",
            "I paid yesterday, did it arrive?",
            "It did, thank you. Invoice 2240 is settled.",
            30,
        ),
    ] {
        simulator.add_history(BILLING, &Person::new(name, phone), (question, answer), before(hours, 12));
    }
    let ines = Person::new("Inés Prado", "15550100021");
    say(SUPPORT, &ines, "¿Tienen cita libre el jueves por la tarde?", before(27, 10));
    say(SUPPORT, &ines, "Llámenme si es posible, gracias.", before(27, 8));
    let paul = Person::new("Paul Adeyemi", "15550100022");
    say(BILLING, &paul, "I was charged twice for invoice 2291. Can somebody look?", before(23, 41));
    let yuki = Person::new("田中 由紀", "15550100023");
    say(BILLING, &yuki, "領収書をメールで送っていただけますか？", before(5, 2));
    let leela = Person::new("Leela Nair", "919820000033");
    say(CLINIC, &leela, "Is Dr. Iyer in on Thursday?", before(25, 40));
    let amal = Person::new("أمل حداد", "15550100024");
    say(BILLING, &amal, "هل يمكنني الدفع بالتقسيط؟", before(2, 15));
}

fn last_message_to(simulator: &Simulator, person: &Person) -> Option<String> {
    simulator.shared.world().accepted.iter().rev().find(|sent| sent.to == person.phone).map(|sent| sent.id.clone())
}

fn contact(number: &'static str, name: &str, phone: &str, steps: Vec<Step>) -> Contact {
    Contact { number, person: Person::new(name, phone), steps }
}

fn text(words: &str) -> Step {
    Say(Saying::text(words))
}

fn contacts() -> Vec<Contact> {
    [first_contacts(), troubled_contacts(), later_contacts()].into_iter().flatten().collect()
}

fn first_contacts() -> Vec<Contact> {
    vec![
        contact(
            SUPPORT,
            "Rosa Field",
            "15550100011",
            vec![text("Hi! Are you open on Saturday?"), AwaitReply, Wait(1_500), React("👍")],
        ),
        contact(
            SUPPORT,
            "Ana Ruiz",
            "15550100012",
            vec![
                text("hello"),
                text("my order A-17"),
                text("where is it? 📦"),
                AwaitReply,
                text("Great, thanks!"),
                AwaitReply,
            ],
        ),
        contact(
            SUPPORT,
            "Marta Klein",
            "15550100029",
            vec![text("Kann ich meinen Termin auf nächste Woche verschieben?")],
        ),
        contact(BILLING, "Paul Adeyemi", "15550100022", vec![text("Any news about my invoice?")]),
        contact(SUPPORT, "मीरा शर्मा", "15550100013", vec![text("नमस्ते, क्या आज अपॉइंटमेंट मिल सकता है?"), AwaitReply]),
        contact(
            SUPPORT,
            "Kenji 健二",
            "15550100014",
            vec![Say(Saying::Image { caption: Some("この歯が痛いです 🦷".into()) }), AwaitReply],
        ),
        contact(
            SUPPORT,
            "Omar Haddad",
            "15550100015",
            vec![Say(Saying::Voice { transcript: Some("I would like to talk to a person please".into()) }), AwaitReply],
        ),
    ]
}

/// Returns contacts with odd names, and contacts whose messages fail.
fn troubled_contacts() -> Vec<Contact> {
    vec![
        contact(
            SUPPORT,
            "Lena Fischer",
            "15550100016",
            vec![text("Was kostet eine Zahnreinigung? (price list)"), AwaitReply],
        ),
        contact(SUPPORT, "Tomás Vega", "15550100017", vec![text("are you open tomorrow?"), AwaitReply]),
        contact(
            SUPPORT,
            "Iris Lund",
            "15550100018",
            vec![text("Is my order ready?"), Fault(SendFault::LoseAnswer), AwaitReply, Wait(2_000)],
        ),
        contact(
            SUPPORT,
            "Bobby\u{1b}[2J \u{202e}Tables",
            "15550100019",
            vec![text("\u{1b}]0;pwned\u{7}Robert'); DROP TABLE messages;--"), AwaitReply],
        ),
        contact(
            SUPPORT,
            "Chloé Martin",
            "15550100020",
            vec![
                text("Bonjour, where are you?"),
                Fault(SendFault::graph(400, 130_429, "Rate limit hit")),
                AwaitReply,
                Say(Saying::Location { name: "Gare du Nord".into(), latitude: 48.88, longitude: 2.355 }),
                AwaitReply,
            ],
        ),
    ]
}

fn later_contacts() -> Vec<Contact> {
    vec![
        contact(
            SUPPORT,
            "Lucía Ortega",
            "15550100030",
            vec![text("Buenos días, quisiera saber cuándo estará lista mi factura, por favor")],
        ),
        contact(
            CLINIC,
            "आशा राव",
            "919820000031",
            vec![text("नमस्ते, मेरा अगला सत्र कब है?"), AwaitReply, text("धन्यवाद 🙏")],
        ),
        contact(
            CLINIC,
            "Ravi Menon",
            "919820000032",
            vec![
                Say(Saying::Button { text: "I will be there".into(), payload: "reply_1".into() }),
                AwaitReply,
                Say(Saying::Image { caption: Some("my sleep diary".into()) }),
                AwaitReply,
            ],
        ),
        contact(CLINIC, "Nikhil Shah", "919820000034", vec![text("please call me, I am not well"), AwaitReply]),
        contact(
            BILLING,
            "Yusuf Demir",
            "15550100025",
            vec![
                Say(Saying::Document { file_name: "receipt-2291.pdf".into() }),
                text("this is the receipt"),
                Wait(800),
            ],
        ),
        contact(BILLING, "田中 由紀", "15550100023", vec![Say(Saying::Sticker)]),
        contact(
            SUPPORT,
            "Nadia Rahman",
            "15550100026",
            vec![
                Say(Saying::Choice { id: "keep".into(), title: "Keep my appointment".into() }),
                AwaitReply,
                React("🙏"),
            ],
        ),
    ]
}
