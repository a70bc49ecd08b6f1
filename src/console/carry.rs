//! Carries out the intents of panes and overlays, including navigation.

use super::Console;
use super::beneath::scene;
use super::cx::Cx;
use super::draw::details::detail_lines;
use super::event::{Edit, Effect};
use super::intent::{Intent, Then};
use super::layout::detail_room;
use super::overlays::editor::Editor;
use super::overlays::filter::FilterLine;
use super::overlays::palette::Palette;
use super::overlays::question::Question;
use super::overlays::reading::Reading;
use super::overlays::readings::findings::Findings;
use super::pane_id::PaneId;
use super::panes::pane::Pane;
use super::press::Agreed;
use super::script::{Script, ScriptStep};
use super::settings::Focus;
use crate::domain::ids::ConnectionId;

impl Console {
    /// Returns the open pane.
    pub(super) fn pane(&self) -> &(dyn Pane + 'static) {
        self.panes.get(self.cx.pane)
    }

    /// Returns the list of the open pane.
    pub(super) fn list_mut(&mut self) -> &mut super::list::ListState {
        self.panes.get_mut(self.cx.pane).list_mut()
    }

    /// Carries out intents in order.
    pub(super) fn carry(&mut self, intents: Vec<Intent>) -> Vec<Effect> {
        intents.into_iter().flat_map(|intent| self.apply_intent(intent)).collect()
    }

    /// Carries out one intent.
    pub(super) fn apply_intent(&mut self, intent: Intent) -> Vec<Effect> {
        match intent {
            Intent::Ask(query) => return self.ask(query),
            Intent::Effect(effect) => return vec![effect],
            Intent::Submit(request) => return vec![Effect::Perform(self.panes.threads.as_seen(request))],
            Intent::Notice(text) => self.cx.notice(text, false),
            Intent::Warn(text) => self.cx.notice(text, true),
            Intent::Front(_)
            | Intent::Confirm(..)
            | Intent::Palette { .. }
            | Intent::Filter
            | Intent::Close
            | Intent::Agreed(_)
            | Intent::KeepForm(_) => return self.change_front(intent),
            Intent::Start(spec) => return self.start(spec, Agreed::NotYet),
            Intent::Script(step) => return self.write_script(step),
            Intent::Await(query, said) => {
                self.cx.awaited = Some(query.clone());
                if let Some(said) = said {
                    self.cx.notice(said, false);
                }
                return self.ask(query);
            }
            Intent::FoundThread(row) => {
                let intent = self.panes.threads.found(*row);
                return self.apply_intent(intent);
            }
            Intent::FollowScope { organization, environment, what } => {
                if self.cx.follow_scope(&organization, environment, &what) {
                    return self.ask_anew();
                }
            }
            Intent::KeepDrafts => {
                let intents = self.panes.threads.keep_drafts();
                return self.carry(intents);
            }
            Intent::Focus(focus) => self.cx.focus = focus,
            Intent::SwitchZone => {
                self.cx.utc = !self.cx.utc;
                let zone = if self.cx.utc { "UTC" } else { "the local time zone" };
                self.cx.notice(format!("Times are shown in {zone}."), false);
            }
            Intent::NextScope => {
                self.cx.next_scope();
                self.panes.threads.close_previewed_thread(&self.cx);
                return self.ask_anew();
            }
            Intent::Scroll(lines) => self.scroll = scrolled(&self.cx, self.pane(), self.scroll, lines),
            Intent::ScrollTop => self.scroll = 0,
            Intent::Back => {
                let intents = self.panes.back(&self.cx);
                return self.carry(intents);
            }
            Intent::Refresh => {
                let mut effects = self.ask_for_everything();
                let intents = self.pane().refresh(&self.cx);
                effects.extend(self.carry(intents));
                return effects;
            }
            Intent::Follow => {
                let intents = self.panes.get_mut(self.cx.pane).follow(&self.cx);
                return self.carry(intents);
            }
            Intent::FilterBy(text) => {
                self.list_mut().filter = text;
                return self.narrowed();
            }
            Intent::KeepFilter(text) => self.filters.keep(text),
            Intent::ClearFilter => {
                self.list_mut().filter.clear();
                return self.ask_rows(self.cx.pane);
            }
            Intent::Narrow => return self.narrowed(),
            Intent::ShowPane(_)
            | Intent::ShowFiltered(..)
            | Intent::OpenSelected
            | Intent::GoToThread(_)
            | Intent::GoToMessage(..)
            | Intent::GoToConnection(_) => return self.go(intent),
        }
        vec![]
    }

    /// Carries out an intent that navigates.
    fn go(&mut self, intent: Intent) -> Vec<Effect> {
        match intent {
            Intent::ShowPane(pane) => self.open_pane(pane),
            Intent::ShowFiltered(pane, filter) => {
                let mut effects = self.open_pane(pane);
                effects.extend(self.apply_intent(Intent::FilterBy(filter)));
                effects
            }
            Intent::GoToThread(thread) => {
                let mut effects = self.open_at(PaneId::Threads, thread.to_string());
                self.cx.focus = Focus::Detail;
                let mut intents = self.panes.threads.show(&self.cx, thread);
                intents.extend(self.panes.threads.attend(&self.cx, false));
                effects.extend(self.carry(intents));
                effects
            }
            Intent::GoToMessage(thread, message) => {
                let mut effects = self.open_at(PaneId::Threads, thread.to_string());
                self.cx.focus = Focus::Detail;
                self.panes.threads.show_message(thread, message);
                let mut intents = self.panes.detail(&self.cx);
                intents.extend(self.panes.threads.attend(&self.cx, false));
                effects.extend(self.carry(intents));
                effects
            }
            Intent::OpenSelected => self.open_selected(),
            Intent::GoToConnection(id) => self.go_to_connection(id),
            _ => vec![],
        }
    }

