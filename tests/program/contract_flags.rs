//! The command line shows contract terms and opt-outs.

use wadeck::simulator::{Person, Saying};

use crate::world::{SUPPORT, World, simulator};

fn output_of(world: &World, arguments: &[&str]) -> String {
    let output = world.run(arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {out}{err}");
    out.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_proposed_by_a_flag_and_an_opt_out_shows_its_source() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _served = world.serve();
    let propose = ["assignments", "propose", "--connection", "c1", "--agent", "helper", "--pause-after-person-minutes"];
    let id = output_of(&world, &[&propose[..], &["240"]].concat());
    let id = id.split_whitespace().find(|word| word.starts_with('g')).expect("an id").trim_end_matches(':').to_owned();
    let shown = output_of(&world, &["assignments", "show", &id]);
    assert!(shown.contains("240 minutes after a person wrote"), "{shown}");
    let refused = world.run(&[&propose[..], &["99999"]].concat());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("between 0 and 10080"), "{refused:?}");

    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa Field", "15550100002"), &Saying::text("STOP"));
    let shown_in_list = async {
        while !output_of(&world, &["contacts", "list", "Rosa"]).contains("opted out: the contact wrote STOP in m") {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = simulator.run() => unreachable!("it runs for ever"),
        () = shown_in_list => {}
    }
}
