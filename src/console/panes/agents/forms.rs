//! Forms for agents: propose, restrict, snooze, revoke, rehearse, test, and dismiss a reply.

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, field};
use crate::console::theme::Theme;
use crate::console::user_error::UserError;
use crate::domain::agents::assignment::Proposal;
use crate::domain::agents::assignment::{Assignment, AssignmentState, Mode};
use crate::domain::agents::contract::{Conditions, Contract, Hours, Money, Tool};
use crate::domain::agents::foreign_data::Guard;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::ids::{AssignmentId, ConnectionId, RunId, ThreadId};
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// A form for an agent, an assignment or a run.
#[derive(Debug, Clone)]
pub(in crate::console) enum AgentForm {
    Propose {
        agent: String,
        connection: ConnectionId,
        thread: Option<ThreadId>,
        /// Name of the number, or of the contact whose thread it is.
        whom: String,
        /// The current assignment, whose terms fill in the form.
        known: Option<Box<Assignment>>,
    },
    /// Approves a proposal with a stricter contract.
    Narrow {
        assignment: Box<Assignment>,
        whom: String,
        /// The confirmation for an approval with unchanged terms.
        question: String,
    },
    Snooze {
        assignment: AssignmentId,
    },
    Revoke {
        assignment: AssignmentId,
        words: String,
    },
    Rehearse {
        assignment: AssignmentId,
        agent: String,
    },
    Test {
        agent: String,
    },
    Dismiss {
        run: RunId,
        agent: String,
    },
}

/// Returns the contract's terms as fields, filled in from a contract.
fn terms(mode: Mode, contract: &Contract, expires: Option<Timestamp>) -> Vec<Field> {
    let tools: Vec<&str> = contract.tools.iter().map(|tool| tool.name()).collect();
    let figure = |figure: Option<u64>| figure.map(|figure| figure.to_string()).unwrap_or_default();
    let first = match contract.when.first_contact {
        None => "",
        Some(true) => "new",
        Some(false) => "known",
    };
    vec![
        field("mode", "Mode", "draft: a person approves each reply; auto; off", mode.name()),
        field("tools", "Tools", "blank-separated", &tools.join(" ")),
        field("per_hour", "Per hour", "maximum replies per thread", &contract.max_per_hour.to_string()),
        field("messages", "Messages", "maximum in one reply", &contract.max_messages.to_string()),
        field("longest", "Characters", "maximum in one message", &contract.max_characters.to_string()),
        field("tokens", "Tokens a day", "empty: no limit", &figure(contract.tokens_per_day)),
        field(
            "money",
            "Money a day",
            "empty: no limit",
            &contract.money_per_day.map(|money| money.to_string()).unwrap_or_default(),
        ),
        field(
            "hours",
            "Hours",
            "empty: always; mon-fri 09:00-18:00",
            &contract.when.hours.map(|hours| hours.to_string()).unwrap_or_default(),
        ),
        field("contacts", "Contacts", "empty: all; new or known", first),
        field("language", "Language", "empty: any; such as es", contract.when.language.as_deref().unwrap_or_default()),
        field("words", "Words", "only messages with one of these, comma-separated", &contract.when.words.join(", ")),
        field(
            "others",
            "Initiating",
            "yes: may write to contacts who did not write first",
            yes_no(contract.allow_initiating),
        ),
        field(
            "pause",
            "Pause",
            "minutes of silence after a person wrote; empty: as the number",
            &figure(contract.pause_after_person_minutes.map(u64::from)),
        ),
        field(
            "guard",
            "Guard",
            "hold or off: replies with another contact's data; empty: as the agent",
            contract.guard.map(Guard::name).unwrap_or_default(),
        ),
        field(
            "until",
            "Until",
            "empty: until revoked; 8h, 18:30, 2026-06-30 18:00",
            &expires.map(|at| at.to_string()).unwrap_or_default(),
        ),
    ]
}

const fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

