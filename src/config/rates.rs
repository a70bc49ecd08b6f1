//! The rate card.

use serde::Deserialize;
use toml::Spanned;

use super::faults::{Faults, nearest, one_of};
use crate::domain::costs::amount::{Amount, Currency, micros};
use crate::domain::costs::card::{Day, Rate, RateCard};
use crate::domain::costs::category::Category;
use crate::domain::costs::market::{self, Market};
use crate::domain::numbers::connection::{ProviderName, ProviderShape};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateTable {
    pub provider: Option<Spanned<String>>,
    pub market: Spanned<String>,
    pub category: Spanned<String>,
    pub from: Spanned<String>,
    pub price: Spanned<toml::Value>,
    pub currency: Spanned<String>,
}

/// Checks the rates. Each fault is reported at its value; a rate with a fault is left out.
pub(super) fn rates(tables: Vec<Spanned<RateTable>>, providers: &[ProviderShape], faults: &mut Faults<'_>) -> RateCard {
    let mut rates: Vec<Rate> = vec![];
    for table in tables {
        let span = table.span();
        let Some(rate) = rate(table.into_inner(), providers, faults) else { continue };
        if rates.iter().any(|known| known.key() == rate.key()) {
            let what = format!(
                "There are two rates for {} in {} from {}. Remove one of them.",
                rate.category.name(),
                rate.market,
                rate.from
            );
            faults.add(span, what);
        }
        rates.push(rate);
    }
    RateCard::new(rates)
}

fn rate(table: RateTable, providers: &[ProviderShape], faults: &mut Faults<'_>) -> Option<Rate> {
    let names: Vec<(&str, ())> = providers.iter().map(|shape| (shape.name, ())).collect();
    let provider = match &table.provider {
        Some(name) => {
            one_of(name, &names, "provider", faults).map(|()| Some(ProviderName::new(name.get_ref().as_str())))
        }
        None => Some(None),
    };
    let market = market(&table.market, faults);
    let category = one_of(&table.category, &Category::ALL, "category", faults);
    let from = Day::parse(table.from.get_ref());
    if from.is_none() {
        let what = format!("`{}` is not a date. Write it like 2026-10-01.", table.from.get_ref());
        faults.add(table.from.span(), what);
    }
    let micros = price(&table.price, faults);
    let currency = Currency::parse(table.currency.get_ref());
    if currency.is_none() {
        let what = format!("`{}` is not a currency. Write its three letters, like \"EUR\".", table.currency.get_ref());
        faults.add(table.currency.span(), what);
    }
    Some(Rate {
        provider: provider?,
        market: market?,
        category: category?,
        from: from?,
        price: Amount { currency: currency?, micros: micros? },
    })
}

fn market(name: &Spanned<String>, faults: &mut Faults<'_>) -> Option<Market> {
    let found = Market::parse(name.get_ref());
    if found.is_none() {
        let names: Vec<&str> = market::names().collect();
        let hint = nearest(name.get_ref(), &names).map(|name| format!(" Did you mean `{name}`?")).unwrap_or_default();
        let what = format!(
            "`{}` is not a market. Write a calling code such as \"+49\", or a country or region of docs/costs.md.{hint}",
            name.get_ref()
        );
        faults.add(name.span(), what);
    }
    found
}

/// A price is a text: a floating-point number is not exact.
fn price(price: &Spanned<toml::Value>, faults: &mut Faults<'_>) -> Option<u64> {
    let found = price.get_ref().as_str().and_then(micros);
    if found.is_none() {
        let given = price.get_ref().as_str().map_or_else(|| price.get_ref().to_string(), str::to_owned);
        let what = format!(
            "`{given}` is not a price. Write it in quotes, with a decimal point and at most six decimals, like \"0.0456\"."
        );
        faults.add(price.span(), what);
    }
    found
}
