//! The WhatsApp sender of a number: its state, webhook URLs and business profile. Source: parts 1.2, 3 and 6.

use serde_json::{Value, json};

use super::client::{Host, Twilio, parse_response};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::number::Profile;
use crate::domain::text::{Untrusted, clean_line};
use crate::provider::ProviderError;
use crate::provider::cloud_api::graph::{encoded, missing_field};
use crate::provider::cloud_api::{text, untrusted};
use crate::provider::numbers::{Profiles, ProviderFuture};

pub(super) const SENDERS: &str = "/v2/Channels/Senders";
/// Pages of 50 senders that are read at most, more than an account has.
const MAX_PAGES: usize = 20;

/// Business verticals: Meta's name and this provider's.
const VERTICALS: [(&str, &str); 19] = [
    ("AUTO", "Automotive"),
    ("BEAUTY", "Beauty, Spa and Salon"),
    ("APPAREL", "Clothing and Apparel"),
    ("EDU", "Education"),
    ("ENTERTAIN", "Entertainment"),
    ("EVENT_PLAN", "Event Planning and Service"),
    ("FINANCE", "Finance and Banking"),
    ("GROCERY", "Food and Grocery"),
    ("ALCOHOL", "Alcoholic Beverages"),
    ("GOVT", "Public Service"),
    ("HOTEL", "Hotel and Lodging"),
    ("HEALTH", "Medical and Health"),
    ("OTC_DRUGS", "Over-the-Counter Drugs"),
    ("NONPROFIT", "Non-profit"),
    ("PROF_SERVICES", "Professional Services"),
    ("RETAIL", "Shopping and Retail"),
    ("TRAVEL", "Travel and Transportation"),
    ("RESTAURANT", "Restaurant"),
    ("OTHER", "Other"),
];

/// The state of a sender.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// Facts to show to a person, in order.
    pub parts: Vec<String>,
    pub quality: Option<String>,
    /// The webhook URL of inbound messages; empty where none is set.
    pub webhook: Option<String>,
    /// Why the sender is offline. `None` while it is online.
    pub off: Option<String>,
}

/// Returns the full sender of this number. `None` where the account lists none.
pub(super) async fn find(twilio: &Twilio, connection: &Connection) -> Result<Option<Value>, ProviderError> {
    let sender_id = format!("whatsapp:{}", connection.phone_number);
    let mut path = format!("{SENDERS}?Channel=whatsapp&PageSize=50");
    for _ in 0..MAX_PAGES {
        let page = twilio.get(connection, Host::Messaging, &path).await?;
        let mut list = page["senders"].as_array().into_iter().flatten();
        if let Some(found) = list.find(|one| text(one, "/sender_id") == Some(sender_id.as_str())) {
            let id = text(found, "/sid").ok_or_else(|| missing_field("id of the sender"))?;
            let one = format!("{SENDERS}/{}", encoded(id));
            return twilio.get(connection, Host::Messaging, &one).await.map(Some);
        }
        // The next page is an absolute URL: only its path is used, so that the key goes to our base URL.
        let next =
            text(&page, "/meta/next_page_url").and_then(|next| next.find("/v2/").map(|at| next[at..].to_owned()));
        match next.filter(|next| next.starts_with(SENDERS)) {
            Some(next) => path = next,
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// Returns the state of the sender. A sender may work without being listed, so that is no failure.
pub(super) async fn state(twilio: &Twilio, connection: &Connection) -> Result<State, ProviderError> {
    let unlisted = || State { parts: vec!["not in its list of senders".to_owned()], ..State::default() };
    Ok(find(twilio, connection).await?.map_or_else(unlisted, |sender| read_state(&sender)))
}

fn read_state(sender: &Value) -> State {
    let line = |path| text(sender, path).map(clean_line).filter(|line| !line.is_empty());
    let status = line("/status").unwrap_or_default();
    let reasons = sender["offline_reasons"].as_array().into_iter().flatten();
    let reasons: Vec<String> = reasons.filter_map(|reason| text(reason, "/message")).map(clean_line).collect();
    let online = status.is_empty() || status.to_ascii_uppercase().starts_with("ONLINE");
    let off = (!online).then(|| {
        let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
        format!("The sender is {}{why}.", status.to_lowercase())
    });
    let rated = line("/properties/quality_rating").map(|quality| quality.to_uppercase());
    // Maps words to Meta's colours.
    let quality = rated.clone().map(|rated| match rated.as_str() {
        "HIGH" => "GREEN".to_owned(),
        "MEDIUM" => "YELLOW".to_owned(),
        "LOW" => "RED".to_owned(),
        _ => rated,
    });
    let status_line = [(!status.is_empty()).then(|| format!("sender {}", status.to_lowercase()))];
    let rated = rated.map(|rated| format!("quality {}", rated.to_lowercase()));
    let parts = status_line.into_iter().flatten().chain(rated).chain(line("/properties/messaging_limit")).collect();
    let webhook = sender["webhook"].is_object().then(|| line("/webhook/callback_url").unwrap_or_default());
    State { parts, quality, webhook, off }
}

/// Returns the strings of a list, whose items are strings or objects with a field `name`.
fn words<'v>(list: &'v Value, name: &str) -> Vec<&'v str> {
    let word = |one: &'v Value| one.as_str().or_else(|| one.get(name).and_then(Value::as_str));
    list.as_array().into_iter().flatten().filter_map(word).collect()
}

fn read_profile(sender: &Value) -> Profile {
    let stored = &sender["profile"];
    let field = |path| untrusted(stored, path).unwrap_or_default();
    let vertical = text(stored, "/vertical").unwrap_or_default();
    Profile {
        about: field("/about"),
        address: field("/address"),
        description: field("/description"),
        email: words(&stored["emails"], "email").first().copied().map(Untrusted::from).unwrap_or_default(),
        websites: words(&stored["websites"], "website").into_iter().map(Untrusted::from).collect(),
        vertical: meta_vertical(vertical).unwrap_or_default().to_owned(),
        picture_url: untrusted(stored, "/logo_url").map(|url| url.line()),
    }
}

fn meta_vertical(name: &str) -> Option<&'static str> {
    VERTICALS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(name, _)| *name)
}

