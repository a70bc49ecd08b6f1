//! The sender behind a number: its state, where its webhooks go, and what contacts see. Source: parts 1.2, 3 and 6.

use serde_json::{Value, json};

use super::{Host, Twilio};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::number::Profile;
use crate::domain::text::{Untrusted, clean_line};
use crate::provider::ProviderError;
use crate::provider::cloud_api::graph::{encoded, lacking};
use crate::provider::cloud_api::{text, untrusted};
use crate::provider::numbers::{Profiles, ProviderFuture};

pub(super) const SENDERS: &str = "/v2/Channels/Senders";
/// Pages of fifty: more senders than an account has.
const MOST_PAGES: usize = 20;

/// Kinds of business: as the platform spells them, and as they are spelt here.
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

/// What is known of a sender beside its profile.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// For people, in order.
    pub parts: Vec<String>,
    pub quality: Option<String>,
    /// Where what people write is posted; empty where it goes nowhere.
    pub webhook: Option<String>,
    /// Why nothing goes out over it, where that is so.
    pub off: Option<String>,
}

/// The sender with this number, whole; nothing where the account has none.
pub(super) async fn find(twilio: &Twilio, connection: &Connection) -> Result<Option<Value>, ProviderError> {
    let wanted = format!("whatsapp:{}", connection.phone_number);
    let mut path = format!("{SENDERS}?Channel=whatsapp&PageSize=50");
    for _ in 0..MOST_PAGES {
        let page = twilio.get(connection, Host::Messaging, &path).await?;
        let mut list = page["senders"].as_array().into_iter().flatten();
        if let Some(found) = list.find(|one| text(one, "/sender_id") == Some(wanted.as_str())) {
            let id = text(found, "/sid").ok_or_else(|| lacking("id of the sender"))?;
            let one = format!("{SENDERS}/{}", encoded(id));
            return twilio.get(connection, Host::Messaging, &one).await.map(Some);
        }
        // The next page is named by a whole address: only what lies below our own is followed.
        let next =
            text(&page, "/meta/next_page_url").and_then(|next| next.find("/v2/").map(|at| next[at..].to_owned()));
        match next.filter(|next| next.starts_with(SENDERS)) {
            Some(next) => path = next,
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// How the sender fares. The list may lack one that works all the same: that is told, and no failure.
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
    // The platform's colours, where it is told in words.
    let quality = rated.clone().map(|rated| match rated.as_str() {
        "HIGH" => "GREEN".to_owned(),
        "MEDIUM" => "YELLOW".to_owned(),
        "LOW" => "RED".to_owned(),
        _ => rated,
    });
    let said = [(!status.is_empty()).then(|| format!("sender {}", status.to_lowercase()))];
    let rated = rated.map(|rated| format!("quality {}", rated.to_lowercase()));
    let parts = said.into_iter().flatten().chain(rated).chain(line("/properties/messaging_limit")).collect();
    let webhook = sender["webhook"].is_object().then(|| line("/webhook/callback_url").unwrap_or_default());
    State { parts, quality, webhook, off }
}

/// Some lists hold words, others objects with one word in them.
fn words<'v>(list: &'v Value, name: &str) -> Vec<&'v str> {
    let word = |one: &'v Value| one.as_str().or_else(|| one.get(name).and_then(Value::as_str));
    list.as_array().into_iter().flatten().filter_map(word).collect()
}

fn read_profile(sender: &Value) -> Profile {
    let told = &sender["profile"];
    let field = |path| untrusted(told, path).unwrap_or_default();
    let vertical = text(told, "/vertical").unwrap_or_default();
    Profile {
        about: field("/about"),
        address: field("/address"),
        description: field("/description"),
        email: words(&told["emails"], "email").first().copied().map(Untrusted::from).unwrap_or_default(),
        websites: words(&told["websites"], "website").into_iter().map(Untrusted::from).collect(),
        vertical: ours(vertical).unwrap_or_default().to_owned(),
        picture_url: untrusted(told, "/logo_url").map(|url| url.line()),
    }
}

