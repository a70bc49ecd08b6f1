//! Random webhooks of everything that contacts, phones and platforms send.

use serde_json::{Value, json};
use wadeck::domain::time::Timestamp;

use crate::cases::ONE;
use crate::stage::SUPPORT;

const TWO: &str = "106540352242933";

/// Numbers that look random, the same for the same seed.
pub struct Dice {
    state: u64,
    /// Nearly everything is words of contacts: what is known of them is then rarely looked up anew.
    words: bool,
}

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, words: !seed.is_multiple_of(3) }
    }

    /// A number from 0 up to, but not including, `upto`.
    pub fn below(&mut self, upto: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % upto
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).expect("small")].clone()
    }
}

/// One request as it comes.
pub struct Letter {
    pub path: &'static str,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: String,
}

struct Post<'d> {
    dice: &'d mut Dice,
    serial: u64,
    items: u64,
    now: i64,
    sent: &'d [String],
}

/// The next request; `serial` counts them. `sent` are the ids of messages that went out.
pub fn letter(dice: &mut Dice, serial: u64, now: Timestamp, sent: &[String]) -> Letter {
    let mut post = Post { dice, serial, items: 0, now: now.millis() / 1_000, sent };
    if post.dice.below(4) == 0 { post.kapso() } else { post.meta() }
}

