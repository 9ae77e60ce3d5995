//! Values of fixed lists, whose names are the same in the messages.

use orb_core::effect::{Component, EffectClass, Severity};
use orb_core::event::Origin;
use orb_core::fact::{ClosingStep, SignalStatus};
use orb_core::order::{OrderEvent, OrderRole, OrderStatus, RejectionKind, TimeInForce};
use orb_core::{OrderSide, Side};

use super::codec::{Encoded, JournalError, unknown};
use super::wire;

macro_rules! listed {
    ($($type:ident { $($variant:ident),+ $(,)? })+) => {
        $(impl Encoded for $type {
            type Wire = i32;

            fn encode(&self) -> i32 {
                let value = match self { $(Self::$variant => wire::$type::$variant,)+ };
                i32::from(value)
            }

            fn decode(number: i32) -> Result<Self, JournalError> {
                match wire::$type::try_from(number) {
                    $(Ok(wire::$type::$variant) => Ok(Self::$variant),)+
                    Ok(wire::$type::Unspecified) | Err(_) => Err(unknown(stringify!($type), &number)),
                }
            }
        })+
    };
}

listed! {
    Origin { Live, Backfill }
    Side { Long, Short }
    OrderSide { Buy, Sell }
    OrderRole { Entry, Stop, Target, Close }
    OrderStatus {
        PendingSubmit, Working, Held, PartiallyFilled, PendingCancel, Filled, Cancelled, Expired, Rejected, Replaced,
        Unknown,
    }
    OrderEvent {
        New, Held, PartialFill, Fill, PendingCancel, Cancelled, CancelRejected, Expired, Rejected, Replaced, Lost,
        Pending, Busted, Corrected,
    }
    TimeInForce { Day, GoodTillCancelled }
    RejectionKind { EntryBeyondStop, DuplicateId, NotShortable, Insufficient, NotSent, Other, Blocked, BeyondMarket }
    EffectClass { Exit, Protect, Cancel, Query, Entry }
    Severity { Info, Warn, Error }
    Component { Executor, RiskManager, Alpaca, Strategy, Store, Api, Data }
    SignalStatus {
        Pending, Submitted, Working, PartiallyFilled, Filled, Cancelled, Expired, Rejected, Unknown,
    }
    ClosingStep { Cancelling, Sizing, Closing, Verifying, Flat, Escalated }
}
