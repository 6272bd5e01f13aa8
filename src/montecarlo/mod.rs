//! From one trial to many: [`trial`] runs one, [`batch`] runs many of one or several policies,
//! [`tally`] gathers what those of a policy came to, with [`noted`] for refused calls, and
//! [`compare`] how two of them differed. [`estimate`] turns that into numbers with intervals.
//! [`losses`] sets a study of rare dataset losses ([`rare`]) beside the trials.
//! [`quantity`] names what can be asked of a batch, [`objectives`] what the owner of a group wants,
//! [`stopping`] how precise a number is to be.

pub mod batch;
pub mod compare;
pub mod estimate;
pub mod losses;
pub mod noted;
pub mod objectives;
pub mod quantity;
pub mod rare;
pub mod stopping;
pub mod tally;
pub mod trial;
