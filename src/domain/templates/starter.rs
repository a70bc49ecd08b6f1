//! Starters: valid templates and Flows to start from.

/// A template or Flow to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Starter {
    pub name: &'static str,
    pub what: &'static str,
    pub text: &'static str,
}

/// Template starters.
pub const TEMPLATES: [Starter; 9] = [
    Starter {
        name: "order_update",
        what: "utility: how an order stands, named variables, a link",
        text: "name: order_update\nlanguage: en_US\ncategory: utility\nheader: Order {{order_id}}\nbody:\nHello {{customer_name}}, your order is {{status}} now. Thank you for your patience!\nfooter: Reply STOP to get no more of these\nbutton: url Track https://example.com/orders/{{1}}\nexample order_id: A-17\nexample customer_name: Rosa\nexample status: shipped\nexample button 1: https://example.com/orders/A-17\n",
    },
    Starter {
        name: "order_buttons",
        what: "utility: quick replies first, then links",
        text: "name: order_buttons\nlanguage: en_US\ncategory: utility\nbody:\nHello {{customer_name}}, your order {{order_id}} is ready to be picked up at our counter.\nbutton: reply On my way\nbutton: reply Not today\nbutton: url Directions https://example.com/store\nbutton: phone Call us +15550100001\nexample customer_name: Rosa\nexample order_id: A-17\n",
    },
    Starter {
        name: "spring_offer",
        what: "marketing: a picture; its sample is uploaded first",
        text: "name: spring_offer\nlanguage: en_US\ncategory: marketing\nimage: 4::upload-a-sample-first\nbody:\nHello {{first_name}}, spring is here: until {{end_date}} every check-up comes with a free cleaning.\nfooter: Reply STOP to get no more of these\nbutton: url Book a time https://example.com/book\nbutton: reply No more offers\nexample first_name: Ana\nexample end_date: 30 April\n",
    },
    Starter {
        name: "login_code",
        what: "authentication: a one-time code to copy",
        text: "name: login_code\nlanguage: en_US\ncategory: authentication\nsecurity: yes\ncode_minutes: 10\nbutton: code Copy code\n",
    },
    Starter {
        name: "appointment_confirmation",
        what: "utility: confirm or move an appointment",
        text: "name: appointment_confirmation\nlanguage: en_US\ncategory: utility\nbody:\nHello {{first_name}}, your appointment with {{practitioner}} is on {{date}} at {{time}}. Please tell us whether that suits you.\nbutton: reply It suits me\nbutton: reply Another time\nexample first_name: Ana\nexample practitioner: Dr. Lund\nexample date: 2 June\nexample time: 16:30\n",
    },
    Starter {
        name: "session_reminder",
        what: "utility: a reminder shortly before",
        text: "name: session_reminder\nlanguage: en_US\ncategory: utility\nbody:\nHello {{first_name}}, your session begins today at {{time}}. Please come five minutes early, or answer here if you cannot.\nbutton: reply I will be there\nbutton: reply I cannot come\nexample first_name: Ana\nexample time: 16:30\n",
    },
    Starter {
        name: "follow_up",
        what: "utility: how it went, some days later",
        text: "name: follow_up\nlanguage: en_US\ncategory: utility\nbody:\nHello {{first_name}}, you were with us on {{date}}. How are you now? Answer here and a colleague will read it.\nbutton: reply I am well\nbutton: reply I have a question\nexample first_name: Ana\nexample date: 2 June\n",
    },
    Starter {
        name: "mood_check_in",
        what: "utility: a question with three answers",
        text: "name: mood_check_in\nlanguage: en_US\ncategory: utility\nbody:\nHello {{first_name}}, this is the check-in that you asked for. How do you feel today?\nbutton: reply Good\nbutton: reply So-so\nbutton: reply I need help\nexample first_name: Ana\n",
    },
    Starter {
        name: "plain_notice",
        what: "utility: numbered variables, as JSON",
        text: "{\n  \"name\": \"plain_notice\",\n  \"language\": \"en_US\",\n  \"category\": \"UTILITY\",\n  \"parameter_format\": \"POSITIONAL\",\n  \"components\": [\n    {\n      \"type\": \"BODY\",\n      \"text\": \"Hello {{1}}, your invoice {{2}} was paid. Thank you very much!\",\n      \"example\": { \"body_text\": [[\"Rosa\", \"2291\"]] }\n    }\n  ]\n}\n",
    },
];

/// Flow starters.
pub const FLOWS: [Starter; 2] = [
    Starter { name: "sign_up", what: "static: two screens, no endpoint", text: include_str!("starters/sign_up.json") },
    Starter {
        name: "booking",
        what: "dynamic: an endpoint gives days and times",
        text: include_str!("starters/booking.json"),
    },
];

/// The endpoint code of the dynamic Flow starter.
pub const FLOW_CODE: &str = include_str!("starters/booking.js");

/// Returns the Flow starter with this name.
pub fn flow(name: &str) -> Option<&'static Starter> {
    FLOWS.iter().find(|starter| starter.name == name)
}

/// Example command that sends a template. Source: Cloud API, part 5.6.
pub const TEMPLATE_SEND: &str = "wadeck send --connection c1 --to +15550100002 --template order_update --lang en_US --param header:order_id=A-17 --param customer_name=Rosa --param status=shipped --param button:0:url=A-17";

/// Example command that creates a webhook.
pub const WEBHOOK: &str = "wadeck webhooks create --connection c1 --events whatsapp.message.received,whatsapp.message.failed --buffer-enabled true --buffer-window-seconds 5 --max-buffer-size 20";

/// Returns the template starter with this name.
pub fn template(name: &str) -> Option<&'static Starter> {
    TEMPLATES.iter().find(|starter| starter.name == name)
}
