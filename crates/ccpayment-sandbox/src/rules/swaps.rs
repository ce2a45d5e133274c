//! Swaps: quotes, the two routes that swap, and what they leave behind.

use serde_json::{Value, json};

use crate::model::coins::{COINS, Coin};
use crate::model::indexed_list::{Key, by_order, by_record, by_user_order};
use crate::model::ledger::{Account, EntryKind};
use crate::model::money::{
    Money, RATE_DECIMALS, divide_down, fixed, padded, parse, plain, round_down,
};
use crate::model::record::{Holder, Status};
use crate::model::refusal::{self, Refusal};
use crate::model::settings::WINDOW;
use crate::model::swap::{Swap, SwapQuote};
use crate::rules::fields::{Fields, check_decimals, not_found, put};
use crate::rules::orders::{DAY, check_price, taken};
use crate::rules::pagination::{Query, among, fits};
use crate::rules::{checks, pagination, users};
use crate::state::State;

pub(crate) fn coins(state: &mut State, _: &Fields) -> Result<Value, Refusal> {
    let coins: Vec<Value> = COINS
        .iter()
        .filter(|coin| {
            coin.swappable && state.settings.is_on(coin) && !state.settings.swap_stopped(coin)
        })
        .map(|coin| {
            let chains: Vec<&str> = coin
                .networks
                .iter()
                .map(|network| network.on.symbol)
                .collect();
            json!({
                "coinId": coin.id,
                "symbol": coin.symbol,
                "logoUrl": coin.logo(),
                "chains": chains,
            })
        })
        .collect();
    Ok(json!({ "coins": coins }))
}

fn check_coin(state: &State, coin: &Coin) -> Result<(), Refusal> {
    if !coin.swappable {
        return Err(Refusal::new(
            refusal::NO_SWAP_COIN,
            format!("{} can't be swapped", coin.symbol),
        ));
    }
    if state.settings.swap_stopped(coin) {
        return Err(Refusal::new(
            refusal::COIN_STOP_SWAP,
            format!("swaps of {} have been stopped", coin.symbol),
        ));
    }
    checks::coin(state, coin)?;
    check_price(state, coin)
}

/// `extra` says whether the surcharge of the merchant applies.
fn quote(state: &State, fields: &Fields, extra: bool) -> Result<SwapQuote, Refusal> {
    let coin_in = fields.coin_in("coinIdIn")?;
    let coin_out = fields.coin_in("coinIdOut")?;
    let amount = fields.amount("amountIn")?;
    if !state.settings.swaps {
        return Err(Refusal::new(refusal::SWAPS_OFF, "swaps are switched off"));
    }
    if coin_in.id == coin_out.id {
        return Err(Refusal::new(
            refusal::NO_SWAP,
            "a coin can't be swapped for itself",
        ));
    }
    check_coin(state, coin_in)?;
    check_coin(state, coin_out)?;
    check_decimals("amountIn", &amount, 18)?;
    let amount_in = amount.value;
    let price_out = state.settings.price(coin_out);
    let no_price = || Refusal::new(refusal::PRICE, "one of the coins has no price");
    let rate = divide_down(&state.settings.price(coin_in), &price_out, RATE_DECIMALS)
        .ok_or_else(no_price)?;
    let amount_out = round_down(&(&amount_in * &rate), RATE_DECIMALS);
    // Half a percent, but never less than the worth of a tenth of a dollar.
    let floor = divide_down(&fixed(1, 1), &price_out, RATE_DECIMALS).ok_or_else(no_price)?;
    let share = &amount_out * fixed(5, 3);
    let (fee, fee_rate) = if share >= floor {
        (share, fixed(5, 3))
    } else {
        let rate = divide_down(&floor, &amount_out, RATE_DECIMALS);
        (floor, rate.unwrap_or_default())
    };
    let extra_rate = fields.optional_amount("extraFeeRate")?.filter(|_| extra);
    // At most the 24 decimals of the gateway's amounts, however many the rate has.
    let extra_fee = extra_rate.map(|rate| round_down(&(&amount_out * rate), 24));
    let net = &amount_out - &fee - extra_fee.clone().unwrap_or_default();
    if net <= Money::default() {
        return Err(Refusal::new(
            refusal::SWAP_TOO_LOW,
            format!("nothing is left after the fee of {}", plain(&fee)),
        ));
    }
    Ok(SwapQuote {
        coin_in,
        coin_out,
        amount_in,
        amount_out,
        rate,
        fee_rate,
        fee,
        extra_fee,
        net,
    })
}