impl AgentForm {
    fn title_and_fields(&self) -> (String, Vec<Field>) {
        match self {
            Self::Propose { agent, whom, known, .. } => {
                let title = format!("Propose that {} answers {}", clean_line(agent), clean_line(whom));
                let usual = Contract::default();
                let (mode, contract, until) = match known {
                    Some(one) => (one.mode, &one.contract, one.expires_at),
                    None => (Mode::Draft, &usual, None),
                };
                (title, terms(mode, contract, until))
            }
            Self::Narrow { assignment, whom, .. } => {
                let title = format!("Restrict how {} answers {}", clean_line(&assignment.agent), clean_line(whom));
                (title, terms(assignment.mode, &assignment.contract, assignment.expires_at))
            }
            Self::Snooze { assignment } => {
                (format!("Postpone {assignment}"), vec![field("until", "Until", "2h, 18:30 or 2026-06-02 09:00", "2h")])
            }
            Self::Revoke { words, .. } => {
                (format!("Revoke: {words}"), vec![field("reason", "Reason", "for the proposer and the audit log", "")])
            }
            Self::Rehearse { agent, .. } => (
                format!("Rehearse {}", clean_line(agent)),
                vec![field("exchanges", "Exchanges", "past exchanges, 1 to 50", "10")],
            ),
            Self::Test { agent } => (
                format!("Test {}", clean_line(agent)),
                vec![field("words", "Words", "as if a contact had written it", "")],
            ),
            Self::Dismiss { agent, .. } => (
                format!("Dismiss the reply that {} suggests", clean_line(agent)),
                vec![field("reason", "Reason", "optional", "")],
            ),
        }
    }

    /// Returns the note below the fields, and `true` if it is a warning.
    fn note(&self) -> (String, bool) {
        match self {
            Self::Propose { .. } => {
                let tools: Vec<&str> = Tool::ALL.into_iter().map(Tool::name).collect();
                (format!("An admin decides. Available tools: {}.", tools.join(" ")), false)
            }
            Self::Narrow { .. } => (
                "Terms that allow more than the proposal are refused. The restricted contract becomes active.".into(),
                false,
            ),
            Self::Snooze { .. } => ("The proposal stays open and still expires at its time.".into(), false),
            Self::Revoke { .. } => {
                ("Its runs end, and their threads wait for a person. Unsent replies are canceled.".into(), true)
            }
            Self::Rehearse { .. } => ("Nothing is sent. The agent's usual costs apply.".into(), false),
            Self::Test { .. } => ("It gets no thread and no tools, and nothing is sent.".into(), false),
            Self::Dismiss { .. } => ("The thread still waits for a person.".into(), false),
        }
    }

    fn request(&self, filled: &Filled<'_>) -> Result<AgentRequest, UserError> {
        Ok(match self {
            Self::Propose { agent, connection, thread, .. } => {
                AgentRequest::Propose(Box::new(proposal(filled, (agent, *connection, *thread))?))
            }
            Self::Narrow { assignment: one, .. } => AgentRequest::Restrict {
                assignment: one.id,
                proposal: Box::new(proposal(filled, (&one.agent, one.connection, one.thread))?),
            },
            Self::Snooze { assignment } => {
                AgentRequest::Snooze { assignment: *assignment, until: filled.when("until")?.ok_or("Say until when.")? }
            }
            Self::Revoke { assignment, .. } => {
                AgentRequest::Revoke { assignment: *assignment, reason: filled.text("reason").to_owned() }
            }
            Self::Rehearse { assignment, .. } => AgentRequest::Rehearse {
                assignment: *assignment,
                exchanges: figure(filled, "exchanges", "exchanges")?.ok_or("Say how many exchanges.")?,
            },
            Self::Test { agent } => {
                let words = filled.text("words").to_owned();
                if words.is_empty() {
                    return Err("Say what a contact might write.".into());
                }
                AgentRequest::Test { agent: agent.clone(), words }
            }
            Self::Dismiss { run, .. } => AgentRequest::Dismiss { run: *run, reason: filled.text("reason").to_owned() },
        })
    }
}

impl FormKind for AgentForm {
    fn title(&self) -> String {
        self.title_and_fields().0
    }

    fn fields(&self) -> Vec<Field> {
        self.title_and_fields().1
    }

