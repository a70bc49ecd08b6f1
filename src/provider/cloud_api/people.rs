//! Whose a message is. `contacts` names everybody that a value speaks of, in any order: an entry belongs to a
//! message only by `wa_id` or `user_id`. Source: part 1.4.

use serde_json::Value;

use super::{loose, text, untrusted};
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
    let entries = value.get("contacts").and_then(Value::as_array).into_iter().flatten();
    let mut entries = entries.filter(|entry| {
        let number = loose(entry, "/wa_id");
        let same_number = number.as_deref().zip(phone).map(|(one, two)| same_phone(one, two));
        let same_user = text(entry, "/user_id").zip(user).map(|(one, two)| one == two);
        // One of both has to agree, and none may speak against it.
        same_user.or(same_number) == Some(true) && same_number != Some(false)
    });
    let entry = entries.next();
    let user = user.or_else(|| entry.and_then(|entry| text(entry, "/user_id")));
    let number = entry.and_then(|entry| loose(entry, "/wa_id"));
    Person {
        addresses: addresses(user, phone.or(number.as_deref())),
        name: entry.and_then(|entry| untrusted(entry, "/profile/name")),
    }
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
