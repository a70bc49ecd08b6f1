//! Who is asking: the user id that the kernel names, in the words of the configuration.

use crate::config::UserConfig;
use crate::domain::role::{Actor, Role};

/// The actor behind a user id. Without declared users, only the engine's own user is anybody: its
/// admin. With them, only those who are declared.
pub fn actor_of(users: &[UserConfig], uid: u32, own_uid: u32) -> Option<Actor> {
    let os_name = os_name(uid);
    if users.is_empty() {
        let allowed = uid == own_uid || uid == 0;
        return allowed.then_some(Actor::Operator { name: os_name, role: Role::Admin });
    }
    let declared = users.iter().find(|user| user.os_user.as_deref().unwrap_or(&user.name) == os_name);
    declared.map(|user| Actor::Operator { name: user.name.clone(), role: user.role })
}

/// Who runs this process.
pub fn current_actor(users: &[UserConfig]) -> Option<Actor> {
    let uid = rustix::process::getuid().as_raw();
    actor_of(users, uid, uid)
}

/// The login name of a user id, as the system's user list has it.
fn os_name(uid: u32) -> String {
    let list = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let listed = list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse::<u32>().ok()? == uid).then(|| name.to_owned())
    });
    listed.unwrap_or_else(|| format!("uid{uid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_declared_users_only_the_owner_is_somebody() {
        assert!(actor_of(&[], 0, 0).is_some_and(|actor| actor.role() == Some(Role::Admin)));
        assert!(actor_of(&[], 54_321, 1_000).is_none());
    }

    #[test]
    fn declared_users_have_the_role_they_were_given() {
        let root =
            UserConfig { name: "ada".into(), role: Role::Viewer, os_user: Some("root".into()), ssh_keys: vec![] };
        let actor = actor_of(std::slice::from_ref(&root), 0, 0).expect("root is declared");
        assert_eq!(actor, Actor::Operator { name: "ada".into(), role: Role::Viewer });
        assert!(actor_of(&[root], 54_321, 54_321).is_none());
    }
}
