//! What contacts see of a business, as the Graph API spells it. Source: Cloud API, business profiles.

use serde_json::{Value, json};

use super::graph::encoded;
use super::{text, untrusted};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::number::Profile;

/// Where it is changed; with `fields`, where it is read.
pub(crate) fn path(connection: &Connection, fields: bool) -> String {
    let fields =
        if fields { "?fields=about,address,description,email,websites,vertical,profile_picture_url" } else { "" };
    format!("/{}/whatsapp_business_profile{fields}", encoded(&connection.phone_number_id))
}

pub(crate) fn read(answer: &Value) -> Profile {
    // Described with the profile one level further in; answered without it.
    let places = ["/data/0/business_profile", "/data/0", "/data"];
    let one = places.iter().find_map(|place| answer.pointer(place)).unwrap_or(answer);
    let field = |path| untrusted(one, path).unwrap_or_default();
    let websites = one["websites"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Profile {
        about: field("/about"),
        address: field("/address"),
        description: field("/description"),
        email: field("/email"),
        websites: websites.map(Into::into).collect(),
        vertical: text(one, "/vertical").unwrap_or_default().to_ascii_uppercase(),
        picture_url: untrusted(one, "/profile_picture_url").map(|url| url.line()),
    }
}

pub(crate) fn body(profile: &Profile) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "address": profile.address.as_received(),
        "description": profile.description.as_received(),
        "email": profile.email.as_received(),
        "websites": profile.websites.iter().map(crate::domain::text::Untrusted::as_received).collect::<Vec<_>>(),
    });
    // It is never empty there: whoever has it is not rid of it.
    if !profile.about.is_empty() {
        body["about"] = profile.about.as_received().into();
    }
    if !profile.vertical.is_empty() {
        body["vertical"] = profile.vertical.clone().into();
    }
    body
}
