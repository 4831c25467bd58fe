//! `doorbuster bench generator`: what this machine generates, stage by stage.
//!
//! Goals: requests and spans per second simulated, encoded, and delivered to a null sink in another process on the same cores; CPU for each
//! side apart. No goal: a verdict on the machine. The generator seeks its own limit here, so nothing it does is invalid. Every row is
//! measured in a process of its own, so that its memory is its own.

mod encode;
mod row;
mod sink;

use crate::cli::{CompressionName, GeneratorArgs, ProtocolName, Speed, Stage};
use crate::deliver::{Endpoint, Settings};
use crate::drill::{self, Barrier, Share};
use crate::failure::Failure;
use crate::process;
use crate::send::player::{self, Load};
use doorbuster_model::compile::compile;
use doorbuster_model::plan::Plan;
use doorbuster_scenarios::{Loaded, Source, load};
use row::{Row, Rows, Watch};
use sink::NullSink;
use std::ops::ControlFlow;
use std::process::{Command, Stdio};

/// A cell at the peak of the case study's sale; a higher rate takes more cells.
const REQUESTS_PER_S_OF_CELL: u32 = 50_000;
/// Rates that are asked for, in requests/s.
const ASKED: [u32; 4] = [100_000, 300_000, 500_000, 1_000_000];
/// The rate at which the other stages are measured.
const PEAK: u32 = 500_000;
/// Size at which a body is closed.
const BODY_BYTES: usize = 512 * 1024;

/// Measures all rows, or the one that is asked for.
pub(crate) fn generator(args: &GeneratorArgs) -> Result<u8, Failure> {
    if let (Some(stage), Some(rate)) = (args.stage, args.rate) {
        let row = measure(args, stage, rate.per_s as u32)?;
        tell(args, &[row])?;
        return Ok(0);
    }
    let asked = args.rate.map(|rate| rate.per_s as u32);
    let wanted = |(stage, rate): &(Stage, u32)| {
        args.stage.is_none_or(|one| one == *stage) && asked.is_none_or(|one| one == *rate)
    };
    let mut rows = Vec::new();
    for (stage, rate) in stages().into_iter().filter(wanted) {
        rows.push(in_a_process(args, stage, rate)?);
    }
    tell(args, &rows)?;
    Ok(0)
}

fn tell(args: &GeneratorArgs, rows: &[Row]) -> Result<(), Failure> {
    process::tell(&if args.json { row::json(rows) } else { row::table(rows, args) })
}

/// Encoding and delivery over gRPC at every rate, the other stages at the peak.
fn stages() -> Vec<(Stage, u32)> {
    let mut stages = vec![(Stage::Simulate, PEAK)];
    stages.extend(ASKED.map(|asked| (Stage::Encode, asked)));
    stages.extend(ASKED.map(|asked| (Stage::DeliverGrpc, asked)));
    stages.extend([(Stage::DeliverHttp, PEAK), (Stage::DeliverZstd, PEAK)]);
    stages
}

/// A row by another process like this one.
fn in_a_process(args: &GeneratorArgs, stage: Stage, asked: u32) -> Result<Row, Failure> {
    let failed = |cause: String| Failure::Environment {
        message: format!("the measurement of {} at {asked} requests/s did not come to a result: {cause}", stage.name()),
        help: format!("see what it says: doorbuster bench generator --stage {} --rate {asked}/s", stage.name()),
    };
    let this = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(this);
    command.args(["bench", "generator", "--json", "--stage", stage.name(), "--rate", &format!("{asked}/s")]);
    command.args(["--seed", &args.seed.to_string(), "--seconds", &args.seconds.to_string()]);
    command.args(["--warm-up", &args.warm_up.to_string(), "--threads", &args.threads().to_string()]);
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    let rows: Rows = serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))?;
    rows.rows.into_iter().next().ok_or_else(|| failed("it has no row".to_owned()))
}

