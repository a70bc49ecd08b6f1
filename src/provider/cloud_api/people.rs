//! Whose a message is. `contacts` names everybody that a value speaks of, in any order: an entry belongs to a
//! message only by `wa_id` or `user_id`. Source: part 1.4.

use serde_json::Value;

use super::{list, loose, text, untrusted};
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::text::Untrusted;

/// A person as a message names them, with what the matching entry of `contacts` adds.
pub(crate) struct Person {
    pub addresses: Vec<Address>,
    pub name: Option<Untrusted>,
}

/// The person with this number and this user id. What no entry of `contacts` answers to stays untold.
pub(crate) fn person(value: &Value, phone: Option<&str>, user: Option<&str>) -> Person {
    let (phone, user) = told_apart(phone, user);
    let entry = list(value, "contacts").find_map(|entry| {
        let number = loose(entry, "/wa_id");
        let (number, id) = told_apart(number.as_deref(), text(entry, "/user_id"));
        let same_number = number.zip(phone).map(|(one, two)| same_phone(one, two));
        let same_user = id.zip(user).map(|(one, two)| one == two);
        // One of both has to agree, and none may speak against it.
        let theirs = same_user.or(same_number) == Some(true) && same_number != Some(false);
        theirs.then(|| (number.map(str::to_owned), id.map(str::to_owned), untrusted(entry, "/profile/name")))
    });
    let (number, id, name) = entry.unwrap_or_default();
    Person { addresses: addresses(user.or(id.as_deref()), phone.or(number.as_deref())), name }
}

/// A number and a user id, each in its place: where the number is withheld, the id may stand instead of it.
fn told_apart<'t>(phone: Option<&'t str>, user: Option<&'t str>) -> (Option<&'t str>, Option<&'t str>) {
    match phone.filter(|text| is_user_id(text)) {
        Some(id) => (None, user.or(Some(id))),
        None => (phone, user),
    }
}

/// Two letters of a country, a dot, and what is no number: `US.13491208655302741918`, `US.ENT.506847293015824`.
fn is_user_id(text: &str) -> bool {
    let text = text.trim_start_matches("whatsapp:");
    text.split_once('.').is_some_and(|(country, rest)| {
        let plain = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) && plain && !rest.is_empty()
    })
}

/// The group that a message was written in. One that is not named is a group all the same.
pub(crate) fn group(message: &Value) -> Option<String> {
    let named = ["/group_id", "/context/group_id"].iter().find_map(|path| loose(message, path));
    let unnamed = || (text(message, "/recipient_type") == Some("group")).then(|| "without an id".to_owned());
    named.or_else(unnamed)
}

/// The same phone, in whatever spelling. Source: part 1.4, the last point.
pub(crate) fn same_phone(one: &str, two: &str) -> bool {
    match (PhoneNumber::parse_short(one), PhoneNumber::parse_short(two)) {
        (Ok(one), Ok(two)) => one == two || one.variants().contains(&two),
        _ => one == two,
    }
}

/// Whoever has a business-scoped id is known by it first, by number second.
pub(crate) fn addresses(user: Option<&str>, phone: Option<&str>) -> Vec<Address> {
    let (phone, user) = told_apart(phone, user);
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
    fn without_an_entry_of_their_own_nobody_is_given_anybodys_name() {
        let value =
            json!({ "contacts": [{ "profile": { "name": "Cora" }, "wa_id": "15551600001", "user_id": "US.1" }] });
        let told = person(&value, Some("15551600002"), None);
        assert_eq!((told.name, told.addresses.len()), (None, 1));
        let told = person(&value, Some("15551600002"), Some("US.1"));
        assert_eq!((told.name, told.addresses.len()), (None, 2), "the number speaks against it");
        let told = person(&value, None, Some("US.1"));
        assert_eq!((told.name.map(|name| name.line()), told.addresses.len()), (Some("Cora".into()), 2));
        assert!(person(&value, None, None).addresses.is_empty());
    }

    #[test]
    fn a_user_id_in_the_place_of_a_number_is_a_user_id() {
        let value = json!({ "contacts": [{ "profile": { "name": "Bo" }, "wa_id": "US.13491208655302741918" },
            { "profile": { "name": "Cy" }, "wa_id": "15551600001", "user_id": "US.ENT.5" }] });
        let bo = [Address::User("US.13491208655302741918".into())];
        for (phone, user) in [(Some("US.13491208655302741918"), None), (None, Some("US.13491208655302741918"))] {
            let told = person(&value, phone, user);
            assert_eq!((told.name.map(|name| name.line()), told.addresses.as_slice()), (Some("Bo".into()), &bo[..]));
        }
        let told = person(&value, Some("US.ENT.5"), None);
        assert_eq!((told.name.map(|name| name.line()), told.addresses.len()), (Some("Cy".into()), 2));
        for text in ["15551600001", "+1.555.160.0001", "120363000000000001@g.us", "USA.1", "us.1", "US.", "US.a b"] {
            assert!(!is_user_id(text), "{text}");
        }
    }

    #[test]
    fn a_message_of_a_group_is_known_however_the_group_is_named() {
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
        fn every_order_of_contacts_pairs_the_same(order in Just((0..6_u64).collect::<Vec<_>>()).prop_shuffle(), asked in 0..8_u64) {
            let entry = |number: &u64| json!({ "profile": { "name": format!("P{number}") },
                "wa_id": format!("1555160000{number}"), "user_id": format!("US.{number}") });
            let value = json!({ "contacts": order.iter().map(entry).collect::<Vec<_>>() });
            let number = format!("1555160000{asked}");
            let told = person(&value, Some(&number), None);
            let known = asked < 6;
            prop_assert_eq!(told.name.map(|name| name.line()), known.then(|| format!("P{asked}")));
            let user = format!("US.{asked}");
            prop_assert_eq!(told.addresses, addresses(known.then_some(user.as_str()), Some(&number)));
        }
    }
}
