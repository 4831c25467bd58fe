//! The ways in which a message can come about.
//!
//! Owns the walk over the static trees of shoppers' requests. Refuses topics that nobody consumes: no trace follows from them.

use super::Compiler;
use crate::plan::{EndpointId, Instr, Origin, SiteId, StatementId, Target};
use std::collections::BTreeSet;

impl Compiler<'_> {
    /// Numbers every span of every shopper's trace that may publish to a topic with consumers.
    pub(super) fn origins(&mut self) {
        let mut walk = Walk {
            sites: self.sites_of_endpoints(),
            reaches: vec![None; self.plan.endpoints.len()],
            found: BTreeSet::new(),
        };
        for instr in &self.plan.code {
            let Instr::Request(site) = instr else { continue };
            if let Target::Endpoint(edge) = self.plan.sites[usize::from(*site)].target {
                walk.endpoint(self, edge, 0);
            }
        }
        let mut first = 1;
        for (span, topic) in walk.found {
            self.plan.origins.push(Origin { span, topic, first });
            let groups = self.groups(topic);
            first = first.checked_add(groups).expect("invariant: a checked scenario has at most 255 ways to a message");
        }
    }

    fn groups(&self, topic: StatementId) -> u8 {
        self.plan.consumers.iter().filter(|consumer| consumer.topic == topic).count() as u8
    }

    /// The sites in each endpoint's program.
    fn sites_of_endpoints(&self) -> Vec<Vec<SiteId>> {
        let mut sites = vec![Vec::new(); self.plan.endpoints.len()];
        for (instr, endpoint) in self.plan.code.iter().zip(&self.plan.endpoint_of) {
            if let Instr::Call(site) | Instr::Query(site) = instr {
                sites[usize::from(*endpoint)].push(*site);
            }
        }
        sites
    }
}

struct Walk {
    sites: Vec<Vec<SiteId>>,
    /// Whether an endpoint's tree publishes anything that is consumed.
    reaches: Vec<Option<bool>>,
    found: BTreeSet<(u32, StatementId)>,
}

impl Walk {
    /// Adds what the tree of a call publishes whose server span has the index `base`.
    fn endpoint(&mut self, compiler: &Compiler<'_>, endpoint: EndpointId, base: u32) {
        for at in 0..self.sites[usize::from(endpoint)].len() {
            let site = &compiler.plan.sites[usize::from(self.sites[usize::from(endpoint)][at])];
            for attempt in 0..u32::from(site.attempts) {
                let span = base + site.span_offset + attempt * site.span_stride;
                match site.target {
                    Target::Endpoint(callee) if self.publishes(compiler, callee) => {
                        self.endpoint(compiler, callee, span + 1);
                    }
                    Target::Statement { statement, .. } if compiler.groups(statement) > 0 => {
                        self.found.insert((span, statement));
                    }
                    Target::Endpoint(_) | Target::Statement { .. } => {}
                }
            }
        }
    }

    fn publishes(&mut self, compiler: &Compiler<'_>, endpoint: EndpointId) -> bool {
        if let Some(known) = self.reaches[usize::from(endpoint)] {
            return known;
        }
        let sites = self.sites[usize::from(endpoint)].clone();
        let found = sites.iter().any(|site| match compiler.plan.sites[usize::from(*site)].target {
            Target::Endpoint(callee) => self.publishes(compiler, callee),
            Target::Statement { statement, .. } => compiler.groups(statement) > 0,
        });
        self.reaches[usize::from(endpoint)] = Some(found);
        found
    }
}
