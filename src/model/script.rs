//! The script: what the scenario schedules, faults and calls alike. A trial decides once when each
//! of it comes; the next one stands in the queue.

use crate::engine::time::SimTime;
use crate::model::fact::Observer;
use crate::model::plan::Action;
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// Decides when all that is scheduled comes in this trial, and puts the first into the queue.
    pub(super) fn draw_script(&mut self) {
        for (place, scripted) in self.plan.script.iter().enumerate() {
            let at = SimTime::START + self.moment(&scripted.at, scripted.address);
            self.state.clocks.script.push((at, place as u16));
        }
        // In place, and no work where the order of the plan is that of the trial.
        self.state.clocks.script.sort_unstable();
        self.schedule_script();
    }

    /// Puts what is scheduled next into the queue.
    fn schedule_script(&mut self) {
        let clocks = &self.state.clocks;
        if let Some(&(at, _)) = clocks.script.get(usize::from(clocks.n_due)) {
            self.queue.schedule(self.slots.script(), at, Event::ScriptDue);
        }
    }

    /// What the scenario scheduled comes.
    pub(super) fn script_due(&mut self) {
        let clocks = &mut self.state.clocks;
        let (_, place) = clocks.script[usize::from(clocks.n_due)];
        clocks.n_due += 1;
        self.schedule_script();
        let plan = self.plan;
        let scripted = &plan.script[usize::from(place)];
        match &scripted.action {
            Action::Fault(fault) => self.fault_due(fault, scripted.address),
            Action::Operation(operation) => self.operation_due(operation),
        }
    }
}
