//! Bills: messages that were sent over a number are charged by a rate card that nobody is shown, with planted mistakes.

use serde_json::{Value, json};

use super::Simulator;
use super::payload::conversation_id;

/// Messages of one webhook.
const BATCH: usize = 250;
/// One of so many messages is charged wrongly.
const MISTAKES: u32 = 150;

/// Calling code, market, and the prices of marketing, utility, authentication and service in millionths of a dollar.
pub const PRICES: [(&str, &str, [u64; 4]); 5] = [
    ("49", "Germany", [131_500, 55_000, 76_800, 55_000]),
    ("91", "+91", [11_300, 1_400, 1_400, 0]),
    ("55", "Brazil", [62_500, 6_800, 6_800, 6_800]),
    ("1", "North America", [25_000, 3_401, 3_399, 3_400]),
    ("372", "Other", [60_400, 7_700, 12_345, 7_701]),
];

/// Categories in the order of the prices; messages of the last one are no templates.
pub const CATEGORIES: [&str; 4] = ["marketing", "utility", "authentication", "service"];

/// What a provider asks for, and where it is wrong.
#[derive(Debug, Default)]
pub struct Bill {
    /// The sum in millionths of a dollar.
    pub micros: u64,
    pub charged: u32,
    /// Ids of messages that are charged wrongly, each with the part of the statement that is wrong.
    pub planted: Vec<(String, &'static str)>,
}

/// How one message is charged: the sum, and the members of its statuses.
struct Charge {
    micros: Option<u64>,
    told: Value,
    wrong: Option<&'static str>,
}

fn told(billable: bool, kind: Option<&str>, category: &str) -> Value {
    let mut pricing = json!({ "billable": billable, "pricing_model": "PMP", "category": category });
    if let Some(kind) = kind {
        pricing["type"] = kind.into();
    }
    json!({ "pricing": pricing })
}

/// Charges a message of a category. `plant` asks for a mistake of one of three kinds, where the category allows it.
fn charge(prices: [u64; 4], category: usize, plant: Option<u32>, in_entry_point: bool, at: i64) -> Charge {
    let regular = |category: usize| told(true, Some("regular"), CATEGORIES[category]);
    let wrong = match (plant, category) {
        (Some(0), 1) => Some(Charge { micros: Some(prices[0]), told: regular(0), wrong: Some("category") }),
        (Some(1), 0..=2) => {
            Some(Charge { micros: None, told: told(false, None, CATEGORIES[category]), wrong: Some("billable") })
        }
        (Some(2), 3) if prices[3] == 0 => Some(Charge { micros: Some(0), told: regular(3), wrong: Some("billable") }),
        _ => None,
    };
    if let Some(wrong) = wrong {
        return wrong;
    }
    if in_entry_point {
        let mut told = told(false, Some("free_entry_point"), "referral_conversion");
        told["conversation"] = json!({ "id": "entry", "expiration_timestamp": (at / 1_000 + 200_000).to_string(),
            "origin": { "type": "referral_conversion" } });
        return Charge { micros: None, told, wrong: None };
    }
    match prices[category] {
        0 => Charge { micros: None, told: told(false, Some("free_customer_service"), "service"), wrong: None },
        price => Charge { micros: Some(price), told: regular(category), wrong: None },
    }
}

impl Simulator {
    /// Has another program send messages over a number, and posts their statuses in batches: in any order, some twice.
    /// Returns the bill. Templates are called `bill_` and their category.
    pub fn bills(&self, phone_number_id: &str, count: u32) -> Bill {
        let now = self.shared.now();
        let mut bill = Bill::default();
        let mut items = vec![];
        for number in 0..count {
            let mut world = self.shared.world();
            let id = world.new_id("BILL");
            let (code, _, prices) = PRICES[(number % 5) as usize];
            let phone = format!("{code}{:08}", 15_000_000 + number / 20 % 2_000);
            let category = world.random_below(4) as usize;
            let plant = (number % MISTAKES == 7).then(|| world.random_below(3));
            let charge = charge(prices, category, plant, world.random_below(30) == 0, now);
            let fails = charge.wrong.is_none() && world.random_below(40) == 0;
            let (swapped, twice) = (world.random_below(2) == 0, world.random_below(10) == 0);
            drop(world);
            let status = |name: &str, after: i64, more: &Value| {
                let mut status = json!({ "id": id, "status": name, "timestamp": (now / 1_000 - 3_600 + after).to_string(),
                    "recipient_id": phone });
                for (name, value) in more.as_object().into_iter().flatten() {
                    status[name] = value.clone();
                }
                status
            };
            let failure = json!({ "errors": [{ "code": 131_026, "title": "Message undeliverable" }] });
            let last = if fails { status("failed", 4, &failure) } else { status("delivered", 4, &charge.told) };
            let mut statuses = vec![status("sent", 1, &charge.told), last];
            if swapped {
                statuses.reverse();
            }
            let item = item(phone_number_id, &id, &phone, category, &statuses);
            if twice {
                items.push(item.clone());
            }
            items.push(item);
            if let Some(micros) = charge.micros.filter(|_| !fails) {
                bill.micros += micros;
                bill.charged += 1;
            }
            bill.planted.extend(charge.wrong.map(|what| (id, what)));
        }
        for batch in items.chunks(BATCH) {
            self.post_raw("whatsapp.message.delivered", &json!({ "data": batch }));
        }
        bill
    }
}

fn item(phone_number_id: &str, id: &str, phone: &str, category: usize, statuses: &[Value]) -> Value {
    let mut message = json!({ "id": id, "to": phone, "timestamp": statuses[0]["timestamp"],
        "kapso": { "direction": "outbound", "status": statuses[statuses.len() - 1]["status"], "origin": "cloud_api",
            "statuses": statuses } });
    match CATEGORIES[category] {
        "service" => {
            message["type"] = "text".into();
            message["text"] = json!({ "body": "on its way" });
        }
        name => {
            message["type"] = "template".into();
            message["template"] = json!({ "name": format!("bill_{name}"), "language": { "code": "en" } });
        }
    }
    json!({ "message": message, "phone_number_id": phone_number_id, "conversation": {
        "id": conversation_id(phone_number_id, phone), "phone_number": format!("+{phone}"), "status": "active",
        "phone_number_id": phone_number_id } })
}
