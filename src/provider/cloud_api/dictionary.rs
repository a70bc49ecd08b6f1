//! The error codes of the Cloud API: class, explanation and remedy. Decisions rest on the code, then on the details,
//! never on HTTP status or title.

use std::borrow::Cow;

use super::rare::{Entry, FAMILIES, RARE};
use super::schedule::schedule;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::outbox::error_code::ErrorCode;
use crate::domain::text::{Untrusted, clean_line};

use FailureClass::{Account, Authorization, Policy, Recipient, Request, Setup, Template, Throttled, Transient, Window};

const ENTRIES: &[Entry] = &[
    (
        "0",
        Authorization,
        "API key rejected",
        "The access token behind this number is invalid or has expired.",
        "Renew the token at the provider; sending then resumes automatically.",
    ),
    (
        "190",
        Authorization,
        "Token expired",
        "The access token behind this number has expired or was withdrawn.",
        "Renew the access token, or reconnect the number at the provider; sending then resumes automatically.",
    ),
    (
        "3",
        Setup,
        "Capability missing",
        "The app behind this number lacks the permission for this call.",
        "Grant the permission at the provider.",
    ),
    (
        "10",
        Account,
        "Permission missing",
        "The permission for this call is not granted, or was removed.",
        "Grant the permission at the provider.",
    ),
    ("4", Throttled, "Too many calls", "The app has reached its rate of calls.", "It is retried automatically."),
    (
        "33",
        Request,
        "No such number",
        "The business number was deleted or is not the one that is meant.",
        "Check phone_number_id of the connection.",
    ),
    (
        "100",
        Request,
        "Parameter not valid",
        "Something in the request is wrong, or a media id is not known to this number.",
        "See the provider's response below, and send it again.",
    ),
    (
        "368",
        Account,
        "Blocked for a while",
        "The account is temporarily blocked for breaking the platform's policy.",
        "Check the account's quality page before sending anything else.",
    ),
    (
        "80007",
        Throttled,
        "Account rate reached",
        "The WhatsApp Business Account has reached its rate of calls.",
        "It is retried automatically.",
    ),
    ("130429", Throttled, "Throughput reached", "This number exceeds its send rate.", "It is retried automatically."),
    (
        "130472",
        Policy,
        "Part of an experiment",
        "The contact is in a group that receives no marketing messages for now.",
        "Do not try again; write when they write.",
    ),
    (
        "130497",
        Policy,
        "Country restricted",
        "The account may not message people in this country.",
        "Do not try again; see the platform's country rules.",
    ),
    (
        "131000",
        Transient,
        "Platform error",
        "The platform failed without a reason.",
        "It is retried automatically; if it persists, contact the provider.",
    ),
    (
        "131005",
        Account,
        "Access denied",
        "The permission was not granted or was removed.",
        "Check the number's permissions at the provider.",
    ),
    (
        "131008",
        Request,
        "Parameter missing",
        "The request lacks something that is required.",
        "See the provider's response below.",
    ),
    (
        "131009",
        Request,
        "Parameter value not valid",
        "A value in the request is not allowed.",
        "See the provider's response below, correct it and send it again.",
    ),
    (
        "131016",
        Transient,
        "Service unavailable",
        "A service of the platform is down for the moment.",
        "It is retried automatically.",
    ),
    (
        "131021",
        Request,
        "Sent to our own number",
        "Sender and recipient are the same number.",
        "Send it to the contact's number.",
    ),
    (
        "131026",
        Recipient,
        "Cannot be delivered",
        "The number is not on WhatsApp, runs a version that is too old, or has not accepted the terms.",
        "Reach this person another way, or check the number.",
    ),
    (
        "131031",
        Account,
        "Account locked",
        "The business account was locked, for policy or a failed check.",
        "Open the account at the platform and follow what it asks.",
    ),
    (
        "131037",
        Account,
        "Display name not approved",
        "This number may not send before its display name is approved.",
        "Finish the display name review at the provider.",
    ),
    (
        "131042",
        Account,
        "Payment problem",
        "There is no valid payment method, so nothing that costs is sent.",
        "Fix the payment method of the business account.",
    ),
    (
        "131045",
        Account,
        "Registration not valid",
        "The certificate of this number does not match.",
        "Register the number again at the provider.",
    ),
    (
        "131047",
        Window,
        "Service window closed",
        "According to the provider, the contact has not written to this number within the last 24 hours.",
        "Send an approved template; the window opens when the contact replies.",
    ),
    (
        "131048",
        Throttled,
        "Spam limit reached",
        "Too many messages from this number were blocked or reported.",
        "Send less and look at the number's quality; it is retried automatically after hours.",
    ),
    (
        "131049",
        Policy,
        "Withheld by the platform",
        "The platform holds marketing messages to this person back to keep their number healthy.",
        "It is not retried automatically. Retry it after 24 hours at the earliest, or leave it.",
    ),
    (
        "131050",
        Policy,
        "Opted out of marketing",
        "This person stopped marketing messages from this business.",
        "Do not send marketing to them again.",
    ),
    ("131051", Request, "Kind not supported", "This kind of message is not supported.", "Send it as another kind."),
    (
        "131052",
        Request,
        "Media not downloaded",
        "A file could not be downloaded: ours by its link, or one of the contact.",
        "Send the file again. If the contact sent it, ask them to send it again.",
    ),
    (
        "131053",
        Request,
        "Media not accepted",
        "The file's type or size is not allowed.",
        "Convert the file to an allowed type and size and send it again.",
    ),
    (
        "131056",
        Throttled,
        "Too fast to one person",
        "Too many messages went from this number to this contact in a short time.",
        "It is retried automatically, after four seconds and then ever later.",
    ),
    (
        "131057",
        Transient,
        "Account in maintenance",
        "The business account is being maintained.",
        "It is retried automatically.",
    ),
    (
        "132000",
        Template,
        "Number of parameters wrong",
        "The number of parameters differs from the template.",
        "Open the template, fill in every parameter, send it again.",
    ),
    (
        "132001",
        Template,
        "Template not found",
        "There is no approved template of this name in this language.",
        "Choose the template and its language from the list.",
    ),
    (
        "132005",
        Template,
        "Filled text too long",
        "With its parameters filled in, the template is too long.",
        "Shorten the parameters.",
    ),
    (
        "132007",
        Template,
        "Template breaks the rules",
        "The template's text breaks the platform's policy.",
        "Edit the template.",
    ),
    (
        "132012",
        Template,
        "Parameter of the wrong kind",
        "A parameter does not have the format that the template requires.",
        "Fill in the parameters as the template names them.",
    ),
    (
        "132015",
        Template,
        "Template paused",
        "The template is paused because of its low quality.",
        "Edit it, or wait until the pause ends, and use another.",
    ),
    (
        "132016",
        Template,
        "Template disabled",
        "The template was paused too often and is disabled permanently.",
        "Create another template.",
    ),
    ("132068", Policy, "Flow blocked", "The flow in this message is blocked.", "Fix the Flow."),
    (
        "132069",
        Throttled,
        "Flow throttled",
        "The flow may be sent ten times an hour for now.",
        "It is retried automatically.",
    ),
    (
        "133004",
        Transient,
        "Server unavailable",
        "The platform's server is down for the moment.",
        "It is retried automatically.",
    ),
    (
        "133010",
        Account,
        "Number not registered",
        "This business number is not registered with the platform.",
        "Register the number at the provider.",
    ),
    (
        "134011",
        Setup,
        "Payments terms open",
        "The terms for payments were not accepted.",
        "Accept them at the platform.",
    ),
    (
        "135000",
        FailureClass::Unknown,
        "Rejected without a reason",
        "The platform rejected the message without a reason.",
        "Check the message's fields; send it again.",
    ),
    (
        "139000",
        Setup,
        "Account not verified",
        "The platform's integrity check refused it: the account is not verified.",
        "Verify the business in the platform's security center.",
    ),
    (
        "141000",
        Setup,
        "Ask the provider",
        "The account is in a state that only the provider can fix.",
        "Write to the provider's support.",
    ),
    (
        "1026",
        Recipient,
        "Contact's app cannot show it",
        "The contact's app cannot receive this kind of message.",
        "Send it as plain text.",
    ),
    (
        "470",
        Window,
        "Service window closed",
        "According to the provider, the contact has not written to this number within the last 24 hours.",
        "Send an approved template; the window opens when the contact replies.",
    ),
];