impl SwapQuote {
    fn to_json(&self) -> Value {
        let mut answer = json!({
            "coinIdIn": self.coin_in.id,
            "coinIdOut": self.coin_out.id,
            "amountOut": plain(&self.amount_out),
            "amountIn": plain(&self.amount_in),
            "swapRate": plain(&self.rate),
            "feeRate": plain(&self.fee_rate),
            "fee": plain(&self.fee),
            "netAmountOut": plain(&self.net),
        });
        let extra = self.extra_fee.as_ref().map(plain);
        put(&mut answer, "extraFee", extra.as_deref());
        answer
    }
}

pub(crate) fn estimate(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    // One route for both kinds of swaps; only users are charged more.
    Ok(quote(state, fields, true)?.to_json())
}

pub(crate) fn swap(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    exchange(state, fields, Holder::Merchant)
}

pub(crate) fn user_swap(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let user_id = users::asked_for(state, fields)?.to_owned();
    exchange(state, fields, Holder::User(user_id))
}

fn order_key(of_users: bool, order_id: &str) -> Key {
    if of_users {
        by_user_order(order_id)
    } else {
        by_order(order_id)
    }
}

/// The checks that a swap needs and a quote does not.
fn check_account(state: &State) -> Result<(), Refusal> {
    if state.settings.allow_list_missing {
        return Err(Refusal::new(
            refusal::NO_ALLOW_LIST_SWAP,
            "swaps need an IP allow list",
        ));
    }
    let Some(most) = state.settings.swaps_per_day else {
        return Ok(());
    };
    let today = state.now / DAY;
    let made = state
        .swaps
        .newest(None)
        .take_while(|(_, swap)| swap.created_at / DAY == today)
        .count();
    if usize::try_from(most).is_ok_and(|most| made >= most) {
        return Err(Refusal::new(
            refusal::SWAP_LIMIT,
            format!("there were {made} swaps today"),
        ));
    }
    Ok(())
}

fn exchange(state: &mut State, fields: &Fields, holder: Holder) -> Result<Value, Refusal> {
    let order_id = fields.required_text("orderId")?;
    let of_users = holder != Holder::Merchant;
    if state.swaps.has(&order_key(of_users, order_id)) {
        return Err(taken(order_id));
    }
    check_account(state)?;
    let minimum = fields.optional_amount("amountOutMinimum")?;
    let mut quoted = quote(state, fields, of_users)?;
    // Without a surcharge it is 0, as in the example of a user's swap.
    quoted.extra_fee.get_or_insert_with(Money::default);
    if minimum
        .as_ref()
        .is_some_and(|minimum| quoted.net < *minimum)
    {
        return Err(Refusal::new(
            refusal::SWAP_MINIMUM,
            format!("only {} would come out", plain(&quoted.net)),
        ));
    }
    let account = holder.account();
    checks::balance(
        state,
        &account,
        quoted.coin_in,
        &quoted.amount_in,
        refusal::BALANCE,
    )?;
    let record_id = state.ids.record(state.now);
    let (coin_in, coin_out) = (quoted.coin_in.id, quoted.coin_out.id);
    let lines = vec![
        (account.clone(), coin_in, -quoted.amount_in.clone()),
        (Account::Pool, coin_in, quoted.amount_in.clone()),
        (Account::Pool, coin_out, -quoted.amount_out.clone()),
        (account, coin_out, quoted.net.clone()),
        (Account::ServiceFees, coin_out, quoted.fee.clone()),
        (
            Account::Merchant,
            coin_out,
            quoted.extra_fee.clone().unwrap_or_default(),
        ),
    ];
    state.books.post(EntryKind::Swap, &record_id, lines)?;
    let mut answer = quoted.to_json();
    put(&mut answer, "recordId", Some(&record_id));
    put(&mut answer, "orderId", Some(order_id));
    let prices = [
        ("from_coin_price", state.settings.price(quoted.coin_in)),
        ("to_coin_price", state.settings.price(quoted.coin_out)),
    ];
    for (name, price) in prices {
        put(&mut answer, name, Some(&plain(&price)));
    }
    let least = minimum.as_ref().map(plain);
    put(&mut answer, "amountOutMinimum", least.as_deref());
    let keys = [by_record(&record_id), order_key(of_users, order_id)];
    let extra_fee_rate = fields
        .text("extraFeeRate")
        .filter(|_| of_users)
        .and_then(|text| Some(parse(text).ok()?.value));
    let swap = Swap {
        record_id,
        order_id: order_id.to_owned(),
        holder,
        quoted,
        extra_fee_rate,
        minimum,
        created_at: state.now,
    };
    state.swaps.push(keys, swap);
    Ok(answer)
}