impl Post<'_> {
    fn meta(&mut self) -> Letter {
        let changes: Vec<Value> = (0..=self.dice.below(3)).map(|_| self.change()).collect();
        let body = json!({ "object": "whatsapp_business_account", "serial": self.serial,
            "entry": [{ "id": "102290129340398", "changes": changes }] });
        Letter { path: "/webhook/meta", headers: vec![], body: body.to_string() }
    }

    fn kapso(&mut self) -> Letter {
        let count = self.dice.below(4);
        let body = match count {
            0 => self.kapso_item(),
            _ => {
                let items: Vec<Value> = (0..count).map(|_| self.kapso_item()).collect();
                json!({ "batch": true, "data": items })
            }
        };
        let mut body = body;
        body["serial"] = self.serial.into();
        let headers = if count == 0 { vec![] } else { vec![("x-webhook-batch", "true")] };
        Letter { path: "/webhook/kapso/messages", headers, body: body.to_string() }
    }

    /// An id, mostly a new one.
    fn id(&mut self) -> String {
        self.items += 1;
        let again = if self.dice.words { 20 } else { 5 };
        if self.dice.below(again) == 0 { self.known_id() } else { format!("wamid.{}.{}", self.serial, self.items) }
    }

    /// The id of a message that perhaps came, or comes yet.
    fn known_id(&mut self) -> String {
        let serial = (self.serial + 1).saturating_sub(self.dice.below(6));
        format!("wamid.{serial}.{}", 1 + self.dice.below(2))
    }

    fn time(&mut self) -> String {
        let back = self.dice.one_of(&[0, 0, 0, 1, 1, 2, 5, 60, 25_000, 90_000, -3, self.now]);
        (self.now - back).to_string()
    }

    fn phone(&mut self) -> &'static str {
        self.dice.one_of(&["15551600001", "15551600001", "15551600002", "5215512345678", "525512345678", "15550783882"])
    }

    fn user(&mut self) -> &'static str {
        self.dice.one_of(&["US.1", "US.1", "US.2"])
    }

    fn words(&mut self) -> &'static str {
        self.dice.one_of(&["hello", "and one more", "STOP", "START", "price", "\u{1f44d}", "is it open?", ""])
    }

    fn around(&mut self) -> Value {
        let number = self.dice.one_of(&[ONE, ONE, TWO, TWO, "999000999000"]);
        let number = if number == "999000999000" && self.dice.below(3) > 0 { ONE } else { number };
        let name = self.dice.one_of(&["Ana", "Ana", "Anna", "Ben"]);
        let contacts = match self.dice.below(4) {
            0 => json!([]),
            1 => json!([{ "wa_id": self.phone(), "profile": { "name": name }, "user_id": self.user() }]),
            _ => {
                json!([{ "wa_id": "15551600001", "profile": { "name": name } }, { "wa_id": "15551600002", "profile": { "name": "Bo" } }])
            }
        };
        json!({ "messaging_product": "whatsapp", "contacts": contacts,
            "metadata": { "display_phone_number": "15550783881", "phone_number_id": number } })
    }

    fn change(&mut self) -> Value {
        let mut value = self.around();
        let rare = !self.dice.words || self.dice.below(20) == 0;
        let field = match if rare { self.dice.below(20) } else { self.dice.one_of(&[1, 1, 9, 20, 20, 20]) } {
            0 => {
                value["history"] = json!([{ "metadata": { "phase": 0 }, "threads": [{ "id": "15551600001",
                    "messages": [self.message("old")] }] }]);
                "history"
            }
            9 => {
                value["message_echoes"] = json!([{ "from": "15550783881", "to": self.phone(), "id": self.id(),
                    "timestamp": self.time(), "type": "text", "text": { "body": "from the phone" } }]);
                "smb_message_echoes"
            }
            1..=3 => {
                let statuses: Vec<Value> = (0..=self.dice.below(3)).map(|_| self.status()).collect();
                value["statuses"] = statuses.into();
                "messages"
            }
            4 => {
                let wish = self.dice.one_of(&["stop", "resume"]);
                value["user_preferences"] = json!([{ "wa_id": self.phone(), "category": "marketing_messages", "value": wish, "timestamp": self.now }]);
                "user_preferences"
            }
            5 => {
                value["standby"] = json!({ "messages": [self.message("standby")] });
                "standby"
            }
            6 => return self.handover(),
            7 => {
                value["state_sync"] = json!([{ "type": "contact", "action": "add",
                    "contact": { "full_name": "Book Name", "phone_number": self.phone() }, "metadata": { "timestamp": self.now.to_string() } }]);
                "smb_app_state_sync"
            }
            8 => {
                value["calls"] = json!([{ "id": self.id(), "from": self.phone(), "to": "15550783881", "event": "terminate",
                    "direction": "USER_INITIATED", "timestamp": self.time(), "status": "FAILED" }]);
                "calls"
            }
            _ => {
                let messages: Vec<Value> = (0..=self.dice.below(3)).map(|_| self.message("messages")).collect();
                value["messages"] = messages.into();
                "messages"
            }
        };
        json!({ "field": field, "value": value })
    }

    fn status(&mut self) -> Value {
        let status =
            self.dice.one_of(&["sent", "delivered", "delivered", "read", "read", "failed", "failed", "warning"]);
        let id = match self.sent {
            [] => self.known_id(),
            sent if self.dice.below(5) > 0 => self.dice.one_of(sent),
            _ => self.known_id(),
        };
        let mut told = json!({ "id": id, "recipient_id": self.phone(), "status": status, "timestamp": self.time() });
        // Of no reach, out of the window, not wanted, a template that is paused, a fault that passes.
        let code = self.dice.one_of(&[0, 131_026, 131_026, 131_047, 131_049, 131_050, 132_015, 131_000]);
        if status == "failed" && code > 0 {
            told["errors"] = json!([{ "code": code, "title": "Undeliverable" }]);
        }
        if self.dice.below(3) > 0 {
            let category = self.dice.one_of(&["marketing", "utility", "service"]);
            let billable = self.dice.below(3) > 0;
            told["pricing"] =
                json!({ "billable": billable, "pricing_model": "PMP", "type": "regular", "category": category });
        }
        told
    }

    fn handover(&mut self) -> Value {
        let what = self.dice.one_of(&["pass_thread_control", "take_thread_control"]);
        let (before, after) = self.dice.one_of(&[("escalation", "ai_agent"), ("ai_agent", "escalation")]);
        json!({ "field": "messaging_handovers", "value": { "messaging_product": "whatsapp",
            "recipient": { "display_phone_number": "15550783881", "phone_number_id": ONE },
            "sender": { "phone_number": self.phone() }, "timestamp": self.time(), "type": what,
            (what): { "previous_owner_role": before, "new_owner_role": after, "metadata": "why" } } })
    }

    fn message(&mut self, field: &str) -> Value {
        let mut message = json!({ "id": self.id(), "timestamp": self.time() });
        match self.dice.below(8) {
            0 => message["from_user_id"] = self.user().into(),
            1 => {
                message["from"] = self.phone().into();
                message["from_user_id"] = self.user().into();
            }
            _ => message["from"] = self.phone().into(),
        }
        let rare = !self.dice.words || self.dice.below(12) == 0;
        let kind = if field == "messages" && rare { self.dice.below(20) } else { 0 };
        let (kind, content) = match kind {
            1 | 2 => (
                "reaction",
                json!({ "message_id": self.known_id(), "emoji": self.dice.one_of(&["\u{1f44d}", "\u{2764}", ""]) }),
            ),
            3 => (
                "edit",
                json!({ "original_message_id": self.known_id(),
                "message": { "type": "text", "text": { "body": self.words() } } }),
            ),
            4 => ("revoke", json!({ "original_message_id": self.known_id() })),
            5 => (
                "image",
                json!({ "id": format!("media{}", self.serial), "mime_type": "image/jpeg", "caption": self.words() }),
            ),
            6 => {
                let phone = self.phone();
                ("system", json!({ "body": "changed", "wa_id": phone, "type": "user_changed_number" }))
            }
            7 => ("sticker", json!({ "id": format!("media{}", self.serial), "mime_type": "image/webp" })),
            8 => ("unsupported", json!({ "type": "poll" })),
            9 => {
                message["group_id"] = "1203630@g.us".into();
                ("text", json!({ "body": self.words() }))
            }
            10 => {
                message.as_object_mut().expect("an object").remove("from");
                ("text", json!({ "body": "nobody said it" }))
            }
            11 => (
                "system",
                json!({ "body": "id changed", "previous_user_id": "US.1", "user_id": "US.3", "type": "user_changed_user_id" }),
            ),
            _ => ("text", json!({ "body": self.words() })),
        };
        message["type"] = kind.into();
        message[kind] = content;
        if self.dice.below(6) == 0 {
            message["context"] = json!({ "id": self.known_id() });
        }
        message
    }

    fn kapso_item(&mut self) -> Value {
        let rare = !self.dice.words || self.dice.below(12) == 0;
        match if rare { self.dice.below(14) } else { self.dice.one_of(&[4, 14, 14, 14]) } {
            0 => json!({ "event": "workflow.execution.handoff", "whatsapp_conversation_id": self.conversation(),
                "handoff": { "reason": "asked" } }),
            1 => json!({ "type": "whatsapp.phone_number.deleted", "phone_number_id": SUPPORT }),
            2 => {
                json!({ "type": "whatsapp.phone_number.created", "phone_number_id": self.dice.one_of(&[SUPPORT, "123123123"]), "customer": { "id": "c" } })
            }
            3 => json!({ "message": { "timestamp": "1" } }),
            4 => {
                json!({ "message": { "id": self.id(), "timestamp": self.time(), "type": "text", "text": { "body": "sent elsewhere" },
                "kapso": { "direction": "outbound", "status": "delivered", "origin": self.dice.one_of(&["cloud_api", "business_app"]) } },
                "conversation": { "id": self.conversation(), "phone_number": format!("+{}", self.phone()) }, "phone_number_id": SUPPORT })
            }
            5 => {
                let mut item = self.kapso_received();
                item["test"] = true.into();
                item
            }
            6 => {
                json!({ "type": "whatsapp.message.delivered", "message_id": self.known_id(), "status": "delivered", "phone_number_id": SUPPORT })
            }
            _ => self.kapso_received(),
        }
    }

    fn conversation(&mut self) -> String {
        format!("conversation-{}", self.dice.below(3))
    }

    fn kapso_received(&mut self) -> Value {
        let number = if self.dice.below(6) == 0 { "999000999000" } else { SUPPORT };
        let mut message = self.message("messages");
        message["kapso"] = json!({ "direction": "inbound", "status": "received",
            "origin": self.dice.one_of(&["cloud_api", "cloud_api", "history_sync"]) });
        let mut item = json!({ "message": message, "phone_number_id": number, "conversation": { "id": self.conversation(),
            "phone_number": format!("+{}", self.phone()), "status": "active", "phone_number_id": number,
            "kapso": { "contact_name": self.dice.one_of(&["Ana", "Rosa"]), "messages_count": self.serial } } });
        if self.dice.below(4) == 0 {
            item["is_new_conversation"] = (self.dice.below(2) == 0).into();
        }
        item
    }
}
