//! The merchant's own tables, and the code that writes there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::AppId;
use ccpayment::webhook::{Creditable, NoCredit};
use ccpayment::{RecordId, Version};
use ccpayment_durable::{EndedPayout, EndedWithdrawal, Handler, HandlerError};

use super::store::{SimTx, Weather};
use super::{HANDLER_FAILS, HANDLER_HANGS, HANDLER_PARKS, Mutant};
use crate::clock::pause;

/// The error of a failing handler, by which the entries that it parks are known.
pub(super) const SHELF: &str = "the shelf is full";
/// How long a handler may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Default)]
pub(super) struct Books {
    /// The payouts that are planned, by their numbers.
    pub(super) planned: BTreeSet<usize>,
    /// The payouts that are made again, once for each time.
    pub(super) made_again: Vec<usize>,
    /// Lists, so that a double entry shows.
    pub(super) told: Told,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) credits: Vec<(String, String)>,
    pub(super) never: Vec<(String, NoCredit)>,
    pub(super) ends: Vec<EndedPayout>,
    pub(super) withdrawals: Vec<EndedWithdrawal>,
    pub(super) notices: usize,
}

impl Told {
    pub(super) fn extend(&mut self, other: Self) {
        self.credits.extend(other.credits);
        self.never.extend(other.never);
        self.ends.extend(other.ends);
        self.withdrawals.extend(other.withdrawals);
        self.notices += other.notices;
    }
}

/// The merchant's code.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) weather: Arc<Weather>,
    /// The place where the mutant writes.
    pub(super) apart: Arc<Mutex<Told>>,
}

impl Code {
    async fn write(
        &self,
        tx: &mut SimTx,
        write: impl FnOnce(&mut Told),
    ) -> Result<(), HandlerError> {
        let weather = &self.weather;
        weather.latency().await;
        if weather.mutant == Some(Mutant::WritesApart) {
            write(&mut self.apart.lock().unwrap_or_else(PoisonError::into_inner));
        } else {
            write(&mut tx.told);
        }
        weather.latency().await;
        if weather.strikes(60, HANDLER_FAILS) {
            return Err(std::io::Error::other(SHELF).into());
        }
        if weather.strikes(15, HANDLER_HANGS) {
            pause(2 * PATIENCE).await;
        }
        if weather.strikes(15, HANDLER_PARKS) {
            return Err(HandlerError::park(SHELF));
        }
        Ok(())
    }
}

#[async_trait]
impl Handler<SimTx> for Code {
    async fn deposit(
        &self,
        tx: &mut SimTx,
        _: &AppId,
        deposit: Creditable<'_>,
    ) -> Result<(), HandlerError> {
        let credit = (
            deposit.record_id().to_string(),
            deposit.amount().to_string(),
        );
        self.write(tx, |told| told.credits.push(credit)).await
    }

    async fn deposit_v1(
        &self,
        tx: &mut SimTx,
        _: &AppId,
        deposit: ccpayment::webhook::v1::Creditable<'_>,
    ) -> Result<(), HandlerError> {
        let credit = (
            deposit.record_id().to_string(),
            deposit.amount().to_string(),
        );
        self.write(tx, |told| told.credits.push(credit)).await
    }

    async fn no_credit(
        &self,
        tx: &mut SimTx,
        _: &AppId,
        record_id: &RecordId,
        why: NoCredit,
    ) -> Result<(), HandlerError> {
        let never = (record_id.to_string(), why);
        self.write(tx, |told| told.never.push(never)).await
    }

    async fn payout(&self, tx: &mut SimTx, payout: &EndedPayout) -> Result<(), HandlerError> {
        let end = payout.clone();
        self.write(tx, |told| told.ends.push(end)).await
    }

    async fn withdrawal(
        &self,
        tx: &mut SimTx,
        withdrawal: &EndedWithdrawal,
    ) -> Result<(), HandlerError> {
        let end = withdrawal.clone();
        self.write(tx, |told| told.withdrawals.push(end)).await
    }

    async fn notice(
        &self,
        tx: &mut SimTx,
        _: &AppId,
        _: Version,
        _: &Bytes,
    ) -> Result<(), HandlerError> {
        self.write(tx, |told| told.notices += 1).await
    }
}