fn row(swap: &Swap) -> Value {
    let quoted = &swap.quoted;
    // Records pad some of the amounts, and some not.
    let mut row = json!({
        "recordId": swap.record_id,
        "orderId": swap.order_id,
        "coinInSymbol": quoted.coin_in.symbol,
        "coinIdIn": quoted.coin_in.id,
        "coinOutSymbol": quoted.coin_out.symbol,
        "coinIdOut": quoted.coin_out.id,
        "amountOut": plain(&quoted.amount_out),
        "amountIn": padded(&quoted.amount_in),
        "netAmountOut": padded(&quoted.net),
        "swapRate": padded(&quoted.rate),
        "feeRate": plain(&quoted.fee_rate),
        "fee": padded(&quoted.fee),
        "status": Status::Success.as_str(),
        "createdAt": swap.created_at,
        "arrivedAt": swap.created_at,
    });
    put(&mut row, "userId", swap.holder.user_id());
    let nothing = Money::default();
    for (name, amount) in [
        ("extraFee", &quoted.extra_fee),
        ("extraFeeRate", &swap.extra_fee_rate),
    ] {
        put(
            &mut row,
            name,
            Some(&plain(amount.as_ref().unwrap_or(&nothing))),
        );
    }
    let least = swap.minimum.as_ref().map(plain);
    put(&mut row, "amountOutMinimum", least.as_deref());
    row
}

fn find(state: &State, fields: &Fields, of_users: bool) -> Result<Value, Refusal> {
    let (record_id, order_id) = (fields.text("recordId"), fields.text("orderId"));
    let key = fields.record_key(|order_id| order_key(of_users, order_id))?;
    let swap = state
        .swaps
        .get(&key)
        .filter(|swap| (swap.holder != Holder::Merchant) == of_users)
        .ok_or_else(|| not_found("swap", record_id.or(order_id).unwrap_or_default()))?;
    Ok(json!({ "record": row(swap) }))
}

pub(crate) fn record(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    find(state, fields, false)
}

pub(crate) fn user_record(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    find(state, fields, true)
}

fn list(state: &State, fields: &Fields, of_users: bool) -> Result<Value, Refusal> {
    let query = Query::within(state, WINDOW, fields, &["recordIds", "orderIds"])?;
    let records = pagination::ids(fields, "recordIds")?;
    let orders = pagination::ids(fields, "orderIds")?;
    let (coin_in, coin_out) = (fields.number("coinIdIn")?, fields.number("coinIdOut")?);
    let user_id = fields.text("userId");
    let keep = |swap: &Swap| {
        (swap.holder != Holder::Merchant) == of_users
            && query.covers(swap.created_at)
            && among(records.as_ref(), &swap.record_id)
            && among(orders.as_ref(), &swap.order_id)
            && coin_in.is_none_or(|id| id == swap.quoted.coin_in.id)
            && coin_out.is_none_or(|id| id == swap.quoted.coin_out.id)
            && fits(user_id, swap.holder.user_id().unwrap_or_default())
    };
    Ok(query.page("records", &state.swaps, keep, row))
}

pub(crate) fn records(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    list(state, fields, false)
}

pub(crate) fn user_records(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    list(state, fields, true)
}
