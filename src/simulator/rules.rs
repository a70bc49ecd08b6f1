//! The rules by which the platform rejects send requests, with their error codes.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::shared::Shared;
use super::world::World;

/// Returns the error response to an invalid send request. `None` if it is accepted.
pub(super) fn rejection(shared: &Shared, number: &str, to: &str, request: &Value, now: i64) -> Option<Response> {
    let invalid =
        |details: &str| Some(graph(StatusCode::BAD_REQUEST, 131_009, "Parameter value is not valid", details));
    if !(8..=15).contains(&to.len()) {
        return invalid("to is not a phone number");
    }
    let world = shared.world();
    if request["type"] == "template" {
        return template_rejection(&world, number, request, now);
    }
    if !world.window_open(number, to, now) {
        if world.numbers.iter().any(|one| one.phone_number_id == number && one.direct) {
            let details =
                "Message failed to send because more than 24 hours have passed since the customer last replied.";
            return Some(graph(StatusCode::BAD_REQUEST, 131_047, "Re-engagement message", details));
        }
        let body = json!({ "error": "Cannot send non-template messages outside the 24-hour window.",
            "next_steps": "Send a WhatsApp template message to reopen the session." });
        return Some((StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response());
    }
    let kind = request["type"].as_str().unwrap_or("text");
    let object = &request[kind];
    if object.is_null() {
        return invalid(&format!("{kind} is missing"));
    }
    let count = |path: &str| object.pointer(path).and_then(Value::as_str).map_or(0, |text| text.chars().count());
    match kind {
        "text" if !(1..=4_096).contains(&count("/body")) => invalid("text.body must have 1 to 4096 characters"),
        "text" => None,
        "image" | "video" | "audio" | "document" | "sticker" => {
            let id = object["id"].as_str().unwrap_or_default();
            let own = world.files.stored.get(id).is_some_and(|file| file.number.as_deref() == Some(number));
            if own {
                (kind == "audio" && object.get("caption").is_some()).then(|| invalid("audio has no caption")).flatten()
            } else {
                let message = format!("Param {kind}.id is not a valid whatsapp business account media attachment ID");
                Some(graph(StatusCode::BAD_REQUEST, 100, &message, &message))
            }
        }
        "location" if object["latitude"].is_number() && object["longitude"].is_number() => None,
        "contacts"
            if object.as_array().is_some_and(|cards| {
                cards
                    .iter()
                    .all(|card| card["name"]["formatted_name"].is_string() && card["name"]["first_name"].is_string())
            }) =>
        {
            None
        }
        "reaction" if request.get("context").is_none() => {
            let target = object["message_id"].as_str().unwrap_or_default();
            let known = world.listed.iter().any(|message| message["id"] == target);
            if known { None } else { invalid("reaction.message_id is not a message of this conversation") }
        }
        "interactive" => interactive(object).and_then(|details| invalid(&details)),
        _ => invalid(&format!("{kind} is not right")),
    }
}

/// Returns a Graph API error response.
fn graph(status: StatusCode, code: u32, message: &str, details: &str) -> Response {
    let body = json!({ "error": { "message": format!("(#{code}) {message}"), "type": "OAuthException", "code": code,
        "error_data": { "messaging_product": "whatsapp", "details": details }, "fbtrace_id": "AbFqT3sWLrYk" } });
    (status, Json(body)).into_response()
}

/// Returns the error response to a template send that is invalid. `None` if it is accepted.
fn template_rejection(world: &World, number: &str, request: &Value, now: i64) -> Option<Response> {
    let name = request["template"]["name"].as_str().unwrap_or_default();
    let language = request["template"]["language"]["code"].as_str().unwrap_or_default();
    let known = world.templates.iter().find(|one| one["name"] == name && one["language"] == language);
    match known {
        None => Some(graph(StatusCode::NOT_FOUND, 132_001, "Template name does not exist in the translation", name)),
        Some(one) if one["status"] == "PAUSED" => {
            Some(graph(StatusCode::BAD_REQUEST, 132_015, "Template is paused", name))
        }
        Some(one) if one["status"] != "APPROVED" => {
            Some(graph(StatusCode::NOT_FOUND, 132_001, "Template is not approved", name))
        }
        Some(one) => {
            let is_media =
                |id: &str| world.files.stored.get(id).is_some_and(|file| file.number.as_deref() == Some(number));
            super::templates::rules::wrong_parts(one, request, now, &is_media)
                .map(|details| graph(StatusCode::BAD_REQUEST, 132_000, "Number of parameters does not match", &details))
        }
    }
}

/// Returns the error of an interactive object. `None` if it is valid.
fn interactive(object: &Value) -> Option<String> {
    let body = object["body"]["text"].as_str().unwrap_or_default();
    let action = &object["action"];
    let has_length =
        |text: &Value, max: usize| text.as_str().is_some_and(|text| (1..=max).contains(&text.chars().count()));
    if body.is_empty() {
        return Some("interactive.body.text is required".into());
    }
    let is_valid = match object["type"].as_str().unwrap_or_default() {
        "button" => {
            let buttons = action["buttons"].as_array().map_or(&[][..], Vec::as_slice);
            (1..=3).contains(&buttons.len())
                && buttons.iter().all(|one| {
                    one["type"] == "reply"
                        && has_length(&one["reply"]["title"], 20)
                        && has_length(&one["reply"]["id"], 256)
                })
        }
        "list" => {
            let sections = action["sections"].as_array().map_or(&[][..], Vec::as_slice);
            let rows: Vec<&Value> =
                sections.iter().filter_map(|section| section["rows"].as_array()).flatten().collect();
            has_length(&action["button"], 20)
                && (1..=10).contains(&rows.len())
                && rows.iter().all(|row| has_length(&row["title"], 24) && has_length(&row["id"], 200))
        }
        "flow" => {
            let parameters = &action["parameters"];
            action["name"] == "flow"
                && parameters["flow_message_version"] == "3"
                && parameters["flow_id"].is_string() != parameters["flow_name"].is_string()
                && parameters["flow_cta"].as_str().is_some_and(|label| (1..=20).contains(&label.chars().count()))
                && matches!(parameters["mode"].as_str(), None | Some("draft" | "published"))
                && (parameters["flow_action"] != "data_exchange" || parameters["flow_action_payload"].is_null())
        }
        "cta_url" => {
            action["name"] == "cta_url"
                && has_length(&action["parameters"]["display_text"], 20)
                && has_length(&action["parameters"]["url"], 2_000)
        }
        "location_request_message" => {
            action["name"] == "send_location" && object.get("header").is_none() && object.get("footer").is_none()
        }
        "catalog_message" => action["name"] == "catalog_message",
        "product" => object.get("header").is_none() && has_length(&action["product_retailer_id"], 200),
        "product_list" => object["header"]["type"] == "text" && action["sections"].is_array(),
        _ => false,
    };
    (!is_valid).then(|| format!("interactive of type {} does not fit its schema", object["type"]))
}