    /// Carries out an intent that opens, closes or changes the overlay.
    fn change_front(&mut self, intent: Intent) -> Vec<Effect> {
        let scene = scene(&self.cx, &self.panes);
        let intents = match intent {
            Intent::Front(overlay) => self.front.show(&scene, overlay),
            Intent::Confirm(question, then) => self.front.show(&scene, Box::new(Question::new(question, then))),
            Intent::Palette { all } => self.front.show(&scene, Box::new(Palette::new(all))),
            Intent::Filter => {
                let line = FilterLine::new(&self.pane().list().filter, self.filters.all());
                self.front.show(&scene, Box::new(line))
            }
            Intent::Close => self.front.close(&scene),
            Intent::KeepForm(begun) => {
                self.front.keep(begun);
                vec![]
            }
            Intent::Agreed(then) => {
                self.front.agreed();
                return match then {
                    Then::Perform(request) => vec![Effect::Perform(request)],
                    Then::Command(spec) => self.start(spec, Agreed::Yes),
                };
            }
            _ => vec![],
        };
        self.carry(intents)
    }

    /// Runs a step of editing a script: opens the editor, checks the text, or shows the findings.
    fn write_script(&mut self, step: ScriptStep) -> Vec<Effect> {
        match (step, self.cx.script.take()) {
            (ScriptStep::Begin(kind, text), _) => {
                let (title, shown) = (kind.title(), text.clone());
                self.cx.script = Some(Script::new(kind, text));
                // Uses the external editor if one is configured, else the built-in one.
                if self.cx.settings.editor {
                    self.front.clear();
                    return vec![Effect::Edit { what: Edit::Script, text: shown }];
                }
                return self.apply_intent(Intent::Front(Box::new(Editor::new(title, &shown))));
            }
            (_, None) => {}
            (ScriptStep::Again, Some(script)) => {
                return self.write_script(ScriptStep::Begin(script.kind, script.text));
            }
            (step, Some(mut script)) => {
                let lists = self.panes.templates.lists.as_deref().unwrap_or_default();
                let shows = matches!(step, ScriptStep::Check(_));
                let said = script.take_step(step, lists);
                self.cx.script = Some(script);
                let said = said.map(|said| said.map_or_else(|why| Intent::Warn(why.to_string()), Intent::Notice));
                let mut intents: Vec<Intent> = said.into_iter().collect();
                intents.extend(shows.then(|| Reading::open(Findings)));
                return self.carry(intents);
            }
        }
        vec![]
    }

    /// Queries the rows of a list after its filter changed. Keys that are pressed before the rows arrive are kept and
    /// applied to the new rows.
    fn narrowed(&mut self) -> Vec<Effect> {
        self.list_mut().go_top();
        let query = self.pane().query();
        let is_asked = self.pane().is_narrowed_by_engine() && (self.cx.knows_scope() || !Cx::needs_scope(&query));
        self.narrowing = is_asked.then(|| query.clone());
        self.ask(query)
    }

    /// Opens a pane with the focus on its list.
    fn open_pane(&mut self, pane: PaneId) -> Vec<Effect> {
        self.cx.pane = pane;
        self.cx.focus = Focus::List;
        self.scroll = 0;
        let mut effects = self.apply_intent(Intent::KeepDrafts);
        effects.extend(self.ask_rows(pane));
        effects.extend(self.apply_intent(Intent::Follow));
        effects
    }

    /// Opens a pane with the cursor on one row, and clears the filter of its list.
    fn open_at(&mut self, pane: PaneId, id: String) -> Vec<Effect> {
        let effects = self.open_pane(pane);
        self.list_mut().filter.clear();
        self.list_mut().selected = Some(id);
        effects
    }

    /// Opens the detail of the selected row. If no row is selected, selects the first.
    fn open_selected(&mut self) -> Vec<Effect> {
        let ids = self.pane().ids(&self.cx);
        if self.pane().list().index(&ids).is_none() {
            self.list_mut().selected = ids.first().cloned();
        }
        self.scroll = 0;
        let mut effects = self.apply_intent(Intent::Follow);
        self.cx.focus = Focus::Detail;
        let intents = self.panes.get_mut(self.cx.pane).opened(&self.cx);
        effects.extend(self.carry(intents));
        effects
    }

    /// Opens a connection in its pane, and switches to the connection's scope.
    fn go_to_connection(&mut self, id: ConnectionId) -> Vec<Effect> {
        let mut effects = self.open_at(PaneId::Connections, id.to_string());
        let found = self.cx.connection(id).map(|row| &row.connection);
        if let Some((organization, environment)) = found.map(|one| (one.organization.clone(), one.environment)) {
            effects.extend(self.apply_intent(Intent::KeepDrafts));
            self.panes.threads.open = None;
            let what = id.to_string();
            effects.extend(self.apply_intent(Intent::FollowScope { organization, environment, what }));
        }
        let intents = self.panes.detail(&self.cx);
        effects.extend(self.carry(intents));
        effects
    }
}

/// Returns the scroll offset of the detail after scrolling by `lines`, within the detail's length.
fn scrolled(cx: &Cx, pane: &dyn Pane, from: u16, lines: isize) -> u16 {
    let most = detail_lines(cx, pane).saturating_sub(detail_room(cx, pane));
    let to = usize::from(from).saturating_add_signed(lines).min(most);
    u16::try_from(to).unwrap_or(u16::MAX)
}
