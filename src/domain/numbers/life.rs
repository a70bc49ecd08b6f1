//! Lifecycle of a number as one table: states, events, transitions and actions. Every state change goes through this
//! table. Every state has a way out.

use crate::domain::code::Code;
use crate::domain::numbers::setup::{Setup, SetupState};
use crate::domain::refusal::Refusal;

/// Whether the number is connected, independent of its setup steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Never connected.
    New,
    /// Connected.
    Live,
    /// Disconnected; its messages are kept.
    Gone,
}

/// Lifecycle state of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberState {
    /// The number is unknown here.
    Absent,
    SettingUp,
    SetupWaits,
    SetupFailed,
    Connected,
    /// Connected, with steps in progress, such as registering its webhook again or renewing its credentials.
    Checking,
    CheckWaits,
    CheckFailed,
    Disconnected,
    Reconnecting,
    ReconnectWaits,
    ReconnectFailed,
}

/// An event in the lifecycle of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberEvent {
    // Actions of people.
    SetUp,
    Adopt,
    GoOn,
    NewLink,
    GiveUp,
    Reconnect,
    Register,
    Renew,
    Unregister,
    Disconnect,
    // Automatic events.
    /// The configuration file declares the number.
    Declared,
    /// The configuration file declares a disconnected number whose provider does not support setup.
    Restored,
    StepDone,
    StepWaits,
    StepFailed,
    /// The owner followed the setup link.
    LinkFollowed,
    /// A step connected the number.
    Made,
    /// The last step is complete.
    Verified,
    /// The provider no longer has the number.
    Lost,
}

use NumberEvent as E;
use NumberState as S;

/// All transitions. Any other transition is refused.
pub(crate) const LIFE: &[(S, &[(E, S)])] = &[
    (S::Absent, &[(E::SetUp, S::SettingUp), (E::Adopt, S::SettingUp), (E::Declared, S::Connected)]),
    (
        S::SettingUp,
        &[
            (E::NewLink, S::SettingUp),
            (E::GiveUp, S::Absent),
            (E::Made, S::Checking),
            (E::StepDone, S::SettingUp),
            (E::StepWaits, S::SetupWaits),
            (E::StepFailed, S::SetupFailed),
            (E::LinkFollowed, S::SettingUp),
        ],
    ),
    (
        S::SetupWaits,
        &[
            (E::GoOn, S::SettingUp),
            (E::NewLink, S::SettingUp),
            (E::GiveUp, S::Absent),
            (E::Made, S::Checking),
            (E::StepDone, S::SettingUp),
            (E::StepWaits, S::SetupWaits),
            (E::StepFailed, S::SetupFailed),
            (E::LinkFollowed, S::SettingUp),
        ],
    ),
    (
        S::SetupFailed,
        &[(E::GoOn, S::SettingUp), (E::NewLink, S::SettingUp), (E::GiveUp, S::Absent), (E::LinkFollowed, S::SettingUp)],
    ),
    (
        S::Connected,
        &[
            (E::Register, S::Checking),
            (E::Renew, S::Checking),
            (E::Unregister, S::Disconnected),
            (E::Disconnect, S::Disconnected),
            (E::Declared, S::Connected),
            (E::Lost, S::Disconnected),
        ],
    ),
    (
        S::Checking,
        &[
            (E::NewLink, S::Checking),
            (E::GiveUp, S::Connected),
            (E::Unregister, S::Disconnected),
            (E::Disconnect, S::Disconnected),
            (E::Declared, S::Checking),
            (E::Made, S::Checking),
            (E::StepDone, S::Checking),
            (E::StepWaits, S::CheckWaits),
            (E::StepFailed, S::CheckFailed),
            (E::LinkFollowed, S::Checking),
            (E::Verified, S::Connected),
            (E::Lost, S::Disconnected),
        ],
    ),
    (
        S::CheckWaits,
        &[
            (E::GoOn, S::Checking),
            (E::NewLink, S::Checking),
            (E::GiveUp, S::Connected),
            (E::Unregister, S::Disconnected),
            (E::Disconnect, S::Disconnected),
            (E::Declared, S::CheckWaits),
            (E::Made, S::Checking),
            (E::StepDone, S::Checking),
            (E::StepWaits, S::CheckWaits),
            (E::StepFailed, S::CheckFailed),
            (E::LinkFollowed, S::Checking),
            (E::Verified, S::Connected),
            (E::Lost, S::Disconnected),
        ],
    ),
    (
        S::CheckFailed,
        &[
            (E::GoOn, S::Checking),
            (E::NewLink, S::Checking),
            (E::GiveUp, S::Connected),
            (E::Unregister, S::Disconnected),
            (E::Disconnect, S::Disconnected),
            (E::Declared, S::CheckFailed),
            (E::LinkFollowed, S::Checking),
            (E::Lost, S::Disconnected),
        ],
    ),
    (S::Disconnected, &[(E::Reconnect, S::Reconnecting), (E::Declared, S::Disconnected), (E::Restored, S::Connected)]),
    (
        S::Reconnecting,
        &[
            (E::NewLink, S::Reconnecting),
            (E::GiveUp, S::Disconnected),
            (E::Declared, S::Reconnecting),
            (E::Made, S::Checking),
            (E::StepDone, S::Reconnecting),
            (E::StepWaits, S::ReconnectWaits),
            (E::StepFailed, S::ReconnectFailed),
            (E::LinkFollowed, S::Reconnecting),
        ],
    ),
    (
        S::ReconnectWaits,
        &[
            (E::GoOn, S::Reconnecting),
            (E::NewLink, S::Reconnecting),
            (E::GiveUp, S::Disconnected),
            (E::Declared, S::ReconnectWaits),
            (E::Made, S::Checking),
            (E::StepDone, S::Reconnecting),
            (E::StepWaits, S::ReconnectWaits),
            (E::StepFailed, S::ReconnectFailed),
            (E::LinkFollowed, S::Reconnecting),
        ],
    ),
    (
        S::ReconnectFailed,
        &[
            (E::GoOn, S::Reconnecting),
            (E::NewLink, S::Reconnecting),
            (E::GiveUp, S::Disconnected),
            (E::Declared, S::ReconnectFailed),
            (E::LinkFollowed, S::Reconnecting),
        ],
    ),
];