/// A fleet of as many cells as the rate takes, each at its peak.
fn scenario(args: &GeneratorArgs, asked: u32) -> Result<(Loaded, Plan, u32), Failure> {
    let cells = asked.div_ceil(REQUESTS_PER_S_OF_CELL);
    let sets = [format!("traffic.poisson={asked}/s"), format!("cells.fleet={cells}"), format!("cells.play={cells}")];
    let loaded = load(&Source::Builtin("quiet-day".to_owned()), &sets).map_err(Failure::Input)?;
    let mut plan = compile(&loaded.name, &loaded.scenario, args.seed);
    plan.duration_s = args.warm_up + args.seconds;
    Ok((loaded, plan, cells))
}

/// Plays one stage; what happens after the warm-up counts.
fn measure(args: &GeneratorArgs, stage: Stage, asked: u32) -> Result<Row, Failure> {
    let (loaded, plan, cells) = scenario(args, asked)?;
    let threads = args.threads();
    let settings = drill::Settings { cells, threads, head: None };
    let mut watch = Watch::new(args.warm_up);
    let bytes_per_span = match stage {
        Stage::Simulate => {
            let outlets = vec![encode::Nothing; cells as usize];
            drill::play_into(&loaded.scenario, &plan, settings, outlets, &mut |barrier| watch.look(barrier))
                .map_err(Failure::Overload)?;
            None
        }
        Stage::Encode => {
            let outlets = (0..cells).map(|cell| encode::Encoding::new(&plan, cell as u16)).collect();
            let played =
                drill::play_into(&loaded.scenario, &plan, settings, outlets, &mut |barrier| watch.look(barrier));
            let (_, outlets) = played.map_err(Failure::Overload)?;
            let (bytes, spans) = outlets.iter().fold((0, 0), |sum, one| (sum.0 + one.bytes, sum.1 + one.spans));
            Some(bytes as f64 / spans as f64)
        }
        Stage::DeliverGrpc | Stage::DeliverHttp | Stage::DeliverZstd => {
            let sink = NullSink::start()?;
            watch.beside(&sink);
            let played =
                deliver_to(&sink, stage, &whole(&loaded, &plan, cells, threads), &mut |barrier| watch.look(barrier))?;
            let accepted = played.outcome.counts.accepted.items;
            if accepted != played.counts.spans {
                return Err(Failure::Environment {
                    message: format!("the sink took {accepted} of {} spans", played.counts.spans),
                    help: "lower the rate, or give the machine a rest".to_owned(),
                });
            }
            Some(played.outcome.counts.body_bytes as f64 / played.counts.spans as f64)
        }
    };
    Ok(watch.row(stage, asked, bytes_per_span))
}

fn deliver_to(
    sink: &NullSink,
    stage: Stage,
    load: &Load<'_>,
    look: &mut dyn FnMut(&Barrier<'_>) -> ControlFlow<()>,
) -> Result<player::Played, Failure> {
    let protocol = if stage == Stage::DeliverHttp { ProtocolName::Http } else { ProtocolName::Grpc };
    let compression = if stage == Stage::DeliverZstd { CompressionName::Zstd } else { CompressionName::None };
    let endpoint = Endpoint::parse(&sink.url(protocol), protocol.into())?;
    let settings = Settings {
        compression: compression.into(),
        lines: load.threads,
        ..Settings::new(protocol.into(), vec![endpoint])
    };
    player::play(load, settings, &mut |barrier, _| look(barrier))
}

fn whole<'a>(loaded: &'a Loaded, plan: &'a Plan, cells: u32, threads: usize) -> Load<'a> {
    Load {
        scenario: &loaded.scenario,
        plan,
        cells,
        share: Share { cells: 0..cells, timeline: None, is_merged: false },
        threads,
        head: None,
        speed: Speed::Max,
        marks: &[],
        traces: true,
        metrics: false,
        logs: false,
        body_bytes: BODY_BYTES,
        tally: false,
        from_s: 0,
        start_at: None,
        abort_if: &[],
        by_trace: false,
    }
}
