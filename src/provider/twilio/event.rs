//! Parses inbound messages and status callbacks, which are forms. Source: parts 3 and 4.

use super::dictionary;
use super::form::{Form, query};
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::costs::amount::{self, Amount, Currency};
use crate::domain::costs::statement::PricingReport;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::inbound::delivery::RawDelivery;
use crate::domain::inbound::event::{
    Direction, InboundEvent, MessageEvent, OWN_TEST, Origin, OtherStatus, StatusEvent,
};
use crate::domain::message::content::{Content, InteractiveReply};
use crate::domain::message::inbound_content::Extras;
use crate::domain::message::media::Media;
use crate::domain::message::status::{DeliveryStatus, StatusReport};
use crate::domain::number;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::provider::{Reading, Unreadable};

/// Files of one message that are read at most. WhatsApp has one per message; the form allows more.
const MAX_FILES: usize = 10;

/// Parameters that every message has, whatever its content.
const ENVELOPE: [&str; 15] = [
    "AccountSid",
    "ApiVersion",
    "Body",
    "ExternalUserId",
    "From",
    "MessageSid",
    "MessageType",
    "MessagingServiceSid",
    "NumMedia",
    "NumSegments",
    "ProfileName",
    "SmsMessageSid",
    "SmsSid",
    "SmsStatus",
    "To",
];

pub(super) fn read(delivery: &RawDelivery) -> Result<Reading, Unreadable> {
    let form = Form::of(delivery);
    let id = form.get("MessageSid").or_else(|| form.get("SmsSid")).or_else(|| form.get("SmsMessageSid"));
    let Some(id) = id else {
        return Err(Unreadable("it names no message: MessageSid is missing".into()));
    };
    // Only a callback has `MessageStatus`; the status of an inbound message is always `received`.
    if let Some(told) = form.get("MessageStatus") {
        return Ok(Reading {
            event: format!("status {}", clean(told)),
            events: vec![status(&form, delivery, id, told)],
            notes: vec![],
        });
    }
    let kind = form.get("MessageType").unwrap_or("message");
    if let Some(why) = other_channel(&form) {
        return Ok(Reading { event: clean(kind), events: vec![InboundEvent::Unreadable { why }], notes: vec![] });
    }
    Ok(Reading { event: clean(kind), events: messages(&form, delivery.received_at, id), notes: vec![] })
}

/// Returns the reason why a message of another channel is not read. Its sender is no WhatsApp contact. `None` for
/// WhatsApp. Source: part 1.2.
fn other_channel(form: &Form) -> Option<String> {
    let from = form.get("From").unwrap_or_default();
    let other = |address: &str| !address.is_empty() && !address.starts_with("whatsapp:");
    let told = [from, form.get("To").unwrap_or_default()].into_iter().find(|address| other(address))?;
    let channel = told.split_once(':').map_or("SMS", |(channel, _)| channel);
    Some(format!("it came over {}, not over WhatsApp (from {})", clean(channel), clean(from)))
}

fn clean(name: &str) -> String {
    crate::domain::text::clean_line(name).chars().take(60).collect()
}

/// Parses an address: `whatsapp:+15550100001` is a phone number, `whatsapp:IN.1A2B` a user id.
pub(super) fn address(spelt: &str) -> Option<Address> {
    // Some senders put the prefix twice.
    let mut bare = spelt.trim();
    while let Some(rest) = bare.strip_prefix("whatsapp:") {
        bare = rest;
    }
    match PhoneNumber::parse_short(bare) {
        Ok(number) => Some(Address::Phone(number)),
        Err(_) if bare.contains('.') && bare.len() <= 140 => Some(Address::User(bare.to_owned())),
        Err(_) => None,
    }
}

/// Returns the digits of one of our own numbers, which serve as its `phone_number_id`.
pub(super) fn own_number(spelt: Option<&str>) -> String {
    spelt.unwrap_or_default().chars().filter(char::is_ascii_digit).collect()
}

/// Maps a status word to a delivery status. `None` for unknown words.
pub(super) fn progress(name: &str) -> Option<DeliveryStatus> {
    match name {
        "accepted" | "scheduled" | "queued" | "sending" => Some(DeliveryStatus::Accepted),
        "sent" => Some(DeliveryStatus::Sent),
        "delivered" | "partially_delivered" => Some(DeliveryStatus::Delivered),
        "read" => Some(DeliveryStatus::Read),
        "failed" | "undelivered" | "canceled" => Some(DeliveryStatus::Failed),
        _ => None,
    }
}

