//! What the owner of the account, or the broker, has allowed.

use serde_json::{Value, json};

use super::fields::{Fields, parse_object};
use super::refusal::Refusal;

/// Holds the account's switches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) trading_blocked: bool,
    pub(super) suspend_trade: bool,
    pub(super) no_shorting: bool,
    pub(super) fractional_trading: bool,
    pub(super) max_margin_multiplier: u8,
    ptp_no_exception_entry: bool,
    confirms_by_mail: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            trading_blocked: false,
            suspend_trade: false,
            no_shorting: false,
            fractional_trading: true,
            max_margin_multiplier: 4,
            ptp_no_exception_entry: false,
            confirms_by_mail: true,
        }
    }
}

impl Settings {
    /// Writes what the owner may change.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "fractional_trading": self.fractional_trading,
            "max_margin_multiplier": self.max_margin_multiplier.to_string(),
            "max_options_trading_level": 0,
            "no_shorting": self.no_shorting,
            "ptp_no_exception_entry": self.ptp_no_exception_entry,
            "suspend_trade": self.suspend_trade,
            "trade_confirm_email": if self.confirms_by_mail { "all" } else { "none" },
        })
    }

    /// Returns the settings after a change that a body asks for; fields that are absent or unknown change nothing.
    pub(super) fn changed(&self, body: &[u8]) -> Result<Self, Refusal> {
        let object = parse_object(body)?;
        let fields = Fields::new(&object);
        let multiplier = fields.word("max_margin_multiplier", |word| match word {
            "1" => Some(1),
            "2" => Some(2),
            "4" => Some(4),
            _ => None,
        });
        let confirms = fields.word("trade_confirm_email", |word| match word {
            "all" => Some(true),
            "none" => Some(false),
            _ => None,
        });
        Ok(Self {
            trading_blocked: self.trading_blocked,
            suspend_trade: fields.flag("suspend_trade")?.unwrap_or(self.suspend_trade),
            no_shorting: fields.flag("no_shorting")?.unwrap_or(self.no_shorting),
            fractional_trading: fields.flag("fractional_trading")?.unwrap_or(self.fractional_trading),
            max_margin_multiplier: multiplier?.unwrap_or(self.max_margin_multiplier),
            ptp_no_exception_entry: fields.flag("ptp_no_exception_entry")?.unwrap_or(self.ptp_no_exception_entry),
            confirms_by_mail: confirms?.unwrap_or(self.confirms_by_mail),
        })
    }
}
