//! What the footer of the composer says.

use wadeck::simulator::Saying;

use crate::sitting::Sitting;
use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

async fn a_long_thread() -> Stage {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    for number in 0..60 {
        stage.simulator.says(SUPPORT, &rosa(), &Saying::Text(format!("line number {number}")));
    }
    stage.deliver().await;
    stage
}

#[tokio::test]
async fn the_footer_says_what_enter_does() {
    let stage = a_long_thread().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 c").await;
    sitting.types(&stage, "one").await;
    sitting.sees("enter send");
    sitting.press(&stage, "alt-enter").await;
    sitting.types(&stage, "two").await;
    sitting.sees("enter new line, ctrl-s sends");
}
