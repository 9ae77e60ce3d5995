//! The account, its orders and their matching, and the trading REST API as a function.
//!
//! Nothing here does IO or knows a clock: requests, ticks and the time come in, replies and updates go out. The same
//! requests at the same times give the same replies, updates and fills.
