//! A provider bills by a card of its own, with planted mistakes: given the card, the sum is the bill's and each mistake is
//! named.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use wadeck::domain::costs::market::PLACES;
use wadeck::domain::costs::sums::{CostsBy, CostsQuery, CostsView};
use wadeck::domain::query::{Answer, Query};
use wadeck::operations;
use wadeck::simulator::{CATEGORIES, PRICES};

use crate::stage::{CONFIG, SUPPORT, Stage};

/// How many messages are billed: `WADECK_BILLED_MESSAGES=100000` for many.
fn messages() -> u32 {
    std::env::var("WADECK_BILLED_MESSAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

/// The simulator's card as the configuration writes it.
fn card() -> String {
    let rate = |market: &str, category: &str, micros: u64| {
        format!(
            "[[rates]]\nprovider = \"kapso\"\nmarket = \"{market}\"\ncategory = \"{category}\"\nfrom = \"2026-01-01\"\n\
             price = \"{}.{:06}\"\ncurrency = \"USD\"\n",
            micros / 1_000_000,
            micros % 1_000_000
        )
    };
    let rates = PRICES.iter().flat_map(|(_, market, prices)| {
        CATEGORIES.iter().zip(prices).map(move |(category, micros)| rate(market, category, *micros))
    });
    rates.collect()
}

pub async fn costs(stage: &Stage, by: CostsBy) -> CostsView {
    match stage.ask(Query::Costs(CostsQuery { by, hours: Some(24), from: None, to: None })).await {
        Answer::Costs(view) => *view,
        other => panic!("{other:?}"),
    }
}

async fn stage(rates: &str) -> Stage {
    let stage = Stage::with_config(&format!("{}{rates}", CONFIG.replace("agent = \"helper\"\n", ""))).await;
    for (at, category) in CATEGORIES.iter().take(3).enumerate() {
        stage.simulator.add_template(json!({ "id": (900 + at).to_string(), "name": format!("bill_{category}"),
            "language": "en", "category": category.to_uppercase(), "status": "APPROVED",
            "components": [{ "type": "BODY", "text": "Hello." }] }));
    }
    operations::refresh_templates(&stage.system).await.expect("fetched");
    stage
}

#[tokio::test]
async fn the_sum_is_that_of_the_bill_and_every_planted_mistake_is_named() {
    let mut stage = stage(&card()).await;
    let bill = stage.simulator.bills(SUPPORT, messages());
    assert!(bill.planted.len() >= 3, "{bill:?}");
    stage.deliver().await;
    for by in CostsBy::ALL.map(|(_, by)| by) {
        let view = costs(&stage, by).await;
        let sums: Vec<u64> = view.total.amounts.amounts().map(|amount| amount.micros).collect();
        assert_eq!((view.total.messages, view.total.charged), (messages(), bill.charged), "{by:?}");
        assert_eq!(sums, [bill.micros], "{by:?}: the sum is the bill's to the last micro-unit");
        assert_eq!(view.total.not_known, BTreeMap::new(), "{by:?}");
        let rows: u32 = view.rows.iter().map(|row| row.messages).sum();
        assert_eq!(rows, messages(), "{by:?}");
        assert_eq!(view.total.deviations as usize, bill.planted.len(), "{by:?}");
    }
    let mut named = BTreeSet::new();
    for one in costs(&stage, CostsBy::Template).await.deviations {
        let Answer::Message(Some(detail)) = stage.ask(Query::Message { message: one.message }).await else { panic!() };
        let what = one.differs[0].split_once(':').expect("a part").0.to_owned();
        named.insert((detail.message.provider_message_id.expect("an id"), what));
    }
    let planted: BTreeSet<_> = bill.planted.iter().map(|(id, what)| (id.clone(), (*what).to_owned())).collect();
    assert_eq!(named, planted);
}

#[tokio::test]
async fn without_a_card_nothing_is_summed_and_free_messages_have_their_reason() {
    let mut stage = stage("").await;
    let bill = stage.simulator.bills(SUPPORT, 200);
    stage.deliver().await;
    let total = costs(&stage, CostsBy::Number).await.total;
    assert!(total.amounts.is_empty() && total.charged == 0, "{total:?}");
    assert_eq!(total.not_known, BTreeMap::from([("no rate card is configured".to_owned(), bill.charged)]));
    let free: BTreeSet<&str> = total.free.keys().map(String::as_str).collect();
    let reasons = ["customer service window", "free entry point window", "not delivered", "not billable"];
    assert!(free.iter().all(|why| reasons.iter().any(|reason| why.starts_with(reason))), "{free:?}");
    assert_eq!(total.free.values().sum::<u32>() + bill.charged, 200);
}

#[test]
fn the_document_lists_every_market() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/costs.md");
    let text = std::fs::read_to_string(path).expect("readable");
    for (code, country, region) in PLACES {
        let row = text.lines().find(|line| {
            line.starts_with(&format!("| {region} |")) || region.is_empty() && line.starts_with("| (country alone)")
        });
        let row = row.unwrap_or_else(|| panic!("no row for {region}"));
        assert!(
            row.contains(country) && row.contains(&format!("+{code}")),
            "{country} +{code} is not in the row of {region}"
        );
    }
}