impl NumberState {
    /// Returns the state for a presence and the state of the number's setup steps, if it has any.
    pub const fn of(number: Presence, steps: Option<SetupState>) -> Self {
        match (number, steps) {
            (Presence::New, Some(SetupState::Running)) => Self::SettingUp,
            (Presence::New, Some(SetupState::Waiting)) => Self::SetupWaits,
            (Presence::New, Some(SetupState::Failed)) => Self::SetupFailed,
            (Presence::New, _) => Self::Absent,
            (Presence::Live, Some(SetupState::Running)) => Self::Checking,
            (Presence::Live, Some(SetupState::Waiting)) => Self::CheckWaits,
            (Presence::Live, Some(SetupState::Failed)) => Self::CheckFailed,
            (Presence::Live, _) => Self::Connected,
            (Presence::Gone, Some(SetupState::Running)) => Self::Reconnecting,
            (Presence::Gone, Some(SetupState::Waiting)) => Self::ReconnectWaits,
            (Presence::Gone, Some(SetupState::Failed)) => Self::ReconnectFailed,
            (Presence::Gone, _) => Self::Disconnected,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "not set up",
            Self::SettingUp => "being set up",
            Self::SetupWaits => "setup pending",
            Self::SetupFailed => "setup failed",
            Self::Connected => "connected",
            Self::Checking => "connected, verifying",
            Self::CheckWaits => "connected, verification pending",
            Self::CheckFailed => "connected, verification failed",
            Self::Disconnected => "disconnected",
            Self::Reconnecting => "being reconnected",
            Self::ReconnectWaits => "reconnect pending",
            Self::ReconnectFailed => "reconnect failed",
        }
    }

    /// Returns the transitions out of this state.
    fn transitions(self) -> &'static [(NumberEvent, Self)] {
        LIFE.iter().find(|(state, _)| *state == self).map_or(&[], |(_, transitions)| transitions)
    }

    /// Returns the state after an event; `None` if the event is not allowed in this state.
    pub fn after(self, event: NumberEvent) -> Option<Self> {
        self.transitions().iter().find(|(known, _)| *known == event).map(|(_, next)| *next)
    }

    /// Returns the actions available in this state, in display order.
    pub fn verbs(self) -> impl Iterator<Item = NumberEvent> {
        self.transitions().iter().map(|(event, _)| *event).filter(|event| event.verb().is_some())
    }

    /// Builds the refusal of an action that is not allowed; it lists the possible actions.
    pub fn refuse(self, name: &str) -> Refusal {
        let ways: Vec<&str> = self.verbs().filter_map(NumberEvent::verb).map(|verb| verb.words).collect();
        let why = format!("{name} is {}.", self.name());
        Refusal::new(Code::SetupState, why, format!("Possible actions: {}.", ways.join("; ")))
    }
}

