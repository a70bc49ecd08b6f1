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
}

impl PaneId {
    pub const ALL: [Self; 7] =
        [Self::Connections, Self::Threads, Self::Delivery, Self::Templates, Self::Agents, Self::Flows, Self::Activity];

    pub const fn title(self) -> &'static str {
        match self {
            Self::Connections => "Connections",
            Self::Threads => "Threads",
            Self::Delivery => "Delivery",
            Self::Templates => "Templates",
            Self::Agents => "Agents",
            Self::Flows => "Flows",
            Self::Activity => "Activity",
        }
    }

    /// The key that opens it.
    pub const fn number(self) -> usize {
        self as usize + 1
    }
}
