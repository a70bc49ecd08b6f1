//! A list with a cursor. The cursor stays on its item, by id: when rows are inserted above, the selected row keeps
//! its place on the screen and the other rows move.

/// Maximum rows that a list queries: more than a screen shows, and few enough to query at once.
pub const MAX_ROWS: u32 = 200;

/// Cursor and filter of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListState {
    /// The id under the cursor; `None` until the user moves the cursor, and the list then shows its top.
    pub selected: Option<String>,
    /// The id that commands act on while nothing is selected: the first row at the time the list was shown. Rows that
    /// are inserted above do not replace it, so that a key acts on the row that the user saw.
    on_top: Option<String>,
    /// The screen row of the cursor.
    anchor: usize,
    /// The filter text.
    pub filter: String,
}

/// The visible part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub first: usize,
    pub cursor: Option<usize>,
}

impl ListState {
    /// Returns the index of the cursor. While nothing is selected, returns the row that commands act on, or `None` if
    /// that is the first.
    pub fn index(&self, ids: &[String]) -> Option<usize> {
        if self.selected.is_none() {
            return self.kept_on_top(ids).filter(|at| *at > 0);
        }
        let selected = self.selected.as_ref()?;
        ids.iter().position(|id| id == selected)
    }

    /// Returns the index of the row that commands act on while nothing is selected.
    fn kept_on_top(&self, ids: &[String]) -> Option<usize> {
        let on_top = self.on_top.as_ref()?;
        ids.iter().position(|id| id == on_top)
    }

    /// Updates the row that commands act on while nothing is selected: keeps it while it is among the `room` rows on
    /// the screen, else takes the first row.
    pub fn settle(&mut self, ids: &[String], room: usize) {
        if self.selected.is_none() && self.kept_on_top(ids).is_none_or(|at| at >= room) {
            self.on_top = ids.first().cloned();
        }
    }

    /// Resets the row that commands act on, because the list is shown again.
    pub fn show_again(&mut self) {
        self.on_top = None;
    }

    /// Returns the id that commands act on: the one under the cursor, else the first.
    pub fn current<'i>(&self, ids: &'i [String]) -> Option<&'i String> {
        ids.get(self.index(ids).unwrap_or(0))
    }

    /// Moves the cursor by `rows`; `room` is the number of rows that fit on the screen.
    pub fn move_by(&mut self, ids: &[String], rows: isize, room: usize) {
        if ids.is_empty() {
            return;
        }
        let last = ids.len() - 1;
        let from = self.index(ids);
        let to = match from {
            None if rows.abs() == 1 => 0,
            from => from.unwrap_or(0).saturating_add_signed(rows).min(last),
        };
        if self.selected.is_none() {
            self.anchor = from.unwrap_or(to);
        }
        let moved = to as isize - from.unwrap_or(to) as isize;
        self.anchor = self.anchor.saturating_add_signed(moved).min(room.saturating_sub(1)).min(to);
        self.selected = ids.get(to).cloned();
    }

    /// Goes to the top and clears the selection, so that the list follows new rows.
    pub fn go_top(&mut self) {
        self.selected = None;
        self.on_top = None;
        self.anchor = 0;
    }

    /// Selects the last row.
    pub fn go_end(&mut self, ids: &[String], room: usize) {
        self.selected = ids.last().cloned();
        self.anchor = room.saturating_sub(1).min(ids.len().saturating_sub(1));
    }

    /// Returns which part of `ids` is visible in `room` rows.
    pub fn seen(&self, ids: &[String], room: usize) -> Seen {
        let cursor = self.index(ids);
        let moved = cursor.filter(|_| self.selected.is_some());
        let first = moved.map_or(0, |cursor| cursor.saturating_sub(self.anchor.min(room.saturating_sub(1))));
        Seen { first: first.min(ids.len().saturating_sub(room.max(1))).min(cursor.unwrap_or(usize::MAX)), cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &str) -> Vec<String> {
        names.chars().map(String::from).collect()
    }

    #[test]
    fn the_row_under_the_cursor_stays_when_others_come_above() {
        let mut list = ListState::default();
        list.move_by(&ids("abcdefgh"), 1, 4);
        list.move_by(&ids("abcdefgh"), 2, 4);
        assert_eq!(list.selected.as_deref(), Some("c"));
        assert_eq!(list.seen(&ids("abcdefgh"), 4), Seen { first: 0, cursor: Some(2) });
        assert_eq!(list.seen(&ids("xyabcdefgh"), 4), Seen { first: 2, cursor: Some(4) }, "c is still on the third row");
    }

    #[test]
    fn untouched_it_follows_the_top() {
        let list = ListState::default();
        assert_eq!(list.seen(&ids("xab"), 2), Seen { first: 0, cursor: None });
        assert_eq!(list.current(&ids("xab")).map(String::as_str), Some("x"));
    }

    #[test]
    fn what_comes_above_does_not_take_the_place_of_what_was_read() {
        let mut list = ListState::default();
        list.settle(&ids("ab"), 3);
        assert_eq!(list.seen(&ids("ab"), 3), Seen { first: 0, cursor: None });
        list.settle(&ids("xab"), 3);
        assert_eq!(list.current(&ids("xab")).map(String::as_str), Some("a"), "what was read, not what came");
        assert_eq!(list.seen(&ids("xab"), 3), Seen { first: 0, cursor: Some(1) }, "it is marked, and the top is shown");
        let mut moved = list.clone();
        moved.move_by(&ids("xab"), 1, 3);
        assert_eq!(moved.selected.as_deref(), Some("b"), "a step goes on from the mark");
        list.settle(&ids("wzyxab"), 3);
        assert_eq!(list.current(&ids("wzyxab")).map(String::as_str), Some("w"), "it is not on the screen any more");
    }

    #[test]
    fn it_scrolls_only_when_it_must() {
        let mut list = ListState::default();
        let all = ids("abcdefgh");
        for _ in 0..6 {
            list.move_by(&all, 1, 4);
        }
        assert_eq!(list.seen(&all, 4), Seen { first: 2, cursor: Some(5) });
        list.go_end(&all, 4);
        assert_eq!(list.seen(&all, 4), Seen { first: 4, cursor: Some(7) });
        list.go_top();
        assert_eq!(list.seen(&all, 4).first, 0);
    }
}
