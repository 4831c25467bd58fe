//! Guards of a site: its breaker and its retry budget, one of each for every pod.
//!
//! Owns the moments at which they are asked and told. Refuses to decide: the policies do (`doorbuster_model::policies`).

use crate::engine::{Engine, at};
use crate::frame::FrameId;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Site, SiteId};
use doorbuster_model::time::Ticks;

impl Engine<'_> {
    /// Makes a try of the site at which the frame stands, unless its breaker is open: then the frame goes on as after the last
    /// failure.
    #[inline(always)]
    pub(crate) fn ask(&mut self, id: FrameId, site_id: SiteId) {
        if self.ask_of(site_id).is_guarded() && !self.is_let_through(id, site_id) {
            return self.give_up(id, &self.plan.sites[usize::from(site_id)], Outcome::CircuitOpen);
        }
        if self.ask_of(site_id).is_call() { self.call(id, site_id) } else { self.query(id, site_id) }
    }

    /// Asks the breaker of a guarded site, and pays into its retry budget.
    #[inline(never)]
    fn is_let_through(&mut self, id: FrameId, site_id: SiteId) -> bool {
        let site = &self.plan.sites[usize::from(site_id)];
        if let Some(breaker) = site.breaker {
            let instance = self.instance(id, breaker.first_instance);
            if !self.breakers[instance].lets_through(self.now) {
                return false;
            }
        }
        if let Some(budget) = site.budget
            && self.frames[id].attempt == 0
        {
            let instance = self.instance(id, budget.first_instance);
            self.budgets[instance].deposit();
        }
        true
    }

    /// Whether the retry budget, if there is one, pays for a further try.
    pub(crate) fn budget_allows(&mut self, id: FrameId, site: &Site) -> bool {
        let Some(budget) = site.budget else { return true };
        let instance = self.instance(id, budget.first_instance);
        self.budgets[instance].withdraw()
    }

    /// A try of the frame's site has ended.
    #[inline]
    pub(crate) fn tell_breaker(&mut self, id: FrameId, site: &Site, outcome: Outcome) {
        if let Some(breaker) = site.breaker {
            let (instance, began) = (self.instance(id, breaker.first_instance), self.try_began(id));
            self.breakers[instance].ended(began, self.now, !outcome.answered());
        }
    }

    /// A try of the frame's site was given up by the frame's own caller.
    pub(crate) fn untell_breaker(&mut self, id: FrameId, site: &Site) {
        if let Some(breaker) = site.breaker {
            let (instance, began) = (self.instance(id, breaker.first_instance), self.try_began(id));
            self.breakers[instance].taken_back(began);
        }
    }

    fn try_began(&self, id: FrameId) -> Ticks {
        self.now - u64::from(self.now32().wrapping_sub(self.frames[id].since))
    }

    /// The instance of the frame's pod, of those that begin with `first`.
    fn instance(&self, id: FrameId, first: u32) -> usize {
        let pod = self.frames[id].pod;
        let service = self.pods[at(pod)].service;
        first as usize + usize::from(pod - self.plan.services[usize::from(service)].first_pod)
    }
}