impl NumberState {
    /// Returns the stored state of the setup steps for this lifecycle state.
    const fn steps(self, event: NumberEvent) -> SetupState {
        match self {
            Self::SettingUp | Self::Checking | Self::Reconnecting => SetupState::Running,
            Self::SetupWaits | Self::CheckWaits | Self::ReconnectWaits => SetupState::Waiting,
            Self::SetupFailed | Self::CheckFailed | Self::ReconnectFailed => SetupState::Failed,
            Self::Disconnected => SetupState::Disconnected,
            Self::Connected if matches!(event, NumberEvent::Verified) => SetupState::Done,
            Self::Connected | Self::Absent => SetupState::Cancelled,
        }
    }
}

impl Setup {
    /// Returns the lifecycle state of the number of this setup.
    pub const fn life(&self, number: Presence) -> NumberState {
        NumberState::of(number, Some(self.state))
    }

    /// Applies an event and returns the new state, or refuses it. All changes of a setup's state go through this
    /// function.
    pub fn apply(&mut self, event: NumberEvent, number: Presence) -> Result<NumberState, Refusal> {
        let state = self.life(number);
        let next = state.after(event).ok_or_else(|| state.refuse(&self.name))?;
        self.state = next.steps(event);
        self.trouble = None;
        Ok(next)
    }

    /// Applies a failed step and stores the reason.
    pub fn fails(&mut self, why: String, number: Presence) -> Result<NumberState, Refusal> {
        let next = self.apply(NumberEvent::StepFailed, number)?;
        self.trouble = Some(why);
        Ok(next)
    }

    /// Repairs a stored state that the table does not allow; returns `false` if nothing changed. Earlier versions
    /// stored the setup of a disconnected number as cancelled or done.
    pub fn restore(&mut self, number: Presence) -> bool {
        let stranded = number == Presence::Gone && matches!(self.state, SetupState::Cancelled | SetupState::Done);
        if stranded {
            (self.state, self.link, self.trouble) = (SetupState::Disconnected, None, None);
        }
        stranded
    }

    /// Returns the actions available for this setup, in display order.
    pub fn verbs(&self, number: Presence) -> Vec<NumberEvent> {
        let fits = |event: &NumberEvent| *event != NumberEvent::NewLink || self.takes_a_link();
        // Actions on a connection are offered with the connection, not with its setup.
        let of_steps = |event: &NumberEvent| event.verb().is_some_and(|verb| verb.about == About::Setup);
        self.life(number).verbs().filter(fits).filter(of_steps).collect()
    }

    /// Returns `true` if the owner can follow a setup link: there is a customer and no number yet.
    pub const fn takes_a_link(&self) -> bool {
        self.customer_id.is_some() && self.phone_number_id.is_none()
    }
}

/// What an action refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Nothing,
    Setup,
    Connection,
}

/// An action on a number, as each surface offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verb {
    pub about: About,
    /// Command line after `wadeck connections`; `{}` stands for the id.
    pub line: &'static str,
    /// Name of the console command in the command table.
    pub command: &'static str,
    pub words: &'static str,
}

impl NumberEvent {
    /// Returns the action that triggers this event; `None` for automatic events.
    pub const fn verb(self) -> Option<Verb> {
        let about = match self {
            Self::SetUp | Self::Adopt => About::Nothing,
            Self::GoOn | Self::NewLink | Self::GiveUp | Self::Reconnect => About::Setup,
            _ => About::Connection,
        };
        let (line, command, words) = match self {
            Self::SetUp => (
                "setup --name NAME --provider PROVIDER",
                "connections.new",
                "start the setup with a link for its owner",
            ),
            Self::Adopt => (
                "adopt PHONE_NUMBER_ID --name NAME --provider PROVIDER",
                "connections.adopt",
                "connect a number that exists at the provider",
            ),
            Self::GoOn => ("resume {}", "connections.resume", "retry the failed step, or check the pending one now"),
            Self::NewLink => ("link {}", "connections.link", "create a new link for its owner"),
            Self::GiveUp => ("cancel {}", "connections.give_up", "cancel the setup"),
            Self::Reconnect => ("reconnect {}", "connections.resume", "connect it again"),
            Self::Register => ("register {}", "connections.register", "register its webhook again and test it"),
            Self::Renew => ("renew {}", "connections.link", "create a link that renews its credentials"),
            Self::Unregister => {
                ("unregister {}", "connections.unregister", "remove the webhook; the number stays at the provider")
            }
            Self::Disconnect => {
                ("disconnect {} --confirm NUMBER", "connections.disconnect", "disconnect it at the provider")
            }
            Self::Declared
            | Self::Restored
            | Self::StepDone
            | Self::StepWaits
            | Self::StepFailed
            | Self::LinkFollowed
            | Self::Made
            | Self::Verified
            | Self::Lost => return None,
        };
        Some(Verb { about, line, command, words })
    }
}