/// Returns the request body of a changed profile. Fields that wadeck does not edit keep their value.
fn profile_body(sender: &Value, profile: &Profile) -> Value {
    let stored = &sender["profile"];
    let mut body = json!({
        "about": profile.about.as_received(),
        "address": profile.address.as_received(),
        "description": profile.description.as_received(),
        "emails": if profile.email.is_empty() { json!([]) } else { json!([profile.email.as_received()]) },
        "websites": profile.websites.iter().map(Untrusted::as_received).collect::<Vec<_>>(),
    });
    for name in ["name", "logo_url"] {
        if let Some(kept) = text(stored, &format!("/{name}")) {
            body[name] = kept.into();
        }
    }
    let vertical = VERTICALS.iter().find(|(name, _)| *name == profile.vertical).map(|(_, theirs)| *theirs);
    if let Some(vertical) = vertical.or_else(|| text(stored, "/vertical")) {
        body["vertical"] = vertical.into();
    }
    json!({ "profile": body })
}

impl Profiles for Twilio {
    fn profile<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Profile> {
        Box::pin(async move { Ok(read_profile(&require_sender(self, connection).await?)) })
    }

    fn save_profile<'a>(&'a self, connection: &'a Connection, profile: &'a Profile) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            if !profile.vertical.is_empty() && !VERTICALS.iter().any(|(name, _)| *name == profile.vertical) {
                let explanation = format!("This provider has no kind of business that is {}.", profile.vertical);
                let known: Vec<&str> = VERTICALS.iter().map(|(name, _)| *name).collect();
                let remedy = format!("It is one of {}.", known.join(", "));
                return Err(Failure::own(FailureClass::Request, "Unknown business", explanation, remedy).into());
            }
            let sender = require_sender(self, connection).await?;
            let id = text(&sender, "/sid").ok_or_else(|| missing_field("id of the sender"))?;
            let path = format!("{SENDERS}/{}", encoded(id));
            let body = profile_body(&sender, profile);
            let answer = self.answer(connection, Host::Messaging, ("POST", &path, Some(&body))).await?;
            parse_response(&answer).map(|_| ())
        })
    }
}

/// Returns the full sender of this number. Fails where there is none, as in a shared sandbox.
pub(super) async fn require_sender(twilio: &Twilio, connection: &Connection) -> Result<Value, ProviderError> {
    find(twilio, connection).await?.ok_or_else(|| {
        let explanation =
            format!("The account's list of senders has no {}, so there is no profile.", connection.phone_number);
        let remedy = "A shared sandbox has none; an own number is registered as a sender in the provider's console.";
        Failure::own(FailureClass::Setup, "No such sender", explanation, remedy).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender() -> Value {
        json!({ "sid": "XE1", "status": "OFFLINE", "sender_id": "whatsapp:+15550100300",
            "offline_reasons": [{ "code": "63020", "message": "Accept the\u{1b}[31m invitation" }],
            "webhook": { "callback_url": "https://hooks.example.com/webhook/twilio/messages", "callback_method": "POST" },
            "properties": { "quality_rating": "Medium", "messaging_limit": "10K Customers/24hr" },
            "profile": { "name": "Lumen", "about": "Care", "logo_url": "https://lumen.example/l.png", "vertical": "Medical and Health",
                "emails": [{ "email": "hello@lumen.example", "label": "Email" }], "websites": ["https://lumen.example"] } })
    }

    #[test]
    fn an_offline_sender_reports_its_reason() {
        let state = read_state(&sender());
        assert_eq!(state.off.as_deref(), Some("The sender is offline: Accept the\u{241b}[31m invitation."));
        assert_eq!(state.quality.as_deref(), Some("YELLOW"));
        assert_eq!(state.parts, ["sender offline", "quality medium", "10K Customers/24hr"]);
        assert_eq!(read_state(&json!({ "status": "ONLINE:UPDATING" })).off, None);
    }

    #[test]
    fn a_changed_profile_keeps_its_other_fields() {
        let profile = read_profile(&sender());
        assert_eq!((profile.vertical.as_str(), profile.email.as_received()), ("HEALTH", "hello@lumen.example"));
        let new = Profile { about: "Care, on Sundays too".into(), vertical: String::new(), ..profile };
        let body = profile_body(&sender(), &new);
        assert_eq!(body["profile"]["about"], "Care, on Sundays too");
        assert_eq!(body["profile"]["name"], "Lumen");
        assert_eq!(body["profile"]["vertical"], "Medical and Health");
        assert_eq!(body["profile"]["emails"], json!(["hello@lumen.example"]));
    }
}
