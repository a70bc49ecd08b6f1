//! Where the Graph API posts: which accounts the app is subscribed to, and the addresses of accounts and numbers
//! that come before the app's own.

use serde_json::{Value, json};

/// Everything that is on file beside the app's own address.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// Accounts that the app is subscribed to.
    pub accounts: Vec<String>,
    /// An account's or a number's own address, by its id.
    pub overrides: Vec<(String, String)>,
    /// Accounts to which another app is subscribed as well.
    pub others: Vec<String>,
    /// The next address is taken, and not kept.
    pub forgets: bool,
}

impl Subscriptions {
    /// Where what is posted for a number goes, given its account's id and the app's own address.
    pub fn address_of(&self, number: &str, account: Option<&str>, app: &str) -> String {
        let own = self.address(number).or_else(|| self.address(account?));
        own.unwrap_or(app).to_owned()
    }

    /// The addresses of a number as its object tells them.
    pub fn configuration(&self, number: &str, account: &str, app: Option<&str>) -> Value {
        let mut told = json!({});
        let places = [
            ("phone_number", self.address(number)),
            ("whatsapp_business_account", self.address(account)),
            ("application", app.filter(|url| !url.is_empty())),
        ];
        for (place, url) in places {
            if let Some(url) = url {
                told[place] = url.into();
            }
        }
        told
    }

    /// An account's or a number's own address.
    pub fn address(&self, id: &str) -> Option<&str> {
        self.overrides.iter().find(|(of, _)| of == id).map(|(_, url)| url.as_str())
    }

    /// Sets the address of an account or a number; an empty one takes it away.
    pub fn set(&mut self, id: &str, url: &str) {
        if std::mem::take(&mut self.forgets) {
            return;
        }
        self.overrides.retain(|(of, _)| of != id);
        if !url.is_empty() {
            self.overrides.push((id.to_owned(), url.to_owned()));
        }
    }
}
