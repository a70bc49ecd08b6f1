//! Identifies the contact of a message. `contacts` lists all contacts of a webhook value in any order: an entry
//! belongs to a message only if its `wa_id` or `user_id` matches. Source: part 1.4.

use serde_json::Value;

use super::{list, loose, text, untrusted};
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::text::Untrusted;

/// The contact of a message, completed from the matching entry of `contacts`.
pub(crate) struct Person {
    pub addresses: Vec<Address>,
    pub name: Option<Untrusted>,
}

/// Returns the contact with this phone number and user id. Without a matching entry, only the given addresses are
/// returned.
pub(crate) fn person(value: &Value, phone: Option<&str>, user: Option<&str>) -> Person {
    let (phone, user) = split_user_id(phone, user);
    let entry = list(value, "contacts").find_map(|entry| {
        let number = loose(entry, "/wa_id");
        let (number, id) = split_user_id(number.as_deref(), text(entry, "/user_id"));
        let same_number = number.zip(phone).map(|(one, two)| same_phone(one, two));
        let same_user = id.zip(user).map(|(one, two)| one == two);
        // Number or user id must match, and neither may contradict.
        let is_match = same_user.or(same_number) == Some(true) && same_number != Some(false);
        is_match.then(|| (number.map(str::to_owned), id.map(str::to_owned), untrusted(entry, "/profile/name")))
    });
    let (number, id, name) = entry.unwrap_or_default();
    Person { addresses: addresses(user.or(id.as_deref()), phone.or(number.as_deref())), name }
}

/// Separates phone number and user id: where a contact hides the number, the user id may take its place.
fn split_user_id<'t>(phone: Option<&'t str>, user: Option<&'t str>) -> (Option<&'t str>, Option<&'t str>) {
    match phone.filter(|text| is_user_id(text)) {
        Some(id) => (None, user.or(Some(id))),
        None => (phone, user),
    }
}

/// Returns `true` for a user id: two letters of a country, a dot, and letters or digits, such as
/// `US.13491208655302741918` or `US.ENT.506847293015824`.
fn is_user_id(text: &str) -> bool {
    let text = text.trim_start_matches("whatsapp:");
    text.split_once('.').is_some_and(|(country, rest)| {
        let plain = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) && plain && !rest.is_empty()
    })
}

/// Returns the group id of a message. A group message without one gets a placeholder; `None` for direct messages.
pub(crate) fn group(message: &Value) -> Option<String> {
    let named = ["/group_id", "/context/group_id"].iter().find_map(|path| loose(message, path));
    let unnamed = || (text(message, "/recipient_type") == Some("group")).then(|| "without an id".to_owned());
    named.or_else(unnamed)
}

/// Returns `true` if two phone numbers are equal, including known variants of the same number. Source: part 1.4, the
/// last point.
pub(crate) fn same_phone(one: &str, two: &str) -> bool {
    match (PhoneNumber::parse_short(one), PhoneNumber::parse_short(two)) {
        (Ok(one), Ok(two)) => one == two || one.variants().contains(&two),
        _ => one == two,
    }
}

/// Returns the addresses of a contact: the user id first, then the phone number.
pub(crate) fn addresses(user: Option<&str>, phone: Option<&str>) -> Vec<Address> {
    let (phone, user) = split_user_id(phone, user);
    let user = user.map(|id| Address::User(id.trim_start_matches("whatsapp:").to_owned()));
    let phone = phone.and_then(|number| PhoneNumber::parse_short(number).ok()).map(Address::Phone);
    user.into_iter().chain(phone).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_contact_without_an_entry_gets_no_name() {
        let value =
            json!({ "contacts": [{ "profile": { "name": "Cora" }, "wa_id": "15551600001", "user_id": "US.1" }] });
        let contact = person(&value, Some("15551600002"), None);
        assert_eq!((contact.name, contact.addresses.len()), (None, 1));
        let contact = person(&value, Some("15551600002"), Some("US.1"));
        assert_eq!((contact.name, contact.addresses.len()), (None, 2), "the number speaks against it");
        let contact = person(&value, None, Some("US.1"));
        assert_eq!((contact.name.map(|name| name.line()), contact.addresses.len()), (Some("Cora".into()), 2));
        assert!(person(&value, None, None).addresses.is_empty());
    }

    #[test]
    fn a_user_id_in_place_of_a_number_is_recognised() {
        let value = json!({ "contacts": [{ "profile": { "name": "Bo" }, "wa_id": "US.13491208655302741918" },
            { "profile": { "name": "Cy" }, "wa_id": "15551600001", "user_id": "US.ENT.5" }] });
        let bo = [Address::User("US.13491208655302741918".into())];
        for (phone, user) in [(Some("US.13491208655302741918"), None), (None, Some("US.13491208655302741918"))] {
            let contact = person(&value, phone, user);
            assert_eq!(
                (contact.name.map(|name| name.line()), contact.addresses.as_slice()),
                (Some("Bo".into()), &bo[..])
            );
        }
        let contact = person(&value, Some("US.ENT.5"), None);
        assert_eq!((contact.name.map(|name| name.line()), contact.addresses.len()), (Some("Cy".into()), 2));
        for text in ["15551600001", "+1.555.160.0001", "120363000000000001@g.us", "USA.1", "us.1", "US.", "US.a b"] {
            assert!(!is_user_id(text), "{text}");
        }
    }

    #[test]
    fn group_messages_are_recognised_in_every_form() {
        for message in [
            json!({ "group_id": "1@g.us" }),
            json!({ "group_id": 120_363_000_000_000_001_u64 }),
            json!({ "context": { "group_id": "1@g.us" } }),
            json!({ "recipient_type": "group" }),
        ] {
            assert!(group(&message).is_some(), "{message}");
        }
        for message in [json!({}), json!({ "group_id": null }), json!({ "recipient_type": "individual" })] {
            assert_eq!(group(&message), None, "{message}");
        }
    }

    proptest! {
        #[test]
        fn the_order_of_contacts_does_not_matter(order in Just((0..6_u64).collect::<Vec<_>>()).prop_shuffle(), index in 0..8_u64) {
            let entry = |number: &u64| json!({ "profile": { "name": format!("P{number}") },
                "wa_id": format!("1555160000{number}"), "user_id": format!("US.{number}") });
            let value = json!({ "contacts": order.iter().map(entry).collect::<Vec<_>>() });
            let number = format!("1555160000{index}");
            let contact = person(&value, Some(&number), None);
            let known = index < 6;
            prop_assert_eq!(contact.name.map(|name| name.line()), known.then(|| format!("P{index}")));
            let user = format!("US.{index}");
            prop_assert_eq!(contact.addresses, addresses(known.then_some(user.as_str()), Some(&number)));
        }
    }
}
