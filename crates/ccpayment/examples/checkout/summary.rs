//! What became of each payment and each payout.

use ccpayment_sandbox::Sandbox;

use crate::books::{Books, times};
use crate::merchant::{ORDER_ID, PRICE};
use crate::timeline::Timeline;

pub fn print(sandbox: &Sandbox, books: &Books, timeline: &Timeline) {
    let deposits = sandbox.deposits();
    println!("\npayments: {}", deposits.len());
    for deposit in &deposits {
        let booked = books.payments.get(&deposit.record_id);
        let became = match booked {
            None => "not in the merchant's books".to_owned(),
            Some(payment) if payment.is_kept => {
                format!("kept for the payer, as {ORDER_ID} was credited before")
            }
            Some(_) => format!("counted for {ORDER_ID}"),
        };
        let (name, amount) = (timeline.payment(&deposit.record_id), &deposit.amount);
        println!(
            "  {name}: {amount} USDT, {}, {became}",
            status(&deposit.status)
        );
    }
    let times = times(books.credited);
    println!("{ORDER_ID} credited: {times}, with {PRICE} USDT");

    let payouts = sandbox.payouts();
    println!("payouts: {}", payouts.len());
    for payout in &payouts {
        let is_booked = books.payouts.contains_key(&payout.order_id);
        let became = if is_booked {
            "booked"
        } else {
            "not in the merchant's books"
        };
        let (name, amount) = (&payout.order_id, &payout.amount);
        println!(
            "  {name}: {amount} USDT, {}, {became}",
            status(&payout.status)
        );
    }
    println!();
}

fn status(gateways: &str) -> &str {
    match gateways {
        "Success" => "confirmed",
        other => other,
    }
}
