//! The checks of a withdrawal before any money moves, for single ones and rows of batches alike.

use bigdecimal::Zero;

use crate::model::coins::{Coin, Network};
use crate::model::ledger::Account;
use crate::model::money::{Money, fixed, plain};
use crate::model::refusal::{self, Refusal};
use crate::model::settings::AddressKind;
use crate::rules::{addresses::registry as addresses, coins};
use crate::state::State;

/// Whether the account may withdraw at all.
pub(crate) fn account(state: &State) -> Result<(), Refusal> {
    let settings = &state.settings;
    if !settings.withdrawals {
        return Err(Refusal::new(
            refusal::WITHDRAWALS_OFF,
            "withdrawals are switched off",
        ));
    }
    if settings.allow_list_missing {
        return Err(Refusal::new(
            refusal::NO_ALLOW_LIST,
            "withdrawals need an IP allow list",
        ));
    }
    if settings.sweeping_debt {
        return Err(Refusal::new(
            refusal::SWEEPING_DEBT,
            "sweeping fees are unpaid",
        ));
    }
    Ok(())
}

/// Whether the coin may be withdrawn now.
pub(crate) fn coin(state: &State, coin: &Coin) -> Result<(), Refusal> {
    if !state.settings.is_on(coin) {
        return Err(Refusal::new(
            refusal::COIN_OFF,
            format!("{} is not switched on", coin.symbol),
        ));
    }
    let status = state.settings.status(coin);
    if !coins::takes_withdrawals(status) {
        return Err(Refusal::new(
            refusal::COIN_STATUS,
            format!("{} is {status}", coin.symbol),
        ));
    }
    Ok(())
}

/// Whether the chain takes withdrawals now, and whether the fee may come out of the amount.
pub(crate) fn chain(
    state: &State,
    coin: &Coin,
    network: &Network,
    fee_on_top: bool,
) -> Result<(), Refusal> {
    let chain = network.on;
    if !state.settings.takes_withdrawals(chain) {
        return Err(Refusal::new(
            refusal::CHAIN_STOP,
            format!("{} takes no withdrawals now", chain.symbol),
        ));
    }
    if state.settings.is_unstable(chain) {
        return Err(Refusal::new(
            refusal::UNSTABLE,
            format!("{} is unstable", chain.symbol),
        ));
    }
    if state.settings.is_abnormal(coin) && !fee_on_top {
        return Err(Refusal::new(
            refusal::PRICE_FEE_MODE,
            "while the price looks wrong the fee only comes on top",
        ));
    }
    Ok(())
}

pub(crate) fn limits(state: &State, amount: &Money, network: &Network) -> Result<(), Refusal> {
    let minimum = network.minimum_withdrawal();
    if *amount < minimum {
        return Err(Refusal::new(
            refusal::BELOW_MINIMUM,
            format!("the minimum is {}", plain(&minimum)),
        ));
    }
    let maximum = network.maximum_withdrawal();
    if !maximum.is_zero() && *amount > maximum {
        return Err(Refusal::new(
            refusal::ABOVE_MAXIMUM,
            format!("the maximum is {}", plain(&maximum)),
        ));
    }
    if state.settings.test_mode && *amount > fixed(10, 0) {
        return Err(Refusal::new(
            refusal::TEST_MODE_SINGLE,
            "test mode caps one withdrawal at 10",
        ));
    }
    Ok(())
}

/// Transfers inside the gateway have one limit: they must be worth something.
pub(crate) fn worth_something(state: &State, coin: &Coin, amount: &Money) -> Result<(), Refusal> {
    if amount * state.settings.price(coin) < fixed(1, 3) {
        return Err(Refusal::new(
            refusal::BELOW_MINIMUM,
            "the amount is worth less than 0.001 USD",
        ));
    }
    Ok(())
}

pub(crate) fn memo(memo: Option<&str>, network: &Network) -> Result<String, Refusal> {
    match (memo, network.on.memo) {
        (None, true) => Err(Refusal::new(
            refusal::MEMO_MISSING,
            format!("{} needs a memo", network.on.symbol),
        )),
        (Some(_), false) => Err(Refusal::new(
            refusal::MEMO_REFUSED,
            format!("{} takes no memo", network.on.symbol),
        )),
        (memo, _) => Ok(memo.unwrap_or_default().to_owned()),
    }
}

pub(crate) fn address(state: &State, address: &str, network: &Network) -> Result<(), Refusal> {
    if !network.on.family.accepts(address) {
        let message = format!("this is no address on {}", network.on.symbol);
        return Err(Refusal::new(refusal::ADDRESS_FORMAT, message));
    }
    // Also a released address: money that arrives there is still the merchant's.
    if addresses::find(state, address).is_some() {
        return Err(Refusal::new(
            refusal::OWN_ADDRESS,
            "the address belongs to the own account",
        ));
    }
    let (code, message) = match state.settings.kind(address) {
        AddressKind::Plain => return Ok(()),
        AddressKind::Inactive => (refusal::NOT_ACTIVE, "the address is not activated"),
        AddressKind::OtherMerchant => (
            refusal::OTHER_MERCHANT,
            "the address belongs to another merchant",
        ),
        AddressKind::Contract => (refusal::CONTRACT, "the address is a contract"),
        AddressKind::NotAnAccount => (refusal::NOT_PLAIN, "the address is no plain account"),
        AddressKind::Blacklisted => (refusal::BLACKLIST, "the address is blacklisted"),
        AddressKind::Risky => (refusal::RISKY_ADDRESS, "the address is considered risky"),
    };
    Err(Refusal::new(code, message))
}

pub(crate) fn balance(
    state: &State,
    account: &Account,
    coin: &Coin,
    needed: &Money,
    code: u32,
) -> Result<(), Refusal> {
    let available = state.books.balance(account, coin.id);
    if available >= *needed {
        return Ok(());
    }
    let message = format!(
        "{} {} is needed, {} available",
        plain(needed),
        coin.symbol,
        plain(&available)
    );
    Err(Refusal::new(code, message))
}
