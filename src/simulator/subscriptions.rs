//! Webhook URLs of the Graph API: the accounts that the app is subscribed to, and the URLs of accounts and numbers,
//! which take precedence over the app's.

use serde_json::{Value, json};

/// Subscriptions and the URLs that override the app's.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// Ids of the accounts that the app is subscribed to.
    pub accounts: Vec<String>,
    /// URLs of accounts and numbers, by id.
    pub overrides: Vec<(String, String)>,
    /// Ids of accounts to which another app is subscribed.
    pub others: Vec<String>,
    /// The next URL is accepted but not stored.
    pub forgets: bool,
}

impl Subscriptions {
    /// Returns the URL for a number's webhooks, given its account's id and the app's URL.
    pub fn address_of(&self, number: &str, account: Option<&str>, app: &str) -> String {
        let own = self.address(number).or_else(|| self.address(account?));
        own.unwrap_or(app).to_owned()
    }

    /// Returns the webhook configuration of a number's object.
    pub fn configuration(&self, number: &str, account: &str, app: Option<&str>) -> Value {
        let mut configuration = json!({});
        let places = [
            ("phone_number", self.address(number)),
            ("whatsapp_business_account", self.address(account)),
            ("application", app.filter(|url| !url.is_empty())),
        ];
        for (place, url) in places {
            if let Some(url) = url {
                configuration[place] = url.into();
            }
        }
        configuration
    }

    /// Returns the URL of an account or a number. `None` where it has none.
    pub fn address(&self, id: &str) -> Option<&str> {
        self.overrides.iter().find(|(of, _)| of == id).map(|(_, url)| url.as_str())
    }

    /// Sets the URL of an account or a number; an empty one removes it.
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
