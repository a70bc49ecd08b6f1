//! Limits of templates. The linter checks them when a template is written and submitted, and the values are checked
//! when it is sent. Source: Cloud API, parts 5.3 to 5.8. Lengths are in characters.

/// Name of a template.
pub const MAX_NAME: usize = 512;
/// Text header, with its value.
pub const MAX_HEADER: usize = 60;
/// Body beside other components, with its values.
pub const MAX_BODY: usize = 1_024;
/// Body of a template with a limited-time offer, with its values.
pub const MAX_BODY_WITH_OFFER: usize = 600;
/// Body without any other component, with its values, when it is sent.
pub const MAX_LONE_BODY: usize = 32_768;
/// Body of a carousel card, with its values.
pub const MAX_CARD_BODY: usize = 160;
/// Footer.
pub const MAX_FOOTER: usize = 60;
/// Label of a button.
pub const MAX_BUTTON_LABEL: usize = 25;
/// Text of a limited-time offer.
pub const MAX_OFFER_TEXT: usize = 16;
/// Buttons of a template.
pub const MAX_BUTTONS: usize = 10;
/// Buttons of a carousel card.
pub const MAX_CARD_BUTTONS: usize = 2;
/// Fewest cards of a carousel.
pub const MIN_CARDS: usize = 2;
/// Most cards of a carousel.
pub const MAX_CARDS: usize = 10;
/// Buttons of one kind.
pub const BUTTON_KINDS: [(&str, usize); 12] = [
    ("QUICK_REPLY", 10),
    ("URL", 2),
    ("PHONE_NUMBER", 1),
    ("COPY_CODE", 1),
    ("VOICE_CALL", 1),
    ("FLOW", 1),
    ("CATALOG", 1),
    ("MPM", 1),
    ("SPM", 1),
    ("OTP", 1),
    ("REQUEST_CONTACT_INFO", 1),
    ("APP", 1),
];
/// URL of a button, with its value, and its example.
pub const MAX_URL: usize = 2_000;
/// Phone number of a button.
pub const MAX_PHONE: usize = 20;
/// Example of a code to copy.
pub const MAX_CODE_EXAMPLE: usize = 20;
/// Coupon code or one-time code when it is sent; older pages allow no more in examples either.
pub const MAX_CODE: usize = 15;
/// Payload of a quick reply (Kapso: sending templates, `quick_reply`).
pub const MAX_PAYLOAD: usize = 128;
/// Lifetime of a one-time code in minutes.
pub const MAX_CODE_MINUTES: i64 = 90;
/// Lifetime of a call button in minutes.
pub const MAX_CALL_MINUTES: u32 = 43_200;
/// Apps of a one-time code button.
pub const MAX_APPS: usize = 5;
/// Package name of an app.
pub const MAX_PACKAGE: usize = 224;
/// Length of an app's signature hash.
pub const APP_HASH: usize = 11;
/// Emoji of a body.
pub const MAX_EMOJI: usize = 10;
/// Templates of an account that is not verified.
pub const MAX_TEMPLATES_UNVERIFIED: usize = 250;
