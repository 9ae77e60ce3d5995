//! The script language itself, and the course of a quiet day.

use crate::script::check;

#[test]
fn a_quiet_trade() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         = slots 1
         submitted A-1e
         = signal A WORKING
         fill A-1e 99 101.01
         held A-1es
         working A-1et
         = position A 99
         = protected A 99
         = signal A FILLED
         fill A-1et 99 105.03
         > trade A long 99 101.01 > 105.03 target
         cancelled A-1es
         = desk A none
         = slots 0
         = realised 397.98",
    );
}
