//! Identifies the panes, in the order of the stack.

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
    /// All panes, in the order of the stack.
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

    /// Returns the pane's title.
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

    /// Returns the number key that opens the pane.
    pub const fn number(self) -> usize {
        self as usize + 1
    }
}
