//! The business profile in the Graph API's format. Source: Cloud API, business profiles.

use serde_json::{Value, json};

use super::graph::encoded;
use super::{text, untrusted};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::number::Profile;

/// Returns the path for changing the profile, or with `fields` the path for reading it.
pub(crate) fn path(connection: &Connection, fields: bool) -> String {
    let fields =
        if fields { "?fields=about,address,description,email,websites,vertical,profile_picture_url" } else { "" };
    format!("/{}/whatsapp_business_profile{fields}", encoded(&connection.phone_number_id))
}

pub(crate) fn read(answer: &Value) -> Profile {
    // Documented with one more level of nesting than observed.
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
    // The platform cannot empty `about`, so an empty one is omitted.
    if !profile.about.is_empty() {
        body["about"] = profile.about.as_received().into();
    }
    if !profile.vertical.is_empty() {
        body["vertical"] = profile.vertical.clone().into();
    }
    body
}