fn ours(theirs: &str) -> Option<&'static str> {
    VERTICALS.iter().find(|(_, known)| known.eq_ignore_ascii_case(theirs)).map(|(name, _)| *name)
}

/// The profile with what was changed; what is kept there besides stays.
fn changed(sender: &Value, profile: &Profile) -> Value {
    let told = &sender["profile"];
    let mut body = json!({
        "about": profile.about.as_received(),
        "address": profile.address.as_received(),
        "description": profile.description.as_received(),
        "emails": if profile.email.is_empty() { json!([]) } else { json!([profile.email.as_received()]) },
        "websites": profile.websites.iter().map(Untrusted::as_received).collect::<Vec<_>>(),
    });
    for name in ["name", "logo_url"] {
        if let Some(kept) = text(told, &format!("/{name}")) {
            body[name] = kept.into();
        }
    }
    let vertical = VERTICALS.iter().find(|(name, _)| *name == profile.vertical).map(|(_, theirs)| *theirs);
    if let Some(vertical) = vertical.or_else(|| text(told, "/vertical")) {
        body["vertical"] = vertical.into();
    }
    json!({ "profile": body })
}

impl Profiles for Twilio {
    fn profile<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Profile> {
        Box::pin(async move { Ok(read_profile(&known(self, connection).await?)) })
    }

    fn save_profile<'a>(&'a self, connection: &'a Connection, profile: &'a Profile) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            if !profile.vertical.is_empty() && !VERTICALS.iter().any(|(name, _)| *name == profile.vertical) {
                let explanation = format!("This provider has no kind of business that is {}.", profile.vertical);
                let known: Vec<&str> = VERTICALS.iter().map(|(name, _)| *name).collect();
                let remedy = format!("It is one of {}.", known.join(", "));
                return Err(Failure::own(FailureClass::Request, "Unknown business", explanation, remedy).into());
            }
            let sender = known(self, connection).await?;
            let id = text(&sender, "/sid").ok_or_else(|| lacking("id of the sender"))?;
            let path = format!("{SENDERS}/{}", encoded(id));
            let body = changed(&sender, profile);
            let answer = self.answer(connection, Host::Messaging, ("POST", &path, Some(&body))).await?;
            super::api::parsed(&answer).map(|_| ())
        })
    }
}

/// A sandbox has no profile of ours.
pub(super) async fn known(twilio: &Twilio, connection: &Connection) -> Result<Value, ProviderError> {
    find(twilio, connection).await?.ok_or_else(|| {
        let explanation =
            format!("The account's list of senders has no {}, so there is no profile.", connection.phone_number);
        let remedy = "A shared sandbox has none; a number of one's own is made a sender in the provider's console.";
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
    fn a_sender_that_is_off_says_why() {
        let state = read_state(&sender());
        assert_eq!(state.off.as_deref(), Some("The sender is offline: Accept the\u{241b}[31m invitation."));
        assert_eq!(state.quality.as_deref(), Some("YELLOW"));
        assert_eq!(state.parts, ["sender offline", "quality medium", "10K Customers/24hr"]);
        assert_eq!(read_state(&json!({ "status": "ONLINE:UPDATING" })).off, None);
    }

    #[test]
    fn a_profile_is_changed_and_what_it_has_besides_stays() {
        let profile = read_profile(&sender());
        assert_eq!((profile.vertical.as_str(), profile.email.as_received()), ("HEALTH", "hello@lumen.example"));
        let new = Profile { about: "Care, on Sundays too".into(), vertical: String::new(), ..profile };
        let body = changed(&sender(), &new);
        assert_eq!(body["profile"]["about"], "Care, on Sundays too");
        assert_eq!(body["profile"]["name"], "Lumen");
        assert_eq!(body["profile"]["vertical"], "Medical and Health");
        assert_eq!(body["profile"]["emails"], json!(["hello@lumen.example"]));
    }
}
