/** The codes of reasons as sentences for people. */

const SENTENCES: Readonly<Record<string, string>> = {
  no_bars: 'The symbol had no bar in the whole session.',
  range_no_first_bar: 'The first bar of the session is missing.',
  range_incomplete: 'More than one minute of the opening range is missing.',
  gap_over_30pct: 'The open is too far from the previous close.',
  price: 'The range opened below the smallest price that is traded.',
  not_tradable: 'The broker takes no orders in it today.',
  avg_volume_missing: 'The average volume of the 14 sessions before is unknown.',
  avg_volume: 'The average volume of the 14 sessions before is too small.',
  atr_missing: 'The average true range is unknown.',
  atr: 'The average true range is too small.',
  not_in_universe: 'It is not among the first by dollar volume, from which the day’s symbols are chosen.',
  rvol_missing: 'The relative volume is unknown.',
  rvol: 'The relative volume is too small.',
  custom_filter: 'A filter of the installation left it out.',
  not_in_top: 'It is not among the first by relative volume.',
  doji: 'The range opened and closed at the same price, so it gives no direction.',
  score_missing: 'A smallest score is asked for and an input of the score is missing.',
  score: 'The score is below the smallest that is asked for.',
  symbol_owned: 'Another strategy has ordered in this symbol today.',
  rule_201: 'Short sales are restricted after a fall of 10% (Rule 201).',
  stop_too_close: 'The stop is closer to the entry than is allowed.',
  size_zero: 'Not even one share fits the risk.',
  no_buying_power: 'Open and working positions use up the buying power.',
  daily_risk: 'Today’s loss, the open risk and this order’s risk would pass the daily loss limit.',
  max_positions: 'The places of the day went to symbols of higher rank.',
  missed_breakout: 'The level was crossed while orb could not act on it.',
  no_slot: 'The breakout came while all slots were taken.',
  both_sides_in_one_bar: 'One bar touched both levels, so which came first cannot be told.',
  no_trigger: 'No level was touched inside the entry window.',
  no_entry_bar: 'There was no bar to enter at inside the entry window.',
  entry_beyond_stop: 'The market opened at or beyond the stop.',
  loss_limit: 'The daily loss limit was reached before.',
  hold: 'A hold forbade entries.',
  halted: 'Trading in the symbol was halted.',
  not_shortable: 'The symbol cannot be sold short.',
  stale_data: 'The symbol’s data were too old to act on.',
  rejected_by_broker: 'The broker refused the order.',
};

/** Returns why there was no trade, in a sentence; a code that this page does not know is shown in its words. */
export function reasonSentence(code: string): string {
  return SENTENCES[code] ?? `${capital(words(code))}.`;
}

/** Returns a code in words: `shares_by_leverage` is "shares by leverage". */
export function words(code: string): string {
  return code.replaceAll('_', ' ');
}

/** Returns a text that begins with a capital. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const EXITS: Readonly<Record<string, string>> = {
  stop: 'Stop',
  target: 'Target',
  time_exit: 'End of day',
  data_end: 'End of data',
  loss_limit: 'Loss limit',
  force_close: 'Closed by hand',
  flatten: 'Flattened',
  unprotected: 'No stop held',
};

/** Returns why a position was left, in words; absent while it is open. */
export function exitWords(code: string | undefined): string {
  return code === undefined ? 'open' : (EXITS[code] ?? capital(words(code)));
}
