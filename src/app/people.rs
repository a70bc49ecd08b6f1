//! Who is asking: the user id that the kernel names, or the key that somebody holds, in the words of
//! the configuration. It can be read anew while the engine runs.

use std::sync::{PoisonError, RwLock};

use tokio::sync::watch;

use crate::config::UserConfig;
use crate::domain::access::actor::Actor;
use crate::domain::access::role::Role;

/// The people of an engine.
#[derive(Debug)]
pub struct People {
    users: RwLock<Vec<UserConfig>>,
    changed: watch::Sender<()>,
}

impl People {
    pub fn new(users: Vec<UserConfig>) -> Self {
        Self { users: RwLock::new(users), changed: watch::channel(()).0 }
    }

    /// Takes other people for the ones before, and tells whoever wants to know.
    pub fn replace(&self, users: Vec<UserConfig>) {
        *self.users.write().unwrap_or_else(PoisonError::into_inner) = users;
        self.changed.send_replace(());
    }

    /// Told whenever the people are others.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn with<T>(&self, ask: impl FnOnce(&[UserConfig]) -> T) -> T {
        ask(&self.users.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The actor behind a user id. Without declared users, only the engine's own user is anybody: its
    /// admin. With them, only those who are declared.
    pub fn by_uid(&self, uid: u32) -> Option<Actor> {
        self.with(|users| actor_of(users, uid, own_uid()))
    }

    /// Whoever is declared under this name.
    pub fn named(&self, name: &str) -> Option<Actor> {
        self.with(|users| users.iter().find(|user| user.name == name).map(known))
    }

    /// The role that somebody has now. Without declared users, the engine's own user and root are its admins.
    pub fn role_of(&self, name: &str) -> Option<Role> {
        self.with(|users| {
            if users.is_empty() {
                return (name == os_name(own_uid()) || name == os_name(0)).then_some(Role::Admin);
            }
            users.iter().find(|user| user.name == name).map(|user| user.role)
        })
    }

    /// Whoever declares a key that fits.
    pub fn by_key(&self, fits: impl Fn(&str) -> bool) -> Option<Actor> {
        self.with(|users| users.iter().find(|user| user.ssh_keys.iter().any(|key| fits(key))).map(known))
    }

    /// Whether somebody is still who they were: with the same role, under the same name.
    pub fn still(&self, actor: &Actor) -> bool {
        let Actor::Operator { name, role } = actor else { return true };
        self.role_of(name).is_some_and(|now| now >= *role)
    }
}

fn known(user: &UserConfig) -> Actor {
    Actor::Operator { name: user.name.clone(), role: user.role }
}

fn own_uid() -> u32 {
    rustix::process::getuid().as_raw()
}

fn actor_of(users: &[UserConfig], uid: u32, own_uid: u32) -> Option<Actor> {
    let os_name = os_name(uid);
    if users.is_empty() {
        let allowed = uid == own_uid || uid == 0;
        return allowed.then_some(Actor::Operator { name: os_name, role: Role::Admin });
    }
    let declared = users.iter().find(|user| user.os_user.as_deref().unwrap_or(&user.name) == os_name);
    declared.map(known)
}

/// Who runs this process.
pub fn current_actor(users: &[UserConfig]) -> Option<Actor> {
    actor_of(users, own_uid(), own_uid())
}

/// The login name of a user id, as this machine knows it, from its files or from a directory service.
fn os_name(uid: u32) -> String {
    let known = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).ok().flatten();
    known.map_or_else(|| format!("uid{uid}"), |user| user.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> UserConfig {
        UserConfig { name: "ada".into(), role: Role::Viewer, os_user: Some("root".into()), ssh_keys: vec!["k".into()] }
    }

    #[test]
    fn without_declared_users_only_the_owner_is_somebody() {
        assert!(actor_of(&[], 0, 0).is_some_and(|actor| actor.role() == Some(Role::Admin)));
        assert!(actor_of(&[], 54_321, 1_000).is_none());
    }

    #[test]
    fn declared_users_have_the_role_they_were_given() {
        let actor = actor_of(&[root()], 0, 0).expect("root is declared");
        assert_eq!(actor, Actor::Operator { name: "ada".into(), role: Role::Viewer });
        assert!(actor_of(&[root()], 54_321, 54_321).is_none());
    }

    #[test]
    fn who_was_removed_is_nobody_at_once() {
        let people = People::new(vec![root()]);
        let ada = people.by_key(|key| key == "k").expect("her key");
        assert!(people.still(&ada) && people.by_key(|key| key == "other").is_none());
        people.replace(vec![UserConfig { name: "noor".into(), ..root() }]);
        assert!(!people.still(&ada));
        assert!(people.named("ada").is_none());
        assert_eq!((people.role_of("ada"), people.role_of("noor")), (None, Some(Role::Viewer)));
        // Nor does anybody stay because no user is declared any more.
        let noor = people.named("noor").expect("declared");
        people.replace(vec![]);
        assert!(!people.still(&noor));
    }
}
