//! What there is: the records that the state holds, and the words, amounts and names they are made
//! of. Nothing here knows the state.

pub(crate) mod address;
pub(crate) mod address_form;
pub(crate) mod batch;
pub(crate) mod calendar;
pub(crate) mod caller_time;
pub(crate) mod chains;
pub(crate) mod coin;
pub(crate) mod coins;
pub(crate) mod deposit;
pub(crate) mod error;
pub(crate) mod fault;
pub(crate) mod fault_plan;
pub(crate) mod fiats;
pub(crate) mod hex;
pub(crate) mod ids;
pub(crate) mod indexed_list;
pub(crate) mod invoice;
pub(crate) mod ledger;
pub(crate) mod money;
pub(crate) mod order;
pub(crate) mod outbox;
pub(crate) mod payment_uri;
pub(crate) mod payout;
pub(crate) mod recent;
pub(crate) mod record;
pub(crate) mod refusal;
pub(crate) mod request_log;
pub(crate) mod settings;
pub(crate) mod swap;
pub(crate) mod transfer;
pub(crate) mod v1;
pub(crate) mod views;
pub(crate) mod warning;