/// Returns the failure of a message by its status, error code and error text.
pub(super) fn failure(status: &str, code: Option<&str>, said: Option<&str>) -> Failure {
    // A code of 0 means that there is none.
    match code.filter(|code| *code != "0") {
        Some(code) => dictionary::failure(code, None, said.unwrap_or_default()),
        None if status == "canceled" => Failure::own(
            FailureClass::Withdrawn,
            "Cancelled",
            "The message was kept for its time at the provider, and was cancelled there before it went.",
            "Send it again where it is still wanted.",
        ),
        None => Failure::without_reason().saying(said.unwrap_or_default()),
    }
}

/// The price of a message, which the platform writes as what an account is charged: below zero. Nothing is reported where
/// one of both is missing or the price is none. Source: part 2.2.
pub(super) fn priced(price: Option<&str>, unit: Option<&str>) -> PricingReport {
    let micros = price.and_then(|price| amount::micros(price.trim().trim_start_matches('-')));
    let price = micros.zip(unit.and_then(Currency::parse)).map(|(micros, currency)| Amount { currency, micros });
    PricingReport { price, ..PricingReport::default() }
}

fn status(form: &Form, delivery: &RawDelivery, id: &str, told: &str) -> InboundEvent {
    let status = progress(told);
    let raw = String::from_utf8_lossy(&delivery.body).into_owned();
    let at = delivery.received_at;
    let said = ["ChannelStatusMessage", "ErrorMessage"].iter().find_map(|name| form.get(name));
    let failure = (status == Some(DeliveryStatus::Failed)).then(|| failure(told, form.get("ErrorCode"), said));
    let pricing = priced(form.get("Price"), form.get("PriceUnit"));
    let other = match status {
        Some(_) => vec![],
        None => vec![OtherStatus { word: Untrusted::from(told), at, raw: raw.clone() }],
    };
    InboundEvent::Status(StatusEvent {
        phone_number_id: own_number(form.get("From")),
        provider_message_id: id.to_owned(),
        // A callback has no timestamp, so its arrival counts.
        raw_statuses: status.iter().map(|_| raw.clone()).collect(),
        statuses: status.map(|status| StatusReport { status, at, failure, pricing }).into_iter().collect(),
        other_statuses: other,
        reference: query(&delivery.path, "ref"),
    })
}

fn messages(form: &Form, received_at: Timestamp, id: &str) -> Vec<InboundEvent> {
    let user = form.get("ExternalUserId").map(|id| Address::User(id.trim_start_matches("whatsapp:").to_owned()));
    let mut contact: Vec<Address> = user.into_iter().collect();
    for told in [form.get("From").and_then(address), form.get("WaId").and_then(address)].into_iter().flatten() {
        let known = contact.iter().any(|one| *one == told || (one.phone().is_some() && told.phone().is_some()));
        if !known {
            contact.push(told);
        }
    }
    let base = MessageEvent {
        phone_number_id: own_number(form.get("To")),
        provider_message_id: id.to_owned(),
        direction: Direction::Inbound,
        origin: Origin::Api,
        contact,
        contact_name: form.get("ProfileName").map(Untrusted::from),
        content: content(form),
        sent_at: received_at,
        reply_to: form.get("OriginalRepliedMessageSid").map(str::to_owned),
        statuses: vec![],
        raw_statuses: vec![],
        other_statuses: vec![],
        reference: None,
        first_contact: None,
        counts: None,
        test: id.starts_with(OWN_TEST),
        extras: extras(form),
        group: None,
        moved: None,
        conversation: None,
    };
    let more = (1..files(form)).filter_map(|index| {
        let content = file(form, index, None)?;
        Some(MessageEvent { provider_message_id: format!("{id}:{index}"), content, ..base.clone() })
    });
    let more: Vec<MessageEvent> = more.collect();
    std::iter::once(base).chain(more).map(|message| InboundEvent::Message(Box::new(message))).collect()
}