    fn about(&self) -> String {
        match self {
            Self::Propose { connection, thread, .. } => {
                thread.map_or_else(|| connection.to_string(), |thread| thread.to_string())
            }
            Self::Narrow { assignment, .. } => assignment.id.to_string(),
            Self::Snooze { assignment } | Self::Revoke { assignment, .. } | Self::Rehearse { assignment, .. } => {
                assignment.to_string()
            }
            Self::Test { agent } => agent.clone(),
            Self::Dismiss { run, .. } => run.to_string(),
        }
    }

    fn needs_ctrl_s(&self) -> bool {
        matches!(self, Self::Dismiss { .. } | Self::Revoke { .. } | Self::Narrow { .. })
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        let (text, warns) = self.note();
        vec![(text, if warns { theme.warn() } else { theme.dim() })]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let request = self.request(filled)?;
        // A restriction that changes nothing is an approval, with the approval's confirmation.
        if let (Self::Narrow { assignment: one, question, .. }, AgentRequest::Restrict { proposal, .. }) =
            (self, &request)
            && one.has_same_terms(proposal)
        {
            if one.state == AssignmentState::Active && one.stale_since.is_none() {
                return Err("It is already active.".into());
            }
            let request = Request::Agents(AgentRequest::Approve { assignment: one.id });
            return Ok(Submission::Confirm(question.clone(), request));
        }
        Ok(Submission::Perform(Request::Agents(request)))
    }
}

fn figure<T: std::str::FromStr>(filled: &Filled<'_>, key: &str, name: &str) -> Result<Option<T>, UserError> {
    match filled.text(key) {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("The {name} are a whole number.").into()),
    }
}

/// Returns the proposal that the form's terms describe. Fails if a term is invalid.
fn proposal(
    filled: &Filled<'_>,
    (agent, connection, thread): (&str, ConnectionId, Option<ThreadId>),
) -> Result<Proposal, UserError> {
    let usual = Contract::default();
    let mode = Mode::from_name(filled.text("mode")).ok_or("The mode is draft, auto or off.")?;
    let mut tools = vec![];
    for name in filled.text("tools").split([' ', ',']).filter(|name| !name.is_empty()) {
        tools.push(Tool::from_name(name).ok_or_else(|| format!("`{}` is no tool.", clean_line(name)))?);
    }
    let first_contact = match filled.text("contacts") {
        "" => None,
        "new" => Some(true),
        "known" => Some(false),
        _ => return Err("The contacts are new, known, or left empty for all.".into()),
    };
    let words = filled.text("words").split(',').map(str::trim).filter(|word| !word.is_empty());
    let until = match filled.text("until") {
        "" => None,
        text => Some(match Timestamp::parse(text) {
            Some(at) => at,
            None => filled.when("until")?.ok_or("Say until when.")?,
        }),
    };
    let money = match filled.text("money") {
        "" => None,
        text => Some(Money::parse(text).ok_or("The money is an amount, such as 5.00.")?),
    };
    let hours = match filled.text("hours") {
        "" => None,
        text => Some(Hours::parse(text).map_err(|error| error.to_string())?),
    };
    let contract = Contract {
        tools,
        max_per_hour: figure(filled, "per_hour", "replies per hour")?.unwrap_or(usual.max_per_hour),
        max_messages: figure(filled, "messages", "messages")?.unwrap_or(usual.max_messages),
        max_characters: figure(filled, "longest", "characters")?.unwrap_or(usual.max_characters),
        tokens_per_day: figure(filled, "tokens", "tokens")?,
        money_per_day: money,
        allow_initiating: filled.text("others").eq_ignore_ascii_case("yes"),
        pause_after_person_minutes: figure(filled, "pause", "minutes of the pause")?,
        guard: match filled.text("guard") {
            "" => None,
            word => Some(Guard::from_name(word).ok_or("The guard is hold or off.")?),
        },
        when: Conditions {
            first_contact,
            hours,
            language: Some(filled.text("language").to_lowercase()).filter(|code| !code.is_empty()),
            words: words.map(str::to_owned).collect(),
        },
    };
    contract.check().map_err(|error| error.to_string())?;
    Ok(Proposal { connection, thread, agent: agent.to_owned(), mode, contract, expires_at: until })
}
