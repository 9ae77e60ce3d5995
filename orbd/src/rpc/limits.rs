//! `GetRiskLimits` and `SetRiskLimits`: limits that change while orb runs.

use orb_api::v1;
use orb_core::event::{Command, RiskLimits};
use rust_decimal::{Decimal, prelude::ToPrimitive as _};
use tonic::{Request, Status};

use super::{
    Control, Handle,
    command::{Asked, send},
    control::{asked, loss_limit},
    convert, validate,
};
use crate::view::View;

/// A whole in the unit of the engine's fractions.
const MILLION: i64 = 1_000_000;
/// Most positions that a configuration may allow.
const POSITIONS_MAX: u32 = 1_000;

/// Returns the limits in force, those to come, and how far they may be loosened.
pub(super) fn get(view: &View) -> v1::GetRiskLimitsResponse {
    v1::GetRiskLimitsResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        in_force: Some(shown(view.limits.in_force)),
        next_session: view.limits.next.map(shown),
        ceiling: Some(shown(view.limits.ceiling)),
        loss_limit: loss_limit(view),
    }
}

/// Changes limits.
pub(super) async fn set(
    control: &Control,
    request: Request<v1::SetRiskLimitsRequest>,
) -> Result<v1::SetRiskLimitsResponse, Status> {
    let (asked, change) = asked_limits(&request)?;
    let work = change_limits(control.handle.clone(), asked.clone(), change);
    let (mut reply, replayed) = control.once(asked, work, text, reply).await?;
    reply.replayed = replayed;
    Ok(reply)
}

/// What a request changes; `None` is left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    daily_loss_e6: Option<i64>,
    max_positions: Option<u32>,
}

impl Change {
    /// Applies it to the limits that hold longest: those of the next session where some wait for it.
    fn of(self, view: &View) -> RiskLimits {
        let RiskLimits { daily_loss_e6, max_positions } = view.limits.next.unwrap_or(view.limits.in_force);
        RiskLimits {
            daily_loss_e6: self.daily_loss_e6.unwrap_or(daily_loss_e6),
            max_positions: self.max_positions.unwrap_or(max_positions),
        }
    }

    /// Refuses what is above the configured ceiling.
    fn check(self, ceiling: RiskLimits) -> Result<(), Status> {
        let refuse = |field: &str, most: String, keys: &str| {
            let what = format!("{field}: at most {most} while orb runs; raise {keys} in the configuration and restart");
            Err(Status::out_of_range(what))
        };
        if self.daily_loss_e6.is_some_and(|wanted| wanted > ceiling.daily_loss_e6) {
            return refuse("daily_loss_fraction", fraction(ceiling.daily_loss_e6), "daily_loss_limit_max");
        }
        if self.max_positions.is_some_and(|wanted| wanted > ceiling.max_positions) {
            let keys = "account_max_positions or max_positions";
            return refuse("max_positions", ceiling.max_positions.to_string(), keys);
        }
        Ok(())
    }
}

fn asked_limits(request: &Request<v1::SetRiskLimitsRequest>) -> Result<(Asked, Change), Status> {
    let message = request.get_ref();
    let change = Change {
        daily_loss_e6: daily_loss(&message.daily_loss_fraction)?,
        max_positions: message.max_positions.map(positions).transpose()?,
    };
    let reason = validate::reason(&message.reason)?;
    let mut text = "SetRiskLimits".to_owned();
    if let Some(wanted) = change.daily_loss_e6 {
        text += &format!(" daily_loss_fraction={}", fraction(wanted));
    }
    if let Some(wanted) = change.max_positions {
        text += &format!(" max_positions={wanted}");
    }
    if change == (Change { daily_loss_e6: None, max_positions: None }) {
        return Err(validate::invalid("daily_loss_fraction", "nothing to change; give it or max_positions, or both"));
    }
    // What tells a repetition from another command is what was asked for, whatever holds by then.
    let named = RiskLimits {
        daily_loss_e6: change.daily_loss_e6.unwrap_or_default(),
        max_positions: change.max_positions.unwrap_or_default(),
    };
    Ok((asked(request, &message.request_id, reason, Command::Limit(named), text)?, change))
}

/// Reads a fraction in (0, 1] with at most six decimal places, in millionths; `None` where none is given.
fn daily_loss(text: &str) -> Result<Option<i64>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let refused = || {
        validate::invalid(
            "daily_loss_fraction",
            "give a decimal above 0 and at most 1, with at most six decimal places, as in 0.05",
        )
    };
    let is_plain = text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: Decimal = text.parse().ok().filter(|_| is_plain).ok_or_else(refused)?;
    let millionths = value.checked_mul(Decimal::from(MILLION)).filter(|whole| whole.fract().is_zero());
    let millionths = millionths.and_then(|whole| whole.to_i64()).filter(|whole| (1..=MILLION).contains(whole));
    millionths.map(Some).ok_or_else(refused)
}

fn positions(wanted: u32) -> Result<u32, Status> {
    let refused = || validate::invalid("max_positions", format!("give 1 to {POSITIONS_MAX}; to enter nothing, pause"));
    Some(wanted).filter(|wanted| (1..=POSITIONS_MAX).contains(wanted)).ok_or_else(refused)
}

async fn change_limits(handle: Handle, mut asked: Asked, change: Change) -> Result<v1::SetRiskLimitsResponse, Status> {
    let view = handle.current();
    change.check(view.limits.ceiling)?;
    asked.authorised.command = Command::Limit(change.of(&view));
    let after = send(&handle, &asked).await?.after;
    Ok(reply(&after, asked.authorised.request_id))
}

fn reply(view: &View, request_id: String) -> v1::SetRiskLimitsResponse {
    v1::SetRiskLimitsResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        request_id,
        replayed: false,
        in_force: Some(shown(view.limits.in_force)),
        next_session: view.limits.next.map(shown),
    }
}

fn text(reply: &v1::SetRiskLimitsResponse) -> String {
    let say =
        |limits: &v1::RiskLimits| format!("{} and {} positions", limits.daily_loss_fraction, limits.max_positions);
    let now = reply.in_force.as_ref().map(say).unwrap_or_default();
    match &reply.next_session {
        Some(next) => format!("in force {now}; from the next session {}", say(next)),
        None => format!("in force {now}"),
    }
}

fn shown(limits: RiskLimits) -> v1::RiskLimits {
    v1::RiskLimits { daily_loss_fraction: fraction(limits.daily_loss_e6), max_positions: limits.max_positions }
}

fn fraction(millionths: i64) -> String {
    Decimal::new(millionths, 6).normalize().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_is_above_zero_and_at_most_one() {
        for (text, millionths) in [("0.05", 50_000), ("1", MILLION), ("1.0", MILLION), ("0.000001", 1)] {
            assert_eq!(daily_loss(text).unwrap(), Some(millionths), "{text}");
            assert_eq!(daily_loss(&fraction(millionths)).unwrap(), Some(millionths));
        }
        for text in ["0", "0.0", "-0.1", "1.000001", "0.0000001", "5%", "1e-2", "NaN", " 0.1", "99999999999999999999"] {
            assert_eq!(daily_loss(text).unwrap_err().code(), tonic::Code::InvalidArgument, "{text}");
        }
        assert_eq!(daily_loss("").unwrap(), None);
        assert!(positions(0).is_err() && positions(1_001).is_err() && positions(1).is_ok());
    }
}
