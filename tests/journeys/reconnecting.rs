//! Numbers that were given back or unregistered, and connected again.

use wadeck::domain::numbers::number::NumberRequest;
use wadeck::domain::numbers::setup::SetupState;

use crate::numbers::{list, number, only_setup, proved, support};
use crate::stage::{SUPPORT, Stage, rosa};

#[tokio::test]
async fn a_number_that_is_unregistered_stays_at_the_provider_and_is_served_again() {
    let mut stage = Stage::set().await;
    let connection = support(&stage).await;
    stage.says(&rosa(), "hello").await;
    number(&stage, NumberRequest::Unregister { connection }).await.expect("unregistered");
    assert!(!stage.simulator.webhooks().iter().any(|one| one["phone_number_id"] == SUPPORT), "our webhook is gone");
    let setup = only_setup(&stage).await;
    assert_eq!(setup.phone_number_id.as_deref(), Some(SUPPORT));
    number(&stage, NumberRequest::Reconnect { setup: setup.id }).await.expect("again");
    proved(&mut stage).await;
    assert_eq!(support(&stage).await, connection);
    assert_eq!(
        (stage.simulator.links().len(), stage.simulator.customers().len()),
        (0, 0),
        "nobody had to follow a link"
    );
    stage.says(&rosa(), "are you back?").await;
    assert_eq!(stage.messages(stage.thread().await.id).await.len(), 2);
}

#[tokio::test]
async fn reconnecting_that_is_given_up_can_be_begun_again() {
    let mut stage = Stage::set().await;
    let connection = support(&stage).await;
    number(&stage, NumberRequest::Unregister { connection }).await.expect("unregistered");
    let setup = only_setup(&stage).await;
    let idle = number(&stage, NumberRequest::Cancel { setup: setup.id }).await.expect_err("nothing to give up");
    assert!(idle.to_string().contains("connect it again"), "{idle}");
    for _ in 0..2 {
        number(&stage, NumberRequest::Reconnect { setup: setup.id }).await.expect("begun");
        let said = number(&stage, NumberRequest::Cancel { setup: setup.id }).await.expect("given up").message;
        assert!(said.contains("can be reconnected"), "{said}");
        assert_eq!(only_setup(&stage).await.state, SetupState::Disconnected, "it is still in the list");
    }
    number(&stage, NumberRequest::Reconnect { setup: setup.id }).await.expect("again");
    proved(&mut stage).await;
    assert!(list(&stage).await.others.is_empty(), "{:?}", list(&stage).await.others);
    assert_eq!(support(&stage).await, connection);
}

#[tokio::test]
async fn a_number_with_a_key_of_its_own_is_asked_about_with_that_key() {
    let own = crate::stage::CONFIG.replace("debounce_seconds = 4", "debounce_seconds = 4\napi_key_env = \"OWN_KEY\"");
    let mut stage = Stage::set().await;
    stage.environment = vec![("OWN_KEY", "stage-key".to_owned())];
    stage.restart(&own).await;
    let connection = support(&stage).await;
    number(&stage, NumberRequest::Unregister { connection }).await.expect("unregistered");
    // Without it nothing is asked: the usual key is another account's.
    stage.environment.clear();
    stage.restart(&own).await;
    let setup = only_setup(&stage).await;
    number(&stage, NumberRequest::Reconnect { setup: setup.id }).await.expect("begun");
    stage.set_up().await;
    let why = only_setup(&stage).await.trouble.expect("it could not be asked");
    assert!(why.contains("OWN_KEY is not set"), "{why}");
    stage.environment = vec![("OWN_KEY", "stage-key".to_owned())];
    stage.restart(&own).await;
    number(&stage, NumberRequest::Resume { setup: setup.id }).await.expect("again");
    proved(&mut stage).await;
    assert_eq!(support(&stage).await, connection);
}
