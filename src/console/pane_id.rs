//! The panes by name, in the order of the stack.

/// A pane of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaneId {
    Connections,
    Threads,
    Delivery,
    Templates,
    Agents,
    Flows,
    Activity,
    Log,
}

impl PaneId {
    pub const ALL: [Self; 8] = [
        Self::Connections,
        Self::Threads,
        Self::Delivery,
        Self::Templates,
        Self::Agents,
        Self::Flows,
        Self::Activity,
        Self::Log,
    ];

    pub const fn title(self) -> &'static str {
        match self {
            Self::Connections => "Connections",
            Self::Threads => "Threads",
            Self::Delivery => "Delivery",
            Self::Templates => "Templates",
            Self::Agents => "Agents",
            Self::Flows => "Flows",
            Self::Activity => "Activity",
            Self::Log => "Log",
        }
    }

    /// The key that opens it.
    pub const fn number(self) -> usize {
        self as usize + 1
    }
}
