//! Finds a connection by its id, name, provider id or phone number.

use crate::domain::code::Code;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connection::Connection;
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;

/// A connection reference from a person or program, with the ways in which it can be read, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionName {
    pub id: Option<ConnectionId>,
    /// Connection name or the provider's id of the number, in lower case.
    pub text: String,
    /// Phone number as digits; `None` if the text is not a phone number.
    pub digits: Option<String>,
}

/// Parses a reference.
impl ConnectionName {
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        let digits = PhoneNumber::parse(text).ok().map(|number| number.digits().to_owned());
        Self { id: text.parse().ok(), text: text.to_lowercase(), digits }
    }

    /// Returns the precedence of the first way in which the reference matches a connection; `None` if it does not
    /// match.
    fn rank(&self, one: &Connection) -> Option<usize> {
        [
            Some(one.id) == self.id,
            one.name.to_lowercase() == self.text,
            one.phone_number_id.to_lowercase() == self.text,
            self.digits.as_deref() == Some(one.phone_number.digits()),
        ]
        .into_iter()
        .position(|has| has)
    }
}

/// Finds the connection that a text refers to: by id (`c1`), name, the provider's id of its number, or phone number,
/// in this order. Fails with `not_found` or `ambiguous`.
pub fn find_connection<'c>(connections: &'c [Connection], text: &str) -> Result<&'c Connection, Refusal> {
    let (text, name) = (text.trim(), ConnectionName::read(text));
    for way in 0..4 {
        let found: Vec<&Connection> = connections.iter().filter(|one| name.rank(one) == Some(way)).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Ok(*one),
            several => {
                let list: Vec<String> = several.iter().map(|one| format!("{} ({})", one.id, one.name)).collect();
                let why = format!("`{}` matches several connections: {}.", clean_line(text), list.join(", "));
                return Err(Refusal::new(Code::Ambiguous, why, "Use the id of one of them."));
            }
        }
    }
    let names: Vec<String> = connections.iter().map(|one| format!("{} ({})", one.name, one.id)).collect();
    let instead = match names.as_slice() {
        [] => "Connect a number first.".to_owned(),
        names => format!("Use one of: {}.", names.join(", ")),
    };
    Err(Refusal::new(Code::NotFound, format!("Connection `{}` not found.", clean_line(text)), instead))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::numbers::connection::{ConnectionSettings, Environment, ProviderName};
    use crate::domain::numbers::number_kind::NumberKind;

    fn one(id: i64, name: &str, number: &str, number_id: &str) -> Connection {
        Connection {
            id: ConnectionId(id),
            name: name.into(),
            organization: "acme".into(),
            environment: Environment::Development,
            provider: ProviderName::new("kapso"),
            phone_number: PhoneNumber::parse(number).expect("a number"),
            phone_number_id: number_id.into(),
            business_account_id: "1".into(),
            kind: NumberKind::default(),
            customer_id: None,
            settings: ConnectionSettings::default(),
        }
    }

    #[test]
    fn every_name_of_a_connection_finds_it() {
        let all = [one(1, "support", "+15550100001", "123456789012345"), one(2, "sales", "+15550100009", "77")];
        for name in ["c1", "support", "123456789012345", "+15550100001", "15550100001", " +1 (555) 010-0001 "] {
            assert_eq!(find_connection(&all, name).map(|found| found.id), Ok(ConnectionId(1)), "{name}");
        }
        let refusal = find_connection(&all, "c9").expect_err("no such connection");
        assert_eq!(refusal.code, Code::NotFound);
        assert!(refusal.remedy.contains("support (c1), sales (c2)"), "{refusal}");
    }

    #[test]
    fn a_name_comes_before_a_number_and_several_are_refused() {
        let all = [
            one(1, "15550100009", "+15550100001", "7"),
            one(2, "b", "+15550100009", "8"),
            one(3, "c", "+15550100003", "8"),
        ];
        assert_eq!(find_connection(&all, "15550100009").map(|found| found.id), Ok(ConnectionId(1)));
        assert_eq!(find_connection(&all, "8").expect_err("two of them").code, Code::Ambiguous);
    }
}
