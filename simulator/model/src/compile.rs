//! Scenario to plan.
