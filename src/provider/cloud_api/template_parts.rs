//! The components of a template message. Source: Cloud API, part 5.6.

use serde_json::{Value, json};

use super::file_object::{FileField, file};
use crate::domain::message::media::Media;
use crate::domain::templates::products::read_sections;
use crate::domain::templates::values::location_of;
use crate::domain::text::Untrusted;

type Parameter = (String, Untrusted);

/// Returns the components from parameters by place: `name` for the body, `header:…`, `button:0:…`, `offer:expires`, and
/// the same behind `card:0:` for the cards of a carousel.
pub(super) fn components(parameters: &[Parameter], media: Option<&Media>) -> Vec<Value> {
    let (in_cards, own): (Vec<&Parameter>, Vec<&Parameter>) =
        parameters.iter().partition(|(key, _)| key.starts_with("card:"));
    let own: Vec<Parameter> = own.into_iter().cloned().collect();
    let mut parts = plain(&own, media);
    let ends = own.iter().find(|(key, _)| key == "offer:expires");
    if let Some(millis) = ends.and_then(|(_, value)| value.as_received().parse::<i64>().ok()) {
        let offer = json!({ "type": "limited_time_offer", "limited_time_offer": { "expiration_time_ms": millis } });
        parts.push(json!({ "type": "limited_time_offer", "parameters": [offer] }));
    }
    let cards = cards(&in_cards);
    if !cards.is_empty() {
        parts.push(json!({ "type": "carousel", "cards": cards }));
    }
    parts
}

fn cards(parameters: &[&Parameter]) -> Vec<Value> {
    let mut cards: Vec<(usize, Vec<Parameter>)> = vec![];
    for (key, value) in parameters {
        let place = key.strip_prefix("card:").and_then(|rest| rest.split_once(':'));
        let Some((Ok(index), key)) = place.map(|(index, key)| (index.parse::<usize>(), key)) else { continue };
        let parameter = (key.to_owned(), value.clone());
        match cards.iter_mut().find(|(known, _)| *known == index) {
            Some((_, card)) => card.push(parameter),
            None => cards.push((index, vec![parameter])),
        }
    }
    cards.sort_by_key(|(index, _)| *index);
    cards.iter().map(|(index, card)| json!({ "card_index": index, "components": plain(card, None) })).collect()
}

/// Header, body and buttons of a message or of a card.
fn plain(parameters: &[Parameter], media: Option<&Media>) -> Vec<Value> {
    let mut parts = vec![];
    if let Some(parameter) = header(parameters, media) {
        parts.push(json!({ "type": "header", "parameters": parameter }));
    }
    let in_body: Vec<_> =
        parameters.iter().filter(|(key, _)| !key.contains(':')).map(|(key, value)| (key.as_str(), value)).collect();
    if !in_body.is_empty() {
        parts.push(json!({ "type": "body", "parameters": texts(&in_body) }));
    }
    parts.extend(buttons(parameters));
    parts
}

fn header(parameters: &[Parameter], media: Option<&Media>) -> Option<Value> {
    let given: Vec<(&str, &Untrusted)> =
        parameters.iter().filter_map(|(key, value)| Some((key.strip_prefix("header:")?, value))).collect();
    let value = |key: &str| given.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_received());
    if let Some(media) = media {
        let kind = match media.mime_type.split('/').next() {
            Some("image") => "image",
            Some("video") => "video",
            _ => "document",
        };
        let fields: &[FileField] = if kind == "document" { &[FileField::FileName] } else { &[] };
        return Some(json!([{ "type": kind, kind: file(media, fields) }]));
    }
    for kind in ["image", "video", "document"] {
        for how in ["link", "id"] {
            if let Some(value) = value(&format!("{kind}:{how}")) {
                return Some(json!([{ "type": kind, kind: { how: value } }]));
            }
        }
    }
    if let (Some(product), Some(catalog)) = (value("product"), value("catalog")) {
        let product = json!({ "product_retailer_id": product, "catalog_id": catalog });
        return Some(json!([{ "type": "product", "product": product }]));
    }
    if let Some([latitude, longitude, name, address]) = location_of(parameters) {
        let location = json!({ "latitude": latitude.as_received(), "longitude": longitude.as_received(),
            "name": name.as_received(), "address": address.as_received() });
        return Some(json!([{ "type": "location", "location": location }]));
    }
    (!given.is_empty()).then(|| texts(&given))
}

/// One component for each button that has values.
fn buttons(parameters: &[Parameter]) -> Vec<Value> {
    let mut buttons: Vec<(&str, Vec<(&str, &str)>)> = vec![];
    for (key, value) in parameters {
        let Some((index, what)) = key.strip_prefix("button:").and_then(|rest| rest.split_once(':')) else { continue };
        let value = (what, value.as_received());
        match buttons.iter_mut().find(|(known, _)| *known == index) {
            Some((_, values)) => values.push(value),
            None => buttons.push((index, vec![value])),
        }
    }
    let component = |(index, values): (&str, Vec<(&str, &str)>)| {
        let (sub_type, parameter) = button(&values);
        json!({ "type": "button", "sub_type": sub_type, "index": index, "parameters": [parameter] })
    };
    buttons.into_iter().map(component).collect()
}

fn button(values: &[(&str, &str)]) -> (&'static str, Value) {
    let value = |what: &str| values.iter().find(|(known, _)| *known == what).map(|(_, value)| *value);
    if let Some(payload) = value("payload") {
        return ("quick_reply", json!({ "type": "payload", "payload": payload }));
    }
    if let Some(code) = value("code") {
        return ("copy_code", json!({ "type": "coupon_code", "coupon_code": code }));
    }
    if let Some(minutes) = value("minutes").and_then(|minutes| minutes.parse::<u32>().ok()) {
        return ("voice_call", json!({ "type": "ttl_minutes", "ttl_minutes": minutes }));
    }
    if value("flow_token").or(value("flow_data")).is_some() {
        let mut action = json!({});
        if let Some(token) = value("flow_token") {
            action["flow_token"] = token.into();
        }
        if let Some(data) = value("flow_data").and_then(|data| serde_json::from_str::<Value>(data).ok()) {
            action["flow_action_data"] = data;
        }
        return ("flow", json!({ "type": "action", "action": action }));
    }
    if let Some(product) = value("product") {
        let mut action = json!({ "thumbnail_product_retailer_id": product });
        let Some(sections) = value("sections").and_then(|text| read_sections("", text).ok()) else {
            return ("catalog", json!({ "type": "action", "action": action }));
        };
        let item = |id: &String| json!({ "product_retailer_id": id });
        action["sections"] = sections
            .iter()
            .map(|one| json!({ "title": one.title, "product_items": one.products.iter().map(item).collect::<Value>() }))
            .collect();
        return ("mpm", json!({ "type": "action", "action": action }));
    }
    let words = values.first().map(|(_, value)| *value).unwrap_or_default();
    ("url", json!({ "type": "text", "text": words }))
}

fn texts(parameters: &[(&str, &Untrusted)]) -> Value {
    let positional = parameters.iter().all(|(name, _)| name.chars().all(|c| c.is_ascii_digit()));
    let parameter = |(name, value): &(&str, &Untrusted)| {
        let mut parameter = json!({ "type": "text", "text": value.as_received() });
        if !positional {
            parameter["parameter_name"] = (*name).into();
        }
        parameter
    };
    parameters.iter().map(parameter).collect()
}