/// Returns the number of files: the larger of `NumMedia` and the URLs that are present.
fn files(form: &Form) -> usize {
    let told = form.get("NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0_usize);
    let there = (0..MAX_FILES).rev().find(|index| media_url(form, *index).is_some()).map_or(0, |last| last + 1);
    told.min(MAX_FILES).max(there)
}

/// Returns the URL of a file. The first one has been observed without an index.
fn media_url(form: &Form, index: usize) -> Option<&str> {
    form.get(&format!("MediaUrl{index}")).or_else(|| form.get("MediaUrl").filter(|_| index == 0))
}

/// Parses the advertisement that led to the message, and the forwarded flags.
fn extras(form: &Form) -> Extras {
    let flag = |name: &str| form.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let members = form.starting("Referral").map(|(name, value)| (name.to_owned(), Untrusted::from(value))).collect();
    let often = flag("FrequentlyForwarded");
    Extras {
        referral: referral(form),
        referral_members: members,
        forwarded: (often || flag("Forwarded")).then_some(often),
        ..Extras::default()
    }
}

fn referral(form: &Form) -> Option<Untrusted> {
    let names = ["ReferralSourceType", "ReferralHeadline", "ReferralBody", "ReferralSourceUrl"];
    let line = names.iter().filter_map(|name| form.get(name)).collect::<Vec<_>>().join(" \u{b7} ");
    (!line.is_empty()).then(|| Untrusted::new(line))
}

fn content(form: &Form) -> Content {
    let text = |name: &str| form.get(name).map(Untrusted::from);
    let degree = |name: &str, range| form.get(name).and_then(|value| number::read(value, range));
    let place = (degree("Latitude", &number::LATITUDE), degree("Longitude", &number::LONGITUDE));
    if let (Some(latitude), Some(longitude)) = place {
        // The body repeats the address.
        let name = text("Label").or_else(|| text("Body").filter(|body| text("Address").as_ref() != Some(body)));
        return Content::Location { latitude, longitude, name, address: text("Address") };
    }
    if form.get("Latitude").is_some() && form.get("Longitude").is_some() {
        return other(form, "location", text("Body").unwrap_or_default());
    }
    if let Some(answer) = text("FlowData").or_else(|| text("InteractiveData").filter(|_| form.get("ListId").is_none()))
    {
        let title = text("Body").unwrap_or_default();
        let id = Untrusted::from("flow");
        return Content::Interactive { reply: InteractiveReply::Form, id, title, description: Some(answer) };
    }
    if let Some(id) = text("ListId") {
        let title = text("ListTitle").or_else(|| text("Body")).unwrap_or_default();
        let description = text("ListDescription");
        return Content::Interactive { reply: InteractiveReply::List, id, title, description };
    }
    if form.get("ButtonPayload").is_some() || form.get("ButtonText").is_some() {
        let words = text("ButtonText").or_else(|| text("Body")).unwrap_or_default();
        return Content::Button { text: words, payload: text("ButtonPayload").unwrap_or_default() };
    }
    if files(form) > 0
        && let Some(file) = file(form, 0, text("Body"))
    {
        return file;
    }
    match form.get("MessageType") {
        Some(kind) if form.get("Body").is_none() && kind != "text" => other(form, &clean(kind), Untrusted::default()),
        _ => Content::Text { body: Untrusted::from(form.get("Body").unwrap_or_default()), referral: None },
    }
}

/// Returns content of an unknown kind, with up to 60 of its parameters.
fn other(form: &Form, kind: &str, summary: Untrusted) -> Content {
    let told = form.sorted().filter(|(name, _)| !ENVELOPE.contains(name));
    let members = told.flat_map(|(name, values)| {
        let named = |value: &str| (name.to_owned(), Untrusted::from(value));
        values.into_iter().filter(|value| !value.is_empty()).map(named).collect::<Vec<_>>()
    });
    Content::Other { kind: kind.to_owned(), summary, members: members.take(60).collect() }
}

/// Returns the file with this index. Its URL serves as its id. `None` where it has no URL.
fn file(form: &Form, index: usize, caption: Option<Untrusted>) -> Option<Content> {
    let id = media_url(form, index)?.to_owned();
    let bare = form.get("MediaContentType").filter(|_| index == 0);
    let mime_type = form.get(&format!("MediaContentType{index}")).or(bare).unwrap_or_default().to_owned();
    Some(of_type(id, mime_type, caption))
}

/// Returns the content of a file by its MIME type. Source: parts 2.6 and 3.2.
pub(super) fn of_type(id: String, mime_type: String, caption: Option<Untrusted>) -> Content {
    let media = Media { id, mime_type, caption, ..Media::default() };
    match media.mime_type.split('/').next().unwrap_or_default() {
        _ if media.mime_type == "image/webp" => Content::Sticker(media),
        _ if media.mime_type.contains("vcard") => {
            Content::Document(Media { file_name: Some("contact.vcf".into()), ..media })
        }
        "image" => Content::Image(media),
        "video" => Content::Video(media),
        "audio" => Content::Audio(Media { voice: media.mime_type.starts_with("audio/ogg"), ..media }),
        _ => Content::Document(media),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_with_invalid_coordinates_is_kept_as_text() {
        for latitude in ["nan", "inf", "-90.1", "north"] {
            for body in ["Body=Pier+4&", ""] {
                let form = format!("{body}Latitude={latitude}&Longitude=12.5");
                let words = content(&Form::read(form.as_bytes())).words();
                let words = words.as_received();
                assert!(words.starts_with("[location]") && words.contains(&format!("Latitude: {latitude}")), "{words}");
                assert_eq!(words.contains("Pier 4"), !body.is_empty(), "{words}");
            }
        }
        let place = content(&Form::read(b"Body=Pier+4&Latitude=-90&Longitude=12.5"));
        assert_eq!(place.words().as_received(), "[location -90.00000,12.50000] Pier 4");
    }
}
