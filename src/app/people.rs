//! Authentication: maps operating-system users and SSH keys to the users of the configuration. The users can be
//! replaced while the engine runs.

use std::sync::{PoisonError, RwLock};

use tokio::sync::watch;

use crate::config::UserConfig;
use crate::domain::access::actor::Actor;
use crate::domain::access::role::Role;

/// The users of an engine.
#[derive(Debug)]
pub struct People {
    users: RwLock<Vec<UserConfig>>,
    changed: watch::Sender<()>,
}

impl People {
    pub fn new(users: Vec<UserConfig>) -> Self {
        Self { users: RwLock::new(users), changed: watch::channel(()).0 }
    }

    /// Replaces the users and notifies subscribers.
    pub fn replace(&self, users: Vec<UserConfig>) {
        *self.users.write().unwrap_or_else(PoisonError::into_inner) = users;
        self.changed.send_replace(());
    }

    /// Returns a receiver that is notified when the users are replaced.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn with<T>(&self, read: impl FnOnce(&[UserConfig]) -> T) -> T {
        read(&self.users.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the actor of an operating-system user id. Without configured users, only the engine's own user and
    /// root are known, as admins. `None` if the user is not known.
    pub fn by_uid(&self, uid: u32) -> Option<Actor> {
        self.with(|users| actor_of(users, uid, own_uid()))
    }

    /// Returns the user with this name; `None` if there is none.
    pub fn named(&self, name: &str) -> Option<Actor> {
        self.with(|users| users.iter().find(|user| user.name == name).map(to_actor))
    }

    /// Returns the current role of a user. Without configured users, the engine's own user and root are admins.
    /// `None` if the user is not known.
    pub fn role_of(&self, name: &str) -> Option<Role> {
        self.with(|users| {
            if users.is_empty() {
                return (name == os_name(own_uid()) || name == os_name(0)).then_some(Role::Admin);
            }
            users.iter().find(|user| user.name == name).map(|user| user.role)
        })
    }

    /// Returns the names of the declared users who may send messages, in the order of the file.
    pub fn who_may_answer(&self) -> Vec<String> {
        self.with(|users| users.iter().filter(|user| user.role != Role::Viewer).map(|user| user.name.clone()).collect())
    }

    /// Returns the user with an SSH key for which `fits` returns `true`; `None` if there is none.
    pub fn by_key(&self, fits: impl Fn(&str) -> bool) -> Option<Actor> {
        self.with(|users| users.iter().find(|user| user.ssh_keys.iter().any(|key| fits(key))).map(to_actor))
    }

    /// Returns `true` if the user still exists and their role is at least what it was.
    pub fn still(&self, actor: &Actor) -> bool {
        let Actor::Operator { name, role } = actor else { return true };
        self.role_of(name).is_some_and(|now| now >= *role)
    }
}

fn to_actor(user: &UserConfig) -> Actor {
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
    declared.map(to_actor)
}

/// Returns the actor who runs this process; `None` if they are not a configured user.
pub fn current_actor(users: &[UserConfig]) -> Option<Actor> {
    actor_of(users, own_uid(), own_uid())
}

/// Returns the login name of a user id from the system's user database, or `uid` and the number if it has none.
fn os_name(uid: u32) -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| format!("uid{uid}"), |user| user.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> UserConfig {
        UserConfig { name: "ada".into(), role: Role::Viewer, os_user: Some("root".into()), ssh_keys: vec!["k".into()] }
    }

    #[test]
    fn without_configured_users_only_the_owner_is_known() {
        assert!(actor_of(&[], 0, 0).is_some_and(|actor| actor.role() == Some(Role::Admin)));
        assert!(actor_of(&[], 54_321, 1_000).is_none());
    }

    #[test]
    fn configured_users_have_their_configured_role() {
        let actor = actor_of(&[root()], 0, 0).expect("root is declared");
        assert_eq!(actor, Actor::Operator { name: "ada".into(), role: Role::Viewer });
        assert!(actor_of(&[root()], 54_321, 54_321).is_none());
    }

    #[test]
    fn a_removed_user_loses_access_at_once() {
        let people = People::new(vec![root()]);
        let ada = people.by_key(|key| key == "k").expect("her key");
        assert!(people.still(&ada) && people.by_key(|key| key == "other").is_none());
        people.replace(vec![UserConfig { name: "noor".into(), ..root() }]);
        assert!(!people.still(&ada));
        assert!(people.named("ada").is_none());
        assert_eq!((people.role_of("ada"), people.role_of("noor")), (None, Some(Role::Viewer)));
        // Removing all users does not keep anybody's access either.
        let noor = people.named("noor").expect("declared");
        people.replace(vec![]);
        assert!(!people.still(&noor));
    }
}
