//! Checks of URLs in the configuration.

use toml::Spanned;
use url::Url;

use super::faults::Faults;

/// Reports a value that is not an http or https URL with a host.
pub(super) fn http_url(value: &Spanned<String>, key: &str, faults: &mut Faults<'_>) {
    let is_valid =
        Url::parse(value.get_ref()).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !is_valid {
        faults.add(value.span(), format!("{key} is `{}`, which is no http or https address.", value.get_ref()));
    }
}

/// Reports a public http URL. Providers deliver to https only; http is accepted for this machine, for tests.
pub(super) fn check_public_url(value: &Spanned<String>, faults: &mut Faults<'_>) {
    let Ok(url) = Url::parse(value.get_ref()) else { return };
    if url.scheme() == "http" && !matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
        let message =
            format!("public_url is `{}`: providers post to https alone. Write it with https.", value.get_ref());
        faults.add(value.span(), message);
    }
}