/// Returns all codes, sorted by number.
pub(crate) fn error_codes() -> Vec<ErrorCode> {
    let of = |(code, class, title, explanation, remedy): &Entry| ErrorCode {
        code,
        class: *class,
        title,
        explanation,
        remedy,
        schedule: schedule(code),
    };
    let mut codes: Vec<ErrorCode> = ENTRIES.iter().chain(RARE).map(of).collect();
    codes.sort_by_key(|one| one.code.parse::<u64>().unwrap_or(u64::MAX));
    codes
}

/// Returns the failure of a code. `title` is used for unknown codes, which keep the response's text.
pub(crate) fn failure(code: &str, title: Option<&str>, said: &str) -> Failure {
    let known = ENTRIES.iter().chain(RARE).find(|(known, ..)| *known == code);
    let number = code.parse::<u32>().ok();
    let family = || {
        let family = FAMILIES.iter().find(|(range, _)| number.is_some_and(|number| range.contains(&number)));
        family.map(|(_, entry)| entry)
    };
    if let Some((_, class, title, explanation, remedy)) = known.or_else(family) {
        return Failure {
            code: code.to_owned(),
            title: Cow::Borrowed(title),
            explanation: Cow::Borrowed(explanation),
            remedy: Cow::Borrowed(remedy),
            class: *class,
            said: Untrusted::from(said),
        };
    }
    let title = title.map_or_else(|| "Rejected with an unknown code".to_owned(), |title| Untrusted::from(title).line());
    Failure {
        code: clean_line(code).chars().take(20).collect(),
        title: Cow::Owned(title),
        explanation: Cow::Borrowed("This code is unknown; the provider's response is below."),
        remedy: Cow::Borrowed("Look up the code in the provider's documentation before you retry."),
        class: FailureClass::Unknown,
        said: Untrusted::from(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_occurs_once_with_a_remedy() {
        let all: Vec<&Entry> = ENTRIES.iter().chain(RARE).collect();
        for (index, (code, _, title, explanation, remedy)) in all.iter().enumerate() {
            assert!(all[index + 1..].iter().all(|(other, ..)| other != code), "{code} stands twice");
            assert!(!title.ends_with('.') && explanation.ends_with('.') && remedy.ends_with('.'), "{code}");
        }
    }

    /// All codes that the platforms document.
    const DOCUMENTED: &str = "0 1 2 3 4 10 33 100 190 200 299 368 421 427 432 470 501 503 613 1026 80007 130429 130472 130497
        131000 131005 131008 131009 131016 131020 131021 131026 131030 131031 131036 131037 131041 131042 131044 131045 131047
        131048 131049 131050 131051 131052 131053 131055 131056 131057 131059 131062 131063 131064 131201 131207 131208 132000
        132001 132005 132007 132008 132012 132015 132016 132018 132068 132069 133000 133004 133005 133006 133008 133009 133010
        133015 133016 134011 134100 134101 134102 135000 137000 138000 138018 139000 139001 139002 139003 139004 139006 139100
        139101 139102 139103 141000 141006 147001 147005 200005 200006 200007 1752041 2388001 2388012 2388019 2388024 2388040
        2388047 2388072 2388073 2388091 2388093 2388103 2388293 2388299 2494073 2494100 2593107 2593108";

    #[test]
    fn every_documented_code_is_in_the_dictionary() {
        for code in DOCUMENTED.split_whitespace() {
            let known = failure(code, None, "");
            assert!(!known.explanation.contains("This code is unknown"), "{code}");
        }
    }

    /// Codes that the platform documents as retriable. Source: errors › table, column *Retry*.
    const RETRIED: &str =
        "1 2 4 503 613 80007 130429 131000 131016 131048 131056 131057 132069 133004 133008 133009 133015
        133016 134101 134102 139102 139103 2494100";

    #[test]
    fn documented_codes_are_retried() {
        let codes = error_codes();
        let retried = codes.iter().filter(|one| one.handling().starts_with("retried")).map(|one| one.code);
        assert_eq!(retried.collect::<Vec<_>>(), RETRIED.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn an_unknown_code_keeps_the_response() {
        let unknown = failure("999001", Some("Quota\u{1b}[2J"), "details");
        assert_eq!(unknown.title, "Quota␛[2J");
        assert_eq!(unknown.said.as_received(), "details");
        assert_eq!(unknown.class, FailureClass::Unknown);
    }
}