impl Verb {
    /// Returns the full command line for a number.
    pub fn for_id(&self, id: &str) -> String {
        format!("wadeck connections {}", self.line.replace("{}", id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [E; 19] = [
        E::SetUp,
        E::Adopt,
        E::GoOn,
        E::NewLink,
        E::GiveUp,
        E::Reconnect,
        E::Register,
        E::Renew,
        E::Unregister,
        E::Disconnect,
        E::Declared,
        E::Restored,
        E::StepDone,
        E::StepWaits,
        E::StepFailed,
        E::LinkFollowed,
        E::Made,
        E::Verified,
        E::Lost,
    ];

    /// The stored state that this state is saved as and loaded from.
    fn stored(state: S) -> S {
        let presence = match state {
            S::Absent | S::SettingUp | S::SetupWaits | S::SetupFailed => Presence::New,
            S::Connected | S::Checking | S::CheckWaits | S::CheckFailed => Presence::Live,
            _ => Presence::Gone,
        };
        let steps = match state {
            S::SettingUp | S::Checking | S::Reconnecting => Some(SetupState::Running),
            S::SetupWaits | S::CheckWaits | S::ReconnectWaits => Some(SetupState::Waiting),
            S::SetupFailed | S::CheckFailed | S::ReconnectFailed => Some(SetupState::Failed),
            S::Disconnected => Some(SetupState::Disconnected),
            S::Absent | S::Connected => None,
        };
        S::of(presence, steps)
    }

    /// Returns `true` if actions and completed steps lead from this state to a working number.
    fn leads_to_connected(from: S, first: Option<E>) -> bool {
        let mut reached: Vec<S> = first.map_or(vec![from], |event| from.after(event).into_iter().collect());
        let mut at = 0;
        while let Some(state) = reached.get(at).copied() {
            if state == S::Connected {
                return true;
            }
            let onwards = EVENTS.into_iter().filter(|event| {
                event.verb().is_some() || matches!(event, E::StepDone | E::LinkFollowed | E::Made | E::Verified)
            });
            for next in onwards.filter_map(|event| state.after(event)) {
                if !reached.contains(&next) {
                    reached.push(next);
                }
            }
            at += 1;
        }
        false
    }

    #[test]
    fn whatever_happens_there_is_a_verb_that_leads_on() {
        let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
        let mut seen = vec![];
        for _ in 0..200 {
            let mut state = S::Absent;
            for _ in 0..200 {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                let event = EVENTS[(dice % EVENTS.len() as u64) as usize];
                let Some(next) = state.after(event) else { continue };
                if state != S::Absent && next == S::Absent {
                    assert!(
                        matches!(state, S::SettingUp | S::SetupWaits | S::SetupFailed),
                        "{state:?} forgets a number that was connected"
                    );
                }
                state = next;
                assert_eq!(stored(state), state, "it reads as it was written");
                if !seen.contains(&state) {
                    seen.push(state);
                }
                let way = state.verbs().find(|verb| leads_to_connected(state, Some(*verb)));
                assert!(way.is_some() || state == S::Connected, "{state:?} has no way on");
            }
        }
        assert_eq!(seen.len(), LIFE.len(), "{seen:?}");
    }

    #[test]
    fn a_refusal_names_what_can_be_done() {
        let refusal = S::Disconnected.refuse("branch");
        assert_eq!(refusal.reason, "branch is disconnected.");
        assert!(refusal.remedy.contains("connect it again"), "{refusal}");
        assert_eq!(S::Disconnected.after(E::GiveUp), None);
        assert_eq!(S::ReconnectFailed.after(E::GiveUp), Some(S::Disconnected), "it can be connected again");
    }
}
